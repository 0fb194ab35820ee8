//! Alerts → the services and datastores they watch.

use std::collections::BTreeSet;

use super::names::{camel_words, is_generic, stem};
use super::series::{Matcher, host, identities};
use super::services::{Register, join as join_service};
use super::{Context, found_or_elsewhere};
use crate::model::alert::Watch;
use crate::model::{Alert, Datastore, Id, Model, Service};
use crate::source::Span;
use crate::tree::Text;

/// Labels of an alert that name a service.
const LABELS: &[&str] = &["service", "app", "application", "component", "service_name", "sli_service", "type"];

/// Prefixes of the metrics that exporters of an engine give.
const ENGINE_METRICS: &[(&str, &[&str])] = &[
    ("postgres", &["pg_", "postgres_", "cnpg_", "ccp_"]),
    ("aurora", &["pg_", "mysql_"]),
    ("mysql", &["mysql_", "mysqld_"]),
    ("maria", &["mysql_", "mysqld_"]),
    ("mongo", &["mongodb_", "mongo_"]),
    ("redis", &["redis_"]),
    ("valkey", &["redis_", "valkey_"]),
    ("memcached", &["memcached_"]),
    ("elastic", &["elasticsearch_"]),
    ("opensearch", &["opensearch_", "elasticsearch_"]),
    ("cassandra", &["cassandra_"]),
    ("etcd", &["etcd_"]),
    ("rabbit", &["rabbitmq_"]),
    ("kafka", &["kafka_"]),
    ("clickhouse", &["clickhouse_", "ClickHouse"]),
    ("minio", &["minio_"]),
    ("nats", &["nats_", "gnatsd_", "jetstream_"]),
    ("influx", &["influxdb_"]),
];

/// Joins every alert to what it watches.
pub(super) fn join(model: &mut Model, register: &mut Register<'_>, context: &Context<'_>) {
    let identities = identities(model);
    let mut watched: BTreeSet<Id<Datastore>> = BTreeSet::new();
    let mut evidence: Vec<(Id<Datastore>, Span)> = Vec::new();
    for index in 0..model.alerts.len() {
        let id: Id<Alert> = Id::new(index);
        let mut links: Vec<(Id<Service>, String)> = Vec::new();
        let mut add = |service: Id<Service>, reason: String| {
            if !links.iter().any(|(present, _)| *present == service) {
                links.push((service, reason));
            }
        };
        let alert = &model[id];
        if let Some((key, fact)) = alert.labels.first(LABELS)
            && let Some(value) = fact.value()
            && let Some(service) = register.find(value)
        {
            add(service, format!("its label {key}={value}"));
        }
        for watch in &alert.watches {
            match watch {
                Watch::Series { metric, matchers } => {
                    let compiled: Vec<Matcher> =
                        matchers.iter().map(|(label, operator, value)| Matcher::new(label, operator, value)).collect();
                    for (service, identity) in &identities {
                        if identity.is_meant_by(&compiled) {
                            add(*service, format!("the selector {}", shown(metric.as_ref(), matchers)));
                        }
                    }
                    for service in named_hosts(matchers, register) {
                        add(service, format!("the selector {}", shown(metric.as_ref(), matchers)));
                    }
                    if let Some(metric) = metric
                        && let Some(service) =
                            register.find_at_start(&metric.to_ascii_lowercase().replace(['_', ':'], "-"))
                    {
                        add(service, format!("the metric {metric}"));
                    }
                }
                Watch::Dimension { name, value, .. } => {
                    for (datastore, noun) in model.each::<Datastore>() {
                        if is_dimension_of(value, &noun.address, &noun.names) {
                            watched.insert(datastore);
                            evidence.push((datastore, alert.place.span));
                            if let Some(service) = noun.service {
                                add(service, format!("the dimension {name} of {}", noun.name));
                            }
                        }
                    }
                    for workload in &model.workloads {
                        let own = [workload.plain_name.clone()];
                        if is_dimension_of(value, &workload.name, &own)
                            && let Some(service) = workload.service
                        {
                            add(service, format!("the dimension {name} of {}", workload.name));
                        }
                    }
                }
            }
        }
        if links.is_empty() {
            links.extend(by_name(model, id, register));
        }
        attach(model, id, links);
    }
    let watchers = by_engine(model);
    evidence.extend(watchers);
    judge_datastores(model, &evidence, context);
    judge_services(model, context);
}

fn attach(model: &mut Model, id: Id<Alert>, links: Vec<(Id<Service>, String)>) {
    // Namespaces may hold many services: an alert about all of them is nobody's own.
    let alert = &mut model[id];
    alert.service = links.first().map(|(service, _)| *service);
    alert.services = links.iter().map(|(service, _)| *service).collect();
    for (service, reason) in links {
        model[service].alerts.push(id);
        join_service(model, service, id, reason);
    }
}

/// A selector as it is written, shortened.
fn shown(metric: Option<&Text>, matchers: &[(Text, Text, Text)]) -> String {
    let inner: Vec<String> =
        matchers.iter().take(3).map(|(label, operator, value)| format!("{label}{operator}\"{value}\"")).collect();
    format!("{}{{{}}}", metric.map_or("", Text::as_str), inner.join(","))
}

/// Services that a probed URL or host names.
fn named_hosts(matchers: &[(Text, Text, Text)], register: &Register<'_>) -> Vec<Id<Service>> {
    let targets = matchers.iter().filter(|(label, operator, _)| {
        operator == "=" && ["instance", "target", "host", "url"].contains(&label.as_str())
    });
    targets.filter_map(|(_, _, value)| register.find(host(value))).collect()
}

/// Whether a dimension's value is this thing: by reference to its resource, or by its name.
fn is_dimension_of(value: &crate::model::Fact<Text>, address: &str, names: &[Text]) -> bool {
    if let Some(unknown) = value.reason() {
        return unknown.refers_to.iter().any(|reference| {
            reference.strip_prefix(address).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        });
    }
    value.value().is_some_and(|value| !value.is_empty() && names.iter().any(|name| name == value))
}

/// What an alert's own name, its file and its place say, when its expression says nothing.
fn by_name(model: &Model, id: Id<Alert>, register: &Register<'_>) -> Option<(Id<Service>, String)> {
    let alert = &model[id];
    let words = camel_words(&alert.plain_name);
    if let Some(service) = register.find_at_start(&words) {
        return Some((service, format!("its name {}", alert.plain_name)));
    }
    let file = stem(&alert.place.path);
    if let Some(service) = register.find(file).filter(|_| !is_generic(file)) {
        return Some((service, format!("its file {file}")));
    }
    let namespace = alert.namespace.value()?;
    let service = register.find(namespace)?;
    Some((service, format!("its namespace {namespace}")))
}

/// Datastores that alerts on their engine's metrics watch: of the same service, or of any where the alert names none.
fn by_engine(model: &Model) -> Vec<(Id<Datastore>, Span)> {
    let mut evidence = Vec::new();
    for (id, datastore) in model.each::<Datastore>() {
        let engine = datastore.engine.value().map(compact_str::CompactString::to_ascii_lowercase).unwrap_or_default();
        let prefixes =
            ENGINE_METRICS.iter().filter(|(name, _)| engine.contains(name)).flat_map(|(_, prefixes)| *prefixes);
        let prefixes: Vec<&str> = prefixes.copied().collect();
        let watcher = model.alerts.iter().filter(|alert| alert.place.environment.production).find(|alert| {
            let of_service = datastore.service.is_some_and(|service| alert.services.contains(&service));
            let in_cluster = datastore.platform == "kubernetes";
            let on_engine = alert.watches.iter().any(|watch| match watch {
                Watch::Series { metric: Some(metric), .. } => prefixes.iter().any(|prefix| metric.starts_with(prefix)),
                _ => false,
            });
            (on_engine && (of_service || alert.services.is_empty())) || (in_cluster && of_service)
        });
        if let Some(alert) = watcher {
            evidence.push((id, alert.place.span));
        }
    }
    evidence
}

fn judge_datastores(model: &mut Model, evidence: &[(Id<Datastore>, Span)], context: &Context<'_>) {
    for index in 0..model.datastores.len() {
        let id: Id<Datastore> = Id::new(index);
        let found = evidence.iter().find(|(datastore, _)| *datastore == id).map(|(_, span)| *span);
        model[id].alerted = found_or_elsewhere(found, "alerts", context.external.alerts.as_ref());
    }
}

fn judge_services(model: &mut Model, context: &Context<'_>) {
    for index in 0..model.services.len() {
        let id: Id<Service> = Id::new(index);
        let alerts = model[id].alerts.iter().map(|alert| &model[*alert]);
        let mut calling = alerts.filter(|alert| alert.place.environment.production && !alert.notifies.is_false());
        let found = calling.next().map(|alert| alert.place.span);
        model[id].alerted = found_or_elsewhere(found, "alerts", context.external.alerts.as_ref());
    }
}

//! Alerts → the services and datastores they watch.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::index::ByAddress;
use super::kubernetes::Selecting;
use super::names::{camel_words, folders, is_generic, stem};
use super::series::{Matcher, Patterns, Series, first_label};
use super::services::{Register, join as join_service, tagged};
use super::uncharted::unread_part;
use super::{Context, Declared, at_large, monitoring, signals};
use crate::model::alert::Watch;
use crate::model::{Alert, Datastore, Fact, Id, Model, Receiver, Service, Workload};
use crate::source::Span;
use crate::tree::{ELSEWHERE, Text, Unknown};

/// Labels of an alert that name a service.
const LABELS: &[&str] = &["service", "app", "application", "component", "service_name", "sli_service", "type"];

/// Beginnings of metrics of Cloud Monitoring that are named by whoever measures.
/// <https://cloud.google.com/monitoring/api/v3/naming-conventions>
const NAMED: &[&str] =
    &["custom.googleapis.com/", "external.googleapis.com/", "logging.googleapis.com/user/", "workload.googleapis.com/"];

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
    ("clickhouse", &["clickhouse_", "ClickHouse", "chi_clickhouse_"]),
    ("minio", &["minio_"]),
    ("nats", &["nats_", "gnatsd_", "jetstream_"]),
    ("influx", &["influxdb_"]),
];

/// Joins every alert to what it watches.
pub(super) fn join(
    model: &mut Model,
    register: &Register<'_>,
    selecting: &Selecting,
    sought: &Sought,
    context: &Context<'_>,
) {
    let eyes = Eyes {
        declared: context.services,
        register,
        sought,
        patterns: Patterns::new(model.alerts.iter().flat_map(|alert| &alert.watches).flat_map(Watch::matchers)),
    };
    let seen: Vec<Seen> = model.alerts.par_iter().map(|alert| eyes.look(model, alert)).collect();
    let mut watched: BTreeMap<Id<Datastore>, Vec<Id<Alert>>> = BTreeMap::new();
    for (index, seen) in seen.into_iter().enumerate() {
        let id: Id<Alert> = Id::new(index);
        seen.datastores.into_iter().for_each(|datastore| watched.entry(datastore).or_default().push(id));
        model[id].guessed = !seen.said;
        attach(model, id, seen.services);
    }
    for (datastore, alerts) in by_engine(model) {
        watched.entry(datastore).or_default().extend(alerts);
    }
    judge_datastores(model, &watched, context);
    let at_large = at_large::find(model, &sought.series, &eyes.patterns);
    judge_services(model, &at_large, &watched, context);
    signals::settle(model);
    signals::of_services(model, selecting);
    signals::of_datastores(model, &watched);
}

/// What an alert watches.
#[derive(Default)]
struct Seen {
    services: Vec<(Id<Service>, String)>,
    datastores: Vec<Id<Datastore>>,
    /// Whether it says itself what it watches, by a label, a selector or a dimension.
    said: bool,
}

impl Seen {
    fn service(&mut self, service: Id<Service>, reason: impl FnOnce() -> String) {
        self.said = true;
        self.guess(service, reason);
    }

    fn guess(&mut self, service: Id<Service>, reason: impl FnOnce() -> String) {
        if !self.services.iter().any(|(present, _)| *present == service) {
            self.services.push((service, reason()));
        }
    }
}

/// What it takes to see what an alert watches.
struct Eyes<'r, 'c> {
    declared: &'c [Declared],
    register: &'r Register<'c>,
    sought: &'r Sought,
    patterns: Patterns,
}

impl Eyes<'_, '_> {
    fn look(&self, model: &Model, alert: &Alert) -> Seen {
        let mut seen = Seen::default();
        let name = alert.plain_name.as_str();
        for declared in self.declared.iter().filter(|declared| declared.alerts.is_match(name)) {
            if let Some(service) = self.register.find(&declared.name) {
                seen.service(service, || "twoam.toml says so".into());
            }
        }
        if let Some((key, fact)) = alert.labels.first(LABELS)
            && let Some(value) = fact.value()
            && let Some(service) = self.register.find(value)
        {
            seen.service(service, || format!("its label {key}={value}"));
        }
        for watch in &alert.watches {
            match watch {
                Watch::Series { metric, matchers } => {
                    self.look_at_series(model, alert, (metric.as_ref(), matchers), &mut seen);
                }
                Watch::Dimension { namespace, name, value } => {
                    let store = names_a_store(alert, namespace, name);
                    self.look_at_dimension(model, alert, (name, value), store, &mut seen);
                }
            }
        }
        for (service, metric) in alert.metrics.iter().filter_map(|metric| Some((self.in_path(metric)?, metric))) {
            seen.guess(service, || format!("the metric {metric}"));
        }
        if seen.services.is_empty() {
            seen.services.extend(by_name(alert, self.register));
        }
        seen
    }

    /// The service that stands in the path of a metric which somebody named: `custom.googleapis.com/shop/mailer/success`.
    fn in_path(&self, metric: &str) -> Option<Id<Service>> {
        let path = NAMED.iter().find_map(|beginning| metric.strip_prefix(beginning))?;
        let segments: Vec<&str> = path.split('/').collect();
        // The longest name counts: `cleanup/export/success` is of `cleanup-export` before it is of `cleanup`.
        (1..=segments.len()).rev().find_map(|length| {
            let names = segments.windows(length).map(|part| part.join("-"));
            names.filter(|name| !is_generic(name)).find_map(|name| self.register.find(&name))
        })
    }

    fn look_at_series(
        &self,
        model: &Model,
        alert: &Alert,
        (metric, matchers): (Option<&Text>, &[(Text, Text, Text)]),
        seen: &mut Seen,
    ) {
        let compiled: Vec<Matcher<'_>> = matchers.iter().map(|written| Matcher::new(written, &self.patterns)).collect();
        let listed = matchers.iter().filter(|(label, operator, _)| operator == "=" && LABELS.contains(&label.as_str()));
        // Of what runs nothing here, no series are known but by its name.
        let listed = listed
            .filter_map(|(_, _, value)| self.register.find(value))
            .filter(|service| model[*service].declared && model[*service].workloads.is_empty());
        let selected = self.sought.series.meant_by(&compiled).into_iter().chain(named_hosts(matchers, self.register));
        let selected = selected.chain(listed);
        for service in selected {
            seen.service(service, || format!("the selector {}", shown(metric, matchers)));
        }
        let Some(metric) = metric else { return };
        let words = metric.to_ascii_lowercase().replace(['_', ':'], "-");
        if let Some(service) = self.register.find_at_start(&words).filter(|service| !self.denies(alert, *service)) {
            seen.guess(service, || format!("the metric {metric}"));
        }
    }

    /// Whether an alert says by a label of its own that it is of something else.
    fn denies(&self, alert: &Alert, service: Id<Service>) -> bool {
        let fixed = || alert.output.fixed.iter().find(|(name, _)| LABELS.contains(&name.as_str()));
        let said = match alert.labels.first(LABELS) {
            Some((_, fact)) => fact.value(),
            None => fixed().map(|(_, value)| value),
        };
        said.is_some_and(|value| !value.contains("{{") && self.register.find(value) != Some(service))
    }

    /// `store`: whether a literal under the dimension names a store.
    fn look_at_dimension(
        &self,
        model: &Model,
        alert: &Alert,
        (name, value): (&Text, &Fact<Text>),
        store: bool,
        seen: &mut Seen,
    ) {
        let named = value.value().is_some();
        let from_elsewhere = value.reason().is_some_and(Unknown::is_from_elsewhere);
        let mut things = self.sought.things.meant(value);
        // An address is one of the alarm's own root, unless it says another.
        let elsewhere = |unknown: &Unknown| unknown.refers_to.iter().any(|address| address.contains(ELSEWHERE));
        if value.reason().is_some_and(|unknown| !elsewhere(unknown)) {
            things.retain(|thing| thing.is_in(model, &alert.place.root));
        }
        let several = things.len() > 1;
        for thing in things {
            let environment = match thing {
                Thing::Datastore(datastore) => &model[datastore].place.environment,
                Thing::Workload(workload) | Thing::Behind(workload) => &model[workload].place.environment,
            };
            // A folder may be applied for each environment; what is of another one is not meant.
            if (from_elsewhere || several) && *environment != alert.place.environment {
                continue;
            }
            let (service, before, shown) = match thing {
                Thing::Datastore(_) if named && !store => continue,
                Thing::Workload(_) if named && PLACES.contains(&name.as_str()) => continue,
                Thing::Datastore(datastore) => {
                    seen.datastores.push(datastore);
                    (model[datastore].service, "", &model[datastore].name)
                }
                Thing::Workload(workload) => (model[workload].service, "", &model[workload].name),
                Thing::Behind(workload) => (model[workload].service, "what calls ", &model[workload].name),
            };
            if let Some(service) = service {
                seen.service(service, || format!("the dimension {name} of {before}{shown}"));
            }
        }
    }
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
    targets.filter_map(|(_, _, value)| register.find(first_label(value))).collect()
}

/// Something that a dimension of a cloud metric may mean.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Thing {
    Datastore(Id<Datastore>),
    Workload(Id<Workload>),
    /// What carries callers to a workload.
    Behind(Id<Workload>),
}

impl Thing {
    /// Whether a root declares it, or what carries callers to it.
    fn is_in(self, model: &Model, root: &str) -> bool {
        match self {
            Self::Datastore(datastore) => model[datastore].place.root == root,
            Self::Workload(workload) => model[workload].place.root == root,
            Self::Behind(workload) => model[workload].fronts.iter().any(|front| front.root == root),
        }
    }
}

/// Dimensions whose value is the name of a place, in which many things may be.
const PLACES: &[&str] = &["Namespace", "namespace", "Environment"];

/// Dimensions of `CloudWatch` that identify what keeps data.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html>
const STORES: &[&str] = &[
    "DBInstanceIdentifier",
    "DBClusterIdentifier",
    "DbClusterIdentifier",
    "CacheClusterId",
    "ReplicationGroupId",
    "clusterId",
    "TableName",
    "BucketName",
    "FileSystemId",
    "VolumeId",
    "DomainName",
    "CollectionName",
    "ClusterIdentifier",
    "Broker",
    "QueueName",
    "StreamName",
];

/// Whether a literal under a dimension names a store. In `CloudWatch` a dimension says its kind: a `Namespace` is one of a
/// cluster, and a `ClusterName` is of containers, unless the metric is of a store.
fn names_a_store(alert: &Alert, namespace: &str, dimension: &str) -> bool {
    const CLUSTERS: &[&str] = &["AWS/MemoryDB", "AWS/Kafka", "AWS/DAX"];
    alert.source != "cloudwatch"
        || STORES.contains(&dimension)
        || CLUSTERS.contains(&namespace)
        || dimension.to_ascii_lowercase().contains("database")
}

/// What alerts and dashboards look for, made once for both.
pub(super) struct Sought {
    /// The series of every service.
    pub(super) series: Series,
    /// What dimensions and references lead to.
    pub(super) things: ByAddress<Thing>,
}

impl Sought {
    pub(super) fn new(model: &Model, selecting: &Selecting) -> Self {
        Self { series: Series::new(model, selecting), things: things(model) }
    }
}

fn things(model: &Model) -> ByAddress<Thing> {
    let mut things = ByAddress::new();
    for (id, datastore) in model.each::<Datastore>() {
        things.add(&datastore.place.root, &datastore.address, &datastore.names, Thing::Datastore(id));
        for member in &datastore.members {
            things.add(&datastore.place.root, member, [], Thing::Datastore(id));
        }
    }
    for (id, workload) in model.each::<Workload>() {
        things.add(&workload.place.root, &workload.name, [&workload.plain_name], Thing::Workload(id));
        for front in &workload.fronts {
            things.add(&front.root, &front.address, [&front.name], Thing::Behind(id));
        }
    }
    things
}

/// Programs that keep or evaluate rules: a file or namespace that is called like one holds rules on anything.
const KEEPERS: &[&str] = &[
    "alertmanager",
    "alerts",
    "grafana",
    "loki",
    "mimir",
    "monitoring",
    "observability",
    "prometheus",
    "rules",
    "thanos",
    "victoria-metrics",
    "vmalert",
];

/// What an alert's own name, its file and its place say, when its expression says nothing.
fn by_name(alert: &Alert, register: &Register<'_>) -> Option<(Id<Service>, String)> {
    // A tag is said; the beginning of a name is a guess.
    if let Some(found) = by_tag(alert, register) {
        return Some(found);
    }
    let words = camel_words(&alert.plain_name);
    if let Some(service) = register.find_at_start_of_alert(&words) {
        return Some((service, format!("its name {}", alert.plain_name)));
    }
    let tells = |name: &str| !KEEPERS.contains(&name);
    let file = stem(&alert.place.path);
    if let Some(service) = register.find(file).filter(|_| !is_generic(file) && tells(file)) {
        return Some((service, format!("its file {file}")));
    }
    if let Some(namespace) = alert.namespace.value().filter(|namespace| tells(namespace))
        && let Some(service) = register.find(namespace)
    {
        return Some((service, format!("its namespace {namespace}")));
    }
    by_stack(alert, register)
}

fn is_of_cloud(alert: &Alert) -> bool {
    matches!(alert.source.as_str(), "cloudwatch" | "google" | "azure" | "datadog")
}

/// The service that the tags of an alarm of a cloud name.
fn by_tag(alert: &Alert, register: &Register<'_>) -> Option<(Id<Service>, String)> {
    let (key, value) = tagged(&alert.tags).filter(|_| is_of_cloud(alert))?;
    Some((register.find(value)?, format!("tag {key}={value}")))
}

/// The service of the stack that an alarm of a cloud is declared in, by its folder: an alarm on the logs of a project says
/// by no dimension what it is about.
fn by_stack(alert: &Alert, register: &Register<'_>) -> Option<(Id<Service>, String)> {
    if !is_of_cloud(alert) {
        return None;
    }
    let folder = folders(&alert.place.path).find(|folder| register.tells(folder))?;
    Some((register.find(folder)?, format!("its folder {folder}/")))
}

/// Datastores that alerts on their engine's metrics watch: of the same service, or of any where the alert names none.
fn by_engine(model: &Model) -> Vec<(Id<Datastore>, Vec<Id<Alert>>)> {
    let watching: Vec<EngineAlerts> =
        ENGINE_METRICS.iter().map(|(_, prefixes)| EngineAlerts::new(model, prefixes)).collect();
    let mut evidence = Vec::new();
    for (id, datastore) in model.each::<Datastore>() {
        let engine = datastore.engine.value().map(Text::to_ascii_lowercase).unwrap_or_default();
        let mut engines = ENGINE_METRICS.iter().zip(&watching).filter(|((name, _), _)| engine.contains(name));
        let on_engine = engines.find_map(|(_, alerts)| alerts.of(datastore.service)).cloned().unwrap_or_default();
        // In a cluster the alerts of the service are those of the workload that keeps the data.
        let own = datastore.service.filter(|_| datastore.platform == "kubernetes");
        let of_service = own.map_or(&[][..], |service| model[service].alerts.as_slice()).iter().copied();
        let of_service = of_service.filter(|alert| model[*alert].place.environment.production);
        evidence.push((id, on_engine.into_iter().chain(of_service).collect()));
    }
    evidence
}

/// The alerts on the metrics of an engine.
struct EngineAlerts {
    /// Those that name no service, and so watch every datastore of the engine.
    of_all: Vec<Id<Alert>>,
    /// Those of each service.
    of_service: BTreeMap<Id<Service>, Vec<Id<Alert>>>,
}

impl EngineAlerts {
    fn new(model: &Model, prefixes: &[&str]) -> Self {
        let mut found = Self { of_all: Vec::new(), of_service: BTreeMap::new() };
        for (id, alert) in model.each::<Alert>().filter(|(_, alert)| alert.place.environment.production) {
            let on_engine = |metric: &Text| prefixes.iter().any(|prefix| metric.starts_with(prefix));
            if !alert.watches.iter().filter_map(Watch::metric).any(on_engine) {
                continue;
            }
            if alert.services.is_empty() {
                found.of_all.push(id);
            }
            for service in &alert.services {
                found.of_service.entry(*service).or_default().push(id);
            }
        }
        found
    }

    fn of(&self, service: Option<Id<Service>>) -> Option<&Vec<Id<Alert>>> {
        let own = service.and_then(|service| self.of_service.get(&service));
        own.or(Some(&self.of_all).filter(|alerts| !alerts.is_empty()))
    }
}

/// Where a store tells of its own events to a topic that somebody hears; why that is not known.
fn told(model: &Model, topics: &ByAddress<Id<Receiver>>, datastore: &Datastore) -> Result<Option<Span>, Unknown> {
    let Some(topic) = datastore.tells.first() else { return Ok(None) };
    let meant = match (topic.value(), topic.reason()) {
        (Some(arn), _) => topics.named(arn.rsplit(':').next().unwrap_or(arn)).to_vec(),
        (_, Some(unknown)) => topics.led_to(unknown),
        _ => Vec::new(),
    };
    let mut of_environment =
        meant.iter().map(|id| &model[*id]).filter(|it| it.place.environment == datastore.place.environment).peekable();
    if of_environment.peek().is_none() {
        let unknown = || Unknown::new("whom its topic calls is not known", "audit where it is declared", topic.span);
        return Err(topic.reason().cloned().unwrap_or_else(unknown));
    }
    let heard = of_environment.find(|receiver| !receiver.integrations.is_empty() || receiver.unread.is_some());
    match heard {
        Some(Receiver { unread: Some(unknown), integrations, .. }) if integrations.is_empty() => Err(unknown.clone()),
        Some(_) => Ok(topic.span),
        None => Ok(None),
    }
}

fn judge_datastores(model: &mut Model, watched: &BTreeMap<Id<Datastore>, Vec<Id<Alert>>>, context: &Context<'_>) {
    let unread = monitoring::unread(model);
    let mut topics = ByAddress::new();
    for (id, receiver) in model.each::<Receiver>() {
        topics.add(&receiver.place.root, &receiver.address, [&receiver.plain_name], id);
    }
    for index in 0..model.datastores.len() {
        let id: Id<Datastore> = Id::new(index);
        let in_cluster = model[id].platform == "kubernetes";
        let first = watched.get(&id).and_then(|alerts| alerts.first());
        let told = told(model, &topics, &model[id]);
        let found = first.map(|alert| model[*alert].place.span).or_else(|| told.as_ref().ok().copied().flatten());
        let alerted = monitoring::alerted(found, in_cluster, unread.as_ref(), context);
        model[id].alerted = match told {
            Err(unknown) if alerted.is_false() => Fact { span: alerted.span, ..Fact::unknown(unknown) },
            _ => alerted,
        };
    }
}

fn judge_services(
    model: &mut Model,
    at_large: &BTreeMap<Id<Service>, Id<Alert>>,
    watched: &BTreeMap<Id<Datastore>, Vec<Id<Alert>>>,
    context: &Context<'_>,
) {
    let unread = monitoring::unread(model);
    for index in 0..model.services.len() {
        let id: Id<Service> = Id::new(index);
        let service = &model[id];
        let in_cluster = service.workloads.iter().any(|workload| model[*workload].platform == "kubernetes")
            || service.datastores.iter().any(|datastore| model[*datastore].platform == "kubernetes");
        let alerts = model[id].alerts.iter().map(|alert| &model[*alert]);
        let mut calling = alerts.filter(|alert| alert.calls());
        let along = || at_large.get(&id).map(|alert| &model[*alert]);
        // Where nothing runs but what keeps data, what watches that watches the service.
        let kept = service.datastores.iter().filter(|_| service.workloads.is_empty());
        let kept = kept.filter_map(|datastore| watched.get(datastore)?.first()).map(|alert| &model[*alert]);
        let found = calling.next().or_else(along).or_else(|| kept.into_iter().next()).map(|alert| alert.place.span);
        // Its own chart may bring alerts as well.
        let of_chart = || unread_part(model, id).map(|part| &part.why);
        let alerted = monitoring::alerted(found, in_cluster, unread.as_ref().or_else(of_chart), context);
        model[id].alerted = alerted;
    }
}

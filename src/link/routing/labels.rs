//! The labels that an alert bears when Prometheus sends it: those of its rule, those its selectors fix, external labels,
//! and those that only its series know.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::alert::Watch;
use crate::model::routing::{Prometheus, Sent};
use crate::model::{Alert, Fact, Model};
use crate::tree::{Text, Unknown};

/// Labels that servers usually add to whatever they send. Without their configuration, whether they do is not known.
const EXTERNAL: &[&str] = &[
    "cluster",
    "cluster_name",
    "datacenter",
    "dc",
    "env",
    "environment",
    "monitor",
    "prometheus",
    "prometheus_replica",
    "provider",
    "region",
    "replica",
    "shard",
    "site",
    "stage",
    "tenant",
    "zone",
];

/// More servers of one environment than these differ in nothing that routes.
const MOST_SERVERS: usize = 16;

/// What the Prometheus servers of an audit add to alerts, by environment.
pub(super) struct Senders<'m> {
    servers: Vec<&'m Prometheus>,
    given: BTreeSet<&'m str>,
}

impl<'m> Senders<'m> {
    /// The servers of a model.
    pub(super) fn new(model: &'m Model) -> Self {
        Self { servers: model.routing.prometheis.iter().collect(), given: given(model) }
    }

    /// The labels of an alert as each server of its environment sends it; one without regard to servers where there is
    /// none, or where they agree.
    pub(super) fn each<'s>(&'s self, alert: &'s Alert) -> Vec<Labels<'s>> {
        let mut each: Vec<&Prometheus> = Vec::new();
        for server in self.of_environment(alert) {
            if each.iter().all(|known| known.external_labels != server.external_labels) {
                each.push(server);
            }
        }
        if each.len() < 2 {
            return vec![self.labels(alert)];
        }
        each.into_iter().take(MOST_SERVERS).map(|server| self.sent_by(&[server], alert)).collect()
    }

    /// The labels of an alert when it is sent.
    pub(super) fn labels<'s>(&'s self, alert: &'s Alert) -> Labels<'s> {
        let servers: Vec<&Prometheus> = self.of_environment(alert).collect();
        self.sent_by(&servers, alert)
    }

    fn of_environment(&self, alert: &Alert) -> impl Iterator<Item = &'m Prometheus> {
        // What Grafana evaluates, no Prometheus sends.
        let sends = move |server: &&Prometheus| {
            alert.source == "prometheus" && server.place.environment == alert.place.environment
        };
        self.servers.iter().copied().filter(sends)
    }

    fn sent_by<'s>(&'s self, servers: &[&'s Prometheus], alert: &'s Alert) -> Labels<'s> {
        let mut external: BTreeMap<&Text, Option<&Fact<Text>>> = BTreeMap::new();
        for server in servers {
            for (name, value) in &server.external_labels.0 {
                let same = |known: &&Fact<Text>| known.value() == value.value();
                external.entry(name).and_modify(|known| *known = known.filter(same)).or_insert(Some(value));
            }
        }
        // A label that only some servers add may be missing.
        for (name, value) in &mut external {
            if servers.iter().any(|server| server.external_labels.get(name).is_none()) {
                *value = None;
            }
        }
        let relabels = servers.iter().find_map(|server| server.relabels);
        let any_server = !servers.is_empty() || alert.source != "prometheus";
        Labels { alert, external, any_server, relabels, given: &self.given }
    }
}

/// The labels of one alert.
pub(super) struct Labels<'m> {
    alert: &'m Alert,
    external: BTreeMap<&'m Text, Option<&'m Fact<Text>>>,
    any_server: bool,
    relabels: Option<crate::source::Span>,
    /// Labels that only rules give.
    given: &'m BTreeSet<&'m str>,
}

/// Labels that targets and exporters commonly give their series, by parts of names.
const OF_SERIES: &[&str] = &[
    "app",
    "application",
    "area",
    "availability_zone",
    "az",
    "business_unit",
    "channel",
    "chart",
    "cluster",
    "component",
    "container",
    "cpu",
    "customer",
    "database",
    "datacenter",
    "dc",
    "deployment",
    "destination",
    "device",
    "domain",
    "endpoint",
    "env",
    "environment",
    "exported",
    "fqdn",
    "group",
    "host",
    "hostname",
    "id",
    "image",
    "instance",
    "job",
    "kind",
    "kubernetes",
    "label",
    "level",
    "location",
    "member",
    "method",
    "monitor",
    "name",
    "namespace",
    "node",
    "ns",
    "org",
    "owner",
    "part",
    "path",
    "phase",
    "platform",
    "pod",
    "priority",
    "product",
    "project",
    "prometheus",
    "provider",
    "queue",
    "reason",
    "receiver",
    "region",
    "release",
    "replica",
    "resource",
    "responsible",
    "role",
    "route",
    "scope",
    "server",
    "service",
    "shard",
    "site",
    "slo",
    "sloth",
    "source",
    "squad",
    "stage",
    "state",
    "status",
    "subsystem",
    "system",
    "target",
    "team",
    "tenant",
    "tier",
    "topic",
    "type",
    "url",
    "user",
    "version",
    "volume",
    "workload",
    "zone",
];

/// The labels that rules here give, and that nothing says series have: no expression or recording names them, and they
/// are called unlike what targets and exporters give.
fn given(model: &Model) -> BTreeSet<&str> {
    let own = model.alerts.iter().flat_map(|alert| &alert.labels.0).map(|(name, _)| name.as_str());
    let of_series = |name: &str| name.split('_').any(|word| OF_SERIES.contains(&word));
    let mut given: BTreeSet<&str> = own.filter(|name| !of_series(name)).collect();
    let asked = model.alerts.iter().flat_map(|alert| &alert.watches).flat_map(Watch::matchers);
    for (name, ..) in asked {
        given.remove(name.as_str());
    }
    let kept = model.alerts.iter().filter_map(|alert| alert.output.only.as_ref());
    let recorded = model.routing.recordings.iter();
    let recorded = recorded.flat_map(|it| it.labels.0.iter().map(|(name, _)| name).chain(it.kept.iter().flatten()));
    for name in kept.flatten().chain(recorded) {
        given.remove(name.as_str());
    }
    given
}

/// One label.
pub(super) enum Label<'m> {
    /// This value; empty where the alert has no such label.
    Is(&'m str),
    /// Some value.
    Unknown(Unknown),
}

impl<'m> Labels<'m> {
    /// The label of a name.
    pub(super) fn get(&self, name: &str) -> Label<'m> {
        let unknown = |reason: String, remedy: &str, span| Label::Unknown(Unknown::new(reason, remedy, span));
        if name == "alertname" {
            return Label::Is(&self.alert.plain_name);
        }
        if let Some(fact) = self.alert.labels.get(name) {
            return match (fact.value(), fact.reason()) {
                (Some(value), _) if is_template(value) => {
                    unknown(format!("the label `{name}` is made by a template when the alert fires"), "", fact.span)
                }
                (Some(value), _) => Label::Is(value),
                (None, Some(reason)) => Label::Unknown(reason.clone()),
                (None, None) => Label::Is(""),
            };
        }
        if let Some((_, value)) = self.alert.output.fixed.iter().find(|(label, _)| label == name) {
            return Label::Is(value);
        }
        if let Some(external) = self.external.iter().find(|(label, _)| label.as_str() == name) {
            return match external.1.and_then(|fact| fact.value()).filter(|value| !is_template(value)) {
                Some(value) => Label::Is(value),
                None => unknown(format!("the external label `{name}` differs between servers"), "", None),
            };
        }
        if let Some(span) = self.relabels {
            return unknown(format!("alert_relabel_configs may set the label `{name}`"), "", Some(span));
        }
        let of_alerts = |watch: &Watch| {
            // The series of alerts have what rules give them.
            matches!(watch, Watch::Series { metric, .. } if metric.as_ref().is_none_or(|it| it.starts_with("ALERTS")))
        };
        if self.given.contains(name) && !self.alert.watches.iter().any(of_alerts) && !self.alert.watches.is_empty() {
            return Label::Is("");
        }
        match &self.alert.output.only {
            Some(only) if !only.iter().any(|label| label == name) => {
                if !self.any_server && EXTERNAL.contains(&name) {
                    let remedy = "audit the configuration of Prometheus together with this";
                    return unknown(
                        format!("whether Prometheus adds the label `{name}` is not written here"),
                        remedy,
                        None,
                    );
                }
                Label::Is("")
            }
            _ => unknown(
                format!("the label `{name}` comes from the series when the alert fires"),
                "set it in the rule",
                None,
            ),
        }
    }

    /// The labels in words, for whoever explains.
    pub(super) fn shown(&self) -> Vec<(Text, Sent)> {
        let mut shown = vec![(Text::const_new("alertname"), Sent::Value(self.alert.plain_name.clone(), ""))];
        let fixed = self.alert.output.fixed.iter().map(|(name, _)| (name, "its expression"));
        let external = self.external.keys().map(|name| (*name, "an external label of Prometheus"));
        let own = self.alert.labels.0.iter().map(|(name, _)| (name, "its rule"));
        for (name, from) in own.chain(fixed).chain(external) {
            if shown.iter().any(|(known, _)| known == name) {
                continue;
            }
            match self.get(name) {
                Label::Is("") => {}
                Label::Is(value) => shown.push((name.clone(), Sent::Value(value.into(), from))),
                Label::Unknown(unknown) => shown.push((name.clone(), Sent::Unknown(unknown.reason))),
            }
        }
        shown
    }
}

fn is_template(value: &str) -> bool {
    value.contains("{{") || value.contains("${")
}

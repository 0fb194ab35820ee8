//! The labels that an alert bears when Prometheus sends it: those of its rule, those its selectors fix, external labels,
//! and those that only its series know.

use std::collections::BTreeMap;

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
}

impl<'m> Senders<'m> {
    /// The servers of a model.
    pub(super) fn new(model: &'m Model) -> Self {
        Self { servers: model.routing.prometheis.iter().collect() }
    }

    /// The labels of an alert as each server of its environment sends it; one without regard to servers where there is
    /// none, or where they agree.
    pub(super) fn each(&self, alert: &'m Alert) -> Vec<Labels<'m>> {
        let servers = self.servers.iter().copied().filter(|it| it.place.environment == alert.place.environment);
        let mut each: Vec<Self> = Vec::new();
        for server in servers {
            let same = |known: &Self| known.servers.iter().all(|it| it.external_labels == server.external_labels);
            if !each.iter().any(same) {
                each.push(Self { servers: vec![server] });
            }
        }
        if each.len() < 2 {
            return vec![self.labels(alert)];
        }
        each.iter().take(MOST_SERVERS).map(|one| one.labels(alert)).collect()
    }

    /// The labels of an alert when it is sent.
    pub(super) fn labels(&self, alert: &'m Alert) -> Labels<'m> {
        let servers: Vec<&Prometheus> =
            self.servers.iter().copied().filter(|server| server.place.environment == alert.place.environment).collect();
        let mut external: BTreeMap<&Text, Option<&Fact<Text>>> = BTreeMap::new();
        for server in &servers {
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
        Labels { alert, external, any_server: !servers.is_empty(), relabels }
    }
}

/// The labels of one alert.
pub(super) struct Labels<'m> {
    alert: &'m Alert,
    external: BTreeMap<&'m Text, Option<&'m Fact<Text>>>,
    any_server: bool,
    relabels: Option<crate::source::Span>,
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

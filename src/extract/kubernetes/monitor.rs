//! What tells a Prometheus where to collect measurements.
//!
//! <https://prometheus-operator.dev/docs/api-reference/api/>, <https://docs.victoriametrics.com/operator/api/>,
//! <https://github.com/GoogleCloudPlatform/prometheus-engine/blob/main/doc/api.md>.

use super::object::{Object, optional, text};
use super::selecting::selector;
use super::uses;
use crate::extract::Facts;
use crate::model::kubernetes::Selector;
use crate::model::monitor::Endpoint;
use crate::model::{Fact, Monitor, Probe};
use crate::tree::{Node, Text, Unknown};

/// The kinds read here.
pub(super) const KINDS: &[(&str, &str)] = &[
    ("monitoring.coreos.com", "ServiceMonitor"),
    ("monitoring.coreos.com", "PodMonitor"),
    ("monitoring.coreos.com", "Probe"),
    ("operator.victoriametrics.com", "VMServiceScrape"),
    ("operator.victoriametrics.com", "VMPodScrape"),
    ("operator.victoriametrics.com", "VMProbe"),
    ("monitoring.googleapis.com", "PodMonitoring"),
    ("monitoring.googleapis.com", "ClusterPodMonitoring"),
];

/// Where monitors list what they collect from.
const ENDPOINTS: &[&str] = &["endpoints", "podMetricsEndpoints"];

/// Adds a monitor.
pub(super) fn extract(object: &Object<'_>, facts: &mut Facts) {
    let said = |key| object.at(&["spec", key]).and_then(|node| text(node).value().cloned());
    let monitor = Monitor {
        name: object.title(),
        place: object.place.clone(),
        kind: if object.kind == "VMProbe" { Text::const_new("Probe") } else { object.kind.into() },
        plain_name: object.name.clone(),
        namespace: object.namespace.clone(),
        selector: selected(object),
        namespaces: watched_namespaces(object),
        endpoints: endpoints(object),
        job: said("jobName"),
        job_label: said("jobLabel"),
        targets: probe_targets(object),
        ..Monitor::default()
    };
    if monitor.kind == "Probe" {
        facts.model.probes.push(probe(object, &monitor));
    }
    facts.model.add(monitor);
}

/// What a `Probe` asks; one that selects ingresses asks what their hosts will be.
fn probe(object: &Object<'_>, monitor: &Monitor) -> Probe {
    let head = object.head();
    let mut hosts: Vec<Fact<Text>> = monitor.targets.iter().map(|host| Fact::known(host.clone(), head)).collect();
    if hosts.is_empty() {
        hosts.push(Fact::unknown(Unknown::new("its targets are not written here", "", head)));
    }
    Probe { hosts, place: object.place.clone(), ..Probe::default() }
}

/// A selector is required: without one the object is a patch of another.
fn selected(object: &Object<'_>) -> Selector {
    let written = object.at(&["spec", "selector"]);
    let missing = written.is_none() && object.kind != "Probe";
    let selector = selector(written);
    Selector { uncertain: selector.uncertain || missing, ..selector }
}

fn watched_namespaces(object: &Object<'_>) -> Vec<Text> {
    if object.kind == "ClusterPodMonitoring" {
        return vec![Text::const_new("*")];
    }
    let Some(namespaces) = object.at(&["spec", "namespaceSelector"]) else { return Vec::new() };
    // What is not known may be any.
    if namespaces.get("any").and_then(Node::as_bool) == Some(true) || namespaces.as_unknown().is_some() {
        return vec![Text::const_new("*")];
    }
    let named = namespaces.get("matchNames").map_or(&[][..], Node::items);
    let known = named.iter().map(|name| text(name).value().cloned());
    known.map(|name| name.unwrap_or(Text::const_new("*"))).collect()
}

fn endpoints(object: &Object<'_>) -> Vec<Endpoint> {
    let items = ENDPOINTS.iter().flat_map(|key| object.at(&["spec", key]).map_or(&[][..], Node::items));
    let endpoint = |item: &Node| {
        let port = item.get("port");
        // A port may be meant by its number (`PodMonitoring`), or by the port of the pod behind it.
        let named = port.filter(|port| port.as_int().is_none());
        Endpoint { port: optional(named, item.span, text), span: port.map_or(item.span, |port| port.span) }
    };
    items.map(endpoint).collect()
}

fn probe_targets(object: &Object<'_>) -> Vec<Text> {
    let fixed = [&["spec", "targets", "staticConfig", "static"][..], &["spec", "targets", "staticConfig", "targets"]];
    let targets = fixed.iter().flat_map(|path| object.at(path).map_or(&[][..], Node::items));
    // An exporter that asks others is told by a parameter whom.
    let lists = ENDPOINTS.iter().flat_map(|key| object.at(&["spec", key]).map_or(&[][..], Node::items));
    let asked = lists.flat_map(|endpoint| endpoint.at(&["params", "target"]).map_or(&[][..], Node::items));
    targets.chain(asked).filter_map(Node::as_str).flat_map(uses::hosts_of).collect()
}

//! Which workloads and datastores the series of an expression come from: label matchers evaluated as Prometheus does.

use std::collections::BTreeMap;

use regex::Regex;

use super::kubernetes::{same_namespace, services_of};
use crate::model::{Id, Model, Service, Workload};
use crate::tree::Text;

/// Labels whose value names what a series is about.
const IDENTIFYING: &[&str] = &[
    "app",
    "app_kubernetes_io_instance",
    "app_kubernetes_io_name",
    "app_name",
    "application",
    "apps",
    "canonical_service",
    "cluster_name",
    "component",
    "container",
    "container_name",
    "daemonset",
    "deployment",
    "destination_service_name",
    "destination_workload",
    "exported_job",
    "exported_service",
    "host",
    "ingress",
    "instance",
    "job",
    "job_name",
    "kube_app",
    "label_app",
    "label_app_kubernetes_io_name",
    "name",
    "persistentvolumeclaim",
    "pod",
    "pod_name",
    "release",
    "role",
    "rollout",
    "scaledobject",
    "service",
    "service_name",
    "statefulset",
    "target",
    "type",
    "workload",
];

/// Naming labels that say where a series comes from, as opposed to what larger whole it is part of: a target named by
/// one of these is meant, whatever `app` or `component` it is filed under.
const SOURCES: &[&str] =
    &["container", "daemonset", "deployment", "instance", "job", "pod", "service", "statefulset", "target", "workload"];

/// Exporters that report about others: their `job` says nothing of what a series is about.
const EXPORTERS: &[&str] =
    &["kube-state-metrics", "kubelet", "cadvisor", "node-exporter", "blackbox", "blackbox-exporter"];

/// A matcher, ready to be evaluated.
pub(super) struct Matcher {
    label: Text,
    negated: bool,
    test: Test,
}

enum Test {
    Equal(Text),
    Regex(Regex),
    /// A pattern that did not compile here: it neither selects nor excludes.
    Unreadable,
}

impl Matcher {
    /// A matcher of `label`, operator and value.
    pub(super) fn new(label: &Text, operator: &str, value: &Text) -> Self {
        let test = if operator.ends_with('~') {
            // Prometheus anchors its patterns.
            Regex::new(&format!("^(?:{value})$")).map_or(Test::Unreadable, Test::Regex)
        } else {
            Test::Equal(value.clone())
        };
        Self { label: label.clone(), negated: operator.starts_with('!'), test }
    }

    fn accepts(&self, value: &str) -> bool {
        let matched = match &self.test {
            Test::Equal(wanted) => wanted == value,
            Test::Regex(pattern) => pattern.is_match(value),
            Test::Unreadable => !self.negated,
        };
        matched != self.negated
    }

    /// Whether it says which thing it means: a positive matcher of a naming label that not everything satisfies.
    fn identifies(&self) -> bool {
        let picks = match &self.test {
            Test::Equal(wanted) => !wanted.is_empty(),
            Test::Regex(pattern) => !pattern.is_match("") && !pattern.is_match("\u{1}no such name\u{1}"),
            Test::Unreadable => false,
        };
        let of_exporter = self.label == "job" && EXPORTERS.iter().any(|exporter| self.accepts(exporter));
        picks && !self.negated && !of_exporter && IDENTIFYING.contains(&self.label.as_str())
    }
}

/// What the series of a workload may carry, by label. A label that is not listed may have any value.
#[derive(Debug, Default)]
pub(super) struct Identity {
    labels: BTreeMap<Text, Vec<Text>>,
    /// Names that any naming label may carry.
    names: Vec<Text>,
}

impl Identity {
    fn add(&mut self, label: &str, value: impl Into<Text>) {
        let value = value.into();
        let values = self.labels.entry(label.into()).or_default();
        if !values.contains(&value) {
            values.push(value);
        }
    }

    /// What the series of a workload may carry.
    pub(super) fn of(model: &Model, workload: &Workload) -> Self {
        let mut identity = Self { names: vec![workload.plain_name.clone()], ..Self::default() };
        for name in [&workload.plain_name] {
            for label in ["deployment", "statefulset", "daemonset", "workload", "rollout"] {
                identity.add(label, name.clone());
            }
        }
        if let Some(namespace) = workload.namespace.value() {
            identity.add("namespace", namespace.clone());
            identity.add("kubernetes_namespace", namespace.clone());
            identity.add("exported_namespace", namespace.clone());
        }
        for (index, hash) in ["-5d89b4c7f9-x2x4z", "-0", ""].into_iter().enumerate() {
            // A Deployment's pod, a StatefulSet's, and the bare name that some pipelines relabel to.
            let pod = compact_str::format_compact!("{}{hash}", workload.plain_name);
            if index < 2 {
                identity.add("pod", pod.clone());
            }
            identity.add("pod_name", pod);
        }
        for container in &workload.containers {
            let name = model[*container].name.rsplit('/').next().unwrap_or_default().to_owned();
            identity.add("container", name.clone());
            identity.add("container_name", name);
        }
        for labels in [&workload.pod_labels, &workload.labels] {
            for (key, value) in &labels.0 {
                if let Some(value) = value.value() {
                    // Prometheus replaces what a label name may not hold.
                    let label: String = key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
                    identity.add(&label, value.clone());
                    identity.add(&format!("label_{label}"), value.clone());
                }
            }
        }
        identity.add_scraped(model, workload);
        identity
    }

    /// The names that Services and monitors give.
    fn add_scraped(&mut self, model: &Model, workload: &Workload) {
        for service in services_of(model, workload) {
            self.add("service", service.name.clone());
            self.add("job", service.name.clone());
            self.add("service_name", service.name.clone());
            self.names.push(service.name.clone());
            for monitor in model.kubernetes.monitors.iter().filter(|monitor| monitor.kind == "ServiceMonitor") {
                let reaches =
                    monitor.namespaces.iter().any(|name| name == "*" || Some(name) == service.namespace.value())
                        || same_namespace(&monitor.namespace, &service.namespace);
                if reaches && monitor.selector.matches(&service.labels) {
                    let job = monitor.job_label.as_ref().and_then(|label| service.labels.value(label));
                    self.add("job", job.unwrap_or(&service.name));
                }
            }
        }
        for monitor in model.kubernetes.monitors.iter().filter(|monitor| monitor.kind == "Probe") {
            if monitor.targets.iter().any(|target| self.names.iter().any(|name| host(target) == name)) {
                self.add("job", monitor.job.clone().unwrap_or_else(|| monitor.name.clone()));
                for target in &monitor.targets {
                    self.add("instance", target.clone());
                    self.add("target", target.clone());
                }
            }
        }
        for monitor in model.kubernetes.monitors.iter().filter(|monitor| monitor.kind == "PodMonitor") {
            let reaches = monitor.namespaces.iter().any(|name| name == "*" || Some(name) == workload.namespace.value())
                || same_namespace(&monitor.namespace, &workload.namespace);
            if reaches && monitor.selector.matches(&workload.pod_labels) {
                let namespace = monitor.namespace.value().map_or("", Text::as_str);
                let job = monitor.job_label.as_ref().and_then(|label| workload.pod_labels.value(label));
                let named = compact_str::format_compact!("{namespace}/{}", monitor.name);
                self.add("job", job.map_or(named, Text::from));
            }
        }
        self.add("job", workload.plain_name.clone());
        self.add("exported_job", workload.plain_name.clone());
        // Prometheus's pod discovery: `job` is `namespace/name` in common relabelings.
        if let Some(namespace) = workload.namespace.value() {
            self.add("job", compact_str::format_compact!("{namespace}/{}", workload.plain_name));
        }
    }

    /// Whether a selector means these series: some matcher names them, and none contradicts what is known of them.
    pub(super) fn is_meant_by(&self, matchers: &[Matcher]) -> bool {
        let values = |matcher: &Matcher| self.labels.get(&matcher.label).map_or(&self.names[..], Vec::as_slice);
        let named = matchers.iter().any(|matcher| {
            let by_name = matcher.identifies() && values(matcher).iter().any(|value| matcher.accepts(value));
            let by_namespace = matcher.label == "namespace"
                && !matcher.negated
                && self.labels.get("namespace").is_some_and(|values| values.iter().any(|value| matcher.accepts(value)))
                && !matcher.accepts("\u{1}no such namespace\u{1}");
            by_name || by_namespace
        });
        let source_named = matchers.iter().any(|matcher| {
            SOURCES.contains(&matcher.label.as_str())
                && matcher.identifies()
                && values(matcher).iter().any(|value| matcher.accepts(value))
        });
        named
            && matchers.iter().all(|matcher| {
                let filed = source_named && !SOURCES.contains(&matcher.label.as_str()) && matcher.label != "namespace";
                let of_exporter = matcher.label == "job" && EXPORTERS.iter().any(|exporter| matcher.accepts(exporter));
                let known = self.labels.get(&matcher.label);
                // A label that merely describes (`code`, `le`) may have any value; a naming one must fit.
                let contradicted = match known {
                    Some(values) => !values.iter().any(|value| matcher.accepts(value)),
                    None => matcher.identifies() && !self.names.iter().any(|name| matcher.accepts(name)),
                };
                of_exporter || filed || !contradicted
            })
    }
}

/// The first part of the host of a URL or `host:port`.
pub(super) fn host(target: &str) -> &str {
    let after_scheme = target.split_once("://").map_or(target, |(_, rest)| rest);
    after_scheme.split(['/', ':', '.']).next().unwrap_or_default()
}

/// The workloads of each service with their identities, made once for all alerts.
pub(super) fn identities(model: &Model) -> Vec<(Id<Service>, Identity)> {
    model
        .each::<Workload>()
        .filter(|(_, workload)| workload.place.environment.production)
        .filter_map(|(_, workload)| Some((workload.service?, Identity::of(model, workload))))
        .collect()
}

//! Which workloads and datastores the series of an expression come from: label matchers evaluated as Prometheus does.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use regex::Regex;

use super::index::BySelector;
use super::kubernetes::{Selecting, same_namespace};
use crate::model::probe::host;
use crate::model::routing::ScrapeJob;
use crate::model::{Fact, Id, Labels, Model, Monitor, Service, Workload};
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
    "created_by_name",
    "cronjob",
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
    "owner_name",
    "persistentvolumeclaim",
    "pod",
    "pod_name",
    "release",
    "replicaset",
    "role",
    "rollout",
    "scaledobject",
    "service",
    "service_name",
    "sloth_service",
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

/// Jobs that find everything in a cluster, as the chart of Prometheus and its example configuration call them: whose
/// series they are, other labels say.
/// <https://github.com/prometheus/prometheus/blob/main/documentation/examples/prometheus-kubernetes.yml>
const DISCOVERIES: &[&str] = &[
    "kubernetes-cadvisor",
    "kubernetes-nodes-cadvisor",
    "kubernetes-pods",
    "kubernetes-pods-slow",
    "kubernetes-service-endpoints",
    "kubernetes-service-endpoints-slow",
    "kubernetes-services",
];

/// The patterns of all matchers, each compiled once: alerts repeat them.
pub(super) struct Patterns(BTreeMap<Text, Option<Regex>>);

impl Patterns {
    /// Compiles the patterns of matchers (label, operator, value).
    pub(super) fn new<'m>(matchers: impl Iterator<Item = &'m (Text, Text, Text)>) -> Self {
        let patterns: BTreeSet<&Text> =
            matchers.filter(|(_, operator, _)| operator.ends_with('~')).map(|(_, _, pattern)| pattern).collect();
        let patterns: Vec<&Text> = patterns.into_iter().collect();
        // Prometheus anchors its patterns.
        let compile = |pattern: &&Text| ((*pattern).clone(), Regex::new(&format!("^(?:{pattern})$")).ok());
        Self(patterns.par_iter().map(compile).collect())
    }

    /// A pattern that compiled.
    pub(super) fn get(&self, pattern: &Text) -> Option<&Regex> {
        self.0.get(pattern).and_then(Option::as_ref)
    }
}

/// A matcher, ready to be evaluated.
pub(super) struct Matcher<'m> {
    label: &'m Text,
    negated: bool,
    test: Test<'m>,
    /// Whether it asks for what one job collects of many.
    of_exporter: bool,
    /// Whether it says which thing it means: a positive matcher of a naming label that not everything satisfies.
    identifies: bool,
}

enum Test<'m> {
    Equal(&'m Text),
    Regex(&'m Regex),
    /// A pattern that did not compile here: it neither selects nor excludes.
    Unreadable,
}

impl<'m> Matcher<'m> {
    /// A matcher (label, operator, value) whose pattern is among those compiled.
    pub(super) fn new((label, operator, value): &'m (Text, Text, Text), patterns: &'m Patterns) -> Self {
        let test = if operator.ends_with('~') {
            patterns.get(value).map_or(Test::Unreadable, Test::Regex)
        } else {
            Test::Equal(value)
        };
        let mut matcher =
            Self { label, negated: operator.starts_with('!'), test, of_exporter: false, identifies: false };
        matcher.of_exporter = label == "job" && EXPORTERS.iter().chain(DISCOVERIES).any(|job| matcher.accepts(job));
        matcher.identifies =
            matcher.picks() && !matcher.negated && !matcher.of_exporter && IDENTIFYING.contains(&label.as_str());
        matcher
    }

    /// Whether it selects a value.
    pub(super) fn accepts(&self, value: &str) -> bool {
        let matched = match &self.test {
            Test::Equal(wanted) => *wanted == value,
            Test::Regex(pattern) => pattern.is_match(value),
            Test::Unreadable => !self.negated,
        };
        matched != self.negated
    }

    /// Whether it asks for some values rather than for any.
    fn picks(&self) -> bool {
        match &self.test {
            Test::Equal(wanted) => !wanted.is_empty(),
            Test::Regex(pattern) => !pattern.is_match("") && !pattern.is_match("\u{1}no such name\u{1}"),
            Test::Unreadable => false,
        }
    }

    /// Whether it asks for some of what runs rather than for all: by name, by namespace, by image, by a label of theirs.
    fn narrows(&self) -> bool {
        let described = self.label == "namespace" || self.label == "image" || self.label.starts_with("label_");
        self.identifies || described && !self.negated && !self.accepts("\u{1}no such name\u{1}")
    }
}

/// What the series of a workload may carry, by label. A label that is not listed may have any value.
#[derive(Debug, Default)]
struct Identity {
    labels: BTreeMap<Text, Vec<Text>>,
    /// Names that any naming label may carry.
    names: Vec<Text>,
    /// The kind of the workload, where it runs in a cluster.
    kind: Option<Text>,
    /// Whether Prometheus is told to ask it for measurements.
    scraped: bool,
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
    fn of(model: &Model, workload: &Workload, targets: &Targets<'_>) -> Self {
        let mut identity = Self {
            names: vec![workload.plain_name.clone()],
            kind: (workload.platform == "kubernetes").then(|| workload.kind.clone()),
            ..Self::default()
        };
        let name = &workload.plain_name;
        for label in ["deployment", "statefulset", "daemonset", "cronjob", "workload", "rollout"] {
            identity.add(label, name.clone());
        }
        // The owner of a pod is a ReplicaSet or a Job that is named after what made it.
        let owned = match workload.kind.as_str() {
            "CronJob" => compact_str::format_compact!("{name}-29012340"),
            _ => compact_str::format_compact!("{name}-5d89b4c7f9"),
        };
        for label in ["created_by_name", "job_name", "owner_name", "replicaset"] {
            identity.add(label, name.clone());
            identity.add(label, owned.clone());
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
        let probes = workload.containers.iter().flat_map(|container| model[*container].probes.iter().cloned());
        identity.labels.insert(Text::const_new("probe_type"), probes.collect());
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
        identity.add_scraped(model, workload, targets);
        identity
    }

    /// The names that Services and monitors give.
    fn add_scraped(&mut self, model: &Model, workload: &Workload, targets: &Targets<'_>) {
        for service in targets.selecting.services(model, workload) {
            self.add("service", service.name.clone());
            self.add("job", service.name.clone());
            self.add("service_name", service.name.clone());
            self.names.push(service.name.clone());
            for monitor in targets.monitors(model, Monitor::of_services, &service.labels) {
                if monitor.targets.is_empty() && reaches(monitor, &service.namespace) {
                    self.scraped = true;
                    let job = monitor.job_label.as_ref().and_then(|label| service.labels.value(label));
                    self.add("job", job.unwrap_or(&service.name));
                }
            }
        }
        let jobs: Vec<&ScrapeJob> =
            self.names.iter().filter_map(|name| targets.jobs.get(name)).flatten().copied().collect();
        for job in jobs {
            self.scraped = true;
            self.add("job", job.name.clone());
            for target in &job.targets {
                self.add("instance", target.clone());
            }
        }
        let probes: Vec<&Monitor> =
            self.names.iter().filter_map(|name| targets.probes.get(name)).flatten().copied().collect();
        for probe in probes {
            self.add("job", probe.job.clone().unwrap_or_else(|| probe.plain_name.clone()));
            for target in &probe.targets {
                self.add("instance", target.clone());
                self.add("target", target.clone());
            }
        }
        for monitor in targets.monitors(model, Monitor::of_pods, &workload.pod_labels) {
            // What an exporter asks of others is measured of these.
            if monitor.targets.is_empty() && reaches(monitor, &workload.namespace) {
                self.scraped = true;
                let namespace = monitor.namespace.value().map_or("", Text::as_str);
                let job = monitor.job_label.as_ref().and_then(|label| workload.pod_labels.value(label));
                // Google's managed collectors leave the namespace out.
                // <https://cloud.google.com/stackdriver/docs/managed-prometheus/setup-managed>
                let named = match monitor.kind.as_str() {
                    "PodMonitoring" | "ClusterPodMonitoring" => monitor.plain_name.clone(),
                    _ => compact_str::format_compact!("{namespace}/{}", monitor.plain_name),
                };
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
    fn is_meant_by(&self, matchers: &[Matcher<'_>]) -> bool {
        let values = |matcher: &Matcher<'_>| self.labels.get(matcher.label).map_or(&self.names[..], Vec::as_slice);
        let named = matchers.iter().any(|matcher| {
            let by_name = matcher.identifies && values(matcher).iter().any(|value| matcher.accepts(value));
            let by_namespace = matcher.label == "namespace"
                && !matcher.negated
                && self.labels.get("namespace").is_some_and(|values| values.iter().any(|value| matcher.accepts(value)))
                && !matcher.accepts("\u{1}no such namespace\u{1}");
            by_name || by_namespace
        });
        let source_named = matchers.iter().any(|matcher| {
            SOURCES.contains(&matcher.label.as_str())
                && matcher.identifies
                && values(matcher).iter().any(|value| matcher.accepts(value))
        });
        named
            && matchers.iter().all(|matcher| {
                let filed = source_named && !SOURCES.contains(&matcher.label.as_str()) && matcher.label != "namespace";
                filed || !self.contradicts(matcher)
            })
    }

    /// Whether what is known of its series leaves it out of a selector. A label that merely describes (`code`, `le`) may
    /// have any value; a naming one must fit.
    fn contradicts(&self, matcher: &Matcher<'_>) -> bool {
        if matcher.of_exporter {
            return false;
        }
        match self.labels.get(matcher.label) {
            Some(values) => !values.iter().any(|value| matcher.accepts(value)),
            None => matcher.identifies && !self.names.iter().any(|name| matcher.accepts(name)),
        }
    }
}

/// The first part of the host of a URL or `host:port`.
pub(super) fn first_label(target: &str) -> &str {
    host(target).split('.').next().unwrap_or_default()
}

/// Whether a monitor looks into a namespace.
pub(super) fn reaches(monitor: &Monitor, namespace: &Fact<Text>) -> bool {
    monitor.namespaces.iter().any(|name| name == "*" || Some(name) == namespace.value())
        || same_namespace(&monitor.namespace, namespace)
}

/// Jobs by the names of the hosts that they list.
pub(super) fn jobs_by_host(model: &Model) -> BTreeMap<Text, Vec<&ScrapeJob>> {
    let mut jobs: BTreeMap<Text, Vec<&ScrapeJob>> = BTreeMap::new();
    for job in &model.routing.scrape_jobs {
        for target in &job.targets {
            jobs.entry(first_label(target).into()).or_default().push(job);
        }
    }
    jobs
}

/// What gives workloads further names, found by what it selects.
struct Targets<'m> {
    selecting: &'m Selecting,
    by_selector: BySelector,
    probes: BTreeMap<Text, Vec<&'m Monitor>>,
    jobs: BTreeMap<Text, Vec<&'m ScrapeJob>>,
}

impl<'m> Targets<'m> {
    fn new(model: &'m Model, selecting: &'m Selecting) -> Self {
        let monitors = &model.monitors;
        let mut probes: BTreeMap<Text, Vec<&Monitor>> = BTreeMap::new();
        for probe in monitors.iter().filter(|monitor| !monitor.targets.is_empty()) {
            for target in &probe.targets {
                probes.entry(first_label(target).into()).or_default().push(probe);
            }
        }
        let by_selector = BySelector::new(monitors.iter().map(|monitor| &monitor.selector));
        Self { selecting, by_selector, probes, jobs: jobs_by_host(model) }
    }

    /// The monitors of some kinds whose selector matches these labels.
    fn monitors(
        &self,
        model: &'m Model,
        of_kind: impl Fn(&Monitor) -> bool,
        labels: &Labels,
    ) -> impl Iterator<Item = &'m Monitor> {
        let candidates = self.by_selector.candidates(labels).into_iter();
        let candidates = candidates.filter_map(|index| model.monitors.get(index));
        candidates.filter(move |monitor| of_kind(monitor) && monitor.selector.matches(labels))
    }
}

/// The series of every service, found by what their labels say: made once for all alerts.
pub(super) struct Series {
    identities: Vec<(Id<Service>, Identity)>,
    by_label: BTreeMap<Text, BTreeMap<Text, Vec<usize>>>,
    by_name: BTreeMap<Text, Vec<usize>>,
}

impl Series {
    /// The series of the workloads in production.
    pub(super) fn new(model: &Model, selecting: &Selecting) -> Self {
        let targets = Targets::new(model, selecting);
        let workloads = model.each::<Workload>().filter(|(_, workload)| workload.place.environment.production);
        let identities: Vec<(Id<Service>, Identity)> = workloads
            .filter_map(|(_, workload)| Some((workload.service?, Identity::of(model, workload, &targets))))
            .collect();
        let mut by_label: BTreeMap<Text, BTreeMap<Text, Vec<usize>>> = BTreeMap::new();
        let mut by_name: BTreeMap<Text, Vec<usize>> = BTreeMap::new();
        for (index, (_, identity)) in identities.iter().enumerate() {
            for (label, values) in &identity.labels {
                for value in values {
                    by_label.entry(label.clone()).or_default().entry(value.clone()).or_default().push(index);
                }
            }
            for name in &identity.names {
                by_name.entry(name.clone()).or_default().push(index);
            }
        }
        Self { identities, by_label, by_name }
    }

    /// The services that a selector means.
    pub(super) fn meant_by(&self, matchers: &[Matcher<'_>]) -> Vec<Id<Service>> {
        let mut candidates: BTreeSet<usize> = BTreeSet::new();
        for matcher in matchers.iter().filter(|matcher| matcher.identifies || matcher.label == "namespace") {
            let empty = BTreeMap::new();
            let of_label = self.by_label.get(matcher.label).unwrap_or(&empty);
            for values in [of_label, &self.by_name] {
                match &matcher.test {
                    Test::Equal(value) => candidates.extend(values.get(*value).into_iter().flatten()),
                    _ => candidates
                        .extend(values.iter().filter(|(value, _)| matcher.accepts(value)).flat_map(|(_, at)| at)),
                }
            }
        }
        let candidates = candidates.into_iter().filter_map(|index| self.identities.get(index));
        candidates.filter(|(_, identity)| identity.is_meant_by(matchers)).map(|(service, _)| *service).collect()
    }

    /// The services of some kinds (none given: of all) that a selector leaves in without asking for them.
    pub(super) fn left_in(&self, matchers: &[Matcher<'_>], kinds: &[&str], scraped: bool) -> Vec<Id<Service>> {
        if matchers.iter().any(Matcher::narrows) {
            return Vec::new();
        }
        let fits = |identity: &Identity| {
            let of_kind = |kind: &Text| kinds.is_empty() || kinds.contains(&kind.as_str());
            identity.kind.as_ref().is_some_and(of_kind)
                && (identity.scraped || !scraped)
                && !matchers.iter().any(|matcher| identity.contradicts(matcher))
        };
        self.identities.iter().filter(|(_, identity)| fits(identity)).map(|(service, _)| *service).collect()
    }
}

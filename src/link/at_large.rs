//! Alerts that name nothing and so are about everything of a kind: every pod that restarts, every Deployment that lacks
//! copies. They watch each service a little, and belong to none. Uses `model`.

use std::collections::{BTreeMap, BTreeSet};

use super::series::{Matcher, Patterns, Series};
use crate::model::{Alert, Id, Model, Service};
use crate::tree::Text;

/// Series that there are of everything that runs in a cluster, by the kinds they are about; none named: all kinds.
/// <https://github.com/kubernetes/kube-state-metrics/tree/main/docs/metrics/workload>,
/// <https://kubernetes.io/docs/reference/instrumentation/metrics/>
const OF_KINDS: &[(&str, &[&str])] = &[
    ("container_", &[]),
    ("kube_cronjob_", &["CronJob"]),
    ("kube_daemonset_", &["DaemonSet"]),
    ("kube_deployment_", &["Deployment"]),
    ("kube_job_", &["Job", "CronJob"]),
    ("kube_pod_", &[]),
    ("kube_replicaset_", &["Deployment", "ReplicaSet"]),
    ("kube_statefulset_", &["StatefulSet"]),
    ("prober_probe_", &[]),
    ("up", &[]),
];

/// Series that only describe, and stand in an expression to be joined with others.
const DESCRIPTIVE: &[&str] = &["_annotations", "_created", "_info", "_labels", "_owner"];

/// Labels of which one must be left in what an alert fires with, so that it says which pod or workload it is about. One
/// without is about a machine, or the cluster as a whole.
const TELLING: &[&str] = &[
    "container",
    "cronjob",
    "daemonset",
    "deployment",
    "instance",
    "job",
    "job_name",
    "pod",
    "replicaset",
    "service",
    "statefulset",
    "workload",
];

/// The alerts that watch services along with everything else: of each service, the first.
pub(super) fn find(model: &Model, series: &Series, patterns: &Patterns) -> BTreeMap<Id<Service>, Id<Alert>> {
    let mut found = BTreeMap::new();
    let calling = model.each::<Alert>().filter(|(_, alert)| {
        alert.calls() && !alert.place.library && !alert.heartbeat && alert.services.is_empty() && tells_which(alert)
    });
    for (id, alert) in calling {
        let watched = alert.watches.iter().filter_map(|watch| {
            let (metric, kinds) = watch.metric().and_then(|metric| Some((metric, kinds_of(metric)?)))?;
            let compiled: Vec<Matcher<'_>> =
                watch.matchers().iter().map(|written| Matcher::new(written, patterns)).collect();
            Some(BTreeSet::from_iter(series.left_in(&compiled, kinds, metric == "up")))
        });
        // `a / b` is there of what both are.
        let together = |left: BTreeSet<Id<Service>>, right: BTreeSet<Id<Service>>| {
            if alert.alternatives { &left | &right } else { &left & &right }
        };
        for service in watched.reduce(together).unwrap_or_default() {
            found.entry(service).or_insert(id);
        }
    }
    found
}

/// Whether what it fires with still says which pod or workload is meant.
fn tells_which(alert: &Alert) -> bool {
    alert.output.only.as_ref().is_none_or(|labels| labels.iter().any(|label| TELLING.contains(&label.as_str())))
}

/// The kinds that a series is about, where it is one that everything in a cluster has.
pub(super) fn kinds_of(metric: &Text) -> Option<&'static [&'static str]> {
    if DESCRIPTIVE.iter().any(|ending| metric.ends_with(ending)) {
        return None;
    }
    let is_of = |(prefix, _): &&(&str, _)| metric == prefix || prefix.ends_with('_') && metric.starts_with(prefix);
    OF_KINDS.iter().find(is_of).map(|(_, kinds)| *kinds)
}

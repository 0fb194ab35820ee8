//! Charts that many releases share: the label by which such a chart names itself says nothing of what a release is.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Environments, Model, Workload};
use crate::tree::Text;

use super::super::names::{is_generic, normal};

/// <https://helm.sh/docs/chart_best_practices/labels/>
pub(super) const NAME: &str = "app.kubernetes.io/name";
const INSTANCE: &str = "app.kubernetes.io/instance";
const CHART: &str = "helm.sh/chart";

/// Names of charts that several releases are made of, each with nothing else in it and called something else. Of a
/// release that holds several charts, each of these is a thing by itself.
pub(super) fn shared(model: &Model, environments: &Environments) -> BTreeSet<Text> {
    let mut names: BTreeMap<Text, BTreeSet<&str>> = BTreeMap::new();
    let running = model.workloads.iter().filter(|it| it.place.environment.production && !it.place.library);
    for workload in running {
        if let (Some(name), Some(instance)) = (workload.label(NAME), workload.label(INSTANCE)) {
            // A workload that does not come from the chart of its name makes the release one of several things.
            let chart = if is_of_chart(workload, name) { name } else { "" };
            names.entry(normal(instance, environments)).or_default().insert(chart);
        }
    }
    let mut releases: BTreeMap<&str, usize> = BTreeMap::new();
    for (instance, names) in &names {
        if let (Some(name), 1) = (names.first().filter(|name| !name.is_empty()), names.len())
            && !is_generic(instance)
            && !instance.contains(normal(name, environments).as_str())
        {
            *releases.entry(name).or_default() += 1;
        }
    }
    releases.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name.into()).collect()
}

/// Whether the chart of a workload is of this name: `helm.sh/chart` is the chart's name, a hyphen and its version.
fn is_of_chart(workload: &Workload, name: &str) -> bool {
    let version = workload.label(CHART).and_then(|chart| chart.strip_prefix(name)?.strip_prefix('-'));
    version.is_some_and(|version| version.trim_start_matches('v').starts_with(|first: char| first.is_ascii_digit()))
}

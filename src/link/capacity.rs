//! What a namespace or the cluster says for pods that say nothing, and what keeps autoscalers from adding copies.

use crate::source::parent;
use std::collections::BTreeMap;

use super::kubernetes::same_namespace;
use crate::model::{Autoscaler, Container, Fact, Id, Model, Workload};
use crate::tree::{Text, Unknown};

/// Gives containers and workloads the defaults they live under. Before anything changes how many copies run.
pub(super) fn defaults(model: &mut Model) {
    limits(model);
    spread(model);
    switched_off(model);
}

/// A workload of which no copy is wanted is switched off: an HPA leaves it alone. KEDA may start it when there is work.
/// <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation>
fn switched_off(model: &mut Model) {
    let Model { workloads, autoscalers, .. } = model;
    let waked = |workload: &Workload| {
        let mut named = autoscalers.iter().filter(|scaler| scaler.target_name == workload.plain_name);
        named.any(|scaler| scaler.kind == "ScaledObject" && same_namespace(&scaler.namespace, &workload.namespace))
    };
    for workload in workloads.iter_mut().filter(|workload| workload.scales && workload.replicas.value() == Some(&0)) {
        workload.off = !waked(workload);
    }
}

/// `LimitRange`: what it gives is the container's own as soon as it is created.
fn limits(model: &mut Model) {
    for index in 0..model.containers.len() {
        let id: Id<Container> = Id::new(index);
        let Some(workload) = model[id].workload else { continue };
        let (workload, own) = (&model[workload], &model[id]);
        if ![&own.cpu_request, &own.memory_request, &own.memory_limit].iter().any(|fact| fact.is_absent()) {
            continue;
        }
        let (mut cpu, mut memory, mut limit) =
            (own.cpu_request.clone(), own.memory_request.clone(), own.memory_limit.clone());
        let ranges = model.kubernetes.limit_ranges.iter().filter(|range| {
            range.place.environment == workload.place.environment
                && same_namespace(&range.namespace, &workload.namespace)
        });
        for range in ranges {
            for (own, given) in [
                (&mut cpu, &range.cpu_request),
                (&mut memory, &range.memory_request),
                (&mut limit, &range.memory_limit),
            ] {
                if own.is_absent() && !given.is_absent() {
                    *own = given.clone();
                }
            }
        }
        let container = &mut model[id];
        (container.cpu_request, container.memory_request, container.memory_limit) = (cpu, memory, limit);
    }
}

/// Constraints that the scheduler has for pods without any: which cluster they are of is not known.
fn spread(model: &mut Model) {
    let Some(place) = model.kubernetes.spread_defaults.first() else { return };
    let unknown = Unknown::new(
        format!("the scheduler configured in {} spreads pods that do not say how, if it is this cluster's", place.path),
        "say in the workload how its copies are spread",
        place.span,
    );
    for workload in model.workloads.iter_mut().filter(|workload| workload.spread.is_false()) {
        workload.spread = Fact::unknown(unknown.clone());
    }
}

/// Kinds whose manifests are read, so that one that is not there is missing.
const READ: &[&str] = &["Deployment", "StatefulSet", "ReplicaSet", "Rollout"];

/// Joins autoscalers to what they scale, and says what keeps them from it.
pub(super) fn autoscalers(model: &mut Model) {
    let mut named: BTreeMap<Text, Vec<Id<Workload>>> = BTreeMap::new();
    for (id, workload) in model.each::<Workload>().filter(|(_, workload)| workload.platform == "kubernetes") {
        named.entry(workload.plain_name.clone()).or_default().push(id);
    }
    for index in 0..model.autoscalers.len() {
        let id: Id<Autoscaler> = Id::new(index);
        let scaler = &model[id];
        let fits = |workload: &Workload| {
            workload.kind == scaler.target_kind && same_namespace(&workload.namespace, &scaler.namespace)
        };
        let candidates = named.get(&scaler.target_name).into_iter().flatten().copied();
        let fitting: Vec<Id<Workload>> = candidates.filter(|id| fits(&model[*id])).collect();
        let target = fitting.iter().copied().find(|id| model[*id].place.environment == scaler.place.environment);
        let obstacle = if fitting.is_empty() { dangling(model, scaler) } else { None };
        let obstacle = obstacle.unwrap_or_else(|| obstacle_of(scaler, target.map(|id| &model[id])));
        let service = target.and_then(|id| model[id].service);
        let scaler = &mut model[id];
        (scaler.target, scaler.obstacle, scaler.service) = (target, obstacle, service);
    }
}

/// What it scales is nowhere, unless it stands in what was not read.
fn dangling(model: &Model, scaler: &Autoscaler) -> Option<Fact<Text>> {
    if scaler.target_name.is_empty() || !READ.contains(&scaler.target_kind.as_str()) {
        return None;
    }
    let (kind, name) = (&scaler.target_kind, &scaler.target_name);
    let folder = |path: &str| parent(path).to_owned();
    let beside = model.workloads.iter().any(|workload| folder(&workload.place.path) == folder(&scaler.place.path));
    if !beside {
        // What stands alone may scale what a chart from elsewhere installs.
        return Some(Fact::unknown(Unknown::new(
            format!("`{kind}/{name}`, which it scales, is not in these manifests: something else may install it"),
            "audit what installs it together with these manifests",
            scaler.place.span,
        )));
    }
    if let Some(gap) = model.gaps.iter().find(|gap| gap.hides.kubernetes()) {
        return Some(Fact::unknown(Unknown::new(
            format!("`{kind}/{name}`, which it scales, may be in {}, which was not read ({})", gap.path, gap.reason),
            "audit the rendered manifests as well",
            scaler.place.span,
        )));
    }
    Some(Fact::known(
        compact_str::format_compact!("scales nothing: there is no `{kind}/{name}` in these manifests"),
        scaler.place.span,
    ))
}

fn obstacle_of(scaler: &Autoscaler, target: Option<&Workload>) -> Fact<Text> {
    let (min, max) = (&scaler.min_replicas, &scaler.max_replicas);
    if let (Some(least), Some(most)) = (min.value(), max.value())
        && most <= least
        && *most > 0
    {
        return Fact::known(compact_str::format_compact!("keeps {most} copies, whatever the load"), max.span);
    }
    if let Some(target) = target.filter(|target| target.replicas_written) {
        let obstacle = compact_str::format_compact!(
            "is set back by every deploy: `{}` says itself how many `replicas` it wants",
            target.name
        );
        return Fact::known(obstacle, scaler.place.span);
    }
    let unknown = [min, max].into_iter().find_map(|fact| fact.reason().cloned());
    unknown.map_or_else(|| Fact::absent(scaler.place.span), Fact::unknown)
}

//! Selectors → what they select: Services, disruption budgets and canaries joined to workloads.

use std::collections::{BTreeMap, BTreeSet};

use super::autoscalers::Scaled;
use super::index::BySelector;
use crate::model::kubernetes::{DisruptionBudget, NetworkService};
use crate::model::schema::State;
use crate::model::{Budget, Container, Fact, Id, Model, Rollout, Workload};
use crate::tree::{Text, Unknown};

/// The objects that select, found by what they select.
pub(super) struct Selecting {
    services: BySelector,
    budgets: BySelector,
    canaries: BTreeMap<Text, Vec<usize>>,
}

impl Selecting {
    /// Indexes the objects of a model.
    pub(super) fn new(model: &Model) -> Self {
        let objects = &model.kubernetes;
        let mut canaries: BTreeMap<Text, Vec<usize>> = BTreeMap::new();
        for (index, canary) in objects.canaries.iter().enumerate() {
            canaries.entry(canary.target_name.clone()).or_default().push(index);
        }
        Self {
            services: BySelector::new(objects.services.iter().map(|service| &service.selector)),
            budgets: BySelector::new(objects.budgets.iter().map(|budget| &budget.selector)),
            canaries,
        }
    }

    /// The Services that select a workload's pods.
    pub(super) fn services<'m>(&self, model: &'m Model, workload: &Workload) -> Vec<&'m NetworkService> {
        let candidates = self.services.candidates(&workload.pod_labels);
        candidates
            .into_iter()
            .filter_map(|index| model.kubernetes.services.get(index))
            .filter(|service| service.place.environment == workload.place.environment)
            .filter(|service| same_namespace(&service.namespace, &workload.namespace))
            .filter(|service| !service.selector.is_empty() && service.selector.matches(&workload.pod_labels))
            .collect()
    }

    /// The disruption budgets that select a workload's pods, as far as their selectors are known.
    fn budgets<'m>(&self, model: &'m Model, workload: &Workload) -> Vec<&'m DisruptionBudget> {
        let candidates = self.budgets.candidates(&workload.pod_labels);
        candidates
            .into_iter()
            .filter_map(|index| model.kubernetes.budgets.get(index))
            .filter(|budget| budget.place.environment == workload.place.environment)
            .filter(|budget| same_namespace(&budget.namespace, &workload.namespace))
            .filter(|budget| budget.selector.matches(&workload.pod_labels))
            .collect()
    }
}

/// Joins every Kubernetes object that selects workloads.
pub(super) fn join(model: &mut Model, selecting: &Selecting, scaled: &Scaled) {
    let ids: Vec<Id<Workload>> =
        model.each::<Workload>().filter(|(_, workload)| workload.platform == "kubernetes").map(|(id, _)| id).collect();
    for id in ids {
        let replicas = autoscaled(model, id, scaled);
        let budget = budget(model, id, &replicas, selecting);
        let (serves, ports) = traffic(model, id, selecting);
        let rollout = canaried(model, id, selecting);
        let workload = &mut model[id];
        let off = workload.off;
        workload.replicas = replicas;
        workload.budget = budget;
        workload.serves = (workload.serves || serves) && !off;
        if let Some(rollout) = rollout {
            workload.rollout = rollout;
        }
        analyses(model, id);
        let workload = &model[id];
        for container in workload.containers.clone() {
            let container: &mut Container = &mut model[container];
            let takes = serves && ports.iter().any(|port| takes(container, port));
            container.serves = (container.serves || takes) && !off;
        }
    }
}

/// Whether two objects may be in one namespace: one that names none is applied to wherever its files are applied to.
pub(super) fn same_namespace(left: &Fact<Text>, right: &Fact<Text>) -> bool {
    match (left.value(), right.value()) {
        (Some(left), Some(right)) => left == right,
        _ => true,
    }
}

/// Copies of a workload: what its autoscaler keeps at least, else what it asks for.
fn autoscaled(model: &Model, id: Id<Workload>, scaled: &Scaled) -> Fact<i64> {
    // KEDA and the HPA keep `replicas` at or above their minimum, whatever the manifest says.
    scaled.scaler(id).map_or(&model[id].replicas, |scaler| &model[scaler].min_replicas).clone()
}

/// How a workload that a Flagger `Canary` targets is replaced: by the canary's steps, with its own probes.
fn canaried(model: &Model, id: Id<Workload>, selecting: &Selecting) -> Option<Rollout> {
    let workload = &model[id];
    let named = selecting.canaries.get(&workload.plain_name).into_iter().flatten();
    let canary = named.filter_map(|index| model.kubernetes.canaries.get(*index)).find(|canary| {
        (canary.target_kind.is_empty() || canary.target_kind == workload.kind)
            && canary.place.environment == workload.place.environment
            && same_namespace(&canary.namespace, &workload.namespace)
    })?;
    let own = &workload.rollout;
    Some(Rollout {
        min_ready_seconds: own.min_ready_seconds.clone(),
        ready_after_seconds: own.ready_after_seconds,
        ready_after: own.ready_after,
        grace_seconds: own.grace_seconds.clone(),
        ..canary.rollout.clone()
    })
}

/// Gives the analyses between the steps of a workload's rollout the length that their templates say.
fn analyses(model: &mut Model, id: Id<Workload>) {
    let Model { workloads, kubernetes, .. } = model;
    let Some(workload) = workloads.get_mut(id.index()) else { return };
    let Workload { rollout, namespace, place, .. } = workload;
    for (index, templates) in &rollout.analyses {
        let of = |name: &Text| {
            let mut named = kubernetes.analyses.iter().filter(|it| it.name == *name);
            let found = named.find(|it| {
                it.place.environment == place.environment
                    && it.namespace.as_ref().is_none_or(|own| same_namespace(own, namespace))
            });
            found.and_then(|it| it.seconds)
        };
        let seconds: Option<Vec<i64>> = templates.iter().map(of).collect();
        if let Some(pause) = rollout.pauses.get_mut(*index) {
            pause.seconds = seconds.and_then(|seconds| seconds.into_iter().max());
        }
    }
}

fn budget(model: &Model, id: Id<Workload>, replicas: &Fact<i64>, selecting: &Selecting) -> Budget {
    let (uncertain, selecting): (Vec<&DisruptionBudget>, Vec<_>) =
        selecting.budgets(model, &model[id]).into_iter().partition(|budget| budget.selector.uncertain);
    let Some(first) = selecting.first() else {
        let exists = match (uncertain.first(), &model[id].unread) {
            (None, Some(unread)) => Fact::unknown(unread.why.clone()),
            (Some(budget), _) => Fact::unknown(Unknown::new(
                format!(
                    "whether PodDisruptionBudget `{}` selects it depends on a value that is not known",
                    budget.name
                ),
                "render the manifests, or write the selector out",
                budget.place.span,
            )),
            (None, None) => Fact::known(false, None),
        };
        return Budget { exists, ..Budget::default() };
    };
    // One budget may be rendered for several clusters.
    let count = selecting.iter().map(|budget| &budget.name).collect::<BTreeSet<_>>().len();
    let (name, declared) = if first.min_available.is_absent() {
        ("maxUnavailable", &first.max_unavailable)
    } else {
        ("minAvailable", &first.min_available)
    };
    Budget {
        span: declared.span.or(Some(first.place.span)),
        exists: Fact::known(true, first.place.span),
        blocks_drain: blocks_drain(first, count, replicas),
        count: i64::try_from(count).unwrap_or(i64::MAX),
        declared: declared.clone().map(|value| compact_str::format_compact!("{name}: {value}")),
    }
}

/// Whether a budget leaves no pod that may be evicted (Kubernetes rounds percentages up: `minAvailable` of 50 % of 3
/// pods is 2, `maxUnavailable` of 1 % of 3 pods is 1).
fn blocks_drain(budget: &DisruptionBudget, count: usize, replicas: &Fact<i64>) -> Fact<bool> {
    if count > 1 {
        return Fact::known(true, budget.place.span);
    }
    let (declared, is_minimum) =
        if budget.min_available.is_absent() { (&budget.max_unavailable, false) } else { (&budget.min_available, true) };
    let text = match &declared.state {
        State::Known(text) => text,
        State::Unknown(unknown) => return Fact::unknown(unknown.clone()),
        // Neither is set: the API server then keeps at least one pod.
        State::Absent => {
            return Fact::known(replicas.value().is_some_and(|replicas| *replicas <= 1), budget.place.span);
        }
    };
    let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<i64>().ok());
    let number = percent.or_else(|| text.trim().parse().ok());
    let Some(number) = number else { return Fact::known(false, declared.span) };
    let fixed = match (percent.is_some(), is_minimum) {
        (true, true) if number >= 100 => Some(true),
        (_, false) if number == 0 => Some(true),
        (_, true) if number == 0 => Some(false),
        (_, false) => Some(false),
        _ => None,
    };
    let blocks = match (fixed, &replicas.state) {
        (Some(blocks), _) => blocks,
        (None, State::Known(replicas)) => {
            let kept = if percent.is_some() { (number * replicas + 99) / 100 } else { number };
            *replicas > 0 && kept >= *replicas
        }
        (None, State::Unknown(unknown)) => return Fact::unknown(unknown.clone()),
        (None, State::Absent) => return Fact::known(false, declared.span),
    };
    Fact::known(blocks, declared.span)
}

/// Whether any Service sends a workload traffic, and to which target ports.
fn traffic(model: &Model, id: Id<Workload>, selecting: &Selecting) -> (bool, Vec<Text>) {
    let services = selecting.services(model, &model[id]);
    let ports = services.iter().flat_map(|service| service.ports.iter().map(|port| port.target.clone())).collect();
    (!services.is_empty(), ports)
}

/// Whether a container listens on a Service's target port, by name or by number.
fn takes(container: &Container, target: &Text) -> bool {
    container
        .ports
        .iter()
        .any(|(name, number)| name == target || number.is_some_and(|number| target.parse() == Ok(number)))
}

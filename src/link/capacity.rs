//! What a namespace or the cluster says for pods that say nothing.

use super::kubernetes::same_namespace;
use crate::model::{Container, Fact, Id, Model};
use crate::tree::Unknown;

/// Gives containers and workloads the defaults they live under.
pub(super) fn defaults(model: &mut Model) {
    limits(model);
    spread(model);
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

//! Whether the requests of a service are traced. Uses `model`.
//!
//! Tracing pays where a request crosses services, so that it is asked only where most services here are traced. What
//! instruments programs by itself leaves no mark on them: then it is not known.

use crate::model::{Fact, Id, Model, Service, Workload};
use crate::tree::Unknown;

/// What instruments programs without a word in their manifests, by parts of the names of workloads.
const INSTRUMENTING: &[&str] =
    &["beyla", "coroot", "datadog", "dynatrace", "instana", "odigos", "oneagent", "opentelemetry-ebpf", "pixie"];

/// Says of every service in a cluster whether it is traced.
pub(super) fn judge(model: &mut Model) {
    let judged = |workload: &&Workload| {
        let lasting = matches!(workload.kind.as_str(), "Deployment" | "StatefulSet" | "Rollout" | "DeploymentConfig");
        workload.platform == "kubernetes" && workload.place.environment.production && !workload.place.library && lasting
    };
    let mut facts: Vec<(Id<Service>, Fact<bool>)> = Vec::new();
    for (id, service) in model.each::<Service>().filter(|(_, service)| service.deployable) {
        // One workload that is traced shows that the service is; one that may be leaves it open.
        let workloads = service.workloads.iter().map(|id| &model[*id]).filter(judged).map(|workload| &workload.traced);
        if let Some(fact) = workloads.min_by_key(|fact| (!fact.is_true(), fact.reason().is_none())) {
            facts.push((id, fact.clone()));
        }
    }
    let traced = facts.iter().filter(|(_, fact)| fact.is_true()).count();
    if traced == 0 || traced * 2 < facts.len() {
        return;
    }
    let names = |workload: &&Workload| INSTRUMENTING.iter().any(|name| workload.plain_name.contains(name));
    let instruments = model.workloads.iter().find(names).map(|workload| {
        let reason = format!("`{}` may trace it by itself", workload.name);
        Unknown::new(reason, "say with a waiver how it is traced", workload.place.span)
    });
    for (id, fact) in facts {
        let head = model[id].place.span;
        model[id].traced = match &instruments {
            Some(unknown) if fact.is_false() => Fact { span: Some(head), ..Fact::unknown(unknown.clone()) },
            _ if fact.is_true() => fact,
            _ => Fact { span: Some(head), ..fact },
        };
    }
}

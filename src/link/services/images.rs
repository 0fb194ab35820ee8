//! Jobs that run the program of a service: the same image, in the same namespace.

use std::collections::{BTreeMap, BTreeSet};

use crate::link::images::without_tag;
use crate::model::{Id, Model, Service, Workload};
use crate::tree::Text;

/// Where a program runs: environment, namespace, image without what says which version.
type Program = (Text, Text, Text);

/// The services that run each program.
pub(super) struct Programs(BTreeMap<Program, BTreeSet<Id<Service>>>);

impl Programs {
    /// Of everything that has its service already, runs on, and does not only help others.
    pub(super) fn of(model: &Model) -> Self {
        let mut programs: BTreeMap<Program, BTreeSet<Id<Service>>> = BTreeMap::new();
        for workload in model.workloads.iter().filter(|it| !it.is_job() && !it.helper) {
            for program in run_by(model, workload) {
                programs.entry(program).or_default().extend(workload.service);
            }
        }
        Self(programs)
    }

    /// The one service whose program a job runs, and its image.
    pub(super) fn service(&self, model: &Model, job: &Workload) -> Option<(Id<Service>, Text)> {
        let of_program = |program: Program| {
            let services = self.0.get(&program)?;
            // Of a service and its workers, `desk` and `desk-worker`, it is part of the service.
            let first = *services.iter().min_by_key(|id| model[**id].name.len())?;
            let is_part = |id: &Id<Service>| model[*id].name.strip_prefix(model[first].name.as_str());
            let parts = services.iter().filter(|id| **id != first);
            let all = parts.map(is_part).all(|rest| rest.is_some_and(|rest| rest.starts_with('-')));
            all.then_some((first, program.2))
        };
        run_by(model, job).into_iter().find_map(of_program)
    }
}

/// The programs that a workload runs, those left out that only prepare it.
fn run_by(model: &Model, workload: &Workload) -> Vec<Program> {
    let namespace = workload.namespace.value().cloned().unwrap_or_default();
    let main = workload.containers.iter().map(|id| &model[*id]).filter(|it| !it.init && !it.telemetry);
    let images = main.filter_map(|container| container.image.value()).map(|image| without_tag(image));
    images.map(|image| (workload.place.environment.name.clone(), namespace.clone(), image.into())).collect()
}

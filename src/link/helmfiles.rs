//! Pipelines that apply helmfiles → the services of the releases that they ship. Uses `model`.

use std::collections::BTreeSet;

use super::services::join as join_service;
use crate::model::release::{Applied, OfHelmfile};
use crate::model::{Deployment, Id, Model, Release, Service};
use crate::source::{below, parent};
use crate::tree::Text;

/// Joins what applies a helmfile to the services of all that it installs.
pub(super) fn ship(model: &mut Model) {
    for index in 0..model.deployments.len() {
        let id: Id<Deployment> = Id::new(index);
        if model[id].helmfiles.is_empty() {
            continue;
        }
        let shipped = shipped(model, &model[id].helmfiles);
        let services: BTreeSet<Id<Service>> = shipped.iter().map(|(service, _)| *service).collect();
        for (service, release) in shipped {
            if !model[service].deployments.contains(&id) {
                model[service].deployments.push(id);
                join_service(model, service, id, format!("it ships {release}"));
            }
        }
        // What ships many is none of theirs alone.
        if let Some(only) = services.first().filter(|_| services.len() == 1) {
            model[id].service = model[id].service.or(Some(*only));
        }
    }
}

/// The services that are shipped, each with the release that it is of, first by first.
fn shipped(model: &Model, applied: &[Applied]) -> Vec<(Id<Service>, Text)> {
    let installed = || model.releases.iter().filter_map(|release| Some((release, release.helmfile.as_deref()?)));
    let paths: BTreeSet<&str> = installed().map(|(_, helmfile)| helmfile.path.as_str()).collect();
    let mut found: Vec<(Id<Service>, Text)> = Vec::new();
    for applied in applied {
        let meant = meant(applied, &paths);
        for (release, helmfile) in installed() {
            let judged = release.place.environment.production && !release.place.library;
            if judged && meant.contains(helmfile.path.as_str()) && applied.selects(helmfile) {
                let name = release.names.first().unwrap_or(&release.name);
                found.extend(services(model, release, helmfile).into_iter().map(|service| (service, name.clone())));
            }
        }
    }
    found
}

/// The helmfiles that are meant: the file itself, those of its folder, or the only one there is.
fn meant<'p>(applied: &Applied, paths: &BTreeSet<&'p str>) -> BTreeSet<&'p str> {
    let here = applied.path.as_deref().map(|at| {
        let of_folder = |path: &str| {
            let folder = parent(path);
            folder == at || below(at, folder).is_some_and(|inside| inside.trim_matches('/') == "helmfile.d")
        };
        paths.iter().copied().filter(|path| *path == at || of_folder(path)).collect::<BTreeSet<_>>()
    });
    let here = here.unwrap_or_default();
    if here.is_empty() && paths.len() == 1 { paths.clone() } else { here }
}

/// The services of a release: the one that goes by its name, and those of what its chart makes.
fn services(model: &Model, release: &Release, helmfile: &OfHelmfile) -> Vec<Id<Service>> {
    let made = model.workloads.iter().filter(|workload| {
        let place = &workload.place;
        let of_chart = || below(&helmfile.folder, &place.path).is_some();
        place.environment.production && !place.library && !helmfile.folder.is_empty() && of_chart()
    });
    release.service.into_iter().chain(made.filter_map(|workload| workload.service)).collect()
}

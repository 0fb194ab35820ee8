//! Who owns what: configuration, catalogues, labels and tags, CODEOWNERS, in this order.

use super::{Context, found_or_elsewhere};
use crate::model::owners::Glob;
use crate::model::service::CatalogueEntry;
use crate::model::{Fact, Id, Labels, Model, Owners, Service};
use crate::source::{below, in_folder, parent};
use crate::tree::Text;

/// Labels, annotations and tags that name an owner.
const LABELS: &[&str] = &[
    "owner",
    "team",
    "Owner",
    "Team",
    "owned-by",
    "owned_by",
    "squad",
    "app.kubernetes.io/owner",
    "contact",
    "maintainer",
];

/// Gives every service its owner.
pub(super) fn join(model: &mut Model, context: &Context<'_>) {
    judge_patterns(model, context);
    let owners = Owners::new(model);
    let mut found: Vec<(Id<Service>, Fact<Text>)> = Vec::new();
    for (id, service) in model.each::<Service>() {
        if service.owner.is_absent() {
            let owner = by_label(model, id).or_else(|| by_path(model, &owners, id)).or_else(|| by_catalogue(model, id));
            found.push((
                id,
                owner.unwrap_or_else(|| {
                    let elsewhere = found_or_elsewhere(None, "owners", context.external.owners.as_ref());
                    elsewhere.reason().map_or_else(|| Fact::absent(None), |reason| Fact::unknown(reason.clone()))
                }),
            ));
        }
    }
    for (id, owner) in found {
        model[id].owner = owner;
    }
}

fn by_label(model: &Model, id: Id<Service>) -> Option<Fact<Text>> {
    let service = &model[id];
    let of_workloads = service
        .workloads
        .iter()
        .map(|id| &model[*id])
        .flat_map(|workload| [&workload.labels, &workload.pod_labels, &workload.annotations].map(owner_in));
    let of_datastores = service.datastores.iter().map(|id| owner_in(&model[*id].tags));
    of_workloads.chain(of_datastores).flatten().next()
}

/// An owner label with a value, or with one that is only known when it is applied: someone is named either way.
fn owner_in(labels: &Labels) -> Option<Fact<Text>> {
    LABELS
        .iter()
        .find_map(|name| labels.get(name))
        .filter(|fact| fact.value().is_none_or(|value| !value.is_empty()))
        .cloned()
}

/// The owners that CODEOWNERS gives the files in which a service is declared.
fn by_path(model: &Model, owners: &Owners<'_>, id: Id<Service>) -> Option<Fact<Text>> {
    let members = model[id].members.iter().filter(|member| matches!(member.kind, "workload" | "datastore"));
    let owner = |path: &str| {
        let deciding = owners.of(path);
        let first = deciding.iter().find(|pattern| !pattern.owners.is_empty())?;
        Some(Fact::known(Text::from(owners.names(path).join(" ")), first.place.span))
    };
    let mut paths: Vec<Text> = members.map(|member| member.place.path.clone()).collect();
    // What another repository includes is looked after there as well.
    let within = |base: &str, path: &Text| path.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
    let bases = model.surroundings.shared_bases.iter();
    let including = bases.filter(|(base, _)| paths.iter().any(|path| within(base, path)));
    let including: Vec<Text> = including.map(|(_, from)| in_folder(from, "kustomization.yaml").into()).collect();
    paths.extend(including);
    paths.iter().find_map(|path| owner(path))
}

/// Who owns the one component that a catalogue declares in the nearest folder above: what stands in its folder is its.
fn by_catalogue(model: &Model, id: Id<Service>) -> Option<Fact<Text>> {
    let place = &model[id].place;
    let judged = |entry: &&CatalogueEntry| !entry.place.library && entry.place.environment.production;
    let above = |entry: &&CatalogueEntry| below(parent(&entry.place.path), &place.path).is_some();
    let components = || model.catalogue.iter().filter(judged).filter(above).filter(|entry| entry.kind == "Component");
    let nearest = components().map(|entry| parent(&entry.place.path).len()).max()?;
    let mut nearest = components().filter(|entry| parent(&entry.place.path).len() == nearest);
    let only = nearest.next()?;
    Some(only.owner.clone())
        .filter(|owner| !owner.is_absent() && nearest.all(|other| other.owner.value() == owner.value()))
}

/// Whether each line of CODEOWNERS matches any file.
fn judge_patterns(model: &mut Model, context: &Context<'_>) {
    for index in 0..model.owner_patterns.len() {
        let pattern = &model.owner_patterns[index];
        let glob = Glob::of(pattern);
        let matches = context.paths.iter().any(|path| glob.matches(path));
        model.owner_patterns[index].matches = Fact::known(matches, pattern.place.span);
    }
}

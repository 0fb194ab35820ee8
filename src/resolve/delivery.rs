//! What reaches a cluster: which folders are built, by whom and for which environment.
//!
//! A kustomization that no other includes is built by itself, for the environment that its path names; bases,
//! components and patches are part of what includes them, and say nothing by themselves. Where a `GitOps` controller
//! delivers a folder ([`flux`], [`argocd`]), it is built as that controller builds it: with its patches, its
//! substitutions ([`envsubst`]), its namespace and its marks. What is built may name further folders, so this goes on
//! until nothing new is named.

mod app_template;
mod argocd;
mod envsubst;
mod flux;
mod helmfile;
mod release;
mod unit;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use self::unit::{Known, Unit};
use super::kustomize::{self, Built, Files};
use super::rendered::{Rendered, Renderings};
use crate::model::{Environment, Environments, Gap, Hides};
use crate::source::SourceId;
use crate::tree::{Node, Text};

/// How often what is built may name something further: an application of applications of applications.
const MOST_ROUNDS: usize = 6;

/// How many folders may be delivered.
const MOST_UNITS: usize = 5_000;

/// Builds everything that the files say reaches a cluster.
pub fn resolve(files: &Files<'_>, environments: &Environments) -> Renderings {
    let written = written(files, environments);
    let mut renderings = Renderings { gaps: helmfiles(files, environments), ..Renderings::default() };
    if files.kustomizations().is_empty() && written.is_empty() {
        return renderings;
    }
    let own = roots(files, environments);
    let mut current: Vec<(Unit, Built)> = own.clone();
    for _ in 0..MOST_ROUNDS {
        let next = round(files, environments, &written, &own, &current);
        let same = next.len() == current.len() && next.iter().zip(&current).all(|(left, right)| left.0 == right.0);
        current = next;
        if same {
            break;
        }
    }
    let replaced: BTreeSet<SourceId> = current.iter().flat_map(|(_, built)| built.files.iter().copied()).collect();
    let alone: Vec<&Node> = written.iter().filter(|(id, _)| !replaced.contains(id)).map(|(_, node)| node).collect();
    let releases = |known: &Known<'_, '_>, nodes: &[&Node]| -> Vec<Node> {
        nodes.iter().flat_map(|node| release::objects(known, node)).collect()
    };
    let known = Known::new(files, environments, objects(&current).chain(alone.iter().copied()));
    let mut made: Vec<Vec<Node>> = Vec::new();
    for (_, built) in &current {
        let nodes: Vec<&Node> = built.objects.iter().collect();
        made.push(releases(&known, &nodes));
    }
    let gaps: Vec<Gap> =
        objects(&current).chain(alone.iter().copied()).flat_map(|node| elsewhere(&known, node)).collect();
    let by_themselves: Vec<Rendered> =
        releases(&known, &alone).into_iter().map(|node| rendered(files, node, None)).collect();
    for ((unit, built), made) in current.into_iter().zip(made) {
        let documents = built.objects.into_iter().chain(made);
        renderings.documents.extend(documents.map(|node| rendered(files, node, Some(unit.environment.clone()))));
        renderings.replaced.extend(built.files);
        renderings.gaps.extend(built.gaps);
        renderings.problems.extend(built.problems);
    }
    renderings.documents.extend(by_themselves);
    let copies = copies(files, &renderings);
    renderings.replaced.extend(copies);
    renderings.gaps.extend(gaps);
    renderings.gaps.sort_by(|left, right| (left.span, &left.reason).cmp(&(right.span, &right.reason)));
    renderings.gaps.dedup();
    renderings.problems.sort_by(|left, right| (left.span, &left.message).cmp(&(right.span, &right.message)));
    renderings.problems.dedup();
    renderings
}

/// Files that keep a copy of what is built (`install.yaml`): every object of theirs is one that is built, value by value.
fn copies(files: &Files<'_>, renderings: &Renderings) -> Vec<SourceId> {
    let mut built: BTreeMap<[Text; 3], Vec<&Node>> = BTreeMap::new();
    for document in &renderings.documents {
        built.entry(title(&document.node)).or_default().push(&document.node);
    }
    let is_copy = |node: &Node| {
        let alike = built.get(&title(node));
        node.is_null() || alike.is_some_and(|alike| alike.iter().any(|built| kustomize::same(built, node)))
    };
    let others = files.kept().filter(|file| !renderings.replaced.contains(&file.id));
    others
        .filter(|file| {
            let documents = file.documents();
            documents.iter().any(|node| !node.is_null()) && documents.iter().all(is_copy)
        })
        .map(|file| file.id)
        .collect()
}

/// Kind, namespace and name.
fn title(node: &Node) -> [Text; 3] {
    let said = |path: &[&str]| node.at(path).and_then(Node::scalar).unwrap_or_default();
    [said(&["kind"]), said(&["metadata", "namespace"]), said(&["metadata", "name"])]
}

/// The objects that are built so far.
fn objects(built: &[(Unit, Built)]) -> impl Iterator<Item = &Node> {
    built.iter().flat_map(|(_, built)| &built.objects)
}

/// An object as a document: found by the file that names it.
fn rendered(files: &Files<'_>, node: Node, environment: Option<Environment>) -> Rendered {
    let span = node.at(&["metadata", "name"]).unwrap_or(&node).span;
    let path = files.path_of(span.source).into();
    Rendered { source: span.source, path, span, node, environment, library: false }
}

/// The folders that deliver, given what is built so far: those that controllers name, and the kustomizations that none
/// of these includes.
fn round(
    files: &Files<'_>,
    environments: &Environments,
    written: &[(SourceId, Node)],
    own: &[(Unit, Built)],
    current: &[(Unit, Built)],
) -> Vec<(Unit, Built)> {
    let replaced: BTreeSet<SourceId> = current.iter().flat_map(|(_, built)| built.files.iter().copied()).collect();
    let alone: Vec<&Node> = written.iter().filter(|(id, _)| !replaced.contains(id)).map(|(_, node)| node).collect();
    let known = Known::new(files, environments, objects(current).chain(alone.iter().copied()));
    let mut wanted: Vec<Unit> = Vec::new();
    let named = current.iter().flat_map(|(unit, built)| built.objects.iter().map(move |node| (Some(unit), node)));
    for (parent, node) in named.chain(alone.iter().map(|node| (None, *node))) {
        for unit in flux::units(&known, node, parent).into_iter().chain(argocd::units(&known, node, parent)) {
            if wanted.len() < MOST_UNITS && !wanted.contains(&unit) {
                wanted.push(unit);
            }
        }
    }
    let mut delivered: Vec<(Unit, Built)> = wanted
        .into_par_iter()
        .map(|unit| {
            let before = current.iter().find(|(known, _)| *known == unit);
            let built = before.map_or_else(|| unit.build(files), |(_, built)| built.clone());
            (unit, built)
        })
        .collect();
    let covered: BTreeSet<Text> = delivered.iter().flat_map(|(_, built)| built.folders.iter().cloned()).collect();
    delivered.extend(own.iter().filter(|(unit, _)| !covered.contains(unit.folder.as_str())).cloned());
    delivered
}

/// The kustomizations that no other includes, built. Of those that include each other in a circle the first stands for
/// all. A component that nothing includes is built for the files it is made of, which say nothing by themselves.
fn roots(files: &Files<'_>, environments: &Environments) -> Vec<(Unit, Built)> {
    let all = files.kustomizations();
    let included = kustomize::included(files);
    let is_component = |folder: &str| kustomize::is_component(files, folder);
    let (roots, rest): (Vec<&str>, Vec<&str>) =
        all.iter().map(|(folder, _)| *folder).partition(|folder| !included.contains(*folder) && !is_component(folder));
    let unit = |folder: &str| Unit::alone(folder, environments);
    let mut built: Vec<(Unit, Built)> =
        roots.into_par_iter().map(|folder| (unit(folder), kustomize::build(files, folder, &[]))).collect();
    let mut covered: BTreeSet<Text> = built.iter().flat_map(|(_, built)| built.folders.iter().cloned()).collect();
    for folder in rest {
        if covered.contains(folder) {
            continue;
        }
        let mut alone = kustomize::build(files, folder, &[]);
        covered.extend(alone.folders.iter().cloned());
        if is_component(folder) {
            alone = Built { files: alone.files, folders: alone.folders, ..Built::default() };
        }
        built.push((unit(folder), alone));
    }
    built
}

/// What controllers read, and what they fill in, as it stands in files. What stands in a test or an example delivers
/// nothing.
fn written(files: &Files<'_>, environments: &Environments) -> Vec<(SourceId, Node)> {
    let mut written = Vec::new();
    for file in files.kept().filter(|file| !environments.is_for_show(&file.source.path)) {
        let of_interest =
            |node: &&Node| flux::concerns(node) || argocd::concerns(node) || release::concerns(node) || is_told(node);
        written.extend(file.documents().iter().filter(of_interest).map(|node| (file.id, node.clone())));
    }
    // What others only refer to is of no interest where none does.
    if written.iter().all(|(_, node)| is_told(node)) {
        written.clear();
    }
    written
}

/// Whether a document only matters to those that refer to it.
fn is_told(node: &Node) -> bool {
    unit::fills_in(node) || unit::is_source(node)
}

/// What helmfiles install from somewhere else.
fn helmfiles(files: &Files<'_>, environments: &Environments) -> Vec<Gap> {
    let known = Known::new(files, environments, std::iter::empty());
    let mut gaps = Vec::new();
    for (path, file) in files.within("", true).filter(|(path, _)| helmfile::is_helmfile(path)) {
        for document in file.documents().iter() {
            for (span, reason) in helmfile::elsewhere(&known, path, document) {
                gaps.push(Gap { hides: Hides::Kubernetes, span, path: path.into(), reason: reason.into() });
            }
        }
    }
    gaps
}

/// What a controller delivers from somewhere else.
fn elsewhere(known: &Known<'_, '_>, node: &Node) -> Vec<Gap> {
    let reasons = flux::elsewhere(known, node).into_iter().chain(argocd::elsewhere(known, node));
    let reasons = reasons.chain(release::elsewhere(known, node));
    reasons
        .map(|(span, reason)| {
            let path = known.files.path_of(span.source).into();
            Gap { hides: Hides::Kubernetes, span, path, reason: reason.into() }
        })
        .collect()
}

/// Whether a document is a Kubernetes object or a kustomization, which builds look at.
pub fn concerns(path: &str, documents: &[Node]) -> bool {
    kustomize::is_kustomization(path)
        || documents.iter().any(|document| document.get("apiVersion").is_some() && document.get("kind").is_some())
}

#[cfg(test)]
mod tests;

//! Kustomize builds: kustomizations → the objects they give, each value with the place that decided it.
//!
//! [`files`] finds files by path, [`build`] keeps kustomize's order, [`merge`] and [`json_patch`] apply patches,
//! [`names`] follows names that change, [`generate`], [`images`] and [`substitute`] do what their names say, and
//! [`fields`] knows which fields of which kinds they reach. Nothing is fetched and no plugin is run: what these would
//! give is a gap. Everything is bounded: depth, objects and nodes.

mod build;
mod builtin;
mod edit;
mod fields;
mod files;
mod generate;
mod images;
mod inflate;
mod json_patch;
mod merge;
mod names;
mod resource;
mod substitute;

pub use build::Built;
pub use files::{File, Files, Root, join};
pub use inflate::{Inflate, Inflated, Inflation, Outside};

use std::collections::BTreeSet;

use crate::model::kubernetes::KUSTOMIZATIONS;
use crate::tree::{Node, Text};

/// Builds the kustomization of a folder, where it has one, and applies further kustomizations of that folder on top,
/// as whatever deploys it says.
pub fn build(files: &Files<'_>, folder: &str, overlays: &[Node]) -> Built {
    build::build(files, folder, overlays)
}

/// Puts an object into a namespace, where it names none and one can hold it.
pub fn set_namespace(object: &mut Node, namespace: &Node) {
    if resource::Gvk::of(object).is_cluster_scoped() {
        return;
    }
    if let Some(metadata) = edit::get_mut(object, "metadata")
        && metadata.get("namespace").is_none_or(Node::is_null)
    {
        edit::set(metadata, "namespace", namespace.span, namespace.clone());
    }
}

/// Whether two trees hold the same values, wherever they stand.
pub fn same(left: &Node, right: &Node) -> bool {
    edit::same(left, right)
}

/// Gives an object a label (`labels`) or an annotation (`annotations`).
pub fn annotate(object: &mut Node, list: &str, key: &str, value: Node) {
    let span = value.span;
    let Some(metadata) = edit::get_mut(object, "metadata") else { return };
    if metadata.get(list).is_none_or(Node::is_null) {
        edit::set(metadata, list, span, edit::empty_map(span));
    }
    if let Some(pairs) = edit::get_mut(metadata, list) {
        edit::set(pairs, key, span, value);
    }
}

/// Whether a path is that of a kustomization.
pub fn is_kustomization(path: &str) -> bool {
    KUSTOMIZATIONS.contains(&path.rsplit('/').next().unwrap_or(path))
}

/// Whether the kustomization of a folder is a component, which is only part of others.
pub fn is_component(files: &Files<'_>, folder: &str) -> bool {
    files.kustomization(folder).is_some_and(|file| {
        file.documents().first().and_then(|document| document.get("kind")?.as_str().map(|kind| kind == "Component"))
            == Some(true)
    })
}

/// Shows each folder with a kustomization, and each thing that it says to include.
fn each_base(files: &Files<'_>, mut show: impl FnMut(&str, &str)) {
    for (folder, file) in files.kustomizations() {
        let documents = file.documents();
        let Some(document) = documents.first() else { continue };
        let lists = ["resources", "bases", "components"].iter().filter_map(|key| document.get(key));
        lists.flat_map(Node::items).filter_map(Node::as_str).for_each(|written| show(folder, written));
    }
}

/// The folders that some kustomization includes.
pub fn included(files: &Files<'_>) -> BTreeSet<Text> {
    let mut included = BTreeSet::new();
    each_base(files, |folder, written| {
        let path = files.remote(written).or_else(|| files::join(folder, written));
        // A folder that includes itself is no less a root for it.
        included.extend(path.filter(|path| path != folder && files.kustomization(path).is_some()).map(Text::from));
    });
    included
}

/// The paths of all that some kustomization includes: folders and files.
pub fn named(files: &Files<'_>) -> BTreeSet<Text> {
    let mut named = BTreeSet::new();
    each_base(files, |folder, written| {
        named.extend(files.remote(written).or_else(|| files::join(folder, written)).map(Text::from));
    });
    named
}

/// The folders that a kustomization of another root includes, each with the folder of that kustomization.
pub fn shared(files: &Files<'_>) -> Vec<(Text, Text)> {
    let mut shared = Vec::new();
    each_base(files, |folder, written| shared.extend(files.remote(written).map(|base| (base.into(), folder.into()))));
    shared
}

#[cfg(test)]
mod tests;

//! What stands in a repository and reaches no cluster: manifests that nothing delivers, where controllers deliver nearly
//! all others.
//!
//! A controller reads what it is told to. Where nearly everything that runs is delivered so, a manifest that none
//! includes is a leftover, or waits to be switched on: it is not judged. Where much is not, it is applied by other means.

use std::collections::BTreeSet;

use super::unit::Unit;
use super::{Folder, argocd, flux, release};
use crate::model::Environments;
use crate::resolve::kustomize::{Built, File, Files};
use crate::source::{SourceId, below, in_folder, parent};
use crate::tree::Node;

/// Kinds of what runs.
const RUNNING: &[&str] =
    &["CronJob", "DaemonSet", "Deployment", "DeploymentConfig", "HelmRelease", "Job", "Rollout", "StatefulSet"];

/// How many files of what runs there must be at least for a habit.
const FEWEST: usize = 8;

/// Files of what runs that nothing delivers; none where it is not known that controllers deliver all.
pub(super) fn files(files: &Files<'_>, environments: &Environments, built: &[Folder]) -> BTreeSet<SourceId> {
    let delivered: BTreeSet<SourceId> = built
        .iter()
        .filter(|(unit, built)| delivers(unit, built))
        .flat_map(|(_, built)| built.files.iter().copied())
        .collect();
    if delivered.is_empty() {
        return BTreeSet::new();
    }
    let runs =
        |file: &File<'_>| !environments.is_for_show(&file.source.path) && file.is_objects() && is_of_interest(file);
    let (reached, left): (Vec<SourceId>, Vec<SourceId>) =
        files.kept().filter(runs).map(|file| file.id).partition(|id| delivered.contains(id));
    // Nine of ten.
    let habit = reached.len() >= FEWEST && left.len().saturating_mul(9) <= reached.len();
    if habit { left.into_iter().collect() } else { BTreeSet::new() }
}

/// Whether a folder is delivered: by a controller, or as what tells controllers what to deliver.
fn delivers(unit: &Unit, built: &Built) -> bool {
    unit.mark.is_some() || built.objects.iter().any(|node| flux::concerns(node) || argocd::concerns(node))
}

/// Of each folder that is built, whether nothing delivers it. Where controllers deliver nearly all, that is all they do
/// not name. A base waits for others to include it: one that none does, though there are others beside it or all that
/// controllers deliver is known, reaches no cluster either; nor does what stands in a folder that was switched `off`.
pub(super) fn units(files: &Files<'_>, built: &[Folder], habit: bool, open: bool, off: &BTreeSet<String>) -> Vec<bool> {
    let controlled = built.iter().any(|(unit, _)| unit.mark.is_some());
    let folders = files.kustomizations();
    let beside = |unit: &Unit| {
        let above = in_folder(parent(&unit.folder), "");
        folders.iter().any(|(folder, _)| folder.starts_with(&above) && below(&unit.folder, folder).is_none())
    };
    let waits = |unit: &Unit| controlled && is_base(unit) && (!open || beside(unit));
    let is_off = |unit: &Unit| super::is_below(off, &unit.folder);
    built.iter().map(|(unit, built)| (habit || waits(unit) || is_off(unit)) && !delivers(unit, built)).collect()
}

/// Whether a folder is meant to be built by others, by the usual name for that.
fn is_base(unit: &Unit) -> bool {
    matches!(unit.folder.rsplit('/').next(), Some("base" | "bases"))
}

fn is_of_interest(file: &File<'_>) -> bool {
    let documents = file.documents();
    let tells = |node: &Node| flux::concerns(node) || argocd::concerns(node);
    let runs = |node: &Node| node.get("kind").and_then(Node::as_str).is_some_and(|kind| RUNNING.contains(&kind));
    documents.iter().any(|node| runs(node) || release::concerns(node)) && !documents.iter().any(tells)
}

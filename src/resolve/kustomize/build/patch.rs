//! Patches of a build: strategic merges, and lists of JSON operations.

use super::{Build, Gathered, Located, REFUSES};
use crate::resolve::kustomize::merge::{self, Outcome};
use crate::resolve::kustomize::resource::{Id, Resource, Selector};
use crate::resolve::kustomize::{edit, json_patch};
use crate::tree::{Node, Value};

impl Build<'_, '_> {
    /// The patches that an entry of `patchesStrategicMerge` is or names.
    pub(super) fn strategic_text(&mut self, entry: &Node, folder: &str) -> Vec<Node> {
        let Some(written) = entry.as_str() else {
            return if entry.as_map().is_some() { vec![entry.clone()] } else { Vec::new() };
        };
        if written.contains('\n') || written.contains(": ") {
            return self.inline(entry);
        }
        match self.locate(entry, written, folder) {
            Located::File(file) => {
                self.built.files.insert(file.id);
                file.documents().into_owned()
            }
            _ => Vec::new(),
        }
    }

    /// One entry of `patches` or `patchesJson6902`.
    pub(super) fn patch(&mut self, entry: &Node, folder: &str, gathered: &mut Gathered) {
        let (patches, at) = match (entry.get("patch"), entry.get("path")) {
            (Some(_), Some(path)) => {
                self.wrong(path.span, "a patch has a `path` or a `patch`, not both", "");
                return;
            }
            (Some(patch), None) => (self.inline(patch), patch),
            (None, Some(path)) => {
                let Some(written) = path.as_str() else {
                    self.wrong(path.span, "`path` is the path of a file", "");
                    return;
                };
                match self.locate(path, written, folder) {
                    Located::File(file) => {
                        self.built.files.insert(file.id);
                        (file.documents().into_owned(), path)
                    }
                    Located::Folder(..) => {
                        self.wrong(path.span, "a patch is a file", "");
                        return;
                    }
                    Located::Nowhere => return,
                }
            }
            (None, None) => {
                self.wrong(entry.span, "a patch needs a `path` or a `patch`", REFUSES);
                return;
            }
        };
        let target = match entry.get("target").filter(|target| !target.is_null()) {
            Some(target) => match Selector::read(target) {
                Ok(selector) => Some(selector),
                Err(why) => {
                    self.wrong(target.span, why, REFUSES);
                    return;
                }
            },
            None => None,
        };
        let documents: Vec<Node> = patches.into_iter().filter(|document| !document.is_null()).collect();
        let Some(first) = documents.first() else {
            self.wrong(at.span, "the patch is empty", "");
            return;
        };
        if first.as_map().is_some() {
            self.strategic(&documents, target.as_ref(), at, entry.get("options"), gathered);
            return;
        }
        if !matches!(first.value, Value::List(_)) {
            self.wrong(at.span, "a patch is an object, or a list of operations", REFUSES);
            return;
        }
        let Some(target) = target else {
            self.wrong(at.span, "a JSON patch needs a `target`", REFUSES);
            return;
        };
        for resource in &mut gathered.resources {
            if !target.selects(resource) {
                continue;
            }
            resource.remember();
            let applied = with_annotations(&mut resource.node, |node| json_patch::apply(node, first));
            if let Err((index, why)) = applied {
                let span = first.items().get(index).map_or(first.span, |operation| operation.span);
                let title = resource.id().title();
                self.wrong(span, format!("the patch does not fit {title}: {why}"), REFUSES);
            }
        }
    }

    pub(super) fn strategic(
        &mut self,
        patches: &[Node],
        target: Option<&Selector>,
        at: &Node,
        options: Option<&Node>,
        gathered: &mut Gathered,
    ) {
        if target.is_some() && patches.len() > 1 {
            self.wrong(at.span, "several patches cannot share one `target`", "write an entry for each");
        }
        for patch in patches {
            if patch.as_map().is_none() {
                if !patch.is_null() {
                    self.wrong(patch.span, "a strategic merge patch is an object", REFUSES);
                }
                continue;
            }
            let id = Id::of(patch);
            let chosen: Vec<usize> = gathered
                .resources
                .iter()
                .enumerate()
                .filter(|(_, resource)| {
                    target.map_or_else(|| resource.is_or_was(&id), |target| target.selects(resource))
                })
                .map(|(index, _)| index)
                .collect();
            // What is elsewhere, or could not be rendered, may well be what the patch is for; that it was not read is said.
            if target.is_none() && chosen.is_empty() && self.built.gaps.iter().any(|gap| gap.hides.kubernetes()) {
                continue;
            }
            if target.is_none() && chosen.len() != 1 {
                let span = patch.at(&["metadata", "name"]).unwrap_or(patch).span;
                let found = if chosen.is_empty() { "no object is" } else { "several objects are" };
                self.wrong(span, format!("{found} {}, which this patch is for", id.title()), REFUSES);
                if chosen.is_empty() {
                    continue;
                }
            }
            let mut gone = Vec::new();
            for index in chosen {
                if patched(&mut gathered.resources[index], patch, options) {
                    gone.push(index);
                }
            }
            for index in gone.into_iter().rev() {
                gathered.resources.remove(index);
            }
        }
    }
}

/// Does something to an object that has annotations: kustomize keeps notes of its own there while it builds, so that a
/// JSON patch may always add to them.
fn with_annotations<T>(node: &mut Node, change: impl FnOnce(&mut Node) -> T) -> T {
    let span = node.span;
    if let Some(metadata) = edit::get_mut(node, "metadata")
        && metadata.get("annotations").is_none_or(Node::is_null)
    {
        edit::set(metadata, "annotations", span, edit::empty_map(span));
    }
    let result = change(node);
    if let Some(metadata) = edit::get_mut(node, "metadata")
        && metadata.get("annotations").is_some_and(|it| it.as_map().is_some_and(|map| map.entries.is_empty()))
    {
        edit::remove(metadata, "annotations");
    }
    result
}

/// Applies a strategic merge patch to an object; whether it deletes it.
fn patched(resource: &mut Resource, patch: &Node, options: Option<&Node>) -> bool {
    let allows = |key: &str| options.and_then(|options| options.get(key)).and_then(Node::as_bool) == Some(true);
    let (name, kind) = (allows("allowNameChange"), allows("allowKindChange"));
    if name || kind {
        resource.remember();
    }
    let gvk = resource.id().gvk;
    let mut patch = patch.clone();
    // What identifies the object is no change of it.
    edit::remove(&mut patch, "apiVersion");
    if !kind {
        edit::remove(&mut patch, "kind");
    }
    if let Some(metadata) = edit::get_mut(&mut patch, "metadata") {
        edit::remove(metadata, "namespace");
        if !name {
            edit::remove(metadata, "name");
        }
    }
    match merge::merge(&mut resource.node, &patch, &gvk) {
        Outcome::Kept => false,
        Outcome::Deleted => true,
    }
}

//! What was switched off: deliveries and manifests that stand in a comment where they would be included
//! (`# - ../../base/shop/ks.yaml`), and deliveries that every overlay deletes again (`$patch: delete`). What only they
//! would deliver reaches no cluster.

use std::collections::{BTreeMap, BTreeSet};

use super::unit::Known;
use super::{Folder, argocd, flux, objects};
use crate::resolve::kustomize::{self, Files};
use crate::source::{SourceId, below};
use crate::tree::{Node, Text, Value};

/// What comments of kustomizations name, and none includes.
#[derive(Debug, Default)]
pub(super) struct Commented {
    folders: BTreeSet<String>,
    files: BTreeSet<SourceId>,
}

impl Commented {
    /// Reads the comments.
    pub(super) fn read(files: &Files<'_>) -> Self {
        let included = kustomize::named(files);
        let mut commented = Self::default();
        for (folder, file) in files.kustomizations() {
            let entries = file.source.text.lines().filter_map(entry);
            for path in entries.filter_map(|entry| kustomize::join(folder, entry)).filter(|path| path != folder) {
                if included.contains(path.as_str()) {
                    continue;
                }
                match files.file(&path) {
                    Some(file) => {
                        commented.files.insert(file.id);
                    }
                    None => {
                        commented.folders.insert(path);
                    }
                }
            }
        }
        commented
    }

    /// Whether a folder stands in a comment.
    pub(super) fn folder(&self, folder: &str) -> bool {
        self.folders.contains(folder)
    }

    /// Whether a file stands in a comment.
    pub(super) fn file(&self, id: SourceId) -> bool {
        self.files.contains(&id)
    }

    /// The files that stand in comments.
    pub(super) fn files(&self) -> impl Iterator<Item = SourceId> {
        self.files.iter().copied()
    }
}

/// The path in a line that was an entry of a list before it became a comment.
fn entry(line: &str) -> Option<&str> {
    let entry = line.trim_start().strip_prefix('#')?.trim_start_matches('#').trim().strip_prefix("- ")?;
    let entry = entry.split(" #").next().unwrap_or(entry).trim().trim_matches(['"', '\'']);
    (!entry.is_empty() && !entry.contains([' ', ':'])).then_some(entry)
}

/// The folders that nothing but deliveries which were switched off names.
pub(super) fn folders(
    known: &Known<'_, '_>,
    written: &[(SourceId, Node)],
    commented: &Commented,
    built: &[Folder],
    replaced: &BTreeSet<SourceId>,
) -> BTreeSet<String> {
    let live: Vec<&Node> = objects(built).filter(|node| delivers(node)).collect();
    let mut names: BTreeMap<Text, Vec<Text>> = BTreeMap::new();
    for (kind, name) in live.iter().map(|node| titled(node)) {
        names.entry(kind).or_default().push(name);
    }
    // What was built of a document may have got a longer name.
    let is_live = |node: &Node| {
        let (kind, name) = titled(node);
        names.get(&kind).is_some_and(|names| names.iter().any(|built| built.contains(name.as_str())))
    };
    let deliveries = written.iter().filter(|(_, node)| delivers(node));
    let is_gone = |id, node| if replaced.contains(id) { !is_live(node) } else { commented.file(*id) };
    let (gone, standing): (Vec<_>, Vec<_>) = deliveries.partition(|(id, node)| is_gone(id, node));
    let mut off: BTreeSet<String> = gone.into_iter().flat_map(|(_, node)| named_folders(known, node)).collect();
    if off.is_empty() {
        return off;
    }
    let standing = standing.into_iter().map(|(_, node)| node).chain(live);
    let on: BTreeSet<String> = standing.flat_map(|node| named_folders(known, node)).collect();
    off.retain(|folder| !on.iter().any(|live| below(live, folder).is_some() || below(folder, live).is_some()));
    off
}

fn delivers(node: &Node) -> bool {
    flux::concerns(node) || argocd::concerns(node)
}

/// Kind and name.
fn titled(node: &Node) -> (Text, Text) {
    let said = |path: &[&str]| node.at(path).and_then(Node::scalar).unwrap_or_default();
    (said(&["kind"]), said(&["metadata", "name"]))
}

/// The folders of the repository that a delivery names: by its paths, or by what its generators fill into these.
fn named_folders(known: &Known<'_, '_>, delivery: &Node) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Some(spec) = delivery.get("spec") {
        collect(known, spec, false, &mut found);
    }
    found
}

fn collect(known: &Known<'_, '_>, node: &Node, is_path: bool, found: &mut BTreeSet<String>) {
    match &node.value {
        Value::String(text) if is_path || text.contains('/') => {
            let folder = known.folder(text, node.span).or_else(|| known.in_artifact(text, node.span));
            found.extend(folder.filter(|folder| !folder.is_empty()));
        }
        Value::Map(map) => {
            for entry in &map.entries {
                collect(known, &entry.value, entry.key == "path", found);
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(known, item, is_path, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_told_from_other_comments() {
        assert_eq!(entry("  # - ../../base/shop/ks.yaml  # off until the move"), Some("../../base/shop/ks.yaml"));
        assert_eq!(entry("#- ./runners/"), Some("./runners/"));
        assert_eq!(entry("# - path: ./patches/more.yaml"), None);
        assert_eq!(entry("# - see what stands below"), None);
        assert_eq!(entry("- web.yaml"), None);
    }
}

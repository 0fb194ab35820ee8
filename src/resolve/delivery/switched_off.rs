//! What was switched off: deliveries and manifests that stand in a comment where they would be included
//! (`# - ../../base/shop/ks.yaml`), and deliveries that every overlay deletes again (`$patch: delete`). What only they
//! would deliver reaches no cluster.

use std::collections::BTreeSet;

use super::unit::Known;
use super::{Folder, argocd, flux, objects};
use crate::resolve::kustomize::{self, Files};
use crate::source::{SourceId, below};
use crate::tree::{Node, Value};

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
) -> BTreeSet<String> {
    let replaced: BTreeSet<SourceId> = built.iter().flat_map(|(_, built)| built.files.iter().copied()).collect();
    let live: Vec<&Node> = objects(built).filter(|node| delivers(node)).collect();
    let (mut off, mut on): (BTreeSet<String>, BTreeSet<String>) = Default::default();
    for (id, node) in written.iter().filter(|(_, node)| delivers(node)) {
        let gone = if replaced.contains(id) { !live.iter().any(|live| is_of(live, node)) } else { commented.file(*id) };
        let named = if gone { &mut off } else { &mut on };
        named.extend(named_folders(known, node));
    }
    on.extend(live.iter().flat_map(|node| named_folders(known, node)));
    off.retain(|folder| !on.iter().any(|live| below(live, folder).is_some() || below(folder, live).is_some()));
    off
}

fn delivers(node: &Node) -> bool {
    flux::concerns(node) || argocd::concerns(node)
}

/// Whether an object that was built is what a document became, which may have got a longer name.
fn is_of(built: &Node, written: &Node) -> bool {
    let said = |node: &Node, path: &[&str]| node.at(path).and_then(Node::scalar).unwrap_or_default();
    said(built, &["kind"]) == said(written, &["kind"])
        && said(built, &["metadata", "name"]).contains(said(written, &["metadata", "name"]).as_str())
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

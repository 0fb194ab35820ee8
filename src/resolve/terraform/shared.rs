//! Resources of modules that several calls share, or that stand outside their root's folder to be shared. What is
//! missing in one of them is missing at each call, so that each is said where the root calls the module, with the
//! module's own line beside it: a reader mends their own call, or the module once for all. A module inside its root's
//! folder that one call uses is a part of the root, and its resources stand where they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::Shared;
use crate::source::{Source, SourceId, Span, below, parent};
use crate::tree::{Document, Text};

use super::{Resource, Root};

/// Moves the resources of shared modules to the calls in their roots.
pub(super) fn anchor(roots: &mut [Root], documents: &[(&Source, &Document)]) {
    // A block of a module, whether it declares something or calls a further module, and the ways in which it is reached.
    let mut ways: BTreeMap<Span, BTreeSet<&[Span]>> = BTreeMap::new();
    let certain = |resource: &&Resource| resource.uncertain.is_none();
    let resources = roots.iter().flat_map(|root| &root.resources).filter(|resource| !resource.call_chain.is_empty());
    for Resource { head, call_chain, .. } in resources.filter(certain) {
        ways.entry(*head).or_default().insert(call_chain);
        for (nth, call) in call_chain.iter().enumerate() {
            ways.entry(*call).or_default().insert(&call_chain[nth + 1..]);
        }
    }
    if ways.is_empty() {
        return;
    }
    let shared: BTreeSet<Span> = ways.into_iter().filter(|(_, ways)| ways.len() > 1).map(|(head, _)| head).collect();
    let paths: BTreeMap<SourceId, &str> =
        documents.iter().map(|(source, document)| (document.source, source.path.as_ref())).collect();
    let folder = |head: &Span| paths.get(&head.source).map(|path| parent(path));
    let folders: BTreeSet<&str> = shared.iter().filter_map(folder).collect();
    let files = paths.iter().filter(|(_, path)| folders.contains(parent(path))).map(|(source, _)| *source);
    let files: Arc<[SourceId]> = files.collect();
    for Root { directory, resources, .. } in roots {
        for resource in resources {
            let Some(call) = resource.call_chain.last().copied() else { continue };
            let Some(path) = paths.get(&call.source) else { continue };
            if !shared.contains(&resource.head) && is_inside(&resource.path, directory) {
                continue;
            }
            // What a module decides for its only caller is said where it decides it: its files are not among the shared.
            resource.shared = Some(Shared { head: resource.head, call, files: Arc::clone(&files) });
            resource.head = call;
            resource.path = Text::from(*path);
        }
    }
}

fn is_inside(path: &str, directory: &str) -> bool {
    !super::project::is_installed(parent(path)) && below(directory, path).is_some()
}

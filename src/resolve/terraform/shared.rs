//! Resources of modules that several calls share, or that stand outside their root's folder to be shared. What is
//! missing in one of them is missing at each call, so that each is said where the root calls the module, with the
//! module's own line beside it: a reader mends their own call, or the module once for all. A module inside its root's
//! folder that one call uses is a part of the root, and its resources stand where they are written.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Shared;
use crate::source::{Source, SourceId, Span, below, parent};
use crate::tree::{Document, Text};

use super::Root;

/// Moves the resources of shared modules to the calls in their roots.
pub(super) fn anchor(roots: &mut [Root], documents: &[(&Source, &Document)]) {
    let mut calls: BTreeMap<Span, BTreeSet<&[Span]>> = BTreeMap::new();
    let certain = |resource: &&super::Resource| resource.uncertain.is_none();
    let resources = roots.iter().flat_map(|root| &root.resources).filter(|resource| !resource.call_chain.is_empty());
    for resource in resources.filter(certain) {
        calls.entry(resource.head).or_default().insert(&resource.call_chain);
    }
    if calls.is_empty() {
        return;
    }
    let shared: BTreeSet<Span> =
        calls.into_iter().filter(|(_, chains)| chains.len() > 1).map(|(head, _)| head).collect();
    let mut paths: BTreeMap<SourceId, &str> = BTreeMap::new();
    let mut folders: BTreeMap<&str, Vec<SourceId>> = BTreeMap::new();
    for (source, document) in documents {
        paths.insert(document.source, &source.path);
        folders.entry(parent(&source.path)).or_default().push(document.source);
    }
    for Root { directory, resources, .. } in roots {
        for resource in resources {
            let Some(call) = resource.call_chain.last().copied() else { continue };
            let Some(path) = paths.get(&call.source) else { continue };
            let is_shared = shared.contains(&resource.head);
            if !is_shared && is_inside(&resource.path, directory) {
                continue;
            }
            // What the module decides for its only caller is said where it decides it.
            let files = if is_shared { folders.get(parent(&resource.path)).cloned() } else { None };
            resource.shared = Some(Shared { head: resource.head, files: files.unwrap_or_default() });
            resource.head = call;
            resource.path = Text::from(*path);
        }
    }
}

fn is_inside(path: &str, directory: &str) -> bool {
    !super::project::is_installed(parent(path)) && below(directory, path).is_some()
}

//! Flux: `Kustomization` (kustomize.toolkit.fluxcd.io) names a folder, patches it and fills values in.
//!
//! Fields are those of its custom resource definition. Its controller adds `targetNamespace`, `patches`, `images`,
//! `components`, `namePrefix`, `nameSuffix` and `commonMetadata` to the folder's kustomization, and makes one of all
//! manifests where there is none.

use super::envsubst::Variables;
use super::unit::{Known, Mark, Unit, mapping};
use crate::source::Span;
use crate::tree::{Node, Text, Value};

const GROUP: &str = "kustomize.toolkit.fluxcd.io/";

/// Whether a document is one of Flux's that this reads.
pub(super) fn concerns(node: &Node) -> bool {
    let of_group = |group: &str| node.get("apiVersion").and_then(Node::as_str).is_some_and(|it| it.starts_with(group));
    of_group(GROUP) && node.get("kind").and_then(Node::as_str) == Some("Kustomization")
}

/// What a `Kustomization` delivers.
pub(super) fn units(known: &Known<'_, '_>, node: &Node, parent: Option<&Unit>) -> Option<Unit> {
    if !concerns(node) {
        return None;
    }
    let spec = node.get("spec").filter(|spec| !is_patch(spec, parent))?;
    let name = node.at(&["metadata", "name"])?;
    // Left out, the path is the root of the source.
    let path = spec.get("path").and_then(Node::scalar).unwrap_or(Text::const_new("."));
    if path.contains("${") {
        return None;
    }
    let (folder, in_artifact) = folder(known, spec, &path, name.span)?;
    let text = name.scalar()?;
    let namespace = spec.get("targetNamespace").and_then(Node::scalar).unwrap_or_default();
    let environment = known.environment(&folder, name.span, &[&text, &namespace], parent);
    let mut overlays = Vec::new();
    if known.files.kustomization(&folder).is_none() {
        let span = spec.get("path").unwrap_or(name).span;
        overlays.push(known.everything(&folder, span));
    }
    overlays.extend(overlay(spec));
    Some(Unit {
        folder,
        overlays,
        variables: variables(known, spec),
        namespace: None,
        mark: Some(Mark { list: "labels", key: "kustomize.toolkit.fluxcd.io/name", name: text, span: name.span }),
        environment,
        in_artifact,
    })
}

/// Whether what stands here is only laid over a `Kustomization` that is elsewhere: its custom resource definition asks
/// for `sourceRef` and `interval`. What a build gives may get them in the cluster, from a webhook, where it says which
/// folder it is about.
fn is_patch(spec: &Node, parent: Option<&Unit>) -> bool {
    let lacks = |key: &str| spec.get(key).is_none_or(Node::is_null);
    lacks("path") && (lacks("sourceRef") || lacks("interval")) || parent.is_none() && lacks("sourceRef")
}

/// The folder that a `Kustomization` names, and whether it is one of an artifact: what is no Git repository holds as much
/// of this one as was put into it. The controller joins paths so that none leads out of the source: `..` at its root is
/// its root. <https://github.com/cyphar/filepath-securejoin>
fn folder(known: &Known<'_, '_>, spec: &Node, path: &str, said: Span) -> Option<(String, bool)> {
    let path = &inside(path);
    if let Some(folder) = known.folder(path, said) {
        return Some((folder, false));
    }
    let kind = spec.at(&["sourceRef", "kind"]).and_then(Node::as_str);
    if !matches!(kind, Some("OCIRepository" | "ExternalArtifact" | "Bucket")) {
        return None;
    }
    Some((known.in_artifact(path, said)?, true))
}

/// A path that leads nowhere out of where it starts.
fn inside(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// What a `Kustomization` adds to that of its folder.
fn overlay(spec: &Node) -> Option<Node> {
    let mut entries: Vec<(&str, Node)> = Vec::new();
    let renamed = [
        ("components", "components"),
        ("patches", "patches"),
        ("patchesStrategicMerge", "patchesStrategicMerge"),
        ("patchesJson6902", "patchesJson6902"),
        ("targetNamespace", "namespace"),
        ("images", "images"),
        ("namePrefix", "namePrefix"),
        ("nameSuffix", "nameSuffix"),
    ];
    for (from, to) in renamed {
        if let Some(value) = spec.get(from).filter(|value| !value.is_null()) {
            entries.push((to, value.clone()));
        }
    }
    if let Some(annotations) = spec.at(&["commonMetadata", "annotations"]) {
        entries.push(("commonAnnotations", annotations.clone()));
    }
    if let Some(labels) = spec.at(&["commonMetadata", "labels"]) {
        let label = mapping(labels.span, vec![("pairs", labels.clone())]);
        entries.push(("labels", Node::new(Value::List(vec![label]), labels.span)));
    }
    (!entries.is_empty()).then(|| mapping(spec.span, entries))
}

/// `spec.postBuild`: what it sets itself wins over what it takes from elsewhere, of which the last wins.
fn variables(known: &Known<'_, '_>, spec: &Node) -> Option<Variables> {
    let post = spec.get("postBuild").filter(|post| !post.is_null())?;
    let mut variables = Variables::default();
    for source in post.get("substituteFrom").map_or(&[][..], Node::items) {
        let name = source.get("name").and_then(Node::scalar).unwrap_or_default();
        let map = (source.get("kind").and_then(Node::as_str) == Some("ConfigMap")).then(|| known.config_map(&name));
        match map.flatten() {
            Some(map) => take(&mut variables, map.get("data")),
            // A Secret is not read: it should not stand in a repository as it is.
            None => variables.open = true,
        }
    }
    take(&mut variables, post.get("substitute"));
    Some(variables)
}

fn take(variables: &mut Variables, data: Option<&Node>) {
    for entry in data.map_or(&[][..], Node::entries) {
        match entry.value.scalar() {
            Some(value) => {
                variables.values.insert(entry.key.clone(), (value, entry.value.span));
            }
            None => variables.open = true,
        }
    }
}

/// Whether which folder a document delivers is filled in later.
pub(super) fn is_open(node: &Node) -> bool {
    concerns(node) && node.at(&["spec", "path"]).and_then(Node::as_str).is_some_and(|path| path.contains("${"))
}

/// Why what a document delivers is not here.
pub(super) fn elsewhere(known: &Known<'_, '_>, node: &Node) -> Option<(Span, String)> {
    if concerns(node) {
        let path = node.at(&["spec", "path"])?;
        let written = path.as_str()?;
        if written.contains("${") {
            return Some((path.span, format!("the folder that Flux delivers, `{written}`, is filled in later")));
        }
        let name = node.at(&["metadata", "name"]).unwrap_or(node);
        return folder(known, node.get("spec")?, written, name.span).is_none().then(|| {
            let source = node.at(&["spec", "sourceRef", "name"]).and_then(Node::scalar).unwrap_or_default();
            (path.span, format!("the folder `{written}` that Flux delivers from `{source}` is not here"))
        });
    }
    None
}

//! Kustomize's own transformers and generators where they are configured as plugins (`apiVersion: builtin`): each says
//! in its own words what a field of a kustomization says, and becomes one. What another program would do is not known.

use super::edit;
use crate::source::Span;
use crate::tree::{Node, Value};

/// The kustomization that a plugin's configuration amounts to; nothing for one that is not kustomize's own.
pub(super) fn amounts_to(config: &Node) -> Option<Node> {
    if config.get("apiVersion").and_then(Node::as_str) != Some("builtin") {
        return None;
    }
    let span = config.span;
    let mut made = edit::empty_map(span);
    let mut put = |key: &str, value: Node| edit::set(&mut made, key, value.span, value);
    let said = |key: &str| config.get(key).filter(|value| !value.is_null()).cloned();
    let own_fields = config.get("fieldSpecs").is_some();
    match config.get("kind").and_then(Node::as_str)? {
        "NamespaceTransformer" => put("namespace", config.at(&["metadata", "namespace"])?.clone()),
        // Prefixes and suffixes of some kinds only have no field of their own.
        "PrefixTransformer" if !own_fields => put("namePrefix", said("prefix")?),
        "SuffixTransformer" if !own_fields => put("nameSuffix", said("suffix")?),
        "LabelTransformer" => {
            let mut label = edit::empty_map(span);
            edit::set(&mut label, "pairs", span, said("labels")?);
            if let Some(fields) = said("fieldSpecs") {
                edit::set(&mut label, "fields", span, fields);
            }
            put("labels", list(label, span));
        }
        "AnnotationsTransformer" => put("commonAnnotations", said("annotations")?),
        "ImageTagTransformer" => put("images", list(said("imageTag")?, span)),
        "ReplicaCountTransformer" => put("replicas", list(said("replica")?, span)),
        "ReplacementTransformer" => put("replacements", said("replacements")?),
        "PatchTransformer" => put("patches", list(config_without_head(config), span)),
        "PatchJson6902Transformer" => {
            let mut patch = config_without_head(config);
            if let Some(operations) = edit::remove(&mut patch, "jsonOp") {
                edit::set(&mut patch, "patch", operations.span, operations);
            }
            put("patches", list(patch, span));
        }
        "PatchStrategicMergeTransformer" => {
            let mut each: Vec<Node> = config.get("paths").map_or(&[][..], Node::items).to_vec();
            each.extend(said("patches"));
            put("patchesStrategicMerge", Node::new(Value::List(each), span));
        }
        kind @ ("ConfigMapGenerator" | "SecretGenerator") => {
            let mut entry = config_without_head(config);
            edit::set(&mut entry, "name", span, config.at(&["metadata", "name"])?.clone());
            if let Some(namespace) = config.at(&["metadata", "namespace"]) {
                edit::set(&mut entry, "namespace", span, namespace.clone());
            }
            let key = if kind == "SecretGenerator" { "secretGenerator" } else { "configMapGenerator" };
            put(key, list(entry, span));
        }
        _ => return None,
    }
    Some(made)
}

fn list(item: Node, span: Span) -> Node {
    Node::new(Value::List(vec![item]), span)
}

fn config_without_head(config: &Node) -> Node {
    let mut rest = config.clone();
    for key in ["apiVersion", "kind", "metadata"] {
        edit::remove(&mut rest, key);
    }
    rest
}

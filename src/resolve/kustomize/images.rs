//! `images`, `replicas`, `labels` and annotations.

use regex::Regex;

use super::edit;
use super::fields::{FieldSpec, Leaf};
use super::resource::Resource;
use crate::source::Span;
use crate::tree::{Entry, Node, Text, Value};

/// Gives images another name, tag or digest.
pub(super) fn images(resources: &mut [Resource], image: &Node, fields: &[FieldSpec]) {
    let said = |key: &str| image.get(key).and_then(Node::scalar).filter(|text| !text.is_empty());
    let Some(name) = said("name") else { return };
    let pattern =
        format!("^(?:{name})(:[a-zA-Z0-9_.{{}}-]*)?(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{{}}-]*)?$");
    let Ok(pattern) = Regex::new(&pattern) else { return };
    let (new_name, new_tag, digest, suffix) = (said("newName"), said("newTag"), said("digest"), said("tagSuffix"));
    let by = ["digest", "newTag", "newName", "tagSuffix"].iter().find_map(|key| image.get(key)).unwrap_or(image).span;
    for resource in resources {
        let id = resource.id();
        if id.gvk.kind == "CustomResourceDefinition" {
            continue;
        }
        let mut change = |node: &mut Node| {
            let Some(old) = node.as_str().filter(|old| pattern.is_match(old)) else { return };
            let (mut own, mut tag, mut own_digest) = split(old);
            if let Some(new) = &new_name {
                own.clone_from(new);
            }
            match (&new_tag, &digest, &suffix) {
                (Some(new), given, _) => {
                    tag = Some(new.clone());
                    own_digest.clone_from(given);
                }
                (None, Some(given), _) => {
                    tag = None;
                    own_digest = Some(given.clone());
                }
                (None, None, Some(end)) => {
                    tag = Some(compact_str::format_compact!("{}{end}", tag.unwrap_or_default()));
                    own_digest = None;
                }
                (None, None, None) => {}
            }
            let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
            let digest = own_digest.map(|digest| format!("@{digest}")).unwrap_or_default();
            edit::retext(node, format!("{own}{tag}{digest}"), by);
        };
        for field in fields.iter().filter(|field| field.selects(&id.gvk)) {
            field.visit_present(&mut resource.node, &mut change);
        }
        everywhere(&mut resource.node, &mut change);
    }
}

/// Images of `containers` and `initContainers` at any depth, as kustomize's legacy image transformation finds them.
fn everywhere(node: &mut Node, change: &mut dyn FnMut(&mut Node)) {
    match &mut node.value {
        Value::Map(map) => {
            for entry in &mut map.entries {
                if matches!(entry.key.as_str(), "containers" | "initContainers") {
                    for container in edit::items_mut(&mut entry.value) {
                        if let Some(image) = edit::get_mut(container, "image") {
                            change(image);
                        }
                    }
                }
                everywhere(&mut entry.value, change);
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| everywhere(item, change)),
        _ => {}
    }
}

/// Name, tag and digest of an image reference. The host's port is no tag.
fn split(image: &str) -> (Text, Option<Text>, Option<Text>) {
    let (rest, digest) = image.split_once('@').map_or((image, None), |(rest, digest)| (rest, Some(digest.into())));
    let path = rest.find('/').unwrap_or(0);
    match rest[path..].find(':') {
        Some(at) => (rest[..path + at].into(), Some(rest[path + at + 1..].into()), digest),
        None => (rest.into(), None, digest),
    }
}

/// Sets how many copies run; whether there was anything to set.
pub(super) fn replicas(resources: &mut [Resource], replica: &Node, fields: &[FieldSpec]) -> bool {
    let Some(name) = replica.get("name").and_then(Node::scalar) else { return false };
    let Some(count) = replica.get("count") else { return false };
    let mut found = false;
    for resource in resources {
        let ids = || resource.previous.iter().cloned().chain([resource.id()]);
        let mut chosen = Vec::new();
        for field in fields {
            if ids().any(|id| id.name == name && field.selects(&id.gvk)) {
                chosen.push(field);
            }
        }
        for field in chosen {
            found = true;
            field.visit(&mut resource.node, &Leaf { span: count.span, map: false }, &mut |node| {
                if node.is_null() {
                    *node = count.clone();
                } else {
                    edit::replace(node, count.clone());
                }
            });
        }
    }
    found
}

/// Puts labels or annotations into the mappings that fields lead to.
pub(super) fn pairs(resources: &mut [Resource], pairs: &[Entry], fields: &[FieldSpec], by: Span) {
    if pairs.is_empty() {
        return;
    }
    for resource in resources {
        let gvk = resource.id().gvk;
        for field in fields.iter().filter(|field| field.selects(&gvk)) {
            field.visit(&mut resource.node, &Leaf { span: by, map: true }, &mut |node| {
                if !matches!(node.value, Value::Map(_) | Value::Null) {
                    return;
                }
                for pair in pairs {
                    let text = pair.value.scalar().unwrap_or_default();
                    edit::set(node, &pair.key, pair.key_span, Node::new(Value::String(text), pair.value.span));
                }
            });
        }
    }
}

//! Strategic merge patches, as Kubernetes' API conventions and kustomize's `merge2` apply them.
//!
//! Maps are merged key by key and `null` deletes. Lists are replaced, but for those whose items the Kubernetes API tells
//! apart by a key (`x-kubernetes-patch-merge-key` and `x-kubernetes-list-map-keys` of its `OpenAPI` description): their
//! items are merged one by one, those of the patch first. Custom resources have no such keys, so theirs are replaced.

use super::edit;
use super::resource::Gvk;
use crate::tree::{Entry, Map, Node, Value};

/// Lists whose items have a key: the field, the field it stands in (empty: any), and the keys, the first of which
/// must be there. From the `OpenAPI` description of Kubernetes.
const LISTS: &[(&str, &str, &[&str])] = &[
    ("containers", "", &["name"]),
    ("initContainers", "", &["name"]),
    ("ephemeralContainers", "", &["name"]),
    ("env", "", &["name"]),
    ("volumes", "", &["name"]),
    ("volumeMounts", "", &["mountPath"]),
    ("volumeDevices", "", &["devicePath"]),
    ("imagePullSecrets", "", &["name"]),
    ("hostAliases", "", &["ip"]),
    ("topologySpreadConstraints", "", &["topologyKey", "whenUnsatisfiable"]),
    ("resourceClaims", "", &["name"]),
    ("schedulingGates", "", &["name"]),
    ("claims", "resources", &["name"]),
    ("ports", "containers", &["containerPort", "protocol"]),
    ("ports", "initContainers", &["containerPort", "protocol"]),
    ("ports", "ephemeralContainers", &["containerPort", "protocol"]),
    ("ports", "spec", &["port", "protocol"]),
    ("secrets", "", &["name"]),
    ("webhooks", "", &["name"]),
    ("matchConditions", "", &["name"]),
    ("conditions", "status", &["type"]),
    ("addresses", "status", &["type"]),
    ("ownerReferences", "metadata", &["uid"]),
];

/// Lists of plain values that are merged as sets.
const SETS: &[(&str, &str)] = &[("finalizers", "metadata")];

/// What a patch says of the value it stands for.
enum Directive {
    Merge,
    Replace,
    Delete,
}

/// What merging gives.
pub(super) enum Outcome {
    /// The value stays, changed.
    Kept,
    /// The patch deletes it.
    Deleted,
}

/// Merges a patch into an object of a kind.
pub(super) fn merge(target: &mut Node, patch: &Node, gvk: &Gvk) -> Outcome {
    map(target, patch, &Context { builtin: gvk.is_builtin(), field: "", parent: "" })
}

#[derive(Clone, Copy)]
struct Context<'a> {
    builtin: bool,
    field: &'a str,
    parent: &'a str,
}

impl<'a> Context<'a> {
    fn below(&self, field: &'a str) -> Self {
        Self { builtin: self.builtin, field, parent: self.field }
    }

    fn keys(&self) -> Option<&'static [&'static str]> {
        let row = LISTS
            .iter()
            .find(|(field, parent, _)| *field == self.field && (parent.is_empty() || *parent == self.parent));
        row.filter(|_| self.builtin).map(|(.., keys)| *keys)
    }

    fn is_set(&self) -> bool {
        SETS.contains(&(self.field, self.parent))
    }
}

fn directive(patch: &Node) -> Directive {
    match patch.get("$patch").and_then(Node::as_str) {
        Some("delete") => Directive::Delete,
        Some("replace") => Directive::Replace,
        _ => Directive::Merge,
    }
}

fn map(target: &mut Node, patch: &Node, context: &Context<'_>) -> Outcome {
    match directive(patch) {
        Directive::Delete => return Outcome::Deleted,
        Directive::Replace => {
            edit::replace(target, added(patch));
            return Outcome::Kept;
        }
        Directive::Merge => {}
    }
    let Value::Map(changes) = &patch.value else {
        edit::replace(target, patch.clone());
        return Outcome::Kept;
    };
    if !matches!(target.value, Value::Map(_)) {
        edit::replace(target, added(patch));
        return Outcome::Kept;
    }
    for entry in &changes.entries {
        let key = entry.key.as_str();
        if key == "$retainKeys" {
            retain(target, &entry.value);
        } else if let Some(field) = key.strip_prefix("$deleteFromPrimitiveList/") {
            if let Some(Node { value: Value::List(items), .. }) = edit::get_mut(target, field) {
                items.retain(|item| !entry.value.items().iter().any(|gone| edit::same(item, gone)));
            }
        } else if !key.starts_with('$') {
            field(target, entry, &context.below(key));
        }
    }
    Outcome::Kept
}

/// Keeps only the keys a patch lists.
fn retain(target: &mut Node, keys: &Node) {
    if let Value::Map(map) = &mut target.value {
        map.entries.retain(|entry| keys.items().iter().any(|key| key.as_str() == Some(entry.key.as_str())));
    }
}

fn field(target: &mut Node, entry: &Entry, context: &Context<'_>) {
    if entry.value.is_null() {
        edit::remove(target, &entry.key);
        return;
    }
    let Some(old) = edit::get_mut(target, &entry.key) else {
        if !matches!(directive(&entry.value), Directive::Delete) {
            edit::set(target, &entry.key, entry.key_span, added(&entry.value));
        }
        return;
    };
    let outcome = match (&old.value, &entry.value.value) {
        (Value::Map(_), Value::Map(_)) => map(old, &entry.value, context),
        (Value::List(_), Value::List(_)) => list(old, &entry.value, context),
        _ => {
            edit::replace(old, added(&entry.value));
            Outcome::Kept
        }
    };
    if matches!(outcome, Outcome::Deleted) {
        edit::remove(target, &entry.key);
    }
}

fn list(target: &mut Node, patch: &Node, context: &Context<'_>) -> Outcome {
    let lone = |wanted: &str| {
        let said =
            |item: &&Node| item.get("$patch").and_then(Node::as_str) == Some(wanted) && item.entries().len() == 1;
        patch.items().iter().any(|item| said(&item))
    };
    if lone("replace") {
        edit::replace(target, added(patch));
        return Outcome::Kept;
    }
    if lone("delete") {
        return Outcome::Deleted;
    }
    if let Some(keys) = context.keys() {
        keyed(target, patch, keys, context);
    } else if context.is_set() {
        union(target, patch);
    } else {
        edit::replace(target, added(patch));
    }
    Outcome::Kept
}

/// Whether two items are the same by their keys; a further key that only one of them has does not tell them apart.
fn identical(left: &Node, right: &Node, keys: &[&str]) -> bool {
    keys.iter().enumerate().all(|(index, key)| {
        let (left, right) = (left.get(key).and_then(Node::scalar), right.get(key).and_then(Node::scalar));
        match (left, right) {
            (Some(left), Some(right)) => left == right,
            _ => index > 0,
        }
    })
}

/// Merges items by their keys: those that the patch names come first, in its order.
fn keyed(target: &mut Node, patch: &Node, keys: &[&str], context: &Context<'_>) {
    let Value::List(old) = &mut target.value else { return };
    let mut rest: Vec<Option<Node>> = std::mem::take(old).into_iter().map(Some).collect();
    let mut merged: Vec<Node> = Vec::with_capacity(rest.len());
    for change in patch.items() {
        // The exact item first: of two that differ in a further key only, the right one.
        let exact = |item: &Option<Node>| {
            item.as_ref().is_some_and(|item| {
                keys.iter().all(|key| item.get(key).and_then(Node::scalar) == change.get(key).and_then(Node::scalar))
            })
        };
        let alike = |item: &Option<Node>| item.as_ref().is_some_and(|item| identical(item, change, keys));
        let at = rest.iter().position(exact).or_else(|| rest.iter().position(alike));
        match at.and_then(|at| rest[at].take()) {
            Some(mut item) => {
                if matches!(map(&mut item, change, context), Outcome::Kept) {
                    merged.push(item);
                }
            }
            None if matches!(directive(change), Directive::Delete) => {}
            None => merged.push(added(change)),
        }
    }
    merged.extend(rest.into_iter().flatten());
    target.value = Value::List(merged);
}

fn union(target: &mut Node, patch: &Node) {
    let Value::List(old) = &mut target.value else { return };
    let before = std::mem::take(old);
    old.extend(patch.items().iter().cloned());
    for item in before {
        if !old.iter().any(|known| edit::same(known, &item)) {
            old.push(item);
        }
    }
}

/// A patch's value where there was none: without its directives and what they delete.
fn added(patch: &Node) -> Node {
    let value = match &patch.value {
        Value::Map(map) => {
            let kept = map.entries.iter().filter(|entry| !entry.key.starts_with('$') && !entry.value.is_null());
            let kept = kept.filter(|entry| !matches!(directive(&entry.value), Directive::Delete));
            let entries = kept.map(|entry| Entry { value: added(&entry.value), ..entry.clone() });
            Value::Map(Map { entries: entries.collect() })
        }
        Value::List(items) => {
            let kept = items.iter().filter(|item| !matches!(directive(item), Directive::Delete));
            // An item that is nothing but a directive is none.
            let kept = kept.filter(|item| !(item.get("$patch").is_some() && item.entries().len() == 1));
            Value::List(kept.map(added).collect())
        }
        other => other.clone(),
    };
    Node { value, span: patch.span, via: patch.via.clone() }
}

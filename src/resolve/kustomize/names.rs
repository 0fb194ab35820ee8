//! Names that change, and references that follow them: prefixes, suffixes, namespaces, back references.

use std::collections::{BTreeMap, BTreeSet};

use super::edit;
use super::fields::{FieldSpec, Fields, Leaf, NameReference};
use super::resource::{Id, Resource};
use crate::source::Span;
use crate::tree::{Node, Text, Value};

/// What neither prefixes nor suffixes reach: names that others fix.
fn keeps_its_name(id: &Id) -> bool {
    matches!(id.gvk.kind.as_str(), "CustomResourceDefinition" | "Namespace")
        || (id.gvk.kind == "APIService" && id.gvk.group == "apiregistration.k8s.io")
}

/// Puts a prefix before names.
pub(super) fn prefix(resources: &mut [Resource], prefix: &Node, fields: &[FieldSpec]) {
    let Some(text) = prefix.scalar().filter(|text| !text.is_empty()) else { return };
    affix(
        resources,
        fields,
        prefix.span,
        |resource| resource.prefixes.push(text.clone()),
        |name| compact_str::format_compact!("{text}{name}"),
    );
}

/// Puts a suffix after names.
pub(super) fn suffix(resources: &mut [Resource], suffix: &Node, fields: &[FieldSpec]) {
    let Some(text) = suffix.scalar().filter(|text| !text.is_empty()) else { return };
    affix(
        resources,
        fields,
        suffix.span,
        |resource| resource.suffixes.push(text.clone()),
        |name| compact_str::format_compact!("{name}{text}"),
    );
}

fn affix(
    resources: &mut [Resource],
    fields: &[FieldSpec],
    by: Span,
    note: impl Fn(&mut Resource),
    change: impl Fn(&str) -> Text,
) {
    for resource in resources {
        let first = resource.first_id();
        if keeps_its_name(&first) {
            continue;
        }
        for field in fields.iter().filter(|field| field.selects(&first.gvk)) {
            if field.path.len() == 2 && field.path[0] == "metadata" && field.path[1] == "name" {
                note(resource);
                resource.remember();
            }
            field.visit(&mut resource.node, &Leaf { span: by, map: false }, &mut |node| {
                if let Some(name) = node.scalar() {
                    edit::retext(node, change(&name), by);
                }
            });
        }
    }
}

/// Puts everything that a namespace can hold into one.
pub(super) fn namespace(resources: &mut [Resource], namespace: &Node, fields: &[FieldSpec]) {
    let Some(text) = namespace.scalar().filter(|text| !text.is_empty()) else { return };
    let set = |node: &mut Node| edit::replace(node, Node::new(Value::String(text.clone()), namespace.span));
    for resource in resources {
        resource.remember();
        let id = resource.id();
        let leaf = Leaf { span: namespace.span, map: false };
        if !id.gvk.is_cluster_scoped() {
            FieldSpec::new("", "metadata/namespace", true).visit(&mut resource.node, &leaf, &mut |node| set(node));
        }
        if matches!(id.gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding") {
            for subject in edit::get_mut(&mut resource.node, "subjects").map_or(&mut [][..], edit::items_mut) {
                if subject.get("name").and_then(Node::as_str) == Some("default") {
                    edit::set(
                        subject,
                        "namespace",
                        namespace.span,
                        Node::new(Value::String(text.clone()), namespace.span),
                    );
                }
            }
        }
        for field in fields.iter().filter(|field| field.selects(&id.gvk)) {
            // `metadata.namespace` is set above; `metadata.name` is that of core Namespaces only.
            let settled = match field.path.iter().map(Text::as_str).collect::<Vec<_>>()[..] {
                ["metadata", "namespace"] => true,
                ["metadata", "name"] => !id.gvk.group.is_empty(),
                _ => false,
            };
            if !settled {
                field.visit(&mut resource.node, &leaf, &mut |node| {
                    if let Some(old) = node.scalar() {
                        // The name of a Namespace stays where it is written.
                        if old != text {
                            edit::retext(node, text.clone(), namespace.span);
                        }
                    } else if node.is_null() {
                        set(node);
                    }
                });
            }
        }
    }
}

/// What a reference may be to: the names and kinds that an object had before, and its names now.
struct Candidate {
    now: Id,
    previous: Vec<Id>,
    prefixes: Vec<Text>,
    suffixes: Vec<Text>,
}

/// Follows every reference to an object whose name has changed.
pub(super) fn follow(resources: &mut [Resource], fields: &Fields) {
    let candidates: Vec<Candidate> = resources
        .iter()
        .filter(|resource| !resource.previous.is_empty())
        .map(|resource| Candidate {
            now: resource.id(),
            previous: resource.previous.clone(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
        })
        .collect();
    if candidates.is_empty() {
        return;
    }
    let referrers: Vec<(Referrer, Id)> = resources.iter().map(|it| (Referrer::of(it), it.first_id())).collect();
    for reference in &fields.references {
        let mut called: Called<'_> = BTreeMap::new();
        for candidate in candidates.iter().filter(|it| it.previous.iter().any(|id| names_kind(reference, id))) {
            let names: BTreeSet<&str> = candidate.previous.iter().map(|id| id.name.as_str()).collect();
            for name in names {
                called.entry(name).or_default().push(candidate);
            }
        }
        if called.is_empty() {
            continue;
        }
        for (resource, (referrer, first)) in resources.iter_mut().zip(&referrers) {
            for field in reference.fields.iter().filter(|field| field.selects(&first.gvk)) {
                let of_role =
                    field.path.last().is_some_and(|key| key == "name") && field.path.iter().any(|key| key == "roleRef");
                field.visit_present(&mut resource.node, &mut |node| point(node, &called, referrer, of_role));
            }
        }
    }
}

/// What may be meant by a name: everything that was once called so.
type Called<'c> = BTreeMap<&'c str, Vec<&'c Candidate>>;

fn names_kind(reference: &NameReference, id: &Id) -> bool {
    id.gvk.is_selected(&reference.group, &reference.version, &reference.kind)
}

/// Who refers.
struct Referrer {
    now: Id,
    prefixes: Vec<Text>,
    suffixes: Vec<Text>,
    role: Option<(Text, Text)>,
    /// Namespaces that the subjects of a binding name.
    namespaces: BTreeSet<Text>,
    binds: bool,
}

impl Referrer {
    fn of(resource: &Resource) -> Self {
        let now = resource.id();
        let role = resource.node.get("roleRef").and_then(|role| {
            Some((role.get("apiGroup").and_then(Node::scalar)?, role.get("kind").and_then(Node::scalar)?))
        });
        let binds = matches!(now.gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
        let subjects = resource.node.get("subjects").map_or(&[][..], Node::items);
        let namespaces = subjects.iter().filter_map(|subject| subject.get("namespace")?.scalar()).collect();
        Self { now, prefixes: resource.prefixes.clone(), suffixes: resource.suffixes.clone(), role, namespaces, binds }
    }

    /// Whether it can refer to something at all: what is in its namespace, or in none, or an account it binds.
    fn reaches(&self, candidate: &Candidate) -> bool {
        let account = candidate.now.gvk.kind == "ServiceAccount";
        let bound = || {
            self.binds
                && account
                && (self.namespaces.contains(&candidate.now.namespace)
                    || candidate.previous.iter().any(|id| self.namespaces.contains(&id.namespace)))
        };
        self.now.gvk.is_cluster_scoped()
            || candidate.now.gvk.is_cluster_scoped()
            || self.now.effective_namespace() == candidate.now.effective_namespace()
            || bound()
    }

    fn is_role(&self, candidate: &Candidate) -> bool {
        let Some((group, kind)) = &self.role else { return true };
        candidate.previous.iter().any(|id| id.gvk.group == *group && id.gvk.kind == *kind)
    }
}

/// Points a name, or a mapping that holds `name` and perhaps `namespace`, to what it means now.
fn point(node: &mut Node, called: &Called<'_>, referrer: &Referrer, of_role: bool) {
    let meant = |name: &str| -> Vec<&Candidate> {
        let all = called.get(name).into_iter().flatten().copied();
        all.filter(|it| referrer.reaches(it) && (!of_role || referrer.is_role(it))).collect()
    };
    match &node.value {
        Value::List(_) => {
            for item in edit::items_mut(node) {
                point(item, called, referrer, of_role);
            }
        }
        Value::Map(_) => {
            let namespace = node.get("namespace").and_then(Node::scalar);
            let Some(name) = node.get("name").and_then(Node::scalar) else { return };
            let mut candidates = meant(&name);
            if let Some(namespace) = namespace {
                let at = |id: &Id| id.effective_namespace() == namespace;
                if candidates.iter().any(|it| it.previous.first().is_some_and(at)) {
                    candidates.retain(|it| it.previous.first().is_some_and(at));
                } else {
                    candidates.retain(|it| at(&it.now));
                }
            }
            let Some(meant) = choose(candidates, referrer, true) else { return };
            let span = node.span;
            if let Some(old) = edit::get_mut(node, "name")
                && meant.now.name != name
            {
                let by = old.span;
                edit::retext(old, meant.now.name.clone(), by);
            }
            if !meant.now.namespace.is_empty() {
                let value = Value::String(meant.now.namespace.clone());
                match edit::get_mut(node, "namespace") {
                    Some(old) => old.value = value,
                    None => edit::set(node, "namespace", span, Node::new(value, span)),
                }
            }
        }
        _ => {
            let Some(name) = node.scalar() else { return };
            if let Some(meant) = choose(meant(&name), referrer, false)
                && meant.now.name != name
            {
                let by = node.span;
                edit::retext(node, meant.now.name.clone(), by);
            }
        }
    }
}

/// The object that is meant: the only one, else the one that went the referrer's way.
fn choose<'c>(called: Vec<&'c Candidate>, referrer: &Referrer, with_namespace: bool) -> Option<&'c Candidate> {
    if let [only] = called[..] {
        return Some(only);
    }
    let mut same: Vec<&Candidate> = called.into_iter().filter(|it| same_way(it, referrer, true)).collect();
    if same.len() > 1 {
        same.retain(|it| same_way(it, referrer, false));
    }
    let first = *same.first()?;
    let alike =
        |it: &&Candidate| it.now.name == first.now.name && (!with_namespace || it.now.namespace == first.now.namespace);
    same.iter().all(alike).then_some(first)
}

/// Whether an object was given the same prefixes and suffixes as the referrer, as far as both have any.
fn same_way(candidate: &Candidate, referrer: &Referrer, lenient: bool) -> bool {
    let ends = |left: &[Text], right: &[Text]| {
        let shared = left.len().min(right.len());
        // None at all is only the way of what has none either.
        (shared > 0 || left.len() == right.len()) && left[left.len() - shared..] == right[right.len() - shared..]
    };
    let free = |left: &[Text], right: &[Text]| lenient && (left.is_empty() || right.is_empty());
    (free(&candidate.prefixes, &referrer.prefixes) || ends(&candidate.prefixes, &referrer.prefixes))
        && (free(&candidate.suffixes, &referrer.suffixes) || ends(&candidate.suffixes, &referrer.suffixes))
}

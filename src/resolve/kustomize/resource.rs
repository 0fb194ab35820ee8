//! One object on its way through a build: what it is, what it was called before, and how selectors find it.

use regex::Regex;

use crate::tree::{Node, Text};

/// Group, version and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Gvk {
    pub(super) group: Text,
    pub(super) version: Text,
    pub(super) kind: Text,
}

/// Kinds of Kubernetes that no namespace holds (its `OpenAPI` description). Kinds that are not known count as namespaced,
/// as they do for kustomize.
const CLUSTER_SCOPED: &[&str] = &[
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ComponentStatus",
    "CustomResourceDefinition",
    "FlowSchema",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "NodeProxyOptions",
    "PersistentVolume",
    "PodSecurityPolicy",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
];

/// API groups of Kubernetes without a dot.
const PLAIN_GROUPS: &[&str] = &["", "apps", "batch", "autoscaling", "policy", "extensions"];

impl Gvk {
    pub(super) fn of(node: &Node) -> Self {
        let version = node.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = node.get("kind").and_then(Node::as_str).unwrap_or_default();
        Self { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Whether it is of Kubernetes itself.
    pub(super) fn is_builtin(&self) -> bool {
        PLAIN_GROUPS.contains(&self.group.as_str()) || self.group.ends_with(".k8s.io")
    }

    /// Whether no namespace holds it.
    pub(super) fn is_cluster_scoped(&self) -> bool {
        self.is_builtin() && CLUSTER_SCOPED.contains(&self.kind.as_str())
    }

    /// Whether a field specification that names these (empty: any) is for it.
    pub(super) fn is_selected(&self, group: &str, version: &str, kind: &str) -> bool {
        let fits = |wanted: &str, own: &str| wanted.is_empty() || wanted == own;
        fits(group, &self.group) && fits(version, &self.version) && fits(kind, &self.kind)
    }
}

/// What an object is known by.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) gvk: Gvk,
    pub(super) name: Text,
    pub(super) namespace: Text,
}

impl Id {
    /// The id a document gives itself.
    pub(super) fn of(node: &Node) -> Self {
        let said = |key: &str| node.at(&["metadata", key]).and_then(Node::scalar).unwrap_or_default();
        Self { gvk: Gvk::of(node), name: said("name"), namespace: said("namespace") }
    }

    /// The namespace it is in: none for what is cluster-scoped, `default` where nothing is said.
    pub(super) fn effective_namespace(&self) -> &str {
        if self.gvk.is_cluster_scoped() {
            "\0"
        } else if self.namespace.is_empty() {
            "default"
        } else {
            &self.namespace
        }
    }

    /// Whether both mean one object.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.gvk == other.gvk && self.name == other.name && self.effective_namespace() == other.effective_namespace()
    }

    /// The id with the namespace it is in, so that two that mean one object are equal.
    pub(super) fn settled(mut self) -> Self {
        self.namespace = self.effective_namespace().into();
        self
    }

    /// `Kind/name`.
    pub(super) fn title(&self) -> Text {
        compact_str::format_compact!("{}/{}", self.gvk.kind, self.name)
    }
}

/// What a generated object does with one that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behavior {
    /// There may be none.
    Create,
    /// It takes its place.
    Replace,
    /// Its data are put over the other's.
    Merge,
}

/// An object on its way.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    /// The object as it stands now.
    pub(super) node: Node,
    /// What it was called before each change, the first first.
    pub(super) previous: Vec<Id>,
    /// Prefixes and suffixes given to it, in order.
    pub(super) prefixes: Vec<Text>,
    pub(super) suffixes: Vec<Text>,
}

impl Resource {
    pub(super) fn new(node: Node) -> Self {
        Self { node, previous: Vec::new(), prefixes: Vec::new(), suffixes: Vec::new() }
    }

    /// What it is called now.
    pub(super) fn id(&self) -> Id {
        Id::of(&self.node)
    }

    /// What it was called first.
    pub(super) fn first_id(&self) -> Id {
        self.previous.first().cloned().unwrap_or_else(|| self.id())
    }

    /// Remembers what it is called before that changes.
    pub(super) fn remember(&mut self) {
        let id = self.id();
        if self.previous.last() != Some(&id) {
            self.previous.push(id);
        }
    }

    /// Whether it is, or was once, called this.
    pub(super) fn is_or_was(&self, id: &Id) -> bool {
        self.id().same(id) || self.previous.iter().any(|previous| previous.same(id))
    }

    /// A label's or annotation's value.
    fn tag(&self, list: &str, key: &str) -> Option<Text> {
        self.node.at(&["metadata", list])?.get(key)?.scalar()
    }
}

/// A selector of `patches`, `patchesJson6902` and `replacements`.
#[derive(Debug, Default)]
pub(super) struct Selector {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Vec<Term>,
    annotations: Vec<Term>,
}

/// How long a pattern of a selector may be.
const LONGEST_PATTERN: usize = 512;

impl Selector {
    /// Reads a selector; an error says what is wrong with it.
    pub(super) fn read(node: &Node) -> Result<Self, String> {
        let pattern = |key: &str| -> Result<Option<Regex>, String> {
            let Some(written) = node.get(key).and_then(Node::scalar).filter(|written| !written.is_empty()) else {
                return Ok(None);
            };
            let bad = || format!("`{key}: {written}` is not a regular expression");
            if written.len() > LONGEST_PATTERN {
                return Err(bad());
            }
            Regex::new(&format!("^(?:{written})$")).map(Some).map_err(|_| bad())
        };
        let terms = |key: &str| -> Result<Vec<Term>, String> {
            let written = node.get(key).and_then(Node::scalar).unwrap_or_default();
            terms(&written).ok_or_else(|| format!("`{key}: {written}` is not a selector"))
        };
        Ok(Self {
            group: pattern("group")?,
            version: pattern("version")?,
            kind: pattern("kind")?,
            name: pattern("name")?,
            namespace: pattern("namespace")?,
            labels: terms("labelSelector")?,
            annotations: terms("annotationSelector")?,
        })
    }

    /// Whether it selects an object, by what it is called now or was called first.
    pub(super) fn selects(&self, resource: &Resource) -> bool {
        let (now, first) = (resource.id(), resource.first_id());
        self.kinds(&now.gvk)
            && (fits(self.name.as_ref(), &first.name) || fits(self.name.as_ref(), &now.name))
            && (fits(self.namespace.as_ref(), visible(&first)) || fits(self.namespace.as_ref(), visible(&now)))
            && self.tagged(resource)
    }

    /// Whether it selects an object by any name it has had.
    pub(super) fn selects_any(&self, resource: &Resource) -> bool {
        let ids = resource.previous.iter().cloned().chain([resource.id()]);
        let named = |id: &Id| {
            self.kinds(&id.gvk) && fits(self.name.as_ref(), &id.name) && fits(self.namespace.as_ref(), visible(id))
        };
        self.tagged(resource) && ids.into_iter().any(|id| named(&id))
    }

    fn kinds(&self, gvk: &Gvk) -> bool {
        fits(self.group.as_ref(), &gvk.group)
            && fits(self.version.as_ref(), &gvk.version)
            && fits(self.kind.as_ref(), &gvk.kind)
    }

    fn tagged(&self, resource: &Resource) -> bool {
        self.labels.iter().all(|term| term.holds(resource.tag("labels", &term.key)))
            && self.annotations.iter().all(|term| term.holds(resource.tag("annotations", &term.key)))
    }
}

fn visible(id: &Id) -> &str {
    match id.effective_namespace() {
        "\0" => "_non_namespaceable_",
        other => other,
    }
}

fn fits(pattern: Option<&Regex>, text: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.is_match(text))
}

/// One requirement of a label selector in its text form (`app=web,tier!=db,env in (a,b),!old`).
#[derive(Debug)]
struct Term {
    key: Text,
    /// `None`: the key itself is asked for.
    values: Option<Vec<Text>>,
    negated: bool,
}

impl Term {
    fn holds(&self, value: Option<Text>) -> bool {
        let held = match (&self.values, value) {
            (None, value) => value.is_some(),
            (Some(values), Some(value)) => values.contains(&value),
            (Some(_), None) => false,
        };
        held != self.negated
    }
}

fn terms(written: &str) -> Option<Vec<Term>> {
    let mut terms = Vec::new();
    let mut rest = written.trim();
    while !rest.is_empty() {
        let mut depth = 0;
        let end = rest.char_indices().find(|(_, letter)| {
            match letter {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            *letter == ',' && depth == 0
        });
        let (one, after) = match end {
            Some((at, _)) => (&rest[..at], &rest[at + 1..]),
            None => (rest, ""),
        };
        terms.push(term(one.trim())?);
        rest = after.trim();
    }
    Some(terms)
}

fn term(written: &str) -> Option<Term> {
    let key_of = |text: &str| {
        let text = text.trim();
        (!text.is_empty() && !text.contains([' ', '(', ')', '='])).then(|| Text::from(text))
    };
    if let Some((head, list)) = written.split_once('(') {
        let list = list.strip_suffix(')')?;
        let values = Some(list.split(',').map(|value| Text::from(value.trim())).collect());
        let head = head.trim();
        let (key, negated) = match head.strip_suffix(" notin") {
            Some(key) => (key, true),
            None => (head.strip_suffix(" in")?, false),
        };
        return Some(Term { key: key_of(key)?, values, negated });
    }
    if let Some((key, value)) = written.split_once("!=") {
        return Some(Term { key: key_of(key)?, values: Some(vec![value.trim().into()]), negated: true });
    }
    if let Some((key, value)) = written.split_once('=') {
        let value = value.strip_prefix('=').unwrap_or(value).trim();
        return Some(Term { key: key_of(key)?, values: Some(vec![value.into()]), negated: false });
    }
    match written.strip_prefix('!') {
        Some(key) => Some(Term { key: key_of(key)?, values: None, negated: true }),
        None => Some(Term { key: key_of(written)?, values: None, negated: false }),
    }
}

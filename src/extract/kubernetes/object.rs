//! What every Kubernetes object has: its kind, names, labels and place. And scalars that may still hold a substitution.

use crate::extract::Input;
use crate::model::{Fact, Labels, Place};
use crate::source::{Sources, Span, parent};
use crate::tree::{Node, Text, Unknown};

/// A Kubernetes object, its envelope read.
pub(super) struct Object<'a> {
    /// The API group, empty for the core group.
    pub(super) group: &'a str,
    /// The kind.
    pub(super) kind: &'a str,
    /// `metadata.name`.
    pub(super) name: Text,
    /// `metadata.namespace`.
    pub(super) namespace: Fact<Text>,
    /// `metadata.labels`.
    pub(super) labels: Labels,
    /// `metadata.annotations`.
    pub(super) annotations: Labels,
    /// Where: the head is the value of `metadata.name`.
    pub(super) place: Place,
    /// Whether its own name says that it is not for production (`orders-staging`).
    pub(super) aside: bool,
    /// The whole object.
    pub(super) node: &'a Node,
    sources: Option<&'a Sources>,
}

impl<'a> Object<'a> {
    /// Reads an object's envelope; nothing without `apiVersion`, `kind` and a name. Where the name is all template
    /// (`{{ … }}`), nothing could be joined by it: that file is an unrendered chart, which discovery reports as a gap.
    ///
    /// A name that is still to be substituted (`${APP}`) belongs to a template that others instantiate, and what stands
    /// in a folder of documentation shows how something would be done: such an object is a library, kept for joins, not
    /// judged.
    pub(super) fn read(input: &Input<'a>, node: &'a Node) -> Option<Self> {
        let version = node.get("apiVersion")?.as_str()?;
        let kind = node.get("kind")?.as_str()?;
        let metadata = node.get("metadata")?;
        let named = metadata.get("name").or_else(|| metadata.get("generateName"))?;
        let namespace = optional(metadata.get("namespace"), named.span, text);
        // A starter, in which a name is still to be put: no object may be called so.
        if named.as_str().is_some_and(|name| name.contains(['<', '>'])) {
            return None;
        }
        let words: Vec<&str> = namespace.value().map(Text::as_str).into_iter().collect();
        let name = text(named);
        let place = input.place(head(input, node, named), &words);
        let shown =
            place.path.split('/').rev().skip(1).any(|folder| matches!(folder, "docs" | "doc" | "documentation"));
        let place = Place { library: place.library || name.reason().is_some() || shown, ..place };
        Some(Self {
            group: version.split_once('/').map_or("", |(group, _)| group),
            kind,
            name: named.scalar()?,
            aside: name.value().and_then(|name| input.environments.of_word(name)).is_some_and(|it| !it.production),
            namespace,
            labels: Labels::read(metadata.get("labels")),
            annotations: Labels::read(metadata.get("annotations")),
            place,
            node,
            sources: input.sources,
        })
    }

    /// `Kind/name`.
    pub(super) fn title(&self) -> Text {
        compact_str::format_compact!("{}/{}", self.kind, self.name)
    }

    /// The value at a path below the object.
    pub(super) fn at(&self, path: &[&str]) -> Option<&'a Node> {
        self.node.at(path)
    }

    /// Where the object's head stands.
    pub(super) fn head(&self) -> Span {
        self.place.span
    }

    /// The path of the file that something of a rendered object was written in.
    pub(super) fn path_of(&self, span: Span) -> Text {
        self.sources.map_or_else(|| self.place.path.clone(), |sources| sources.path(span).into())
    }

    /// The fact at a path, absent at the object's head.
    pub(super) fn fact<T>(&self, path: &[&str], read: fn(&Node) -> Fact<T>) -> Fact<T> {
        optional(self.at(path), self.head(), read)
    }
}

/// Where the name of an object stands. One that Terraform puts in from a local or a variable beside it stands where it
/// is put in: what else is called so has the same value.
fn head(input: &Input<'_>, object: &Node, named: &Node) -> Span {
    let Some(sources) = input.sources else { return named.span };
    let used = named.via.iter().flatten().next().filter(|used| used.source == object.span.source);
    let (resource, value) = (sources.path(object.span), sources.path(named.span));
    let of_terraform = matches!(resource.rsplit('.').next(), Some("tf" | "tofu"));
    let beside = parent(resource) == parent(value) || value.contains(".tfvars");
    used.filter(|_| of_terraform && beside).copied().unwrap_or(named.span)
}

/// The fact of a node that may be missing; absent where it was looked for.
pub(super) fn optional<T>(node: Option<&Node>, looked_at: Span, read: fn(&Node) -> Fact<T>) -> Fact<T> {
    node.filter(|node| !node.is_null()).map_or_else(|| Fact::absent(looked_at), read)
}

/// A scalar as text, unknown while it holds a substitution.
pub(super) fn text(node: &Node) -> Fact<Text> {
    substituted(node).unwrap_or_else(|| Fact::read(node, Node::scalar))
}

/// A whole number, unknown while it holds a substitution.
pub(super) fn int(node: &Node) -> Fact<i64> {
    substituted(node)
        .unwrap_or_else(|| Fact::read(node, |node| node.as_int().or_else(|| node.as_str()?.trim().parse().ok())))
}

/// A boolean, unknown while it holds a substitution.
pub(super) fn boolean(node: &Node) -> Fact<bool> {
    substituted(node).unwrap_or_else(|| {
        Fact::read(node, |node| node.as_bool().or_else(|| node.as_str()?.trim().to_ascii_lowercase().parse().ok()))
    })
}

/// The unknown of a scalar that something fills in later: `${VAR}` (Flux, envsubst), `{{ … }}` (a template engine).
/// `$(VAR)` is Kubernetes' own, and is filled in inside the container.
fn substituted<T>(node: &Node) -> Option<Fact<T>> {
    let written = node.as_str()?;
    has_substitution(written).then(|| {
        Fact::unknown(Unknown::new(
            format!("`{}` is filled in when it is applied", written.trim()),
            "audit the rendered manifests as well",
            node.span,
        ))
    })
}

/// Whether a text still holds a substitution.
pub(super) fn has_substitution(written: &str) -> bool {
    written.contains("{{") || written.contains("${") || written.contains("<%") || {
        written.strip_prefix('$').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()))
    }
}

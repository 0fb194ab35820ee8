//! Argo CD `Application`s that install a chart of the repository.
//! <https://argo-cd.readthedocs.io/en/stable/user-guide/helm/>

use crate::parse::embedded;
use crate::source::{Source, SourceId, Span, join};
use crate::tree::{Content, Document, Entry, Map, Node, Text, Value};

/// A chart that a deployer installs, as far as it says so.
#[derive(Clone, Debug)]
pub(in crate::resolve) struct Call {
    /// The chart's folder.
    pub(in crate::resolve) folder: String,
    /// The release's name.
    pub(in crate::resolve) name: Node,
    /// The namespace.
    pub(in crate::resolve) namespace: Option<Node>,
    /// Paths of values files, the strongest last.
    pub(in crate::resolve) files: Vec<String>,
    /// Whether files that are missing do not matter.
    pub(in crate::resolve) may_miss: bool,
    /// Values that stand in the object itself, the strongest last.
    pub(in crate::resolve) values: Vec<Node>,
}

/// What an object installs, whose values are spelled out.
pub(in crate::resolve) fn calls(node: &Node) -> Vec<Call> {
    if specification(node).is_none_or(|(_, is_template)| is_template) {
        return Vec::new();
    }
    let Some(name) = node.at(&["metadata", "name"]) else { return Vec::new() };
    let namespace = node
        .at(&["spec", "destination", "namespace"])
        .filter(|node| node.as_str().is_some_and(|name| !name.is_empty()));
    let mut calls = Vec::new();
    for source in sources(node) {
        let Some(folder) = source.get("path").and_then(Node::as_str).and_then(|path| join("", path)) else { continue };
        let helm = source.get("helm");
        let setting = |key: &str| helm.and_then(|helm| helm.get(key));
        let files = setting("valueFiles").map_or(&[][..], Node::items).iter().filter_map(Node::as_str);
        let files = files.filter_map(|path| values_file(&folder, path)).collect();
        let mut values: Vec<Node> = setting("valuesObject").cloned().into_iter().collect();
        values.extend(setting("parameters").map_or(&[][..], Node::items).iter().filter_map(parameter));
        calls.push(Call {
            name: setting("releaseName").unwrap_or(name).clone(),
            namespace: setting("namespace").or(namespace).cloned(),
            files,
            may_miss: setting("ignoreMissingValueFiles").and_then(Node::as_bool) == Some(true),
            values,
            folder,
        });
    }
    calls
}

/// Spells out the values that Argo CD's objects give to charts as a text: as the map that it says, beside it, where none
/// stands. Whoever looks for what values configure finds them then, whichever form was taken.
pub fn spell_out(source: &Source, document: &mut Document) {
    let Content::Values(documents) = &mut document.content else { return };
    if !source.text.contains("argoproj.io/") {
        return;
    }
    for document in documents {
        spell_out_in(document, &|_| Some(source));
    }
}

/// The same, of an object whose texts stand in files.
pub(in crate::resolve) fn spell_out_in<'s>(object: &mut Node, file: &dyn Fn(SourceId) -> Option<&'s Source>) {
    spell_out_by(object, &|_, text| {
        let held = file(text.span.source).map(|source| embedded::yaml(source, text).document);
        held.map_or_else(Vec::new, |document| document.values().to_vec())
    });
}

/// The same, of an object whose texts of values `read` gives the documents of, by the number of the source and the text.
pub(super) fn spell_out_by(object: &mut Node, read: &dyn Fn(usize, &Node) -> Vec<Node>) {
    let Some((path, is_template)) = specification(object) else { return };
    let Some(specification) = path.iter().copied().try_fold(object, child) else { return };
    let sources = entries(specification).iter_mut().flat_map(|entry| match (entry.key.as_str(), &mut entry.value) {
        ("source", source) => std::slice::from_mut(source),
        ("sources", Node { value: Value::List(sources), .. }) => sources.as_mut_slice(),
        _ => &mut [],
    });
    for (number, source) in sources.enumerate() {
        let Some(helm) = child(source, "helm").filter(|helm| helm.get("valuesObject").is_none()) else { continue };
        // What a set fills in later may be anything until then.
        let open = |text: &&Node| is_template && text.as_str().is_some_and(|text| text.contains("{{"));
        let Some(text) = helm.get("values").filter(|text| !open(text)) else { continue };
        let Some(value) = read(number, text).into_iter().find(|values| values.as_map().is_some()) else { continue };
        let entry = Entry { key: Text::const_new("valuesObject"), key_span: text.span, value };
        if let Value::Map(map) = &mut helm.value {
            map.entries.push(entry);
        }
    }
}

/// Where an object of Argo CD says what it installs, and whether that is a template that is filled in later.
fn specification(object: &Node) -> Option<(&'static [&'static str], bool)> {
    let version = object.get("apiVersion").and_then(Node::as_str)?;
    match object.get("kind").and_then(Node::as_str).filter(|_| version.starts_with("argoproj.io/"))? {
        "Application" => Some((&["spec"], false)),
        "ApplicationSet" => Some((&["spec", "template", "spec"], true)),
        _ => None,
    }
}

/// What an object installs from: its `source` or its `sources`, in the order written.
pub(super) fn sources(object: &Node) -> impl Iterator<Item = &Node> {
    let entries = specification(object).and_then(|(path, _)| object.at(path)).map_or(&[][..], Node::entries);
    entries.iter().flat_map(|entry| match entry.key.as_str() {
        "source" => std::slice::from_ref(&entry.value),
        "sources" => entry.value.items(),
        _ => &[],
    })
}

fn entries(node: &mut Node) -> &mut [Entry] {
    match &mut node.value {
        Value::Map(map) => &mut map.entries,
        _ => &mut [],
    }
}

fn child<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    entries(node).iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
}

/// The path of a values file: from the chart, from the repository's root (`/`), or from that of another source (`$`).
fn values_file(folder: &str, path: &str) -> Option<String> {
    if let Some(path) = path.strip_prefix('$') {
        return join("", path.split_once('/')?.1);
    }
    if let Some(path) = path.strip_prefix('/') {
        return join("", path);
    }
    join(folder, path)
}

/// `{name: a.b, value: c}` as the map that it means.
pub(in crate::resolve) fn parameter(node: &Node) -> Option<Node> {
    let name = node.get("name")?.as_str()?;
    let value = node.get("value")?;
    let is_text = node.get("forceString").and_then(Node::as_bool) == Some(true)
        || node.get("type").and_then(Node::as_str) == Some("string");
    let value = match value.as_str() {
        Some(text) if !is_text => Node { value: typed(text), ..value.clone() },
        _ => value.clone(),
    };
    // A list's item would need the list that it is put in.
    if name.contains('[') {
        return None;
    }
    let keys: Vec<String> = name.replace("\\.", "\0").split('.').map(|key| key.replace('\0', ".")).collect();
    Some(keys.into_iter().rev().fold(value, |inner, key| {
        let span: Span = inner.span;
        let entry = Entry { key: Text::from(key), key_span: span, value: inner };
        Node::new(Value::Map(Map { entries: vec![entry] }), span)
    }))
}

/// What `--set` makes of a text.
fn typed(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        _ => match text.parse() {
            Ok(number) if text == "0" || !text.starts_with('0') => Value::Int(number),
            _ => Value::String(text.into()),
        },
    }
}

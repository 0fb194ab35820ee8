//! Argo CD `Application`s that install a chart of the repository.
//! <https://argo-cd.readthedocs.io/en/stable/user-guide/helm/>

use crate::source::{Span, join};
use crate::tree::{Entry, Map, Node, Text, Value};

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

/// What an object installs. `nested` gives the documents of a text of values, by the path of its key.
pub(in crate::resolve) fn calls(node: &Node, nested: &dyn Fn(&str, &Node) -> Vec<Node>) -> Vec<Call> {
    let version = node.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    if !version.starts_with("argoproj.io/") || node.get("kind").and_then(Node::as_str) != Some("Application") {
        return Vec::new();
    }
    let Some(name) = node.at(&["metadata", "name"]) else { return Vec::new() };
    let namespace = node
        .at(&["spec", "destination", "namespace"])
        .filter(|node| node.as_str().is_some_and(|name| !name.is_empty()));
    let single = node.at(&["spec", "source"]).map(|source| ("spec.source.helm.values".to_owned(), source));
    let several = node.at(&["spec", "sources"]).map_or(&[][..], Node::items);
    let several = several.iter().enumerate().map(|(index, source)| (format!("spec.sources.{index}"), source));
    let mut calls = Vec::new();
    for (key, source) in single.into_iter().chain(several) {
        let Some(folder) = source.get("path").and_then(Node::as_str).and_then(|path| join("", path)) else { continue };
        let helm = source.get("helm");
        let setting = |key: &str| helm.and_then(|helm| helm.get(key));
        let files = setting("valueFiles").map_or(&[][..], Node::items).iter().filter_map(Node::as_str);
        let files = files.filter_map(|path| values_file(&folder, path)).collect();
        let mut values = Vec::new();
        if let Some(text) = setting("values") {
            values.extend(nested(&key, text).into_iter().filter(|node| node.as_map().is_some()));
        }
        values.extend(setting("valuesObject").cloned());
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
pub(super) fn parameter(node: &Node) -> Option<Node> {
    let name = node.get("name")?.as_str()?;
    let value = node.get("value")?;
    let is_text = node.get("forceString").and_then(Node::as_bool) == Some(true);
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

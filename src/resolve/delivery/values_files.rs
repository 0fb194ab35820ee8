//! Values that an `Application` takes from files of another of its sources: `$values/apps/shop/values.yaml`, where that
//! source is called `ref: values`. They are put into the object, so that whoever reads it finds them as if they stood
//! there. <https://argo-cd.readthedocs.io/en/stable/user-guide/multiple_sources/>

use super::unit::Known;
use crate::resolve::helm;
use crate::resolve::kustomize;
use crate::tree::{Entry, Map, Node, Text, Value};

/// Puts the values of files that are here into an application; whether it takes any.
pub(super) fn give(known: &Known<'_, '_>, application: &mut Node) -> bool {
    let is_argo = application.get("apiVersion").and_then(Node::as_str).is_some_and(|it| it.starts_with("argoproj.io/"));
    if !is_argo || application.get("kind").and_then(Node::as_str) != Some("Application") {
        return false;
    }
    let sources = application.at(&["spec", "sources"]).map_or(&[][..], Node::items);
    let given: Vec<Option<Node>> = sources.iter().map(|source| values(known, sources, source)).collect();
    if given.iter().all(Option::is_none) {
        return false;
    }
    let Some(sources) = child(application, "spec").and_then(|spec| child(spec, "sources")) else { return false };
    let Value::List(sources) = &mut sources.value else { return false };
    for (source, given) in sources.iter_mut().zip(given) {
        let (Some(value), Some(helm)) = (given, child(source, "helm")) else { continue };
        if let Value::Map(Map { entries }) = &mut helm.value {
            entries.retain(|entry| entry.key != "valuesObject");
            entries.push(Entry { key: Text::const_new("valuesObject"), key_span: value.span, value });
        }
    }
    true
}

/// The values of a source: those of files, the last being the strongest, then what stands in the object. What is not known
/// of a file, because the chart brings it or because it cannot be read, hides what those before it say.
fn values(known: &Known<'_, '_>, sources: &[Node], source: &Node) -> Option<Node> {
    let helm = source.get("helm")?;
    let may_miss = helm.get("ignoreMissingValueFiles").and_then(Node::as_bool) == Some(true);
    let mut found: Vec<Node> = Vec::new();
    for written in helm.get("valueFiles").map_or(&[][..], Node::items) {
        let path = written.as_str().and_then(|path| here(known, sources, path));
        let held = path.as_ref().map(|path| known.files.file(path));
        match held {
            Some(Some(file)) => match file.documents().first().filter(|values| values.as_map().is_some()) {
                Some(values) => found.push(values.clone()),
                None => found.clear(),
            },
            Some(None) if may_miss => {}
            _ => found.clear(),
        }
    }
    if found.is_empty() {
        return None;
    }
    found.extend(helm.get("valuesObject").cloned());
    found.extend(helm.get("parameters").map_or(&[][..], Node::items).iter().filter_map(helm::parameter));
    found.into_iter().reduce(|below, above| below.overlaid(&above))
}

/// The path of a file of a source that is called by a name.
fn here(known: &Known<'_, '_>, sources: &[Node], path: &str) -> Option<String> {
    let (name, rest) = path.strip_prefix('$')?.split_once('/')?;
    let called = sources.iter().find(|source| source.get("ref").and_then(Node::as_str) == Some(name))?;
    kustomize::join(&known.repository(called.get("repoURL"), called.span), rest)
}

fn child<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    match &mut node.value {
        Value::Map(map) => map.entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value),
        _ => None,
    }
}

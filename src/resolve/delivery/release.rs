//! Flux's `HelmRelease` (helm.toolkit.fluxcd.io): a chart and its values.
//!
//! Charts that are elsewhere are not rendered, and this is said, but for those whose values say enough by themselves
//! ([`app_template`]).

use super::app_template::{self, Release};
use super::unit::Known;
use crate::resolve::kustomize;
use crate::source::Span;
use crate::tree::{Node, Text, Value};

/// Whether a document is a release.
pub(super) fn concerns(node: &Node) -> bool {
    node.get("apiVersion").and_then(Node::as_str).is_some_and(|it| it.starts_with("helm.toolkit.fluxcd.io/"))
        && node.get("kind").and_then(Node::as_str) == Some("HelmRelease")
}

/// Where a release's chart comes from.
struct Chart {
    name: Text,
    /// Where it is named.
    span: Span,
    /// The folder of the repository it stands in.
    folder: Option<String>,
}

fn chart(known: &Known<'_, '_>, node: &Node) -> Option<Chart> {
    if let Some(reference) = node.at(&["spec", "chartRef"]) {
        let name = reference.get("name")?;
        let text = name.scalar()?;
        let url = known.source("OCIRepository", &text).and_then(|source| source.at(&["spec", "url"])?.scalar());
        return Some(Chart { name: url.unwrap_or(text), span: name.span, folder: None });
    }
    let chart = node.at(&["spec", "chart", "spec", "chart"])?;
    let text = chart.scalar()?;
    let from_git =
        node.at(&["spec", "chart", "spec", "sourceRef", "kind"]).and_then(Node::as_str) == Some("GitRepository");
    let folder = if from_git { known.folder(&text) } else { None };
    Some(Chart { name: text, span: chart.span, folder })
}

/// The objects that a release makes, as far as its values say.
pub(super) fn objects(known: &Known<'_, '_>, node: &Node) -> Vec<Node> {
    if !concerns(node) || !is_known(known, node) {
        return Vec::new();
    }
    let Some(values) = node.at(&["spec", "values"]) else { return Vec::new() };
    let said = |path: &[&str]| node.at(path).and_then(Node::scalar);
    let Some(own) = said(&["metadata", "name"]) else { return Vec::new() };
    let target = node.at(&["spec", "targetNamespace"]);
    // Left out, the release is named after the target namespace and the object.
    let name = said(&["spec", "releaseName"]).unwrap_or_else(|| match target.and_then(Node::scalar) {
        Some(target) => compact_str::format_compact!("{target}-{own}"),
        None => own.clone(),
    });
    let namespace = target.or_else(|| node.at(&["metadata", "namespace"])).cloned();
    let mut made = app_template::objects(&Release { name, namespace, values });
    for object in &mut made {
        let span = node.at(&["metadata", "name"]).unwrap_or(node).span;
        let value = Node::new(Value::String(own.clone()), span);
        kustomize::annotate(object, "labels", "helm.toolkit.fluxcd.io/name", value);
    }
    made
}

fn is_known(known: &Known<'_, '_>, node: &Node) -> bool {
    chart(known, node).is_some_and(|chart| chart.name.rsplit('/').next() == Some("app-template"))
        && node.at(&["spec", "values", "controllers"]).is_some()
}

/// Why what a release makes is not known.
pub(super) fn elsewhere(known: &Known<'_, '_>, node: &Node) -> Option<(Span, String)> {
    if !concerns(node) || is_known(known, node) {
        return None;
    }
    let release = node.at(&["metadata", "name"]).and_then(Node::scalar).unwrap_or_default();
    let chart = chart(known, node)?;
    if chart.folder.is_some() {
        return None;
    }
    Some((chart.span, format!("the chart `{}` of HelmRelease `{release}` is not here", chart.name)))
}

//! Flux's `HelmRelease` (helm.toolkit.fluxcd.io): a chart and its values.
//!
//! A chart that stands in the repository is rendered; one that is elsewhere is not, and this is said, but for those whose
//! values say enough by themselves ([`app_template`]).

use super::app_template::{self, Release};
use super::unit::{Known, Made, mapping};
use crate::parse::embedded;
use crate::resolve::kustomize::{self, Inflation};
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
    let folder = if from_git { known.folder(&text, chart.span) } else { None };
    Some(Chart { name: text, span: chart.span, folder })
}

/// The objects that a release makes: of a chart that is here, or as far as its values say.
pub(super) fn objects(known: &Known<'_, '_>, node: &Node) -> Made {
    if !concerns(node) {
        return Made::default();
    }
    if let Some(folder) = chart(known, node).and_then(|chart| chart.folder) {
        return rendered(known, node, folder).unwrap_or_default();
    }
    if !is_known(known, node) {
        return Made::default();
    }
    let Some(values) = node.at(&["spec", "values"]) else { return Made::default() };
    let said = |path: &[&str]| node.at(path).and_then(Node::scalar);
    let Some(own) = said(&["metadata", "name"]) else { return Made::default() };
    let target = node.at(&["spec", "targetNamespace"]);
    // Left out, the release is named after the target namespace and the object.
    let name = said(&["spec", "releaseName"]).unwrap_or_else(|| match target.and_then(Node::scalar) {
        Some(target) => compact_str::format_compact!("{target}-{own}"),
        None => own.clone(),
    });
    let namespace = target.or_else(|| node.at(&["metadata", "namespace"])).cloned();
    let mut objects = app_template::objects(&Release { name, namespace, values });
    mark(node, &own, &mut objects);
    Made { objects, ..Made::default() }
}

/// The label by which Flux knows what a release delivers.
fn mark(node: &Node, own: &Text, objects: &mut [Node]) {
    for object in objects {
        let span = node.at(&["metadata", "name"]).unwrap_or(node).span;
        let value = Node::new(Value::String(own.clone()), span);
        kustomize::annotate(object, "labels", "helm.toolkit.fluxcd.io/name", value);
    }
}

/// What a chart of the repository makes. Its values are those of the files that `valuesFiles` names, from the root of the
/// source, then what `valuesFrom` names, with those of the release on top; what that takes out of the cluster is not known,
/// and said.
fn rendered(known: &Known<'_, '_>, node: &Node, folder: String) -> Option<Made> {
    let own = node.at(&["metadata", "name"])?;
    let text = own.scalar()?;
    let target = node.at(&["spec", "targetNamespace"]);
    let name = node.at(&["spec", "releaseName"]).cloned().unwrap_or_else(|| match target.and_then(Node::scalar) {
        Some(target) => Node::string(compact_str::format_compact!("{target}-{text}"), own.span),
        None => own.clone(),
    });
    let mut failures = Vec::new();
    let mut values = Vec::new();
    for file in node.at(&["spec", "chart", "spec", "valuesFiles"]).map_or(&[][..], Node::items) {
        let path = file.as_str().and_then(|path| kustomize::join("", path));
        match path.and_then(|path| known.files.file(&path)) {
            Some(file) => values.extend(file.documents().first().cloned()),
            None => failures.push((file.span, format!("the values file of HelmRelease `{text}` is not here"))),
        }
    }
    for from in node.at(&["spec", "valuesFrom"]).map_or(&[][..], Node::items) {
        if let Some(taken) = taken(known, from) {
            values.push(taken);
            continue;
        }
        let kind = from.get("kind").and_then(Node::as_str).unwrap_or_default();
        let source = from.get("name").and_then(Node::scalar).unwrap_or_default();
        let reason = format!("what HelmRelease `{text}` takes out of {kind} `{source}` is not known");
        failures.push((from.span, reason));
    }
    values.extend(node.at(&["spec", "values"]).cloned());
    let namespace = target.or_else(|| node.at(&["metadata", "namespace"])).cloned();
    let wish = Inflation { folder, name, namespace: namespace.clone(), values };
    let mut inflated = known.files.charts()?.inflate(&wish)?;
    mark(node, &text, &mut inflated.objects);
    if let Some(namespace) = &namespace {
        for object in &mut inflated.objects {
            kustomize::set_namespace(object, namespace);
        }
    }
    failures.extend(inflated.failures);
    Some(Made {
        objects: inflated.objects,
        files: inflated.files,
        charts: vec![wish.folder],
        failures,
        environment: None,
    })
}

/// The values that an entry of `valuesFrom` takes out of a `ConfigMap` that is here: those of the key `values.yaml` unless
/// another is named, or one value where a `targetPath` says which. Nothing where it is not here.
/// <https://fluxcd.io/flux/components/helm/helmreleases/#values-references>
fn taken(known: &Known<'_, '_>, from: &Node) -> Option<Node> {
    if from.get("kind").and_then(Node::as_str) != Some("ConfigMap") {
        return None;
    }
    let data = known.config_map(&from.get("name")?.scalar()?)?.get("data")?;
    let key = from.get("valuesKey").and_then(Node::scalar).unwrap_or(Text::const_new("values.yaml"));
    let value = data.get(&key)?;
    if let Some(target) = from.get("targetPath").and_then(Node::scalar).filter(|target| !target.is_empty()) {
        // Lists and escaped dots in it are left to a real client.
        let plain = !target.contains(['[', '\\', '{']);
        let nested = target.rsplit('.').fold(value.clone(), |inner, key| mapping(value.span, vec![(key, inner)]));
        return plain.then_some(nested);
    }
    value.as_str()?;
    let source = known.files.source(value.span.source)?;
    let documents = embedded::yaml(source, value).document;
    documents.values().first().filter(|values| values.as_map().is_some()).cloned()
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

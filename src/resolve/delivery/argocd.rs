//! Argo CD: `Application` names a folder and where it goes; `ApplicationSet` makes applications of a template.
//!
//! Fields are those of its custom resource definitions. Of the generators, those are read that depend on nothing but
//! the repository: lists, folders and files of it, and what `matrix` and `merge` make of these.

mod generators;

use super::unit::{Known, Made, Mark, Unit, mapping};
use crate::resolve::helm;
use crate::resolve::kustomize::{self, Inflation};
use crate::source::{Span, in_folder};
use crate::tree::{Entry, Node, Text, Value};

/// How many applications one set may make.
const MOST_APPLICATIONS: usize = 1_000;

/// Whether a document is one of Argo CD's that this reads.
pub(super) fn concerns(node: &Node) -> bool {
    node.get("apiVersion").and_then(Node::as_str).is_some_and(|version| version.starts_with("argoproj.io/"))
        && matches!(node.get("kind").and_then(Node::as_str), Some("Application" | "ApplicationSet"))
}

/// What an application, or each of those that a set makes, delivers.
pub(super) fn units(known: &Known<'_, '_>, node: &Node, parent: Option<&Unit>) -> Vec<Unit> {
    let made = applications(known, node).unwrap_or_default();
    made.iter().flat_map(|application| of_application(known, application, parent)).collect()
}

/// The applications that a document is, or makes; why they are not known.
pub(super) fn applications(known: &Known<'_, '_>, node: &Node) -> Result<Vec<Node>, (Span, String)> {
    if !concerns(node) {
        return Ok(Vec::new());
    }
    if node.get("kind").and_then(Node::as_str) == Some("Application") {
        return Ok(vec![node.clone()]);
    }
    let sets = generators::parameters(known, node)?;
    let Some(template) = node.at(&["spec", "template"]) else { return Ok(Vec::new()) };
    Ok(sets.iter().take(MOST_APPLICATIONS).map(|set| generators::render(template, set)).collect())
}

/// `source`, or each of `sources`.
fn sources(application: &Node) -> Vec<&Node> {
    let several = application.at(&["spec", "sources"]).map_or(&[][..], Node::items);
    if several.is_empty() {
        application.at(&["spec", "source"]).into_iter().collect()
    } else {
        several.iter().collect()
    }
}

fn of_application(known: &Known<'_, '_>, application: &Node, parent: Option<&Unit>) -> Vec<Unit> {
    let Some(name) = application.at(&["metadata", "name"]) else { return Vec::new() };
    let Some(text) = name.scalar() else { return Vec::new() };
    let said = |path: &[&str]| application.at(path).and_then(Node::scalar).unwrap_or_default();
    let destination = application.at(&["spec", "destination", "namespace"]).filter(|it| it.as_str().is_some());
    let words = [
        text.clone(),
        said(&["spec", "destination", "name"]),
        said(&["spec", "destination", "namespace"]),
        said(&["spec", "project"]),
    ];
    let words: Vec<&str> = words.iter().map(Text::as_str).collect();
    sources(application)
        .into_iter()
        .filter(|source| source.get("chart").is_none())
        .filter_map(|source| {
            let path = source.get("path")?;
            let folder = known.folder_of(source.get("repoURL"), path.as_str()?, name.span)?;
            // A chart is rendered, not built.
            if known.files.file(&in_folder(&folder, "Chart.yaml")).is_some() {
                return None;
            }
            let mut overlays = Vec::new();
            if known.files.kustomization(&folder).is_none() {
                let deep = source.at(&["directory", "recurse"]).and_then(Node::as_bool) == Some(true);
                overlays.push(known.plain(&folder, deep, path.span));
            }
            overlays.extend(source.get("kustomize").and_then(overlay));
            Some(Unit {
                environment: known.environment(&folder, name.span, &words, parent),
                in_artifact: false,
                folder,
                overlays,
                variables: None,
                namespace: destination.cloned(),
                mark: Some(Mark {
                    list: "annotations",
                    key: "argocd.argoproj.io/tracking-id",
                    name: text.clone(),
                    span: name.span,
                }),
            })
        })
        .collect()
}

/// The charts of the repository that the applications of a set install. Those of an `Application` that stands in a file
/// are rendered with the charts themselves.
pub(super) fn charts(known: &Known<'_, '_>, node: &Node, made: &[Node], parent: Option<&Unit>) -> Vec<Made> {
    if node.get("kind").and_then(Node::as_str) != Some("ApplicationSet") {
        return Vec::new();
    }
    made.iter().flat_map(|application| of_charts(known, node, application, parent)).collect()
}

/// An application with its version and kind, which the template of a set may leave out, and its values spelled out.
pub(super) fn whole(known: &Known<'_, '_>, set: &Node, application: &Node) -> Node {
    let mut whole = application.clone();
    if let Value::Map(map) = &mut whole.value {
        for key in ["apiVersion", "kind"] {
            map.entries.retain(|entry| entry.key != key);
        }
        let version = set.get("apiVersion").cloned().unwrap_or_else(|| Node::string("argoproj.io/v1alpha1", set.span));
        let kind = Node::string("Application", set.span);
        for (key, value) in [("apiVersion", version), ("kind", kind)] {
            map.entries.push(Entry { key: key.into(), key_span: value.span, value });
        }
    }
    helm::spell_out_in(&mut whole, &|id| known.files.source(id));
    whole
}

fn of_charts(known: &Known<'_, '_>, set: &Node, application: &Node, parent: Option<&Unit>) -> Vec<Made> {
    let whole = whole(known, set, application);
    let Some(own) = application.at(&["metadata", "name"]) else { return Vec::new() };
    let said = |path: &[&str]| application.at(path).and_then(Node::scalar).unwrap_or_default();
    let namespace = said(&["spec", "destination", "namespace"]);
    let words = [own.scalar().unwrap_or_default(), said(&["spec", "destination", "name"]), namespace];
    let words: Vec<&str> = words.iter().map(Text::as_str).collect();
    let mut found = Vec::new();
    for call in helm::calls(&whole) {
        let Some(charts) = known.files.charts() else { continue };
        let mut failures = Vec::new();
        let mut values = Vec::new();
        for path in &call.files {
            match known.files.file(path) {
                Some(file) => values.extend(file.documents().first().cloned()),
                None if call.may_miss => {}
                None => failures.push((own.span, format!("the values file `{path}` of `{}` is not here", words[0]))),
            }
        }
        values.extend(call.values);
        let wish = Inflation { folder: call.folder, name: call.name, namespace: call.namespace.clone(), values };
        let Some(mut inflated) = charts.inflate(&wish) else { continue };
        for object in &mut inflated.objects {
            if let Some(namespace) = &call.namespace {
                kustomize::set_namespace(object, namespace);
            }
            let name = Node::string(words[0], own.span);
            kustomize::annotate(object, "annotations", "argocd.argoproj.io/tracking-id", name);
        }
        failures.extend(inflated.failures);
        let of_files = call.files.iter().find_map(|path| known.environments.of_path(path)).filter(|it| !it.production);
        let environment = of_files.unwrap_or_else(|| known.environment(&wish.folder, own.span, &words, parent));
        found.push(Made {
            objects: inflated.objects,
            files: inflated.files,
            charts: vec![wish.folder],
            failures,
            environment: Some(environment),
        });
    }
    found
}

/// `source.kustomize`, as the kustomization it amounts to.
fn overlay(options: &Node) -> Option<Node> {
    let mut entries: Vec<(&str, Node)> = Vec::new();
    for key in ["components", "patches", "namespace", "namePrefix", "nameSuffix", "commonAnnotations"] {
        if let Some(value) = options.get(key).filter(|value| !value.is_null()) {
            entries.push((key, value.clone()));
        }
    }
    if let Some(labels) = options.get("commonLabels") {
        let selectors = options.get("labelWithoutSelector").and_then(Node::as_bool) != Some(true);
        let mut label = vec![("pairs", labels.clone())];
        label.push(("includeSelectors", Node::new(Value::Bool(selectors), labels.span)));
        let label = mapping(labels.span, label);
        entries.push(("labels", Node::new(Value::List(vec![label]), labels.span)));
    }
    if let Some(images) = options.get("images") {
        let list = images.items().iter().filter_map(image).collect();
        entries.push(("images", Node::new(Value::List(list), images.span)));
    }
    if let Some(replicas) = options.get("replicas") {
        entries.push(("replicas", replicas.clone()));
    }
    (!entries.is_empty()).then(|| mapping(options.span, entries))
}

/// `name=newname:tag`, `name:tag` or `name@digest`, as `kustomize edit set image` reads it.
fn image(node: &Node) -> Option<Node> {
    let written = node.as_str()?;
    let (name, rest) = written.split_once('=').unwrap_or(("", written));
    let (rest, digest) = rest.split_once('@').map_or((rest, None), |(rest, digest)| (rest, Some(digest)));
    let slash = rest.rfind('/').map_or(0, |at| at + 1);
    let (new, tag) = match rest[slash..].find(':') {
        Some(at) => (&rest[..slash + at], Some(&rest[slash + at + 1..])),
        None => (rest, None),
    };
    let word = |text: &str| Node::string(text, node.span);
    let mut entries = vec![("name", word(if name.is_empty() { new } else { name }))];
    if !name.is_empty() && name != new {
        entries.push(("newName", word(new)));
    }
    entries.extend(tag.map(|tag| ("newTag", word(tag))));
    entries.extend(digest.map(|digest| ("digest", word(digest))));
    Some(mapping(node.span, entries))
}

/// Whether which folder an application delivers is filled in later.
pub(super) fn is_open(application: &Node) -> bool {
    let mut paths = sources(application).into_iter().filter_map(|source| source.get("path")?.as_str());
    paths.any(|path| path.contains("{{"))
}

/// Why what applications deliver is not here.
pub(super) fn elsewhere(known: &Known<'_, '_>, made: &[Node]) -> Vec<(Span, String)> {
    made.iter().flat_map(|application| sources(application)).filter_map(|source| missing(known, source)).collect()
}

fn missing(known: &Known<'_, '_>, source: &Node) -> Option<(Span, String)> {
    let repository = source.get("repoURL").and_then(Node::scalar).unwrap_or_default();
    if let Some(chart) = source.get("chart") {
        let name = chart.scalar().unwrap_or_default();
        return Some((chart.span, format!("the chart `{name}` that Argo CD takes from {repository} is not here")));
    }
    let path = source.get("path")?;
    let written = path.as_str()?;
    if written.contains("{{") {
        return Some((path.span, format!("the folder that Argo CD delivers, `{written}`, is filled in later")));
    }
    let gone = known.folder_of(source.get("repoURL"), written, path.span).is_none();
    gone.then(|| (path.span, format!("the folder `{written}` that Argo CD takes from {repository} is not here")))
}

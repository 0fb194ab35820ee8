//! One folder as it is delivered, and what is known when it is.

use std::collections::BTreeMap;

use super::envsubst::{self, Variables};
use crate::model::{Environment, Environments};
use crate::resolve::kustomize::{self, Built, Files};
use crate::source::{self, SourceId, Span, in_folder, parent};
use crate::tree::{Entry, Map, Node, Text, Value};

/// A folder as it is delivered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unit {
    /// The folder.
    pub(super) folder: String,
    /// Kustomizations of what delivers it, applied on top of the folder's own.
    pub(super) overlays: Vec<Node>,
    /// What is filled in once it is built; nothing where nothing is.
    pub(super) variables: Option<Variables>,
    /// Where its objects go that name no namespace.
    pub(super) namespace: Option<Node>,
    /// What delivers it; nothing where that is not said.
    pub(super) mark: Option<Mark>,
    /// What it is delivered for.
    pub(super) environment: Environment,
    /// Whether the folder was found as a part of an artifact.
    pub(super) in_artifact: bool,
}

/// What a controller writes on the objects it delivers: how one can tell, in the cluster as here, what they belong to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    /// `labels` or `annotations`.
    pub(super) list: &'static str,
    /// The key.
    pub(super) key: &'static str,
    /// The name of what delivers them.
    pub(super) name: Text,
    /// Where that is named.
    pub(super) span: Span,
}

impl Unit {
    /// A kustomization that nothing delivers, as far as is said.
    pub(super) fn alone(folder: &str, environments: &Environments) -> Self {
        Self {
            folder: folder.to_owned(),
            overlays: Vec::new(),
            variables: None,
            namespace: None,
            mark: None,
            environment: environments.decide(&in_folder(folder, "kustomization.yaml"), &[]),
            in_artifact: false,
        }
    }

    /// Builds the folder as it is delivered.
    pub(super) fn build(&self, files: &Files<'_>) -> Built {
        let mut built = kustomize::build(files, &self.folder, &self.overlays);
        for object in &mut built.objects {
            if let Some(variables) = &self.variables
                && !opts_out(object)
            {
                envsubst::fill_in(object, variables, files);
            }
            if let Some(namespace) = &self.namespace {
                kustomize::set_namespace(object, namespace);
            }
            if let Some(mark) = &self.mark {
                let value = Node::new(Value::String(mark.name.clone()), mark.span);
                kustomize::annotate(object, mark.list, mark.key, value);
            }
        }
        built
    }
}

/// Objects may say that nothing is filled in within them (Flux, `kustomize.toolkit.fluxcd.io/substitute: disabled`).
fn opts_out(object: &Node) -> bool {
    ["labels", "annotations"].iter().any(|list| {
        let said = object.at(&["metadata", list]).and_then(|list| list.get("kustomize.toolkit.fluxcd.io/substitute"));
        said.and_then(Node::as_str) == Some("disabled")
    })
}

/// What a chart makes that something delivered names.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    /// The objects.
    pub(super) objects: Vec<Node>,
    /// Files that say nothing by themselves.
    pub(super) files: Vec<SourceId>,
    /// The folders of the charts.
    pub(super) charts: Vec<String>,
    /// What could not be rendered.
    pub(super) failures: Vec<(Span, String)>,
    /// What it is delivered for; that of what names it where nothing else is said.
    pub(super) environment: Option<Environment>,
}

/// Whether an object holds values that are filled in elsewhere.
pub(super) fn fills_in(node: &Node) -> bool {
    node.get("apiVersion").and_then(Node::as_str) == Some("v1")
        && matches!(node.get("kind").and_then(Node::as_str), Some("ConfigMap" | "Secret"))
}

/// Whether an object says where Flux takes something from.
pub(super) fn is_source(node: &Node) -> bool {
    node.get("apiVersion")
        .and_then(Node::as_str)
        .is_some_and(|version| version.starts_with("source.toolkit.fluxcd.io/"))
}

/// What is known when deliveries are read.
pub(super) struct Known<'k, 'a> {
    pub(super) files: &'k Files<'a>,
    pub(super) environments: &'k Environments,
    named: BTreeMap<(Text, Text), &'k Node>,
    /// Whether paths may be those of an artifact that holds a part of the repository.
    in_artifacts: bool,
}

impl<'k, 'a> Known<'k, 'a> {
    pub(super) fn new(
        files: &'k Files<'a>,
        environments: &'k Environments,
        objects: impl Iterator<Item = &'k Node>,
        in_artifacts: bool,
    ) -> Self {
        let named = objects
            .filter(|node| fills_in(node) || is_source(node))
            .filter_map(|node| Some(((node.get("kind")?.scalar()?, node.at(&["metadata", "name"])?.scalar()?), node)))
            .collect();
        Self { files, environments, named, in_artifacts }
    }

    /// The `ConfigMap` of a name, in any namespace.
    pub(super) fn config_map(&self, name: &str) -> Option<&'k Node> {
        self.named.get(&(Text::const_new("ConfigMap"), name.into())).copied()
    }

    /// A source of charts (`OCIRepository`), in any namespace.
    pub(super) fn source(&self, kind: &str, name: &str) -> Option<&'k Node> {
        self.named.get(&(kind.into(), name.into())).copied()
    }

    /// The root that is a checkout of the repository at an address; where none is, the one that the address is written in.
    pub(super) fn repository(&self, url: Option<&Node>, said: Span) -> String {
        let root =
            url.and_then(Node::as_str).and_then(|url| self.files.remote(&format!("{}/.", url.trim_end_matches('/'))));
        root.unwrap_or_else(|| self.files.root_of(self.files.path_of(said.source)).to_owned())
    }

    /// The folder that a path in the repository at an address names, when it is here.
    pub(super) fn folder_of(&self, url: Option<&Node>, path: &str, said: Span) -> Option<String> {
        self.below(&self.repository(url, said), path).or_else(|| self.folder(path, said))
    }

    /// The folder that a path of a delivery names, when it is here: a path from the root that the delivery stands in.
    pub(super) fn folder(&self, path: &str, said: Span) -> Option<String> {
        let root = self.files.root_of(self.files.path_of(said.source));
        self.below(root, path).or_else(|| self.below("", path))
    }

    /// The folder that a path names in an artifact, which may hold only one folder of the repository
    /// (`flux push artifact --path=./kubernetes`): the nearest below a folder that holds the delivery itself.
    pub(super) fn in_artifact(&self, path: &str, said: Span) -> Option<String> {
        if !self.in_artifacts {
            return None;
        }
        // The root of the artifact is no less unknown.
        let inside = kustomize::join("", path.trim_start_matches('/')).filter(|inside| !inside.is_empty())?;
        let mut above = parent(self.files.path_of(said.source));
        while !above.is_empty() {
            let found = self.below(above, &inside);
            if found.is_some() {
                return found;
            }
            above = parent(above);
        }
        None
    }

    fn below(&self, above: &str, path: &str) -> Option<String> {
        let folder = kustomize::join(above, path.trim_start_matches('/'))?;
        (self.files.kustomization(&folder).is_some() || self.files.is_folder(&folder)).then_some(folder)
    }

    /// The environment of a delivery: whatever says that it is not production is believed, of the folder, of where the
    /// delivery is written, of the words that name it, and of what delivers the delivery itself.
    pub(super) fn environment(
        &self,
        folder: &str,
        written: Span,
        words: &[&str],
        parent: Option<&Unit>,
    ) -> Environment {
        let environments = self.environments;
        let path = self.files.path_of(written.source);
        let said = [environments.of_path(&in_folder(folder, "kustomization.yaml")), environments.of_path(path)];
        let said = said.into_iter().chain(words.iter().map(|word| environments.of_word(word)));
        let said: Vec<Environment> = said.flatten().chain(parent.map(|parent| parent.environment.clone())).collect();
        let other = said.iter().find(|environment| !environment.production);
        other.or(said.first()).cloned().unwrap_or_default()
    }

    /// A kustomization of everything in a folder that has none, as Flux makes it: the kustomizations below it, and the
    /// manifests that stand in no such folder.
    pub(super) fn everything(&self, folder: &str, span: Span) -> Node {
        let length = if folder.is_empty() { 0 } else { folder.len() + 1 };
        let mut below: Vec<&str> = self.files.kustomizations().into_iter().map(|(below, _)| below).collect();
        let start = in_folder(folder, "");
        below.retain(|below| below.len() > length && below.starts_with(&start));
        below.retain(|below| !kustomize::is_component(self.files, below));
        let outermost: Vec<&str> = below
            .iter()
            .copied()
            .filter(|one| !below.iter().any(|other| other != one && source::below(other, one).is_some()))
            .collect();
        let inside = |path: &str| outermost.iter().any(|other| source::below(other, path).is_some());
        let folders = outermost.iter().map(|below| Text::from(&below[length..]));
        let manifests =
            self.manifests(folder, true).filter(|path| !inside(path)).map(|path| Text::from(&path[length..]));
        listing(folders.chain(manifests), span)
    }

    /// A kustomization of the manifests of a folder, and of the folders below it where `deep`.
    pub(super) fn plain(&self, folder: &str, deep: bool, span: Span) -> Node {
        let length = if folder.is_empty() { 0 } else { folder.len() + 1 };
        listing(self.manifests(folder, deep).map(|path| Text::from(&path[length..])), span)
    }

    fn manifests(&self, folder: &str, deep: bool) -> impl Iterator<Item = &'a str> {
        let is_manifest = |path: &str| [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end));
        let found = self.files.within(folder, deep);
        found.filter(move |(path, file)| is_manifest(path) && file.is_objects()).map(|(path, _)| path)
    }
}

/// A kustomization that does nothing but name resources.
fn listing(paths: impl Iterator<Item = Text>, span: Span) -> Node {
    let items = paths.map(|path| Node::string(path, span)).collect();
    mapping(span, vec![("resources", Node::new(Value::List(items), span))])
}

/// A mapping at a place.
pub(super) fn mapping(span: Span, entries: Vec<(&str, Node)>) -> Node {
    let entries = entries.into_iter().map(|(key, value)| Entry { key: key.into(), key_span: value.span, value });
    Node::new(Value::Map(Map { entries: entries.collect() }), span)
}

//! The files that pipelines are made of, by path. Uses `source`, `tree` and `model`.
//!
//! A pipeline names other files of its repository: workflows and actions that it calls, templates that it includes. So
//! pipelines are read together, after everything else was.

use std::collections::BTreeMap;

use crate::model::{Environment, Environments, Place};
use crate::resolve::rendered::Renderings;
use crate::source::{Source, SourceId, Span, below};
use crate::tree::{Content, Document, Node, Text};

/// A file and what it says.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    /// Its path, as shown.
    pub(super) path: &'a str,
    /// Its documents; none for text.
    pub(super) documents: &'a [Node],
    /// Its number.
    pub(super) id: SourceId,
    /// Its text.
    pub(super) text: &'a str,
}

impl<'a> File<'a> {
    /// Its first document.
    pub(super) fn node(&self) -> Option<&'a Node> {
        self.documents.first()
    }
}

/// A Kubernetes object that may be part of a pipeline.
pub(super) struct Object<'a> {
    /// What it says.
    pub(super) node: &'a Node,
    /// The environment that was decided when it was rendered.
    pub(super) environment: Option<&'a Environment>,
    /// Whether it is part of something reusable that nothing here uses.
    pub(super) library: bool,
}

/// The folder and the name of a file that is YAML by its ending.
pub(super) fn yaml_file(path: &str) -> Option<(&str, &str)> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, ending) = name.rsplit_once('.')?;
    matches!(ending, "yml" | "yaml").then_some((folder, stem))
}

/// Where an object says what it is called.
pub(super) fn named(object: &Node) -> Option<&Node> {
    let metadata = object.get("metadata")?;
    metadata.get("name").or_else(|| metadata.get("generateName"))
}

/// What an object is called, or what its copies are called at their beginning.
pub(super) fn name(object: &Node) -> Text {
    let name = named(object).and_then(Node::scalar);
    name.map(|name| Text::from(name.trim_end_matches('-'))).unwrap_or_default()
}

/// Everything pipelines may be made of.
pub struct Files<'a> {
    by_path: BTreeMap<&'a str, File<'a>>,
    sources: BTreeMap<SourceId, &'a Source>,
    texts: BTreeMap<&'a str, &'a Source>,
    objects: Vec<Object<'a>>,
    prefixes: Vec<&'a str>,
    environments: &'a Environments,
}

impl<'a> Files<'a> {
    /// The documents that were kept, with what the audited roots are shown below.
    pub fn new(
        documents: impl Iterator<Item = (&'a Source, &'a Document)>,
        prefixes: impl Iterator<Item = &'a str>,
        environments: &'a Environments,
    ) -> Self {
        let (mut by_path, mut sources) = (BTreeMap::new(), BTreeMap::new());
        for (source, document) in documents {
            let documents: &[Node] = match &document.content {
                Content::Values(values) => values,
                _ => &[],
            };
            let file = File { path: &source.path, documents, id: document.source, text: &source.text };
            by_path.insert(source.path.as_str(), file);
            sources.insert(document.source, source);
        }
        let mut prefixes: Vec<&str> = prefixes.collect();
        prefixes.sort_by_key(|prefix| std::cmp::Reverse(prefix.len()));
        Self { by_path, sources, texts: BTreeMap::new(), objects: Vec::new(), prefixes, environments }
    }

    /// Adds the objects that stand in files by themselves and those that tools make, and the files of these.
    pub fn add_objects(&mut self, sources: impl Iterator<Item = (SourceId, &'a Source)>, renderings: &'a Renderings) {
        self.sources.extend(sources);
        self.texts = self.sources.values().map(|source| (source.path.as_str(), *source)).collect();
        for file in self.by_path.values().filter(|file| !renderings.replaced.contains(&file.id)) {
            let own = file.documents.iter().filter(|node| super::is_object(node));
            self.objects.extend(own.map(|node| Object { node, environment: None, library: false }));
        }
        let made = renderings.documents.iter().filter(|document| super::is_object(&document.node));
        self.objects.extend(made.map(|document| Object {
            node: &document.node,
            environment: document.environment.as_ref(),
            library: document.library,
        }));
    }

    /// All files, by path.
    pub(super) fn iter(&self) -> impl Iterator<Item = File<'a>> {
        self.by_path.values().copied()
    }

    /// The file at a path.
    pub(super) fn get(&self, path: &str) -> Option<File<'a>> {
        self.by_path.get(path).copied()
    }

    /// The text at a path, of whatever syntax.
    pub(super) fn text(&self, path: &str) -> Option<&'a Source> {
        self.texts.get(path).copied()
    }

    /// Every text, by path.
    pub(super) fn texts(&self) -> impl Iterator<Item = &'a Source> {
        self.texts.values().copied()
    }

    /// The objects.
    pub(super) fn objects(&self) -> &[Object<'a>] {
        &self.objects
    }

    /// How environments are told apart.
    pub(super) fn environments(&self) -> &'a Environments {
        self.environments
    }

    /// The folder of the repository that a file belongs to, with its `/`; empty for a single root.
    pub(super) fn root_of(&self, path: &'a str) -> &'a str {
        let holds = |prefix: &&&str| below(prefix, path).is_some_and(|inside| !inside.is_empty());
        let prefix = self.prefixes.iter().filter(|prefix| !prefix.is_empty()).find(holds);
        prefix.and_then(|prefix| path.get(..=prefix.len())).unwrap_or("")
    }

    /// The path of the file that a span stands in.
    pub(super) fn path_of(&self, span: Span) -> &'a str {
        self.sources.get(&span.source).map_or("", |source| source.path.as_str())
    }

    /// The text before a place in its file.
    pub(super) fn text_before(&self, span: Span) -> &'a str {
        let text = self.sources.get(&span.source).map_or("", |source| source.text.as_str());
        text.get(..span.start as usize).unwrap_or("")
    }

    /// The place of a deployment to production, given what was decided of the object it stands in.
    pub(super) fn place(&self, span: Span, decided: Option<&Environment>, library: bool) -> Place {
        let path = self.path_of(span);
        let environment = match decided {
            Some(environment) => environment.clone(),
            None => self.environments.decide(path, &["production"]),
        };
        Place {
            span,
            path: path.into(),
            environment,
            library,
            shared: None,
            root: crate::tree::Text::default(),
            doubt: None,
        }
    }
}

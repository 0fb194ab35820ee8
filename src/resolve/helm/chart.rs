//! Charts as they stand in the repository: metadata, values, templates, files, and the charts within them.
//! <https://helm.sh/docs/topics/charts/>

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::external;
use super::ignore::Rules;
use super::object::ChartFile;
use super::release::{self, Output, Release};
use super::run::Limits;
use super::template::{self, Parsed, SyntaxError};
use crate::parse;
use crate::resolve::external::Programs;
use crate::source::{Source, SourceId, Span, in_folder};
use crate::tree::{Content, Node, Value};

/// The file that makes a folder a chart.
const CHART: &str = "Chart.yaml";

/// The folders of charts, found by their paths.
#[derive(Debug, Default)]
pub struct Folders {
    folders: Vec<String>,
}

impl Folders {
    /// The folders of charts among the paths of an audit.
    pub fn find<'p>(paths: impl Iterator<Item = &'p str>) -> Self {
        let mut folders: Vec<String> = paths
            .filter_map(|path| match path.rsplit_once('/') {
                Some((folder, CHART)) => Some(folder.to_owned()),
                None if path == CHART => Some(String::new()),
                _ => None,
            })
            .collect();
        folders.sort();
        Self { folders }
    }

    /// The innermost chart that a path is in, and the path within it.
    fn of<'p>(&self, path: &'p str) -> Option<(usize, &'p str)> {
        let folders = path.match_indices('/').rev().map(|(at, _)| &path[..at]).chain([""]);
        for folder in folders {
            if let Ok(index) = self.folders.binary_search_by(|known| known.as_str().cmp(folder)) {
                let inside = if folder.is_empty() { path } else { &path[folder.len() + 1..] };
                return Some((index, inside));
            }
        }
        None
    }

    /// Whether a file is a template of a chart: it says nothing until it is rendered.
    pub fn is_template(&self, path: &str) -> bool {
        self.of(path).is_some_and(|(_, inside)| inside.starts_with("templates/"))
    }

    /// Whether a file is part of a chart, whatever it holds: helpers, scripts, files that templates read.
    pub fn is_part(&self, path: &str) -> bool {
        self.of(path).is_some_and(|(_, inside)| inside == ".helmignore" || !inside.starts_with('.') && !is_left(inside))
    }
}

/// Whether a file of a chart is read by no template: packed charts and pages.
fn is_left(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    ["tgz", "md"].iter().any(|left| extension.eq_ignore_ascii_case(left))
}

/// A chart.
#[derive(Debug)]
pub(super) struct Chart {
    /// Its folder, empty for the audited root.
    pub(super) folder: String,
    /// Its name.
    pub(super) name: String,
    /// `Chart.yaml`.
    pub(super) metadata: Node,
    /// `Chart.yaml` as a file.
    pub(super) source: SourceId,
    /// `values.yaml`.
    pub(super) values: Option<Node>,
    /// Its templates, partials included, by path within the chart.
    pub(super) templates: Vec<Template>,
    /// Its other files, by path.
    pub(super) files: Arc<Vec<Arc<ChartFile>>>,
    /// What it depends on.
    pub(super) dependencies: Vec<Dependency>,
    /// The charts in its `charts/` folder.
    pub(super) children: Vec<usize>,
    /// The chart in whose `charts/` folder it is.
    pub(super) parent: Option<usize>,
}

/// A template file.
#[derive(Debug)]
pub(super) struct Template {
    /// Its path within the chart.
    pub(super) path: String,
    /// The file.
    pub(super) source: SourceId,
    /// Its text.
    pub(super) text: Arc<str>,
    /// What it says.
    pub(super) parsed: Result<Arc<Parsed>, SyntaxError>,
}

/// An entry of `dependencies` in `Chart.yaml`, or of `requirements.yaml` beside a chart of the first version.
#[derive(Clone, Debug)]
pub(super) struct Dependency {
    /// The name of the chart.
    pub(super) name: String,
    /// The name it goes by here; its own where there is none.
    pub(super) alias: String,
    /// Which versions will do.
    pub(super) version: String,
    /// Paths of values, of which the first that is a boolean decides.
    pub(super) condition: String,
    /// Tags that decide where no condition does.
    pub(super) tags: Vec<String>,
    /// `import-values`.
    pub(super) imports: Vec<Import>,
    /// Where it is named.
    pub(super) span: Span,
}

/// Values that a chart takes over from one that it depends on.
#[derive(Clone, Debug)]
pub(super) struct Import {
    /// The path in the values of the dependency.
    pub(super) child: String,
    /// The path in its own; `.` for the top.
    pub(super) parent: String,
}

impl Chart {
    /// A string of `Chart.yaml`.
    pub(super) fn says(&self, key: &str) -> Option<&str> {
        self.metadata.get(key)?.as_str()
    }

    /// Whether it only defines what other charts use.
    pub(super) fn is_library(&self) -> bool {
        self.says("type") == Some("library")
    }

    /// The path of a file in it.
    pub(super) fn path(&self, inside: &str) -> String {
        in_folder(&self.folder, inside)
    }

    /// Where a reader is shown the chart.
    pub(super) fn head(&self) -> Span {
        self.metadata.get("name").map_or(Span::head(self.source), |name| name.span)
    }
}

/// Every chart of an audit, and the files beside them.
pub struct Charts<'a> {
    pub(super) all: Vec<Chart>,
    by_folder: BTreeMap<String, usize>,
    sources: BTreeMap<&'a str, (SourceId, &'a Source)>,
    programs: Option<&'a Programs<'a>>,
    /// Files of packed charts, and where the chart that holds the archive calls for it.
    packed: BTreeMap<SourceId, Span>,
}

impl<'a> Charts<'a> {
    /// Reads the charts whose folders were found among the sources.
    pub fn read(folders: &Folders, sources: impl Iterator<Item = (SourceId, &'a Source)>) -> Self {
        let sources: BTreeMap<&str, (SourceId, &Source)> =
            sources.map(|(id, source)| (source.path.as_str(), (id, source))).collect();
        let mut inside: Vec<Vec<(&str, SourceId, &Source)>> = vec![Vec::new(); folders.folders.len()];
        for (path, (id, source)) in &sources {
            if let Some((index, within)) = folders.of(path) {
                inside[index].push((within, *id, source));
            }
        }
        let mut charts: Vec<Chart> =
            folders.folders.par_iter().zip(inside).filter_map(|(folder, files)| read_chart(folder, &files)).collect();
        let by_folder: BTreeMap<String, usize> =
            charts.iter().enumerate().map(|(index, chart)| (chart.folder.clone(), index)).collect();
        for index in 0..charts.len() {
            let folder = &charts[index].folder;
            let parent = folder.rsplit_once('/').and_then(|(charts_folder, _)| match charts_folder {
                "charts" => Some(""),
                other => other.strip_suffix("/charts"),
            });
            if let Some(parent) = parent.and_then(|parent| by_folder.get(parent).copied()) {
                charts[index].parent = Some(parent);
                charts[parent].children.push(index);
            }
        }
        let mut read = Self { all: charts, by_folder, sources, programs: None, packed: BTreeMap::new() };
        read.packed = read.calls_of_packed();
        read
    }

    /// The same charts, rendered by the user's own Helm where that was asked for.
    #[must_use]
    pub fn rendered_by(self, programs: &'a Programs<'a>) -> Self {
        Self { programs: Some(programs).filter(|programs| programs.has_helm()), ..self }
    }

    /// What a release would apply.
    pub(super) fn output(&self, release: &Release) -> Output {
        let outside = self.programs.and_then(|programs| external::render(programs, self, release));
        let mut output = outside.unwrap_or_else(|| release::render(self, release, Limits::default()));
        if !self.packed.is_empty() {
            self.unpacked(&mut output);
        }
        output
    }

    /// Of every file in an archive, where a reader is sent instead: to the dependency that asks for the archive.
    fn calls_of_packed(&self) -> BTreeMap<SourceId, Span> {
        let mut calls = BTreeMap::new();
        for (path, (id, _)) in self.sources.iter().filter(|(path, _)| is_packed(path)) {
            let Some(archive) = path.find(PACKED).map(|at| &path[..at + PACKED.len() - 1]) else { continue };
            let Some(packed) = self.in_folder(archive).map(|index| &self.all[index]) else { continue };
            let Some(parent) = packed.parent.map(|index| &self.all[index]) else { continue };
            let dependency = parent.dependencies.iter().find(|dependency| dependency.name == packed.name);
            calls.insert(*id, dependency.map_or_else(|| parent.head(), |dependency| dependency.span));
        }
        calls
    }

    /// The chart of a folder.
    pub(super) fn in_folder(&self, folder: &str) -> Option<usize> {
        self.by_folder.get(folder).copied()
    }

    /// Puts what stands in an archive where the archive is asked for: a reader can open no other place.
    fn unpacked(&self, output: &mut Output) {
        let call = |span: Span| self.packed.get(&span.source).copied().unwrap_or(span);
        for made in &mut output.documents {
            made.template = call(Span::head(made.template)).source;
            moved(&mut made.node, &call);
        }
        for failure in &mut output.failures {
            failure.span = call(failure.span);
            failure.source = failure.span.source;
        }
        output.comments.retain(|comment| !self.packed.contains_key(&comment.span.source));
    }

    /// A file by its path.
    pub(super) fn file(&self, path: &str) -> Option<(SourceId, &'a Source)> {
        self.sources.get(path).copied()
    }

    /// Every file.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'a str, SourceId)> {
        self.sources.iter().map(|(path, (id, _))| (*path, *id))
    }

    /// The path of a file.
    pub(super) fn path_of(&self, id: SourceId) -> String {
        self.sources
            .values()
            .find(|(other, _)| *other == id)
            .map_or_else(String::new, |(_, source)| source.path.clone())
    }

    /// The documents of a YAML file. What is wrong with it is said where it is read as a file.
    pub(super) fn documents(&self, path: &str) -> Option<Vec<Node>> {
        let (id, source) = self.file(path)?;
        match parse::yaml::parse(id, &source.text).document.content {
            Content::Values(values) => Some(values),
            _ => None,
        }
    }
}

/// What stands in the path of a file of a packed chart.
const PACKED: &str = ".tgz/";

/// Whether a file stands in a packed chart.
pub(super) fn is_packed(path: &str) -> bool {
    path.contains(PACKED)
}

/// A tree with every place moved.
fn moved(node: &mut Node, to: &dyn Fn(Span) -> Span) {
    node.span = to(node.span);
    if let Some(via) = &mut node.via {
        via.iter_mut().for_each(|span| *span = to(*span));
    }
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| moved(item, to)),
        Value::Map(map) => {
            for entry in &mut map.entries {
                entry.key_span = to(entry.key_span);
                moved(&mut entry.value, to);
            }
        }
        _ => {}
    }
}

fn read_chart(folder: &str, files: &[(&str, SourceId, &Source)]) -> Option<Chart> {
    let file = |name: &str| files.iter().find(|(path, ..)| *path == name);
    let document = |name: &str| {
        let (_, id, source) = file(name)?;
        match parse::yaml::parse(*id, &source.text).document.content {
            Content::Values(values) => values.into_iter().next(),
            _ => None,
        }
    };
    let (_, source, _) = file(CHART)?;
    let metadata = document(CHART)?;
    let values = document("values.yaml");
    let requirements = document("requirements.yaml");
    let rules = Rules::read(file(".helmignore").map_or("", |(_, _, source)| &source.text));
    let mut templates = Vec::new();
    let mut others = Vec::new();
    for (path, id, source) in files {
        if rules.ignore(path) || path.starts_with("charts/") || path.starts_with("crds/") {
            continue;
        }
        let text: Arc<str> = source.text.as_str().into();
        if path.starts_with("templates/") {
            let parsed = template::parse(&text).map(Arc::new);
            templates.push(Template { path: (*path).to_owned(), source: *id, text, parsed });
        } else if !matches!(*path, CHART | "values.yaml" | "requirements.yaml" | "values.schema.json") {
            others.push(Arc::new(ChartFile { path: (*path).to_owned(), source: *id, text }));
        }
    }
    let named = metadata.get("name").and_then(Node::scalar).map(|name| name.to_string());
    let name = named.unwrap_or_else(|| folder.rsplit('/').next().unwrap_or_default().to_owned());
    let declared = metadata.get("dependencies").or_else(|| requirements.as_ref()?.get("dependencies"));
    let dependencies = declared.map_or(&[][..], Node::items).iter().filter_map(dependency).collect();
    Some(Chart {
        folder: folder.to_owned(),
        name,
        source: *source,
        values,
        templates,
        files: Arc::new(others),
        dependencies,
        children: Vec::new(),
        parent: None,
        metadata,
    })
}

fn dependency(node: &Node) -> Option<Dependency> {
    let text = |key: &str| node.get(key).and_then(Node::scalar).map(|text| text.to_string()).unwrap_or_default();
    let name = text("name");
    let alias = text("alias");
    let import = |node: &Node| match node.as_str() {
        Some(name) => Some(Import { child: format!("exports.{name}"), parent: ".".to_owned() }),
        None => Some(Import {
            child: node.get("child")?.scalar()?.to_string(),
            parent: node.get("parent")?.scalar()?.to_string(),
        }),
    };
    Some(Dependency {
        alias: if alias.is_empty() { name.clone() } else { alias },
        version: text("version"),
        condition: text("condition"),
        tags: node
            .get("tags")
            .map_or(&[][..], Node::items)
            .iter()
            .filter_map(Node::scalar)
            .map(|tag| tag.to_string())
            .collect(),
        imports: node.get("import-values").map_or(&[][..], Node::items).iter().filter_map(import).collect(),
        span: node.get("name")?.span,
        name,
    })
}

//! The order of things: resources, generators, components, transformations, and at the end the names and variables.
//!
//! It is kustomize's (`KustTarget.accumulateTarget`). Where kustomize would refuse to build, the problem is said at its
//! line and the rest is built as far as it goes.

mod patch;
mod transform;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::edit;
use super::fields::Fields;
use super::files::{File, Files, join};
use super::generate::{self, Content};
use super::inflate::{self, Inflation, Merge};
use super::resource::{Behavior, Id, Resource};
use super::{builtin, names, substitute};
use crate::model::{Gap, Hides};
use crate::parse::{self, embedded};
use crate::problem::{Fault, Problem, nearest};
use crate::resolve::external;
use crate::source::{SourceId, Span};
use crate::tree::{Node, Text, Value};

/// What every mistake comes to.
const REFUSES: &str = "kustomize refuses to build it";

/// How deep kustomizations may include each other.
const MAX_DEPTH: usize = 32;

/// How many nodes one build may make. Real ones stay below 300,000.
const MAX_NODES: usize = 4_000_000;

/// How many objects one build may hold. Real ones stay below 2,000.
const MAX_OBJECTS: usize = 8_000;

/// The fields of a kustomization, which refuses others.
const KEYS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "openapi",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "imageTags",
    "replacements",
    "replicas",
    "vars",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "bases",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
    "inventory",
];

/// What a build gives.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// The objects, in order.
    pub objects: Vec<Node>,
    /// The files it is made of: resources, patches, generator inputs, kustomizations.
    pub files: BTreeSet<SourceId>,
    /// Folders that it includes.
    pub folders: BTreeSet<Text>,
    /// Folders of charts that it inflates.
    pub charts: BTreeSet<Text>,
    /// What could not be built.
    pub gaps: Vec<Gap>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

struct Build<'a, 'f> {
    files: &'f Files<'a>,
    built: Built,
    /// The kustomizations being read, the outermost first.
    open: Vec<String>,
    nodes: usize,
    objects: usize,
    full: bool,
}

/// What has been gathered so far.
struct Gathered {
    resources: Vec<Resource>,
    /// What the resources are called, while nothing changes it.
    ids: Option<BTreeSet<Id>>,
    /// Shared until a configuration adds to them.
    fields: Arc<Fields>,
    vars: Vec<substitute::Var>,
}

impl Gathered {
    fn new(fields: Arc<Fields>) -> Self {
        Self { resources: Vec::new(), ids: None, fields, vars: Vec::new() }
    }

    /// Whether nothing of a resource's id is there; from now on something is.
    fn is_first(&mut self, resource: &Resource) -> bool {
        let resources = &self.resources;
        let ids = self.ids.get_or_insert_with(|| resources.iter().map(|it| it.id().settled()).collect());
        ids.insert(resource.id().settled())
    }
}

/// Builds the kustomization of a folder, where it has one; then applies further kustomizations of the same folder, in
/// order.
pub(super) fn build(files: &Files<'_>, folder: &str, overlays: &[Node]) -> Built {
    let mut build = Build { files, built: Built::default(), open: Vec::new(), nodes: 0, objects: 0, full: false };
    let mut gathered = Gathered::new(Fields::defaults());
    if let Some(file) = files.kustomization(folder) {
        build.kustomization(file, folder, &mut gathered);
        if let Some(outside) = files.outside(folder) {
            build.replace(file, outside, &mut gathered);
        }
    }
    for overlay in overlays {
        build.apply(overlay, folder, &mut gathered);
    }
    build.finish(gathered)
}

impl<'a> Build<'a, '_> {
    /// Takes what the user's own kustomize built instead of what was built here, which then only says which files are
    /// part of it.
    fn replace(&mut self, file: File<'a>, outside: Result<String, String>, gathered: &mut Gathered) {
        let span = Span::head(file.id);
        self.built.gaps.clear();
        self.built.problems.clear();
        *gathered = Gathered::new(Fields::defaults());
        (self.nodes, self.objects, self.full) = (0, 0, false);
        let printed = match outside {
            Ok(printed) => printed,
            Err(reason) => return self.gap(span, format!("kustomization not analysed: {reason}")),
        };
        let parsed = parse::yaml::parse(SourceId::default(), &printed);
        if let Some(problem) = parsed.problems.iter().find(|problem| parse::yaml::is_syntax(problem)) {
            self.gap(span, format!("kustomization not analysed: what is built is {}", problem.message));
        }
        for document in parsed.document.values() {
            let mut document = document.clone();
            external::place(&mut document, span);
            self.object(&document, gathered);
        }
    }

    fn wrong(&mut self, span: Span, message: impl Into<String>, help: &str) {
        let problem = Problem::at(Fault::Input, span, message, help);
        if !self.built.problems.contains(&problem) {
            self.built.problems.push(problem);
        }
    }

    fn gap(&mut self, span: Span, reason: impl Into<Text>) {
        let (path, reason) = (self.files_path(span), reason.into());
        self.built.gaps.push(Gap { hides: Hides::in_cluster(&reason), span, path, reason });
    }

    fn files_path(&self, span: Span) -> Text {
        self.files.path_of(span.source).into()
    }

    /// The items of a list; a problem where it is none.
    fn list<'n>(&mut self, node: &'n Node, key: &str) -> &'n [Node] {
        let Some(value) = node.get(key) else { return &[] };
        match &value.value {
            Value::List(items) => items,
            Value::Null | Value::Unknown(_) => &[],
            _ => {
                self.wrong(
                    value.span,
                    format!("`{key}` is a list"),
                    "write each entry on a line of its own, after `- `",
                );
                &[]
            }
        }
    }

    /// Adds a new object, as long as the build is within its bounds.
    fn create(&mut self, gathered: &mut Gathered, node: Node) {
        self.nodes += edit::weight(&node);
        self.objects += 1;
        if self.nodes > MAX_NODES || self.objects > MAX_OBJECTS {
            if !self.full {
                self.full = true;
                self.wrong(node.span, "the build grows beyond all bounds here", "the rest of it is not judged");
                self.gap(node.span, "the build grows beyond all bounds");
            }
            return;
        }
        self.add(gathered, Resource::new(node));
    }

    fn add(&mut self, gathered: &mut Gathered, resource: Resource) {
        if gathered.is_first(&resource) {
            gathered.resources.push(resource);
            return;
        }
        let span = resource.node.at(&["metadata", "name"]).unwrap_or(&resource.node).span;
        self.wrong(span, format!("{} is in the build already", resource.id().title()), REFUSES);
    }

    /// Reads the kustomization of a folder, and everything it names, on top of what was gathered.
    fn kustomization(&mut self, file: File<'a>, folder: &str, gathered: &mut Gathered) {
        self.built.files.insert(file.id);
        self.built.folders.insert(folder.into());
        let documents = file.documents();
        let Some(document) = documents.first() else { return };
        self.open.push(folder.to_owned());
        self.apply(&canonical(document), folder, gathered);
        self.open.pop();
    }

    /// Does what a kustomization says.
    fn apply(&mut self, document: &Node, folder: &str, gathered: &mut Gathered) {
        if document.as_map().is_none() {
            if !document.is_null() {
                self.wrong(document.span, "a kustomization is a mapping", "see `kustomize create`");
            }
            return;
        }
        for entry in document.entries() {
            if !KEYS.contains(&entry.key.as_str()) {
                let near = nearest(&entry.key, KEYS.iter().copied());
                let help = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
                self.wrong(entry.key_span, format!("a kustomization has no field `{}`", entry.key), &help);
            }
        }
        for key in ["resources", "bases"] {
            for entry in self.list(document, key) {
                self.resource(entry, folder, gathered);
            }
        }
        self.configurations(document, folder, gathered);
        self.generators(document, folder, gathered);
        for entry in self.list(document, "components") {
            self.component(entry, folder, gathered);
        }
        self.transform(document, folder, gathered);
        for entry in self.list(document, "vars") {
            gathered.vars.extend(substitute::Var::read(entry));
        }
    }

    /// One entry of `resources`: a file, a folder, or something elsewhere.
    fn resource(&mut self, entry: &Node, folder: &str, gathered: &mut Gathered) {
        let Some(written) = entry.as_str() else {
            self.wrong(entry.span, "a resource is a path", "name a file or a folder with a kustomization");
            return;
        };
        match self.locate(entry, written, folder) {
            Located::File(file) => self.resource_file(file, gathered),
            Located::Folder(path, file) => {
                if self.enter(entry, &path) {
                    let mut inner = Gathered::new(gathered.fields.clone());
                    self.kustomization(file, &path, &mut inner);
                    self.merge(inner, gathered);
                }
            }
            Located::Nowhere => {}
        }
    }

    fn component(&mut self, entry: &Node, folder: &str, gathered: &mut Gathered) {
        let Some(written) = entry.as_str() else { return };
        match self.locate(entry, written, folder) {
            Located::Folder(path, file) => {
                if self.enter(entry, &path) {
                    self.kustomization(file, &path, gathered);
                }
            }
            Located::File(_) => {
                self.wrong(entry.span, "a component is a folder", "name the folder of its kustomization");
            }
            Located::Nowhere => {}
        }
    }

    /// Whether a folder may be gone into: not where it is open already, and not without end.
    fn enter(&mut self, entry: &Node, path: &str) -> bool {
        if self.open.iter().any(|open| open == path) {
            self.wrong(entry.span, format!("`{path}` includes itself"), "take the cycle apart");
            return false;
        }
        if self.open.len() >= MAX_DEPTH || self.full {
            self.wrong(entry.span, "kustomizations include each other too deeply", "the rest is not judged");
            self.gap(entry.span, "kustomizations include each other too deeply");
            return false;
        }
        true
    }

    fn merge(&mut self, inner: Gathered, gathered: &mut Gathered) {
        if !Arc::ptr_eq(&gathered.fields, &inner.fields) {
            Arc::make_mut(&mut gathered.fields).merge(&inner.fields);
        }
        gathered.vars.extend(inner.vars);
        for resource in inner.resources {
            self.add(gathered, resource);
        }
    }

    /// What a path of a kustomization leads to. What is not there is said.
    fn locate(&mut self, entry: &Node, written: &str, folder: &str) -> Located<'a> {
        let of_other_root = self.files.remote(written).filter(|path| self.files.kustomization(path).is_some());
        let Some(path) = of_other_root.or_else(|| join(folder, written)) else {
            self.gap(entry.span, format!("`{written}` is outside of what is audited"));
            return Located::Nowhere;
        };
        if let Some(file) = self.files.file(&path) {
            return Located::File(file);
        }
        if let Some(file) = self.files.kustomization(&path) {
            return Located::Folder(path, file);
        }
        if self.files.is_unread(&path) {
            // Discovery says that it was not read, and why; an empty file says nothing.
            return Located::Nowhere;
        }
        if is_remote(written) {
            self.gap(entry.span, format!("`{written}` is elsewhere, and nothing is fetched"));
        } else if self.files.is_folder(&path) {
            self.wrong(entry.span, format!("the folder `{written}` has no kustomization"), REFUSES);
            self.gap(entry.span, format!("the folder `{written}` has no kustomization"));
        } else {
            self.wrong(entry.span, format!("`{written}` is not there"), REFUSES);
            self.gap(entry.span, format!("`{written}` is not there"));
        }
        Located::Nowhere
    }

    fn resource_file(&mut self, file: File<'a>, gathered: &mut Gathered) {
        self.built.files.insert(file.id);
        let documents = file.documents();
        for document in documents.iter() {
            self.object(document, gathered);
        }
    }

    fn object(&mut self, document: &Node, gathered: &mut Gathered) {
        let kind = document.get("kind").and_then(Node::as_str).unwrap_or_default();
        if kind.ends_with("List")
            && let Some(items) = document.get("items")
        {
            for item in items.items() {
                self.object(item, gathered);
            }
            return;
        }
        let named = document.at(&["metadata", "name"]).or_else(|| document.at(&["metadata", "generateName"]));
        if kind.is_empty() || named.is_none() {
            if !document.is_null() {
                self.wrong(document.span, "an object needs `kind` and `metadata.name`", REFUSES);
            }
            return;
        }
        self.create(gathered, document.clone());
    }

    fn configurations(&mut self, document: &Node, folder: &str, gathered: &mut Gathered) {
        for entry in self.list(document, "configurations") {
            let Some(written) = entry.as_str() else { continue };
            if let Located::File(file) = self.locate(entry, written, folder) {
                self.built.files.insert(file.id);
                for document in file.documents().iter() {
                    Arc::make_mut(&mut gathered.fields).merge(&Fields::read(document));
                }
            }
        }
    }

    fn generators(&mut self, document: &Node, folder: &str, gathered: &mut Gathered) {
        let options = document.get("generatorOptions");
        for (key, kind) in [("secretGenerator", "Secret"), ("configMapGenerator", "ConfigMap")] {
            for entry in self.list(document, key) {
                let files = self.files;
                let mut used = Vec::new();
                let mut missing = Vec::new();
                let made = generate::generate(entry, kind, options, &mut |node, path| {
                    let Some(path) = join(folder, path) else { return Content::Unread };
                    if let Some(file) = files.file(&path) {
                        used.push(file);
                        return Content::Text(&file.source.text, file.span());
                    }
                    if !files.is_unread(&path) {
                        missing.push((node.span, path));
                    }
                    Content::Unread
                });
                // What is packed into a ConfigMap is no object, but rules in it are rules.
                let objects = used.iter().filter(|file| file.documents().iter().any(is_object));
                self.built.files.extend(objects.map(|file| file.id));
                for (span, path) in missing {
                    // Secrets are kept out of repositories, and put there before it is built.
                    if kind == "Secret" {
                        let (reason, at) =
                            (format!("`{path}`, which a Secret is made of, is not there"), self.files_path(span));
                        self.built.gaps.push(Gap { hides: Hides::Secrets, span, path: at, reason: reason.into() });
                    } else {
                        self.wrong(span, format!("`{path}` is not there"), REFUSES);
                    }
                }
                match made {
                    Ok(made) => self.generated(made, gathered),
                    Err((span, why)) => self.wrong(span, why, REFUSES),
                }
            }
        }
        for key in ["helmCharts", "helmChartInflationGenerator"] {
            self.list(document, key);
        }
        for wanted in inflate::wanted(document, folder) {
            self.chart(&wanted, folder, gathered);
        }
        for entry in self.list(document, "generators") {
            for config in self.configured(entry, folder) {
                match builtin::amounts_to(&config) {
                    Some(own) => self.generators(&own, folder, gathered),
                    None => self.gap(entry.span, "what a generator of another program makes is not known"),
                }
            }
        }
    }

    /// A chart that the kustomization inflates, when it is here.
    fn chart(&mut self, wanted: &inflate::Wanted<'_>, folder: &str, gathered: &mut Gathered) {
        let entry = wanted.entry;
        let (paths, inline, merge) = inflate::values(entry);
        let mut of_files = Vec::new();
        for path in paths {
            let Some(written) = path.as_str() else { continue };
            if let Located::File(file) = self.locate(path, written, folder) {
                self.built.files.insert(file.id);
                of_files.extend(file.documents().first().cloned());
            }
        }
        let inline = inline.cloned().into_iter();
        let values = match merge {
            Merge::InlineWins => of_files.into_iter().chain(inline).collect(),
            Merge::FilesWin => inline.chain(of_files).collect(),
            Merge::InlineOnly => inline.collect(),
        };
        let said = |key: &str| entry.get(key).filter(|node| node.as_str().is_some());
        let named = said("releaseName").or_else(|| said("name")).or_else(|| said("chartName"));
        let namespace = said("namespace").or_else(|| said("releaseNamespace"));
        let mut wish = Inflation {
            folder: String::new(),
            name: named.cloned().unwrap_or_else(|| Node::string(wanted.name.clone(), entry.span)),
            namespace: namespace.cloned(),
            values,
        };
        let charts = self.files.charts();
        let found = wanted.folders.iter().find_map(|folder| {
            wish.folder.clone_from(folder);
            charts?.inflate(&wish)
        });
        let Some(inflated) = found else {
            let reason = format!("the chart `{}` that this kustomization inflates is not here", wanted.name);
            self.gap(entry.span, reason);
            return;
        };
        self.built.charts.insert(wish.folder.into());
        self.built.files.extend(inflated.files);
        for (span, reason) in inflated.failures {
            self.gap(span, reason);
        }
        for object in &inflated.objects {
            self.object(object, gathered);
        }
    }

    fn generated(&mut self, made: generate::Generated, gathered: &mut Gathered) {
        let id = Id::of(&made.node);
        let at = gathered.resources.iter().position(|known| known.is_or_was(&id));
        match (at, made.behavior) {
            (None, Behavior::Create) => self.create(gathered, made.node),
            (None, _) => {
                self.wrong(made.node.span, format!("there is no {} to change", id.title()), REFUSES);
            }
            (Some(_), Behavior::Create) => {
                self.wrong(
                    made.node.span,
                    format!("{} is in the build already", id.title()),
                    "set `behavior` to merge or replace",
                );
            }
            (Some(at), behavior) => {
                let old = &mut gathered.resources[at];
                for list in ["labels", "annotations"] {
                    let pairs = made.node.at(&["metadata", list]).map_or(&[][..], Node::entries);
                    if let Some(metadata) = edit::get_mut(&mut old.node, "metadata") {
                        for pair in pairs {
                            if edit::get_mut(metadata, list).is_none() {
                                edit::set(metadata, list, pair.key_span, edit::empty_map(pair.key_span));
                            }
                            if let Some(own) = edit::get_mut(metadata, list) {
                                edit::set(own, &pair.key, pair.key_span, pair.value.clone());
                            }
                        }
                    }
                }
                let data = made.node.get("data").cloned();
                if behavior == Behavior::Replace {
                    edit::remove(&mut old.node, "data");
                    edit::remove(&mut old.node, "binaryData");
                }
                let Some(data) = data else { return };
                match edit::get_mut(&mut old.node, "data") {
                    Some(own) => {
                        for pair in data.entries() {
                            edit::set(own, &pair.key, pair.key_span, pair.value.clone());
                        }
                    }
                    None => edit::set(&mut old.node, "data", data.span, data),
                }
            }
        }
    }

    /// The configurations of plugins that an entry is or names: a text, a file, or a folder with a kustomization.
    fn configured(&mut self, entry: &Node, folder: &str) -> Vec<Node> {
        let Some(written) = entry.as_str() else { return Vec::new() };
        if written.contains('\n') {
            return self.inline(entry);
        }
        match self.locate(entry, written, folder) {
            Located::File(file) => {
                self.built.files.insert(file.id);
                file.documents().into_owned()
            }
            Located::Folder(path, file) if self.enter(entry, &path) => {
                let mut inner = Gathered::new(Fields::defaults());
                self.kustomization(file, &path, &mut inner);
                inner.resources.into_iter().map(|resource| resource.node).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The documents written within a text.
    fn inline(&mut self, node: &Node) -> Vec<Node> {
        let Some(source) = self.files.source(node.span.source) else { return Vec::new() };
        let parsed = embedded::yaml(source, node);
        for problem in parsed.problems {
            self.wrong(problem.span.unwrap_or(node.span), problem.message, &problem.help);
        }
        parsed.document.values().to_vec()
    }

    fn finish(mut self, mut gathered: Gathered) -> Built {
        names::follow(&mut gathered.resources, &gathered.fields);
        for (span, why) in substitute::vars(&mut gathered.resources, &gathered.vars, &gathered.fields.vars) {
            self.wrong(span, why, REFUSES);
        }
        gathered.resources.retain(|resource| {
            let local = resource
                .node
                .at(&["metadata", "annotations"])
                .and_then(|it| it.get("config.kubernetes.io/local-config"));
            local.and_then(Node::scalar).is_none_or(|local| local == "false")
        });
        self.built.objects = gathered.resources.into_iter().map(|resource| resource.node).collect();
        self.built
    }
}

/// A kustomization with its fields as they are spelled: kustomize reads them in any case (`nameprefix`).
fn canonical(document: &Node) -> Cow<'_, Node> {
    let spelled = |key: &str| KEYS.iter().find(|known| **known != key && known.eq_ignore_ascii_case(key));
    if !document.entries().iter().any(|entry| !KEYS.contains(&entry.key.as_str()) && spelled(&entry.key).is_some()) {
        return Cow::Borrowed(document);
    }
    let mut document = document.clone();
    if let Value::Map(map) = &mut document.value {
        for entry in &mut map.entries {
            if !KEYS.contains(&entry.key.as_str())
                && let Some(known) = spelled(&entry.key)
            {
                entry.key = Text::const_new(known);
            }
        }
    }
    Cow::Owned(document)
}

/// What a path leads to.
enum Located<'a> {
    File(File<'a>),
    Folder(String, File<'a>),
    Nowhere,
}

/// Whether a document is a Kubernetes object.
pub(super) fn is_object(node: &Node) -> bool {
    node.get("apiVersion").is_some() && node.get("kind").is_some()
}

/// Whether a path that leads nowhere here may lead somewhere else.
fn is_remote(written: &str) -> bool {
    written.contains("://")
        || written.contains("?ref=")
        || written.starts_with("git@")
        || written
            .split('/')
            .next()
            .is_some_and(|host| host.contains('.') && !host.starts_with('.') && written.contains('/'))
}

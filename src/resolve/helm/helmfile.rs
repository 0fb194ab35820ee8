//! Helmfile: which charts of the repository it installs, once for each environment that is production.
//! <https://helmfile.readthedocs.io/en/latest/configuration/>
//!
//! A helmfile is a template where its name ends in `.gotmpl` or where it holds actions (helmfile before version 1); its
//! parts between `---` are rendered one after the other, each with the values that those before it gave the environment.
//! What it includes by `helmfiles` is a helmfile of its own, rendered for the same environment with the values that it is
//! given; those of the parent it does not see.

mod written;
mod written_out;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use self::written::{entries, environment_names, is_helmfile, parts, unquoted};
pub use self::written::{is_named_helmfile, values_named_by_helmfile};
use self::written_out::is_written_out;
use super::application::parameter;
use super::chart::Charts;
use super::remap;
use super::run::{self, Failure, Limits, Run, Wrong};
use super::trace::{OriginId, Origins, Place, Traced};
use super::value::{Fields, Kind, Value};
use super::values;
use crate::model::{Environment, Environments};
use crate::parse;
use crate::resolve::rendered::Rendered;
use crate::source::{Source, SourceId, Span, join, parent};
use crate::tree::{Content, Entry, Map, Node, Value as Tree};

/// What a release says, or the defaults say of every release, that its extractor reads beside its name and its chart.
const RELEASE_KEYS: &[&str] = &["namespace", "version", "atomic", "wait", "historyMax", "labels"];

/// How many environments of a helmfile are rendered.
const MOST_ENVIRONMENTS: usize = 20;

/// How many files a pattern of a helmfile may include, how deep they may include each other, and how often in all.
const MOST_NESTED: usize = 200;
const MOST_DEPTH: usize = 5;
const MOST_INCLUDED: usize = 1_000;

/// A release of a chart that is here.
#[derive(Debug)]
pub(super) struct Installs {
    /// Which chart.
    pub(super) chart: usize,
    /// The release's name.
    pub(super) name: Node,
    /// Its namespace.
    pub(super) namespace: Option<Node>,
    /// Its values, the strongest last.
    pub(super) values: Vec<Node>,
    /// What it is installed for.
    pub(super) environment: Environment,
}

/// What the helmfiles of an audit say.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What they install of the repository.
    pub(super) releases: Vec<Installs>,
    /// What they install from elsewhere, and what could not be rendered.
    pub(super) gaps: BTreeSet<(SourceId, Span, String)>,
    /// Files that were rendered: they are not unread, and say nothing beside what they become.
    pub(super) files: BTreeSet<String>,
    /// What they become: a document for each release, with all that is said of it elsewhere.
    pub(super) documents: Vec<Rendered>,
    /// The helmfile that is read, with what it includes: the one that is applied.
    applied: String,
    /// How many were included so far.
    included: usize,
}

/// Reads every helmfile.
pub(super) fn read(charts: &Charts<'_>, environments: &Environments) -> Found {
    let mut found = Found::default();
    let all: Vec<Helmfile<'_, '_>> = charts
        .files()
        .filter_map(|(path, id)| {
            let told = |source: &Source| is_helmfile(path, &source.text) && !environments.is_for_show(path);
            let (_, source) = charts.file(path).filter(|(_, source)| told(source))?;
            let written_out = is_written_out(charts, path);
            Some(Helmfile { charts, environments, path, id, text: &source.text, written_out })
        })
        .collect();
    for file in outermost(&all) {
        file.path.clone_into(&mut found.applied);
        for name in file.chosen() {
            file.install(&name, &[], 0, &mut found);
        }
    }
    found
}

/// Those that no other includes: what another includes is installed with what that gives it. Of those that include each
/// other in a circle, the first.
fn outermost<'f, 'c, 'a>(all: &'f [Helmfile<'c, 'a>]) -> Vec<&'f Helmfile<'c, 'a>> {
    let includes: BTreeMap<&str, Vec<String>> = all.iter().map(|file| (file.path, file.nested())).collect();
    let nested: BTreeSet<&str> = includes.values().flatten().map(String::as_str).collect();
    let (by_others, mut outermost): (Vec<_>, Vec<_>) = all.iter().partition(|file| nested.contains(file.path));
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let reach = |path, reached: &mut BTreeSet<_>| {
        let mut next = vec![path];
        while let Some(path) = next.pop() {
            if reached.insert(path) {
                next.extend(includes.get(path).into_iter().flatten().map(String::as_str));
            }
        }
    };
    for file in &outermost {
        reach(file.path, &mut reached);
    }
    for file in by_others {
        if !reached.contains(file.path) {
            reach(file.path, &mut reached);
            outermost.push(file);
        }
    }
    outermost
}

struct Helmfile<'c, 'a> {
    charts: &'c Charts<'a>,
    environments: &'c Environments,
    path: &'c str,
    id: SourceId,
    text: &'c str,
    /// Whether its values are only written out, for something else to install with.
    written_out: bool,
}

/// What is known while one environment is rendered.
struct State {
    run: Run,
    name: String,
    values: Value,
    /// What whatever includes the file gives it, which its own values do not change.
    given: Value,
    releases: Vec<Node>,
    templates: Vec<Node>,
    helmfiles: Vec<Node>,
    /// What holds for every release that does not say otherwise.
    defaults: Node,
    /// Labels of every release.
    labels: Option<Node>,
}

impl Helmfile<'_, '_> {
    /// The environments to render: those that are production, else those that are not known to be another.
    fn chosen(&self) -> Vec<String> {
        let mut names = environment_names(self.text);
        for base in entries(self.text, "bases:") {
            let base = join(self.folder(), &base).and_then(|path| self.charts.file(&path));
            names.extend(base.map(|(_, source)| environment_names(&source.text)).unwrap_or_default());
        }
        if names.is_empty() {
            let nested = self.nested().into_iter().filter_map(|path| self.charts.file(&path));
            names.extend(nested.flat_map(|(_, source)| environment_names(&source.text)));
            names.sort();
            names.dedup();
        }
        let production = |name: &&String| self.environments.of_word(name).is_some_and(|it| it.production);
        let open = |name: &&String| self.environments.of_word(name).is_none();
        let mut chosen: Vec<String> = names.iter().filter(production).cloned().collect();
        if chosen.is_empty() {
            chosen = names.iter().filter(open).cloned().collect();
        }
        if chosen.is_empty() && names.is_empty() {
            chosen.push("default".to_owned());
        }
        chosen.truncate(MOST_ENVIRONMENTS);
        chosen
    }

    fn folder(&self) -> &str {
        parent(self.path)
    }

    /// The files below `helmfiles:` that are here, as far as that is known before anything is rendered.
    fn nested(&self) -> Vec<String> {
        let written = entries(self.text, "helmfiles:").into_iter();
        let paths = written.map(|entry| entry.strip_prefix("path:").map_or_else(|| entry.clone(), unquoted));
        paths.flat_map(|path| self.named(&path)).collect()
    }

    /// The files that a path or a pattern names.
    fn named(&self, written: &str) -> Vec<String> {
        let Some(path) = join(self.folder(), written) else { return Vec::new() };
        if self.charts.file(&path).is_some() {
            return vec![path];
        }
        if !path.contains('*') {
            return Vec::new();
        }
        let glob = globset::GlobBuilder::new(&path).literal_separator(true).build();
        let Ok(glob) = glob.map(|glob| glob.compile_matcher()) else { return Vec::new() };
        let matching = self.charts.files().filter(|(file, _)| glob.is_match(file));
        matching.map(|(file, _)| file.to_owned()).take(MOST_NESTED).collect()
    }

    /// Installs a helmfile that another includes, for the same environment.
    fn include(&self, entry: &Node, name: &str, depth: usize, found: &mut Found) {
        let Some(path) = entry.as_str().or_else(|| entry.get("path")?.as_str()) else { return };
        let files = self.named(path);
        found.included += files.len();
        let refused = if files.is_empty() {
            Some("is not here")
        } else if depth >= MOST_DEPTH {
            Some("is not read: so deep they include each other")
        } else {
            (found.included > MOST_INCLUDED).then_some("is not read: so often they include each other")
        };
        if let Some(why) = refused {
            found.gaps.insert((self.id, entry.span, format!("the helmfile `{path}` that this includes {why}")));
            return;
        }
        let given = entry.get("values").map_or(&[][..], Node::items);
        for path in &files {
            if let Some((id, source)) = self.charts.file(path) {
                let file = Helmfile { path, id, text: &source.text, ..*self };
                file.install(name, given, depth + 1, found);
            }
        }
    }

    /// Installs what the file says for an environment, with the values that whatever includes it gives.
    fn install(&self, name: &str, given: &[Node], depth: usize, found: &mut Found) {
        let text = self.text;
        let mut state = State {
            run: Run::new(Limits::default()),
            name: name.to_owned(),
            values: Value::map(Fields::new()),
            given: Value::map(Fields::new()),
            releases: Vec::new(),
            templates: Vec::new(),
            helmfiles: Vec::new(),
            defaults: Node::new(Tree::Map(Map::default()), Span::head(self.id)),
            labels: None,
        };
        for values in given.iter().filter(|values| values.as_map().is_some()) {
            let value = Value::of(values, &mut state.run.origins);
            state.given = values::overlay(&state.given, &value);
        }
        state.values = state.given.clone();
        if let Err(wrong) = self.layers(self.id, text, &mut state, found, true) {
            let (span, reason) = said(wrong, self.id);
            found.gaps.insert((self.id, span, format!("chart not analysed: {reason}")));
            return;
        }
        found.files.insert(self.path.to_owned());
        let releases = std::mem::take(&mut state.releases);
        for release in &releases {
            self.release(release, &mut state, found);
        }
        for entry in &state.helmfiles {
            self.include(entry, name, depth, found);
        }
    }

    /// The parts of a helmfile, or of one of its bases, one after the other.
    fn layers(
        &self,
        id: SourceId,
        text: &str,
        state: &mut State,
        found: &mut Found,
        follow: bool,
    ) -> Result<(), Wrong> {
        for (at, part) in parts(text) {
            let place = Place::File { source: id, at: u32::try_from(at).unwrap_or(u32::MAX), via: OriginId::NONE };
            let part = Value::from(Kind::Traced(Rc::new(Traced::of(part, place))));
            for document in state.render(&part, None)? {
                if follow {
                    for base in document.get("bases").map_or(&[][..], Node::items) {
                        let path = base.as_str().and_then(|base| join(self.folder(), base));
                        match path.as_deref().and_then(|path| self.charts.file(path)) {
                            Some((id, source)) => self.layers(id, &source.text, state, found, false)?,
                            None => self.missing(base, found),
                        }
                    }
                }
                self.layer(&document, state, found)?;
            }
        }
        Ok(())
    }

    /// What one part gives: values of the environment, and releases.
    fn layer(&self, document: &Node, state: &mut State, found: &mut Found) -> Result<(), Wrong> {
        let own = document.at(&["environments", &state.name, "values"]).map_or(&[][..], Node::items);
        let general = document.get("values").map_or(&[][..], Node::items);
        for entry in general.iter().chain(own) {
            for node in self.values(entry, state, None, found)? {
                let value = Value::of(&node, &mut state.run.origins);
                state.values = values::overlay(&state.values, &value);
            }
        }
        state.values = values::overlay(&state.values, &state.given);
        if let Some(defaults) = document.get("helmDefaults") {
            state.defaults = state.defaults.clone().overlaid(defaults);
        }
        if let Some(labels) = document.get("commonLabels") {
            state.labels = Some(labels.clone());
        }
        state.templates.extend(document.get("templates").cloned());
        state.helmfiles.extend(document.get("helmfiles").map_or(&[][..], Node::items).iter().cloned());
        state.releases.extend(document.get("releases").map_or(&[][..], Node::items).iter().cloned());
        Ok(())
    }

    /// An entry of a list of values: a mapping, or the path of a file, which is a template where its name ends so.
    fn values(
        &self,
        entry: &Node,
        state: &mut State,
        release: Option<&Value>,
        found: &mut Found,
    ) -> Result<Vec<Node>, Wrong> {
        let Some(written) = entry.as_str() else {
            return Ok(if entry.as_map().is_some() { vec![entry.clone()] } else { Vec::new() });
        };
        let written = state.text(written, entry, release)?;
        let Some((path, (id, source))) =
            join(self.folder(), &written).and_then(|path| Some((path.clone(), self.charts.file(&path)?)))
        else {
            self.missing(entry, found);
            return Ok(Vec::new());
        };
        if !path.ends_with(".gotmpl") {
            let documents = self.charts.documents(&path).unwrap_or_default().into_iter().take(1);
            return Ok(documents.filter(|values| values.as_map().is_some()).collect());
        }
        found.files.insert(path);
        let place = Place::File { source: id, at: 0, via: OriginId::NONE };
        let text = Value::from(Kind::Traced(Rc::new(Traced::of(source.text.as_str(), place))));
        state.render(&text, release).map(|nodes| nodes.into_iter().take(1).collect())
    }

    fn missing(&self, entry: &Node, found: &mut Found) {
        let written = entry.as_str().unwrap_or("?");
        found.gaps.insert((self.id, entry.span, format!("`{written}` of this helmfile is not here")));
    }

    fn release(&self, release: &Node, state: &mut State, found: &mut Found) {
        let inherited = inherited(release, &state.templates);
        let said_in = |key: &str| release.get(key).or_else(|| inherited.iter().find_map(|template| template.get(key)));
        let Some(name) = said_in("name") else { return };
        if said_in("installed").and_then(Node::as_bool) == Some(false) || !state.wants(said_in("condition")) {
            return;
        }
        let facts = run::fields([
            ("Name", Value::of(name, &mut state.run.origins)),
            ("Namespace", said_in("namespace").map_or(Value::text(""), |it| Value::of(it, &mut state.run.origins))),
            ("Chart", said_in("chart").map_or(Value::text(""), |it| Value::of(it, &mut state.run.origins))),
        ]);
        let Some(chart) = said_in("chart") else { return };
        if let Err(wrong) = self.planned(name, chart, &said_in, &facts, state, found) {
            let (span, reason) = said(wrong, self.id);
            found.gaps.insert((self.id, span, format!("chart not analysed: {reason}")));
        }
    }

    fn planned<'n>(
        &self,
        name: &Node,
        chart: &Node,
        said_in: &dyn Fn(&str) -> Option<&'n Node>,
        facts: &Value,
        state: &mut State,
        found: &mut Found,
    ) -> Result<(), Wrong> {
        let shown = name.scalar().unwrap_or_default();
        let Some(written) = chart.as_str() else {
            let why = chart.as_unknown().map_or("it is no text", |unknown| unknown.reason.as_str());
            found.gaps.insert((self.id, chart.span, format!("the chart of `{shown}` is not known: {why}")));
            return Ok(());
        };
        let written = state.text(written, chart, Some(facts))?;
        let namespace = said_in("namespace").filter(|namespace| namespace.as_str().is_some()).cloned();
        let word = namespace.as_ref().and_then(Node::as_str);
        let words: Vec<&str> = std::iter::once(state.name.as_str()).chain(word).chain(name.as_str()).collect();
        let environment = self.environments.of_word(&state.name);
        let environment = environment.unwrap_or_else(|| self.environments.decide(self.path, &words));
        let here = join(self.folder(), &written).and_then(|folder| self.charts.in_folder(&folder));
        let is_folder = here.is_some() || self.is_folder(&written);
        let spelled = if is_folder && !is_path(&written) { format!("./{written}") } else { written.clone() };
        let mut document = self.document(name, &Node::string(spelled, chart.span), said_in, state);
        document.environment = Some(environment.clone());
        let folder = here.map(|index| self.charts.all[index].folder.as_str());
        add(&mut document.node, "helmfile", Node::string(found.applied.as_str(), name.span));
        if let Some(folder) = folder {
            add(&mut document.node, "folder", Node::string(folder, chart.span));
        }
        let mut given = Vec::new();
        for entry in said_in("values").map_or(&[][..], Node::items) {
            match self.values(entry, state, Some(facts), found) {
                Ok(values) => given.extend(values),
                // The release is there, whatever it is given.
                Err(wrong) if here.is_some() => {
                    found.documents.push(as_helmfile(document));
                    return Err(wrong);
                }
                Err(_) => {}
            }
        }
        given.extend(said_in("set").map_or(&[][..], Node::items).iter().filter_map(parameter));
        let Some(index) = here else {
            if is_folder {
                found.documents.push(as_helmfile(document));
                return Ok(());
            }
            let reason = format!("the chart `{written}` of the helmfile release `{shown}` is not here");
            found.gaps.insert((self.id, chart.span, reason));
            let values = given.into_iter().reduce(|below, above| below.overlaid(&above));
            if let Some(values) = values {
                add(&mut document.node, "values", values);
            }
            found.documents.push(as_helmfile(document));
            return Ok(());
        };
        found.documents.push(as_helmfile(document));
        found.releases.push(Installs { chart: index, name: name.clone(), namespace, values: given, environment });
        Ok(())
    }

    /// Whether what a release installs is a folder here, whatever it looks like: Helmfile makes a chart of one that is none.
    fn is_folder(&self, written: &str) -> bool {
        let folder =
            join(self.folder(), written).filter(|folder| !folder.is_empty()).map(|folder| format!("{folder}/"));
        folder.is_some_and(|folder| self.charts.files().any(|(path, _)| path.starts_with(&folder)))
    }

    /// A release by itself, with what its templates and the defaults say of it.
    fn document<'n>(
        &self,
        name: &Node,
        chart: &Node,
        said_in: &dyn Fn(&str) -> Option<&'n Node>,
        state: &State,
    ) -> Rendered {
        let common = |key: &str| state.labels.as_ref().filter(|_| key == "labels");
        let said = RELEASE_KEYS.iter().filter_map(|key| {
            let general = common(key).or_else(|| state.defaults.get(key));
            let value = match (general, said_in(key)) {
                (Some(general), Some(own)) => general.clone().overlaid(own),
                (general, own) => own.or(general)?.clone(),
            };
            Some(Entry { key: (*key).into(), key_span: value.span, value })
        });
        let aside = self.written_out.then(|| {
            let value = Node::new(Tree::Bool(false), name.span);
            Entry { key: "installed".into(), key_span: name.span, value }
        });
        let own = [("name", name), ("chart", chart)];
        let own = own.map(|(key, node)| Entry { key: key.into(), key_span: node.span, value: node.clone() });
        let entries = own.into_iter().chain(said).chain(aside).collect();
        let release = Node::new(Tree::Map(Map { entries }), name.span);
        let source = if self.charts.path_of(name.span.source).is_empty() { self.id } else { name.span.source };
        Rendered {
            source,
            path: self.charts.path_of(source).into(),
            span: name.span,
            node: release,
            environment: None,
            library: false,
        }
    }
}

impl State {
    /// What templates see.
    fn scope(&self, release: Option<&Value>) -> Value {
        let environment = run::fields([
            ("Name", Value::text(self.name.as_str())),
            ("Values", self.values.clone()),
            ("KubeContext", Value::text("")),
        ]);
        let fields = [
            ("Environment", environment),
            ("Values", self.values.clone()),
            ("StateValues", self.values.clone()),
            ("Namespace", Value::text("")),
        ];
        run::fields(fields.into_iter().chain(release.map(|release| ("Release", release.clone()))))
    }

    /// A text rendered and read.
    fn render(&mut self, text: &Value, release: Option<&Value>) -> Result<Vec<Node>, Wrong> {
        let scope = self.scope(release);
        let rendered = self.run.execute_text(text, &scope)?;
        let parsed = parse::yaml::parse(SourceId::default(), &rendered.text);
        if let Some(problem) = parsed.problems.iter().find(|problem| parse::yaml::is_syntax(problem)) {
            let span = problem.span.and_then(|span| remap::span(&rendered, &self.run.origins, span));
            let message = format!("what it renders is {}", problem.message);
            return Err(Wrong::Failed(Box::new(Failure { message, span })));
        }
        let Content::Values(nodes) = parsed.document.content else { return Ok(Vec::new()) };
        let whole = |node: Node, origins: &Origins| remap::remap(node, &rendered, origins);
        Ok(nodes.into_iter().map(|node| whole(node, &self.run.origins)).collect())
    }

    /// A scalar of a release, which may be a template itself.
    fn text(&mut self, written: &str, at: &Node, release: Option<&Value>) -> Result<String, Wrong> {
        if !written.contains("{{") {
            return Ok(written.to_owned());
        }
        let origin = self.run.origins.add(at.span, Vec::new());
        let text = Value::new(Kind::Text(written.into()), origin);
        let scope = self.scope(release);
        Ok(self.run.execute_text(&text, &scope)?.text)
    }

    /// Whether a release is installed at all: `condition` is the path of a value.
    fn wants(&self, condition: Option<&Node>) -> bool {
        let Some(path) = condition.and_then(Node::as_str) else { return true };
        values::at_path(&self.values, path).and_then(|value| values::boolean(&value)) != Some(false)
    }
}

/// Adds a key to a release.
fn add(release: &mut Node, key: &str, value: Node) {
    if let Tree::Map(map) = &mut release.value {
        map.entries.push(Entry { key: key.into(), key_span: value.span, value });
    }
}

/// Whether a chart is named as a path, and not as one of a repository.
fn is_path(chart: &str) -> bool {
    chart.starts_with(['.', '/'])
}

/// A release as the helmfile that holds nothing else.
fn as_helmfile(release: Rendered) -> Rendered {
    let span = release.span;
    let releases = Node::new(Tree::List(vec![release.node]), span);
    let entry = Entry { key: "releases".into(), key_span: span, value: releases };
    Rendered { node: Node::new(Tree::Map(Map { entries: vec![entry] }), span), ..release }
}

/// The templates that a release inherits, the nearest first.
fn inherited(release: &Node, templates: &[Node]) -> Vec<Node> {
    let named = release.get("inherit").map_or(&[][..], Node::items).iter().rev();
    let named = named.filter_map(|entry| entry.get("template")?.as_str());
    named.filter_map(|name| templates.iter().rev().find_map(|all| all.get(name))).cloned().collect()
}

fn said(wrong: Wrong, id: SourceId) -> (Span, String) {
    match wrong {
        Wrong::Message(reason) => (Span::head(id), reason),
        Wrong::Failed(failure) => (failure.span.unwrap_or(Span::head(id)), failure.message),
    }
}

//! One release: a chart with the values it is given → the documents it would apply.

use std::rc::Rc;

use super::application;
use super::chart::{Chart, Charts, Dependency};
use super::missing;
use super::object::{self, Object};
use super::remap;
use super::run::{self, Failure, Limits, Run, Script, Wrong};
use super::semver::{Constraint, Version};
use super::trace::{OriginId, Origins, Place, Traced};
use super::value::{Fields, Kind, MARKER, Value};
use super::values::{self, Member};
use crate::parse;
use crate::source::{SourceId, Span};
use crate::tree::{Content, Map, Node, Text, Unknown};

/// How many charts a release may be made of, aliases counted each.
const MOST_MEMBERS: usize = 200;

/// What a chart is installed as.
#[derive(Clone, Debug)]
pub(super) struct Release {
    /// Which chart.
    pub(super) chart: usize,
    /// Its name.
    pub(super) name: Node,
    /// Its namespace, where that is known.
    pub(super) namespace: Option<Node>,
    /// The values it is given, the strongest last.
    pub(super) values: Vec<Node>,
    /// The minor version of the cluster's Kubernetes.
    pub(super) kubernetes: u8,
    /// Whether nothing here installs it, so that whoever does may give further values.
    pub(super) open: bool,
}

/// What a release gives.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// Its documents.
    pub(super) documents: Vec<Made>,
    /// What could not be rendered.
    pub(super) failures: Vec<Unrendered>,
    /// Files of the chart that alerting rules are copied out of.
    pub(super) copied: Vec<SourceId>,
    /// Comments that speak to us.
    pub(super) comments: Vec<crate::tree::Comment>,
}

/// A document that a template made.
#[derive(Debug)]
pub(super) struct Made {
    /// The template.
    pub(super) template: SourceId,
    /// The document, at the places that decided it.
    pub(super) node: Node,
}

/// A template that could not be rendered, or a chart that is not there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unrendered {
    /// The template, or the chart's file.
    pub(super) source: SourceId,
    /// Where.
    pub(super) span: Span,
    /// Why.
    pub(super) reason: String,
}

/// Renders a release.
pub(super) fn render(charts: &Charts<'_>, release: &Release, limits: Limits) -> Output {
    let mut run = Run::new(limits);
    let mut output = Output::default();
    let given = release.values.iter().fold(Value::map(Fields::new()), |below, node| {
        let above = Value::of(node, &mut run.origins);
        if above.as_map().is_some() { values::overlay(&below, &above) } else { below }
    });
    let mut count = 0;
    let mut root = members(charts, release.chart, None, &mut run.origins, &mut count);
    let all = values::coalesce(&root, &given);
    enable(charts, &mut root, &all, "", &mut output);
    import(charts, &mut root);
    let coalesced = values::coalesce(&root, &given);

    let namespace = if let Some(node) = &release.namespace {
        Value::of(node, &mut run.origins)
    } else {
        let reason = "the namespace is chosen when the chart is installed";
        Kind::Unknown(run.origins.unknown(Unknown::new(reason, "", None))).into()
    };
    let name = Value::of(&release.name, &mut run.origins);
    let context =
        Context { charts, release: facts_of_release(name, namespace), capabilities: capabilities(release.kubernetes) };
    let mut jobs = Vec::new();
    context.prepare(&root, &coalesced, "", &mut run, &mut jobs);
    jobs.sort_by(|a, b| (depth(&b.name), &b.name).cmp(&(depth(&a.name), &a.name)));
    for job in &jobs {
        match &job.template.parsed {
            Ok(parsed) => {
                let script = Script::File(job.template.source, job.template.text.clone());
                run.define(&job.name, parsed, &script);
            }
            Err(error) => output.failures.push(Unrendered {
                source: job.template.source,
                span: Span::new(job.template.source, error.at, error.at),
                reason: error.message.clone(),
            }),
        }
    }
    for job in jobs.iter().filter(|job| job.is_rendered && job.template.parsed.is_ok()) {
        if let Some(map) = job.scope.as_map() {
            let template = [("Name", Value::text(job.name.as_str())), ("BasePath", Value::text(job.base.as_str()))];
            map.borrow_mut().insert("Template".into(), run::fields(template));
        }
        match run.execute(&job.name, &job.scope) {
            Ok(text) => output.take(&run::without_no_value(text), job.template.source, &run.origins),
            Err(wrong) => match opened(&mut run, job, release, &wrong) {
                Some(made) => {
                    output.documents.extend(made.documents);
                    output.copied.extend(made.copied);
                    output.comments.extend(made.comments);
                }
                None => output.failures.push(unrendered(wrong, job.template.source)),
            },
        }
    }
    let stand_ins = missing::stand_ins(charts, release, &root, &all, &output.documents);
    output.documents.extend(stand_ins);
    output
}

/// What a template gives whose values are given in part when the chart is installed: objects of which all is known but
/// these. Nothing where not even their names are.
fn opened(run: &mut Run, job: &Job<'_>, release: &Release, wrong: &Wrong) -> Option<Output> {
    if !release.open || !wrong.is_for_want_of_a_value() {
        return None;
    }
    run.open = true;
    let rendered = run.execute(&job.name, &job.scope);
    run.open = false;
    let mut output = Output::default();
    output.take(&run::without_no_value(rendered.ok()?), job.template.source, &run.origins);
    let is_named = |made: &Made| {
        let name = made.node.at(&["metadata", "name"]).and_then(Node::scalar);
        name.is_some_and(|name| name.contains(|letter: char| letter.is_alphanumeric()))
    };
    (output.failures.is_empty() && output.documents.iter().all(is_named)).then_some(output)
}

fn unrendered(wrong: Wrong, source: SourceId) -> Unrendered {
    match wrong {
        Wrong::Message(reason) => Unrendered { source, span: Span::head(source), reason },
        Wrong::Failed(failure) => {
            let Failure { message, span } = *failure;
            Unrendered { source, span: span.unwrap_or(Span::head(source)), reason: message }
        }
    }
}

fn depth(name: &str) -> usize {
    name.matches('/').count()
}

/// The chart and those below it, all that might be part of the release.
fn members(charts: &Charts<'_>, index: usize, alias: Option<&str>, origins: &mut Origins, count: &mut usize) -> Member {
    *count += 1;
    let chart = &charts.all[index];
    let mut below = Vec::new();
    let mut add = |child: usize, alias: Option<&str>, origins: &mut Origins| {
        if *count < MOST_MEMBERS {
            below.push(members(charts, child, alias, origins, count));
        }
    };
    for child in &chart.children {
        let is_declared = chart.dependencies.iter().any(|dependency| fits(charts, *child, dependency));
        if !is_declared {
            add(*child, None, origins);
        }
    }
    for dependency in &chart.dependencies {
        if let Some(child) = find(charts, chart, dependency) {
            add(child, Some(&dependency.alias), origins);
        }
    }
    let defaults = chart.values.as_ref().map_or(Value::NIL, |node| Value::of(node, origins));
    let name = alias.unwrap_or(&chart.name).to_owned();
    Member { chart: index, name, defaults, members: below }
}

/// Whether a chart is the one that a dependency names.
fn fits(charts: &Charts<'_>, child: usize, dependency: &Dependency) -> bool {
    let chart = &charts.all[child];
    chart.name == dependency.name && {
        let version = chart.metadata.get("version").and_then(Node::scalar);
        let version = version.and_then(|version| Version::read(&version));
        match (version, Constraint::read(&dependency.version)) {
            (Some(version), Some(constraint)) => constraint.holds(&version),
            _ => true,
        }
    }
}

/// The chart of a dependency: in `charts/`, or at the path of `repository: file://…`, from where it would be packed.
pub(super) fn find(charts: &Charts<'_>, chart: &Chart, dependency: &Dependency) -> Option<usize> {
    let vendored = chart.children.iter().copied().find(|child| fits(charts, *child, dependency));
    vendored.or_else(|| {
        let declared = chart.metadata.get("dependencies").map_or(&[][..], Node::items);
        let entry = declared.iter().find(|entry| entry.get("name").and_then(Node::as_str) == Some(&dependency.name))?;
        let path = entry.get("repository")?.as_str()?.strip_prefix("file://")?;
        let index = charts.in_folder(&crate::source::join(&chart.folder, path)?)?;
        // A chart that is part of itself has no end.
        (charts.all[index].folder != chart.folder).then_some(index)
    })
}

/// Leaves out what conditions and tags disable, and says what is missing.
fn enable(charts: &Charts<'_>, member: &mut Member, root: &Value, prefix: &str, output: &mut Output) {
    let chart = &charts.all[member.chart];
    for dependency in &chart.dependencies {
        if is_enabled(dependency, root, prefix) {
            let is_there = member.members.iter().any(|child| child.name == dependency.alias);
            if !is_there {
                output.failures.push(Unrendered {
                    source: dependency.span.source,
                    span: dependency.span,
                    reason: format!("its dependency `{}` is not in the repository", dependency.name),
                });
            }
        } else {
            member.members.retain(|child| child.name != dependency.alias);
        }
    }
    for child in &mut member.members {
        let prefix = format!("{prefix}{}.", child.name);
        enable(charts, child, root, &prefix, output);
    }
}

pub(super) fn is_enabled(dependency: &Dependency, root: &Value, prefix: &str) -> bool {
    let condition = dependency.condition.trim().split(',').filter(|path| !path.is_empty());
    let mut decided = condition
        .filter_map(|path| values::at_path(root, &format!("{prefix}{}", path.trim())))
        .filter_map(|value| values::boolean(&value));
    if let Some(enabled) = decided.next() {
        return enabled;
    }
    let tags = root.get("tags");
    let tags: Vec<bool> = dependency.tags.iter().filter_map(|tag| values::boolean(&tags.as_ref()?.get(tag)?)).collect();
    tags.is_empty() || tags.contains(&true)
}

/// Takes over the values that dependencies export, from the innermost chart outwards.
fn import(charts: &Charts<'_>, member: &mut Member) {
    for child in &mut member.members {
        import(charts, child);
    }
    let imports = charts.all[member.chart].dependencies.iter();
    let imports: Vec<_> = imports.filter(|dependency| !dependency.imports.is_empty()).collect();
    if imports.is_empty() {
        return;
    }
    let own = values::coalesce(member, &Value::map(Fields::new()));
    let mut imported = Value::map(Fields::new());
    for dependency in imports {
        for import in &dependency.imports {
            let path = format!("{}.{}", dependency.alias, import.child);
            if let Some(table) = values::at_path(&own, &path).filter(|table| table.as_map().is_some()) {
                imported = values::supply(&imported, &values::nested(&import.parent, table));
            }
        }
    }
    member.defaults = values::supply(&own, &imported);
}

fn facts_of_release(name: Value, namespace: Value) -> Value {
    run::fields([
        ("Name", name),
        ("Namespace", namespace),
        ("IsInstall", Kind::Bool(true).into()),
        ("IsUpgrade", Kind::Bool(false).into()),
        ("Revision", Kind::Int(1).into()),
        ("Service", Value::text("Helm")),
    ])
}

fn capabilities(kubernetes: u8) -> Value {
    let helm = [("Version", object::HELM), ("GitCommit", ""), ("GitTreeState", "clean"), ("GoVersion", "go1.24")];
    run::fields([
        ("KubeVersion", Kind::Object(Object::KubeVersion(kubernetes)).into()),
        ("APIVersions", Kind::Object(Object::ApiVersions).into()),
        ("HelmVersion", run::fields(helm.map(|(key, value)| (key, Value::text(value))))),
    ])
}

/// What all templates of a release see.
struct Context<'c, 'a> {
    charts: &'c Charts<'a>,
    release: Value,
    capabilities: Value,
}

/// A template to render.
struct Job<'c> {
    name: String,
    base: String,
    template: &'c super::chart::Template,
    scope: Value,
    is_rendered: bool,
}

impl<'c> Context<'c, '_> {
    /// The templates of a chart and of those below it; gives what they see.
    fn prepare(&self, member: &Member, values: &Value, above: &str, run: &mut Run, jobs: &mut Vec<Job<'c>>) -> Value {
        let chart: &'c Chart = &self.charts.all[member.chart];
        let path = if above.is_empty() { member.name.clone() } else { format!("{above}/charts/{}", member.name) };
        let subcharts: Fields = member
            .members
            .iter()
            .map(|child| {
                let inner = values.get(&child.name).unwrap_or_else(|| Value::map(Fields::new()));
                let scope = self.prepare(child, &inner, &path, run, jobs);
                (Rc::from(child.name.as_str()), scope)
            })
            .collect();
        let scope = run::fields([
            ("Chart", metadata(chart, member, above.is_empty(), &mut run.origins)),
            ("Release", self.release.clone()),
            ("Capabilities", self.capabilities.clone()),
            ("Values", values.clone()),
            ("Files", Kind::Object(Object::Files(chart.files.clone())).into()),
            ("Subcharts", Value::map(subcharts)),
        ]);
        let base = format!("{path}/templates");
        for template in &chart.templates {
            let file = template.path.rsplit('/').next().unwrap_or_default();
            let is_partial = file.starts_with('_');
            if chart.is_library() && !is_partial {
                continue;
            }
            jobs.push(Job {
                name: format!("{path}/{}", template.path),
                base: base.clone(),
                template,
                scope: scope.clone(),
                is_rendered: !is_partial && file != "NOTES.txt",
            });
        }
        scope
    }
}

/// `.Chart`: the keys of `Chart.yaml` as Go names them.
fn metadata(chart: &Chart, member: &Member, is_root: bool, origins: &mut Origins) -> Value {
    let mut fields = Fields::new();
    for entry in chart.metadata.entries() {
        let mut value = Value::of(&entry.value, origins);
        // Versions are strings, whatever they look like.
        if matches!(entry.key.as_str(), "version" | "appVersion" | "name" | "apiVersion") && value.as_text().is_none() {
            let written = entry.value.scalar().map(|text| text.to_string()).unwrap_or_default();
            value = Value::new(Kind::Text(written.into()), value.origin);
        }
        fields.insert(go_name(&entry.key).into(), value);
    }
    for key in ["Name", "Version", "AppVersion", "Description", "Type", "APIVersion", "Home", "Icon", "KubeVersion"] {
        fields.entry(key.into()).or_insert_with(|| Value::text(""));
    }
    let origin = fields.get("Name").map_or(OriginId::NONE, |name| name.origin);
    fields.insert("Name".into(), Value::new(Kind::Text(member.name.as_str().into()), origin));
    fields.insert("IsRoot".into(), Kind::Bool(is_root).into());
    Value::map(fields)
}

fn go_name(key: &str) -> String {
    if key == "apiVersion" {
        return "APIVersion".to_owned();
    }
    let mut letters = key.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl Output {
    /// Reads the documents of a rendered text.
    fn take(&mut self, text: &Traced, template: SourceId, origins: &Origins) {
        if text.text.trim().is_empty() {
            return;
        }
        let parsed = parse::yaml::parse(SourceId::default(), &text.text);
        // Of keys given twice the last counts, for Helm as well.
        for problem in parsed.problems.iter().filter(|problem| parse::yaml::is_syntax(problem)) {
            let span = problem.span.and_then(|span| remap::span(text, origins, span));
            self.failures.push(Unrendered {
                source: template,
                span: span.unwrap_or(Span::head(template)),
                reason: format!("what it renders is {}", problem.message),
            });
        }
        let heeded = parsed.document.comments.iter().filter(|comment| comment.text.contains("twoam:"));
        self.comments.extend(heeded.filter_map(|comment| remap::comment(comment, text, origins)));
        let Content::Values(documents) = parsed.document.content else { return };
        for document in documents {
            if document.get("kind").is_none() || is_test(&document) {
                continue;
            }
            if document.get("kind").and_then(Node::as_str) == Some("PrometheusRule") {
                self.copied.extend(sources_of(&document, text, template));
            }
            let mut node = remap::remap(document.clone(), text, origins);
            name_anyway(&mut node, &document);
            spell_out(&mut node, &document, text, origins);
            self.documents.push(Made { template, node });
        }
    }
}

/// Whether an object exists only while the release is tested.
pub(super) fn is_test(document: &Node) -> bool {
    let hook = document.at(&["metadata", "annotations", "helm.sh/hook"]).and_then(Node::as_str);
    hook.is_some_and(|hook| hook.split(',').all(|event| event.trim().starts_with("test")))
}

/// The files, other than the template, that a document was copied out of.
fn sources_of(document: &Node, text: &Traced, template: SourceId) -> Vec<SourceId> {
    let range = document.span.start as usize..document.span.end as usize;
    let mut found: Vec<SourceId> = text
        .parts(range)
        .filter_map(|(_, place)| match place {
            Place::File { source, .. } if source != template => Some(source),
            _ => None,
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Spells out the values that a document gives to other charts in `node`, which is made of it.
pub(super) fn spell_out(node: &mut Node, document: &Node, text: &Traced, origins: &Origins) {
    application::spell_out_by(node, &|number, _| {
        // Where a text stands in what was rendered only the document itself knows.
        let written = application::sources(document).nth(number).and_then(|source| source.at(&["helm", "values"]));
        written.map_or_else(Vec::new, |written| documents_within(written, text, origins))
    });
}

/// The documents of a text of YAML within YAML, at their places.
pub(super) fn documents_within(node: &Node, text: &Traced, origins: &Origins) -> Vec<Node> {
    let Some(written) = node.as_str() else { return Vec::new() };
    let inner = within(node, written, text);
    let parsed = parse::yaml::parse(SourceId::default(), &inner.text);
    match parsed.document.content {
        Content::Values(nodes) => nodes.into_iter().map(|node| remap::remap(node, &inner, origins)).collect(),
        _ => Vec::new(),
    }
}

/// The text of a string with the places that its bytes have in the text it stands in.
fn within(node: &Node, written: &str, text: &Traced) -> Traced {
    let (start, end) = (node.span.start as usize, node.span.end as usize);
    let raw = text.text.get(start..end).unwrap_or_default();
    if raw.starts_with('|')
        && let Some(header) = raw.find('\n')
    {
        let body = &raw[header + 1..];
        let first = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let indent = first.len() - first.trim_start_matches(' ').len();
        let mut out = Traced::default();
        let mut at = start + header + 1;
        for line in body.split_inclusive('\n') {
            let skipped = line.bytes().take(indent).take_while(|byte| *byte == b' ').count();
            out.push_part(text, at + skipped..at + line.len());
            at += line.len();
        }
        if out.text.trim_end() == written.trim_end() {
            return out;
        }
    }
    Traced::of(written, text.place_at(start))
}

/// Keeps the name of an object although part of it is not known: it tells the object from others.
fn name_anyway(node: &mut Node, document: &Node) {
    let Some(written) =
        document.at(&["metadata", "name"]).and_then(Node::as_str).filter(|name| name.contains(MARKER[0]))
    else {
        return;
    };
    let mut name = String::new();
    let mut rest = written;
    while let Some((before, after)) = rest.split_once(MARKER[0]) {
        name.push_str(before);
        name.push('…');
        rest = after.split_once(MARKER[1]).map_or("", |(_, rest)| rest);
    }
    name.push_str(rest);
    let metadata = map_mut(node).and_then(|map| map.entries.iter_mut().find(|entry| entry.key == "metadata"));
    let named = metadata.and_then(|entry| map_mut(&mut entry.value));
    if let Some(entry) = named.and_then(|map| map.entries.iter_mut().find(|entry| entry.key == "name")) {
        entry.value.value = crate::tree::Value::String(Text::from(name));
    }
}

fn map_mut(node: &mut Node) -> Option<&mut Map> {
    match &mut node.value {
        crate::tree::Value::Map(map) => Some(map),
        _ => None,
    }
}

//! GitLab CI: `.gitlab-ci.yml` with the files of the repository that it includes and the child pipelines that it starts.
//! Uses `tree` and the job of `job`.
//!
//! <https://docs.gitlab.com/ci/yaml/>. What is included comes first and what includes it overrides it; `extends` and
//! `!reference` are looked up in the whole. What comes from other projects, URLs, templates and components is unknown.
//! A deployment to an environment can be run again from that environment's page.
//! <https://docs.gitlab.com/ci/environments/deployments/#retry-or-roll-back-a-deployment>

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use globset::GlobBuilder;

use super::files::{File, Files, yaml_file};
use super::fill::{self, BRACKETS, Values};
use super::job::{Gate, Job, NAME_THE_WAY, Step, Triggers, names_a_deployment, scalars};
use crate::model::{Gap, Hides};
use crate::source::{Span, join, parent};
use crate::tree::{Entry, Node, Text, Unknown};

/// Top-level keys that are no jobs.
const RESERVED: &[&str] = &[
    "default",
    "include",
    "stages",
    "variables",
    "workflow",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
    "spec",
    "types",
];

/// How many templates a job may extend, one through another. GitLab allows eleven levels.
const MOST_PARENTS: usize = 64;

/// How many files a pipeline may include. <https://docs.gitlab.com/ci/yaml/#include>
const MOST_FILES: usize = 150;

/// How deep `!reference` is followed. <https://docs.gitlab.com/ci/yaml/yaml_optimization/#reference-tags>
const DEEPEST: usize = 10;

/// How many lines a job may run.
const MOST_LINES: usize = 10_000;

/// How many nodes the files of a pipeline may become when their inputs are filled in.
const LARGEST: usize = 200_000;

/// Whether a file is a pipeline, or part of one, by where it stands.
pub(super) fn is_pipeline(path: &str) -> bool {
    let lower = path.to_lowercase();
    let Some((folder, stem)) = yaml_file(&lower) else { return false };
    let own = folder.rsplit('/').next().unwrap_or_default();
    stem.ends_with(".gitlab-ci") || own == ".gitlab-ci" || folder.ends_with(".gitlab/ci")
}

/// The jobs of every pipeline that no other includes or starts.
pub(super) fn jobs(files: &Files<'_>, gaps: &mut Vec<Gap>) -> Vec<Vec<Job>> {
    let candidates: Vec<File<'_>> =
        files.iter().filter(|file| is_pipeline(file.path) && file.node().is_some()).collect();
    let mut parts: BTreeSet<&str> = BTreeSet::new();
    for file in &candidates {
        let nodes = file.documents.iter();
        let own = nodes.clone().filter_map(|node| node.get("include"));
        let children = nodes.flat_map(Node::entries).filter_map(|job| job.value.at(&["trigger", "include"]));
        let named = own.chain(children).flat_map(includes).filter_map(|include| include.local());
        parts.extend(named.flat_map(|path| matching(files, *file, &path)).filter(|path| *path != file.path));
    }
    let begins = |file: &File<'_>| !parts.contains(file.path) || file.path.rsplit('/').next() == Some(".gitlab-ci.yml");
    candidates.into_iter().filter(begins).map(|file| pipeline(files, file, gaps, &mut Vec::new())).collect()
}

/// One entry of `include`.
struct Include<'n> {
    node: &'n Node,
}

fn includes(node: &Node) -> Vec<Include<'_>> {
    if node.items().is_empty() {
        vec![Include { node }]
    } else {
        node.items().iter().map(|node| Include { node }).collect()
    }
}

impl<'n> Include<'n> {
    /// The file of this repository that it names.
    fn local(&self) -> Option<Text> {
        let text = self.node.as_str().filter(|text| !text.contains("://")).map(Text::from);
        text.or_else(|| self.node.get("local")?.scalar())
    }

    /// What it names elsewhere.
    fn elsewhere(&self) -> Option<(Text, Span)> {
        let text = self.node.as_str().filter(|text| text.contains("://")).map(|text| (text.into(), self.node.span));
        text.or_else(|| {
            let key = ["project", "remote", "template", "component"].iter().find_map(|key| self.node.get(key))?;
            Some((key.scalar()?, key.span))
        })
    }

    fn inputs(&self) -> &'n [Entry] {
        self.node.get("inputs").map_or(&[], Node::entries)
    }
}

/// The paths that a local include names, sorted; it may have wildcards. <https://docs.gitlab.com/ci/yaml/#includelocal>
fn matching<'a>(files: &Files<'a>, file: File<'a>, written: &str) -> Vec<&'a str> {
    let root = root(files, file);
    let Some(path) = join(root, written.trim_start_matches('/')) else { return Vec::new() };
    if !path.contains('*') {
        return files.get(&path).map(|file| file.path).into_iter().collect();
    }
    let Ok(glob) = GlobBuilder::new(&path).literal_separator(true).build() else { return Vec::new() };
    let matcher = glob.compile_matcher();
    files.iter().map(|file| file.path).filter(|path| matcher.is_match(path)).take(MOST_FILES).collect()
}

/// The folder of the repository that a pipeline belongs to: where `.gitlab-ci.yml` or `.gitlab/` stands.
fn root<'a>(files: &Files<'a>, file: File<'a>) -> &'a str {
    let folder = parent(file.path);
    let top = folder.split_once(".gitlab").map_or(folder, |(top, _)| top);
    if top.is_empty() { files.root_of(file.path) } else { top }
}

/// A pipeline with all it includes: what each top-level key is, the last definition first.
struct Pipeline<'a> {
    files: &'a Files<'a>,
    documents: Vec<Cow<'a, Node>>,
    /// Files that were taken in.
    taken: Vec<&'a str>,
    /// What it includes from elsewhere.
    elsewhere: Vec<(Text, Span)>,
    /// What it includes that is not there.
    missing: Vec<(Text, Span)>,
    budget: usize,
}

impl<'a> Pipeline<'a> {
    fn new(files: &'a Files<'a>, file: File<'a>) -> Self {
        let (documents, taken, elsewhere, missing) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut pipeline = Self { files, documents, taken, elsewhere, missing, budget: LARGEST };
        pipeline.take(file, &[]);
        pipeline
    }

    /// Takes in a file: first what it includes, then itself.
    fn take(&mut self, file: File<'a>, inputs: &[Entry]) {
        if self.taken.len() >= MOST_FILES || inputs.is_empty() && self.taken.contains(&file.path) {
            return;
        }
        self.taken.push(file.path);
        // A header with `spec` says which inputs there are. <https://docs.gitlab.com/ci/inputs/>
        let header = file.node().filter(|node| node.get("spec").is_some() && file.documents.len() > 1);
        let declared = header.and_then(|node| node.at(&["spec", "inputs"])).map_or(&[][..], Node::entries);
        let mut values = Values::new();
        for input in declared {
            values.extend(input.value.get("default").map(|value| (input_name(&input.key), value.clone())));
        }
        values.extend(inputs.iter().map(|input| (input_name(&input.key), input.value.clone())));
        let body = if header.is_some() { file.documents.get(1) } else { file.node() };
        let Some(body) = body else { return };
        let document = if values.is_empty() {
            Cow::Borrowed(body)
        } else {
            Cow::Owned(fill::node(body, BRACKETS, &values, &mut self.budget))
        };
        for include in document.get("include").map(includes).into_iter().flatten() {
            if let Some(path) = include.local() {
                let found = matching(self.files, file, &path);
                if found.is_empty() {
                    self.missing.push((path, include.node.span));
                }
                for path in found {
                    if let Some(included) = self.files.get(path) {
                        self.take(included, include.inputs());
                    }
                }
            } else {
                self.elsewhere.extend(include.elsewhere());
            }
        }
        self.documents.push(document);
    }

    /// Every definition of a top-level key, the one that overrides the others first.
    fn definitions(&self) -> BTreeMap<&str, Vec<&Entry>> {
        let mut all: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in self.documents.iter().rev().flat_map(|document| document.entries()) {
            all.entry(entry.key.as_str()).or_default().push(entry);
        }
        all
    }

    /// Why something that the pipeline names may be missing from it.
    fn why_missing(&self, name: &str, span: Span) -> Unknown {
        match self.elsewhere.first().or(self.missing.first()) {
            Some((place, at)) => {
                let reason = format!("`{name}` is not in the repository; `{place}`, which was not read, may hold it");
                Unknown::new(reason, "audit that as well, or name the way back in a runbook", *at)
            }
            None => Unknown::new(format!("`{name}` is not in the repository"), NAME_THE_WAY, span),
        }
    }
}

fn input_name(name: &str) -> Text {
    compact_str::format_compact!("inputs.{name}")
}

/// The jobs of a pipeline and of the child pipelines it starts.
fn pipeline(files: &Files<'_>, file: File<'_>, gaps: &mut Vec<Gap>, stack: &mut Vec<String>) -> Vec<Job> {
    let pipeline = Pipeline::new(files, file);
    for (place, span) in pipeline.elsewhere.iter().chain(&pipeline.missing) {
        let reason = compact_str::format_compact!("in part: it includes `{place}`, which is not in the repository");
        let path = files.path_of(*span).into();
        let gap = Gap { hides: Hides::Pipelines, span: *span, path, reason };
        if !gaps.contains(&gap) {
            gaps.push(gap);
        }
    }
    let reader = Reader { pipeline: &pipeline, definitions: pipeline.definitions(), file };
    let mut jobs = Vec::new();
    stack.push(file.path.to_owned());
    for (name, entries) in &reader.definitions {
        let is_job = !name.starts_with('.') && !RESERVED.contains(name);
        let Some(entry) = entries.first().filter(|entry| is_job && entry.value.as_map().is_some()) else { continue };
        let lineage = Lineage::new(&reader, name);
        let job = reader.job(&lineage, entry);
        let started = lineage.get("trigger").map(|trigger| reader.started(trigger, &job, gaps, stack));
        match started {
            Some(started) => jobs.extend(started),
            None => jobs.push(job),
        }
    }
    stack.pop();
    gate_by_needs(&reader, &mut jobs);
    jobs
}

/// A job that needs another waits for whoever must start that one.
fn gate_by_needs(reader: &Reader<'_>, jobs: &mut [Job]) {
    let gated: BTreeMap<Text, Vec<Gate>> =
        jobs.iter().filter(|job| !job.gates.is_empty()).map(|job| (job.id.clone(), job.gates.clone())).collect();
    for job in jobs {
        let Some(needs) = reader.definitions.get(job.id.as_str()).and_then(|own| own.first()?.value.get("needs"))
        else {
            continue;
        };
        let named = needs.items().iter().filter_map(|need| need.get("job").unwrap_or(need).scalar());
        job.gates.extend(named.filter_map(|need| gated.get(&need)).flatten().cloned());
    }
}

/// What reads the jobs of a pipeline.
struct Reader<'p> {
    pipeline: &'p Pipeline<'p>,
    definitions: BTreeMap<&'p str, Vec<&'p Entry>>,
    file: File<'p>,
}

/// A job and what it extends, the nearest first.
struct Lineage<'p> {
    nodes: Vec<&'p Node>,
    /// A template that is not there.
    missing: Option<(Text, Span)>,
}

impl<'p> Lineage<'p> {
    fn new(reader: &Reader<'p>, name: &str) -> Self {
        let of = |name: &str| reader.definitions.get(name);
        let mut nodes: Vec<&'p Node> = of(name).into_iter().flatten().map(|entry| &entry.value).collect();
        let (mut next, mut missing) = (0, None);
        let mut seen: BTreeSet<Text> = BTreeSet::from([name.into()]);
        while let Some(node) = nodes.get(next).copied().filter(|_| next < MOST_PARENTS) {
            let parents = scalars(node.get("extends"));
            // Of several templates the last one wins.
            for parent in parents.iter().rev().filter(|parent| seen.insert((*parent).clone())) {
                match of(parent) {
                    Some(entries) => nodes.extend(entries.iter().map(|entry| &entry.value)),
                    None => missing = missing.or(node.get("extends").map(|at| (parent.clone(), at.span))),
                }
            }
            next += 1;
        }
        Self { nodes, missing }
    }

    fn get(&self, key: &str) -> Option<&'p Node> {
        self.at(&[key])
    }

    fn at(&self, path: &[&str]) -> Option<&'p Node> {
        self.nodes.iter().find_map(|node| node.at(path))
    }
}

impl<'p> Reader<'p> {
    fn top(&self, key: &str) -> Option<&'p Node> {
        Some(&self.definitions.get(key)?.first()?.value)
    }

    /// The variables that files give, those of the job before those of all.
    fn variables(&self, lineage: &Lineage<'_>) -> BTreeMap<Text, Text> {
        let mut known = BTreeMap::new();
        let global = self.definitions.get("variables").into_iter().flatten().map(|entry| &entry.value);
        let own = lineage.nodes.iter().filter_map(|node| node.get("variables"));
        for entry in own.chain(global).flat_map(Node::entries) {
            if let Some(value) = entry.value.get("value").unwrap_or(&entry.value).scalar() {
                known.entry(entry.key.clone()).or_insert(value);
            }
        }
        // Variables may name variables.
        for _ in 0..2 {
            let filled =
                known.iter().map(|(key, value)| (key.clone(), fill::variables(value, &known).into())).collect();
            known = filled;
        }
        known
    }

    fn job(&self, lineage: &Lineage<'p>, entry: &Entry) -> Job {
        let variables = self.variables(lineage);
        let filled = |text: Text| Text::from(fill::variables(&text, &variables));
        let stage = lineage.get("stage").and_then(Node::scalar).unwrap_or_default();
        let stops = lineage.at(&["environment", "action"]).and_then(Node::as_str);
        let stops = stops.is_some_and(|action| action != "start");
        let name = lineage.at(&["environment", "name"]).or_else(|| lineage.get("environment"));
        let name = name.and_then(Node::scalar).map(filled);
        let open = name.as_deref().is_some_and(|name| name.starts_with('$'));
        let tier = lineage.at(&["environment", "deployment_tier"]).and_then(Node::scalar);
        let own = lineage.nodes.iter().filter_map(|node| node.get("variables")).flat_map(Node::entries);
        let triggers = triggers(lineage);
        let mut gates = Vec::new();
        if let Some(span) = manual(lineage) {
            let what = compact_str::format_compact!("a person who starts the job `{}`", entry.key);
            gates.push(Gate { what, seconds: None, span });
        }
        let mut job = Job {
            platform: "gitlab-ci",
            pipeline: self.file.path.into(),
            id: entry.key.clone(),
            span: entry.key_span,
            names: vec![entry.key.clone(), stage],
            environments: tier.into_iter().chain(name.clone().filter(|_| !open)).collect(),
            open_environment: open,
            triggers,
            reruns: if name.is_some() {
                "deploy an earlier version of the environment again from its page"
            } else {
                ""
            },
            uses: own.filter_map(|it| it.value.get("value").unwrap_or(&it.value).scalar()).map(filled).collect(),
            follows: self
                .pipeline
                .taken
                .iter()
                .copied()
                .filter(|path| *path != self.file.path)
                .map(Text::from)
                .collect(),
            gates,
            ..Job::default()
        };
        if !stops {
            self.steps(lineage, &variables, &mut job);
        }
        let lacks = lineage.missing.as_ref().filter(|_| lineage.get("script").is_none());
        if let Some((parent, span)) = lacks.filter(|(parent, _)| {
            names_a_deployment(parent) || names_a_deployment(&entry.key) || !job.environments.is_empty()
        }) {
            job.unread.get_or_insert_with(|| self.pipeline.why_missing(parent, *span));
        }
        job
    }

    fn steps(&self, lineage: &Lineage<'p>, variables: &BTreeMap<Text, Text>, job: &mut Job) {
        let before =
            lineage.get("before_script").or_else(|| self.top("default").and_then(|it| it.get("before_script")));
        let before = before.or_else(|| self.top("before_script"));
        for node in before.into_iter().chain(lineage.get("script")).chain(lineage.get("after_script")) {
            let (mut lines, mut missing) = (Vec::new(), None);
            self.lines(node, 0, &mut lines, &mut missing);
            if let Some((name, span)) = missing.filter(|(name, _)| names_a_deployment(name)) {
                job.unread.get_or_insert_with(|| self.pipeline.why_missing(&name, span));
            }
            for (span, line) in lines {
                job.steps.push(Step { script: fill::variables(&line, variables), ..Step::at(span) });
            }
        }
    }

    /// The lines of a script, whose items may be lists again (anchors) and references to other jobs.
    fn lines(&self, node: &Node, depth: usize, lines: &mut Vec<(Span, Text)>, missing: &mut Option<(Text, Span)>) {
        if lines.len() >= MOST_LINES || depth > DEEPEST {
            return;
        }
        if let Some(text) = node.scalar() {
            lines.push((node.span, text));
            return;
        }
        // `!reference [.deploy, script]`: the first word is a job.
        let words = scalars(Some(node));
        let path: Vec<&str> = words.iter().map(Text::as_str).collect();
        if let Some((job, rest)) = path.split_first().filter(|_| path.len() == node.items().len() && depth > 0)
            && !rest.is_empty()
        {
            if self.definitions.contains_key(job) {
                if let Some(referred) = Lineage::new(self, job).at(rest) {
                    self.lines(referred, depth + 1, lines, missing);
                }
                return;
            }
            if self.is_reference(node) {
                missing.get_or_insert((Text::from(*job), node.span));
                return;
            }
        }
        for item in node.items() {
            self.lines(item, depth + 1, lines, missing);
        }
    }

    fn is_reference(&self, node: &Node) -> bool {
        self.pipeline.files.text_before(node.span).trim_end().ends_with("!reference")
    }

    /// The jobs of what a job starts: a child pipeline of the repository, or one that is not read.
    /// <https://docs.gitlab.com/ci/pipelines/downstream_pipelines/>
    fn started(&self, trigger: &Node, job: &Job, gaps: &mut Vec<Gap>, stack: &mut Vec<String>) -> Vec<Job> {
        let mut jobs = Vec::new();
        let children = trigger.get("include").map(includes).unwrap_or_default();
        for child in &children {
            let found = child.local().map(|path| matching(self.pipeline.files, self.file, &path)).unwrap_or_default();
            // A child may start one of its own, and no more.
            for path in found.iter().filter_map(|path| self.pipeline.files.get(path)) {
                if stack.len() > 2 || stack.iter().any(|on| on == path.path) {
                    continue;
                }
                for mut inner in pipeline(self.pipeline.files, path, gaps, stack) {
                    inner.id = compact_str::format_compact!("{} / {}", job.id, inner.id);
                    inner.via.insert(0, inner.span);
                    inner.span = job.span;
                    inner.pipeline.clone_from(&job.pipeline);
                    inner.names.splice(0..0, job.names.iter().cloned());
                    inner.gates.splice(0..0, job.gates.iter().cloned());
                    inner.uses.extend(job.uses.iter().cloned());
                    inner.follows.insert(path.path.into());
                    // The child runs when its parent starts it.
                    inner.triggers.main |= job.triggers.main;
                    jobs.push(inner);
                }
            }
            if found.is_empty() && is_about_deploying(job) {
                jobs.push(elsewhere(trigger, job));
            }
        }
        if children.is_empty() && is_about_deploying(job) {
            jobs.push(elsewhere(trigger, job));
        }
        jobs
    }
}

fn is_about_deploying(job: &Job) -> bool {
    job.names.iter().any(|name| names_a_deployment(name)) || !job.environments.is_empty()
}

/// A job that starts a pipeline which is not here.
fn elsewhere(trigger: &Node, job: &Job) -> Job {
    let project = trigger.get("project").unwrap_or(trigger);
    let name = project.scalar().unwrap_or_else(|| "the pipeline that it starts".into());
    let reason = format!("`{name}` is not in the repository");
    let unread = Unknown::new(reason, "audit that repository as well", trigger.span);
    Job { unread: Some(unread), ..job.clone() }
}

/// Where it is said that a person starts the job.
fn manual(lineage: &Lineage<'_>) -> Option<Span> {
    let by_hand = |node: &Node| node.get("when").filter(|when| when.as_str() == Some("manual")).map(|when| when.span);
    let own = lineage.get("when").filter(|when| when.as_str() == Some("manual")).map(|when| when.span);
    own.or_else(|| lineage.get("rules").map_or(&[][..], Node::items).iter().find_map(by_hand))
}

fn triggers(lineage: &Lineage<'_>) -> Triggers {
    let rules = lineage.get("rules").map_or(&[][..], Node::items);
    let text = |rule: &Node| rule.get("if").and_then(Node::scalar).unwrap_or_default();
    let never = |rule: &Node| rule.get("when").and_then(Node::as_str) == Some("never");
    let only = lineage.get("only");
    let refs: Vec<Text> = scalars(only).into_iter().chain(scalars(only.and_then(|it| it.get("refs")))).collect();
    let shipped = |text: &str| {
        !text.contains("!=")
            && [
                "$CI_DEFAULT_BRANCH",
                "$CI_COMMIT_TAG",
                "\"main\"",
                "\"master\"",
                "'main'",
                "'master'",
                "\"production\"",
            ]
            .iter()
            .any(|branch| text.contains(branch))
    };
    // The first rule that holds decides.
    let by_rule = rules.iter().find(|rule| shipped(&text(rule))).is_some_and(|rule| !never(rule));
    let by_ref = refs.iter().any(|name| super::github::MAIN.contains(&name.as_str()) || name == "tags");
    let scheduled = refs.iter().any(|name| name == "schedules")
        || rules.iter().any(|rule| !never(rule) && text(rule).contains("\"schedule\""));
    Triggers { main: by_rule || by_ref, manual: manual(lineage).is_some(), called: false, scheduled }
}

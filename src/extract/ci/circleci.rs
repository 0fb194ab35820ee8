//! `CircleCI`: `.circleci/config.yml`, with its commands, inline orbs and parameters. Uses `tree` and the job of `job`.
//!
//! <https://circleci.com/docs/reference/configuration-reference/>,
//! <https://circleci.com/docs/reusing-config/>. Orbs from the registry are not read.

use std::collections::BTreeMap;

use super::files::Files;
use super::fill::{self, ANGLES, Values};
use super::github::MAIN;
use super::job::{Gate, Job, NAME_THE_WAY, Step, Triggers, names_a_deployment, scalars};
use crate::source::Span;
use crate::tree::{Entry, Node, Text, Unknown};

/// How deep commands are followed.
const DEEPEST: usize = 20;

/// How many nodes and steps a configuration may become.
const LARGEST: usize = 200_000;

/// Whether a file is a configuration.
pub(super) fn is_pipeline(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    let is_yaml = matches!(name.rsplit_once('.'), Some((_, "yml" | "yaml")));
    is_yaml && parts.next().is_some_and(|folder| folder.eq_ignore_ascii_case(".circleci"))
}

/// The jobs that workflows run, by file.
pub(super) fn jobs(files: &Files<'_>) -> Vec<Vec<Job>> {
    let configs = files.iter().filter(|file| is_pipeline(file.path));
    configs.filter_map(|file| Some(Config { path: file.path, node: file.node()?, budget: LARGEST }.jobs())).collect()
}

struct Config<'a> {
    path: &'a str,
    node: &'a Node,
    budget: usize,
}

/// A job as a workflow runs it.
struct Run<'a> {
    /// What it runs: `deploy`, `kubernetes/rollout`.
    job: Text,
    span: Span,
    options: Option<&'a Node>,
    workflow: &'a Text,
}

impl Run<'_> {
    fn option(&self, key: &str) -> Option<&Node> {
        self.options?.get(key)
    }

    fn name(&self) -> Text {
        self.option("name").and_then(Node::scalar).unwrap_or_else(|| self.job.clone())
    }
}

impl<'a> Config<'a> {
    fn jobs(mut self) -> Vec<Job> {
        let runs = self.runs();
        let gates = approvals(&runs);
        let mut jobs = Vec::new();
        for run in runs.iter().filter(|run| run.option("type").and_then(Node::as_str) != Some("approval")) {
            let once = runs.iter().filter(|other| other.job == run.job).count() == 1;
            let mut job = self.job(run, once);
            job.gates = gates.get(&(run.workflow.clone(), run.name())).cloned().unwrap_or_default();
            jobs.push(job);
        }
        jobs
    }

    /// Every job of every workflow. Without workflows each job counts.
    fn runs(&self) -> Vec<Run<'a>> {
        let node = self.node;
        let mut runs = Vec::new();
        for workflow in node.get("workflows").map_or(&[][..], Node::entries) {
            for item in workflow.value.get("jobs").map_or(&[][..], Node::items) {
                let entry = item.entries().first();
                let Some(job) = item.as_str().map(Text::from).or_else(|| Some(entry?.key.clone())) else { continue };
                let span = entry.map_or(item.span, |entry| entry.key_span);
                runs.push(Run { job, span, options: entry.map(|entry| &entry.value), workflow: &workflow.key });
            }
        }
        if node.get("workflows").is_none() {
            let all = node.get("jobs").map_or(&[][..], Node::entries);
            runs.extend(all.iter().map(|entry| Run {
                job: entry.key.clone(),
                span: entry.key_span,
                options: None,
                workflow: &entry.key,
            }));
        }
        runs
    }

    /// A definition by its name, also of an orb that stands in the configuration itself.
    fn definition(&self, kind: &str, name: &str) -> Option<&'a Entry> {
        let node = self.node;
        match name.split_once('/') {
            Some((orb, name)) => node.at(&["orbs", orb, kind])?.entry(name),
            None => node.get(kind)?.entry(name),
        }
    }

    fn job(&mut self, run: &Run<'_>, once: bool) -> Job {
        let definition = self.definition("jobs", &run.job);
        let pipeline = self.node.get("parameters").map_or(&[][..], Node::entries);
        let options = run.options.map_or(&[][..], Node::entries);
        let only = |of: &str| run.options.and_then(|it| it.at(&["filters", of])).map(|it| it.get("only").unwrap_or(it));
        let on_main = |branch: &Text| MAIN.contains(&branch.trim_start_matches("/^").trim_end_matches("$/"));
        let given = options.iter().filter(|it| !["requires", "filters", "name"].contains(&it.key.as_str()));
        let given: Vec<Text> = given.flat_map(|it| scalars(Some(&it.value))).collect();
        let mut job = Job {
            platform: "circleci",
            pipeline: self.path.into(),
            id: run.name(),
            span: definition.filter(|_| once).map_or(run.span, |entry| entry.key_span),
            names: [run.name(), run.job.clone()].into_iter().chain(given.iter().cloned()).collect(),
            triggers: Triggers {
                main: scalars(only("branches")).iter().any(on_main) || only("tags").is_some(),
                manual: run.option("requires").is_some(),
                ..Triggers::default()
            },
            inputs: pipeline.iter().map(|it| (it.key.clone(), it.key_span)).collect(),
            uses: given,
            ..Job::default()
        };
        job.names.push(run.workflow.clone());
        match definition {
            Some(entry) => {
                if !once {
                    job.via.push(entry.key_span);
                }
                let values = handed(&entry.value, run.options);
                let node = fill::node(&entry.value, ANGLES, &values, &mut self.budget);
                self.steps(node.get("steps"), 0, &mut job);
                let environment = node.get("environment").map_or(&[][..], Node::entries);
                job.uses.extend(environment.iter().filter_map(|it| it.value.scalar()));
            }
            None => job.calls = Some((run.job.clone(), run.span)).filter(|(name, _)| name.contains('/')),
        }
        for own in ["pre-steps", "post-steps"] {
            self.steps(run.option(own), 0, &mut job);
        }
        job
    }

    fn steps(&mut self, steps: Option<&Node>, depth: usize, job: &mut Job) {
        let steps = steps.map_or(&[][..], Node::items);
        for node in steps {
            self.budget = self.budget.saturating_sub(1);
            if self.budget == 0 || depth > DEEPEST {
                return;
            }
            // A parameter of steps is a list within the list.
            if !node.items().is_empty() {
                self.steps(Some(node), depth + 1, job);
                continue;
            }
            if let Some(run) = node.get("run") {
                job.steps.push(step(run));
                continue;
            }
            let entry = node.entries().first();
            let (name, span) = match (node.as_str(), entry) {
                (Some(name), _) => (name, node.span),
                (None, Some(entry)) => (entry.key.as_str(), entry.key_span),
                (None, None) => continue,
            };
            let arguments = entry.map(|entry| &entry.value);
            if matches!(name, "when" | "unless") {
                self.steps(arguments.and_then(|it| it.get("steps")), depth + 1, job);
            } else if let Some(command) = self.definition("commands", name) {
                let values = handed(&command.value, arguments);
                let filled = fill::node(&command.value, ANGLES, &values, &mut self.budget);
                job.steps.push(Step { name: name.into(), ..Step::at(span) });
                self.steps(filled.get("steps"), depth + 1, job);
            } else if name.contains('/') {
                let given = arguments.map_or(&[][..], Node::entries);
                let inputs = given.iter().filter_map(|it| Some((it.key.clone(), it.value.scalar()?.to_string())));
                job.steps.push(Step { name: name.into(), inputs: inputs.collect(), ..Step::at(span) });
                if names_a_deployment(name) {
                    let reason = format!("the orb of `{name}` is not in the repository");
                    job.unread.get_or_insert_with(|| Unknown::new(reason, NAME_THE_WAY, span));
                }
            }
        }
    }
}

/// What a caller hands over, and the defaults of what it leaves out.
fn handed(definition: &Node, given: Option<&Node>) -> Values {
    let declared = definition.get("parameters").map_or(&[][..], Node::entries);
    let value = |entry: &Entry| {
        let value = given.and_then(|given| given.get(&entry.key)).or_else(|| entry.value.get("default"))?;
        Some((compact_str::format_compact!("parameters.{}", entry.key), value.clone()))
    };
    declared.iter().filter_map(value).collect()
}

fn step(run: &Node) -> Step {
    let text = |key: &str| run.get(key).and_then(Node::scalar).unwrap_or_default();
    let environment = run.get("environment").map_or(&[][..], Node::entries);
    Step {
        name: text("name"),
        script: run.scalar().unwrap_or_else(|| text("command")).to_string(),
        on_failure: text("when") == "on_fail",
        uses: environment.iter().filter_map(|it| it.value.scalar()).collect(),
        ..Step::at(run.span)
    }
}

/// By workflow and job, the people whom it waits for, also through the jobs that it requires.
fn approvals(runs: &[Run<'_>]) -> BTreeMap<(Text, Text), Vec<Gate>> {
    let mut gates: BTreeMap<(Text, Text), Vec<Gate>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.option("type").and_then(Node::as_str) == Some("approval")) {
        let what = compact_str::format_compact!("a person who approves `{}`", run.name());
        gates.insert((run.workflow.clone(), run.name()), vec![Gate { what, seconds: None, span: run.span }]);
    }
    // A chain of jobs is no longer than there are jobs, and few are long.
    for _ in 0..DEEPEST.min(runs.len()) {
        let mut changed = false;
        for run in runs {
            let own = (run.workflow.clone(), run.name());
            if gates.contains_key(&own) {
                continue;
            }
            let required = scalars(run.option("requires"));
            let waits: Vec<Gate> = required
                .into_iter()
                .filter_map(|name| gates.get(&(run.workflow.clone(), name)))
                .flat_map(|gates| gates.iter().cloned())
                .collect();
            if !waits.is_empty() {
                gates.insert(own, waits);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    gates
}

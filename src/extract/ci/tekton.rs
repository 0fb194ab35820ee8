//! Tekton: `Pipeline`, `Task`, `PipelineRun`, `TaskRun`, and the runs that a `TriggerTemplate` makes. Uses `tree` and the
//! job of `job`.
//!
//! Fields as <https://tekton.dev/docs/pipelines/pipelines/> and <https://tekton.dev/docs/pipelines/tasks/> have them. A
//! run is one job: the steps of the tasks of its pipeline. A pipeline that no run here refers to is started by somebody,
//! with the parameters that it declares; a task by itself is part of what refers to it. Tasks of a catalogue, a bundle or
//! another repository are not read: what they are handed to run counts.

use std::collections::BTreeMap;

use super::argo::container_step;
use super::files::{Files, Object, name, named};
use super::fill::{self, PARENTHESES, Values};
use super::job::{Gate, Job, NAME_THE_WAY, Step, Triggers, names_a_deployment};
use crate::source::Span;
use crate::tree::{Node, Text, Unknown};

/// How many nodes and steps a run may become.
const LARGEST: usize = 100_000;

/// What counts for a task beside its nodes.
const COST_OF_A_TASK: usize = 50;

/// Whether an object is one of Tekton.
pub(super) fn is_object(node: &Node) -> bool {
    let version = node.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    version.starts_with("tekton.dev/") || version.starts_with("triggers.tekton.dev/")
}

/// Objects by kind and name.
type Shelf<'a> = BTreeMap<(&'a str, Text), Vec<&'a Object<'a>>>;

fn kind(node: &Node) -> &str {
    node.get("kind").and_then(Node::as_str).unwrap_or_default()
}

/// The jobs of all runs, and of the pipelines that none refers to.
pub(super) fn jobs(files: &Files<'_>) -> Vec<Vec<Job>> {
    let objects: Vec<&Object<'_>> = files.objects().iter().filter(|object| is_object(object.node)).collect();
    let mut shelf = Shelf::new();
    for object in &objects {
        shelf.entry((kind(object.node), name(object.node))).or_default().push(object);
    }
    let mut jobs = Vec::new();
    let mut run: Vec<Text> = Vec::new();
    for object in &objects {
        match kind(object.node) {
            "PipelineRun" | "TaskRun" => {
                run.extend(object.node.at(&["spec", "pipelineRef", "name"]).and_then(Node::scalar));
                jobs.push(start(object, object.node, &shelf));
            }
            "TriggerTemplate" => {
                for made in object.node.at(&["spec", "resourcetemplates"]).map_or(&[][..], Node::items) {
                    run.extend(made.at(&["spec", "pipelineRef", "name"]).and_then(Node::scalar));
                    jobs.push(start(object, made, &shelf));
                }
            }
            _ => {}
        }
    }
    let free = objects.iter().filter(|object| kind(object.node) == "Pipeline" && !run.contains(&name(object.node)));
    jobs.extend(free.map(|object| start(object, object.node, &shelf)));
    jobs.into_iter().map(|job| vec![job]).collect()
}

struct Reader<'a, 's> {
    shelf: &'s Shelf<'a>,
    object: &'s Object<'a>,
    budget: usize,
}

impl<'a> Reader<'a, '_> {
    /// An object that another refers to, of the same environment where there are several.
    fn find(&self, kinds: &[&'a str], name: &Text) -> Option<&'a Node> {
        let all = kinds.iter().find_map(|kind| self.shelf.get(&(*kind, name.clone())))?;
        let same = all.iter().find(|object| object.environment == self.object.environment);
        same.or_else(|| all.first()).map(|object| object.node)
    }
}

/// The job that a run, or a pipeline by itself, is.
fn start<'a>(object: &'a Object<'a>, node: &'a Node, shelf: &Shelf<'a>) -> Job {
    let mut reader = Reader { shelf, object, budget: LARGEST };
    let head = named(object.node);
    let title = name(object.node);
    let mut job = Job {
        platform: "tekton",
        pipeline: title.clone(),
        id: title.clone(),
        span: head.unwrap_or(object.node).span,
        names: vec![title, object.node.at(&["metadata", "namespace"]).and_then(Node::scalar).unwrap_or_default()],
        triggers: Triggers { manual: true, ..Triggers::default() },
        inputs: declared(object.node.get("spec")),
        environment: object.environment.cloned(),
        library: object.library,
        ..Job::default()
    };
    let Some(spec) = node.get("spec") else { return job };
    let given = parameters(spec.get("params"), "value");
    job.uses.extend(given.values().filter_map(Node::scalar));
    job.names.extend(given.values().filter_map(Node::scalar));
    let referred = |key: &str| spec.get(key).and_then(|it| it.get("name")).and_then(Node::scalar);
    if kind(node) == "TaskRun" {
        let task = reader.task_of(spec, "", &mut job);
        if let Some(task) = task {
            reader.task(task, &given, false, &mut job);
        }
        return job;
    }
    let pipeline = match kind(node) {
        "Pipeline" => Some(spec),
        _ => spec.get("pipelineSpec").or_else(|| {
            let pipeline = reader.find(&["Pipeline"], &referred("pipelineRef")?)?.get("spec")?;
            Some(pipeline)
        }),
    };
    let Some(pipeline) = pipeline else {
        if let Some(reference) = spec.get("pipelineRef").filter(|_| names_a_deployment(&job.id)) {
            let reason = "the pipeline that it runs is not in the repository";
            job.unread = Some(Unknown::new(reason, NAME_THE_WAY, reference.span));
        }
        return job;
    };
    job.names.extend(referred("pipelineRef"));
    job.inputs.extend(declared(Some(pipeline)));
    let mut values = parameters(pipeline.get("params"), "default");
    values.extend(given);
    for (list, last) in [("tasks", false), ("finally", true)] {
        for task in pipeline.get(list).map_or(&[][..], Node::items) {
            reader.pipeline_task(task, &values, last, &mut job);
        }
    }
    job
}

/// The parameters that somebody gives, with their places.
fn declared(spec: Option<&Node>) -> Vec<(Text, Span)> {
    let list = spec.and_then(|spec| spec.get("params")).map_or(&[][..], Node::items);
    list.iter().filter_map(|it| it.get("name")).filter_map(|name| Some((name.scalar()?, name.span))).collect()
}

/// Parameters by the expressions that stand for them.
fn parameters(list: Option<&Node>, key: &str) -> Values {
    let list = list.map_or(&[][..], Node::items);
    list.iter()
        .filter_map(|it| {
            Some((compact_str::format_compact!("params.{}", it.get("name")?.scalar()?), it.get(key)?.clone()))
        })
        .collect()
}

impl<'a> Reader<'a, '_> {
    fn pipeline_task(&mut self, written: &'a Node, values: &Values, last: bool, job: &mut Job) {
        self.budget = self.budget.saturating_sub(COST_OF_A_TASK);
        if self.budget == 0 {
            return;
        }
        let title = written.get("name").and_then(Node::scalar).unwrap_or_default();
        let at = written.get("name").map_or(written.span, |name| name.span);
        let waits = written.at(&["taskRef", "kind"]).and_then(Node::as_str) == Some("ApprovalTask");
        if waits {
            let what = compact_str::format_compact!("a person who approves `{title}`");
            job.gates.push(Gate { what, seconds: None, span: at });
            return;
        }
        // What runs last runs after a failure too.
        let after_failure = written.get("when").is_some_and(|when| {
            let values = when.items().iter().flat_map(|it| it.get("values").map_or(&[][..], Node::items));
            values.filter_map(Node::as_str).any(|value| value == "Failed")
        });
        let on_failure = last && after_failure;
        job.steps.push(Step { name: title.clone(), on_failure, ..Step::at(at) });
        let node = fill::node(written.get("params").unwrap_or(written), PARENTHESES, values, &mut self.budget);
        let handed = parameters(Some(&node), "value");
        if let Some(task) = self.task_of(written, &title, job) {
            self.task(task, &handed, on_failure, job);
        } else if written.get("taskRef").is_some() {
            let reference = written.at(&["taskRef", "name"]).or_else(|| written.get("taskRef"));
            let name = reference.and_then(Node::scalar).unwrap_or_default();
            let inputs = handed.iter().filter_map(|(key, value)| {
                // A list of arguments is a line of them.
                let words: Vec<Text> = value.items().iter().filter_map(Node::scalar).collect();
                let text = value.scalar().map_or_else(|| words.join(" "), |text| text.to_string());
                Some((Text::from(key.strip_prefix("params.")?), fill::for_shell(&text)))
            });
            job.steps.push(Step { action: name, inputs: inputs.collect(), on_failure, ..Step::at(at) });
        }
    }

    /// The specification of a task that something refers to or holds.
    fn task_of(&self, holder: &'a Node, title: &str, job: &mut Job) -> Option<&'a Node> {
        if let Some(own) = holder.get("taskSpec") {
            return Some(own);
        }
        let reference = holder.get("taskRef")?;
        let name = reference.get("name").and_then(Node::scalar);
        let found =
            name.as_ref().and_then(|name| self.find(&["Task", "ClusterTask"], name)).and_then(|it| it.get("spec"));
        if let Some(task) = found {
            job.via.extend(Some(task.span).filter(|span| !job.via.contains(span)));
            job.follows.extend(name);
        } else if name.as_deref().is_some_and(names_a_deployment) || names_a_deployment(title) {
            let what = name.unwrap_or_else(|| "the task that it runs".into());
            let reason = format!("`{what}` is not in the repository");
            job.unread.get_or_insert_with(|| Unknown::new(reason, NAME_THE_WAY, reference.span));
        }
        found
    }

    fn task(&mut self, task: &Node, handed: &Values, on_failure: bool, job: &mut Job) {
        let mut values = parameters(task.get("params"), "default");
        values.extend(handed.iter().map(|(key, value)| (key.clone(), value.clone())));
        let shared = task.at(&["stepTemplate", "env"]).map_or(&[][..], Node::items);
        let shared: BTreeMap<Text, Text> = shared
            .iter()
            .filter_map(|it| Some((it.get("name")?.scalar()?, it.get("value")?.scalar()?)))
            .map(|(name, value)| (name, fill::text(&value, PARENTHESES, &values).into()))
            .collect();
        for written in task.get("steps").map_or(&[][..], Node::items) {
            let node = fill::node(written, PARENTHESES, &values, &mut self.budget);
            if self.budget == 0 {
                return;
            }
            let mut step = container_step(&node);
            step.script = fill::variables(&step.script, &shared);
            step.uses.extend(shared.values().cloned());
            step.name = node.get("name").and_then(Node::scalar).unwrap_or_default();
            step.on_failure = on_failure;
            job.steps.push(step);
        }
    }
}

//! Argo Workflows: `Workflow`, `WorkflowTemplate`, `ClusterWorkflowTemplate` and `CronWorkflow`. Uses `tree` and the job
//! of `job`.
//!
//! Fields as <https://argo-workflows.readthedocs.io/en/latest/fields/> has them. A workflow is one job: the steps of its
//! entrypoint, with the templates that they run, also of other objects. A template that others only refer to is part of
//! them; any other is submitted by somebody, with the parameters that it leaves open.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{Files, Object, name, named};
use super::fill::{self, BRACES, Values};
use super::job::{Gate, Job, NAME_THE_WAY, Step, Triggers, names_a_deployment};
use crate::extract::duration;
use crate::source::Span;
use crate::tree::{Node, Text, Unknown};

const GROUP: &str = "argoproj.io/";

/// How deep templates are followed.
const DEEPEST: usize = 20;

/// How many nodes and steps a workflow may become.
const LARGEST: usize = 100_000;

/// What counts for a template beside its nodes.
const COST_OF_A_TEMPLATE: usize = 50;

/// Whether an object is one of a workflow.
pub(super) fn is_object(node: &Node) -> bool {
    let version = node.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    version.starts_with(GROUP) && kind(node).is_some()
}

fn kind(node: &Node) -> Option<&str> {
    let kinds = ["Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"];
    node.get("kind").and_then(Node::as_str).filter(|kind| kinds.contains(kind))
}

/// The jobs of all workflows that run by themselves.
pub(super) fn jobs(files: &Files<'_>) -> Vec<Vec<Job>> {
    let objects: Vec<&Object<'_>> = files.objects().iter().filter(|object| is_object(object.node)).collect();
    let is_template = |object: &&&Object<'_>| kind(object.node).is_some_and(|kind| kind.ends_with("Template"));
    let mut templates: BTreeMap<Text, Vec<&Object<'_>>> = BTreeMap::new();
    for object in objects.iter().filter(is_template) {
        templates.entry(name(object.node)).or_default().push(object);
    }
    let mut referred = BTreeSet::new();
    for object in &objects {
        references(object.node, &mut referred);
    }
    let starts = objects.iter().filter(|object| !is_template(object) || !referred.contains(&name(object.node)));
    starts.filter_map(|object| Some(vec![workflow(object, &templates)?])).collect()
}

/// Collects the names of the objects that others take templates from.
fn references(node: &Node, found: &mut BTreeSet<Text>) {
    for entry in node.entries() {
        if matches!(entry.key.as_str(), "templateRef" | "workflowTemplateRef") {
            found.extend(entry.value.get("name").and_then(Node::scalar));
        }
        references(&entry.value, found);
    }
    node.items().iter().for_each(|item| references(item, found));
}

struct Reader<'a> {
    templates: &'a BTreeMap<Text, Vec<&'a Object<'a>>>,
    environment: Option<&'a crate::model::Environment>,
    budget: usize,
}

impl<'a> Reader<'a> {
    /// A template object by name, of the same environment where there are several.
    fn object(&self, name: &str) -> Option<&'a Node> {
        let all = self.templates.get(name)?;
        let same = all.iter().find(|object| object.environment == self.environment);
        same.or_else(|| all.first()).map(|object| object.node)
    }
}

fn workflow(object: &Object<'_>, templates: &BTreeMap<Text, Vec<&Object<'_>>>) -> Option<Job> {
    let node = object.node;
    let mut reader = Reader { templates, environment: object.environment, budget: LARGEST };
    let own = node.at(&["spec", "workflowSpec"]).or_else(|| node.get("spec"))?;
    // What it says itself goes before what the template says that it is made from.
    let base = own.at(&["workflowTemplateRef", "name"]).and_then(Node::as_str).and_then(|name| reader.object(name));
    let base = base.and_then(|base| base.get("spec"));
    let field = |key: &str| own.get(key).or_else(|| base?.get(key));
    let head = named(node).unwrap_or(node);
    let mut values = Values::new();
    let mut inputs: Vec<(Text, Span)> = Vec::new();
    for spec in [base, Some(own)].into_iter().flatten() {
        for parameter in spec.at(&["arguments", "parameters"]).map_or(&[][..], Node::items) {
            let Some(name) = parameter.get("name") else { continue };
            inputs.extend(name.scalar().map(|text| (text, name.span)));
            let given = parameter.get("value").or_else(|| parameter.get("default"));
            if let (Some(name), Some(value)) = (name.scalar(), given) {
                values.insert(compact_str::format_compact!("workflow.parameters.{name}"), value.clone());
            }
        }
    }
    let mut job = Job {
        platform: "argo-workflows",
        pipeline: name(node),
        id: name(node),
        span: head.span,
        names: vec![name(node), node.at(&["metadata", "namespace"]).and_then(Node::scalar).unwrap_or_default()],
        triggers: Triggers {
            manual: kind(node) != Some("CronWorkflow"),
            scheduled: kind(node) == Some("CronWorkflow"),
            ..Triggers::default()
        },
        inputs,
        uses: values.values().filter_map(Node::scalar).collect(),
        environment: object.environment.cloned(),
        library: object.library,
        ..Job::default()
    };
    job.names.extend(values.values().filter_map(Node::scalar));
    let holder = [Some(own), base];
    for (key, on_failure) in [("entrypoint", false), ("onExit", true)] {
        let Some(entry) = field(key).and_then(Node::as_str) else { continue };
        let Some((template, spec)) = holder.iter().flatten().find_map(|spec| Some((template(spec, entry)?, *spec)))
        else {
            continue;
        };
        reader.template(template, spec, &values, on_failure, &mut Vec::new(), &mut job);
    }
    Some(job)
}

/// The template of a name within a specification.
fn template<'n>(spec: &'n Node, name: &str) -> Option<&'n Node> {
    let templates = spec.get("templates").map_or(&[][..], Node::items);
    templates.iter().find(|template| template.get("name").and_then(Node::as_str) == Some(name))
}

impl Reader<'_> {
    fn template(
        &mut self,
        written: &Node,
        spec: &Node,
        values: &Values,
        on_failure: bool,
        stack: &mut Vec<Text>,
        job: &mut Job,
    ) {
        self.budget = self.budget.saturating_sub(COST_OF_A_TEMPLATE + values.len());
        let mut values = values.clone();
        for parameter in written.at(&["inputs", "parameters"]).map_or(&[][..], Node::items) {
            let default = parameter.get("value").or_else(|| parameter.get("default"));
            if let (Some(name), Some(value)) = (parameter.get("name").and_then(Node::scalar), default) {
                values.entry(compact_str::format_compact!("inputs.parameters.{name}")).or_insert_with(|| value.clone());
            }
        }
        let node = fill::node(written, BRACES, &values, &mut self.budget);
        if self.budget == 0 {
            return;
        }
        let title = node.get("name").and_then(Node::scalar).unwrap_or_default();
        let listed = node.at(&["containerSet", "containers"]).map_or(&[][..], Node::items);
        for container in node.get("container").into_iter().chain(node.get("script")).chain(listed) {
            job.steps.push(Step { name: title.clone(), on_failure, ..container_step(container) });
        }
        if let Some(resource) = node.get("resource") {
            job.steps.extend(resource_step(resource, on_failure));
        }
        if let Some(suspend) = node.get("suspend") {
            let seconds = suspend.get("duration").and_then(Node::scalar).and_then(|text| wait(&text));
            let what = if seconds.is_some() {
                compact_str::format_compact!("the wait `{title}`")
            } else {
                compact_str::format_compact!("a person who resumes `{title}`")
            };
            job.gates.push(Gate { what, seconds, span: suspend.span });
        }
        let parallel = node.get("steps").map_or(&[][..], Node::items);
        let steps = parallel
            .iter()
            .flat_map(|group| if group.items().is_empty() { std::slice::from_ref(group) } else { group.items() });
        for task in steps.chain(node.at(&["dag", "tasks"]).map_or(&[][..], Node::items)) {
            self.task(task, spec, &values, on_failure, stack, job);
        }
    }

    /// A step or a task: a template with arguments.
    fn task(
        &mut self,
        task: &Node,
        spec: &Node,
        values: &Values,
        on_failure: bool,
        stack: &mut Vec<Text>,
        job: &mut Job,
    ) {
        let title = task.get("name").and_then(Node::scalar).unwrap_or_default();
        job.steps.push(Step {
            name: title.clone(),
            on_failure,
            ..Step::at(task.get("name").map_or(task.span, |it| it.span))
        });
        let condition = task.get("when").and_then(Node::scalar).unwrap_or_default();
        let on_failure = on_failure || condition.contains("Failed") || condition.contains("!= Succeeded");
        // Arguments of the caller are the inputs of what it calls; those of the workflow stay.
        let mut handed: Values = values
            .iter()
            .filter(|(key, _)| key.starts_with("workflow."))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        for parameter in task.at(&["arguments", "parameters"]).map_or(&[][..], Node::items) {
            if let (Some(name), Some(value)) = (parameter.get("name").and_then(Node::scalar), parameter.get("value")) {
                handed.insert(compact_str::format_compact!("inputs.parameters.{name}"), value.clone());
            }
        }
        if let Some(inline) = task.get("inline") {
            self.template(inline, spec, &handed, on_failure, stack, job);
            return;
        }
        let reference = task.get("templateRef");
        let (holder, called) = match reference {
            Some(reference) => {
                let object = reference.get("name").and_then(Node::as_str).and_then(|name| self.object(name));
                (object.and_then(|object| object.get("spec")), reference.get("template"))
            }
            None => (Some(spec), task.get("template")),
        };
        let Some(called) = called else { return };
        let name = called.scalar().unwrap_or_default();
        let key = match reference.and_then(|it| it.get("name")).and_then(Node::scalar) {
            Some(object) => compact_str::format_compact!("{object}/{name}"),
            None => name.clone(),
        };
        let found = holder.and_then(|holder| Some((template(holder, &name)?, holder)));
        match found {
            Some((inner, holder)) if stack.len() < DEEPEST && !stack.contains(&key) => {
                stack.push(key.clone());
                if reference.is_some() {
                    job.via.extend(Some(inner.span).filter(|span| !job.via.contains(span)));
                    job.follows.insert(key);
                }
                self.template(inner, holder, &handed, on_failure, stack, job);
                stack.pop();
            }
            None if names_a_deployment(&name) || names_a_deployment(&title) => {
                let reason = format!("the template `{key}` is not in the repository");
                job.unread.get_or_insert_with(|| Unknown::new(reason, NAME_THE_WAY, called.span));
            }
            _ => {}
        }
    }
}

/// What a container runs: its script, or its command with arguments.
pub(super) fn container_step(container: &Node) -> Step {
    let mut known: BTreeMap<Text, Text> = BTreeMap::new();
    for variable in container.get("env").map_or(&[][..], Node::items) {
        let (name, value) = (variable.get("name").and_then(Node::scalar), variable.get("value").and_then(Node::scalar));
        known.extend(name.zip(value));
    }
    let source = container.get("source").or_else(|| container.get("script"));
    let words: Vec<Text> = ["command", "args"]
        .iter()
        .flat_map(|key| container.get(key).map_or(&[][..], Node::items))
        .filter_map(Node::scalar)
        .collect();
    let script = match (source.and_then(Node::scalar), words.as_slice()) {
        (Some(source), _) => source.to_string(),
        // `sh -c "…"` runs what follows.
        (None, [shell, flag, script, ..]) if shell.ends_with("sh") && flag.starts_with('-') => script.to_string(),
        (None, _) => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
    };
    let span = source
        .or_else(|| container.get("command"))
        .or_else(|| container.get("args"))
        .map_or(container.span, |it| it.span);
    let uses = known.values().cloned().collect();
    Step { script: fill::for_shell(&fill::variables(&script, &known)), uses, ..Step::at(span) }
}

fn quoted(word: &str) -> String {
    if word.contains(char::is_whitespace) { format!("'{word}'") } else { word.to_owned() }
}

/// A template that applies a manifest is what `kubectl` does with it.
fn resource_step(resource: &Node, on_failure: bool) -> Option<Step> {
    let action = resource.get("action").and_then(Node::as_str)?;
    let verb = match action {
        "apply" => "apply",
        "patch" => "set image",
        "replace" => "replace",
        _ => return None,
    };
    let manifest = resource.get("manifest").and_then(Node::scalar).unwrap_or_default();
    let name = manifest.lines().find_map(|line| line.trim().strip_prefix("name:")).map(str::trim).unwrap_or_default();
    let waits = resource.get("successCondition").is_some();
    let look = if waits { "\nkubectl wait" } else { "" };
    let span = resource.get("action").map_or(resource.span, |it| it.span);
    Some(Step { script: format!("kubectl {verb} '{name}'{look}"), on_failure, ..Step::at(span) })
}

/// A duration as Argo has it: seconds, or with a unit.
fn wait(text: &str) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation, reason = "whole seconds of minutes and hours")]
    text.parse().ok().or_else(|| duration::seconds(text).map(|seconds| seconds as i64))
}

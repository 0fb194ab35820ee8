//! Azure Pipelines: `azure-pipelines*.yml`, with the templates of the repository. Uses `tree` and the job of `job`.
//!
//! <https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/>,
//! <https://learn.microsoft.com/azure/devops/pipelines/process/templates>. Of `${{ if }}` every branch is taken, since
//! only a run knows which holds. Templates of other repositories are not read.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::files::{File, Files, yaml_file};
use super::fill::{self, DOLLAR_BRACES, Marks, PARENTHESES, Values};
use super::github::MAIN;
use super::job::{Gate, Job, NAME_THE_WAY, Step, Triggers, names_a_deployment, scalars};
use crate::source::{Span, join, parent};
use crate::tree::{Entry, Node, Text, Unknown};

/// How deep templates are followed; Azure allows fifty.
const DEEPEST: usize = 50;

/// How many nodes a pipeline may become.
const LARGEST: usize = 200_000;

/// Whether a file is a pipeline by its name or folder.
pub(super) fn is_pipeline(path: &str) -> bool {
    let lower = path.to_lowercase();
    let Some((folder, stem)) = yaml_file(&lower) else { return false };
    let own = folder.rsplit('/').next().unwrap_or_default();
    stem.contains("azure-pipeline") || matches!(own, ".azure-pipelines" | "azure-pipelines" | ".azuredevops")
}

/// The jobs of every pipeline that is no template of another, by file.
pub(super) fn jobs(files: &Files<'_>) -> Vec<Vec<Job>> {
    let candidates: Vec<File<'_>> =
        files.iter().filter(|file| is_pipeline(file.path) && file.node().is_some()).collect();
    let mut templates: BTreeSet<String> = BTreeSet::new();
    for file in &candidates {
        named(files, *file, file.documents, &mut templates);
    }
    let starts = candidates.into_iter().filter(|file| !templates.contains(file.path));
    starts.map(|file| Reader { files, pipeline: file.path, budget: LARGEST }.read(file)).collect()
}

/// Collects the templates that nodes name.
fn named(files: &Files<'_>, file: File<'_>, nodes: &[Node], found: &mut BTreeSet<String>) {
    for node in nodes {
        let target = node.get("template").and_then(Node::as_str);
        found.extend(target.and_then(|target| path(files, file.path, target)).filter(|path| path != file.path));
        named(files, file, node.items(), found);
        for entry in node.entries() {
            named(files, file, std::slice::from_ref(&entry.value), found);
        }
    }
}

/// The path of a template: relative to the file that names it, or to the repository. One of another repository has none.
fn path(files: &Files<'_>, from: &str, target: &str) -> Option<String> {
    let target = match target.split_once('@') {
        Some((target, "self")) => target,
        Some(_) => return None,
        None => target,
    };
    let folder = parent(from);
    match target.strip_prefix('/') {
        Some(rest) => {
            let root = files.get(from).map_or("", |file| files.root_of(file.path));
            join(root, rest)
        }
        None => join(folder, target),
    }
}

/// One item of a list, with the file that it stands in.
#[derive(Clone)]
struct Item<'a> {
    node: Node,
    file: File<'a>,
    depth: usize,
    /// Where the pipeline that was started names the template it comes from.
    call: Option<Span>,
    /// The templates it comes from.
    follows: BTreeSet<Text>,
    /// The parameters of the file, which its loops go through.
    values: Rc<Values>,
}

impl<'a> Item<'a> {
    fn within(&self, node: Node) -> Item<'a> {
        Item { node, ..self.clone() }
    }
}

struct Reader<'a> {
    files: &'a Files<'a>,
    pipeline: &'a str,
    budget: usize,
}

impl<'a> Reader<'a> {
    fn read(mut self, file: File<'a>) -> Vec<Job> {
        let Some(root) = file.node() else { return Vec::new() };
        let values = parameters(root, None);
        let node = fill::node(root, DOLLAR_BRACES, &values, &mut self.budget);
        let values = Rc::new(values);
        let mut top = Item { node, file, depth: 0, call: None, follows: BTreeSet::new(), values };
        let (mut jobs, mut unread) = (Vec::new(), None);
        if let Some(extends) = top.node.get("extends").cloned() {
            let mut body = Vec::new();
            self.template(&top.within(extends), &mut body, &mut unread);
            match body.pop() {
                Some(inner) => top = inner,
                None => jobs.extend(unread.map(|unread| self.elsewhere(&top, &[], unread))),
            }
        }
        let mut stages = self.list(&top, "stages");
        if stages.is_empty() {
            stages.push(top.clone());
        }
        for stage in stages {
            let name = stage.node.get("stage").and_then(Node::scalar).unwrap_or_default();
            if stage.node.get("template").is_some() {
                jobs.extend(self.unread(&stage).map(|unread| self.elsewhere(&stage, &[], unread)));
            }
            let mut own = self.list(&stage, "jobs");
            if own.is_empty() && stage.node.get("steps").is_some() {
                own.push(stage.clone());
            }
            for item in own {
                jobs.extend(self.job(root, &item, &stage, &name));
            }
        }
        approvals(&mut jobs);
        jobs
    }

    /// The items of a list, with those of templates, conditions and loops in their places.
    fn list(&mut self, within: &Item<'a>, key: &str) -> Vec<Item<'a>> {
        let mut found = Vec::new();
        if let Some(list) = within.node.get(key) {
            self.items(&within.within(list.clone()), key, &mut found);
        }
        found
    }

    fn items(&mut self, list: &Item<'a>, key: &str, found: &mut Vec<Item<'a>>) {
        if list.depth > DEEPEST {
            return;
        }
        for node in list.node.items() {
            self.budget = self.budget.saturating_sub(1);
            if self.budget == 0 {
                return;
            }
            let mut item = list.within(node.clone());
            item.depth += 1;
            let special = node.entries().first().filter(|entry| entry.key.starts_with("${{"));
            if let Some(entry) = special {
                for body in self.bodies(&entry.key, &entry.value, &list.values) {
                    self.items(&item.within(body), key, found);
                }
            } else if node.get("template").is_some() {
                let (mut body, mut unread) = (Vec::new(), None);
                self.template(&item, &mut body, &mut unread);
                match body.pop() {
                    Some(inner) => {
                        let inner_list = inner.node.get(key).cloned();
                        if let Some(inner_list) = inner_list {
                            self.items(&inner.within(inner_list), key, found);
                        }
                    }
                    None => found.push(item),
                }
            } else if !node.items().is_empty() {
                // A parameter that holds a list stands as a list within the list.
                self.items(&item, key, found);
            } else {
                found.push(item);
            }
        }
    }

    /// What a condition or a loop holds: once, or once for each value that is known.
    fn bodies(&mut self, head: &str, body: &Node, values: &Values) -> Vec<Node> {
        let each = head.trim_start_matches("${{").trim_end_matches("}}").trim().strip_prefix("each ");
        let known = each.and_then(|rest| rest.split_once(" in "));
        let Some((name, list)) = known.and_then(|(name, list)| Some((name.trim(), values.get(list.trim())?))) else {
            return vec![body.clone()];
        };
        let mut bodies = Vec::new();
        for value in list.items() {
            let inner = |entry: &Entry| (compact_str::format_compact!("{name}.{}", entry.key), entry.value.clone());
            let mut one: Values = value.entries().iter().map(inner).collect();
            one.insert(name.into(), value.clone());
            bodies.push(fill::node(body, DOLLAR_BRACES, &one, &mut self.budget));
            if self.budget == 0 {
                break;
            }
        }
        bodies
    }

    /// The body of a template, filled in.
    fn template(&mut self, item: &Item<'a>, found: &mut Vec<Item<'a>>, unread: &mut Option<Unknown>) {
        *unread = self.unread(item);
        let target = item.node.get("template").and_then(Node::as_str).unwrap_or_default();
        let file = path(self.files, item.file.path, target).and_then(|path| self.files.get(&path));
        let Some((file, body)) = file.and_then(|file| Some((file, file.node()?))) else { return };
        if item.depth >= DEEPEST || self.budget == 0 {
            return;
        }
        let values = parameters(body, item.node.get("parameters"));
        let node = fill::node(body, DOLLAR_BRACES, &values, &mut self.budget);
        let mut follows = item.follows.clone();
        follows.insert(file.path.into());
        let named = item.node.get("template").map(|target| target.span);
        let (depth, call) = (item.depth + 1, item.call.or(named));
        found.push(Item { node, file, depth, call, follows, values: Rc::new(values) });
    }

    /// Why a template that deploys by its name cannot be read.
    fn unread(&self, item: &Item<'a>) -> Option<Unknown> {
        let node = item.node.get("template")?;
        let target = node.as_str().filter(|target| names_a_deployment(target.split('@').next().unwrap_or(target)))?;
        let known = path(self.files, item.file.path, target).is_some_and(|path| self.files.get(&path).is_some());
        let reason = if known { "is used through too many others" } else { "is not in the repository" };
        Some(Unknown::new(format!("the template `{target}` {reason}"), NAME_THE_WAY, node.span))
    }

    /// A job of a template that is not here. What it is handed says what it is for.
    fn elsewhere(&self, item: &Item<'a>, names: &[Text], unread: Unknown) -> Job {
        let handed = item.node.get("parameters").map_or(&[][..], Node::entries);
        let handed: Vec<Text> = handed.iter().filter_map(|entry| entry.value.scalar()).collect();
        Job {
            platform: "azure-pipelines",
            pipeline: self.pipeline.into(),
            id: item.node.get("template").and_then(Node::scalar).unwrap_or_else(|| "template".into()),
            span: item.call.or(unread.span).unwrap_or(item.node.span),
            names: names.iter().chain(&handed).cloned().collect(),
            uses: handed,
            unread: Some(unread),
            ..Job::default()
        }
    }

    fn job(&mut self, pipeline: &Node, item: &Item<'a>, stage_item: &Item<'a>, stage: &str) -> Option<Job> {
        let node = &item.node;
        if node.get("template").is_some() {
            let unread = self.unread(item)?;
            return Some(self.elsewhere(item, &[stage.into()], unread));
        }
        let key = node.entry("deployment").or_else(|| node.entry("job"));
        let head = key.map_or_else(|| node.entry("steps").map_or(node.span, |it| it.key_span), |key| key.value.span);
        let id = key.and_then(|key| key.value.scalar()).filter(|id| !id.is_empty()).unwrap_or_else(|| "job".into());
        let display = |node: &Node| node.get("displayName").and_then(Node::scalar).unwrap_or_default();
        let variables = variables([pipeline, &stage_item.node, node]);
        let environment_node = node.get("environment").map(|it| it.get("name").unwrap_or(it));
        let environment = environment_node.and_then(Node::scalar);
        let environment = environment.map(|name| Text::from(fill::text(&name, PARENTHESES, &variables)));
        let trigger = pipeline.get("trigger");
        let branches: Vec<Text> = scalars(trigger)
            .into_iter()
            .chain(scalars(trigger.and_then(|it| it.at(&["branches", "include"]))))
            .collect();
        let gate = environment_node.zip(environment.as_ref()).map(|(node, name)| Gate {
            what: compact_str::format_compact!("approvals, if Azure DevOps asks for any in `{name}`: no file says so"),
            seconds: None,
            span: node.span,
        });
        let condition = node.get("condition").or_else(|| stage_item.node.get("condition")).and_then(Node::scalar);
        let by_condition =
            condition.is_some_and(|text| MAIN.iter().any(|branch| text.contains(&format!("refs/heads/{branch}"))));
        let mut job = Job {
            platform: "azure-pipelines",
            pipeline: self.pipeline.into(),
            id,
            span: item.call.unwrap_or(head),
            via: item.call.map(|_| head).into_iter().collect(),
            names: vec![
                key.and_then(|key| key.value.scalar()).unwrap_or_default(),
                display(node),
                stage.into(),
                display(&stage_item.node),
            ],
            open_environment: environment.as_deref().is_some_and(|name| name.starts_with('$')),
            environments: environment.into_iter().filter(|name| !name.starts_with('$')).collect(),
            triggers: Triggers {
                main: by_condition
                    || branches.iter().any(|branch| MAIN.contains(&branch.trim_start_matches("refs/heads/"))),
                manual: trigger.and_then(Node::as_str) == Some("none"),
                ..Triggers::default()
            },
            inputs: pipeline
                .get("parameters")
                .map_or(&[][..], Node::items)
                .iter()
                .filter_map(|it| it.get("name"))
                .filter_map(|it| Some((it.scalar()?, it.span)))
                .collect(),
            follows: item.follows.clone(),
            gates: gate.into_iter().collect(),
            ..Job::default()
        };
        self.steps(item, false, &variables, &mut job);
        for strategy in node.get("strategy").map_or(&[][..], Node::entries) {
            for hook in strategy.value.entries() {
                self.steps(&item.within(hook.value.clone()), false, &variables, &mut job);
                if let Some(failure) = hook.value.get("failure").filter(|_| hook.key == "on") {
                    self.steps(&item.within(failure.clone()), true, &variables, &mut job);
                }
            }
        }
        let depends = scalars(node.get("dependsOn")).into_iter().chain(scalars(stage_item.node.get("dependsOn")));
        job.needs = depends.collect();
        Some(job)
    }

    /// Adds the steps of a job or of a hook of its strategy, whose `on.failure` goes back.
    fn steps(&mut self, within: &Item<'a>, on_failure: bool, variables: &Values, job: &mut Job) {
        for item in self.list(within, "steps") {
            if item.node.get("template").is_some() {
                if let Some(unread) = self.unread(&item) {
                    job.unread.get_or_insert(unread);
                }
                continue;
            }
            job.follows.extend(item.follows.iter().cloned());
            job.steps.push(step(&item.node, on_failure, PARENTHESES, variables));
        }
    }
}

/// The parameters of a template by the expressions that stand for them: a list of `name` and `default`, or a mapping.
fn parameters(template: &Node, given: Option<&Node>) -> Values {
    let mut values = Values::new();
    let Some(declared) = template.get("parameters") else { return values };
    let list = declared.items().iter().filter_map(|it| Some((it.get("name")?.scalar()?, it.get("default"))));
    let map = declared.entries().iter().map(|entry| (entry.key.clone(), Some(&entry.value)));
    for (name, default) in list.chain(map) {
        if let Some(value) = given.and_then(|given| given.get(&name)).or(default) {
            for entry in value.entries() {
                values.insert(compact_str::format_compact!("parameters.{name}.{}", entry.key), entry.value.clone());
            }
            values.insert(compact_str::format_compact!("parameters.{name}"), value.clone());
        }
    }
    values
}

/// The variables of a pipeline, a stage and a job: a mapping, or a list of `name` and `value`.
fn variables(holders: [&Node; 3]) -> Values {
    let mut known = Values::new();
    for holder in holders.iter().filter_map(|holder| holder.get("variables")) {
        let list = holder.items().iter().filter_map(|it| Some((it.get("name")?.scalar()?, it.get("value")?)));
        let map = holder.entries().iter().map(|entry| (entry.key.clone(), &entry.value));
        known.extend(list.chain(map).map(|(name, value)| (name, value.clone())));
    }
    known
}

fn step(node: &Node, on_failure: bool, marks: Marks, variables: &Values) -> Step {
    let text = |key: &str| node.get(key).and_then(Node::scalar).unwrap_or_default();
    let filled = |written: Text| fill::for_shell(&fill::text(&written, marks, variables));
    let script = ["script", "bash", "pwsh", "powershell"].iter().find_map(|key| node.get(key));
    let inputs = node.get("inputs").map_or(&[][..], Node::entries);
    Step {
        name: text("displayName"),
        script: filled(script.and_then(Node::scalar).unwrap_or_default()),
        action: text("task"),
        inputs: inputs.iter().filter_map(|it| Some((it.key.clone(), filled(it.value.scalar()?)))).collect(),
        on_failure: on_failure || text("condition").contains("failed()"),
        ..Step::at(script.or_else(|| node.get("task")).map_or(node.span, |it| it.span))
    }
}

/// A job after one that asks a person waits for that person.
/// <https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/manual-validation-v1>
fn approvals(jobs: &mut [Job]) {
    let mut asked: BTreeMap<Text, Gate> = BTreeMap::new();
    for job in jobs.iter() {
        let asks = job.steps.iter().find(|step| step.action.to_lowercase().starts_with("manualvalidation@"));
        if let Some(step) = asks {
            let what = compact_str::format_compact!("a person who resumes `{}`", job.id);
            let gate = Gate { what, seconds: None, span: step.span };
            asked.extend(job.names.iter().filter(|name| !name.is_empty()).map(|name| (name.clone(), gate.clone())));
        }
    }
    for job in jobs {
        let waits: Vec<Gate> = job.needs.iter().filter_map(|need| asked.get(need)).cloned().collect();
        job.gates.extend(waits);
    }
}

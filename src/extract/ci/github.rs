//! GitHub Actions: `.github/workflows/*.yml`, with the workflows and actions of the repository that they call. Uses `tree`
//! and the job of `job`.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax>,
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax>. What a called workflow does, its
//! caller does: a workflow that is only called is no deployment by itself.

use std::collections::BTreeSet;

use super::files::{File, Files};
use super::fill::{self, DOLLAR_BRACES, Values};
use super::job::{self, Gate, Job, Step, Triggers, names_a_deployment, scalars};
use crate::source::{Span, join};
use crate::tree::{Entry, Node, Text, Unknown, Value};

/// How deep calls are followed. <https://docs.github.com/en/actions/reference/workflows-and-actions/reusing-workflow-configurations>
/// allows ten levels.
const DEEPEST: usize = 10;

/// How many nodes, jobs and steps a workflow may become with everything it calls.
const LARGEST: usize = 200_000;

/// How many of these a job counts for.
const COST_OF_A_JOB: usize = 100;

/// Whether a file is a workflow.
pub(super) fn is_workflow(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(folder, _)| folder.to_lowercase().ends_with(".github/workflows"))
}

/// Whether a file describes an action.
pub(super) fn is_action(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("action.yml" | "action.yaml"))
}

/// The jobs of all workflows that run by themselves.
pub(super) fn jobs(files: &Files<'_>) -> Vec<Vec<Job>> {
    let workflows: Vec<File<'_>> =
        files.iter().filter(|file| is_workflow(file.path) && file.node().is_some()).collect();
    let called: BTreeSet<String> = workflows.iter().flat_map(|file| calls(*file)).collect();
    let runs = |file: &&File<'_>| {
        !called.contains(file.path) || file.node().and_then(|node| node.get("on")).is_none_or(|on| !is_only_called(on))
    };
    workflows.iter().filter(runs).map(|file| Reader::new(files, *file).read()).collect()
}

/// The workflows of the repository that a workflow calls.
fn calls(file: File<'_>) -> Vec<String> {
    let jobs = file.node().and_then(|node| node.get("jobs")).map_or(&[][..], Node::entries);
    let targets = jobs.iter().filter_map(|job| job.value.get("uses")?.as_str());
    targets.filter_map(|target| local(repository(file.path), target)).collect()
}

/// The folder of the repository that a workflow is run in.
fn repository(path: &str) -> &str {
    path.split_once(".github/").map_or("", |(folder, _)| folder)
}

/// The path that `./…` names.
fn local(repository: &str, target: &str) -> Option<String> {
    join(repository, target.strip_prefix("./").or_else(|| (target == ".").then_some(""))?)
}

fn is_only_called(on: &Node) -> bool {
    let names = scalars(Some(on));
    let keys = on.entries().iter().map(|entry| &entry.key);
    let mut all = names.iter().chain(keys).peekable();
    all.peek().is_some() && all.all(|name| name == "workflow_call")
}

/// What reads one workflow with all that it calls.
struct Reader<'a> {
    files: &'a Files<'a>,
    file: File<'a>,
    repository: &'a str,
    budget: usize,
}

/// The job that calls, as seen from the workflow it calls.
#[derive(Clone, Default)]
struct Caller<'c> {
    /// The job of the workflow that was started, when this is not it.
    outermost: Option<&'c Job>,
    /// The names of the jobs on the way.
    path: Vec<Text>,
    /// The conditions on the way.
    conditions: Vec<Text>,
    /// The files on the way.
    stack: Vec<String>,
    /// The jobs on the way, whose matrices fill in what they hand on.
    matrices: Vec<&'c Node>,
}

impl<'a> Reader<'a> {
    fn new(files: &'a Files<'a>, file: File<'a>) -> Self {
        Self { files, file, repository: repository(file.path), budget: LARGEST }
    }

    fn read(mut self) -> Vec<Job> {
        let Some(workflow) = self.file.node() else { return Vec::new() };
        let start = Caller { stack: vec![self.file.path.to_owned()], ..Caller::default() };
        self.workflow(workflow, workflow, &Values::new(), &start)
    }

    /// The jobs of a workflow, given what its caller hands over.
    fn workflow(&mut self, root: &Node, workflow: &Node, values: &Values, caller: &Caller<'_>) -> Vec<Job> {
        let entries = workflow.get("jobs").map_or(&[][..], Node::entries);
        let mut jobs = Vec::new();
        for entry in entries {
            self.budget = self.budget.saturating_sub(COST_OF_A_JOB);
            let value = fill::node(&entry.value, DOLLAR_BRACES, values, &mut self.budget);
            let entry = Entry { value, ..entry.clone() };
            let job = self.job(root, workflow, &entry, caller, entries.len() == 1);
            match job.calls.clone() {
                Some((target, span)) if target.starts_with("./") => {
                    jobs.extend(self.call(root, &entry, job, &target, span, caller));
                }
                _ => jobs.push(job),
            }
            if self.budget == 0 {
                break;
            }
        }
        jobs
    }

    /// What a job does that calls a workflow of the repository.
    fn call(
        &mut self,
        root: &Node,
        entry: &Entry,
        mut job: Job,
        target: &str,
        span: Span,
        caller: &Caller<'_>,
    ) -> Vec<Job> {
        job.calls = None;
        let found = local(self.repository, target).and_then(|path| self.files.get(&path));
        let read = match found.and_then(|file| Some((file, file.node()?))) {
            None => Err("is not in the repository"),
            Some((file, _)) if caller.stack.iter().any(|path| path == file.path) => Err("calls itself"),
            Some(_) if caller.stack.len() > DEEPEST => Err("is called through too many others"),
            Some(_) if self.budget == 0 => Err("is part of a workflow that is too large"),
            Some(found) => Ok(found),
        };
        let (file, workflow) = match read {
            Ok(found) => found,
            Err(reason) => {
                if names_a_deployment(target) || names_a_deployment(&entry.key) {
                    job.unread = Some(Unknown::new(format!("`{target}` {reason}"), "audit that file as well", span));
                }
                return vec![job];
            }
        };
        let declared = workflow.at(&["on", "workflow_call", "inputs"]).map_or(&[][..], Node::entries);
        let values = handed(declared, entry.value.get("with"));
        job.follows.insert(file.path.into());
        let mut inner = caller.clone();
        inner.stack.push(file.path.to_owned());
        inner.path.push(entry.key.clone());
        inner.conditions.extend(entry.value.get("if").and_then(Node::scalar));
        inner.matrices.push(&entry.value);
        let outermost = caller.outermost.unwrap_or(&job).clone();
        inner.outermost = Some(&outermost);
        self.workflow(root, workflow, &values, &inner)
    }

    fn job(&mut self, root: &Node, workflow: &Node, entry: &Entry, caller: &Caller<'_>, alone: bool) -> Job {
        let node = &entry.value;
        let display = node.get("name").and_then(Node::scalar).unwrap_or_default();
        let (environments, open_environment) = environments(root, node, &caller.matrices);
        let mut uses = Vec::new();
        if caller.outermost.is_none() {
            uses.extend(choices(workflow));
            uses.extend(scalars(workflow.at(&["on", "push", "paths"])));
        }
        for variables in [workflow.get("env"), node.get("env"), node.get("with")].into_iter().flatten() {
            uses.extend(variables.entries().iter().filter_map(|variable| variable.value.scalar()));
        }
        uses.extend(node.at(&["defaults", "run", "working-directory"]).and_then(Node::scalar));
        let mut conditions = caller.conditions.clone();
        conditions.extend(node.get("if").and_then(Node::scalar));
        let inputs = inputs(root).into_iter().map(|input| (input.key.clone(), input.key_span));
        let environment = node.get("environment");
        let mut job = Job {
            platform: "github-actions",
            pipeline: self.file.path.into(),
            id: entry.key.clone(),
            span: entry.key_span,
            names: vec![entry.key.clone(), display],
            environments,
            open_environment,
            triggers: triggers(root, &conditions),
            inputs: inputs.collect(),
            calls: node.get("uses").and_then(|it| Some((it.scalar()?, it.span))),
            gates: environment.and_then(gate).into_iter().collect(),
            uses,
            ..Job::default()
        };
        let steps = node.get("steps").map_or(&[][..], Node::items);
        self.steps(steps, false, &mut caller.stack.clone(), &mut job);
        let folder = [node, workflow].iter().find_map(|it| it.at(&["defaults", "run", "working-directory"])?.scalar());
        if let Some(folder) = folder {
            job.steps.iter_mut().filter(|step| step.folder.is_empty()).for_each(|step| step.folder.clone_from(&folder));
        }
        job.names
            .extend([workflow.get("name").and_then(Node::scalar).unwrap_or_default(), stem(self.file.path).into()]);
        if let Some(outermost) = caller.outermost {
            // What is called belongs to the line that calls it.
            let mut path: Vec<&str> = caller.path.iter().map(Text::as_str).collect();
            if !alone {
                path.push(&entry.key);
            }
            job.id = path.join(" / ").into();
            job.via.push(job.span);
            job.span = outermost.span;
            let own = outermost.names.iter().take(2).cloned();
            job.names = own.chain(caller.path.iter().skip(1).cloned()).chain(job.names).collect();
            job.uses.extend(outermost.uses.iter().cloned());
            job.follows.extend(caller.stack.iter().skip(1).map(Text::from));
        }
        job
    }

    /// Adds steps, with those of the actions of the repository that they use.
    fn steps(&mut self, steps: &[Node], on_failure: bool, stack: &mut Vec<String>, job: &mut Job) {
        for node in steps {
            self.budget = self.budget.saturating_sub(1);
            if self.budget == 0 {
                return;
            }
            let mut own = step(node);
            own.on_failure |= on_failure;
            let Some(path) = own.action.strip_prefix("./").and_then(|_| local(self.repository, &own.action)) else {
                job.steps.push(own);
                continue;
            };
            let inside = |name: &str| join(&path, name).and_then(|path| self.files.get(&path));
            let found = inside("action.yml").or_else(|| inside("action.yaml"));
            let read = match found.and_then(|file| Some((file, file.node()?))) {
                None => Err("is not in the repository"),
                Some((file, _)) if stack.iter().any(|path| path == file.path) => Err("uses itself"),
                Some(_) if stack.len() > 2 * DEEPEST => Err("is used through too many others"),
                Some((_, node)) if node.at(&["runs", "using"]).and_then(Node::as_str) != Some("composite") => {
                    Err("is a program, which is not read")
                }
                Some(found) => Ok(found),
            };
            let action = std::mem::take(&mut own.action);
            let (span, on_failure) = (own.span, own.on_failure);
            // The step's own name says what all of it is for.
            job.steps.push(own);
            match read {
                Ok((file, described)) => {
                    let declared = described.get("inputs").map_or(&[][..], Node::entries);
                    let values = handed(declared, node.get("with"));
                    let steps = described.at(&["runs", "steps"]).unwrap_or(described);
                    let steps = fill::node(steps, DOLLAR_BRACES, &values, &mut self.budget);
                    job.follows.insert(file.path.into());
                    stack.push(file.path.to_owned());
                    self.steps(steps.items(), on_failure, stack, job);
                    stack.pop();
                }
                Err(reason) if names_a_deployment(&action) => {
                    let unknown = Unknown::new(format!("the action `{action}` {reason}"), job::NAME_THE_WAY, span);
                    job.unread.get_or_insert(unknown);
                }
                Err(_) => {}
            }
        }
    }
}

/// What a caller hands over, by the expressions that stand for it, and the defaults of what it leaves out.
fn handed(declared: &[Entry], with: Option<&Node>) -> Values {
    let mut values = Values::new();
    for input in declared {
        let name = compact_str::format_compact!("inputs.{}", input.key);
        let given = with.and_then(|with| with.get(&input.key)).or_else(|| input.value.get("default"));
        let empty = || Node::new(Value::String(Text::default()), input.key_span);
        values.insert(name, given.cloned().unwrap_or_else(empty));
    }
    values
}

/// The name of a file without its folders and its extension.
fn stem(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path).trim_end_matches(".yaml").trim_end_matches(".yml")
}

/// The inputs of `workflow_dispatch` and `workflow_call`.
fn inputs(workflow: &Node) -> Vec<&Entry> {
    let of = |trigger: &str| workflow.at(&["on", trigger, "inputs"]).map_or(&[][..], Node::entries);
    of("workflow_dispatch").iter().chain(of("workflow_call")).collect()
}

/// What the choices of inputs offer: often the services.
fn choices(workflow: &Node) -> Vec<Text> {
    inputs(workflow).iter().flat_map(|input| scalars(input.value.get("options"))).collect()
}

fn step(node: &Node) -> Step {
    let text = |key: &str| node.get(key).and_then(Node::scalar).unwrap_or_default();
    let with = node.get("with").map_or(&[][..], Node::entries);
    let environment = node.get("env").map_or(&[][..], Node::entries);
    let condition = text("if");
    Step {
        span: node.get("run").or_else(|| node.get("uses")).map_or(node.span, |it| it.span),
        name: text("name"),
        script: fill::for_shell(&text("run")),
        action: text("uses"),
        inputs: with.iter().filter_map(|it| Some((it.key.clone(), fill::for_shell(&it.value.scalar()?)))).collect(),
        on_failure: condition.contains("failure()") && !condition.contains("!failure()"),
        uses: environment.iter().filter_map(|it| it.value.scalar()).collect(),
        folder: text("working-directory"),
        called: Vec::new(),
    }
}

fn triggers(workflow: &Node, conditions: &[Text]) -> Triggers {
    let Some(on) = workflow.get("on") else { return Triggers::default() };
    let names = scalars(Some(on));
    let has = |name: &str| on.get(name).is_some() || names.iter().any(|it| it == name);
    let push = on.get("push");
    let branches = scalars(push.and_then(|push| push.get("branches")));
    let limited = push.is_some_and(|push| push.get("branches").is_some() || push.get("branches-ignore").is_some());
    let tags = push.is_some_and(|push| push.get("tags").is_some());
    let says = |condition: &Text| {
        let branch = |branch: &str| {
            condition.contains(&format!("refs/heads/{branch}")) || condition.contains(&format!("'{branch}'"))
        };
        MAIN.iter().any(|it| branch(it)) || condition.contains("refs/tags/")
    };
    let by_condition = conditions.iter().any(says);
    let for_requests = |condition: &Text| condition.contains("== 'pull_request'") && !condition.contains("||");
    let to_main = branches.iter().any(|branch| MAIN.contains(&branch.as_str()) || branch.starts_with("release"));
    Triggers {
        main: (has("release")
            || has("push") && (tags || to_main || by_condition || !limited && !has("pull_request"))
            || by_condition)
            && !conditions.iter().any(for_requests),
        manual: has("workflow_dispatch") || has("repository_dispatch"),
        called: has("workflow_call") || has("workflow_run"),
        scheduled: has("schedule"),
    }
}

/// Branches that are shipped.
pub(super) const MAIN: &[&str] = &["main", "master", "production", "prod", "trunk", "live", "stable"];

/// An environment may ask for reviewers, which is a setting of the repository and stands in no file.
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments#required-reviewers>
fn gate(environment: &Node) -> Option<Gate> {
    let node = environment.get("name").unwrap_or(environment);
    let name = node.scalar()?;
    let what = if name.contains("${{") {
        "reviewers, if GitHub asks for any in that environment: no file says so".into()
    } else {
        compact_str::format_compact!("reviewers, if GitHub asks for any in `{name}`: no file says so")
    };
    Some(Gate { what, seconds: None, span: node.span })
}

/// The environments a job may run in, as its expression may come out, and whether only a run knows. What callers hand
/// over is filled in, so that what is left speaks of the workflow that was started, or of a matrix on the way.
fn environments(root: &Node, job: &Node, callers: &[&Node]) -> (Vec<Text>, bool) {
    let Some(node) = job.get("environment") else { return (Vec::new(), false) };
    let Some(text) = node.get("name").unwrap_or(node).scalar() else { return (Vec::new(), true) };
    let Some(expression) = text.find("${{").and_then(|at| text.get(at..)) else { return (vec![text], false) };
    let mut found: Vec<Text> = Vec::new();
    for input in inputs(root).iter().filter(|input| expression.contains(input.key.as_str())) {
        found.extend(scalars(input.value.get("options")));
        found
            .extend(input.value.get("default").and_then(Node::scalar).filter(|_| input.value.get("options").is_none()));
    }
    let matrices =
        std::iter::once(job).chain(callers.iter().copied()).filter_map(|job| job.at(&["strategy", "matrix"]));
    for entry in matrices.flat_map(Node::entries) {
        if entry.key == "include" {
            found.extend(
                entry
                    .value
                    .items()
                    .iter()
                    .flat_map(Node::entries)
                    .filter(|it| expression.contains(it.key.as_str()))
                    .filter_map(|it| it.value.scalar()),
            );
        } else if expression.contains(entry.key.as_str()) {
            found.extend(scalars(Some(&entry.value)));
        }
    }
    // `github.ref == 'refs/heads/main' && 'production' || 'staging'`
    found.extend(expression.split('\'').skip(1).step_by(2).filter(|it| !it.contains('/')).map(Text::from));
    let open = found.is_empty();
    (found, open)
}

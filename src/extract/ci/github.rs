//! GitHub Actions: `.github/workflows/*.yml`. Uses `tree` and the job of `job`.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax>

use super::job::{Job, Step, Triggers, scalars};
use crate::tree::{Entry, Node, Text};

/// The jobs of a workflow.
pub(super) fn jobs(path: &str, workflow: &Node) -> Vec<Job> {
    let entries = workflow.get("jobs").map_or(&[][..], Node::entries);
    let file = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".yaml").trim_end_matches(".yml");
    let name = workflow.get("name").and_then(Node::scalar).unwrap_or_default();
    entries
        .iter()
        .map(|entry| {
            let mut job = job(workflow, entry);
            job.names.extend([name.clone(), file.into()]);
            job
        })
        .collect()
}

fn job(workflow: &Node, entry: &Entry) -> Job {
    let node = &entry.value;
    let inputs = inputs(workflow);
    let (environments, open_environment) = environments(workflow, node);
    let display = node.get("name").and_then(Node::scalar).unwrap_or_default();
    let mut uses = choices(workflow);
    uses.extend(scalars(workflow.at(&["on", "push", "paths"])));
    for variables in [workflow.get("env"), node.get("env"), node.get("with")].into_iter().flatten() {
        uses.extend(variables.entries().iter().filter_map(|variable| variable.value.scalar()));
    }
    uses.extend(node.at(&["defaults", "run", "working-directory"]).and_then(Node::scalar));
    Job {
        platform: "github-actions",
        id: entry.key.clone(),
        span: entry.key_span,
        names: vec![entry.key.clone(), display],
        environments,
        open_environment,
        steps: node.get("steps").map_or(&[][..], Node::items).iter().map(step).collect(),
        triggers: triggers(workflow, node),
        inputs: inputs.iter().map(|input| (input.key.clone(), input.key_span)).collect(),
        calls: node.get("uses").and_then(|it| Some((it.scalar()?, it.span))),
        siblings: Vec::new(),
        checks: Vec::new(),
        platform_reruns: false,
        uses,
    }
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
    let condition = text("if");
    Step {
        span: node.get("run").or_else(|| node.get("uses")).map_or(node.span, |it| it.span),
        name: text("name"),
        script: text("run").to_string(),
        action: text("uses"),
        inputs: with.iter().filter_map(|it| Some((it.key.clone(), it.value.scalar()?.to_string()))).collect(),
        on_failure: condition.contains("failure()") && !condition.contains("!failure()"),
    }
}

fn triggers(workflow: &Node, job: &Node) -> Triggers {
    let Some(on) = workflow.get("on") else { return Triggers::default() };
    let names = scalars(Some(on));
    let has = |name: &str| on.get(name).is_some() || names.iter().any(|it| it == name);
    let push = on.get("push");
    let branches = scalars(push.and_then(|push| push.get("branches")));
    let limited = push.is_some_and(|push| push.get("branches").is_some() || push.get("branches-ignore").is_some());
    let tags = push.is_some_and(|push| push.get("tags").is_some());
    let condition = job.get("if").and_then(Node::scalar).unwrap_or_default();
    let by_condition = MAIN.iter().any(|branch| {
        condition.contains(&format!("refs/heads/{branch}")) || condition.contains(&format!("'{branch}'"))
    }) || condition.contains("refs/tags/");
    let to_main = branches.iter().any(|branch| MAIN.contains(&branch.as_str()) || branch.starts_with("release"));
    Triggers {
        main: has("release")
            || has("push") && (tags || to_main || by_condition || !limited && !has("pull_request"))
            || by_condition,
        manual: has("workflow_dispatch") || has("repository_dispatch"),
        called: has("workflow_call") || has("workflow_run"),
        scheduled: has("schedule"),
    }
}

/// Branches that are shipped.
pub(super) const MAIN: &[&str] = &["main", "master", "production", "prod", "trunk", "live", "stable"];

/// The environments a job may run in, as its expression may come out, and whether only a run knows.
fn environments(workflow: &Node, job: &Node) -> (Vec<Text>, bool) {
    let Some(node) = job.get("environment") else { return (Vec::new(), false) };
    let Some(text) = node.get("name").unwrap_or(node).scalar() else { return (Vec::new(), true) };
    let Some(expression) = text.find("${{").and_then(|at| text.get(at..)) else { return (vec![text], false) };
    let mut found: Vec<Text> = Vec::new();
    for input in inputs(workflow).iter().filter(|input| expression.contains(input.key.as_str())) {
        found.extend(scalars(input.value.get("options")));
        found
            .extend(input.value.get("default").and_then(Node::scalar).filter(|_| input.value.get("options").is_none()));
    }
    for entry in job.at(&["strategy", "matrix"]).map_or(&[][..], Node::entries) {
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

//! Azure Pipelines: `azure-pipelines*.yml`. Uses `tree` and the job of `job`.
//!
//! <https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/>. Templates in other files are not followed.

use super::github::MAIN;
use super::job::{Job, Step, Triggers, scalars};
use crate::tree::{Node, Text};

/// The jobs of a pipeline.
pub(super) fn jobs(_: &str, pipeline: &Node) -> Vec<Job> {
    let mut jobs = Vec::new();
    for stage in items(pipeline, "stages") {
        let name = stage.get("stage").and_then(Node::scalar).unwrap_or_default();
        jobs.extend(items(stage, "jobs").iter().filter_map(|node| job(pipeline, node, &name)));
    }
    jobs.extend(items(pipeline, "jobs").iter().filter_map(|node| job(pipeline, node, "")));
    jobs
}

fn items<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.get(key).map_or(&[], Node::items)
}

fn job(pipeline: &Node, node: &Node, stage: &str) -> Option<Job> {
    let key = node.entry("deployment").or_else(|| node.entry("job"))?;
    let environment = node.get("environment").and_then(|it| it.get("name").unwrap_or(it).scalar());
    let trigger = pipeline.get("trigger");
    let branches: Vec<Text> =
        scalars(trigger).into_iter().chain(scalars(trigger.and_then(|it| it.at(&["branches", "include"])))).collect();
    Some(Job {
        platform: "azure-pipelines",
        id: key.value.scalar().filter(|id| !id.is_empty()).unwrap_or_else(|| "job".into()),
        span: key.value.span,
        names: vec![
            key.value.scalar()?,
            node.get("displayName").and_then(Node::scalar).unwrap_or_default(),
            stage.into(),
        ],
        open_environment: environment.as_deref().is_some_and(|name| name.starts_with('$')),
        environments: environment.into_iter().filter(|name| !name.starts_with('$')).collect(),
        steps: steps(node),
        triggers: Triggers {
            main: branches.iter().any(|branch| MAIN.contains(&branch.trim_start_matches("refs/heads/"))),
            manual: trigger.and_then(Node::as_str) == Some("none"),
            ..Triggers::default()
        },
        inputs: items(pipeline, "parameters")
            .iter()
            .filter_map(|it| it.get("name"))
            .filter_map(|it| Some((it.scalar()?, it.span)))
            .collect(),
        calls: None,
        siblings: Vec::new(),
        checks: Vec::new(),
        platform_reruns: false,
        uses: Vec::new(),
    })
}

/// The steps of a job, and those of a deployment's strategy, whose `on.failure` goes back.
fn steps(node: &Node) -> Vec<Step> {
    let mut steps: Vec<Step> = items(node, "steps").iter().map(|it| step(it, false)).collect();
    for strategy in node.get("strategy").map_or(&[][..], Node::entries) {
        for hook in strategy.value.entries() {
            steps.extend(items(&hook.value, "steps").iter().map(|it| step(it, false)));
            let failure = hook.value.get("failure").filter(|_| hook.key == "on");
            steps.extend(failure.map_or(&[][..], |it| items(it, "steps")).iter().map(|it| step(it, true)));
        }
    }
    steps
}

fn step(node: &Node, on_failure: bool) -> Step {
    let text = |key: &str| node.get(key).and_then(Node::scalar).unwrap_or_default();
    let script = ["script", "bash", "pwsh", "powershell"].iter().find_map(|key| node.get(key));
    let inputs = node.get("inputs").map_or(&[][..], Node::entries);
    Step {
        span: script.or_else(|| node.get("task")).map_or(node.span, |it| it.span),
        name: text("displayName"),
        script: script.and_then(Node::scalar).unwrap_or_default().to_string(),
        action: text("task"),
        inputs: inputs.iter().filter_map(|it| Some((it.key.clone(), it.value.scalar()?.to_string()))).collect(),
        on_failure: on_failure || text("condition").contains("failed()"),
    }
}

//! `CircleCI`: `.circleci/config.yml`. Uses `tree` and the job of `job`.
//!
//! <https://circleci.com/docs/reference/configuration-reference/>. Orbs are not read.

use super::github::MAIN;
use super::job::{Job, Step, Triggers, scalars};
use crate::tree::{Node, Text};

/// The jobs that workflows run.
pub(super) fn jobs(_: &str, config: &Node) -> Vec<Job> {
    let definitions = config.get("jobs").map_or(&[][..], Node::entries);
    let parameters = config.get("parameters").map_or(&[][..], Node::entries);
    definitions
        .iter()
        .map(|entry| {
            let runs = runs(config, &entry.key);
            Job {
                platform: "circleci",
                id: entry.key.clone(),
                span: entry.key_span,
                names: std::iter::once(entry.key.clone()).chain(runs.names).collect(),
                environments: Vec::new(),
                open_environment: false,
                steps: entry.value.get("steps").map_or(&[][..], Node::items).iter().filter_map(step).collect(),
                triggers: Triggers { main: runs.main, manual: runs.approved, ..Triggers::default() },
                inputs: parameters.iter().map(|it| (it.key.clone(), it.key_span)).collect(),
                calls: None,
                siblings: Vec::new(),
                checks: Vec::new(),
                platform_reruns: false,
                uses: Vec::new(),
            }
        })
        .collect()
}

/// How workflows run a job.
#[derive(Default)]
struct Runs {
    names: Vec<Text>,
    main: bool,
    approved: bool,
}

fn runs(config: &Node, job: &str) -> Runs {
    let mut found = Runs::default();
    for workflow in config.get("workflows").map_or(&[][..], Node::entries) {
        for item in workflow.value.get("jobs").map_or(&[][..], Node::items) {
            let entry = item.entries().first();
            if item.as_str() != Some(job) && entry.is_none_or(|entry| entry.key != job) {
                continue;
            }
            found.names.push(workflow.key.clone());
            let options = entry.map(|entry| &entry.value);
            found.names.extend(options.and_then(|it| it.get("name")).and_then(Node::scalar));
            let only = |of: &str| options.and_then(|it| it.at(&["filters", of])).map(|it| it.get("only").unwrap_or(it));
            found.main |= scalars(only("branches")).iter().any(|branch| MAIN.contains(&branch.as_str()))
                || only("tags").is_some();
            found.approved |= options.is_some_and(|it| it.get("requires").is_some());
        }
    }
    found
}

fn step(node: &Node) -> Option<Step> {
    let run = node.get("run")?;
    let text = |key: &str| run.get(key).and_then(Node::scalar).unwrap_or_default();
    Some(Step {
        span: run.span,
        name: text("name"),
        script: run.scalar().unwrap_or_else(|| text("command")).to_string(),
        action: Text::default(),
        inputs: Vec::new(),
        on_failure: text("when") == "on_fail",
    })
}

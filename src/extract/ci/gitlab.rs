//! GitLab CI: `.gitlab-ci.yml` and the files beside it. Uses `tree` and the job of `job`.
//!
//! <https://docs.gitlab.com/ci/yaml/>. What is included from elsewhere is not read; `extends` is followed in one file.
//! A deployment to an environment can be run again from that environment's page.
//! <https://docs.gitlab.com/ci/environments/deployments/#retry-or-roll-back-a-deployment>

use super::job::{Job, Step, Triggers, scalars};
use crate::tree::{Entry, Node, Text};

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

/// A chain of `extends` longer than this is a loop.
const DEEPEST: usize = 11;

/// The jobs of a pipeline.
pub(super) fn jobs(_: &str, pipeline: &Node) -> Vec<Job> {
    let entries = pipeline.entries();
    let is_job = |entry: &&Entry| {
        !entry.key.starts_with('.') && !RESERVED.contains(&entry.key.as_str()) && entry.value.as_map().is_some()
    };
    entries.iter().filter(is_job).map(|entry| job(&Lineage::new(pipeline, entry), entry)).collect()
}

/// A job and what it extends, the nearest first.
struct Lineage<'a> {
    nodes: Vec<&'a Node>,
}

impl<'a> Lineage<'a> {
    fn new(pipeline: &'a Node, entry: &'a Entry) -> Self {
        let mut nodes = vec![&entry.value];
        let mut next = 0;
        while let Some(node) = nodes.get(next).filter(|_| next < DEEPEST) {
            // Of several templates the last one wins.
            let parents = scalars(node.get("extends"));
            nodes.extend(parents.iter().rev().filter_map(|parent| pipeline.get(parent)));
            next += 1;
        }
        Self { nodes }
    }

    fn get(&self, key: &str) -> Option<&'a Node> {
        self.nodes.iter().find_map(|node| node.get(key))
    }
}

fn job(lineage: &Lineage<'_>, entry: &Entry) -> Job {
    let stage = lineage.get("stage").and_then(Node::scalar).unwrap_or_default();
    let environment = lineage.get("environment");
    let stops = environment.and_then(|it| it.get("action")).and_then(Node::as_str).is_some_and(|it| it != "start");
    let name = environment.and_then(|it| it.get("name").unwrap_or(it).scalar());
    let variable = name.as_deref().is_some_and(|name| name.starts_with('$'));
    let variables = lineage.get("variables").map_or(&[][..], Node::entries);
    Job {
        platform: "gitlab-ci",
        id: entry.key.clone(),
        span: entry.key_span,
        names: vec![entry.key.clone(), stage],
        environments: name.clone().filter(|_| !variable).into_iter().collect(),
        open_environment: variable,
        steps: if stops { Vec::new() } else { steps(lineage, entry) },
        triggers: triggers(lineage),
        inputs: Vec::new(),
        calls: None,
        siblings: Vec::new(),
        checks: Vec::new(),
        platform_reruns: name.is_some(),
        uses: variables.iter().filter_map(|it| it.value.get("value").unwrap_or(&it.value).scalar()).collect(),
    }
}

fn steps(lineage: &Lineage<'_>, entry: &Entry) -> Vec<Step> {
    ["before_script", "script"]
        .iter()
        .filter_map(|key| lineage.get(key))
        .map(|node| Step {
            span: if node.span.source == entry.key_span.source { node.span } else { entry.key_span },
            name: Text::default(),
            script: lines(node).join("\n"),
            action: Text::default(),
            inputs: Vec::new(),
            on_failure: false,
        })
        .collect()
}

/// The lines of a script, whose items may be lists again (anchors and `!reference`).
fn lines(node: &Node) -> Vec<String> {
    let own = node.scalar().map(|text| text.to_string());
    own.into_iter().chain(node.items().iter().flat_map(lines)).collect()
}

fn triggers(lineage: &Lineage<'_>) -> Triggers {
    let rules = lineage.get("rules").map_or(&[][..], Node::items);
    let text = |rule: &Node| rule.get("if").and_then(Node::scalar).unwrap_or_default();
    let only = lineage.get("only");
    let refs: Vec<Text> = scalars(only).into_iter().chain(scalars(only.and_then(|it| it.get("refs")))).collect();
    let shipped = |text: &str| {
        text.contains("$CI_DEFAULT_BRANCH")
            || text.contains("$CI_COMMIT_TAG")
            || text.contains("\"main\"")
            || text.contains("\"master\"")
    };
    let by_rule = rules.iter().map(text).any(|text| shipped(&text));
    let by_ref = refs.iter().any(|name| super::github::MAIN.contains(&name.as_str()) || name == "tags");
    let by_hand = |node: &Node| node.get("when").and_then(Node::as_str) == Some("manual");
    let manual = lineage.get("when").and_then(Node::as_str) == Some("manual") || rules.iter().any(by_hand);
    Triggers { main: by_rule || by_ref, manual, called: false, scheduled: false }
}

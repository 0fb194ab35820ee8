//! What refers to things that another root declares: a unit of Terragrunt is handed the outputs of others.

use std::collections::BTreeMap;

use crate::resolve::terraform::{ModuleCall, Resolved, Resource};
use crate::tree::{ELSEWHERE, Node, Text, Value};

/// Types of which those are looked for that refer to another root, and the attribute that does.
const SUBSCRIBING: &[(&str, &str)] = &[
    ("aws_sns_topic_subscription", "topic_arn"),
    ("aws_chatbot_slack_channel_configuration", "sns_topic_arns"),
    ("aws_chatbot_teams_channel_configuration", "sns_topic_arns"),
];

/// Resources and calls of modules that are not here, by the environment and what they refer to in another root.
#[derive(Default)]
pub(super) struct Abroad<'a> {
    resources: BTreeMap<(Text, Text), Vec<&'a Resource>>,
    calls: BTreeMap<(Text, Text), Vec<&'a ModuleCall>>,
}

impl<'a> Abroad<'a> {
    /// Of all roots.
    pub(super) fn new(resolved: &'a Resolved) -> Self {
        let mut abroad = Self::default();
        for root in &resolved.roots {
            for resource in &root.resources {
                let Some((_, path)) = SUBSCRIBING.iter().find(|(kind, _)| *kind == resource.type_name) else {
                    continue;
                };
                for thing in resource.at(path).map(things).unwrap_or_default() {
                    abroad.resources.entry((resource.environment.name.clone(), thing)).or_default().push(resource);
                }
            }
            for call in &root.calls {
                for thing in things(&call.arguments) {
                    abroad.calls.entry((root.environment.name.clone(), thing)).or_default().push(call);
                }
            }
        }
        abroad
    }

    /// Resources of other roots of an environment that refer to a thing of a root.
    pub(super) fn resources(&self, environment: &str, root: &str, address: &str) -> &[&'a Resource] {
        let named = key(environment, root, address);
        self.resources.get(&named).map_or(&[], Vec::as_slice)
    }

    /// The first call in another root of an environment that is given a thing of a root.
    pub(super) fn call(&self, environment: &str, root: &str, address: &str) -> Option<&'a ModuleCall> {
        let named = key(environment, root, address);
        self.calls.get(&named).and_then(|calls| calls.first()).copied()
    }
}

fn key(environment: &str, root: &str, address: &str) -> (Text, Text) {
    (environment.into(), compact_str::format_compact!("{root}{ELSEWHERE}{address}"))
}

/// The things of other roots that a value is made of, without the attribute that is taken of each.
pub(super) fn things(node: &Node) -> Vec<Text> {
    fn walk(node: &Node, depth: u8, found: &mut Vec<Text>) {
        match &node.value {
            Value::Unknown(unknown) => {
                let others = unknown.refers_to.iter().filter(|address| address.contains(ELSEWHERE));
                found.extend(others.map(|address| {
                    let attribute = [".arn", ".id"].iter().find_map(|end| address.strip_suffix(*end));
                    Text::from(attribute.unwrap_or(address))
                }));
            }
            Value::List(items) if depth < 16 => items.iter().for_each(|item| walk(item, depth + 1, found)),
            Value::Map(map) if depth < 16 => map.entries.iter().for_each(|it| walk(&it.value, depth + 1, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(node, 0, &mut found);
    found.sort();
    found.dedup();
    found
}

//! Plans that were saved beside the sources they are of, in real repositories: what Terraform planned for each attribute
//! against what the text alone comes to.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value as Json};
use twoam::resolve::terraform::{Mode, Resource};
use twoam::tree::{Node, Value};

/// Repositories with a plan beside its sources, and the plan.
pub(crate) const REPOSITORIES: &[(&str, &str)] = &[
    ("D4rk61+Cluster-K8s-en-GCP-GKE-", "plan.json"),
    ("NYARAS+demo-terraform-devsecops", "tfplan.json"),
    ("gjkraken+aws-site-to-site-vpn-private-ip-vpn", "terraform/plan.json"),
    ("nbiuk-devops-lab+infrastructure", "terraform/tfplan.json"),
    ("netlightin+sagemaker-whisper", "terraform/plan.json"),
];

/// Attributes that are known to differ, and why.
pub(crate) const DIFFER: &[(&str, &str)] = &[
    ("aws_eks_node_group.nodes.node_group_name", "the sources have changed since"),
    (
        "module.networking.aws_lb.main.enable_cross_zone_load_balancing",
        "the provider ignores it for this kind of balancer",
    ),
];

/// How the attributes of one plan compare.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) agree: usize,
    pub(crate) unknown: usize,
    pub(crate) differ: Vec<String>,
    /// Resources that only one side has: the sources have changed since, or one is wrong.
    pub(crate) alone: Vec<String>,
}

/// A plan as JSON; PowerShell writes it in UTF-16, with a byte order mark.
pub(crate) fn read(path: &Path) -> Option<Json> {
    let bytes = std::fs::read(path).ok()?;
    let text = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => {
            let units: Vec<u16> = rest.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok()?
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok()?,
        _ => String::from_utf8(bytes).ok()?,
    };
    serde_json::from_str(&text).ok()
}

/// The values that were given to variables of the root, as a file of values.
pub(crate) fn given(plan: &Json) -> String {
    let variables = plan["variables"].as_object().into_iter().flatten();
    let values: Map<String, Json> =
        variables.filter_map(|(name, given)| Some((name.clone(), given.get("value")?.clone()))).collect();
    Json::Object(values).to_string()
}

/// The configuration of a repository below a folder: paths from that folder, and texts.
pub(crate) fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let walk = |entry: &std::fs::DirEntry| entry.path();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for path in std::fs::read_dir(&at).into_iter().flatten().flatten().map(|entry| walk(&entry)) {
            if path.is_dir() {
                open.push(path);
            } else if let (Ok(inside), Ok(text)) = (path.strip_prefix(folder), std::fs::read_to_string(&path)) {
                let name = inside.to_string_lossy().replace('\\', "/");
                // Neither the plan itself nor another.
                if !name.ends_with("plan.json") {
                    files.push((name, text));
                }
            }
        }
    }
    files.sort();
    files
}

/// Holds the resources that the text gives against those of a plan.
pub(crate) fn compare(plan: &Json, resources: &[&Resource]) -> Tally {
    let mut planned = BTreeMap::new();
    collect(&plan["planned_values"]["root_module"], &mut planned);
    let own: BTreeMap<&str, &Resource> = resources
        .iter()
        .filter(|resource| resource.mode == Mode::Managed)
        .map(|resource| (resource.address.as_str(), *resource))
        .collect();
    let mut tally = Tally::default();
    for (address, values) in &planned {
        let Some(resource) = own.get(address) else {
            tally.alone.push((*address).to_owned());
            continue;
        };
        for entry in resource.body.entries() {
            // What is known after apply only is not among the values.
            if let Some(value) = values.get(entry.key.as_str()) {
                attribute(&format!("{address}.{}", entry.key), value, &entry.value, &mut tally);
            }
        }
    }
    tally.alone.extend(own.keys().filter(|address| !planned.contains_key(*address)).map(ToString::to_string));
    tally
}

fn collect<'p>(module: &'p Json, found: &mut BTreeMap<&'p str, &'p Json>) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        if let (Some("managed"), Some(address)) = (resource["mode"].as_str(), resource["address"].as_str()) {
            found.insert(address, &resource["values"]);
        }
    }
    for child in module["child_modules"].as_array().into_iter().flatten() {
        collect(child, found);
    }
}

fn attribute(path: &str, planned: &Json, own: &Node, tally: &mut Tally) {
    match (planned, &own.value) {
        (_, Value::Unknown(_)) => tally.unknown += 1,
        (Json::Array(planned), Value::List(items)) if items.iter().any(|item| item.as_map().is_some()) => {
            // Blocks; those of a set are in an order of their own.
            let mut rest: Vec<&Json> = planned.iter().collect();
            for (index, item) in items.iter().enumerate() {
                let tried = rest.iter().enumerate().map(|(at, planned)| {
                    let mut one = Tally::default();
                    attribute(&format!("{path}[{index}]"), planned, item, &mut one);
                    (at, one)
                });
                let best = tried.min_by_key(|(at, one)| (one.differ.len(), std::cmp::Reverse(one.agree), *at));
                match best {
                    Some((at, one)) => {
                        rest.remove(at);
                        tally.agree += one.agree;
                        tally.unknown += one.unknown;
                        tally.differ.extend(one.differ);
                    }
                    None => tally.differ.push(format!("{path}[{index}]: no such block is planned")),
                }
            }
        }
        (Json::Object(planned), Value::Map(map)) => {
            for entry in &map.entries {
                if let Some(value) = planned.get(entry.key.as_str()) {
                    attribute(&format!("{path}.{}", entry.key), value, &entry.value, tally);
                }
            }
        }
        // A list of which a part is not known agrees in no part that could be told.
        (Json::Array(_), Value::List(items)) if items.iter().any(|item| item.as_unknown().is_some()) => {
            tally.unknown += 1;
        }
        _ => {
            let (planned, written) = (plain(planned), plain(&json(own)));
            if planned == written {
                tally.agree += 1;
            } else {
                tally.differ.push(format!("{path}: planned {planned}, written {written}"));
            }
        }
    }
}

fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null | Value::Unknown(_) => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::Float(value) => Json::from(*value),
        Value::String(text) => Json::from(text.as_str()),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(map) => map.entries.iter().map(|entry| (entry.key.to_string(), json(&entry.value))).collect(),
    }
}

/// A value in a form of which a provider keeps one only: scalars as strings, JSON in a string by what it says, sets in
/// order, what is empty as null.
fn plain(value: &Json) -> Json {
    match value {
        Json::String(text) => match serde_json::from_str::<Json>(text) {
            Ok(inner @ (Json::Object(_) | Json::Array(_))) => plain(&inner),
            _ => Json::from(text.trim_end()),
        },
        Json::Number(number) => number.as_f64().map_or(Json::Null, |number| Json::from(format!("{number}"))),
        Json::Bool(value) => Json::from(value.to_string()),
        Json::Array(items) if items.is_empty() => Json::Null,
        Json::Object(members) if members.is_empty() => Json::Null,
        Json::Array(items) => {
            let mut items: Vec<Json> = items.iter().map(plain).collect();
            items.sort_by_key(ToString::to_string);
            Json::Array(items)
        }
        Json::Object(members) => members.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        Json::Null => Json::Null,
    }
}

//! A release as the user's own Helm renders it.

use serde_json::{Map, Value as Json};

use super::chart::Charts;
use super::release::{self, Made, Output, Release, Unrendered};
use super::trace::{Origins, Place, Traced};
use crate::parse;
use crate::resolve::external::{Programs, place};
use crate::source::{SourceId, Span};
use crate::tree::{Content, Node, Value};

/// How deep values may nest.
const MOST_DEPTH: usize = 200;

/// Renders a release with the program, where it was asked for.
pub(super) fn render(programs: &Programs<'_>, charts: &Charts<'_>, release: &Release) -> Option<Output> {
    let chart = &charts.all[release.chart];
    let mut values = Map::new();
    for node in &release.values {
        if let Some(Json::Object(above)) = json(node, 0) {
            overlay(&mut values, above);
        }
    }
    let name = release.name.scalar().unwrap_or_default();
    let namespace = release.namespace.as_ref().and_then(Node::as_str);
    let name = if name.is_empty() { "release" } else { name.as_str() };
    let values = Json::Object(values).to_string();
    let mut output = Output::default();
    match programs.template(&chart.folder, name, namespace, &values)? {
        Ok(printed) => {
            for part in printed.split("\n---") {
                let template = part.lines().find_map(|line| line.strip_prefix("# Source: "));
                let inside = template.and_then(|template| Some(template.trim().split_once('/')?.1));
                let file = inside.and_then(|inside| charts.file(&chart.path(inside)));
                read(part, file.map_or(chart.source, |(id, _)| id), &mut output);
            }
        }
        Err(reason) => output.failures.push(Unrendered { source: chart.source, span: chart.head(), reason }),
    }
    Some(output)
}

fn read(part: &str, template: SourceId, output: &mut Output) {
    let span = Span::head(template);
    let parsed = parse::yaml::parse(SourceId::default(), part);
    if let Some(problem) = parsed.problems.iter().find(|problem| parse::yaml::is_syntax(problem)) {
        let reason = format!("what it renders is {}", problem.message);
        output.failures.push(Unrendered { source: template, span, reason });
    }
    let Content::Values(documents) = parsed.document.content else { return };
    let text = Traced::of(part, Place::Nowhere);
    for mut node in documents {
        if node.get("kind").is_none() || release::is_test(&node) {
            continue;
        }
        let document = node.clone();
        release::spell_out(&mut node, &document, &text, &Origins::default());
        place(&mut node, span);
        output.documents.push(Made { template, node });
    }
}

/// A node as JSON; what is not known of it is left out.
fn json(node: &Node, depth: usize) -> Option<Json> {
    if depth > MOST_DEPTH {
        return None;
    }
    Some(match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::Float(value) => serde_json::Number::from_f64(*value).map_or(Json::Null, Json::Number),
        Value::String(text) => Json::String(text.to_string()),
        Value::List(items) => Json::Array(items.iter().filter_map(|item| json(item, depth + 1)).collect()),
        Value::Map(map) => {
            let entries = map.entries.iter();
            Json::Object(entries.filter_map(|it| Some((it.key.to_string(), json(&it.value, depth + 1)?))).collect())
        }
        Value::Unknown(_) => return None,
    })
}

/// Values laid over others, map by map.
fn overlay(below: &mut Map<String, Json>, above: Map<String, Json>) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Json::Object(lower)), Json::Object(upper)) => overlay(lower, upper),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

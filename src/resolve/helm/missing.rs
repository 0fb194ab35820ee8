//! What a chart depends on and is not in the repository → an object that stands for what it would install.
//!
//! A chart that is nothing but a wrapper for one from elsewhere says which one, in which version, with which values: as
//! much as a controller's object says of a chart that it takes from elsewhere itself. What only holds definitions or
//! helpers of templates runs nothing, and says so by its name or by how templates use it.

use super::chart::{Chart, Charts, Dependency};
use super::release::{Made, Release, is_enabled};
use super::value::{Kind, Value};
use super::values::{Member, at_path};
use crate::model::release::UNREAD_CHART;
use crate::source::Span;
use crate::tree::{Entry, Map, Node, Text, Value as Tree};

/// Kinds of what runs.
const RUNNING: &[&str] = &["CronJob", "DaemonSet", "Deployment", "Job", "Rollout", "StatefulSet"];

/// Parts of the names of charts that hold no objects of what runs: helpers of templates, definitions.
const RUNS_NOTHING: &[&str] = &["common", "crd", "crds", "helpers", "lib", "library", "shared"];

/// The objects of what is missing; none where the chart runs something of its own, which then is the service.
pub(super) fn stand_ins(
    charts: &Charts<'_>,
    release: &Release,
    root: &Member,
    values: &Value,
    documents: &[Made],
) -> Vec<Made> {
    let chart = &charts.all[release.chart];
    let runs = |made: &Made| made.node.get("kind").and_then(Node::as_str).is_some_and(|kind| RUNNING.contains(&kind));
    if documents.iter().any(runs) || has_workloads(chart) {
        return Vec::new();
    }
    let is_missing = |dependency: &&Dependency| {
        !root.members.iter().any(|child| child.name == dependency.alias)
            && is_enabled(dependency, values, "")
            && is_decided(dependency, values)
            && !runs_nothing(chart, dependency)
    };
    let missing: Vec<&Dependency> = chart.dependencies.iter().filter(is_missing).collect();
    let only = missing.len() == 1;
    missing.into_iter().map(|dependency| stand_in(chart, release, dependency, only)).collect()
}

/// Whether an object is one of these.
pub(super) fn is_stand_in(node: &Node) -> bool {
    let version = node.get("apiVersion").and_then(Node::as_str);
    version.is_some_and(|version| version.starts_with(UNREAD_CHART.0)) && node.at(&["spec", "chart"]).is_some()
}

/// Whether a template makes something that runs, if it could not be rendered, or not with these values.
fn has_workloads(chart: &Chart) -> bool {
    let kind = |line: &str| line.trim().strip_prefix("kind:").is_some_and(|kind| RUNNING.contains(&kind.trim()));
    chart.templates.iter().any(|template| template.text.lines().any(kind))
}

/// Whether it is known what its condition says, where it has one.
fn is_decided(dependency: &Dependency, values: &Value) -> bool {
    let mut paths = dependency.condition.split(',').map(str::trim).filter(|path| !path.is_empty());
    !paths.any(|path| at_path(values, path).is_some_and(|value| matches!(value.kind, Kind::Unknown(_))))
}

fn runs_nothing(chart: &Chart, dependency: &Dependency) -> bool {
    let by_name = |name: &str| name.split(['-', '_']).any(|part| RUNS_NOTHING.contains(&part));
    let names = [dependency.name.as_str(), dependency.alias.as_str()];
    let calls = |text: &str| {
        let called = |word: &str, name: &str| text.contains(&format!("{word} \"{name}."));
        names.iter().any(|name| called("include", name) || called("template", name))
    };
    names.iter().any(|name| by_name(name)) || chart.templates.iter().any(|template| calls(&template.text))
}

/// The only one is what the release is; of several each goes by its own name.
fn stand_in(chart: &Chart, release: &Release, dependency: &Dependency, only: bool) -> Made {
    let span = dependency.span;
    let own = release.name.scalar().filter(|name| only && !name.is_empty());
    let name = own.unwrap_or_else(|| Text::from(dependency.alias.as_str()));
    let text = |text: &str| Node::string(text, span);
    let mut metadata = vec![("name", text(&name))];
    metadata.extend(release.namespace.clone().map(|namespace| ("namespace", namespace)));
    let mut spec = vec![("chart", text(&dependency.name)), ("version", text(&dependency.version))];
    let given = chart.values.iter().chain(&release.values).filter_map(|values| values.get(&dependency.alias));
    let given = given.cloned().reduce(|below, above| below.overlaid(&above));
    spec.extend(given.map(|values| ("values", values)));
    let (group, kind) = UNREAD_CHART;
    let object = vec![
        ("apiVersion", text(&format!("{group}/v1"))),
        ("kind", text(kind)),
        ("metadata", mapping(metadata, span)),
        ("spec", mapping(spec, span)),
    ];
    Made { template: span.source, node: mapping(object, span) }
}

fn mapping(entries: Vec<(&str, Node)>, span: Span) -> Node {
    let entry = |(key, value): (&str, Node)| Entry { key: key.into(), key_span: value.span, value };
    Node::new(Tree::Map(Map { entries: entries.into_iter().map(entry).collect() }), span)
}

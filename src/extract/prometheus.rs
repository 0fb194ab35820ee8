//! Prometheus alerting rules, wherever they stand: rule files, `PrometheusRule` and its kin, ruler namespaces, Helm
//! values, Ansible variables. Uses `source`, `tree`, `model` and `problem`.
//!
//! Rules are found by their form, a mapping with a list of `rules` that have `alert` and `expr`, and not by where that
//! stands. A unit test (`exp_alerts`) and the schema of a custom resource do not have that form.

pub(super) mod alert;
mod annotation;
mod expression;
mod held;
mod output;
mod possible;
mod record;
mod server;
mod severity;
mod signal;

use super::{Facts, Input};
use crate::model::{Fact, Labels, RunbookReference};
use crate::source::Span;
use crate::tree::{Format, Map, Node, Text};

/// What the mappings around a rule say of it.
#[derive(Clone, Default)]
struct Surroundings {
    /// The namespace of the Kubernetes object.
    namespace: Fact<Text>,
    /// Labels of the rule's group, which it inherits.
    group_labels: Labels,
    /// The query language, where it may be another than `PromQL`.
    language: Language,
    /// Whether a template engine reads the text first (Ansible, an unrendered chart).
    templated: bool,
    /// Labels of the Kubernetes object, by which a Prometheus selects it.
    object_labels: Option<Labels>,
    /// Whether the document is a rule file, of which a Prometheus is told by its path.
    in_rule_file: bool,
}

/// The language of a rule's expression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Language {
    /// Prometheus' own: an error in it is a problem.
    #[default]
    PromQl,
    /// A relative that this parser may not know (`MetricsQL`), or none of it (`LogQL`).
    Other,
}

/// API groups whose rules are written in another language than `PromQL`.
const OTHER_LANGUAGES: &[&str] = &["loki.grafana.com", "operator.victoriametrics.com"];

/// Adds a rule that another tool makes or writes in its own form.
pub(super) fn rule(input: &Input<'_>, rule: &Node, language: Language, facts: &mut Facts) {
    alert::extract(input, rule, &Surroundings { language, ..Surroundings::default() }, facts);
}

/// What labels and annotations in Prometheus' form say of an alert whose head is at `head`.
pub(super) fn said(labels: &Labels, annotations: &Labels, head: Span) -> Said {
    let severity = severity::read(labels, head);
    Said {
        severity: severity.label,
        pages: severity.pages,
        notifies: severity.notifies,
        summary: annotation::summary(annotations, head),
        description: annotation::description(annotations, head),
        runbook: annotation::runbook(annotations, labels, head),
    }
}

/// What an alert says of itself.
pub(super) struct Said {
    pub(super) severity: Fact<Text>,
    pub(super) pages: Fact<bool>,
    pub(super) notifies: Fact<bool>,
    pub(super) summary: Fact<Text>,
    pub(super) description: Fact<Text>,
    pub(super) runbook: RunbookReference,
}

/// What an expression of `PromQL` watches; nothing for what is none.
pub(super) fn watches(written: &str) -> Vec<crate::model::alert::Watch> {
    asked(written).unwrap_or_default()
}

/// What an expression asks for, where it is one of `PromQL`.
pub(super) fn asked(written: &str) -> Option<Vec<crate::model::alert::Watch>> {
    match expression::read(written, Language::Other) {
        expression::Expression::Read(reading) => Some(reading.watches),
        _ => None,
    }
}

/// Adds the alerts of a file.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    let written = input.sources.is_none() && input.document.format == Format::Yaml;
    let language = language_of_path(&input.source.path);
    for document in input.document.values() {
        let in_rule_file = written && document.get("groups").is_some() && document.get("apiVersion").is_none();
        let around = Surroundings { language, in_rule_file, ..Surroundings::default() };
        server::extract(input, document, facts);
        visit(input, document, &around, facts);
    }
}

/// Loki's ruler keeps its rules in files of the same form.
fn language_of_path(path: &str) -> Language {
    let path = path.to_ascii_lowercase();
    let other = path.split(['/', '.', '-', '_']).any(|part| matches!(part, "loki" | "vlogs" | "vmalert" | "logql"));
    if other { Language::Other } else { Language::PromQl }
}

fn visit(input: &Input<'_>, node: &Node, around: &Surroundings, facts: &mut Facts) {
    for item in node.items() {
        visit(input, item, around, facts);
    }
    let Some(map) = node.as_map() else { return };
    let mut around = surroundings(map, around);
    record::extract(input, map, &around, facts);
    if is_group(map) {
        around.group_labels = Labels::read(map.get("labels"));
        for rule in map.get("rules").map_or(&[][..], Node::items) {
            alert::extract(input, rule, &around, facts);
        }
        return;
    }
    if map.get("apiVersion").is_some() {
        let (documents, gaps) = held::documents(input, map);
        for document in &documents {
            visit(input, document, &around, facts);
        }
        facts.model.gaps.extend(gaps);
    }
    for entry in &map.entries {
        visit(input, &entry.value, &around, facts);
    }
}

/// What a mapping adds, when it is a Kubernetes object or an Ansible play.
fn surroundings(map: &Map, outer: &Surroundings) -> Surroundings {
    let mut around = outer.clone();
    if let Some(version) = map.get("apiVersion").and_then(Node::as_str) {
        let namespace = map.get("metadata").and_then(|metadata| metadata.get("namespace"));
        around.namespace = namespace.map_or_else(Fact::default, |node| Fact::read(node, Node::scalar));
        if map.get("kind").and_then(Node::as_str) == Some("PrometheusRule") {
            let labels = map.get("metadata").and_then(|metadata| metadata.get("labels"));
            around.object_labels = Some(Labels::read(labels));
        }
        if OTHER_LANGUAGES.iter().any(|group| version.starts_with(group)) {
            around.language = Language::Other;
        }
    }
    around.templated |= map.get("hosts").is_some() && (map.get("roles").is_some() || map.get("tasks").is_some());
    around
}

/// A group lists rules; a mapping that lists none that alert has nothing for us.
fn is_group(map: &Map) -> bool {
    let rules = map.get("rules").map_or(&[][..], Node::items);
    rules.iter().any(|rule| {
        let named = rule.get("alert").is_some_and(|alert| alert.scalar().is_some() || alert.as_unknown().is_some());
        let asks = rule.get("expr").is_some_and(|expr| expr.scalar().is_some() || expr.as_unknown().is_some());
        named && asks
    })
}

#[cfg(test)]
mod tests;

//! Objectives from which a tool makes alerts: Sloth, Pyrra, `OpenSLO`. Uses `source`, `tree`, `model` and `problem`.
//!
//! What is added are the alerts that the tool would generate, with their names, labels and selectors as it writes them.
//! <https://sloth.dev/specs/default/>, <https://github.com/pyrra-dev/pyrra>, <https://github.com/OpenSLO/OpenSLO>

use super::prometheus::{self, Language};
use super::{Facts, Input};
use crate::model::{Fact, Objective};
use crate::source::Span;
use crate::tree::{Entry, Map, Node, Text, Value};

/// Adds the alerts of a file's objectives.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    for document in input.document.values() {
        let version = document.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
        let kind = document.get("kind").and_then(Node::as_str).unwrap_or_default();
        match (version.split('/').next().unwrap_or_default(), kind) {
            ("sloth.slok.dev", "PrometheusServiceLevel") => sloth(input, document.get("spec"), facts),
            ("pyrra.dev", "ServiceLevelObjective") => pyrra(input, document, facts),
            ("openslo", "AlertPolicy") => openslo(input, document, facts),
            ("openslo", "SLO") => openslo_objective(input, document, facts),
            _ if document.get("version").and_then(Node::as_str) == Some("prometheus/v1") => {
                sloth(input, Some(document), facts);
            }
            _ => {}
        }
    }
}

/// A page and a ticket for each objective, unless switched off.
fn sloth(input: &Input<'_>, spec: Option<&Node>, facts: &mut Facts) {
    let Some(spec) = spec else { return };
    let service = spec.get("service").and_then(Node::scalar).unwrap_or_default();
    for slo in spec.get("slos").map_or(&[][..], Node::items) {
        sloth_objective(input, slo, &service, facts);
        let Some(alerting) = slo.get("alerting") else { continue };
        let Some(named) = alerting.get("name") else { continue };
        let slo_name = slo.get("name").and_then(Node::scalar).unwrap_or_default();
        for (snake, camel, severity) in [("page_alert", "pageAlert", "page"), ("ticket_alert", "ticketAlert", "ticket")]
        {
            let own = alerting.get(snake).or_else(|| alerting.get(camel));
            if own.and_then(|own| own.get("disable")).and_then(Node::as_bool) == Some(true) {
                continue;
            }
            let mut labels = merged([alerting.get("labels"), own.and_then(|own| own.get("labels"))]);
            labels.insert(0, text_entry("sloth_severity", severity, named.span));
            let annotations = merged([alerting.get("annotations"), own.and_then(|own| own.get("annotations"))]);
            let of = |window: &str| {
                format!(
                    "slo:sli_error:ratio_rate{window}{{sloth_id=\"{service}-{slo_name}\", sloth_service=\"{service}\", sloth_slo=\"{slo_name}\"}} > 0"
                )
            };
            let expression = format!("({}) and ({})", of("5m"), of("1h"));
            add(input, named, expression, labels, annotations, facts);
        }
    }
}

/// Adds an objective; its head is where it is named.
fn objective(input: &Input<'_>, named: &Node, declared: Objective, facts: &mut Facts) {
    let Some(name) = named.scalar() else { return };
    facts.model.objectives.push(Objective { name, place: input.place(named.span, &[]), ..declared });
}

/// Whether an alert was switched off.
fn switched_off(alert: Option<&Node>) -> bool {
    alert.and_then(|alert| alert.get("disable")).and_then(Node::as_bool) == Some(true)
}

/// Sloth makes a page and a ticket unless each is switched off.
fn sloth_objective(input: &Input<'_>, slo: &Node, service: &Text, facts: &mut Facts) {
    let (Some(named), Some(alerting)) = (slo.get("name"), slo.get("alerting")) else { return };
    let of = |snake: &str, camel: &str| alerting.get(snake).or_else(|| alerting.get(camel));
    let silent = switched_off(of("page_alert", "pageAlert")) && switched_off(of("ticket_alert", "ticketAlert"));
    let declared = Objective {
        tool: Text::const_new("sloth"),
        target_percent: slo.get("objective").map_or_else(Fact::default, |node| Fact::read(node, number)),
        burn_alert: Fact::known(!silent, alerting.span),
        of: service.clone(),
        ..Objective::default()
    };
    objective(input, named, declared, facts);
}

/// An objective of `OpenSLO` names the policies that alert on it; its targets are shares, or percentages.
fn openslo_objective(input: &Input<'_>, object: &Node, facts: &mut Facts) {
    let Some(named) = object.at(&["metadata", "name"]) else { return };
    let first = object.at(&["spec", "objectives"]).and_then(|list| list.items().first());
    let share =
        first.and_then(|first| first.get("target")).map(|node| Fact::read(node, number).map(|share| share * 100.0));
    let percent = first.and_then(|first| first.get("targetPercent")).map(|node| Fact::read(node, number));
    let policies = object.at(&["spec", "alertPolicies"]).map_or(&[][..], Node::items);
    let declared = Objective {
        tool: Text::const_new("openslo"),
        target_percent: percent.or(share).unwrap_or_default(),
        burn_alert: Fact::known(!policies.is_empty(), named.span),
        of: object.at(&["spec", "service"]).and_then(Node::scalar).unwrap_or_default(),
        ..Objective::default()
    };
    objective(input, named, declared, facts);
}

fn number(node: &Node) -> Option<f64> {
    node.scalar()?.trim().trim_end_matches('%').parse().ok()
}

/// Burn rates over short windows are critical, those over long ones warnings.
fn pyrra(input: &Input<'_>, object: &Node, facts: &mut Facts) {
    let Some(named) = object.at(&["metadata", "name"]) else { return };
    let Some(name) = named.scalar() else { return };
    let alerting = object.at(&["spec", "alerting"]);
    let off =
        |key: &str, when: bool| alerting.and_then(|alerting| alerting.get(key)).and_then(Node::as_bool) == Some(when);
    let silent = off("disabled", true) || off("burnrates", false);
    let declared = Objective {
        tool: Text::const_new("pyrra"),
        target_percent: object.at(&["spec", "target"]).map_or_else(Fact::default, |node| Fact::read(node, number)),
        burn_alert: Fact::known(!silent, alerting.map_or(named.span, |alerting| alerting.span)),
        of: object.at(&["metadata", "labels", "pyrra.dev/service"]).and_then(Node::scalar).unwrap_or_default(),
        ..Objective::default()
    };
    objective(input, named, declared, facts);
    if silent {
        return;
    }
    let title = alerting.and_then(|alerting| alerting.get("name")).and_then(Node::scalar);
    let title = Node { value: Value::String(title.unwrap_or(Text::const_new("ErrorBudgetBurn"))), ..named.clone() };
    for severity in ["critical", "warning"] {
        let mut labels = vec![text_entry("slo", &name, named.span), text_entry("severity", severity, named.span)];
        for entry in object.at(&["metadata", "labels"]).map_or(&[][..], Node::entries) {
            if let Some(label) = entry.key.strip_prefix("pyrra.dev/") {
                labels.push(Entry { key: label.into(), ..entry.clone() });
            }
        }
        let of = |window: &str| format!("pyrra:burnrate{window}{{slo=\"{name}\"}} > 0");
        let expression = format!("({}) and ({})", of("5m"), of("1h"));
        add(input, &title, expression, labels, Vec::new(), facts);
    }
}

/// A policy says under which conditions, and how severely, its objectives alert.
fn openslo(input: &Input<'_>, object: &Node, facts: &mut Facts) {
    let Some(named) = object.at(&["metadata", "name"]) else { return };
    let conditions = object.at(&["spec", "conditions"]).map_or(&[][..], Node::items);
    let severity = conditions.iter().find_map(|condition| condition.at(&["spec", "severity"]));
    let labels = severity.and_then(Node::scalar).map(|text| text_entry("severity", &text, named.span));
    let said = object.at(&["spec", "description"]).map(|node| Entry {
        key: Text::const_new("description"),
        key_span: node.span,
        value: node.clone(),
    });
    let before = facts.model.alerts.len();
    let unknown = Node::unknown("the expression is made by whatever reads OpenSLO", "", named.span);
    let node = rule(named, unknown, labels.into_iter().collect(), said.into_iter().collect());
    prometheus::rule(input, &node, Language::Other, facts);
    settle(before, "openslo", facts);
}

fn add(
    input: &Input<'_>,
    named: &Node,
    expression: String,
    labels: Vec<Entry>,
    annotations: Vec<Entry>,
    facts: &mut Facts,
) {
    let before = facts.model.alerts.len();
    let node = rule(named, Node::string(expression, named.span), labels, annotations);
    prometheus::rule(input, &node, Language::PromQl, facts);
    settle(before, "prometheus", facts);
}

fn settle(before: usize, source: &'static str, facts: &mut Facts) {
    for alert in facts.model.alerts.iter_mut().skip(before) {
        alert.source = Text::const_new(source);
        alert.slo = true;
        // Burn rates are asked over two windows.
        alert.smoothed = Fact::known(true, alert.place.span);
    }
}

/// The rule that is generated, standing where it is asked for.
fn rule(named: &Node, expression: Node, labels: Vec<Entry>, annotations: Vec<Entry>) -> Node {
    let map = |entries: Vec<Entry>| Node::new(Value::Map(Map { entries }), named.span);
    let entry = |key: &'static str, value: Node| Entry { key: Text::const_new(key), key_span: named.span, value };
    let entries = vec![
        entry("alert", named.clone()),
        entry("expr", expression),
        entry("labels", map(labels)),
        entry("annotations", map(annotations)),
    ];
    map(entries)
}

/// Entries of several mappings; of one key the last counts.
fn merged<'n>(maps: impl IntoIterator<Item = Option<&'n Node>>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for entry in maps.into_iter().flatten().flat_map(Node::entries) {
        entries.retain(|known| known.key != entry.key);
        entries.push(entry.clone());
    }
    entries
}

fn text_entry(key: &'static str, value: &str, span: Span) -> Entry {
    Entry { key: Text::const_new(key), key_span: span, value: Node::string(value, span) }
}

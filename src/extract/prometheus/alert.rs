//! One alerting rule.

use super::expression::{self, Basis, Expression, Reading};
use super::{Surroundings, annotation, severity};
use crate::extract::{Facts, Input, duration};
use crate::model::{Alert, DocumentLink, Fact, Labels, State};
use crate::problem::{Fault, Problem};
use crate::source::Span;
use crate::tree::{Node, Text, Unknown};

/// Names that alerts have which always fire, to show that alerting works; compared without case and separators.
const HEARTBEATS: &[&str] = &[
    "watchdog",
    "deadmansswitch",
    "deadmanswitch",
    "deadmansnitch",
    "deadmanssnitch",
    "snitchheartbeat",
    "heartbeat",
    "alwaysfiring",
    "prometheusalertmanagere2edeadmanswitch",
];

/// Adds a rule, when it alerts.
pub(super) fn extract(input: &Input<'_>, rule: &Node, around: &Surroundings, facts: &mut Facts) {
    let (Some(named), Some(asked)) = (rule.get("alert"), rule.get("expr")) else { return };
    let Some(name) = named.scalar().filter(|name| !name.trim().is_empty() && !is_form(name)) else { return };
    let head = named.span;
    let labels = inherited(Labels::read(rule.get("labels")), &around.group_labels);
    let annotations = Labels::read(rule.get("annotations"));
    let severity = severity::read(&labels, head);
    let (expression, reading) = read_expression(asked, around, facts);
    let signals = match (&reading, expression.reason()) {
        (Some(reading), _) => Fact::known(reading.signals.clone(), asked.span),
        (None, Some(unknown)) => Fact::unknown(unknown.clone()),
        (None, None) => Fact::absent(asked.span),
    };
    let smoothed = match (&reading, expression.reason()) {
        (Some(reading), _) => Fact::known(reading.smoothed, asked.span),
        (None, Some(unknown)) => Fact::unknown(unknown.clone()),
        (None, None) => Fact::known(false, asked.span),
    };
    let reading = reading.unwrap_or_default();
    let heartbeat = is_heartbeat(&name, &reading);
    let inhibits = name.to_ascii_lowercase().contains("inhibit");
    let namespace = around.namespace.value().map(Text::as_str);
    let alert = Alert {
        place: input.place(head, namespace.as_slice()),
        source: Text::const_new("prometheus"),
        severity: severity.label,
        pages: if heartbeat { Fact::known(false, head) } else { severity.pages },
        notifies: if heartbeat || inhibits { Fact::known(false, head) } else { severity.notifies },
        for_seconds: seconds(rule.get("for"), head).or_default(0),
        keep_firing_seconds: seconds(rule.get("keep_firing_for"), head),
        summary: annotation::summary(&annotations, head),
        description: annotation::description(&annotations, head),
        runbook: annotation::runbook(&annotations, &labels, head),
        heartbeat,
        drill: is_drill(&name, &reading),
        smoothed,
        actions: Fact::absent(head),
        automation: Fact::known(false, head),
        plain_name: name.clone(),
        name,
        labels,
        annotations,
        expression,
        watches: reading.watches,
        impossible: reading.never.map_or_else(|| Fact::absent(asked.span), |why| Fact::known(why.into(), asked.span)),
        signals,
        output: reading.output,
        alternatives: reading.alternatives,
        namespace: around.namespace.clone(),
        object_labels: around.object_labels.clone(),
        in_rule_file: around.in_rule_file,
        ..Alert::default()
    };
    link(alert, facts);
}

/// Whether a name is to be filled in by whoever copies the rule: `<AlertName>`.
fn is_form(name: &str) -> bool {
    let inner = name.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    inner.is_some_and(|word| word.len() > 2 && word.chars().all(|it| it.is_ascii_alphanumeric() || "-_ ".contains(it)))
}

/// Adds the alert, and its runbook as a link to be followed.
pub(in crate::extract) fn link(alert: Alert, facts: &mut Facts) {
    let url = alert.runbook.url.clone();
    let (place, service_name) = (alert.place.clone(), url.value().cloned());
    let id = facts.model.add(alert);
    let Some(written) = service_name else { return };
    let span = url.span.unwrap_or(place.span);
    let why = annotation::templated(&written, url.span)
        .unwrap_or_else(|| Unknown::new(format!("`{written}` was not looked up"), "", url.span));
    facts.model.add(DocumentLink {
        name: written,
        place: crate::model::Place { span, ..place },
        url,
        dead: Fact::unknown(why),
        alert: Some(id),
        ..DocumentLink::default()
    });
}

/// A rule's own labels, then those of its group that it does not set itself.
fn inherited(Labels(mut own): Labels, Labels(group): &Labels) -> Labels {
    for (name, value) in group {
        if !own.iter().any(|(known, _)| known == name) {
            own.push((name.clone(), value.clone()));
        }
    }
    Labels(own)
}

/// The expression as a fact, and what it says; a complaint when it is no `PromQL`.
fn read_expression(asked: &Node, around: &Surroundings, facts: &mut Facts) -> (Fact<Text>, Option<Reading>) {
    let written = Fact::read(asked, Node::scalar);
    let Some(text) = written.value() else { return (written, None) };
    let unknown = |reason: String, remedy: &str| Fact::unknown(Unknown::new(reason, remedy, asked.span));
    match expression::read(text, around.language) {
        Expression::Read(reading) => (written, Some(reading)),
        Expression::Unknown(reason) => (unknown(reason, "audit the rendered rules as well"), None),
        Expression::Invalid(complaint) => {
            let complaint = complaint.lines().next().unwrap_or_default().trim().to_owned();
            if !around.templated {
                facts.problems.push(Problem::at(
                    Fault::Input,
                    asked.span,
                    format!("this expression is not PromQL: {complaint}"),
                    "check it with `promtool check rules`; the alert is kept, but what it watches is unknown",
                ));
            }
            (unknown(format!("the expression is not PromQL: {complaint}"), "mend the expression"), None)
        }
    }
}

/// A duration in whole seconds; unknown where it cannot be read, as a template cannot.
fn seconds(node: Option<&Node>, head: Span) -> Fact<i64> {
    let Some(node) = node.filter(|node| !node.is_null()) else { return Fact::absent(head) };
    let written = Fact::read(node, Node::scalar);
    let Some(text) = written.value() else { return written.map(|_| 0) };
    #[allow(clippy::cast_possible_truncation, reason = "durations of alerts are far below 2^53 seconds")]
    let length = duration::seconds(text).map(|length| length.round() as i64);
    let state = match length {
        Some(length) => State::Known(length),
        None => State::Unknown(Unknown::new(format!("`{text}` is no duration"), "write it as `5m`", node.span)),
    };
    Fact { state, span: written.span, via: written.via }
}

fn is_heartbeat(name: &str, reading: &Reading) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    reading.basis == Basis::Constant || HEARTBEATS.contains(&plain.as_str())
}

/// An exercise fires by the calendar, or says so in its name.
fn is_drill(name: &str, reading: &Reading) -> bool {
    let name = name.to_ascii_lowercase();
    reading.basis == Basis::Calendar || name.ends_with("drill") || name.contains("gameday")
}

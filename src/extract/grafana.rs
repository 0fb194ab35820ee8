//! Grafana's provisioning files: alert rules, contact points, notification policies and mute timings. Uses `source`,
//! `tree`, `model` and `problem`.
//! <https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/>

use super::alertmanager::{self, receiver};
use super::prometheus::{self, Language};
use super::{Facts, Input};
use crate::model::routing::{Integration, Reach, Tree};
use crate::model::{Fact, Receiver};
use crate::source::Span;
use crate::tree::{Entry, Map, Node, Text, Value};

/// Adds what a provisioning file sets up.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    for document in input.document.values() {
        // The version is a number here, and text in a Kubernetes object.
        if document.get("apiVersion").and_then(Node::as_int).is_none() {
            continue;
        }
        let list = |key: &str| document.get(key).map_or(&[][..], Node::items);
        for group in list("groups") {
            for rule in group.get("rules").map_or(&[][..], Node::items) {
                alert(input, rule, facts);
            }
        }
        for point in list("contactPoints") {
            facts.model.receivers.extend(contact_point(input, point));
        }
        let mut intervals = Vec::new();
        for timing in list("muteTimes") {
            intervals.extend(alertmanager::interval_of(timing));
        }
        for policy in list("policies") {
            let place = input.place(policy.entries().first().map_or(policy.span, |entry| entry.key_span), &[]);
            let tree = Tree {
                source: Text::const_new("grafana"),
                name: Text::const_new("Grafana's notification policies"),
                root: alertmanager::branch(policy, facts),
                intervals: intervals.clone(),
                place,
                ..Tree::default()
            };
            facts.model.routing.trees.push(tree);
        }
    }
}

/// A rule as Prometheus would write it: Grafana's has a title, and asks several data sources.
fn alert(input: &Input<'_>, rule: &Node, facts: &mut Facts) {
    let (Some(title), Some(data)) = (rule.entry("title"), rule.get("data")) else { return };
    if rule.get("isPaused").and_then(Node::as_bool) == Some(true) {
        return;
    }
    let asked = data.items().iter().filter_map(|query| query.get("model")?.get("expr"));
    let asked = asked.into_iter().find(|node| node.as_str().is_some_and(|text| !text.is_empty()));
    let unknown = || Node::unknown("the query is not PromQL", "", data.span);
    let expression = asked.cloned().unwrap_or_else(unknown);
    let mut entries =
        vec![entry("alert", title.value.clone(), title.key_span), entry("expr", expression, title.key_span)];
    for key in ["for", "keep_firing_for", "labels", "annotations"] {
        entries.extend(rule.entry(key).cloned());
    }
    let node = Node::new(Value::Map(Map { entries }), rule.span);
    let before = facts.model.alerts.len();
    prometheus::rule(input, &node, Language::Other, facts);
    for alert in facts.model.alerts.iter_mut().skip(before) {
        alert.source = Text::const_new("grafana");
        // What a rule's queries give is reduced by Grafana: which labels stay is not known.
        alert.output.only = None;
        if let Some(named) = rule.at(&["notification_settings", "receiver"]) {
            alert.targets.push(Fact::read(named, Node::scalar));
        }
    }
}

fn entry(key: &'static str, value: Node, key_span: Span) -> Entry {
    Entry { key: Text::const_new(key), key_span, value }
}

/// Types of contact points, and what they reach.
const TYPES: &[(&str, Reach)] = &[
    ("pagerduty", Reach::Pager),
    ("opsgenie", Reach::Pager),
    ("victorops", Reach::Pager),
    ("oncall", Reach::Pager),
    ("pushover", Reach::Pager),
    ("threema", Reach::Pager),
    ("slack", Reach::Chat),
    ("discord", Reach::Chat),
    ("teams", Reach::Chat),
    ("googlechat", Reach::Chat),
    ("telegram", Reach::Chat),
    ("webex", Reach::Chat),
    ("dingding", Reach::Chat),
    ("line", Reach::Chat),
    ("wecom", Reach::Chat),
    ("email", Reach::Mail),
    ("jira", Reach::Mail),
];

fn contact_point(input: &Input<'_>, node: &Node) -> Option<Receiver> {
    let named = node.get("name")?;
    let name = named.scalar()?;
    let mut point = Receiver {
        name: name.clone(),
        place: input.place(named.span, &[]),
        source: Text::const_new("grafana"),
        plain_name: name.clone(),
        ..Receiver::default()
    };
    for way in node.get("receivers").map_or(&[][..], Node::items) {
        let kind = way.get("type").and_then(Node::scalar).unwrap_or_default();
        let known = TYPES.iter().find(|(known, _)| *known == kind).map(|(_, reach)| *reach);
        let url = way.at(&["settings", "url"]).and_then(Node::as_str).unwrap_or_default();
        let reach = known.unwrap_or_else(|| receiver::of_webhook(url, &name));
        let detail = way.at(&["settings", "recipient"]).and_then(Node::as_str).filter(|text| !text.contains("${"));
        point.integrations.push(Integration {
            kind,
            reach,
            detail: detail.unwrap_or_default().into(),
            span: way.get("type").map_or(way.span, |node| node.span),
            refers_to: Vec::new(),
            teams: Vec::new(),
            paging_service: None,
        });
    }
    receiver::settle(&mut point);
    Some(point)
}

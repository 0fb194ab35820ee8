//! Grafana's alerting as Terraform sets it up: groups of rules and notification policies. Its contact points are among
//! the receivers.
//!
//! <https://registry.terraform.io/providers/grafana/grafana/latest/docs/resources/rule_group>,
//! <https://registry.terraform.io/providers/grafana/grafana/latest/docs/resources/notification_policy>

use crate::extract::{Facts, duration, prometheus};
use crate::model::matching::{LabelMatcher, Operator};
use crate::model::routing::{Branch, Tree};
use crate::model::{Alert, Fact, Labels, Place};
use crate::resolve::terraform::{Resource, blocks};
use crate::source::Span;
use crate::tree::{Node, Text, Unknown};

use super::oncall::targets;
use super::{Ground, Seen};

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    for resource in ground.of_type("grafana_rule_group") {
        for rule in blocks(&resource.body, "rule") {
            if let Some(alert) = alert(ground, resource, rule)
                && seen.first(&alert.name, &alert.place, String::from("grafana rule"))
            {
                facts.model.add(alert);
            }
        }
    }
    for resource in ground.of_type("grafana_notification_policy") {
        let place = ground.place(resource);
        let tree = Tree {
            source: Text::const_new("grafana"),
            name: resource.address.clone(),
            root: branch(&resource.body, resource.head, 0),
            place,
            ..Tree::default()
        };
        if seen.first(&tree.name, &tree.place, String::from("grafana policy")) {
            facts.model.routing.trees.push(tree);
        }
    }
}

/// Policies nest four deep at most, as the provider's schema says.
const POLICIES: usize = 8;

fn branch(body: &Node, span: Span, depth: usize) -> Branch {
    let mut branch = Branch { span, ..Branch::default() };
    branch.receiver = match body.get("contact_point").filter(|node| !node.is_null()) {
        Some(node) => targets(node).into_iter().next().unwrap_or_else(|| Fact::absent(span)),
        None => Fact::absent(span),
    };
    // Policies that are not known call whom nobody here knows.
    if let Some(unknown) = body.as_unknown() {
        branch.receiver = Fact { span: Some(span), ..Fact::unknown(unknown.clone()) };
    }
    branch.continues = body.get("continue").and_then(Node::as_bool) == Some(true);
    branch.unreadable = body.as_unknown().cloned();
    for matcher in blocks(body, "matcher") {
        let text = |name: &str| matcher.get(name).and_then(Node::scalar);
        let operator = matcher.get("match").and_then(Node::as_str).and_then(Operator::of);
        if let (Some(label), Some(operator), Some(value)) = (text("label"), operator, text("value")) {
            branch.matchers.push(LabelMatcher::new(label, operator, value, matcher.span));
        } else {
            let unknown = || Unknown::new("a matcher of this policy is not known", "pass a plan", matcher.span);
            let said = ["label", "match", "value"].iter().find_map(|name| matcher.get(name)?.as_unknown().cloned());
            branch.unreadable.get_or_insert_with(|| said.unwrap_or_else(unknown));
        }
    }
    if depth < POLICIES {
        branch.routes =
            blocks(body, "policy").iter().map(|policy| self::branch(policy, policy.span, depth + 1)).collect();
    }
    branch
}

fn alert(ground: Ground<'_>, resource: &Resource, rule: &Node) -> Option<Alert> {
    let named = rule.get("name")?;
    let name = named.scalar()?;
    if rule.get("is_paused").and_then(Node::as_bool) == Some(true) {
        return None;
    }
    let (labels, annotations) = (Labels::read(rule.get("labels")), Labels::read(rule.get("annotations")));
    let said = prometheus::said(&labels, &annotations, named.span);
    let queries = blocks(rule, "data").iter().filter_map(|query| query.get("model")?.as_str());
    let watches = queries.filter_map(query_of).flat_map(|query| prometheus::watches(&query)).collect();
    let lasts = rule.get("for").filter(|node| !node.is_null());
    #[allow(clippy::cast_possible_truncation, reason = "durations of alerts are far below 2^53 seconds")]
    let for_seconds = lasts.map_or(Fact::known(0, named.span), |node| {
        Fact::read(node, |node| node.as_str().and_then(duration::seconds).map(|length| length.round() as i64))
    });
    let settings = blocks(rule, "notification_settings").iter().filter_map(|settings| settings.get("contact_point"));
    let place = ground.place(resource);
    Some(Alert {
        name: name.clone(),
        place: Place { span: named.span, ..place },
        source: Text::const_new("grafana"),
        severity: said.severity,
        pages: said.pages,
        notifies: said.notifies,
        summary: said.summary,
        description: said.description,
        runbook: said.runbook,
        for_seconds,
        actions: Fact::absent(named.span),
        automation: Fact::known(false, named.span),
        plain_name: name,
        labels,
        annotations,
        watches,
        targets: settings.flat_map(targets).collect(),
        ..Alert::default()
    })
}

/// The query in the JSON of a data source's model.
fn query_of(model: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(model).ok()?;
    value.get("expr")?.as_str().map(str::to_owned)
}

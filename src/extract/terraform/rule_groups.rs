//! Groups of Prometheus rules that Azure Monitor evaluates: their alerts name whom they call themselves.
//!
//! <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/monitor_alert_prometheus_rule_group>,
//! <https://learn.microsoft.com/en-us/azure/templates/microsoft.alertsmanagement/prometheusrulegroups>

use crate::extract::{Facts, duration, prometheus};
use crate::model::{Alert, Fact, Labels, Place};
use crate::resolve::terraform::{Resource, blocks};
use crate::tree::{Node, Text};

use super::alarms::off;
use super::oncall::targets;
use super::{Ground, Seen};

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    for resource in ground.of_type("azurerm_monitor_alert_prometheus_rule_group") {
        for rule in blocks(&resource.body, "rule") {
            if let Some(alert) = alert(ground, resource, rule)
                && seen.first(&alert.name, &alert.place, String::from("azure rule"))
            {
                prometheus::alert::link(alert, facts);
            }
        }
    }
}

/// Durations are written as ISO 8601 has them: `PT15M`.
fn lasting(written: &str) -> Option<i64> {
    let plain = written.strip_prefix("PT")?.to_ascii_lowercase();
    #[allow(clippy::cast_possible_truncation, reason = "durations of alerts are far below 2^53 seconds")]
    duration::seconds(&plain).map(|length| length.round() as i64)
}

fn alert(ground: Ground<'_>, resource: &Resource, rule: &Node) -> Option<Alert> {
    let named = rule.get("alert").filter(|node| !node.is_null())?;
    let (name, head) = (named.scalar()?, named.span);
    let (labels, annotations) = (Labels::read(rule.get("labels")), Labels::read(rule.get("annotations")));
    let said = prometheus::said(&labels, &annotations, head);
    let expression = rule.get("expression").map_or_else(|| Fact::absent(head), |node| Fact::read(node, Node::scalar));
    let watches = expression.value().map_or_else(Vec::new, |written| prometheus::watches(written));
    let lasts = rule.get("for").filter(|node| !node.is_null());
    let for_seconds = lasts.map_or(Fact::known(0, head), |node| Fact::read(node, |node| lasting(node.as_str()?)));
    let actions: Vec<Fact<Text>> =
        blocks(rule, "action").iter().filter_map(|action| action.get("action_group_id")).flat_map(targets).collect();
    let own = rule.get("enabled").map_or_else(|| Fact::absent(head), |node| Fact::read(node, Node::as_bool));
    let own = own.or_default(true).map(|on| !on);
    let switched_off = if own.is_true() { own } else { off(resource, "rule_group_enabled") };
    let calls = Fact::known(!actions.is_empty() && !switched_off.is_true(), head);
    Some(Alert {
        place: Place { span: head, ..ground.place(resource) },
        source: Text::const_new("azure"),
        severity: said.severity,
        pages: said.pages,
        notifies: calls,
        summary: said.summary,
        description: said.description,
        runbook: said.runbook,
        for_seconds,
        actions: Fact::known(i64::try_from(actions.len()).unwrap_or(i64::MAX), head),
        automation: Fact::known(false, head),
        switched_off,
        plain_name: name.clone(),
        name,
        labels,
        annotations,
        expression,
        watches,
        targets: actions,
        ..Alert::default()
    })
}

//! Alarms that are told on by rules about events rather than by actions of their own.
//!
//! Arguments: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/cloudwatch_event_rule>,
//! `cloudwatch_event_target`; the event:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>.

use crate::model::{Alert, Fact};
use crate::resolve::terraform::{Resource, points_at};
use crate::tree::Node;

use super::{Ground, named, refers_to};

/// What the event of an alarm is called.
const CHANGE: &str = "CloudWatch Alarm State Change";

/// Gives an alarm of `CloudWatch` the targets of the rules that wait for it. One that is silent itself tells by them.
pub(super) fn tell(ground: Ground<'_>, alarm: &Resource, alert: &mut Alert) {
    for rule in ground.of_type("aws_cloudwatch_event_rule").filter(|rule| waits_for(rule, alarm, &alert.plain_name)) {
        let of_rule = |target: &&Resource| refers_to(target, "rule", &rule.address);
        let targets: Vec<_> = ground
            .of_type("aws_cloudwatch_event_target")
            .filter(of_rule)
            .flat_map(|target| named(target, "arn"))
            .collect();
        if targets.is_empty() {
            continue;
        }
        let count = i64::try_from(targets.len()).unwrap_or(i64::MAX);
        // Actions that are switched off do nothing.
        if alert.switched_off.is_true() {
            alert.targets.clear();
            alert.actions = Fact::known(0, rule.head);
            alert.switched_off = Fact::known(false, rule.head);
        }
        alert.actions = std::mem::take(&mut alert.actions).map(|own| own.saturating_add(count));
        alert.targets.extend(targets);
    }
}

/// Whether a rule waits for an alarm: it refers to it, names it, or waits for all.
fn waits_for(rule: &Resource, alarm: &Resource, name: &str) -> bool {
    let Some(pattern) = rule.at("event_pattern") else { return false };
    let partial = pattern.as_unknown().and_then(|unknown| unknown.partial.as_deref());
    let text = pattern.as_str().or(partial).unwrap_or_default();
    let refers = || rule.refers("event_pattern").any(|reference| points_at(reference, &alarm.address));
    let all = || pattern.as_str().is_some() && !text.contains("alarmName") && !text.contains("\"resources\"");
    let off = rule.at("state").and_then(Node::as_str).is_some_and(|state| state.starts_with("DISABLED"));
    // Of a pattern that is not all known, what it refers to says enough.
    let of_alarms = text.contains(CHANGE) || pattern.as_unknown().is_some();
    !off && of_alarms && (refers() || text.contains(CHANGE) && (!name.is_empty() && text.contains(name) || all()))
}

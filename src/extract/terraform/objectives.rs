//! Objectives that Terraform declares, and whether anything alerts on their budget.
//!
//! <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/monitoring_slo> with
//! <https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/api/create-policy-api>;
//! <https://registry.terraform.io/providers/DataDog/datadog/latest/docs/resources/service_level_objective> with
//! <https://docs.datadoghq.com/monitors/types/slo/>;
//! <https://registry.terraform.io/providers/grafana/grafana/latest/docs/resources/slo>;
//! <https://registry.terraform.io/providers/nobl9/nobl9/latest/docs/resources/slo>.

use crate::extract::Facts;
use crate::model::{Fact, Objective};
use crate::resolve::terraform::{Resource, blocks, points_at};
use crate::tree::{Node, Text};

use super::{Ground, Seen, doubt, fact, reading};

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    let kinds: &[(&str, Reader)] = &[
        ("google_monitoring_slo", google),
        ("datadog_service_level_objective", datadog),
        ("grafana_slo", grafana),
        ("nobl9_slo", nobl9),
    ];
    for (kind, read) in kinds {
        for resource in ground.of_type(kind) {
            let mut objective =
                Objective { name: resource.address.clone(), place: ground.place(resource), ..Objective::default() };
            read(ground, resource, &mut objective);
            objective.burn_alert = doubt(objective.burn_alert, resource.uncertain.as_ref());
            if seen.first(&objective.name, &objective.place, format!("{:?}", objective.burn_alert.state)) {
                facts.model.add(objective);
            }
        }
    }
}

/// Fills in what is particular to a tool.
type Reader = fn(Ground<'_>, &Resource, &mut Objective);

/// A share, in percent.
fn share(resource: &Resource, path: &str) -> Fact<f64> {
    fact(resource, path, reading::as_number).map(|share| share * 100.0)
}

/// The service that a label or a tag names.
fn tagged(ground: Ground<'_>, resource: &Resource) -> Text {
    let labels = ground.tags(&resource.type_name, &resource.provider, &resource.body);
    let own = ["service", "service_name", "app"].iter().find_map(|key| labels.value(key).map(Text::from));
    let listed = || {
        let tags = resource.at("tags").map_or(&[][..], Node::items).iter().filter_map(Node::as_str);
        let pairs = tags.filter_map(|tag| tag.split_once(':'));
        pairs.into_iter().find(|(key, _)| *key == "service").map(|(_, value)| Text::from(value))
    };
    own.or_else(listed).unwrap_or_default()
}

/// A policy alerts on a budget by the selector `select_slo_burn_rate`, with the objective's name.
fn google(ground: Ground<'_>, resource: &Resource, objective: &mut Objective) {
    objective.tool = Text::const_new("google");
    objective.target_percent = share(resource, "goal");
    objective.of = resource.at("service").and_then(Node::scalar).unwrap_or_default();
    if objective.of.is_empty() {
        objective.of = tagged(ground, resource);
    }
    let named: Vec<Text> = ["slo_id", "display_name"].iter().filter_map(|path| resource.at(path)?.scalar()).collect();
    let mut unread = None;
    for policy in ground.of_type("google_monitoring_alert_policy") {
        if policy.refers("conditions").any(|address| points_at(address, &resource.address)) {
            objective.burn_alert = Fact::known(true, policy.head);
            return;
        }
        for condition in blocks(&policy.body, "conditions") {
            for filter in blocks(condition, "condition_threshold").iter().filter_map(|inner| inner.get("filter")) {
                let written = filter.as_str().or(filter.as_unknown().and_then(|unknown| unknown.partial.as_deref()));
                let burns = written.is_none_or(|text| text.contains("select_slo_"));
                if burns && written.is_some_and(|text| named.iter().any(|name| text.contains(name.as_str()))) {
                    objective.burn_alert = Fact::known(true, policy.head);
                    return;
                }
                unread = unread.or(filter.as_unknown().filter(|_| burns).cloned());
            }
        }
    }
    objective.burn_alert = match unread {
        Some(unknown) => Fact { span: Some(resource.head), ..Fact::unknown(unknown) },
        None => Fact::known(false, resource.head),
    };
}

/// A monitor of the type `slo alert` asks for the burn rate, or the budget, of an objective by its id.
fn datadog(ground: Ground<'_>, resource: &Resource, objective: &mut Objective) {
    objective.tool = Text::const_new("datadog");
    let thresholds = blocks(&resource.body, "thresholds");
    let target = thresholds.iter().find_map(|threshold| threshold.get("target"));
    objective.target_percent = target.map_or_else(Fact::default, |node| Fact::read(node, reading::as_number));
    objective.of = tagged(ground, resource);
    let kind = |monitor: &&Resource| monitor.at("type").and_then(Node::as_str) == Some("slo alert");
    let mut monitors = ground.of_type("datadog_monitor").filter(kind).peekable();
    let literal = monitors.peek().is_some();
    let alerting =
        monitors.find(|monitor| monitor.refers("query").any(|address| points_at(address, &resource.address)));
    objective.burn_alert = match alerting {
        Some(monitor) => Fact::known(true, monitor.head),
        None if literal => Fact::default(),
        None => Fact::known(false, resource.head),
    };
}

/// Grafana makes alerts where `alerting` is given.
fn grafana(ground: Ground<'_>, resource: &Resource, objective: &mut Objective) {
    objective.tool = Text::const_new("grafana");
    objective.target_percent = share(resource, "objectives.value");
    let labels = blocks(&resource.body, "label");
    let service = labels.iter().find(|label| label.get("key").and_then(Node::as_str) == Some("service"));
    let named = service.and_then(|label| label.get("value")).and_then(Node::scalar);
    objective.of = named.unwrap_or_else(|| tagged(ground, resource));
    let alerting = resource.at("alerting").filter(|node| !node.is_null());
    objective.burn_alert = Fact::known(alerting.is_some(), alerting.map_or(resource.head, |node| node.span));
}

fn nobl9(_: Ground<'_>, resource: &Resource, objective: &mut Objective) {
    objective.tool = Text::const_new("nobl9");
    objective.target_percent = share(resource, "objective.target");
    objective.of = resource.at("service").and_then(Node::scalar).unwrap_or_default();
    let policies = resource.at("alert_policies").filter(|node| !node.is_null());
    objective.burn_alert = match policies {
        Some(node) if node.as_unknown().is_some() => Fact::read(node, |_| None),
        Some(node) => Fact::known(!node.items().is_empty(), node.span),
        None => Fact::known(false, resource.head),
    };
}

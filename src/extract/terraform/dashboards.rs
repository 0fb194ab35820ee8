//! Dashboards that Terraform makes: of Grafana, whose panels are read, and of clouds, of which only what they name is.
//!
//! <https://registry.terraform.io/providers/grafana/grafana/latest/docs/resources/dashboard>,
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/cloudwatch_dashboard>,
//! <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/monitoring_dashboard>,
//! <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/portal_dashboard>,
//! <https://registry.terraform.io/providers/DataDog/datadog/latest/docs/resources/dashboard_json>

use crate::extract::record;
use crate::extract::{Facts, dashboard, embedded};
use crate::model::Dashboard;
use crate::resolve::terraform::Resource;
use crate::tree::{Node, Text};

use super::{Ground, Seen};

/// Types of dashboards, and the attribute that holds them as JSON.
const KINDS: &[(&str, &str)] = &[
    ("grafana_dashboard", "config_json"),
    ("aws_cloudwatch_dashboard", "dashboard_body"),
    ("google_monitoring_dashboard", "dashboard_json"),
    ("azurerm_portal_dashboard", "dashboard_properties"),
    ("datadog_dashboard_json", "dashboard"),
];

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    for (kind, attribute) in KINDS {
        for resource in ground.of_type(kind) {
            let made = read(ground, resource, attribute);
            if seen.first(&made.name, &made.place, String::from("dashboard")) {
                if resource.at(attribute).is_none_or(|node| node.as_unknown().is_some()) {
                    let reason = compact_str::format_compact!("what `{}` shows is not known", resource.address);
                    facts.model.surroundings.unread_dashboards.push((reason, resource.head));
                }
                facts.model.add(made);
            }
        }
    }
}

fn read(ground: Ground<'_>, resource: &Resource, attribute: &str) -> Dashboard {
    let place = ground.place(resource);
    let held = resource.at(attribute);
    let json =
        held.filter(|_| resource.type_name == "grafana_dashboard").and_then(|node| embedded::json_in(None, node));
    if let Some(body) = json.as_ref().and_then(dashboard::body) {
        let path = place.path.clone();
        return dashboard::dashboard(body, |_| place, &path);
    }
    let text = held.and_then(Node::as_str).unwrap_or_default();
    Dashboard {
        name: resource.address.clone(),
        place,
        mentions: record::mentions(text),
        targets: resource.refers(attribute).map(Text::from).collect(),
        ..Dashboard::default()
    }
}

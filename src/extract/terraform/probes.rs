//! Checks that ask from outside, of clouds and of services that do only this.
//!
//! The attributes that name what is asked, and those that switch a check off, stand in the documentation of each provider:
//! <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/monitoring_uptime_check_config>,
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/route53_health_check>,
//! <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/application_insights_standard_web_test>,
//! <https://registry.terraform.io/providers/DataDog/datadog/latest/docs/resources/synthetics_test>,
//! <https://registry.terraform.io/providers/grafana/grafana/latest/docs/resources/synthetic_monitoring_check>,
//! <https://registry.terraform.io/providers/BetterStackHQ/better-uptime/latest/docs/resources/betteruptime_monitor>,
//! <https://registry.terraform.io/providers/newrelic/newrelic/latest/docs/resources/synthetics_monitor>,
//! <https://registry.terraform.io/providers/checkly/checkly/latest/docs/resources/check>; of the others on
//! <https://registry.terraform.io/browse/providers>.

use crate::extract::Facts;
use crate::model::probe::host;
use crate::model::{Fact, Probe};
use crate::resolve::terraform::Resource;
use crate::tree::{Node, Text};

use super::Ground;

/// Types of checks, and where they name what they ask; none where a script does.
const KINDS: &[(&str, &[&str])] = &[
    ("google_monitoring_uptime_check_config", &["monitored_resource.labels.host"]),
    ("aws_route53_health_check", &["fqdn", "ip_address"]),
    ("aws_synthetics_canary", &[]),
    ("datadog_synthetics_test", &["request_definition.url", "request_definition.host"]),
    ("azurerm_application_insights_standard_web_test", &["request.url"]),
    ("azurerm_application_insights_web_test", &[]),
    ("statuscake_uptime_check", &["monitored_resource.address"]),
    ("statuscake_test", &["website_url"]),
    ("uptimerobot_monitor", &["url"]),
    ("pingdom_check", &["host"]),
    ("betteruptime_monitor", &["url"]),
    ("checkly_check", &["request.url"]),
    ("newrelic_synthetics_monitor", &["uri"]),
    ("newrelic_synthetics_script_monitor", &[]),
    ("grafana_synthetic_monitoring_check", &["target"]),
    ("site24x7_website_monitor", &["website"]),
    ("dynatrace_http_monitor", &[]),
    ("dynatrace_browser_monitor", &[]),
];

/// Attributes by which a check is switched off, with the value that does.
const OFF: &[(&str, &str)] = &[
    ("enabled", "false"),
    ("activated", "false"),
    ("disabled", "true"),
    ("paused", "true"),
    ("status", "paused"),
    ("status", "DISABLED"),
    // A health check of Route 53 that asks nothing itself.
    ("type", "CALCULATED"),
    ("type", "CLOUDWATCH_METRIC"),
    ("type", "RECOVERY_CONTROL"),
];

/// Whether a check asks anything.
fn asks(resource: &Resource) -> bool {
    !OFF.iter().any(|(attribute, value)| resource.at(attribute).and_then(Node::scalar).is_some_and(|it| it == *value))
}

pub(super) fn extract(ground: Ground<'_>, facts: &mut Facts) {
    for (kind, paths) in KINDS {
        for resource in ground.of_type(kind).filter(|resource| asks(resource)) {
            facts.model.probes.push(Probe {
                hosts: hosts(resource, paths),
                place: ground.place(resource),
                ..Probe::default()
            });
        }
    }
}

/// What a check asks; what stands in a script is not known.
fn hosts(resource: &Resource, paths: &[&str]) -> Vec<Fact<Text>> {
    let named: Vec<Fact<Text>> = paths
        .iter()
        .filter_map(|path| resource.at(path).filter(|node| !node.is_null()))
        .map(|node| Fact::read(node, Node::scalar).map(|written| host(&written).to_ascii_lowercase().into()))
        .collect();
    if !named.is_empty() {
        return named;
    }
    let unknown = Node::unknown("what it asks is not written here", "pass a plan", resource.head);
    vec![Fact::read(&unknown, Node::scalar)]
}

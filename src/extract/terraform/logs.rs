//! Where clouds keep logs, and for how long.
//!
//! Defaults: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/cloudwatch_log_group>
//! (`retention_in_days`: 0 or none never expires),
//! <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/log_analytics_workspace>,
//! <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/logging_project_bucket_config> (30 days).

use crate::extract::Facts;
use crate::model::LogStore;
use crate::resolve::terraform::Resource;
use crate::tree::Node;

use super::{Ground, Seen, doubt, fact, reading};

/// Types, where they say how long they keep, and what it is where they do not.
const KINDS: &[(&str, &str, Option<f64>)] = &[
    ("aws_cloudwatch_log_group", "retention_in_days", None),
    ("azurerm_log_analytics_workspace", "retention_in_days", Some(30.0)),
    ("google_logging_project_bucket_config", "retention_days", Some(30.0)),
    ("google_logging_folder_bucket_config", "retention_days", Some(30.0)),
    ("google_logging_organization_bucket_config", "retention_days", Some(30.0)),
];

/// Whether a group only carries measurements on their way into metrics, as Container Insights does.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-view-metrics.html>
fn measures(resource: &Resource) -> bool {
    let named = resource.at("name").and_then(Node::as_str).unwrap_or_default();
    [named, resource.name.as_str()].iter().any(|name| {
        let plain = name.to_ascii_lowercase().replace(['_', '-'], "");
        plain.contains("containerinsights") || plain.contains("/performance")
    })
}

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    for (kind, path, default) in KINDS {
        for resource in ground.of_type(kind).filter(|resource| !measures(resource)) {
            let written = fact(resource, path, |node| reading::as_number(node).filter(|days| *days > 0.0));
            let days = match default {
                Some(days) => written.or_default(*days),
                None => written,
            };
            let store = LogStore {
                name: resource.address.clone(),
                place: ground.place(resource),
                retention_days: doubt(days, resource.uncertain.as_ref()),
                ..LogStore::default()
            };
            if seen.first(&store.name, &store.place, format!("{:?}", store.retention_days.state)) {
                facts.model.add(store);
            }
        }
    }
}

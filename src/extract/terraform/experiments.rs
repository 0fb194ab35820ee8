//! Experiments of AWS Fault Injection Service, and what stands by in another place.

use crate::extract::Facts;
use crate::model::{Experiment, Fact, Standby};
use crate::resolve::terraform::{Resource, blocks};
use crate::source::Span;
use crate::tree::Node;

use super::{Ground, Seen};

/// What takes over from another: its type, and the attribute and value that say so where the type alone does not.
///
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/rds_global_cluster>,
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/route53_record#failover-routing-policy>,
/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/site_recovery_replication_recovery_plan>,
/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/mssql_failover_group>
const STANDBYS: &[(&str, Option<(&str, &str)>)] = &[
    ("aws_rds_global_cluster", None),
    ("aws_route53_record", Some(("failover_routing_policy.type", "SECONDARY"))),
    ("azurerm_site_recovery_replication_recovery_plan", None),
    ("azurerm_mssql_failover_group", None),
];

/// Words in the name of what only says that something is down.
const PAGES: &[&str] = &["maintenance", "sorry", "static", "error", "fallback", "offline"];

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    for resource in ground.of_type("aws_fis_experiment_template") {
        let experiment = Experiment {
            name: resource.address.clone(),
            place: ground.place(resource),
            ends: stopped(resource),
            ..Experiment::default()
        };
        if seen.first(&experiment.name, &experiment.place, String::from("experiment")) {
            facts.model.add(experiment);
        }
    }
    for (kind, condition) in STANDBYS {
        for resource in ground.of_type(kind) {
            let holds = condition.is_none_or(|(path, wanted)| {
                resource.at(path).and_then(Node::as_str).is_some_and(|value| value == wanted)
            });
            let tells = |address: &str| PAGES.iter().any(|word| address.contains(word));
            if tells(&resource.address) || ["alias", "records"].iter().any(|to| resource.refers(to).any(tells)) {
                continue;
            }
            let standby =
                Standby { name: resource.address.clone(), place: ground.place(resource), ..Standby::default() };
            if holds && seen.first(&standby.name, &standby.place, String::from("standby")) {
                facts.model.add(standby);
            }
        }
    }
}

/// Whether an alarm stops it. `none` as a source stands for no condition.
/// <https://docs.aws.amazon.com/fis/latest/APIReference/API_CreateExperimentTemplateStopConditionInput.html>
fn stopped(resource: &Resource) -> Fact<bool> {
    let mut none: Option<Span> = None;
    for condition in blocks(&resource.body, "stop_condition") {
        let Some(source) = condition.get("source") else { continue };
        let read = Fact::read(source, |node| Some(node.as_str()? != "none"));
        if read.is_true() || read.reason().is_some() {
            return read;
        }
        none.get_or_insert(source.span);
    }
    Fact::known(false, none.unwrap_or(resource.head))
}

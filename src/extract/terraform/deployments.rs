//! Platforms that ship: `CodeDeploy` and Cloud Deploy, and whether they go back by themselves when a deployment fails.
//!
//! Arguments: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/codedeploy_deployment_group>,
//! <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/clouddeploy_delivery_pipeline>,
//! `clouddeploy_automation`.

use crate::extract::Facts;
use crate::model::{Deployment, Fact};
use crate::resolve::terraform::{Resource, blocks, step};
use crate::tree::{Node, Text};

use super::{Ground, Seen, doubt, reading, refers_to, switch};

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    let groups = ground.of_type("aws_codedeploy_deployment_group").map(|group| of_group(ground, group));
    let pipelines = ground.of_type("google_clouddeploy_delivery_pipeline").map(|one| of_pipeline(ground, one));
    for deployment in groups.chain(pipelines) {
        if seen.first(&deployment.name, &deployment.place, format!("{:?}", deployment.auto_rollback.state)) {
            facts.model.add(deployment);
        }
    }
}

fn deployment(ground: Ground<'_>, resource: &Resource, platform: &str, way: &str) -> Deployment {
    let names = ["name", "deployment_group_name", "app_name"].iter().filter_map(|path| resource.at(path)?.scalar());
    let references = resource.references.iter().map(|reference| reference.address.clone());
    Deployment {
        name: resource.address.clone(),
        place: ground.place(resource),
        platform: platform.into(),
        way_back: Fact::known(true, resource.head),
        way: way.into(),
        // Both wait until what they ship is up, and say whether it is.
        verified: Fact::known(true, resource.head),
        uses: names.chain([resource.name.clone()]).chain(references).collect::<Vec<Text>>(),
        ..Deployment::default()
    }
}

/// `auto_rollback_configuration { enabled, events }`; the event of an alarm needs an `alarm_configuration` that is on.
fn of_group(ground: Ground<'_>, group: &Resource) -> Deployment {
    let enabled = switch(group, "auto_rollback_configuration.enabled").or_default(false);
    let events = group.at("auto_rollback_configuration.events");
    let listed: Vec<&str> = events.map_or(&[][..], Node::items).iter().filter_map(Node::as_str).collect();
    let only_alarms = !listed.is_empty() && listed.iter().all(|event| *event == "DEPLOYMENT_STOP_ON_ALARM");
    let watched = group
        .at("alarm_configuration.alarms")
        .is_some_and(|alarms| alarms.as_unknown().is_some() || !alarms.items().is_empty() || alarms.as_str().is_some())
        && !switch(group, "alarm_configuration.enabled").is_false();
    let rolls_back = match events {
        Some(unknown) if enabled.is_true() && unknown.as_unknown().is_some() => Fact::read(unknown, |_| None),
        Some(events) if enabled.is_true() && only_alarms && !watched => Fact::known(false, events.span),
        Some(_) => enabled,
        // Rolling back on nothing rolls nothing back.
        None => enabled.map(|_| false),
    };
    Deployment {
        auto_rollback: rolls_back,
        ..deployment(ground, group, "codedeploy", "an earlier revision can be deployed again")
    }
}

/// An automation of the pipeline repairs a failed rollout by rolling it back.
fn of_pipeline(ground: Ground<'_>, pipeline: &Resource) -> Deployment {
    let own = pipeline.at("name").and_then(Node::scalar);
    let of_it = |automation: &&Resource| {
        refers_to(automation, "delivery_pipeline", &pipeline.address)
            || own.is_some() && automation.at("delivery_pipeline").and_then(Node::scalar) == own
    };
    let repairs = |automation: &&Resource| {
        blocks(&automation.body, "rules").iter().flat_map(|rule| blocks(rule, "repair_rollout_rule")).any(|repair| {
            let phases = blocks(repair, "repair_phases");
            phases.iter().any(|phase| !blocks(phase, "rollback").is_empty())
                || step(repair, "repair_phases.rollback").is_some()
        })
    };
    let automation = ground.of_type("google_clouddeploy_automation").filter(of_it).find(repairs);
    let rolls_back = match automation {
        Some(automation) => {
            let on = automation.at("suspended").filter(|node| !node.is_null()).map_or_else(
                || Fact::known(true, automation.head),
                |node| Fact::read(node, reading::as_bool).map(|suspended| !suspended),
            );
            doubt(on, automation.uncertain.as_ref())
        }
        None => Fact::known(false, pipeline.head),
    };
    Deployment {
        auto_rollback: rolls_back,
        ..deployment(ground, pipeline, "cloud-deploy", "a target can be rolled back to its last release")
    }
}

//! Platforms that ship: `CodeDeploy` and Cloud Deploy, and whether they go back by themselves when a deployment fails.
//!
//! Arguments: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/codedeploy_deployment_group>,
//! <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/clouddeploy_delivery_pipeline>,
//! `clouddeploy_automation`.

use crate::extract::Facts;
use crate::model::rollout::Pause;
use crate::model::{Deployment, Fact};
use crate::resolve::terraform::{Resource, blocks, points_at, step};
use crate::tree::{Node, Text, Unknown};

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
        gates: shifting(ground, group).into_iter().chain(rerouted(group)).collect(),
        ..deployment(ground, group, "codedeploy", "an earlier revision can be deployed again")
    }
}

/// How long traffic takes to move, going back too: a rollback is a deployment by the same configuration. Its name says so
/// where it is one of AWS's own (`CodeDeployDefault.LambdaCanary10Percent5Minutes`), else its resource.
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html>,
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/codedeploy_deployment_config>
fn shifting(ground: Ground<'_>, group: &Resource) -> Option<Pause> {
    let chosen = group.at("deployment_config_name")?;
    let own = ground.of_type("aws_codedeploy_deployment_config").find(|config| {
        let name = config.at("deployment_config_name").and_then(Node::scalar);
        refers_to(group, "deployment_config_name", &config.address) || name.is_some() && name == chosen.scalar()
    });
    let minutes = match own {
        Some(config) => {
            let routing = config.at("traffic_routing_config")?;
            let whole = |path: &str| step(routing, path).and_then(Node::as_int);
            match whole("time_based_canary.interval") {
                Some(interval) => interval,
                None => linear(whole("time_based_linear.percentage")?, whole("time_based_linear.interval")?)?,
            }
        }
        None => minutes_of(chosen.scalar()?.strip_prefix("CodeDeployDefault.")?)?,
    };
    let seconds = Some(minutes.max(0).saturating_mul(60));
    Some(Pause { what: "until all traffic has moved".into(), seconds, span: chosen.span })
}

/// The time that one of AWS's own configurations takes, in minutes: `LambdaCanary10Percent5Minutes`,
/// `ECSLinear10PercentEvery1Minutes`.
fn minutes_of(name: &str) -> Option<i64> {
    let (shape, rest) = name.split_once("Percent")?;
    let percent = shape.trim_start_matches(|it: char| !it.is_ascii_digit()).parse().ok()?;
    let minutes = rest.trim_start_matches("Every").trim_end_matches('s').strip_suffix("Minute")?.parse().ok()?;
    if shape.contains("Canary") { Some(minutes) } else { linear(percent, minutes) }
}

/// Equal parts, of which the first moves at once.
fn linear(percent: i64, minutes: i64) -> Option<i64> {
    let parts = 100_i64.checked_div(percent).filter(|_| percent > 0)?;
    Some(parts.saturating_sub(1).saturating_mul(minutes))
}

/// A deployment that stops until somebody sends the traffic over.
fn rerouted(group: &Resource) -> Option<Pause> {
    let action = group.at("blue_green_deployment_config.deployment_ready_option.action_on_timeout")?;
    (action.as_str() == Some("STOP_DEPLOYMENT")).then(|| Pause {
        what: "a person who sends the traffic over".into(),
        seconds: None,
        span: action.span,
    })
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
        gates: approved(ground, pipeline).into_iter().collect(),
        ..deployment(ground, pipeline, "cloud-deploy", "a target can be rolled back to its last release")
    }
}

/// The approval that the last target asks of every rollout; one that goes back starts in the stable phase, so that the
/// steps of a canary take no time.
/// <https://cloud.google.com/sdk/gcloud/reference/deploy/targets/rollback>
fn approved(ground: Ground<'_>, pipeline: &Resource) -> Option<Pause> {
    let stages = pipeline.at("serial_pipeline.stages")?;
    let last = stages.items().last().unwrap_or(stages).get("target_id")?;
    let target = ground.of_type("google_clouddeploy_target").find(|target| {
        let name = target.at("name").and_then(Node::scalar);
        name.is_some() && name == last.scalar() || last.as_unknown().is_some_and(|it| refers_to_address(it, target))
    })?;
    let required = target.at("require_approval").filter(|node| reading::as_bool(node) == Some(true))?;
    Some(Pause { what: "a person who approves the rollout".into(), seconds: None, span: required.span })
}

fn refers_to_address(unknown: &Unknown, target: &Resource) -> bool {
    unknown.refers_to.iter().any(|reference| points_at(reference, &target.address))
}

#[cfg(test)]
mod tests {
    use super::minutes_of;

    #[test]
    fn configurations_of_aws_say_how_long_they_take() {
        assert_eq!(minutes_of("LambdaCanary10Percent5Minutes"), Some(5));
        assert_eq!(minutes_of("ECSLinear10PercentEvery3Minutes"), Some(27));
        assert_eq!(minutes_of("LambdaLinear10PercentEvery1Minute"), Some(9));
        assert_eq!(minutes_of("LambdaAllAtOnce"), None);
        assert_eq!(minutes_of("LambdaLinear0PercentEvery1Minute"), None);
    }
}

//! What runs: ECS services, functions, Cloud Run, container apps, App Service. What Kubernetes runs comes as manifests, from
//! `resolve/`.

use crate::extract::Facts;
use crate::model::{Fact, State, Workload};
use crate::resolve::terraform::{Resource, blocks};
use crate::tree::{Node, Text, Unknown};

use super::fronts::Fronts;
use super::{Ground, Seen, containers, doubt, leaves, reading, refers_to, text, whole};

/// Resource type, platform, and the attributes that name it.
const KINDS: &[(&str, &str, &[&str])] = &[
    ("aws_ecs_service", "ecs", &["name"]),
    ("aws_lambda_function", "lambda", &["function_name"]),
    ("google_cloud_run_v2_service", "cloud-run", &["name"]),
    ("google_cloud_run_service", "cloud-run", &["name"]),
    ("google_cloudfunctions2_function", "cloud-functions", &["name"]),
    ("azurerm_container_app", "container-apps", &["name"]),
    ("azurerm_linux_web_app", "app-service", &["name"]),
    ("azurerm_windows_web_app", "app-service", &["name"]),
    ("azurerm_linux_function_app", "app-service", &["name"]),
    ("azurerm_windows_function_app", "app-service", &["name"]),
    ("azurerm_function_app_flex_consumption", "app-service", &["name"]),
];

pub(super) fn extract(ground: Ground<'_>, fronts: &Fronts, seen: &mut Seen, facts: &mut Facts) {
    for (kind, platform, names) in KINDS {
        let public = super::public::made(ground.root, kind);
        for resource in ground.of_type(kind).chain(&public) {
            let workload = workload(ground, resource, platform, names);
            if seen.first(&workload.name, &workload.place, format!("{:?}", workload.auto_rollback.state)) {
                let fronts = fronts.of(ground.root, resource);
                let id = facts.model.add(Workload { fronts, ..workload });
                containers::extract(ground, resource, id, facts);
            }
        }
    }
}

fn workload(ground: Ground<'_>, resource: &Resource, platform: &str, names: &[&str]) -> Workload {
    let plain = names.iter().find_map(|path| resource.at(path)?.scalar()).unwrap_or_else(|| resource.name.clone());
    let mut workload = Workload {
        name: resource.address.clone(),
        place: ground.place(resource),
        kind: resource.type_name.clone(),
        platform: platform.into(),
        plain_name: plain,
        labels: ground.tags(&resource.type_name, &resource.provider, &resource.body),
        uses: uses(resource),
        auto_rollback: Fact::absent(resource.head),
        deployed_elsewhere: Fact::known(false, resource.head),
        ..Workload::default()
    };
    match platform {
        "ecs" => ecs(ground, resource, &mut workload),
        "lambda" => lambda(ground, resource, &mut workload),
        "app-service" => app_service(ground, resource, &mut workload),
        _ => {}
    }
    workload
}

/// What its environment refers to: datastores are found by that.
fn uses(resource: &Resource) -> Vec<Fact<Text>> {
    let stores = resource.references.iter().filter(|reference| !reference.attribute.starts_with("tags"));
    stores.map(|reference| Fact::known(reference.address.clone(), resource.head)).collect()
}

fn ecs(ground: Ground<'_>, resource: &Resource, workload: &mut Workload) {
    workload.scales = text(resource, "scheduling_strategy").value().is_none_or(|strategy| strategy != "DAEMON");
    // Left out it is 0, and something else sets it: a scaler, or whoever deploys.
    // <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecs_service#desired_count>
    workload.replicas = scaled(ground, resource, &workload.plain_name).unwrap_or_else(|| {
        let count = whole(resource, "desired_count");
        if count.value().is_none() || !leaves(resource, &["desired_count"]) {
            return count;
        }
        let reason = "Terraform ignores changes of the number of copies";
        Fact::unknown(Unknown::new(reason, "audit what sets it as well", count.span))
    });
    workload.replicas_omitted = workload.replicas.is_absent();
    workload.serves = !blocks(&resource.body, "load_balancer").is_empty();
    workload.auto_rollback = both(rolls_back(resource, "deployment_circuit_breaker"), rolls_back(resource, "alarms"));
    let controller = text(resource, "deployment_controller.type");
    workload.deployed_elsewhere = match controller.state {
        State::Absent => Fact::known(false, resource.head),
        _ => controller.map(|kind| kind == "CODE_DEPLOY" || kind == "EXTERNAL"),
    };
}

/// How many tasks the scaler of a service keeps at least.
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/appautoscaling_target#min_capacity>
fn scaled(ground: Ground<'_>, service: &Resource, name: &str) -> Option<Fact<i64>> {
    let is_for = |target: &&Resource| {
        let id = target.at("resource_id");
        let written = id.and_then(|id| id.as_str().or(id.as_unknown()?.partial.as_deref()));
        target.at("service_namespace").and_then(Node::as_str) == Some("ecs")
            && (refers_to(target, "resource_id", &service.address)
                || written.and_then(|id| id.rsplit('/').next()).is_some_and(|last| last == name))
    };
    let target = ground.of_type("aws_appautoscaling_target").find(is_for)?;
    let least = doubt(whole(target, "min_capacity"), target.uncertain.as_ref());
    // Of none it is started when there is work.
    Some(if least.value() == Some(&0) { Fact::absent(least.span) } else { least })
}

/// An app runs on each worker of its plan. How many there are is known where the plan says so and nothing scales it.
/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/service_plan#worker_count>
fn app_service(ground: Ground<'_>, app: &Resource, workload: &mut Workload) {
    workload.scales = true;
    workload.serves = app.type_name.ends_with("_web_app");
    workload.replicas = Fact::absent(app.head);
    workload.replicas_omitted = true;
    let plan = ground.of_type("azurerm_service_plan").find(|plan| refers_to(app, "service_plan_id", &plan.address));
    let Some(plan) = plan else { return };
    let scales = |setting: &Resource| refers_to(setting, "target_resource_id", &plan.address);
    if !ground.of_type("azurerm_monitor_autoscale_setting").any(scales) {
        workload.replicas = doubt(whole(plan, "worker_count"), plan.uncertain.as_ref());
        workload.replicas_omitted = workload.replicas.is_absent();
    }
}

/// What calls a function and waits for its answer, and the attribute that names the function.
const CALLERS: &[(&str, &str)] = &[
    ("aws_lambda_function_url", "function_name"),
    ("aws_apigatewayv2_integration", "integration_uri"),
    ("aws_api_gateway_integration", "uri"),
    ("aws_lb_target_group_attachment", "target_id"),
    ("aws_alb_target_group_attachment", "target_id"),
];

/// A function that somebody waits for is reached through an alias, or by a version of its own (`qualified_arn`, which
/// needs `publish`); else whatever was uploaded last answers, and nothing is kept to go back to.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html>
fn lambda(ground: Ground<'_>, function: &Resource, workload: &mut Workload) {
    let is_of = |other: &Resource, attribute: &str| refers_to(other, attribute, &function.address);
    let permits = |permission: &Resource| {
        let callers = ["apigateway.amazonaws.com", "elasticloadbalancing.amazonaws.com"];
        is_of(permission, "function_name")
            && permission.at("principal").and_then(Node::as_str).is_some_and(|who| callers.contains(&who))
    };
    workload.serves =
        CALLERS.iter().any(|(kind, attribute)| ground.of_type(kind).any(|caller| is_of(caller, attribute)))
            || ground.of_type("aws_lambda_permission").any(permits);
    let public = super::public::made(ground.root, "aws_lambda_alias");
    let alias = ground.of_type("aws_lambda_alias").chain(&public).find(|alias| is_of(alias, "function_name"));
    let published = super::switch(function, "publish").or_default(false);
    workload.has_alias = match alias {
        Some(alias) => doubt(Fact::known(true, alias.head), alias.uncertain.as_ref()),
        None => published,
    };
}

/// `enable` and `rollback` of a block; false at the block's place, or at the service's head without one.
fn rolls_back(resource: &Resource, block: &str) -> Fact<bool> {
    let Some(node) = blocks(&resource.body, block).first() else { return Fact::known(false, resource.head) };
    if node.as_unknown().is_some() {
        return Fact::read(node, Node::as_bool);
    }
    let part = |name: &str| match node.get(name) {
        Some(value) => Fact::read(value, reading::as_bool),
        None => Fact::known(false, node.span),
    };
    let (enabled, rolls) = (part("enable"), part("rollback"));
    if enabled.is_false() || enabled.reason().is_some() && !rolls.is_false() { enabled } else { rolls }
}

/// One that is true is enough; an unknown leaves it open; else the one that stands in a block of its own.
fn both(one: Fact<bool>, other: Fact<bool>) -> Fact<bool> {
    let open = other.reason().is_some() && !one.is_true();
    if other.is_true() || open { other } else { one }
}

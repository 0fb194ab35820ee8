//! What load is spread over: instance groups, targets of load balancers, node pools, web apps, NAT gateways.
//!
//! Arguments: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/autoscaling_group>,
//! `lb_target_group`, `nat_gateway`; <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/linux_web_app>,
//! `service_plan`; <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/compute_instance_group_manager>,
//! `compute_backend_service`, `container_node_pool`.

use std::collections::BTreeSet;

use crate::extract::Facts;
use crate::model::{Fact, Pool};
use crate::resolve::terraform::{Resource, blocks, points_at};
use crate::tree::Text;

use super::{Ground, Seen, doubt, fact, reading, refers_to, switch, text};

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    let kinds: &[(&str, Reader)] = &[
        ("aws_autoscaling_group", autoscaling_group),
        ("aws_lb_target_group", target_group),
        ("aws_alb_target_group", target_group),
        ("azurerm_linux_web_app", web_app),
        ("azurerm_windows_web_app", web_app),
        ("azurerm_service_plan", service_plan),
        ("azurerm_kubernetes_cluster_node_pool", azure_nodes),
        ("google_compute_instance_group_manager", instance_group),
        ("google_compute_backend_service", backend_service),
        ("google_compute_region_backend_service", backend_service),
        ("google_container_node_pool", google_nodes),
    ];
    for (kind, read) in kinds {
        for resource in ground.of_type(kind) {
            let mut pool = pool(ground, resource);
            read(ground, resource, &mut pool);
            let told = format!("{:?}{:?}", pool.health_checked.state, pool.multi_zone.state);
            if seen.first(&pool.name, &pool.place, told) {
                facts.model.add(pool);
            }
        }
    }
    for pool in gateways(ground) {
        if seen.first(&pool.name, &pool.place, format!("{:?}", pool.multi_zone.state)) {
            facts.model.add(pool);
        }
    }
}

/// Fills in what is particular to a kind of pool.
type Reader = fn(Ground<'_>, &Resource, &mut Pool);

fn pool(ground: Ground<'_>, resource: &Resource) -> Pool {
    let names = ["name", "name_prefix", "display_name"].iter().filter_map(|path| resource.at(path)?.scalar());
    let platform = match resource.type_name.split('_').next().unwrap_or_default() {
        "azurerm" => "azure",
        other => other,
    };
    Pool {
        name: resource.address.clone(),
        place: ground.place(resource),
        platform: platform.into(),
        names: names.chain([resource.name.clone()]).collect(),
        serves: Fact::known(false, resource.head),
        ..Pool::default()
    }
}

/// A group behind a load balancer replaces what the balancer finds ill only with `health_check_type = "ELB"`; left out,
/// it is `EC2`. <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html>
fn autoscaling_group(ground: Ground<'_>, group: &Resource, pool: &mut Pool) {
    pool.kind = "instance-group".into();
    let own = ["load_balancers", "target_group_arns", "traffic_source"].iter().find_map(|path| {
        let node = group.at(path).filter(|node| !node.is_null())?;
        (node.as_unknown().is_some() || !node.items().is_empty()).then_some(node)
    });
    let attached = ["aws_autoscaling_attachment", "aws_autoscaling_traffic_source_attachment"]
        .iter()
        .flat_map(|kind| ground.of_type(kind))
        .find(|attachment| refers_to(attachment, "autoscaling_group_name", &group.address));
    pool.serves = match (own, attached) {
        (Some(node), _) if node.as_unknown().is_some_and(crate::tree::Unknown::is_from_elsewhere) => {
            Fact::read(node, |_| None)
        }
        (Some(node), _) => Fact::known(true, node.span),
        (None, Some(attachment)) => doubt(Fact::known(true, attachment.head), attachment.uncertain.as_ref()),
        (None, None) => Fact::known(false, group.head),
    };
    let kind = text(group, "health_check_type").or_default("EC2".into());
    pool.health_checked = kind.map(|kind| kind.contains("ELB") || kind.contains("VPC_LATTICE"));
    pool.multi_zone = several(group, &["vpc_zone_identifier", "availability_zones"]);
    // One machine stands in one zone, wherever it may be made again.
    if fact(group, "max_size", reading::as_number).value() == Some(&1.0) {
        pool.multi_zone = Fact::absent(group.head);
    }
}

/// Whether the first of these lists that is set has two entries or more.
fn several(resource: &Resource, paths: &[&str]) -> Fact<bool> {
    let Some(node) = paths.iter().find_map(|path| resource.at(path).filter(|node| !node.is_null())) else {
        return Fact::absent(resource.head);
    };
    // A list of something unknown may be any number of zones; so may an entry that stands for a whole list.
    Fact::read(node, |node| Some(node.items().len() >= 2))
}

/// Targets are asked by default; it can be switched off for functions.
fn target_group(_: Ground<'_>, group: &Resource, pool: &mut Pool) {
    pool.kind = "targets".into();
    pool.serves = Fact::known(true, group.head);
    pool.health_checked = switch(group, "health_check.enabled").or_default(true);
    // Nothing is asked of a function by default, and it has no health of its own.
    if text(group, "target_type").value().is_some_and(|kind| kind == "lambda") {
        pool.health_checked = Fact::absent(group.head);
    }
}

/// Without `health_check_path` an instance that answers with errors goes on receiving requests.
fn web_app(_: Ground<'_>, app: &Resource, pool: &mut Pool) {
    pool.kind = "web-app".into();
    pool.serves = Fact::known(true, app.head);
    pool.health_checked = text(app, "site_config.health_check_path").map(|path| !path.is_empty()).or_default(false);
}

/// Zones are balanced only where it is asked for, and with two workers or more.
fn service_plan(_: Ground<'_>, plan: &Resource, pool: &mut Pool) {
    pool.kind = "instance-group".into();
    // Consumption and shared plans have no workers of their own.
    let dedicated = |sku: &Text| sku.starts_with(['P', 'I', 'S', 'B']) && sku != "SHARED";
    pool.multi_zone = match text(plan, "sku_name").value() {
        Some(sku) if dedicated(sku) => switch(plan, "zone_balancing_enabled").or_default(false),
        _ => Fact::absent(plan.head),
    };
}

fn azure_nodes(_: Ground<'_>, nodes: &Resource, pool: &mut Pool) {
    pool.kind = "node-pool".into();
    let listed = several(nodes, &["zones", "availability_zones"]);
    pool.multi_zone = if listed.is_absent() { Fact::known(false, nodes.head) } else { listed };
}

/// A zonal group of instances; a regional one is another type. It is in many zones where others of it are.
fn instance_group(_: Ground<'_>, group: &Resource, pool: &mut Pool) {
    pool.kind = "instance-group".into();
    pool.multi_zone = Fact::known(false, group.head);
    if fact(group, "target_size", reading::as_number).value() == Some(&1.0) {
        pool.multi_zone = Fact::absent(group.head);
    }
}

/// Backends of load balancers need a health check, unless they are serverless or on the internet.
fn backend_service(_: Ground<'_>, service: &Resource, pool: &mut Pool) {
    pool.kind = "targets".into();
    pool.serves = Fact::known(true, service.head);
    let checks = service.at("health_checks").filter(|node| !node.is_null());
    pool.health_checked = match checks {
        Some(node) => Fact::read(node, |node| Some(!node.items().is_empty())),
        None => Fact::known(false, service.head),
    };
    let group_kinds = ["google_compute_region_network_endpoint_group", "google_compute_global_network_endpoint_group"];
    let backends = blocks(&service.body, "backend");
    let asked_nothing =
        service.refers("backend").any(|address| address.split('.').any(|part| group_kinds.contains(&part)))
            || backends.is_empty();
    if asked_nothing && !pool.health_checked.is_true() {
        pool.health_checked = Fact::absent(service.head);
    }
}

fn google_nodes(ground: Ground<'_>, nodes: &Resource, pool: &mut Pool) {
    pool.kind = "node-pool".into();
    let listed = several(nodes, &["node_locations"]);
    if !listed.is_absent() {
        pool.multi_zone = listed;
        return;
    }
    // Without zones of its own it has those of its cluster: many in a region, one in a zone.
    let cluster = ground
        .of_type("google_container_cluster")
        .find(|cluster| nodes.refers("cluster").any(|address| points_at(address, &cluster.address)));
    let own = cluster.map(|cluster| several(cluster, &["node_locations"])).filter(|fact| !fact.is_absent());
    let location = |resource: &Resource| text(resource, "location");
    let place = if location(nodes).is_absent() { cluster.map(location).unwrap_or_default() } else { location(nodes) };
    // A region is `europe-west1`, a zone `europe-west1-b`.
    pool.multi_zone = own.unwrap_or_else(|| place.map(|place| place.matches('-').count() < 2));
}

/// One gateway for private subnets of several zones: its zone takes the way out of all of them with it.
fn gateways(ground: Ground<'_>) -> Vec<Pool> {
    let is_public = |gateway: &&Resource| {
        text(gateway, "connectivity_type").value().is_none_or(|kind| kind != "private")
            // A regional gateway spans zones by itself.
            && text(gateway, "availability_mode").value().is_none_or(|mode| mode != "regional")
    };
    let gateways: Vec<&Resource> = ground.of_type("aws_nat_gateway").filter(is_public).collect();
    let [gateway] = gateways.as_slice() else { return Vec::new() };
    let zones: BTreeSet<Text> = ground
        .of_type("aws_subnet")
        .filter_map(|subnet| match subnet.at("availability_zone") {
            Some(node) => node.scalar().or_else(|| node.as_unknown()?.refers_to.first().cloned()),
            None => None,
        })
        .collect();
    if zones.len() < 2 {
        return Vec::new();
    }
    let multi_zone = Fact::known(false, gateway.head);
    vec![Pool { kind: "nat".into(), multi_zone, ..pool(ground, gateway) }]
}

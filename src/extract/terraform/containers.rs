//! The images of what runs: of a task definition, of a service's template, of a function.

use crate::extract::Facts;
use crate::extract::kubernetes::{image_changes, image_tag, is_moving_tag};
use crate::model::{Container, Fact, Id, Place, Workload};
use crate::resolve::terraform::{Resource, step};
use crate::source::Span;
use crate::tree::{Node, Text, Unknown};

use super::{Ground, leaves, refers_to};

/// Where a workload's images stand: its type, the blocks or the list that holds its containers (empty for its own body),
/// and the attribute in each.
///
/// <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/cloud_run_v2_service>,
/// <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/cloud_run_service>,
/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/container_app>,
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lambda_function#image_uri>,
/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/linux_web_app#docker_image_name>
const PLACES: &[(&str, &str, &str)] = &[
    ("google_cloud_run_v2_service", "template.containers", "image"),
    ("google_cloud_run_service", "template.spec.containers", "image"),
    ("azurerm_container_app", "template.container", "image"),
    ("aws_lambda_function", "", "image_uri"),
    ("azurerm_linux_web_app", "site_config.application_stack", "docker_image_name"),
];

/// Adds the containers of a workload.
pub(super) fn extract(ground: Ground<'_>, resource: &Resource, owner: Id<Workload>, facts: &mut Facts) {
    if resource.type_name == "aws_ecs_service" {
        if let Some(task) = task(ground, resource) {
            add(ground, task, "container_definitions", "image", owner, facts);
        }
        return;
    }
    for (_, held, attribute) in PLACES.iter().filter(|(kind, ..)| *kind == resource.type_name) {
        add(ground, resource, held, attribute, owner, facts);
    }
}

/// The task definition of an ECS service, unless others choose which one runs.
fn task<'a>(ground: Ground<'a>, service: &Resource) -> Option<&'a Resource> {
    if leaves(service, &["task_definition"]) {
        return None;
    }
    ground.of_type("aws_ecs_task_definition").find(|task| refers_to(service, "task_definition", &task.address))
}

fn add(ground: Ground<'_>, of: &Resource, held: &str, attribute: &str, owner: Id<Workload>, facts: &mut Facts) {
    let first = held.split('.').next().unwrap_or_default();
    if leaves(of, &[first, attribute]) {
        return;
    }
    let found = if held.is_empty() { Some(&of.body) } else { step(&of.body, held) };
    let containers = match found.map(|found| (found, found.items())) {
        None => return,
        Some((found, [])) => std::slice::from_ref(found),
        Some((_, items)) => items,
    };
    for container in containers {
        let Some(image) = container.get(attribute).filter(|image| !image.is_null() && !runs_already(image)) else {
            continue;
        };
        let name = container.get("name").filter(|_| !held.is_empty()).and_then(Node::scalar);
        let workload = &facts.model[owner];
        let span = if held.is_empty() { of.head } else { container.span };
        let place = Place { span, path: of.path.clone(), ..workload.place.clone() };
        let name = match name {
            Some(name) => compact_str::format_compact!("{}/{name}", workload.name),
            None => workload.name.clone(),
        };
        let id = facts.model.add(Container {
            name,
            place,
            image: Fact::read(image, Node::scalar),
            image_mutable: changes(ground, image),
            workload: Some(owner),
            readiness_probe: Fact::absent(of.head),
            ..Container::default()
        });
        facts.model[owner].containers.push(id);
    }
}

/// Whether the image can be another one tomorrow. Of a text in part unknown, the version at its end may be known; one
/// that is the default of a variable is what stands in for the version that is deployed.
fn changes(ground: Ground<'_>, image: &Node) -> Fact<bool> {
    let unknown = image.as_unknown();
    let told = match unknown.and_then(|unknown| unknown.partial.as_deref()) {
        Some(partial) => of_part(partial, image),
        // The address of a repository, with nothing after it, is whatever was pushed last as `latest`.
        // <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecr_repository#repository_url>
        None if unknown.is_some_and(|unknown| ends(unknown, ".repository_url")) => Fact::known(true, image.span),
        None => image_changes(image),
    };
    if !told.is_true() {
        return told;
    }
    let within = |way: &Span, default: &Span| {
        way.source == default.source && default.start <= way.start && way.end <= default.end
    };
    let mut ways = std::iter::once(image.span).chain(image.via.iter().flat_map(|way| way.iter()).copied());
    let open = ways.find(|way| ground.root.open.iter().any(|default| within(way, default)));
    match open {
        Some(default) => {
            let reason = "its version is the default of a variable, and another may be deployed";
            let remedy = "pass the values that are deployed, or a plan";
            Fact { span: told.span, ..Fact::unknown(Unknown::new(reason, remedy, default)) }
        }
        None => told,
    }
}

/// Whether an image is the one that runs already, read back so that Terraform leaves it as the pipeline deployed it.
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/ecs_container_definition>
fn runs_already(image: &Node) -> bool {
    let reads = |address: &Text| address.contains("data.aws_ecs_container_definition.");
    image.as_unknown().is_some_and(|unknown| unknown.refers_to.iter().any(reads))
}

/// Whether an unknown is an attribute of one resource.
fn ends(unknown: &Unknown, attribute: &str) -> bool {
    matches!(unknown.refers_to.as_slice(), [only] if only.ends_with(attribute))
}

/// The same of an image of which `*` stands for what is not known.
fn of_part(partial: &str, image: &Node) -> Fact<bool> {
    let whole = |text: &str| !text.contains('*');
    let last = partial.rsplit('/').next().unwrap_or(partial);
    match image_tag(partial) {
        Some(tag) if whole(tag) => Fact::known(is_moving_tag(tag), image.span),
        None if whole(last) && !last.is_empty() => Fact::known(true, image.span),
        _ => Fact::read(image, |_| None),
    }
}

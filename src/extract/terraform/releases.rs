//! `helm_release`: charts that Terraform installs.
//!
//! Arguments and defaults: <https://registry.terraform.io/providers/hashicorp/helm/latest/docs/resources/release>.

use crate::extract::Facts;
use crate::model::release::{Source, is_platform_part, moves};
use crate::model::{Fact, Release};
use crate::resolve::terraform::Resource;
use crate::tree::{Node, Text};

use super::{Ground, Seen, doubt, switch, text, whole};

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    for resource in ground.of_type("helm_release") {
        let release = release(ground, resource);
        let told = format!("{:?}{:?}", release.goes_back.state, release.moves.state);
        if seen.first(&release.name, &release.place, told) {
            facts.model.add(release);
        }
    }
}

fn release(ground: Ground<'_>, resource: &Resource) -> Release {
    let chart = text(resource, "chart");
    let version = text(resource, "version");
    let named = chart.value().map(Text::as_str).unwrap_or_default();
    let has_repository = resource.at("repository").is_some_and(|node| !node.is_null());
    let is_remote = has_repository || named.starts_with("oci://") || named.starts_with("http");
    let moving = if is_remote {
        version.clone().or_default(Text::default()).map(|version| moves(&version))
    } else {
        Fact::absent(resource.head)
    };
    let atomic = switch(resource, "atomic").or_default(false);
    let sure = |fact: Fact<bool>| doubt(fact, resource.uncertain.as_ref());
    Release {
        name: resource.address.clone(),
        place: ground.place(resource),
        tool: Text::const_new("terraform"),
        platform_part: is_platform_part(named) || is_platform_part(&resource.name),
        // `atomic` waits whatever `wait` says.
        waits: sure(if atomic.is_true() { atomic.clone() } else { switch(resource, "wait").or_default(true) }),
        max_history: doubt(whole(resource, "max_history").or_default(0), resource.uncertain.as_ref()),
        goes_back: sure(atomic),
        moves: sure(moving),
        names: resource.at("name").and_then(Node::scalar).into_iter().chain([resource.name.clone()]).collect(),
        source: if is_remote { Source::Charts } else { Source::Here },
        chart,
        version,
        ..Release::default()
    }
}

//! What starts a deployment of `OpenShift`'s `DeploymentConfig` and puts its images in.
//!
//! <https://github.com/openshift/api/blob/master/apps/v1/types.go>: `triggers` of the type `ImageChange` look up a tag
//! of an image stream and write the digest behind it into the containers that they name, so that each revision keeps
//! the very image that it ran.

use super::object::Object;
use crate::extract::Facts;
use crate::model::{Container, Fact, Id};
use crate::source::Span;
use crate::tree::{Node, Text};

/// A container's image that a trigger puts in.
pub(super) struct Put {
    container: Text,
    from: Option<Text>,
    span: Span,
}

/// The images that a workload's triggers put in.
pub(super) fn images(object: &Object<'_>, spec: &Node) -> Vec<Put> {
    let triggers = spec.get("triggers").filter(|_| object.kind == "DeploymentConfig").map_or(&[][..], Node::items);
    let images = triggers.iter().filter(|trigger| trigger.get("type").and_then(Node::as_str) == Some("ImageChange"));
    let put = |trigger: &Node| {
        let params = trigger.get("imageChangeParams")?;
        let from = params.at(&["from", "name"]).and_then(Node::scalar);
        let names = params.get("containerNames").map_or(&[][..], Node::items).iter();
        let named = names.filter_map(Node::scalar);
        Some(named.map(|container| Put { container, from: from.clone(), span: params.span }).collect::<Vec<_>>())
    };
    images.filter_map(put).flatten().collect()
}

/// Says of containers what their triggers put in.
pub(super) fn fill(containers: &[Id<Container>], put: &[Put], facts: &mut Facts) {
    for id in containers {
        let container = &mut facts.model[*id];
        let own = container.name.rsplit('/').next().unwrap_or_default();
        let Some(put) = put.iter().find(|put| put.container == own) else { continue };
        container.image_mutable = Fact::known(false, put.span);
        if container.image.value().is_none_or(|image| image.trim().is_empty())
            && let Some(from) = &put.from
        {
            container.image = Fact::known(from.clone(), put.span);
        }
    }
}

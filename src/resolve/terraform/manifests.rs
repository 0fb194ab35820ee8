//! Kubernetes manifests that Terraform applies, in the form of documents.

use crate::resolve::rendered::Rendered;
use crate::tree::Node;

use super::{Mode, Resource, Root};

/// The documents that the resources of a root apply.
pub(super) fn of(root: &Root) -> Vec<Rendered> {
    let managed = root.resources.iter().filter(|resource| resource.mode == Mode::Managed);
    managed.flat_map(|resource| documents(resource).into_iter().map(|node| place(root, resource, node))).collect()
}

fn documents(resource: &Resource) -> Vec<Node> {
    match resource.type_name.as_str() {
        "kubernetes_manifest" => resource.at("manifest").cloned().into_iter().collect(),
        _ => Vec::new(),
    }
}

fn place(root: &Root, resource: &Resource, node: Node) -> Rendered {
    Rendered {
        source: resource.head.source,
        path: resource.path.clone(),
        span: resource.head,
        node,
        environment: Some(resource.environment.clone()),
        library: root.library,
    }
}

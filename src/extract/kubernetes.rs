//! Kubernetes manifests: documents with `apiVersion` and `kind`, `List`s unpacked. Uses `source`, `tree`, `model`.
//!
//! Read as written: what a chart or a kustomization would render comes from `resolve/` as documents of the same form.
//! Cluster-wide joins (which Service selects which pods, which claim is whose) are for linking.

mod backup;
mod capacity;
mod certificate;
mod claim;
mod container;
mod cronjob;
mod database;
mod datastore;
mod destination;
mod dumped;
mod entrance;
mod monitor;
mod object;
mod operator;
mod reconcile;
mod release;
mod role;
mod rollout;
mod selecting;
mod skaffold;
mod stated;
mod telemetry;
mod trigger;
mod uses;
mod volume;
mod workload;

pub(super) use self::container::{is_moving_tag, mutable as image_changes, tag as image_tag};
use self::object::Object;
pub(super) use self::selecting::selector as label_selector;
pub(super) use self::stated::of_values;
use super::{Facts, Input};
use crate::tree::Node;

/// Adds what the Kubernetes objects of a file say.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    for document in input.document.values() {
        visit(input, document, facts);
    }
}

fn visit(input: &Input<'_>, document: &Node, facts: &mut Facts) {
    skaffold::extract(input, document, facts);
    capacity::scheduler(input, document, facts);
    let Some(kind) = document.get("kind").and_then(Node::as_str) else { return };
    if kind.ends_with("List") && document.get("items").is_some() {
        for item in document.get("items").map_or(&[][..], Node::items) {
            visit(input, item, facts);
        }
        return;
    }
    let Some(object) = Object::read(input, document) else { return };
    entrance::extract(&object, facts);
    entrance::asker(&object, facts);
    entrance::fence(&object, facts);
    match (object.group, object.kind) {
        ("" | "apps" | "batch" | "extensions" | "argoproj.io" | "apps.openshift.io", _)
            if workload::KINDS.contains(&object.kind) =>
        {
            workload::extract(&object, facts);
        }
        ("", "Service") => selecting::service(&object, facts),
        ("", "PersistentVolumeClaim") => claim::claim(&object, facts),
        ("", "PersistentVolume") => claim::volume(&object, facts),
        ("policy", "PodDisruptionBudget") => selecting::budget(&object, facts),
        ("autoscaling", "HorizontalPodAutoscaler") => selecting::autoscaler(&object, facts),
        ("keda.sh", "ScaledObject") => selecting::scaled_object(&object, facts),
        (group, kind) if monitor::KINDS.contains(&(group, kind)) => monitor::extract(&object, facts),
        ("flagger.app", "Canary") => rollout::canary(&object, facts),
        ("argoproj.io", "AnalysisTemplate" | "ClusterAnalysisTemplate") => rollout::analysis(&object, facts),
        ("kafka.strimzi.io", "KafkaNodePool") => operator::node_pool(&object, facts),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => role::role(&object, facts),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => role::binding(&object, facts),
        ("cert-manager.io", "Certificate") => certificate::managed(&object, facts),
        ("", "Secret") => certificate::secret(&object, facts),
        ("", "LimitRange") => capacity::limit_range(&object, facts),
        ("", "ConfigMap") => {
            selecting::configuration(&object, facts);
            reconcile::extract(&object, facts);
        }
        _ => {
            operator::extract(&object, facts);
            release::extract(&object, facts);
            reconcile::extract(&object, facts);
            backup::extract(&object, facts);
            destination::extract(&object, facts);
        }
    }
}

#[cfg(test)]
mod tests;

//! How often `GitOps` controllers look at what they follow: Flux's `Kustomization` and `HelmRelease`, the settings of
//! Argo CD. Uses `model`.
//!
//! Flux acts as soon as its source has seen a new revision, which that does every `spec.interval`
//! (<https://fluxcd.io/flux/components/source/gitrepositories/#interval>); where the source is not here, the object's own
//! `spec.interval` is the bound (<https://fluxcd.io/flux/components/kustomize/kustomizations/#interval>). A release is changed
//! by the `Kustomization` that delivers it, so that it is the source of that which counts. Argo CD looks
//! every `timeout.reconciliation` and up to `timeout.reconciliation.jitter` longer
//! (<https://argo-cd.readthedocs.io/en/stable/faq/>).

use super::object::{Object, optional, text};
use crate::extract::{Facts, duration};
use crate::model::Fact;
use crate::model::rollback::{Polling, Reconciler};
use crate::tree::{Node, Text};

/// The label by which Flux knows what a `Kustomization` delivers.
const DELIVERED_BY: &str = "kustomize.toolkit.fluxcd.io/name";

/// Adds what a controller follows, or how often Argo CD looks.
pub(super) fn extract(object: &Object<'_>, facts: &mut Facts) {
    let source = match (object.group, object.kind) {
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => object.at(&["spec", "sourceRef"]),
        ("helm.toolkit.fluxcd.io", "HelmRelease") => object.at(&["spec", "chart", "spec", "sourceRef"]),
        ("", "ConfigMap") if object.name == "argocd-cm" => {
            let seconds = |key: &str| optional(object.at(&["data", key]), object.head(), text).map(|it| length(&it));
            facts.model.kubernetes.polling.push(Polling {
                seconds: seconds("timeout.reconciliation"),
                jitter: seconds("timeout.reconciliation.jitter"),
                place: object.place.clone(),
            });
            return;
        }
        _ => return,
    };
    let of = |key: &str| source.and_then(|source| source.get(key)).and_then(Node::scalar).unwrap_or_default();
    facts.model.kubernetes.reconcilers.push(Reconciler {
        name: object.name.clone(),
        head: object.head(),
        interval: interval(object),
        source_kind: of("kind"),
        source_name: of("name"),
        parent: object.labels.get(DELIVERED_BY).filter(|_| object.kind == "HelmRelease").and_then(|mark| mark.span),
        place: object.place.clone(),
    });
}

/// `spec.interval` in seconds.
pub(super) fn interval(object: &Object<'_>) -> Fact<i64> {
    let written: Fact<Text> = object.fact(&["spec", "interval"], text);
    written.map(|text| length(&text).unwrap_or_default())
}

#[allow(clippy::cast_possible_truncation, reason = "whole seconds of minutes and hours")]
fn length(text: &str) -> Option<i64> {
    duration::seconds(text).map(|seconds| seconds as i64)
}

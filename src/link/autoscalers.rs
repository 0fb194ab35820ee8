//! Autoscalers → the workloads they scale, and what keeps them from it. Uses `model`.

use std::collections::{BTreeMap, BTreeSet};

use super::kubernetes::same_namespace;
use crate::model::{Autoscaler, Fact, Gap, Id, Model, Workload};
use crate::source::parent;
use crate::tree::{Text, Unknown};

/// Which autoscaler scales which workload.
pub(super) struct Scaled {
    /// The autoscaler of each workload that has one.
    scalers: BTreeMap<Id<Workload>, Id<Autoscaler>>,
    /// What each autoscaler scales.
    targets: BTreeMap<Id<Autoscaler>, Id<Workload>>,
    /// Those that find what they name, if in another environment.
    fitting: BTreeSet<Id<Autoscaler>>,
}

impl Scaled {
    /// Joins autoscalers to workloads by what they name. Of several of one name, as in variants of a deployment of which
    /// one is chosen, those are meant that stand nearest to the autoscaler.
    pub(super) fn new(model: &Model) -> Self {
        let mut named: BTreeMap<&Text, Vec<(Id<Workload>, &Workload)>> = BTreeMap::new();
        for (id, workload) in model.each::<Workload>().filter(|(_, workload)| workload.platform == "kubernetes") {
            named.entry(&workload.plain_name).or_default().push((id, workload));
        }
        let mut scaled = Self { scalers: BTreeMap::new(), targets: BTreeMap::new(), fitting: BTreeSet::new() };
        for (scaler_id, scaler) in model.each::<Autoscaler>() {
            let named = named.get(&scaler.target_name).into_iter().flatten();
            let fitting = named.filter(|(_, workload)| {
                scaler.target_kind == workload.kind && same_namespace(&scaler.namespace, &workload.namespace)
            });
            if fitting.clone().next().is_some() {
                scaled.fitting.insert(scaler_id);
            }
            let here = fitting.filter(|(_, workload)| scaler.place.environment == workload.place.environment);
            let near = |workload: &Workload| common_folders(&workload.place.path, &scaler.place.path);
            let nearest = here.clone().map(|(_, workload)| near(workload)).max();
            for (id, _) in here.filter(|(_, workload)| Some(near(workload)) == nearest) {
                scaled.scalers.entry(*id).or_insert(scaler_id);
                scaled.targets.entry(scaler_id).or_insert(*id);
            }
        }
        scaled
    }

    /// What scales a workload.
    pub(super) fn scaler(&self, workload: Id<Workload>) -> Option<Id<Autoscaler>> {
        self.scalers.get(&workload).copied()
    }
}

/// How many folders two paths share from the root on.
fn common_folders(left: &str, right: &str) -> usize {
    let (left, right) = (parent(left).split('/'), parent(right).split('/'));
    left.zip(right).take_while(|(one, other)| one == other).count()
}

/// A workload of which no copy is wanted is switched off: an HPA leaves it alone. KEDA may start it when there is work.
/// <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation>
pub(super) fn switch_off(model: &mut Model, scaled: &Scaled) {
    for index in 0..model.workloads.len() {
        let id: Id<Workload> = Id::new(index);
        if model[id].scales && model[id].replicas.value() == Some(&0) {
            model[id].off = scaled.scaler(id).is_none_or(|scaler| model[scaler].kind != "ScaledObject");
        }
    }
}

/// Kinds whose manifests are read, so that one that is not there is missing.
const READ: &[&str] = &["Deployment", "StatefulSet", "ReplicaSet", "Rollout", "DeploymentConfig"];

/// Says of autoscalers what they scale, and what keeps them from it.
pub(super) fn judge(model: &mut Model, scaled: &Scaled) {
    for index in 0..model.autoscalers.len() {
        let id: Id<Autoscaler> = Id::new(index);
        let scaler = &model[id];
        let target = scaled.targets.get(&id).copied();
        let obstacle = if scaled.fitting.contains(&id) { None } else { dangling(model, scaler) };
        let obstacle = obstacle.unwrap_or_else(|| obstacle_of(scaler, target.map(|id| &model[id])));
        let service = target.and_then(|id| model[id].service);
        let scaler = &mut model[id];
        (scaler.target, scaler.obstacle, scaler.service) = (target, obstacle, service);
    }
}

/// What it scales is nowhere, unless it stands in what was not read.
fn dangling(model: &Model, scaler: &Autoscaler) -> Option<Fact<Text>> {
    if scaler.target_name.is_empty() || !READ.contains(&scaler.target_kind.as_str()) {
        return None;
    }
    let (kind, name) = (&scaler.target_kind, &scaler.target_name);
    let beside = model.workloads.iter().any(|workload| parent(&workload.place.path) == parent(&scaler.place.path));
    if !beside {
        // What stands alone may scale what a chart from elsewhere installs.
        return Some(Fact::unknown(Unknown::new(
            format!("`{kind}/{name}`, which it scales, is not in these manifests: something else may install it"),
            "audit what installs it together with these manifests",
            scaler.place.span,
        )));
    }
    let gaps = || model.gaps.iter().filter(|gap| gap.hides.kubernetes());
    if let Some(gap) = nearest(gaps(), &scaler.place.path) {
        return Some(Fact::unknown(Unknown::new(
            format!("`{kind}/{name}`, which it scales, may be in {}, which was not read ({})", gap.path, gap.reason),
            "audit the rendered manifests as well",
            scaler.place.span,
        )));
    }
    if gaps().next().is_some() {
        return Some(Fact::unknown(Unknown::new(
            format!("`{kind}/{name}`, which it scales, is not in the audited roots, of which not all was read"),
            "audit what installs it together with these manifests, rendered",
            scaler.place.span,
        )));
    }
    Some(Fact::known(
        compact_str::format_compact!("scales nothing: there is no `{kind}/{name}` in these manifests"),
        scaler.place.span,
    ))
}

/// What was not read and is near enough to a file to hold what that is about: in its folder or the chart it is a template
/// of, in a folder above it or below it. What stands at the root is beside everything, and near nothing else.
fn nearest<'g>(gaps: impl Iterator<Item = &'g Gap>, path: &str) -> Option<&'g Gap> {
    let own = own_folder(path);
    let steps = |gap: &&Gap| {
        let other = own_folder(&gap.path);
        let depth = |folder: &str| folder.matches('/').count();
        let near = other == own || !other.is_empty() && !own.is_empty() && (inside(own, other) || inside(other, own));
        near.then(|| depth(own).abs_diff(depth(other)))
    };
    gaps.filter_map(|gap| Some((steps(&gap)?, gap))).min_by_key(|(steps, _)| *steps).map(|(_, gap)| gap)
}

fn inside(above: &str, folder: &str) -> bool {
    folder.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

/// The folder of a file; of a template that of its chart.
fn own_folder(path: &str) -> &str {
    path.find("/templates/").map_or_else(|| parent(path), |at| &path[..at])
}

fn obstacle_of(scaler: &Autoscaler, target: Option<&Workload>) -> Fact<Text> {
    let (min, max) = (&scaler.min_replicas, &scaler.max_replicas);
    if let (Some(least), Some(most)) = (min.value(), max.value())
        && most <= least
        && *most > 0
    {
        return Fact::known(compact_str::format_compact!("keeps {most} copies, whatever the load"), max.span);
    }
    if let Some(target) = target.filter(|target| target.replicas_written) {
        let obstacle = compact_str::format_compact!(
            "is set back by every deploy: `{}` says itself how many `replicas` it wants",
            target.name
        );
        return Fact::known(obstacle, scaler.place.span);
    }
    let unknown = [min, max].into_iter().find_map(|fact| fact.reason().cloned());
    unknown.map_or_else(|| Fact::absent(scaler.place.span), Fact::unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Hides;
    use crate::source::{SourceId, Span};

    #[test]
    fn what_is_near_may_hold_what_is_missing() {
        let gap = |path: &str| Gap {
            hides: Hides::Kubernetes,
            span: Span::head(SourceId::default()),
            path: path.into(),
            reason: "not rendered".into(),
        };
        let gaps =
            ["tests/data/web.yaml", "shop/mail/Chart.yaml", "shop/kustomization.yaml", "shop/web/Chart.yaml", "x.yaml"];
        let gaps = gaps.map(gap);
        let near = |path: &str| nearest(gaps.iter(), path).map(|gap| gap.path.as_str());
        assert_eq!(near("shop/web/templates/deep/hpa.yaml"), Some("shop/web/Chart.yaml"));
        assert_eq!(near("shop/web/hpa.yaml"), Some("shop/web/Chart.yaml"));
        assert_eq!(near("shop/search/hpa.yaml"), Some("shop/kustomization.yaml"));
        assert_eq!(near("apps/search/hpa.yaml"), None);
        assert_eq!(near("hpa.yaml"), Some("x.yaml"));
    }
}

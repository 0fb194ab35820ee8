//! What runs: the built-in workloads, Argo's Rollout and `OpenShift`'s `DeploymentConfig`.

use super::object::{Object, boolean, int, optional, text};
use super::{capacity, container, cronjob, datastore, rollout, telemetry, trigger, volume};
use crate::extract::Facts;
use crate::model::{Fact, Id, Labels, Workload};
use crate::source::Span;
use crate::tree::{Node, Text, Unknown};

/// The kinds read here.
pub(super) const KINDS: &[&str] =
    &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod", "Rollout", "DeploymentConfig"];

/// Kinds that choose their own number of copies.
const SCALING: &[&str] = &["Deployment", "StatefulSet", "ReplicaSet", "Rollout", "DeploymentConfig"];

/// `revisionHistoryLimit` left out keeps ten revisions (apps/v1, Argo Rollouts, apps.openshift.io/v1).
const DEFAULT_HISTORY: i64 = 10;

/// A pod template with the spec of the workload around it.
pub(super) struct Shape<'a> {
    /// The workload's `spec`; of a Pod, its own.
    pub(super) spec: &'a Node,
    /// The pod's labels.
    labels: Option<&'a Node>,
    /// The pod's annotations.
    annotations: Option<&'a Node>,
    /// The pod's `spec`.
    pub(super) pod: &'a Node,
}

impl<'a> Shape<'a> {
    /// Finds the pod in a workload; nothing in a patch, which names only what it changes.
    fn find(object: &Object<'a>) -> Option<Self> {
        let spec = object.at(&["spec"])?;
        let template = match object.kind {
            "Pod" => object.node,
            "CronJob" => spec.at(&["jobTemplate", "spec", "template"])?,
            _ => spec.get("template")?,
        };
        let shape = Self {
            spec,
            labels: template.at(&["metadata", "labels"]),
            annotations: template.at(&["metadata", "annotations"]),
            pod: template.get("spec")?,
        };
        (!shape.is_patch(object)).then_some(shape)
    }

    /// A selector is required of these kinds, and a schedule of a `CronJob`, so that without one the document is a patch
    /// of another file's. A base whose selector a kustomization adds still names its pods' labels and all its images, or
    /// leaves these to its triggers.
    fn is_patch(&self, object: &Object<'_>) -> bool {
        let containers = self.containers();
        let images = containers.iter().filter(|container| container.get("image").is_some()).count();
        let complete = match object.kind {
            "CronJob" => images > 0 && self.spec.get("schedule").is_some(),
            "Job" | "Pod" => images > 0,
            _ if self.spec.get("selector").is_some() => true,
            _ => {
                let put_in = !trigger::images(object, self.spec).is_empty();
                self.labels.is_some() && (images == containers.len() || put_in)
            }
        };
        containers.is_empty() || !complete
    }

    /// The main containers.
    pub(super) fn containers(&self) -> &'a [Node] {
        self.pod.get("containers").map_or(&[][..], Node::items)
    }

    /// Those that run before the main containers, and these.
    pub(super) fn all_containers(&self) -> Vec<&'a Node> {
        let first = self.pod.get("initContainers").map_or(&[][..], Node::items);
        first.iter().chain(self.containers()).collect()
    }

    /// A `StatefulSet`'s claim templates.
    pub(super) fn claim_templates(&self) -> &'a [Node] {
        self.spec.get("volumeClaimTemplates").map_or(&[][..], Node::items)
    }

    /// The pod's labels.
    pub(super) fn pod_labels(&self) -> Labels {
        Labels::read(self.labels)
    }
}

/// Adds a workload with its containers, the data it keeps, and the backup or restore that it is.
pub(super) fn extract(object: &Object<'_>, facts: &mut Facts) {
    let Some(shape) = Shape::find(object) else { return };
    let volumes = volume::volumes(shape.pod, shape.claim_templates());
    let containers = container::extract(object, shape.pod, facts);
    trigger::fill(&containers, &trigger::images(object, shape.spec), facts);
    let ports = containers.iter().flat_map(|id| facts.model[*id].ports.clone()).collect();
    let (mut uses, configured_by) = super::selecting::used_by(shape.pod);
    let claims = volume::claims(&volumes);
    uses.extend(claims.iter().cloned());
    let replicas = replicas(object, shape.spec);
    let written = shape.spec.get("replicas").is_some_and(|replicas| !replicas.is_null());
    let history = object.fact(&["spec", "revisionHistoryLimit"], int);
    let (template, pod_labels) = (Labels::read(shape.annotations), shape.pod_labels());
    let workload = Workload {
        name: object.title(),
        place: object.place.clone(),
        kind: object.kind.into(),
        platform: Text::const_new("kubernetes"),
        namespace: object.namespace.clone(),
        replicas_omitted: SCALING.contains(&object.kind) && !written,
        replicas_written: written,
        replicas,
        scales: SCALING.contains(&object.kind),
        off: object.kind == "CronJob" && suspended(object).is_true(),
        singleton: singleton(object, &shape, &claims),
        revision_history_limit: if keeps_history(object.kind) { history.or_default(DEFAULT_HISTORY) } else { history },
        containers,
        plain_name: object.name.clone(),
        labels: object.labels.clone(),
        annotations: object.annotations.clone(),
        gitops: gitops(object),
        uses,
        claims,
        account: shape.pod.get("serviceAccountName").and_then(|name| text(name).value().cloned()),
        configured_by,
        ports,
        rollout: rollout::of_workload(object, &shape),
        telemetry: telemetry::of_workload(object, &template, &pod_labels, shape.pod),
        traced: telemetry::traced(object, &template, &pod_labels, shape.pod),
        spread: capacity::spread(shape.pod, &pod_labels, &object.namespace, object.head()),
        drains: capacity::drains(shape.pod, object.head()),
        pod_labels,
        ..Workload::default()
    };
    let id = facts.model.add(workload);
    keep(object, &shape, &volumes, id, facts);
}

/// The marks by which `GitOps` controllers know what they deliver, and who they are.
const DELIVERED: &[(&str, &str)] = &[
    ("kustomize.toolkit.fluxcd.io/name", "flux"),
    ("helm.toolkit.fluxcd.io/name", "flux"),
    ("argocd.argoproj.io/tracking-id", "argocd"),
    ("argocd.argoproj.io/instance", "argocd"),
];

/// Which controller keeps an object as Git says.
pub(super) fn gitops(object: &Object<'_>) -> Fact<Text> {
    let marked = DELIVERED.iter().find_map(|(key, tool)| {
        let mark = object.labels.get(key).or_else(|| object.annotations.get(key))?;
        Some(Fact::known(Text::const_new(tool), mark.span))
    });
    marked.unwrap_or_else(|| Fact::absent(object.head()))
}

/// Jobs copy or restore data; the others keep it.
fn keep(object: &Object<'_>, shape: &Shape<'_>, volumes: &[volume::Volume], id: Id<Workload>, facts: &mut Facts) {
    match object.kind {
        "CronJob" | "Job" => cronjob::extract(object, shape, id, facts),
        "DaemonSet" => {}
        _ => datastore::of_workload(object, shape, volumes, id, facts),
    }
}

fn keeps_history(kind: &str) -> bool {
    matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "Rollout" | "DeploymentConfig")
}

/// Left out, it is one; a kind that does not scale has none. `DeploymentConfig` has no default for it: what serves it says
/// so by hand or leaves it as it was.
fn replicas(object: &Object<'_>, spec: &Node) -> Fact<i64> {
    if !SCALING.contains(&object.kind) {
        return Fact::absent(object.head());
    }
    let written = optional(spec.get("replicas"), object.head(), int);
    if object.kind == "DeploymentConfig" { written } else { written.or_default(1) }
}

/// Whether the workload says that only one copy of it may run.
fn singleton(object: &Object<'_>, shape: &Shape<'_>, claims: &[Fact<Text>]) -> Fact<bool> {
    for labels in [&object.labels, &object.annotations] {
        if let Some(fact) = labels.get("twoam.dev/singleton") {
            return fact.clone().map(|value| value == "true");
        }
    }
    let recreate = shape.spec.at(&["strategy", "type"]).filter(|kind| kind.as_str() == Some("Recreate"));
    if let Some(recreate) = recreate.filter(|_| !claims.is_empty()) {
        return Fact::known(true, recreate.span);
    }
    let claimed = |container| leader_election(container).or_else(|| compacts(container));
    match shape.containers().iter().find_map(claimed) {
        Some(elects) => elects,
        None => Fact::known(false, object.head()),
    }
}

/// The argument by which a controller elects a leader (`--leader-elect`, `--enable-leader-election`, and their
/// variants), unless it says no.
fn leader_election(container: &Node) -> Option<Fact<bool>> {
    ["command", "args"].iter().flat_map(|list| container.get(list).map_or(&[][..], Node::items)).find_map(|argument| {
        let flag = argument.as_str()?.trim_start_matches('-');
        let (name, value) = flag.split_once('=').unwrap_or((flag, "true"));
        let named =
            matches!(name, "leader-elect" | "leader-election" | "enable-leader-election" | "leader-election-id");
        (named && value != "false").then(|| Fact::known(true, argument.span))
    })
}

/// The argument that makes a process the compactor of Thanos or Loki, of which a bucket bears only one: two at once
/// corrupt its blocks, or race for its marks.
/// <https://thanos.io/tip/components/compact.md/>, <https://grafana.com/docs/loki/latest/get-started/components/#compactor>
fn compacts(container: &Node) -> Option<Fact<bool>> {
    let called = |key: &&str| {
        let node = container.get(key)?;
        node.scalar().or_else(|| node.as_unknown()?.partial.as_deref().map(Text::from))
    };
    let of = |program: &str| ["image", "name"].iter().filter_map(called).any(|name| name.contains(program));
    let mut arguments = ["command", "args"].iter().flat_map(|list| container.get(list).map_or(&[][..], Node::items));
    let found = arguments.find(|argument| match argument.as_str().map(|it| it.trim_start_matches('-')) {
        Some("compact") => of("thanos"),
        Some("target=compactor") => of("loki"),
        _ => false,
    });
    found.map(|argument| Fact::known(true, argument.span))
}

/// Whether a scheduled workload is switched off.
pub(super) fn suspended(object: &Object<'_>) -> Fact<bool> {
    object.fact(&["spec", "suspend"], boolean).or_default(false)
}

/// What cannot be known of a container's data because its volume is declared nowhere here.
pub(super) fn undeclared(mount: &str, span: Span) -> Unknown {
    Unknown::new(
        format!("the volume mounted at `{mount}` is not declared in this manifest"),
        "audit the rendered manifests as well",
        span,
    )
}

/// A scalar below the object's `spec`, as text.
pub(super) fn spec_text(object: &Object<'_>, path: &[&str]) -> Fact<Text> {
    let below = object.at(&["spec"]).and_then(|spec| spec.at(path));
    optional(below, object.head(), text)
}

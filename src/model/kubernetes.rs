//! Kubernetes objects that matter for what they select: they are joined to workloads and never judged by themselves.

use serde::Serialize;

use super::release::SourceObject;
use super::rollout::Canary;
use super::schema::{Fact, Labels};
use super::{Environment, Place};
use crate::source::Span;
use crate::tree::Text;

/// The objects of all files.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Objects {
    /// `Service`.
    pub services: Vec<NetworkService>,
    /// `PodDisruptionBudget`.
    pub budgets: Vec<DisruptionBudget>,
    /// `LimitRange`: its limits of containers.
    pub limit_ranges: Vec<LimitRange>,
    /// Where a scheduler is told to spread pods that do not say how.
    pub spread_defaults: Vec<Place>,
    /// Flagger's `Canary`.
    pub canaries: Vec<Canary>,
    /// What lets callers from outside in.
    pub entrances: Vec<Entrance>,
    /// What asks every entrance of a kind.
    pub askers: Vec<Asker>,
    /// What lets only callers of the own network through an entrance.
    pub fences: Vec<Fence>,
    /// `Role` and `ClusterRole`, for what they let change by name.
    pub roles: Vec<Role>,
    /// `RoleBinding` and `ClusterRoleBinding`.
    pub bindings: Vec<RoleBinding>,
    /// `AnalysisTemplate` and `ClusterAnalysisTemplate` of Argo Rollouts.
    pub analyses: Vec<Analysis>,
    /// `KafkaNodePool` of Strimzi, where its brokers keep their data in their pods.
    pub node_pools: Vec<NodePool>,
    /// `PersistentVolumeClaim` that stands alone: name, namespace, labels.
    pub claims: Vec<Claim>,
    /// `PersistentVolume` that was made by hand.
    pub volumes: Vec<PersistentVolume>,
    /// `ConfigMap`s that name hosts and other things that workloads use.
    pub configurations: Vec<Configuration>,
    /// Images whose tag a kustomization or a build tool sets.
    pub images: Vec<ImageOverride>,
    /// Where backup tools keep copies.
    pub stores: Vec<Store>,
    /// Where Flux takes charts and folders from.
    pub sources: Vec<SourceObject>,
    /// What Flux delivers, and how often it looks.
    pub reconcilers: Vec<super::rollback::Reconciler>,
    /// How often Argo CD looks, where that is set.
    pub polling: Vec<super::rollback::Polling>,
}

impl Objects {
    /// Appends the objects of another file.
    pub fn absorb(&mut self, other: Objects) {
        self.services.extend(other.services);
        self.budgets.extend(other.budgets);
        self.limit_ranges.extend(other.limit_ranges);
        self.spread_defaults.extend(other.spread_defaults);
        self.canaries.extend(other.canaries);
        self.entrances.extend(other.entrances);
        self.askers.extend(other.askers);
        self.fences.extend(other.fences);
        self.roles.extend(other.roles);
        self.bindings.extend(other.bindings);
        self.analyses.extend(other.analyses);
        self.node_pools.extend(other.node_pools);
        self.claims.extend(other.claims);
        self.volumes.extend(other.volumes);
        self.configurations.extend(other.configurations);
        self.images.extend(other.images);
        self.stores.extend(other.stores);
        self.sources.extend(other.sources);
        self.reconcilers.extend(other.reconcilers);
        self.polling.extend(other.polling);
    }

    /// What Flux calls by a kind and a name: where the same is rendered for several environments, that of this one.
    pub fn source(&self, kind: &str, name: &str, environment: &Environment) -> Option<&SourceObject> {
        let named = self.sources.iter().filter(|source| source.kind == kind && source.name == name);
        named.min_by_key(|source| source.place.environment != *environment)
    }
}

/// Where a backup tool keeps copies: Velero's `BackupStorageLocation`, the Barman plugin's `ObjectStore`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Store {
    /// Its kind.
    pub kind: Text,
    /// Its name.
    pub name: Text,
    /// Its namespace.
    pub namespace: Fact<Text>,
    /// Whether it is meant where none is named.
    pub default: bool,
    /// The bucket, as it says.
    pub destination: Fact<Text>,
    /// How long copies are kept there, in days.
    pub retention_days: Fact<f64>,
    /// Where.
    pub place: Place,
}

/// A label selector, as Kubernetes evaluates it: all of it must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Selector {
    /// `key = value`.
    pub labels: Vec<(Text, Text)>,
    /// `matchExpressions`.
    pub expressions: Vec<Requirement>,
    /// Whether a part of it is not known, so that it may or may not match.
    pub uncertain: bool,
}

/// One entry of `matchExpressions`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Requirement {
    /// The label.
    pub key: Text,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: Text,
    /// The values of `In` and `NotIn`.
    pub values: Vec<Text>,
}

impl Selector {
    /// Whether it asks for nothing, and so matches everything of its kind.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.expressions.is_empty()
    }

    /// Whether it matches these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.labels.iter().all(|(key, value)| labels.value(key) == Some(value.as_str()))
            && self.expressions.iter().all(|requirement| requirement.matches(labels))
    }
}

impl Requirement {
    /// Whether it holds of these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.value(&self.key);
        let listed = || value.is_some_and(|value| self.values.iter().any(|item| item == value));
        match self.operator.as_str() {
            "In" => listed(),
            "NotIn" => !listed(),
            "Exists" => labels.get(&self.key).is_some(),
            "DoesNotExist" => labels.get(&self.key).is_none(),
            _ => false,
        }
    }
}

/// A `Service`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NetworkService {
    /// `metadata.name`.
    pub name: Text,
    /// `metadata.namespace`.
    pub namespace: Fact<Text>,
    /// Labels of the object, which monitors select.
    pub labels: Labels,
    /// Which pods it sends traffic to; empty for one without selector.
    pub selector: Selector,
    /// Its ports: name, number and target (name or number).
    pub ports: Vec<ServicePort>,
    /// Where it says that what it leads to is to be scraped, when it does (`prometheus.io/scrape`).
    pub scraped: Option<Span>,
    /// Where.
    pub place: Place,
}

/// A port of a `Service`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ServicePort {
    /// The name, or empty.
    pub name: Text,
    /// The port.
    pub port: Option<i64>,
    /// The target port: a number or a name as text; the port itself when left out.
    pub target: Text,
}

/// A `PodDisruptionBudget`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DisruptionBudget {
    /// `metadata.name`.
    pub name: Text,
    /// `metadata.namespace`.
    pub namespace: Fact<Text>,
    /// Which pods.
    pub selector: Selector,
    /// `minAvailable`: a count or a percentage, as text.
    pub min_available: Fact<Text>,
    /// `maxUnavailable`: a count or a percentage, as text.
    pub max_unavailable: Fact<Text>,
    /// Where.
    pub place: Place,
}

/// What a `LimitRange` gives containers that say nothing themselves.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LimitRange {
    /// `metadata.namespace`.
    pub namespace: Fact<Text>,
    /// The processor time they ask for.
    pub cpu_request: Fact<Text>,
    /// The memory they ask for.
    pub memory_request: Fact<Text>,
    /// The most memory they may use.
    pub memory_limit: Fact<Text>,
    /// Where.
    pub place: Place,
}

/// The names of a kustomization file, in the order kustomize tries them.
pub const KUSTOMIZATIONS: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What lets callers from outside of the cluster reach Services: an ingress, a route of a gateway, a load balancer.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Entrance {
    /// Whether it only answers callers of the own network.
    pub inside: bool,
    /// The hosts it answers for.
    pub hosts: Vec<Text>,
    /// Its kind in lower case: `httproute`, `ingress`, `service`.
    pub kind: Text,
    /// `metadata.name`.
    pub name: Text,
    /// Where it says that a tool is to ask it from outside, when it does.
    pub probed: Option<Span>,
    /// Whether it says that none is to.
    pub left_out: bool,
    /// The Services it leads to.
    pub backends: Vec<Text>,
    /// `metadata.namespace`.
    pub namespace: Fact<Text>,
    /// Where.
    pub place: Place,
}

/// A tool that asks every entrance of a kind, without being told of each.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Asker {
    /// The kind in lower case.
    pub kind: Text,
    /// Where it is told so.
    pub place: Place,
}

/// A policy that lets only callers of the own network through an entrance.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Fence {
    /// The kind of the entrance in lower case, and its name.
    pub around: (Text, Text),
    /// `metadata.namespace`, of both.
    pub namespace: Fact<Text>,
    /// Where.
    pub place: Place,
}

/// A `Role` or a `ClusterRole`, for the objects by which whoever has it may elect a leader.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Role {
    /// Its kind.
    pub kind: Text,
    /// `metadata.name`.
    pub name: Text,
    /// `metadata.namespace`, of a `Role`.
    pub namespace: Fact<Text>,
    /// The names of the leases, the config maps and the endpoints that it may change, where it names them, with where.
    pub changes: Vec<(Text, Span)>,
    /// Where.
    pub place: Place,
}

/// A `RoleBinding` or a `ClusterRoleBinding`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RoleBinding {
    /// The kind of the role that it gives, and its name.
    pub role: (Text, Text),
    /// `metadata.namespace`, of a `RoleBinding`: a `Role` is of the same.
    pub namespace: Fact<Text>,
    /// The service accounts that have it: names and namespaces.
    pub accounts: Vec<(Text, Fact<Text>)>,
    /// Where.
    pub place: Place,
}

/// A template of what judges a new version.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Analysis {
    /// `metadata.name`.
    pub name: Text,
    /// `metadata.namespace`; nothing for one that holds in the whole cluster.
    pub namespace: Option<Fact<Text>>,
    /// How long its slowest metric takes, in seconds; nothing where it has no end, or that is not known.
    pub seconds: Option<i64>,
    /// Where.
    pub place: Place,
}

/// Brokers of a Kafka cluster that lose their data with their pods.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NodePool {
    /// The cluster.
    pub cluster: Text,
    /// `metadata.namespace`.
    pub namespace: Fact<Text>,
    /// Where that is said.
    pub ephemeral: Span,
    /// Where.
    pub place: Place,
}

/// A `PersistentVolumeClaim`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Claim {
    /// `metadata.name`.
    pub name: Text,
    /// `metadata.namespace`.
    pub namespace: Fact<Text>,
    /// Its labels.
    pub labels: Labels,
    /// How it may be mounted: `ReadWriteOnce`, `ReadWriteMany`, …
    pub access_modes: Vec<Text>,
    /// The volume it asks for by name.
    pub volume: Option<Text>,
    /// The labels of volumes it asks for.
    pub selector: Selector,
    /// The claim it begins as a copy of.
    pub clones: Fact<Text>,
    /// Where.
    pub place: Place,
}

/// A `PersistentVolume` that was made by hand, for a claim to be bound to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PersistentVolume {
    /// `metadata.name`; volumes stand in no namespace.
    pub name: Text,
    /// Its labels, which claims select.
    pub labels: Labels,
    /// The claim it is kept for (`claimRef`).
    pub claimed_by: Option<Text>,
    /// What outside of the cluster keeps what is written to it: `nas.example:/exports`, a disk; none for a directory of a
    /// node.
    pub share: Option<Text>,
    /// Whether it is mounted for reading only.
    pub read_only: Fact<bool>,
    /// Where.
    pub place: Place,
}

impl PersistentVolume {
    /// Whether a claim is bound to it.
    pub fn binds(&self, claim: &Claim) -> bool {
        self.place.environment == claim.place.environment
            && (claim.volume.as_ref() == Some(&self.name)
                || self.claimed_by.as_ref() == Some(&claim.name)
                || !claim.selector.is_empty() && claim.selector.matches(&self.labels))
    }
}

impl Claim {
    /// Whether only one node can mount it.
    pub fn one_node(&self) -> bool {
        !self.access_modes.is_empty()
            && self.access_modes.iter().all(|mode| matches!(mode.as_str(), "ReadWriteOnce" | "ReadWriteOncePod"))
    }
}

/// A `ConfigMap`, for what its values name.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Configuration {
    /// `metadata.name`.
    pub name: Text,
    /// `metadata.namespace`.
    pub namespace: Fact<Text>,
    /// Hosts, buckets and databases that its values name.
    pub uses: Vec<Fact<Text>>,
    /// Where.
    pub place: Place,
}

/// An image whose tag is set outside the manifest that names it: an artifact
/// that Skaffold builds. It holds for the files that the folder of its own file draws in.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ImageOverride {
    /// The image as manifests name it, without tag.
    pub name: Text,
    /// The name it is given instead.
    pub new_name: Option<Text>,
    /// Whether the tag it is given can move; absent when only the name changes.
    pub mutable: Fact<bool>,
    /// Where.
    pub place: Place,
}

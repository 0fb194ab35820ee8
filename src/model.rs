//! The nouns of a readiness audit as plain data: what extractors fill in, linking joins and rules read.
//! Uses `source` and `tree`.
//!
//! `extract/` makes a [`Model`] of each file with the raw facts; they are put together in path order, and `link/` adds
//! the services, the references between nouns and the facts that only the whole shows.

pub mod alert;
pub mod autoscaler;
pub mod certificate;
pub mod dashboard;
pub mod datastore;
pub mod duration;
pub mod environment;
pub mod kubernetes;
pub mod log_store;
pub mod loss;
pub mod matching;
pub mod migration;
pub mod monitor;
pub mod objective;
pub mod oncall;
pub mod owners;
pub mod pool;
pub mod postmortem;
pub mod practice;
pub mod probe;
pub mod queue;
pub mod release;
pub mod rollback;
pub mod rollout;
pub mod routing;
pub mod runbook;
pub mod schedule;
pub mod schema;
pub mod service;
pub mod signal;
pub mod surroundings;
pub mod workload;

use std::marker::PhantomData;

use serde::Serialize;

pub use alert::{Alert, RunbookReference};
pub use autoscaler::Autoscaler;
pub use certificate::Certificate;
pub use dashboard::Dashboard;
pub use datastore::{Backup, BackupState, Coverage, Datastore, Home, RestoreTest};
pub use environment::{Environment, Environments};
pub use log_store::LogStore;
pub use loss::DataLoss;
pub use migration::Migration;
pub use monitor::Monitor;
pub use objective::Objective;
pub use oncall::{EscalationPolicy, PagingService, Schedule};
pub use owners::{OwnerSyntax, Owners};
pub use pool::Pool;
pub use postmortem::PostMortem;
pub use practice::{Deployment, Drill, Experiment, OwnerPattern, Standby};
pub use probe::Probe;
pub use queue::Queue;
pub use release::Release;
pub use rollback::RollbackPath;
pub use rollout::Rollout;
pub use routing::{Delivery, Inhibition, Receiver, Route, Routing};
pub use runbook::{Command, DocumentLink, Mention, RecoveryObjective, Runbook};
pub use schema::{Fact, Labels, State};
pub use service::{Member, Service};
pub use signal::{Signal, Signals};
pub use workload::{Budget, Container, Front, Workload};

use std::sync::Arc;

use crate::source::{SourceId, Span};
use crate::tree::{Text, Unknown};

/// Where a noun is declared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// What a finding about the whole thing underlines: its head, not its body.
    pub span: Span,
    /// The path of the file, as shown.
    pub path: Text,
    /// The environment it is declared for.
    pub environment: Environment,
    /// Whether it is part of a reusable module or chart that nothing here calls: it is not judged.
    pub library: bool,
    /// Where a module that several calls share declares it; the place itself is then our own call.
    pub shared: Option<Shared>,
    /// The folder that is applied, for what Terraform declares.
    #[serde(skip)]
    pub root: Text,
    /// Why it is not known to be made at all: what is missing from a thing that may not exist is no gap yet.
    pub doubt: Option<Box<Unknown>>,
}

/// Where a shared module declares something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shared {
    /// The head of what is declared.
    pub head: Span,
    /// The call in the root that leads to it.
    pub call: Span,
    /// The files of all modules that several calls share, sorted: what is decided in them is decided for each.
    #[serde(skip)]
    pub files: Arc<[SourceId]>,
}

/// The number of a noun in its list.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Id<T> {
    index: u32,
    #[serde(skip)]
    kind: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// The id of the noun at an index of its list.
    pub fn new(index: usize) -> Self {
        Self { index: u32::try_from(index).unwrap_or(u32::MAX), kind: PhantomData }
    }

    /// The index in its list.
    pub fn index(self) -> usize {
        self.index as usize
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.index.cmp(&other.index)
    }
}
impl<T> std::fmt::Debug for Id<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "#{}", self.index)
    }
}

/// A noun: something that a rule may be about.
pub trait Noun: schema::Object + Sized + 'static {
    /// Its vocabulary.
    fn described() -> &'static schema::Kind;
    /// The list that holds it.
    fn arena(model: &Model) -> &Vec<Self>;
    /// The list that holds it, to change.
    fn arena_mut(model: &mut Model) -> &mut Vec<Self>;
    /// The name a person knows it by.
    fn name(&self) -> &str;
    /// Where it is declared.
    fn place(&self) -> &Place;
    /// The service it belongs to.
    fn service(&self) -> Option<Id<Service>>;
}

/// Everything known of the audited roots.
#[derive(Debug, Default, Serialize)]
pub struct Model {
    /// The services; none before linking.
    pub services: Vec<Service>,
    /// What runs.
    pub workloads: Vec<Workload>,
    /// The containers of the workloads.
    pub containers: Vec<Container>,
    /// What keeps data.
    pub datastores: Vec<Datastore>,
    /// Schedules and plans that copy data.
    pub backups: Vec<Backup>,
    /// Restore tests, planned or held.
    pub restore_tests: Vec<RestoreTest>,
    /// What traffic or load is spread over.
    pub pools: Vec<Pool>,
    /// What changes how many copies of a workload run.
    pub autoscalers: Vec<Autoscaler>,
    /// What collects measurements.
    pub monitors: Vec<Monitor>,
    /// What asks from outside whether something answers.
    pub probes: Vec<Probe>,
    /// Queues.
    pub queues: Vec<Queue>,
    /// Certificates.
    pub certificates: Vec<Certificate>,
    /// Dashboards.
    pub dashboards: Vec<Dashboard>,
    /// Where logs are kept.
    pub log_stores: Vec<LogStore>,
    /// What tells somebody of backups that fail.
    pub notices: Vec<Notice>,
    /// Tags of everything that Terraform makes, for plans that select by tag.
    pub tagged: Tagged,
    /// Alerts and alarms.
    pub alerts: Vec<Alert>,
    /// Runbooks and procedures.
    pub runbooks: Vec<Runbook>,
    /// Links that someone in an incident would follow.
    pub links: Vec<DocumentLink>,
    /// Commands on runbooks.
    pub commands: Vec<Command>,
    /// What tools install from charts and folders.
    pub releases: Vec<Release>,
    /// Ways to ship.
    pub deployments: Vec<Deployment>,
    /// Changes of databases that deploys carry out.
    pub migrations: Vec<Migration>,
    /// Service level objectives.
    pub objectives: Vec<Objective>,
    /// Drills held.
    pub drills: Vec<Drill>,
    /// Experiments that break something on purpose.
    pub experiments: Vec<Experiment>,
    /// What stands by to take over.
    pub standbys: Vec<Standby>,
    /// Records of what broke.
    pub post_mortems: Vec<PostMortem>,
    /// Lines of CODEOWNERS.
    pub owner_patterns: Vec<OwnerPattern>,
    /// Configurations that route alerts; none before linking.
    pub routings: Vec<Routing>,
    /// Their routes; none before linking.
    pub routes: Vec<Route>,
    /// Where alerts end.
    pub receivers: Vec<Receiver>,
    /// Which alerts silence which; none before linking.
    pub inhibitions: Vec<Inhibition>,
    /// Services of paging tools.
    pub paging_services: Vec<PagingService>,
    /// Escalation policies.
    pub escalation_policies: Vec<EscalationPolicy>,
    /// Rotas.
    pub schedules: Vec<Schedule>,
    /// Routing as files declare it.
    pub routing: routing::Declarations,
    /// Kubernetes objects that only matter for what they select.
    pub kubernetes: kubernetes::Objects,
    /// Declarations of services in catalogues (Backstage and the like).
    pub catalogue: Vec<service::CatalogueEntry>,
    /// What stands around pages: their sites, their repositories, what their commands call.
    pub surroundings: surroundings::Surroundings,
    /// What the audit did not read, by what it may have held.
    pub gaps: Vec<Gap>,
    /// What the project asks of itself.
    pub targets: Targets,
}

impl Model {
    /// Adds a noun and gives its id.
    pub fn add<T: Noun>(&mut self, noun: T) -> Id<T> {
        let list = T::arena_mut(self);
        list.push(noun);
        Id::new(list.len() - 1)
    }

    /// Every noun of a kind with its id.
    pub fn each<T: Noun>(&self) -> impl Iterator<Item = (Id<T>, &T)> {
        T::arena(self).iter().enumerate().map(|(index, noun)| (Id::new(index), noun))
    }

    /// Appends the facts of another file. References between them are by id, and are moved along.
    pub fn absorb(&mut self, other: Model) {
        let workload_base = self.workloads.len();
        let container_base = self.containers.len();
        let alert_base = self.alerts.len();
        let runbook_base = self.runbooks.len();
        self.workloads.extend(other.workloads.into_iter().map(|mut workload| {
            for container in &mut workload.containers {
                *container = Id::new(container.index() + container_base);
            }
            workload
        }));
        self.containers.extend(other.containers.into_iter().map(|mut container| {
            container.workload = container.workload.map(|id| Id::new(id.index() + workload_base));
            container
        }));
        self.links.extend(other.links.into_iter().map(|mut link| {
            link.alert = link.alert.map(|id| Id::new(id.index() + alert_base));
            link.runbook = link.runbook.map(|id| Id::new(id.index() + runbook_base));
            link
        }));
        self.commands.extend(other.commands.into_iter().map(|mut command| {
            command.runbook = command.runbook.map(|id| Id::new(id.index() + runbook_base));
            command
        }));
        self.datastores.extend(other.datastores.into_iter().map(|mut datastore| {
            datastore.workload = datastore.workload.map(|id| Id::new(id.index() + workload_base));
            datastore
        }));
        self.services.extend(other.services);
        self.backups.extend(other.backups);
        self.restore_tests.extend(other.restore_tests);
        self.pools.extend(other.pools);
        self.autoscalers.extend(other.autoscalers);
        self.monitors.extend(other.monitors);
        self.probes.extend(other.probes);
        self.queues.extend(other.queues);
        self.certificates.extend(other.certificates);
        self.dashboards.extend(other.dashboards);
        self.log_stores.extend(other.log_stores);
        self.notices.extend(other.notices);
        self.tagged.pairs.extend(other.tagged.pairs);
        for (key, open) in other.tagged.open {
            self.tagged.open.entry(key).or_default().extend(open);
        }
        self.tagged.unknown = self.tagged.unknown.take().or(other.tagged.unknown);
        self.alerts.extend(other.alerts);
        self.runbooks.extend(other.runbooks);
        self.releases.extend(other.releases);
        self.deployments.extend(other.deployments);
        self.migrations.extend(other.migrations);
        self.objectives.extend(other.objectives);
        self.drills.extend(other.drills);
        self.experiments.extend(other.experiments);
        self.standbys.extend(other.standbys);
        self.post_mortems.extend(other.post_mortems);
        self.owner_patterns.extend(other.owner_patterns);
        self.receivers.extend(other.receivers);
        self.paging_services.extend(other.paging_services);
        self.escalation_policies.extend(other.escalation_policies);
        self.schedules.extend(other.schedules);
        self.routing.absorb(other.routing);
        self.kubernetes.absorb(other.kubernetes);
        self.catalogue.extend(other.catalogue);
        self.surroundings.absorb(other.surroundings);
        self.gaps.extend(other.gaps);
    }
}

impl Model {
    /// Joins claims with the workloads that mount them: once for the whole repository, before anything refers to a
    /// datastore by id. A claim mounted by a workload whose data is a datastore already (a database and its volume) is
    /// that datastore, and goes, leaving it its names and labels: backups may know it by those. Any other gets the workload
    /// it is mounted by. A workload that mounts a claim which
    /// only one node can mount is a singleton.
    pub fn settle_claims(&mut self) {
        let Self { workloads, datastores, kubernetes, .. } = self;
        let mounts = |workload: &Workload, name: &str, namespace: &Fact<Text>, environment: &Environment| {
            workload.namespace.value() == namespace.value()
                && workload.place.environment == *environment
                && workload.claims.iter().any(|claim| claim.value().is_some_and(|claim| claim == name))
        };
        for claim in kubernetes.claims.iter().filter(|claim| claim.one_node()) {
            for workload in workloads.iter_mut().filter(|workload| workload.scales && workload.kind != "StatefulSet") {
                if mounts(workload, &claim.name, &claim.namespace, &claim.place.environment) {
                    workload.singleton = Fact::known(true, claim.place.span);
                }
            }
        }
        let owners: Vec<Id<Workload>> = datastores.iter().filter_map(|datastore| datastore.workload).collect();
        let mut left: Vec<(Id<Workload>, Vec<Text>, Labels)> = Vec::new();
        datastores.retain_mut(|datastore| {
            if datastore.type_name != "PersistentVolumeClaim" {
                return true;
            }
            let Some(name) = datastore.names.first() else { return true };
            let mut mounting = workloads
                .iter()
                .enumerate()
                .filter(|(_, workload)| mounts(workload, name, &datastore.namespace, &datastore.place.environment));
            let ids: Vec<Id<Workload>> = mounting.by_ref().map(|(index, _)| Id::new(index)).collect();
            datastore.workload = datastore.workload.or(ids.first().copied());
            let Some(owner) = ids.iter().find(|id| owners.contains(id)) else { return true };
            left.push((*owner, std::mem::take(&mut datastore.names), std::mem::take(&mut datastore.tags)));
            false
        });
        for (owner, names, Labels(tags)) in left {
            for datastore in datastores.iter_mut().filter(|datastore| datastore.workload == Some(owner)) {
                datastore.names.extend(names.iter().cloned());
                for (key, value) in &tags {
                    if datastore.tags.get(key).is_none() {
                        datastore.tags.0.push((key.clone(), value.clone()));
                    }
                }
            }
        }
    }
}

impl<T: Noun> std::ops::Index<Id<T>> for Model {
    type Output = T;
    fn index(&self, id: Id<T>) -> &T {
        &T::arena(self)[id.index()]
    }
}

impl<T: Noun> std::ops::IndexMut<Id<T>> for Model {
    fn index_mut(&mut self, id: Id<T>) -> &mut T {
        &mut T::arena_mut(self)[id.index()]
    }
}

/// Something outside of alerting rules that tells somebody when backups of a tool fail: a vault's notifications, a rule
/// on its events.
#[derive(Clone, Debug, Serialize)]
pub struct Notice {
    /// The tool, as backups name it: `aws-backup`; `aws-backup-restore` for its restore tests.
    pub tool: Text,
    /// Where it is declared.
    pub span: Span,
}

/// Tags of everything that Terraform makes.
#[derive(Debug, Default, Serialize)]
pub struct Tagged {
    /// Keys and values.
    pub pairs: std::collections::BTreeSet<(Text, Text)>,
    /// Tags of what a plan may select whose values are not known, by their keys.
    pub open: std::collections::BTreeMap<Text, Vec<crate::tree::Unknown>>,
    /// Why there may be more tags, where there may.
    pub unknown: Option<crate::tree::Unknown>,
}

schema::facts! {
    /// What the project asks of itself, from `twoam.toml`.
    part Targets as "targets" {
        /// How long backups must be kept at least, in days.
        retention_days: f64,
        /// The day of the audit (`2026-11-25`), to hold dates against.
        today: Text,
    } plain {}
}

/// Something that was there and could not be read as what it is: an unrendered template, an encrypted file, a module
/// that is not in the repository. What it may have held is unknown, not absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gap {
    /// What kind of facts it may have held.
    pub hides: Hides,
    /// Where it stands.
    pub span: Span,
    /// The path of the file.
    pub path: Text,
    /// Why it was not read: "Helm template, not rendered".
    pub reason: Text,
}

/// What a [`Gap`] may have held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Hides {
    /// Kubernetes objects, alerts among them.
    Kubernetes,
    /// Kubernetes objects of a monitoring stack, whose alerts are about everything that runs in a cluster.
    Monitoring,
    /// Terraform resources.
    Terraform,
    /// What Terraform's variables are given, and so any number of resources.
    Values,
    /// Alerting rules.
    Alerts,
    /// Pipelines.
    Pipelines,
    /// What Secrets hold: nothing that is judged.
    Secrets,
}

/// Names of charts and repositories that bring rules for every pod, or send all series to where others keep such rules.
/// <https://github.com/prometheus-community/helm-charts/tree/main/charts/kube-prometheus-stack>,
/// <https://github.com/VictoriaMetrics/helm-charts/tree/master/charts/victoria-metrics-k8s-stack>,
/// <https://github.com/grafana/k8s-monitoring-helm>
const STACKS: &[&str] =
    &["k8s-monitoring", "kube-prometheus", "prometheus-operator", "rancher-monitoring", "victoria-metrics-k8s-stack"];

/// Words in the addresses of folders elsewhere that hold what watches a cluster.
const WATCHING: &[&str] = &["alerting", "alerts", "monitoring", "o11y", "observability", "prometheusrules"];

impl Hides {
    /// What objects of Kubernetes may be that were not read, by the words that say where they are: the name of a chart,
    /// the address of a folder. A file of definitions (CRDs) watches nothing.
    pub fn in_cluster(words: &str) -> Self {
        let lower = words.to_ascii_lowercase();
        let defines = lower.contains("crd") || lower.contains("monitoring.coreos.com");
        let is_word = |word: &str| WATCHING.contains(&word);
        let watches = STACKS.iter().any(|name| lower.contains(name))
            || lower.contains("://") && lower.split(|c: char| !c.is_ascii_alphanumeric()).any(is_word);
        if watches && !defines { Self::Monitoring } else { Self::Kubernetes }
    }

    /// Whether objects of Kubernetes may be among them.
    pub fn kubernetes(self) -> bool {
        matches!(self, Self::Kubernetes | Self::Monitoring)
    }
}

//! What runs: Kubernetes workloads, ECS services, functions.

use super::schema::{Fact, Labels, facts};
use super::{Id, Rollout};
use crate::tree::{Text, Unknown};

facts! {
    /// Something that runs: a Deployment, `StatefulSet`, Rollout, ECS service, function.
    noun Workload as "workload" in workloads {
        /// Its kind as its platform calls it: `Deployment`, `StatefulSet`, `aws_ecs_service`.
        kind: Text,
        /// `kubernetes`, `ecs`, `lambda`, `cloud-run`.
        platform: Text,
        /// Kubernetes namespace, where one is named.
        namespace: Fact<Text>,
        /// How many copies run at least: replicas, or the minimum of the autoscaler that targets it.
        replicas: Fact<i64>,
        /// Whether it runs until it ends (Job, `CronJob`) or on every node (`DaemonSet`): its copies are not its own choice.
        scales: bool,
        /// Whether it says that only one copy may run (leader election, a volume that one node mounts, a label).
        singleton: Fact<bool>,
        /// Whether it measures, operates, loads or carries other workloads rather than serving anyone: an exporter, an
        /// operator, a load generator, a driver that runs on every node.
        helper: bool,
        /// Whether its pods do nothing but hold room for others (`pause`), and are there to be evicted.
        placeholder: bool,
        /// Whether it is switched off: no copy is wanted and no autoscaler asks for one, or its schedule is suspended.
        off: bool,
        /// Whether a Kubernetes Service, ingress or load balancer sends it traffic.
        serves: bool,
        /// How many old revisions are kept to go back to.
        revision_history_limit: Fact<i64>,
        /// The disruption budgets that select it, as one.
        budget: Budget,
        /// Whether its copies are asked to stand apart: a topology spread constraint, or an anti-affinity to itself.
        spread: Fact<bool>,
        /// Whether it is given a moment between being told to end and refusing requests: a hook before it is stopped, or a
        /// setting of the program that says so.
        drains: Fact<bool>,
        /// Whether a failed deploy is rolled back by the platform (ECS circuit breaker or alarms).
        auto_rollback: Fact<bool>,
        /// Whether callers reach one version of it through an alias, so that going back is one change (functions).
        has_alias: Fact<bool>,
        /// Whether another system deploys it and rolls it back (`CodeDeploy`, an external controller).
        deployed_elsewhere: Fact<bool>,
        /// Whether an alert would tell that it failed, of a `CronJob`; absent of anything else, and where no alert
        /// is meant for jobs at large.
        failure_alerted: Fact<bool>,
        /// How a new version replaces the one before.
        rollout: Rollout,
        /// Which `GitOps` controller keeps it as Git says (`flux`, `argocd`), so that a revert there rolls it back; null
        /// where none is known to.
        gitops: Fact<Text>,
        /// Whether a runbook says in writing that faults are mended forwards, and how.
        forward_only: Fact<bool>,
        /// Its containers.
        containers: Vec<Id<Container>>,
    } plain {
        /// The workload's own name, without its kind.
        plain_name: Text,
        /// Labels of its pods, which selectors match.
        pod_labels: Labels,
        /// Labels of the object.
        labels: Labels,
        /// Annotations of the object.
        annotations: Labels,
        /// Names of claims, claim templates and hosts it names in its environment, by which datastores are found.
        uses: Vec<Fact<Text>>,
        /// What stands before it and carries its callers to it: load balancers, their target groups, gateways of APIs.
        fronts: Vec<Front>,
        /// Names of the claims it mounts, those of its own templates left out.
        claims: Vec<Fact<Text>>,
        /// The service account it runs as, where it names one.
        account: Option<Text>,
        /// Names of the `ConfigMaps` its environment is read from.
        configured_by: Vec<Text>,
        /// Where it says itself that it is measured: an annotation that asks to be scraped, a setting that sends
        /// measurements somewhere.
        telemetry: Option<crate::source::Span>,
        /// Whether it says itself that its requests are traced.
        traced: Fact<bool>,
        /// Names of the containers' ports, and their numbers.
        ports: Vec<(Text, Option<i64>)>,
        /// Whether replicas was left out, and an autoscaler may own it.
        replicas_omitted: bool,
        /// Whether a manifest says how many copies there are, whatever an autoscaler wants.
        replicas_written: bool,
        /// Why nothing is known of its pods: the chart that makes them was not read, and this stands for them.
        unread: Option<Unread>,
    }
}

impl Workload {
    /// Whether it runs until it ends, once or by a schedule.
    pub fn is_job(&self) -> bool {
        matches!(self.kind.as_str(), "Job" | "CronJob")
    }

    /// The known value of a label, of its pods before its own.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.pod_labels.value(key).or_else(|| self.labels.value(key))
    }

    /// Whether Terraform applies it, so that it comes back as it is written there.
    pub fn is_of_terraform(&self) -> bool {
        let path = self.place.path.as_str();
        [".tf", ".tofu", ".tf.json"].iter().any(|ending| path.ends_with(ending))
    }
}

/// What carries callers to a workload, and is not part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Front {
    /// The folder of the root that declares it.
    pub root: Text,
    /// Its address there.
    pub address: Text,
    /// Its own name; empty where it has none that is known.
    pub name: Text,
}

/// What a workload stands for whose objects were not read.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Unread {
    /// What is missing.
    pub why: Unknown,
    /// Whether it is a part of the platform.
    pub platform_part: bool,
}

facts! {
    /// What disruption budgets (`PodDisruptionBudget`) promise for a workload.
    part Budget as "budget" {
        /// Whether any selects it.
        exists: Fact<bool>,
        /// Whether it forbids every voluntary eviction, so that a node can never be drained.
        blocks_drain: Fact<bool>,
        /// How many select it; more than one makes evictions fail.
        count: i64,
        /// The budget as declared: `minAvailable: 2`.
        declared: Fact<Text>,
    } plain {}
}

facts! {
    /// One container of a workload.
    noun Container as "container" in containers {
        /// The image reference.
        image: Fact<Text>,
        /// Whether the reference can name another image tomorrow: no tag, or a tag that moves (`latest`, `main`).
        image_mutable: Fact<bool>,
        /// Whether it runs beside the main ones until they end, or before them (init container).
        init: bool,
        /// Whether a Kubernetes Service sends traffic to one of its ports.
        serves: bool,
        /// Whether it only gives measurements, or guards the port where others give them.
        telemetry: bool,
        /// Whether it declares a readiness probe.
        readiness_probe: Fact<bool>,
        /// Whether its liveness probe asks the program just what its readiness probe asks, and is as patient.
        identical_probes: Fact<bool>,
        /// Whether it is an init container that goes on beside the main ones (`restartPolicy: Always`).
        sidecar: bool,
        /// How much processor time it asks for; a limit without a request asks for as much.
        cpu_request: Fact<Text>,
        /// How much memory it asks for; a limit without a request asks for as much.
        memory_request: Fact<Text>,
        /// The most memory it may use.
        memory_limit: Fact<Text>,
        /// The workload it is part of.
        workload: Option<Id<Workload>>,
    } plain {
        /// Its ports: name and number.
        ports: Vec<(Text, Option<i64>)>,
        /// The probes it declares, as the kubelet's measurements call them: `Startup`, `Readiness`, `Liveness`.
        probes: Vec<Text>,
    }
}

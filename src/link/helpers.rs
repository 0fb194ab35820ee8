//! Workloads that help others: exporters and collectors, operators, load generators, the plumbing of nodes (drivers of
//! volumes, networks and devices), pods that only hold room for others. Nobody is called because one of
//! them is down by itself, no customer notices, and they are shipped by whoever runs the platform, so the questions
//! that are asked of a service (who is paged, which page do they open, how is it rolled back, was it in a drill) are
//! not asked of them, nor how many copies of one run: two exporters give every series twice, an operator that starts
//! again takes up where it left off. What is wrong with them otherwise (a moving image, a budget that blocks) is said.
//!
//! They are recognised by the names that their projects give them, in the image or in the workload's own name.

use crate::model::{Container, Id, Model, Workload};

/// Collectors, adapters and proxies of measurements whose names do not say so by themselves.
const TELEMETRY: &[&str] = &[
    "alloy",
    "cadvisor",
    "configmap-reload",
    "configmap-reloader",
    "datadog-agent",
    "filebeat",
    "fluent-bit",
    "fluentd",
    "k8s-prometheus-adapter",
    "kube-rbac-proxy",
    "kube-state-metrics",
    "metricbeat",
    "metrics-server",
    "module-configmap-reloader",
    "node-problem-detector",
    "opentelemetry-collector",
    "opentelemetry-collector-contrib",
    "opentelemetry-collector-k8s",
    "otel-collector",
    "otelcol",
    "prometheus-adapter",
    "prometheus-config-reloader",
    "prometheus-to-sd",
    "promtail",
    "pushgateway",
    "telegraf",
];

/// Collectors of logs and measurements that are run once for each place that they send to: `filebeat-audit`.
const COLLECTORS: &[&str] = &[
    "filebeat",
    "fluent-bit",
    "fluentbit",
    "fluentd",
    "logstash",
    "metricbeat",
    "otel-collector",
    "promtail",
    "telegraf",
];

/// Controllers whose names do not say so by themselves: what they did stays done while they are away.
const OPERATORS: &[&str] =
    &["cert-manager-cainjector", "cluster-autoscaler", "descheduler", "external-dns", "reloader"];

/// Tools that make load.
const LOAD_TOOLS: &[&str] =
    &["gatling", "jmeter", "k6", "load-generator", "load-test", "loadgen", "loadgenerator", "loadtest", "locust"];

/// Drivers of volumes, networks and devices that run on every node, whose names do not say so by themselves. Whoever
/// runs the cluster installs them with it.
const PLUMBING: &[&str] = &[
    "aws-node",
    "calico-node",
    "cilium",
    "cilium-envoy",
    "flannel",
    "kindnet",
    "kube-flannel",
    "kube-flannel-ds",
    "kube-multus-ds",
    "kube-proxy",
    "kube-router",
    "multus",
    "node-feature-discovery",
    "node-local-dns",
    "nodelocaldns",
    "nvidia-container-toolkit-daemonset",
    "spegel",
    "weave-net",
];

/// Endings of such names.
const PLUMBING_ENDINGS: &[&str] =
    &["-cni", "-csi", "-csi-driver", "-csi-node", "-device-plugin", "-device-plugin-daemonset", "-gpu-plugin"];

/// The namespace that a cluster keeps for itself.
const OF_THE_CLUSTER: &str = "kube-system";

/// The image of pods that do nothing but be there.
const PLACEHOLDER: &str = "pause";

/// Whether the name is that of a driver of volumes, networks or devices.
fn is_plumbing(name: &str) -> bool {
    name.starts_with("csi-") || PLUMBING.contains(&name) || PLUMBING_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// What tries the alerting itself: it fires test alarms, and nobody but the drill misses it.
const DRILLS: &[&str] = &["fire-drill", "alert-drill", "alarm-drill", "pager-drill", "gameday", "game-day"];

/// Whether the name is that of something that measures, or passes measurements on.
fn is_telemetry(name: &str) -> bool {
    let collects =
        |collector: &&str| name.strip_prefix(*collector).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    name.ends_with("exporter") || TELEMETRY.contains(&name) || COLLECTORS.iter().any(collects)
}

fn is_helper(name: &str) -> bool {
    let operates = name.ends_with("-operator") || name.ends_with("controller-manager") || OPERATORS.contains(&name);
    let drills = DRILLS.iter().any(|drill| name.ends_with(drill));
    is_telemetry(name) || operates || drills || LOAD_TOOLS.contains(&name)
}

/// The name in an image reference, without registry, tag and digest, as other names are written.
pub(super) fn of_image(reference: &str) -> String {
    let reference = reference.split('@').next().unwrap_or(reference);
    let last = reference.rsplit('/').next().unwrap_or(reference);
    last.split(':').next().unwrap_or(last).to_ascii_lowercase().replace('_', "-")
}

/// The name in the tag of an image, where one repository holds the images of many programs: `images:filebeat-8.1.2`.
fn of_tag(reference: &str) -> Option<String> {
    let last = reference.split('@').next()?.rsplit('/').next()?;
    let (name, version) = last.split_once(':')?.1.rsplit_once('-')?;
    let is_version = version.trim_start_matches('v').starts_with(|it: char| it.is_ascii_digit());
    is_version.then(|| name.to_ascii_lowercase())
}

/// Marks what helps others.
pub(super) fn mark(model: &mut Model) {
    for container in &mut model.containers {
        let image = container.image.value().map(|image| of_image(image)).unwrap_or_default();
        let own_name = container.name.rsplit('/').next().unwrap_or_default();
        let tag = container.image.value().and_then(|image| of_tag(image)).unwrap_or_default();
        container.telemetry = [image.as_str(), own_name, tag.as_str()].into_iter().any(is_telemetry);
    }
    for index in 0..model.workloads.len() {
        let id: Id<Workload> = Id::new(index);
        let placeholder = holds_room(model, id);
        let helper = placeholder || helps(model, id);
        let workload = &mut model[id];
        (workload.placeholder, workload.helper) = (placeholder, helper);
    }
}

/// Whether its pods do nothing: they are evicted when others need their room. One that prepares its node first, and
/// pauses, has done something.
/// <https://kubernetes.io/docs/tasks/administer-cluster/node-overprovisioning/>
fn holds_room(model: &Model, id: Id<Workload>) -> bool {
    let mut all = model[id].containers.iter().map(|id| &model[*id]).peekable();
    all.peek().is_some()
        && all.all(|it| it.ports.is_empty() && it.image.value().is_some_and(|image| of_image(image) == PLACEHOLDER))
}

/// Whether its name says so, or the image of every container that runs beside the others until the end; of one whose chart
/// was not read, whether that is a part of the platform.
fn helps(model: &Model, id: Id<Workload>) -> bool {
    let workload = &model[id];
    let name = workload.plain_name.to_ascii_lowercase().replace('_', "-");
    let on_every_node = workload.kind == "DaemonSet";
    let platform_part = workload.unread.as_ref().is_some_and(|unread| unread.platform_part);
    if platform_part || is_helper(&name) || on_every_node && is_plumbing(&name) {
        return true;
    }
    // What runs on every node for the cluster itself, and answers nobody.
    if on_every_node && !workload.serves && workload.namespace.value().is_some_and(|it| it == OF_THE_CLUSTER) {
        return true;
    }
    let helping = |container: &Container| {
        container.telemetry || container.image.value().is_some_and(|image| is_helper(&of_image(image)))
    };
    let mut main = workload.containers.iter().map(|id| &model[*id]).filter(|container| !container.init).peekable();
    main.peek().is_some() && main.all(helping)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_helps() {
        for name in [
            "blackbox-exporter",
            "kube-state-metrics",
            "pgpool-operator",
            "loadgenerator",
            "external-dns",
            "alarm-fire-drill",
            "filebeat-audit",
            "logstash",
        ] {
            assert!(is_helper(name), "{name}");
        }
        for name in [
            "frontend",
            "ingress-nginx-controller",
            "exporter-api",
            "operator-console",
            "load-balancer",
            "grafana",
            "fluentdom",
        ] {
            assert!(!is_helper(name), "{name}");
        }
        for name in ["generic-device-plugin", "csi-nfs-node", "ebs-csi-node", "aws-node", "intel-gpu-plugin"] {
            assert!(is_plumbing(name), "{name}");
        }
        for name in ["traefik", "csidra", "device-plugin-console"] {
            assert!(!is_plumbing(name), "{name}");
        }
        assert_eq!(of_tag("ghcr.io/example/images:filebeat-8.1.2").as_deref(), Some("filebeat"));
        assert_eq!(of_tag("ghcr.io/example/images:2024-filebeat"), None);
        assert_eq!(of_image("quay.io:443/prometheuscommunity/postgres_exporter:v1@sha256:00"), "postgres-exporter");
    }
}

//! What tools install from charts and folders: releases of Helm, and what `GitOps` controllers follow. Uses
//! `model::schema`.

use serde::Serialize;

use super::Place;
use super::schema::{Fact, Labels, facts};
use crate::tree::{Text, Unknown};

facts! {
    /// What a tool installs from a chart or a folder: a `HelmRelease`, a source of an Argo CD `Application`, a
    /// `helm_release`, a release of a helmfile, a `helm upgrade` in a pipeline.
    noun Release as "release" in releases {
        /// `flux`, `argocd`, `terraform`, `helmfile` or `helm`.
        tool: Text,
        /// What is installed: the chart's name, or the folder.
        chart: Fact<Text>,
        /// Which version or revision it asks for, as written; absent where it asks for none.
        version: Fact<Text>,
        /// Whether what it asks for may be another one tomorrow though nobody changes anything here; null where it is
        /// this repository that it follows.
        moves: Fact<bool>,
        /// Whether an upgrade that fails goes back by itself, or is tried again on purpose; null where its tool has no
        /// such notion.
        goes_back: Fact<bool>,
        /// Whether an upgrade waits until what it installs is ready; null where its tool has no such notion.
        waits: Fact<bool>,
        /// How many revisions of it are kept, 0 for all: with 1 there is none to go back to. Null where its tool has no
        /// such notion.
        max_history: Fact<i64>,
        /// Whether it installs a part of the platform (an operator, definitions, ingress, monitoring) rather than a
        /// service.
        platform_part: bool,
        /// Whether a runbook says in writing that faults are mended forwards, and how.
        forward_only: Fact<bool>,
    } plain {
        /// Names by which its service is found.
        names: Vec<Text>,
        /// Where what it installs comes from.
        source: Source,
        /// What it says itself of what a chart is to make, where its tool keeps a cluster as Git says.
        stated: Option<Box<Stated>>,
        /// The helmfile that installs it.
        helmfile: Option<Box<OfHelmfile>>,
    }
}

/// What a release says itself of what it installs: all that is known where its chart is not here.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stated {
    /// The namespace it goes to.
    pub namespace: Fact<Text>,
    /// The labels of the object that asks for it.
    pub labels: Labels,
    /// Its annotations.
    pub annotations: Labels,
    /// The controller that keeps it as Git says, and where that is said.
    pub controller: Fact<Text>,
    /// Whether the controller is told to leave it alone.
    pub suspended: bool,
    /// Whether its values say that it runs now and then, and ends.
    pub scheduled: bool,
    /// Images that its values name in full, by what they are for.
    pub images: Vec<StatedImage>,
    /// How many copies its values ask for.
    pub replicas: Fact<i64>,
    /// Whether they ask that these stand apart; absent where they say nothing of it.
    pub spread: Fact<bool>,
    /// The hosts it is to answer for.
    pub hosts: Vec<Text>,
    /// Whether it is to answer callers of the own network only.
    pub inside: bool,
}

/// How a helmfile installs a release.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OfHelmfile {
    /// The path of the helmfile that is applied: the outermost, where others are included.
    pub path: Text,
    /// The folder of its chart, where that is here.
    pub folder: Text,
    /// The labels by which it is selected, its name, namespace and chart among them.
    pub labels: Vec<(Text, Text)>,
}

/// A helmfile that a command ships, or a part of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Applied {
    /// The file, or the folder it stands in; nothing where only a run knows it.
    pub path: Option<Text>,
    /// What is selected of it (`tier=web,name!=search`), each for more; all of it where nothing is.
    pub selectors: Vec<Text>,
}

impl Applied {
    /// Whether a release is one of those that are selected. What only a run knows selects nothing for certain.
    pub fn selects(&self, release: &OfHelmfile) -> bool {
        let holds = |condition: &str| {
            let (key, value, wanted) = match condition.split_once("!=") {
                Some((key, value)) => (key, value, false),
                None => match condition.split_once('=') {
                    Some((key, value)) => (key, value.trim_start_matches('='), true),
                    None => return false,
                },
            };
            let known = !value.contains(['$', '{']);
            let has = release.labels.iter().any(|(own, label)| own == key.trim() && label == value.trim());
            known && has == wanted
        };
        self.selectors.is_empty() || self.selectors.iter().any(|selector| selector.split(',').all(holds))
    }
}

/// An image that the values of a release name.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StatedImage {
    /// The part of the values it stands in.
    pub part: Text,
    /// The reference.
    pub image: Fact<Text>,
    /// Whether that can name another image tomorrow.
    pub mutable: Fact<bool>,
}

/// Where what a release installs comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub enum Source {
    /// From this repository, or from where nothing says.
    #[default]
    Here,
    /// From a repository of charts.
    Charts,
    /// From a Git repository at this address, the folder in it.
    Git {
        /// The address.
        url: Fact<Text>,
        /// The folder.
        folder: Text,
    },
    /// From what another object names.
    Named {
        /// Its kind: `GitRepository`, `OCIRepository`.
        kind: Text,
        /// Its name.
        name: Text,
        /// The folder in it, or the chart.
        folder: Text,
    },
}

/// An object that says where Flux takes something from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceObject {
    /// `GitRepository` or `OCIRepository`.
    pub kind: Text,
    /// Its name.
    pub name: Text,
    /// Its namespace.
    pub namespace: Fact<Text>,
    /// The address.
    pub url: Fact<Text>,
    /// Which version or revision of it.
    pub version: Fact<Text>,
    /// Whether that may be another one tomorrow.
    pub moves: Fact<bool>,
    /// How often it is looked at, in seconds.
    pub interval: Fact<i64>,
    /// Where.
    pub place: Place,
}

/// Group and kind of the object that stands for a chart which another depends on and which is not here: `spec.chart`,
/// `spec.version` and `spec.values`, as that says them.
pub const UNREAD_CHART: (&str, &str) = ("helm.sh", "Release");

/// Whether a version that is asked of a repository of charts may be another one tomorrow: none at all is the newest, and
/// so is the newest within a range. <https://helm.sh/docs/chart_best_practices/dependencies/#versions>
pub fn moves(version: &str) -> bool {
    let version = version.trim();
    version.is_empty()
        || version.eq_ignore_ascii_case("latest")
        || version.contains(['*', '>', '<', '^', '~', '|'])
        || version.split(['.', ' ']).any(|part| part.eq_ignore_ascii_case("x"))
}

/// Whether a revision of a Git repository may be another one tomorrow: `HEAD` and branches are, tags and commits are not.
/// Which of both a name is that only looks a little like a version, nothing says.
pub fn revision_moves(revision: &str) -> Result<bool, Unknown> {
    let revision = revision.trim();
    if revision.is_empty() || revision == "HEAD" || revision.starts_with("refs/heads/") {
        return Ok(true);
    }
    let is_commit = (7..=40).contains(&revision.len()) && revision.chars().all(|letter| letter.is_ascii_hexdigit());
    if is_commit && revision.contains(|letter: char| letter.is_ascii_digit()) || revision.starts_with("refs/tags/") {
        return Ok(false);
    }
    if moves(revision) {
        return Ok(true);
    }
    if !revision.contains(|letter: char| letter.is_ascii_digit()) {
        return Ok(true);
    }
    let last = revision.rsplit(['/', '-']).next().unwrap_or(revision);
    let last = last.strip_prefix(['v', 'V']).unwrap_or(last);
    let is_version = last.contains('.') && last.split('.').all(|part| part.starts_with(|it: char| it.is_ascii_digit()));
    let is_number = revision.strip_prefix(['v', 'V']).is_some_and(|rest| rest.chars().all(|it| it.is_ascii_digit()));
    if is_version || is_number {
        return Ok(false);
    }
    let reason = format!("whether `{revision}` is a branch or a tag is not said");
    Err(Unknown::new(reason, "name a tag or a commit", None))
}

/// Charts of what a cluster is made of, whose names do not say so by themselves.
const PLATFORM: &[&str] = &[
    "actions-runner-controller",
    "argo-cd",
    "argo-events",
    "argo-rollouts",
    "argo-workflows",
    "argocd",
    "aws-ebs-csi-driver",
    "aws-efs-csi-driver",
    "cert-manager",
    "cilium",
    "cloudnative-pg",
    "cluster-autoscaler",
    "connect",
    "contour",
    "coredns",
    "cost-analyzer",
    "crossplane",
    "datadog",
    "descheduler",
    "external-dns",
    "external-dns-chart",
    "external-secrets",
    "falco",
    "flagger",
    "fluent-bit",
    "fluentbit-log",
    "flux-instance",
    "flux2",
    "gatekeeper",
    "gateway-helm",
    "gha-runner-scale-set",
    "goldilocks",
    "grafana-dashboards",
    "haproxy-ingress",
    "ingress-nginx",
    "istiod",
    "jaeger",
    "k8tz",
    "karpenter",
    "keda",
    "kgateway",
    "kiali-server",
    "kube-green",
    "kube-prometheus-stack",
    "kube-slack",
    "kube-state-metrics",
    "kubefed",
    "kubelet-csr-approver",
    "kubernetes-dashboard",
    "kured",
    "kyverno",
    "linkerd-control-plane",
    "linkerd-viz",
    "litmus",
    "litmus-core",
    "local-path-provisioner",
    "loki",
    "loki-distributed",
    "loki-stack",
    "longhorn",
    "metallb",
    "metrics-server",
    "mimir-distributed",
    "multus",
    "neuvector",
    "nginx-ingress",
    "node-feature-discovery",
    "node-problem-detector",
    "nri-bundle",
    "nvidia-device-plugin",
    "opencost",
    "openebs",
    "opentelemetry-collector",
    "origin-ca-issuer",
    "piraeus",
    "plugin-barman-cloud",
    "polaris",
    "policy-reporter",
    "prometheus",
    "prometheus-adapter",
    "promtail",
    "pyroscope",
    "reloader",
    "rook-ceph",
    "rook-ceph-cluster",
    "sealed-secrets",
    "secrets-store-csi-driver",
    "sloth",
    "snapshot-controller",
    "spegel",
    "tempo",
    "tempo-distributed",
    "thanos",
    "topolvm",
    "traefik",
    "trivy-operator",
    "trust-manager",
    "vault",
    "vector",
    "velero",
    "vertical-pod-autoscaler",
    "victoria-logs-single",
    "victoria-metrics-cluster",
    "victoria-metrics-k8s-stack",
    "victoria-metrics-single",
    "volsync",
    "vpa",
    "workload-identity-webhook",
];

/// Ends of the names of such charts.
const PLATFORM_ENDS: &[&str] = &[
    "-agent",
    "-collector",
    "-controller",
    "-crd",
    "-crds",
    "-driver",
    "-driver-chart",
    "-drivers",
    "-exporter",
    "-operator",
];

/// Whether a chart is known to be part of a platform.
pub fn is_platform_part(chart: &str) -> bool {
    let name = chart.trim_end_matches('/').rsplit('/').next().unwrap_or(chart).to_ascii_lowercase();
    let name = name.split([':', '@']).next().unwrap_or_default();
    PLATFORM.contains(&name)
        || PLATFORM_ENDS.iter().any(|end| name.ends_with(end))
        || name.split('-').any(|part| matches!(part, "csi" | "istio"))
}

/// Namespaces of what a cluster is made of, beside those that end in `-system`.
const PLATFORM_NAMESPACES: &[&str] = &[
    "argocd",
    "cert-manager",
    "external-secrets",
    "istio-ingress",
    "monitoring",
    "o11y",
    "observability",
    "openebs",
    "rook-ceph",
    "velero",
];

/// Whether what runs in a namespace is part of a platform.
pub fn is_platform_namespace(namespace: &str) -> bool {
    namespace.ends_with("-system") || PLATFORM_NAMESPACES.contains(&namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_charts_move() {
        for version in ["", "*", ">=1.0.0", "^1.2.0", "~1.2", "1.x", "6.5.*", "latest", ">1 <2"] {
            assert!(moves(version), "{version}");
        }
        for version in ["1.2.3", "v1.14.2", "0.9.0-rc.1", "2.1.0+build.5", "25.11"] {
            assert!(!moves(version), "{version}");
        }
    }

    #[test]
    fn selectors_choose_releases_by_their_labels() {
        let labels = [("name", "web"), ("namespace", "shop"), ("tier", "front")];
        let labels = labels.map(|(key, value)| (key.into(), value.into())).to_vec();
        let web = OfHelmfile { labels, ..OfHelmfile::default() };
        let selects = |selectors: &[&str]| {
            let selectors = selectors.iter().map(|selector| Text::from(*selector)).collect();
            Applied { path: None, selectors }.selects(&web)
        };
        assert!(selects(&[]) && selects(&["name=web"]) && selects(&["name==web"]) && selects(&["a=b", "tier=front"]));
        assert!(selects(&["app!=search,tier!=crd"]) && selects(&["namespace=shop,name=web"]));
        for selector in ["name=search", "tier!=front", "name=web,tier=crd", "app=$APP", "app!=${{ inputs.app }}"] {
            assert!(!selects(&[selector]), "{selector}");
        }
    }

    #[test]
    fn branches_move_and_tags_do_not() {
        for revision in ["", "HEAD", "main", "master", "production", "feature/x", "v1.*", "refs/heads/v1.2.3"] {
            assert_eq!(revision_moves(revision), Ok(true), "{revision}");
        }
        for revision in ["v1.2.3", "1.2.3", "chart-1.4.0", "release/2026.11", "4f2c1de", "refs/tags/prod", "v3"] {
            assert_eq!(revision_moves(revision), Ok(false), "{revision}");
        }
        assert!(revision_moves("release-7").is_err());
    }

    #[test]
    fn parts_of_the_platform_are_known() {
        assert!(is_platform_part("oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack"));
        assert!(is_platform_part("cloudnative-pg-operator") && is_platform_part("jetstack/cert-manager"));
        assert!(is_platform_part("cert-manager-istio-csr") && is_platform_part("democratic-csi"));
        assert!(!is_platform_part("charts/checkout") && !is_platform_part("app-template"));
        assert!(is_platform_namespace("kube-system") && !is_platform_namespace("shop"));
    }
}

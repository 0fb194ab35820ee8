//! What a measurement tells of a service: the four golden signals of
//! <https://sre.google/sre-book/monitoring-distributed-systems/>, and whether it is there at all. Uses `model::schema`.
//!
//! A series is told by its name and by the matchers of its outcome (`code=~"5.."`), as naming conventions have it:
//! <https://prometheus.io/docs/practices/naming/>, `OpenTelemetry`'s semantic conventions, and the names that widely used
//! exporters give. What a name does not tell is no signal.

pub mod cloud;

use serde::Serialize;

use super::schema::{Datum, Property, Shape, View};
use super::{Model, schema};
use crate::model::Fact;
use crate::tree::Text;

/// One kind of thing that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// It is not there, or not ready.
    Availability,
    /// It answers wrongly.
    Errors,
    /// It answers late.
    Latency,
    /// It is asked less, or more, than it should be.
    Traffic,
    /// It is nearly full.
    Saturation,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Availability, Self::Errors, Self::Latency, Self::Traffic, Self::Saturation];

    /// Its name in rules and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Availability => "availability",
            Self::Errors => "errors",
            Self::Latency => "latency",
            Self::Traffic => "traffic",
            Self::Saturation => "saturation",
        }
    }
}

impl Property for Vec<Signal> {
    const SHAPE: Shape = Shape::Texts;
    fn view<'a>(&'a self, _: &'a Model) -> View<'a> {
        View::from(Datum::List(self.iter().map(|signal| View::from(Datum::Text(signal.name().into()))).collect()))
    }
}

schema::facts! {
    /// Which signals of something are alerted on, each by the first alert that wakes someone, or else that does.
    part Signals as "signals" {
        /// Whether an alert says that it is not there.
        availability: Fact<bool>,
        /// Whether an alert says that it answers wrongly.
        errors: Fact<bool>,
        /// Whether an alert says that it answers late.
        latency: Fact<bool>,
        /// Whether an alert says that it is asked too little or too much.
        traffic: Fact<bool>,
        /// Whether an alert says that it is nearly full.
        saturation: Fact<bool>,
        /// Those that are alerted on.
        alerted: Vec<Signal>,
        /// Those for which someone is woken.
        paged: Vec<Signal>,
        /// Of what its users notice, what no alert would tell: "errors and latency"; absent where nothing is missing.
        unnoticed: Fact<Text>,
    } plain {}
}

/// The outcome that a matcher selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Only what went wrong.
    Bad,
    /// Only what went well.
    Good,
}

/// Labels that carry how something went: HTTP and gRPC status, and words for it.
const OUTCOME_LABELS: &[&str] = &[
    "code",
    "code_class",
    "envoy_response_code",
    "envoy_response_code_class",
    "error",
    "error_code",
    "error_type",
    "exit_code",
    "grpc_code",
    "grpc_status",
    "http_code",
    "http_response_status_code",
    "http_status",
    "http_status_code",
    "level",
    "log_level",
    "loglevel",
    "outcome",
    "rcode",
    "response_code",
    "response_code_class",
    "response_status",
    "result",
    "rpc_grpc_status_code",
    "status",
    "status_class",
    "status_code",
    "status_group",
    "statuscode",
    "success",
];

/// Words for what went wrong; gRPC's codes among them (<https://grpc.io/docs/guides/status-codes/>).
const BAD: &[&str] = &[
    "aborted",
    "critical",
    "data_loss",
    "dataloss",
    "deadline_exceeded",
    "deadlineexceeded",
    "err",
    "error",
    "errored",
    "errors",
    "fail",
    "failed",
    "failure",
    "false",
    "fatal",
    "internal",
    "rejected",
    "resource_exhausted",
    "resourceexhausted",
    "servererror",
    "server_error",
    "servfail",
    "timeout",
    "unavailable",
    "unimplemented",
    "unknown",
];

/// Words for what went well.
const GOOD: &[&str] =
    &["accepted", "completed", "done", "noerror", "ok", "passed", "succeeded", "success", "successful", "true"];

/// What a matcher (label, operator, value) selects by outcome; nothing where it selects both, or says nothing of it.
pub fn outcome(label: &str, operator: &str, value: &str) -> Option<Outcome> {
    if !OUTCOME_LABELS.contains(&label.to_ascii_lowercase().as_str()) {
        return None;
    }
    // What an error is called is empty where there is none.
    if value.is_empty() && label.starts_with("error") {
        return Some(if operator.starts_with('!') { Outcome::Bad } else { Outcome::Good });
    }
    let plain = value.trim_matches(['^', '$', '(', ')', '?', ':']);
    let mut alternatives = plain.split('|').map(|alternative| named(label, alternative));
    let first = alternatives.next().flatten()?;
    if alternatives.any(|other| other != Some(first)) {
        return None;
    }
    let selected = match (operator.starts_with('!'), first) {
        (false, Outcome::Bad) | (true, Outcome::Good) => Outcome::Bad,
        (false, Outcome::Good) | (true, Outcome::Bad) => Outcome::Good,
    };
    Some(selected)
}

/// What one value, or one alternative of a pattern, is: by its first digit, or by its word.
fn named(label: &str, value: &str) -> Option<Outcome> {
    let value = value.trim_matches(['^', '$', '(', ')', '?', ':']).to_ascii_lowercase();
    // `success="false"` is bad, and so is `error="true"`.
    if label.starts_with("error") {
        return match value.as_str() {
            "true" | "1" | ".+" => Some(Outcome::Bad),
            "false" | "0" | "none" => Some(Outcome::Good),
            word => BAD.contains(&word).then_some(Outcome::Bad),
        };
    }
    if label == "exit_code" {
        return (value == "0").then_some(Outcome::Good);
    }
    if BAD.contains(&value.as_str()) {
        return Some(Outcome::Bad);
    }
    if GOOD.contains(&value.as_str()) {
        return Some(Outcome::Good);
    }
    let digits = |text: &str| {
        text.bytes().all(|byte| {
            matches!(
                byte,
                b'0'..=b'9' | b'.' | b'x' | b'*' | b'+' | b'd' | b'\\' | b'[' | b']' | b'-' | b'^' | b'{' | b'}'
            )
        })
    };
    let class = value.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (firsts, rest) = match class {
        Some((class, rest)) => (class, rest),
        None => value.split_at_checked(1)?,
    };
    if firsts.is_empty() || rest.is_empty() || !digits(rest) {
        return None;
    }
    if firsts.bytes().all(|byte| matches!(byte, b'4' | b'5' | b'-')) {
        return Some(Outcome::Bad);
    }
    firsts.bytes().all(|byte| matches!(byte, b'1'..=b'3' | b'-')).then_some(Outcome::Good)
}

/// What the names of particular series tell, the first prefix that fits: those of kube-state-metrics
/// (<https://github.com/kubernetes/kube-state-metrics/tree/main/docs/metrics>), of the blackbox exporter, of Prometheus.
const PREFIXES: &[(&str, &[Signal])] = &[
    ("ALERTS", &[]),
    ("probe_success", &[Signal::Availability]),
    ("probe_http_status_code", &[Signal::Availability]),
    ("probe_duration_seconds", &[Signal::Latency]),
    ("probe_http_duration_seconds", &[Signal::Latency]),
    ("probe_ssl_", &[]),
    ("kube_cronjob_", &[]),
    ("kube_job_failed", &[Signal::Errors]),
    ("kube_job_status_failed", &[Signal::Errors]),
    ("kube_job_", &[]),
    ("kube_horizontalpodautoscaler_", &[Signal::Saturation]),
    ("kube_hpa_", &[Signal::Saturation]),
    ("kube_node_status_allocatable", &[Signal::Saturation]),
    ("kube_node_status_capacity", &[Signal::Saturation]),
    ("kube_persistentvolume_", &[Signal::Availability]),
    ("kube_persistentvolumeclaim_status_phase", &[Signal::Availability]),
    ("kube_resourcequota", &[Signal::Saturation]),
    ("kube_pod_container_resource_", &[Signal::Saturation]),
    ("kube_pod_container_status_last_terminated_reason", &[Signal::Availability]),
    ("kube_pod_status_reason", &[Signal::Availability]),
    ("kube_pod_container_status_", &[Signal::Availability]),
    ("kube_pod_init_container_status_", &[Signal::Availability]),
    ("kube_pod_status_", &[Signal::Availability]),
    ("kube_node_status_condition", &[Signal::Availability]),
    ("kube_node_spec_", &[Signal::Availability]),
    ("kube_deployment_", &[Signal::Availability]),
    ("kube_statefulset_", &[Signal::Availability]),
    ("kube_daemonset_", &[Signal::Availability]),
    ("kube_replicaset_", &[Signal::Availability]),
    ("kube_poddisruptionbudget_", &[Signal::Availability]),
    ("kube_", &[]),
    ("kubelet_volume_stats_", &[Signal::Saturation]),
    // Objectives: what burns is errors or lateness, and the name does not say which.
    ("slo:sli_error", &[Signal::Errors, Signal::Latency]),
    ("pyrra:burnrate", &[Signal::Errors, Signal::Latency]),
];

/// Words in names that tell, the most telling signal first: a count of failures of a queue counts failures.
const WORDS: &[(Signal, &[&str])] = &[
    (
        Signal::Errors,
        &[
            "5xx",
            "4xx",
            "500",
            "503",
            "aborted",
            "corruption",
            "corruptions",
            "crashes",
            "deadlocks",
            "discarded",
            "drop",
            "dropped",
            "drops",
            "err",
            "error",
            "errored",
            "errors",
            "errs",
            "exception",
            "exceptions",
            "fail",
            "failed",
            "failing",
            "fails",
            "failure",
            "failures",
            "fatal",
            "fault",
            "faults",
            "invalid",
            "lost",
            "panic",
            "panics",
            "refused",
            "rejected",
            "rejections",
            "rejects",
            "stalled",
            "timedout",
            "timeout",
            "timeouts",
            "unsuccessful",
        ],
    ),
    (
        Signal::Latency,
        &[
            "apdex",
            "delay",
            "duration",
            "durations",
            "elapsed",
            "latencies",
            "latency",
            "p50",
            "p90",
            "p95",
            "p99",
            "responsetime",
            "rtt",
            "slow",
            "slowlog",
            "slowness",
        ],
    ),
    (
        Signal::Saturation,
        &[
            "avail",
            "backends",
            "backlog",
            "behind",
            "bloat",
            "capacity",
            "clients",
            "concurrency",
            "connections",
            "conns",
            "conntrack",
            "cpu",
            "depth",
            "disk",
            "evicted",
            "evictions",
            "fds",
            "filesystem",
            "free",
            "goroutines",
            "heap",
            "inflight",
            "inodes",
            "lag",
            "limit",
            "limits",
            "load1",
            "load15",
            "load5",
            "maxmemory",
            "mem",
            "memory",
            "messages",
            "overcommit",
            "pending",
            "pool",
            "pressure",
            "queue",
            "queued",
            "queues",
            "quota",
            "remaining",
            "saturation",
            "slots",
            "storage",
            "swap",
            "threads",
            "throttled",
            "throttling",
            "usage",
            "utilisation",
            "utilization",
            "volume",
            "waiting",
            "wraparound",
        ],
    ),
    (
        Signal::Availability,
        &[
            "alive",
            "availability",
            "available",
            "connected",
            "degraded",
            "disconnected",
            "down",
            "health",
            "healthcheck",
            "healthy",
            "leader",
            "offline",
            "online",
            "primary",
            "reachable",
            "readiness",
            "ready",
            "replicas",
            "restart",
            "restarts",
            "running",
            "unavailable",
            "unhealthy",
            "unready",
            "up",
            "uptime",
        ],
    ),
];

/// Words for what is asked of a service.
const ASKED: &[&str] = &[
    "calls",
    "deliveries",
    "events",
    "handled",
    "hits",
    "invocations",
    "jobs",
    "operations",
    "orders",
    "processed",
    "queries",
    "received",
    "request",
    "requests",
    "started",
    "visits",
];

/// What a series tells by its name alone.
pub fn of_name(metric: &str) -> Vec<Signal> {
    if metric == "up" {
        return vec![Signal::Availability];
    }
    if let Some((_, signals)) = PREFIXES.iter().find(|(prefix, _)| metric.starts_with(prefix)) {
        return signals.to_vec();
    }
    let words: Vec<&str> = words(metric).collect();
    if words.iter().any(|word| word.starts_with("burnrate") || *word == "burn") {
        return vec![Signal::Errors, Signal::Latency];
    }
    // What only names things, to be joined with others.
    if metric.ends_with("_info") {
        return Vec::new();
    }
    if metric.ends_with("_up") {
        return vec![Signal::Availability];
    }
    let told = WORDS.iter().find(|(signal, known)| {
        // The count of what a histogram measured is how often it was asked.
        let counted = *signal == Signal::Latency && metric.ends_with("_count");
        !counted && words.iter().any(|word| known.iter().any(|known| word.eq_ignore_ascii_case(known)))
    });
    let timed = || {
        let pair = |first: &str, second: &str| words.windows(2).any(|pair| pair == [first, second]);
        let timed = ["request", "response", "query", "processing", "wait", "run"].iter().any(|what| pair(what, "time"));
        (timed || metric.ends_with("_seconds_bucket") || metric.ends_with("_seconds_sum"))
            && !metric.ends_with("_count")
    };
    match told {
        Some((signal, _)) => vec![*signal],
        None if timed() => vec![Signal::Latency],
        None => Vec::new(),
    }
}

/// Whether a series counts what is asked of a service.
pub fn counts_requests(metric: &str) -> bool {
    let counter = metric.ends_with("_total")
        || metric.ends_with("_count")
        || metric.ends_with("_requests")
        || metric.contains(':');
    let measured = metric.ends_with("_duration_seconds_count") || metric.ends_with("_latency_seconds_count");
    measured || (counter && words(metric).any(|word| ASKED.contains(&word)))
}

fn words(metric: &str) -> impl Iterator<Item = &str> {
    metric.split(['_', ':', '.', '/', '-']).filter(|word| !word.is_empty())
}

/// Metrics of the platform that things run on, which say of each of them only how it is run.
const PLATFORM: &[&str] = &["kube_", "container_", "kubelet_", "node_", "machine_", "cadvisor_", "namespace_workload_"];

/// Whether a series only tells how something is run: its pods, its processor, its memory.
pub fn of_platform(metric: &str) -> bool {
    PLATFORM.iter().any(|prefix| metric.starts_with(prefix))
}

//! What collects measurements: monitors that select Services and pods. Uses `model::schema`.

use super::kubernetes::Selector;
use super::schema::{Fact, facts};
use crate::source::Span;
use crate::tree::Text;

facts! {
    /// What tells a Prometheus where to collect measurements: a `ServiceMonitor`, a `PodMonitor`, a `Probe`, or one of
    /// their kin of other operators.
    noun Monitor as "monitor" in monitors {
        /// The kind: `ServiceMonitor`, `PodMonitor`, `Probe`, `VMServiceScrape`, `PodMonitoring`, …
        kind: Text,
        /// Whether what it selects is there: a Service or a pod, with the port that it names; unknown where that may be made
        /// elsewhere.
        finds: Fact<bool>,
        /// Why it finds nothing, in words.
        miss: Fact<Text>,
    } plain {
        /// `metadata.name`.
        plain_name: Text,
        /// `metadata.namespace`.
        namespace: Fact<Text>,
        /// Which Services or pods; unused for a `Probe`.
        selector: Selector,
        /// Namespaces it looks in; empty means its own, `*` means any.
        namespaces: Vec<Text>,
        /// What it asks of what it selects.
        endpoints: Vec<Endpoint>,
        /// The `job` it gives its series, when it says so (`jobName`).
        job: Option<Text>,
        /// The label of the Service or pod whose value becomes `job` (`jobLabel`).
        job_label: Option<Text>,
        /// Hosts that a `Probe` asks.
        targets: Vec<Text>,
    }
}

/// A place that a monitor asks.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Endpoint {
    /// The name of the port; absent where it is named in another way.
    pub port: Fact<Text>,
    /// Where.
    pub span: Span,
}

impl Monitor {
    /// Whether it selects Services, rather than pods.
    pub fn of_services(&self) -> bool {
        matches!(self.kind.as_str(), "ServiceMonitor" | "VMServiceScrape")
    }

    /// Whether it selects pods.
    pub fn of_pods(&self) -> bool {
        matches!(self.kind.as_str(), "PodMonitor" | "VMPodScrape" | "PodMonitoring" | "ClusterPodMonitoring")
    }
}

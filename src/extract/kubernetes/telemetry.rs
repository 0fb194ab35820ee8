//! How a workload says itself that it is measured: annotations that ask to be scraped, settings that send measurements
//! somewhere, sidecars that do.

use super::object::Object;
use crate::model::Labels;
use crate::source::Span;
use crate::tree::Node;

/// Annotations that ask to be scraped, by their beginnings.
///
/// Prometheus' own example of discovery and what grew of it; Datadog's autodiscovery
/// <https://docs.datadoghq.com/containers/kubernetes/integrations/>; Grafana's k8s-monitoring chart
/// <https://github.com/grafana/k8s-monitoring-helm>; injected instrumentation of `OpenTelemetry`
/// <https://opentelemetry.io/docs/platforms/kubernetes/operator/automatic/>; proxies of a mesh, which measure every request.
const ANNOTATIONS: &[&str] = &[
    "prometheus.io/scrape",
    "prometheus.io/port",
    "ad.datadoghq.com/",
    "admission.datadoghq.com/",
    "k8s.grafana.com/scrape",
    "k8s.grafana.com/metrics",
    "instrumentation.opentelemetry.io/inject-",
    "sidecar.opentelemetry.io/inject",
    "sidecar.istio.io/inject",
    "istio.io/rev",
    "linkerd.io/inject",
    "dapr.io/enabled",
    "co.elastic.metrics/",
    "metrics.k8s.io/scrape",
];

/// Beginnings of variables that send measurements somewhere.
const VARIABLES: &[&str] =
    &["OTEL_", "DD_", "STATSD_", "NEW_RELIC_", "PROMETHEUS_", "ELASTIC_APM_", "GRAFANA_CLOUD_", "APPLICATIONINSIGHTS_"];

/// Where annotations or labels ask to be scraped; saying `false` is not asking.
pub(super) fn scraped(labels: &Labels) -> Option<Span> {
    let asking = |(key, fact): &&(_, crate::model::Fact<_>)| {
        let key: &crate::tree::Text = key;
        let value: Option<&crate::tree::Text> = fact.value();
        let refused = value.is_some_and(|value| matches!(value.as_str(), "false" | "disabled"));
        ANNOTATIONS.iter().any(|known| key.starts_with(known)) && !refused
    };
    labels.0.iter().find(asking).and_then(|(_, fact)| fact.span)
}

/// Where a workload says that it is measured. A variable, an argument or a port whose name speaks of metrics says so too.
pub(super) fn of_workload(object: &Object<'_>, template: &Labels, pod_labels: &Labels, pod: &Node) -> Option<Span> {
    let by_annotation = [&object.annotations, template, &object.labels, pod_labels].into_iter().find_map(scraped);
    by_annotation.or_else(|| {
        let lists = ["containers", "initContainers"];
        lists.iter().flat_map(|list| pod.get(list).map_or(&[][..], Node::items)).find_map(of_container)
    })
}

fn of_container(container: &Node) -> Option<Span> {
    let variables = container.get("env").map_or(&[][..], Node::items);
    let sends = |name: &Node| {
        let name = name.as_str().unwrap_or_default().to_ascii_uppercase();
        VARIABLES.iter().any(|known| name.starts_with(known)) || name.split('_').any(|word| word == "METRICS")
    };
    variables.iter().filter_map(|variable| variable.get("name")).find(|name| sends(name)).map(|name| name.span)
}

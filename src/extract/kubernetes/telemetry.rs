//! How a workload says itself that it is measured, and that its requests are traced: annotations that ask to be scraped,
//! settings that send measurements somewhere, sidecars that do.

use super::container::containers_of;
use super::object::Object;
use crate::model::{Fact, Labels};
use crate::source::Span;
use crate::tree::{Node, Unknown};

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

/// Beginnings of variables that send traces somewhere: of `OpenTelemetry`
/// <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>, Datadog, Jaeger, Zipkin, X-Ray, Elastic,
/// New Relic, Azure.
const TRACING: &[&str] = &[
    "OTEL_",
    "DD_TRACE_",
    "DD_AGENT_HOST",
    "JAEGER_",
    "ZIPKIN_",
    "AWS_XRAY_",
    "ELASTIC_APM_",
    "NEW_RELIC_",
    "APPLICATIONINSIGHTS_",
];

/// Annotations and labels that let traces be made.
const TRACED: &[&str] = &[
    "instrumentation.opentelemetry.io/inject-",
    "sidecar.opentelemetry.io/inject",
    "sidecar.jaegertracing.io/inject",
    "admission.datadoghq.com/",
    "sidecar.istio.io/inject",
    "istio.io/rev",
    "linkerd.io/inject",
    "dapr.io/enabled",
];

/// Words of arguments that send traces somewhere.
const ARGUMENTS: &[&str] = &["tracing", "trace", "otlp", "jaeger", "zipkin"];

/// Whether a workload says that its requests are traced; unknown where its settings come from elsewhere.
pub(super) fn traced(object: &Object<'_>, template: &Labels, pod_labels: &Labels, pod: &Node) -> Fact<bool> {
    let labels = [&object.annotations, template, &object.labels, pod_labels];
    let marked = labels.into_iter().find_map(|labels| asking(labels, TRACED));
    let found = marked.or_else(|| containers_of(pod).find_map(sends_traces));
    if let Some(span) = found {
        return Fact::known(true, span);
    }
    match containers_of(pod).find_map(|container| container.get("envFrom").filter(|list| !list.items().is_empty())) {
        Some(list) => {
            let remedy = "set it beside the others in `env`, or say with a waiver that it is traced";
            Fact::unknown(Unknown::new("its settings are read from elsewhere (`envFrom`)", remedy, list.span))
        }
        None => Fact::known(false, object.head()),
    }
}

/// Where a container is told by a variable or an argument to send traces.
fn sends_traces(container: &Node) -> Option<Span> {
    let variables = container.get("env").map_or(&[][..], Node::items);
    let told = |name: &&Node| {
        let name = name.as_str().unwrap_or_default().to_ascii_uppercase();
        let word = |word| matches!(word, "TRACING" | "TRACES" | "TRACE" | "OTLP" | "OTEL" | "JAEGER" | "TEMPO");
        name.split('_').any(word) || TRACING.iter().any(|known| name.starts_with(known))
    };
    let arguments = ["args", "command"].into_iter().flat_map(|list| container.get(list).map_or(&[][..], Node::items));
    let mut argued = arguments.filter(|node| {
        let text = node.as_str().unwrap_or_default().to_ascii_lowercase();
        ARGUMENTS.iter().any(|word| text.contains(word))
    });
    let by_variable = variables.iter().filter_map(|variable| variable.get("name")).find(told);
    by_variable.or_else(|| argued.next()).map(|node| node.span)
}

/// Where annotations or labels ask to be scraped; saying `false` is not asking.
pub(super) fn scraped(labels: &Labels) -> Option<Span> {
    asking(labels, ANNOTATIONS)
}

/// Where an annotation or label with one of these beginnings asks for something.
fn asking(labels: &Labels, beginnings: &[&str]) -> Option<Span> {
    let mut labels = labels.0.iter();
    let asking = labels.find(|(key, fact)| {
        let refused = fact.value().is_some_and(|value| matches!(value.as_str(), "false" | "disabled"));
        beginnings.iter().any(|known| key.starts_with(known)) && !refused
    });
    asking.and_then(|(_, fact)| fact.span)
}

/// Where a workload says that it is measured. A variable, an argument or a port whose name speaks of metrics says so too.
pub(super) fn of_workload(object: &Object<'_>, template: &Labels, pod_labels: &Labels, pod: &Node) -> Option<Span> {
    let by_annotation = [&object.annotations, template, &object.labels, pod_labels].into_iter().find_map(scraped);
    by_annotation.or_else(|| containers_of(pod).find_map(of_container))
}

fn of_container(container: &Node) -> Option<Span> {
    let variables = container.get("env").map_or(&[][..], Node::items);
    let sends = |name: &Node| {
        let name = name.as_str().unwrap_or_default().to_ascii_uppercase();
        VARIABLES.iter().any(|known| name.starts_with(known)) || name.split('_').any(|word| word == "METRICS")
    };
    variables.iter().filter_map(|variable| variable.get("name")).find(|name| sends(name)).map(|name| name.span)
}

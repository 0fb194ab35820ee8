//! Prometheus servers: what they add to alerts, which rules they load, and which rules are tested. Uses `model::routing`.

use crate::extract::kubernetes::label_selector;
use crate::extract::{Facts, Input};
use crate::model::probe::host;
use crate::model::routing::{Prometheus, ScrapeJob};
use crate::model::{Fact, Gap, Hides, Labels, Probe};
use crate::source::Span;
use crate::tree::{Map, Node, Text, Unknown};

/// Adds what a document says of a Prometheus.
pub(super) fn extract(input: &Input<'_>, document: &Node, facts: &mut Facts) {
    visit(input, document, None, facts);
}

fn visit(input: &Input<'_>, node: &Node, key: Option<&str>, facts: &mut Facts) {
    let Some(map) = node.as_map() else { return };
    scraped(input, node, facts);
    let resource = map.get("apiVersion").and_then(Node::as_str).is_some();
    match map.get("kind").and_then(Node::as_str).filter(|_| resource) {
        Some("CustomResourceDefinition") => return,
        Some("List") => {
            map.get("items").map_or(&[][..], Node::items).iter().for_each(|item| visit(input, item, None, facts));
            return;
        }
        Some("Prometheus" | "PrometheusAgent" | "ThanosRuler") => {
            let (metadata, spec) = (map.get("metadata"), map.get("spec"));
            if let (Some(metadata), Some(spec)) = (metadata, spec) {
                let namespace = metadata.get("namespace");
                let namespace =
                    namespace.map_or_else(|| Fact::absent(node.span), |node| Fact::read(node, Node::scalar));
                facts.model.routing.prometheis.push(of_spec(input, spec, namespace));
                sends(input, spec.get("remoteWrite"), facts);
            }
            return;
        }
        // Of the cluster observability operator, a Prometheus with all around it.
        Some("MonitoringStack") => {
            sends(input, node.at(&["spec", "prometheusConfig", "remoteWrite"]), facts);
            return;
        }
        _ => {}
    }
    // Values of the chart of the Prometheus stack.
    if key == Some("prometheusSpec") {
        let server = of_spec(input, node, Fact::absent(node.span));
        facts.model.routing.prometheis.push(Prometheus { is_values: true, ..server });
        sends(input, node.get("remoteWrite"), facts);
        return;
    }
    if is_configuration(map) {
        facts.model.probes.extend(jobs(node).filter_map(|job| probe(input, job)));
        facts.model.routing.prometheis.push(of_file(input, node));
        sends(input, node.get("remote_write"), facts);
        return;
    }
    if map.get("tests").is_some() && map.get("rule_files").is_some() {
        let tested = map.get("rule_files").map_or(&[][..], Node::items).iter().filter_map(Node::scalar);
        facts.model.routing.tested_files.extend(tested);
        return;
    }
    for entry in &map.entries {
        facts.model.probes.extend(entry.value.items().iter().filter_map(|item| listed(input, item)));
        visit(input, &entry.value, Some(&entry.key), facts);
    }
}

/// What a Prometheus in production sends its series to outside of the cluster: alerts on them may be evaluated there.
fn sends(input: &Input<'_>, list: Option<&Node>, facts: &mut Facts) {
    let place = input.place(list.map_or(Span::head(input.id), |list| list.span), &[]);
    if !place.environment.production || place.library {
        return;
    }
    let addresses = list.map_or(&[][..], Node::items).iter().filter_map(|target| target.get("url"));
    let outside = |url: &&Node| {
        let host = host(url.as_str().unwrap_or_default());
        // `mimir.metrics.svc.cluster.local` is beside it.
        host.contains('.') && host.split('.').all(|part| part != "svc") || url.as_unknown().is_some()
    };
    let Some(url) = addresses.into_iter().find(outside) else { return };
    facts.model.gaps.push(Gap {
        hides: Hides::Monitoring,
        span: url.span,
        path: place.path,
        reason: "series are sent elsewhere (`remoteWrite`), where further alerts may be evaluated".into(),
    });
}

/// Prometheus' own configuration: rule files, or scraping beside global settings.
/// <https://prometheus.io/docs/prometheus/latest/configuration/configuration/>
fn is_configuration(map: &Map) -> bool {
    map.get("tests").is_none()
        && map.get("rule_files").is_some_and(|list| !list.items().is_empty() || list.is_null())
        && (map.get("scrape_configs").is_some() || map.get("alerting").is_some() || map.get("global").is_some())
}

fn of_file(input: &Input<'_>, node: &Node) -> Prometheus {
    let files = node.get("rule_files").map_or(&[][..], Node::items).iter();
    Prometheus {
        name: input.source.path.rsplit('/').next().unwrap_or_default().into(),
        place: input.place(node.span, &[]),
        external_labels: Labels::read(node.at(&["global", "external_labels"])),
        relabels: node.at(&["alerting", "alert_relabel_configs"]).map(|node| node.span),
        rule_files: files.filter_map(|file| Some((file.scalar()?, file.span))).collect(),
        discovers: jobs(node).find_map(discovery),
        takes_over: taken_over(node),
        ..Prometheus::default()
    }
}

/// Keys of lists of jobs: in a configuration, and in values of charts that pass them on.
const JOBS: &[&str] = &["scrape_configs", "additionalScrapeConfigs"];

/// The jobs whose targets are listed here, of a configuration or of a `ScrapeConfig`.
/// <https://prometheus.io/docs/prometheus/latest/configuration/configuration/#static_config>,
/// <https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1alpha1.ScrapeConfigSpec>
fn scraped(input: &Input<'_>, node: &Node, facts: &mut Facts) {
    let mut add = |job: &Node, name: Option<&Node>, lists: &str| {
        let targets: Vec<Text> = targets(job, lists).filter_map(Node::scalar).collect();
        // What a proxy asks of others is not listed as its target.
        let listed = !targets.is_empty() && !asks_others(job);
        let Some(name) = name.and_then(Node::scalar).filter(|_| listed) else { return };
        if input.place(job.span, &[]).environment.production {
            facts.model.routing.scrape_jobs.push(ScrapeJob { name, targets, span: job.span });
        }
    };
    for job in JOBS.iter().filter_map(|key| node.get(key)).flat_map(Node::items) {
        add(job, job.get("job_name"), "static_configs");
    }
    if node.get("kind").and_then(Node::as_str) == Some("ScrapeConfig")
        && let Some(spec) = node.get("spec")
    {
        add(spec, spec.get("jobName"), "staticConfigs");
    }
}

/// The targets that a job lists.
fn targets<'n>(job: &'n Node, lists: &str) -> impl Iterator<Item = &'n Node> + Clone + use<'n> {
    let groups = job.get(lists).map_or(&[][..], Node::items).iter();
    groups.flat_map(|group| group.get("targets").map_or(&[][..], Node::items))
}

/// Whether a job asks a proxy, which asks others.
fn asks_others(job: &Node) -> bool {
    job.get("metrics_path").and_then(Node::as_str) == Some("/probe")
}

fn jobs(node: &Node) -> impl Iterator<Item = &Node> {
    node.get("scrape_configs").map_or(&[][..], Node::items).iter()
}

/// A job that asks the blackbox exporter, which asks what the job calls its targets.
/// <https://github.com/prometheus/blackbox_exporter#prometheus-configuration>
fn probe(input: &Input<'_>, job: &Node) -> Option<Probe> {
    if !asks_others(job) {
        return None;
    }
    let mut probe = asked(input, job, targets(job, "static_configs"));
    if probe.hosts.is_empty() {
        probe.hosts.push(Fact::unknown(Unknown::new("its targets are found elsewhere", "", job.span)));
    }
    probe.labels.extend(job.get("job_name").and_then(Node::scalar).map(|name| (Text::const_new("job"), name)));
    let groups = job.get("static_configs").map_or(&[][..], Node::items);
    probe.labels.extend(groups.iter().flat_map(|group| written(group.get("labels"))));
    Some(probe)
}

/// An entry of a list that a template makes such jobs of: what to ask, and by which module. Whatever else it says may
/// become a label.
fn listed(input: &Input<'_>, entry: &Node) -> Option<Probe> {
    let module = entry.get("module").and_then(Node::as_str)?.to_ascii_lowercase();
    let asks = ["http", "tcp", "icmp", "dns", "2xx"].iter().any(|kind| module.contains(kind));
    let targets = entry.get("targets").map_or(&[][..], Node::items);
    let is_address = |target: &Node| target.as_str().is_some_and(|target| target.contains('.'));
    if !asks || targets.is_empty() || !targets.iter().all(is_address) {
        return None;
    }
    let mut probe = asked(input, entry, targets.iter());
    let named = ["name", "job_name", "job"].iter().find_map(|key| entry.get(key)).and_then(Node::scalar);
    probe.labels.extend(named.map(|name| (Text::const_new("job"), name)));
    probe.labels.extend(written(Some(entry)));
    probe.labels.extend(written(entry.get("labels")));
    Some(probe)
}

fn asked<'n>(input: &Input<'_>, job: &Node, targets: impl Iterator<Item = &'n Node> + Clone) -> Probe {
    let host = |target| Fact::read(target, Node::scalar).map(|written| host(&written).to_ascii_lowercase().into());
    Probe {
        hosts: targets.clone().map(host).collect(),
        addresses: targets.filter_map(Node::scalar).collect(),
        place: input.place(job.span, &[]),
        ..Probe::default()
    }
}

/// The plain values of a mapping.
fn written(mapping: Option<&Node>) -> impl Iterator<Item = (Text, Text)> + '_ {
    let entries = mapping.map_or(&[][..], Node::entries).iter();
    entries.filter_map(|entry| Some((entry.key.as_str().into(), entry.value.scalar()?)))
}

/// Where a job finds its targets by discovery in a cluster.
fn discovery(job: &Node) -> Option<Span> {
    job.entry("kubernetes_sd_configs").map(|entry| entry.key_span)
}

/// Where a server takes over series of another: it scrapes a federation, or reads from a remote store.
/// <https://prometheus.io/docs/prometheus/latest/federation/>
fn taken_over(node: &Node) -> Option<Span> {
    let federates = |path: &&Node| path.as_str().is_some_and(|path| path.ends_with("/federate"));
    let federated = jobs(node).filter_map(|job| job.get("metrics_path")).find(federates);
    federated.map(|path| path.span).or_else(|| node.entry("remote_read").map(|entry| entry.key_span))
}

/// A custom resource, or the values of a chart that become one.
/// <https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusSpec>
fn of_spec(input: &Input<'_>, spec: &Node, namespace: Fact<Text>) -> Prometheus {
    let words: Vec<&str> = namespace.value().map(Text::as_str).into_iter().collect();
    let place = input.place(spec.span, &words);
    let selector =
        |key: &str| spec.get(key).filter(|node| node.as_map().is_some()).map(|node| label_selector(Some(node)));
    Prometheus {
        name: Text::const_new("Prometheus"),
        namespace,
        external_labels: Labels::read(spec.get("externalLabels")),
        relabels: spec.get("additionalAlertRelabelConfigs").map(|node| node.span),
        rule_selector: selector("ruleSelector"),
        rule_namespaces: selector("ruleNamespaceSelector"),
        // The values of a chart leave its own default to the chart.
        selects: spec.get("ruleSelector").is_some(),
        discovers: ["additionalScrapeConfigs", "scrapeConfigSelector"]
            .iter()
            .find_map(|key| spec.entry(key))
            .map(|entry| entry.key_span),
        takes_over: spec.entry("remoteRead").map(|entry| entry.key_span),
        place,
        ..Prometheus::default()
    }
}

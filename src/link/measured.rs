//! Whether anything collects the measurements of a service. Uses `model`.
//!
//! There are many ways to be measured, and most leave a mark in the manifests: a monitor that selects the pods, an
//! annotation, a variable that sends measurements somewhere, an alert on a series of the service's own. Where most
//! services bear such a mark, one without any is asked about. Where a collector finds its targets by itself, or a mesh
//! measures every request, nothing need be written, and it is not known.

use std::collections::BTreeSet;

use super::helpers::of_image;
use super::kubernetes::Selecting;
use super::monitors::Collected;
use super::series::jobs_by_host;
use super::uncharted::unread_part;
use crate::model::{Fact, Id, Model, Service, Workload};
use crate::source::Span;
use crate::tree::Unknown;

/// Collectors that find what they measure by themselves, by names in images and of workloads.
const COLLECTORS: &[&str] = &[
    "agent-operator",
    "alloy",
    "beyla",
    "cloudwatch-agent",
    "coroot",
    "datadog-agent",
    "datadog-operator",
    "dynatrace-operator",
    "elastic-agent",
    "grafana-agent",
    "istiod",
    "linkerd-controller",
    "linkerd-destination",
    "metricbeat",
    "netdata",
    "newrelic-infrastructure",
    "nri-bundle",
    "odigos",
    "oneagent",
    "opentelemetry-collector",
    "opentelemetry-collector-contrib",
    "opentelemetry-collector-k8s",
    "otel-collector",
    "otelcol",
    "pixie",
    "scope",
    "splunk-otel-collector",
    "telegraf",
];

/// Says of every service in a cluster whether it is measured.
pub(super) fn judge(model: &mut Model, selecting: &Selecting, collected: &Collected) {
    let judged = |workload: &Workload| {
        workload.platform == "kubernetes" && workload.place.environment.production && !workload.place.library
    };
    let annotated = |workload: &Workload| {
        let of_service = || selecting.services(model, workload).iter().find_map(|service| service.scraped);
        workload.telemetry.or_else(of_service)
    };
    let (finder, jobs) = (finder(model), jobs_by_host(model));
    let mut facts: Vec<(Id<Service>, Fact<bool>)> = Vec::new();
    for (id, service) in model.each::<Service>() {
        let lasting: Vec<(Id<Workload>, &Workload)> = service
            .workloads
            .iter()
            .map(|id| (*id, &model[*id]))
            .filter(|(_, workload)| judged(workload) && !matches!(workload.kind.as_str(), "Job" | "CronJob" | "Pod"))
            .collect();
        if lasting.is_empty() {
            continue;
        }
        let by_monitor = |(id, _): &(Id<Workload>, &Workload)| {
            let monitor = collected.get(id)?.first()?;
            Some(model[*monitor].place.span)
        };
        let found = lasting.iter().find_map(by_monitor);
        let found = found.or_else(|| lasting.iter().find_map(|(_, workload)| annotated(workload)));
        let listed = |workload: &Workload| {
            let served = selecting.services(model, workload);
            let names = served.iter().map(|service| &service.name).chain([&workload.plain_name]);
            names.into_iter().find_map(|name| Some(jobs.get(name)?.first()?.span))
        };
        let found = found.or_else(|| lasting.iter().find_map(|(_, workload)| listed(workload)));
        let found = found.or_else(|| alerted_on(model, service));
        let unread = unread_part(model, id).map(|part| &part.why);
        let fact = match (found, finder.as_ref().or(unread)) {
            (Some(span), _) => Fact::known(true, span),
            (None, Some(unknown)) => Fact { span: Some(service.place.span), ..Fact::unknown(unknown.clone()) },
            (None, None) => Fact::known(false, service.place.span),
        };
        facts.push((id, fact));
    }
    // Asked only where measuring is a matter of manifests, and the habit.
    let told = facts.iter().filter(|(id, _)| model[*id].deployable && unread_part(model, *id).is_none());
    let (measured, others): (Vec<_>, Vec<_>) = told.partition(|(_, fact)| fact.is_true());
    if measured.len() < others.len() || measured.is_empty() {
        return;
    }
    for (id, fact) in facts {
        model[id].measured = fact;
    }
}

/// An alert on series that are not the cluster's own: somebody collects them.
fn alerted_on(model: &Model, service: &Service) -> Option<Span> {
    let alerts = service.alerts.iter().map(|alert| &model[*alert]);
    alerts.into_iter().find(|alert| !alert.platform && !alert.watches.is_empty()).map(|alert| alert.place.span)
}

/// Why something that bears no mark may be measured all the same: what finds its targets by itself.
fn finder(model: &Model) -> Option<Unknown> {
    let unknown = |what: String, span: Span| {
        Unknown::new(what, "say in twoam.toml with a waiver how it is measured, or with an annotation beside it", span)
    };
    let server = model.routing.prometheis.iter().find_map(|server| Some((&server.name, server.discovers?)));
    if let Some((name, span)) = server {
        return Some(unknown(format!("`{name}` finds what it scrapes by discovery"), span));
    }
    let named: BTreeSet<&str> = COLLECTORS.iter().copied().collect();
    let workload = model.workloads.iter().find(|workload| {
        let images = workload.containers.iter().filter_map(|id| model[*id].image.value());
        named.contains(workload.plain_name.as_str())
            || images.into_iter().any(|image| named.contains(of_image(image).as_str()))
    })?;
    Some(unknown(format!("`{}` may find it by itself", workload.name), workload.place.span))
}

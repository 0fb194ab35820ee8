//! Alerts on what stands at the door: an ingress controller measures the answers of every host that it serves, so that an
//! alert on these which names no host asks how each service behind it answers. Uses `model`.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::alert::Watch;
use crate::model::kubernetes::Entrance;
use crate::model::{Alert, Id, Model, Service};

/// Beginnings of the series that controllers measure of each host or each service behind them, and the kinds of entrances
/// that they serve.
/// <https://kubernetes.github.io/ingress-nginx/user-guide/monitoring/>,
/// <https://doc.traefik.io/traefik/observability/metrics/overview/>
const MEASURED: &[(&str, &[&str])] = &[
    ("nginx_ingress_controller_request", &["ingress"]),
    ("nginx_ingress_controller_response", &["ingress"]),
    ("traefik_router_request", &["ingress", "httproute"]),
    ("traefik_service_request", &["ingress", "httproute"]),
];

/// Labels by which such series tell hosts apart: an alert that selects by none of them is about all, and one that fires
/// with none of them about no host in particular.
const TELLING: &[&str] =
    &["exported_namespace", "exported_service", "host", "ingress", "namespace", "router", "service"];

/// The alerts on every host, by the services that are entered through such doors.
pub(super) fn alerts(
    model: &Model,
    entered: &BTreeMap<Id<Service>, Vec<&Entrance>>,
) -> BTreeMap<Id<Service>, Vec<Id<Alert>>> {
    let about_all: Vec<(Id<Alert>, BTreeSet<&str>)> = model
        .each::<Alert>()
        .filter(|(_, alert)| alert.calls() && !alert.place.library && tells(alert))
        .map(|(id, alert)| (id, alert.watches.iter().filter_map(kinds).flatten().copied().collect()))
        .filter(|(_, kinds): &(_, BTreeSet<&str>)| !kinds.is_empty())
        .collect();
    let leading = entered.iter().map(|(service, doors)| {
        let leads = |kinds: &BTreeSet<&str>| doors.iter().any(|door| kinds.contains(door.kind.as_str()));
        (*service, about_all.iter().filter(|(_, kinds)| leads(kinds)).map(|(id, _)| *id).collect())
    });
    leading.filter(|(_, alerts): &(_, Vec<_>)| !alerts.is_empty()).collect()
}

/// The kinds of entrances that a series of every host is about.
fn kinds(watch: &Watch) -> Option<&'static [&'static str]> {
    let metric = watch.metric()?;
    if watch.matchers().iter().any(|(label, ..)| TELLING.contains(&label.as_str())) {
        return None;
    }
    MEASURED.iter().find(|(beginning, _)| metric.starts_with(beginning)).map(|(_, kinds)| *kinds)
}

/// Whether it fires for each host by itself.
fn tells(alert: &Alert) -> bool {
    alert.output.only.as_ref().is_none_or(|labels| labels.iter().any(|label| TELLING.contains(&label.as_str())))
}

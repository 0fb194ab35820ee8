//! Alerts on free storage → the datastores they watch. Uses `model`.

use std::collections::BTreeMap;

use super::index::ByAddress;
use super::{Context, found_or_elsewhere};
use crate::model::alert::Watch;
use crate::model::{Alert, Datastore, Id, Model};
use crate::source::Span;
use crate::tree::Text;

/// Metrics of free or used storage: `CloudWatch`, Cloud Monitoring, Azure Monitor.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html>,
/// <https://cloud.google.com/monitoring/api/metrics_gcp_c#gcp-cloudsql>,
/// <https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-monitoring>
const METRICS: &[&str] = &[
    "FreeStorageSpace",
    "FreeLocalStorage",
    "cloudsql.googleapis.com/database/disk/utilization",
    "cloudsql.googleapis.com/database/disk/bytes_used",
    "storage_percent",
    "storage_used",
];

/// The same as exporters and Datadog call it: these are queried for all instances at once.
const QUERIES: &[&str] = &["free_storage_space", "rds_free_storage", "database_disk_utilization", "storage_percent"];

/// Says of every datastore whether an alert watches its free storage.
pub(super) fn join(model: &mut Model, context: &Context<'_>) {
    let mut index = ByAddress::new();
    for (id, datastore) in model.each::<Datastore>() {
        index.add(&datastore.place.root, &datastore.address, &datastore.names, id);
    }
    let mut watched: BTreeMap<Id<Datastore>, Span> = BTreeMap::new();
    let mut all: Option<Span> = None;
    for alert in model.alerts.iter().filter(|alert| !alert.notifies.is_false()) {
        if queries(alert) {
            all = all.or(Some(alert.place.span));
        }
        if !alert.metrics.iter().any(|metric| METRICS.contains(&metric.as_str())) {
            continue;
        }
        let mut any = false;
        for value in alert.watches.iter().filter_map(Watch::dimension) {
            any = true;
            for id in index.meant(value) {
                watched.entry(id).or_insert(alert.place.span);
            }
        }
        // Without a dimension it looks at all of them.
        if !any {
            all = all.or(Some(alert.place.span));
        }
    }
    for index in 0..model.datastores.len() {
        let id: Id<Datastore> = Id::new(index);
        let found = watched.get(&id).copied().or(all);
        model[id].storage_alerted = found_or_elsewhere(found, "alerts", context.external.alerts.as_ref());
    }
}

fn queries(alert: &Alert) -> bool {
    let written = alert.expression.value().is_some_and(|text| QUERIES.iter().any(|name| text.contains(name)));
    let asks = |metric: &Text| QUERIES.iter().any(|name| metric.contains(name));
    written || alert.watches.iter().filter_map(Watch::metric).any(asks)
}

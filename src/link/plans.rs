//! What the whole shows of a plan: whether its tags are borne by anything, how often it runs, and whether anybody is told
//! when it fails.

use super::coverage::matches;
use super::{Context, found_or_elsewhere};
use crate::model::alert::Watch;
use crate::model::schedule::{Dialect, Schedule};
use crate::model::{Alert, Backup, Coverage, Fact, Id, Model, State};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// How the failures of a tool are seen.
struct Told {
    tool: &'static str,
    /// Beginnings of metrics that alerting rules of Prometheus look at.
    metrics: &'static [&'static str],
    /// Namespaces, or beginnings of metrics, of the provider's own alarms.
    namespaces: &'static [&'static str],
}

/// Metrics of jobs, for what runs as one: kube-state-metrics.
const JOBS: &[&str] = &["kube_job_failed", "kube_job_status_failed", "kube_cronjob_status_last_successful_time"];

/// The tools of which it is known how they tell of failures. Sources: the metrics pages of Velero, `CloudNativePG`, K8up,
/// `VolSync` and Longhorn; <https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html>;
/// <https://cloud.google.com/kubernetes-engine/docs/add-on/backup-for-gke/how-to/metrics>.
const TOLD: &[Told] = &[
    Told { tool: "aws-backup", metrics: &[], namespaces: &["AWS/Backup"] },
    Told { tool: "aws-dlm", metrics: &[], namespaces: &["AWS/EBS", "AWS/DLM"] },
    Told {
        tool: "azure-backup",
        metrics: &[],
        namespaces: &["Microsoft.RecoveryServices", "Microsoft.DataProtection"],
    },
    Told { tool: "gke-backup", metrics: &["gkebackup"], namespaces: &["gkebackup.googleapis.com"] },
    Told { tool: "velero", metrics: &["velero_backup_", "velero:"], namespaces: &[] },
    Told {
        tool: "cnpg",
        metrics: &[
            "cnpg_collector_last_failed_backup",
            "cnpg_collector_last_available_backup",
            "cnpg_collector_first_recoverability_point",
            "cnpg_collector_pg_wal_archive",
            "cnpg_pg_stat_archiver",
            "barman_",
        ],
        namespaces: &[],
    },
    Told { tool: "k8up", metrics: &["k8up_"], namespaces: &[] },
    Told { tool: "volsync", metrics: &["volsync_"], namespaces: &[] },
    Told { tool: "longhorn", metrics: &["longhorn_backup_"], namespaces: &[] },
    Told { tool: "cronjob", metrics: JOBS, namespaces: &[] },
    Told { tool: "mariadb-operator", metrics: JOBS, namespaces: &[] },
];

/// Adds these facts to every plan.
pub(super) fn join(model: &mut Model, context: &Context<'_>) {
    for index in 0..model.backups.len() {
        let id: Id<Backup> = Id::new(index);
        let interval = interval(&model[id]);
        let selects = selects(model, &model[id]);
        let alerted = failure_alerted(model, &model[id], context);
        let backup = &mut model[id];
        backup.interval_minutes = interval;
        backup.selects = selects;
        backup.failure_alerted = alerted;
    }
}

/// The longest time between two runs, by the schedule as the tool reads it.
fn interval(backup: &Backup) -> Fact<f64> {
    let Some(written) = backup.schedule.value() else { return backup.schedule.clone().map(|_| 0.0) };
    let dialect = if backup.tool.starts_with("aws-") { Dialect::Aws } else { Dialect::Unix };
    let at = |state| Fact { state, span: backup.schedule.span, via: backup.schedule.via.clone() };
    match Schedule::read(written, dialect) {
        Ok(schedule) => at(schedule.longest_gap().map_or(State::Absent, State::Known)),
        Err(why) => {
            let reason = format!("the schedule `{written}` is not understood: {why}");
            at(State::Unknown(Unknown::new(reason, "write it as cron or rate", backup.schedule.span)))
        }
    }
}

/// Whether what selects by tags selects anything: something bears them, or what bears which tags is not all known.
fn selects(model: &Model, backup: &Backup) -> Fact<bool> {
    let by_hand = model.surroundings.attaches_schedules.filter(|_| backup.tool == "google-snapshots");
    if let Some(span) = by_hand.filter(|_| backup.selects.is_false()) {
        let unknown = Unknown::new(
            "schedules of snapshots are attached to disks by hand (`add-resource-policies`)",
            "attach it where it is declared (`google_compute_disk_resource_policy_attachment`)",
            span,
        );
        return Fact { span: backup.selects.span, ..Fact::unknown(unknown) };
    }
    if !backup.by_tag || !backup.selects.is_true() {
        return backup.selects.clone();
    }
    let tagged = &model.tagged;
    let bears =
        |key: &str, value: &str| tagged.pairs.iter().any(|(own_key, own)| own_key == key && matches(value, own));
    // What is known of a text in which something is not may rule it out.
    let may = |value: &str, open: &Unknown| {
        value.contains('*') || open.partial.as_deref().is_none_or(|partial| matches(partial, value))
    };
    let maybe = std::cell::RefCell::new(None);
    let may_bear = |key: &str, value: &str| {
        let open = tagged.open.get(key).and_then(|all| all.iter().find(|open| may(value, open)));
        if let Some(open) = open {
            maybe.borrow_mut().get_or_insert_with(|| open.clone());
        }
        open.is_some() || bears(key, value)
    };
    match borne(&backup.covers, &bears) {
        Some(true) => backup.selects.clone(),
        Some(false) if tagged.unknown.is_none() && borne(&backup.covers, &may_bear) == Some(false) => {
            Fact { state: State::Known(false), ..backup.selects.clone() }
        }
        _ => {
            let none = || Unknown::new("the tags that it selects are not known", "pass a plan", backup.place.span);
            let unknown = maybe.into_inner().or_else(|| tagged.unknown.clone()).unwrap_or_else(none);
            Fact { span: backup.selects.span, ..Fact::unknown(unknown) }
        }
    }
}

/// Whether anything may bear the tags of a coverage: `None` where a tag is not known.
fn borne(coverage: &Coverage, anything: &dyn Fn(&str, &str) -> bool) -> Option<bool> {
    match coverage {
        Coverage::Tags(tags) => {
            let known: Option<Vec<(&Text, &Text)>> =
                tags.iter().map(|(key, fact)| Some((key, fact.value()?))).collect();
            Some(known?.into_iter().all(|(key, value)| anything(key, value)))
        }
        Coverage::Any(parts) => {
            let all: Vec<Option<bool>> = parts.iter().map(|part| borne(part, anything)).collect();
            if all.contains(&Some(true)) {
                Some(true)
            } else if all.contains(&None) {
                None
            } else {
                Some(false)
            }
        }
        Coverage::Less(from, _) => borne(from, anything),
        _ => Some(true),
    }
}

/// Whether a notice, or an alert that calls somebody, is about failures of the tool.
fn failure_alerted(model: &Model, backup: &Backup, context: &Context<'_>) -> Fact<bool> {
    let Some(told) = TOLD.iter().find(|told| backup.tool == told.tool) else { return Fact::default() };
    let noticed = model.notices.iter().find(|notice| notice.tool == told.tool).map(|notice| notice.span);
    let alarm = || model.alerts.iter().find(|alert| alert.calls() && looks_at(alert, told));
    let found: Option<Span> = noticed.or_else(|| alarm().map(|alert| alert.place.span));
    let fact = found_or_elsewhere(found, "alerts", context.external.alerts.as_ref());
    Fact { span: fact.span.or(Some(backup.place.span)), ..fact }
}

fn looks_at(alert: &Alert, told: &Told) -> bool {
    let begins = |text: &str, list: &[&str]| list.iter().any(|start| text.starts_with(start));
    let series = |watch: &Watch| match watch {
        Watch::Series { metric: Some(metric), .. } => begins(metric, told.metrics),
        Watch::Dimension { namespace, .. } => begins(namespace, told.namespaces),
        Watch::Series { .. } => false,
    };
    let written = || alert.expression.value().is_some_and(|text| told.metrics.iter().any(|name| text.contains(name)));
    alert.watches.iter().any(series)
        || alert.metrics.iter().any(|name| begins(name, told.namespaces))
        || alert.namespaces.iter().any(|name| begins(name, told.namespaces))
        || written()
}

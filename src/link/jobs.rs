//! Scheduled jobs → the alerts that would tell that one failed, or did not run. Uses `model`.

use super::series::{Matcher, Patterns};
use super::{Context, monitoring};
use crate::model::alert::Watch;
use crate::model::{Alert, Fact, Id, Model, Service, Workload};
use crate::source::Span;
use crate::tree::Text;

/// Series of kube-state-metrics that tell how jobs ended.
/// <https://github.com/kubernetes/kube-state-metrics/tree/main/docs/metrics/workload>
const OUTCOMES: &[&str] = &["kube_job_", "kube_cronjob_"];

/// Labels that name one job.
const NAMES: &[&str] = &["cronjob", "owner_name", "job_name", "exported_job"];

/// Hosts of services that expect a sign of life of each run.
const HEARTBEATS: &[&str] = &["hc-ping", "healthchecks", "deadmanssnitch", "nosnch", "cronitor", "heartbeat", "snitch"];

/// Says of every `CronJob` whether its failure is alerted on. That is only asked where some alert is meant for jobs at
/// large: rules for them come with the monitoring of most clusters, whose own chart is seldom here.
pub(super) fn join(model: &mut Model, context: &Context<'_>) {
    expected(model);
    let alerts = || model.alerts.iter().filter(|alert| alert.calls());
    let about_jobs: Vec<&Alert> = alerts().filter(|alert| asks_for_jobs(alert)).collect();
    let at_large = |alert: &&&Alert| {
        !alert.watches.iter().flat_map(Watch::matchers).any(|(label, ..)| NAMES.contains(&label.as_str()))
    };
    if !about_jobs.iter().any(|alert| at_large(&alert)) && context.external.alerts.is_none() {
        return;
    }
    let unread = monitoring::unread(model);
    let patterns = Patterns::new(about_jobs.iter().flat_map(|alert| &alert.watches).flat_map(Watch::matchers));
    let found: Vec<(Id<Workload>, Fact<bool>)> = model
        .each::<Workload>()
        .filter(|(_, workload)| workload.kind == "CronJob" && workload.platform == "kubernetes")
        .filter(|(_, workload)| !workload.service.is_some_and(|service| is_unwatched(model, service)))
        .map(|(id, workload)| {
            let generic = about_jobs.iter().find(|alert| watches(alert, workload, &patterns));
            let found = generic.map(|alert| alert.place.span).or_else(|| by_service(model, workload));
            let found = found.or_else(|| signs_of_life(workload));
            (id, monitoring::alerted(found, true, unread.as_ref(), context))
        })
        .collect();
    for (id, fact) in found {
        let head = model[id].place.span;
        model[id].failure_alerted = Fact { span: fact.span.or(Some(head)), ..fact };
    }
}

/// A service of jobs alone is watched where something expects a sign of life of one.
fn expected(model: &mut Model) {
    for index in 0..model.services.len() {
        let id: Id<Service> = Id::new(index);
        if is_unwatched(model, id)
            && let Some(span) = model[id].workloads.iter().find_map(|id| signs_of_life(&model[*id]))
        {
            model[id].alerted = Fact::known(true, span);
        }
    }
}

/// Whether a service of jobs alone is watched by no alert at all: that is said of the service, once.
fn is_unwatched(model: &Model, id: Id<Service>) -> bool {
    let service = &model[id];
    service.only_jobs && service.deployable && service.alerted.is_false()
}

fn asks_for_jobs(alert: &Alert) -> bool {
    alert
        .watches
        .iter()
        .any(|watch| watch.metric().is_some_and(|metric| OUTCOMES.iter().any(|name| metric.starts_with(name))))
}

/// Whether an alert about jobs leaves none of a `CronJob`'s own out: by namespace, by its name, by the names that its
/// jobs get.
fn watches(alert: &Alert, job: &Workload, patterns: &Patterns) -> bool {
    let name = &job.plain_name;
    let of_job = compact_str::format_compact!("{name}-29000000");
    let about = alert
        .watches
        .iter()
        .filter(|watch| watch.metric().is_some_and(|metric| OUTCOMES.iter().any(|name| metric.starts_with(name))));
    let fits = |written: &(Text, Text, Text)| {
        let matcher = Matcher::new(written, patterns);
        match written.0.as_str() {
            "namespace" | "exported_namespace" => {
                job.namespace.value().is_none_or(|namespace| matcher.accepts(namespace))
            }
            "cronjob" | "owner_name" => matcher.accepts(name),
            "job_name" | "exported_job" => matcher.accepts(&of_job) || matcher.accepts(name),
            _ => true,
        }
    };
    about.into_iter().any(|watch| watch.matchers().iter().all(fits))
}

/// An alert of its own service that asks for more than how the service is run may well ask for what the job leaves.
fn by_service(model: &Model, job: &Workload) -> Option<Span> {
    let alerts = model[job.service?].alerts.iter().map(|alert| &model[*alert]);
    let mut own = alerts.filter(|alert| alert.place.environment.production && !alert.platform);
    own.next().map(|alert| alert.place.span)
}

fn signs_of_life(job: &Workload) -> Option<Span> {
    let mut told = job
        .uses
        .iter()
        .filter(|used| used.value().is_some_and(|host| HEARTBEATS.iter().any(|known| host.contains(known))));
    told.next().and_then(|used| used.span)
}

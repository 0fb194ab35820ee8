//! Which signals of a service and of a datastore are alerted on, and what of a service would go unnoticed. Uses `model`.

use std::collections::BTreeMap;

use super::kubernetes::{Selecting, same_namespace};
use super::uncharted::unread_part;
use super::{doors, probed};
use crate::model::alert::Watch;
use crate::model::kubernetes::Entrance;
use crate::model::signal::{cloud, of_name, of_platform};
use crate::model::{Alert, Datastore, Fact, Id, Model, Service, Signal, Signals, Workload};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// Settles what each alert tells. What its expression says was read with it.
pub(super) fn settle(model: &mut Model) {
    for alert in &mut model.alerts {
        let mut series = alert.watches.iter().filter_map(|watch| match watch {
            Watch::Series { metric, .. } => Some(metric.as_deref().unwrap_or_default()),
            Watch::Dimension { .. } => None,
        });
        alert.platform = series.clone().next().is_some() && series.clone().all(of_platform);
        if alert.slo {
            // What burns is errors or lateness: the objective says which, and either way users notice it.
            alert.signals = Fact::known(vec![Signal::Errors, Signal::Latency], alert.place.span);
        } else if alert.signals.is_absent() && (series.next().is_some() || !alert.metrics.is_empty()) {
            let told = alert.watches.iter().filter_map(Watch::metric).flat_map(|metric| of_name(metric));
            let of_cloud = alert.metrics.iter().flat_map(|metric| cloud::of_metric(metric));
            let mut told: Vec<Signal> = told.chain(of_cloud).collect();
            told.sort_unstable();
            told.dedup();
            alert.signals = Fact::known(told, alert.place.span);
        } else if alert.signals.is_absent() {
            alert.signals = Fact::unknown(Unknown::new(
                format!("what `{}` measures is not known", alert.name),
                "",
                alert.place.span,
            ));
        }
    }
}

/// Who notices that a job has failed. A schedule that no run kept leaves no error behind.
const OF_JOBS: &str = "whoever misses what its jobs should have done";

/// Says of every service which of its signals are alerted on.
pub(super) fn of_services(model: &mut Model, selecting: &Selecting) {
    let entered = entered(model, selecting);
    let told = probed::told(model, &entered);
    let asked: BTreeMap<Id<Service>, Span> =
        told.by.iter().map(|(service, alert)| (*service, alert.place.span)).collect();
    let doubts = model.each::<Service>().filter(|(id, _)| !asked.contains_key(id)).filter_map(|(id, service)| {
        let doubt = told.doubt(model, service, entered.contains_key(&id))?;
        Some((id, doubt.clone()))
    });
    let doubts: BTreeMap<Id<Service>, Unknown> = doubts.collect();
    let at_doors = doors::alerts(model, &entered);
    let entered: BTreeMap<Id<Service>, Span> =
        entered.into_iter().filter_map(|(service, doors)| Some((service, doors.first()?.place.span))).collect();
    for index in 0..model.services.len() {
        let id: Id<Service> = Id::new(index);
        let service = &model[id];
        let jobs = only_jobs(model, service);
        let at_door = at_doors.get(&id).map_or(&[][..], Vec::as_slice);
        let alerts: Vec<&Alert> =
            service.alerts.iter().chain(at_door).map(|alert| &model[*alert]).filter(|alert| alert.calls()).collect();
        // Its chart may bring alerts that tell more.
        let unread = unread_part(model, id).map(|part| &part.why);
        let mut signals = union(&alerts, unread.or_else(|| service.alerted.reason()));
        let asked = asked.get(&id);
        if let Some(span) = asked {
            tell_of_probe(&mut signals, *span);
        }
        signals.unnoticed = unnoticed(&signals);
        // An alert that is written for one service alone was thought about, whatever it looks at.
        let own = |alert: &&&Alert| !alert.platform || alert.services.len() == 1;
        let at_door = at_door.first().map(|alert| model[*alert].place.span);
        let work = match alerts.iter().find(own) {
            _ if asked.or(at_door.as_ref()).is_some() => {
                Fact { span: asked.copied().or(at_door), ..Fact::known(true, None) }
            }
            _ if !service.alerted.is_true() => Fact::default(),
            Some(alert) => Fact::known(true, alert.place.span),
            // What a scheduled job does is to end well, and that the cluster's own alerts tell.
            None if jobs => Fact::default(),
            None => match unread {
                Some(unknown) => Fact::unknown(unknown.clone()),
                None => Fact::known(false, alerts.first().map(|alert| alert.place.span).or(service.alerted.span)),
            },
        };
        let public = match entered.get(&id) {
            Some(span) => Fact::known(true, *span),
            None => Fact::known(false, None),
        };
        let service = &mut model[id];
        if let (Some(span), false) = (asked.copied().or(at_door), service.alerted.is_true()) {
            service.alerted = Fact::known(true, span);
        }
        if let Some(doubt) = doubts.get(&id).filter(|_| service.alerted.is_false()) {
            service.alerted = Fact { span: service.alerted.span, ..Fact::unknown(doubt.clone()) };
        }
        service.only_jobs = jobs && !service.holds_data && !public.is_true();
        service.noticed_by = Text::const_new(if service.only_jobs { OF_JOBS } else { "its customers" });
        service.signals = signals;
        service.alerted_on_work = work;
        service.public = public;
    }
}

/// Adds what an alert on a tool tells that asks a service from outside: that it does not answer, or answers with an
/// error. How long the answer may take is set with the tool.
fn tell_of_probe(signals: &mut Signals, span: Span) {
    signals.span = signals.span.or(Some(span));
    for (signal, fact) in [(Signal::Availability, &mut signals.availability), (Signal::Errors, &mut signals.errors)] {
        *fact = Fact::known(true, span);
        if !signals.alerted.contains(&signal) {
            signals.alerted.push(signal);
        }
    }
    signals.alerted.sort_unstable();
    if signals.latency.is_false() {
        let reason = "how long an answer may take is set with what asks it from outside";
        signals.latency = Fact::unknown(Unknown::new(reason, "alert on how long its requests take", span));
    }
}

/// Whether all that runs of a service in production runs until it ends.
fn only_jobs(model: &Model, service: &Service) -> bool {
    let mut running = service
        .workloads
        .iter()
        .map(|id| &model[*id])
        .filter(|workload| workload.place.environment.production)
        .peekable();
    running.peek().is_some() && running.all(Workload::is_job)
}

/// Says of every datastore which of its signals are alerted on.
pub(super) fn of_datastores(model: &mut Model, watched: &BTreeMap<Id<Datastore>, Vec<Id<Alert>>>) {
    for index in 0..model.datastores.len() {
        let id: Id<Datastore> = Id::new(index);
        let alerts = watched.get(&id).map_or(&[][..], Vec::as_slice);
        let alerts: Vec<&Alert> = alerts.iter().map(|alert| &model[*alert]).filter(|alert| alert.calls()).collect();
        model[id].signals = union(&alerts, model[id].alerted.reason());
    }
}

/// What some alerts tell together. A signal that none tells is not told, unless what one of them tells is not known, or
/// there may be alerts that were not read.
fn union(alerts: &[&Alert], unread: Option<&Unknown>) -> Signals {
    let untold = alerts.iter().find(|alert| alert.signals.value().is_some_and(Vec::is_empty)).map(|alert| {
        let reason = format!("what `{}` tells is not known by the names of what it measures", alert.name);
        Unknown::new(reason, "", alert.place.span)
    });
    let doubt = alerts.iter().find_map(|alert| alert.signals.reason()).or(untold.as_ref()).or(unread);
    let tells = |alert: &&&Alert, signal: Signal| alert.signals.value().is_some_and(|told| told.contains(&signal));
    let first = |signal: Signal| {
        let mut telling = alerts.iter().filter(|alert| tells(alert, signal));
        let one = telling.clone().next();
        telling.find(|alert| alert.pages.is_true()).or(one)
    };
    let fact = |signal: Signal| match (first(signal), doubt) {
        (Some(alert), _) => Fact::known(true, alert.place.span),
        (None, Some(unknown)) => Fact::unknown(unknown.clone()),
        (None, None) => Fact::known(false, alerts.first().map(|alert| alert.place.span)),
    };
    let told = |alerts: &[&&Alert]| -> Vec<Signal> {
        let told = |signal: &Signal| alerts.iter().any(|alert| tells(alert, *signal));
        Signal::ALL.into_iter().filter(told).collect()
    };
    Signals {
        span: alerts.first().map(|alert| alert.place.span),
        availability: fact(Signal::Availability),
        errors: fact(Signal::Errors),
        latency: fact(Signal::Latency),
        traffic: fact(Signal::Traffic),
        saturation: fact(Signal::Saturation),
        alerted: told(&alerts.iter().collect::<Vec<_>>()),
        paged: told(&alerts.iter().filter(|alert| alert.pages.is_true()).collect::<Vec<_>>()),
        unnoticed: Fact::default(),
    }
}

/// Of what users notice, what no alert would tell. That something is down shows in errors and in missing traffic too.
fn unnoticed(signals: &Signals) -> Fact<Text> {
    let down = [&signals.availability, &signals.errors, &signals.traffic];
    let asked = [
        ("that it is down", down.iter().any(|fact| fact.is_true()), down.iter().find_map(|fact| fact.reason())),
        ("errors", signals.errors.is_true(), signals.errors.reason()),
        ("slowness", signals.latency.is_true(), signals.latency.reason()),
    ];
    if let Some((_, _, Some(unknown))) = asked.iter().find(|(_, told, doubt)| !told && doubt.is_some()) {
        return Fact::unknown((*unknown).clone());
    }
    let missing: Vec<&str> = asked.iter().filter(|(_, told, _)| !told).map(|(what, _, _)| *what).collect();
    let text = match missing.as_slice() {
        [] => return Fact::absent(signals.span),
        [one] => Text::from(*one),
        [one, other] => compact_str::format_compact!("{one} or {other}"),
        _ => compact_str::format_compact!("{}", missing.join(", ")),
    };
    Fact::known(text, signals.span)
}

/// The services that callers from outside reach, each with the doors by which they do.
pub(super) fn entered<'m>(model: &'m Model, selecting: &Selecting) -> BTreeMap<Id<Service>, Vec<&'m Entrance>> {
    let mut by_backend: BTreeMap<&Text, Vec<&Entrance>> = BTreeMap::new();
    let fenced = |entrance: &Entrance| {
        model.kubernetes.fences.iter().any(|fence| {
            fence.around.0 == entrance.kind
                && fence.around.1 == entrance.name
                && fence.place.environment == entrance.place.environment
                && same_namespace(&fence.namespace, &entrance.namespace)
        })
    };
    let entrances = model.kubernetes.entrances.iter().filter(|entrance| !entrance.inside && !fenced(entrance));
    for entrance in entrances.filter(|entrance| entrance.place.environment.production && !entrance.place.library) {
        entrance.backends.iter().for_each(|backend| by_backend.entry(backend).or_default().push(entrance));
    }
    let mut entered: BTreeMap<Id<Service>, Vec<&Entrance>> = BTreeMap::new();
    if by_backend.is_empty() {
        return entered;
    }
    let runs = |workload: &Workload| workload.place.environment.production && !workload.off;
    for (_, workload) in model.each::<Workload>().filter(|(_, workload)| runs(workload)) {
        let Some(service) = workload.service else { continue };
        if workload.unread.is_some() {
            let through = by_backend.get(&workload.plain_name).into_iter().flatten();
            for door in through.filter(|entrance| entrance.place == workload.place) {
                entered.entry(service).or_default().push(door);
            }
        }
        for network in selecting.services(model, workload) {
            let through = by_backend.get(&network.name).into_iter().flatten();
            let doors = through.filter(|entrance| same_namespace(&entrance.namespace, &network.namespace));
            let doors: Vec<&Entrance> = doors.copied().collect();
            if !doors.is_empty() {
                entered.entry(service).or_default().extend(doors);
            }
        }
    }
    entered
}

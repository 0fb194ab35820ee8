//! What only looks like readiness: alerts that reach nobody or can never fire, monitors that find nothing to measure,
//! objectives whose budget burns unheard, backups that nobody has restored. Each is a gap of its own elsewhere; here they are put together, for whoever believes the list. Uses
//! `model`.

use super::services::{Register, join as join_service};
use crate::model::{Alert, Fact, Id, Model, Monitor, Objective, Service};
use crate::source::Span;
use crate::tree::Text;

/// With fewer alerts than these, one that reaches nobody is a gap and no theater.
const MANY_ALERTS: usize = 2;

/// Joins objectives to the services that they name.
pub(super) fn join_objectives(model: &mut Model, register: &Register<'_>) {
    for index in 0..model.objectives.len() {
        let id: Id<Objective> = Id::new(index);
        let of = model[id].of.clone();
        let Some(service) = register.find(&of).filter(|_| !of.is_empty()) else { continue };
        model[id].service = Some(service);
        join_service(model, service, id, format!("the service {of} that it names"));
    }
}

/// Says of every service what of it only looks like readiness.
pub(super) fn judge(model: &mut Model) {
    for index in 0..model.services.len() {
        let id: Id<Service> = Id::new(index);
        let theater = theater(model, id);
        model[id].theater = theater;
    }
}

fn theater(model: &Model, id: Id<Service>) -> Fact<Text> {
    let service = &model[id];
    let mut reasons: Vec<(String, Vec<Span>)> = Vec::new();
    let alerts = service.alerts.iter().map(|alert| &model[*alert]);
    let meant: Vec<&Alert> = alerts.filter(|alert| is_meant_for_somebody(alert)).collect();
    let unheard = meant.len() >= MANY_ALERTS && meant.iter().all(|alert| alert.delivery.somebody.is_false());
    if unheard {
        let spans = meant.iter().map(|alert| alert.place.span).collect();
        reasons.push((format!("none of its {} alerts reaches anybody", meant.len()), spans));
    }
    let dead: Vec<&&Alert> = meant.iter().filter(|alert| never_fires(alert)).collect();
    let mute = !dead.is_empty() && dead.len() == meant.len();
    if mute {
        let spans = dead.iter().map(|alert| alert.place.span).collect();
        reasons.push((format!("its {} can never fire", counted(dead.len(), "alert")), spans));
    } else if let Some(first) = dead.first() {
        let spans = dead.iter().map(|alert| alert.place.span).collect();
        reasons.push((format!("`{}` can never fire", first.name), spans));
    }
    let own = |monitor: &&Monitor| monitor.service == Some(id) || meant_for(monitor, service);
    let production = model.monitors.iter().filter(|monitor| monitor.place.environment.production);
    let blind: Vec<&Monitor> = production.filter(own).filter(|monitor| monitor.finds.is_false()).collect();
    if let Some(first) = blind.first() {
        let spans = blind.iter().map(|monitor| monitor.place.span).collect();
        reasons.push((format!("`{}` finds nothing to measure", first.name), spans));
    }
    let objectives = model.objectives.iter().filter(|objective| objective.service == Some(id));
    let silent: Vec<&Objective> = objectives.filter(|objective| objective.burn_alert.is_false()).collect();
    if let Some(first) = silent.first() {
        let spans = silent.iter().map(|objective| objective.place.span).collect();
        reasons.push((format!("nobody is told when the budget of its objective `{}` burns", first.name), spans));
    }
    let stores = service.datastores.iter().map(|store| &model[*store]);
    let copied = stores.filter(|store| store.place.environment.production && store.backup.enabled.is_true());
    let untried: Vec<_> = copied.filter(|store| store.restore_tested.is_false()).collect();
    if let Some(first) = untried.first() {
        let spans = untried.iter().map(|store| store.place.span).collect();
        reasons.push((format!("the backups of `{}` were never restored", first.name), spans));
    }
    // One of them alone is the gap that its own rule reports.
    if !unheard && !mute && reasons.len() < 2 {
        return Fact::absent(service.place.span);
    }
    let (words, spans): (Vec<String>, Vec<Vec<Span>>) = reasons.into_iter().unzip();
    Fact {
        via: spans.into_iter().flatten().collect(),
        ..Fact::known(Text::from(words.join(", and ")), service.place.span)
    }
}

/// Whether nothing that an alert asks for can come.
fn never_fires(alert: &Alert) -> bool {
    alert.impossible.value().is_some() || alert.unrecorded.value().is_some()
}

/// Whether a monitor that finds nothing bears the name of the service.
fn meant_for(monitor: &Monitor, service: &Service) -> bool {
    monitor.service.is_none() && monitor.plain_name == service.name
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("only {what}") } else { format!("{count} {what}s") }
}

fn is_meant_for_somebody(alert: &Alert) -> bool {
    let delivery = &alert.delivery;
    alert.place.environment.production
        && alert.notifies.is_true()
        && !alert.heartbeat
        && delivery.routed
        && !delivery.form
        && !delivery.dropped_on_purpose
}

//! Which signals of a service and of its datastores are alerted on, by which alert and how loudly. Uses `model`.

use std::io::{self, Write};

use super::line;
use crate::audit::Audit;
use crate::model::{Alert, Fact, Id, Model, Service, Signal, Signals};
use crate::source::Span;

/// Writes the signals of a service that runs something, and of each of its datastores in production.
pub(super) fn explain(audit: &Audit, service: &Service, out: &mut dyn Write) -> io::Result<()> {
    let model = &audit.model;
    let datastores = service.datastores.iter().map(|id| &model[*id]).filter(|it| it.place.environment.production);
    let stores = datastores.map(|datastore| (datastore.name.as_str(), &datastore.signals, &[][..]));
    let own =
        (!service.workloads.is_empty()).then_some((service.name.as_str(), &service.signals, service.alerts.as_slice()));
    let mut all = own.into_iter().chain(stores).peekable();
    if all.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "Alerted on")?;
    for (name, signals, alerts) in all {
        let said = |signal: &Signal| fact(signals, *signal).is_true() || fact(signals, *signal).reason().is_some();
        if !Signal::ALL.iter().any(said) {
            line(out, &format!("  {name}: no alert"))?;
            continue;
        }
        line(out, &format!("  {name}"))?;
        for signal in Signal::ALL {
            line(out, &format!("    {:<13} {}", signal.name(), told(audit, signals, alerts, signal)))?;
        }
    }
    writeln!(out)
}

fn fact(signals: &Signals, signal: Signal) -> &Fact<bool> {
    match signal {
        Signal::Availability => &signals.availability,
        Signal::Errors => &signals.errors,
        Signal::Latency => &signals.latency,
        Signal::Traffic => &signals.traffic,
        Signal::Saturation => &signals.saturation,
    }
}

fn told(audit: &Audit, signals: &Signals, alerts: &[Id<Alert>], signal: Signal) -> String {
    let fact = fact(signals, signal);
    match (fact.value(), fact.reason()) {
        (Some(true), _) => by(audit, fact, alerts, signals.paged.contains(&signal)),
        (_, Some(unknown)) => format!("not known: {}", unknown.reason),
        _ => "no alert".to_owned(),
    }
}

/// The alert that tells a signal, with its severity.
fn by(audit: &Audit, fact: &Fact<bool>, alerts: &[Id<Alert>], paged: bool) -> String {
    let loudly = if paged { "wakes someone" } else { "wakes nobody" };
    let Some(span) = fact.span else { return loudly.to_owned() };
    let place = audit.sources.place(span);
    match named(&audit.model, alerts, span) {
        Some((name, severity)) => format!("{loudly:<14} {name}{severity}  {place}"),
        None => format!("{loudly:<14} {place}"),
    }
}

/// The alert at a place: of several that one template makes, the one that is its own.
fn named<'m>(model: &'m Model, alerts: &[Id<Alert>], span: Span) -> Option<(&'m str, String)> {
    let own = alerts.iter().map(|id| &model[*id]).find(|alert| alert.place.span == span);
    let alert = own.or_else(|| model.alerts.iter().find(|alert| alert.place.span == span))?;
    let severity = alert.severity.value().map_or(String::new(), |severity| format!(" ({severity})"));
    Some((alert.plain_name.as_str(), severity))
}

//! Worst-case data loss of datastores and services, from what copies them and how often.
//!
//! Data is damaged at the worst moment, just before the next copy; so a schedule loses its longest gap, and
//! point-in-time recovery what it lags behind. Of several ways to get data back the best counts, of the datastores of a
//! service the worst.

use crate::model::duration::short;
use crate::model::loss::Term;
use crate::model::{DataLoss, Datastore, Fact, Id, Model, Service, State};
use crate::tree::{Text, Unknown};

/// How far point-in-time recovery lags in a cluster: operators archive a segment of the log at least every five minutes. <https://cloudnative-pg.io/documentation/current/wal_archiving/>
const LAG: f64 = 5.0;

/// A loss, in minutes, that a way to get data back which is not known could hardly lessen.
const LITTLE: f64 = 15.0;

/// Computes the loss of every datastore and service.
pub(super) fn join(model: &mut Model) {
    for index in 0..model.datastores.len() {
        let id: Id<Datastore> = Id::new(index);
        if keeps(&model[id]) {
            model[id].loss = of_datastore(model, &model[id]);
        }
    }
    for index in 0..model.services.len() {
        let id: Id<Service> = Id::new(index);
        model[id].loss = of_service(model, &model[id]);
    }
}

/// Whether there is anything to lose: it is where data lives, and not a copy.
fn keeps(datastore: &Datastore) -> bool {
    !datastore.disposable.is_true()
        && !datastore.replica.is_true()
        && !matches!(datastore.kind.as_str(), "cache" | "queue")
}

fn of_datastore(model: &Model, datastore: &Datastore) -> DataLoss {
    let backup = &datastore.backup;
    let mut terms: Vec<Term> = Vec::new();
    let mut open: Option<Unknown> = None;
    let in_cluster = datastore.platform == "kubernetes";
    let mut term = |what: Text, minutes: f64, span| {
        terms.push(Term { what, minutes: Some(minutes), span, datastore: datastore.name.clone(), decides: false });
    };
    if backup.pitr.is_true() {
        if let Some(lag) = datastore.pitr_lag_minutes.value().copied().or(in_cluster.then_some(LAG)) {
            let from = datastore.archive.value().map(|archive| format!(" from {archive}")).unwrap_or_default();
            term(format!("point-in-time recovery{from}").into(), lag, backup.pitr.span);
        } else {
            let reason = "how far its point-in-time recovery lags behind is not documented";
            open = Some(Unknown::new(reason, "waive it with what the provider promises", backup.pitr.span));
        }
    } else {
        open = open.or_else(|| backup.pitr.reason().cloned());
    }
    if datastore.versioned.is_true() {
        term("versions of every object".into(), 0.0, datastore.versioned.span);
    }
    let covered = !datastore.covering.is_empty();
    match (&backup.enabled.state, datastore.own_interval_minutes.value()) {
        (State::Known(true), Some(interval)) if !covered || backup.retention_days.value().is_some() => {
            term(format!("{} automatic backup", often(*interval)).into(), *interval, backup.enabled.span);
        }
        (State::Unknown(unknown), _) => open = Some(unknown.clone()),
        _ => {}
    }
    for plan in datastore.covering.iter().map(|id| &model[*id]) {
        match (&plan.interval_minutes.state, plan.paused.reason()) {
            (State::Known(interval), None) => {
                let own = || Some(&datastore.archive).filter(|_| plan.tool == "cnpg").and_then(Fact::value);
                let to = plan.destination.value().or_else(own).map(|to| format!(" to {to}")).unwrap_or_default();
                let what = format!("{} backup by {}{to}", often(*interval), plan.name);
                term(what.into(), *interval, Some(plan.place.span));
            }
            (State::Unknown(unknown), _) => open = open.or_else(|| Some(unknown.clone())),
            (_, Some(unknown)) => open = open.or_else(|| Some(unknown.clone())),
            (State::Absent, _) => {
                let reason = format!("nothing says how often `{}` runs", plan.name);
                open = open.or_else(|| Some(Unknown::new(reason, "give it a schedule", plan.place.span)));
            }
        }
    }
    if terms.is_empty() && backup.managed {
        let reason = "its operator looks after its backups, which were not read";
        open = open.or_else(|| Some(Unknown::new(reason, "name the schedule in a waiver or an objective", None)));
    }
    // Something copies it, and how often was not said.
    if terms.is_empty() && backup.enabled.is_true() && open.is_none() {
        let reason = "nothing says how often it is copied";
        open = Some(Unknown::new(reason, "give the backup a schedule", backup.enabled.span));
    }
    let anchor = if backup.enabled.span.is_some() {
        backup.enabled.clone()
    } else {
        Fact { span: Some(datastore.place.span), ..backup.enabled.clone() }
    };
    conclude(terms, open, &anchor)
}

/// The best of the terms; not known where something better may be, nothing where there is none.
fn conclude(mut terms: Vec<Term>, open: Option<Unknown>, anchor: &Fact<bool>) -> DataLoss {
    let best = terms.iter().enumerate().filter_map(|(index, term)| Some((index, term.minutes?)));
    let best = best.min_by(|one, other| one.1.total_cmp(&other.1));
    // What is not known could only be better: beside little loss it does not matter.
    let open = open.filter(|_| best.is_none_or(|(_, minutes)| minutes > LITTLE));
    match (best, open) {
        (Some((index, minutes)), None) => {
            if let Some(term) = terms.get_mut(index) {
                term.decides = true;
            }
            known(minutes, terms.get(index).and_then(|term| term.span), terms)
        }
        (_, Some(unknown)) => {
            let at = |unknown: Unknown| Fact { span: anchor.span, via: anchor.via.clone(), ..Fact::unknown(unknown) };
            DataLoss {
                span: anchor.span,
                bounded: at(unknown.clone()).map(|(): ()| true),
                minutes: at(unknown.clone()).map(|(): ()| 0.0),
                amount: at(unknown).map(|(): ()| Text::default()),
                terms,
            }
        }
        (None, None) => DataLoss {
            span: anchor.span,
            bounded: Fact::known(false, anchor.span),
            minutes: Fact::absent(anchor.span),
            amount: Fact::known("everything".into(), anchor.span),
            terms: Vec::new(),
        },
    }
}

fn known(minutes: f64, span: Option<crate::source::Span>, terms: Vec<Term>) -> DataLoss {
    DataLoss {
        span,
        bounded: Fact::known(true, span),
        minutes: Fact::known(minutes, span),
        amount: Fact::known(short(minutes).into(), span),
        terms,
    }
}

fn of_service(model: &Model, service: &Service) -> DataLoss {
    let stores = service.datastores.iter().map(|id| &model[*id]).filter(|datastore| {
        datastore.place.environment.production
            && !datastore.place.library
            && keeps(datastore)
            && matches!(datastore.kind.as_str(), "database" | "warehouse" | "search" | "file-system" | "volume")
    });
    let mut worst: Option<&Datastore> = None;
    let mut terms = Vec::new();
    for datastore in stores {
        let rank = |datastore: &Datastore| match (&datastore.loss.bounded.state, datastore.loss.minutes.value()) {
            (State::Known(false), _) => f64::INFINITY,
            (State::Unknown(_), _) => f64::MAX,
            (_, Some(minutes)) => *minutes,
            _ => -1.0,
        };
        if worst.is_none_or(|so_far| rank(datastore) > rank(so_far)) {
            worst = Some(datastore);
        }
        match datastore.loss.terms.iter().find(|term| term.decides) {
            Some(term) => terms.push(Term { decides: false, ..term.clone() }),
            None if datastore.loss.bounded.is_false() => terms.push(Term {
                what: "no backup".into(),
                datastore: datastore.name.clone(),
                span: Some(datastore.place.span),
                ..Term::default()
            }),
            None => {}
        }
    }
    let Some(worst) = worst else { return DataLoss::default() };
    for term in &mut terms {
        term.decides = term.datastore == worst.name;
    }
    DataLoss { terms, ..worst.loss.clone() }
}

/// How often something happens, as people say it.
fn often(minutes: f64) -> String {
    const NAMES: &[(f64, &str)] = &[(60.0, "hourly"), (1440.0, "daily"), (10_080.0, "weekly"), (44_640.0, "monthly")];
    let named = NAMES.iter().find(|(length, _)| (minutes - length).abs() < 0.5).map(|(_, name)| (*name).to_owned());
    named.unwrap_or_else(|| format!("at most every {}", short(minutes)))
}

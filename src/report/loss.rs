//! A service's worst-case data loss: in a sentence with its sources, and as data. Uses `audit`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::audit::Audit;
use crate::model::duration::short;
use crate::model::loss::Term;
use crate::model::{Datastore, Service, State};
use crate::source::Span;

/// How much of its newest data a service loses in the worst case.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DataLoss")]
pub(super) struct Loss<'a> {
    /// Whether anything bounds it: false where data is never copied, null where that is not known.
    bounded: Option<bool>,
    /// The most that is lost, in minutes; null where nothing bounds it, or it is not known.
    minutes: Option<f64>,
    /// The RPO that the service declares, in minutes; null when it declares none.
    declared_rpo_minutes: Option<i64>,
    /// Whether the loss keeps to the declared RPO; null where either is not known.
    acceptable: Option<bool>,
    /// All of it in a sentence.
    said: String,
    /// The best way to get each datastore's data back.
    terms: Vec<Way<'a>>,
}

/// The best way to get a datastore's data back.
#[derive(Debug, Serialize, JsonSchema)]
struct Way<'a> {
    /// The datastore.
    datastore: &'a str,
    /// What brings its data back: `daily automatic backup`, `point-in-time recovery`, `no backup`.
    what: &'a str,
    /// The most that is lost by it, in minutes; null where nothing is copied.
    minutes: Option<f64>,
    /// Whether it is the worst of the service, which decides.
    decides: bool,
    /// The file it is declared in.
    path: Option<&'a str>,
    /// The line, from 1.
    line: Option<u32>,
}

impl<'a> Loss<'a> {
    /// The loss of a service; none for one that keeps no data.
    pub(super) fn of(audit: &'a Audit, service: &'a Service) -> Option<Self> {
        let said = sentence(audit, service)?;
        let (minutes, rpo) = (service.loss.minutes.value().copied(), service.rpo_minutes.value().copied());
        let bounded = service.loss.bounded.value().copied();
        #[allow(clippy::cast_precision_loss, reason = "objectives are far below 2^52 minutes")]
        let acceptable = match (bounded, minutes, rpo) {
            (Some(false), _, Some(_)) => Some(false),
            (Some(true), Some(minutes), Some(rpo)) => Some(minutes <= rpo as f64),
            _ => None,
        };
        Some(Self {
            bounded,
            minutes,
            declared_rpo_minutes: rpo,
            acceptable,
            said,
            terms: service.loss.terms.iter().map(|term| Way::of(audit, term)).collect(),
        })
    }
}

impl<'a> Way<'a> {
    fn of(audit: &'a Audit, term: &'a Term) -> Self {
        Self {
            datastore: &term.datastore,
            what: &term.what,
            minutes: term.minutes,
            decides: term.decides,
            path: term.span.map(|span| audit.sources.path(span)),
            line: term.span.map(|span| audit.sources.range(span).0.line),
        }
    }
}

/// The loss of a service as a sentence without its full stop: "up to 24 h: daily automatic backup of
/// `aws_db_instance.orders` at backup.tf:12, no point-in-time recovery; declared RPO 1 h". None for a service that keeps
/// no data.
pub fn sentence(audit: &Audit, service: &Service) -> Option<String> {
    let loss = &service.loss;
    let place = |span: Span| audit.sources.place(span);
    let worst = loss.terms.iter().find(|term| term.decides);
    let at = |span: Option<Span>| span.map_or_else(String::new, |span| format!(" at {}", place(span)));
    let bound = match (&loss.bounded.state, loss.amount.value(), worst) {
        (State::Absent, ..) => return None,
        (State::Unknown(unknown), ..) => format!("not known: {}{}", unknown.reason, at(loss.span)),
        (State::Known(false), ..) => {
            let name = worst.map_or_else(String::new, |term| format!(" `{}`", term.datastore));
            format!("everything: nothing copies{name}{}", at(worst.and_then(|term| term.span).or(loss.span)))
        }
        (State::Known(true), Some(amount), Some(term)) => {
            let store = store(audit, service, &term.datastore);
            let only = store.is_some_and(|store| store.backup.pitr.is_false());
            let without = if only { ", no point-in-time recovery" } else { "" };
            format!("up to {amount}: {} of `{}`{}{without}", term.what, term.datastore, at(term.span))
        }
        (State::Known(true), amount, _) => format!("up to {}", amount.map_or("?", |amount| amount.as_str())),
    };
    #[allow(clippy::cast_precision_loss, reason = "objectives are far below 2^52 minutes")]
    let declared = match &service.rpo_minutes.state {
        State::Known(minutes) => format!("declared RPO {}", short(*minutes as f64)),
        State::Unknown(unknown) => format!("the declared RPO is not known ({})", unknown.reason),
        State::Absent => "no RPO is declared".to_owned(),
    };
    Some(format!("{bound}; {declared}"))
}

fn store<'a>(audit: &'a Audit, service: &Service, name: &str) -> Option<&'a Datastore> {
    service.datastores.iter().map(|id| &audit.model[*id]).find(|store| store.name == name)
}

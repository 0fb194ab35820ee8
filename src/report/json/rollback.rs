//! The rollback path of a service in the JSON report. Uses `audit`, `model`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::audit::Audit;
use crate::model::Service;
use crate::source::Span;

/// How the last deployment of a service is undone.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Path<'a> {
    /// Whether there is a way back; null where that is not known.
    exists: Option<bool>,
    /// The way, in words; empty where there is none.
    way: &'a str,
    /// How long it takes when all goes well, in seconds; null where nothing is declared.
    seconds: Option<i64>,
    /// What the time is made of.
    terms: Vec<Term<'a>>,
    /// What the way hangs on.
    needs: Vec<Need<'a>>,
}

/// A part of the time that a rollback takes.
#[derive(Debug, Serialize, JsonSchema)]
struct Term<'a> {
    /// What takes it.
    what: &'a str,
    /// Seconds it takes; null where it waits for a person or nothing says.
    seconds: Option<i64>,
    /// Where that is declared: path and line.
    #[serde(flatten)]
    place: Anchor<'a>,
}

/// Something without which the way back is none.
#[derive(Debug, Serialize, JsonSchema)]
struct Need<'a> {
    /// What must be so.
    what: &'a str,
    /// Whether it is; null where that is not known.
    met: Option<bool>,
    /// Where that is declared: path and line.
    #[serde(flatten)]
    place: Anchor<'a>,
}

/// A file and a line of it, where something is declared.
#[derive(Debug, Serialize, JsonSchema)]
struct Anchor<'a> {
    /// The file; null where nothing declares it.
    path: Option<&'a str>,
    /// The line, from 1.
    line: Option<u32>,
}

impl<'a> Path<'a> {
    pub(super) fn of(audit: &'a Audit, service: &'a Service) -> Option<Self> {
        let path = &service.rollback;
        let term = |term: &'a crate::model::rollback::RollbackTerm| Term {
            what: &term.what,
            seconds: term.seconds,
            place: Anchor::of(audit, term.span),
        };
        let need = |need: &'a crate::model::rollback::RollbackNeed| Need {
            what: &need.what,
            met: need.met,
            place: Anchor::of(audit, need.span),
        };
        service.deployable.then(|| Self {
            exists: path.exists.value().copied(),
            way: &path.way,
            seconds: path.seconds.value().copied(),
            terms: path.terms.iter().map(term).collect(),
            needs: path.needs.iter().map(need).collect(),
        })
    }
}

impl<'a> Anchor<'a> {
    fn of(audit: &'a Audit, span: Option<Span>) -> Self {
        Self {
            path: span.map(|span| audit.sources.path(span)),
            line: span.map(|span| audit.sources.range(span).0.line),
        }
    }
}

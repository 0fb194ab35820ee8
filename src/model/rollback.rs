//! How the last deployment of a service is undone, what that hangs on, and how long it takes when all goes well.

use serde::Serialize;

use super::Place;
use super::schema::{Fact, facts};
use crate::source::Span;
use crate::tree::Text;

facts! {
    /// How the last deployment of a service is undone.
    part RollbackPath as "rollback_path" {
        /// Whether there is a way back; unknown where nothing that was read says what ships the service.
        exists: Fact<bool>,
        /// The way, in words: "run `deploy.yml` again with another `version`".
        way: Text,
        /// How long it takes when all goes well, in seconds: the sum of the waits that are declared. Null where none is.
        seconds: Fact<i64>,
    } plain {
        /// What the time is made of.
        terms: Vec<RollbackTerm>,
        /// What the way hangs on.
        needs: Vec<RollbackNeed>,
    }
}

/// An object that Flux delivers something by.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reconciler {
    /// Its name.
    pub name: Text,
    /// Where its name stands, by which what it delivers is known.
    pub head: Span,
    /// How often it looks by itself, in seconds.
    pub interval: Fact<i64>,
    /// The kind of what it follows: `GitRepository`, `OCIRepository`, `HelmRepository`.
    pub source_kind: Text,
    /// The name of what it follows.
    pub source_name: Text,
    /// Of a release, where the `Kustomization` is named that delivers it.
    pub parent: Option<Span>,
    /// Where.
    pub place: Place,
}

/// How often Argo CD looks at Git, as its settings say (`argocd-cm`).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Polling {
    /// `timeout.reconciliation` in seconds; known and nothing where it is no duration.
    pub seconds: Fact<Option<i64>>,
    /// `timeout.reconciliation.jitter` in seconds.
    pub jitter: Fact<Option<i64>>,
    /// Where.
    pub place: Place,
}

/// A part of the time that a rollback takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RollbackTerm {
    /// What takes it: "4 copies, 2 at a time, each ready after 10 s".
    pub what: String,
    /// Seconds it takes; `None` where it waits for a person or nothing says.
    pub seconds: Option<i64>,
    /// Where that is declared.
    pub span: Option<Span>,
}

/// Something without which the way back is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RollbackNeed {
    /// What must be so: "an old revision is kept".
    pub what: String,
    /// Whether it is; `None` where that is not known.
    pub met: Option<bool>,
    /// Where that is declared.
    pub span: Option<Span>,
}

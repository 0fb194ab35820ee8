//! How a new version replaces the one before, and how long that takes at least.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Place;
use super::schema::{Fact, facts};
use crate::source::Span;
use crate::tree::Text;

facts! {
    /// How a new version replaces the one before.
    part Rollout as "rollout" {
        /// `RollingUpdate`, `Recreate` or `OnDelete` (Kubernetes), `Rolling` or `Custom` (`OpenShift`), `canary` or
        /// `blueGreen` (Argo Rollouts, Flagger); null for what is not replaced.
        strategy: Fact<Text>,
        /// Whether metrics, a job or a webhook judge the new version before all traffic goes to it.
        analysed: Fact<bool>,
        /// Whether a person must let it go on.
        gated: Fact<bool>,
        /// Seconds after which a rollout that makes no progress is called failed.
        progress_deadline_seconds: Fact<i64>,
        /// Seconds that an old copy is given to end.
        grace_seconds: Fact<i64>,
    } plain {
        /// How many copies may be added while it runs: a count or a percentage.
        max_surge: Fact<Text>,
        /// How many copies may be missing while it runs: a count or a percentage.
        max_unavailable: Fact<Text>,
        /// Seconds that a new copy must stay ready before it counts.
        min_ready_seconds: Fact<i64>,
        /// Seconds until a new copy that works counts as ready, by the delays and periods of its probes; 0 without any.
        ready_after_seconds: i64,
        /// Where that delay is declared.
        ready_after: Option<Span>,
        /// The waits between steps of a canary, in order.
        pauses: Vec<Pause>,
        /// Those of them that are analyses, each with the templates whose length it has.
        analyses: BTreeMap<usize, Vec<Text>>,
    }
}

/// A wait in a rollout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pause {
    /// What is waited for.
    pub what: Text,
    /// How long, in seconds; `None` where it waits for a person.
    pub seconds: Option<i64>,
    /// Where it is declared.
    pub span: Span,
}

/// A `Canary` of Flagger: how the workload that it targets is replaced.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Canary {
    /// The kind it targets.
    pub target_kind: Text,
    /// The name it targets.
    pub target_name: Text,
    /// Its namespace.
    pub namespace: Fact<Text>,
    /// What it does instead of the workload's own strategy.
    pub rollout: Rollout,
    /// Where.
    pub place: Place,
}

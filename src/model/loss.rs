//! How much data the worst case loses.

use serde::Serialize;

use super::schema::{Fact, facts};
use crate::source::Span;
use crate::tree::Text;

facts! {
    /// How much of the newest data is lost when data is damaged at the worst moment: everything written since the last
    /// moment that can be restored. Zones and replicas do not help there, since they copy the damage.
    part DataLoss as "data_loss" {
        /// Whether anything bounds it; where nothing is ever copied, all is lost.
        bounded: Fact<bool>,
        /// The most that is lost, in minutes; null where nothing bounds it.
        minutes: Fact<f64>,
        /// The same as a duration for people: `24 h`; `everything` where nothing bounds it.
        amount: Fact<Text>,
    } plain {
        /// What was counted: for a datastore each way to get data back, for a service the worst of each datastore.
        terms: Vec<Term>,
    }
}

/// One way to get data back, and what it loses.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Term {
    /// What it is: `daily snapshot`, `point-in-time recovery`.
    pub what: Text,
    /// The datastore, in the terms of a service.
    pub datastore: Text,
    /// The most that is lost by it, in minutes; none where nothing is copied.
    pub minutes: Option<f64>,
    /// Where it is declared.
    pub span: Option<Span>,
    /// Whether it is the one that counts.
    pub decides: bool,
}

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

/// A duration as people say it: `5 min`, `24 h`, `3 d`.
pub fn spoken(minutes: f64) -> String {
    let tenth = |value: f64| {
        let rounded = (value * 10.0).round() / 10.0;
        if rounded.fract() == 0.0 { format!("{rounded:.0}") } else { format!("{rounded:.1}") }
    };
    if minutes < 1.0 {
        format!("{} s", tenth((minutes * 60.0).max(0.0)))
    } else if minutes < 120.0 {
        format!("{} min", tenth(minutes))
    } else if minutes <= 72.0 * 60.0 {
        format!("{} h", tenth(minutes / 60.0))
    } else {
        format!("{} d", tenth(minutes / 1440.0))
    }
}

#[cfg(test)]
mod tests {
    use super::spoken;

    #[test]
    fn durations_are_said_as_people_say_them() {
        for (minutes, said) in
            [(0.5, "30 s"), (5.0, "5 min"), (60.0, "60 min"), (1440.0, "24 h"), (4320.0, "72 h"), (10_080.0, "7 d")]
        {
            assert_eq!(spoken(minutes), said);
        }
    }
}

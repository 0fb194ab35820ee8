//! What a service promises: service level objectives. Uses `model::schema`.

use super::schema::{Fact, facts};
use crate::tree::Text;

facts! {
    /// A service level objective, as Sloth, Pyrra or `OpenSLO` declare it.
    noun Objective as "objective" in objectives {
        /// `sloth`, `pyrra` or `openslo`.
        tool: Text,
        /// What share of events or of time must be good, in percent.
        target_percent: Fact<f64>,
        /// Whether an alert tells when its error budget burns; absent where that is not said here.
        burn_alert: Fact<bool>,
    } plain {
        /// The service that it names.
        of: Text,
    }
}

//! What a service promises: service level objectives. Uses `model::schema`.

use super::schema::{Fact, facts};
use crate::tree::Text;

facts! {
    /// A service level objective, as Sloth, Pyrra, `OpenSLO` or Terraform declare it.
    noun Objective as "objective" in objectives {
        /// `sloth`, `pyrra`, `openslo`, `google`, `datadog`, `grafana` or `nobl9`.
        tool: Text,
        /// What share of events or of time must be good, in percent.
        target_percent: Fact<f64>,
        /// Whether an alert tells when its error budget burns; absent where that is not said here.
        burn_alert: Fact<bool>,
        /// Why the target cannot be kept, in words; absent where nothing here stands in its way.
        obstacle: Fact<Text>,
        /// Whether a page says what happens when the budget is spent. It is asked of the first objective only.
        budget_policy: Fact<bool>,
    } plain {
        /// The service that it names.
        of: Text,
    }
}

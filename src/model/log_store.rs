//! Where logs are kept. Uses `model::schema`.

use super::schema::{Fact, facts};

facts! {
    /// A place that keeps logs for some time.
    noun LogStore as "log_store" in log_stores {
        /// How long it keeps them, in days; absent where it never deletes any.
        retention_days: Fact<f64>,
    } plain {}
}

//! Certificates that expire. Uses `model::schema`.

use super::schema::{Fact, facts};
use crate::tree::Text;

facts! {
    /// A certificate that somebody, or something, must renew.
    noun Certificate as "certificate" in certificates {
        /// `cert-manager`, `imported` or `secret`.
        kind: Text,
        /// Whether something renews it by itself, which may fail.
        renewed: bool,
        /// Whether an alert tells before it expires; absent where nothing here alerts at all.
        expiry_alerted: Fact<bool>,
    } plain {}
}

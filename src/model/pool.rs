//! What load is spread over, and what would be left of it.

use super::schema::{Fact, facts};
use crate::tree::Text;

facts! {
    /// What traffic or load is spread over: an instance group, a node pool, the targets of a load balancer, a web app's
    /// instances, the NAT gateways of a network.
    noun Pool as "pool" in pools {
        /// `instance-group`, `node-pool`, `targets`, `web-app` or `nat`.
        kind: Text,
        /// `aws`, `google` or `azure`.
        platform: Text,
        /// Whether a load balancer sends it traffic.
        serves: Fact<bool>,
        /// Whether a member that answers no more is taken out, by a check that asks the application itself.
        health_checked: Fact<bool>,
        /// Whether it stands in more than one zone.
        multi_zone: Fact<bool>,
    } plain {
        /// Names people know it by.
        names: Vec<Text>,
    }
}

//! Queues, and what becomes of messages that nobody can handle. Uses `model::schema`.

use super::schema::{Fact, facts};
use crate::tree::Text;

/// The dimension by which metrics of Service Bus tell the queues and topics of a namespace apart.
/// <https://learn.microsoft.com/azure/service-bus-messaging/monitor-service-bus-reference>
pub const ENTITY: &str = "EntityName";

facts! {
    /// A queue of messages, or a subscription to them.
    noun Queue as "queue" in queues {
        /// `sqs`, `pubsub` or `servicebus`.
        kind: Text,
        /// Whether what fails again and again is set aside, rather than tried until it is dropped.
        sets_aside: Fact<bool>,
        /// Whether it keeps what was set aside: it is a dead-letter queue, or has one of its own.
        keeps_failed: Fact<bool>,
        /// Whether an alarm tells that something was set aside; absent where nothing is.
        failed_alerted: Fact<bool>,
    } plain {
        /// The address of its Terraform resource.
        address: Text,
        /// Names that alarms know it by.
        names: Vec<Text>,
        /// Addresses of what it is part of, which alarms may name instead.
        within: Vec<Text>,
        /// Names and addresses of the functions whose failed events it keeps: an alarm on their errors tells the same.
        keeps_of: Vec<Text>,
    }
}

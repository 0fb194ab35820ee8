//! Who answers a pager: services of a paging tool, escalation policies, schedules. Uses `model`.

use super::Id;
use super::schema::{Fact, facts};
use crate::tree::Text;

facts! {
    /// A service of a paging tool: what an integration calls, and whom that escalates to.
    noun PagingService as "paging_service" in paging_services {
        /// `pagerduty`, `opsgenie`, `grafana-oncall`, `incident.io`.
        tool: Text,
        /// The escalation policy.
        policy: Option<Id<EscalationPolicy>>,
        /// Whether something escalates it: a policy, or a team.
        escalates: Fact<bool>,
        /// After how many seconds an acknowledged incident rings again; 0 when it never does.
        acknowledgement_seconds: Fact<i64>,
    } plain {
        /// The name without its kind.
        plain_name: Text,
        /// The address of its resource.
        address: Text,
        /// What its policy refers to.
        policy_refers_to: Vec<Text>,
        /// Addresses of integrations that call it.
        integrations: Vec<Text>,
    }
}

facts! {
    /// Who is called, and who is called when nobody answers.
    noun EscalationPolicy as "escalation_policy" in escalation_policies {
        /// `pagerduty`, `opsgenie`, `grafana-oncall`, `incident.io`.
        tool: Text,
        /// How many levels it has.
        levels: Fact<i64>,
        /// How often it starts again when nobody answers.
        repeats: Fact<i64>,
        /// Whether some level calls several at once.
        broad: Fact<bool>,
        /// Its schedules.
        schedules: Vec<Id<Schedule>>,
        /// How many different people it can reach; unknown where a schedule or team is not here.
        people: Fact<i64>,
    } plain {
        /// The name without its kind.
        plain_name: Text,
        /// The address of its resource.
        address: Text,
        /// What its levels name: addresses of users, schedules and teams, level by level.
        targets: Vec<Vec<Fact<Text>>>,
    }
}

facts! {
    /// A rota.
    noun Schedule as "schedule" in schedules {
        /// `pagerduty`, `opsgenie`, `grafana-oncall`, `incident.io`.
        tool: Text,
        /// How many different people are on it.
        people: Fact<i64>,
        /// The day (`2026-11-30`) on which its last layer ends; absent when one has no end.
        ends: Fact<Text>,
        /// Whether any policy in the audited roots uses it.
        used: bool,
    } plain {
        /// The name without its kind.
        plain_name: Text,
        /// The address of its resource.
        address: Text,
        /// Who is on it: addresses or names.
        members: Vec<Fact<Text>>,
    }
}

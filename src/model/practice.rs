//! What people do: ship, drill, own.

use super::owners::OwnerSyntax;
use super::schema::{Fact, facts};
use super::{Id, Service};
use crate::tree::Text;

facts! {
    /// A way to ship: a pipeline job that changes production.
    noun Deployment as "deployment" in deployments {
        /// `github-actions`, `gitlab-ci`, `circleci`, …
        platform: Text,
        /// Whether an older version can be shipped again: an input, a rollback job, a failure handler, a platform that
        /// rolls back, or a Git revert that is itself the deploy.
        way_back: Fact<bool>,
        /// What that way is, in words.
        way: Text,
        /// Whether anything sees that the new version works before the job is done; unknown where what it calls was not
        /// read.
        verified: Fact<bool>,
        /// Whether the platform goes back by itself when a deployment fails; null where the platform is no such one.
        auto_rollback: Fact<bool>,
        /// Whether a runbook says in writing that faults are mended forwards, and how.
        forward_only: Fact<bool>,
    } plain {
        /// Commands, actions and paths of the job by which services are found.
        uses: Vec<Text>,
        /// What must let it pass before it ships: a person, a clock.
        gates: Vec<super::rollout::Pause>,
        /// The helmfiles whose releases it ships.
        helmfiles: Vec<super::release::Applied>,
    }
}

facts! {
    /// A drill held, or an experiment on a schedule.
    noun Drill as "drill" in drills {
        /// When it was held (`2026-09-17`); absent for one on a schedule.
        date: Fact<Text>,
        /// Whether it runs on a schedule.
        scheduled: bool,
        /// Whether it restored data.
        restores: bool,
        /// Whether it switched over to what stands by.
        fails_over: bool,
        /// How many days ago it was held; absent for one on a schedule.
        days_ago: Fact<i64>,
        /// What its record does not say, of results and follow-up: "results and follow-up"; absent where it says both.
        missing: Fact<Text>,
        /// How many of its actions are not done, and kept nowhere else (in a ticket).
        open_actions: i64,
        /// The first of them.
        open_action: Fact<Text>,
        /// The services it names.
        services: Vec<Id<Service>>,
    } plain {
        /// Names it mentions, in lower case, sorted.
        mentions: Vec<Text>,
        /// Whether it is of the whole repository where it names no service.
        of_all: bool,
    }
}

facts! {
    /// An experiment that breaks something on purpose.
    noun Experiment as "experiment" in experiments {
        /// Whether it ends by itself, or is stopped when an alarm rings.
        ends: Fact<bool>,
    } plain {}
}

facts! {
    /// What stands by to take over from something in another place.
    noun Standby as "standby" in standbys {
        /// Whether a drill on record has switched over.
        exercised: Fact<bool>,
    } plain {}
}

facts! {
    /// A line of CODEOWNERS: who owns which paths.
    noun OwnerPattern as "owner_pattern" in owner_patterns {
        /// The pattern.
        pattern: Text,
        /// The owners it names; none means that nobody owns these paths, on purpose.
        owners: Vec<Text>,
        /// Whether any file in the repository matches.
        matches: Fact<bool>,
    } plain {
        /// The folder its patterns are relative to, with its `/`; empty for the root.
        base: Text,
        /// The section it stands in (GitLab); empty outside of any.
        section: Text,
        /// How the pattern is read.
        syntax: OwnerSyntax,
    }
}

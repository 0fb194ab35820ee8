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

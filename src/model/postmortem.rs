//! Records of what broke. Uses `model::schema`.

use super::schema::{Fact, facts};
use super::{Id, Runbook};
use crate::tree::Text;

facts! {
    /// A post-mortem: the record of an incident, with what follows from it.
    noun PostMortem as "post_mortem" in post_mortems {
        /// When it happened (`2026-07-02`).
        date: Fact<Text>,
        /// How many days ago that was.
        days_ago: Fact<i64>,
        /// What it does not say, of impact, timeline, causes and actions: "causes and actions"; absent where it says all.
        missing: Fact<Text>,
        /// What it says of how people had to tell that something was wrong ("no alert fired"); absent where an alert did, or
        /// where it does not say.
        unnoticed: Fact<Text>,
        /// The runbook of an alert that it names.
        page: Option<Id<Runbook>>,
        /// Whether somebody reviewed that page since; absent where the page or the record has no date.
        page_reviewed_since: Fact<bool>,
        /// How many of its actions are not done, and kept nowhere else (in a ticket).
        open_actions: i64,
        /// The first of them.
        open_action: Fact<Text>,
    } plain {
        /// Names it mentions, in lower case, sorted.
        mentions: Vec<Text>,
    }
}

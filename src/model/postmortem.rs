//! Records of what broke. Uses `model::schema`.

use super::schema::{Fact, facts};
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
        /// How many of its actions are not done, and kept nowhere else (in a ticket).
        open_actions: i64,
        /// The first of them.
        open_action: Fact<Text>,
    } plain {
        /// Names it mentions, in lower case, sorted.
        mentions: Vec<Text>,
    }
}

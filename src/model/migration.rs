//! Changes of a database that a deploy carries out.

use serde::Serialize;

use super::schema::{Fact, facts};
use crate::source::Span;
use crate::tree::Text;

facts! {
    /// A change of a database's schema or data that a deploy carries out.
    noun Migration as "migration" in migrations {
        /// What carries it out: `golang-migrate`, `flyway`, `alembic`, `rails`, …; `sql` for a plain script.
        tool: Text,
        /// Whether it comes with a way down, or its tool can undo it.
        reversible: Fact<bool>,
        /// Whether the version before could no longer run after it, or data is gone: it drops, renames, narrows. Unknown
        /// where not all of it was understood.
        destructive: Fact<bool>,
        /// What it takes away, in its own words: `DROP COLUMN email`.
        takes: Fact<Text>,
        /// Whether a runbook says in writing that faults are mended forwards, and how.
        forward_only: Fact<bool>,
        /// Whether it is among the last three of its folder: those that undoing the last deploys would meet.
        recent: bool,
    } plain {
        /// The folder whose migrations are carried out in one order.
        series: Text,
        /// What sorts it among those.
        order: Text,
        /// Which half of a change the file is.
        part: Part,
        /// The scripts in files of their own that it runs, until they are read.
        scripts: Vec<Script>,
    }
}

/// A script of SQL that a changelog runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Script {
    /// Its path, as the changelog has it.
    pub path: Text,
    /// Whether the path leads on from the changelog's own folder.
    pub beside: bool,
    /// Where the changelog names it.
    pub span: Span,
}

/// Which half of a change a file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Part {
    /// Both, or the only one there is.
    #[default]
    Whole,
    /// The way up; its way down is a file beside it.
    Up,
    /// A way down.
    Down,
}

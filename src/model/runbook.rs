//! What people read while it burns.

use serde::Serialize;

use super::schema::{Fact, facts};
use super::{Alert, Id, Service};
use crate::source::Span;
use crate::tree::Text;

facts! {
    /// A page that someone in an incident would open.
    noun Runbook as "runbook" in runbooks {
        /// `incident` (what to do when something breaks), `procedure` (how to do one thing), `guide` (explains or sets
        /// up, in a folder of runbooks), `index` (leads to other pages), `template` (a form to copy) or `document` (any
        /// other page). A guide or document that an alert leads to, and a document that a catalogue does, counts as a
        /// `procedure`.
        kind: Text,
        /// Words on the page, headings and code included.
        words: i64,
        /// Places left to fill in: TODO, TBD, FIXME, empty headings, `<placeholder>`.
        placeholders: i64,
        /// Whether it was never written: nothing on it, or little more than headings and placeholders.
        skeleton: Fact<bool>,
        /// Sections it has, by what they are for: `meaning`, `impact`, `diagnosis`, `mitigation`, `escalation`,
        /// `verification`, `rollback`, `restore`.
        sections: Vec<Text>,
        /// Sections that a page for an incident needs and it lacks.
        missing_sections: Vec<Text>,
        /// Whether it says whom to call: a team, a person, a channel, a pager.
        escalation: Fact<bool>,
        /// Whether there is anything to do on it: a command, a query, a link to a dashboard or tool.
        executable: Fact<bool>,
        /// How many days ago it says that someone last reviewed it; null where it does not say.
        reviewed_days_ago: Fact<i64>,
        /// Whether an alert that leads to it has asked for something else since the page itself was last changed, by the
        /// git history. Unknown without the whole history; null where no alert leads to it.
        behind: Fact<bool>,
        /// That alert.
        behind_alert: Text,
        /// The day the page was last changed, where an alert has asked for something else since (`2024-03-01`).
        changed_on: Text,
        /// Whether anything leads to it: an alert, an index, a catalogue, another page.
        referenced: Fact<bool>,
        /// The services it is for.
        services: Vec<Id<Service>>,
        /// The alerts that link to it.
        alerts: Vec<Id<Alert>>,
    } plain {
        /// Its front matter's services, tags and the like, in lower case.
        about: Vec<Text>,
        /// Headings: their slugs, texts and places.
        headings: Vec<(Text, Text, Span)>,
        /// Anchors that are no heading.
        anchors: Vec<Text>,
        /// Labels that any page of its site may link to: `(label)=` in `MyST`.
        labels: Vec<Text>,
        /// Cells of its tables, written as anchors.
        cells: Vec<Text>,
        /// What it says of its own address.
        address: super::surroundings::Address,
        /// Words and names on the page that services and datastores may be found by, in lower case, sorted.
        mentions: Vec<Mention>,
        /// Dates it gives for its last review, as written (`2026-03-01`).
        reviewed: Fact<Text>,
        /// The recovery objectives that it declares.
        objectives: Vec<RecoveryObjective>,
    }
}

impl Runbook {
    /// Whether it is read in an incident, rather than merely about something.
    pub fn is_runbook(&self) -> bool {
        matches!(self.kind.as_str(), "incident" | "procedure")
    }
}

/// How much may be lost and how long a restore may take, as a page declares it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RecoveryObjective {
    /// What the row of a table names, in lower case; empty for whatever the page is for.
    pub of: Text,
    /// The most data that may be lost, in minutes.
    pub rpo_minutes: Fact<i64>,
    /// The longest that a restore may take, in minutes.
    pub rto_minutes: Fact<i64>,
}

/// A name found on a page, and the purpose of the section it stands in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mention {
    /// The name in lower case.
    pub name: Text,
    /// The purpose of the section (`restore`, `rollback`, …), or empty.
    pub section: Text,
}

facts! {
    /// A command on a runbook that destroys something, or names something of this repository.
    noun Command as "command" in commands {
        /// Whether it destroys what no restart brings back: data, a volume, a database.
        destructive: bool,
        /// Whether the page warns the reader before it, or the command asks.
        guarded: Fact<bool>,
        /// Whether it names something that exists nowhere, though everything of that kind is known here. Null where it
        /// names nothing that could be looked for.
        dangling: Fact<bool>,
        /// What was looked for and not found.
        missing: Text,
        /// The page it stands on.
        runbook: Option<Id<Runbook>>,
    } plain {
        /// What it names.
        names: Vec<Named>,
    }
}

/// Something that a command names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Named {
    /// What it is.
    pub kind: NamedKind,
    /// Its name, or its path.
    pub name: Text,
    /// The namespace or folder it is in; empty where the command does not say.
    pub within: Text,
}

/// What a command may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum NamedKind {
    /// A Kubernetes namespace.
    Namespace,
    /// A Kubernetes workload.
    Workload,
    /// A service of ECS.
    EcsService,
    /// A function of Lambda.
    Function,
    /// A database of a cloud provider, or in a server.
    Database,
    /// A file in the repository that is read, edited or applied.
    File,
    /// A script in the repository.
    Script,
    /// A target of a Makefile.
    MakeTarget,
}

facts! {
    /// A link that someone in an incident would follow: from an alert to its runbook, from a runbook to a page.
    noun DocumentLink as "link" in links {
        /// The link as written.
        url: Fact<Text>,
        /// Whether it leads nowhere: no such file, or no such heading. Unknown for a host that is not audited.
        dead: Fact<bool>,
        /// What was looked for and not found.
        missing: Text,
        /// How many alerts name this very page and place; null but for the first of them.
        shared_by: Fact<i64>,
        /// The alert it stands in.
        alert: Option<Id<Alert>>,
        /// The page it stands on.
        runbook: Option<Id<Runbook>>,
    } plain {
        /// The page it leads to.
        page: Option<Id<Runbook>>,
        /// Names beside it on the same line of an index, in lower case.
        beside: Vec<Text>,
    }
}

//! Facts → services and the evidence between them, each edge with its reason. Uses `model`.
//!
//! The order matters and is the order of certainty: selectors first, then services from what runs and what keeps data,
//! then what is said about them (alerts, pages, owners, ways to ship), then what the whole shows (coverage, evidence).

mod alerts;
mod at_large;
mod autoscalers;
mod backups;
mod capacity;
mod certificates;
mod coverage;
mod dashboards;
mod defined;
mod documents;
mod doors;
mod dumped;
mod elections;
mod forward;
mod helmfiles;
mod helpers;
mod images;
mod index;
mod jobs;
mod kubernetes;
mod listed;
mod loss;
mod measured;
mod migrations;
mod monitoring;
mod monitors;
mod names;
mod node_pools;
mod objectives;
mod ownership;
mod plans;
mod pools;
mod postmortems;
mod practice;
mod probed;
mod promises;
mod published;
mod queues;
mod recorded;
mod references;
mod releases;
mod restore_tests;
mod review;
mod rollback;
mod routing;
mod rule_files;
mod runbooks;
mod series;
mod services;
mod siblings;
mod signals;
mod storage;
mod tested;
mod theater;
mod traced;
mod uncharted;
mod volumes;

use std::collections::BTreeMap;

use globset::GlobSet;

pub use siblings::unmarked;

use crate::model::{Environments, Fact, Model};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// What linking is told beside the facts.
pub struct Context<'a> {
    /// How environments are told apart.
    pub environments: &'a Environments,
    /// Services as `twoam.toml` declares them.
    pub services: &'a [Declared],
    /// Every path in the audited roots, sorted.
    pub paths: &'a [String],
    /// What is audited.
    pub roots: &'a [AuditedRoot],
    /// URL prefixes and the folders of the audited roots that they show, the longest prefix first.
    pub urls: &'a [(String, String)],
    /// What lives elsewhere.
    pub external: External,
    /// Which other files name those whose own name does not say what they are for ([`unmarked`]).
    pub named_by: &'a BTreeMap<Text, Vec<Text>>,
    /// The day dates are held against.
    pub today: jiff::civil::Date,
}

/// A folder that is audited, and which repository it is.
#[derive(Clone, Debug, Default)]
pub struct AuditedRoot {
    /// What its paths are shown below; may be empty.
    pub prefix: String,
    /// The repositories it is a checkout of: host and path in lower case.
    pub repositories: Vec<String>,
    /// The branch that is checked out.
    pub branch: Option<String>,
}

/// A service as `twoam.toml` declares it.
#[derive(Debug, Default)]
pub struct Declared {
    /// Its name.
    pub name: Text,
    /// Where its name stands.
    pub span: Span,
    /// The configuration file.
    pub path: Text,
    /// Its tier.
    pub tier: Fact<i64>,
    /// Its owner.
    pub owner: Fact<Text>,
    /// Its RPO in minutes.
    pub rpo_minutes: Fact<i64>,
    /// Its RTO in minutes.
    pub rto_minutes: Fact<i64>,
    /// Its other names.
    pub aliases: Vec<Text>,
    /// Paths of what belongs to it.
    pub paths: GlobSet,
    /// Paths of its runbooks.
    pub runbooks: GlobSet,
    /// Names of its alerts.
    pub alerts: GlobSet,
}

/// What is kept outside the audited roots, with where: it is unknown, not missing.
#[derive(Clone, Debug, Default)]
pub struct External {
    /// Alerts.
    pub alerts: Option<String>,
    /// Runbooks.
    pub runbooks: Option<String>,
    /// Backups.
    pub backups: Option<String>,
    /// Evidence of restore tests.
    pub restore_tests: Option<String>,
    /// Owners.
    pub owners: Option<String>,
    /// Drills.
    pub drills: Option<String>,
}

/// Joins the facts of all files.
pub fn link(model: &mut Model, context: &Context<'_>) {
    uncharted::stand_in(model);
    siblings::part(model, context.environments, context.named_by);
    model.settle_claims();
    elections::join(model);
    node_pools::join(model);
    dumped::settle(model);
    volumes::bind(model);
    capacity::defaults(model);
    let scaled = autoscalers::Scaled::new(model);
    // Before anything changes how many copies run.
    autoscalers::switch_off(model, &scaled);
    let selecting = kubernetes::Selecting::new(model);
    kubernetes::join(model, &selecting, &scaled);
    images::join(model);
    helpers::mark(model);
    published::mark(model);
    let register = services::Register::fill(model, context);
    services::settle(model, &register);
    defined::judge(model, context);
    recorded::follow(model);
    let collected = monitors::collected(model, &selecting);
    monitors::join(model, &collected);
    theater::join_objectives(model, &register);
    let sought = alerts::Sought::new(model, &selecting);
    alerts::join(model, &register, &selecting, &sought, context);
    jobs::join(model, context);
    measured::judge(model, &selecting, &collected);
    traced::judge(model);
    probed::judge(model, &selecting, context);
    queues::judge(model, context);
    tested::judge(model);
    certificates::judge(model, context);
    promises::judge(model);
    routing::join(model, context.environments);
    documents::resolve(model, context);
    runbooks::join(model, &register, context);
    dashboards::join(model, &register, &sought, context);
    objectives::join(model, &register);
    references::judge(model, context);
    review::judge(model, context);
    ownership::join(model, context);
    listed::judge(model);
    routing::teams::join(model);
    backups::join(model, context);
    plans::join(model, context);
    storage::join(model, context);
    restore_tests::join(model, context);
    loss::join(model);
    pools::join(model, &register);
    autoscalers::judge(model, &scaled);
    practice::join(model, &register, context);
    postmortems::join(model, &register, context);
    releases::join(model, &register, context);
    helmfiles::ship(model);
    migrations::join(model, &register, context);
    forward::decide(model);
    rollback::join(model);
    theater::judge(model);
}

/// Yes where something was found; unknown where it is kept elsewhere; no where it was looked for in vain.
fn found_or_elsewhere(found: Option<Span>, what: &str, elsewhere: Option<&String>) -> Fact<bool> {
    match (found, elsewhere) {
        (Some(span), _) => Fact::known(true, span),
        (None, Some(place)) => {
            let reason = format!("{what} are kept elsewhere ({place}), as twoam.toml says");
            Fact::unknown(Unknown::new(reason, "audit that place together with this one", None))
        }
        (None, None) => Fact::known(false, None),
    }
}

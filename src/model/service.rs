//! A service: what people say is down.

use serde::Serialize;

use super::loss::DataLoss;
use super::schema::{Fact, Labels, facts};
use super::{Alert, Datastore, Deployment, Drill, Id, Place, RollbackPath, Runbook, Signals, Workload};
use crate::source::Span;
use crate::tree::Text;

facts! {
    /// A service: the unit that is owned, paged for, deployed and scored.
    noun Service as "service" in services {
        /// How critical it is: 1 is most critical. A service that declares none counts as 2.
        tier: Fact<i64>,
        /// The team or person that owns it.
        owner: Fact<Text>,
        /// Declared worst-case data loss, in minutes.
        rpo_minutes: Fact<i64>,
        /// Declared time to restore, in minutes.
        rto_minutes: Fact<i64>,
        /// How much of its data the worst case loses.
        loss: DataLoss,
        /// Whether it was declared in `twoam.toml` or a catalogue, rather than inferred.
        declared: bool,
        /// Whether it runs anything that is deployed for whoever uses it. A database is restored rather than rolled
        /// back, and exporters, operators and load generators serve nobody.
        deployable: bool,
        /// Whether it keeps data in a database, warehouse, search index or file system that is judged. A stack that
        /// nothing names but a folder such as `terraform/` does not answer for its data by itself: its datastores do.
        holds_data: bool,
        /// Whether all that it is are jobs, which run now and then and end: nobody stands at its door.
        only_jobs: bool,
        /// Who would be the first to know that it fails, where no alert tells.
        noticed_by: Text,
        /// Its workloads.
        workloads: Vec<Id<Workload>>,
        /// Its datastores.
        datastores: Vec<Id<Datastore>>,
        /// The alerts that watch it.
        alerts: Vec<Id<Alert>>,
        /// Its runbooks.
        runbooks: Vec<Id<Runbook>>,
        /// The ways it is shipped.
        deployments: Vec<Id<Deployment>>,
        /// The drills that named it.
        drills: Vec<Id<Drill>>,
        /// Whether any alert watches it, be it along with everything else in a cluster; unknown where alerts are declared
        /// to live elsewhere or could not be read.
        alerted: Fact<bool>,
        /// Whether a pager rings for it: one of its alerts reaches it, or the catalogue or a paging tool names the service.
        on_call: Fact<bool>,
        /// Which signals of it are alerted on.
        signals: Signals,
        /// Whether what it serves is reached from outside of where it runs: an ingress, a route of a gateway, a load
        /// balancer.
        public: Fact<bool>,
        /// Whether an alert was written for it alone, or tells more of it than how it is run; absent where no alert watches
        /// it.
        alerted_on_work: Fact<bool>,
        /// Whether anything collects its measurements; absent where that is asked of nothing here, or not known to be a
        /// matter of its manifests.
        measured: Fact<bool>,
        /// Whether its requests are traced; absent where that is not the habit here, or not known to be a matter of its
        /// manifests.
        traced: Fact<bool>,
        /// Whether a dashboard shows it; absent where no dashboards are kept here for most services.
        shown: Fact<bool>,
        /// Whether anything asks it from outside, as its users do; absent where no host of it is known.
        probed: Fact<bool>,
        /// Whether it has a service level objective; absent where nothing here has.
        objective: Fact<bool>,
        /// What of it only looks like readiness, in words; absent where nothing does.
        theater: Fact<Text>,
        /// Whether it has a runbook.
        has_runbook: Fact<bool>,
        /// Whether a runbook says how to roll it back.
        rollback_procedure: Fact<bool>,
        /// Whether a runbook says in writing that faults are mended forwards, and how.
        forward_only: Fact<bool>,
        /// How its last deployment is undone.
        rollback: RollbackPath,
        /// Whether a dated drill or a scheduled experiment covers it.
        drilled: Fact<bool>,
        /// How many days ago the newest dated drill was held; null where none is dated, as of an experiment that runs by
        /// itself.
        drilled_days: Fact<i64>,
        /// Whether its owner is among the teams that are listed; absent where none are listed here, or by other names.
        owner_listed: Fact<bool>,
    } plain {
        /// Every member with the reason it was linked.
        members: Vec<Member>,
        /// Other names of it.
        aliases: Vec<Text>,
    }
}

/// Kinds of members that are written of a service, and show nothing of how it runs.
const WRITTEN: &[&str] = &["runbook", "post_mortem", "drill"];

impl Service {
    /// Whether anything of it was read: what runs, what keeps its data, what ships it, what watches it. Of a name in a
    /// catalogue, and of pages about it, nothing can be told.
    pub fn is_read(&self) -> bool {
        self.members.iter().any(|member| !WRITTEN.contains(&member.kind))
    }
}

/// Something that belongs to a service, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Member {
    /// The kind of noun: `workload`, `datastore`, `alert`, …
    pub kind: &'static str,
    /// Its name.
    pub name: Text,
    /// Where it is declared.
    pub place: Place,
    /// Why it was linked: "label app=checkout".
    pub linked_by: String,
}

/// A service as a catalogue declares it (Backstage `Component`, a company's own list).
#[derive(Clone, Debug, Default, Serialize)]
pub struct CatalogueEntry {
    /// The name.
    pub name: Fact<Text>,
    /// Where the entry stands.
    pub place: Place,
    /// The owner.
    pub owner: Fact<Text>,
    /// The tier, where the catalogue has one.
    pub tier: Fact<i64>,
    /// Annotations, such as `backstage.io/kubernetes-id`.
    pub annotations: Labels,
    /// Links to runbooks, dashboards and the like: URL and title.
    pub links: Vec<(Fact<Text>, Text)>,
    /// What it declares: `Component`, `System`, `API`, `Resource`; empty where the catalogue does not say.
    pub kind: Text,
    /// Where the kind is named (`kind: Component`).
    pub kind_span: Option<Span>,
    /// How far along it is: `production`, `experimental`, `deprecated`.
    pub lifecycle: Fact<Text>,
    /// Its tags.
    pub tags: Vec<Text>,
}

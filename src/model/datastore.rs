//! What keeps data, what copies it, and what proves that the copies can be restored.

use serde::Serialize;

use super::loss::DataLoss;
use super::schema::{Fact, Labels, facts};
use super::{Id, Runbook, Signals, Workload};
use crate::model::kubernetes::Selector;
use crate::tree::Text;

/// The account and the region of a cloud in which a provider makes things.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Home {
    /// The account, or the workspace that decides it; empty where neither is known.
    pub account: Text,
    /// The region; empty where it is not known.
    pub region: Text,
}

impl Home {
    /// Whether it is certainly another place.
    pub fn differs(&self, other: &Self) -> bool {
        let kind = |account: &Text| account.contains(':');
        let apart = |one: &Text, other: &Text| !one.is_empty() && !other.is_empty() && one != other;
        kind(&self.account) == kind(&other.account) && apart(&self.account, &other.account)
            || apart(&self.region, &other.region)
    }
}

facts! {
    /// Something that keeps data: a database, a bucket, a volume, a stateful set.
    noun Datastore as "datastore" in datastores {
        /// `database`, `cache`, `object-store`, `file-system`, `volume`, `warehouse`, `search` or `queue`.
        kind: Text,
        /// `postgres`, `mysql`, `dynamodb`, …; null where nothing says.
        engine: Fact<Text>,
        /// `aws`, `google`, `azure`, `kubernetes`, …; `elsewhere` for a database that only a job which dumps it knows.
        platform: Text,
        /// Whether it copies another one and can be made again from it.
        replica: Fact<bool>,
        /// Whether a resource of an operator declares it, and has a notion of backups of its own (`CloudNativePG`, Percona,
        /// Crunchy, Zalando).
        operated: bool,
        /// Whether its data may be lost: a cache, a lock table, logs, a bucket that expires all it holds, a volume that is
        /// only read.
        disposable: Fact<bool>,
        /// Whether its data disappears with the pod (`emptyDir`, no volume at all).
        ephemeral: Fact<bool>,
        /// What its data is exposed to while nothing backs it up, in words; empty outside of clusters.
        exposure: Text,
        /// How its data is copied.
        backup: BackupState,
        /// Whether the provider refuses to delete it.
        deletion_protection: Fact<bool>,
        /// Whether deleting it takes no last snapshot.
        skips_final_snapshot: Fact<bool>,
        /// Whether deleting it deletes its automatic backups.
        deletes_backups: Fact<bool>,
        /// Whether overwritten and deleted objects are kept as versions.
        versioned: Fact<bool>,
        /// How long overwritten and deleted objects can be brought back without versions (soft delete), in days.
        soft_delete_days: Fact<f64>,
        /// Whether it survives the loss of a zone.
        multi_zone: Fact<bool>,
        /// Whether its storage grows by itself when it fills.
        storage_autoscaling: Fact<bool>,
        /// Whether its logs are sent to where they are kept and searched; absent where that is not said of its kind.
        logs_exported: Fact<bool>,
        /// Whether an alert watches its free storage.
        storage_alerted: Fact<bool>,
        /// Whether a copy of its data lies outside of its own region: backups, a replica, or copies that a plan makes.
        copied_elsewhere: Fact<bool>,
        /// How much of its data the worst case loses.
        loss: DataLoss,
        /// Whether an alert watches it; unknown where alerts are declared to live elsewhere or could not be read.
        alerted: Fact<bool>,
        /// Which signals of it are alerted on.
        signals: Signals,
        /// Whether anything shows that a restore of it was tested: a plan, a job, a dated drill.
        restore_tested: Fact<bool>,
        /// How many days ago the newest dated record shows a restore; null where none is dated, as of a test that runs by
        /// itself.
        restore_tested_days: Fact<i64>,
        /// Whether a runbook says how to restore it.
        restore_procedure: Fact<bool>,
        /// The workload whose data it is, for data inside a cluster.
        workload: Option<Id<Workload>>,
        /// The runbooks that name it.
        runbooks: Vec<Id<Runbook>>,
    } plain {
        /// Names people and configuration know it by, most telling first.
        names: Vec<Text>,
        /// The Terraform address, where it has one.
        address: Text,
        /// The Terraform resource type or Kubernetes kind.
        type_name: Text,
        /// Tags, or labels.
        tags: Labels,
        /// Why its tags are not known, when they are not.
        tags_open: Option<crate::tree::Unknown>,
        /// Kubernetes namespace.
        namespace: Fact<Text>,
        /// The provider that makes it, where it names one: `aws.recovery`.
        provider: Text,
        /// Where it is made, as far as that is known.
        home: Home,
        /// What it copies, as it names it, when it is a replica.
        replicates: Vec<Fact<Text>>,
        /// The plans that cover it and are not paused.
        covering: Vec<Id<Backup>>,
        /// How its ARN begins after the partition, with what is not known of it as `*`: `rds:*:*:db:`.
        arn: Text,
        /// What AWS Backup calls its type: `RDS`, `DynamoDB`.
        protected_type: Text,
        /// The longest time between two backups that it takes itself, in minutes.
        own_interval_minutes: Fact<f64>,
        /// How far point-in-time recovery lags behind the last write, in minutes.
        pitr_lag_minutes: Fact<f64>,
        /// Where its own copies and its log go, as it says: a bucket.
        archive: Fact<Text>,
        /// The addresses of its members: the instances of a cluster, which are watched one by one.
        members: Vec<Text>,
        /// The topics that it tells of its own events.
        tells: Vec<Fact<Text>>,
        /// The object that says so, by its name.
        archive_store: Option<Text>,
    }
}

facts! {
    /// How the data of a datastore is copied.
    part BackupState as "backup" {
        /// Whether backups are made at all, by the datastore itself or by a schedule that covers it.
        enabled: Fact<bool>,
        /// How long they are kept, in days.
        retention_days: Fact<f64>,
        /// Whether it can be restored to any point in time.
        pitr: Fact<bool>,
        /// What else covers it: `aws_backup_plan.daily`, `Schedule/velero`.
        covered_by: Vec<Text>,
        /// Whether an operator or a chart of its own looks after its backups, which were not read.
        managed: bool,
    } plain {}
}

facts! {
    /// A schedule or plan that copies data.
    noun Backup as "backup_plan" in backups {
        /// `aws-backup`, `velero`, `k8up`, `volsync`, `cronjob`, …
        tool: Text,
        /// Whether it is switched off.
        paused: Fact<bool>,
        /// Whether it covers anything; unknown where what it covers may be elsewhere.
        selects: Fact<bool>,
        /// Whether it selects by tags, which anything may bear, in another repository too.
        by_tag: bool,
        /// When it runs: cron or rate, as written.
        schedule: Fact<Text>,
        /// The longest time between two runs, in minutes.
        interval_minutes: Fact<f64>,
        /// Whether anybody is told when it fails; null where nothing is known of how it tells.
        failure_alerted: Fact<bool>,
        /// Whether its copies are kept from being changed or deleted before their time (a vault's lock, immutability).
        immutable: Fact<bool>,
        /// Whether what it covers can be restored to any moment (continuous backup).
        continuous: Fact<bool>,
        /// Whether it copies to another region or account too.
        copies_elsewhere: Fact<bool>,
        /// How long copies are kept, in days.
        retention_days: Fact<f64>,
        /// Where its copies go, as it says: a bucket, a share; null where nothing says.
        destination: Fact<Text>,
    } plain {
        /// Where it runs, as far as that is known: it reaches nothing in another account or region.
        home: Home,
        /// The object that says where its copies go: its kind, and its name, empty for the default one.
        store: Option<(Text, Text)>,
        /// What it covers.
        covers: Coverage,
    }
}

/// What a backup or restore test says it covers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub enum Coverage {
    /// It does not say, or says it in a way that was not read.
    #[default]
    Unsaid,
    /// Things by Terraform address, ARN or name.
    Names(Vec<Fact<Text>>),
    /// Things that bear all of these tags; `*` within a value stands for anything.
    Tags(Vec<(Text, Fact<Text>)>),
    /// Things of a type that AWS Backup names: `RDS`.
    Type(Text),
    /// What any of these covers.
    Any(Vec<Coverage>),
    /// What both cover.
    Both(Box<Coverage>, Box<Coverage>),
    /// What the first covers, less what the second does.
    Less(Box<Coverage>, Box<Coverage>),
    /// Everything in these namespaces (none given: all), less the excluded ones, that the selectors match.
    Namespaces {
        /// Namespaces covered; empty or `*` means all.
        included: Vec<Fact<Text>>,
        /// Namespaces left out.
        excluded: Vec<Fact<Text>>,
        /// Any of these must match, when there are any.
        selectors: Vec<Selector>,
    },
}

facts! {
    /// Something that tests a restore: a plan, a scheduled job, a rehearsal cluster.
    noun RestoreTest as "restore_test" in restore_tests {
        /// `aws-backup`, `cronjob`, `pipeline`, `cnpg`, …
        tool: Text,
        /// Whether it selects anything to restore.
        has_selection: Fact<bool>,
        /// Whether what was restored is looked at before it is deleted; null where the tool has no such notion.
        validates: Fact<bool>,
        /// Types that plans of its tool back up and that no test of that tool restores: `RDS`, `DynamoDB`.
        uncovered_types: Vec<Text>,
        /// Whether there is none of those; not known where the type of a test is not. Null but for a tool that has types.
        covers_types: Fact<bool>,
        /// What it restores.
        target: Fact<Text>,
    } plain {
        /// What it covers.
        covers: Coverage,
        /// For a plan made of two resources: the name by which its selection refers to it.
        plan_names: Vec<Text>,
        /// The types it restores.
        types: Vec<Fact<Text>>,
    }
}

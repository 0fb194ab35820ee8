//! Schedules that copy data inside the cluster: Velero, K8up, `VolSync`, `CloudNativePG`, Longhorn, snapscheduler, Stash and
//! mariadb-operator. Fields are those of their custom resource definitions.

use super::cronjob::switch;
use super::destination;
use super::object::{Object, text};
use super::selecting::{count, selector};
use super::workload::spec_text;
use crate::extract::Facts;
use crate::extract::duration;
use crate::model::kubernetes::Selector;
use crate::model::{Backup, Coverage, Fact, RestoreTest};
use crate::tree::{Node, Text};

/// `Schedule.spec.template.ttl` left out keeps a backup for 30 days (Velero, "How Velero Works", set a backup to expire).
const VELERO_DEFAULT_DAYS: f64 = 30.0;

const SECONDS_A_DAY: f64 = 86_400.0;

/// Adds a backup schedule of a known tool.
pub(super) fn extract(object: &Object<'_>, facts: &mut Facts) {
    let backup = match (object.group, object.kind) {
        ("velero.io", "Schedule") => velero(object),
        ("k8up.io" | "backup.appuio.ch", "Schedule") => {
            k8up_checks(object, facts);
            k8up(object)
        }
        ("volsync.backube", "ReplicationSource") => volsync(object),
        ("postgresql.cnpg.io", "ScheduledBackup") => cnpg(object),
        ("longhorn.io", "RecurringJob") => longhorn(object),
        ("snapscheduler.backube", "SnapshotSchedule") => snapscheduler(object),
        ("stash.appscode.com" | "core.kubestash.com", "BackupConfiguration") => stash(object),
        ("k8s.mariadb.com", "Backup" | "PhysicalBackup") => mariadb(object),
        ("stackconfigpolicy.k8s.elastic.co", "StackConfigPolicy") => {
            facts.model.backups.extend(elastic(object));
            None
        }
        _ => of_unknown_tool(object),
    };
    facts.model.backups.extend(backup);
}

/// Keys under which resources of backup tools name the claim they copy: `VolSync`, Kopiur, scheduled-volume-snapshotter
/// and their like.
const CLAIM_KEYS: &[&str] =
    &["pvc", "pvcName", "sourcePVC", "claimName", "persistentVolumeClaimName", "persistentVolumeClaim"];

/// How deep such a key is looked for.
const CLAIM_DEPTH: usize = 6;

/// A resource of a tool that is not known here, which says by its kind that it copies (`SnapshotPolicy`,
/// `BackupPlan`) and names a claim: that claim is not without a copy, whatever else is not known of it. One snapshot of
/// CSI (snapshot.storage.k8s.io) is no schedule.
fn of_unknown_tool(object: &Object<'_>) -> Option<Backup> {
    let copies = ["Backup", "Snapshot", "ReplicationSource"].iter().any(|word| object.kind.contains(word));
    if !copies || object.kind.contains("Restore") || object.group.is_empty() || object.group.ends_with(".k8s.io") {
        return None;
    }
    let spec = object.at(&["spec"])?;
    let mut claims = Vec::new();
    claims_below(spec, CLAIM_DEPTH, &mut claims);
    let daily = ["retention", "retain"].iter().find_map(|key| spec.get(key)?.get("keepDaily"));
    (!claims.is_empty()).then(|| Backup {
        name: object.title(),
        place: object.place.clone(),
        tool: object.group.into(),
        paused: ["paused", "suspend", "disabled"]
            .iter()
            .find_map(|key| spec.get(key))
            .map_or_else(|| Fact::known(false, object.head()), super::object::boolean),
        schedule: ["schedule", "cron"]
            .iter()
            .find_map(|key| spec.get(key))
            .map_or_else(|| Fact::absent(object.head()), text),
        retention_days: daily.map_or_else(|| Fact::absent(object.head()), super::object::int).map(days),
        covers: Coverage::Names(claims),
        ..Backup::default()
    })
}

fn claims_below(node: &Node, depth: usize, claims: &mut Vec<Fact<Text>>) {
    if depth == 0 {
        return;
    }
    for entry in node.entries() {
        if CLAIM_KEYS.contains(&entry.key.as_str()) {
            let named = ["name", "claimName"].iter().find_map(|key| entry.value.get(key)).unwrap_or(&entry.value);
            if named.scalar().is_some() {
                claims.push(text(named));
                continue;
            }
        }
        claims_below(&entry.value, depth - 1, claims);
    }
    for item in node.items() {
        claims_below(item, depth - 1, claims);
    }
}

fn schedule(object: &Object<'_>, tool: &'static str, schedule: &[&str]) -> Backup {
    Backup {
        name: object.title(),
        place: object.place.clone(),
        tool: Text::const_new(tool),
        paused: Fact::known(false, object.head()),
        schedule: spec_text(object, schedule),
        retention_days: Fact::absent(object.head()),
        ..Backup::default()
    }
}

fn list(node: Option<&Node>) -> Vec<Fact<Text>> {
    node.map_or(&[][..], Node::items).iter().map(text).collect()
}

/// The namespaced tools cover what is beside them.
fn own_namespace(object: &Object<'_>, selectors: Vec<Selector>) -> Coverage {
    Coverage::Namespaces { included: vec![object.namespace.clone()], excluded: Vec::new(), selectors }
}

/// Resources that draw volumes into a backup of Velero, as `includedResources` may call them.
/// <https://velero.io/docs/main/resource-filtering/#--include-resources>
const WITH_VOLUMES: &[&str] = &[
    "*",
    "persistentvolume",
    "persistentvolumeclaim",
    "persistentvolumeclaims",
    "persistentvolumes",
    "po",
    "pod",
    "pods",
    "pv",
    "pvc",
];

/// Resources without which no volume is found: pods lead to claims, and claims to volumes.
const CLAIMS: &[&str] = &["*", "persistentvolumeclaim", "persistentvolumeclaims", "pvc"];

/// Fields: <https://github.com/vmware-tanzu/velero/blob/main/pkg/apis/velero/v1/schedule_types.go> and `backup_types.go`
/// beside it. One that asks for other kinds than pods and volumes, or leaves claims out, copies no data.
fn velero(object: &Object<'_>) -> Option<Backup> {
    let template = object.at(&["spec", "template"])?;
    let names = |keys: [&str; 2], listed: &[&str]| {
        let kinds = keys.into_iter().filter_map(|key| template.get(key)).flat_map(Node::items);
        let is_listed =
            |kind: &Node| kind.scalar().is_none_or(|kind| listed.contains(&kind.to_ascii_lowercase().as_str()));
        let mut kinds = kinds.peekable();
        kinds.peek().is_some().then(|| kinds.any(is_listed))
    };
    if names(["includedResources", "includedNamespacedResources"], WITH_VOLUMES) == Some(false)
        || names(["excludedResources", "excludedNamespacedResources"], CLAIMS) == Some(true)
    {
        return None;
    }
    let both = template.get("orLabelSelectors").map_or(&[][..], Node::items).iter().map(|node| selector(Some(node)));
    let one = template.get("labelSelector").filter(|node| !node.is_null()).map(|node| selector(Some(node)));
    let days = spec_text(object, &["template", "ttl"]);
    Some(Backup {
        paused: switch(object, "paused"),
        retention_days: in_days(days).or_default(VELERO_DEFAULT_DAYS),
        covers: Coverage::Namespaces {
            included: list(template.get("includedNamespaces")),
            excluded: list(template.get("excludedNamespaces")),
            selectors: one.into_iter().chain(both).filter(|selector| !selector.is_empty()).collect(),
        },
        store: Some((
            Text::const_new("BackupStorageLocation"),
            template.get("storageLocation").and_then(Node::scalar).unwrap_or_default(),
        )),
        ..schedule(object, "velero", &["schedule"])
    })
}

/// A duration as days; absent where it cannot be read.
fn in_days(written: Fact<Text>) -> Fact<f64> {
    let parsed = written.value().map(|text| duration::seconds(text));
    match parsed {
        Some(None) => Fact::absent(written.span),
        parsed => written.map(|_| parsed.flatten().unwrap_or_default() / SECONDS_A_DAY),
    }
}

/// Fields: <https://github.com/k8up-io/k8up/blob/master/api/v1/schedule_types.go>.
fn k8up(object: &Object<'_>) -> Option<Backup> {
    object.at(&["spec", "backup"])?;
    Some(Backup {
        retention_days: count(object, &["prune", "retention", "keepDaily"]).map(days),
        covers: own_namespace(object, Vec::new()),
        destination: destination::k8up(object),
        ..schedule(object, "k8up", &["backup", "schedule"])
    })
}

/// K8up's `check` reads the copies, and its `restore` restores them, on a schedule.
fn k8up_checks(object: &Object<'_>, facts: &mut Facts) {
    for key in ["check", "restore"] {
        let Some(entry) = object.at(&["spec"]).and_then(|spec| spec.entry(key)) else { continue };
        facts.model.add(RestoreTest {
            name: compact_str::format_compact!("{}/{key}", object.title()),
            place: object.place.clone(),
            tool: Text::const_new("k8up"),
            has_selection: Fact::known(true, entry.key_span),
            target: Fact::absent(object.head()),
            covers: own_namespace(object, Vec::new()),
            ..RestoreTest::default()
        });
    }
}

/// Fields: <https://github.com/backube/volsync/blob/main/api/v1alpha1/replicationsource_types.go>. One that is triggered by
/// hand alone copies once for each word that is written there; without a trigger it copies again and again. What Syncthing
/// keeps alike in two places is lost in both.
fn volsync(object: &Object<'_>) -> Option<Backup> {
    let claim = object.at(&["spec", "sourcePVC"])?;
    let trigger = |key: &str| object.at(&["spec", "trigger", key]).is_some_and(|node| !node.is_null());
    if (trigger("manual") && !trigger("schedule")) || object.at(&["spec", "syncthing"]).is_some() {
        return None;
    }
    let movers = ["restic", "kopia"];
    let daily = movers.iter().find_map(|mover| object.at(&["spec", mover, "retain", "daily"]));
    Some(Backup {
        paused: switch(object, "paused"),
        retention_days: daily.map_or_else(|| Fact::absent(object.head()), super::object::int).map(days),
        covers: Coverage::Names(vec![text(claim)]),
        destination: movers
            .iter()
            .find_map(|mover| object.at(&["spec", mover, "repository"]))
            .map_or_else(|| Fact::absent(object.head()), text)
            .map(|secret| compact_str::format_compact!("the repository of Secret {secret}")),
        ..schedule(object, "volsync", &["trigger", "schedule"])
    })
}

/// Fields: <https://github.com/cloudnative-pg/cloudnative-pg/blob/main/api/v1/scheduledbackup_types.go>.
fn cnpg(object: &Object<'_>) -> Option<Backup> {
    let cluster = object.at(&["spec", "cluster", "name"])?;
    Some(Backup {
        paused: switch(object, "suspend"),
        covers: Coverage::Names(vec![text(cluster)]),
        ..schedule(object, "cnpg", &["schedule"])
    })
}

/// A job of the group `default` takes every volume that has no job of its own; other groups take the claims labelled
/// with one of them. Snapshots stay on the volume's own disks, and are no backup. Copies are kept by number, unless the
/// policy goes by age.
/// <https://github.com/longhorn/longhorn-manager/blob/master/k8s/pkg/apis/longhorn/v1beta2/recurringjob.go>
fn longhorn(object: &Object<'_>) -> Option<Backup> {
    let task = object.at(&["spec", "task"])?.as_str()?;
    if !task.starts_with("backup") {
        return None;
    }
    let groups = list(object.at(&["spec", "groups"]));
    let default = groups.iter().any(|group| group.value().is_some_and(|group| group == "default"));
    let labelled = |key: Text| Coverage::Tags(vec![(key, Fact::known(Text::const_new("enabled"), object.head()))]);
    let of_group = |group: &Text| labelled(compact_str::format_compact!("recurring-job-group.longhorn.io/{group}"));
    let own = labelled(compact_str::format_compact!("recurring-job.longhorn.io/{}", object.name));
    let covers = if default {
        Coverage::Namespaces { included: Vec::new(), excluded: Vec::new(), selectors: Vec::new() }
    } else {
        Coverage::Any(groups.iter().filter_map(Fact::value).map(of_group).chain([own]).collect())
    };
    let by_age = spec_text(object, &["retentionPolicy"]).value().is_some_and(|policy| policy == "age-based");
    let age = in_days(spec_text(object, &["retainAge"]));
    let retention_days = if by_age { age } else { Fact::absent(object.head()) };
    Some(Backup { retention_days, covers, ..schedule(object, "longhorn", &["cron"]) })
}

/// Fields: <https://github.com/backube/snapscheduler/blob/master/api/v1/snapshotschedule_types.go>.
fn snapscheduler(object: &Object<'_>) -> Option<Backup> {
    let claims = object.at(&["spec"])?.get("claimSelector").map(|node| selector(Some(node)));
    Some(Backup {
        paused: switch(object, "disabled"),
        retention_days: in_days(spec_text(object, &["retention", "expires"])),
        covers: own_namespace(object, claims.into_iter().filter(|selector| !selector.is_empty()).collect()),
        ..schedule(object, "snapscheduler", &["schedule"])
    })
}

fn stash(object: &Object<'_>) -> Option<Backup> {
    let target = object.at(&["spec", "target", "ref", "name"]).or_else(|| object.at(&["spec", "target", "name"]))?;
    Some(Backup {
        paused: switch(object, "paused"),
        covers: Coverage::Names(vec![text(target)]),
        ..schedule(object, "stash", &["schedule"])
    })
}

/// `spec.maxRetention` of mariadb-operator left out.
const MARIADB_DEFAULT_DAYS: f64 = 30.0;

/// Without a schedule it is taken once. Fields:
/// <https://github.com/mariadb-operator/mariadb-operator/blob/main/api/v1alpha1/physicalbackup_types.go>.
fn mariadb(object: &Object<'_>) -> Option<Backup> {
    object.at(&["spec", "schedule", "cron"])?;
    let database = object.at(&["spec", "mariaDbRef", "name"])?;
    Some(Backup {
        paused: object.fact(&["spec", "schedule", "suspend"], super::object::boolean).or_default(false),
        retention_days: in_days(spec_text(object, &["maxRetention"])).or_default(MARIADB_DEFAULT_DAYS),
        covers: Coverage::Names(vec![text(database)]),
        ..schedule(object, "mariadb-operator", &["schedule", "cron"])
    })
}

/// The snapshot lifecycle policies that Elastic's operator gives the clusters a policy selects, of its own namespace.
/// <https://www.elastic.co/docs/deploy-manage/deploy/cloud-on-k8s/elastic-stack-configuration-policies>
fn elastic(object: &Object<'_>) -> Vec<Backup> {
    let policies = object.at(&["spec", "elasticsearch", "snapshotLifecyclePolicies"]).map_or(&[][..], Node::entries);
    let selected = object.at(&["spec", "resourceSelector"]).map(|node| selector(Some(node)));
    let selectors: Vec<Selector> = selected.into_iter().filter(|selector| !selector.is_empty()).collect();
    policies
        .iter()
        .map(|policy| {
            let said = |path: &[&str]| policy.value.at(path).map_or_else(|| Fact::absent(policy.key_span), text);
            Backup {
                name: compact_str::format_compact!("{}/{}", object.title(), policy.key),
                schedule: said(&["schedule"]),
                retention_days: in_days(said(&["retention", "expire_after"])),
                destination: said(&["repository"]).map(|name| compact_str::format_compact!("repository {name}")),
                covers: own_namespace(object, selectors.clone()),
                ..schedule(object, "elastic-slm", &[])
            }
        })
        .collect()
}

/// A number of daily copies as days.
#[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
fn days(copies: i64) -> f64 {
    copies as f64
}

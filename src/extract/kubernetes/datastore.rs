//! Data that workloads keep inside the cluster: databases by image or data directory, stateful sets with claims.

use super::database::{self, Engine};
use super::object::{Object, text};
use super::volume::{self, Mount, Storage, Volume};
use super::workload::{Shape, undeclared};
use super::{cronjob, object};
use crate::extract::Facts;
use crate::model::{BackupState, Datastore, Fact, Id, Labels, Place, Workload};
use crate::source::Span;
use crate::tree::{Node, Text};

/// Parts of a name that say that what is kept can be made again.
const DISPOSABLE: &[&str] = &[
    "cache",
    "caches",
    "tmp",
    "temp",
    "temporary",
    "scratch",
    "logs",
    "transcode",
    "build",
    "builds",
    "downloads",
    "models",
    "mirror",
    // What programs leave when they crash.
    "cores",
    "coredump",
    "coredumps",
    "crash",
    "crashes",
    // Definitions of viruses, fetched every day.
    "clamav",
    "freshclam",
    "virusdb",
    "prometheus",
    "alertmanager",
    "loki",
    "tempo",
    "thanos",
    "mimir",
];

/// What data is exposed to that outlives its pod.
pub(super) const UNCOPIED: Text = Text::const_new("no backup covers it");

/// What data is exposed to in an `emptyDir`, or in a claim that is made for one pod.
const SHORT_LIVED: Text = Text::const_new("it is kept in a volume that is deleted with its pod");

/// What data is exposed to that no volume keeps.
const UNMOUNTED: Text = Text::const_new("it is kept on no volume, and disappears with its pod");

/// A container that keeps data.
struct Keeper<'a> {
    container: &'a Node,
    engine: &'static Engine,
    mounts: Vec<Mount<'a>>,
}

impl Keeper<'_> {
    /// Whether anything it mounts outlives the pod.
    fn keeps(&self) -> bool {
        self.mounts.iter().any(|mount| matches!(mount.volume, Some(Volume { storage: Storage::Kept(_), .. })))
    }
}

/// Adds the data that a workload keeps.
pub(super) fn of_workload(
    object: &Object<'_>,
    shape: &Shape<'_>,
    volumes: &[Volume],
    workload: Id<Workload>,
    facts: &mut Facts,
) {
    let containers = shape.containers();
    let keepers: Vec<_> = containers.iter().filter_map(|container| keeper(container, volumes)).collect();
    let backup = containers.iter().find_map(backing_up).unwrap_or_default();
    // A cache beside the application does not keep what the application writes to its claims.
    let claimed = !shape.claim_templates().is_empty() && !keepers.iter().any(Keeper::keeps);
    if claimed {
        facts.model.add(volume_store(object, shape, workload, &backup));
    }
    for (index, keeper) in keepers.iter().enumerate() {
        let mut store = common(object, shape, workload, &backup);
        let own_name = keeper.container.get("name");
        if claimed || index > 0 {
            let container = own_name.and_then(Node::scalar).unwrap_or_default();
            store.name = compact_str::format_compact!("{}/{container}", store.name);
        }
        // One database among other containers is told apart by its own line.
        if let Some(own_name) = own_name.filter(|_| object.kind != "StatefulSet" && containers.len() > 1) {
            store.place = Place { span: own_name.span, ..store.place };
        }
        store.kind = keeper.engine.kind.into();
        store.engine = engine_fact(keeper);
        (store.ephemeral, store.exposure) = ephemeral(keeper, store.place.span);
        store.disposable = disposable(keeper, &store.ephemeral);
        store.replica = replica(keeper.container, store.place.span);
        facts.model.add(store);
    }
}

/// A stateful set with claims whose images say nothing.
fn volume_store(object: &Object<'_>, shape: &Shape<'_>, workload: Id<Workload>, backup: &BackupState) -> Datastore {
    let observes = shape
        .containers()
        .iter()
        .any(|container| container.get("image").and_then(Node::as_str).is_some_and(database::keeps_observations));
    let template_names = shape.claim_templates().iter().filter_map(|claim| claim.at(&["metadata", "name"])?.scalar());
    let spare = template_names.into_iter().all(|name| named_disposable(&name));
    Datastore {
        kind: Text::const_new("volume"),
        ephemeral: Fact::known(false, object.head()),
        exposure: UNCOPIED,
        disposable: Fact::known(observes || spare, object.head()),
        replica: Fact::known(false, object.head()),
        ..common(object, shape, workload, backup)
    }
}

/// The names of the claims that a stateful set makes of its templates, which stand in no file: of the first copies, since
/// a backup that takes one by its name takes the first.
/// <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage>
fn template_claims(object: &Object<'_>, shape: &Shape<'_>) -> Vec<Text> {
    let templates = shape.claim_templates().iter().filter_map(|claim| claim.at(&["metadata", "name"])?.scalar());
    let copies = |template: Text| {
        (0..NAMED_COPIES).map(move |copy| compact_str::format_compact!("{template}-{}-{copy}", object.name))
    };
    if object.kind == "StatefulSet" { templates.flat_map(copies).collect() } else { Vec::new() }
}

/// Copies of a stateful set whose claims are known by name.
const NAMED_COPIES: usize = 3;

/// What all the data of a workload has in common.
fn common(object: &Object<'_>, shape: &Shape<'_>, workload: Id<Workload>, backup: &BackupState) -> Datastore {
    let service = shape.spec.get("serviceName").and_then(Node::scalar);
    let Labels(mut tags) = object.labels.clone();
    let Labels(of_pods) = shape.pod_labels();
    for (key, value) in of_pods {
        if !tags.iter().any(|(known, _)| *known == key) {
            tags.push((key, value));
        }
    }
    let mut names = vec![object.name.clone()];
    names.extend(service.filter(|service| *service != object.name));
    names.extend(template_claims(object, shape));
    Datastore {
        name: object.title(),
        place: object.place.clone(),
        platform: Text::const_new("kubernetes"),
        backup: BackupState { span: Some(object.head()), ..backup.clone() },
        workload: Some(workload),
        names,
        type_name: object.kind.into(),
        tags: Labels(tags),
        namespace: object.namespace.clone(),
        ..Datastore::default()
    }
}

/// A container that runs a database: by its image, or by the data directory it mounts. A known image that is given a
/// command of its own and mounts no data directory is a client.
fn keeper<'a>(container: &'a Node, volumes: &'a [Volume]) -> Option<Keeper<'a>> {
    let image = container.get("image").and_then(Node::as_str).unwrap_or_default();
    let mounts = volume::mounts(container, volumes);
    let by_directory = mounts
        .iter()
        .filter(|mount| !matches!(mount.volume, Some(Volume { storage: Storage::Given, .. })))
        .find_map(|mount| database::by_data_directory(&mount.path));
    let by_image = database::by_image(image).filter(|_| by_directory.is_some() || !is_client(container));
    Some(Keeper { container, engine: by_image.or(by_directory)?, mounts })
}

fn is_client(container: &Node) -> bool {
    let words = |list: &str| container.get(list).map_or(&[][..], Node::items).iter().filter_map(Node::as_str);
    let serves = container.get("ports").is_some_and(|ports| !ports.items().is_empty());
    (words("command").next().is_some() && !serves) || words("args").any(|word| word == "agent")
}

fn engine_fact(keeper: &Keeper<'_>) -> Fact<Text> {
    let span = keeper.container.get("image").map_or(keeper.container.span, |image| image.span);
    Fact::known(Text::const_new(keeper.engine.name), span)
}

/// Whether the data disappears with the pod. A queue or an engine without a data directory of its own keeps nothing
/// unless it is given a volume, and a volume elsewhere may hold the data as well: only when no mount outlives the pod
/// is the data lost with it.
fn ephemeral(keeper: &Keeper<'_>, head: Span) -> (Fact<bool>, Text) {
    let storages = || keeper.mounts.iter().map(|mount| (mount, mount.volume.map(|volume| &volume.storage)));
    if keeper.keeps() {
        return (Fact::known(false, head), UNCOPIED);
    }
    if let Some((mount, _)) = storages().find(|(_, storage)| storage.is_none()) {
        return (Fact::unknown(undeclared(&mount.path, head)), UNCOPIED);
    }
    let lost = |only_data: bool| {
        storages().find_map(|(mount, storage)| match storage {
            Some(Storage::Lost(span)) if !only_data || database::by_data_directory(&mount.path).is_some() => {
                Some(*span)
            }
            _ => None,
        })
    };
    match lost(true).or_else(|| lost(false)) {
        Some(span) => (Fact::known(true, span), SHORT_LIVED),
        None => (Fact::known(true, head), UNMOUNTED),
    }
}

/// A cache may lose what it holds, unless it is given a place to keep it; so may a queue that was given none.
fn disposable(keeper: &Keeper<'_>, ephemeral: &Fact<bool>) -> Fact<bool> {
    let image = keeper.container.get("image").map(|image| image.span);
    match keeper.engine.kind {
        "cache" if keeper.engine.name == "memcached" || persistence_off(keeper.container) => Fact::known(true, image),
        "cache" | "queue" => ephemeral.clone(),
        _ => Fact::known(false, image),
    }
}

/// Whether Redis is told to write nothing to disk: `--save ""` and no append-only file.
fn persistence_off(container: &Node) -> bool {
    let words: Vec<&str> = ["command", "args"]
        .iter()
        .flat_map(|list| container.get(list).map_or(&[][..], Node::items))
        .filter_map(Node::as_str)
        .collect();
    let pair = |flag: &str, value: &str| words.windows(2).any(|pair| pair == [flag, value]);
    pair("--save", "") && !pair("--appendonly", "yes")
}

/// Whether Bitnami's images are told to follow another instance.
fn replica(container: &Node, head: Span) -> Fact<bool> {
    let env = container.get("env").map_or(&[][..], Node::items);
    let mode = env
        .iter()
        .find(|entry| entry.get("name").and_then(Node::as_str).is_some_and(|name| name.ends_with("_REPLICATION_MODE")));
    match mode.and_then(|entry| entry.get("value")) {
        Some(value) => text(value).map(|mode| matches!(mode.as_str(), "slave" | "replica" | "secondary")),
        None => Fact::known(false, head),
    }
}

/// A container beside the database that copies its data.
fn backing_up(container: &Node) -> Option<BackupState> {
    let name = container.get("name")?;
    let continuous = cronjob::streams(container);
    (continuous || cronjob::copies(container)).then(|| BackupState {
        enabled: Fact::known(true, name.span),
        pitr: if continuous { Fact::known(true, name.span) } else { Fact::absent(name.span) },
        ..BackupState::default()
    })
}

/// Whether a name says that what is kept can be made again.
pub(super) fn named_disposable(name: &str) -> bool {
    !object::has_substitution(name) && name.split(['-', '_', '.']).any(|part| DISPOSABLE.contains(&part))
}

//! Claims that stand alone, the data that they keep, and the volumes that they are bound to.

use super::datastore::{UNCOPIED, named_disposable};
use super::object::{Object, boolean, optional, text};
use super::selecting::selector;
use crate::extract::Facts;
use crate::model::kubernetes::{Claim, PersistentVolume};
use crate::model::{BackupState, Datastore, Fact};
use crate::tree::{Node, Text};

/// Adds a claim, and the data that it keeps. When a workload turns out to be the one whose data it is,
/// [`Model::settle_claims`](crate::model::Model::settle_claims) makes one of the two.
pub(super) fn claim(object: &Object<'_>, facts: &mut Facts) {
    let modes = object.at(&["spec", "accessModes"]).map_or(&[][..], Node::items);
    facts.model.kubernetes.claims.push(Claim {
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        labels: object.labels.clone(),
        access_modes: modes.iter().filter_map(Node::scalar).collect(),
        volume: object.at(&["spec", "volumeName"]).and_then(Node::scalar),
        selector: selector(object.at(&["spec", "selector"])),
        clones: clones(object),
        place: object.place.clone(),
    });
    facts.model.add(Datastore {
        name: object.title(),
        place: object.place.clone(),
        kind: Text::const_new("volume"),
        platform: Text::const_new("kubernetes"),
        replica: Fact::known(false, object.head()),
        disposable: Fact::known(named_disposable(&object.name), object.head()),
        ephemeral: Fact::known(false, object.head()),
        exposure: UNCOPIED,
        backup: BackupState { span: Some(object.head()), ..BackupState::default() },
        names: vec![object.name.clone()],
        type_name: object.kind.into(),
        tags: object.labels.clone(),
        namespace: object.namespace.clone(),
        ..Datastore::default()
    });
}

/// The claim that it begins as a copy of. `dataSourceRef` says the same, and more.
/// <https://kubernetes.io/docs/concepts/storage/volume-pvc-datasource/>
fn clones(object: &Object<'_>) -> Fact<Text> {
    let sources = ["dataSource", "dataSourceRef"].into_iter().filter_map(|key| object.at(&["spec", key]));
    let mut claims =
        sources.filter(|source| source.get("kind").and_then(Node::as_str) == Some("PersistentVolumeClaim"));
    optional(claims.next().and_then(|source| source.get("name")), object.head(), text)
}

/// Adds a volume that was made by hand rather than for a claim.
/// <https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/persistent-volume-v1/>
pub(super) fn volume(object: &Object<'_>, facts: &mut Facts) {
    let Some(spec) = object.at(&["spec"]) else { return };
    let (share, source) = share(spec).unzip();
    let read_only = source
        .and_then(|source: &Node| source.get("readOnly").or_else(|| source.at(&["volumeAttributes", "readOnly"])));
    facts.model.kubernetes.volumes.push(PersistentVolume {
        name: object.name.clone(),
        labels: object.labels.clone(),
        claimed_by: spec.at(&["claimRef", "name"]).and_then(Node::scalar),
        share,
        read_only: optional(read_only, object.head(), boolean),
        place: object.place.clone(),
    });
}

/// What stands outside of the cluster and keeps what is written to a volume: a network share, a disk that is named.
/// A directory of a node (`hostPath`, `local`) is kept by nobody else.
fn share(spec: &Node) -> Option<(Text, &Node)> {
    let named = |kind: &str, parts: &[&[&str]]| {
        let source = spec.get(kind)?;
        let parts: Vec<Text> = parts.iter().filter_map(|path| source.at(path)?.scalar()).collect();
        Some((compact_str::format_compact!("{}", parts.join(":")), source))
    };
    named("nfs", &[&["server"], &["path"]])
        .or_else(|| named("csi", &[&["volumeHandle"]]))
        .or_else(|| named("awsElasticBlockStore", &[&["volumeID"]]))
        .or_else(|| named("gcePersistentDisk", &[&["pdName"]]))
        .or_else(|| named("azureDisk", &[&["diskURI"]]))
        .or_else(|| named("azureFile", &[&["shareName"]]))
        .or_else(|| named("cephfs", &[&["path"]]))
        .or_else(|| named("rbd", &[&["pool"], &["image"]]))
        .or_else(|| named("iscsi", &[&["targetPortal"], &["iqn"]]))
        .or_else(|| named("glusterfs", &[&["path"]]))
}

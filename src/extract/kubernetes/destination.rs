//! Where backup tools keep their copies.
//!
//! <https://velero.io/docs/main/api-types/backupstoragelocation/>, <https://docs.k8up.io/k8up/references/api-reference.html>,
//! <https://cloudnative-pg.io/plugin-barman-cloud/docs/concepts/>.

use super::object::{Object, boolean, optional, text};
use super::operator::retention_policy;
use crate::extract::Facts;
use crate::model::Fact;
use crate::model::kubernetes::Store;
use crate::tree::{Node, Text};

/// Adds an object that says where copies are kept.
pub(super) fn extract(object: &Object<'_>, facts: &mut Facts) {
    let destination = match (object.group, object.kind) {
        ("velero.io", "BackupStorageLocation") => velero(object),
        ("barmancloud.cnpg.io", "ObjectStore") => object.fact(&["spec", "configuration", "destinationPath"], text),
        _ => return,
    };
    facts.model.kubernetes.stores.push(Store {
        kind: object.kind.into(),
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        default: object.name == "default" || object.fact(&["spec", "default"], boolean).is_true(),
        destination,
        retention_days: object.fact(&["spec", "retentionPolicy"], retention_policy),
        place: object.place.clone(),
    });
}

/// `spec.objectStorage`, and the region where it is said.
fn velero(object: &Object<'_>) -> Fact<Text> {
    let bucket = object.fact(&["spec", "objectStorage", "bucket"], text);
    let region = object.at(&["spec", "config", "region"]).and_then(Node::scalar);
    bucket.map(|bucket| match region {
        Some(region) => compact_str::format_compact!("bucket {bucket} in {region}"),
        None => compact_str::format_compact!("bucket {bucket}"),
    })
}

/// K8up's `backend`: of the job itself, else of the whole schedule.
pub(super) fn k8up(object: &Object<'_>) -> Fact<Text> {
    const KINDS: &[(&str, &str, &str)] = &[
        ("s3", "bucket", "bucket"),
        ("gcs", "bucket", "bucket"),
        ("b2", "bucket", "bucket"),
        ("azure", "container", "container"),
        ("swift", "container", "container"),
        ("rest", "url", "server"),
        ("local", "mountPath", "folder"),
    ];
    let own = object.at(&["spec", "backup", "backend"]).or_else(|| object.at(&["spec", "backend"]));
    let said = own.and_then(|backend| {
        let kind = KINDS.iter().find(|(kind, ..)| backend.get(kind).is_some())?;
        Some((backend.at(&[kind.0, kind.1])?, kind.2))
    });
    let Some((node, word)) = said else { return Fact::absent(object.head()) };
    optional(Some(node), object.head(), text).map(|name| compact_str::format_compact!("{word} {name}"))
}

//! Where the volumes of a pod keep what is written to them.

use super::object::{optional, text};
use crate::model::Fact;
use crate::source::Span;
use crate::tree::{Node, Text};

/// Sources whose content is given from outside, so that nothing is kept there.
const GIVEN: &[&str] = &["configMap", "secret", "projected", "downwardAPI", "image", "gitRepo"];

/// What becomes of a volume's content.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Storage {
    /// It outlives the pod: a claim (by name), a host path, a network share, a disk.
    Kept(Option<Fact<Text>>),
    /// It disappears with the pod; where that is said.
    Lost(Span),
    /// Nothing is written to it.
    Given,
}

/// A volume of a pod.
#[derive(Clone, Debug)]
pub(super) struct Volume {
    name: Text,
    /// What becomes of its content.
    pub(super) storage: Storage,
}

/// A volume mounted in a container.
pub(super) struct Mount<'a> {
    /// Where in the container.
    pub(super) path: Text,
    /// The volume; `None` when the pod does not declare it.
    pub(super) volume: Option<&'a Volume>,
}

/// The volumes a pod declares, and those its `StatefulSet` makes from claim templates.
pub(super) fn volumes(pod: &Node, templates: &[Node]) -> Vec<Volume> {
    let declared = pod.get("volumes").map_or(&[][..], Node::items).iter().filter_map(read);
    let claimed = templates.iter().filter_map(|template| {
        let name = template.at(&["metadata", "name"])?;
        Some(Volume { name: name.scalar()?, storage: Storage::Kept(None) })
    });
    declared.chain(claimed).collect()
}

fn read(node: &Node) -> Option<Volume> {
    let name = node.get("name")?.scalar()?;
    let source = node.entries().iter().find(|entry| entry.key != "name");
    let storage = match source.map(|source| (source.key.as_str(), source)) {
        // Left out, the source is an empty directory (core/v1 VolumeSource).
        None => Storage::Lost(node.span),
        // A generic ephemeral volume is a claim that is deleted with its pod.
        Some(("emptyDir" | "ephemeral", entry)) => Storage::Lost(entry.key_span),
        Some(("persistentVolumeClaim", entry)) => {
            Storage::Kept(Some(optional(entry.value.get("claimName"), entry.key_span, text)))
        }
        Some((key, _)) if GIVEN.contains(&key) => Storage::Given,
        // Secrets and certificates are handed in through CSI drivers as well as disks.
        Some(("csi", entry)) => match entry.value.get("driver").and_then(Node::as_str) {
            Some(driver)
                if driver.contains("secrets-store") || driver.contains("cert") || driver.contains("spiffe") =>
            {
                Storage::Given
            }
            _ => Storage::Kept(None),
        },
        Some(_) => Storage::Kept(None),
    };
    Some(Volume { name, storage })
}

/// The volumes a container mounts.
pub(super) fn mounts<'a>(container: &Node, volumes: &'a [Volume]) -> Vec<Mount<'a>> {
    let listed = container.get("volumeMounts").map_or(&[][..], Node::items);
    listed
        .iter()
        .filter_map(|mount| {
            let name = mount.get("name")?.scalar()?;
            let path = mount.get("mountPath")?.scalar()?;
            Some(Mount { path, volume: volumes.iter().find(|volume| volume.name == name) })
        })
        .collect()
}

/// The names of the claims that a pod mounts. A `StatefulSet`'s own claims stand in no file.
pub(super) fn claims(volumes: &[Volume]) -> Vec<Fact<Text>> {
    let claim = |volume: &Volume| match &volume.storage {
        Storage::Kept(Some(claim)) => Some(claim.clone()),
        _ => None,
    };
    volumes.iter().filter_map(claim).collect()
}

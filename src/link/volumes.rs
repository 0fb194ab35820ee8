//! Claims → the volumes that they are bound to: data that is kept, and copied, where somebody else serves it; and claims
//! that begin as copies of others. Uses `model`.

use super::kubernetes::same_namespace;
use crate::model::kubernetes::{Claim, PersistentVolume};
use crate::model::{Datastore, Fact, Model};
use crate::source::Span;
use crate::tree::Unknown;

/// Says of the data of every claim where it comes from.
pub(super) fn bind(model: &mut Model) {
    let Model { datastores, kubernetes, .. } = model;
    for datastore in datastores.iter_mut().filter(|one| one.type_name == "PersistentVolumeClaim") {
        let is_own = |claim: &&Claim| claim.place == datastore.place && datastore.names.contains(&claim.name);
        let Some(claim) = kubernetes.claims.iter().find(is_own) else { continue };
        if let Some(span) = copies(claim, &kubernetes.claims) {
            datastore.replica = Fact::known(true, span);
        }
        if let Some(volume) = kubernetes.volumes.iter().find(|volume| volume.binds(claim)) {
            served(datastore, volume);
        }
    }
}

/// Where it says that it begins as a copy of another claim. One that is not here may have been given up for it.
fn copies(claim: &Claim, claims: &[Claim]) -> Option<Span> {
    let source = claim.clones.value()?;
    let original = claims.iter().any(|other| {
        other.name == *source
            && same_namespace(&other.namespace, &claim.namespace)
            && other.place.environment == claim.place.environment
    });
    claim.clones.span.filter(|_| original)
}

/// What is only read is written elsewhere, and what stands on a share is copied where it is served.
fn served(datastore: &mut Datastore, volume: &PersistentVolume) {
    if volume.read_only.is_true() {
        datastore.disposable = volume.read_only.clone();
    } else if let Some(share) = &volume.share
        && datastore.backup.enabled.is_absent()
    {
        let unknown = Unknown::new(
            format!("its data stands outside of the cluster (`{share}`), where something else may copy it"),
            "audit what backs up that place together with this, or name it under `[external]` in `twoam.toml`",
            volume.place.span,
        );
        datastore.backup.enabled = Fact { span: datastore.backup.enabled.span, ..Fact::unknown(unknown) };
    }
}

//! Pools of Kafka brokers → the cluster that they are: where they lose their data with their pods, so does it. Uses
//! `model`.

use super::kubernetes::same_namespace;
use crate::model::{Fact, Model};

/// Marks the clusters that keep their data in the pods of a pool.
pub(super) fn join(model: &mut Model) {
    let Model { datastores, kubernetes, .. } = model;
    for store in datastores.iter_mut().filter(|store| store.type_name == "Kafka") {
        let pool = kubernetes.node_pools.iter().find(|pool| {
            store.name.strip_prefix("Kafka/").is_some_and(|name| pool.cluster == name)
                && pool.place.environment == store.place.environment
                && same_namespace(&pool.namespace, &store.namespace)
        });
        if let Some(pool) = pool {
            store.ephemeral = Fact::known(true, pool.ephemeral);
            store.backup.managed = false;
        }
    }
}

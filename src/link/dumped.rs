//! Databases that only the jobs that dump them know → those that are declared nowhere here. Uses `model`.

use std::collections::BTreeSet;

use crate::model::{Datastore, Environment, Model};
use crate::tree::Text;

/// The platform of a database that stands elsewhere.
const ELSEWHERE: &str = "elsewhere";

/// What an operator adds to a database's name for the Services by which it is reached.
const SUFFIXES: &[&str] = &["-rw", "-ro", "-r", "-primary", "-replicas", "-replica", "-headless", "-hl", "-svc"];

/// Leaves out what the repository declares itself, and says each of the others once for each environment. Before
/// anything refers to a datastore by id.
pub(super) fn settle(model: &mut Model) {
    if model.datastores.iter().all(|datastore| datastore.platform != ELSEWHERE) {
        return;
    }
    let lower = |name: &Text| name.to_lowercase();
    let mut declared: BTreeSet<Text> = BTreeSet::new();
    for datastore in model.datastores.iter().filter(|datastore| datastore.platform != ELSEWHERE) {
        declared.extend(datastore.names.iter().map(lower));
    }
    // A Service without a selector leads out of the cluster.
    let services = model.kubernetes.services.iter().filter(|service| !service.selector.is_empty());
    declared.extend(services.map(|service| lower(&service.name)));
    let is_declared = |host: &Text| {
        let host = host.to_lowercase();
        let plain = SUFFIXES.iter().find_map(|suffix| host.strip_suffix(suffix));
        declared.contains(&host) || plain.is_some_and(|plain| declared.contains(plain))
    };
    let mut seen: BTreeSet<(Text, Text)> = BTreeSet::new();
    model.datastores.retain(|datastore| {
        let Datastore { platform, names, name, place, .. } = datastore;
        let Environment { name: environment, .. } = &place.environment;
        platform != ELSEWHERE || !names.iter().any(is_declared) && seen.insert((environment.clone(), name.clone()))
    });
}

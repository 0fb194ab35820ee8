//! Which workloads use what, and which only keep data: by what their environments name.

use std::collections::{BTreeMap, BTreeSet};

use crate::link::helpers::of_image;
use crate::model::{Fact, Id, Model, Workload};
use crate::tree::{Text, without_keys};

/// Programs that show what is in databases of others, or measure them: by the names of their images and workloads.
const CONSOLES: &[&str] = &[
    "adminer",
    "cloudbeaver",
    "dbgate",
    "grafana",
    "kafka-ui",
    "metabase",
    "mongo-express",
    "pgadmin",
    "pgadmin4",
    "pgweb",
    "phpmyadmin",
    "phpredisadmin",
    "redis-commander",
    "redisinsight",
    "redash",
    "superset",
];

/// Whether a workload only looks into databases: a console, or what measures or copies them.
fn is_console(model: &Model, workload: &Workload) -> bool {
    let name = workload.plain_name.to_ascii_lowercase();
    let images = workload.containers.iter().filter_map(|id| model[*id].image.value());
    let is_one = |name: &str| CONSOLES.contains(&name) || name.ends_with("exporter");
    is_one(&name) || images.map(|image| of_image(image)).any(|image| is_one(&image))
}

/// Workloads that do nothing but keep data: a datastore for each container that is not there to measure.
pub(super) fn stores(model: &Model) -> BTreeSet<Id<Workload>> {
    let mut kept: BTreeMap<Id<Workload>, usize> = BTreeMap::new();
    for datastore in model.datastores.iter().filter(|datastore| datastore.kind != "volume") {
        if let Some(workload) = datastore.workload {
            *kept.entry(workload).or_default() += 1;
        }
    }
    let main = |id: &Id<Workload>| {
        let containers = model[*id].containers.iter().map(|id| &model[*id]);
        containers.filter(|container| !container.init && !container.telemetry).count()
    };
    kept.into_iter().filter(|(id, count)| *count >= main(id)).map(|(id, _)| id).collect()
}

/// An address of Terraform's without what follows the name, and without keys of instances:
/// `module.db[0].aws_db_instance.main["a"].endpoint` is `module.db.aws_db_instance.main`. Nothing for a host.
pub(super) fn resource_of(address: &str) -> Option<Text> {
    let plain = without_keys(address);
    let mut segments = plain.split('.');
    let mut taken = 0;
    loop {
        match (segments.next()?, segments.next()?) {
            ("module", name) => taken += "module.".len() + name.len() + 1,
            // The types of resources have the name of their provider before a `_`; no host has one.
            (kind, name) if kind.contains('_') => {
                return Some(Text::from(&plain[..taken + kind.len() + 1 + name.len()]).to_lowercase());
            }
            _ => return None,
        }
    }
}

/// Workloads in production by the hosts and the resources that their environments name.
pub(super) fn users(model: &Model) -> BTreeMap<Text, Vec<Id<Workload>>> {
    let mut users: BTreeMap<Text, Vec<Id<Workload>>> = BTreeMap::new();
    let in_production = model.each::<Workload>().filter(|(_, workload)| workload.place.environment.production);
    for (id, workload) in in_production.filter(|(_, workload)| !is_console(model, workload)) {
        for used in workload.uses.iter().filter_map(Fact::value) {
            let host = || used.split('.').next().unwrap_or_default().to_ascii_lowercase().into();
            users.entry(resource_of(used).unwrap_or_else(host)).or_default().push(id);
        }
    }
    users
}

#[cfg(test)]
mod tests {
    use super::resource_of;

    #[test]
    fn a_reference_is_known_by_type_and_name() {
        for (address, expected) in [
            ("aws_db_instance.main", Some("aws_db_instance.main")),
            ("aws_db_instance.main.endpoint", Some("aws_db_instance.main")),
            ("aws_db_instance.Main[\"a.b\"].endpoint", Some("aws_db_instance.main")),
            ("module.db[0].module.inner.aws_rds_cluster.this.id", Some("module.db.module.inner.aws_rds_cluster.this")),
            ("module.db.endpoint", None),
            ("orders-db.shop.svc.cluster.local", None),
            ("orders_db", None),
        ] {
            assert_eq!(resource_of(address).as_deref(), expected, "{address}");
        }
    }
}

//! Objects of Kubernetes whose own names say what they are for: `orders-db-staging`, beside an `orders-db-production`.
//! One such word by itself proves nothing (`smoke-test`); that a sibling differs in it alone does. So is the one that bears
//! no word, beside one of production, where nothing but other environments names it. Uses `model`.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Backup, Container, Datastore, Environment, Environments, Id, Model, Place, Workload};
use crate::tree::Text;

/// Names by what is left of them without the word for an environment, each with those words; empty where there is none.
type Families = BTreeMap<String, BTreeSet<Text>>;

/// Moves what nothing else says an environment of to the one that its own name says.
pub(super) fn part(model: &mut Model, environments: &Environments, named_by: &BTreeMap<Text, Vec<Text>>) {
    let mut families = Families::new();
    let workloads = model.workloads.iter().map(|workload| (&workload.name, &workload.platform));
    let datastores = model.datastores.iter().map(|datastore| (&datastore.name, &datastore.platform));
    let in_cluster = workloads.chain(datastores).filter(|(_, platform)| *platform == "kubernetes");
    let names = in_cluster.map(|(name, _)| name).chain(model.backups.iter().map(|backup| &backup.name));
    for name in names {
        note(&mut families, name, environments);
    }
    let own = |name: &Text, place: &Place| own_environment(&families, name, place, environments);
    let moved: Vec<(Id<Workload>, Environment)> = model
        .each::<Workload>()
        .filter_map(|(id, workload)| Some((id, own(&workload.name, &workload.place)?)))
        .collect();
    for (id, environment) in moved {
        for container in model[id].containers.clone() {
            let container: &mut Container = &mut model[container];
            container.place.environment = environment.clone();
        }
        model[id].place.environment = environment;
    }
    let Model { datastores, backups, .. } = model;
    let mut files: BTreeMap<Text, Option<Environment>> = BTreeMap::new();
    for datastore in datastores.iter_mut().filter(|one| one.place.environment.production) {
        let name = datastore.name.split_once('/').map_or("", |(_, name)| name);
        let named_by = named_by.get(name).map_or(&[][..], Vec::as_slice);
        let of_paths: Option<Vec<Environment>> =
            named_by.iter().map(|path| environments.of_path(path).filter(|it| !it.production)).collect();
        let first = of_paths.and_then(|all| all.into_iter().next());
        let of_file = files.entry(datastore.place.path.clone()).or_insert_with(|| first.clone());
        *of_file = of_file.take().filter(|_| first.is_some());
        if let Some(first) = first {
            datastore.place.environment = first;
        }
    }
    // What copies stands with what is copied.
    for backup in backups.iter_mut().filter(|backup| backup.place.environment.production) {
        if let Some(Some(environment)) = files.get(&backup.place.path) {
            backup.place.environment = environment.clone();
        }
    }
    for datastore in datastores.iter_mut() {
        let Datastore { name, place, .. } = datastore;
        place.environment = own(name, place).unwrap_or_else(|| place.environment.clone());
    }
    for backup in backups.iter_mut() {
        let Backup { name, place, .. } = backup;
        place.environment = own(name, place).unwrap_or_else(|| place.environment.clone());
    }
}

/// The names of what keeps data in a cluster and bears no word for an environment, beside a sibling that bears one of
/// production: which environment it is for is said by who names it.
pub fn unmarked(model: &Model, environments: &Environments) -> BTreeSet<Text> {
    let titles = || model.datastores.iter().filter(|it| it.platform == "kubernetes").map(|it| &it.name);
    let mut beside: BTreeSet<String> = BTreeSet::new();
    for (kind, parts) in titles().filter_map(|title| parts(title)) {
        let of_production = |part: &str| environments.of_word(part).is_some_and(|environment| environment.production);
        for (at, _) in parts.iter().enumerate().filter(|(_, part)| of_production(part)) {
            let mut bare = parts.clone();
            bare.remove(at);
            beside.insert(format!("{kind}/{}", bare.join("-")));
        }
    }
    let unmarked = titles().filter(|title| beside.contains(title.as_str()));
    let of_word = |title: &&Text| {
        parts(title).is_some_and(|(_, parts)| parts.iter().any(|part| environments.of_word(part).is_some()))
    };
    unmarked.filter(|title| !of_word(title)).filter_map(|title| Some(title.split_once('/')?.1.into())).collect()
}

/// The parts of the name in `Kind/name`; none of anything that is no object of Kubernetes.
fn parts(title: &str) -> Option<(&str, Vec<&str>)> {
    let (kind, name) = title.split_once('/')?;
    Some((kind, name.split('-').collect()))
}

/// What is left of a name without one of its parts. Where that stood is kept, so that `a-dev-b` is no sibling of
/// `dev-a-b`.
fn without(kind: &str, parts: &[&str], at: usize) -> String {
    let left: Vec<&str> = parts.iter().enumerate().map(|(index, part)| if index == at { "*" } else { part }).collect();
    format!("{kind}/{}", left.join("-"))
}

fn note(families: &mut Families, title: &Text, environments: &Environments) {
    let Some((kind, parts)) = parts(title) else { return };
    for (at, part) in parts.iter().enumerate().filter(|(_, part)| environments.of_word(part).is_some()) {
        families.entry(without(kind, &parts, at)).or_default().insert((*part).into());
    }
    families.entry(title.to_string()).or_default();
}

/// The environment, not production, that a name says of its object, where a sibling has another word there or none.
fn own_environment(
    families: &Families,
    title: &Text,
    place: &Place,
    environments: &Environments,
) -> Option<Environment> {
    if !place.environment.production {
        return None;
    }
    let (kind, parts) = parts(title)?;
    let mut said = parts.iter().enumerate().filter_map(|(at, part)| Some((at, *part, environments.of_word(part)?)));
    let (at, word, environment) = said.find(|(.., environment)| !environment.production)?;
    let other = families.get(&without(kind, &parts, at)).is_some_and(|words| words.iter().any(|it| it != word));
    let mut bare = parts.clone();
    bare.remove(at);
    let bare = || families.contains_key(&format!("{kind}/{}", bare.join("-")));
    (other || bare()).then_some(environment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Noun;

    #[test]
    fn who_names_the_unmarked_says_what_it_is_for() {
        let environments = Environments::default();
        let mut model = Model::default();
        for name in ["orders-db", "orders-prod-db", "billing-db", "billing-prod-db", "alone-db", "search-dev-db"] {
            model.add(Datastore {
                name: format!("Cluster/{name}").into(),
                platform: "kubernetes".into(),
                ..Datastore::default()
            });
        }
        let unmarked = super::unmarked(&model, &environments);
        assert_eq!(unmarked.iter().map(Text::as_str).collect::<Vec<_>>(), ["billing-db", "orders-db"]);
        let paths = |paths: &[&str]| paths.iter().map(|path| Text::from(*path)).collect::<Vec<Text>>();
        let mut named_by = BTreeMap::new();
        named_by.insert("orders-db".into(), paths(&["apps/staging/orders.yaml", "apps/dev/orders.yaml"]));
        named_by.insert("billing-db".into(), paths(&["apps/staging/billing.yaml", "apps/billing.yaml"]));
        part(&mut model, &environments, &named_by);
        let elsewhere: Vec<&str> =
            model.datastores.iter().filter(|it| !it.place.environment.production).map(Noun::name).collect();
        assert_eq!(elsewhere, ["Cluster/orders-db", "Cluster/search-dev-db"][..1]);
    }

    #[test]
    fn a_sibling_shows_what_a_word_means() {
        let mut model = Model::default();
        for name in ["orders-staging", "orders-prod", "smoke-test", "billing", "billing-dev-worker", "billing-worker"] {
            model.add(Workload {
                name: format!("Deployment/{name}").into(),
                platform: "kubernetes".into(),
                ..Workload::default()
            });
        }
        part(&mut model, &Environments::default(), &BTreeMap::new());
        let elsewhere: Vec<&str> =
            model.workloads.iter().filter(|it| !it.place.environment.production).map(Noun::name).collect();
        assert_eq!(elsewhere, ["Deployment/orders-staging", "Deployment/billing-dev-worker"]);
    }
}

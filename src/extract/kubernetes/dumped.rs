//! Databases that stand outside of the cluster, as far as the jobs that dump them know them: by the host they connect to.
//! Linking leaves out those that the repository declares itself.

use super::cronjob;
use super::object::{Object, has_substitution};
use super::{database, uses};
use crate::extract::Facts;
use crate::model::{BackupState, Datastore, Fact, Place};
use crate::tree::{Node, Text};

/// Programs that dump a database, and its engine.
const DUMPING: &[(&str, &str)] = &[
    ("pg_dump", "postgres"),
    ("pg_dumpall", "postgres"),
    ("pg_basebackup", "postgres"),
    ("mysqldump", "mysql"),
    ("mariadb-dump", "mariadb"),
    ("mydumper", "mysql"),
    ("mongodump", "mongodb"),
];

/// What people call engines in the names of their own scripts, beside the engines' own names.
const ALSO: &[(&str, &str)] = &[("postgresql", "postgres"), ("pg", "postgres"), ("mongo", "mongodb")];

/// Adds the databases that a job's containers dump.
pub(super) fn extract(object: &Object<'_>, containers: &[&Node], facts: &mut Facts) {
    let mut known: Vec<Text> = Vec::new();
    for container in containers.iter().filter(|container| cronjob::copies(container)) {
        let Some(engine) = engine(container) else { continue };
        for (host, value) in hosts(container) {
            if known.contains(&host) || has_substitution(&host) {
                continue;
            }
            known.push(host.clone());
            facts.model.add(datastore(object, engine, host, value));
        }
    }
}

/// The engine that a container dumps: by the program it runs, or by the name of a script of its own
/// (`backup-postgres`).
fn engine(container: &Node) -> Option<&'static str> {
    let words = cronjob::spoken(container);
    let program = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
    let by_program = words.iter().find_map(|word| {
        let program = program(word);
        DUMPING.iter().find(|(name, _)| *name == program).map(|(_, engine)| *engine)
    });
    by_program.or_else(|| {
        let first = program(words.first()?);
        first.split(['-', '_', '.']).find_map(|part| {
            let also = ALSO.iter().find(|(name, _)| *name == part).map(|(_, engine)| *engine);
            also.or_else(|| database::by_name(part).filter(|engine| engine.kind == "database").map(|it| it.name))
        })
    })
}

/// The hosts that its environment and its arguments name, with what names them.
fn hosts(container: &Node) -> Vec<(Text, &Node)> {
    let env = container.get("env").map_or(&[][..], Node::items).iter();
    let mut found: Vec<(Text, &Node)> = Vec::new();
    for entry in env {
        let variable = entry.get("name").and_then(Node::as_str).unwrap_or_default().to_ascii_uppercase();
        let of_database = ["DB", "PG", "POSTGRES", "MYSQL", "MARIADB", "MONGO", "DATABASE"];
        let of_database = of_database.iter().any(|word| variable.contains(word));
        if !of_database || !variable.ends_with("HOST") {
            continue;
        }
        let Some(value) = entry.get("value") else { continue };
        let host = value.as_str().and_then(|written| uses::hosts_of(written).into_iter().next());
        found.extend(host.map(|host| (host, value)));
    }
    if found.is_empty() {
        found.extend(cronjob::argument_hosts(container).into_iter().take(1));
    }
    found
}

/// A database of which only its host is known. What a values file decides is found there: that is where it is listed.
fn datastore(object: &Object<'_>, engine: &'static str, host: Text, value: &Node) -> Datastore {
    let place = match value.via.iter().flatten().next() {
        Some(span) => Place { span: *span, path: object.path_of(*span), ..object.place.clone() },
        None => Place { span: value.span, ..object.place.clone() },
    };
    let short: Option<Text> = host.split_once('.').map(|(first, _)| first.into());
    Datastore {
        kind: Text::const_new("database"),
        engine: Fact::known(Text::const_new(engine), value.span),
        platform: Text::const_new("elsewhere"),
        replica: Fact::known(false, place.span),
        disposable: Fact::known(false, place.span),
        backup: BackupState { span: Some(place.span), ..BackupState::default() },
        name: host.clone(),
        names: std::iter::once(host).chain(short).collect(),
        place,
        ..Datastore::default()
    }
}

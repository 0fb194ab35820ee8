//! Jobs that copy data or restore it, known by the commands they run.

use super::object::{Object, boolean, has_substitution};
use super::workload::{Shape, spec_text, suspended};
use super::{database, dumped, selecting};
use crate::extract::Facts;
use crate::model::{Backup, Coverage, Fact, Id, RestoreTest, Workload};
use crate::source::Span;
use crate::tree::{Node, Text};

/// Commands that copy data, each as words that follow one another, options between them left out.
const COPYING: &[&[&str]] = &[
    &["pg_dump"],
    &["pg_dumpall"],
    &["pg_basebackup"],
    &["mysqldump"],
    &["mariadb-dump"],
    &["mydumper"],
    &["xtrabackup"],
    &["mariabackup"],
    &["mongodump"],
    &["mongoexport"],
    &["redis-cli", "--rdb"],
    &["influx", "backup"],
    &["influxd", "backup"],
    &["etcdctl", "snapshot", "save"],
    &["clickhouse-backup", "create"],
    &["clickhouse-backup", "create_remote"],
    &["restic", "backup"],
    &["kopia", "snapshot", "create"],
    &["borg", "create"],
    &["borgmatic"],
    &["duplicity"],
    &["wal-g", "backup-push"],
    &["wal-e", "backup-push"],
    &["pgbackrest", "backup"],
    &["barman", "backup"],
    &["barman-cloud-backup"],
    &["velero", "backup", "create"],
    &["vault", "operator", "raft", "snapshot", "save"],
    &["neo4j-admin", "database", "dump"],
    &["gitea", "dump"],
    &["gitlab-backup", "create"],
    &["backup-utility"],
];

/// Commands that read copies back.
const RESTORING: &[&[&str]] = &[
    &["pg_restore"],
    &["mongorestore"],
    &["restic", "restore"],
    &["restic", "check"],
    &["kopia", "restore"],
    &["kopia", "snapshot", "verify"],
    &["borg", "extract"],
    &["borg", "check"],
    &["velero", "restore", "create"],
    &["wal-g", "backup-fetch"],
    &["wal-e", "backup-fetch"],
    &["pgbackrest", "restore"],
    &["barman", "recover"],
    &["barman", "restore"],
    &["barman-cloud-restore"],
    &["xtrabackup", "--copy-back"],
    &["mariabackup", "--copy-back"],
    &["myloader"],
    &["etcdctl", "snapshot", "restore"],
    &["etcdutl", "snapshot", "restore"],
    &["clickhouse-backup", "restore"],
    &["aws", "rds", "restore-db-instance-from-db-snapshot"],
    &["aws", "rds", "restore-db-instance-to-point-in-time"],
    &["aws", "rds", "restore-db-cluster-from-snapshot"],
    &["aws", "rds", "restore-db-cluster-to-point-in-time"],
    &["gcloud", "sql", "backups", "restore"],
];

/// Images that copy data by themselves, by the start of their names.
const COPYING_IMAGES: &[&str] = &[
    "postgres-backup",
    "pg-backup",
    "postgresql-backup",
    "mysql-backup",
    "mariadb-backup",
    "mongodb-backup",
    "docker-db-backup",
];

/// Containers that stream every change away, so that any moment can be restored.
const STREAMING_IMAGES: &[&str] = &["litestream"];

/// Adds what a job copies or restores. A `CronJob` called a backup that runs something unknown is one all the same;
/// a Job runs once, so that its copy is no schedule, while a restore it makes is evidence.
pub(super) fn extract(object: &Object<'_>, shape: &Shape<'_>, workload: Id<Workload>, facts: &mut Facts) {
    let all = shape.all_containers();
    let containers = || all.iter().copied();
    let copies = containers().any(copies);
    let restores = containers().find_map(restoring);
    if let Some(span) = restores.or_else(|| named_restore(object, copies)) {
        facts.model.add(RestoreTest {
            name: object.title(),
            place: object.place.clone(),
            tool: object.kind.to_ascii_lowercase().into(),
            // What is suspended restores nothing.
            has_selection: Fact { span: Some(span), ..suspended(object).map(|suspended| !suspended) },
            target: Fact::absent(object.head()),
            covers: coverage(object, shape, workload, facts),
            ..RestoreTest::default()
        });
    }
    let called_backup = restores.is_none()
        && object.name.split(['-', '_', '.']).any(|part| matches!(part, "backup" | "backups" | "dump"));
    if object.kind == "CronJob" && (copies || called_backup) {
        facts.model.add(Backup {
            name: object.title(),
            place: object.place.clone(),
            tool: Text::const_new("cronjob"),
            paused: suspended(object),
            schedule: spec_text(object, &["schedule"]),
            retention_days: Fact::absent(object.head()),
            covers: coverage(object, shape, workload, facts),
            ..Backup::default()
        });
        dumped::extract(object, &all, facts);
    }
}

/// A scheduled job called a restore test, whatever it runs.
fn named_restore(object: &Object<'_>, copies: bool) -> Option<Span> {
    let parts: Vec<&str> = object.name.split(['-', '_', '.']).collect();
    let restore = parts.iter().any(|part| matches!(*part, "restore" | "restores"));
    let tests = parts
        .iter()
        .any(|part| matches!(*part, "test" | "tests" | "verify" | "verification" | "check" | "drill" | "rehearsal"));
    (object.kind == "CronJob" && !copies && restore && tests).then(|| object.head())
}

/// What the job's environment, claims and arguments name, and the name it has itself without what it does:
/// `seating-db-backup` is for `seating-db`.
fn coverage(object: &Object<'_>, shape: &Shape<'_>, workload: Id<Workload>, facts: &Facts) -> Coverage {
    let mut names = facts.model[workload].uses.clone();
    let (used, _) = selecting::used_by(shape.pod);
    names.extend(used.into_iter().filter(|fact| !facts.model[workload].uses.contains(fact)));
    for container in shape.all_containers() {
        names.extend(argument_hosts(container).into_iter().map(|(host, argument)| Fact::known(host, argument.span)));
    }
    if let Some(own) = subject_of(&object.name) {
        names.push(Fact::known(own.into(), object.head()));
    }
    Coverage::Names(names)
}

/// A job's name without the words that say what it does to its subject.
fn subject_of(name: &str) -> Option<&str> {
    const ENDS: &[&str] =
        &["-backup", "-backups", "-dump", "-restore", "-restore-test", "-restore-check", "-backup-job"];
    const STARTS: &[&str] = &["backup-", "dump-", "restore-", "restore-test-"];
    /// What is left when the name says nothing else.
    const NOTHING: &[&str] =
        &["", "job", "cron", "cronjob", "db", "database", "data", "daily", "nightly", "hourly", "weekly"];
    let ended = ENDS.iter().find_map(|end| name.strip_suffix(end));
    ended
        .or_else(|| STARTS.iter().find_map(|start| name.strip_prefix(start)))
        .filter(|rest| !NOTHING.contains(rest) && !has_substitution(rest))
}

/// Hosts after `-h`, `--host` or `--host=`, and in URLs, among a container's arguments.
pub(super) fn argument_hosts(container: &Node) -> Vec<(Text, &Node)> {
    let mut found = Vec::new();
    for argument in arguments(container) {
        let words = words(argument.as_str().unwrap_or_default());
        for (index, word) in words.iter().enumerate() {
            let host = match word.split_once('=') {
                Some(("--host" | "--uri" | "--dbname", value)) => Some(value),
                _ if matches!(word.as_str(), "-h" | "--host" | "--uri") => words.get(index + 1).map(String::as_str),
                _ if word.contains("://") && !word.starts_with("s3://") && !word.starts_with("gs://") => {
                    Some(word.as_str())
                }
                _ => None,
            };
            let hosts = host.filter(|host| !host.contains('$')).map(super::uses::hosts_of).unwrap_or_default();
            found.extend(hosts.into_iter().map(|host| (host, argument)));
        }
    }
    found
}

/// Whether a container copies data.
pub(super) fn copies(container: &Node) -> bool {
    let image = database::image_name(container.get("image").and_then(Node::as_str).unwrap_or_default());
    COPYING_IMAGES.iter().any(|name| image.starts_with(name))
        || runs(container, COPYING).is_some()
        || told_to(container, &["backup", "dump"]).is_some()
}

/// Whether a container streams every change away: Litestream, or Postgres told to archive with WAL-G (Spilo).
pub(super) fn streams(container: &Node) -> bool {
    let image = database::image_name(container.get("image").and_then(Node::as_str).unwrap_or_default());
    let env = container.get("env").map_or(&[][..], Node::items);
    let archives = env.iter().any(|entry| {
        matches!(
            entry.get("name").and_then(Node::as_str),
            Some("WALG_S3_PREFIX" | "WALG_GS_PREFIX" | "WALG_AZ_PREFIX" | "WAL_S3_BUCKET" | "WAL_GCS_BUCKET")
        )
    });
    STREAMING_IMAGES.contains(&image) || archives
}

/// Where a container reads copies back.
fn restoring(container: &Node) -> Option<Span> {
    runs(container, RESTORING).or_else(|| told_to(container, &["restore"]))
}

/// Where a script of the team's own (`backup-postgres`, `db-backup.sh`) is told which of its two jobs to do: by its first
/// argument.
fn told_to(container: &Node, deeds: &[&str]) -> Option<Span> {
    let arguments = arguments(container);
    let (script, rest) = arguments.split_first()?;
    let script = script.as_str().filter(|script| !script.contains(char::is_whitespace))?;
    let is_about_copies =
        program(script).split(['-', '_', '.']).any(|part| matches!(part, "backup" | "backups" | "dump" | "restore"));
    let told = rest.first().filter(|argument| argument.as_str().is_some_and(|told| deeds.contains(&told)))?;
    is_about_copies.then_some(told.span)
}

/// Where a container runs one of these commands: in an argument that holds a script, or over several arguments. The
/// image's own program stands for a command that is left out (`restic/restic` with `args: [backup, /data]`).
fn runs(container: &Node, commands: &[&[&str]]) -> Option<Span> {
    let arguments = arguments(container);
    let image = container.get("image");
    let entry = image.filter(|_| container.get("command").is_none()).and_then(Node::as_str).map(database::image_name);
    let whole: Vec<String> = entry.map(ToOwned::to_owned).into_iter().chain(spoken(container)).collect();
    let command = commands.iter().find(|command| follows(&whole, command))?;
    let first = command.first()?;
    let said =
        |argument: &&&Node| words(argument.as_str().unwrap_or_default()).iter().any(|word| program(word) == *first);
    arguments.iter().find(said).map(|argument| argument.span).or(image.map(|image| image.span))
}

/// The words of its command and arguments, in order.
pub(super) fn spoken(container: &Node) -> Vec<String> {
    arguments(container).into_iter().filter_map(Node::as_str).flat_map(words).collect()
}

fn arguments(container: &Node) -> Vec<&Node> {
    ["command", "args"].iter().flat_map(|list| container.get(list).map_or(&[][..], Node::items)).collect()
}

/// The words of a script, its comments left out.
fn words(script: &str) -> Vec<String> {
    script
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(|line| line.split(|letter: char| letter.is_whitespace() || "|;&()<>\"'`".contains(letter)))
        .filter(|word| !word.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

/// The name of a program without its folder.
fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Whether the words of a command follow one another, with nothing but options (and their values) between them.
fn follows(words: &[String], command: &[&str]) -> bool {
    /// Options with their values between two words of a command.
    const GAP: usize = 6;
    let Some((first, rest)) = command.split_first() else { return false };
    words.iter().enumerate().filter(|(_, word)| program(word) == *first).any(|(start, _)| {
        let mut at = start;
        rest.iter().all(|wanted| {
            let next = words.iter().enumerate().skip(at + 1).take(GAP).find(|(_, word)| word == wanted);
            next.is_some_and(|(index, _)| {
                at = index;
                true
            })
        })
    })
}

/// A switch below `spec`, off when left out.
pub(super) fn switch(object: &Object<'_>, key: &str) -> Fact<bool> {
    object.fact(&["spec", key], boolean).or_default(false)
}

//! Jobs that run by a clock and restore data or break something on purpose → drills. Uses `model` and the job of `job`.
//!
//! A test of the code by night is none: what counts is that data was brought back, or that something was made to fail.

use std::collections::BTreeSet;

use super::files::Files;
use super::job::Job;
use crate::extract::runbook::mention;
use crate::model::{Drill, Fact};
use crate::tree::Text;

/// What brings data back, in names of jobs, scripts and tools. A cache is restored by other words.
const RESTORES: &[&str] = &[
    "pg_restore",
    "mongorestore",
    "velero restore",
    "restore-db",
    "restore_db",
    "restore database",
    "restore-database",
    "restore_database",
    "database restore",
    "database-restore",
    "database_restore",
    "db_restore",
    "db-restore",
    "restore backup",
    "restore-backup",
    "restore_backup",
    "backup restore",
    "restore from backup",
    "restore-from",
    "restore_from",
    "restore test",
    "restore-test",
    "restore_test",
    "test restore",
    "test-restore",
    "test_restore",
    "restore drill",
    "disaster recovery test",
    "disaster-recovery-test",
];

/// What makes something fail, or wakes somebody, to see what comes of it.
const BREAKS: &[&str] = &[
    "resilience test",
    "resilience-test",
    "resilience_test",
    "chaos",
    "game day",
    "gameday",
    "game-day",
    "fire drill",
    "fire-drill",
    "fire_drill",
    "failover test",
    "failover-test",
    "failover_test",
    "fis start-experiment",
    "dr test",
    "dr-test",
    "dr drill",
    "dr-drill",
];

/// The drill that a job is, when it is one.
pub(super) fn read(files: &Files<'_>, job: &Job) -> Option<Drill> {
    if !job.triggers.scheduled {
        return None;
    }
    let mut said: Vec<String> = job.names.iter().map(|name| name.as_str().to_lowercase()).collect();
    said.extend(job.calls.iter().map(|(called, _)| called.as_str().to_lowercase()));
    said.extend(job.uses.iter().map(|word| word.as_str().to_lowercase()));
    for step in &job.steps {
        said.push(step.name.as_str().to_lowercase());
        said.push(step.script.to_lowercase());
        said.push(step.action.as_str().to_lowercase());
        said.extend(step.inputs.iter().map(|(_, value)| value.to_lowercase()));
    }
    let speaks = |words: &[&str]| said.iter().any(|text| words.iter().any(|word| text.contains(word)));
    let restores = speaks(RESTORES);
    (restores || speaks(BREAKS)).then(|| {
        let mentions: BTreeSet<Text> = said.iter().flat_map(|text| mention::names(text)).collect();
        Drill {
            name: job.id.clone(),
            place: files.place(job.span, job.environment.as_ref(), job.library),
            date: Fact::absent(job.span),
            scheduled: true,
            restores,
            of_all: true,
            mentions: mentions.into_iter().collect(),
            ..Drill::default()
        }
    })
}

//! Scripts of SQL that stand in files of their own and are run by a changelog. Uses `source`, `model`.
//!
//! <https://docs.liquibase.com/change-types/sql-file.html>: a path leads on from the changelog's own folder, or is sought
//! on the search path, which is some folder above the changelog (`src/main/resources` of Maven, the working directory).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::sql;
use crate::model::migration::Script;
use crate::model::{Fact, Migration, Model};
use crate::source::{Source, SourceId, Sources, Span, join, parent};
use crate::tree::{Text, Unknown};

/// Scripts found so far, by path; nothing for those that are not there.
struct Scripts<'a> {
    sources: &'a mut Sources,
    read: &'a dyn Fn(&str) -> Option<String>,
    known: BTreeMap<String, Option<SourceId>>,
}

/// Reads the scripts that changelogs run, and says of each change what its scripts do; `read` gives the text of a file
/// that is no source yet. A script that a changelog runs is no change by itself.
pub fn run_scripts(model: &mut Model, sources: &mut Sources, read: &dyn Fn(&str) -> Option<String>) {
    if model.migrations.iter().all(|migration| migration.scripts.is_empty()) {
        return;
    }
    let known = sources.iter().filter(|(_, source)| source.path.rsplit('.').next() == Some("sql"));
    let known = known.map(|(id, source)| (source.path.clone(), Some(id))).collect();
    let mut scripts = Scripts { sources, read, known };
    let mut run: BTreeSet<Text> = BTreeSet::new();
    for migration in model.migrations.iter_mut().filter(|migration| !migration.scripts.is_empty()) {
        let (mut found, mut missing) = (Vec::new(), None);
        for script in std::mem::take(&mut migration.scripts) {
            let at = places(&migration.place.path, &script).find_map(|path| scripts.find(&path));
            found.extend(at);
            missing = missing.or(at.is_none().then_some(script));
        }
        run.extend(found.iter().map(|id| Text::from(scripts.sources.get(*id).path.as_str())));
        add(migration, &found, missing.as_ref(), scripts.sources);
    }
    model.migrations.retain(|migration| !run.contains(&migration.name));
}

/// Adds what the scripts of a change do to what is known of it.
fn add(migration: &mut Migration, found: &[SourceId], missing: Option<&Script>, sources: &Sources) {
    let (taken, unread) = read_together(found, sources);
    if migration.destructive.is_true() {
        return;
    }
    if let Some((text, span)) = taken {
        migration.destructive = Fact::known(true, span);
        migration.takes = Fact::known(text.into(), span);
    } else if migration.destructive.reason().is_some() {
        // What is written beside the scripts was not understood already.
    } else if let Some(script) = missing {
        migration.destructive = Fact::unknown(Unknown::new(
            format!("`{}`, which it runs, is not in the repository", script.path),
            "audit it together with what holds the script, or say in a runbook how it is undone",
            script.span,
        ));
    } else if let Some(unread) = unread {
        let whole = format!("`{}`, which it runs,", sources.path(unread));
        migration.destructive = Fact::unknown(super::not_understood(&whole, unread));
    }
}

/// The first thing that scripts take away, and the first statement that was not understood. They are read as one: a table
/// that the first makes may take the place of another in the second.
fn read_together(scripts: &[SourceId], sources: &Sources) -> (Option<(String, Span)>, Option<Span>) {
    const BETWEEN: &str = "\n;\n";
    let (mut whole, mut starts) = (String::new(), Vec::new());
    for id in scripts {
        starts.push(whole.len());
        whole += &sources.get(*id).text;
        whole += BETWEEN;
    }
    let place = |range: &Range<usize>| {
        let index = starts.partition_point(|start| *start <= range.start).checked_sub(1)?;
        let (id, start) = (*scripts.get(index)?, *starts.get(index)?);
        let length = sources.get(id).text.len();
        Some(Span::new(id, range.start - start, (range.end - start).min(length)))
    };
    let reading = sql::read(&whole);
    let taken = reading.actions.into_iter().find_map(|action| Some((action.text, place(&action.range)?)));
    (taken, reading.unread.as_ref().and_then(place))
}

/// Where a script may stand, nearest first.
fn places<'s>(changelog: &'s str, script: &'s Script) -> impl Iterator<Item = String> + 's {
    let path = script.path.trim_start_matches("classpath:").trim_start_matches('/');
    let above = |folder: &&'s str| (!script.beside && !folder.is_empty()).then(|| parent(folder));
    std::iter::successors(Some(parent(changelog)), above).filter_map(move |folder| join(folder, path))
}

impl Scripts<'_> {
    fn find(&mut self, path: &str) -> Option<SourceId> {
        if let Some(known) = self.known.get(path) {
            return *known;
        }
        let found = (self.read)(path).map(|text| self.sources.add(Source::new(path, text)));
        self.known.insert(path.to_owned(), found);
        found
    }
}

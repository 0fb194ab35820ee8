//! What git knows of the files: when a page was last changed, and what an alert that leads to it asked then. Uses
//! `source`, `tree` and `model`.
//!
//! Only commits are read, through `gix`: nothing is run, fetched or written, and no clock is asked, so that one commit
//! always gives one answer. Along the first parents of what is checked out, a change counts on the day it came in. A
//! commit that changes very many files (a reformatting, a move) changed no page in particular, and does not count.

mod git;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

pub use git::Git;

use crate::model::{Alert, Fact, Id, Model, Runbook};
use crate::source::Sources;
use crate::tree::{Text, Unknown};

/// The rule that asks for it.
pub const RULE: &str = "runbook/older-than-what-it-describes";

/// How much later than its page an alert must have changed, in days: the same piece of work may take a while.
const LATER: i32 = 90;

/// When a file was last changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The day.
    pub day: Date,
    /// What the history calls that state of the files.
    pub state: String,
}

/// A file, by its path, as it was after a change.
pub type Then<'c> = (&'c Change, &'c str);

/// Something that knows how files were.
pub trait Past: Sync {
    /// When each of these files was last changed. What is not among them was changed too long ago to be looked for.
    ///
    /// # Errors
    /// When there is no history to tell by, with the reason.
    fn last_changes(&self, wanted: &BTreeSet<&str>) -> Result<BTreeMap<String, Change>, Unknown>;

    /// Shows the texts of files as they were, of those that were there.
    fn texts_at(&self, wanted: &[Then<'_>], look: &mut dyn FnMut(Then<'_>, &str));
}

/// A page, and an alert that leads to it.
type Asked = (Id<Runbook>, Id<Alert>);

/// A page, whether it is behind, and the alert and day that show it.
type Told = (Id<Runbook>, Fact<bool>, Option<(Text, Date)>);

/// Says of each page whether an alert that leads to it asks for something else since the page was last changed.
pub fn judge(model: &mut Model, sources: &Sources, past: &dyn Past) {
    let asked: Vec<(Id<Runbook>, Vec<Id<Alert>>)> = model
        .each::<Runbook>()
        .filter(|(_, page)| page.is_runbook() && !page.alerts.is_empty())
        .map(|(id, page)| (id, page.alerts.clone()))
        .collect();
    if asked.is_empty() {
        return;
    }
    let page_of = |page: Id<Runbook>| sources.path(model[page].place.span);
    let file_of = |alert: Id<Alert>| sources.path(model[alert].place.span);
    let alerts = asked.iter().flat_map(|(_, alerts)| alerts.iter().map(|alert| file_of(*alert)));
    let wanted: BTreeSet<&str> = asked.iter().map(|(page, _)| page_of(*page)).chain(alerts).collect();
    let mut told: Vec<Told> = Vec::with_capacity(asked.len());
    match past.last_changes(&wanted) {
        Err(unknown) => told.extend(asked.iter().map(|(page, _)| (*page, Fact::unknown(unknown.clone()), None))),
        Ok(changes) => {
            // What stood in its file when the page was changed is asked of each alert that was changed later.
            let mut then: BTreeMap<Then<'_>, Vec<Asked>> = BTreeMap::new();
            for (page, alerts) in &asked {
                let Some(change) = changes.get(page_of(*page)) else { continue };
                for alert in alerts {
                    let file = file_of(*alert);
                    if changes.get(file).is_some_and(|newer| (newer.day - change.day).get_days() > LATER) {
                        then.entry((change, file)).or_default().push((*page, *alert));
                    }
                }
            }
            let wanted: Vec<Then<'_>> = then.keys().copied().collect();
            let mut changed: BTreeSet<Asked> = BTreeSet::new();
            past.texts_at(&wanted, &mut |file, text| {
                let text = plain(text);
                let asked = then.get(&file).into_iter().flatten().copied();
                changed.extend(asked.filter(|(_, alert)| has_changed(model, sources, *alert, &text)));
            });
            for (page, alerts) in &asked {
                let Some(change) = changes.get(page_of(*page)) else {
                    let why = "when it was last changed lies further back than was looked";
                    told.push((*page, Fact::unknown(Unknown::new(why, "", None)), None));
                    continue;
                };
                let behind = alerts.iter().find(|alert| changed.contains(&(*page, **alert)));
                let span = model[*page].place.span;
                let alert = behind.map(|alert| (model[*alert].name.clone(), change.day));
                told.push((*page, Fact::known(alert.is_some(), span), alert));
            }
        }
    }
    for (page, behind, alert) in told {
        model[page].behind = behind;
        if let Some((alert, day)) = alert {
            model[page].behind_alert = alert;
            model[page].changed_on = day.to_string().into();
        }
    }
}

/// Whether an alert stood in its file, of which this is the text then, and asked for something else. One that was written since, or whose file has
/// moved, says nothing of the page.
fn has_changed(model: &Model, sources: &Sources, alert: Id<Alert>, then: &str) -> bool {
    let alert = &model[alert];
    let file = sources.path(alert.place.span);
    let Some(span) = alert.expression.span.filter(|span| sources.path(*span) == file) else { return false };
    let expression = plain(written(sources.slice(span)));
    let name = plain(&alert.name);
    !expression.is_empty() && then.contains(&name) && !then.contains(&expression)
}

/// The text of a scalar without the mark of a block.
fn written(scalar: &str) -> &str {
    match scalar.split_once('\n') {
        Some((first, rest)) if first.starts_with(['|', '>']) => rest,
        _ => scalar,
    }
}

/// Without white space and quotes, which a reformatting may change.
fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace() && !matches!(character, '"' | '\'' | '\\')).collect()
}

/// A history that is written down, for fixtures: folders named by days, each with files as they were from that day on.
#[derive(Debug, Default)]
pub struct Recorded {
    days: BTreeMap<Date, BTreeMap<String, String>>,
}

impl Recorded {
    /// Reads `<folder>/<YYYY-MM-DD>/…`; nothing where there is no such folder.
    pub fn read(folder: &std::path::Path) -> Option<Self> {
        let mut days: BTreeMap<Date, BTreeMap<String, String>> = BTreeMap::new();
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok) {
            let inside = entry.path().strip_prefix(folder).ok()?.to_string_lossy().replace('\\', "/");
            let Some((day, path)) = inside.split_once('/').filter(|_| entry.file_type().is_file()) else { continue };
            let text = std::fs::read_to_string(entry.path()).ok()?;
            days.entry(day.parse().ok()?).or_default().insert(path.to_owned(), text);
        }
        (!days.is_empty()).then_some(Self { days })
    }
}

impl Past for Recorded {
    fn last_changes(&self, wanted: &BTreeSet<&str>) -> Result<BTreeMap<String, Change>, Unknown> {
        let mut changes = BTreeMap::new();
        for (day, files) in &self.days {
            for path in files.keys().filter(|path| wanted.contains(path.as_str())) {
                changes.insert(path.clone(), Change { day: *day, state: day.to_string() });
            }
        }
        Ok(changes)
    }

    fn texts_at(&self, wanted: &[Then<'_>], look: &mut dyn FnMut(Then<'_>, &str)) {
        for (change, path) in wanted {
            let mut days = self.days.range(..=change.day).rev();
            if let Some(text) = days.find_map(|(_, files)| files.get(*path)) {
                look((change, path), text);
            }
        }
    }
}

#[cfg(test)]
mod tests;

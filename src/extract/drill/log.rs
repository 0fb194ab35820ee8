//! Logs of drills within a page: a table with a row, or a list with an item, for each one that was held. Uses `source`,
//! `tree`, `model` and the words of `runbook`.

use crate::extract::runbook::date_in;
use crate::extract::{Input, record};
use crate::model::{Drill, Fact};
use crate::source::Span;
use crate::tree::page::{Page, Passage, Table};

use super::{FAILOVER_WORDS, restores};

/// Beginnings of words that say that something was rehearsed.
const REHEARSED: &[&str] =
    &["drill", "game day", "gameday", "exercise", "restore test", "recovery test", "dr test", "übung", "учени"];

/// Words of the heading of a log.
const LOGGED: &[&str] =
    &["log", "journal", "history", "record", "past", "held", "result", "журнал", "protokoll", "historique", "registro"];

/// How a row says how it went.
const OUTCOMES: &[&str] =
    &["ok", "pass", "success", "succeeded", "done", "fail", "partial", "✅", "❌", "⚠", "green", "red", "works"];

/// How a row says that it is yet to come.
const PLANNED: &[&str] = &["planned", "scheduled", "pending", "todo", "tbd", "overdue", "not yet", "upcoming"];

/// The drills that a page's tables and lists record.
pub(super) fn drills(input: &Input<'_>, page: &Page) -> Vec<Drill> {
    let path = input.source.path.to_lowercase();
    if ["postmortem", "post-mortem", "incident", "template", "changelog"].iter().any(|word| path.contains(word)) {
        return Vec::new();
    }
    let end = u32::try_from(input.source.text.len()).unwrap_or(u32::MAX);
    let logs: Vec<Span> = page
        .headings
        .iter()
        .enumerate()
        .filter(|(_, heading)| record::has(&heading.text, REHEARSED) && record::has(&heading.text, LOGGED))
        .filter_map(|(index, _)| page.section(index, end))
        .collect();
    let logged = |span: Span| logs.iter().any(|log| log.start <= span.start && span.end <= log.end);
    let title = page.headings.first().map_or("", |heading| heading.text.as_str());
    let of_restores = [path.as_str(), title].iter().any(|said| restores(said) || record::has(said, REHEARSED));
    let tables = page.tables.iter().flat_map(|table| {
        let in_log = logged(table.span);
        table.rows.iter().filter_map(move |row| of_row(input, table, row, in_log, of_restores))
    });
    let items = page.items.iter().filter(|item| logged(item.span) && item.done != Some(false)).filter_map(|item| {
        let (at, date) = date_in(&item.text)?;
        let said = item.text.get(at + date.len()..)?;
        let is_record = at == 0 && !record::has(&item.text, PLANNED);
        is_record.then(|| drill(input, date, item.span, said, &item.text))
    });
    tables.chain(items).collect()
}

/// A row that begins with its date. Outside of a log, it says how it went, and that something was rehearsed.
fn of_row(input: &Input<'_>, table: &Table, row: &[Passage], in_log: bool, of_restores: bool) -> Option<Drill> {
    let first = row.first()?;
    let (_, date) = date_in(&first.text).filter(|(at, date)| *at == 0 && first.text.trim().len() == date.len())?;
    let rest = row.get(1..)?;
    let lower: Vec<String> = rest.iter().map(|cell| cell.text.trim().to_lowercase()).collect();
    let starts = |cell: &String, words: &[&str]| words.iter().any(|word| cell.starts_with(word));
    if lower.iter().any(|cell| starts(cell, PLANNED)) || lower.iter().all(String::is_empty) {
        return None;
    }
    let outcome = lower.iter().position(|cell| starts(cell, OUTCOMES));
    let all = lower.join(" ");
    if !in_log && !(of_restores && outcome.is_some() && (brings_back(&all) || record::has(&all, REHEARSED))) {
        return None;
    }
    // What was done stands before how it went; what was left undone may stand behind.
    let before = &lower[..outcome.unwrap_or(lower.len())];
    let header = table.header.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join(" ");
    let what = if all.contains("restored") { format!("{} restored", before.join(" ")) } else { before.join(" ") };
    let text = rest.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join(" ");
    let what = format!("{what} {}", if restores(&header) { "restore" } else { "" });
    Some(drill(input, date, first.span, &what, &text))
}

fn drill(input: &Input<'_>, date: &str, at: Span, what: &str, text: &str) -> Drill {
    let what = what.to_lowercase();
    Drill {
        name: compact_str::format_compact!("{} ({date})", input.source.path),
        place: input.place(at, &[]),
        date: Fact::known(date.into(), at),
        restores: brings_back(&what),
        fails_over: record::has(text, FAILOVER_WORDS),
        missing: Fact::absent(at),
        open_action: Fact::absent(at),
        mentions: record::mentions(text),
        ..Drill::default()
    }
}

/// Whether words say that something came back: that there is a backup does not.
fn brings_back(text: &str) -> bool {
    restores(&text.replace("backup", ""))
}

//! What records of incidents and of drills have in common: words, dates, and actions that are open. Uses `source`, `tree`
//! and `model`.

use std::collections::BTreeSet;

use super::Input;
use super::runbook::{date_in, mention};
use crate::model::Fact;
use crate::source::Span;
use crate::tree::Text;
use crate::tree::page::{Link, Page, Passage, Table};

/// Words of a heading under which actions stand.
pub(super) const ACTIONS: &[&str] = &[
    "action",
    "follow",
    "remediat",
    "next step",
    "prevent",
    "improve",
    "corrective",
    "todo",
    "to do",
    "maßnahme",
    "plan",
];

/// Headers of a column that says how far an action is.
const STATES: &[&str] = &["status", "state", "done", "completed", "closed", "finished"];

/// What such a column says of an action that is not done.
const OPEN: &[&str] =
    &["", "-", "–", "no", "open", "todo", "to do", "pending", "not started", "in progress", "tbd", "planned"];

/// Whether a text has one of some words, in any case.
pub(super) fn has(text: &str, words: &[&str]) -> bool {
    let lower = text.to_lowercase();
    words.iter().any(|word| lower.contains(word))
}

/// Where a record begins.
pub(super) fn head(input: &Input<'_>, page: &Page) -> Span {
    page.headings.first().map_or(Span::head(input.id), |heading| heading.span)
}

/// When it was: by one of these keys of its front matter, else by the file's name.
pub(super) fn date(input: &Input<'_>, page: &Page, keys: &[&str]) -> Option<Fact<Text>> {
    let matter = keys.iter().filter_map(|key| page.front_matter.as_ref()?.get(key)).find_map(|node| {
        let text = node.scalar()?;
        let (_, date) = date_in(&text)?;
        Some(Fact::known(Text::from(date), node.span))
    });
    let named = || date_in(&input.source.path).map(|(_, date)| Fact::known(Text::from(date), head(input, page)));
    matter.or_else(named)
}

/// What a record does not speak of, in words: `causes, impact and actions`.
pub(super) fn missing(lacking: &[&str], head: Span) -> Fact<Text> {
    match lacking {
        [] => Fact::absent(head),
        [one] => Fact::known(Text::from(*one), head),
        [rest @ .., last] => Fact::known(compact_str::format_compact!("{} and {last}", rest.join(", ")), head),
    }
}

/// The names that a text mentions, each once.
pub(super) fn mentions(text: &str) -> Vec<Text> {
    mention::names(text).collect::<BTreeSet<_>>().into_iter().collect()
}

/// How many actions are not done, and the first of them: tasks without a mark, and rows of a table whose state is open.
/// One that a ticket holds is looked after there.
pub(super) fn open(input: &Input<'_>, page: &Page) -> (i64, Fact<Text>) {
    let open = open_actions(input, page);
    let count = i64::try_from(open.len()).unwrap_or(i64::MAX);
    let first = open.into_iter().next().map(|(text, span)| Fact::known(text, span));
    (count, first.unwrap_or_else(|| Fact::absent(head(input, page))))
}

fn open_actions(input: &Input<'_>, page: &Page) -> Vec<(Text, Span)> {
    let end = u32::try_from(input.source.text.len()).unwrap_or(u32::MAX);
    let sections =
        page.headings.iter().enumerate().filter(|(_, heading)| heading.level > 1 && has(&heading.text, ACTIONS));
    let sections: Vec<Span> = sections.filter_map(|(index, _)| page.section(index, end)).collect();
    let within = |span: Span| sections.iter().any(|section| section.start <= span.start && span.end <= section.end);
    let tasks = page.items.iter().filter(|item| item.done == Some(false) && within(item.span));
    let tasks = tasks.filter(|item| !in_ticket(&item.text) && !leads_away(page, item.span));
    let tasks = tasks.map(|item| (shortened(&item.text), item.span));
    let rows = page.tables.iter().filter(|table| within(table.span)).flat_map(|table| open_rows(page, table));
    let mut open: Vec<(Text, Span)> = tasks.chain(rows).collect();
    open.sort_by_key(|(_, span)| *span);
    open
}

/// Whether a link in a text leads to the web: the text alone is what the link is called.
fn leads_away(page: &Page, span: Span) -> bool {
    let inside = |link: &&Link| span.start <= link.span.start && link.span.end <= span.end;
    page.links.iter().filter(inside).any(|link| link.target.contains("://"))
}

fn open_rows(page: &Page, table: &Table) -> Vec<(Text, Span)> {
    let state = table.header.iter().position(|cell| STATES.contains(&cell.text.trim().to_lowercase().as_str()));
    let Some(state) = state else { return Vec::new() };
    let ticket = |cell: &Passage| in_ticket(&cell.text) || leads_away(page, cell.span);
    let rows = table.rows.iter().filter(|row| !row.iter().any(ticket));
    let undone =
        rows.filter(|row| row.get(state).is_none_or(|cell| OPEN.contains(&cell.text.trim().to_lowercase().as_str())));
    undone.filter_map(|row| row.first()).map(|cell| (shortened(&cell.text), cell.span)).collect()
}

/// Whether a text names a ticket: an address, `#123` or `OPS-123`.
fn in_ticket(text: &str) -> bool {
    let numbered = |word: &str| {
        let word = word.trim_matches(|character: char| !character.is_ascii_alphanumeric() && character != '#');
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let key = word.split_once('-').is_some_and(|(project, number)| {
            project.len() > 1 && project.bytes().all(|byte| byte.is_ascii_uppercase()) && digits(number)
        });
        key || word.strip_prefix('#').is_some_and(digits)
    };
    text.contains("://") || text.split_whitespace().any(numbered)
}

fn shortened(text: &str) -> Text {
    let line = text.lines().next().unwrap_or_default().trim();
    if line.chars().count() <= 60 { line.into() } else { line.chars().take(60).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::in_ticket;

    #[test]
    fn tickets_are_told() {
        assert!(in_ticket("see OPS-12.") && in_ticket("(#4)") && in_ticket("https://x.example/1"));
        assert!(!in_ticket("re-read step 4-5") && !in_ticket("a # b"));
    }
}

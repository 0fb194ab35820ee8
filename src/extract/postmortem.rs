//! Post-mortems: pages that record what broke, and what follows from it. Uses `source`, `tree`, `model` and the words of
//! `runbook`.
//! <https://sre.google/sre-book/example-postmortem/>, <https://sre.google/workbook/postmortem-culture/>

use std::collections::BTreeSet;

use crate::extract::runbook::{date_in, mention};
use crate::extract::{Facts, Input};
use crate::model::{Fact, PostMortem};
use crate::source::Span;
use crate::tree::page::{Link, Page, Passage, Table};
use crate::tree::{Content, Text};

/// Folders whose pages are post-mortems.
const FOLDERS: &[&str] = &[
    "postmortem",
    "postmortems",
    "post-mortem",
    "post-mortems",
    "post_mortems",
    "incident-reports",
    "incident-reviews",
    "incident_reports",
];

/// What a post-mortem says, and words by which a heading says so.
const SECTIONS: &[(&str, &[&str])] = &[
    ("impact", &["impact", "effect", "affected", "customer", "damage", "auswirkung", "summary", "what happened"]),
    (
        "timeline",
        &["timeline", "time line", "chronolog", "what happened", "sequence", "zeitleiste", "verlauf", "events"],
    ),
    (
        "causes",
        &["cause", "root", "contribut", "why", "trigger", "what went wrong", "analysis", "ursache", "fault", "problem"],
    ),
    ("actions", ACTIONS),
];

/// How prose tells of causes.
const CAUSES: &[&str] = &[
    "caused",
    "causing",
    "root cause",
    "primary cause",
    "the cause",
    "because of",
    "is because",
    "was because",
    "due to",
    "resulted in",
    "led to",
    "turned out",
    "the reason",
    "a bug in",
    "had a bug",
    "was a bug",
    "which broke",
    "verursacht",
];

/// How prose tells of impact, where it also says how much or how long.
const IMPACT: &[&str] =
    &["outage", "degraded", "unavailable", "unreachable", "users", "customers", "downtime", "failed"];

/// Words of a heading under which actions stand.
const ACTIONS: &[&str] = &[
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

/// Front matter keys that say when it happened.
const DATES: &[&str] = &["date", "incident_date", "incident-date", "occurred", "started"];

/// Headings that a page has at least, to be a record and no note.
const FEWEST_HEADINGS: usize = 3;

/// Adds the post-mortem of a page.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    let Content::Page(page) = &input.document.content else { return };
    if !is_record(&input.source.path) || page.headings.len() < FEWEST_HEADINGS {
        return;
    }
    let head = page.headings.first().map_or(Span::head(input.id), |heading| heading.span);
    let open = open(input, page);
    let record = PostMortem {
        name: input.source.path.as_str().into(),
        place: input.place(head, &[]),
        date: date(input, page, head),
        missing: missing(page, head),
        open_actions: i64::try_from(open.len()).unwrap_or(i64::MAX),
        open_action: open.into_iter().next().map_or_else(|| Fact::absent(head), |(text, span)| Fact::known(text, span)),
        mentions: mention::names(&input.source.text).collect::<BTreeSet<_>>().into_iter().collect(),
        ..PostMortem::default()
    };
    facts.model.add(record);
}

/// Whether a page stands among post-mortems and is neither a template nor an index.
fn is_record(path: &str) -> bool {
    let lower = path.to_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let form = ["template", "readme", "index", "example", "guide", "process"].iter().any(|word| name.contains(word));
    !form && !name.starts_with('_') && folders.split('/').any(|folder| FOLDERS.contains(&folder))
}

fn date(input: &Input<'_>, page: &Page, head: Span) -> Fact<Text> {
    let matter = DATES.iter().filter_map(|key| page.front_matter.as_ref()?.get(key)).find_map(|node| {
        let text = node.scalar()?;
        let (_, date) = date_in(&text)?;
        Some(Fact::known(Text::from(date), node.span))
    });
    let named = || date_in(&input.source.path).map(|(_, date)| Fact::known(Text::from(date), head));
    matter.or_else(named).unwrap_or_else(|| Fact::absent(head))
}

fn has(text: &str, words: &[&str]) -> bool {
    let lower = text.to_lowercase();
    words.iter().any(|word| lower.contains(word))
}

/// What no heading, no line in bold type and no column speaks of, nor does prose tell it.
fn missing(page: &Page, head: Span) -> Fact<Text> {
    let headings = page.headings.iter().map(|heading| heading.text.as_str());
    // "Impact: none" begins a paragraph, or an item of a list.
    let led = page
        .paragraphs
        .iter()
        .map(|passage| passage.text.as_str())
        .chain(page.items.iter().map(|item| item.text.as_str()));
    let led = led.filter_map(|text| text.split_once(':')).map(|(label, _)| label).filter(|label| label.len() < 40);
    let columns = page.tables.iter().flat_map(|table| &table.header).map(|cell| cell.text.as_str());
    let labels: Vec<&str> = headings.chain(led).chain(columns).collect();
    let prose =
        || page.paragraphs.iter().map(|it| it.text.as_str()).chain(page.items.iter().map(|it| it.text.as_str()));
    let tells = |section: &str| match section {
        "causes" => prose().any(|text| has(text, CAUSES)),
        "impact" => prose().any(|text| has(text, IMPACT) && text.contains(|it: char| it.is_ascii_digit())),
        _ => false,
    };
    let lacking = SECTIONS.iter().filter(|(name, words)| !labels.iter().any(|label| has(label, words)) && !tells(name));
    let lacking: Vec<&str> = lacking.map(|(name, _)| *name).collect();
    let text = match lacking.as_slice() {
        [] => return Fact::absent(head),
        [one] => Text::from(*one),
        [rest @ .., last] => compact_str::format_compact!("{} and {last}", rest.join(", ")),
    };
    Fact::known(text, head)
}

/// Actions that are not done: tasks without a mark, and rows of a table whose state is open. One that a ticket holds is
/// looked after there.
fn open(input: &Input<'_>, page: &Page) -> Vec<(Text, Span)> {
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
    use crate::extract::runbook::sample::read_page;

    #[test]
    fn open_actions_are_tasks_and_rows() {
        let text = "# Down\n\n## Impact\n\nAll.\n\n## Timeline\n\nx\n\n## Root cause\n\ny\n\n## Action items\n\n- [ ] Alarm on disk\n- [x] Grow it\n- [ ] Rehearse (OPS-12)\n\n| Action | Status |\n| --- | --- |\n| Empty it | open |\n| Mend it | done |\n";
        let (_, facts) = read_page("postmortems/2026-01-02-down.md", text);
        let record = &facts.model.post_mortems[0];
        assert_eq!(record.open_actions, 2);
        assert_eq!(record.open_action.value().unwrap(), "Alarm on disk");
        assert_eq!(record.date.value().unwrap(), "2026-01-02");
        assert!(record.missing.value().is_none());
        let (_, facts) = read_page("postmortems/x.md", "# Down\n\n## Impact\n\n## Timeline\n");
        assert_eq!(facts.model.post_mortems[0].missing.value().unwrap(), "causes and actions");
        assert!(read_page("postmortems/template.md", text).1.model.post_mortems.is_empty());
    }

    #[test]
    fn tickets_are_told() {
        assert!(in_ticket("see OPS-12.") && in_ticket("(#4)") && in_ticket("https://x.example/1"));
        assert!(!in_ticket("re-read step 4-5") && !in_ticket("a # b"));
    }
}

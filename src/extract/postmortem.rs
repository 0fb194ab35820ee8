//! Post-mortems: pages that record what broke, and what follows from it. Uses `source`, `tree`, `model` and the words of
//! `runbook`.
//! <https://sre.google/sre-book/example-postmortem/>, <https://sre.google/workbook/postmortem-culture/>

use crate::extract::{Facts, Input, record};
use crate::model::{Fact, PostMortem};
use crate::source::Span;
use crate::tree::page::Page;
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
    ("actions", record::ACTIONS),
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

/// What records say of an incident that no alert told of.
const UNNOTICED: &[&str] = &[
    "no alert fired",
    "no alerts fired",
    "no alert was",
    "no alerts were",
    "there was no alert",
    "there were no alerts",
    "we had no alert",
    "no alarm fired",
    "alert did not fire",
    "alerts did not fire",
    "alert didn't fire",
    "alerts didn't fire",
    "alert never fired",
    "not caught by monitoring",
    "not detected by monitoring",
    "no monitoring",
    "reported by a customer",
    "reported by customers",
    "reported by a user",
    "reported by users",
    "a customer reported",
    "noticed by a customer",
    "noticed by customers",
    "noticed by users",
    "kein alarm",
    "von kunden gemeldet",
];

/// What they say where one did, be it late.
const NOTICED: &[&str] = &[
    "alert fired",
    "alerts fired",
    "alarm fired",
    "alerted by",
    "alert triggered",
    "an alert was triggered",
    "was paged",
    "were paged",
    "got paged",
    "page was sent",
];

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
    let head = record::head(input, page);
    let (open_actions, open_action) = record::open(input, page);
    let record = PostMortem {
        name: input.source.path.as_str().into(),
        place: input.place(head, &[]),
        date: record::date(input, page, DATES).unwrap_or_else(|| Fact::absent(head)),
        missing: missing(page, head),
        unnoticed: unnoticed(input, head),
        open_actions,
        open_action,
        mentions: record::mentions(&input.source.text),
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

/// What it says of how people had to tell, where no line says that an alert did.
fn unnoticed(input: &Input<'_>, head: Span) -> Fact<Text> {
    let mut found = None;
    let mut start = 0;
    for raw in input.source.text.split_inclusive('\n') {
        let line = raw.to_lowercase().replace('’', "'");
        let told = UNNOTICED.iter().find(|words| line.contains(**words));
        if told.is_none() && NOTICED.iter().any(|words| line.contains(words)) {
            return Fact::absent(head);
        }
        if let Some(words) = told {
            found.get_or_insert_with(|| {
                (Text::const_new(words), Span::new(input.id, start, start + raw.trim_end().len()))
            });
        }
        start += raw.len();
    }
    found.map_or_else(|| Fact::absent(head), |(words, span)| Fact::known(words, span))
}

/// What no heading, no line in bold type and no column speaks of, nor does prose tell it.
fn missing(page: &Page, head: Span) -> Fact<Text> {
    let headings = page.headings.iter().map(|heading| heading.text.as_str());
    let prose =
        || page.paragraphs.iter().map(|it| it.text.as_str()).chain(page.items.iter().map(|it| it.text.as_str()));
    // "Impact: none" begins a paragraph, or an item of a list.
    let led = prose().filter_map(|text| text.split_once(':')).map(|(label, _)| label).filter(|label| label.len() < 40);
    let columns = page.tables.iter().flat_map(|table| &table.header).map(|cell| cell.text.as_str());
    let labels: Vec<&str> = headings.chain(led).chain(columns).collect();
    let tells = |section: &str| match section {
        "causes" => prose().any(|text| record::has(text, CAUSES)),
        "impact" => prose().any(|text| record::has(text, IMPACT) && text.contains(|it: char| it.is_ascii_digit())),
        _ => false,
    };
    let lacking =
        SECTIONS.iter().filter(|(name, words)| !labels.iter().any(|label| record::has(label, words)) && !tells(name));
    let lacking: Vec<&str> = lacking.map(|(name, _)| *name).collect();
    record::missing(&lacking, head)
}

#[cfg(test)]
mod tests {
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
}

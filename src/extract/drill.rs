//! Drills held (dated Markdown records) and experiments on a schedule (Chaos Mesh, Litmus). Uses `source`, `tree`,
//! `model` and the words of `runbook`.
//!
//! A post-mortem is no drill: what broke by itself was not rehearsed. An exercise without a date is a plan.

use std::collections::BTreeSet;

use crate::extract::runbook::vocabulary::DRILL_FOLDERS;
use crate::extract::runbook::{date_in, mention};
use crate::extract::{Facts, Input};
use crate::model::{Drill, Fact};
use crate::source::Span;
use crate::tree::page::Page;
use crate::tree::{Content, Node, Text};

/// Front matter keys that say when it was held.
const DATE_KEYS: &[&str] = &["date", "held", "held_on", "performed", "performed_on", "executed", "executed_on"];

/// Beginnings of words that say data was brought back.
const RESTORE_WORDS: &[&str] = &["restor", "recover", "failover", "fail-over", "backup", "wiederherstell"];

/// Chaos experiments that run by a clock: the API group's name and the kind.
///
/// <https://chaos-mesh.org/docs/define-scheduling-rules/>, <https://litmuschaos.github.io/litmus/>
const SCHEDULES: &[(&str, &str)] = &[("chaos-mesh.org", "Schedule"), ("litmuschaos.io", "ChaosSchedule")];

/// Adds the drills that a file records or schedules.
pub fn extract(input: &Input<'_>, facts: &mut Facts) {
    match &input.document.content {
        Content::Page(page) if records_drills(&input.source.path) => {
            if let Some(date) = date(input, page) {
                facts.model.add(held(input, page, date));
            }
        }
        Content::Values(documents) => facts.model.drills.extend(documents.iter().filter_map(|it| scheduled(input, it))),
        _ => {}
    }
}

/// Whether a page stands among drills, or is called one.
fn records_drills(path: &str) -> bool {
    let lower = path.to_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let named = ["drill", "gameday", "game-day", "dr-exercise", "dr-test"].iter().any(|word| name.contains(word));
    let template = name.contains("template") || name.starts_with("readme");
    !template && (named || folders.split('/').any(|folder| DRILL_FOLDERS.contains(&folder)))
}

/// When it was held: front matter, then the file's name, then a `Date:` line or the title.
fn date(input: &Input<'_>, page: &Page) -> Option<Fact<Text>> {
    let matter = DATE_KEYS.iter().filter_map(|key| page.front_matter.as_ref()?.get(key)).find_map(|node| {
        let text = node.scalar()?;
        date_in(&text).map(|(_, date)| Fact::known(Text::from(date), node.span))
    });
    let named = || {
        let (_, date) = date_in(&input.source.path)?;
        Some(Fact::known(Text::from(date), head(input, page)))
    };
    matter.or_else(named).or_else(|| written_date(input))
}

fn written_date(input: &Input<'_>) -> Option<Fact<Text>> {
    let mut start = 0;
    for raw in input.source.text.split_inclusive('\n') {
        let line = raw.trim_start_matches(['*', '-', '#', '_', '|', ' ']).to_lowercase();
        let says_so =
            raw.starts_with('#') || ["date", "held", "performed", "datum"].iter().any(|word| line.starts_with(word));
        if let Some((at, date)) = date_in(raw).filter(|_| says_so) {
            let span = Span::new(input.id, start + at, start + at + date.len());
            return Some(Fact::known(date.into(), span));
        }
        start += raw.len();
    }
    None
}

fn head(input: &Input<'_>, page: &Page) -> Span {
    page.headings.first().map_or(Span::head(input.id), |heading| heading.span)
}

fn held(input: &Input<'_>, page: &Page, date: Fact<Text>) -> Drill {
    let kind = page.front_matter.as_ref().and_then(|matter| matter.get("kind").or_else(|| matter.get("type")));
    let kind = kind.and_then(Node::scalar).unwrap_or_default();
    let headings = page.headings.iter().map(|heading| heading.text.as_str());
    let said = |text: &str| {
        let lower = text.to_lowercase();
        RESTORE_WORDS.iter().any(|word| lower.contains(word))
    };
    // Its title, its kind or its own headings say so; a passing word ("we should test a restore") does not.
    let restores = headings.chain([kind.as_str(), input.source.path.as_str()]).any(said);
    Drill {
        name: input.source.path.as_str().into(),
        place: input.place(head(input, page), &[]),
        date,
        restores,
        mentions: names(&input.source.text),
        ..Drill::default()
    }
}

fn scheduled(input: &Input<'_>, document: &Node) -> Option<Drill> {
    let group = document.get("apiVersion")?.as_str()?.split('/').next()?;
    let kind = document.get("kind")?.as_str()?;
    SCHEDULES.contains(&(group, kind)).then_some(())?;
    let metadata = document.get("metadata");
    let name = metadata.and_then(|it| it.get("name"));
    let namespace = metadata.and_then(|it| it.get("namespace")).and_then(Node::as_str);
    let span = name.map_or(document.span, |node| node.span);
    let called = name.and_then(Node::scalar).unwrap_or_default();
    Some(Drill {
        name: compact_str::format_compact!("{kind}/{called}"),
        place: input.place(span, namespace.as_slice()),
        date: Fact::absent(span),
        scheduled: true,
        mentions: names(input.source.slice(document.span)),
        ..Drill::default()
    })
}

fn names(text: &str) -> Vec<Text> {
    mention::names(text).collect::<BTreeSet<_>>().into_iter().collect()
}

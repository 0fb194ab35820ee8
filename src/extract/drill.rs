//! Drills held (dated Markdown records), and experiments, on a schedule or not (Chaos Mesh, Litmus). Uses `source`,
//! `tree`, `model` and the words of `runbook`.
//!
//! A post-mortem is no drill: what broke by itself was not rehearsed. An exercise without a date is a plan.

mod log;

use crate::extract::runbook::date_in;
use crate::extract::runbook::vocabulary::DRILL_FOLDERS;
use crate::extract::{Facts, Input, record};
use crate::model::{Drill, Experiment, Fact};
use crate::source::Span;
use crate::tree::page::Page;
use crate::tree::{Content, Node, Text};

/// Front matter keys that say when it was held.
const DATE_KEYS: &[&str] = &["date", "held", "held_on", "performed", "performed_on", "executed", "executed_on"];

/// Beginnings of words that say data was brought back.
const RESTORE_WORDS: &[&str] = &["restor", "recover", "failover", "fail-over", "backup", "wiederherstell"];

/// Words that say a standby took over.
const FAILOVER_WORDS: &[&str] = &[
    "failover",
    "fail-over",
    "fail over",
    "failed over",
    "switchover",
    "switch-over",
    "switched over",
    "disaster recovery",
    "evacuat",
];

/// What the record of a drill says, and words of which one at least says so.
const PARTS: &[(&str, &[&str])] = &[
    (
        "results",
        &[
            "result",
            "outcome",
            "found",
            "finding",
            "observ",
            "took",
            "minute",
            "succe",
            "fail",
            "work",
            "restored",
            "recovered",
            "lesson",
            "learn",
            "ergebnis",
        ],
    ),
    (
        "follow-up",
        &[
            "action",
            "follow",
            "next",
            "lesson",
            "learn",
            "improve",
            "todo",
            "to do",
            "ticket",
            "fix",
            "change",
            "nothing to",
            "- [",
            "maßnahme",
        ],
    ),
];

/// Faults that are over as soon as they are made: nothing need end them.
const INSTANT: &[&str] = &["pod-kill", "container-kill"];

/// Chaos experiments that run by a clock: the API group's name and the kind.
///
/// <https://chaos-mesh.org/docs/define-scheduling-rules/>, <https://litmuschaos.github.io/litmus/>
const SCHEDULES: &[(&str, &str)] = &[("chaos-mesh.org", "Schedule"), ("litmuschaos.io", "ChaosSchedule")];

/// Adds the drills that a file records or schedules.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    match &input.document.content {
        Content::Page(page) => {
            if records_drills(&input.source.path)
                && let Some(date) = date(input, page)
            {
                facts.model.add(held(input, page, date));
            } else {
                facts.model.drills.extend(log::drills(input, page));
            }
        }
        Content::Values(documents) => {
            facts.model.drills.extend(documents.iter().filter_map(|it| scheduled(input, it)));
            facts.model.experiments.extend(documents.iter().filter_map(|it| experiment(input, it)));
        }
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
    record::date(input, page, DATE_KEYS).or_else(|| written_date(input))
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

fn held(input: &Input<'_>, page: &Page, date: Fact<Text>) -> Drill {
    let kind = page.front_matter.as_ref().and_then(|matter| matter.get("kind").or_else(|| matter.get("type")));
    let kind = kind.and_then(Node::scalar).unwrap_or_default();
    let headings = page.headings.iter().map(|heading| heading.text.as_str());
    // Its title, its kind or its own headings say so; a passing word ("we should test a restore") does not.
    let restores = headings.chain([kind.as_str(), input.source.path.as_str()]).any(restores);
    let text = input.source.text.to_lowercase();
    let lacking: Vec<&str> = PARTS
        .iter()
        .filter(|(_, words)| !words.iter().any(|word| text.contains(word)))
        .map(|(name, _)| *name)
        .collect();
    let (open_actions, open_action) = record::open(input, page);
    let at = record::head(input, page);
    Drill {
        name: input.source.path.as_str().into(),
        place: input.place(at, &[]),
        date,
        restores,
        fails_over: FAILOVER_WORDS.iter().any(|word| text.contains(word)),
        missing: record::missing(&lacking, at),
        open_actions,
        open_action,
        mentions: record::mentions(&input.source.text),
        ..Drill::default()
    }
}

/// Whether words say that data was brought back.
fn restores(text: &str) -> bool {
    record::has(text, RESTORE_WORDS)
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
        mentions: record::mentions(input.source.slice(document.span)),
        ..Drill::default()
    })
}

/// An experiment of Chaos Mesh. One without a duration lasts until somebody takes it away.
/// <https://chaos-mesh.org/docs/run-a-chaos-experiment/>
fn experiment(input: &Input<'_>, document: &Node) -> Option<Experiment> {
    let group = document.get("apiVersion")?.as_str()?.split('/').next()?;
    let kind = document.get("kind")?.as_str()?;
    let spec = document.get("spec").filter(|_| group == "chaos-mesh.org")?;
    let fault = match kind {
        "Schedule" => &spec.entries().iter().find(|entry| entry.key.ends_with("Chaos"))?.value,
        kind if kind.ends_with("Chaos") => spec,
        _ => return None,
    };
    let named = document.at(&["metadata", "name"])?;
    let namespace = document.at(&["metadata", "namespace"]).and_then(Node::as_str);
    let action = fault.get("action").and_then(Node::as_str).unwrap_or_default();
    let ends = match fault.get("duration").filter(|node| !node.is_null()) {
        Some(node) => Fact::read(node, Node::scalar).map(|_| true),
        None => Fact::known(INSTANT.contains(&action), named.span),
    };
    Some(Experiment {
        name: compact_str::format_compact!("{kind}/{}", named.scalar()?),
        place: input.place(named.span, namespace.as_slice()),
        ends,
        ..Experiment::default()
    })
}

#[cfg(test)]
mod tests {
    use crate::extract::read_yaml;
    use crate::extract::runbook::sample::read_page;

    #[test]
    fn dated_records_are_drills() {
        let text = "# Restore of checkout\n\nDate: 2026-09-17\n\nBrought `shop-checkout` back.\n";
        let (sources, facts) = read_page("drills/restore.md", text);
        let drill = &facts.model.drills[0];
        assert_eq!(drill.date.value().unwrap(), "2026-09-17");
        assert_eq!(sources.slice(drill.date.span.unwrap()), "2026-09-17");
        assert_eq!(sources.slice(drill.place.span).trim_end(), "# Restore of checkout");
        assert!(drill.restores && !drill.scheduled);
        assert!(drill.mentions.iter().any(|name| name == "shop-checkout"));
    }

    #[test]
    fn a_passing_word_restores_nothing_and_no_date_is_no_drill() {
        let (_, facts) = read_page("gamedays/2026-10-08-full-house.md", "# Full house\n\nWe should test a restore.\n");
        assert_eq!(facts.model.drills[0].date.value().unwrap(), "2026-10-08");
        assert!(!facts.model.drills[0].restores);
        assert!(read_page("drills/plan.md", "# Plan\n\nOne day.\n").1.model.drills.is_empty());
        assert!(read_page("postmortems/2026-07-02-x.md", "# X\n\nDate: 2026-07-02\n").1.model.drills.is_empty());
    }

    #[test]
    fn rows_of_a_log_are_drills() {
        let text = "# Runbook: restoring backups\n\n## Inventory\n\n| Since | What | State |\n|---|---|---|\n| 2026-01-01 | nightly backup | OK |\n\n## Drill log\n\n| Date | What | Result | Notes |\n|---|---|---|---|\n| 2026-08-14 | CNPG restore | OK | Restored `shop-pg` into a namespace of its own. |\n| 2026-08-15 | snapshots reach the bucket | PARTIAL | A full restore is still outstanding. |\n| 2027-02-01 | restore of the vault | planned | |\n| YYYY-MM-DD | what | how | |\n";
        let (sources, facts) = read_page("docs/runbooks/restore.md", text);
        let [restored, listed] = facts.model.drills.as_slice() else { panic!("{:#?}", facts.model.drills) };
        assert_eq!(restored.date.value().unwrap(), "2026-08-14");
        assert_eq!(sources.slice(restored.place.span).trim(), "2026-08-14");
        assert!(restored.restores && restored.mentions.iter().any(|name| name == "shop-pg"));
        assert!(!listed.restores);
        let text = "# Restore\n\n## Past drills\n\n- 2026-08-14: restored `shop-pg` in 12 minutes\n- 2027-02-01: planned\n\n## Changes\n\n- 2026-01-01: moved the page\n";
        let (_, facts) = read_page("docs/restore.md", text);
        let [drill] = facts.model.drills.as_slice() else { panic!("{:#?}", facts.model.drills) };
        assert!(drill.restores && drill.mentions.iter().any(|name| name == "shop-pg"));
    }

    #[test]
    fn other_tables_with_dates_are_no_drills() {
        let text = "# Backups\n\n| Date | Job | Result |\n|---|---|---|\n| 2026-08-14 | nightly dump | OK |\n";
        assert!(read_page("docs/backup.md", text).1.model.drills.is_empty());
        let text = "# Incidents\n\n## Drill history\n\n| Date | What | Result |\n|---|---|---|\n| 2026-08-14 | restore | OK |\n";
        assert!(read_page("docs/incidents/log.md", text).1.model.drills.is_empty());
    }

    #[test]
    fn schedules_of_chaos_are_drills() {
        let text = "apiVersion: chaos-mesh.org/v1alpha1\nkind: Schedule\nmetadata: {name: kill-web, namespace: shop}\nspec: {schedule: '@weekly', podChaos: {selector: {labelSelectors: {app: web}}}}\n";
        let (sources, facts) = read_yaml("k8s/chaos.yaml", text);
        let drill = &facts.model.drills[0];
        assert_eq!(sources.slice(drill.place.span), "kill-web");
        assert!(drill.scheduled && drill.mentions.iter().any(|name| name == "web"));
    }
}

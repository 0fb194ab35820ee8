//! Markdown pages → runbooks, the links on them, and drills held. Uses `source`, `tree`, `model`.
//!
//! Every page becomes a [`Runbook`] with its kind; whether a page of kind `document` is a runbook after all, because an
//! alert or a catalogue leads to it, only linking knows.

mod address;
mod commands;
mod contact;
mod date;
mod destruction;
mod doing;
mod draft;
mod finished;
mod kind;
pub(super) mod mention;
mod named;
mod objective;
mod outline;
#[cfg(test)]
pub(super) mod sample;
pub(crate) mod shortcode;
#[cfg(test)]
mod tests;
pub(crate) mod vocabulary;

use std::collections::BTreeSet;

use crate::extract::{Facts, Input};
use crate::model::{DocumentLink, Fact, Runbook};
use crate::source::Span;
use crate::tree::page::{Link, Page};
use crate::tree::{Content, Node, Text, Unknown};

use kind::Kind;
use outline::{LineKind, Outline};
use vocabulary::{NEEDED, Purpose};

/// What someone does about an incident.
const NEEDED_TO_ACT: [Purpose; 2] = [Purpose::Diagnosis, Purpose::Mitigation];

/// Front matter keys that say what a page is about.
const ABOUT_KEYS: &[&str] = &[
    "service",
    "services",
    "tags",
    "alert",
    "alerts",
    "component",
    "components",
    "app",
    "apps",
    "application",
    "system",
    "systems",
    "product",
];

/// Front matter keys that say when someone last looked at it, the most telling first.
const REVIEWED_KEYS: &[&str] = &[
    "last_reviewed",
    "last-reviewed",
    "lastReviewed",
    "last_reviewed_on",
    "reviewed",
    "reviewed_on",
    "last_verified",
    "verified",
    "last_tested",
    "last_updated",
    "lastmod",
    "updated",
    "review_date",
    "date",
];

/// Words before a date on the page itself.
const REVIEWED_WORDS: &[&str] = &[
    "last reviewed",
    "last review",
    "last verified",
    "last tested",
    "last updated",
    "last checked",
    "reviewed on",
    "zuletzt geprüft",
    "dernière révision",
    "última revisión",
    "última revisão",
    "laatst nagekeken",
];

/// Adds the page of a Markdown file.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    let Content::Page(page) = &input.document.content else { return };
    let outline = Outline::new(input.id, input.source, page);
    let kind = kind::of(&input.source.path, input.runbook_folders.is_match(&input.source.path), &outline);
    let runbook = runbook(input, &outline, kind);
    let id = facts.model.add(runbook);
    // Whether a document is a runbook after all, linking knows; it drops what is not asked about.
    if kind != Kind::Template {
        let written = page.links.iter().filter(|link| can_be_followed(&link.target)).cloned();
        for link in written.chain(shortcode::links(&outline)) {
            let mut document_link = document_link(input, &link);
            document_link.runbook = Some(id);
            if kind == Kind::Index {
                document_link.beside = beside(&outline, link.span);
            }
            facts.model.add(document_link);
        }
        for mut command in commands::read(input, &outline) {
            command.runbook = Some(id);
            facts.model.add(command);
        }
    }
}

fn runbook(input: &Input<'_>, outline: &Outline<'_>, kind: Kind) -> Runbook {
    let page = outline.page;
    let draft = draft::read(outline, kind == Kind::Incident);
    let judged = !matches!(kind, Kind::Index | Kind::Template);
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    Runbook {
        name: input.source.path.as_str().into(),
        place: input.place(outline.head, &[]),
        kind: Text::const_new(kind.name()),
        words: count(draft.words),
        placeholders: count(draft.placeholders),
        skeleton: match includes(input) {
            Some(line) if judged => {
                let reason = format!("`{line}` puts another file into the page");
                Fact::unknown(Unknown::new(reason, "audit the rendered pages", outline.head))
            }
            _ => Fact::known(judged && draft.skeleton, outline.head),
        },
        sections: outline.purposes().into_iter().map(|purpose| Text::const_new(purpose.name())).collect(),
        missing_sections: if judged { missing(outline) } else { Vec::new() },
        executable: doing::first(outline)
            .map_or_else(|| Fact::known(false, outline.head), |span| Fact::known(true, span)),
        escalation: Fact::known(contact::named(outline), outline.head),
        about: about(page),
        headings: page.headings.iter().map(|it| (it.slug.clone(), it.text.clone(), it.span)).collect(),
        anchors: page.anchors.iter().chain(&page.labels).cloned().collect(),
        labels: page.labels.clone(),
        cells: address::cells(page),
        address: address::read(page),
        mentions: mention::read(outline),
        reviewed: reviewed(outline),
        objectives: if kind == Kind::Template { Vec::new() } else { objective::read(outline, input.environments) },
        ..Runbook::default()
    }
}

/// The sections that a page for an incident needs and lacks. A lead under the title says what it means, and so does a
/// sentence that explains the alert. Symptoms that people feel are the impact. Steps that stand under no heading for
/// something else may be the diagnosis or the mitigation, so neither is called missing.
fn missing(outline: &Outline<'_>) -> Vec<Text> {
    let mut present = outline.purposes();
    // A heading over nothing, or over a question that nobody has answered, is no section.
    present.retain(|purpose| outline.title_purpose == Some(*purpose) || draft::is_answered(outline, *purpose));
    let mut prose = outline.lines.iter().filter(|line| line.kind == LineKind::Text);
    if outline.opening_words() >= A_LEAD || prose.any(|line| explains_alert(line.text)) {
        present.insert(Purpose::Meaning);
    }
    if outline.words_of_symptoms() >= A_LEAD {
        present.insert(Purpose::Impact);
    }
    let page = outline.page;
    let steps = page.items.iter().map(|item| item.span).chain(page.code.iter().map(|block| block.span));
    let undeclared = |span: &Span| outline.purpose_at(span.start as usize).is_none_or(|it| it == Purpose::Meaning);
    if steps.filter(undeclared).count() >= 2 {
        present.extend(NEEDED_TO_ACT);
    }
    NEEDED.iter().filter(|it| !present.contains(it)).map(|it| Text::const_new(it.name())).collect()
}

/// The line by which a template puts another file into a page: what the page holds is not known then.
fn includes<'t>(input: &Input<'t>) -> Option<&'t str> {
    let path = input.source.path.as_str();
    let marks: &[&str] = match path.rsplit('.').next() {
        Some("erb") => &["<%= partial", "<%= render", "<%=partial", "<%=render"],
        Some("j2" | "jinja" | "jinja2") => &["{% include", "{% extends", "{%- include"],
        _ => return None,
    };
    input.source.text.lines().map(str::trim).find(|line| marks.iter().any(|mark| line.contains(mark)))
}

/// Fewer words say little.
const A_LEAD: usize = 8;

/// "This alert means that …", "the alert fires when …".
fn explains_alert(line: &str) -> bool {
    let lower = line.to_lowercase();
    let mut after = ["this alert ", "the alert "].iter().filter_map(|start| lower.split_once(start));
    let verbs = ["mean", "fire", "indicate", "is fired", "is triggered", "triggers", "is raised", "warns", "signals"];
    after.any(|(_, rest)| {
        let next: Vec<&str> = rest.splitn(4, ' ').take(3).collect();
        verbs.iter().any(|verb| next.iter().take(2).any(|word| word.starts_with(verb)) || rest.starts_with(verb))
    })
}

/// What front matter says the page is about.
fn about(page: &Page) -> Vec<Text> {
    let Some(matter) = &page.front_matter else { return Vec::new() };
    let nodes = ABOUT_KEYS.iter().filter_map(|key| matter.get(key));
    let lower = |node: &Node| node.scalar().map(|text| Text::from(text.trim().to_lowercase()));
    let names: BTreeSet<Text> =
        nodes.flat_map(|node| node.scalar().map(|_| node).into_iter().chain(node.items())).filter_map(lower).collect();
    names.into_iter().filter(|name| !name.is_empty() && !name.contains(['<', '>'])).collect()
}

/// When the page was last looked at.
fn reviewed(outline: &Outline<'_>) -> Fact<Text> {
    let matter = outline.page.front_matter.as_ref();
    for node in REVIEWED_KEYS.iter().filter_map(|key| matter?.get(key)) {
        if let Some(date) = node.scalar().and_then(|text| date::first(&text)) {
            return Fact::known(date.written, node.span);
        }
    }
    for line in outline.lines.iter().filter(|line| line.kind == LineKind::Text) {
        let lower = line.text.to_lowercase();
        let spoken = REVIEWED_WORDS.iter().any(|words| lower.contains(words));
        if let Some(date) = date::first(line.text).filter(|_| spoken) {
            let start = line.start + date.start;
            return Fact::known(date.written, Span::new(outline.head.source, start, line.start + date.end));
        }
    }
    Fact::absent(matter.map_or(outline.head, |node| node.span))
}

/// The first `2026-03-01` in a text, and where it begins.
pub(super) fn date_in(text: &str) -> Option<(usize, &str)> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    text.char_indices().find_map(|(at, _)| {
        let date = text.get(at..at + 10)?;
        let (year, month, day) = (date.get(..4)?, date.get(5..7)?, date.get(8..)?);
        let dashes = date.get(4..5) == Some("-") && date.get(7..8) == Some("-");
        let plausible = ("01"..="12").contains(&month) && ("01"..="31").contains(&day);
        (dashes && digits(year) && digits(month) && digits(day) && plausible).then_some((at, date))
    })
}

/// More names than a line of an index has.
const MOST_BESIDE: usize = 50;

/// The names on the line of a link.
fn beside(outline: &Outline<'_>, link: Span) -> Vec<Text> {
    let after = outline.lines.partition_point(|line| line.start <= link.start as usize);
    let line = after.checked_sub(1).and_then(|index| outline.lines.get(index));
    line.into_iter().flat_map(|line| mention::names(line.text)).take(MOST_BESIDE).collect()
}

/// A link of a page, whose end only linking can look for.
fn document_link(input: &Input<'_>, link: &Link) -> DocumentLink {
    DocumentLink {
        name: link.target.clone(),
        place: input.place(link.span, &[]),
        url: Fact::known(link.target.clone(), link.span),
        dead: Fact::unknown(Unknown::new("its end was not looked for", "", link.span)),
        ..DocumentLink::default()
    }
}

/// Whether a link may lead to a file that is audited: a path, an anchor, or a page of a site, which may be made of these
/// very files. Templates are filled in elsewhere.
fn can_be_followed(target: &str) -> bool {
    let templated = ["{{", "${", "<%", "{%"].iter().any(|mark| target.contains(mark));
    let scheme = target.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| {
        !scheme.is_empty() && scheme.chars().all(|it| it.is_ascii_alphanumeric() || "+-.".contains(it))
    });
    !target.is_empty() && !templated && scheme.is_none_or(|scheme| matches!(scheme, "http" | "https"))
}

//! Gaps as they are drawn: what is wrong and what to do, then the lines that show it. Gaps that stand at one place share
//! its excerpt; a piece of advice is given once in a report; what comes after the worst is a line each.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use owo_colors::Style;

use super::{INDENT, ROWS};
use crate::report::escape::terminal;
use crate::report::excerpt::Window;
use crate::report::finding::{Finding, Location, one_line};
use crate::report::page::{Page, severity_style};
use crate::report::summary::{grouped, listed};

/// The most places drawn for one service, unless asked for more.
const DRAWN: usize = 5;
/// Where the text of a gap starts: after its severity, the longest of which has eight letters.
pub(super) const TEXT: usize = INDENT + 10;

/// Rules whose advice was given.
pub(super) type Advised<'a> = BTreeSet<&'a str>;

/// How much room some gaps may take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// The worst with their lines.
    Excerpts,
    /// A line each.
    Lines,
}

/// Gaps, the worst first, each rule once with all the places that fail it.
pub(super) fn write<'a>(
    page: &mut Page<'_>,
    open: &[Finding<'a>],
    room: Room,
    advised: &mut Advised<'a>,
) -> io::Result<()> {
    let mut blocks = blocks(open);
    let drawn = match room {
        _ if page.options.verbose => blocks.len(),
        Room::Excerpts => blocks.len().min(DRAWN),
        Room::Lines => 0,
    };
    let rest = blocks.split_off(drawn);
    for block in &blocks {
        write_block(page, block, advised)?;
    }
    let rest: Vec<Vec<Finding<'_>>> = rest.into_iter().flatten().collect();
    for group in rest.iter().take(ROWS) {
        write_line(page, group)?;
    }
    let left: usize = rest.iter().skip(ROWS).map(Vec::len).sum();
    super::write_left(page, left, "gap")?;
    if rest.is_empty() { Ok(()) } else { page.gap() }
}

/// Source, first byte and the byte after the last: a span that sorts.
type Place = (u32, u32, u32);

/// Gaps by rule, and together where one excerpt shows them: those that stand at the same places.
fn blocks<'a>(open: &[Finding<'a>]) -> Vec<Vec<Vec<Finding<'a>>>> {
    let mut blocks: Vec<Vec<Vec<Finding<'a>>>> = Vec::new();
    let mut at: BTreeMap<Vec<Option<Place>>, usize> = BTreeMap::new();
    for group in grouped(open) {
        let place = |one: &Finding<'_>| one.verdict.primary().map(|span| (span.source.0, span.start, span.end));
        let places: Vec<_> = group.iter().map(place).collect();
        let is_placed = places.iter().any(Option::is_some);
        if let Some(block) = at.get(&places).and_then(|index| blocks.get_mut(*index)).filter(|_| is_placed) {
            block.push(group);
        } else {
            at.insert(places, blocks.len());
            blocks.push(vec![group]);
        }
    }
    blocks
}

/// What is wrong at one place, each with what to do, then the place.
fn write_block<'a>(page: &mut Page<'_>, block: &[Vec<Finding<'a>>], advised: &mut Advised<'a>) -> io::Result<()> {
    for finding in block.iter().filter_map(|group| group.first()) {
        let text = one_line(&finding.message());
        write_head(page, finding, &text, Style::new().bold(), "")?;
        write_advice(page, finding, advised)?;
    }
    let leads: Vec<_> = block.iter().filter_map(|group| group.first()).copied().collect();
    write_excerpt(page, &leads)?;
    // They stand at the same places.
    write_others(page, block.first().map_or(&[], Vec::as_slice))?;
    page.gap()
}

/// `critical  no backup is made of …  [backup/database-backups-off]`.
fn write_head(page: &mut Page<'_>, finding: &Finding<'_>, text: &str, style: Style, place: &str) -> io::Result<()> {
    let severity = finding.verdict.severity;
    let name = format!("{:8}", severity.name());
    let lead = format!("{}{}  ", " ".repeat(INDENT), page.paint(&name, severity_style(severity)));
    let rule = format!("[{}]", finding.verdict.rule);
    let dim = Style::new().dimmed();
    page.flow(&lead, TEXT, &[(text, style), (&rule, dim), (place, dim)])
}

/// What to do, the first time that the rule speaks.
pub(super) fn write_advice<'a>(
    page: &mut Page<'_>,
    finding: &Finding<'a>,
    advised: &mut Advised<'a>,
) -> io::Result<()> {
    let advice = finding.advice();
    if advice.is_empty() || !advised.insert(&finding.verdict.rule) {
        return Ok(());
    }
    let lead = format!("{}{}", " ".repeat(TEXT), page.paint("help: ", Style::new().cyan()));
    page.wrapped(&lead, TEXT + 6, &advice, Style::new())
}

/// One rule in a line: what is wrong and where, or what else is wrong in the same way.
fn write_line(page: &mut Page<'_>, group: &[Finding<'_>]) -> io::Result<()> {
    let Some(first) = group.first() else { return Ok(()) };
    let subjects: Vec<_> = group.iter().map(|one| format!("`{}`", one.verdict.subject)).collect();
    let text = match group {
        [one] => one_line(&one.message()),
        _ => format!("{}: {}", first.title(), listed(&subjects, 3)),
    };
    write_head(page, first, &text, Style::new(), &first.location().short())
}

/// The lines around a place, with all that is said of them, and the related places that stand elsewhere.
fn write_excerpt(page: &mut Page<'_>, findings: &[Finding<'_>]) -> io::Result<()> {
    let Some(first) = findings.first() else { return Ok(()) };
    let mut marks = first.marks();
    for mark in findings.iter().skip(1).flat_map(Finding::marks) {
        if !marks.iter().any(|present| present.span == mark.span) {
            marks.push(mark);
        }
    }
    let Some((window, elsewhere)) = Window::around(&first.audit.sources, marks, page.options) else {
        return Ok(());
    };
    page.block(INDENT - 1, &window.draw(page.options))?;
    let most = if page.options.verbose { usize::MAX } else { ROWS };
    let arrow = if page.options.unicode { "→" } else { "->" };
    for mark in elsewhere.iter().take(most) {
        let place = Location::at(first.audit, mark.span).short();
        let text = format!("{arrow} {}  {}", terminal(&place), mark.said());
        page.line(&format!("{}{}", " ".repeat(INDENT), page.dim(&text)))?;
    }
    let left = elsewhere.len().saturating_sub(most);
    super::write_left(page, left, "place")
}

/// The other subjects that fail the same rule: names, and in a second column their places, where these differ.
fn write_others(page: &mut Page<'_>, group: &[Finding<'_>]) -> io::Result<()> {
    let Some((first, others)) = group.split_first() else { return Ok(()) };
    if others.is_empty() {
        return Ok(());
    }
    let most = if page.options.verbose { usize::MAX } else { ROWS };
    let indent = " ".repeat(INDENT);
    let lead = format!("{indent}{}", page.dim("also: "));
    let left = others.len().saturating_sub(most);
    if others.iter().all(|one| one.verdict.primary() == first.verdict.primary()) {
        let names: Vec<_> = others.iter().map(|one| one.verdict.subject.as_str()).collect();
        let hint = if left > 0 { " (-v lists them)" } else { "" };
        return page.wrapped(&lead, INDENT + 6, &format!("{}{hint}", listed(&names, most)), Style::new());
    }
    let shown = others.iter().take(most);
    let rows: Vec<_> = shown.map(|one| (terminal(&one.verdict.subject), one.location().short())).collect();
    let widest = rows.iter().map(|(subject, _)| subject.chars().count()).max().unwrap_or(0).min(page.width() / 2);
    for (index, (subject, place)) in rows.iter().enumerate() {
        let lead = if index == 0 { lead.clone() } else { format!("{indent}      ") };
        let place = terminal(place);
        let taken = INDENT + 6 + subject.chars().count().max(widest) + 2 + place.chars().count();
        if taken <= page.width() {
            page.line(&format!("{lead}{subject:widest$}  {}", page.dim(&place)))?;
        } else {
            page.line(&format!("{lead}{subject}"))?;
            page.line(&format!("{indent}        {}", page.dim(&place)))?;
        }
    }
    if left > 0 {
        page.line(&format!("{indent}      and {left} more (-v lists them)"))?;
    }
    Ok(())
}

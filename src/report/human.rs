//! For a person at a terminal: service by service, the worst first, each gap with its place underlined; then what most
//! services lack, said once; what could not be decided and what was not read; at the end, where the eye rests, the whole
//! in a few lines. Uses `audit`.
//!
//! It stays readable however much was found: the worst services are drawn, the others are told in lines, every list is
//! cut with its number said, and `-v` writes out everything.

mod close;
mod common;
mod gap;

use std::io::{self, Write};

use common::Common;
use gap::{Advised, Room};
use owo_colors::Style;

use super::Options;
use super::finding::{Finding, one_line};
use super::page::{Page, answer_style, grade_style};
use super::summary::{Scored, listed, plural, skipped, undecided};
use crate::audit::Audit;

/// The most services whose gaps are drawn with their source, unless asked for more.
const SERVICES: usize = 8;
/// The most places listed for one gap, and the most rows of other lists.
const ROWS: usize = 6;
/// Where the text of a section starts.
const INDENT: usize = 3;

/// Writes the report.
pub(super) fn write(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, options);
    let mut advised = Advised::new();
    let common = Common::of(audit, options);
    let (mut drawn, plain): (Vec<_>, Vec<_>) = Scored::all(audit)
        .into_iter()
        .map(|service| Shown::of(service, &common, options))
        .partition(|one| !one.own.is_empty());
    // A service may have the lowest score of all for what everybody lacks; what is worse and its own comes before that.
    drawn.sort_by_key(|one| std::cmp::Reverse(one.own.iter().map(|finding| finding.verdict.severity).max()));
    let brief = drawn.split_off(if options.verbose { drawn.len() } else { drawn.len().min(SERVICES) });
    for service in &drawn {
        write_service(&mut page, service, &mut advised)?;
    }
    write_briefly(&mut page, &brief, &mut advised)?;
    common.write(&mut page, &mut advised)?;
    write_plain(&mut page, &plain)?;
    write_repository(&mut page, audit, &mut advised)?;
    write_undecided(&mut page, audit)?;
    if options.verbose {
        write_waived(&mut page, audit)?;
    }
    write_skipped(&mut page, audit)?;
    close::write(&mut page, audit)
}

/// A service and the gaps of it that are shown: its own, and those it shares with most others.
struct Shown<'a> {
    service: Scored<'a>,
    own: Vec<Finding<'a>>,
    shared: Vec<Finding<'a>>,
}

impl<'a> Shown<'a> {
    fn of(service: Scored<'a>, common: &Common<'a>, options: &Options) -> Self {
        let open = service.findings().into_iter().filter(|one| one.is_open() && one.is_shown(options));
        let (shared, own) = open.partition(|finding| common.has(finding));
        Self { service, own, shared }
    }

    /// "4 common gaps".
    fn in_common(&self) -> Option<String> {
        (!self.shared.is_empty()).then(|| plural(self.shared.len(), "common gap"))
    }
}

/// A service: its header, the strip of questions, its gaps.
fn write_service<'a>(page: &mut Page<'_>, shown: &Shown<'a>, advised: &mut Advised<'a>) -> io::Result<()> {
    page.rule()?;
    write_header(page, &shown.service, None)?;
    write_strip(page, &shown.service)?;
    page.gap()?;
    gap::write(page, &shown.own, Room::Excerpts, advised)?;
    if let Some(common) = shown.in_common() {
        page.wrapped(&" ".repeat(INDENT), INDENT, &format!("and {common} (below)"), Style::new().dimmed())?;
        page.gap()?;
    }
    Ok(())
}

/// Services after the worst: a line for each and for each of its gaps.
fn write_briefly<'a>(page: &mut Page<'_>, services: &[Shown<'a>], advised: &mut Advised<'a>) -> io::Result<()> {
    if !services.is_empty() {
        page.rule()?;
    }
    for one in services {
        write_header(page, &one.service, one.in_common().as_deref())?;
        gap::write(page, &one.own, Room::Lines, advised)?;
    }
    Ok(())
}

/// `F  checkout · 14 of 100 · tier 1 · team-payments · 85% decided`, and whatever else is to be said.
fn write_header(page: &mut Page<'_>, service: &Scored<'_>, note: Option<&str>) -> io::Result<()> {
    let mut facts = Vec::new();
    let is_judged = !service.score.verdicts.is_empty();
    facts.extend(service.score.score.map(|score| format!("{score} of 100")));
    facts.extend(service.tier().map(|tier| format!("tier {tier}")));
    facts.push(service.owner().map_or_else(|| "no owner known".to_owned(), str::to_owned));
    match service.coverage() {
        _ if !is_judged => facts.push("nothing to check".to_owned()),
        100 => {}
        coverage => facts.push(format!("{coverage}% decided")),
    }
    facts.extend(note.map(str::to_owned));
    let lead = format!("{}  ", page.paint(&service.grade().to_string(), grade_style(service.score.grade)));
    let dot = page.dot();
    let name = if page.options.unicode { service.name().to_owned() } else { format!("{},", service.name()) };
    let facts = format!("{}{}", if page.options.unicode { dot } else { "" }, facts.join(dot));
    page.flow(&lead, INDENT, &[(&name, Style::new().bold()), (&facts, Style::new().dimmed())])
}

/// Services without gaps of their own, a line each.
fn write_plain(page: &mut Page<'_>, plain: &[Shown<'_>]) -> io::Result<()> {
    if plain.is_empty() {
        return Ok(());
    }
    page.rule()?;
    if plain.iter().any(|one| !one.shared.is_empty()) {
        let title = page.bold("The other services");
        page.line(&title)?;
        page.gap()?;
    }
    for one in plain {
        write_header(page, &one.service, one.in_common().as_deref())?;
    }
    page.gap()
}

/// The questions with the sign of each answer, in as many lines as it takes.
fn write_strip(page: &mut Page<'_>, service: &Scored<'_>) -> io::Result<()> {
    let mut line = " ".repeat(INDENT);
    let mut used = INDENT;
    for question in &service.score.questions {
        let id = question.question.id();
        // Sign, space, id, two spaces.
        let width = id.len() + 4;
        if used + width > page.width() + 2 {
            page.line(&line)?;
            (line, used) = (" ".repeat(INDENT), INDENT);
        }
        let sign = format!("{} {id}", page.glyph(question.answer));
        line.push_str(&page.paint(&sign, answer_style(question.answer)));
        line.push_str("  ");
        used += width;
    }
    page.line(&line)
}

/// Gaps that belong to no service.
fn write_repository<'a>(page: &mut Page<'_>, audit: &'a Audit, advised: &mut Advised<'a>) -> io::Result<()> {
    let open: Vec<_> = Finding::all(audit)
        .filter(|one| one.is_open() && one.is_shown(page.options))
        .filter(|one| one.verdict.service.is_none())
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    page.rule()?;
    let title = page.bold("The repository as a whole");
    page.line(&title)?;
    page.gap()?;
    gap::write(page, &open, Room::Excerpts, advised)
}

/// What is not known, by reason, with where to supply it.
fn write_undecided(page: &mut Page<'_>, audit: &Audit) -> io::Result<()> {
    let groups = undecided(Finding::all(audit));
    if groups.is_empty() {
        return Ok(());
    }
    page.rule()?;
    let title = page.bold("Not decided");
    page.line(&format!("{title}{}", page.dim(": what is missing, and where to supply it; it counts neither way")))?;
    page.gap()?;
    let most = if page.options.verbose { usize::MAX } else { ROWS };
    let widest = groups.iter().map(|group| plural(group.findings.len(), "check").len()).max().unwrap_or(0);
    for group in groups.iter().take(most) {
        let number = format!("{:>widest$}", plural(group.findings.len(), "check"));
        let lead = format!("{}{}  ", " ".repeat(INDENT), page.paint(&number, Style::new().cyan()));
        let hang = INDENT + widest + 2;
        page.wrapped(&lead, hang, &format!("{} ({})", one_line(group.reason), group.location.short()), Style::new())?;
        if !group.remedy.is_empty() {
            page.wrapped(&" ".repeat(hang), hang, &one_line(group.remedy), Style::new().dimmed())?;
        }
        if page.options.verbose {
            for finding in &group.findings {
                let line = format!("{} {}", finding.verdict.rule, finding.verdict.subject);
                page.wrapped(&" ".repeat(hang), hang + 2, &line, Style::new().dimmed())?;
            }
        }
    }
    write_left(page, groups.len().saturating_sub(most), "reason")?;
    page.gap()
}

/// The waivers and their reasons.
fn write_waived(page: &mut Page<'_>, audit: &Audit) -> io::Result<()> {
    let waived: Vec<_> = Finding::all(audit)
        .filter_map(|finding| finding.verdict.suppressed().map(|suppression| (finding, suppression)))
        .collect();
    if waived.is_empty() {
        return Ok(());
    }
    page.rule()?;
    let title = page.bold("Waived");
    page.line(&title)?;
    page.gap()?;
    for (finding, suppression) in waived {
        let until = suppression.until.as_ref().map(|day| format!(" (until {day})")).unwrap_or_default();
        let text = format!("{} {}: {}{until}", finding.verdict.rule, finding.verdict.subject, suppression.reason);
        page.wrapped(&" ".repeat(INDENT), INDENT, &one_line(&text), Style::new())?;
    }
    page.gap()
}

/// What was not read, by reason.
fn write_skipped(page: &mut Page<'_>, audit: &Audit) -> io::Result<()> {
    let reasons = skipped(audit);
    if reasons.is_empty() {
        return Ok(());
    }
    page.rule()?;
    let title = page.bold("Not read");
    page.line(&title)?;
    page.gap()?;
    let most = if page.options.verbose { usize::MAX } else { ROWS };
    let widest = reasons.values().map(|paths| plural(paths.len(), "file").len()).max().unwrap_or(0);
    for (reason, paths) in reasons.iter().take(most) {
        let shown = listed(paths, if page.options.verbose { usize::MAX } else { 3 });
        let lead = format!("{}{:>widest$}  ", " ".repeat(INDENT), plural(paths.len(), "file"));
        page.wrapped(&lead, INDENT + widest + 2, &format!("{}: {shown}", one_line(reason)), Style::new())?;
    }
    write_left(page, reasons.len().saturating_sub(most), "reason")?;
    page.gap()
}

/// "and 3 more reasons".
fn write_left(page: &mut Page<'_>, left: usize, noun: &str) -> io::Result<()> {
    if left == 0 {
        return Ok(());
    }
    page.line(&format!(
        "{}and {left} more {noun}{} (-v lists them)",
        " ".repeat(INDENT),
        if left == 1 { "" } else { "s" }
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Verdict;
    use crate::report::{Format, sample};

    #[test]
    fn a_night_at_a_glance() {
        insta::assert_snapshot!(sample::render(Format::Human, &Options::default()));
    }

    #[test]
    fn ascii_is_enough() {
        let text = sample::render(Format::Human, &Options { unicode: false, width: 120, ..Options::default() });
        let foreign: Vec<_> = text.chars().filter(|character| !character.is_ascii()).collect();
        assert!(foreign.is_empty(), "{foreign:?}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn nothing_secret_and_no_control_character_is_shown() {
        for color in [false, true] {
            let text = sample::render(Format::Human, &Options { color, verbose: true, ..Options::default() });
            assert!(!text.contains("battery"), "{text}");
            assert!(!text.contains("\u{1b}[31m<script>"), "{text}");
            assert_eq!(text.contains('\u{1b}'), color);
        }
    }

    #[test]
    fn a_clean_audit_says_so() {
        insta::assert_snapshot!(sample::render_of(&Audit::default(), Format::Human, &Options::default()));
    }

    #[test]
    fn long_lists_are_bounded() {
        let mut audit = sample::audit();
        let is_gap = |one: &&Verdict| one.rule == "runbook/alert-without-runbook" && one.is_open_gap();
        let template = audit.verdicts.iter().find(is_gap).cloned().unwrap();
        let base = audit.verdicts.len();
        audit.verdicts.extend((0..30).map(|_| template.clone()));
        audit.scores.services[0].verdicts.extend(base..base + 30);
        let brief = sample::render_of(&audit, Format::Human, &Options::default());
        let full = sample::render_of(&audit, Format::Human, &Options { verbose: true, ..Options::default() });
        assert!(brief.contains("and 25 more (-v lists"), "{brief}");
        assert!(full.lines().count() > brief.lines().count() + 20);
    }
}

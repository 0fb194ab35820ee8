//! For a person at a terminal: service by service, the worst first, each gap with its place underlined; then what could
//! not be decided and what was not read; at the end, where the eye rests, the whole in a few lines. Uses `audit`.

mod page;

use std::collections::BTreeMap;
use std::io::{self, Write};

use owo_colors::Style;
use page::{Page, answer_style, grade_style, severity_style};

use super::Options;
use super::escape::terminal;
use super::excerpt::Window;
use super::finding::{Finding, Location, one_line};
use super::summary::{Counts, Scored, Step, grouped, listed, plural, skipped, steps, undecided, verdict};
use crate::audit::Audit;
use crate::rule::Severity;
use crate::score::Grade;

/// The most gaps drawn for one service, unless asked for more.
const GAPS: usize = 10;
/// The most places listed for one gap, and the most rows of other lists.
const ROWS: usize = 6;
/// Where the text of a gap starts.
const INDENT: usize = 3;

/// Writes the report.
pub(super) fn write(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out, options);
    let services = Scored::all(audit);
    for service in &services {
        write_service(&mut page, service)?;
    }
    if services.last().is_some_and(|last| shown(&page, last).is_empty()) {
        page.gap()?;
    }
    write_repository(&mut page, audit)?;
    write_undecided(&mut page, audit)?;
    if options.verbose {
        write_waived(&mut page, audit)?;
    }
    write_skipped(&mut page, audit)?;
    write_summary(&mut page, audit)
}

/// The gaps of a service that are drawn.
fn shown<'a>(page: &Page<'_>, service: &Scored<'a>) -> Vec<Finding<'a>> {
    let open = service.findings().into_iter().filter(Finding::is_open);
    open.filter(|finding| finding.is_shown(page.options)).collect()
}

/// A service: its header, the strip of questions, its gaps. One without gaps to show is a single line.
fn write_service(page: &mut Page<'_>, service: &Scored<'_>) -> io::Result<()> {
    let open = shown(page, service);
    if open.is_empty() {
        return page.line(&header(page, service));
    }
    page.rule()?;
    page.line(&header(page, service))?;
    write_strip(page, service)?;
    page.gap()?;
    write_gaps(page, &open)
}

/// `F  checkout · 14 of 100 · tier 1 · team-payments · 85% decided`.
fn header(page: &Page<'_>, service: &Scored<'_>) -> String {
    let score = service.score.score.map_or_else(|| "no score".to_owned(), |score| format!("{score} of 100"));
    let tier = service.tier().map_or_else(|| "no tier".to_owned(), |tier| format!("tier {tier}"));
    let owner = service.owner().map_or_else(|| "no owner known".into(), terminal);
    let facts = [score, tier, owner.into_owned(), format!("{}% decided", service.coverage())].join(page.dot());
    let grade = page.paint(&service.grade().to_string(), grade_style(service.score.grade));
    format!("{grade}  {}{}{}", page.bold(&terminal(service.name())), page.dim(page.dot()), page.dim(&facts))
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

/// Gaps, the worst first, each rule once with all the places that fail it.
fn write_gaps(page: &mut Page<'_>, open: &[Finding<'_>]) -> io::Result<()> {
    let groups = grouped(open);
    let most = if page.options.verbose { usize::MAX } else { GAPS };
    for group in groups.iter().take(most) {
        write_gap(page, group)?;
    }
    let left: usize = groups.iter().skip(most).map(Vec::len).sum();
    if left > 0 {
        write_left(page, left, "gap")?;
        page.gap()?;
    }
    Ok(())
}

/// One rule in one service: its title, one excerpt, the other places, what to do.
fn write_gap(page: &mut Page<'_>, group: &[Finding<'_>]) -> io::Result<()> {
    let Some((first, others)) = group.split_first() else { return Ok(()) };
    let severity = first.verdict.severity;
    let indent = " ".repeat(INDENT);
    let lead = page.paint(severity.name(), severity_style(severity));
    let title = page.bold(&terminal(first.title()));
    let rule = page.dim(&format!("[{}]", terminal(&first.verdict.rule)));
    page.line(&format!("{indent}{lead}  {title}  {rule}"))?;
    page.wrapped(&indent, INDENT, &one_line(&first.message()), Style::new())?;
    write_excerpt(page, first)?;
    write_others(page, others)?;
    let advice = first.advice();
    if !advice.is_empty() {
        let lead = format!("{indent}{}", page.paint("help: ", Style::new().cyan()));
        page.wrapped(&lead, INDENT + 6, &advice, Style::new())?;
    }
    page.gap()
}

/// The lines around a finding, and the related places that stand elsewhere.
fn write_excerpt(page: &mut Page<'_>, finding: &Finding<'_>) -> io::Result<()> {
    let Some((window, elsewhere)) = Window::around(&finding.audit.sources, finding.marks(), page.options) else {
        return Ok(());
    };
    page.block(INDENT - 1, &window.draw(page.options))?;
    let most = if page.options.verbose { usize::MAX } else { ROWS };
    for mark in elsewhere.iter().take(most) {
        let place = Location::at(finding.audit, mark.span).short();
        let label = if mark.label.is_empty() { String::new() } else { format!("  {}", mark.label) };
        let arrow = if page.options.unicode { "→" } else { "->" };
        page.line(&format!("{}{}", " ".repeat(INDENT), page.dim(&format!("{arrow} {}{label}", terminal(&place)))))?;
    }
    Ok(())
}

/// The other subjects that fail the same rule, in two columns: name and place.
fn write_others(page: &mut Page<'_>, others: &[Finding<'_>]) -> io::Result<()> {
    let most = if page.options.verbose { usize::MAX } else { ROWS };
    let rows: Vec<_> = others
        .iter()
        .take(most)
        .map(|one| (terminal(&one.verdict.subject), terminal(&one.location().short()).into_owned()))
        .collect();
    let widest = rows.iter().map(|(subject, _)| subject.chars().count()).max().unwrap_or(0).min(40);
    for (index, (subject, place)) in rows.iter().enumerate() {
        let lead = if index == 0 { "also: " } else { "      " };
        page.line(&format!("{}{}{subject:widest$}  {}", " ".repeat(INDENT), page.dim(lead), page.dim(place)))?;
    }
    let left = others.len().saturating_sub(most);
    if left > 0 {
        page.line(&format!("{}      and {left} more (-v lists them)", " ".repeat(INDENT)))?;
    }
    Ok(())
}

/// Gaps that belong to no service.
fn write_repository(page: &mut Page<'_>, audit: &Audit) -> io::Result<()> {
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
    write_gaps(page, &open)
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
        .filter_map(|finding| finding.verdict.suppressed.as_ref().map(|suppression| (finding, suppression)))
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

/// The whole in a few lines: verdict, services by grade, counts, what to do first, how to see more.
fn write_summary(page: &mut Page<'_>, audit: &Audit) -> io::Result<()> {
    page.rule()?;
    page.wrapped("", 0, &verdict(audit), Style::new().bold())?;
    page.gap()?;
    write_grades(page, audit)?;
    write_counts(page, audit)?;
    let steps = steps(audit);
    if !steps.is_empty() {
        page.gap()?;
        let title = page.bold("First");
        page.line(&title)?;
        for (index, step) in steps.iter().take(3).enumerate() {
            write_step(page, index + 1, step)?;
        }
        page.gap()?;
        let rule = steps.first().map_or("RULE", |step| step.lead.verdict.rule.as_str());
        page.line(&format!("{}twoam explain {}", page.dim("Why, and how to mend it:  "), terminal(rule)))?;
        page.line(&format!("{}twoam report -o readiness.html", page.dim("To read and to share:     ")))?;
    }
    Ok(())
}

/// One line for each grade that was given.
fn write_grades(page: &mut Page<'_>, audit: &Audit) -> io::Result<()> {
    let mut grades: BTreeMap<Option<Grade>, Vec<&str>> = BTreeMap::new();
    for service in Scored::all(audit) {
        grades.entry(service.score.grade).or_default().push(service.name());
    }
    // F first, what has no grade last.
    let undecided = grades.remove(&None).map(|names| (None, names));
    for (grade, names) in grades.into_iter().chain(undecided) {
        let letter = grade.map_or('?', Grade::letter).to_string();
        let lead = format!("{}{}  ", " ".repeat(INDENT), page.paint(&letter, grade_style(grade)));
        let shown = listed(&names, if page.options.verbose { usize::MAX } else { 8 });
        let note = if grade.is_none() { " (nothing could be decided)" } else { "" };
        page.wrapped(&lead, INDENT + 3, &format!("{shown}{note}"), Style::new())?;
    }
    Ok(())
}

/// `1 critical · 4 high`, and below `3 not decided · 1 waived · 2 files not read · 2 problems · 7 files read`.
fn write_counts(page: &mut Page<'_>, audit: &Audit) -> io::Result<()> {
    let counts = Counts::of(audit);
    let mut parts: Vec<String> = Severity::ALL
        .into_iter()
        .filter(|severity| counts.severity(*severity) > 0)
        .map(|severity| {
            page.paint(&format!("{} {}", counts.severity(severity), severity.name()), severity_style(severity))
        })
        .collect();
    if parts.is_empty() {
        parts.push(page.paint(&counts.sentence(), Style::new().green()));
    }
    let rest = [
        (counts.unknown, format!("{} not decided", counts.unknown)),
        (counts.suppressed, format!("{} waived", counts.suppressed)),
        (audit.skipped.len(), format!("{} not read", plural(audit.skipped.len(), "file"))),
        (audit.problems.len(), plural(audit.problems.len(), "problem")),
    ];
    let rest = rest.into_iter().filter(|(number, _)| *number > 0).map(|(_, words)| words);
    let rest: Vec<_> = rest.chain([format!("{} read", plural(audit.files_read, "file"))]).collect();
    if !audit.scores.services.is_empty() {
        page.gap()?;
    }
    page.line(&format!("{}{}", " ".repeat(INDENT), parts.join(page.dot())))?;
    page.line(&format!("{}{}", " ".repeat(INDENT), page.dim(&rest.join(page.dot()))))
}

/// `1. critical  Database backups are off: checkout (terraform/orders.tf:6)`.
fn write_step(page: &mut Page<'_>, number: usize, step: &Step<'_>) -> io::Result<()> {
    let severity = step.lead.verdict.severity;
    // The longest severity has eight letters.
    let name = format!("{:8}", severity.name());
    let lead = format!("{}{number}. {}  ", " ".repeat(INDENT), page.paint(&name, severity_style(severity)));
    let more = if step.closes > 1 { format!(" and {} more", step.closes - 1) } else { String::new() };
    let text = format!("{}: {} ({}{more})", step.lead.title(), step.whom(), step.lead.location().short());
    page.wrapped(&lead, INDENT + 13, &text, Style::new())
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let template = audit.verdicts.iter().find(|one| one.rule == "runbook/alert-without-runbook").cloned().unwrap();
        let base = audit.verdicts.len();
        audit.verdicts.extend((0..30).map(|_| template.clone()));
        audit.scores.services[0].verdicts.extend(base..base + 30);
        let brief = sample::render_of(&audit, Format::Human, &Options::default());
        let full = sample::render_of(&audit, Format::Human, &Options { verbose: true, ..Options::default() });
        assert!(brief.contains("and 25 more (-v lists them)"), "{brief}");
        assert!(full.lines().count() > brief.lines().count() + 20);
    }
}

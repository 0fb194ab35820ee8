//! The readiness report as Markdown, for a wiki, a pull request or a job summary. What comes from audited files is
//! escaped; the reasons and fixes of rules are Markdown already and are passed on. Uses `audit`.

use std::io::{self, Write};

use super::Options;
use super::escape::{markdown as safe, markdown_cell as cell, markdown_code as code, terminal};
use super::excerpt::Window;
use super::finding::{Finding, Location, one_line};
use super::summary::{
    Counts, Scored, answer, answer_sign, answer_word, grouped, label, plural, skipped, steps, undecided, verdict,
};
use crate::audit::Audit;
use crate::rule::Question;
use crate::score::Answer;

/// How many next steps are named.
const STEPS: usize = 10;
/// How many paths are named for one reason.
const PATHS: usize = 10;

/// Writes the document.
pub(super) fn write(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let project = if options.project.is_empty() { "this repository" } else { &options.project };
    let day = options.today.as_ref().map(|day| format!(", {}", safe(day))).unwrap_or_default();
    writeln!(out, "# Readiness of {}{day}\n\n**{}**\n", safe(project), safe(&verdict(audit)))?;
    write_facts(audit, out)?;
    let services = Scored::all(audit);
    write_map(&services, out)?;
    write_steps(audit, out)?;
    for service in &services {
        write_service(service, out)?;
    }
    let whole: Vec<_> = Finding::all(audit).filter(|one| one.is_open() && one.verdict.service.is_none()).collect();
    if !whole.is_empty() {
        writeln!(out, "## The repository as a whole\n")?;
        write_gaps(&whole, out)?;
    }
    write_undecided(audit, out)?;
    write_skipped(audit, out)?;
    write_problems(audit, out)
}

/// "Score 48 of 100. 1 critical, 4 high. 3 not decided. 1 waived."
fn write_facts(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let counts = Counts::of(audit);
    let mut facts = Vec::new();
    facts.extend(audit.scores.overall.map(|score| format!("Score {score} of 100.")));
    facts.push(format!("Open gaps: {}.", counts.sentence().replace("no open gap", "none")));
    if counts.unknown > 0 {
        facts.push(format!("{} not decided.", plural(counts.unknown, "check")));
    }
    if counts.suppressed > 0 {
        facts.push(format!("{} waived.", plural(counts.suppressed, "gap")));
    }
    facts.push(format!("{} read, {} not.", plural(audit.files_read, "file"), audit.skipped.len()));
    writeln!(out, "{}\n", facts.join(" "))
}

/// Services against questions.
fn write_map(services: &[Scored<'_>], out: &mut dyn Write) -> io::Result<()> {
    if services.is_empty() {
        return Ok(());
    }
    let heads: Vec<_> = Question::ALL.into_iter().map(label).collect();
    writeln!(out, "## Service by service\n")?;
    writeln!(out, "| Service | Grade | {} |\n| --- | :-: |{}", heads.join(" | "), " :-: |".repeat(heads.len()))?;
    for service in services {
        let cells = service.score.questions.iter().map(|question| match question.answer {
            Answer::NotApplicable => answer_sign(question.answer).to_owned(),
            answer => format!("{} {}", answer_sign(answer), answer_word(answer)),
        });
        let cells = cells.collect::<Vec<_>>().join(" | ");
        writeln!(out, "| {} | **{}** | {cells} |", cell(&safe(service.name())), service.grade())?;
    }
    writeln!(out)
}

fn write_steps(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let steps = steps(audit);
    if steps.is_empty() {
        return Ok(());
    }
    writeln!(out, "## What to do first\n")?;
    for (index, step) in steps.iter().take(STEPS).enumerate() {
        let more =
            if step.closes > 1 { format!(" and {}", plural(step.closes - 1, "more place")) } else { String::new() };
        let place = code(&step.lead.location().short());
        let advice = safe(&step.lead.advice());
        let advice = if advice.is_empty() { advice } else { format!(" {advice}") };
        let severity = step.lead.verdict.severity.name();
        let (title, whom) = (safe(step.lead.title()), safe(&step.whom()));
        writeln!(out, "{}. **{title}: {whom}** ({severity}).{advice} {place}{more}", index + 1)?;
    }
    writeln!(out)
}

fn write_service(service: &Scored<'_>, out: &mut dyn Write) -> io::Result<()> {
    let tier = service.tier().map_or_else(|| "No tier declared".into(), |tier| format!("Tier {tier}"));
    let owner = service.owner().map_or_else(|| "no owner known".into(), |owner| format!("owned by {}", safe(owner)));
    let score = service.score.score.map_or_else(|| "No score".into(), |score| format!("{score} of 100"));
    let coverage = service.coverage();
    writeln!(out, "## {}: {}\n", safe(service.name()), service.grade())?;
    writeln!(out, "{tier}, {owner}. {score}; {coverage}% of the checks could be decided.\n")?;
    for question in &service.score.questions {
        if question.answer != Answer::NotApplicable {
            writeln!(out, "- *{}* {}", question.question.text(), safe(&answer(service, question)))?;
        }
    }
    writeln!(out)?;
    let findings = service.findings();
    let open: Vec<_> = findings.iter().copied().filter(Finding::is_open).collect();
    write_gaps(&open, out)?;
    write_waived(&findings, out)
}

fn write_gaps(open: &[Finding<'_>], out: &mut dyn Write) -> io::Result<()> {
    for group in grouped(open) {
        let Some((first, others)) = group.split_first() else { continue };
        let severity = first.verdict.severity.name();
        writeln!(out, "### {}: {severity}\n\n{}\n", safe(first.title()), safe(&one_line(&first.message())))?;
        write_excerpt(first, out)?;
        if !others.is_empty() {
            let place =
                |one: &Finding<'_>| format!("{} ({})", safe(&one.verdict.subject), code(&one.location().short()));
            writeln!(out, "The same is true of {}.\n", others.iter().map(place).collect::<Vec<_>>().join(", "))?;
        }
        if let Some(meta) = first.meta {
            let lines = |text: &str| text.trim().lines().map(terminal).collect::<Vec<_>>().join("\n");
            writeln!(out, "{}\n\n**What to do:** {}\n", lines(&meta.why), lines(&meta.fix))?;
        }
        writeln!(out, "Rule {}\n", code(&first.verdict.rule))?;
    }
    Ok(())
}

/// The lines in a fenced block, underlined with characters that every font has.
fn write_excerpt(finding: &Finding<'_>, out: &mut dyn Write) -> io::Result<()> {
    let plain = Options { unicode: false, width: 120, ..Options::default() };
    let Some((window, elsewhere)) = Window::around(&finding.audit.sources, finding.marks(), &plain) else {
        return Ok(());
    };
    let drawn = window.draw(&plain);
    let longest = drawn.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    writeln!(out, "{fence}text\n{drawn}\n{fence}\n")?;
    for mark in &elsewhere {
        let place = Location::at(finding.audit, mark.span).short();
        writeln!(out, "- {} {}", code(&place), safe(mark.said()))?;
    }
    if elsewhere.is_empty() { Ok(()) } else { writeln!(out) }
}

fn write_waived(findings: &[Finding<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut any = false;
    for finding in findings {
        if let Some(waiver) = finding.verdict.suppressed() {
            let until = waiver.until.as_ref().map(|day| format!(" (until {})", safe(day))).unwrap_or_default();
            let (title, subject) = (safe(finding.title()), safe(&finding.verdict.subject));
            writeln!(out, "- Waived: {title}, {subject}: {}{until}", safe(&one_line(&waiver.reason)))?;
            any = true;
        }
    }
    if any { writeln!(out) } else { Ok(()) }
}

fn write_undecided(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let groups = undecided(Finding::all(audit));
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(out, "## What could not be decided\n")?;
    writeln!(out, "| Missing | Where to supply it | Named in | Checks |\n| --- | --- | --- | --: |")?;
    for group in &groups {
        let (reason, remedy) = (cell(&safe(&one_line(group.reason))), cell(&safe(&one_line(group.remedy))));
        let place = cell(&code(&group.location.short()));
        writeln!(out, "| {reason} | {remedy} | {place} | {} |", group.findings.len())?;
    }
    writeln!(out)
}

fn write_skipped(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let reasons = skipped(audit);
    if reasons.is_empty() {
        return Ok(());
    }
    writeln!(out, "## What was not read\n")?;
    for (reason, paths) in reasons {
        let shown: Vec<_> = paths.iter().take(PATHS).map(|path| code(path)).collect();
        let more = paths.len().saturating_sub(PATHS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(out, "- {}: {}{more}", safe(&one_line(reason)), shown.join(", "))?;
    }
    writeln!(out)
}

fn write_problems(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    if audit.problems.is_empty() {
        return Ok(());
    }
    writeln!(out, "## What was wrong with the files\n")?;
    for problem in &audit.problems {
        let place = problem.span.map(|span| Location::at(audit, span).short()).or_else(|| problem.path.clone());
        let place = place.map(|place| format!("{} ", code(&place))).unwrap_or_default();
        let help =
            if problem.help.is_empty() { String::new() } else { format!(". {}", safe(&one_line(&problem.help))) };
        writeln!(out, "- {place}{}{help}", safe(&one_line(&problem.message)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Format, sample};

    #[test]
    fn the_document_tells_the_whole_story() {
        insta::assert_snapshot!(sample::render(Format::Markdown, &Options::default()));
    }

    #[test]
    fn hostile_text_stays_text() {
        let text = sample::render(Format::Markdown, &Options::default());
        assert!(text.contains("&lt;script&gt;alert(1)&lt;/script&gt; | \\*x\\*"), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains("battery"));
    }
}

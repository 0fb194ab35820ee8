//! The end of the report, where the eye rests: the verdict, the services by grade, the counts, what to do first. It fits
//! a screen, whatever was audited.

use std::collections::BTreeMap;
use std::io;

use owo_colors::Style;

use super::INDENT;
use crate::audit::Audit;
use crate::report::escape::terminal;
use crate::report::page::{Page, grade_style, severity_style};
use crate::report::summary::{Counts, Scored, Step, aside, listed, plural, steps, verdict};
use crate::rule::Severity;
use crate::score::Grade;

/// How many steps are named.
const STEPS: usize = 3;
/// Where the text of a step starts: after its number and its severity.
const TEXT: usize = INDENT + 13;

/// Writes it.
pub(super) fn write(page: &mut Page<'_>, audit: &Audit) -> io::Result<()> {
    page.rule()?;
    page.wrapped("", 0, &verdict(audit), Style::new().bold())?;
    if audit.scores.services.is_empty() {
        write_no_service(page, audit)?;
    }
    page.gap()?;
    write_grades(page, audit)?;
    write_counts(page, audit)?;
    let steps = steps(audit);
    let Some(first) = steps.first() else { return Ok(()) };
    page.gap()?;
    let title = page.bold("First");
    page.line(&title)?;
    for (index, step) in steps.iter().take(STEPS).enumerate() {
        write_step(page, index + 1, step)?;
    }
    page.gap()?;
    page.line(&format!(
        "{}twoam explain {}",
        page.dim("Why, and how to mend it:  "),
        terminal(&first.lead.verdict.rule)
    ))?;
    if let Some(worst) = Scored::all(audit).first() {
        page.line(&format!(
            "{}twoam explain service/{}",
            page.dim("One service, in full:     "),
            terminal(worst.name())
        ))?;
    }
    page.line(&format!("{}twoam report -o readiness.html", page.dim("To read and to share:     ")))
}

/// Why that may be, and what to do about it.
fn write_no_service(page: &mut Page<'_>, audit: &Audit) -> io::Result<()> {
    let text = if audit.files_read == 0 {
        "No file here is one that twoam reads: Terraform, Kubernetes manifests, alert rules, runbooks. Name the folder \
         that holds them: `twoam check PATH…`."
    } else {
        "A service is known by its workloads' labels, by tags, by a catalogue, or by `[[service]]` in `twoam.toml` \
         (`twoam init` writes one)."
    };
    page.wrapped("", 0, text, Style::new())
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
        let note = if grade.is_none() { " (nothing could be judged)" } else { "" };
        let shown = fitting(page, &names, INDENT + 3 + note.len());
        page.wrapped(&lead, INDENT + 3, &format!("{shown}{note}"), Style::new())?;
    }
    if audit.scores.services.is_empty() { Ok(()) } else { page.gap() }
}

/// As many names as fit on a line of which `used` columns are taken; at least one, and all of them if asked for.
fn fitting(page: &Page<'_>, names: &[&str], used: usize) -> String {
    if page.options.verbose {
        return listed(names, usize::MAX);
    }
    let room = page.width().saturating_sub(used);
    let fits = |most: &usize| listed(names, *most).chars().count() <= room;
    listed(names, (1..=names.len()).rev().find(fits).unwrap_or(1))
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
    if parts.is_empty() && !audit.verdicts.is_empty() {
        parts.push(page.paint("no gap was found", Style::new().green()));
    } else if parts.is_empty() {
        parts.push("nothing was judged".to_owned());
    }
    let mut rest = aside(audit, &counts);
    rest.push(format!("{} read", plural(audit.files_read, "file")));
    page.line(&format!("{}{}", " ".repeat(INDENT), parts.join(page.dot())))?;
    page.line(&format!("{}{}", " ".repeat(INDENT), page.dim(&rest.join(page.dot()))))
}

/// `1. critical  Database backups are off: checkout`, and below `terraform/orders.tf:6 and 2 more places`.
fn write_step(page: &mut Page<'_>, number: usize, step: &Step<'_>) -> io::Result<()> {
    let severity = step.lead.verdict.severity;
    // The longest severity has eight letters.
    let name = format!("{:8}", severity.name());
    let lead = format!("{}{number}. {}  ", " ".repeat(INDENT), page.paint(&name, severity_style(severity)));
    let title = step.lead.title();
    let whom = match step.services.as_slice() {
        [] => step.whom(),
        services => fitting(page, services, TEXT + title.chars().count() + 2),
    };
    page.wrapped(&lead, TEXT, &format!("{title}: {whom}"), Style::new())?;
    let more = match step.closes {
        ..=1 => String::new(),
        places => format!(" and {}", plural(places - 1, "more place")),
    };
    page.wrapped(&" ".repeat(TEXT), TEXT, &format!("{}{more}", step.lead.location().short()), Style::new().dimmed())
}

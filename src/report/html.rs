//! The readiness report as one self-contained page for people: no script, nothing fetched, light and dark, wide, narrow
//! and on paper. Uses `audit`.

mod finding;
mod heat;
mod prose;
mod service;

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use prose::inline;

use super::Options;
use super::escape::{self, terminal};
use super::finding::{Finding, Location, one_line};
use super::summary::{Counts, Scored, capitalised, plural, skipped, steps, undecided, verdict};
use crate::audit::Audit;
use crate::rule::Severity;
use crate::score::{Answer, Grade};

const STYLE: &str = include_str!("html/style.css");
/// How many next steps are named.
const STEPS: usize = 10;
/// Nothing may be loaded and nothing run, whatever slipped into the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// Writes the page.
pub(super) fn write(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let title = title(options);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="generator" content={ "twoam " (env!("CARGO_PKG_VERSION")) };
                title { "Readiness of " (terminal(&title)) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body(audit, options, &title)) }
        }
    };
    writeln!(out, "{}", page.0)
}

/// What was audited, by name.
fn title(options: &Options) -> String {
    if options.project.is_empty() { "this repository".into() } else { options.project.clone() }
}

fn body(audit: &Audit, options: &Options, title: &str) -> Markup {
    let services = Scored::all(audit);
    html! {
        main {
            header {
                p class="eyebrow" {
                    "Readiness report"
                    @if let Some(day) = &options.today { ", " time datetime=(day) { (inline(day)) } }
                }
                h1 { (inline(title)) }
                p class="verdict" { (inline(&verdict(audit))) }
                (facts(audit))
            }
            @if !services.is_empty() { (heat::render(&services)) }
            (next_steps(audit))
            @for service in &services { (service::render(service)) }
            (repository(audit))
            (not_decided(audit))
            (not_read(audit))
            (problems(audit))
        }
        footer {
            p {
                "Written by twoam " (env!("CARGO_PKG_VERSION")) " from " (plural(audit.files_read, "file"))
                ". What is not known counts neither for nor against a service. A grade is capped at F by an open critical gap, "
                "and at C by an open high one."
            }
        }
    }
}

fn facts(audit: &Audit) -> Markup {
    let counts = Counts::of(audit);
    html! {
        dl class="facts" {
            @if let Some(score) = audit.scores.overall { (fact("Score", &format!("{score} of 100"))) }
            (fact("Services", &audit.scores.services.len().to_string()))
            @for severity in Severity::ALL {
                @if counts.severity(severity) > 0 {
                    (fact(&capitalised(severity.name()), &counts.severity(severity).to_string()))
                }
            }
            @if counts.open() == 0 { (fact("Open gaps", "0")) }
            @if counts.unknown > 0 { (fact("Not decided", &counts.unknown.to_string())) }
            @if counts.suppressed > 0 { (fact("Waived", &counts.suppressed.to_string())) }
        }
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn next_steps(audit: &Audit) -> Markup {
    let steps = steps(audit);
    html! {
        @if !steps.is_empty() {
            section aria-labelledby="first" {
                h2 id="first" { "What to do first" }
                ol class="steps" {
                    @for step in steps.iter().take(STEPS) {
                        li {
                            div {
                                strong { (inline(step.lead.title())) ": " (inline(&step.whom())) }
                                span class={ "tag " (step.lead.verdict.severity.name()) } { (step.lead.verdict.severity.name()) }
                                p { (inline(&step.lead.advice())) }
                                p class="small soft" {
                                    code { (inline(&step.lead.location().short())) }
                                    @if step.closes > 1 { " and " (plural(step.closes - 1, "more place")) }
                                }
                            }
                        }
                    }
                }
                @if steps.len() > STEPS {
                    p class="soft" { "After these, " (plural(steps.len() - STEPS, "more step")) ", each with its service below." }
                }
            }
        }
    }
}

fn repository(audit: &Audit) -> Markup {
    let open: Vec<_> = Finding::all(audit).filter(|one| one.is_open() && one.verdict.service.is_none()).collect();
    html! {
        @if !open.is_empty() {
            section aria-labelledby="repository" {
                h2 id="repository" { "The repository as a whole" }
                (finding::all(&open))
            }
        }
    }
}

fn not_decided(audit: &Audit) -> Markup {
    let groups = undecided(Finding::all(audit));
    let rows = groups.iter().map(|group| {
        html! {
            tr {
                td { (inline(&one_line(group.reason))) }
                td { (inline(&one_line(group.remedy))) }
                td { code { (inline(&group.location.short())) } }
                td { (plural(group.findings.len(), "check")) }
            }
        }
    });
    table("unknown", "What could not be decided", &["Missing", "Where to supply it", "Named in", "Waiting"], rows)
}

fn not_read(audit: &Audit) -> Markup {
    let rows = skipped(audit).into_iter().map(|(reason, paths)| {
        html! {
            tr {
                td { (inline(&one_line(reason))) }
                td {
                    @if let [path] = paths.as_slice() { code { (inline(path)) } }
                    @else {
                        details {
                            summary { (plural(paths.len(), "file")) }
                            ul class="places" { @for path in paths { li { code { (inline(path)) } } } }
                        }
                    }
                }
            }
        }
    });
    table("skipped", "What was not read", &["Why", "What"], rows)
}

fn problems(audit: &Audit) -> Markup {
    let rows = audit.problems.iter().map(|problem| {
        let place = problem.span.map(|span| Location::at(audit, span).short()).or_else(|| problem.path.clone());
        html! {
            tr {
                td { (inline(&one_line(&problem.message))) }
                td { (inline(&one_line(&problem.help))) }
                td { @if let Some(place) = place { code { (inline(&place)) } } }
            }
        }
    });
    table("problems", "What was wrong with the files", &["Problem", "What to do", "Where"], rows)
}

/// A section that is a table; nothing without rows.
fn table(id: &str, title: &str, heads: &[&str], rows: impl Iterator<Item = Markup>) -> Markup {
    let rows: Vec<_> = rows.collect();
    html! {
        @if !rows.is_empty() {
            section aria-labelledby=(id) {
                h2 id=(id) { (title) }
                table class="list" {
                    thead { tr { @for head in heads { th scope="col" { (head) } } } }
                    tbody { @for row in rows { (row) } }
                }
            }
        }
    }
}

/// The id of a service's section.
fn anchor(service: &Scored<'_>) -> String {
    let slug: String = service.name().chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '-' }).collect();
    if slug == service.name() || escape::uri(service.name()) == service.name() {
        return format!("service-{}", service.name());
    }
    // Two names may have one slug; their numbers differ.
    format!("service-{slug}-{}", service.score.service.index())
}

fn answer_class(answer: Answer) -> &'static str {
    answer.name()
}

/// The colour of a grade is that of the answer it comes near to.
fn grade_class(grade: Option<Grade>) -> &'static str {
    match grade {
        Some(Grade::A | Grade::B) => "yes",
        Some(Grade::C) => "partly",
        Some(Grade::D | Grade::E | Grade::F) => "no",
        None => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Format, sample};

    fn page() -> String {
        sample::render(Format::Html, &Options::default())
    }

    #[test]
    fn the_page_tells_the_whole_story() {
        let page = page().replace(STYLE, "").replace(env!("CARGO_PKG_VERSION"), "[version]");
        // One element a line, for the eyes of whoever reads the snapshot.
        let lines =
            ["<section", "<h2", "<h3", "<h4", "<p", "<li", "<tr", "<td", "<th", "<dt", "<dd", "<span class=\"row\""];
        let page = lines.iter().fold(page, |page, start| page.replace(start, &format!("\n{start}")));
        insta::assert_snapshot!(page);
    }

    #[test]
    fn the_page_needs_nothing_and_obeys_nothing() {
        let page = page();
        for forbidden in ["<script", "<link", "<img", "src=", "@import", "url(", "javascript:", "\u{1b}", "battery"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    }

    #[test]
    fn an_empty_audit_is_a_page_too() {
        let page = sample::render_of(&Audit::default(), Format::Html, &Options::default());
        assert!(page.contains("No service was found here"));
        assert!(!page.contains("<table"));
    }
}

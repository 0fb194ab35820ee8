//! The section of one service: its grade, its answers in sentences, its gaps, what is not known of it.

use maud::{Markup, html};

use super::prose::inline;
use super::{anchor, answer_class, finding, grade_class};
use crate::report::finding::{Finding, one_line};
use crate::report::summary::{Scored, answer, answer_sign, answer_word, label, listed, plural, undecided};
use crate::score::Answer;

/// The section.
pub(super) fn render(service: &Scored<'_>) -> Markup {
    let findings = service.findings();
    let open: Vec<_> = findings.iter().copied().filter(Finding::is_open).collect();
    let id = anchor(service);
    html! {
        section class="service" aria-labelledby=(id) {
            header {
                span class={ "grade " (grade_class(service.score.grade)) } {
                    span class="hidden" { "Grade " } (service.grade())
                }
                div {
                    h2 id=(id) { (inline(service.name())) }
                    p class="soft" { (inline(&facts(service))) }
                }
            }
            (answers(service))
            @if !open.is_empty() {
                h3 { (plural(open.len(), "open gap")) }
                (finding::all(&open))
            }
            (unknowns(&findings))
            (waived(&findings))
        }
    }
}

/// "Tier 1, owned by team-payments. 14 of 100; 85% of the checks could be decided."
fn facts(service: &Scored<'_>) -> String {
    let tier = service.tier().map_or_else(|| "No tier declared".into(), |tier| format!("Tier {tier}"));
    let owner = service.owner().map_or_else(|| "no owner known".into(), |owner| format!("owned by {owner}"));
    let score = service.score.score.map_or_else(|| "No score".into(), |score| format!("{score} of 100"));
    format!("{tier}, {owner}. {score}; {}% of the checks could be decided.", service.coverage())
}

/// A sentence for each question that applies, and one line for those that do not.
fn answers(service: &Scored<'_>) -> Markup {
    let (none, some): (Vec<_>, Vec<_>) =
        service.score.questions.iter().partition(|question| question.answer == Answer::NotApplicable);
    let names: Vec<_> = none.iter().map(|question| label(question.question)).collect();
    html! {
        dl class="answers" {
            @for question in some {
                div {
                    dt { (question.question.text()) }
                    dd class="sign" {
                        span class={ "tag " (answer_class(question.answer)) } {
                            span aria-hidden="true" { (answer_sign(question.answer)) } " " (answer_word(question.answer))
                        }
                    }
                    dd { (inline(&answer(service, question))) }
                }
            }
        }
        @if !names.is_empty() {
            p class="small soft" { "Nothing here to check for: " (names.join(", ").to_lowercase()) "." }
        }
    }
}

fn unknowns(findings: &[Finding<'_>]) -> Markup {
    let groups = undecided(findings.iter().copied());
    html! {
        @if !groups.is_empty() {
            h3 { "Not known" }
            ul {
                @for group in &groups {
                    li {
                        (inline(&one_line(group.reason))) " "
                        code class="soft" { (inline(&group.location.short())) } ". "
                        @if !group.remedy.is_empty() { (inline(&one_line(group.remedy))) }
                        " " span class="soft" { "It would decide " (inline(&titles(&group.findings))) "." }
                    }
                }
            }
        }
    }
}

/// The checks that wait for an answer, each once.
fn titles(findings: &[Finding<'_>]) -> String {
    let mut titles: Vec<String> = Vec::new();
    for title in findings.iter().map(|finding| format!("“{}”", finding.title())) {
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    listed(&titles, 4)
}

fn waived(findings: &[Finding<'_>]) -> Markup {
    let waived: Vec<_> =
        findings.iter().filter_map(|one| one.verdict.suppressed().map(|waiver| (one, waiver))).collect();
    html! {
        @if !waived.is_empty() {
            h3 { "Waived" }
            ul {
                @for (finding, waiver) in waived {
                    li {
                        (inline(finding.title())) " (" (inline(&finding.verdict.subject)) "): " (inline(&one_line(&waiver.reason)))
                        @if let Some(day) = &waiver.until { span class="soft" { " Until " (inline(day)) "." } }
                    }
                }
            }
        }
    }
}

//! The heat map: services against questions, each answer by colour, by sign and by word.

use maud::{Markup, html};

use super::prose::inline;
use super::{anchor, answer_class, grade_class};
use crate::report::summary::{Scored, answer_sign, answer_word, label};
use crate::rule::Question;
use crate::score::Answer;

/// How many questions are about the night itself; the others are about preparing for it.
const NIGHT: usize = 6;

/// The map, with the questions in full below.
pub(super) fn render(services: &[Scored<'_>]) -> Markup {
    html! {
        section aria-labelledby="map" {
            h2 id="map" { "Service by service" }
            div class="scroll" tabindex="0" role="region" aria-labelledby="map" {
                table class="heat" {
                    colgroup { col class="service"; col class="grade-column"; }
                    thead {
                        tr {
                            td colspan="2" {}
                            th scope="colgroup" colspan=(NIGHT) class="group" { "Tonight" }
                            th scope="colgroup" colspan=(Question::ALL.len() - NIGHT) class="group" { "Before" }
                        }
                        tr {
                            th scope="col" class="start" { "Service" }
                            th scope="col" { span { "Grade" } }
                            @for question in Question::ALL {
                                th scope="col" title=(question.text()) { span { (label(question)) } }
                            }
                        }
                    }
                    tbody { @for service in services { (row(service)) } }
                }
            }
            p class="legend small soft" {
                @for answer in [Answer::Yes, Answer::Partly, Answer::No, Answer::Unknown, Answer::NotApplicable] {
                    span { b class="glyph" { (answer_sign(answer)) } " " (answer_word(answer)) } " "
                }
            }
            dl class="questions" {
                @for question in Question::ALL {
                    div { dt { (label(question)) } dd { (question.text()) } }
                }
            }
        }
    }
}

fn row(service: &Scored<'_>) -> Markup {
    let tier = service.tier().map(|tier| format!("tier {tier}"));
    let score = service.score.score.map(|score| format!("{score} of 100"));
    let facts = tier.into_iter().chain(score).collect::<Vec<_>>().join(", ");
    html! {
        tr {
            th scope="row" {
                a href={ "#" (anchor(service)) } { (inline(service.name())) }
                @if !facts.is_empty() { span class="soft" { (facts) } }
            }
            td { span class={ "grade " (grade_class(service.score.grade)) } { (service.grade()) } }
            @for question in &service.score.questions { (cell(question.answer)) }
        }
    }
}

fn cell(answer: Answer) -> Markup {
    let word = if answer == Answer::NotApplicable { "hidden" } else { "word" };
    html! {
        td class=(answer_class(answer)) {
            span class="glyph" aria-hidden="true" { (answer_sign(answer)) } " "
            span class=(word) { (answer_word(answer)) }
        }
    }
}

//! One gap of a service, or several of one rule: what is wrong, the lines that show it, why it matters, what to do.

use maud::{Markup, html};

use super::prose::{inline, is_web_address, markdown};
use crate::report::Options;
use crate::report::excerpt::Window;
use crate::report::finding::{Finding, Location, one_line};
use crate::report::summary::grouped;

/// How many further places are shown before the rest is folded away.
const PLACES: usize = 6;

/// Gaps, the worst first, each rule once.
pub(super) fn all(findings: &[Finding<'_>]) -> Markup {
    html! { @for group in grouped(findings) { (render(&group)) } }
}

fn render(group: &[Finding<'_>]) -> Markup {
    let Some((first, others)) = group.split_first() else { return html! {} };
    let severity = first.verdict.severity.name();
    let references = first.meta.map_or(&[][..], |meta| meta.references.as_slice());
    let references: Vec<_> = references.iter().filter(|link| is_web_address(link)).collect();
    html! {
        article class="finding" {
            h4 {
                span class={ "tag " (severity) } { (severity) } " "
                span { (inline(first.title())) } " "
                span class="rule" { (inline(&first.verdict.rule)) }
            }
            p { (inline(&one_line(&first.message()))) }
            (excerpt(first))
            @if !others.is_empty() { (places(others)) }
            @if let Some(meta) = first.meta {
                div class="why soft" { (markdown(&meta.why)) }
                div class="fix" { (markdown(&meta.fix)) }
            }
            @if !references.is_empty() {
                p class="small soft" {
                    "Read more: "
                    @for (index, link) in references.iter().enumerate() {
                        @if index > 0 { ", " }
                        a href=(link) { (short_link(link)) }
                    }
                }
            }
        }
    }
}

/// The lines around the finding with its place marked, and where else to look.
fn excerpt(finding: &Finding<'_>) -> Markup {
    let options = Options { width: 180, ..Options::default() };
    let Some((window, elsewhere)) = Window::around(&finding.audit.sources, finding.marks(), &options) else {
        return html! {};
    };
    html! {
        figure {
            figcaption { (inline(&finding.location().short())) }
            pre { code { @for line in window.lines() { (row(&line.parts(), line.number, &line.said())) } } }
        }
        @if !elsewhere.is_empty() {
            ul class="places soft" {
                @for mark in &elsewhere {
                    li { code { (inline(&Location::at(finding.audit, mark.span).short())) } " " (inline(mark.said())) }
                }
            }
        }
    }
}

/// One line of source: its number, its text with the marked parts, what is said of them.
fn row(parts: &[(bool, &str)], number: usize, said: &str) -> Markup {
    html! {
        span class="row" {
            span class="number" { (number) }
            @for (marked, text) in parts {
                @if *marked { mark { (text) } } @else { (text) }
            }
            @if !said.is_empty() { span class="said" { "  ← " (inline(said)) } }
            "\n"
        }
    }
}

/// The other subjects that fail the same rule.
fn places(others: &[Finding<'_>]) -> Markup {
    let (shown, folded) = others.split_at(others.len().min(PLACES));
    let list = |findings: &[Finding<'_>]| {
        html! {
            ul class="places" {
                @for one in findings {
                    li { (inline(&one.verdict.subject)) " " code class="soft" { (inline(&one.location().short())) } }
                }
            }
        }
    };
    html! {
        p class="small" { "The same is true of:" }
        (list(shown))
        @if !folded.is_empty() {
            details { summary { (folded.len()) " more" } (list(folded)) }
        }
    }
}

/// A link without its scheme.
fn short_link(link: &str) -> &str {
    link.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/')
}

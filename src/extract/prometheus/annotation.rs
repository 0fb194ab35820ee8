//! What an alert tells its reader: a line, a paragraph, and the runbook.

use crate::model::probe::host;
use crate::model::{Fact, Labels, RunbookReference};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// Annotations that say it in a line.
const SUMMARY: &[&str] = &["summary", "title", "message", "subject"];

/// Annotations that say it in full.
const DESCRIPTION: &[&str] = &["description", "message", "details", "detail", "impact", "info"];

/// Annotations, and labels of some, that name the runbook.
const RUNBOOK: &[&str] = &[
    "runbook_url",
    "runbook",
    "runbook_link",
    "runbookUrl",
    "runbookURL",
    "runbook_uri",
    "runbook-url",
    "runbooks",
    "playbook",
    "playbook_url",
    "playbook_link",
    "sop_url",
    "sop",
    "troubleshooting_url",
    "documentation_url",
    "docs_url",
];

/// Values that say that there is none yet.
const PLACEHOLDERS: &[&str] =
    &["", "todo", "tbd", "tba", "fixme", "n/a", "na", "none", "null", "-", "--", "?", "xxx", "pending", "coming soon"];

/// What it says in a line.
pub(super) fn summary(annotations: &Labels, head: Span) -> Fact<Text> {
    first(annotations, SUMMARY, head)
}

/// What it says in full.
pub(super) fn description(annotations: &Labels, head: Span) -> Fact<Text> {
    first(annotations, DESCRIPTION, head)
}

/// The first of these annotations that says anything; absent at the alert's head.
fn first(annotations: &Labels, names: &[&str], head: Span) -> Fact<Text> {
    let said = |fact: &&Fact<Text>| fact.reason().is_some() || fact.value().is_some_and(|text| !text.trim().is_empty());
    names.iter().filter_map(|name| annotations.get(name)).find(said).cloned().unwrap_or_else(|| Fact::absent(head))
}

/// The runbook an alert names: an annotation for it, or else a URL in its description that calls itself one.
pub(super) fn runbook(annotations: &Labels, labels: &Labels, head: Span) -> RunbookReference {
    let named = RUNBOOK.iter().filter_map(|name| annotations.get(name).or_else(|| labels.get(name)));
    let mut placeholder = None;
    for fact in named {
        match fact.value() {
            Some(text) if is_placeholder(text) => placeholder = placeholder.or(fact.span),
            Some(_) => {
                return reference(Fact { state: crate::model::State::Known(true), ..marked(fact) }, fact.clone());
            }
            None => match fact.reason() {
                Some(unknown) => return reference(Fact::unknown(unknown.clone()), fact.clone()),
                None => placeholder = placeholder.or(fact.span),
            },
        }
    }
    if let Some((link, fact)) = described(annotations) {
        let url = Fact::known(link, fact.span);
        return reference(marked(fact), url);
    }
    let looked_at = placeholder.unwrap_or(head);
    RunbookReference {
        span: Some(looked_at),
        exists: Fact::known(false, looked_at),
        url: Fact::absent(looked_at),
        ..RunbookReference::default()
    }
}

fn reference(exists: Fact<bool>, url: Fact<Text>) -> RunbookReference {
    let url = match url.value() {
        Some(text) => Fact { state: crate::model::State::Known(Text::from(text.trim())), ..url },
        None => url,
    };
    RunbookReference { span: url.span, exists, url, ..RunbookReference::default() }
}

fn marked(fact: &Fact<Text>) -> Fact<bool> {
    Fact { state: crate::model::State::Known(true), span: fact.span, via: fact.via.clone() }
}

/// Whether a value only holds the place of a runbook.
fn is_placeholder(text: &str) -> bool {
    let text = text.trim().trim_matches(['<', '>', '[', ']', '"', '\'', '.']).trim().to_ascii_lowercase();
    let host = if text.contains("://") { host(&text) } else { "" };
    PLACEHOLDERS.contains(&text.as_str())
        || text.starts_with("todo")
        || text.starts_with("tbd")
        || matches!(host, "example.com" | "www.example.com" | "example.org" | "todo")
}

/// A URL in a text that calls itself a runbook, by a word in it or before it. Other links, such as dashboards, are none.
fn described(annotations: &Labels) -> Option<(Text, &Fact<Text>)> {
    DESCRIPTION.iter().chain(SUMMARY).filter_map(|name| annotations.get(name)).find_map(|fact| {
        let text = fact.value()?;
        let mut before = "";
        for word in text.split_whitespace() {
            let start = word.find("http://").or_else(|| word.find("https://"));
            if let Some(link) = start.and_then(|start| word.get(start..)) {
                let link = link.trim_end_matches(['.', ',', ')', ']', '>', '\'', '"', ';']);
                if calls_itself_runbook(link) || calls_itself_runbook(before) {
                    return Some((Text::from(link), fact));
                }
            }
            before = word;
        }
        None
    })
}

fn calls_itself_runbook(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["runbook", "playbook", "troubleshoot"].iter().any(|mark| word.contains(mark))
}

/// The unknown of a link that a template fills in.
pub(super) fn templated(link: &str, span: Option<Span>) -> Option<Unknown> {
    let template = link.contains("{{") || link.contains("${") || link.contains("{%");
    template.then(|| Unknown::new(format!("the link `{link}` is a template, filled in when the alert fires"), "", span))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pairs: &[(&str, &str)]) -> (Option<bool>, Option<Text>) {
        let fact = |value: &str| Fact::known(Text::from(value), Span::default());
        let annotations = Labels(pairs.iter().map(|(key, value)| (Text::from(*key), fact(value))).collect());
        let reference = runbook(&annotations, &Labels::default(), Span::default());
        (reference.exists.value().copied(), reference.url.value().cloned())
    }

    #[test]
    fn a_runbook_is_an_annotation_or_a_link_in_the_text() {
        assert_eq!(found(&[("runbook_url", "https://x/y\n")]), (Some(true), Some("https://x/y".into())));
        assert_eq!(found(&[("runbook", "docs/api/README.md")]), (Some(true), Some("docs/api/README.md".into())));
        let text = "It is down. See the runbook: https://x/down.md.";
        assert_eq!(found(&[("description", text)]), (Some(true), Some("https://x/down.md".into())));
        assert_eq!(found(&[("description", "See https://grafana.example/d/1")]), (Some(false), None));
    }

    #[test]
    fn a_placeholder_is_no_runbook() {
        for value in ["TODO", "", "  ", "<TBD>", "n/a", "TODO: write one", "https://example.com/runbook"] {
            assert_eq!(found(&[("runbook_url", value)]), (Some(false), None), "{value}");
        }
        assert_eq!(found(&[("runbook_url", "TODO"), ("runbook", "https://x/y")]).0, Some(true));
    }
}

//! Whether a page says whom to call. Uses `outline`.
//!
//! A team, a person, a channel, a pager, an address: any of them is enough, since a false "nobody" would send people to
//! write what is there already.

use super::draft::is_placeholder;
use super::outline::{LineKind, Outline, count_words};
use super::vocabulary::Purpose;
use crate::tree::Node;

/// Front matter keys that name someone.
const OWNER_KEYS: &[&str] = &[
    "owner",
    "owners",
    "team",
    "teams",
    "contact",
    "contacts",
    "escalation",
    "oncall",
    "on_call",
    "on-call",
    "slack",
    "pager",
];

/// Words that speak of someone to call, as beginnings of words.
const CALLS: &[&str] = &["escalat", "pager", "paging", "opsgenie", "oncall", "victorops", "slack", "contact"];

/// Phrases that do.
const PHRASES: &[&str] = &[
    "on-call",
    "on call",
    "page the",
    "page someone",
    "reach out to",
    "incident commander",
    "incident manager",
    "support ticket",
    "support case",
    "service desk",
    "war room",
    "get help from",
    "ask in ",
    "rufbereitschaft",
    "astreinte",
    "de guardia",
    "de plantão",
    "piketdienst",
    "kontaktier",
    "eskalier",
];

/// Whether someone is named.
pub(super) fn named(outline: &Outline<'_>) -> bool {
    let matter = outline.page.front_matter.as_ref();
    let owned = OWNER_KEYS.iter().filter_map(|key| matter?.get(key)).any(names_someone);
    let mut escalation = outline.lines_for(Purpose::Escalation);
    owned
        || escalation.any(|line| line.kind == LineKind::Text && !is_placeholder(line) && count_words(line.text) > 0)
        || outline.lines.iter().filter(|line| line.kind == LineKind::Text).any(|line| calls(line.text))
}

fn names_someone(node: &Node) -> bool {
    let filled =
        |text: &str| !text.trim().is_empty() && !text.contains(['<', '>']) && !["TODO", "TBD"].contains(&text.trim());
    node.scalar().is_some_and(|text| filled(&text)) || !node.items().is_empty() || !node.entries().is_empty()
}

/// Whether a line of prose speaks of someone to call.
fn calls(line: &str) -> bool {
    let prose = without_targets(line);
    let lower = prose.to_lowercase();
    PHRASES.iter().any(|phrase| lower.contains(phrase)) || lower.split_whitespace().any(is_call)
}

/// A word that names or calls someone: `#payments`, `@anna`, `team-payments`, `ops@example.org`, `pager`.
fn is_call(word: &str) -> bool {
    let word =
        word.trim_matches(|character: char| !character.is_alphanumeric() && character != '#' && character != '@');
    let name = |rest: &str| {
        rest.chars().next().is_some_and(char::is_alphabetic)
            && rest.len() > 2
            && rest.chars().all(|character| character.is_alphanumeric() || "-_/.".contains(character))
    };
    let parts: Vec<&str> = word.split(|character: char| !character.is_alphanumeric()).collect();
    word.strip_prefix('#').is_some_and(name)
        || word.strip_prefix('@').is_some_and(name)
        || word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && user != "git" && host.contains('.'))
        || parts.iter().any(|part| matches!(*part, "team" | "teams") || CALLS.iter().any(|call| part.starts_with(call)))
}

/// A line without the targets of its links, whose anchors look like channels.
fn without_targets(line: &str) -> String {
    let mut pieces = line.split("](");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        text.push(' ');
        text.push_str(piece.split_once(')').map_or("", |(_, rest)| rest));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_from_other_words() {
        for line in [
            "in `#incident`.",
            "Ask @anna-b",
            "team-payments, please",
            "mail ops@example.org",
            "Page the DBA",
            "the core team",
        ] {
            assert!(calls(line), "{line}");
        }
        for line in ["see [below](#steps)", "issue #123", "git@example.com:repo", "this page says so", "steam rises"] {
            assert!(!calls(line), "{line}");
        }
    }
}

//! One verdict as every output reads it: its place in lines and columns, its words, its advice. Uses `audit`.

use std::borrow::Cow;

use super::excerpt::Mark;
use super::{Options, escape};
use crate::audit::Audit;
use crate::evaluate::{Evidence, Outcome, Verdict};
use crate::rule::Meta;
use crate::source::{Position, Span};
use crate::tree::Unknown;

/// A verdict that is not a pass.
#[derive(Clone, Copy)]
pub(super) struct Finding<'a> {
    /// The audit it is of.
    pub(super) audit: &'a Audit,
    /// The verdict.
    pub(super) verdict: &'a Verdict,
    /// What its rule says for people.
    pub(super) meta: Option<&'a Meta>,
}

/// Where something stands, as shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Location<'a> {
    pub(super) path: &'a str,
    pub(super) start: Position,
    pub(super) end: Position,
}

impl<'a> Finding<'a> {
    /// The finding of a verdict; nothing for a pass.
    pub(super) fn of(audit: &'a Audit, verdict: &'a Verdict) -> Option<Self> {
        (verdict.outcome() != Outcome::Pass).then(|| Self {
            audit,
            verdict,
            meta: audit.rules.get(&verdict.rule).map(|rule| &rule.meta),
        })
    }

    /// All of them, in the order of the audit.
    pub(super) fn all(audit: &'a Audit) -> impl Iterator<Item = Self> {
        audit.verdicts.iter().filter_map(|verdict| Self::of(audit, verdict))
    }

    /// What is not known, if that is the matter.
    pub(super) fn unknown(&self) -> Option<&'a Unknown> {
        match self.verdict.outcome() {
            Outcome::Unknown(unknown) => Some(unknown),
            _ => None,
        }
    }

    /// Whether it counts: neither waived nor unknown.
    pub(super) fn is_open(&self) -> bool {
        self.verdict.is_open_gap()
    }

    /// Whether it weighs enough to be shown.
    pub(super) fn is_shown(&self, options: &Options) -> bool {
        self.verdict.severity >= options.min_severity
    }

    /// Whether it could not be decided, and nobody waived it.
    pub(super) fn is_undecided(&self) -> bool {
        self.unknown().is_some() && self.verdict.suppressed().is_none()
    }

    /// The fault in a few words.
    pub(super) fn title(&self) -> &'a str {
        self.meta.map_or(self.verdict.rule.as_str(), |meta| meta.title.as_str())
    }

    /// What is wrong, in one line; for an unknown, what is missing.
    pub(super) fn message(&self) -> Cow<'a, str> {
        match (self.unknown(), self.verdict.message()) {
            (Some(unknown), _) => format!("{}: not known, {}", self.title(), unknown.reason).into(),
            (None, "") => self.title().into(),
            (None, message) => message.into(),
        }
    }

    /// What to do: the rule's fix, or where to supply what is missing.
    pub(super) fn help(&self) -> &'a str {
        match (self.unknown(), self.meta) {
            (Some(unknown), _) => unknown.remedy.trim(),
            (None, Some(meta)) => meta.fix.trim(),
            (None, None) => "",
        }
    }

    /// The first sentence of the help: what fits on a line, without marks of emphasis.
    pub(super) fn advice(&self) -> String {
        let line = one_line(first_sentence(self.help()));
        let parts = line.split('`').enumerate();
        parts
            .map(|(at, part)| if at % 2 == 0 { part.replace('*', "") } else { part.into() })
            .collect::<Vec<_>>()
            .join("`")
    }

    /// The name of the service it counts for; none for the repository as a whole.
    pub(super) fn service(&self) -> Option<&'a str> {
        self.verdict.service.map(|id| self.audit.model[id].name.as_str())
    }

    /// Where it stands. What stands nowhere is about the audited root: `.`, line 1.
    pub(super) fn location(&self) -> Location<'a> {
        self.verdict.evidence().first().map_or_else(Location::root, |evidence| Location::of(self.audit, evidence))
    }

    /// The places to underline, with what is said of them on one line. What a rule names by the path of a fact is said
    /// of further places only: of the first, the message has said it, and a head speaks for itself.
    pub(super) fn marks(&self) -> Vec<Mark> {
        let mark = |(index, one): (usize, &Evidence)| {
            let is_silent = is_head(&one.label) || (index == 0 && is_fact(&one.label));
            let label = if is_silent { "".into() } else { said(&one.label) };
            Mark { span: one.span, label: escape::terminal(&label).into_owned() }
        };
        self.verdict.evidence().iter().enumerate().map(mark).collect()
    }

    /// The places that support it, beside its own.
    pub(super) fn related(&self) -> &'a [Evidence] {
        self.verdict.evidence().get(1..).unwrap_or_default()
    }
}

impl<'a> Location<'a> {
    /// The place of a piece of evidence.
    pub(super) fn of(audit: &'a Audit, evidence: &Evidence) -> Self {
        Self::at(audit, evidence.span)
    }

    /// The place of a span.
    pub(super) fn at(audit: &'a Audit, span: Span) -> Self {
        let (start, end) = audit.sources.range(span);
        Self { path: audit.sources.path(span), start, end }
    }

    fn root() -> Self {
        let start = Position { line: 1, column: 1 };
        Self { path: ".", start, end: start }
    }

    /// `path:line`.
    pub(super) fn short(&self) -> String {
        format!("{}:{}", self.path, self.start.line)
    }
}

/// What is said of a place in words. A label is a sentence part, which stays, or the path of a fact in a rule: of that,
/// what it is about, without the words that only say how it is asked (`datastore.backup.retention_days` is about the
/// backup's retention). The head of the subject is called by its kind.
pub(super) fn said(label: &str) -> Cow<'_, str> {
    if !is_fact(label) {
        return if is_word(label) { label.replace('_', " ").into() } else { Cow::Borrowed(label) };
    }
    let asks = |word: &&str| !matches!(*word, "name" | "exists" | "known" | "enabled");
    let mut words: Vec<&str> = label.split('.').skip(1).filter(asks).collect();
    if words.is_empty() {
        words.extend(label.split('.').next());
    }
    let words = words.join(" ").replace('_', " ");
    let units = [" days", " seconds", " minutes"];
    let bare = units.iter().find_map(|unit| words.strip_suffix(unit)).map(str::to_owned);
    bare.unwrap_or(words).into()
}

/// Whether a label is the path of a fact.
fn is_fact(label: &str) -> bool {
    label.contains('.') && label.split('.').all(is_word)
}

/// Whether a label stands for the subject as such: its kind, or its name.
fn is_head(label: &str) -> bool {
    is_word(label.strip_suffix(".name").unwrap_or(label))
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// A text up to the end of its first sentence or paragraph. Lines inside a paragraph are not joined here.
pub(super) fn first_sentence(text: &str) -> &str {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let end = paragraph.match_indices(". ").chain(paragraph.match_indices(".\n")).map(|(at, _)| at);
    // "e.g. this" and "i.e. that" do not end a sentence.
    let is_end = |at: &usize| !paragraph[..*at].ends_with("e.g") && !paragraph[..*at].ends_with("i.e");
    let end = end.filter(is_end).min();
    end.and_then(|at| paragraph.get(..=at)).unwrap_or(paragraph).trim()
}

/// A text with every run of white space made one space.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_for_people() {
        assert_eq!(said("service.name"), "service");
        assert_eq!(said("owner_pattern"), "owner pattern");
        assert_eq!(said("datastore.deletion_protection"), "deletion protection");
        assert_eq!(said("datastore.backup.enabled"), "backup");
        assert_eq!(said("datastore.backup.retention_days"), "backup retention");
        assert_eq!(said("alert.for_seconds"), "for");
        assert_eq!(said("alert.runbook.exists"), "runbook");
        assert_eq!(said("value from here"), "value from here");
        assert_eq!(said("looked for in main.tf"), "looked for in main.tf");
    }

    #[test]
    fn a_first_sentence_ends_where_it_ends() {
        assert_eq!(first_sentence("Set `a = 7`. Then wait."), "Set `a = 7`.");
        assert_eq!(first_sentence("Use a tool, e.g. velero\nor restic. Then"), "Use a tool, e.g. velero\nor restic.");
        assert_eq!(first_sentence("No end\n\nSecond"), "No end");
        assert_eq!(first_sentence("Keep 7.5 days"), "Keep 7.5 days");
    }
}

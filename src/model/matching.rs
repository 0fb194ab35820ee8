//! Label matchers as Prometheus and Alertmanager evaluate them. Uses `source` and `tree`.
//!
//! Patterns are Go's RE2, anchored at both ends. The `regex` crate is of the same family and linear as well; what the
//! two read differently is translated: `\d`, `\w`, `\s` and `\b` mean ASCII in Go, and a `[` inside a class is plain.
//! <https://github.com/google/re2/wiki/Syntax>

use regex::{Regex, RegexBuilder};
use serde::Serialize;

use crate::source::Span;
use crate::tree::Text;

/// How large a compiled pattern may be, in bytes; a larger one is not evaluated. Patterns people write stay far below.
const PATTERN_SIZE: usize = 1 << 20;

/// The longest pattern that is compiled, in bytes.
const PATTERN_LENGTH: usize = 16 << 10;

/// The operator of a matcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Matches,
    /// `!~`
    MatchesNot,
}

impl Operator {
    /// The operator written so.
    pub fn of(written: &str) -> Option<Self> {
        Some(match written {
            "=" => Self::Equal,
            "!=" => Self::NotEqual,
            "=~" => Self::Matches,
            "!~" => Self::MatchesNot,
            _ => return None,
        })
    }

    /// As it is written.
    pub fn written(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::MatchesNot => "!~",
        }
    }

    /// Whether it holds where the comparison does not.
    pub fn is_negative(self) -> bool {
        matches!(self, Self::NotEqual | Self::MatchesNot)
    }

    fn is_pattern(self) -> bool {
        matches!(self, Self::Matches | Self::MatchesNot)
    }
}

/// One matcher of labels, ready to be evaluated.
#[derive(Clone, Debug, Serialize)]
pub struct LabelMatcher {
    /// The label.
    pub label: Text,
    /// How it is compared.
    pub operator: Operator,
    /// What with.
    pub value: Text,
    /// Where the matcher stands.
    pub span: Span,
    /// Whether its operator was written and is empty, so that it compares by the default one.
    pub untyped: bool,
    /// The compiled pattern; none for `=` and `!=`, and for a pattern that does not compile or is too large.
    #[serde(skip)]
    pattern: Option<Regex>,
}

impl PartialEq for LabelMatcher {
    fn eq(&self, other: &Self) -> bool {
        self.says_the_same(other) && self.span == other.span
    }
}

impl LabelMatcher {
    /// A matcher.
    pub fn new(label: impl Into<Text>, operator: Operator, value: impl Into<Text>, span: Span) -> Self {
        let value = value.into();
        let pattern = if operator.is_pattern() { anchored(&value) } else { None };
        Self { label: label.into(), operator, value, span, untyped: false, pattern }
    }

    /// Whether it can be evaluated: its pattern compiles.
    pub fn is_readable(&self) -> bool {
        !self.operator.is_pattern() || self.pattern.is_some()
    }

    /// Whether a value satisfies it; an absent label counts as the empty value. `None` when the pattern cannot be
    /// evaluated.
    pub fn accepts(&self, value: &str) -> Option<bool> {
        let matched = match self.operator {
            Operator::Equal | Operator::NotEqual => self.value == value,
            Operator::Matches | Operator::MatchesNot => self.pattern.as_ref()?.is_match(value),
        };
        Some(matched != self.operator.is_negative())
    }

    /// Whether it asks the same, wherever it stands.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.label == other.label && self.operator == other.operator && self.value == other.value
    }

    /// The only values that satisfy it, where these can be listed: `=`, and a pattern of plain alternatives.
    pub fn only_values(&self) -> Option<Vec<Text>> {
        match self.operator {
            Operator::Equal => Some(vec![self.value.clone()]),
            Operator::Matches => alternatives(&self.value),
            Operator::NotEqual | Operator::MatchesNot => None,
        }
    }

    /// Whether every label set that satisfies this one satisfies `other`; false where that cannot be told.
    pub fn implies(&self, other: &Self) -> bool {
        if self.label != other.label {
            return false;
        }
        self.says_the_same(other)
            || other.takes_all()
            || self.only_values().is_some_and(|values| values.iter().all(|value| other.accepts(value) == Some(true)))
            || (self.operator.is_negative()
                && other.operator.is_negative()
                && self
                    .excluded()
                    .zip(other.excluded())
                    .is_some_and(|(own, others)| others.iter().all(|value| own.contains(value))))
    }

    /// Whether no label set can satisfy both; false where that cannot be told.
    pub fn contradicts(&self, other: &Self) -> bool {
        let none_of =
            |matcher: &Self, values: Vec<Text>| values.iter().all(|value| matcher.accepts(value) == Some(false));
        self.label == other.label
            && (self.only_values().is_some_and(|values| none_of(other, values))
                || other.only_values().is_some_and(|values| none_of(self, values)))
    }

    /// Whether every value satisfies it: `=~".*"`.
    fn takes_all(&self) -> bool {
        self.operator == Operator::Matches && matches!(self.value.as_str(), ".*" | "(.*)" | ".*?")
    }

    /// The only values that do not satisfy a negative matcher, where these can be listed.
    fn excluded(&self) -> Option<Vec<Text>> {
        match self.operator {
            Operator::NotEqual => Some(vec![self.value.clone()]),
            Operator::MatchesNot => alternatives(&self.value),
            Operator::Equal | Operator::Matches => None,
        }
    }
}

impl std::fmt::Display for LabelMatcher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}{}\"{}\"", self.label, self.operator.written(), self.value)
    }
}

/// The plain words of a pattern `a|b|c`, or `(a|b|c)`; nothing when it holds anything but words.
fn alternatives(pattern: &str) -> Option<Vec<Text>> {
    let inner = pattern.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(pattern);
    let inner = inner.strip_prefix("?:").unwrap_or(inner);
    let inner = inner.strip_prefix('^').unwrap_or(inner);
    let inner = inner.strip_suffix('$').unwrap_or(inner);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '|' | ' ' | '/' | ':' | '@' | ',' | '#');
    // Anchors bind tighter than alternatives.
    let anchored = inner.len() != pattern.len() && (pattern.starts_with('^') || pattern.ends_with('$'));
    (inner.chars().all(plain) && !(anchored && inner.contains('|'))).then(|| inner.split('|').map(Text::from).collect())
}

/// A pattern as Prometheus compiles it: anchored at both ends. Nothing when it does not compile, or is too large.
pub fn anchored(pattern: &str) -> Option<Regex> {
    if pattern.len() > PATTERN_LENGTH {
        return None;
    }
    // `^(?:…)$` must not let an unbalanced parenthesis of the pattern close its own.
    compile(&from_go(pattern))?;
    compile(&format!("^(?:{})$", from_go(pattern)))
}

fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).size_limit(PATTERN_SIZE).dfa_size_limit(PATTERN_SIZE).build().ok()
}

/// A pattern of Go's dialect in that of the `regex` crate.
fn from_go(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    let mut class = Class::Outside;
    while let Some(character) = characters.next() {
        match character {
            '\\' => escape(characters.next(), class != Class::Outside, &mut out),
            '[' if class == Class::Outside => {
                out.push('[');
                class = Class::Start;
                if characters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                continue;
            }
            // `[:alpha:]` stands inside a class in both; any other bracket there is plain in Go.
            '[' if characters.peek() == Some(&':') => {
                out.push('[');
                for inner in characters.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            '[' => out.push_str("\\["),
            ']' if class == Class::Start => out.push_str("\\]"),
            ']' if class == Class::Inside => {
                out.push(']');
                class = Class::Outside;
                continue;
            }
            // Set operations of the `regex` crate, and nothing in Go.
            '&' | '~' if class != Class::Outside => {
                out.push('\\');
                out.push(character);
            }
            other => out.push(other),
        }
        if class == Class::Start {
            class = Class::Inside;
        }
    }
    out
}

/// Where a pattern's translation stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Outside,
    /// Right after `[` or `[^`, where a `]` is plain.
    Start,
    Inside,
}

fn escape(escaped: Option<char>, in_class: bool, out: &mut String) {
    match escaped {
        Some('d') => out.push_str("[0-9]"),
        Some('w') => out.push_str("[0-9A-Za-z_]"),
        Some('s') => out.push_str("[\\t\\n\\f\\r ]"),
        Some('D') => out.push_str("[^0-9]"),
        Some('W') => out.push_str("[^0-9A-Za-z_]"),
        Some('S') => out.push_str("[^\\t\\n\\f\\r ]"),
        Some('b') if !in_class => out.push_str("(?-u:\\b)"),
        Some('B') if !in_class => out.push_str("(?-u:\\B)"),
        Some('Q') if !in_class => out.push_str("\\Q"),
        Some(other) => out.extend(['\\', other]),
        None => out.push('\\'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matcher(written: &str) -> LabelMatcher {
        let at = written.find(['=', '!']).unwrap();
        let (label, rest) = written.split_at(at);
        let length = if rest.starts_with("=~") || rest.starts_with('!') { 2 } else { 1 };
        let (operator, value) = rest.split_at(length);
        LabelMatcher::new(label, Operator::of(operator).unwrap(), value, Span::default())
    }

    #[test]
    fn patterns_are_anchored_and_of_gos_dialect() {
        for (pattern, value, expected) in [
            ("page|ticket", "page", true),
            ("page", "pages", false),
            ("^page$", "page", true),
            (".*", "", true),
            (".+", "", false),
            ("\\d+", "٣", false),
            ("\\w", "é", false),
            ("[a[b]+", "[", true),
            ("[]a]", "]", true),
            ("[^]a]", "b", true),
            ("[[:alpha:]]+", "abc", true),
            ("[&&]", "&", true),
            ("(?i)PAGE", "page", true),
            ("a\\.b", "a.b", true),
            ("[\\d-]+", "1-2", true),
            ("\\bx\\b", "x", true),
        ] {
            let found = anchored(pattern).unwrap_or_else(|| panic!("{pattern}")).is_match(value);
            assert_eq!(found, expected, "{pattern} on {value}");
        }
        assert!(anchored("a)(b").is_none());
        assert!(anchored("(").is_none());
        assert!(anchored(&"((((((((((a{100}){100}){100}){100}".repeat(2)).is_none());
        assert!(anchored(&"a".repeat(PATTERN_LENGTH + 1)).is_none());
        // What explodes elsewhere is linear here.
        assert!(!anchored("(a+)+b").unwrap().is_match(&"a".repeat(100_000)));
    }

    #[test]
    fn matchers_imply_and_contradict() {
        let implies = |left: &str, right: &str| matcher(left).implies(&matcher(right));
        assert!(implies("a=x", "a=~x|y"));
        assert!(implies("a=~x|y", "a=~x|y|z"));
        assert!(implies("a=x", "a!=y"));
        assert!(implies("a!~x|y", "a!=x"));
        assert!(implies("a=x", "a=~.*"));
        assert!(!implies("a=~x.*", "a=~xy.*"));
        assert!(!implies("a=x", "b=x"));
        assert!(!implies("a!=x", "a=y"));
        let contradicts = |left: &str, right: &str| matcher(left).contradicts(&matcher(right));
        assert!(contradicts("a=x", "a=y"));
        assert!(contradicts("a=~x|y", "a=z"));
        assert!(contradicts("a=x", "a!=x"));
        assert!(!contradicts("a=~x.*", "a=~y.*"));
        assert!(!contradicts("a=x", "b=y"));
    }
}

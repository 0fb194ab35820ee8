//! Matchers as they are written in strings. Uses `model::matching`.
//!
//! Alertmanager knows two grammars, and in its default mode takes what the classic one makes of a string wherever that
//! accepts it, and what the UTF-8 one makes of it otherwise.
//! <https://prometheus.io/docs/alerting/latest/configuration/#label-matchers>

use crate::model::matching::{LabelMatcher, Operator};
use crate::source::Span;

/// The matchers of a string (`a="b", c=~"d|e"`, with or without braces), or what is wrong with it.
pub(super) fn read(written: &str, span: Span) -> Result<Vec<LabelMatcher>, String> {
    let found = classic(written).or_else(|complaint| utf8(written).map_err(|_| complaint))?;
    let matchers: Vec<LabelMatcher> =
        found.into_iter().map(|(label, operator, value)| LabelMatcher::new(label, operator, value, span)).collect();
    match matchers.iter().find(|matcher| !matcher.is_readable()) {
        Some(matcher) => Err(format!("`{}` is no regular expression", matcher.value)),
        None => Ok(matchers),
    }
}

type Parts = (String, Operator, String);

/// The classic grammar: split at commas outside of quotes, then a label name, an operator, and a value that may be
/// quoted.
fn classic(written: &str) -> Result<Vec<Parts>, String> {
    let inner = written.strip_prefix('{').unwrap_or(written);
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let mut tokens = Vec::new();
    let (mut token, mut quoted, mut escaped) = (String::new(), false, false);
    for character in inner.chars() {
        match character {
            ',' if !quoted => {
                tokens.push(std::mem::take(&mut token));
                continue;
            }
            '"' if escaped => escaped = false,
            '"' => quoted = !quoted,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
        token.push(character);
    }
    if !token.trim().is_empty() {
        tokens.push(token);
    }
    tokens.iter().map(|token| classic_one(token.trim())).collect()
}

fn classic_one(token: &str) -> Result<Parts, String> {
    let bad = || format!("`{token}` is no matcher: write label=\"value\"");
    let first = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | ':');
    let name_end = token
        .find(|c: char| !(first(c) || c.is_ascii_digit()))
        .filter(|end| *end > 0 && token.starts_with(first))
        .ok_or_else(bad)?;
    let (label, rest) = token.split_at(name_end);
    let (operator, value) = operator(rest.trim_start()).ok_or_else(bad)?;
    let value = value.trim();
    let unescaped = unescape(value).ok_or_else(|| format!("a `\"` in `{token}` is not escaped"))?;
    Ok((label.to_owned(), operator, unescaped))
}

/// The operator at the start of a text, and the rest.
fn operator(text: &str) -> Option<(Operator, &str)> {
    ["=~", "!=", "!~", "="].iter().find_map(|written| Some((Operator::of(written)?, text.strip_prefix(written)?)))
}

/// A value with its quotes and escapes taken away. `\n`, `\"` and `\\` are escapes; any other backslash is itself.
fn unescape(value: &str) -> Option<String> {
    let (inner, mut closes) = match value.strip_prefix('"') {
        Some(rest) => (rest, true),
        None => (value, false),
    };
    let mut out = String::with_capacity(inner.len());
    let mut escaped = false;
    for (at, character) in inner.char_indices() {
        let last = at + character.len_utf8() == inner.len();
        if escaped {
            escaped = false;
            match character {
                'n' => out.push('\n'),
                '"' | '\\' => out.push(character),
                other => out.extend(['\\', other]),
            }
            continue;
        }
        match character {
            '\\' if !last => escaped = true,
            '"' if closes && last => closes = false,
            '"' => return None,
            other => out.push(other),
        }
    }
    (!closes).then_some(out)
}

/// The UTF-8 grammar: names and values quoted as in Go, or bare words without `{}!=~,\"'` and backquotes.
fn utf8(written: &str) -> Result<Vec<Parts>, String> {
    let mut lexer = Lexer { rest: written };
    let open = lexer.take('{');
    let mut found = Vec::new();
    loop {
        lexer.space();
        if lexer.rest.is_empty() || lexer.rest.starts_with('}') {
            break;
        }
        let label = lexer.word().ok_or("a label's name is missing")?;
        lexer.space();
        let (operator, rest) = operator(lexer.rest).ok_or("an operator is missing")?;
        lexer.rest = rest;
        lexer.space();
        let value = lexer.word().ok_or("a value is missing")?;
        found.push((label, operator, value));
        lexer.space();
        if !lexer.take(',') {
            break;
        }
    }
    lexer.space();
    let closed = lexer.take('}');
    lexer.space();
    if open == closed && lexer.rest.is_empty() { Ok(found) } else { Err("there is more than matchers".into()) }
}

struct Lexer<'t> {
    rest: &'t str,
}

impl Lexer<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, character: char) -> bool {
        self.space();
        match self.rest.strip_prefix(character) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> Option<String> {
        if let Some(inner) = self.rest.strip_prefix('"') {
            let mut out = String::new();
            let mut characters = inner.char_indices();
            while let Some((at, character)) = characters.next() {
                match character {
                    '"' => {
                        self.rest = inner.get(at + 1..).unwrap_or_default();
                        return Some(out);
                    }
                    // Escapes as in Go's strings, as far as anyone uses them.
                    '\\' => out.push(match characters.next()?.1 {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        other @ ('"' | '\\') => other,
                        _ => return None,
                    }),
                    other => out.push(other),
                }
            }
            return None;
        }
        let reserved = |c: char| c.is_whitespace() || "{}!=~,\\\"'`".contains(c);
        let end = self.rest.find(reserved).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(written: &str) -> Result<Vec<String>, String> {
        read(written, Span::default()).map(|found| found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn both_grammars_are_read() {
        for (written, expected) in [
            ("severity=page", vec!["severity=\"page\""]),
            ("severity = \"page\"", vec!["severity=\"page\""]),
            ("severity =~ warning|info", vec!["severity=~\"warning|info\""]),
            ("{a=\"b\", c!~\"d,e\",}", vec!["a=\"b\"", "c!~\"d,e\""]),
            ("a=", vec!["a=\"\""]),
            ("a=\"\"", vec!["a=\"\""]),
            ("a=\"x\\\"y\"", vec!["a=\"x\"y\""]),
            ("a=~\"x\\\\.y\"", vec!["a=~\"x\\.y\""]),
            ("a=~x\\.y", vec!["a=~\"x\\.y\""]),
            ("a==b", vec!["a=\"=b\""]),
            ("\"label with space\"=\"x\"", vec!["label with space=\"x\""]),
            ("über=\"x\"", vec!["über=\"x\""]),
            ("{}", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(said(written).unwrap(), expected, "{written}");
        }
        for broken in ["severity", "=x", "a=\"x", "a=x\"y", "a=~(", "1a=\"", "a~b"] {
            assert!(said(broken).is_err(), "{broken}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_string_is_read_or_refused(written in ".{0,60}") {
            let _ = said(&written);
        }
    }
}

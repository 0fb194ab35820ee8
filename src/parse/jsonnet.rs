//! Jsonnet, as far as its comments: what it makes is for `resolve/`. <https://jsonnet.org/ref/spec.html#lexing>

use crate::source::{SourceId, Span};
use crate::tree::{Comment, Content, Document, Format};

/// Reads a text as a document of text with its comments.
pub fn parse(id: SourceId, text: &str) -> Document {
    let mut comments = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, inner) = piece(rest);
        if let Some(inner) = inner {
            comments.push(Comment { span: Span::new(id, at, at + length), text: inner.trim().into() });
        }
        at += length;
    }
    Document { source: id, format: Format::Jsonnet, content: Content::Text, comments }
}

/// How long what a text begins with is, and what it says where it is a comment.
fn piece(text: &str) -> (usize, Option<&str>) {
    let line = |mark: usize| {
        let end = text.find('\n').unwrap_or(text.len());
        (end, text.get(mark..end))
    };
    match text.as_bytes() {
        [b'#', ..] => line(1),
        [b'/', b'/', ..] => line(2),
        [b'/', b'*', ..] => match text.get(2..).and_then(|inner| inner.find("*/")) {
            Some(end) => (end + 4, text.get(2..end + 2)),
            None => (text.len(), None),
        },
        [b'@', quote @ (b'"' | b'\''), ..] => (1 + verbatim(&text[1..], *quote), None),
        [quote @ (b'"' | b'\''), ..] => (quoted(text, *quote), None),
        [b'|', b'|', b'|', ..] => (block(text), None),
        _ => (text.chars().next().map_or(1, char::len_utf8), None),
    }
}

/// A string in which a backslash takes the next letter with it.
fn quoted(text: &str, quote: u8) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            byte if byte == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A string in which only its quote, twice, stands for itself.
fn verbatim(text: &str, quote: u8) -> usize {
    let mut at = 1;
    while let Some(end) = text.get(at..).and_then(|rest| rest.find(char::from(quote))) {
        at += end + 1;
        if text.as_bytes().get(at) != Some(&quote) {
            return at;
        }
        at += 1;
    }
    text.len()
}

/// A block of text, up to the line that has only its end.
fn block(text: &str) -> usize {
    let mut length = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number > 0 && line.trim_start().starts_with("|||") {
            return length + (line.len() - line.trim_start().len()) + 3;
        }
        length += line.len();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_told_from_strings() {
        let text = "# one\n{ a: 'x # no', b: \"// no \\\" # no\", // two\n c: @'# ''no''', /* three */ d: |||\n  # no\n|||, /*/ four */\n}\n# é";
        let document = parse(SourceId(0), text);
        let said: Vec<(&str, &str)> = document
            .comments
            .iter()
            .map(|comment| (comment.text.as_str(), &text[comment.span.start as usize..comment.span.end as usize]))
            .collect();
        let expected =
            [("one", "# one"), ("two", "// two"), ("three", "/* three */"), ("/ four", "/*/ four */"), ("é", "# é")];
        assert_eq!(said, expected);
    }

    #[test]
    fn what_is_not_closed_ends_with_the_text() {
        for text in ["/*", "/*/", "'a", "@\"", "|||\n  a", "\"\\", "#", "/", "||"] {
            assert!(parse(SourceId(0), text).comments.len() <= 1, "{text}");
        }
    }
}

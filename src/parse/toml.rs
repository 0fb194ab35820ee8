//! TOML 1.1 through the `toml` crate, which goes on after an error: what is broken becomes an unknown, the rest is kept.
//!
//! A table's span runs from its header to the end of the last value written under it. Dates are strings, as written.

use std::ops::Range;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue, Error};
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use crate::parse::{MAX_DEPTH, Parsed, encrypted};
use crate::problem::{Fault, Problem};
use crate::source::{SourceId, Span};
use crate::tree::{Comment, Content, Document, Entry, Format, Map, Node, Text, Value};

/// Reads a TOML text, which is one table. A text that nests too deep gives no value.
pub fn parse(id: SourceId, text: &str) -> Parsed {
    let (comments, depth) = scan(id, text);
    let (values, problems) = if depth < MAX_DEPTH { read(id, text) } else { (Vec::new(), vec![too_deep(id)]) };
    let document = Document { source: id, format: Format::Toml, content: Content::Values(values), comments };
    Parsed { document, problems }
}

fn read(id: SourceId, text: &str) -> (Vec<Node>, Vec<Problem>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut broken: Vec<_> = errors.iter().filter_map(Error::span).collect();
    broken.sort_unstable_by_key(|range| range.end);
    let problems = errors.iter().map(|error| syntax_error(id, error)).collect();
    let root = Reader { id, text, broken }.table(table.get_ref(), None);
    (vec![root], problems)
}

/// The comments, and how deep brackets and dotted keys nest at most.
///
/// The parser limits brackets and dots to 80 each but not together, so that a short file can ask for thousands of
/// levels, and dropping those overflows the stack. Headers are bounded by the parser: they add 160 levels at most.
fn scan(id: SourceId, text: &str) -> (Vec<Comment>, usize) {
    let mut comments = Vec::new();
    let mut deepest = 0;
    // For each open bracket the levels down to it, and the dots since the last value began.
    let (mut open, mut dots) = (vec![0], 0);
    for token in Source::new(text).lex() {
        let level = open.last().copied().unwrap_or(0);
        match token.kind() {
            TokenKind::Comment => {
                let range = token.span().start()..token.span().end();
                let written = text[range.clone()].trim_start_matches('#').trim();
                comments.push(Comment { span: Span::new(id, range.start, range.end), text: Text::from(written) });
            }
            TokenKind::Dot => dots += 1,
            TokenKind::LeftCurlyBracket | TokenKind::LeftSquareBracket => {
                open.push(level + dots + 1);
                dots = 0;
            }
            TokenKind::RightCurlyBracket | TokenKind::RightSquareBracket => {
                open.pop();
                dots = 0;
            }
            TokenKind::Comma | TokenKind::Newline => dots = 0,
            _ => {}
        }
        deepest = deepest.max(level + dots);
    }
    (comments, deepest)
}

fn syntax_error(id: SourceId, error: &Error) -> Problem {
    let range = error.span().unwrap_or_default();
    let message = format!("not valid TOML: {}", error.message());
    Problem::at(Fault::Input, Span::new(id, range.start, range.end), message, "only the rest of the file is audited")
}

fn too_deep(id: SourceId) -> Problem {
    let message = format!("more than {MAX_DEPTH} levels of nesting are not read");
    Problem::at(Fault::Input, Span::head(id), message, "this file is left out of the audit")
}

struct Reader<'t> {
    id: SourceId,
    text: &'t str,
    /// Where the syntax errors are, in the order of their ends.
    broken: Vec<Range<usize>>,
}

impl Reader<'_> {
    /// A table with its header, braces, or dotted key at `place`; the file itself has none.
    fn table(&self, table: &DeTable<'_>, place: Option<Range<usize>>) -> Node {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key: Text::from(key.get_ref().as_ref()),
                key_span: self.span(key.span()),
                value: self.value(value),
            })
            .collect();
        entries.sort_by_key(|entry| entry.key_span);
        let own = entries.iter().filter(|entry| !self.is_under_header(entry));
        let (first, end) = (own.clone().next(), own.map(|entry| entry.value.span.end).max());
        let start = place.map(|place| self.span(place)).or_else(|| first.map(|entry| entry.key_span));
        let start = start.unwrap_or(Span::head(self.id));
        let span = Span { end: end.unwrap_or_default().max(start.end), ..start };
        Node::new(Value::Map(Map { entries }), span)
    }

    /// Whether an entry is a table or an array of tables with headers of their own.
    fn is_under_header(&self, entry: &Entry) -> bool {
        let starts = |node: &Node, bracket| self.text[node.span.start as usize..].starts_with(bracket);
        match &entry.value.value {
            // A table that only its descendants' headers name stands at its name in the first of them.
            Value::Map(_) => starts(&entry.value, '[') || entry.value.span == entry.key_span,
            Value::List(items) => {
                items.first().is_some_and(|item| matches!(item.value, Value::Map(_)) && starts(item, '['))
            }
            _ => false,
        }
    }

    fn value(&self, value: &Spanned<DeValue<'_>>) -> Node {
        let range = value.span();
        let span = self.span(range.clone());
        match value.get_ref() {
            DeValue::Table(table) => self.table(table, Some(range)),
            DeValue::Array(items) => Node::new(Value::List(items.iter().map(|item| self.value(item)).collect()), span),
            scalar => Node::new(self.scalar(scalar, &range, span), span),
        }
    }

    fn scalar(&self, scalar: &DeValue<'_>, range: &Range<usize>, span: Span) -> Value {
        // After an error the parser puts something in the value's place that nobody wrote.
        if self.is_broken(range) {
            return Node::unknown("what stands here is not valid TOML", "", span).value;
        }
        match scalar {
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Integer(number) => integer(number.as_str(), number.radix()),
            DeValue::Float(number) => {
                number.as_str().parse().map_or_else(|_| Value::String(Text::from(number.as_str())), Value::Float)
            }
            DeValue::String(text) => encrypted::unknown(text, span)
                .map_or_else(|| Value::String(Text::from(text.as_ref())), |unknown| Value::Unknown(Box::new(unknown))),
            _ => Value::String(Text::from(&self.text[range.clone()])),
        }
    }

    /// Whether a syntax error touches a range.
    fn is_broken(&self, range: &Range<usize>) -> bool {
        let after = self.broken.partition_point(|error| error.end < range.start);
        self.broken.get(after).is_some_and(|error| error.start <= range.end)
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.id, range.start, range.end)
    }
}

fn integer(digits: &str, radix: u32) -> Value {
    match i64::from_str_radix(digits, radix) {
        Ok(value) => Value::Int(value),
        Err(_) => digits.parse().map_or_else(|_| Value::String(Text::from(digits)), Value::Float),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Parsed {
        parse(SourceId(0), text)
    }

    fn slice(text: &str, span: Span) -> &str {
        &text[span.start as usize..span.end as usize]
    }

    /// Under each scalar's span stands what gives the same value again.
    fn check_spans(text: &str, node: &Node) {
        node.items().iter().for_each(|item| check_spans(text, item));
        node.entries().iter().for_each(|entry| check_spans(text, &entry.value));
        if node.items().is_empty() && node.as_map().is_none() && node.as_unknown().is_none() {
            let again = parsed(&format!("a = {}", slice(text, node.span)));
            let again = &again.document.values()[0].get("a").unwrap().value;
            let is_nan = matches!(node.value, Value::Float(value) if value.is_nan());
            assert!(is_nan || *again == node.value, "{:?}", slice(text, node.span));
        }
    }

    const SAMPLE: &str = "\u{feff}# head\r\ntitle = \"é # no comment\"\r\n[server] # right\r\nport.http = 0x1F\r\n\
        port.https = 8_443\r\nwhen = 1979-05-27T07:32:00Z\r\nratio = 1.5e3\r\n\r\n[[alert]]\r\nlabels = { team = 'a' }\r\n\
        [server.tls]\r\ncert = '''\r\nx # y\r\n'''\r\n[[alert]]\r\nlist = [1, # one\r\n 2]\r\n";

    #[test]
    fn values_and_their_places() {
        let parsed = parsed(SAMPLE);
        assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
        let root = &parsed.document.values()[0];
        check_spans(SAMPLE, root);
        assert_eq!(slice(SAMPLE, root.span), "title = \"é # no comment\"");
        let names: Vec<_> = root.entries().iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(names, ["title", "server", "alert"]);
        let server = root.get("server").unwrap();
        assert!(slice(SAMPLE, server.span).starts_with("[server]"));
        assert!(slice(SAMPLE, server.span).ends_with("1.5e3"));
        assert_eq!(root.at(&["server", "port", "https"]).unwrap().as_int(), Some(8443));
        assert_eq!(root.at(&["server", "when"]).unwrap().as_str(), Some("1979-05-27T07:32:00Z"));
        assert_eq!(root.at(&["server", "tls", "cert"]).unwrap().as_str(), Some("x # y\r\n"));
        let alerts = root.get("alert").unwrap();
        assert_eq!(slice(SAMPLE, alerts.items()[0].get("labels").unwrap().span), "{ team = 'a' }");
        let comments: Vec<_> = parsed.document.comments.iter().map(|comment| comment.text.as_str()).collect();
        assert_eq!(comments, ["head", "right", "one"]);
        assert_eq!(slice(SAMPLE, parsed.document.comments[1].span), "# right");
    }

    #[test]
    fn an_error_loses_its_own_value_only() {
        let text = "a = 1\nb = \nc = 3\nd = [1, x]\na = 4\n";
        let parsed = parsed(text);
        let root = &parsed.document.values()[0];
        assert_eq!(root.get("a").unwrap().as_int(), Some(1));
        assert!(root.get("b").unwrap().as_unknown().is_some());
        assert_eq!(root.get("c").unwrap().as_int(), Some(3));
        assert_eq!(root.get("d").unwrap().items()[0].as_int(), Some(1));
        assert!(root.get("d").unwrap().items()[1].as_unknown().is_some());
        assert_eq!(parsed.problems.len(), 3, "{:?}", parsed.problems);
    }

    #[test]
    fn deep_nesting_is_safe() {
        let key = ["a"; 79].join(".");
        let inline = format!("{}z = 1{}", format!("{key} = {{ ").repeat(70), " }".repeat(70));
        for text in [
            inline.clone(),
            format!(
                "{inline}
{inline}"
            ),
            format!(
                "[{key}]
{key} = 1"
            ),
            "a=[".repeat(100_000),
        ] {
            assert!(parsed(&text).problems.len() <= 1, "{:?}", parsed(&text).problems);
        }
        assert!(parsed(&inline).document.values().is_empty());
        assert_eq!(
            parsed(
                "[a.b.c]
d.e = { f.g = [[1]] }"
            )
            .document
            .values()
            .len(),
            1
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in r#"[a-c\[\]{}"'=.,# \n\r\\0-9é_-]{0,60}"#) {
            let parsed = parsed(&text);
            if parsed.problems.is_empty() {
                check_spans(&text, &parsed.document.values()[0]);
            }
        }
    }
}

//! JSON as RFC 8259 has it, and what tools take beside it: comments and trailing commas (the settings of editors and
//! compilers, <https://jsonc.org>), and one value on each line (<https://jsonlines.org>), each a document of its own.
//! None of them hides what a file says, so none is complained about.
//!
//! The structure is read here, since no kept reader of JSON gives the place of every value; the escapes of a string
//! are left to `serde_json`.

use crate::parse::{MAX_DEPTH, Parsed, encrypted, keys};
use crate::problem::{Fault, Problem};
use crate::source::{SourceId, Span};
use crate::tree::{Comment, Content, Document, Entry, Format, Map, Node, Text, Value};

/// Reads a JSON text. A text with a syntax error gives no value.
pub fn parse(id: SourceId, text: &str) -> Parsed {
    let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { id, text, at, problems: Vec::new(), comments: Vec::new() };
    let values = match reader.file() {
        Ok(values) => values,
        Err(problem) => {
            reader.problems.push(*problem);
            Vec::new()
        }
    };
    let comments = reader.comments;
    let document = Document { source: id, format: Format::Json, content: Content::Values(values), comments };
    Parsed { document, problems: reader.problems }
}

/// What begins what a renderer has yet to fill in: Terraform's `templatefile`, Helm, Jinja.
const MARKERS: [&str; 4] = ["${", "%{", "{{", "{%"];

/// Whether a text that could not be read is a template of JSON: reading it stopped at a line with a placeholder that
/// stands outside of quotes.
pub fn is_template(text: &str, problems: &[Problem]) -> bool {
    let Some(at) = problems.iter().find_map(|problem| problem.span).map(|span| span.start as usize) else {
        return false;
    };
    let at = text.floor_char_boundary(at);
    let start = text[..at].rfind('\n').map_or(0, |before| before + 1);
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    let line = &text[start..end];
    let bare = |place: usize| line[..place].matches('"').count().is_multiple_of(2);
    MARKERS.iter().any(|marker| line.match_indices(marker).any(|(place, _)| bare(place)))
}

type Read<T> = Result<T, Box<Problem>>;

struct Reader<'t> {
    id: SourceId,
    text: &'t str,
    at: usize,
    problems: Vec<Problem>,
    comments: Vec<Comment>,
}

impl Reader<'_> {
    fn file(&mut self) -> Read<Vec<Node>> {
        self.skip_space();
        let mut values = vec![self.value(0)?];
        loop {
            let end = self.at;
            self.skip_space();
            match self.peek() {
                None => return Ok(values),
                Some(b'{' | b'[') if self.text[end..self.at].contains('\n') => values.push(self.value(0)?),
                Some(_) => {
                    return self.wrong("more text follows the value", "a JSON file holds one value; remove the rest");
                }
            }
        }
    }

    /// The value that starts here, `depth` levels down.
    fn value(&mut self, depth: usize) -> Read<Node> {
        match self.peek() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => self.too_deep(),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => {
                let (text, span) = self.string()?;
                let value =
                    encrypted::unknown(&text, span).map_or(Value::String(text), |why| Value::Unknown(why.into()));
                Ok(Node::new(value, span))
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.word(),
            Some(b'\'') => self.wrong("a string in single quotes", "write it in double quotes"),
            Some(_) => self.wrong("a value is missing here", ""),
            None => self.ends(),
        }
    }

    fn object(&mut self, depth: usize) -> Read<Node> {
        let start = self.at;
        let mut entries = Vec::new();
        self.at += 1;
        self.skip_space();
        while !self.takes(b'}') {
            if !entries.is_empty() {
                self.comma("}")?;
                if self.takes(b'}') {
                    break;
                }
            }
            entries.push(self.entry(depth)?);
            self.skip_space();
        }
        let entries = keys::unique(entries, &mut self.problems);
        Ok(Node::new(Value::Map(Map { entries }), self.span(start)))
    }

    fn entry(&mut self, depth: usize) -> Read<Entry> {
        let (key, key_span) = match self.peek() {
            Some(b'"') => self.string()?,
            Some(_) => return self.wrong("a key is missing here", "keys stand in double quotes"),
            None => return self.ends(),
        };
        self.skip_space();
        if !self.takes(b':') {
            return self.wrong(format!("the key `{key}` is not followed by a `:`"), "");
        }
        self.skip_space();
        let value = self.value(depth + 1)?;
        Ok(Entry { key, key_span, value })
    }

    fn array(&mut self, depth: usize) -> Read<Node> {
        let start = self.at;
        let mut items = Vec::new();
        self.at += 1;
        self.skip_space();
        while !self.takes(b']') {
            if !items.is_empty() {
                self.comma("]")?;
                if self.takes(b']') {
                    break;
                }
            }
            items.push(self.value(depth + 1)?);
            self.skip_space();
        }
        Ok(Node::new(Value::List(items), self.span(start)))
    }

    /// The comma between two values, and the space after it.
    fn comma(&mut self, closing: &str) -> Read<()> {
        match self.peek() {
            Some(b',') => {}
            Some(_) => return self.wrong(format!("a `,` or `{closing}` is missing here"), ""),
            None => return self.ends(),
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn string(&mut self) -> Read<(Text, Span)> {
        let start = self.at;
        let has_escapes = self.skip_string()?;
        let (written, span) = (&self.text[start..self.at], self.span(start));
        if !has_escapes {
            return Ok((Text::from(&written[1..written.len() - 1]), span));
        }
        match serde_json::from_str(written) {
            Ok(text) => Ok((text, span)),
            Err(_) => fails(
                span,
                "a wrong escape in this string",
                "the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four hexadecimal digits",
            ),
        }
    }

    /// Goes past the closing quote, and says whether there are escapes.
    fn skip_string(&mut self) -> Read<bool> {
        let start = self.at;
        let mut has_escapes = false;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    self.at += 2;
                }
                Some(0..0x20) => return self.wrong("a line break or control character in a string", "write it as \\n"),
                Some(_) => self.at += 1,
                None => {
                    self.at = start;
                    return self.wrong("this string is never closed", "add the closing quote");
                }
            }
        }
        self.at += 1;
        Ok(has_escapes)
    }

    fn number(&mut self) -> Read<Node> {
        let start = self.at;
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        self.at += self.text.as_bytes()[start..].iter().take_while(|byte| is_part(byte)).count();
        let (written, span) = (&self.text[start..self.at], self.span(start));
        let number: Option<serde_json::Number> = serde_json::from_str(written).ok();
        let value = number.and_then(|number| number.as_i64().map(Value::Int).or(number.as_f64().map(Value::Float)));
        match value {
            Some(value) => Ok(Node::new(value, span)),
            None => fails(span, format!("`{written}` is no number, or too large for one"), ""),
        }
    }

    fn word(&mut self) -> Read<Node> {
        let start = self.at;
        let length = self.text.as_bytes()[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let value = match &self.text[start..start + length] {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            other => return self.wrong(format!("`{other}` is no value"), "write strings in double quotes"),
        };
        self.at += length;
        Ok(Node::new(value, self.span(start)))
    }

    /// Passes over a collection that stands too deep, without recursion.
    fn too_deep(&mut self) -> Read<Node> {
        let start = self.at;
        let mut open = 0_usize;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.skip_string()?;
                    continue;
                }
                Some(b'{' | b'[') => open += 1,
                Some(b'}' | b']') => open -= 1,
                Some(_) => {}
                None => return self.ends(),
            }
            self.at += 1;
            if open == 0 {
                break;
            }
        }
        let reason = format!("more than {MAX_DEPTH} levels of nesting are not read");
        let span = self.span(start);
        self.problems.push(Problem::at(Fault::Input, span, reason.clone(), "what stands here is not audited"));
        Ok(Node::unknown(reason, "", span))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_here = self.peek() == Some(byte);
        self.at += usize::from(is_here);
        is_here
    }

    /// Goes past space and comments, and keeps the comments.
    fn skip_space(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let length = match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => 1,
                Some(b'/') if rest.starts_with("//") => self.keep(rest.find('\n').unwrap_or(rest.len())),
                Some(b'/') if rest.starts_with("/*") => match rest.find("*/") {
                    Some(end) => self.keep(end + 2),
                    None => return,
                },
                _ => return,
            };
            self.at += length;
        }
    }

    /// Keeps the comment of this length that starts here.
    fn keep(&mut self, length: usize) -> usize {
        let written = &self.text[self.at..self.at + length];
        let text = written.trim_start_matches(['/', '*']).trim_end_matches("*/").trim();
        self.comments.push(Comment { text: text.into(), span: Span::new(self.id, self.at, self.at + length) });
        length
    }

    /// The span from `start` to here.
    fn span(&self, start: usize) -> Span {
        Span::new(self.id, start, self.at)
    }

    /// A syntax error at the character here.
    fn wrong<T>(&self, what: impl AsRef<str>, help: &str) -> Read<T> {
        let length = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        let span = Span::new(self.id, self.at, self.at + length);
        fails(span, what, help)
    }

    fn ends<T>(&self) -> Read<T> {
        let what = if self.text.trim().is_empty() { "the file is empty" } else { "the text ends too early" };
        self.wrong(what, "")
    }
}

fn fails<T>(span: Span, what: impl AsRef<str>, help: &str) -> Read<T> {
    let help = if help.is_empty() { "this file is left out of the audit until it is valid JSON" } else { help };
    Err(Box::new(Problem::at(Fault::Input, span, format!("not valid JSON: {}", what.as_ref()), help)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    fn read(text: &str) -> Parsed {
        parse(SourceId(0), text)
    }

    fn slice(text: &str, span: Span) -> &str {
        &text[span.start as usize..span.end as usize]
    }

    fn check_spans(text: &str, node: &Node) {
        let again = read(slice(text, node.span));
        if !matches!(node.value, Value::Unknown(_)) {
            assert!(equal(&again.document.values()[0], node), "{:?}", slice(text, node.span));
        }
        node.items().iter().for_each(|item| check_spans(text, item));
        for entry in node.entries() {
            assert!(slice(text, entry.key_span).starts_with('"'));
            check_spans(text, &entry.value);
        }
    }

    /// Equal but for spans.
    fn equal(left: &Node, right: &Node) -> bool {
        match (&left.value, &right.value) {
            (Value::List(left), Value::List(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
            }
            (Value::Map(left), Value::Map(right)) => {
                left.entries.len() == right.entries.len()
                    && left
                        .entries
                        .iter()
                        .zip(&right.entries)
                        .all(|(left, right)| left.key == right.key && equal(&left.value, &right.value))
            }
            (left, right) => left == right,
        }
    }

    #[test]
    fn values_and_their_places() {
        let text = "\u{feff}{\r\n \"é\": [1, -2.5e3, 18446744073709551616, true, null, {}],\r\n \"a\\u00e9\\n\": \"x\\ty\" }\r\n";
        let parsed = read(text);
        assert!(parsed.problems.is_empty());
        let root = &parsed.document.values()[0];
        assert_eq!(slice(text, root.span), text.trim_matches(['\u{feff}', '\r', '\n']));
        let list = root.get("é").unwrap();
        assert_eq!(slice(text, list.span), "[1, -2.5e3, 18446744073709551616, true, null, {}]");
        assert_eq!(list.items()[0].as_int(), Some(1));
        assert_eq!(list.items()[1].as_number(), Some(-2500.0));
        assert_eq!(list.items()[2].value, Value::Float(18_446_744_073_709_551_616.0));
        assert_eq!(root.get("aé\n").unwrap().as_str(), Some("x\ty"));
        check_spans(text, root);
    }

    #[test]
    fn errors_say_what_is_wrong_and_where() {
        for (text, message, place) in [
            ("", "the file is empty", ""),
            ("{\"a\": 1", "the text ends too early", ""),
            ("{\"a\": 1} x", "more text follows the value", "x"),
            ("{\"a\": 1 /* b\n}", "a `,` or `}` is missing here", "/"),
            ("[1,,]", "a value is missing here", ","),
            ("{} {}", "more text follows the value", "{"),
            ("{}\nx", "more text follows the value", "x"),
            ("[1 2]", "a `,` or `]` is missing here", "2"),
            ("[,]", "a value is missing here", ","),
            ("{a: 1}", "a key is missing here", "a"),
            ("{'a': 1}", "a key is missing here", "'"),
            ("['a']", "a string in single quotes", "'"),
            ("{\"a\" 1}", "the key `a` is not followed by a `:`", "1"),
            ("[01]", "`01` is no number, or too large for one", "01"),
            ("[1.]", "`1.` is no number, or too large for one", "1."),
            ("[nil]", "`nil` is no value", "n"),
            ("[\"a]", "this string is never closed", "\""),
            ("[\"\\x\"]", "a wrong escape in this string", "\"\\x\""),
            ("[\"\\", "this string is never closed", "\""),
            ("[\"a\nb\"]", "a line break or control character in a string", "\n"),
        ] {
            let parsed = read(text);
            assert!(parsed.document.values().is_empty());
            let [problem] = &parsed.problems[..] else { panic!("{text:?}") };
            assert_eq!(problem.message, format!("not valid JSON: {message}"), "{text:?}");
            assert_eq!(slice(text, problem.span.unwrap()), place, "{text:?}");
        }
    }

    #[test]
    fn comments_trailing_commas_and_a_value_on_each_line_are_read() {
        let text = "// top\n{\n  \"a\": [1, 2,], /* é */\n  \"b\": \"// no comment\", // the end\n}\n";
        let Parsed { document, problems } = read(text);
        assert_eq!(problems, []);
        let root = &document.values()[0];
        assert_eq!(root.get("a").unwrap().items().len(), 2);
        assert_eq!(root.get("b").unwrap().as_str(), Some("// no comment"));
        let comments: Vec<(&str, &str)> =
            document.comments.iter().map(|comment| (comment.text.as_str(), slice(text, comment.span))).collect();
        assert_eq!(comments, [("top", "// top"), ("é", "/* é */"), ("the end", "// the end")]);

        let lines = read("{\"a\": 1}\n{\"a\": 2}\r\n");
        assert_eq!((lines.document.values().len(), lines.problems.len()), (2, 0));
    }

    #[test]
    fn duplicate_keys_are_reported_and_the_last_counts() {
        let parsed = read(r#"{"a": 1, "b": 2, "a": 3}"#);
        assert_eq!(parsed.problems.len(), 1);
        assert_eq!(parsed.document.values()[0].get("a").unwrap().as_int(), Some(3));
    }

    #[test]
    fn deep_nesting_becomes_an_unknown() {
        let text = format!("[{}{}, 7]", "[".repeat(100_000), "]".repeat(100_000));
        let parsed = read(&text);
        assert_eq!(parsed.problems.len(), 1);
        assert_eq!(parsed.document.values()[0].items()[1].as_int(), Some(7));
        assert_eq!(read(&"[".repeat(100_000)).document.values(), []);
    }

    #[test]
    fn encrypted_values_are_unknown() {
        let parsed = read(r#"{"a": "ENC[AES256_GCM,data:x]", "sops": {"mac": "ENC[AES256_GCM,data:y]"}}"#);
        let root = &parsed.document.values()[0];
        assert_eq!(root.get("a").unwrap().as_unknown().unwrap().reason, "encrypted with SOPS");
        assert!(encrypted::is_sops(root));
    }

    proptest! {
        #[test]
        fn never_panics(text in r#"[\[\]{}",:/\\ue0-9. \n\u{e9}a-f]{0,60}"#) {
            read(&text);
        }

        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}",:\\nu0-9.eE+ -]{0,12}|\[("[a-z\\"nu0]{0,6}"|-?[0-9.e+]{1,5})(, ?[0-9]{1,3}){0,3}\]"#) {
            let is_valid = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            let parsed = read(&text);
            let has_trailing_comma = Regex::new(r", *[\]}]").unwrap().is_match(&text);
            prop_assert!(parsed.document.values().is_empty() != is_valid || has_trailing_comma, "{}", text);
            for node in parsed.document.values() {
                check_spans(&text, node);
            }
        }
    }
}

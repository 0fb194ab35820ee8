//! Files inside files: a configuration in the value of a Secret or a `ConfigMap`. Uses `parse`, `source` and `tree`.
//!
//! What is found inside a block scalar keeps its line and column in the outer file; of any other scalar (quoted, folded
//! or in base64) everything stands where the scalar does.

use crate::parse::{json, yaml};
use crate::source::{Source, Span};
use crate::tree::{Entry, Map, Node, Value};

/// The largest text that is read as a file of its own, in bytes.
const LARGEST: usize = 4 << 20;

/// The texts of a Secret or a `ConfigMap` by their keys, and whether each is in base64; of another object nothing.
pub(super) fn texts(object: &Map) -> impl Iterator<Item = (&Entry, bool)> {
    let secret = match object.get("kind").and_then(Node::as_str) {
        Some("Secret") => Some(true),
        Some("ConfigMap") => Some(false),
        _ => None,
    };
    let fields = secret.into_iter().flat_map(|secret| [("stringData", false), ("data", secret)]);
    fields.flat_map(|(field, encoded)| {
        object.get(field).map_or(&[][..], Node::entries).iter().map(move |entry| (entry, encoded))
    })
}

/// The YAML documents that a scalar holds; nothing when it is none, is a template, or does not parse.
pub(super) fn yaml_in(source: &Source, scalar: &Node) -> Vec<Node> {
    let Some(text) = scalar.as_str().filter(|text| text.len() <= LARGEST) else { return Vec::new() };
    read(text, &Frame::of(source, scalar.span))
}

/// The YAML documents that a scalar in base64 holds (`data` of a Secret).
pub(super) fn yaml_in_base64(scalar: &Node) -> Vec<Node> {
    let text = scalar.as_str().filter(|text| text.len() <= LARGEST).and_then(base64);
    text.map_or_else(Vec::new, |text| read(&text, &Frame { lines: None, whole: scalar.span }))
}

/// The JSON value that a scalar holds, with places in the outer file where `source` is the text that it stands in, and
/// at the scalar otherwise; nothing when it holds none.
pub(super) fn json_in(source: Option<&Source>, scalar: &Node) -> Option<Node> {
    let text = scalar.as_str().filter(|text| text.len() <= LARGEST)?;
    let frame = source.map_or(Frame { lines: None, whole: scalar.span }, |source| Frame::of(source, scalar.span));
    let crate::tree::Content::Values(values) = json::parse(scalar.span.source, text).document.content else {
        return None;
    };
    let inner = Source::new("", text);
    values.into_iter().next().map(|node| frame.node(node, &inner))
}

fn read(text: &str, frame: &Frame) -> Vec<Node> {
    if yaml::is_template(text) {
        return Vec::new();
    }
    let parsed = yaml::parse(frame.whole.source, text);
    let inner = Source::new("", text);
    let crate::tree::Content::Values(documents) = parsed.document.content else { return Vec::new() };
    documents.into_iter().map(|node| frame.node(node, &inner)).collect()
}

/// How places inside a scalar become places of its file.
struct Frame {
    /// For each line of the text, the offset in the file at which it starts; nothing where lines are not kept.
    lines: Option<Vec<u32>>,
    whole: Span,
}

impl Frame {
    /// The frame of a scalar as written. Only a literal block keeps its lines.
    fn of(source: &Source, whole: Span) -> Self {
        let written = source.slice(whole);
        let lines = written.starts_with('|').then(|| {
            let mut starts = Vec::new();
            let mut at = whole.start;
            let mut indent = None;
            for line in written.split_inclusive('\n') {
                if at != whole.start {
                    let spaces = line.len() - line.trim_start_matches(' ').len();
                    if !line.trim().is_empty() {
                        indent.get_or_insert(spaces);
                    }
                    let taken = spaces.min(indent.unwrap_or(0));
                    starts.push(at + u32::try_from(taken).unwrap_or(0));
                }
                at += u32::try_from(line.len()).unwrap_or(0);
            }
            starts
        });
        Self { lines, whole }
    }

    fn span(&self, span: Span, inner: &Source) -> Span {
        let place = |offset: u32| {
            let position = inner.position(offset);
            let line = self.lines.as_ref()?.get(position.line as usize - 1)?;
            let start = inner.line(position.line)?.start;
            Some(line + (offset - u32::try_from(start).ok()?))
        };
        match (place(span.start), place(span.end)) {
            (Some(start), Some(end)) if end <= self.whole.end => Span { start, end: end.max(start), ..self.whole },
            (Some(start), _) if start < self.whole.end => Span { start, end: self.whole.end, ..self.whole },
            _ => self.whole,
        }
    }

    fn node(&self, node: Node, inner: &Source) -> Node {
        let span = self.span(node.span, inner);
        let value = match node.value {
            Value::List(items) => Value::List(items.into_iter().map(|item| self.node(item, inner)).collect()),
            Value::Map(Map { entries }) => Value::Map(Map {
                entries: entries
                    .into_iter()
                    .map(|entry| crate::tree::Entry {
                        key_span: self.span(entry.key_span, inner),
                        value: self.node(entry.value, inner),
                        key: entry.key,
                    })
                    .collect(),
            }),
            Value::Unknown(mut unknown) => {
                unknown.span = unknown.span.map(|span| self.span(span, inner));
                Value::Unknown(unknown)
            }
            scalar => scalar,
        };
        Node { span, value, via: None }
    }
}

/// Decodes base64 (RFC 4648, section 4), spaces and line ends ignored.
fn base64(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    #[test]
    fn what_stands_in_a_block_keeps_its_place() {
        let text = "data:\n  a.yaml: |-\n    x:\n\n      - name: é\n        y: 1\n  b: 2\n";
        let source = Source::new("a.yaml", text);
        let outer = yaml::parse(SourceId(0), text).document;
        let scalar = outer.values()[0].at(&["data", "a.yaml"]).unwrap();
        let inner = yaml_in(&source, scalar);
        let item = &inner[0].get("x").unwrap().items()[0];
        assert_eq!(source.slice(item.get("name").unwrap().span), "é");
        assert_eq!(source.slice(item.get("y").unwrap().span), "1");
        assert_eq!(source.slice(item.entry("y").unwrap().key_span), "y");
    }

    #[test]
    fn other_scalars_keep_their_own() {
        let text = "data: \"x: 1\"\nbase: eDogMQo=\n";
        let source = Source::new("a.yaml", text);
        let outer = yaml::parse(SourceId(0), text).document;
        let scalar = outer.values()[0].get("data").unwrap();
        let found = yaml_in(&source, scalar);
        assert_eq!(found[0].get("x").and_then(Node::as_int), Some(1));
        assert_eq!(found[0].get("x").unwrap().span, scalar.span);
        let found = yaml_in_base64(outer.values()[0].get("base").unwrap());
        assert_eq!(found[0].get("x").and_then(Node::as_int), Some(1));
        assert!(yaml_in_base64(&Node::string("%%", Span::default())).is_empty());
    }
}

//! Grows the tree of each document from the parser's events.
//!
//! The open collections are kept on a stack of [`Frame`]s. What is finished, a [`Child`], goes into the frame on top.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use granit_parser::{Event, ScalarStyle, StructureStyle, Tag};

use super::place;
use super::scalar::{self, Declared};
use crate::parse::{MAX_DEPTH, Parsed, encrypted, keys};
use crate::problem::{Fault, Problem};
use crate::source::{SourceId, Span};
use crate::tree::{Comment, Content, Document, Entry, Format, Map, Node, Text, Value};

/// The memory that copies of anchored nodes may take, as a multiple of the file's size, and the bounds of that.
/// Real files stay below 20 times; an alias bomb asks for millions.
const COPIES_PER_BYTE: usize = 100;
const COPIES_LEAST: usize = 1 << 20;
const COPIES_MOST: usize = 64 << 20;

const CORE_TAGS: &str = "tag:yaml.org,2002:";

/// The documents of one file, as far as they have been read.
pub(super) struct Builder<'t> {
    id: SourceId,
    text: &'t str,
    frames: Vec<Frame>,
    /// How many collections are open below the deepest frame, where nothing is kept.
    skipped: usize,
    root: Option<Node>,
    anchors: BTreeMap<usize, Anchor>,
    /// Where the last event ended.
    cursor: usize,
    /// Bytes that copies may still take.
    budget: usize,
    documents: Vec<Node>,
    comments: Vec<Comment>,
    problems: Vec<Problem>,
}

/// A collection that is not closed yet.
struct Frame {
    kind: Kind,
    /// Where it starts, once known.
    start: Option<usize>,
    /// The end of its last child.
    end: usize,
    /// Its anchor, or 0.
    anchor: usize,
    /// How many levels stand below it.
    height: usize,
}

enum Kind {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, merges: Vec<Node>, key: Option<Key> },
}

/// A key that waits for its value.
struct Key {
    text: Text,
    span: Span,
    merges: bool,
}

/// A finished node and what its parent has to know of it.
struct Child {
    node: Node,
    /// Where it is used, which for an alias is not where its node stands.
    place: Range<usize>,
    /// How many levels stand below it.
    height: usize,
}

/// An anchored node, to be copied by aliases.
struct Anchor {
    node: Node,
    height: usize,
    weight: usize,
}

impl<'t> Builder<'t> {
    pub(super) fn new(id: SourceId, text: &'t str) -> Self {
        Self {
            id,
            text,
            frames: Vec::new(),
            skipped: 0,
            root: None,
            anchors: BTreeMap::new(),
            // A byte order mark would hide that a word starts after it.
            cursor: text.len() - text.trim_start_matches('\u{feff}').len(),
            budget: text.len().saturating_mul(COPIES_PER_BYTE).clamp(COPIES_LEAST, COPIES_MOST),
            documents: Vec::new(),
            comments: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Takes one event.
    pub(super) fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        if let Event::Comment(text, _) = &event {
            // The parser hands some comments over late, so they do not move the cursor.
            self.comments.push(Comment { span: self.span(range), text: Text::from(text.trim()) });
            return;
        }
        // The start of a document without `---` is put at its content, which is past the header of a block scalar.
        let end = if matches!(event, Event::DocumentStart(false, _)) { 0 } else { range.end };
        match event {
            Event::DocumentEnd => self.end_document(),
            Event::Scalar(..) | Event::Alias(_) | Event::UnresolvedAlias(_) if self.skipped > 0 => {}
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), range),
            Event::Alias(anchor) => self.alias(anchor, range),
            Event::UnresolvedAlias(name) => {
                let child = self.unknown(range, format!("no anchor `&{name}` stands before this alias"));
                self.add(child);
            }
            Event::SequenceStart(style, anchor, _) => {
                let start = self.list_start(style, &range);
                self.open(Kind::List(Vec::new()), Some(start), anchor);
            }
            Event::MappingStart(style, anchor, _) => {
                // A map without braces starts at its first key.
                let start = (style == StructureStyle::Flow && !range.is_empty()).then_some(range.start);
                self.open(Kind::Map { entries: Vec::new(), merges: Vec::new(), key: None }, start, anchor);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&range),
            _ => {}
        }
        self.cursor = self.cursor.max(end);
    }

    /// Drops the document at hand because of a syntax error.
    pub(super) fn abandon_document(&mut self, problem: Problem) {
        self.problems.push(problem);
        self.frames.clear();
        self.anchors.clear();
        self.skipped = 0;
        self.root = None;
    }

    /// What has been read.
    pub(super) fn finish(mut self) -> Parsed {
        self.comments.sort_by_key(|comment| comment.span);
        let content = Content::Values(self.documents);
        let document = Document { source: self.id, format: Format::Yaml, content, comments: self.comments };
        Parsed { document, problems: self.problems }
    }

    fn end_document(&mut self) {
        self.documents.extend(self.root.take());
        self.anchors.clear();
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, tag: Option<&Tag>, mut range: Range<usize>) {
        let is_plain = style == ScalarStyle::Plain;
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                range = place::block_scalar(self.text, self.cursor, range, text);
            }
            ScalarStyle::Plain if range.is_empty() && self.awaits_value() => {
                let at = place::empty_value(self.text, self.cursor, range.start);
                range = at..at;
            }
            _ => {}
        }
        let span = self.span(range.clone());
        let value = match encrypted::unknown(text, span) {
            Some(unknown) => Value::Unknown(Box::new(unknown)),
            None => scalar::value(text, declared(tag, is_plain)),
        };
        let child = Child { node: Node::new(value, span), place: range, height: 0 };
        self.remember(anchor, &child);
        if self.awaits_key() {
            let text = if child.node.is_null() { Text::from("null") } else { Text::from(text) };
            let merges = text == "<<" && (tag.is_none() && is_plain || tag.is_some_and(is_merge));
            self.start_entry(Key { text, span, merges }, &child.place);
        } else {
            self.add(child);
        }
    }

    fn alias(&mut self, anchor: usize, range: Range<usize>) {
        let depth = self.frames.len();
        let child = match self.anchors.get(&anchor) {
            Some(anchor) if depth + anchor.height > MAX_DEPTH => {
                self.unknown(range, "this alias makes the document nest too deep to be read".to_owned())
            }
            Some(anchor) if anchor.weight > self.budget => {
                // What is left is taken, so that one problem stands for all aliases that follow.
                let is_first = std::mem::take(&mut self.budget) > 0;
                let reason = "the aliases of this file ask for too many copies to be read";
                if is_first { self.unknown(range, reason.to_owned()) } else { self.hole(range, reason) }
            }
            Some(anchor) => {
                self.budget -= anchor.weight;
                Child { node: anchor.node.clone(), place: range, height: anchor.height }
            }
            None => {
                self.unknown(range, "this alias stands for a node that it is part of, or that was not read".to_owned())
            }
        };
        self.add(child);
    }

    /// Where a list starts: at its bracket or first dash.
    fn list_start(&self, style: StructureStyle, range: &Range<usize>) -> usize {
        // Only below a key may dashes be indented no deeper than their parent, and then the parser gives the place of
        // the first item.
        let is_below_key = self.frames.last().is_some_and(|frame| matches!(frame.kind, Kind::Map { .. }));
        if style == StructureStyle::Block && is_below_key {
            place::dash(self.text, self.cursor, range.start)
        } else {
            range.start
        }
    }

    fn open(&mut self, kind: Kind, start: Option<usize>, anchor: usize) {
        if self.skipped > 0 || self.frames.len() >= MAX_DEPTH {
            self.skipped += 1;
            if self.skipped == 1 {
                let start = start.unwrap_or(self.cursor);
                let child = self.unknown(start..start, format!("more than {MAX_DEPTH} levels of nesting are not read"));
                self.add(child);
            }
            return;
        }
        self.frames.push(Frame { kind, start, end: 0, anchor, height: 0 });
    }

    fn close(&mut self, range: &Range<usize>) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        let Some(frame) = self.frames.pop() else { return };
        // The end event of a block collection stands at whatever comes next.
        let is_bracket = !range.is_empty();
        let end = if is_bracket { range.end } else { frame.end };
        let start = frame.start.unwrap_or(end);
        let place = start..end.max(start);
        let span = self.span(place.clone());
        let node = match frame.kind {
            Kind::List(items) => Node::new(Value::List(items), span),
            Kind::Map { .. } if is_unrendered(&self.text[place.clone()]) => unrendered(span),
            Kind::Map { entries, merges, .. } => self.map(entries, merges, span),
        };
        let child = Child { node, place, height: frame.height + 1 };
        self.remember(frame.anchor, &child);
        if self.awaits_key() {
            let key = Key { text: Text::from(&self.text[child.place.clone()]), span, merges: false };
            self.start_entry(key, &child.place);
        } else {
            self.add(child);
        }
    }

    /// A map with its merged entries, which stand after its own.
    fn map(&mut self, entries: Vec<Entry>, merges: Vec<Node>, span: Span) -> Node {
        let mut entries = keys::unique(entries, &mut self.problems);
        if merges.is_empty() {
            return Node::new(Value::Map(Map { entries }), span);
        }
        let mut known: BTreeSet<Text> = entries.iter().map(|entry| entry.key.clone()).collect();
        for merged in merges.into_iter().rev().flat_map(one_by_one) {
            match merged.value {
                Value::Map(map) => {
                    entries.extend(map.entries.into_iter().filter(|entry| known.insert(entry.key.clone())));
                }
                // Keys that are not known may be any key, so that none may be called absent.
                Value::Unknown(unknown) => return Node::new(Value::Unknown(unknown), span),
                _ => self.problems.push(Problem::at(
                    Fault::Input,
                    merged.span,
                    "`<<` merges something that is not a map",
                    "give it an alias of a map, or a list of such aliases",
                )),
            }
        }
        Node::new(Value::Map(Map { entries }), span)
    }

    /// Keeps a copy of an anchored node for its aliases. The latest node of an anchor's name has the name's number.
    fn remember(&mut self, anchor: usize, child: &Child) {
        if anchor == 0 {
            return;
        }
        let weight = weight(&child.node);
        // A node beyond the budget could be copied by no alias either.
        let node = if weight > self.budget {
            Node::unknown("too large to be copied", "", child.node.span)
        } else {
            self.budget -= weight;
            child.node.clone()
        };
        self.anchors.insert(anchor, Anchor { node, height: child.height, weight });
    }

    fn add(&mut self, child: Child) {
        if self.awaits_key() {
            let text = child.node.scalar().unwrap_or_else(|| Text::from(&self.text[child.place.clone()]));
            let span = self.span(child.place.clone());
            return self.start_entry(Key { text, span, merges: false }, &child.place);
        }
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(child.node);
            return;
        };
        frame.include(&child.place, child.height);
        match &mut frame.kind {
            Kind::List(items) => items.push(child.node),
            Kind::Map { entries, merges, key } => match key.take() {
                Some(key) if key.merges => merges.push(child.node),
                Some(key) => entries.push(Entry { key: key.text, key_span: key.span, value: child.node }),
                None => {}
            },
        }
    }

    fn start_entry(&mut self, new: Key, place: &Range<usize>) {
        let Some(frame) = self.frames.last_mut() else { return };
        frame.include(place, 0);
        if let Kind::Map { key, .. } = &mut frame.kind {
            *key = Some(new);
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { kind: Kind::Map { key: None, .. }, .. }))
    }

    fn awaits_value(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { kind: Kind::Map { key: Some(_), .. }, .. }))
    }

    /// An unknown in the place of something that is not read, and a problem that says so.
    fn unknown(&mut self, place: Range<usize>, reason: String) -> Child {
        let span = self.span(place.clone());
        self.problems.push(Problem::at(Fault::Input, span, reason.clone(), "what stands here is not audited"));
        self.hole(place, reason)
    }

    /// An unknown whose reason has been given as a problem already.
    fn hole(&self, place: Range<usize>, reason: impl Into<String>) -> Child {
        Child { node: Node::unknown(reason, "", self.span(place.clone())), place, height: 0 }
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.id, range.start, range.end)
    }
}

impl Frame {
    fn include(&mut self, place: &Range<usize>, height: usize) {
        self.start.get_or_insert(place.start);
        self.end = self.end.max(place.end);
        self.height = self.height.max(height);
    }
}

/// What a `<<` merges, the strongest first.
fn one_by_one(merged: Node) -> Vec<Node> {
    match merged.value {
        Value::List(items) => items,
        _ => vec![merged],
    }
}

fn declared(tag: Option<&Tag>, is_plain: bool) -> Declared {
    match tag.map(|tag| tag.core_suffix()) {
        None if is_plain => Declared::Nothing,
        Some(Some("int" | "bool" | "null")) => Declared::ByText,
        Some(Some("float")) => Declared::Float,
        _ => Declared::String,
    }
}

fn is_merge(tag: &Tag) -> bool {
    tag.suffix_in_namespace(CORE_TAGS).as_deref() == Some("merge")
}

/// Whether what YAML takes for a map in a map is a placeholder: `{{ .Values.replicas }}`.
fn is_unrendered(text: &str) -> bool {
    text.starts_with("{{") && text.ends_with("}}")
}

fn unrendered(span: Span) -> Node {
    Node::unknown("a template's placeholder stands here", "render the template and audit the result", span)
}

/// About how many bytes a copy of a node takes.
fn weight(node: &Node) -> usize {
    let below = match &node.value {
        Value::List(items) => items.iter().map(weight).sum(),
        Value::Map(map) => {
            map.entries.iter().map(|entry| size_of::<Entry>() + entry.key.len() + weight(&entry.value)).sum()
        }
        Value::String(text) => text.len(),
        _ => 0,
    };
    size_of::<Node>() + below
}

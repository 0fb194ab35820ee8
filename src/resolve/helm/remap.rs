//! Nodes read in a rendered text → nodes at the places that the text came from.

use super::run::first_marker;
use super::trace::{Origins, Place, Traced};
use super::value::MARKER;
use crate::source::Span;
use crate::tree::{Comment, Entry, Map, Node, Unknown, Value};

/// How many places a node remembers beside its own.
const MOST_VIA: usize = 4;

/// A node with the places of what it was rendered from. Scalars that hold a mark for something unknown become unknown.
pub(super) fn remap(node: Node, text: &Traced, origins: &Origins) -> Node {
    let value = match node.value {
        Value::List(items) => {
            let items: Vec<Node> = items.into_iter().map(|item| remap(item, text, origins)).collect();
            let span = items.first().map(|first| around(first.span, items.last().map(|last| last.span)));
            let span = span.or_else(|| place(text, origins, node.span).0).unwrap_or_default();
            return Node { span, value: Value::List(items), via: None };
        }
        Value::Map(map) => return remap_map(map, node.span, text, origins),
        Value::String(written) if written.contains(MARKER[0]) => {
            match first_marker(&written).and_then(|number| origins.why(number)) {
                Some(unknown) => Value::Unknown(Box::new(unknown.clone())),
                None => Value::String(written),
            }
        }
        Value::Unknown(unknown) => {
            let span = unknown.span.and_then(|span| place(text, origins, span).0);
            Value::Unknown(Box::new(Unknown { span, ..*unknown }))
        }
        other => other,
    };
    let (span, via) = place(text, origins, node.span);
    Node { span: span.unwrap_or_default(), value, via: (!via.is_empty()).then(|| via.into_boxed_slice()) }
}

fn remap_map(map: Map, span: Span, text: &Traced, origins: &Origins) -> Node {
    let mut entries = Vec::with_capacity(map.entries.len());
    let mut unknown_key = None;
    for entry in map.entries {
        let key_span = place(text, origins, entry.key_span).0.unwrap_or_default();
        if entry.key.contains(MARKER[0]) {
            unknown_key = first_marker(&entry.key).and_then(|number| origins.why(number)).cloned();
        }
        entries.push(Entry { key: entry.key, key_span, value: remap(entry.value, text, origins) });
    }
    let outer = match (entries.first(), entries.last()) {
        (Some(first), Some(last)) => around(first.key_span, Some(last.value.span)),
        _ => place(text, origins, span).0.unwrap_or_default(),
    };
    match unknown_key {
        // A key that is not known may be any key, so that none may be called absent.
        Some(unknown) => Node::new(Value::Unknown(Box::new(unknown)), outer),
        None => Node::new(Value::Map(Map { entries }), outer),
    }
}

/// The place of a range.
pub(super) fn span(text: &Traced, origins: &Origins, range: Span) -> Option<Span> {
    place(text, origins, range).0
}

/// A comment at the place that it was rendered from; nothing when it stands in no file.
pub(super) fn comment(comment: &Comment, text: &Traced, origins: &Origins) -> Option<Comment> {
    let span = place(text, origins, comment.span).0?;
    Some(Comment { span, text: comment.text.clone() })
}

/// From the start of one span to the end of another, where that makes sense.
fn around(first: Span, last: Option<Span>) -> Span {
    match last {
        Some(last) if last.source == first.source && last.end > first.end => first.to(last),
        _ => first,
    }
}

/// The place of a range, and the places through which it came.
fn place(text: &Traced, origins: &Origins, range: Span) -> (Option<Span>, Vec<Span>) {
    let (start, end) = (range.start as usize, range.end as usize);
    let mut whole: Option<Span> = None;
    let mut via: Vec<Span> = Vec::new();
    let mut remember = |span: Span, whole: Option<Span>| {
        let is_inside = whole
            .is_some_and(|whole| whole.source == span.source && whole.start <= span.start && span.end <= whole.end);
        if via.len() < MOST_VIA && !is_inside && !via.contains(&span) {
            via.push(span);
        }
    };
    if start >= end {
        let span = match text.place_at(start.min(text.text.len().saturating_sub(1))) {
            Place::File { source, at, .. } => Some(Span { source, start: at, end: at }),
            Place::Settled(id) | Place::Value(id) => origins.get(id).map(|origin| origin.span),
            Place::Nowhere => None,
        };
        return (span, Vec::new());
    }
    for (part, place) in text.parts(start..end).take(64) {
        let (span, through) = match place {
            Place::File { source, at, via } => {
                let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
                (
                    Some(Span { source, start: at, end: at.saturating_add(length) }),
                    origins.get(via).map(|origin| {
                        std::iter::once(origin.span).chain(origin.via.iter().copied()).collect::<Vec<_>>()
                    }),
                )
            }
            Place::Settled(id) | Place::Value(id) => {
                let origin = origins.get(id);
                (origin.map(|origin| origin.span), origin.map(|origin| origin.via.clone()))
            }
            Place::Nowhere => (None, None),
        };
        match (whole, span) {
            (None, Some(span)) => whole = Some(span),
            (Some(first), Some(span)) if first.source == span.source && span.start >= first.start => {
                whole = Some(first.to(span));
            }
            (Some(first), Some(span)) if first != span => remember(span, Some(first)),
            _ => {}
        }
        for span in through.into_iter().flatten() {
            remember(span, whole);
        }
    }
    (whole, via)
}

//! Changing a tree in place while every node keeps where it was written. Uses `tree` and `source`.
//!
//! What replaces another value keeps its own span and remembers the span it came over, so that a finding points at the
//! patch's line and names the base's.

use crate::source::Span;
use crate::tree::{Entry, Map, Node, Text, Value};

/// How many earlier places a value remembers.
const MOST_PLACES: usize = 8;

/// The value of a key, to change.
pub(super) fn get_mut<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    match &mut node.value {
        Value::Map(map) => map.entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value),
        _ => None,
    }
}

/// The items of a sequence, to change.
pub(super) fn items_mut(node: &mut Node) -> &mut [Node] {
    match &mut node.value {
        Value::List(items) => items,
        _ => &mut [],
    }
}

/// Puts a value in the place of another, and remembers where the other stood.
pub(super) fn replace(old: &mut Node, mut new: Node) {
    if old.span != new.span {
        let mut places: Vec<Span> = new.via.iter().flatten().copied().collect();
        for place in std::iter::once(old.span).chain(old.via.iter().flatten().copied()) {
            if places.len() < MOST_PLACES && !places.contains(&place) && place != new.span {
                places.push(place);
            }
        }
        new.via = Some(places.into_boxed_slice());
    }
    *old = new;
}

/// Changes the text of a scalar that stays where it is, and remembers what changed it.
pub(super) fn retext(node: &mut Node, text: impl Into<Text>, by: Span) {
    node.value = Value::String(text.into());
    also(node, by);
}

/// Remembers another place that a value came through.
pub(super) fn also(node: &mut Node, place: Span) {
    if place == node.span || node.via.iter().flatten().any(|known| *known == place) {
        return;
    }
    let mut places: Vec<Span> = node.via.iter().flatten().copied().collect();
    if places.len() < MOST_PLACES {
        places.push(place);
        node.via = Some(places.into_boxed_slice());
    }
}

/// Sets a key; what it held is remembered as the place the new value came over.
pub(super) fn set(node: &mut Node, key: &str, key_span: Span, value: Node) {
    if !matches!(node.value, Value::Map(_)) {
        node.value = Value::Map(Map::default());
    }
    let Value::Map(map) = &mut node.value else { return };
    match map.entries.iter_mut().find(|entry| entry.key == key) {
        Some(entry) => replace(&mut entry.value, value),
        None => map.entries.push(Entry { key: key.into(), key_span, value }),
    }
}

/// Takes a key away.
pub(super) fn remove(node: &mut Node, key: &str) -> Option<Node> {
    let Value::Map(map) = &mut node.value else { return None };
    let at = map.entries.iter().position(|entry| entry.key == key)?;
    Some(map.entries.remove(at).value)
}

/// An empty mapping at a place.
pub(super) fn empty_map(span: Span) -> Node {
    Node::new(Value::Map(Map::default()), span)
}

/// How many nodes a tree holds.
pub(super) fn weight(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Value::Map(map) => 1 + map.entries.iter().map(|entry| 1 + weight(&entry.value)).sum::<usize>(),
        _ => 1,
    }
}

/// Whether two trees hold the same values, whatever the places they stand at and the order of their keys.
pub(super) fn same(left: &Node, right: &Node) -> bool {
    match (&left.value, &right.value) {
        (Value::Map(left), Value::Map(right)) => {
            left.entries.len() == right.entries.len()
                && left.entries.iter().all(|entry| right.get(&entry.key).is_some_and(|other| same(&entry.value, other)))
        }
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (left, right) => left == right,
    }
}

//! Values as Go's template engine sees them, each with its origin. Maps are shared and mutable, as in Go: `set` changes
//! what every holder of the map sees.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use super::object::Object;
use super::trace::{OriginId, Origins, Traced};
use crate::source::Span;
use crate::tree::{self, Node, Unknown};

/// How deep values may nest; a map may be made to hold itself.
pub(super) const MOST_DEPTH: usize = 200;

/// Text that stands for an unknown within a text: its number between these two characters of a private use area.
pub(super) const MARKER: [char; 2] = ['\u{e0f0}', '\u{e0f1}'];

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// What it is.
    pub(super) kind: Kind,
    /// Where it was written; nowhere for what is computed.
    pub(super) origin: OriginId,
}

/// A mapping in the order of its keys, as Go ranges over it.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(BTreeMap<Rc<str>, Value>);

/// The items of a list.
#[derive(Clone, Debug, Default)]
pub(super) struct Items(Vec<Value>);

impl Fields {
    /// An empty map.
    pub(super) fn new() -> Self {
        Self::default()
    }
}

impl Deref for Fields {
    type Target = BTreeMap<Rc<str>, Value>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Fields {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl FromIterator<(Rc<str>, Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (Rc<str>, Value)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl Deref for Items {
    type Target = Vec<Value>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

// A loop can nest values deeper than the stack would last if each were dropped within the one that holds it.
impl Drop for Fields {
    fn drop(&mut self) {
        if self.0.values().any(Value::is_collection) {
            drop_flat(std::mem::take(&mut self.0).into_values().collect());
        }
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        if self.0.iter().any(Value::is_collection) {
            drop_flat(std::mem::take(&mut self.0));
        }
    }
}

fn drop_flat(mut open: Vec<Value>) {
    while let Some(value) = open.pop() {
        match value.kind {
            Kind::List(items) => {
                if let Some(mut items) = Rc::into_inner(items) {
                    open.append(&mut items.0);
                }
            }
            Kind::Map(map) => {
                if let Some(map) = Rc::into_inner(map) {
                    open.extend(std::mem::take(&mut map.into_inner().0).into_values());
                }
            }
            _ => {}
        }
    }
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// `nil`.
    Nil,
    /// A boolean.
    Bool(bool),
    /// Any of Go's whole numbers.
    Int(i64),
    /// A number; those of values files are all of this kind, as Helm reads them through JSON.
    Float(f64),
    /// A string of one origin.
    Text(Rc<str>),
    /// A string whose pieces have their own places.
    Traced(Rc<Traced>),
    /// A list.
    List(Rc<Items>),
    /// A map.
    Map(Rc<RefCell<Fields>>),
    /// Not known; the number of the reason among [`Origins`].
    Unknown(u32),
    /// One of Helm's own objects, with methods.
    Object(Object),
}

impl From<Kind> for Value {
    fn from(kind: Kind) -> Self {
        Self { kind, origin: OriginId::NONE }
    }
}

impl Value {
    /// `nil`.
    pub(super) const NIL: Self = Self { kind: Kind::Nil, origin: OriginId::NONE };

    /// A value of one origin.
    pub(super) fn new(kind: Kind, origin: OriginId) -> Self {
        Self { kind, origin }
    }

    /// A string that is computed.
    pub(super) fn text(text: impl Into<Rc<str>>) -> Self {
        Kind::Text(text.into()).into()
    }

    /// A list that is computed.
    pub(super) fn list(items: Vec<Self>) -> Self {
        Kind::List(Rc::new(Items(items))).into()
    }

    /// A map that is computed.
    pub(super) fn map(fields: Fields) -> Self {
        Kind::Map(Rc::new(RefCell::new(fields))).into()
    }

    /// A string and its places.
    pub(super) fn traced(text: Traced) -> Self {
        Kind::Traced(Rc::new(text)).into()
    }

    /// A node of a file as a value.
    pub(super) fn of(node: &Node, origins: &mut Origins) -> Self {
        Self::of_deep(node, origins, 0)
    }

    fn of_deep(node: &Node, origins: &mut Origins, depth: usize) -> Self {
        let span = head(node);
        let via = node.via.iter().flatten().copied().collect();
        let origin = origins.add(span, via);
        let kind = match &node.value {
            _ if depth > MOST_DEPTH => {
                Kind::Unknown(origins.unknown(Unknown::new("nested too deep to be read", "", span)))
            }
            tree::Value::Null => Kind::Nil,
            tree::Value::Bool(value) => Kind::Bool(*value),
            // Helm reads values through JSON, whose numbers are all floating-point.
            #[allow(clippy::cast_precision_loss, reason = "that is what Helm does")]
            tree::Value::Int(value) => Kind::Float(*value as f64),
            tree::Value::Float(value) => Kind::Float(*value),
            tree::Value::String(text) => Kind::Text(text.as_str().into()),
            tree::Value::List(items) => {
                Kind::List(Rc::new(Items(items.iter().map(|item| Self::of_deep(item, origins, depth + 1)).collect())))
            }
            tree::Value::Map(map) => {
                let fields = map.entries.iter().map(|entry| {
                    let mut value = Self::of_deep(&entry.value, origins, depth + 1);
                    // What a key holds is found at the key.
                    if matches!(value.kind, Kind::Map(_) | Kind::List(_) | Kind::Nil) {
                        value.origin = origins.add(entry.key_span, entry.value.via.iter().flatten().copied().collect());
                    }
                    (Rc::from(entry.key.as_str()), value)
                });
                Kind::Map(Rc::new(RefCell::new(fields.collect())))
            }
            tree::Value::Unknown(unknown) => Kind::Unknown(origins.unknown((**unknown).clone())),
        };
        Self { kind, origin }
    }

    fn is_collection(&self) -> bool {
        matches!(self.kind, Kind::List(_) | Kind::Map(_))
    }

    /// The text, when it is a string.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            Kind::Traced(traced) => Some(&traced.text),
            _ => None,
        }
    }

    /// The text of a string; what Go prints of anything else.
    pub(super) fn to_text(&self) -> Cow<'_, str> {
        self.as_text().map_or_else(|| Cow::Owned(super::format::plain(self)), Cow::Borrowed)
    }

    /// The map, when it is one.
    pub(super) fn as_map(&self) -> Option<&Rc<RefCell<Fields>>> {
        match &self.kind {
            Kind::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The value of a key, when this is a map that has it.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        self.as_map()?.borrow().get(key).cloned()
    }

    /// The items, when it is a list.
    pub(super) fn as_list(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// Whether it is `nil`.
    pub(super) fn is_nil(&self) -> bool {
        matches!(self.kind, Kind::Nil)
    }

    /// Why it is not known, when it is not, or is a text made of something that is not.
    pub(super) fn is_uncertain(&self) -> bool {
        match &self.kind {
            Kind::Unknown(_) => true,
            _ => self.as_text().is_some_and(|text| text.contains(MARKER[0])),
        }
    }

    /// Whether Go calls it true: everything but what is empty or zero.
    pub(super) fn is_true(&self) -> bool {
        match &self.kind {
            Kind::Nil => false,
            Kind::Bool(value) => *value,
            Kind::Int(value) => *value != 0,
            Kind::Float(value) => *value != 0.0,
            Kind::List(items) => !items.is_empty(),
            Kind::Map(map) => !map.borrow().is_empty(),
            Kind::Object(object) => object.is_true(),
            Kind::Unknown(_) => true,
            Kind::Text(_) | Kind::Traced(_) => self.as_text().is_some_and(|text| !text.is_empty()),
        }
    }

    /// A copy that shares no map with this one.
    pub(super) fn deep_copy(&self) -> Self {
        self.copy(0)
    }

    fn copy(&self, depth: usize) -> Self {
        let kind = match &self.kind {
            Kind::Map(_) | Kind::List(_) if depth > MOST_DEPTH => Kind::Nil,
            Kind::List(items) => Kind::List(Rc::new(Items(items.iter().map(|item| item.copy(depth + 1)).collect()))),
            Kind::Map(map) => {
                let fields = map.borrow().iter().map(|(key, value)| (key.clone(), value.copy(depth + 1))).collect();
                Kind::Map(Rc::new(RefCell::new(fields)))
            }
            other => other.clone(),
        };
        Self { kind, origin: self.origin }
    }

    /// About how much memory it takes, in bytes, as far as `limit`.
    pub(super) fn weight(&self, limit: usize) -> usize {
        let mut total = size_of::<Self>();
        let mut open = vec![self.clone()];
        while let Some(value) = open.pop() {
            if total > limit {
                break;
            }
            total += size_of::<Self>() + value.as_text().map_or(0, str::len);
            match &value.kind {
                Kind::List(items) => open.extend(items.iter().cloned()),
                Kind::Map(map) => open.extend(map.borrow().iter().map(|(key, value)| {
                    total += key.len() + 32;
                    value.clone()
                })),
                _ => {}
            }
        }
        total
    }
}

/// What a reader is shown of a node: a scalar as a whole, of a collection its first entry.
pub(super) fn head(node: &Node) -> Span {
    match &node.value {
        tree::Value::Map(map) => map.entries.first().map_or(node.span, |entry| match entry.value.value {
            tree::Value::Map(_) | tree::Value::List(_) => entry.key_span,
            _ if entry.value.span.source == entry.key_span.source && entry.value.span.end > entry.key_span.end => {
                entry.key_span.to(entry.value.span)
            }
            _ => entry.key_span,
        }),
        tree::Value::List(items) => items.first().map_or(node.span, head),
        _ => node.span,
    }
}

//! Values as Terraform has them: each has a type, a place, and perhaps the mark of being sensitive.
//!
//! Collections share their elements, so that a value is copied without its parts. Sets are sorted and have each element
//! once; mappings and objects are sorted by key. Only when a resource is written down does a value become a [`Node`],
//! and there everything sensitive is an unknown.

use std::cmp::Ordering;
use std::rc::Rc;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::source::Span;
use crate::tree::{Entry, Map, Node, Text, Unknown, Value};

use super::number::Number;
use super::types::{Field, Type};

/// The most places that a value remembers it came through.
const LONGEST_WAY: usize = 16;
/// How deep values are looked into.
const DEEPEST: u32 = 256;

/// The most that one value holds.
pub(super) const HEAVIEST: u32 = 200_000;

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    /// What it is.
    pub(super) what: What,
    /// The place that decides it.
    pub(super) span: Span,
    /// The other places it came through, the nearest first.
    pub(super) via: Option<Rc<[Span]>>,
    /// Why it is sensitive, when it is.
    pub(super) sensitive: Option<Rc<str>>,
    /// How much there is in it: 1 for each value, and for each few characters.
    pub(super) weight: u32,
}

/// What stands in a value.
#[derive(Clone, Debug)]
pub(super) enum What {
    Null(Type),
    /// Not known, and of which type it will be.
    Unknown(Rc<Unknown>, Type),
    Bool(bool),
    Number(Number),
    String(Text),
    /// With the type of its elements.
    List(Type, Rc<Vec<Typed>>),
    /// With the type of its elements; sorted.
    Set(Type, Rc<Vec<Typed>>),
    Tuple(Rc<Vec<Typed>>),
    /// With the type of its elements; sorted by key.
    Map(Type, Rc<Vec<Member>>),
    /// Sorted by key.
    Object(Rc<Vec<Member>>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) key: Text,
    pub(super) key_span: Span,
    pub(super) value: Typed,
}

impl Typed {
    /// A value at a place. One that holds too much is not known: parts are shared, so that a few lines could make a
    /// value without end.
    pub(super) fn new(what: What, span: Span) -> Self {
        let weight = weigh(&what);
        if weight > HEAVIEST {
            let unknown = Unknown::new("the value is too large", "pass a plan", span);
            let what = What::Unknown(Rc::new(unknown), Type::Dynamic);
            return Self { what, span, via: None, sensitive: None, weight: 1 };
        }
        Self { what, span, via: None, sensitive: None, weight }
    }

    /// A string.
    pub(super) fn string(text: impl Into<Text>, span: Span) -> Self {
        Self::new(What::String(normal(text.into())), span)
    }

    /// A boolean.
    pub(super) fn bool(value: bool, span: Span) -> Self {
        Self::new(What::Bool(value), span)
    }

    /// A number.
    pub(super) fn number(value: Number, span: Span) -> Self {
        Self::new(What::Number(value), span)
    }

    /// A tuple.
    pub(super) fn tuple(items: Vec<Typed>, span: Span) -> Self {
        Self::new(What::Tuple(Rc::new(items)), span)
    }

    /// A list whose elements are of one type already.
    pub(super) fn list(kind: Type, items: Vec<Typed>, span: Span) -> Self {
        Self::new(What::List(kind, Rc::new(items)), span)
    }

    /// A set whose elements are of one type already.
    pub(super) fn set(kind: Type, mut items: Vec<Typed>, span: Span) -> Self {
        // Marks are no part of an element: the whole set takes them.
        let sensitive = items.iter().find_map(Typed::any_mark);
        items.sort_by(order);
        items.dedup_by(|a, b| same(a, b) == Some(true));
        Self { sensitive, ..Self::new(What::Set(kind, Rc::new(items)), span) }
    }

    /// An object; of members with the same key the last one counts.
    pub(super) fn object(members: Vec<Member>, span: Span) -> Self {
        Self::new(What::Object(Rc::new(sorted(members))), span)
    }

    /// A mapping whose elements are of one type already; of members with the same key the last one counts.
    pub(super) fn map(kind: Type, members: Vec<Member>, span: Span) -> Self {
        Self::new(What::Map(kind, Rc::new(sorted(members))), span)
    }

    /// An object of a few names.
    pub(super) fn named<const N: usize>(members: [(&str, Typed); N], span: Span) -> Self {
        let member = |(key, value): (&str, Typed)| Member { key: key.into(), key_span: span, value };
        Self::object(members.map(member).into(), span)
    }

    /// Null of no type in particular.
    pub(super) fn null(span: Span) -> Self {
        Self::new(What::Null(Type::Dynamic), span)
    }

    /// A value that is not known.
    pub(super) fn unknown(reason: impl Into<String>, remedy: impl Into<String>, span: Span) -> Self {
        Self::of_unknown(Unknown::new(reason, remedy, span), span)
    }

    /// A value that is not known, of a type that is not known either. It may be null even where what it is made of is
    /// not.
    pub(super) fn of_unknown(unknown: Unknown, span: Span) -> Self {
        Self::new(What::Unknown(Rc::new(Unknown { set: false, ..unknown }), Type::Dynamic), span)
    }

    /// Its type.
    pub(super) fn kind(&self) -> Type {
        match &self.what {
            What::Null(kind) | What::Unknown(_, kind) => kind.clone(),
            What::Bool(_) => Type::Bool,
            What::Number(_) => Type::Number,
            What::String(_) => Type::String,
            What::List(kind, _) => Type::List(Rc::new(kind.clone())),
            What::Set(kind, _) => Type::Set(Rc::new(kind.clone())),
            What::Map(kind, _) => Type::Map(Rc::new(kind.clone())),
            What::Tuple(items) => Type::Tuple(items.iter().map(Typed::kind).collect()),
            What::Object(members) => {
                let field =
                    |member: &Member| Field { name: member.key.clone(), kind: member.value.kind(), optional: false };
                Type::Object(members.iter().map(field).collect())
            }
        }
    }

    /// Whether it is null.
    pub(super) fn is_null(&self) -> bool {
        matches!(self.what, What::Null(_))
    }

    /// Why it is not known, when it is not.
    pub(super) fn as_unknown(&self) -> Option<&Rc<Unknown>> {
        match &self.what {
            What::Unknown(unknown, _) => Some(unknown),
            _ => None,
        }
    }

    /// Whether it is not known.
    pub(super) fn is_unknown(&self) -> bool {
        self.as_unknown().is_some()
    }

    /// Whether it is not null, known or not.
    pub(super) fn is_certainly_set(&self) -> bool {
        match &self.what {
            What::Null(_) => false,
            What::Unknown(unknown, _) => unknown.set,
            _ => true,
        }
    }

    /// The string, if it is one.
    pub(super) fn as_str(&self) -> Option<&str> {
        match &self.what {
            What::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a list, set or tuple.
    pub(super) fn sequence(&self) -> Option<&Rc<Vec<Typed>>> {
        match &self.what {
            What::List(_, items) | What::Set(_, items) | What::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The members of a mapping or object.
    pub(super) fn members(&self) -> Option<&Rc<Vec<Member>>> {
        match &self.what {
            What::Map(_, members) | What::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The value of a key of a mapping or object.
    pub(super) fn get(&self, key: &str) -> Option<&Typed> {
        let members = self.members()?;
        let at = members.binary_search_by(|member| member.key.as_str().cmp(key)).ok()?;
        members.get(at).map(|member| &member.value)
    }

    /// The elements with their keys, in Terraform's order; the key of an element of a set is the element.
    pub(super) fn elements(&self) -> Option<Vec<(Typed, Typed)>> {
        let key = |index: usize| Typed::number(Number::counted(index), self.span);
        match &self.what {
            What::List(_, items) | What::Tuple(items) => {
                Some(items.iter().enumerate().map(|(index, item)| (key(index), item.clone())).collect())
            }
            What::Set(_, items) => Some(items.iter().map(|item| (item.clone(), item.clone())).collect()),
            What::Map(_, members) | What::Object(members) => Some(
                members
                    .iter()
                    .map(|member| (Typed::string(member.key.clone(), member.key_span), member.value.clone()))
                    .collect(),
            ),
            _ => None,
        }
    }

    /// The same value, remembered to have come through a place.
    pub(super) fn through(mut self, span: Span) -> Self {
        let way: &[Span] = self.via.as_deref().unwrap_or_default();
        if self.span == span || way.first() == Some(&span) || way.len() >= LONGEST_WAY {
            return self;
        }
        self.via = Some(std::iter::once(span).chain(way.iter().copied()).collect());
        self
    }

    /// The same value, remembered to have come through all places of `way`, the nearest first.
    pub(super) fn through_all(self, way: &[Span]) -> Self {
        way.iter().rev().fold(self, |value, span| value.through(*span))
    }

    /// The same value at another place.
    pub(super) fn at(self, span: Span) -> Self {
        Self { span, ..self }
    }

    /// The same value with a mark, when there is one to give.
    pub(super) fn marked(mut self, mark: Option<Rc<str>>) -> Self {
        if mark.is_some() {
            self.sensitive = mark;
        }
        self
    }

    /// The mark on it, or on anything in it.
    pub(super) fn any_mark(&self) -> Option<Rc<str>> {
        fn look(value: &Typed, depth: u32) -> Option<Rc<str>> {
            if value.sensitive.is_some() || depth > DEEPEST {
                return value.sensitive.clone();
            }
            match &value.what {
                What::List(_, items) | What::Set(_, items) | What::Tuple(items) => {
                    items.iter().find_map(|item| look(item, depth + 1))
                }
                What::Map(_, members) | What::Object(members) => {
                    members.iter().find_map(|member| look(&member.value, depth + 1))
                }
                _ => None,
            }
        }
        look(self, 0)
    }

    /// The value as it is written down. What is sensitive is not.
    pub(super) fn into_node(self) -> Node {
        self.to_node(0)
    }

    fn to_node(&self, depth: u32) -> Node {
        let via = self.via.as_deref().map(Into::into);
        if let Some(reason) = &self.sensitive {
            let mut unknown = Unknown::new(&**reason, "", self.span);
            if let Some(inner) = self.as_unknown() {
                unknown.refers_to.clone_from(&inner.refers_to);
            }
            return Node { via, ..Node::new(Value::Unknown(Box::new(unknown)), self.span) };
        }
        if depth > DEEPEST {
            return Node { via, ..Node::unknown("the value is nested too deeply", "", self.span) };
        }
        let value = match &self.what {
            What::Null(_) => Value::Null,
            What::Unknown(unknown, _) => Value::Unknown(Box::new((**unknown).clone())),
            What::Bool(value) => Value::Bool(*value),
            What::Number(number) => number.to_i64().map_or_else(|| Value::Float(number.to_f64()), Value::Int),
            What::String(text) => Value::String(text.clone()),
            What::List(_, items) | What::Set(_, items) | What::Tuple(items) => {
                Value::List(items.iter().map(|item| item.to_node(depth + 1)).collect())
            }
            What::Map(_, members) | What::Object(members) => {
                let entry = |member: &Member| Entry {
                    key: member.key.clone(),
                    key_span: member.key_span,
                    value: member.value.to_node(depth + 1),
                };
                Value::Map(Map { entries: members.iter().map(entry).collect() })
            }
        };
        Node { span: self.span, value, via }
    }

    /// A value from a file (JSON, or a literal).
    pub(super) fn from_node(node: &Node) -> Self {
        Self { via: node.via.as_deref().map(Into::into), ..Self::new(What::from_value(&node.value), node.span) }
    }
}

impl What {
    /// What a value of a file is to Terraform.
    pub(super) fn from_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null(Type::Dynamic),
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Number(Number::whole(*value)),
            Value::Float(value) => match Number::written(*value) {
                Some(number) => Self::Number(number),
                None => Self::Unknown(Rc::new(Unknown::new("the number is too large", "", None)), Type::Number),
            },
            Value::String(text) => Self::String(normal(text.clone())),
            Value::List(items) => Self::Tuple(Rc::new(items.iter().map(Typed::from_node).collect())),
            Value::Map(map) => {
                let member = |entry: &Entry| Member {
                    key: entry.key.clone(),
                    key_span: entry.key_span,
                    value: Typed::from_node(&entry.value),
                };
                Self::Object(Rc::new(sorted(map.entries.iter().map(member).collect())))
            }
            Value::Unknown(unknown) => Self::Unknown(Rc::new((**unknown).clone()), Type::Dynamic),
        }
    }
}

/// How much there is in a value.
fn weigh(what: &What) -> u32 {
    let all = |parts: &mut dyn Iterator<Item = &Typed>| parts.fold(1u32, |sum, part| sum.saturating_add(part.weight));
    match what {
        What::String(text) => 1 + u32::try_from(text.len() / 64).unwrap_or(u32::MAX - 1),
        What::List(_, items) | What::Set(_, items) | What::Tuple(items) => all(&mut items.iter()),
        What::Map(_, members) | What::Object(members) => all(&mut members.iter().map(|member| &member.value)),
        _ => 1,
    }
}

/// A string in normal form C, as Terraform keeps every string.
fn normal(text: Text) -> Text {
    if text.is_ascii() || is_nfc(&text) { text } else { text.nfc().collect::<String>().into() }
}

fn sorted(mut members: Vec<Member>) -> Vec<Member> {
    members.sort_by(|a, b| a.key.cmp(&b.key));
    if members.windows(2).any(|pair| pair[0].key == pair[1].key) {
        // The sort is stable, so the last of several is the one written last.
        members.reverse();
        members.dedup_by(|later, kept| later.key == kept.key);
        members.reverse();
    }
    members
}

/// The unknowns among values as one: the reason of the first, the references of all. `deep` looks inside.
pub(super) fn unknown_among<'v>(values: impl IntoIterator<Item = &'v Typed>, deep: bool) -> Option<Unknown> {
    let mut found = None;
    for value in values {
        gather(value, deep, 0, &mut found);
    }
    found
}

fn gather(value: &Typed, deep: bool, depth: u32, found: &mut Option<Unknown>) {
    if depth > DEEPEST {
        return;
    }
    match &value.what {
        What::Unknown(unknown, _) => match found {
            None => *found = Some(Unknown { set: false, ..(**unknown).clone() }),
            Some(first) => {
                for address in &unknown.refers_to {
                    if !first.refers_to.contains(address) && first.refers_to.len() < 64 {
                        first.refers_to.push(address.clone());
                    }
                }
            }
        },
        What::List(_, items) | What::Set(_, items) | What::Tuple(items) if deep => {
            items.iter().for_each(|item| gather(item, deep, depth + 1, found));
        }
        What::Map(_, members) | What::Object(members) if deep => {
            members.iter().for_each(|member| gather(&member.value, deep, depth + 1, found));
        }
        _ => {}
    }
}

/// Whether two values are equal; `None` when that depends on an unknown. Values of different types are not, but null
/// is null.
pub(super) fn same(left: &Typed, right: &Typed) -> Option<bool> {
    same_within(left, right, 0)
}

fn same_within(left: &Typed, right: &Typed, depth: u32) -> Option<bool> {
    if depth > DEEPEST {
        return None;
    }
    match (&left.what, &right.what) {
        // What is certainly there is not null, whatever it turns out to be.
        (What::Unknown(unknown, _), What::Null(_)) | (What::Null(_), What::Unknown(unknown, _)) if unknown.set => {
            return Some(false);
        }
        (What::Unknown(..), _) | (_, What::Unknown(..)) => return None,
        (What::Null(_), What::Null(_)) => return Some(true),
        (What::Null(_), _) | (_, What::Null(_)) => return Some(false),
        (What::Number(a), What::Number(b)) => return Some(a == b),
        (What::String(a), What::String(b)) => return Some(a == b),
        (What::Bool(a), What::Bool(b)) => return Some(a == b),
        _ => {}
    }
    if depth == 0 {
        let (a, b) = (left.kind(), right.kind());
        if a != b {
            // Of what is not known, part of the type may not be known either.
            let open = (a.is_open() || b.is_open()) && unknown_among([left, right], true).is_some();
            return if open && a.could_be(&b) { None } else { Some(false) };
        }
    }
    let all = |pairs: &mut dyn Iterator<Item = Option<bool>>| {
        let mut sure = true;
        for pair in pairs {
            match pair {
                Some(false) => return Some(false),
                Some(true) => {}
                None => sure = false,
            }
        }
        sure.then_some(true)
    };
    match (&left.what, &right.what) {
        (What::List(_, a) | What::Tuple(a) | What::Set(_, a), What::List(_, b) | What::Tuple(b) | What::Set(_, b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            all(&mut a.iter().zip(b.iter()).map(|(a, b)| same_within(a, b, depth + 1)))
        }
        (What::Map(_, a) | What::Object(a), What::Map(_, b) | What::Object(b)) => {
            if a.len() != b.len() || a.iter().zip(b.iter()).any(|(a, b)| a.key != b.key) {
                return Some(false);
            }
            all(&mut a.iter().zip(b.iter()).map(|(a, b)| same_within(&a.value, &b.value, depth + 1)))
        }
        _ => Some(false),
    }
}

/// The order of the elements of a set: null after values, unknowns last, compound values by what they look like.
fn order(left: &Typed, right: &Typed) -> Ordering {
    let rank = |value: &Typed| match value.what {
        What::Unknown(..) => 2,
        What::Null(_) => 1,
        _ => 0,
    };
    match (&left.what, &right.what) {
        (What::String(a), What::String(b)) => a.cmp(b),
        (What::Number(a), What::Number(b)) => a.cmp(b),
        (What::Bool(a), What::Bool(b)) => a.cmp(b),
        _ if rank(left) != rank(right) => rank(left).cmp(&rank(right)),
        _ => looks(left).cmp(&looks(right)),
    }
}

fn looks(value: &Typed) -> String {
    let mut out = String::new();
    look(value, 0, &mut out);
    out
}

fn look(value: &Typed, depth: u32, out: &mut String) {
    if depth > DEEPEST {
        return;
    }
    let mut each = |open: char, close: char, items: &[Typed]| {
        out.push(open);
        for item in items {
            look(item, depth + 1, out);
            out.push(';');
        }
        out.push(close);
    };
    match &value.what {
        What::Unknown(..) => out.push('?'),
        What::Null(_) => out.push('~'),
        What::Number(number) => out.push_str(&number.ten_digits()),
        What::Bool(value) => out.push(if *value { 'T' } else { 'F' }),
        What::String(text) => out.push_str(&super::functions::quoted(text)),
        What::List(_, items) | What::Set(_, items) => each('[', ']', items),
        What::Tuple(items) => each('<', '>', items),
        What::Map(_, members) => {
            out.push('{');
            for member in members.iter() {
                out.push_str(&super::functions::quoted(&member.key));
                out.push(':');
                look(&member.value, depth + 1, out);
                out.push(';');
            }
            out.push('}');
        }
        What::Object(members) => {
            out.push('<');
            for member in members.iter() {
                look(&member.value, depth + 1, out);
                out.push(';');
            }
            out.push('>');
        }
    }
}

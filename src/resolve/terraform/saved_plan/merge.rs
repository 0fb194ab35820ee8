//! What a plan says of a value, put over what the text gave, at the place where the text has it.

use crate::source::Span;
use crate::tree::{Entry, Map, Node, Value};

use crate::resolve::terraform::typed::{Typed, same as same_values};

/// How many items of a list are looked through for the one that was written for an item of the plan.
const MOST_PAIRS: usize = 64;
/// How deep values are merged.
const DEEPEST: u32 = 64;

/// One value, from all sides.
#[derive(Clone, Copy)]
pub(super) struct Sides<'n> {
    /// Whose value it is, for reasons.
    pub(super) address: &'n str,
    /// What the text gave.
    pub(super) text: Option<&'n Node>,
    /// The planned value.
    pub(super) after: Option<&'n Node>,
    /// `true` where it is known after apply only.
    pub(super) unknown: Option<&'n Node>,
    /// `true` where it must not be shown.
    pub(super) sensitive: Option<&'n Node>,
    /// The expressions of the configuration.
    pub(super) expressions: Option<&'n Node>,
}

fn is_unknown(node: &Node) -> bool {
    node.as_unknown().is_some()
}

/// Whether two values are equal; `None` when that depends on an unknown.
pub(super) fn same(left: &Node, right: &Node) -> Option<bool> {
    same_values(&Typed::from_node(left), &Typed::from_node(right))
}

/// Where a value is written. What is not known stands where the missing thing is named, which it came through to here.
fn written(text: &Node) -> Span {
    let way = text.via.as_deref().filter(|_| is_unknown(text)).and_then(|way| way.first());
    way.copied().unwrap_or(text.span)
}

fn is_true(node: Option<&Node>) -> bool {
    node.and_then(Node::as_bool) == Some(true)
}

impl<'n> Sides<'n> {
    /// The body of a resource, which stands at `at`.
    pub(super) fn body(&self, at: Span) -> Node {
        let mut merged = self.map(at, 0);
        // Meta-arguments are no part of a plan.
        for entry in self.text.map_or(&[][..], Node::entries) {
            let planned = |side: Option<&Node>| side.is_some_and(|side| side.get(&entry.key).is_some());
            if !planned(self.after) && !planned(self.unknown) {
                merged.entries.push(entry.clone());
            }
        }
        Node::new(Value::Map(merged), at)
    }

    fn child(&self, key: &str) -> Self {
        let get = |side: Option<&'n Node>| side.and_then(|node| node.get(key));
        // All of a value that is sensitive or unknown as a whole is.
        let flag = |side: Option<&'n Node>| if is_true(side) { side } else { get(side) };
        Self {
            address: self.address,
            text: get(self.text),
            after: get(self.after),
            unknown: flag(self.unknown),
            sensitive: flag(self.sensitive),
            expressions: match self.expressions {
                // An expression as a whole: it may set anything within.
                Some(node) if node.get("references").is_some() || node.get("constant_value").is_some() => Some(node),
                other => get(other),
            },
        }
    }

    fn item(&self, index: usize, text: Option<&'n Node>) -> Self {
        let get = |side: Option<&'n Node>| side.and_then(|node| node.items().get(index));
        let flag = |side: Option<&'n Node>| if is_true(side) { side } else { get(side) };
        Self {
            address: self.address,
            text,
            after: get(self.after),
            unknown: flag(self.unknown),
            sensitive: flag(self.sensitive),
            expressions: get(self.expressions).or(self.expressions.filter(|node| node.items().is_empty())),
        }
    }

    fn map(&self, at: Span, depth: u32) -> Map {
        let after = self.after.map_or(&[][..], Node::entries);
        let unknown = self.unknown.map_or(&[][..], Node::entries);
        let only_unknown = unknown.iter().filter(|entry| after.iter().all(|known| known.key != entry.key));
        let mut map = Map::default();
        for entry in after.iter().chain(only_unknown) {
            let text = self.text.and_then(|text| text.entry(&entry.key));
            let place = text.map_or(at, |text| written(&text.value));
            if let Some(value) = self.child(&entry.key).value(&entry.key, place, depth + 1) {
                let key_span = text.map_or(at, |text| text.key_span);
                map.entries.push(Entry { key: entry.key.clone(), key_span, value });
            }
        }
        map
    }

    fn value(&self, name: &str, at: Span, depth: u32) -> Option<Node> {
        let unknown = |reason: String| Some(Node::unknown(reason, "", at));
        if depth > DEEPEST {
            return unknown("it nests too deep".to_owned());
        }
        if is_true(self.sensitive) && self.after.is_some_and(|after| !after.is_null()) {
            return unknown(format!("`{}.{name}` is sensitive", self.address));
        }
        if is_true(self.unknown) {
            return match (self.text, self.expressions) {
                (Some(text), _) if !text.is_null() => Some(text.clone()),
                (_, Some(_)) => unknown(format!("`{}.{name}` is known after apply", self.address)),
                _ => None,
            };
        }
        let after = self.after?;
        let way = self.text.filter(|text| !is_unknown(text)).and_then(|text| text.via.clone());
        let node = |value: Value| Some(Node { span: at, value, via: way.clone() });
        match &after.value {
            Value::Map(_) => node(Value::Map(self.map(at, depth))),
            Value::List(items) => {
                let mut taken = Vec::new();
                let items = items.iter().enumerate().filter_map(|(index, item)| {
                    let text = self.pair(index, item, &mut taken);
                    self.item(index, text).value(name, text.map_or(at, written), depth + 1)
                });
                node(Value::List(items.collect()))
            }
            _ => match self.text {
                Some(text) if same(text, after) == Some(true) => Some(text.clone()),
                _ => node(after.value.clone()),
            },
        }
    }

    /// The item of the text that an item of the plan was written as: sets have another order there.
    fn pair(&self, index: usize, item: &Node, taken: &mut Vec<usize>) -> Option<&'n Node> {
        let texts = match self.text {
            Some(Node { value: Value::List(texts), .. }) => texts,
            // A single block or mapping stands for a list of one.
            Some(text @ Node { value: Value::Map(_), .. }) => return Some(text),
            _ => return None,
        };
        let fits = |at: usize| texts.get(at).is_some_and(|text| !contradicts(text, item));
        let nearest = std::iter::once(index).chain(0..texts.len().min(MOST_PAIRS));
        let found = nearest.into_iter().find(|at| !taken.contains(at) && fits(*at))?;
        taken.push(found);
        texts.get(found)
    }
}

/// Whether something known in the text is another in the plan.
fn contradicts(text: &Node, planned: &Node) -> bool {
    match (&text.value, &planned.value) {
        (Value::Map(map), Value::Map(_)) => map.entries.iter().any(|entry| match planned.get(&entry.key) {
            Some(value) if entry.value.scalar().is_some() && value.scalar().is_some() => {
                entry.value.scalar() != value.scalar()
            }
            _ => false,
        }),
        _ if is_unknown(text) => false,
        _ => text.scalar().is_some() && text.scalar() != planned.scalar(),
    }
}

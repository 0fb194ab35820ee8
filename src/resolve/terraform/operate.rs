//! Values and the operators on them: equality, conversion, arithmetic, and how unknowns spread.

use crate::source::Span;
use crate::tree::block::BinaryOperator;
use crate::tree::{Entry, Map, Node, Text, Unknown, Value};

/// What Terraform would refuse: `try` and `can` look for it, and elsewhere it makes an unknown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    /// What is wrong, as a sentence part.
    pub(super) reason: String,
    /// Where.
    pub(super) span: Span,
}

impl Failure {
    /// A failure at a place.
    pub(super) fn new(reason: impl Into<String>, span: Span) -> Self {
        Self { reason: reason.into(), span }
    }

    /// The same as a value that is not known.
    pub(super) fn into_node(self) -> Node {
        Node::unknown(self.reason, "", self.span)
    }
}

/// A value, or what is wrong with the expression.
pub(super) type Evaluated = Result<Node, Failure>;

/// The most places that a value remembers it came through.
const LONGEST_WAY: usize = 16;

/// The same value, remembered to have come through a place.
pub(super) fn through(mut node: Node, span: Span) -> Node {
    let way: &[Span] = node.via.as_deref().unwrap_or_default();
    if node.span == span || way.first() == Some(&span) || way.len() >= LONGEST_WAY {
        return node;
    }
    node.via = Some(std::iter::once(span).chain(way.iter().copied()).collect());
    node
}

/// The same value, remembered to have come through all places of `way`, the nearest first.
pub(super) fn through_all(node: Node, way: &[Span]) -> Node {
    way.iter().rev().fold(node, |node, span| through(node, *span))
}

/// Whether it is an unknown.
pub(super) fn is_unknown(node: &Node) -> bool {
    matches!(node.value, Value::Unknown(_))
}

/// The unknowns among nodes as one: the reason of the first, the references of all. `deep` looks inside.
pub(super) fn unknown_among<'n>(nodes: impl IntoIterator<Item = &'n Node>, deep: bool) -> Option<Unknown> {
    let mut found = None;
    for node in nodes {
        gather(node, deep, 0, &mut found);
    }
    found
}

fn gather(node: &Node, deep: bool, depth: u32, found: &mut Option<Unknown>) {
    if depth > 256 {
        return;
    }
    match &node.value {
        Value::Unknown(unknown) => match found {
            None => *found = Some((**unknown).clone()),
            Some(first) => {
                for address in &unknown.refers_to {
                    if !first.refers_to.contains(address) && first.refers_to.len() < 64 {
                        first.refers_to.push(address.clone());
                    }
                }
            }
        },
        Value::List(items) if deep => items.iter().for_each(|item| gather(item, deep, depth + 1, found)),
        Value::Map(map) if deep => map.entries.iter().for_each(|entry| gather(&entry.value, deep, depth + 1, found)),
        _ => {}
    }
}

/// An unknown as a value.
pub(super) fn unknown_node(unknown: Unknown, span: Span) -> Node {
    Node::new(Value::Unknown(Box::new(unknown)), span)
}

/// Whether two values are equal; `None` when that depends on an unknown.
pub(super) fn same(left: &Node, right: &Node) -> Option<bool> {
    same_within(left, right, 0)
}

fn same_within(left: &Node, right: &Node, depth: u32) -> Option<bool> {
    if depth > 256 {
        return None;
    }
    let all = |mut pairs: Box<dyn Iterator<Item = Option<bool>> + '_>| {
        let mut sure = true;
        if pairs.any(|pair| {
            sure &= pair.is_some();
            pair == Some(false)
        }) {
            return Some(false);
        }
        sure.then_some(true)
    };
    match (&left.value, &right.value) {
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => None,
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            all(Box::new(a.iter().zip(b).map(|(a, b)| same_within(a, b, depth + 1))))
        }
        (Value::Map(a), Value::Map(b)) if a.entries.len() == b.entries.len() => {
            all(Box::new(a.entries.iter().map(|entry| match b.get(&entry.key) {
                Some(other) => same_within(&entry.value, other, depth + 1),
                None => Some(false),
            })))
        }
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            Some(left.as_number() == right.as_number())
        }
        (a, b) => Some(a == b && !matches!(a, Value::List(_) | Value::Map(_))),
    }
}

/// A whole number where it is one.
#[allow(clippy::cast_possible_truncation, reason = "guarded by the range")]
pub(super) fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9.0e15 { Value::Int(value as i64) } else { Value::Float(value) }
}

/// The value as a string, as Terraform converts it.
pub(super) fn to_text(node: &Node) -> Result<Text, Failure> {
    node.scalar().ok_or_else(|| Failure::new("a string is needed here", node.span))
}

/// The value as a number, as Terraform converts it.
pub(super) fn to_number(node: &Node) -> Result<f64, Failure> {
    let parsed = match &node.value {
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => node.as_number(),
    };
    parsed.ok_or_else(|| Failure::new("a number is needed here", node.span))
}

/// The value as a boolean, as Terraform converts it.
pub(super) fn to_bool(node: &Node) -> Result<bool, Failure> {
    match &node.value {
        Value::Bool(value) => Ok(*value),
        Value::String(text) if text == "true" || text == "1" => Ok(true),
        Value::String(text) if text == "false" || text == "0" => Ok(false),
        _ => Err(Failure::new("a boolean is needed here", node.span)),
    }
}

/// An operator on two known values.
pub(super) fn binary(operator: BinaryOperator, left: &Node, right: &Node, span: Span) -> Evaluated {
    use BinaryOperator as Op;
    if let (Op::Add | Op::Subtract | Op::Multiply, Value::Int(a), Value::Int(b)) = (operator, &left.value, &right.value)
    {
        let whole = match operator {
            Op::Add => a.checked_add(*b),
            Op::Subtract => a.checked_sub(*b),
            _ => a.checked_mul(*b),
        };
        if let Some(whole) = whole {
            return Ok(Node::new(Value::Int(whole), span));
        }
    }
    let (a, b) = (to_number(left)?, to_number(right)?);
    let value = match operator {
        Op::Add => number(a + b),
        Op::Subtract => number(a - b),
        Op::Multiply => number(a * b),
        Op::Divide | Op::Remainder if b == 0.0 => return Err(Failure::new("division by zero", span)),
        Op::Divide => number(a / b),
        Op::Remainder => number(a % b),
        Op::Less => Value::Bool(a < b),
        Op::LessOrEqual => Value::Bool(a <= b),
        Op::Greater => Value::Bool(a > b),
        Op::GreaterOrEqual => Value::Bool(a >= b),
        Op::Equal | Op::NotEqual | Op::And | Op::Or => return Err(Failure::new("not an operator on numbers", span)),
    };
    Ok(Node::new(value, span))
}

/// The elements of a collection with their keys, in Terraform's order: a mapping's by key, a list's by index.
pub(super) fn elements(node: &Node) -> Option<Vec<(Node, &Node)>> {
    match &node.value {
        Value::List(items) => {
            let key = |index: usize| Node::new(Value::Int(i64::try_from(index).unwrap_or(i64::MAX)), node.span);
            Some(items.iter().enumerate().map(|(index, item)| (key(index), item)).collect())
        }
        Value::Map(map) => {
            let mut entries: Vec<&Entry> = map.entries.iter().collect();
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            Some(
                entries
                    .into_iter()
                    .map(|entry| (Node::string(entry.key.clone(), entry.key_span), &entry.value))
                    .collect(),
            )
        }
        _ => None,
    }
}

/// Puts a value under a key, in place of one that is there.
pub(super) fn insert(map: &mut Map, key: Text, key_span: Span, value: Node) {
    match map.entries.iter_mut().find(|entry| entry.key == key) {
        Some(entry) => *entry = Entry { key, key_span, value },
        None => map.entries.push(Entry { key, key_span, value }),
    }
}

//! Functions on lists, sets and mappings. A set is a sorted list without repeats.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::source::Span;
use crate::tree::{Map, Node, Value};

use super::{argument, items};
use crate::resolve::terraform::operate::{
    Evaluated, Failure, elements, insert, is_unknown, number, same, to_bool, to_number, to_text, unknown_among,
    unknown_node,
};

/// The longest list that `range` and `setproduct` make.
const LONGEST: usize = 10_000;

#[allow(clippy::unnecessary_wraps, reason = "what most functions here end in")]
fn list(items: Vec<Node>, span: Span) -> Evaluated {
    Ok(Node::new(Value::List(items), span))
}

fn order(a: &Node, b: &Node) -> Ordering {
    match (&a.value, &b.value) {
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            a.as_number().unwrap_or_default().total_cmp(&b.as_number().unwrap_or_default())
        }
        _ => a.scalar().cmp(&b.scalar()),
    }
}

fn without_repeats(items: impl IntoIterator<Item = Node>) -> Vec<Node> {
    let mut kept: Vec<Node> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for item in items {
        // Scalars are told apart by what they look like; only what is made of parts is compared one by one.
        let fresh = match item.scalar() {
            Some(text) => {
                seen.insert((std::mem::discriminant(&item.value) == std::mem::discriminant(&Value::Null), text))
            }
            None => kept.iter().all(|other| same(other, &item) != Some(true)),
        };
        if fresh {
            kept.push(item);
        }
    }
    kept
}

fn set(items: impl IntoIterator<Item = Node>, span: Span) -> Evaluated {
    let mut kept = without_repeats(items);
    kept.sort_by(order);
    list(kept, span)
}

pub(super) fn alltrue(args: &[Rc<Node>], span: Span) -> Evaluated {
    let all = items(args, 0, span)?.iter().all(|item| to_bool(item) == Ok(true));
    Ok(Node::new(Value::Bool(all), span))
}

pub(super) fn anytrue(args: &[Rc<Node>], span: Span) -> Evaluated {
    let any = items(args, 0, span)?.iter().any(|item| to_bool(item) == Ok(true));
    Ok(Node::new(Value::Bool(any), span))
}

pub(super) fn chunklist(args: &[Rc<Node>], span: Span) -> Evaluated {
    let size = size(argument(args, 1, span)?)?.max(1);
    list(items(args, 0, span)?.chunks(size).map(|chunk| Node::new(Value::List(chunk.to_vec()), span)).collect(), span)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range")]
fn size(node: &Node) -> Result<usize, Failure> {
    Ok(to_number(node)?.clamp(0.0, 1e9) as usize)
}

/// The first that is neither null nor an empty string; one that is unknown before it leaves that open.
pub(super) fn coalesce(args: &[Rc<Node>], span: Span) -> Evaluated {
    let found = args.iter().find(|node| !node.is_null() && node.as_str() != Some(""));
    found.map(|node| (**node).clone()).ok_or_else(|| Failure::new("`coalesce` found no value", span))
}

pub(super) fn coalescelist(args: &[Rc<Node>], span: Span) -> Evaluated {
    let found = args.iter().find(|node| is_unknown(node) || !node.items().is_empty());
    found.map(|node| (**node).clone()).ok_or_else(|| Failure::new("`coalescelist` found no list", span))
}

pub(super) fn compact(args: &[Rc<Node>], span: Span) -> Evaluated {
    let kept = items(args, 0, span)?.iter().filter(|item| !item.is_null() && item.as_str() != Some(""));
    list(kept.cloned().collect(), span)
}

pub(super) fn concat(args: &[Rc<Node>], span: Span) -> Evaluated {
    let mut all = Vec::new();
    for index in 0..args.len() {
        all.extend_from_slice(items(args, index, span)?);
    }
    list(all, span)
}

pub(super) fn contains(args: &[Rc<Node>], span: Span) -> Evaluated {
    let (collection, wanted) = (argument(args, 0, span)?, argument(args, 1, span)?);
    if let Some(unknown) = unknown_among([collection], false) {
        return Ok(unknown_node(unknown, span));
    }
    let found: Vec<Option<bool>> = collection.items().iter().map(|item| same(item, wanted)).collect();
    if found.contains(&Some(true)) {
        return Ok(Node::new(Value::Bool(true), span));
    }
    if found.contains(&None) {
        let unknown = unknown_among([collection, wanted], true);
        return Ok(
            unknown.map_or_else(|| Node::unknown("it is not known", "", span), |unknown| unknown_node(unknown, span))
        );
    }
    Ok(Node::new(Value::Bool(false), span))
}

pub(super) fn distinct(args: &[Rc<Node>], span: Span) -> Evaluated {
    list(without_repeats(items(args, 0, span)?.iter().cloned()), span)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "wrapped into the list"
)]
pub(super) fn element(args: &[Rc<Node>], span: Span) -> Evaluated {
    let items = items(args, 0, span)?;
    if items.is_empty() {
        return Err(Failure::new("`element` of an empty list", span));
    }
    let index = to_number(argument(args, 1, span)?)?.rem_euclid(items.len() as f64) as usize;
    items.get(index).cloned().ok_or_else(|| Failure::new("there is no element at this index", span))
}

pub(super) fn flatten(args: &[Rc<Node>], span: Span) -> Evaluated {
    fn into(node: &Node, depth: u32, out: &mut Vec<Node>) {
        match &node.value {
            Value::List(items) if depth < 64 => items.iter().for_each(|item| into(item, depth + 1, out)),
            _ => out.push(node.clone()),
        }
    }
    let source = argument(args, 0, span)?;
    let mut out = Vec::new();
    into(source, 0, &mut out);
    // A list of unknown length inside makes the length of the whole unknown, but its known part still tells something
    // only to who asks for elements; Terraform says unknown, and so do we.
    match unknown_among(source.items(), false) {
        Some(unknown) => Ok(unknown_node(unknown, span)),
        None => list(out, span),
    }
}

pub(super) fn index(args: &[Rc<Node>], span: Span) -> Evaluated {
    let wanted = argument(args, 1, span)?;
    let found = items(args, 0, span)?.iter().position(|item| same(item, wanted) == Some(true));
    let found = found.and_then(|index| i64::try_from(index).ok());
    found.map(|index| Node::new(Value::Int(index), span)).ok_or_else(|| Failure::new("`index` found nothing", span))
}

pub(super) fn keys(args: &[Rc<Node>], span: Span) -> Evaluated {
    match &argument(args, 0, span)?.value {
        Value::Map(_) => {
            list(elements(argument(args, 0, span)?).unwrap_or_default().into_iter().map(|(key, _)| key).collect(), span)
        }
        _ => Err(Failure::new("`keys` needs a mapping", span)),
    }
}

pub(super) fn values(args: &[Rc<Node>], span: Span) -> Evaluated {
    match &argument(args, 0, span)?.value {
        Value::Map(_) => list(
            elements(argument(args, 0, span)?)
                .unwrap_or_default()
                .into_iter()
                .map(|(_, value)| value.clone())
                .collect(),
            span,
        ),
        _ => Err(Failure::new("`values` needs a mapping", span)),
    }
}

pub(super) fn length(args: &[Rc<Node>], span: Span) -> Evaluated {
    let length = match &argument(args, 0, span)?.value {
        Value::List(items) => items.len(),
        Value::Map(map) => map.entries.len(),
        Value::String(text) => text.chars().count(),
        _ => return Err(Failure::new("`length` needs a collection or a string", span)),
    };
    Ok(Node::new(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)), span))
}

pub(super) fn lookup(args: &[Rc<Node>], span: Span) -> Evaluated {
    let key = to_text(argument(args, 1, span)?)?;
    match argument(args, 0, span)?.get(&key) {
        Some(found) => Ok(found.clone()),
        None => argument(args, 2, span).cloned().map_err(|_| Failure::new(format!("`lookup` found no `{key}`"), span)),
    }
}

pub(super) fn merge(args: &[Rc<Node>], span: Span) -> Evaluated {
    let mut map = Map::default();
    for node in args {
        match &node.value {
            Value::Map(other) => {
                for entry in &other.entries {
                    insert(&mut map, entry.key.clone(), entry.key_span, entry.value.clone());
                }
            }
            Value::Null => {}
            _ => return Err(Failure::new("`merge` needs mappings", span)),
        }
    }
    Ok(Node::new(Value::Map(map), span))
}

pub(super) fn one(args: &[Rc<Node>], span: Span) -> Evaluated {
    match items(args, 0, span)? {
        [] => Ok(Node::new(Value::Null, span)),
        [only] => Ok(only.clone()),
        _ => Err(Failure::new("`one` of several", span)),
    }
}

#[allow(clippy::cast_precision_loss, reason = "at most LONGEST steps")]
pub(super) fn range(args: &[Rc<Node>], span: Span) -> Evaluated {
    let numbers = args.iter().map(|node| to_number(node)).collect::<Result<Vec<f64>, _>>()?;
    let (start, limit, step) = match numbers.as_slice() {
        [limit] => (0.0, *limit, if *limit < 0.0 { -1.0 } else { 1.0 }),
        [start, limit] => (*start, *limit, if limit < start { -1.0 } else { 1.0 }),
        [start, limit, step] => (*start, *limit, *step),
        _ => return Err(Failure::new("`range` needs one to three numbers", span)),
    };
    let wanted = (limit - start) / step;
    if !wanted.is_finite() || wanted > LONGEST as f64 {
        return Ok(Node::unknown("the range is too long", "", span));
    }
    let mut made = Vec::new();
    let mut index = 0.0;
    while index < wanted && made.len() < LONGEST {
        made.push(Node::new(number(start + index * step), span));
        index += 1.0;
    }
    list(made, span)
}

pub(super) fn reverse(args: &[Rc<Node>], span: Span) -> Evaluated {
    list(items(args, 0, span)?.iter().rev().cloned().collect(), span)
}

fn has(items: &[Node], wanted: &Node) -> bool {
    items.iter().any(|item| same(item, wanted) == Some(true))
}

pub(super) fn setintersection(args: &[Rc<Node>], span: Span) -> Evaluated {
    let mut kept = items(args, 0, span)?.to_vec();
    for index in 1..args.len() {
        let others = items(args, index, span)?;
        kept.retain(|item| has(others, item));
    }
    set(kept, span)
}

pub(super) fn setsubtract(args: &[Rc<Node>], span: Span) -> Evaluated {
    let others = items(args, 1, span)?;
    set(items(args, 0, span)?.iter().filter(|item| !has(others, item)).cloned(), span)
}

pub(super) fn setunion(args: &[Rc<Node>], span: Span) -> Evaluated {
    let all = concat(args, span)?;
    set(all.items().iter().cloned(), span)
}

pub(super) fn setproduct(args: &[Rc<Node>], span: Span) -> Evaluated {
    let mut rows: Vec<Vec<Node>> = vec![Vec::new()];
    for index in 0..args.len() {
        let items = items(args, index, span)?;
        if rows.len().saturating_mul(items.len()) > LONGEST {
            return Ok(Node::unknown("the product is too long", "", span));
        }
        let extended = |row: &Vec<Node>, item: &Node| row.iter().cloned().chain([item.clone()]).collect();
        rows = rows.iter().flat_map(|row| items.iter().map(move |item| extended(row, item))).collect();
    }
    list(rows.into_iter().map(|row| Node::new(Value::List(row), span)).collect(), span)
}

pub(super) fn slice(args: &[Rc<Node>], span: Span) -> Evaluated {
    let (start, end) = (size(argument(args, 1, span)?)?, size(argument(args, 2, span)?)?);
    let part = items(args, 0, span)?.get(start..end);
    part.map(|part| Node::new(Value::List(part.to_vec()), span))
        .ok_or_else(|| Failure::new("`slice` is out of range", span))
}

pub(super) fn sort(args: &[Rc<Node>], span: Span) -> Evaluated {
    let mut sorted = items(args, 0, span)?.to_vec();
    sorted.sort_by_key(Node::scalar);
    list(sorted, span)
}

pub(super) fn sum(args: &[Rc<Node>], span: Span) -> Evaluated {
    let total = items(args, 0, span)?.iter().map(to_number).sum::<Result<f64, _>>()?;
    Ok(Node::new(number(total), span))
}

pub(super) fn tolist(args: &[Rc<Node>], span: Span) -> Evaluated {
    items(args, 0, span)?;
    argument(args, 0, span).cloned()
}

pub(super) fn toset(args: &[Rc<Node>], span: Span) -> Evaluated {
    let node = argument(args, 0, span)?;
    let made = set(items(args, 0, span)?.iter().cloned(), node.span)?;
    Ok(Node { via: node.via.clone(), ..made })
}

pub(super) fn zipmap(args: &[Rc<Node>], span: Span) -> Evaluated {
    let mut map = Map::default();
    for (key, value) in items(args, 0, span)?.iter().zip(items(args, 1, span)?) {
        if let Value::Unknown(unknown) = &key.value {
            return Ok(unknown_node((**unknown).clone(), span));
        }
        insert(&mut map, to_text(key)?, key.span, value.clone());
    }
    Ok(Node::new(Value::Map(map), span))
}

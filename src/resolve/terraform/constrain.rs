//! Type constraints of variables: conversion of what is given, and `optional()` with its defaults.

use crate::source::Span;
use crate::tree::block::{Expression, ExpressionKind};
use crate::tree::{Map, Node, Value};

use super::operate::{insert, number, to_bool, to_number, to_text};

/// Turns the defaults in a type constraint, which are constant expressions, into values.
pub(super) type Constant<'a> = &'a dyn Fn(&Expression) -> Node;

/// A value as its type constraint makes it. What does not fit is left as it is: whether a value is valid is
/// Terraform's to say.
pub(super) fn constrain(node: Node, kind: &Expression, constant: Constant<'_>) -> Node {
    let (span, via) = (node.span, node.via.clone());
    let keep = |value: Value| Node { span, value, via: via.clone() };
    match (&kind.kind, &node.value) {
        (_, Value::Null | Value::Unknown(_)) => node,
        (ExpressionKind::Variable(name), _) => match name.as_str() {
            "string" => to_text(&node).map_or_else(|_| node.clone(), |text| keep(Value::String(text))),
            "number" => to_number(&node).map_or_else(|_| node.clone(), |value| keep(number(value))),
            "bool" => to_bool(&node).map_or_else(|_| node.clone(), |value| keep(Value::Bool(value))),
            _ => node,
        },
        (ExpressionKind::Call { name, arguments, .. }, _) => match (name.value.as_str(), arguments.first(), node.value)
        {
            ("list" | "set", Some(element), Value::List(items)) => {
                keep(Value::List(items.into_iter().map(|item| constrain(item, element, constant)).collect()))
            }
            ("map", Some(element), Value::Map(mut map)) => {
                for entry in &mut map.entries {
                    let value = std::mem::replace(&mut entry.value, Node::new(Value::Null, span));
                    entry.value = constrain(value, element, constant);
                }
                keep(Value::Map(map))
            }
            ("tuple", Some(Expression { kind: ExpressionKind::List(kinds), .. }), Value::List(items)) => {
                let fit = |(index, item)| match kinds.get(index) {
                    Some(kind) => constrain(item, kind, constant),
                    None => item,
                };
                keep(Value::List(items.into_iter().enumerate().map(fit).collect()))
            }
            ("object", Some(Expression { kind: ExpressionKind::Object(fields), .. }), Value::Map(map)) => {
                keep(Value::Map(object(map, fields, span, constant)))
            }
            ("optional", Some(element), value) => constrain(keep(value), element, constant),
            (_, _, value) => keep(value),
        },
        _ => node,
    }
}

fn object(mut map: Map, fields: &[(Expression, Expression)], at: Span, constant: Constant<'_>) -> Map {
    let mut shaped = Map::default();
    for (name, kind) in fields {
        let Some(key) = field_name(name) else { continue };
        let given = map.entries.iter().position(|entry| entry.key == key).map(|index| map.entries.swap_remove(index));
        let default = optional_default(kind);
        let (key_span, value) = match given {
            Some(entry) if !(entry.value.is_null() && default.is_some()) => {
                (entry.key_span, constrain(entry.value, kind, constant))
            }
            _ => match default {
                Some(default) => (name.span, constrain(constant(default), kind, constant)),
                None => (name.span, Node::new(Value::Null, at)),
            },
        };
        insert(&mut shaped, key.into(), key_span, value);
    }
    shaped
}

/// The default of `optional(type, default)`.
fn optional_default(kind: &Expression) -> Option<&Expression> {
    match &kind.kind {
        ExpressionKind::Call { name, arguments, .. } if name.value == "optional" => arguments.get(1),
        _ => None,
    }
}

fn field_name(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        ExpressionKind::Literal(Value::String(name)) | ExpressionKind::Variable(name) => Some(name),
        _ => None,
    }
}

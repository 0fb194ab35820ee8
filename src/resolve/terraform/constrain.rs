//! Type constraints of variables: conversion of what is given, and `optional()` with its defaults.

use std::rc::Rc;

use crate::tree::Value;
use crate::tree::block::{Expression, ExpressionKind};

use super::convert::convert;
use super::typed::{Member, Typed, What};
use super::types::{Field, Type, unify};

/// How deep a type constraint may nest.
const DEEPEST: u32 = 64;

/// Turns the defaults in a type constraint, which are constant expressions, into values.
pub(super) type Constant<'a> = &'a dyn Fn(&Expression) -> Typed;

/// A value as its type constraint makes it. What does not fit is left as it is: whether a value is valid is
/// Terraform's to say.
pub(super) fn constrain(value: Typed, constraint: &Expression, constant: Constant<'_>) -> Typed {
    let Some(kind) = parse(constraint, 0) else { return value };
    let filled = fill(value, constraint, constant, 0);
    convert(&filled, &kind).unwrap_or(filled)
}

/// The type that a constraint stands for.
fn parse(constraint: &Expression, depth: u32) -> Option<Type> {
    if depth > DEEPEST {
        return None;
    }
    let element = |arguments: &[Expression]| Some(Rc::new(parse(arguments.first()?, depth + 1)?));
    match &constraint.kind {
        ExpressionKind::Variable(name) => Some(match name.as_str() {
            "string" => Type::String,
            "number" => Type::Number,
            "bool" => Type::Bool,
            "any" => Type::Dynamic,
            "list" => Type::Dynamic.listed(),
            "set" => Type::Set(Rc::new(Type::Dynamic)),
            "map" => Type::Map(Rc::new(Type::Dynamic)),
            _ => return None,
        }),
        // The form of Terraform 0.11: `type = "string"`.
        ExpressionKind::Literal(Value::String(name)) => Some(match name.as_str() {
            "string" => Type::String,
            "list" => Type::String.listed(),
            "map" => Type::Map(Rc::new(Type::String)),
            _ => return None,
        }),
        ExpressionKind::Call { name, arguments, .. } => Some(match name.value.as_str() {
            "list" => Type::List(element(arguments)?),
            "set" => Type::Set(element(arguments)?),
            "map" => Type::Map(element(arguments)?),
            "optional" => return parse(arguments.first()?, depth + 1),
            "tuple" => match &arguments.first()?.kind {
                ExpressionKind::List(kinds) => {
                    Type::Tuple(kinds.iter().map(|kind| parse(kind, depth + 1)).collect::<Option<_>>()?)
                }
                _ => return None,
            },
            "object" => match &arguments.first()?.kind {
                ExpressionKind::Object(fields) => {
                    let field = |(name, kind): &(Expression, Expression)| {
                        Some(Field {
                            name: field_name(name)?.into(),
                            kind: parse(kind, depth + 1)?,
                            optional: matches!(&kind.kind, ExpressionKind::Call { name, .. } if name.value == "optional"),
                        })
                    };
                    let mut fields = fields.iter().map(field).collect::<Option<Vec<_>>>()?;
                    fields.sort_by(|a, b| a.name.cmp(&b.name));
                    fields.dedup_by(|a, b| a.name == b.name);
                    Type::Object(fields.into())
                }
                _ => return None,
            },
            _ => return None,
        }),
        _ => None,
    }
}

/// Fills in the defaults of `optional()`, however deep. What is left out and has none stays out: conversion makes it
/// null.
fn fill(value: Typed, constraint: &Expression, constant: Constant<'_>, depth: u32) -> Typed {
    let ExpressionKind::Call { name, arguments, .. } = &constraint.kind else { return value };
    if depth > DEEPEST || value.is_null() || value.is_unknown() {
        return value;
    }
    let Some(first) = arguments.first() else { return value };
    let keep = |what: What| Typed { what, ..value.clone() };
    match (name.value.as_str(), &value.what) {
        ("optional", _) => fill(value, first, constant, depth + 1),
        ("list" | "set", What::List(_, items) | What::Set(_, items) | What::Tuple(items)) => {
            if !has_defaults(first, 0) {
                return value;
            }
            let items: Vec<Typed> = items.iter().map(|item| fill(item.clone(), first, constant, depth + 1)).collect();
            keep(What::Tuple(Rc::new(items)))
        }
        ("map", What::Map(_, members) | What::Object(members)) => {
            if !has_defaults(first, 0) {
                return value;
            }
            let member = |member: &Member| Member {
                value: fill(member.value.clone(), first, constant, depth + 1),
                ..member.clone()
            };
            let members: Vec<Member> = members.iter().map(member).collect();
            let kinds: Vec<Type> = members.iter().map(|member| member.value.kind()).collect();
            // A mapping of what has become alike stays one.
            match unify(&kinds) {
                Some(kind) if kinds.iter().all(|other| *other == kind) => keep(What::Map(kind, Rc::new(members))),
                _ => keep(What::Object(Rc::new(members))),
            }
        }
        ("tuple", What::List(_, items) | What::Tuple(items)) => match &first.kind {
            ExpressionKind::List(kinds) => {
                let fit = |(index, item): (usize, &Typed)| match kinds.get(index) {
                    Some(kind) => fill(item.clone(), kind, constant, depth + 1),
                    None => item.clone(),
                };
                keep(What::Tuple(Rc::new(items.iter().enumerate().map(fit).collect())))
            }
            _ => value,
        },
        ("object", What::Map(_, members) | What::Object(members)) => match &first.kind {
            ExpressionKind::Object(fields) => {
                let mut members: Vec<Member> = (**members).clone();
                for (name, kind) in fields {
                    let Some(key) = field_name(name) else { continue };
                    let at = members.binary_search_by(|member| member.key.as_str().cmp(key));
                    match (at, optional_default(kind)) {
                        (Ok(at), Some(default)) if members[at].value.is_null() => {
                            members[at].value = filled_default(default, kind, constant, depth);
                        }
                        (Ok(at), _) => {
                            members[at].value = fill(members[at].value.clone(), kind, constant, depth + 1);
                        }
                        (Err(at), Some(default)) => {
                            let value = filled_default(default, kind, constant, depth);
                            members.insert(at, Member { key: key.into(), key_span: name.span, value });
                        }
                        (Err(_), None) => {}
                    }
                }
                keep(What::Object(Rc::new(members)))
            }
            _ => value,
        },
        _ => value,
    }
}

/// A default as its own type makes it.
fn filled_default(default: &Expression, kind: &Expression, constant: Constant<'_>, depth: u32) -> Typed {
    let value = fill(constant(default), kind, constant, depth + 1);
    match parse(kind, 0) {
        Some(kind) => convert(&value, &kind).unwrap_or(value),
        None => value,
    }
}

fn has_defaults(constraint: &Expression, depth: u32) -> bool {
    if depth > DEEPEST {
        return false;
    }
    match &constraint.kind {
        ExpressionKind::Call { name, arguments, .. } => {
            name.value == "optional" && arguments.len() > 1
                || arguments.iter().take(1).any(|argument| has_defaults(argument, depth + 1))
        }
        ExpressionKind::List(kinds) => kinds.iter().any(|kind| has_defaults(kind, depth + 1)),
        ExpressionKind::Object(fields) => fields.iter().any(|(_, kind)| has_defaults(kind, depth + 1)),
        _ => false,
    }
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

//! Values made into other types, as Terraform does it for arguments, operands, results and variables.

use std::rc::Rc;

use crate::tree::Text;

use super::number::Number;
use super::operate::{Evaluated, Failure};
use super::typed::{Member, Typed, What};
use super::types::{Type, convertible, element_type, unify};

/// The value as one of a type, at the same place.
pub(super) fn convert(value: &Typed, wanted: &Type) -> Evaluated {
    match (&value.what, wanted) {
        (_, Type::Dynamic)
        | (What::String(_), Type::String)
        | (What::Number(_), Type::Number)
        | (What::Bool(_), Type::Bool) => return Ok(value.clone()),
        _ => {}
    }
    let kind = value.kind();
    if kind == *wanted {
        return Ok(value.clone());
    }
    if !convertible(&kind, wanted) {
        return Err(needs(wanted, value));
    }
    into(value, &kind, wanted)
}

fn needs(wanted: &Type, value: &Typed) -> Failure {
    let what = match wanted {
        Type::Bool => "a boolean",
        Type::Number => "a number",
        Type::String => "a string",
        Type::List(_) => "a list",
        Type::Set(_) => "a set",
        Type::Map(_) => "a mapping",
        Type::Tuple(_) | Type::Object(_) | Type::Dynamic => "a value of another type",
    };
    Failure::new(format!("{what} is needed here"), value.span)
}

/// The type of an unknown or a null that is converted: open parts are filled in from where it comes from.
fn filled(from: &Type, to: &Type) -> Type {
    match (from, to) {
        (Type::Dynamic, _) => to.clone(),
        (_, Type::Dynamic) => from.clone(),
        (Type::List(from) | Type::Set(from), Type::List(to)) => filled(from, to).listed(),
        (Type::List(from) | Type::Set(from), Type::Set(to)) => Type::Set(Rc::new(filled(from, to))),
        (Type::Map(from), Type::Map(to)) => Type::Map(Rc::new(filled(from, to))),
        (Type::Tuple(from), Type::List(to)) => filled(&unify(from).unwrap_or(Type::Dynamic), to).listed(),
        (Type::Tuple(from), Type::Set(to)) => Type::Set(Rc::new(filled(&unify(from).unwrap_or(Type::Dynamic), to))),
        _ => to.clone(),
    }
}

fn into(value: &Typed, kind: &Type, wanted: &Type) -> Evaluated {
    let keep = |what: What| Ok(Typed { what, ..value.clone() });
    match (&value.what, wanted) {
        (_, Type::Dynamic) => Ok(value.clone()),
        (What::Unknown(unknown, _), _) => keep(What::Unknown(unknown.clone(), filled(kind, &wanted.settled()))),
        (What::Null(_), _) => keep(What::Null(filled(kind, &wanted.settled()))),
        _ if kind == wanted => Ok(value.clone()),
        (What::Number(number), Type::String) => keep(What::String(Text::from(number.to_string()))),
        (What::Bool(value), Type::String) => keep(What::String(Text::from(if *value { "true" } else { "false" }))),
        (What::String(text), Type::Number) => match Number::parse(text) {
            Some(number) => keep(What::Number(number)),
            None => Err(needs(wanted, value)),
        },
        (What::String(text), Type::Bool) => match text.as_str() {
            "true" | "1" => keep(What::Bool(true)),
            "false" | "0" => keep(What::Bool(false)),
            _ => Err(needs(wanted, value)),
        },
        (What::List(_, items) | What::Set(_, items) | What::Tuple(items), Type::List(element)) => {
            let (kind, items) = elements(value, kind, items, element)?;
            keep(What::List(kind, Rc::new(items)))
        }
        (What::List(_, items) | What::Set(_, items) | What::Tuple(items), Type::Set(element)) => {
            let (kind, items) = elements(value, kind, items, element)?;
            let made = Typed::set(kind, items, value.span);
            Ok(Typed { via: value.via.clone(), ..made }.marked(value.sensitive.clone()))
        }
        (What::Tuple(items), Type::Tuple(kinds)) => {
            let items = items.iter().zip(kinds.iter()).map(|(item, kind)| part(item, kind));
            keep(What::Tuple(Rc::new(items.collect::<Result<_, _>>()?)))
        }
        (What::Map(_, members) | What::Object(members), Type::Map(element)) => {
            let (kind, members) = members_of(value, kind, members, element)?;
            keep(What::Map(kind, Rc::new(members)))
        }
        (What::Map(_, members) | What::Object(members), Type::Object(fields)) => {
            let mut made = Vec::with_capacity(fields.len());
            for wanted in fields.iter() {
                let found = members.iter().find(|member| member.key == wanted.name);
                made.push(match found {
                    Some(member) => Member { value: part(&member.value, &wanted.kind)?, ..member.clone() },
                    None if wanted.optional => Member {
                        key: wanted.name.clone(),
                        key_span: value.span,
                        value: Typed::new(What::Null(wanted.kind.settled()), value.span),
                    },
                    None => return Err(Failure::new(format!("`{}` is missing", wanted.name), value.span)),
                });
            }
            keep(What::Object(Rc::new(made)))
        }
        _ => Err(needs(wanted, value)),
    }
}

/// A part of a value.
fn part(value: &Typed, wanted: &Type) -> Evaluated {
    let kind = value.kind();
    if !convertible(&kind, wanted) {
        return Err(needs(wanted, value));
    }
    into(value, &kind, wanted)
}

/// The elements of a sequence made into one type, and the type.
fn elements(value: &Typed, kind: &Type, items: &[Typed], wanted: &Type) -> Result<(Type, Vec<Typed>), Failure> {
    let element = match kind {
        Type::Tuple(kinds) if !kinds.is_empty() => element_type(kinds, wanted),
        Type::List(inner) | Type::Set(inner) if *wanted == Type::Dynamic => Some((**inner).clone()),
        _ => Some(wanted.clone()),
    };
    let element = element.ok_or_else(|| needs(wanted, value))?;
    let items = items.iter().map(|item| part(item, &element)).collect::<Result<Vec<_>, _>>()?;
    one_type(&element, items, value)
}

/// Elements whose types may still differ where the wanted type is open: they are made into what they have in common.
fn one_type(element: &Type, items: Vec<Typed>, value: &Typed) -> Result<(Type, Vec<Typed>), Failure> {
    let Some(first) = items.first().map(Typed::kind) else { return Ok((element.settled(), items)) };
    if !element.is_open() && !matches!(element, Type::Object(_)) {
        return Ok((element.clone(), items));
    }
    if items.iter().all(|item| item.kind() == first) {
        return Ok((first, items));
    }
    let kinds: Vec<Type> = items.iter().map(Typed::kind).collect();
    let common = unify(&kinds).ok_or_else(|| needs(element, value))?;
    let items = items.iter().map(|item| part(item, &common)).collect::<Result<Vec<_>, _>>()?;
    Ok((common, items))
}

fn members_of(value: &Typed, kind: &Type, members: &[Member], wanted: &Type) -> Result<(Type, Vec<Member>), Failure> {
    let element = match kind {
        Type::Object(fields) if !fields.is_empty() => {
            let kinds: Vec<Type> = fields.iter().map(|field| field.kind.clone()).collect();
            element_type(&kinds, wanted)
        }
        Type::Map(inner) if *wanted == Type::Dynamic => Some((**inner).clone()),
        _ => Some(wanted.clone()),
    };
    let element = element.ok_or_else(|| needs(wanted, value))?;
    let values = members.iter().map(|member| part(&member.value, &element)).collect::<Result<Vec<_>, _>>()?;
    let (element, values) = one_type(&element, values, value)?;
    let members = members.iter().zip(values).map(|(member, value)| Member { value, ..member.clone() }).collect();
    Ok((element, members))
}

/// The value as a string; null is none.
pub(super) fn to_text(value: &Typed) -> Result<Text, Failure> {
    match &convert(value, &Type::String)?.what {
        What::String(text) => Ok(text.clone()),
        _ => Err(Failure::new("a string is needed here", value.span)),
    }
}

/// The value as a number; null is none.
pub(super) fn to_number(value: &Typed) -> Result<Number, Failure> {
    match convert(value, &Type::Number)?.what {
        What::Number(number) => Ok(number),
        _ => Err(Failure::new("a number is needed here", value.span)),
    }
}

/// The value as a boolean; null is none.
pub(super) fn to_bool(value: &Typed) -> Result<bool, Failure> {
    match convert(value, &Type::Bool)?.what {
        What::Bool(value) => Ok(value),
        _ => Err(Failure::new("a boolean is needed here", value.span)),
    }
}

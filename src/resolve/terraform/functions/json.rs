//! JSON as Terraform writes and reads it.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::resolve::golang;
use crate::resolve::terraform::number::Number;
use crate::resolve::terraform::operate::{Evaluated, Failure};
use crate::resolve::terraform::typed::{Member, Typed, What};

use super::{Context, LONGEST_TEXT};

/// How deep a text may nest.
const DEEPEST: u32 = 64;

/// A string as JSON, in quotes: `<`, `>` and `&` are escaped, so that it can stand in HTML.
pub(in crate::resolve::terraform) fn quoted(text: &str) -> String {
    golang::json(text, true)
}

/// Writes a value that is wholly known; stops where it becomes too long.
pub(super) fn write(value: &Typed, out: &mut String, depth: u32) {
    if depth > 128 || out.len() > LONGEST_TEXT {
        out.push_str("null");
        return;
    }
    match &value.what {
        What::Null(_) | What::Unknown(..) => out.push_str("null"),
        What::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        What::Number(number) => out.push_str(&number.to_string()),
        What::String(text) => out.push_str(&quoted(text)),
        What::List(_, items) | What::Set(_, items) | What::Tuple(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out, depth + 1);
            }
            out.push(']');
        }
        What::Map(_, members) | What::Object(members) => {
            out.push('{');
            for (index, member) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&quoted(&member.key));
                out.push(':');
                write(&member.value, out, depth + 1);
            }
            out.push('}');
        }
    }
}

pub(super) fn jsonencode(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let mut out = String::new();
    write(&args[0], &mut out, 0);
    cx.text_of(out)
}

pub(super) fn jsondecode(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let text = cx.text(args, 0)?;
    cx.evaluator.spend(text.len() / 16);
    let raw: &RawValue = serde_json::from_str(text).map_err(|_| cx.failure("it is not JSON"))?;
    read(cx, raw, args[0].span, 0)
}

/// The members of an object as they are written.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

fn read(cx: &Context<'_, '_>, raw: &RawValue, span: crate::source::Span, depth: u32) -> Evaluated {
    let wrong = || cx.failure("it is not JSON");
    if depth > DEEPEST {
        return Ok(Typed::unknown("the JSON is nested too deeply", "", span));
    }
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text).map_err(|_| wrong())?;
            let names: BTreeSet<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
            if names.len() < members.len() {
                return Ok(Typed::unknown("a key stands twice in the JSON", "", span));
            }
            let member = |(key, raw): (String, &RawValue)| {
                Ok(Member { key: key.into(), key_span: span, value: read(cx, raw, span, depth + 1)? })
            };
            Typed::object(members.into_iter().map(member).collect::<Result<_, Failure>>()?, span)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| wrong())?;
            let items = items.into_iter().map(|raw| read(cx, raw, span, depth + 1));
            Typed::tuple(items.collect::<Result<_, _>>()?, span)
        }
        Some(b'"') => {
            let text: String = serde_json::from_str(text).map_err(|_| wrong())?;
            Typed::string(text, span)
        }
        Some(b't') => Typed::bool(true, span),
        Some(b'f') => Typed::bool(false, span),
        Some(b'n') => Typed::null(span),
        _ => match Number::parse(text) {
            Some(number) => Typed::number(number, span),
            None => Typed::unknown("the number is too large", "", span),
        },
    })
}

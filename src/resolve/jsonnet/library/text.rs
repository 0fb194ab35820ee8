//! Texts. Uses `source`.

use super::super::machine::{Machine, Result};
use super::super::value::{Made, Stop, ThunkId, Value};
use super::{Call, counted, format, object, whole};

pub(super) fn call<'p>(call: &mut Call<'_, 'p, '_>, name: &str) -> Result<Made<'p>> {
    let span = call.span;
    match name {
        "toString" => {
            let given = call.any(0)?;
            if matches!(given.value, Value::String(_)) {
                return Ok(given);
            }
            let text = written(call.machine, &given)?;
            call.machine.text(text, span)
        }
        "format" => {
            let (pattern, values) = (call.any(0)?, call.any(1)?);
            format::format(call.machine, &pattern, &values, span)
        }
        "join" => {
            let separator = call.any(0)?;
            let items = call.items(1)?;
            if let Value::Array(between) = separator.value {
                let mut joined: Vec<ThunkId> = Vec::new();
                let mut first = true;
                for item in items.iter() {
                    match call.machine.force(*item)?.value {
                        Value::Null => {}
                        Value::Array(items) => {
                            if !first {
                                joined.extend(between.iter().copied());
                            }
                            first = false;
                            call.machine.charge(items.len() + between.len())?;
                            joined.extend(items.iter().copied());
                        }
                        other => return call.wrong(&other),
                    }
                }
                return call.machine.array(joined, span);
            }
            let separator = call.string(0)?;
            let joined = joined(call, &items, &separator)?;
            call.machine.text(joined, span)
        }
        "lines" => {
            let items = call.items(0)?;
            let mut lines = joined(call, &items, "\n")?;
            if !lines.is_empty() {
                lines.push('\n');
            }
            call.machine.text(lines, span)
        }
        "deepJoin" => {
            let mut open: Vec<ThunkId> = call.thunk(0).into_iter().collect();
            let mut whole = String::new();
            while let Some(next) = open.pop() {
                match call.machine.force(next)?.value {
                    Value::Array(items) => {
                        call.machine.charge(items.len() + 1)?;
                        open.extend(items.iter().rev().copied());
                    }
                    Value::String(part) => {
                        call.machine.charge(part.text.len() / 32)?;
                        whole.push_str(&part.text);
                    }
                    other => return call.wrong(&other),
                }
            }
            call.machine.text(whole, span)
        }
        "asciiLower" => changed(call, str::to_ascii_lowercase),
        "asciiUpper" => changed(call, str::to_ascii_uppercase),
        "trim" => changed(call, |text| text.trim().to_owned()),
        "escapeStringJson" | "escapeStringPython" => {
            let given = call.any(0)?;
            let text = written(call.machine, &given)?;
            call.machine.text(quoted(&text), span)
        }
        "escapeStringBash" => changed(call, |text| format!("'{}'", text.replace('\'', "'\"'\"'"))),
        "escapeStringDollars" => changed(call, |text| text.replace('$', "$$")),
        "base64" => {
            use base64::Engine as _;
            changed(call, |text| base64::engine::general_purpose::STANDARD.encode(text))
        }
        "md5" => {
            use md5::Digest as _;
            use std::fmt::Write as _;
            changed(call, |text| {
                md5::Md5::digest(text.as_bytes()).iter().fold(String::new(), |mut digits, byte| {
                    // Writing to a string does not fail.
                    let _ = write!(digits, "{byte:02x}");
                    digits
                })
            })
        }
        "stripChars" | "lstripChars" | "rstripChars" => {
            let (text, characters) = (call.string(0)?, call.string(1)?);
            call.machine.charge((characters.len() / 32 + 1) * (text.len() / 32 + 1))?;
            let gone = |character: char| characters.contains(character);
            let mut rest = text.as_str();
            if name != "rstripChars" {
                rest = rest.trim_start_matches(gone);
            }
            if name != "lstripChars" {
                rest = rest.trim_end_matches(gone);
            }
            call.machine.text(rest, span)
        }
        "substr" => {
            let text = call.string(0)?;
            let (from, length) = (call.number(1)?, call.number(2)?);
            let (Some(from), Some(length)) = (whole(from), whole(length)) else {
                return Err(Stop::new("a part of a text is not bounded by whole numbers", span));
            };
            let part: String = text.chars().skip(from).take(length).collect();
            call.machine.text(part, span)
        }
        "startsWith" | "endsWith" | "equalsIgnoreCase" => {
            let (text, other) = (call.string(0)?, call.string(1)?);
            call.make(Value::Bool(match name {
                "startsWith" => text.starts_with(&other),
                "endsWith" => text.ends_with(&other),
                _ => text.eq_ignore_ascii_case(&other),
            }))
        }
        "isEmpty" => {
            let text = call.string(0)?;
            call.make(Value::Bool(text.is_empty()))
        }
        "split" | "splitLimit" | "splitLimitR" => split(call, name),
        "strReplace" => {
            let (text, from, to) = (call.string(0)?, call.string(1)?, call.string(2)?);
            if from.is_empty() {
                return Err(Stop::new("nothing is replaced by something", span));
            }
            let count = text.matches(&from).count();
            call.machine.charge((text.len() + count * to.len()) / 32)?;
            call.machine.text(text.replace(&from, &to), span)
        }
        "findSubstr" => {
            let (part, text) = (call.string(0)?, call.string(1)?);
            let mut places = Vec::new();
            if !part.is_empty() {
                call.machine.charge(text.len())?;
                for (place, (at, _)) in text.char_indices().enumerate() {
                    if text[at..].starts_with(&part) {
                        let number = Made { value: Value::Number(counted(place)), span };
                        places.push(call.machine.done(number));
                    }
                }
            }
            call.machine.array(places, span)
        }
        "stringChars" => {
            let text = call.string(0)?;
            pieces(call, text.chars().map(String::from).collect())
        }
        "codepoint" => {
            let text = call.string(0)?;
            match text.chars().next() {
                Some(character) => call.make(Value::Number(f64::from(u32::from(character)))),
                None => Err(Stop::new("an empty text has no code point", span)),
            }
        }
        "char" => {
            let number = call.number(0)?;
            let found = whole(number).and_then(|code| u32::try_from(code).ok()).and_then(char::from_u32);
            match found {
                Some(character) => call.machine.text(character, span),
                None => Err(Stop::new(format!("{number} is no code point"), span)),
            }
        }
        "parseInt" | "parseHex" | "parseOctal" => {
            let text = call.string(0)?;
            let base = match name {
                "parseInt" => 10,
                "parseHex" => 16,
                _ => 8,
            };
            match i64::from_str_radix(&text, base) {
                #[allow(clippy::cast_precision_loss, reason = "as Jsonnet has it")]
                Ok(number) => call.make(Value::Number(number as f64)),
                Err(_) => Err(Stop::new("a text is no number", span)),
            }
        }
        _ => {
            let text = call.string(0)?;
            call.machine.charge(text.len())?;
            match serde_json::from_str::<serde_json::Value>(&text) {
                Ok(value) => parsed(call.machine, value, span),
                Err(_) => Err(Stop::new("a text is no JSON", span)),
            }
        }
    }
}

/// JSON as values. Its reader bounds how deep it nests.
fn parsed<'p>(machine: &mut Machine<'p, '_>, json: serde_json::Value, span: crate::source::Span) -> Result<Made<'p>> {
    machine.charge(1)?;
    let value = match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(truth),
        serde_json::Value::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => return machine.text(text, span),
        serde_json::Value::Array(items) => {
            let mut made = Vec::new();
            for item in items {
                let item = parsed(machine, item, span)?;
                made.push(machine.done(item));
            }
            return machine.array(made, span);
        }
        serde_json::Value::Object(fields) => {
            let mut made = Vec::new();
            for (name, value) in fields {
                let value = parsed(machine, value, span)?;
                let thunk = machine.done(value);
                made.push((machine.name(&name), span, thunk));
            }
            Value::Object(machine.record(made)?)
        }
    };
    Ok(Made { value, span })
}

fn changed<'p>(call: &mut Call<'_, 'p, '_>, change: impl FnOnce(&str) -> String) -> Result<Made<'p>> {
    let text = call.string(0)?;
    let span = call.span;
    call.machine.text(change(&text), span)
}

fn pieces<'p>(call: &mut Call<'_, 'p, '_>, parts: Vec<String>) -> Result<Made<'p>> {
    call.machine.charge(parts.len())?;
    let span = call.span;
    let mut made = Vec::with_capacity(parts.len());
    for part in parts {
        let part = call.machine.text(part, span)?;
        made.push(call.machine.done(part));
    }
    call.machine.array(made, span)
}

fn split<'p>(call: &mut Call<'_, 'p, '_>, name: &str) -> Result<Made<'p>> {
    let (text, separator) = (call.string(0)?, call.string(1)?);
    if separator.is_empty() {
        return Err(Stop::new("a text is split at nothing", call.span));
    }
    let limit = if name == "split" { -1.0 } else { call.number(2)? };
    let most = whole(limit).map_or(usize::MAX, |limit| limit.saturating_add(1));
    let parts = if name == "splitLimitR" {
        let mut parts: Vec<String> = text.rsplitn(most, &separator).map(String::from).collect();
        parts.reverse();
        parts
    } else {
        text.splitn(most, &separator).map(String::from).collect()
    };
    pieces(call, parts)
}

fn joined(call: &mut Call<'_, '_, '_>, items: &[ThunkId], separator: &str) -> Result<String> {
    let mut joined = String::new();
    let mut first = true;
    for item in items {
        match call.machine.force(*item)?.value {
            Value::Null => {}
            Value::String(part) => {
                if !first {
                    joined.push_str(separator);
                }
                first = false;
                call.machine.charge((part.text.len() + separator.len()) / 32)?;
                joined.push_str(&part.text);
            }
            other => return call.wrong(&other),
        }
    }
    Ok(joined)
}

/// A value as a text: texts as they are, others as JSON.
pub(in super::super) fn written<'p>(machine: &mut Machine<'p, '_>, made: &Made<'p>) -> Result<String> {
    if let Value::String(text) = &made.value {
        machine.charge(text.text.len() / 32)?;
        return Ok(text.text.clone());
    }
    let mut text = String::new();
    object::inline(machine, made, &mut text)?;
    Ok(text)
}

/// A text in quotes, as JSON has it.
pub(in super::super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A number in as many digits as tell it from others, as the C++ and Go programs write it.
pub(in super::super) fn number(number: f64) -> String {
    if number.fract() == 0.0 {
        return format!("{number:.0}");
    }
    format::general(number, 17, false)
}

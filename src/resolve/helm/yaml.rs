//! `toYaml`, `toJson`, `fromYaml` and the like: values as text and back, origins kept both ways.
//!
//! What is written reads back as what Helm writes, through `sigs.k8s.io/yaml`: keys sorted, lists not indented, a string
//! quoted where it would be read as something else. Long lines are not folded.

use std::rc::Rc;

use super::format;
use super::remap;
use super::run::{Run, Wrong};
use super::trace::{Origins, Place, Traced};
use super::value::{Kind, MOST_DEPTH, Value};
use crate::parse;
use crate::resolve::golang;
use crate::source::SourceId;

/// A value as YAML, without the last line break.
pub(super) fn emit(value: &Value) -> Traced {
    let mut out = Traced::default();
    node(&mut out, value, 0, Position::Top, 0);
    let length = out.text.strip_suffix('\n').map_or(out.text.len(), str::len);
    let mut cut = Traced::default();
    cut.push_part(&out, 0..length);
    cut
}

#[derive(Clone, Copy, PartialEq)]
enum Position {
    Top,
    /// After `key:`.
    Key,
    /// After `-`.
    Item,
}

fn place(value: &Value) -> Place {
    if value.origin.is_none() { Place::Nowhere } else { Place::Settled(value.origin) }
}

fn node(out: &mut Traced, value: &Value, indent: usize, position: Position, depth: usize) {
    let own = place(value);
    if depth > MOST_DEPTH {
        out.push(" null\n", own);
        return;
    }
    let space = if position == Position::Top { "" } else { " " };
    match &value.kind {
        Kind::List(items) if !items.is_empty() => {
            if position == Position::Key {
                out.push("\n", own);
            }
            for (index, item) in items.iter().enumerate() {
                if position == Position::Item && index == 0 {
                    out.push(" ", place(item));
                } else {
                    out.push(&" ".repeat(indent), place(item));
                }
                out.push("-", place(item));
                node(out, item, indent + 2, Position::Item, depth + 1);
            }
        }
        Kind::Map(map) if !map.borrow().is_empty() => {
            if position == Position::Key {
                out.push("\n", own);
            }
            for (index, (key, item)) in map.borrow().iter().enumerate() {
                if position == Position::Item && index == 0 {
                    out.push(" ", place(item));
                } else {
                    out.push(&" ".repeat(indent), place(item));
                }
                out.push(&scalar_text(key), place(item));
                out.push(":", place(item));
                // Lists below keys are not indented, maps are.
                let deeper = if matches!(item.kind, Kind::List(_)) { indent } else { indent + 2 };
                node(out, item, deeper, Position::Key, depth + 1);
            }
        }
        Kind::List(_) => {
            out.push(space, own);
            out.push("[]\n", own);
        }
        Kind::Map(_) => {
            out.push(space, own);
            out.push("{}\n", own);
        }
        Kind::Text(_) | Kind::Traced(_) => {
            out.push(space, own);
            text(out, value, indent, position);
        }
        _ => {
            out.push(space, own);
            out.push(&scalar(value), own);
            out.push("\n", own);
        }
    }
}

fn text(out: &mut Traced, value: &Value, indent: usize, position: Position) {
    let own = place(value);
    let written = value.as_text().unwrap_or_default();
    // At the top, where there is no parent, a width cannot be given.
    let is_free = position != Position::Top || !written.starts_with([' ', '\n']);
    if written.contains('\n') && is_free && may_be_literal(written) {
        let indent = if position == Position::Top { 2 } else { indent.max(1) };
        // The width that is given is counted from the parent's.
        let hint = if written.starts_with([' ', '\n']) { "2" } else { "" };
        let chomp = if !written.ends_with('\n') {
            "-"
        } else if written.ends_with("\n\n") || written == "\n" {
            "+"
        } else {
            ""
        };
        out.push(&format!("|{hint}{chomp}\n"), own);
        let traced = match &value.kind {
            Kind::Traced(traced) => traced.clone(),
            _ => Rc::new(Traced::of(written, own)),
        };
        let mut at = 0;
        for line in written.split_inclusive('\n') {
            if line != "\n" {
                out.push(&" ".repeat(indent), traced.place_at(at));
            }
            out.push_part(&traced, at..at + line.len());
            at += line.len();
        }
        if !written.ends_with('\n') {
            out.push("\n", own);
        }
        return;
    }
    let scalar = scalar_text(written);
    match &value.kind {
        Kind::Traced(traced) if scalar == written => out.push_part(traced, 0..written.len()),
        _ => out.push(&scalar, own_or_first(value)),
    }
    out.push("\n", own);
}

fn own_or_first(value: &Value) -> Place {
    match &value.kind {
        Kind::Traced(traced) if value.origin.is_none() => match traced.places().next() {
            Some(Place::Value(id)) => Place::Settled(id),
            Some(place) => place,
            None => Place::Nowhere,
        },
        _ => place(value),
    }
}

/// A value that is no text and no collection.
fn scalar(value: &Value) -> String {
    match &value.kind {
        Kind::Nil => "null".to_owned(),
        Kind::Float(number) => yaml_number(*number),
        Kind::Object(object) => scalar_text(&object.printed()).into_owned(),
        _ => format::plain(value),
    }
}

fn yaml_number(number: f64) -> String {
    if number.is_nan() {
        ".nan".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { ".inf" } else { "-.inf" }.to_owned()
    } else {
        format::json_number(number)
    }
}

fn may_be_literal(text: &str) -> bool {
    let is_plain = |character: char| character == '\n' || character == '\t' || !character.is_control();
    text.chars().all(|character| is_plain(character) && character != '\u{feff}')
        && !text.lines().any(|line| line.ends_with(' '))
        && !text.trim().is_empty()
        // The first line decides the indentation; one of blanks only would decide it wrongly.
        && !text.starts_with('\t')
}

/// A string as a YAML scalar of one line.
fn scalar_text(text: &str) -> std::borrow::Cow<'_, str> {
    if text.is_empty() {
        return "\"\"".into();
    }
    let needs_escapes = text.chars().any(|character| character.is_control() || character == '\u{feff}');
    if needs_escapes || means_something_else(text) {
        return json_string(text).into();
    }
    if needs_quotes(text) { format!("'{}'", text.replace('\'', "''")).into() } else { text.into() }
}

/// Whether a plain scalar of this text would be read as a number, a boolean or the like, by any reader in use.
fn means_something_else(text: &str) -> bool {
    let is_word = matches!(
        text.to_ascii_lowercase().as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null" | "~" | "<<" | "="
    );
    let first = text.as_bytes()[0];
    let may_be_number = first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.');
    is_word
        || may_be_number && {
            let plain = text.replace('_', "");
            parse::yaml::integer(&plain).is_some()
                || plain.parse::<f64>().is_ok()
                || matches!(plain.to_ascii_lowercase().as_str(), ".inf" | "+.inf" | "-.inf" | ".nan")
                || is_sexagesimal(text)
                || is_date(text)
        }
}

/// `12:30:45`, a number of YAML 1.1.
fn is_sexagesimal(text: &str) -> bool {
    text.contains(':')
        && text
            .trim_start_matches(['+', '-'])
            .split(':')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// `2024-01-31`, a timestamp.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 8 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-' && bytes[5].is_ascii_digit()
}

/// Whether a plain scalar cannot hold this text.
fn needs_quotes(text: &str) -> bool {
    let bytes = text.as_bytes();
    let first = bytes[0];
    let starts_badly = match first {
        b'-' | b'?' | b':' => bytes.get(1).is_none_or(|next| *next == b' '),
        b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@'
        | b'`' => true,
        _ => false,
    };
    starts_badly
        || text.starts_with(' ')
        || text.ends_with([' ', ':'])
        || text.contains(": ")
        || text.contains(" #")
        || text.starts_with("---")
        || text.starts_with("...")
}

/// A string as JSON writes it.
fn json_string(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// How JSON is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Json {
    /// `toJson`: one line, `<`, `>` and `&` escaped.
    Compact,
    /// `toRawJson`: one line, nothing escaped but what has to be.
    Raw,
    /// `toPrettyJson`.
    Pretty,
}

/// A value as JSON.
pub(super) fn emit_json(value: &Value, form: Json) -> Traced {
    let mut out = Traced::default();
    json(&mut out, value, form, 0);
    out
}

fn json(out: &mut Traced, value: &Value, form: Json, depth: usize) {
    let own = place(value);
    let line = |out: &mut Traced, depth: usize| {
        if form == Json::Pretty {
            out.push(&format!("\n{}", "  ".repeat(depth)), own);
        }
    };
    if depth > MOST_DEPTH {
        out.push("null", own);
        return;
    }
    match &value.kind {
        Kind::List(items) if items.is_empty() => out.push("[]", own),
        Kind::List(items) => {
            out.push("[", own);
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(",", own);
                }
                line(out, depth + 1);
                json(out, item, form, depth + 1);
            }
            line(out, depth);
            out.push("]", own);
        }
        Kind::Map(map) if map.borrow().is_empty() => out.push("{}", own),
        Kind::Map(map) => {
            out.push("{", own);
            for (index, (key, item)) in map.borrow().iter().enumerate() {
                if index > 0 {
                    out.push(",", own);
                }
                line(out, depth + 1);
                out.push(&golang::json(key, form != Json::Raw), place(item));
                out.push(if form == Json::Pretty { ": " } else { ":" }, place(item));
                json(out, item, form, depth + 1);
            }
            line(out, depth);
            out.push("}", own);
        }
        Kind::Nil => out.push("null", own),
        Kind::Float(number) => out.push(&format::json_number(*number), own),
        Kind::Bool(_) | Kind::Int(_) => out.push(&format::plain(value), own),
        _ => out.push(&golang::json(&value.to_text(), form != Json::Raw), own_or_first(value)),
    }
}

/// The first document of a YAML text as a value.
pub(super) fn read(run: &mut Run, text: &Value) -> Result<Value, String> {
    let traced = match &text.kind {
        Kind::Traced(traced) => traced.clone(),
        _ => Rc::new(Traced::of(text.to_text(), Place::Settled(text.origin))),
    };
    let parsed = parse::yaml::parse(SourceId::default(), &traced.text);
    if let Some(problem) = parsed.problems.iter().find(|problem| parse::yaml::is_syntax(problem)) {
        return Err(format!("error converting YAML to JSON: {}", problem.message));
    }
    Ok(first(parsed.document.values(), &traced, &mut run.origins))
}

/// A JSON text as a value.
pub(super) fn read_json(run: &mut Run, text: &Value) -> Result<Value, String> {
    let traced = match &text.kind {
        Kind::Traced(traced) => traced.clone(),
        _ => Rc::new(Traced::of(text.to_text(), Place::Settled(text.origin))),
    };
    let parsed = parse::json::parse(SourceId::default(), &traced.text);
    match parsed.problems.first() {
        Some(problem) => Err(problem.message.clone()),
        None => Ok(first(parsed.document.values(), &traced, &mut run.origins)),
    }
}

fn first(nodes: &[crate::tree::Node], text: &Traced, origins: &mut Origins) -> Value {
    match nodes.first() {
        Some(node) => {
            let node = remap::remap(node.clone(), text, origins);
            Value::of(&node, origins)
        }
        None => Value::NIL,
    }
}

/// Checks the size of what is made of a value before it is made.
pub(super) fn charge(run: &mut Run, value: &Value) -> Result<(), Wrong> {
    let weight = value.weight(64 << 20);
    run.take_bytes(weight)
}

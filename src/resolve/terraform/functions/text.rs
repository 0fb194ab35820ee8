//! Functions on strings.

use std::fmt::Write as _;
use std::rc::Rc;

use crate::source::Span;
use crate::tree::{Entry, Map, Node, Text, Value};

use super::{argument, items};
use crate::resolve::terraform::operate::{Evaluated, Failure, elements, number, to_number, to_text};

#[allow(clippy::unnecessary_wraps, reason = "what every function here ends in")]
fn string(text: impl Into<Text>, span: Span) -> Evaluated {
    Ok(Node::string(text, span))
}

fn at(args: &[Rc<Node>], index: usize, span: Span) -> Result<Text, Failure> {
    to_text(argument(args, index, span)?)
}

/// A string changed.
pub(super) fn map(args: &[Rc<Node>], span: Span, change: impl Fn(&str) -> Text) -> Evaluated {
    string(change(&at(args, 0, span)?), span)
}

/// A question about two strings.
pub(super) fn test(args: &[Rc<Node>], span: Span, holds: impl Fn(&str, &str) -> bool) -> Evaluated {
    Ok(Node::new(Value::Bool(holds(&at(args, 0, span)?, &at(args, 1, span)?)), span))
}

pub(super) fn basename(args: &[Rc<Node>], span: Span) -> Evaluated {
    let path = at(args, 0, span)?;
    string(path.trim_end_matches('/').rsplit('/').next().unwrap_or_default(), span)
}

pub(super) fn dirname(args: &[Rc<Node>], span: Span) -> Evaluated {
    let path = at(args, 0, span)?;
    string(path.rsplit_once('/').map_or(".", |(folder, _)| if folder.is_empty() { "/" } else { folder }), span)
}

/// `%s`, `%d`, `%v`, `%q`, `%t`, `%f`, `%%`, with zero padding and width for numbers.
pub(super) fn format(args: &[Rc<Node>], span: Span) -> Evaluated {
    let pattern = at(args, 0, span)?;
    let rest: Vec<&Node> = args.iter().skip(1).map(|node| &**node).collect();
    string(formatted(&pattern, &rest, span)?, span)
}

fn formatted(pattern: &str, args: &[&Node], span: Span) -> Result<String, Failure> {
    let (mut out, mut next) = (String::new(), args.iter());
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = characters.next_if(|next| next.is_ascii_digit() || "+-#. ".contains(*next)) {
            flags.push(flag);
        }
        let Some(verb) = characters.next() else { return Err(Failure::new("`format` ends in `%`", span)) };
        if verb == '%' {
            out.push('%');
            continue;
        }
        let Some(node) = next.next() else { return Err(Failure::new("`format` lacks an argument", span)) };
        write_verb(&mut out, verb, &flags, node, span)?;
    }
    Ok(out)
}

fn write_verb(out: &mut String, verb: char, flags: &str, node: &Node, span: Span) -> Result<(), Failure> {
    let (width, precision) =
        flags.split_once('.').map_or((flags, None), |(width, precision)| (width, precision.parse().ok()));
    let zero = width.starts_with('0');
    let left = width.starts_with('-');
    let width: usize = width.trim_start_matches(['0', '-', '+', ' ', '#']).parse().unwrap_or(0).min(1024);
    let text = match verb {
        's' => to_text(node)?.to_string(),
        'v' => node.scalar().map_or_else(|| json(node, 0).to_string(), |text| text.to_string()),
        'q' => format!("{:?}", to_text(node)?),
        't' => super::to_bool(node)?.to_string(),
        'd' => Node::new(number(to_number(node)?.trunc()), span).scalar().unwrap_or_default().to_string(),
        'f' => format!("{:.*}", precision.unwrap_or(6usize).min(64), to_number(node)?),
        _ => return Err(Failure::new(format!("`format` has no `%{verb}` here"), span)),
    };
    let written = match (left, zero) {
        (true, _) => write!(out, "{text:<width$}"),
        (false, true) => write!(out, "{text:0>width$}"),
        (false, false) => write!(out, "{text:>width$}"),
    };
    written.map_err(|_| Failure::new("`format` failed", span))
}

pub(super) fn formatlist(args: &[Rc<Node>], span: Span) -> Evaluated {
    let pattern = at(args, 0, span)?;
    let longest = args.iter().skip(1).filter_map(|node| match &node.value {
        Value::List(items) => Some(items.len()),
        _ => None,
    });
    let rounds = longest.max().unwrap_or(1);
    let mut made = Vec::new();
    for round in 0..rounds {
        let pick = |node: &'_ Rc<Node>| match &node.value {
            Value::List(items) => items.get(round).cloned(),
            _ => Some((**node).clone()),
        };
        let Some(row) = args.iter().skip(1).map(pick).collect::<Option<Vec<Node>>>() else {
            return Err(Failure::new("the lists of `formatlist` differ in length", span));
        };
        made.push(Node::string(formatted(&pattern, &row.iter().collect::<Vec<_>>(), span)?, span));
    }
    Ok(Node::new(Value::List(made), span))
}

pub(super) fn join(args: &[Rc<Node>], span: Span) -> Evaluated {
    let separator = at(args, 0, span)?;
    let mut parts = Vec::new();
    for index in 1..args.len() {
        for item in items(args, index, span)? {
            parts.push(to_text(item)?);
        }
    }
    string(parts.join(separator.as_str()), span)
}

pub(super) fn split(args: &[Rc<Node>], span: Span) -> Evaluated {
    let (separator, text) = (at(args, 0, span)?, at(args, 1, span)?);
    let source = argument(args, 1, span)?;
    let parts: Vec<Node> = if separator.is_empty() {
        text.chars().map(|character| Node::string(character.to_string(), source.span)).collect()
    } else {
        text.split(separator.as_str()).map(|part| Node::string(part, source.span)).collect()
    };
    Ok(Node::new(Value::List(parts), span))
}

/// `replace`, where a search between slashes is a regular expression.
pub(super) fn replace(args: &[Rc<Node>], span: Span) -> Evaluated {
    let (text, search, with) = (at(args, 0, span)?, at(args, 1, span)?, at(args, 2, span)?);
    let pattern = search.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|inner| !inner.is_empty());
    match pattern {
        Some(pattern) => string(expression(pattern, span)?.replace_all(&text, with.as_str()).into_owned(), span),
        None => string(text.replace(search.as_str(), &with), span),
    }
}

fn expression(pattern: &str, span: Span) -> Result<regex::Regex, Failure> {
    let built = regex::RegexBuilder::new(pattern).size_limit(1 << 20).build();
    built.map_err(|_| Failure::new("the regular expression is not valid", span))
}

fn captured(captures: &regex::Captures<'_>, pattern: &regex::Regex, span: Span) -> Node {
    let part = |found: Option<regex::Match<'_>>| match found {
        Some(found) => Node::string(found.as_str(), span),
        None => Node::new(Value::Null, span),
    };
    if pattern.captures_len() == 1 {
        return part(captures.get(0));
    }
    if pattern.capture_names().flatten().next().is_some() {
        let named = pattern.capture_names().flatten();
        let entries = named.map(|name| Entry { key: name.into(), key_span: span, value: part(captures.name(name)) });
        return Node::new(Value::Map(Map { entries: entries.collect() }), span);
    }
    Node::new(Value::List((1..pattern.captures_len()).map(|index| part(captures.get(index))).collect()), span)
}

pub(super) fn regex(args: &[Rc<Node>], span: Span) -> Evaluated {
    let pattern = expression(&at(args, 0, span)?, span)?;
    let text = at(args, 1, span)?;
    let found = pattern.captures(&text).ok_or_else(|| Failure::new("the regular expression matches nothing", span))?;
    Ok(captured(&found, &pattern, span))
}

pub(super) fn regexall(args: &[Rc<Node>], span: Span) -> Evaluated {
    let pattern = expression(&at(args, 0, span)?, span)?;
    let text = at(args, 1, span)?;
    let all = pattern.captures_iter(&text).map(|found| captured(&found, &pattern, span));
    Ok(Node::new(Value::List(all.collect()), span))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range")]
pub(super) fn substr(args: &[Rc<Node>], span: Span) -> Evaluated {
    let text: Vec<char> = at(args, 0, span)?.chars().collect();
    #[allow(clippy::cast_precision_loss, reason = "texts are far shorter than 2^52")]
    let length = text.len() as f64;
    let start = to_number(argument(args, 1, span)?)?;
    let start = if start < 0.0 { length + start } else { start }.clamp(0.0, length);
    let wanted = to_number(argument(args, 2, span)?)?;
    let end = if wanted < 0.0 { length } else { (start + wanted).min(length) };
    string(text.get(start as usize..end as usize).unwrap_or_default().iter().collect::<String>(), span)
}

pub(super) fn title(args: &[Rc<Node>], span: Span) -> Evaluated {
    let mut start = true;
    let change = |character: char| {
        let changed = if start { character.to_uppercase().next().unwrap_or(character) } else { character };
        start = !character.is_alphanumeric();
        changed
    };
    string(at(args, 0, span)?.chars().map(change).collect::<String>(), span)
}

pub(super) fn trim(args: &[Rc<Node>], span: Span) -> Evaluated {
    let cut: Vec<char> = at(args, 1, span)?.chars().collect();
    string(at(args, 0, span)?.trim_matches(cut.as_slice()), span)
}

pub(super) fn trimprefix(args: &[Rc<Node>], span: Span) -> Evaluated {
    let (text, prefix) = (at(args, 0, span)?, at(args, 1, span)?);
    string(text.strip_prefix(prefix.as_str()).unwrap_or(&text), span)
}

pub(super) fn trimsuffix(args: &[Rc<Node>], span: Span) -> Evaluated {
    let (text, suffix) = (at(args, 0, span)?, at(args, 1, span)?);
    string(text.strip_suffix(suffix.as_str()).unwrap_or(&text), span)
}

/// A value as JSON. Terraform writes the keys of a mapping in order.
fn json(node: &Node, depth: u32) -> serde_json::Value {
    if depth > 128 {
        return serde_json::Value::Null;
    }
    match &node.value {
        Value::Null | Value::Unknown(_) => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::String(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(|item| json(item, depth + 1)).collect(),
        Value::Map(_) => {
            let entries = elements(node).unwrap_or_default().into_iter();
            let pair =
                |(key, value): (Node, &Node)| (key.scalar().unwrap_or_default().to_string(), json(value, depth + 1));
            serde_json::Value::Object(entries.map(pair).collect())
        }
    }
}

/// `jsonencode`; `<`, `>` and `&` are escaped as Terraform does.
pub(super) fn jsonencode(args: &[Rc<Node>], span: Span) -> Evaluated {
    let text = json(argument(args, 0, span)?, 0).to_string();
    string(text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"), span)
}

pub(super) fn jsondecode(args: &[Rc<Node>], span: Span) -> Evaluated {
    let source = argument(args, 0, span)?;
    let parsed = serde_json::from_str(&to_text(source)?);
    let parsed: serde_json::Value = parsed.map_err(|_| Failure::new("`jsondecode` of what is not JSON", span))?;
    Ok(node(&parsed, source.span))
}

fn node(value: &serde_json::Value, span: Span) -> Node {
    let value = match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(value) => match value.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(value.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Value::String(text.as_str().into()),
        serde_json::Value::Array(items) => Value::List(items.iter().map(|item| node(item, span)).collect()),
        serde_json::Value::Object(map) => {
            let entry = |(key, value): (&String, &serde_json::Value)| Entry {
                key: key.as_str().into(),
                key_span: span,
                value: node(value, span),
            };
            Value::Map(Map { entries: map.iter().map(entry).collect() })
        }
    };
    Node::new(value, span)
}

//! Values that Flux fills in once a folder is built (`${VAR}`, `${VAR:=default}`), as `fluxcd/pkg/envsubst` reads them.

use std::collections::BTreeMap;

use crate::parse::yaml;
use crate::resolve::kustomize::Files;
use crate::source::Span;
use crate::tree::{Node, Text, Value};

/// How deep a default may hold another variable.
const MAX_DEPTH: usize = 8;

/// What is filled in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Variables {
    /// Values by name, each with the place it is written at.
    pub(super) values: BTreeMap<Text, (Text, Span)>,
    /// Whether there are further ones that were not read, so that one that is not found may still have a value.
    pub(super) open: bool,
}

/// Fills in every scalar and key of an object.
pub(super) fn fill_in(node: &mut Node, variables: &Variables, files: &Files<'_>) {
    match &mut node.value {
        Value::String(text) if text.contains("${") => {
            let mut from = None;
            let Some(filled) = expand(text, variables, &mut from, 0) else { return };
            let plain = files
                .source(node.span.source)
                .is_some_and(|source| !source.slice(node.span).starts_with(['"', '\'', '|', '>']));
            node.value = if plain { retyped(&filled, node.span) } else { Value::String(filled.into()) };
            if let Some(place) = from {
                let mut via: Vec<Span> = node.via.iter().flatten().copied().collect();
                via.insert(0, place);
                node.via = Some(via.into_boxed_slice());
            }
        }
        Value::List(items) => {
            for item in items {
                fill_in(item, variables, files);
            }
        }
        Value::Map(map) => {
            for entry in &mut map.entries {
                if entry.key.contains("${")
                    && let Some(filled) = expand(&entry.key, variables, &mut None, 0)
                {
                    entry.key = filled.into();
                }
                fill_in(&mut entry.value, variables, files);
            }
        }
        _ => {}
    }
}

/// The scalar that a text is once it is read again: what is filled in is text, and what comes out is YAML.
fn retyped(text: &str, span: Span) -> Value {
    let parsed = yaml::parse(span.source, text);
    match (parsed.problems.is_empty(), parsed.document.values()) {
        (true, [Node { value: value @ (Value::Bool(_) | Value::Int(_) | Value::Float(_)), .. }]) => value.clone(),
        _ => Value::String(text.into()),
    }
}

/// A text with its variables filled in; nothing where one is not known.
fn expand(text: &str, variables: &Variables, from: &mut Option<Span>, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let escaped = rest[..at].ends_with('$');
        out.push_str(&rest[..at - usize::from(escaped)]);
        let end = closing(&rest[at + 2..])?;
        let inside = &rest[at + 2..at + 2 + end];
        if escaped {
            out.push_str("${");
            out.push_str(inside);
            out.push('}');
        } else {
            out.push_str(&variable(inside, variables, from, depth)?);
        }
        rest = &rest[at + 3 + end..];
    }
    out.push_str(rest);
    Some(out)
}

/// Where the brace that was opened is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn variable(inside: &str, variables: &Variables, from: &mut Option<Span>, depth: usize) -> Option<String> {
    let length = inside.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).unwrap_or(inside.len());
    let (name, operation) = inside.split_at(length);
    let found = variables.values.get(name);
    if let Some((_, span)) = found {
        from.get_or_insert(*span);
    }
    let value = found.map(|(value, _)| value.as_str());
    let fallback = |default: &str, from: &mut Option<Span>| expand(default, variables, from, depth + 1);
    if value.is_none() && variables.open {
        // What was not read may set it.
        return None;
    }
    if operation.is_empty() {
        return Some(value.unwrap_or_default().to_owned());
    }
    for sign in [":=", ":-"] {
        if let Some(default) = operation.strip_prefix(sign) {
            return match value.filter(|value| !value.is_empty()) {
                Some(value) => Some(value.to_owned()),
                None => fallback(default, from),
            };
        }
    }
    for sign in ["=", "-"] {
        if let Some(default) = operation.strip_prefix(sign) {
            return match value {
                Some(value) => Some(value.to_owned()),
                None => fallback(default, from),
            };
        }
    }
    let value = value.unwrap_or_default();
    match operation {
        "^^" => Some(value.to_uppercase()),
        ",," => Some(value.to_lowercase()),
        "^" | "," => {
            let mut letters = value.chars();
            let first = letters.next()?;
            let first: String =
                if operation == "^" { first.to_uppercase().collect() } else { first.to_lowercase().collect() };
            Some(first + letters.as_str())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_as_the_shell_would() {
        let value = |text: &str| (Text::from(text), Span::default());
        let values = [("APP".into(), value("atuin")), ("EMPTY".into(), value(""))].into_iter().collect();
        let closed = Variables { values, open: false };
        let open = Variables { open: true, ..closed.clone() };
        let fill = |text: &str, variables: &Variables| expand(text, variables, &mut None, 0);
        for (text, filled) in [
            ("${APP}", "atuin"),
            ("${APP}-tls", "atuin-tls"),
            ("${APP^^}", "ATUIN"),
            ("${GONE:=5Gi}", "5Gi"),
            ("${EMPTY:-x}", "x"),
            ("${EMPTY-x}", ""),
            ("${GONE:=${APP}-data}", "atuin-data"),
            ("${GONE}", ""),
            ("$${APP}", "${APP}"),
            ("$APP", "$APP"),
        ] {
            assert_eq!(fill(text, &closed).as_deref(), Some(filled), "{text}");
        }
        assert_eq!(fill("${GONE}", &open), None, "it may be set by what was not read");
        assert_eq!(fill("${APP", &closed), None);
    }
}

//! Documents inside of values: YAML and JSON in strings, heredocs and template files, and what `yamlencode` and
//! `jsonencode` are given. What an interpolation would fill in and is not known stays unknown in its own place, and
//! does not make the whole text unknown.

use crate::parse::{json, yaml};
use crate::source::{SourceId, Span};
use crate::tree::block::{Expression, ExpressionKind};
use crate::tree::{Entry, Map, Node, Unknown, Value};

use super::align::Alignment;
use super::evaluate::{Evaluator, Scope};
use super::module::Given;

mod held;
mod template;

/// How many names (`local.x`, `var.x`) are followed to a text.
const DEEPEST: u32 = 16;
/// The longest text that is read, in bytes.
const LONGEST: usize = 2 << 20;
/// Around the number of a filling that stands in a text: characters that no text of people holds.
const OPEN: char = '\u{f8f0}';
const CLOSE: char = '\u{f8f1}';

impl<'a> Evaluator<'a> {
    /// The documents that an expression's value holds: those of a text, or the value itself where it is none.
    pub(super) fn documents(&self, expression: &'a Expression, scope: &Scope<'a>) -> Vec<Node> {
        self.follow(expression, scope, DEEPEST)
    }

    fn follow(&self, expression: &'a Expression, scope: &Scope<'a>, depth: u32) -> Vec<Node> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        match &expression.kind {
            ExpressionKind::Call { name, arguments, .. } => {
                match (name.value.strip_prefix("core::").unwrap_or(&name.value), arguments.as_slice()) {
                    ("yamlencode" | "jsonencode", [value]) => return vec![self.node(value, scope)],
                    ("yamldecode" | "jsondecode" | "trimspace" | "chomp" | "nonsensitive" | "tostring", [text]) => {
                        return self.follow(text, scope, depth);
                    }
                    ("file", [path]) => {
                        if let Some(documents) = self.of_file(path, scope) {
                            return documents;
                        }
                    }
                    ("templatefile", [path, values]) => {
                        return self.of_template_file([path, values], expression, scope);
                    }
                    _ => {}
                }
            }
            ExpressionKind::Conditional(condition, yes, no) => {
                let decided = self.node(condition, scope);
                return match to_bool(&decided) {
                    Some(true) => self.follow(yes, scope, depth),
                    Some(false) => self.follow(no, scope, depth),
                    None => vec![decided],
                };
            }
            ExpressionKind::Attribute(operand, name) => {
                let named = match &operand.kind {
                    ExpressionKind::Variable(root) if scope.get(root).is_none() => {
                        self.named(root, &name.value, scope.module)
                    }
                    _ => None,
                };
                if let Some((expression, scope)) = named {
                    return self.follow(expression, &scope, depth);
                }
            }
            ExpressionKind::Template(parts) => return self.of_template(parts, expression.span, scope),
            _ => {}
        }
        self.of_value(self.node(expression, scope))
    }

    /// The expression behind `local.name` or `var.name`.
    fn named(&self, root: &str, name: &str, module: usize) -> Option<(&'a Expression, Scope<'a>)> {
        let home = self.module(module);
        match root {
            "local" => Some((&home.directory.locals.get(name)?.value, Scope::of(module))),
            "var" => match home.given.get(name) {
                Some(Given::Expression(scope, expression)) => Some((*expression, scope.clone())),
                Some(Given::Value(_)) => None,
                None => {
                    Some((&home.directory.variables.get(name)?.body.attribute("default")?.value, Scope::of(module)))
                }
            },
            _ => None,
        }
    }

    fn of_value(&self, node: Node) -> Vec<Node> {
        match &node.value {
            Value::String(text) => self.read(text, node.span, &[]),
            _ => vec![node],
        }
    }

    /// A file of the repository, read as it stands.
    fn of_file(&self, path: &'a Expression, scope: &Scope<'a>) -> Option<Vec<Node>> {
        let source = self.located(self.node(path, scope).as_str()?, scope)?;
        let (id, text) = (source.0, &source.1.text);
        (text.len() <= LONGEST).then(|| parsed(id, text))
    }

    /// Reads a text that stands, or was made, at a place.
    fn read(&self, text: &str, span: Span, fillings: &[Node]) -> Vec<Node> {
        let written = self.project.text(span);
        // Only a heredoc has lines of its own.
        let alignment = match written.starts_with("<<").then(|| written.split_once('\n')).flatten() {
            Some((first, body)) => Alignment::new(text, body, span.start as usize + first.len() + 1, span),
            None => Alignment::at(span),
        };
        documents(text, &alignment, fillings)
    }
}

fn is_unknown(node: &Node) -> bool {
    node.as_unknown().is_some()
}

/// The same value, remembered to have come through a place.
fn through(node: Node, span: Span) -> Node {
    let via = std::iter::once(span).chain(node.via.iter().flatten().copied()).collect();
    Node { via: Some(via), ..node }
}

/// Which way a condition goes; nothing where it is not known.
fn to_bool(node: &Node) -> Option<bool> {
    match node.scalar()?.as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// The documents of a text, their places put right.
fn documents(text: &str, alignment: &Alignment, fillings: &[Node]) -> Vec<Node> {
    if text.len() > LONGEST {
        return Vec::new();
    }
    let mut documents = parsed(SourceId(0), text);
    for document in &mut documents {
        settle(document, text, alignment, fillings);
    }
    documents
}

/// JSON, or else YAML; a document that is neither is left out.
fn parsed(id: SourceId, text: &str) -> Vec<Node> {
    if text.trim_start().starts_with(['{', '[']) {
        let read = json::parse(id, text);
        if read.problems.is_empty() {
            return read.document.values().to_vec();
        }
    }
    yaml::parse(id, text).document.values().to_vec()
}

fn settle(node: &mut Node, made: &str, alignment: &Alignment, fillings: &[Node]) {
    let quoted = made.get(node.span.start as usize..).is_some_and(|text| text.starts_with(['"', '\'', '|', '>']));
    node.span = alignment.span(node.span);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| settle(item, made, alignment, fillings)),
        Value::Map(Map { entries }) => {
            for Entry { key, key_span, value } in entries {
                *key_span = alignment.span(*key_span);
                if key.contains(OPEN) {
                    let filled = filled(key, fillings).unwrap_or_else(|_| key.replace(OPEN, "${").replace(CLOSE, "}"));
                    *key = filled.into();
                }
                settle(value, made, alignment, fillings);
            }
        }
        Value::String(text) if text.contains(OPEN) => match (whole(text, fillings), filled(text, fillings)) {
            (_, Err(unknown)) => node.value = Value::Unknown(Box::new(unknown)),
            (Some(filling), Ok(filled)) => {
                let value = if quoted { Value::String(filled.into()) } else { typed(filling) };
                *node = Node { value, ..through(filling.clone(), node.span) };
            }
            (None, Ok(filled)) => node.value = Value::String(filled.into()),
        },
        _ => {}
    }
}

/// The filling that a text is made of and of nothing else.
fn whole<'f>(text: &str, fillings: &'f [Node]) -> Option<&'f Node> {
    let number = text.strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
    fillings.get(number.parse::<usize>().ok()?)
}

/// A text with its fillings, or the unknown among them.
fn filled(text: &str, fillings: &[Node]) -> Result<String, Unknown> {
    let mut pieces = text.split(OPEN);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (number, rest) = piece.split_once(CLOSE).unwrap_or(("", piece));
        match number.parse().ok().and_then(|number: usize| fillings.get(number)) {
            Some(Node { value: Value::Unknown(unknown), .. }) => return Err((**unknown).clone()),
            Some(node) => out.push_str(&node.scalar().unwrap_or_default()),
            None => {}
        }
        out.push_str(rest);
    }
    Ok(out)
}

/// A scalar as YAML reads it where it stands without quotes.
fn typed(node: &Node) -> Value {
    let read = node.as_str().map(|text| parsed(SourceId(0), text));
    match read.as_deref() {
        Some([Node { value, .. }]) => value.clone(),
        _ => node.value.clone(),
    }
}

/// The documents of a known value that stands as a whole at its place.
pub(super) fn held_in(node: &Node) -> Vec<Node> {
    match &node.value {
        Value::String(text) => documents(text, &Alignment::at(node.span), &[]),
        Value::Null | Value::Unknown(_) => Vec::new(),
        _ => vec![node.clone()],
    }
}

#[cfg(test)]
mod tests;

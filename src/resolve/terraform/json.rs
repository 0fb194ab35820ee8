//! `.tf.json`: JSON values as the bodies that the same configuration has in native syntax.
//!
//! Strings are templates, keys of objects too. Blocks are objects, or lists of objects where there are several; what is
//! in a block and not looked for as a block while evaluating stays an attribute, since stepping through it is the same.
//! A property `//` of a block is a comment. <https://developer.hashicorp.com/terraform/language/syntax/json>

use crate::parse::hcl;
use crate::source::{Span, Spanned};
use crate::tree::block::{Attribute, Block, Body, Expression, ExpressionKind, TemplatePart};
use crate::tree::{Entry, Node, Text, Value};

use super::respan;

/// How many labels each kind of top-level block has.
fn labels(kind: &str) -> usize {
    match kind {
        "resource" | "data" | "ephemeral" => 2,
        "variable" | "output" | "module" | "provider" | "check" => 1,
        _ => 0,
    }
}

/// Blocks inside of others that evaluation looks for: the kind of the outer one (`*` for any), the kind, and how many
/// labels it has.
const INNER: &[(&str, &str, usize)] = &[
    ("terraform", "backend", 1),
    ("terraform", "cloud", 0),
    ("*", "dynamic", 1),
    ("*", "lifecycle", 0),
    ("dynamic", "content", 0),
];

/// Where names stand that are no values: kind of block (`*` for any) and attribute.
const NAMES: &[(&str, &str)] =
    &[("variable", "type"), ("*", "provider"), ("*", "ignore_changes"), ("*", "depends_on"), ("dynamic", "iterator")];

/// What a property of a block is called that is a comment.
const COMMENT: &str = "//";

/// The body that a JSON configuration stands for.
pub(super) fn body(root: &Node) -> Body {
    let mut body = Body::default();
    let roots = match &root.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(root),
    };
    for entry in roots.iter().flat_map(Node::entries).filter(|entry| entry.key != COMMENT) {
        blocks(entry, &entry.value, &mut Vec::new(), labels(&entry.key), &mut body.blocks);
    }
    body
}

fn blocks(kind: &Entry, node: &Node, path: &mut Vec<Spanned<Text>>, depth: usize, out: &mut Vec<Block>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| blocks(kind, item, path, depth, out)),
        Value::Map(map) if depth > 0 => {
            for entry in map.entries.iter().filter(|entry| entry.key != COMMENT) {
                path.push(Spanned::new(entry.key.clone(), entry.key_span));
                blocks(kind, &entry.value, path, depth - 1, out);
                path.pop();
            }
        }
        Value::Map(map) => {
            let head = path.last().map_or(kind.key_span, |label| label.span);
            out.push(Block {
                kind: Spanned::new(kind.key.clone(), kind.key_span),
                labels: path.clone(),
                body: inner(&kind.key, &map.entries),
                span: node.span,
                head,
            });
        }
        _ => {}
    }
}

fn inner(kind: &str, entries: &[Entry]) -> Body {
    let mut body = Body::default();
    for entry in entries.iter().filter(|entry| entry.key != COMMENT) {
        let found = INNER.iter().find(|(outer, inner, _)| (*outer == kind || *outer == "*") && *inner == entry.key);
        if let Some((.., labels)) = found.filter(|_| kind != "locals") {
            blocks(entry, &entry.value, &mut Vec::new(), *labels, &mut body.blocks);
            continue;
        }
        let name = Spanned::new(entry.key.clone(), entry.key_span);
        let names = NAMES.iter().any(|(outer, name)| (*outer == kind || *outer == "*") && *name == entry.key);
        let value = if names && kind != "locals" { named(&entry.value) } else { expression(&entry.value) };
        body.attributes.push(Attribute { name, value });
    }
    body
}

fn expression(node: &Node) -> Expression {
    let kind = match &node.value {
        Value::List(items) => ExpressionKind::List(items.iter().map(expression).collect()),
        Value::Map(map) => ExpressionKind::Object(map.entries.iter().map(pair).collect()),
        Value::String(text) => template(text, node.span),
        other => ExpressionKind::Literal(other.clone()),
    };
    Expression { span: node.span, kind }
}

fn pair(entry: &Entry) -> (Expression, Expression) {
    let key = Expression { span: entry.key_span, kind: template(&entry.key, entry.key_span) };
    (key, expression(&entry.value))
}

fn template(text: &str, span: Span) -> ExpressionKind {
    let literal = |text: &str| ExpressionKind::Literal(Value::String(text.into()));
    if !text.contains("${") && !text.contains("%{") {
        return literal(text);
    }
    let Some(mut parts) = hcl::template(span.source, text) else {
        let unknown = Node::unknown("this template cannot be read", "mend its syntax, or pass a plan", span);
        return ExpressionKind::Literal(unknown.value);
    };
    respan::parts(&mut parts, span);
    match parts.as_slice() {
        [TemplatePart::Literal(only)] => literal(only),
        _ => ExpressionKind::Template(parts),
    }
}

/// A string that is an expression, or a list of such.
fn named(node: &Node) -> Expression {
    let kind = match &node.value {
        Value::List(items) => ExpressionKind::List(items.iter().map(named).collect()),
        Value::String(text) => {
            let bare = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
            match hcl::template(node.span.source, &format!("${{{bare}}}")).as_deref() {
                Some([TemplatePart::Interpolation(expression)]) => {
                    let mut expression = expression.clone();
                    respan::expression(&mut expression, node.span);
                    return expression;
                }
                _ => ExpressionKind::Literal(node.value.clone()),
            }
        }
        _ => return expression(node),
    };
    Expression { span: node.span, kind }
}

#[cfg(test)]
mod tests;

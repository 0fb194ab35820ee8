//! `.tf.json`: JSON values as the bodies that the same configuration has in native syntax.
//!
//! NOTE: strings in JSON are templates. A lone reference (`"${var.name}"`, `"aws_s3_bucket.x"` is not one) is read;
//! anything else in `${…}` stays unknown.

use crate::source::{Span, Spanned};
use crate::tree::block::{Attribute, Block, Body, Expression, ExpressionKind, TemplatePart};
use crate::tree::{Entry, Node, Text, Value};

/// How many labels each kind of top-level block has.
fn labels(kind: &str) -> usize {
    match kind {
        "resource" | "data" => 2,
        "variable" | "output" | "module" | "provider" => 1,
        _ => 0,
    }
}

/// The body that a JSON configuration stands for.
pub(super) fn body(root: &Node) -> Body {
    let mut body = Body::default();
    for entry in root.entries() {
        blocks(entry, &entry.value, &mut Vec::new(), labels(&entry.key), &mut body.blocks);
    }
    body
}

fn blocks(kind: &Entry, node: &Node, path: &mut Vec<Spanned<Text>>, depth: usize, out: &mut Vec<Block>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| blocks(kind, item, path, depth, out)),
        Value::Map(map) if depth > 0 => {
            for entry in &map.entries {
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

/// Objects inside a block are kept as attributes: stepping through them is the same. Only what evaluation itself looks
/// for as a block (a backend) becomes one.
fn inner(kind: &str, entries: &[Entry]) -> Body {
    let mut body = Body::default();
    for entry in entries {
        if kind == "terraform" {
            blocks(entry, &entry.value, &mut Vec::new(), 0, &mut body.blocks);
        }
        let name = Spanned::new(entry.key.clone(), entry.key_span);
        body.attributes.push(Attribute { name, value: expression(&entry.value) });
    }
    body
}

fn expression(node: &Node) -> Expression {
    let kind = match &node.value {
        Value::List(items) => ExpressionKind::List(items.iter().map(expression).collect()),
        Value::Map(map) => ExpressionKind::Object(map.entries.iter().map(pair).collect()),
        Value::String(text) if text.contains("${") || text.contains("%{") => template(text, node.span),
        other => ExpressionKind::Literal(other.clone()),
    };
    Expression { span: node.span, kind }
}

fn pair(entry: &Entry) -> (Expression, Expression) {
    let key = ExpressionKind::Literal(Value::String(entry.key.clone()));
    (Expression { span: entry.key_span, kind: key }, expression(&entry.value))
}

fn template(text: &str, span: Span) -> ExpressionKind {
    let reference =
        text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).and_then(|path| traversal(path, span));
    match reference {
        Some(expression) => ExpressionKind::Template(vec![TemplatePart::Interpolation(expression)]),
        None => ExpressionKind::Literal(
            Node::unknown("a template inside JSON is not evaluated", "write it in native syntax or pass a plan", span)
                .value,
        ),
    }
}

fn traversal(path: &str, span: Span) -> Option<Expression> {
    let plain =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let mut names = path.trim().split('.');
    let root = names.next().filter(|name| plain(name))?;
    let mut expression = Expression { span, kind: ExpressionKind::Variable(root.into()) };
    for name in names {
        plain(name).then_some(())?;
        let kind = ExpressionKind::Attribute(Box::new(expression), Spanned::new(name.into(), span));
        expression = Expression { span, kind };
    }
    Some(expression)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;
    use crate::tree::Map;

    fn map(entries: Vec<(&str, Node)>) -> Node {
        let span = Span::head(SourceId(0));
        let entry = |(key, value): (&str, Node)| Entry { key: key.into(), key_span: span, value };
        Node::new(Value::Map(Map { entries: entries.into_iter().map(entry).collect() }), span)
    }

    #[test]
    fn blocks_keep_their_labels_and_lone_references_are_read() {
        let span = Span::head(SourceId(0));
        let database = map(vec![
            ("name", Node::string("${var.name}", span)),
            ("title", Node::string("db of ${upper(var.name)}", span)),
        ]);
        let root = map(vec![
            ("resource", map(vec![("aws_db_instance", map(vec![("orders", database)]))])),
            ("terraform", map(vec![("backend", map(vec![("s3", map(vec![]))]))])),
        ]);
        let body = body(&root);
        let [resource, terraform] = body.blocks.as_slice() else { panic!("{body:?}") };
        let labels: Vec<&str> = resource.labels.iter().map(|label| label.value.as_str()).collect();
        assert_eq!((resource.kind.value.as_str(), labels), ("resource", vec!["aws_db_instance", "orders"]));
        let name = &resource.body.attribute("name").unwrap().value.kind;
        assert!(matches!(name, ExpressionKind::Template(parts) if parts.len() == 1));
        let title = &resource.body.attribute("title").unwrap().value.kind;
        assert!(matches!(title, ExpressionKind::Literal(Value::Unknown(_))));
        assert_eq!(terraform.body.blocks.len(), 1, "a backend is found as a block");
    }
}

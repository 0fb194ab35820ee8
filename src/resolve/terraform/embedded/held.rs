//! What texts hold that other tools read: Prometheus' alerting rules and Alertmanager's configuration. Found by the
//! words that are written in them, before they are worked out.

use crate::resolve::terraform::evaluate::{Evaluator, Scope};
use crate::tree::block::{Body, Expression, ExpressionKind};
use crate::tree::{Node, Text, Value};

use super::{DEEPEST, is_unknown};

/// Files that are read by themselves, where they stand.
const READ_BY_THEMSELVES: &[&str] = &["yaml", "yml", "json"];

impl<'a> Evaluator<'a> {
    /// The documents with alerting rules in the attributes of a resource, however deep they stand. What is not known of
    /// them is unknown in their place.
    pub(in crate::resolve::terraform) fn rules(&self, body: &'a Body, scope: &Scope<'a>) -> Vec<Node> {
        let mut found = Vec::new();
        self.rules_of_body(body, scope, 0, &mut found);
        found
    }

    fn rules_of_body(&self, body: &'a Body, scope: &Scope<'a>, depth: u32, found: &mut Vec<Node>) {
        if depth > 8 {
            return;
        }
        for attribute in &body.attributes {
            self.rules_of(&attribute.value, scope, DEEPEST, found);
        }
        for block in &body.blocks {
            self.rules_of_body(&block.body, scope, depth + 1, found);
        }
    }

    fn rules_of(&self, expression: &'a Expression, scope: &Scope<'a>, depth: u32, found: &mut Vec<Node>) {
        let Some(less) = depth.checked_sub(1) else { return };
        match &expression.kind {
            ExpressionKind::Object(pairs) => {
                for (_, value) in pairs {
                    self.rules_of(value, scope, less, found);
                }
            }
            ExpressionKind::List(items) => {
                for item in items {
                    self.rules_of(item, scope, less, found);
                }
            }
            _ if self.may_hold(expression, scope, less, alerts) => {
                let documents = self.follow(expression, scope, less);
                let unknown = |document: &Node| {
                    first_unknown(document, 0).filter(|_| self.tells(expression, scope, less, alerts))
                };
                found.extend(
                    documents.into_iter().filter_map(|document| {
                        if lists_alerts(&document) { Some(document) } else { unknown(&document) }
                    }),
                );
            }
            _ => {}
        }
    }

    /// The texts of a mapping that hold alerting rules or a configuration of Alertmanager, by their keys, as the
    /// documents that they are; one that is not known is unknown.
    pub(in crate::resolve::terraform) fn opened(
        &self,
        mapping: &'a Expression,
        scope: &Scope<'a>,
    ) -> Vec<(Text, Node)> {
        let mut found = Vec::new();
        self.open_pairs(mapping, scope, DEEPEST, &mut found);
        found
    }

    fn open_pairs(&self, mapping: &'a Expression, scope: &Scope<'a>, depth: u32, found: &mut Vec<(Text, Node)>) {
        let Some(less) = depth.checked_sub(1) else { return };
        match &mapping.kind {
            ExpressionKind::Object(pairs) => {
                for (key, value) in pairs {
                    let Some(key) = self.node(key, scope).scalar() else { continue };
                    let words = |text: &str| alerts(text) || routes(text);
                    if !self.may_hold(value, scope, less, words) {
                        continue;
                    }
                    let mut documents = self.follow(value, scope, less);
                    documents.retain(|document| !is_unknown(document) || self.tells(value, scope, less, words));
                    found.extend(match documents.len() {
                        0 => None,
                        1 => documents.pop().map(|document| (key, document)),
                        _ => Some((key, Node::new(Value::List(documents), value.span))),
                    });
                }
            }
            ExpressionKind::Call { name, arguments, .. } if name.value == "merge" => {
                for argument in arguments {
                    self.open_pairs(argument, scope, less, found);
                }
            }
            ExpressionKind::Attribute(operand, name) => {
                if let ExpressionKind::Variable(root) = &operand.kind
                    && scope.get(root).is_none()
                    && let Some((expression, scope)) = self.named(root, &name.value, scope.module)
                {
                    self.open_pairs(expression, &scope, less, found);
                }
            }
            _ => {}
        }
    }

    /// Whether an expression makes a text that may hold something: by the words that are written in it, or because
    /// nothing can be told of what it encodes.
    fn may_hold(&self, expression: &'a Expression, scope: &Scope<'a>, depth: u32, words: fn(&str) -> bool) -> bool {
        self.written(expression, scope, depth, words, true)
    }

    /// Whether the words of something are written in what an expression makes a text of.
    fn tells(&self, expression: &'a Expression, scope: &Scope<'a>, depth: u32, words: fn(&str) -> bool) -> bool {
        self.written(expression, scope, depth, words, false)
    }

    fn written(
        &self,
        expression: &'a Expression,
        scope: &Scope<'a>,
        depth: u32,
        words: fn(&str) -> bool,
        encoded: bool,
    ) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        match &expression.kind {
            ExpressionKind::Literal(Value::String(text)) => words(text),
            ExpressionKind::Template(_) => words(self.project.text(expression.span)),
            ExpressionKind::Call { name, arguments, .. } => match name.value.as_str() {
                "yamlencode" | "jsonencode" => encoded || words(self.project.text(expression.span)),
                "file" | "templatefile" => arguments.first().is_some_and(|path| {
                    let path = self.node(path, scope);
                    let file = path.as_str().and_then(|path| self.located(path, scope));
                    let by_itself = |path: &str| {
                        let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
                        extension.is_some_and(|extension| READ_BY_THEMSELVES.contains(&extension.as_str()))
                    };
                    file.is_some_and(|(_, source)| {
                        (name.value == "templatefile" || !by_itself(&source.path)) && words(&source.text)
                    })
                }),
                _ => false,
            },
            ExpressionKind::Conditional(_, yes, no) => {
                self.written(yes, scope, depth, words, encoded) || self.written(no, scope, depth, words, encoded)
            }
            ExpressionKind::Attribute(operand, name) => match &operand.kind {
                ExpressionKind::Variable(root) if scope.get(root).is_none() => {
                    let named = self.named(root, &name.value, scope.module);
                    named.is_some_and(|(expression, scope)| self.written(expression, &scope, depth, words, encoded))
                }
                _ => false,
            },
            _ => false,
        }
    }
}

/// Whether a text has the words of an alerting rule, in YAML, JSON or as an object of Terraform.
fn alerts(text: &str) -> bool {
    has_key(text, "alert") && has_key(text, "expr")
}

/// Whether a text has the words of a configuration of Alertmanager.
fn routes(text: &str) -> bool {
    has_key(text, "route") && has_key(text, "receivers")
}

fn has_key(text: &str, name: &str) -> bool {
    ["{}:", "\"{}\"", "{} ="].iter().any(|form| text.contains(&form.replace("{}", name)))
}

/// Whether a document lists alerting rules somewhere.
fn lists_alerts(node: &Node) -> bool {
    fn within(node: &Node, depth: u32) -> bool {
        let deeper = |node: &Node| depth < 32 && within(node, depth + 1);
        match &node.value {
            Value::List(items) => items.iter().any(deeper),
            Value::Map(map) => {
                let rule = |rule: &Node| rule.get("alert").is_some() && rule.get("expr").is_some();
                map.get("rules").is_some_and(|rules| rules.items().iter().any(rule))
                    || map.entries.iter().any(|entry| deeper(&entry.value))
            }
            _ => false,
        }
    }
    !is_unknown(node) && within(node, 0)
}

/// The first part of a document that is not known.
fn first_unknown(node: &Node, depth: u32) -> Option<Node> {
    match &node.value {
        Value::Unknown(_) => Some(node.clone()),
        Value::List(items) if depth < 32 => items.iter().find_map(|item| first_unknown(item, depth + 1)),
        Value::Map(map) if depth < 32 => map.entries.iter().find_map(|entry| first_unknown(&entry.value, depth + 1)),
        _ => None,
    }
}

//! Workspaces that a root's text names: what `terraform.workspace` is compared with, and the keys of what it is looked
//! up in. Terraform keeps the list of workspaces elsewhere; only what is written can be evaluated.

use std::collections::BTreeSet;

use crate::tree::block::{BinaryOperator, Body, Expression, ExpressionKind, TemplatePart};
use crate::tree::{Text, Value};

use super::project::Directory;

/// How deep expressions are looked into.
const DEEPEST: u32 = 64;

/// The names of workspaces in the text of a directory.
pub(super) fn named(directory: &Directory<'_>) -> BTreeSet<Text> {
    let mut found = Found { directory, names: BTreeSet::new() };
    for local in directory.locals.values() {
        found.expression(&local.value, 0);
    }
    let resources = directory.resources.values().chain(directory.data.values());
    let placed = resources.chain(directory.modules.values()).map(|placed| placed.block);
    for block in placed.chain(directory.providers.iter().copied()).chain(directory.outputs.values().copied()) {
        found.body(&block.body, 0);
    }
    found.names
}

struct Found<'d, 'a> {
    directory: &'d Directory<'a>,
    names: BTreeSet<Text>,
}

impl Found<'_, '_> {
    fn body(&mut self, body: &Body, depth: u32) {
        if depth > DEEPEST {
            return;
        }
        for attribute in &body.attributes {
            self.expression(&attribute.value, depth + 1);
        }
        for block in &body.blocks {
            self.body(&block.body, depth + 1);
        }
    }

    fn expression(&mut self, expression: &Expression, depth: u32) {
        if depth > DEEPEST {
            return;
        }
        match &expression.kind {
            ExpressionKind::Binary(BinaryOperator::Equal | BinaryOperator::NotEqual, left, right) => {
                match (self.is_workspace(left), self.is_workspace(right)) {
                    (true, _) => self.literal(right),
                    (_, true) => self.literal(left),
                    _ => {}
                }
            }
            ExpressionKind::Index(operand, index) if self.is_workspace(index) => self.keys(operand, 0),
            ExpressionKind::Call { name, arguments, .. } => match (name.value.as_str(), arguments.as_slice()) {
                ("lookup", [map, key, ..]) if self.is_workspace(key) => self.keys(map, 0),
                ("contains", [list, one]) if self.is_workspace(one) => {
                    if let ExpressionKind::List(items) = &list.kind {
                        for item in items {
                            self.literal(item);
                        }
                    }
                }
                _ => {}
            },
            _ => {}
        }
        each_part(&expression.kind, &mut |part| self.expression(part, depth + 1));
    }

    /// Whether an expression is `terraform.workspace`, or a local value that is.
    fn is_workspace(&self, expression: &Expression) -> bool {
        match &expression.kind {
            ExpressionKind::Attribute(operand, name) => match &operand.kind {
                ExpressionKind::Variable(root) if root == "terraform" => name.value == "workspace",
                ExpressionKind::Variable(root) if root == "local" => {
                    let local = self.directory.locals.get(name.value.as_str());
                    local.is_some_and(|local| match &local.value.kind {
                        ExpressionKind::Attribute(operand, name) => {
                            name.value == "workspace"
                                && matches!(&operand.kind, ExpressionKind::Variable(root) if root == "terraform")
                        }
                        _ => false,
                    })
                }
                _ => false,
            },
            ExpressionKind::Template(parts) => {
                matches!(parts.as_slice(), [TemplatePart::Interpolation(only)] if self.is_workspace(only))
            }
            _ => false,
        }
    }

    fn literal(&mut self, expression: &Expression) {
        if let ExpressionKind::Literal(Value::String(name)) = &expression.kind {
            self.names.insert(name.clone());
        }
    }

    /// The keys of an object, or of the local value or the variable's default that a name stands for.
    fn keys(&mut self, expression: &Expression, depth: u32) {
        let directory = self.directory;
        match &expression.kind {
            ExpressionKind::Object(pairs) => pairs.iter().for_each(|(key, _)| self.literal(key)),
            ExpressionKind::Attribute(operand, name) if depth < 4 => {
                let named = match &operand.kind {
                    ExpressionKind::Variable(root) if root == "local" => {
                        directory.locals.get(name.value.as_str()).map(|local| &local.value)
                    }
                    ExpressionKind::Variable(root) if root == "var" => directory
                        .variables
                        .get(name.value.as_str())
                        .and_then(|variable| variable.body.attribute("default"))
                        .map(|default| &default.value),
                    _ => None,
                };
                if let Some(named) = named {
                    self.keys(named, depth + 1);
                }
            }
            _ => {}
        }
    }
}

/// Every expression that stands directly in another.
fn each_part(kind: &ExpressionKind, look: &mut dyn FnMut(&Expression)) {
    match kind {
        ExpressionKind::Literal(_) | ExpressionKind::Variable(_) | ExpressionKind::Element => {}
        ExpressionKind::Template(parts) => template(parts, look),
        ExpressionKind::List(items) => items.iter().for_each(look),
        ExpressionKind::Object(pairs) => pairs.iter().for_each(|(key, value)| {
            look(key);
            look(value);
        }),
        ExpressionKind::Attribute(operand, _) | ExpressionKind::Unary(_, operand) => look(operand),
        ExpressionKind::Index(a, b) | ExpressionKind::Splat(a, b) | ExpressionKind::Binary(_, a, b) => {
            look(a);
            look(b);
        }
        ExpressionKind::Call { arguments, .. } => arguments.iter().for_each(look),
        ExpressionKind::Conditional(condition, yes, no) => [condition, yes, no].into_iter().for_each(|part| look(part)),
        ExpressionKind::For(parts) => {
            look(&parts.collection);
            parts.key.iter().for_each(&mut *look);
            look(&parts.value);
            parts.condition.iter().for_each(look);
        }
    }
}

fn template(parts: &[TemplatePart], look: &mut dyn FnMut(&Expression)) {
    for part in parts {
        match part {
            TemplatePart::Literal(_) => {}
            TemplatePart::Interpolation(expression) => look(expression),
            TemplatePart::If { condition, then, otherwise } => {
                look(condition);
                template(then, look);
                template(otherwise, look);
            }
            TemplatePart::For { collection, body, .. } => {
                look(collection);
                template(body, look);
            }
        }
    }
}

//! Puts all of a piece of syntax at one place: that of the string or file that it was made of.

use crate::source::Span;
use crate::tree::block::{Attribute, Block, Body, Expression, ExpressionKind, TemplatePart};

/// A body.
pub(super) fn body(body: &mut Body, at: Span) {
    for Attribute { name, value } in &mut body.attributes {
        name.span = at;
        expression(value, at);
    }
    for Block { kind, labels, body: inner, span, head } in &mut body.blocks {
        kind.span = at;
        (*span, *head) = (at, at);
        for label in labels {
            label.span = at;
        }
        self::body(inner, at);
    }
}

/// The parts of a template.
pub(super) fn parts(parts: &mut [TemplatePart], at: Span) {
    for part in parts {
        match part {
            TemplatePart::Literal(_) => {}
            TemplatePart::Interpolation(inner) => expression(inner, at),
            TemplatePart::If { condition, then, otherwise } => {
                expression(condition, at);
                self::parts(then, at);
                self::parts(otherwise, at);
            }
            TemplatePart::For { collection, body, .. } => {
                expression(collection, at);
                self::parts(body, at);
            }
        }
    }
}

/// An expression.
pub(super) fn expression(node: &mut Expression, at: Span) {
    node.span = at;
    match &mut node.kind {
        ExpressionKind::Literal(_) | ExpressionKind::Variable(_) | ExpressionKind::Element => {}
        ExpressionKind::Template(inner) => parts(inner, at),
        ExpressionKind::List(items) => {
            for item in items {
                expression(item, at);
            }
        }
        ExpressionKind::Object(pairs) => {
            for (key, value) in pairs {
                expression(key, at);
                expression(value, at);
            }
        }
        ExpressionKind::Attribute(operand, name) => {
            name.span = at;
            expression(operand, at);
        }
        ExpressionKind::Index(one, other)
        | ExpressionKind::Splat(one, other)
        | ExpressionKind::Binary(_, one, other) => {
            expression(one, at);
            expression(other, at);
        }
        ExpressionKind::Call { name, arguments, .. } => {
            name.span = at;
            for argument in arguments {
                expression(argument, at);
            }
        }
        ExpressionKind::Conditional(condition, yes, no) => {
            expression(condition, at);
            expression(yes, at);
            expression(no, at);
        }
        ExpressionKind::Unary(_, operand) => expression(operand, at),
        ExpressionKind::For(each) => {
            expression(&mut each.collection, at);
            expression(&mut each.value, at);
            for inner in each.key.iter_mut().chain(&mut each.condition) {
                expression(inner, at);
            }
        }
    }
}

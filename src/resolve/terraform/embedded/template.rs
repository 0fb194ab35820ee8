//! Documents that templates make: heredocs and other strings with interpolations, and the files of `templatefile`. What
//! is not known stays unknown in its own place. Where a condition is not known, the text is read both ways, and what
//! depends on it is unknown.

use crate::parse;
use crate::resolve::terraform::align::Alignment;
use crate::resolve::terraform::evaluate::{Evaluator, Scope, Sealed, bind};
use crate::resolve::terraform::functions::NOWHERE;
use crate::resolve::terraform::operate::Failure;
use crate::source::Span;
use crate::tree::block::{Expression, TemplatePart};
use crate::tree::{Entry, Map, Node, Text, Unknown, Value};

use super::{CLOSE, OPEN, documents, is_unknown, to_bool};

/// How many parts a template may come to.
const MOST_PARTS: usize = 200_000;

/// What a template is filled with.
struct Filling {
    /// What is filled in, in the order of the marks that stand for it.
    nodes: Vec<Node>,
    /// Which way conditions go that are not known.
    assumed: bool,
    /// The first of these conditions.
    doubt: Option<Unknown>,
}

impl<'a> Evaluator<'a> {
    /// What a string makes.
    pub(super) fn of_template(&self, parts: &[TemplatePart], span: Span, scope: &Scope<'a>) -> Vec<Node> {
        self.both_ways(parts, scope, span, |text, fillings| self.read(text, span, fillings))
    }

    /// What a call of `templatefile` makes, in the places of the file.
    pub(super) fn of_template_file(
        &self,
        [path, values]: [&'a Expression; 2],
        call: &'a Expression,
        scope: &Scope<'a>,
    ) -> Vec<Node> {
        let path = self.node(path, scope);
        let Some((id, source)) = path.as_str().and_then(|path| self.located(path, scope)) else {
            return self.of_value(self.node(call, scope));
        };
        let call = call.span;
        let values = self.evaluate(values, scope).unwrap_or_else(Failure::into_value);
        let (Some(members), Some(parts)) = (values.members(), parse::hcl::template(NOWHERE, &source.text)) else {
            let made = values.into_node();
            return vec![if is_unknown(&made) { made } else { Node::unknown("the template is not valid", "", call) }];
        };
        let mut inner = scope.sealed(Sealed::File);
        for member in members.iter() {
            inner = inner.with(&member.key, member.value.clone());
        }
        let whole = Span::new(id, 0, source.text.len());
        self.both_ways(&parts, &inner, call, |text, fillings| {
            documents(text, &Alignment::new(text, &source.text, 0, whole), fillings)
        })
    }

    /// Reads what a template makes, once if all its conditions are known, and otherwise with and without.
    fn both_ways(
        &self,
        parts: &[TemplatePart],
        scope: &Scope<'a>,
        span: Span,
        read: impl Fn(&str, &[Node]) -> Vec<Node>,
    ) -> Vec<Node> {
        let once = |assumed: bool| {
            let mut filling = Filling { nodes: Vec::new(), assumed, doubt: None };
            let mut settled = Vec::new();
            self.settle(parts, scope, &mut filling, &mut settled);
            let made = self.template(&settled, scope, span).unwrap_or_else(Failure::into_value).into_node();
            let made = own_place(made, span);
            let nodes: Vec<Node> = filling.nodes.into_iter().map(|node| own_place(node, span)).collect();
            let read = match &made.value {
                Value::String(text) => read(text, &nodes),
                _ => vec![made],
            };
            (read, filling.doubt)
        };
        let (with, doubt) = once(true);
        let Some(mut doubt) = doubt else { return with };
        doubt.span = doubt.span.filter(|span| span.source != NOWHERE).or(Some(span));
        let (without, _) = once(false);
        if with.len() != without.len() {
            return vec![Node { value: Value::Unknown(Box::new(doubt)), span, via: None }];
        }
        with.into_iter().zip(without).map(|(with, without)| agreed(with, without, &doubt)).collect()
    }

    /// The parts with everything filled in that may be part of the syntax, and a mark in the place of every scalar, so
    /// that it keeps the place it comes from, or stays unknown.
    fn settle(
        &self,
        parts: &[TemplatePart],
        scope: &Scope<'a>,
        filling: &mut Filling,
        settled: &mut Vec<TemplatePart>,
    ) {
        for part in parts {
            if settled.len() >= MOST_PARTS {
                return;
            }
            match part {
                TemplatePart::Interpolation(expression) => {
                    let node = self.node(expression, scope);
                    let literal = match node.scalar() {
                        Some(text) if !is_plain(&text) => text,
                        None if !is_unknown(&node) => Text::default(),
                        _ => {
                            filling.nodes.push(node);
                            format!("{OPEN}{}{CLOSE}", filling.nodes.len() - 1).into()
                        }
                    };
                    settled.push(TemplatePart::Literal(literal));
                }
                TemplatePart::If { condition, then, otherwise } => {
                    let decided = self.node(condition, scope);
                    if let Some(unknown) = decided.as_unknown() {
                        filling.doubt.get_or_insert_with(|| unknown.clone());
                    }
                    let holds = to_bool(&decided).unwrap_or(filling.assumed);
                    self.settle(if holds { then } else { otherwise }, scope, filling, settled);
                }
                TemplatePart::For { key_name, value_name, collection, body } => {
                    let elements = self.evaluate(collection, scope).ok().filter(|value| value.as_unknown().is_none());
                    let Some(elements) = elements.and_then(|value| value.elements()) else {
                        settled.push(part.clone());
                        continue;
                    };
                    for (key, value) in elements {
                        self.spend(body.len());
                        let scope = bind(scope, key_name.as_deref(), value_name, key, value);
                        self.settle(body, &scope, filling, settled);
                    }
                }
                TemplatePart::Literal(_) => settled.push(part.clone()),
            }
        }
    }
}

/// Whether a scalar is no syntax, whatever it is put into.
fn is_plain(text: &str) -> bool {
    let first = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    first && text.len() <= 256 && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-/".contains(letter))
}

/// What was worked out inside of a template's file stands where the template is used.
fn own_place(mut node: Node, span: Span) -> Node {
    let outside = |it: Span| it.source != NOWHERE;
    if !outside(node.span) {
        node.span = span;
    }
    node.via = node.via.map(|via| via.into_iter().filter(|it| outside(*it)).collect());
    if let Value::Unknown(unknown) = &mut node.value {
        unknown.span = unknown.span.map(|it| if outside(it) { it } else { span });
    }
    node
}

/// What two readings of a text have in common; the rest is as unknown as what tells them apart.
fn agreed(with: Node, without: Node, doubt: &Unknown) -> Node {
    let open = |span: Span| Node { value: Value::Unknown(Box::new(doubt.clone())), span, via: None };
    match (with.value, without.value) {
        (Value::Map(one), Value::Map(other)) => {
            let mut others = other.entries;
            let mut entries: Vec<Entry> = Vec::with_capacity(one.entries.len());
            for entry in one.entries {
                let beside = others.iter().position(|other| other.key == entry.key).map(|index| others.remove(index));
                let value = match beside {
                    Some(beside) => agreed(entry.value, beside.value, doubt),
                    None => open(entry.value.span),
                };
                entries.push(Entry { value, ..entry });
            }
            entries.extend(others.into_iter().map(|entry| Entry { value: open(entry.value.span), ..entry }));
            Node { value: Value::Map(Map { entries }), span: with.span, via: with.via }
        }
        (Value::List(one), Value::List(other)) if one.len() == other.len() => {
            let items = one.into_iter().zip(other).map(|(one, other)| agreed(one, other, doubt)).collect();
            Node { value: Value::List(items), span: with.span, via: with.via }
        }
        (one, other) if one == other => Node { value: one, span: with.span, via: with.via },
        _ => open(with.span),
    }
}

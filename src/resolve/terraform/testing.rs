//! Documents from text, for tests: a plain rendering of what the parser gives.

use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression as Raw, ObjectKey, TraversalOperator};
use hcl_edit::structure::{BlockLabel, Body as RawBody, Structure};
use hcl_edit::template::{Directive, Element, Template};

use super::{Resolved, Resource, resolve};
use crate::model::Environments;
use crate::source::{Source, SourceId, Sources, Span, Spanned};
use crate::tree::block::{
    Attribute, BinaryOperator as B, Block, Body, Expression, ExpressionKind as K, ForExpression, TemplatePart,
    UnaryOperator,
};
use crate::tree::{Content, Document, Format, Text, Value};

struct Reader(SourceId);

pub(crate) fn parse(id: SourceId, text: &str) -> Option<Body> {
    Some(Reader(id).body(&hcl_edit::parser::parse_body(text).ok()?))
}

impl Reader {
    fn span(&self, range: Option<Range<usize>>) -> Span {
        let range = range.unwrap_or_default();
        Span::new(self.0, range.start, range.end)
    }

    fn body(&self, raw: &RawBody) -> Body {
        let mut body = Body::default();
        for structure in raw {
            match structure {
                Structure::Attribute(attribute) => body.attributes.push(Attribute {
                    name: Spanned::new(attribute.key.as_str().into(), self.span(attribute.key.span())),
                    value: self.expression(&attribute.value),
                }),
                Structure::Block(block) => {
                    let kind = Spanned::new(Text::from(block.ident.as_str()), self.span(block.ident.span()));
                    let label = |label: &BlockLabel| match label {
                        BlockLabel::Ident(name) => Spanned::new(Text::from(name.as_str()), self.span(name.span())),
                        BlockLabel::String(name) => Spanned::new(Text::from(name.as_str()), self.span(name.span())),
                    };
                    let labels: Vec<_> = block.labels.iter().map(label).collect();
                    let head = labels.last().map_or(kind.span, |last| kind.span.to(last.span));
                    let span = self.span(block.span());
                    body.blocks.push(Block { kind, labels, body: self.body(&block.body), span, head });
                }
            }
        }
        body
    }

    fn boxed(&self, raw: &Raw) -> Box<Expression> {
        Box::new(self.expression(raw))
    }

    fn expression(&self, raw: &Raw) -> Expression {
        let span = self.span(raw.span());
        let kind = match raw {
            Raw::Null(_) => K::Literal(Value::Null),
            Raw::Bool(value) => K::Literal(Value::Bool(**value)),
            Raw::Number(value) => K::Literal(match value.value().as_i64() {
                Some(whole) => Value::Int(whole),
                None => Value::Float(value.value().as_f64().unwrap_or_default()),
            }),
            Raw::String(text) => K::Literal(Value::String(text.as_str().into())),
            Raw::Array(items) => K::List(items.iter().map(|item| self.expression(item)).collect()),
            Raw::Object(object) => {
                let key = |key: &ObjectKey| match key {
                    ObjectKey::Ident(name) => Expression {
                        span: self.span(name.span()),
                        kind: K::Literal(Value::String(name.as_str().into())),
                    },
                    ObjectKey::Expression(raw) => self.expression(raw),
                };
                K::Object(object.iter().map(|(name, value)| (key(name), self.expression(value.expr()))).collect())
            }
            Raw::StringTemplate(template) => K::Template(self.parts(template)),
            Raw::HeredocTemplate(heredoc) => match self.parts(&heredoc.template).as_slice() {
                [TemplatePart::Literal(text)] => K::Literal(Value::String(text.clone())),
                parts => K::Template(parts.to_vec()),
            },
            Raw::Parenthesis(inner) => return self.expression(inner.inner()),
            Raw::Variable(name) => K::Variable(name.as_str().into()),
            Raw::Conditional(raw) => {
                K::Conditional(self.boxed(&raw.cond_expr), self.boxed(&raw.true_expr), self.boxed(&raw.false_expr))
            }
            Raw::FuncCall(call) => K::Call {
                name: Spanned::new(call.name.name.as_str().into(), self.span(call.name.name.span())),
                arguments: call.args.iter().map(|argument| self.expression(argument)).collect(),
                expand_last: call.args.expand_final(),
            },
            Raw::Traversal(raw) => {
                let operators: Vec<&TraversalOperator> = raw.operators.iter().map(|operator| &**operator).collect();
                return self.operators(self.expression(&raw.expr), &operators, span);
            }
            Raw::UnaryOp(raw) => {
                let operator = if raw.operator.as_str() == "-" { UnaryOperator::Negate } else { UnaryOperator::Not };
                K::Unary(operator, self.boxed(&raw.expr))
            }
            Raw::BinaryOp(raw) => {
                let operator = match raw.operator.as_str() {
                    "==" => B::Equal,
                    "!=" => B::NotEqual,
                    "<=" => B::LessOrEqual,
                    ">=" => B::GreaterOrEqual,
                    "<" => B::Less,
                    ">" => B::Greater,
                    "+" => B::Add,
                    "-" => B::Subtract,
                    "*" => B::Multiply,
                    "/" => B::Divide,
                    "%" => B::Remainder,
                    "&&" => B::And,
                    _ => B::Or,
                };
                K::Binary(operator, self.boxed(&raw.lhs_expr), self.boxed(&raw.rhs_expr))
            }
            Raw::ForExpr(raw) => K::For(Box::new(ForExpression {
                key_name: raw.intro.key_var.as_ref().map(|name| name.as_str().into()),
                value_name: raw.intro.value_var.as_str().into(),
                collection: self.expression(&raw.intro.collection_expr),
                key: raw.key_expr.as_ref().map(|key| self.expression(key)),
                value: self.expression(&raw.value_expr),
                grouping: raw.grouping,
                condition: raw.cond.as_ref().map(|condition| self.expression(&condition.expr)),
            })),
        };
        Expression { span, kind }
    }

    fn operators(&self, operand: Expression, operators: &[&TraversalOperator], span: Span) -> Expression {
        let Some((first, rest)) = operators.split_first() else { return operand };
        let operand = Box::new(operand);
        let kind = match first {
            TraversalOperator::GetAttr(name) => {
                K::Attribute(operand, Spanned::new(name.as_str().into(), self.span(name.span())))
            }
            TraversalOperator::Index(index) => K::Index(operand, self.boxed(index)),
            TraversalOperator::LegacyIndex(index) => {
                let whole = i64::try_from(**index).unwrap_or(i64::MAX);
                K::Index(
                    operand,
                    Box::new(Expression { span: self.span(index.span()), kind: K::Literal(Value::Int(whole)) }),
                )
            }
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                let rest = self.operators(Expression { span, kind: K::Element }, rest, span);
                return Expression { span, kind: K::Splat(operand, Box::new(rest)) };
            }
        };
        self.operators(Expression { span, kind }, rest, span)
    }

    fn parts(&self, template: &Template) -> Vec<TemplatePart> {
        let part = |element: &Element| match element {
            Element::Literal(text) => TemplatePart::Literal(text.as_str().into()),
            Element::Interpolation(raw) => TemplatePart::Interpolation(self.expression(&raw.expr)),
            Element::Directive(directive) => match &**directive {
                Directive::If(raw) => TemplatePart::If {
                    condition: self.expression(&raw.if_expr.cond_expr),
                    then: self.parts(&raw.if_expr.template),
                    otherwise: raw.else_expr.as_ref().map(|raw| self.parts(&raw.template)).unwrap_or_default(),
                },
                Directive::For(raw) => TemplatePart::For {
                    key_name: raw.for_expr.key_var.as_ref().map(|name| name.as_str().into()),
                    value_name: raw.for_expr.value_var.as_str().into(),
                    collection: self.expression(&raw.for_expr.collection_expr),
                    body: self.parts(&raw.for_expr.template),
                },
            },
        };
        template.iter().map(part).collect()
    }
}

/// A repository of a few files, resolved.
pub(crate) struct Repository {
    pub(crate) sources: Sources,
    pub(crate) resolved: Resolved,
}

impl Repository {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let sources = Sources::new(files.iter().map(|(path, text)| Source::new(*path, *text)).collect());
        let document = |(id, source): (SourceId, &Source)| {
            let body = parse(id, &source.text)?;
            Some(Document { source: id, format: Format::Hcl, content: Content::Body(body), comments: Vec::new() })
        };
        let documents: Vec<Document> = sources.iter().filter_map(document).collect();
        let pairs: Vec<(&Source, &Document)> = documents.iter().map(|one| (sources.get(one.source), one)).collect();
        let resolved = resolve(&pairs, &Environments::default());
        Self { sources, resolved }
    }

    /// The resource of an address, in any root.
    pub(crate) fn resource(&self, address: &str) -> &Resource {
        let mut all = self.resolved.roots.iter().flat_map(|root| &root.resources);
        all.find(|resource| resource.address == address).unwrap_or_else(|| panic!("no {address}"))
    }

    /// The text under the place of an attribute.
    pub(crate) fn text(&self, span: Span) -> &str {
        self.sources.slice(span)
    }
}

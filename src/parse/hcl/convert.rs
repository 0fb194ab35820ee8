//! From hcl-edit's tree to [`tree::block`](crate::tree::block). Uses `source`, `tree` and `problem`.

use hcl_edit::Span as _;
use hcl_edit::expr::{self as hcl, TraversalOperator};
use hcl_edit::structure::{self, Structure};
use hcl_edit::template::{Directive, Element, Template};
use hcl_edit::{Decorated, Number};

use crate::problem::{Fault, Problem};
use crate::source::{Span, Spanned};
use crate::tree::block::{
    Attribute, BinaryOperator, Block, Body, Expression, ExpressionKind, ForExpression, TemplatePart, UnaryOperator,
};
use crate::tree::{Text, Unknown, Value};

use super::places::Places;
use super::template::{self, Quoting};

/// The deepest tree handed on, so that whoever walks it may recurse. hcl-edit limits nesting and operators itself; only
/// a chain like `a.b.c.…` or a pile of several limits gets here.
const DEEPEST: usize = 256;

/// Turns what hcl-edit read into our tree.
pub(super) struct Converter<'t> {
    text: &'t str,
    places: &'t Places,
    /// What had to be left out.
    pub(super) problems: Vec<Problem>,
}

type Literals = std::vec::IntoIter<String>;

impl<'t> Converter<'t> {
    /// A converter for what was parsed from `text`.
    pub(super) fn new(text: &'t str, places: &'t Places) -> Self {
        Self { text, places, problems: Vec::new() }
    }

    /// A body with all that it holds.
    pub(super) fn body(&mut self, body: &structure::Body) -> Body {
        let mut converted = Body::default();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => converted
                    .attributes
                    .push(Attribute { name: self.name(&attribute.key), value: self.expression(&attribute.value, 0) }),
                Structure::Block(block) => converted.blocks.push(self.block(block)),
            }
        }
        converted
    }

    fn block(&mut self, block: &structure::Block) -> Block {
        let kind = self.name(&block.ident);
        let labels: Vec<_> =
            block.labels.iter().map(|label| Spanned::new(Text::from(label.as_str()), self.span(label))).collect();
        let head = labels.last().map_or(kind.span, |label| kind.span.to(label.span));
        Block { head, span: self.span(block), body: self.body(&block.body), kind, labels }
    }

    fn span(&self, node: &impl hcl_edit::Span) -> Span {
        self.places.span(node.span().unwrap_or_default())
    }

    fn name(&self, name: &Decorated<hcl_edit::Ident>) -> Spanned<Text> {
        Spanned::new(Text::from(name.as_str()), self.span(name))
    }

    /// An expression that stands `depth` levels deep.
    fn expression(&mut self, expression: &hcl::Expression, depth: usize) -> Expression {
        let span = self.span(expression);
        if depth > DEEPEST {
            return self.too_deep(span);
        }
        let deeper = depth + 1;
        let kind = match expression {
            hcl::Expression::Parenthesis(inner) => return self.expression(inner.inner(), deeper),
            hcl::Expression::Traversal(traversal) => return self.traversal(traversal, span, depth),
            hcl::Expression::Null(_) => ExpressionKind::Literal(Value::Null),
            hcl::Expression::Bool(value) => ExpressionKind::Literal(Value::Bool(**value)),
            hcl::Expression::Number(number) => self.number(expression, number),
            hcl::Expression::String(_) => self.string(expression),
            hcl::Expression::Array(items) => {
                ExpressionKind::List(items.iter().map(|item| self.expression(item, deeper)).collect())
            }
            hcl::Expression::Object(object) => ExpressionKind::Object(
                object
                    .iter()
                    .map(|(key, value)| (self.object_key(key, deeper), self.expression(value.expr(), deeper)))
                    .collect(),
            ),
            hcl::Expression::StringTemplate(template) => self.template(template, Quoting::Quoted, deeper),
            hcl::Expression::HeredocTemplate(heredoc) => {
                let start = heredoc.span().unwrap_or_default().start;
                let indented = self.text.get(start..).is_some_and(|text| text.starts_with("<<-"));
                let quoting = if indented { Quoting::Indented } else { Quoting::Heredoc };
                self.template(&heredoc.template, quoting, deeper)
            }
            hcl::Expression::Variable(name) => ExpressionKind::Variable(Text::from(name.as_str())),
            hcl::Expression::Conditional(conditional) => {
                let mut part = |part| Box::new(self.expression(part, deeper));
                ExpressionKind::Conditional(
                    part(&conditional.cond_expr),
                    part(&conditional.true_expr),
                    part(&conditional.false_expr),
                )
            }
            hcl::Expression::FuncCall(call) => ExpressionKind::Call {
                name: self.function_name(&call.name),
                arguments: call.args.iter().map(|argument| self.expression(argument, deeper)).collect(),
                expand_last: call.args.expand_final(),
            },
            hcl::Expression::UnaryOp(operation) => ExpressionKind::Unary(
                match operation.operator.value() {
                    hcl::UnaryOperator::Neg => UnaryOperator::Negate,
                    hcl::UnaryOperator::Not => UnaryOperator::Not,
                },
                Box::new(self.expression(&operation.expr, deeper)),
            ),
            hcl::Expression::BinaryOp(operation) => ExpressionKind::Binary(
                binary_operator(*operation.operator.value()),
                Box::new(self.expression(&operation.lhs_expr, deeper)),
                Box::new(self.expression(&operation.rhs_expr, deeper)),
            ),
            hcl::Expression::ForExpr(expression) => self.for_expression(expression, deeper),
        };
        Expression { span, kind }
    }

    /// A placeholder for what is left out: unknown, so that nothing is concluded from it.
    fn too_deep(&mut self, span: Span) -> Expression {
        let message = format!("this expression is nested more than {DEEPEST} levels deep and is left out");
        self.problems.push(Problem::at(Fault::Input, span, message, "split it up with local values"));
        let unknown = Unknown::new("the expression is nested too deeply", "split it up with local values", span);
        Expression { span, kind: ExpressionKind::Literal(Value::Unknown(Box::new(unknown))) }
    }

    /// A number. One with more digits than a value holds is the same number read from its digits.
    fn number(&self, expression: &hcl::Expression, number: &Number) -> ExpressionKind {
        let span = self.span(expression);
        let written = self.text.get(expression.span().unwrap_or_default()).unwrap_or_default();
        let literal = |value: Value| ExpressionKind::Literal(value);
        if written == "-0" {
            let zero = Expression { span, kind: literal(Value::Int(0)) };
            return ExpressionKind::Unary(UnaryOperator::Negate, Box::new(zero));
        }
        let value = number_value(number);
        let digits = written.split(['e', 'E']).next().unwrap_or_default();
        let digits = digits.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
        let holds = match value {
            Value::Float(value) => (value.is_normal() || digits == 0) && digits <= 15,
            _ => true,
        };
        if holds {
            return literal(value);
        }
        ExpressionKind::Call {
            name: Spanned::new("tonumber".into(), span),
            arguments: vec![Expression { span, kind: literal(Value::String(written.into())) }],
            expand_last: false,
        }
    }

    /// A quoted string without code in it.
    fn string(&self, expression: &hcl::Expression) -> ExpressionKind {
        let written = self.text.get(expression.span().unwrap_or_default()).unwrap_or_default();
        let inner = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(written);
        ExpressionKind::Literal(Value::String(Text::from(template::unquote(inner))))
    }

    /// The key of an object item: a bare word is the word, anything else an expression.
    fn object_key(&mut self, key: &hcl::ObjectKey, depth: usize) -> Expression {
        let word =
            |name: &str, span| Expression { span, kind: ExpressionKind::Literal(Value::String(Text::from(name))) };
        match key {
            hcl::ObjectKey::Ident(name) => word(name.as_str(), self.span(name)),
            hcl::ObjectKey::Expression(
                keyword @ (hcl::Expression::Null(_) | hcl::Expression::Bool(_) | hcl::Expression::Number(_)),
            ) => word(self.text.get(keyword.span().unwrap_or_default()).unwrap_or_default(), self.span(keyword)),
            hcl::ObjectKey::Expression(expression) => self.expression(expression, depth),
        }
    }

    fn function_name(&self, name: &hcl::FuncName) -> Spanned<Text> {
        let first = name.namespace.first().unwrap_or(&name.name);
        let words: Vec<&str> = name.namespace.iter().chain([&name.name]).map(|word| word.as_str()).collect();
        Spanned::new(Text::from(words.join("::")), self.span(first).to(self.span(&name.name)))
    }

    fn for_expression(&mut self, expression: &hcl::ForExpr, depth: usize) -> ExpressionKind {
        let intro = &expression.intro;
        ExpressionKind::For(Box::new(ForExpression {
            key_name: intro.key_var.as_ref().map(|name| Text::from(name.as_str())),
            value_name: Text::from(intro.value_var.as_str()),
            collection: self.expression(&intro.collection_expr, depth),
            key: expression.key_expr.as_ref().map(|key| self.expression(key, depth)),
            value: self.expression(&expression.value_expr, depth),
            grouping: expression.grouping,
            condition: expression.cond.as_ref().map(|condition| self.expression(&condition.expr, depth)),
        }))
    }

    /// `root.a[b].*.c` as nested expressions, each from the root's first byte to its own last.
    fn traversal(&mut self, traversal: &hcl::Traversal, span: Span, depth: usize) -> Expression {
        let steps = &traversal.operators;
        if depth + steps.len() > DEEPEST {
            return self.too_deep(span);
        }
        let innermost = depth + steps.len();
        let root = self.expression(&traversal.expr, innermost);
        self.steps(root, span.start, steps, innermost)
    }

    /// Applies the steps of a traversal to `operand`; every result starts at byte `start`, and no index stands deeper
    /// than `depth`.
    fn steps(
        &mut self,
        mut operand: Expression,
        start: u32,
        steps: &[Decorated<TraversalOperator>],
        depth: usize,
    ) -> Expression {
        for (index, step) in steps.iter().enumerate() {
            let place = self.span(step);
            let span = Span { start, ..place };
            let inner = Box::new(operand);
            let kind = match step.value() {
                TraversalOperator::GetAttr(name) => ExpressionKind::Attribute(inner, name_at_end(name, place)),
                TraversalOperator::Index(index) => {
                    ExpressionKind::Index(inner, Box::new(self.expression(index, depth)))
                }
                TraversalOperator::LegacyIndex(index) => {
                    let value = i64::try_from(**index).map_or(Value::Null, Value::Int);
                    let digits = Span { start: place.start + 1, ..place };
                    let index = Expression { span: digits, kind: ExpressionKind::Literal(value) };
                    ExpressionKind::Index(inner, Box::new(index))
                }
                TraversalOperator::FullSplat(_) => {
                    return self.splat(inner, start, place, &steps[index + 1..], depth);
                }
                TraversalOperator::AttrSplat(_) => {
                    let rest = &steps[index + 1..];
                    let attributes =
                        rest.iter().take_while(|step| matches!(step.value(), TraversalOperator::GetAttr(_))).count();
                    let splat = self.splat(inner, start, place, &rest[..attributes], depth);
                    return self.steps(splat, start, &rest[attributes..], depth);
                }
            };
            operand = Expression { span, kind };
        }
        operand
    }

    /// A splat at `place`: the steps in `rest` belong to each element.
    fn splat(
        &mut self,
        operand: Box<Expression>,
        start: u32,
        place: Span,
        rest: &[Decorated<TraversalOperator>],
        depth: usize,
    ) -> Expression {
        let element = Expression { span: place, kind: ExpressionKind::Element };
        let rest = self.steps(element, place.start, rest, depth);
        let span = Span { start, ..rest.span };
        Expression { span, kind: ExpressionKind::Splat(operand, Box::new(rest)) }
    }

    /// A string or heredoc; without code in it, it is a literal.
    fn template(&mut self, template: &Template, quoting: Quoting, depth: usize) -> ExpressionKind {
        let mut literals = template::literals(self.text, template, quoting).into_iter();
        if template.iter().all(Element::is_literal) {
            return ExpressionKind::Literal(Value::String(Text::from(literals.collect::<String>())));
        }
        ExpressionKind::Template(self.parts(template, &mut literals, depth))
    }

    /// The parts of a template that is a text of its own, with the escapes of a heredoc.
    pub(super) fn template_parts(&mut self, template: &Template) -> Vec<TemplatePart> {
        let mut literals = template::literals(self.text, template, Quoting::Heredoc).into_iter();
        self.parts(template, &mut literals, 0)
    }

    /// The parts of a template; `literals` gives the value of each literal in turn.
    fn parts(&mut self, template: &Template, literals: &mut Literals, depth: usize) -> Vec<TemplatePart> {
        let mut parts = Vec::with_capacity(template.len());
        for element in template {
            match element {
                Element::Literal(_) => match literals.next() {
                    Some(text) if !text.is_empty() => parts.push(TemplatePart::Literal(Text::from(text))),
                    _ => {}
                },
                Element::Interpolation(interpolation) => {
                    parts.push(TemplatePart::Interpolation(self.expression(&interpolation.expr, depth)));
                }
                Element::Directive(directive) => parts.push(self.directive(directive, literals, depth)),
            }
        }
        parts
    }

    fn directive(&mut self, directive: &Directive, literals: &mut Literals, depth: usize) -> TemplatePart {
        let deeper = depth + 1;
        match directive {
            Directive::If(directive) => TemplatePart::If {
                condition: self.expression(&directive.if_expr.cond_expr, depth),
                then: self.parts(&directive.if_expr.template, literals, deeper),
                otherwise: match &directive.else_expr {
                    Some(otherwise) => self.parts(&otherwise.template, literals, deeper),
                    None => Vec::new(),
                },
            },
            Directive::For(directive) => TemplatePart::For {
                key_name: directive.for_expr.key_var.as_ref().map(|name| Text::from(name.as_str())),
                value_name: Text::from(directive.for_expr.value_var.as_str()),
                collection: self.expression(&directive.for_expr.collection_expr, depth),
                body: self.parts(&directive.for_expr.template, literals, deeper),
            },
        }
    }
}

/// The name of a step `.name`, which ends where the step ends.
fn name_at_end(name: &Decorated<hcl_edit::Ident>, step: Span) -> Spanned<Text> {
    let length = u32::try_from(name.as_str().len()).unwrap_or(0);
    Spanned::new(Text::from(name.as_str()), Span { start: step.end.saturating_sub(length), ..step })
}

fn number_value(number: &Number) -> Value {
    number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or(f64::NAN)), Value::Int)
}

fn binary_operator(operator: hcl::BinaryOperator) -> BinaryOperator {
    match operator {
        hcl::BinaryOperator::Plus => BinaryOperator::Add,
        hcl::BinaryOperator::Minus => BinaryOperator::Subtract,
        hcl::BinaryOperator::Mul => BinaryOperator::Multiply,
        hcl::BinaryOperator::Div => BinaryOperator::Divide,
        hcl::BinaryOperator::Mod => BinaryOperator::Remainder,
        hcl::BinaryOperator::Eq => BinaryOperator::Equal,
        hcl::BinaryOperator::NotEq => BinaryOperator::NotEqual,
        hcl::BinaryOperator::Less => BinaryOperator::Less,
        hcl::BinaryOperator::LessEq => BinaryOperator::LessOrEqual,
        hcl::BinaryOperator::Greater => BinaryOperator::Greater,
        hcl::BinaryOperator::GreaterEq => BinaryOperator::GreaterOrEqual,
        hcl::BinaryOperator::And => BinaryOperator::And,
        hcl::BinaryOperator::Or => BinaryOperator::Or,
    }
}

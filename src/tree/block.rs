//! HCL as written: bodies, blocks and expressions, each with its span and not yet evaluated.

use crate::source::{Span, Spanned};
use crate::tree::{Text, Value};

/// Attributes and blocks, in the order written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// `name = expression`.
    pub attributes: Vec<Attribute>,
    /// `kind "label" { … }`.
    pub blocks: Vec<Block>,
}

impl Body {
    /// The attribute of a name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name.value == name)
    }

    /// The nested blocks of a kind.
    pub fn blocks<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| block.kind.value == kind)
    }
}

/// `name = expression`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The name.
    pub name: Spanned<Text>,
    /// The expression.
    pub value: Expression,
}

/// `kind "label" "label" { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The word before the labels.
    pub kind: Spanned<Text>,
    /// The labels, unquoted; their spans include the quotes.
    pub labels: Vec<Spanned<Text>>,
    /// What is between the braces.
    pub body: Body,
    /// From the kind to the closing brace.
    pub span: Span,
    /// From the kind to the last label: what a finding about the whole block underlines.
    pub head: Span,
}

/// An expression and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: ExpressionKind,
}

/// One form of expression of the HCL native syntax.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpressionKind {
    /// `null`, a boolean, a number, or a string without interpolation (heredocs included).
    Literal(Value),
    /// A string or heredoc with interpolations and directives.
    Template(Vec<TemplatePart>),
    /// `[a, b]`.
    List(Vec<Expression>),
    /// `{ key = value }`; a bare identifier as key is a literal string.
    Object(Vec<(Expression, Expression)>),
    /// A root name: `var`, `local`, `aws_db_instance`, `each`, `count`, …
    Variable(Text),
    /// `operand.name`.
    Attribute(Box<Expression>, Spanned<Text>),
    /// `operand[index]` (and the legacy `operand.0`).
    Index(Box<Expression>, Box<Expression>),
    /// `operand[*].rest` or `operand.*.rest`: `rest` is applied to each element, with the element as [`Self::Element`].
    Splat(Box<Expression>, Box<Expression>),
    /// The element at hand inside the `rest` of a splat.
    Element,
    /// `name(arguments…)`; namespaced names are joined by `::`.
    Call {
        /// The function.
        name: Spanned<Text>,
        /// Its arguments.
        arguments: Vec<Expression>,
        /// Whether the last argument is followed by `...`.
        expand_last: bool,
    },
    /// `condition ? yes : no`.
    Conditional(Box<Expression>, Box<Expression>, Box<Expression>),
    /// `-a` or `!a`.
    Unary(UnaryOperator, Box<Expression>),
    /// `a + b` and the like.
    Binary(BinaryOperator, Box<Expression>, Box<Expression>),
    /// `[for …]` or `{for …}`.
    For(Box<ForExpression>),
}

/// `for k, v in collection : key => value... if condition`, in a list or an object.
#[derive(Clone, Debug, PartialEq)]
pub struct ForExpression {
    /// The name of the key or index, when two names are given.
    pub key_name: Option<Text>,
    /// The name of the value.
    pub value_name: Text,
    /// What is iterated.
    pub collection: Expression,
    /// The key expression: present in an object, absent in a list.
    pub key: Option<Expression>,
    /// The value expression.
    pub value: Expression,
    /// Whether values of one key are grouped (`...`).
    pub grouping: bool,
    /// The condition after `if`.
    pub condition: Option<Expression>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum TemplatePart {
    /// Text as it comes out, escapes undone.
    Literal(Text),
    /// `${ expression }`.
    Interpolation(Expression),
    /// `%{ if condition } … %{ else } … %{ endif }`.
    If {
        /// The condition.
        condition: Expression,
        /// The parts when it holds.
        then: Vec<TemplatePart>,
        /// The parts when it does not.
        otherwise: Vec<TemplatePart>,
    },
    /// `%{ for k, v in collection } … %{ endfor }`.
    For {
        /// The name of the key or index, when two names are given.
        key_name: Option<Text>,
        /// The name of the value.
        value_name: Text,
        /// What is iterated.
        collection: Expression,
        /// The parts of each round.
        body: Vec<TemplatePart>,
    },
}

/// `-` or `!`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is named after its operator")]
pub enum UnaryOperator {
    Negate,
    Not,
}

/// The binary operators of HCL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is named after its operator")]
pub enum BinaryOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

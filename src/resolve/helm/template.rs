//! Go's text/template language: text → syntax tree. <https://pkg.go.dev/text/template>, as of Go 1.24.

mod parse;
mod scan;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub(super) use parse::parse;

use super::functions::Function;
use crate::tree::Text;

/// A template text as read.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// What stands outside of definitions.
    pub(super) root: Vec<Node>,
    /// `define` and `block`, in order.
    pub(super) defined: Vec<(Text, Vec<Node>)>,
}

/// Why a template text cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// Offset in the text.
    pub(super) at: usize,
    /// What is wrong.
    pub(super) message: String,
}

/// A part of a template.
#[derive(Debug)]
pub(super) enum Node {
    /// Text as it comes out.
    Text(Range<u32>),
    /// `{{ pipeline }}`.
    Action(Pipe),
    /// `{{ if }}`.
    If(Box<Branch>),
    /// `{{ with }}`.
    With(Box<Branch>),
    /// `{{ range }}`.
    Range(Box<Branch>),
    /// `{{ template "name" pipeline }}`.
    Template {
        /// The action.
        at: Range<u32>,
        /// The template's name.
        name: Text,
        /// What it is given.
        pipe: Option<Pipe>,
    },
    /// `{{ break }}`.
    Break,
    /// `{{ continue }}`.
    Continue,
}

/// A control structure.
#[derive(Debug)]
pub(super) struct Branch {
    /// What decides.
    pub(super) pipe: Pipe,
    /// The parts when it is true, or of each round.
    pub(super) then: Vec<Node>,
    /// The parts of `else`.
    pub(super) otherwise: Vec<Node>,
}

/// A pipeline.
#[derive(Debug)]
pub(super) struct Pipe {
    /// The whole action it stands in; the parentheses of a nested one.
    pub(super) at: Range<u32>,
    /// The variables it sets.
    pub(super) variables: Vec<Text>,
    /// Whether these are set (`=`) rather than declared (`:=`).
    pub(super) assigns: bool,
    /// The commands, each given the result of the one before.
    pub(super) commands: Vec<Command>,
}

/// A command: an operand, or a function or method and its arguments.
pub(super) type Command = Vec<Operand>;

/// An operand.
#[derive(Debug)]
pub(super) enum Operand {
    /// `.`
    Dot,
    /// `nil`
    Nil,
    /// `true` or `false`
    Bool(bool),
    /// A whole number or a character.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A string, escapes undone.
    Text(Text),
    /// `.Values.name`
    Field(Vec<Text>),
    /// `$`, `$name.field`
    Variable(Text, Vec<Text>),
    /// `(pipeline).field`
    Chain(Box<Operand>, Vec<Text>),
    /// A function's name; nothing when there is no such function.
    Function(Text, Option<Function>),
    /// `(pipeline)`
    Pipe(Box<Pipe>),
}

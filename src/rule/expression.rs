//! Checked expressions and their evaluation: three-valued, over facts, without conversion. Uses `model::schema`.
//!
//! The language is CEL, with the meaning that an audit needs where values are missing:
//! an unknown fact makes a result unknown unless the rest decides it (`false && unknown` is false); an absent fact is
//! `null`, which equals only `null`, is false as a condition, and is neither less nor greater than anything.
//! An expression cannot fail at run time: `check` refuses what could, and a budget of steps bounds the rest.

use std::borrow::Cow;
use std::cell::Cell;

use crate::model::Model;
use crate::model::schema::{Datum, Object, Reason, View, object};
use crate::tree::{Text, Unknown};

/// Steps that one evaluation may take; a rule that needs more is refused an answer.
const STEPS: u32 = 200_000;

/// A checked expression.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    Null,
    Bool(bool),
    Number(f64),
    Text(Text),
    List(Vec<Expression>),
    /// The subject of the rule.
    Subject,
    /// The project's targets.
    Targets,
    /// A variable of an enclosing fold, counted from the outermost.
    Local(usize),
    /// A fact of an object, by the number of its field.
    Field(Box<Expression>, usize),
    /// One of several named strings.
    Label(Box<Expression>, Text),
    /// Whether a fact is there.
    Has(Box<Expression>),
    Not(Box<Expression>),
    Negate(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Conditional(Box<Expression>, Box<Expression>, Box<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    Arithmetic(Operation, Box<Expression>, Box<Expression>),
    In(Box<Expression>, Box<Expression>),
    Size(Box<Expression>),
    TextTest(TextTest, Box<Expression>, Box<Expression>),
    Matches(Box<Expression>, regex::Regex),
    Fold(Box<Fold>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

/// What `all`, `exists`, `exists_one`, `map` and `filter` become: a loop over a list with an accumulator.
#[derive(Clone, Debug)]
pub(super) struct Fold {
    pub(super) range: Expression,
    pub(super) initial: Expression,
    pub(super) step: Expression,
    pub(super) result: Expression,
}

/// What an expression is evaluated against.
pub(super) struct Scope<'a> {
    model: &'a Model,
    subject: &'a dyn Object,
    steps: Cell<u32>,
}

fn too_costly<'a>() -> Datum<'a> {
    let reason = "the rule takes too many steps to evaluate here";
    Datum::Unknown(Reason::Owned(Box::new(Unknown::new(reason, "simplify the rule's expression", None))))
}

impl<'a> Scope<'a> {
    pub(super) fn new(model: &'a Model, subject: &'a dyn Object) -> Self {
        Self { model, subject, steps: Cell::new(0) }
    }

    /// The value of an expression.
    pub(super) fn view(&self, expression: &'a Expression) -> View<'a> {
        self.evaluate(expression, &mut Vec::new())
    }

    /// An expression as a condition: true, false, or why it cannot be told.
    pub(super) fn condition(&self, expression: &'a Expression) -> Result<bool, Unknown> {
        truth(self.view(expression).datum).map_err(Reason::into_owned)
    }

    fn evaluate(&self, expression: &'a Expression, locals: &mut Vec<View<'a>>) -> View<'a> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > STEPS {
            return too_costly().into();
        }
        match expression {
            Expression::Null => Datum::Null.into(),
            Expression::Bool(value) => Datum::Bool(*value).into(),
            Expression::Number(value) => Datum::Number(*value).into(),
            Expression::Text(value) => Datum::Text(value.as_str().into()).into(),
            Expression::List(items) => {
                Datum::List(items.iter().map(|item| self.evaluate(item, locals)).collect()).into()
            }
            Expression::Subject => object(self.subject),
            Expression::Targets => object(&self.model.targets),
            Expression::Local(index) => locals.get(*index).cloned().unwrap_or_else(|| Datum::Null.into()),
            Expression::Field(operand, field) => self.field(operand, *field, locals),
            Expression::Label(operand, name) => match self.evaluate(operand, locals).datum {
                Datum::Labels(labels) => match labels.get(name) {
                    Some(fact) => crate::model::schema::Property::view(fact, self.model),
                    None => Datum::Null.into(),
                },
                other => unknown_or_null(other).into(),
            },
            Expression::Has(operand) => match self.evaluate(operand, locals).datum {
                Datum::Null => Datum::Bool(false).into(),
                // A text of which words are known is there, whatever the rest of it is.
                Datum::Unknown(unknown) if !unknown.get().has_words() => Datum::Unknown(unknown).into(),
                _ => Datum::Bool(true).into(),
            },
            Expression::Not(operand) => {
                from_truth(truth(self.evaluate(operand, locals).datum).map(|value| !value)).into()
            }
            Expression::Negate(operand) => match number(&self.evaluate(operand, locals).datum) {
                Some(value) => Datum::Number(-value).into(),
                None => Datum::Null.into(),
            },
            Expression::And(left, right) => self.connect(left, right, false, locals).into(),
            Expression::Or(left, right) => self.connect(left, right, true, locals).into(),
            Expression::Conditional(condition, yes, no) => match truth(self.evaluate(condition, locals).datum) {
                Ok(true) => self.evaluate(yes, locals),
                Ok(false) => self.evaluate(no, locals),
                Err(unknown) => Datum::Unknown(unknown).into(),
            },
            Expression::Compare(comparison, left, right) => {
                let (left, right) = (self.evaluate(left, locals).datum, self.evaluate(right, locals).datum);
                compare(*comparison, left, right).into()
            }
            Expression::Arithmetic(operation, left, right) => {
                let (left, right) = (self.evaluate(left, locals).datum, self.evaluate(right, locals).datum);
                self.calculate(*operation, left, right).into()
            }
            Expression::In(item, list) => {
                let item = self.evaluate(item, locals).datum;
                contains(item, self.evaluate(list, locals).datum).into()
            }
            Expression::Size(operand) => size(self.evaluate(operand, locals).datum).into(),
            Expression::TextTest(test, text, part) => {
                let (text, part) = (self.evaluate(text, locals).datum, self.evaluate(part, locals).datum);
                test_text(*test, text, part).into()
            }
            Expression::Matches(text, pattern) => match self.evaluate(text, locals).datum {
                Datum::Text(text) => Datum::Bool(pattern.is_match(&text)).into(),
                other => unknown_or(other, Datum::Bool(false)).into(),
            },
            Expression::Fold(fold) => self.fold(fold, locals),
        }
    }

    fn field(&self, operand: &'a Expression, field: usize, locals: &mut Vec<View<'a>>) -> View<'a> {
        match self.evaluate(operand, locals).datum {
            Datum::Object(object) => object.fact(field, self.model),
            other => unknown_or_null(other).into(),
        }
    }

    /// `&&` and `||`: an operand that equals `decisive` decides, even beside an unknown one.
    fn connect(
        &self,
        left: &'a Expression,
        right: &'a Expression,
        decisive: bool,
        locals: &mut Vec<View<'a>>,
    ) -> Datum<'a> {
        let left = truth(self.evaluate(left, locals).datum);
        if matches!(&left, Ok(value) if *value == decisive) {
            return Datum::Bool(decisive);
        }
        let right = truth(self.evaluate(right, locals).datum);
        match (left, right) {
            (_, Ok(value)) if value == decisive => Datum::Bool(decisive),
            (Err(unknown), _) | (_, Err(unknown)) => Datum::Unknown(unknown),
            _ => Datum::Bool(!decisive),
        }
    }

    fn fold(&self, fold: &'a Fold, locals: &mut Vec<View<'a>>) -> View<'a> {
        let items = match self.evaluate(&fold.range, locals).datum {
            Datum::List(items) => items,
            Datum::Unknown(unknown) => return Datum::Unknown(unknown).into(),
            _ => Vec::new(),
        };
        let depth = locals.len();
        let initial = self.evaluate(&fold.initial, locals);
        // The accumulator stands before the item, as `check` numbers them.
        locals.push(initial);
        for item in items {
            locals.truncate(depth + 1);
            locals.push(item);
            let next = self.evaluate(&fold.step, locals);
            locals.truncate(depth);
            locals.push(next);
        }
        locals.truncate(depth + 1);
        let result = self.evaluate(&fold.result, locals);
        locals.truncate(depth);
        result
    }

    fn calculate(&self, operation: Operation, left: Datum<'a>, right: Datum<'a>) -> Datum<'a> {
        match (operation, left, right) {
            (_, Datum::Unknown(unknown), _) | (_, _, Datum::Unknown(unknown)) => Datum::Unknown(unknown),
            (Operation::Add, Datum::Text(left), Datum::Text(right)) => {
                Datum::Text(Cow::Owned(format!("{left}{right}")))
            }
            (Operation::Add, Datum::List(mut left), Datum::List(right)) => {
                let cost = u32::try_from(left.len()).unwrap_or(u32::MAX);
                self.steps.set(self.steps.get().saturating_add(cost / 16));
                left.extend(right);
                Datum::List(left)
            }
            (operation, left, right) => match (number(&left), number(&right)) {
                (Some(left), Some(right)) => arithmetic(operation, left, right),
                _ => Datum::Null,
            },
        }
    }
}

fn arithmetic<'a>(operation: Operation, left: f64, right: f64) -> Datum<'a> {
    let value = match operation {
        Operation::Add => left + right,
        Operation::Subtract => left - right,
        Operation::Multiply => left * right,
        Operation::Divide => left / right,
        Operation::Remainder => left % right,
    };
    if value.is_finite() { Datum::Number(value) } else { Datum::Null }
}

#[allow(clippy::cast_precision_loss, reason = "facts are counts and durations, far below 2^52")]
fn number(datum: &Datum<'_>) -> Option<f64> {
    match datum {
        Datum::Int(value) => Some(*value as f64),
        Datum::Number(value) => Some(*value),
        _ => None,
    }
}

fn truth(datum: Datum<'_>) -> Result<bool, Reason<'_>> {
    match datum {
        Datum::Bool(value) => Ok(value),
        Datum::Unknown(unknown) => Err(unknown),
        _ => Ok(false),
    }
}

fn from_truth(truth: Result<bool, Reason<'_>>) -> Datum<'_> {
    truth.map_or_else(Datum::Unknown, Datum::Bool)
}

fn unknown_or<'a>(datum: Datum<'a>, otherwise: Datum<'a>) -> Datum<'a> {
    match datum {
        Datum::Unknown(unknown) => Datum::Unknown(unknown),
        _ => otherwise,
    }
}

fn unknown_or_null(datum: Datum<'_>) -> Datum<'_> {
    unknown_or(datum, Datum::Null)
}

fn equal(left: &Datum<'_>, right: &Datum<'_>) -> bool {
    match (left, right) {
        (Datum::Null, Datum::Null) => true,
        (Datum::Bool(left), Datum::Bool(right)) => left == right,
        (Datum::Text(left), Datum::Text(right)) => left == right,
        (Datum::List(left), Datum::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(&left.datum, &right.datum))
        }
        _ => matches!((number(left), number(right)), (Some(left), Some(right)) if (left - right).abs() < f64::EPSILON),
    }
}

fn compare<'a>(comparison: Comparison, left: Datum<'a>, right: Datum<'a>) -> Datum<'a> {
    use std::cmp::Ordering;
    let ordering = match (left, right) {
        (Datum::Unknown(unknown), _) | (_, Datum::Unknown(unknown)) => return Datum::Unknown(unknown),
        (left, right) => match comparison {
            Comparison::Equal => return Datum::Bool(equal(&left, &right)),
            Comparison::NotEqual => return Datum::Bool(!equal(&left, &right)),
            _ => match (&left, &right) {
                (Datum::Text(left), Datum::Text(right)) => Some(left.cmp(right)),
                _ => number(&left).zip(number(&right)).and_then(|(left, right)| left.partial_cmp(&right)),
            },
        },
    };
    Datum::Bool(match comparison {
        Comparison::Less => ordering == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Greater => ordering == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        Comparison::Equal | Comparison::NotEqual => false,
    })
}

fn contains<'a>(item: Datum<'a>, list: Datum<'a>) -> Datum<'a> {
    match (item, list) {
        (Datum::Unknown(unknown), _) | (_, Datum::Unknown(unknown)) => Datum::Unknown(unknown),
        (item, Datum::List(items)) => {
            if items.iter().any(|candidate| equal(&item, &candidate.datum)) {
                return Datum::Bool(true);
            }
            let unknown = items.into_iter().find_map(|candidate| match candidate.datum {
                Datum::Unknown(unknown) => Some(unknown),
                _ => None,
            });
            unknown.map_or(Datum::Bool(false), Datum::Unknown)
        }
        (Datum::Text(name), Datum::Labels(labels)) => Datum::Bool(labels.get(&name).is_some()),
        _ => Datum::Bool(false),
    }
}

#[allow(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
fn size(datum: Datum<'_>) -> Datum<'_> {
    match datum {
        Datum::List(items) => Datum::Number(items.len() as f64),
        Datum::Labels(labels) => Datum::Number(labels.0.len() as f64),
        Datum::Text(text) => Datum::Number(text.chars().count() as f64),
        other => unknown_or(other, Datum::Number(0.0)),
    }
}

fn test_text<'a>(test: TextTest, text: Datum<'a>, part: Datum<'a>) -> Datum<'a> {
    match (text, part) {
        (Datum::Unknown(unknown), _) | (_, Datum::Unknown(unknown)) => Datum::Unknown(unknown),
        (Datum::Text(text), Datum::Text(part)) => Datum::Bool(match test {
            TextTest::StartsWith => text.starts_with(&*part),
            TextTest::EndsWith => text.ends_with(&*part),
            TextTest::Contains => text.contains(&*part),
        }),
        _ => Datum::Bool(false),
    }
}

//! What an evaluation gives, and the operators on known values.

use crate::source::Span;
use crate::tree::block::BinaryOperator;

use super::convert::to_number;
use super::number::Number;
use super::typed::Typed;

/// What Terraform would refuse: `try` and `can` look for it, and elsewhere it makes an unknown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    /// What is wrong, as a sentence part.
    pub(super) reason: String,
    /// Where.
    pub(super) span: Span,
}

impl Failure {
    /// A failure at a place.
    pub(super) fn new(reason: impl Into<String>, span: Span) -> Self {
        Self { reason: reason.into(), span }
    }

    /// The same as a value that is not known.
    pub(super) fn into_value(self) -> Typed {
        Typed::unknown(self.reason, "", self.span)
    }
}

/// A value, or what is wrong with the expression.
pub(super) type Evaluated = Result<Typed, Failure>;

/// An operator on two known numbers.
pub(super) fn binary(operator: BinaryOperator, left: &Typed, right: &Typed, span: Span) -> Evaluated {
    use BinaryOperator as Op;
    let (a, b) = (to_number(left)?, to_number(right)?);
    let number = match operator {
        Op::Add => a.add(&b),
        Op::Subtract => a.subtract(&b),
        Op::Multiply => a.multiply(&b),
        Op::Divide => match a.divide(&b) {
            // Terraform makes infinity of it, which hardly anything can be done with.
            None if a != Number::whole(0) => return Ok(Typed::unknown("division by zero", "", span)),
            None => return Err(Failure::new("division by zero", span)),
            quotient => quotient,
        },
        Op::Remainder => a.remainder(&b),
        Op::Less => return Ok(Typed::bool(a < b, span)),
        Op::LessOrEqual => return Ok(Typed::bool(a <= b, span)),
        Op::Greater => return Ok(Typed::bool(a > b, span)),
        Op::GreaterOrEqual => return Ok(Typed::bool(a >= b, span)),
        Op::Equal | Op::NotEqual | Op::And | Op::Or => {
            return Err(Failure::new("not an operator on numbers", span));
        }
    };
    Ok(match number {
        Some(number) => Typed::number(number, span),
        None => Typed::unknown("the number is too large", "", span),
    })
}

//! Operators. Uses `source`.

use std::cmp::Ordering;
use std::rc::Rc;

use rsjsonnet_lang::ast::BinaryOp;

use super::library::{format, text};
use super::machine::{Machine, Result};
use super::value::{Made, Stop, Value, Written};
use crate::source::Span;

impl<'p> Machine<'p, '_> {
    pub(super) fn operate(
        &mut self,
        operator: BinaryOp,
        left: &Made<'p>,
        right: &Made<'p>,
        span: Span,
    ) -> Result<Made<'p>> {
        let made = |value| Ok(Made { value, span });
        match operator {
            BinaryOp::Eq => made(Value::Bool(self.same(left, right)?)),
            BinaryOp::Ne => made(Value::Bool(!self.same(left, right)?)),
            BinaryOp::Lt => made(Value::Bool(self.order(left, right)?.is_lt())),
            BinaryOp::Le => made(Value::Bool(self.order(left, right)?.is_le())),
            BinaryOp::Gt => made(Value::Bool(self.order(left, right)?.is_gt())),
            BinaryOp::Ge => made(Value::Bool(self.order(left, right)?.is_ge())),
            BinaryOp::Rem if matches!(left.value, Value::String(_)) => format::format(self, left, right, span),
            _ => match (&left.value, &right.value) {
                (Value::Number(left), Value::Number(right)) => match arithmetic(operator, *left, *right) {
                    Some(number) => made(Value::Number(number)),
                    None => Err(Stop::new("a number is divided by zero", span)),
                },
                (left, right) => {
                    Err(Stop::new(format!("no operator joins a {} and a {}", left.kind(), right.kind()), span))
                }
            },
        }
    }

    /// `+`: numbers, texts (whatever else stands beside one is written out), arrays, objects.
    pub(super) fn add(&mut self, left: &Made<'p>, right: &Made<'p>, span: Span) -> Result<Made<'p>> {
        let value = match (&left.value, &right.value) {
            (Value::Number(left), Value::Number(right)) => Value::Number(left + right),
            (Value::Array(left), Value::Array(right)) => {
                self.charge((left.len() + right.len()) / 4)?;
                Value::Array(left.iter().chain(right.iter()).copied().collect())
            }
            (Value::Object(left), Value::Object(right)) => Value::Object(self.extended(*left, *right)?),
            (Value::String(_), _) | (_, Value::String(_)) => {
                let mut joined = text::written(self, left)?;
                let further = text::written(self, right)?;
                self.charge((joined.len() + further.len()) / 32)?;
                joined.push_str(&further);
                Value::String(Rc::new(Written { text: joined, of: Vec::new() }))
            }
            (left, right) => {
                return Err(Stop::new(format!("a {} is added to a {}", right.kind(), left.kind()), span));
            }
        };
        Ok(Made { value, span })
    }

    /// `==`
    pub(super) fn same(&mut self, left: &Made<'p>, right: &Made<'p>) -> Result<bool> {
        self.charge(1)?;
        Ok(match (&left.value, &right.value) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            #[allow(clippy::float_cmp, reason = "equality as Jsonnet has it")]
            (Value::Number(left), Value::Number(right)) => left == right,
            (Value::String(left), Value::String(right)) => left.text == right.text,
            (Value::Array(left), Value::Array(right)) => {
                if left.len() != right.len() {
                    return Ok(false);
                }
                for (left, right) in left.iter().zip(right.iter()) {
                    let (left, right) = (self.force(*left)?, self.force(*right)?);
                    if !self.deeper(|machine| machine.same(&left, &right))? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Object(left), Value::Object(right)) => {
                let (left, right) = (*left, *right);
                let names = self.fields(left, false)?;
                if names != self.fields(right, false)? {
                    return Ok(false);
                }
                for name in names {
                    let (Some(left), Some(right)) =
                        (self.get(left, name, usize::MAX)?, self.get(right, name, usize::MAX)?)
                    else {
                        return Ok(false);
                    };
                    if !self.deeper(|machine| machine.same(&left, &right))? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Function(_), Value::Function(_)) => {
                return Err(Stop::new("functions are compared", left.span));
            }
            _ => false,
        })
    }

    /// `<` and its kin: numbers, texts by their code points, arrays item by item.
    pub(super) fn order(&mut self, left: &Made<'p>, right: &Made<'p>) -> Result<Ordering> {
        self.charge(1)?;
        match (&left.value, &right.value) {
            (Value::Number(left), Value::Number(right)) => Ok(left.total_cmp(right)),
            (Value::String(left), Value::String(right)) => Ok(left.text.cmp(&right.text)),
            (Value::Bool(left), Value::Bool(right)) => Ok(left.cmp(right)),
            (Value::Array(left), Value::Array(right)) => {
                for (left, right) in left.iter().zip(right.iter()) {
                    let (left, right) = (self.force(*left)?, self.force(*right)?);
                    let order = self.deeper(|machine| machine.order(&left, &right))?;
                    if order.is_ne() {
                        return Ok(order);
                    }
                }
                Ok(left.len().cmp(&right.len()))
            }
            (left_value, right_value) => {
                let what = format!("a {} and a {} have no order", left_value.kind(), right_value.kind());
                Err(Stop::new(what, left.span))
            }
        }
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "bits are those of 64-bit integers"
)]
fn arithmetic(operator: BinaryOp, left: f64, right: f64) -> Option<f64> {
    let bits = |operation: fn(i64, i64) -> i64| operation(left as i64, right as i64) as f64;
    Some(match operator {
        BinaryOp::Sub => left - right,
        BinaryOp::Mul => left * right,
        BinaryOp::Div | BinaryOp::Rem if right == 0.0 => return None,
        BinaryOp::Div => left / right,
        BinaryOp::Rem => left % right,
        BinaryOp::Shl => bits(|left, right| left.wrapping_shl((right & 63) as u32)),
        BinaryOp::Shr => bits(|left, right| left.wrapping_shr((right & 63) as u32)),
        BinaryOp::BitwiseAnd => bits(|left, right| left & right),
        BinaryOp::BitwiseOr => bits(|left, right| left | right),
        BinaryOp::BitwiseXor => bits(|left, right| left ^ right),
        _ => return None,
    })
}

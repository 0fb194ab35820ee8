//! `eq`, `ne`, `lt` and the like. <https://pkg.go.dev/text/template#hdr-Functions>
//!
//! Go refuses to compare a whole number with one that is not. Numbers of values files are all of the latter kind, and
//! those given by `--set` of the former, so that charts that do compare them work with some and not with others. Here
//! they are compared as numbers.

use std::cmp::Ordering;

use super::run::Wrong;
use super::value::{Kind, MOST_DEPTH, Value};

/// `eq`.
pub(super) fn equal(left: &Value, right: &Value) -> Result<bool, Wrong> {
    match (&left.kind, &right.kind) {
        (Kind::Nil, Kind::Nil) => Ok(true),
        (Kind::Nil, _) | (_, Kind::Nil) => Ok(false),
        (Kind::Bool(left), Kind::Bool(right)) => Ok(left == right),
        _ => match (number(left), number(right), left.as_text(), right.as_text()) {
            (Some(left), Some(right), ..) => Ok(is_same(left, right)),
            (_, _, Some(left), Some(right)) => Ok(left == right),
            _ if matches!(left.kind, Kind::Map(_) | Kind::List(_))
                || matches!(right.kind, Kind::Map(_) | Kind::List(_)) =>
            {
                Err("uncomparable type".into())
            }
            _ => Err("incompatible types for comparison".into()),
        },
    }
}

/// The order of two values of a kind that has one.
pub(super) fn order(left: &Value, right: &Value) -> Result<Ordering, Wrong> {
    match (number(left), number(right), left.as_text(), right.as_text()) {
        (Some(left), Some(right), ..) => Ok(left.total_cmp(&right)),
        (_, _, Some(left), Some(right)) => Ok(left.cmp(right)),
        _ => Err("incompatible types for comparison".into()),
    }
}

/// Go's `reflect.DeepEqual`.
pub(super) fn deep_equal(left: &Value, right: &Value) -> bool {
    deeply(left, right, 0)
}

fn deeply(left: &Value, right: &Value, depth: usize) -> bool {
    if depth > MOST_DEPTH {
        return false;
    }
    match (&left.kind, &right.kind) {
        (Kind::Nil, Kind::Nil) => true,
        (Kind::Bool(left), Kind::Bool(right)) => left == right,
        (Kind::Int(left), Kind::Int(right)) => left == right,
        (Kind::Float(left), Kind::Float(right)) => is_same(*left, *right),
        (Kind::Int(_) | Kind::Float(_), Kind::Int(_) | Kind::Float(_)) => number(left) == number(right),
        (Kind::List(left), Kind::List(right)) => {
            left.len() == right.len()
                && left.iter().zip(right.iter()).all(|(left, right)| deeply(left, right, depth + 1))
        }
        (Kind::Map(left), Kind::Map(right)) => {
            let (left, right) = (left.borrow(), right.borrow());
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right.iter())
                    .all(|((key, left), (other, right))| key == other && deeply(left, right, depth + 1))
        }
        _ => left.as_text().is_some() && left.as_text() == right.as_text(),
    }
}

/// Exact, as Go compares.
#[allow(clippy::float_cmp, reason = "that is what templates ask for")]
fn is_same(left: f64, right: f64) -> bool {
    left == right
}

#[allow(clippy::cast_precision_loss, reason = "counts and ports are far below 2^52")]
fn number(value: &Value) -> Option<f64> {
    match value.kind {
        Kind::Int(value) => Some(value as f64),
        Kind::Float(value) => Some(value),
        _ => None,
    }
}

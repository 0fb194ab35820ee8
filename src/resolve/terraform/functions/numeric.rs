//! Functions on numbers.

use std::cmp::Ordering;

use num_bigint::BigInt;

use crate::resolve::terraform::convert::to_number;
use crate::resolve::terraform::number::Number;
use crate::resolve::terraform::operate::Evaluated;
use crate::resolve::terraform::typed::{Typed, What};
use crate::resolve::terraform::types::Type;

use super::Context;

/// The longest list that Terraform's `range` makes.
const LONGEST_RANGE: usize = 1024;

/// The argument that wins, at its own place.
pub(super) fn extreme(cx: &Context<'_, '_>, args: &[Typed], wins: Ordering) -> Evaluated {
    let mut best: Option<&Typed> = None;
    for (index, value) in args.iter().enumerate() {
        let number = cx.number(args, index)?;
        let better = match best.map(|best| &best.what) {
            Some(What::Number(so_far)) => number.cmp(so_far) == wins,
            _ => true,
        };
        if better {
            best = Some(value);
        }
    }
    best.cloned().ok_or_else(|| cx.failure("a number is needed"))
}

pub(super) fn log(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (number, base) = (cx.number(args, 0)?.to_f64(), cx.number(args, 1)?.to_f64());
    let result = number.ln() / base.ln();
    if !result.is_finite() {
        return Err(cx.failure("the logarithm is not a number"));
    }
    cx.number_of(Number::floating(result))
}

pub(super) fn pow(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let result = cx.number(args, 0)?.to_f64().powf(cx.number(args, 1)?.to_f64());
    if result.is_nan() {
        return Err(cx.failure("the power is not a number"));
    }
    cx.number_of(Number::floating(result))
}

pub(super) fn signum(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let sign = cx.whole(args, 0)?.signum();
    cx.number_of(Some(Number::whole(sign)))
}

/// A whole number in a base up to 62, where `A` to `Z` come after `a` to `z`.
pub(super) fn parseint(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let text = cx.text(args, 0)?;
    let base = u8::try_from(cx.whole(args, 1)?).ok().filter(|base| (2..=62).contains(base));
    let base = base.ok_or_else(|| cx.failure("a base is between 2 and 62"))?;
    let no_number = || cx.failure("it is not a whole number in this base");
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || digits.len() > 4096 {
        return Err(no_number());
    }
    let mut value = BigInt::from(0u8);
    for digit in digits.bytes() {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'z' => digit - b'a' + 10,
            b'A'..=b'Z' if base <= 36 => digit - b'A' + 10,
            b'A'..=b'Z' => digit - b'A' + 36,
            _ => return Err(no_number()),
        };
        if digit >= base {
            return Err(no_number());
        }
        value = value * base + digit;
    }
    cx.number_of(Number::exact(if negative { -value } else { value }))
}

pub(super) fn range(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let numbers = args.iter().map(to_number).collect::<Result<Vec<Number>, _>>()?;
    let zero = Number::whole(0);
    let towards =
        |start: &Number, end: &Number| Number::counted(1).multiply(&Number::whole(if end < start { -1 } else { 1 }));
    let (start, end, step) = match numbers.as_slice() {
        [end] => (zero.clone(), end.clone(), towards(&zero, end)),
        [start, end] => (start.clone(), end.clone(), towards(start, end)),
        [start, end, step] => (start.clone(), end.clone(), Some(step.clone())),
        _ => return Err(cx.failure("`range` needs one to three numbers")),
    };
    let step = step.filter(|step| *step != zero).ok_or_else(|| cx.failure("a step is not zero"))?;
    let down = step < zero;
    if down && end > start || !down && end < start {
        return Err(cx.failure("the step leads away from the end"));
    }
    let mut made = Vec::new();
    let mut next = start;
    while if down { next > end } else { next < end } {
        if made.len() >= LONGEST_RANGE {
            return Err(cx.failure("the range is too long"));
        }
        made.push(Typed::number(next.clone(), cx.span));
        next = next.add(&step).ok_or_else(|| cx.failure("the number is too large"))?;
    }
    Ok(Typed::list(Type::Number, made, cx.span))
}

pub(super) fn sum(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let items = cx.items(args, 0)?;
    let mut total: Option<Number> = None;
    for item in items.iter() {
        let number = to_number(item)?;
        total = Some(match total {
            None => number,
            Some(so_far) => match so_far.add(&number) {
                Some(sum) => sum,
                None => return cx.number_of(None),
            },
        });
    }
    match total {
        Some(total) => cx.number_of(Some(total)),
        None => Err(cx.failure("`sum` of an empty list")),
    }
}

//! Arithmetic.

use super::{Function, Given, MANY, computes, int, made, text};
use crate::resolve::helm::run::{Run, Wrong};
use crate::resolve::helm::value::{Kind, Value};

/// The most numbers that `until`, `untilStep` and `seq` give.
const MOST: i64 = 100_000;

pub(super) const ALL: &[Function] = &[
    computes("int", 1, 1, |run, arguments| Ok(made(run, Kind::Int(to_int(&arguments[0])), arguments))),
    computes("int64", 1, 1, |run, arguments| Ok(made(run, Kind::Int(to_int(&arguments[0])), arguments))),
    computes("float64", 1, 1, |run, arguments| Ok(made(run, Kind::Float(to_float(&arguments[0])), arguments))),
    computes("atoi", 1, 1, |run, arguments| {
        let value = text(arguments, 0).parse().unwrap_or(0);
        Ok(made(run, Kind::Int(value), arguments))
    }),
    computes("toDecimal", 1, 1, |run, arguments| {
        let value = i64::from_str_radix(&text(arguments, 0), 8).unwrap_or(0);
        Ok(made(run, Kind::Int(value), arguments))
    }),
    computes("add", 0, MANY, |run, arguments| fold(run, arguments, i64::wrapping_add)),
    computes("mul", 1, MANY, |run, arguments| fold(run, arguments, i64::wrapping_mul)),
    computes("add1", 1, 1, |run, arguments| Ok(made(run, Kind::Int(int(arguments, 0).wrapping_add(1)), arguments))),
    computes("sub", 2, 2, |run, arguments| {
        Ok(made(run, Kind::Int(int(arguments, 0).wrapping_sub(int(arguments, 1))), arguments))
    }),
    computes("div", 2, 2, |run, arguments| divided(run, arguments, i64::checked_div)),
    computes("mod", 2, 2, |run, arguments| divided(run, arguments, i64::checked_rem)),
    computes("max", 1, MANY, |run, arguments| fold(run, arguments, i64::max)),
    computes("biggest", 1, MANY, |run, arguments| fold(run, arguments, i64::max)),
    computes("min", 1, MANY, |run, arguments| fold(run, arguments, i64::min)),
    computes("addf", 0, MANY, |run, arguments| fold_float(run, arguments, |a, b| a + b)),
    computes("add1f", 1, 1, |run, arguments| Ok(made(run, Kind::Float(to_float(&arguments[0]) + 1.0), arguments))),
    computes("subf", 1, MANY, |run, arguments| fold_float(run, arguments, |a, b| a - b)),
    computes("mulf", 1, MANY, |run, arguments| fold_float(run, arguments, |a, b| a * b)),
    computes("divf", 1, MANY, |run, arguments| {
        if arguments[1..].iter().any(|divisor| to_float(divisor) == 0.0) {
            return Err("decimal division by 0".into());
        }
        fold_float(run, arguments, |a, b| a / b)
    }),
    computes("maxf", 1, MANY, |run, arguments| fold_float(run, arguments, f64::max)),
    computes("minf", 1, MANY, |run, arguments| fold_float(run, arguments, f64::min)),
    computes("ceil", 1, 1, |run, arguments| Ok(made(run, Kind::Float(to_float(&arguments[0]).ceil()), arguments))),
    computes("floor", 1, 1, |run, arguments| Ok(made(run, Kind::Float(to_float(&arguments[0]).floor()), arguments))),
    computes("round", 2, 3, round),
    computes("until", 1, 1, |_, arguments| {
        let end = int(arguments, 0);
        sequence(0, end, if end < 0 { -1 } else { 1 })
    }),
    computes("untilStep", 3, 3, |_, arguments| sequence(int(arguments, 0), int(arguments, 1), int(arguments, 2))),
    computes("seq", 0, 3, seq),
];

/// A value as a whole number: strings are read, and what is no number is 0.
pub(super) fn to_int(value: &Value) -> i64 {
    match &value.kind {
        Kind::Int(value) => *value,
        #[allow(clippy::cast_possible_truncation, reason = "Go's conversion cuts off as well")]
        Kind::Float(value) => *value as i64,
        Kind::Bool(value) => i64::from(*value),
        Kind::Text(_) | Kind::Traced(_) => {
            let text = value.as_text().unwrap_or_default();
            let whole = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|byte| byte == b'0'));
            let digits = whole.map_or(text, |(whole, _)| whole);
            // Leading zeros are dropped, so that they name no base.
            let plain = digits.trim_start_matches('0');
            let plain = if plain.is_empty() && !digits.is_empty() { "0" } else { plain };
            plain.parse().ok().or_else(|| crate::parse::yaml::integer(digits)).unwrap_or(0)
        }
        _ => 0,
    }
}

/// A value as a number: strings are read, and what is no number is 0.
pub(super) fn to_float(value: &Value) -> f64 {
    match &value.kind {
        #[allow(clippy::cast_precision_loss, reason = "that is what Go does")]
        Kind::Int(value) => *value as f64,
        Kind::Float(value) => *value,
        Kind::Bool(value) => f64::from(u8::from(*value)),
        Kind::Text(_) | Kind::Traced(_) => value.as_text().and_then(|text| text.parse().ok()).unwrap_or(0.0),
        _ => 0.0,
    }
}

fn fold(run: &mut Run, arguments: &[Value], combine: fn(i64, i64) -> i64) -> Given {
    let total = arguments.iter().map(to_int).reduce(combine).unwrap_or(0);
    Ok(made(run, Kind::Int(total), arguments))
}

fn fold_float(run: &mut Run, arguments: &[Value], combine: fn(f64, f64) -> f64) -> Given {
    let total = arguments.iter().map(to_float).reduce(combine).unwrap_or(0.0);
    // Sprig calculates in decimal numbers, so that 0.1 + 0.2 is 0.3.
    let rounded = format!("{total:.12e}").parse().unwrap_or(total);
    Ok(made(run, Kind::Float(rounded), arguments))
}

fn divided(run: &mut Run, arguments: &[Value], divide: fn(i64, i64) -> Option<i64>) -> Given {
    match divide(int(arguments, 0), int(arguments, 1)) {
        Some(value) => Ok(made(run, Kind::Int(value), arguments)),
        None => Err("integer divide by zero".into()),
    }
}

fn round(run: &mut Run, arguments: &[Value]) -> Given {
    let value = to_float(&arguments[0]);
    let places = i32::try_from(int(arguments, 1)).unwrap_or(0).clamp(-300, 300);
    let rounds_on = arguments.get(2).map_or(0.5, to_float);
    let scale = 10_f64.powi(places);
    let digit = scale * value;
    let part = digit.fract();
    let rounded = if part >= rounds_on { digit.ceil() } else { digit.floor() };
    Ok(made(run, Kind::Float(rounded / scale), arguments))
}

fn sequence(start: i64, end: i64, step: i64) -> Given {
    let numbers = count(start, end, step)?;
    Ok(Value::list(numbers.into_iter().map(|number| Kind::Int(number).into()).collect()))
}

/// The numbers from `start` to before `end`; none where the step leads away.
fn count(start: i64, end: i64, step: i64) -> Result<Vec<i64>, Wrong> {
    let leads = if end < start { step < 0 } else { step > 0 };
    if !leads {
        return Ok(Vec::new());
    }
    if end.abs_diff(start) / step.unsigned_abs() > MOST.unsigned_abs() {
        return Err("too many numbers".into());
    }
    let mut numbers = Vec::new();
    let mut next = start;
    while (step > 0 && next < end) || (step < 0 && next > end) {
        numbers.push(next);
        next = next.saturating_add(step);
    }
    Ok(numbers)
}

/// As the command of that name: both ends included, joined by spaces.
fn seq(_: &mut Run, arguments: &[Value]) -> Given {
    let (start, step, end) = match arguments {
        [] => return Ok(Value::text("")),
        [end] => (1, None, to_int(end)),
        [start, end] => (to_int(start), None, to_int(end)),
        [start, step, end, ..] => (to_int(start), Some(to_int(step)), to_int(end)),
    };
    let step = step.unwrap_or(if end < start { -1 } else { 1 });
    let end = if step > 0 { end.saturating_add(1) } else { end.saturating_sub(1) };
    let numbers: Vec<String> = count(start, end, step)?.iter().map(i64::to_string).collect();
    Ok(Value::text(numbers.join(" ")))
}

//! `std.format` and `%`: conversions as Python has them
//! (<https://docs.python.org/3/library/stdtypes.html#printf-style-string-formatting>). Uses `source`.

use super::super::machine::{Machine, Result};
use super::super::value::{Made, Stop, Value};
use super::{text, whole};
use crate::source::Span;

/// The widest field that is filled.
const WIDEST: usize = 1_000;

/// One `%…` of a pattern.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
struct Conversion {
    key: Option<String>,
    alternate: bool,
    zero: bool,
    left: bool,
    blank: bool,
    plus: bool,
    width: Option<usize>,
    precision: Option<usize>,
    kind: char,
}

/// Where the values come from.
enum Values<'p> {
    Named(Made<'p>),
    Ordered(Vec<Made<'p>>, usize),
}

pub(in super::super) fn format<'p>(
    machine: &mut Machine<'p, '_>,
    pattern: &Made<'p>,
    values: &Made<'p>,
    span: Span,
) -> Result<Made<'p>> {
    let Value::String(written) = &pattern.value else {
        return Err(Stop::new(format!("a {} is no pattern", pattern.value.kind()), span));
    };
    let mut values = match &values.value {
        Value::Object(_) => Values::Named(values.clone()),
        Value::Array(items) => {
            let mut made = Vec::with_capacity(items.len());
            for item in items.iter() {
                made.push(machine.force(*item)?);
            }
            Values::Ordered(made, 0)
        }
        _ => Values::Ordered(vec![values.clone()], 0),
    };
    let mut filled = String::new();
    let mut rest = written.text.as_str();
    while let Some(at) = rest.find('%') {
        machine.charge(1)?;
        filled.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let conversion = read(&mut rest, machine, &mut values, span)?;
        if conversion.kind == '%' {
            pad(&mut filled, "%", &conversion, false);
            continue;
        }
        let value = match (&mut values, &conversion.key) {
            (Values::Named(object), Some(key)) => named(machine, object, key, span)?,
            (values, _) => next(values, span)?,
        };
        let text = convert(machine, &conversion, &value, span)?;
        machine.charge(text.len() / 32)?;
        let is_number = !matches!(conversion.kind, 's' | 'c');
        pad(&mut filled, &text, &conversion, is_number);
    }
    filled.push_str(rest);
    if let Values::Ordered(given, used) = &values
        && *used < given.len()
    {
        return Err(Stop::new("a pattern is given more values than it has places", span));
    }
    machine.text(filled, pattern.span)
}

fn next<'p>(values: &mut Values<'p>, span: Span) -> Result<Made<'p>> {
    let Values::Ordered(given, used) = values else {
        return Err(Stop::new("a pattern is given an object and names none of its fields", span));
    };
    let found = given.get(*used).cloned();
    *used += 1;
    found.ok_or_else(|| Stop::new("a pattern is given too few values", span))
}

fn named<'p>(machine: &mut Machine<'p, '_>, object: &Made<'p>, key: &str, span: Span) -> Result<Made<'p>> {
    let Value::Object(object) = object.value else { return Err(Stop::new("a pattern is given no object", span)) };
    let name = machine.name(key);
    machine.get(object, name, usize::MAX)?.ok_or_else(|| {
        Stop::new(format!("a pattern names `{}`, which is not there", super::super::machine::shortened(key)), span)
    })
}

fn read<'p>(rest: &mut &str, machine: &mut Machine<'p, '_>, values: &mut Values<'p>, span: Span) -> Result<Conversion> {
    let broken = || Stop::new("a pattern ends within a conversion", span);
    let mut conversion = Conversion::default();
    if let Some(inner) = rest.strip_prefix('(') {
        let (key, after) = inner.split_once(')').ok_or_else(broken)?;
        conversion.key = Some(key.to_owned());
        *rest = after;
    }
    while let Some(flag) = rest.chars().next() {
        match flag {
            '#' => conversion.alternate = true,
            '0' => conversion.zero = true,
            '-' => conversion.left = true,
            ' ' => conversion.blank = true,
            '+' => conversion.plus = true,
            _ => break,
        }
        *rest = &rest[1..];
    }
    conversion.width = length(rest, values, span)?;
    if let Some(after) = rest.strip_prefix('.') {
        *rest = after;
        conversion.precision = Some(length(rest, values, span)?.unwrap_or(0));
    }
    *rest = rest.trim_start_matches(['h', 'l', 'L']);
    conversion.kind = rest.chars().next().ok_or_else(broken)?;
    *rest = &rest[conversion.kind.len_utf8()..];
    machine.charge(conversion.width.unwrap_or(0) / 32)?;
    Ok(conversion)
}

fn length(rest: &mut &str, values: &mut Values<'_>, span: Span) -> Result<Option<usize>> {
    let most = |length: Option<usize>| {
        length.filter(|length| *length <= WIDEST).ok_or_else(|| Stop::new("a field of a pattern is too wide", span))
    };
    if let Some(after) = rest.strip_prefix('*') {
        *rest = after;
        let Value::Number(number) = next(values, span)?.value else {
            return Err(Stop::new("the width of a field is no number", span));
        };
        return most(whole(number)).map(Some);
    }
    let digits = rest.len() - rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
    if digits == 0 {
        return Ok(None);
    }
    let (number, after) = rest.split_at(digits);
    *rest = after;
    most(number.parse().ok()).map(Some)
}

#[allow(clippy::cast_possible_truncation, reason = "as Jsonnet does")]
fn convert<'p>(machine: &mut Machine<'p, '_>, conversion: &Conversion, value: &Made<'p>, span: Span) -> Result<String> {
    let number = || match value.value {
        Value::Number(number) => Ok(number),
        ref other => Err(Stop::new(format!("`%{}` is given a {}", conversion.kind, other.kind()), span)),
    };
    let signed = |text: String| match (text.starts_with('-'), conversion.plus, conversion.blank) {
        (false, true, _) => format!("+{text}"),
        (false, false, true) => format!(" {text}"),
        _ => text,
    };
    let digits = |text: String| {
        let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
        format!("{sign}{digits:0>width$}", width = conversion.precision.unwrap_or(0))
    };
    let precision = conversion.precision.unwrap_or(6);
    Ok(match conversion.kind {
        's' => text::written(machine, value)?,
        'c' => match &value.value {
            Value::Number(number) => whole(*number)
                .and_then(|code| char::from_u32(u32::try_from(code).ok()?))
                .map(String::from)
                .unwrap_or_default(),
            _ => text::written(machine, value)?,
        },
        'd' | 'i' | 'u' => signed(digits((number()?.trunc() as i64).to_string())),
        'o' => signed(digits(format!("{:o}", number()?.trunc() as i64))),
        'x' => signed(digits(format!("{:x}", number()?.trunc() as i64))),
        'X' => signed(digits(format!("{:X}", number()?.trunc() as i64))),
        'f' | 'F' => signed(decimal(number()?, precision)),
        'e' | 'E' => {
            let text = exponential(number()?, precision);
            signed(if conversion.kind == 'E' { text.to_uppercase() } else { text })
        }
        'g' | 'G' => {
            let text = general(number()?, precision.max(1), conversion.alternate);
            signed(if conversion.kind == 'G' { text.to_uppercase() } else { text })
        }
        other => return Err(Stop::new(format!("there is no conversion `%{other}`"), span)),
    })
}

fn pad(filled: &mut String, text: &str, conversion: &Conversion, is_number: bool) {
    let missing = conversion.width.unwrap_or(0).saturating_sub(text.chars().count());
    if missing == 0 {
        filled.push_str(text);
    } else if conversion.left {
        filled.push_str(text);
        filled.push_str(&" ".repeat(missing));
    } else if conversion.zero && is_number {
        let signs = text.len() - text.trim_start_matches(['-', '+', ' ']).len();
        let (sign, digits) = text.split_at(signs);
        filled.push_str(sign);
        filled.push_str(&"0".repeat(missing));
        filled.push_str(digits);
    } else {
        filled.push_str(&" ".repeat(missing));
        filled.push_str(text);
    }
}

/// `1.50`, a half rounded away from zero.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to be small first")]
fn decimal(number: f64, precision: usize) -> String {
    const EXACT: f64 = 9e15;
    let scale = 10_f64.powi(i32::try_from(precision).unwrap_or(i32::MAX));
    let scaled = (number.abs() * scale + 0.5).floor();
    if !scaled.is_finite() || scaled >= EXACT {
        return format!("{number:.precision$}");
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let digits = format!("{:0>width$}", scaled as u64, width = precision + 1);
    match digits.split_at(digits.len() - precision) {
        (whole, "") => format!("{sign}{whole}"),
        (whole, part) => format!("{sign}{whole}.{part}"),
    }
}

/// `1.5e+03`
fn exponential(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{digits}e{sign}{exponent:0>2}")
}

/// `%g`: so many significant digits, plainly where that is short.
pub(super) fn general(number: f64, digits: usize, keep_zeros: bool) -> String {
    let scientific = exponential(number, digits - 1);
    let exponent: i32 = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let significant = i32::try_from(digits).unwrap_or(i32::MAX);
    let trim = |text: &str| {
        if keep_zeros || !text.contains('.') {
            return text.to_owned();
        }
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if exponent < -4 || exponent >= significant {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "+00"));
        return format!("{}e{exponent}", trim(mantissa));
    }
    let after = usize::try_from(significant - 1 - exponent).unwrap_or(0);
    trim(&format!("{number:.after$}"))
}

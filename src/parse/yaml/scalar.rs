//! What a scalar's text means: the typing of go-yaml v3 when it decodes into untyped values.

use crate::tree::{Text, Value};

/// The type that a scalar declares, by its tag or by its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declared {
    /// Nothing: a plain scalar, whose text decides.
    Nothing,
    /// A string: quotes, block scalars, `!!str`, and every tag of another vocabulary (`!Ref`, `!vault`).
    String,
    /// `!!int`, `!!bool` or `!!null`: the text decides even inside quotes.
    ByText,
    /// `!!float`: whole numbers too are no integers.
    Float,
}

/// The value of a scalar. A text that is not of its declared type stays a string.
pub(super) fn value(text: &str, declared: Declared) -> Value {
    match declared {
        Declared::String => Value::String(Text::from(text)),
        Declared::Nothing | Declared::ByText => by_text(text),
        Declared::Float => match by_text(text) {
            #[allow(clippy::cast_precision_loss, reason = "that is what the tag asks for")]
            Value::Int(value) => Value::Float(value as f64),
            value => value,
        },
    }
}

fn by_text(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        _ => number(text).unwrap_or_else(|| Value::String(Text::from(text))),
    }
}

fn number(text: &str) -> Option<Value> {
    let first = *text.as_bytes().first()?;
    if !matches!(first, b'0'..=b'9' | b'+' | b'-' | b'.') {
        return None;
    }
    // Underscores group digits anywhere, except that go-yaml keeps them in a number that starts with a dot.
    let digits = if first == b'.' { text.to_owned() } else { text.replace('_', "") };
    integer(&digits).map(Value::Int).or_else(|| float(&digits).map(Value::Float))
}

/// Go's `ParseInt` with base 0: `0x`, `0o`, `0b` and a leading zero name the base.
pub fn integer(digits: &str) -> Option<i64> {
    let (negative, digits) = match digits.as_bytes().first()? {
        b'-' => (true, &digits[1..]),
        b'+' => (false, &digits[1..]),
        _ => (false, digits),
    };
    let (base, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0o" | "0O") => (8, &digits[2..]),
        Some("0b" | "0B") => (2, &digits[2..]),
        Some(start) if start.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = i128::from(u64::from_str_radix(digits, base).ok()?);
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// A decimal number: `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, within the range of a double.
fn float(digits: &str) -> Option<f64> {
    // Rust reads the same form, and the words "inf" and "nan" besides, which a number's characters leave out.
    let is_number = |byte: u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    if !digits.bytes().all(is_number) {
        return None;
    }
    digits.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_typed_as_go_yaml_types_them() {
        let int = Value::Int;
        let float = Value::Float;
        let string = |text: &str| Value::String(text.into());
        for (text, expected) in [
            ("", Value::Null),
            ("~", Value::Null),
            ("NULL", Value::Null),
            ("nULL", string("nULL")),
            ("True", Value::Bool(true)),
            ("yes", string("yes")),
            ("on", string("on")),
            ("n", string("n")),
            ("0", int(0)),
            ("-0", int(0)),
            ("0644", int(420)),
            ("0o644", int(420)),
            ("0899", float(899.0)),
            ("1_000", int(1000)),
            ("0x1F", int(31)),
            ("-0b11", int(-3)),
            ("+12", int(12)),
            ("--1", string("--1")),
            ("0x-1", string("0x-1")),
            ("9223372036854775807", int(i64::MAX)),
            ("-9223372036854775808", int(i64::MIN)),
            ("9223372036854775808", float(9_223_372_036_854_775_808.0)),
            ("1.5", float(1.5)),
            ("1.", float(1.0)),
            (".5", float(0.5)),
            ("1e3", float(1000.0)),
            ("1e999", string("1e999")),
            ("12e45678", string("12e45678")),
            (".inf", float(f64::INFINITY)),
            ("inf", string("inf")),
            ("1.2.3", string("1.2.3")),
            ("2024-01-31", string("2024-01-31")),
            ("12:30", string("12:30")),
            ("5m", string("5m")),
            ("-", string("-")),
            (".", string(".")),
            ("é1", string("é1")),
            ("0é", string("0é")),
        ] {
            assert_eq!(value(text, Declared::Nothing), expected, "{text:?}");
        }
    }

    #[test]
    fn declared_types_are_honoured() {
        assert_eq!(value("12", Declared::String), Value::String("12".into()));
        assert_eq!(value("12", Declared::ByText), Value::Int(12));
        assert_eq!(value("12", Declared::Float), Value::Float(12.0));
        assert_eq!(value("x", Declared::Float), Value::String("x".into()));
    }
}

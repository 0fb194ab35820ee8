//! Go's fmt: how values are printed. <https://pkg.go.dev/fmt>

use std::fmt::Write as _;

use super::trace::{Place, Traced};
use super::value::{Kind, MARKER, MOST_DEPTH, Value};

/// What `%v` prints.
pub(super) fn plain(value: &Value) -> String {
    let mut out = String::new();
    write_plain(&mut out, value, 0);
    out
}

fn write_plain(out: &mut String, value: &Value, depth: usize) {
    if depth > MOST_DEPTH {
        out.push('…');
        return;
    }
    match &value.kind {
        Kind::Nil => out.push_str("<nil>"),
        Kind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Kind::Int(value) => {
            let _ = write!(out, "{value}");
        }
        Kind::Float(value) => out.push_str(&general(*value)),
        Kind::Text(_) | Kind::Traced(_) => out.push_str(value.as_text().unwrap_or_default()),
        Kind::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                write_plain(out, item, depth + 1);
            }
            out.push(']');
        }
        Kind::Map(map) => {
            out.push_str("map[");
            for (index, (key, item)) in map.borrow().iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                out.push_str(key);
                out.push(':');
                write_plain(out, item, depth + 1);
            }
            out.push(']');
        }
        Kind::Unknown(number) => {
            let _ = write!(out, "{}{number}{}", MARKER[0], MARKER[1]);
        }
        Kind::Object(object) => out.push_str(&object.printed()),
    }
}

/// `%v` of a floating-point number: the shortest that reads back, with an exponent from 1e6 on and below 1e-4
/// (<https://pkg.go.dev/strconv#FormatFloat>, format `g` with precision -1).
pub(super) fn general(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) { format!("{value}") } else { exponential(digits, exponent) }
}

fn exponential(digits: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// A number as JSON writes it: an exponent below 1e-6 and from 1e21 on.
pub(super) fn json_number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let scientific = format!("{value:e}");
        if let Some((digits, exponent)) = scientific.split_once('e') {
            let exponent: i32 = exponent.parse().unwrap_or(0);
            let sign = if exponent < 0 { '-' } else { '+' };
            return format!("{digits}e{sign}{:02}", exponent.abs()).replace("e-0", "e-");
        }
    }
    format!("{value}")
}

/// A directive of a format.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "the flags of a format are independent of each other")]
struct Directive {
    minus: bool,
    plus: bool,
    sharp: bool,
    zero: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// The widest field that is padded; a format may come from a values file.
const WIDEST: usize = 10_000;

/// `fmt.Sprintf`.
pub(super) fn sprintf(format: &str, format_place: Place, arguments: &[Value]) -> Traced {
    let mut out = Traced::default();
    let mut next = 0;
    let mut rest = format;
    let mut used_all = true;
    while let Some(at) = rest.find('%') {
        out.push(&rest[..at], format_place);
        rest = &rest[at + 1..];
        let mut directive = Directive::default();
        rest = flags(rest, &mut directive);
        rest = width(rest, &mut directive.width, arguments, &mut next);
        if let Some(after) = rest.strip_prefix('.') {
            directive.precision = Some(0);
            rest = width(after, &mut directive.precision, arguments, &mut next);
        }
        let Some(verb) = rest.chars().next() else {
            out.push("%!(NOVERB)", format_place);
            break;
        };
        rest = &rest[verb.len_utf8()..];
        if verb == '%' {
            out.push("%", format_place);
            continue;
        }
        match arguments.get(next) {
            None => {
                out.push(&format!("%!{verb}(MISSING)"), format_place);
                used_all = true;
            }
            Some(argument) => {
                next += 1;
                directive.write(&mut out, verb, argument);
            }
        }
    }
    out.push(rest, format_place);
    if used_all && next < arguments.len() {
        let extra: Vec<String> =
            arguments[next..].iter().map(|extra| format!("{}={}", type_name(extra), plain(extra))).collect();
        out.push(&format!("%!(EXTRA {})", extra.join(", ")), Place::Nowhere);
    }
    out
}

fn flags<'t>(text: &'t str, directive: &mut Directive) -> &'t str {
    let mut rest = text;
    loop {
        match rest.as_bytes().first() {
            Some(b'-') => directive.minus = true,
            Some(b'+') => directive.plus = true,
            Some(b'#') => directive.sharp = true,
            Some(b'0') => directive.zero = true,
            Some(b' ') => directive.space = true,
            _ => return rest,
        }
        rest = &rest[1..];
    }
}

fn width<'t>(text: &'t str, width: &mut Option<usize>, arguments: &[Value], next: &mut usize) -> &'t str {
    if let Some(rest) = text.strip_prefix('*') {
        if let Some(Kind::Int(value)) = arguments.get(*next).map(|value| &value.kind) {
            *width = usize::try_from(*value).ok().map(|value| value.min(WIDEST));
        }
        *next += 1;
        return rest;
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        *width = Some(text[..digits].parse().unwrap_or(WIDEST).min(WIDEST));
    }
    &text[digits..]
}

impl Directive {
    fn write(&self, out: &mut Traced, verb: char, argument: &Value) {
        let place = Place::Value(argument.origin);
        if argument.is_uncertain() {
            push_value(out, argument);
            return;
        }
        // Text that is kept as it is keeps its places.
        if matches!(verb, 's' | 'v')
            && self.width.is_none()
            && self.precision.is_none()
            && !self.sharp
            && let Kind::Text(_) | Kind::Traced(_) = argument.kind
        {
            push_value(out, argument);
            return;
        }
        let text = self.text(verb, argument);
        out.push(&self.pad(text, argument), place);
    }

    fn pad(&self, text: String, argument: &Value) -> String {
        let length = text.chars().count();
        let missing = self.width.unwrap_or(0).saturating_sub(length);
        if missing == 0 {
            return text;
        }
        let is_number = matches!(argument.kind, Kind::Int(_) | Kind::Float(_));
        if self.minus {
            text + &" ".repeat(missing)
        } else if self.zero && is_number {
            let sign = usize::from(text.starts_with(['+', '-']));
            format!("{}{}{}", &text[..sign], "0".repeat(missing), &text[sign..])
        } else if self.zero {
            "0".repeat(missing) + &text
        } else {
            " ".repeat(missing) + &text
        }
    }

    fn signed(&self, text: String) -> String {
        if text.starts_with('-') || text.starts_with('+') {
            text
        } else if self.plus {
            format!("+{text}")
        } else if self.space {
            format!(" {text}")
        } else {
            text
        }
    }

    fn text(&self, verb: char, argument: &Value) -> String {
        match (verb, &argument.kind) {
            ('T', _) => type_name(argument).to_owned(),
            ('v', Kind::Text(_) | Kind::Traced(_)) if self.sharp => quoted(&argument.to_text()),
            ('v' | 'd', Kind::Int(value)) => self.signed(value.to_string()),
            ('v', Kind::Float(value)) => self.signed(general(*value)),
            ('v', _) => plain(argument),
            ('t', Kind::Bool(value)) => value.to_string(),
            ('b', Kind::Int(value)) => self.signed(radix(*value, |value| format!("{value:b}"))),
            ('o', Kind::Int(value)) => self.signed(radix(*value, |value| format!("{value:o}"))),
            ('x', Kind::Int(value)) => self.signed(radix(*value, |value| format!("{value:x}"))),
            ('X', Kind::Int(value)) => self.signed(radix(*value, |value| format!("{value:X}"))),
            ('c', Kind::Int(value)) => {
                u32::try_from(*value).ok().and_then(char::from_u32).unwrap_or('\u{fffd}').to_string()
            }
            ('q', Kind::Int(value)) => {
                format!("'{}'", u32::try_from(*value).ok().and_then(char::from_u32).unwrap_or('\u{fffd}'))
            }
            ('f' | 'F', Kind::Float(value)) => self.signed(format!("{value:.*}", self.precision.unwrap_or(6))),
            ('e' | 'E', Kind::Float(value)) => {
                let scientific = format!("{value:.*e}", self.precision.unwrap_or(6));
                let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
                let text = exponential(digits, exponent.parse().unwrap_or(0));
                self.signed(if verb == 'E' { text.to_uppercase() } else { text })
            }
            ('g' | 'G', Kind::Float(value)) => self.signed(match self.precision {
                None => general(*value),
                Some(precision) => significant(*value, precision),
            }),
            ('s', Kind::Text(_) | Kind::Traced(_)) => {
                let text = argument.to_text();
                self.precision.map_or_else(|| text.clone().into_owned(), |most| text.chars().take(most).collect())
            }
            ('q', Kind::Text(_) | Kind::Traced(_)) => {
                let text = argument.to_text();
                if self.sharp && !text.contains('`') { format!("`{text}`") } else { quoted(&text) }
            }
            ('x', Kind::Text(_) | Kind::Traced(_)) => hex(argument, |byte| format!("{byte:02x}")),
            ('X', Kind::Text(_) | Kind::Traced(_)) => hex(argument, |byte| format!("{byte:02X}")),
            ('s' | 'd' | 'q' | 't' | 'f' | 'x', Kind::List(items)) => {
                let parts: Vec<String> = items.iter().map(|item| self.text(verb, item)).collect();
                format!("[{}]", parts.join(" "))
            }
            ('s' | 'd' | 'q' | 't' | 'f' | 'x', Kind::Map(map)) => {
                let parts: Vec<String> = map
                    .borrow()
                    .iter()
                    .map(|(key, value)| {
                        let key = self.text(verb, &Value::text(key.clone()));
                        format!("{key}:{}", self.text(verb, value))
                    })
                    .collect();
                format!("map[{}]", parts.join(" "))
            }
            ('s', Kind::Object(object)) => object.printed(),
            (_, Kind::Nil) => format!("%!{verb}(<nil>)"),
            _ => format!("%!{verb}({}={})", type_name(argument), plain(argument)),
        }
    }
}

/// Appends a value's text, with its places where it has any.
pub(super) fn push_value(out: &mut Traced, value: &Value) {
    match &value.kind {
        Kind::Traced(traced) => out.push_part(traced, 0..traced.text.len()),
        Kind::Text(text) => out.push(text, Place::Value(value.origin)),
        _ => out.push(&plain(value), Place::Value(value.origin)),
    }
}

fn radix(value: i64, write: fn(u64) -> String) -> String {
    let digits = write(value.unsigned_abs());
    if value < 0 { format!("-{digits}") } else { digits }
}

fn hex(argument: &Value, write: fn(u8) -> String) -> String {
    argument.to_text().bytes().map(write).collect()
}

fn significant(value: f64, precision: usize) -> String {
    let precision = precision.max(1);
    let scientific = format!("{value:.*e}", precision - 1);
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
    };
    let decimals = i32::try_from(precision).unwrap_or(i32::MAX) - 1 - exponent;
    if exponent < -4 || decimals < 0 {
        exponential(&trim(digits), exponent)
    } else {
        trim(&format!("{value:.*}", usize::try_from(decimals).unwrap_or(0)))
    }
}

/// A string in double quotes, as Go writes it.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            control if u32::from(control) < 0x20 || control == '\u{7f}' => {
                let _ = write!(out, "\\x{:02x}", u32::from(control));
            }
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// What Go calls a value's type.
pub(super) fn type_name(value: &Value) -> &'static str {
    match &value.kind {
        Kind::Nil => "<nil>",
        Kind::Bool(_) => "bool",
        Kind::Int(_) => "int",
        Kind::Float(_) => "float64",
        Kind::Text(_) | Kind::Traced(_) | Kind::Unknown(_) => "string",
        Kind::List(_) => "[]interface {}",
        Kind::Map(_) => "map[string]interface {}",
        Kind::Object(object) => object.type_name(),
    }
}

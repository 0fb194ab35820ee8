//! `format` and `formatlist`, with the verbs of the language's documentation.

use std::rc::Rc;
use std::str::CharIndices;

use num_bigint::BigInt;
use num_traits::Signed;

use crate::resolve::terraform::convert::{to_bool, to_number, to_text};
use crate::resolve::terraform::operate::{Evaluated, Failure};
use crate::resolve::terraform::typed::{Typed, What, unknown_among};
use crate::resolve::terraform::types::Type;
use crate::tree::Unknown;

use super::text::graphemes;
use super::{Context, LONGEST_LIST, LONGEST_TEXT, json};

/// The widest field and the most digits.
const WIDEST: usize = 4096;

/// One verb with its flags: `%-08.2f`.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "one for each flag")]
struct Verb {
    zero: bool,
    sharp: bool,
    minus: bool,
    plus: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
    /// Which argument, from 0.
    argument: usize,
    mode: char,
}

pub(super) fn format(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let rest: Vec<&Typed> = args.iter().skip(1).collect();
    if rest.iter().any(|value| is_untyped(value)) {
        return Ok(untyped(cx));
    }
    let text = formatted(cx, cx.text(args, 0)?, &rest);
    match unknown_among(rest.iter().copied(), true) {
        None => cx.text_of(text?),
        // The rest of the text is known.
        Some(unknown) => {
            let partial = text.ok().filter(|text| text.len() <= LONGEST_TEXT).map(Into::into);
            let unknown = Unknown { partial, set: true, ..unknown };
            Ok(Typed::new(What::Unknown(Rc::new(unknown), Type::String), cx.span))
        }
    }
}

/// A null of no type: Terraform leaves what is made of it open until apply.
fn is_untyped(value: &Typed) -> bool {
    matches!(value.what, What::Null(Type::Dynamic))
}

fn untyped(cx: &Context<'_, '_>) -> Typed {
    Typed::unknown("Terraform formats null only when it applies", "", cx.span)
}

fn formatted(cx: &Context<'_, '_>, pattern: &str, args: &[&Typed]) -> Result<String, Failure> {
    let mut out = String::new();
    let (mut next, mut highest) = (0, 0);
    let mut characters = pattern.char_indices();
    while let Some((_, character)) = characters.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        if characters.as_str().starts_with('%') {
            characters.next();
            out.push('%');
            continue;
        }
        let verb = verb(&mut characters, next).ok_or_else(|| cx.failure("a verb of `format` is not valid"))?;
        let argument = args.get(verb.argument).ok_or_else(|| cx.failure("`format` lacks an argument"))?;
        if verb.width.max(verb.precision).is_some_and(|size| size > WIDEST) {
            // Longer than any text that is made: it stays unknown.
            out.extend(std::iter::repeat_n(' ', LONGEST_TEXT + 1));
            break;
        }
        next = verb.argument + 1;
        highest = highest.max(next);
        if unknown_among([*argument], true).is_some() {
            out.push('*');
        } else {
            write(cx, &mut out, &verb, argument)?;
        }
        if out.len() > LONGEST_TEXT {
            break;
        }
    }
    if highest < args.len() && out.len() <= LONGEST_TEXT {
        return Err(cx.failure("`format` has more arguments than verbs"));
    }
    Ok(out)
}

/// Reads what stands after `%`: flags, width, precision, the number of an argument, a letter.
fn verb(characters: &mut CharIndices<'_>, next: usize) -> Option<Verb> {
    let mut verb = Verb { argument: next, ..Verb::default() };
    loop {
        match characters.as_str().chars().next()? {
            '0' => verb.zero = true,
            '#' => verb.sharp = true,
            '-' => verb.minus = true,
            '+' => verb.plus = true,
            ' ' => verb.space = true,
            _ => break,
        }
        characters.next();
    }
    let number = |characters: &mut CharIndices<'_>| {
        let text = characters.as_str();
        let digits = &text[..text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len())];
        (0..digits.len()).for_each(|_| {
            characters.next();
        });
        (!digits.is_empty()).then(|| digits.parse::<usize>().unwrap_or(usize::MAX))
    };
    verb.width = number(characters);
    if characters.as_str().starts_with('.') {
        characters.next();
        verb.precision = Some(number(characters).unwrap_or(0));
    }
    if characters.as_str().starts_with('[') {
        characters.next();
        verb.argument = number(characters)?.checked_sub(1)?;
        (characters.next()?.1 == ']').then_some(())?;
    }
    verb.mode = characters.next()?.1;
    verb.mode.is_ascii_alphabetic().then_some(verb)
}

fn write(cx: &Context<'_, '_>, out: &mut String, verb: &Verb, value: &Typed) -> Result<(), Failure> {
    if verb.mode != 'v' && value.is_null() {
        return Err(cx.failure("null cannot be formatted"));
    }
    match verb.mode {
        'v' => {
            let text = match &value.what {
                What::String(text) if !verb.sharp => text.to_string(),
                What::Number(number) if !verb.sharp => {
                    format!("{}{}", if number.is_negative() { "-" } else { "" }, number.by_verb('g', None))
                }
                _ => {
                    let mut text = String::new();
                    json::write(value, &mut text, 0);
                    text
                }
            };
            padded(out, verb, &text);
        }
        't' => out.push_str(if to_bool(value)? { "true" } else { "false" }),
        'b' | 'd' | 'o' | 'x' | 'X' => {
            let number = to_number(value)?;
            if !number.is_whole() {
                return Err(cx.failure("a whole number is needed here"));
            }
            whole(out, verb, &number.truncated());
        }
        'e' | 'E' | 'f' | 'g' | 'G' => {
            let number = to_number(value)?;
            let precision = match verb.mode {
                'g' | 'G' => verb.precision,
                _ => Some(verb.precision.unwrap_or(6)),
            };
            let digits = number.by_verb(verb.mode, precision);
            let sign = sign(verb, number.is_negative());
            aligned(out, verb, sign, "", &digits, verb.zero);
        }
        's' | 'q' => {
            let text = to_text(value)?;
            let text: String = match verb.precision.filter(|precision| *precision > 0) {
                Some(precision) => graphemes(&text).take(precision).collect(),
                None => text.into(),
            };
            padded(out, verb, &if verb.mode == 'q' { json::quoted(&text) } else { text });
        }
        _ => return Err(cx.failure(format!("`format` has no verb `%{}`", verb.mode))),
    }
    Ok(())
}

fn sign(verb: &Verb, negative: bool) -> &'static str {
    match (negative, verb.plus, verb.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (.., true) => " ",
        _ => "",
    }
}

/// A text in its field.
fn padded(out: &mut String, verb: &Verb, text: &str) {
    let missing = verb.width.unwrap_or(0).saturating_sub(graphemes(text).count());
    let pad = if verb.zero { "0" } else { " " }.repeat(missing);
    if verb.minus {
        out.push_str(text);
        out.push_str(&pad);
    } else {
        out.push_str(&pad);
        out.push_str(text);
    }
}

/// A whole number in a base.
fn whole(out: &mut String, verb: &Verb, number: &BigInt) {
    let (base, prefix) = match verb.mode {
        'b' => (2, "0b"),
        'o' => (8, "0"),
        'x' => (16, "0x"),
        'X' => (16, "0X"),
        _ => (10, ""),
    };
    let mut digits = number.abs().to_str_radix(base);
    if verb.mode == 'X' {
        digits = digits.to_ascii_uppercase();
    }
    match verb.precision {
        Some(0) if digits == "0" => return,
        Some(precision) if digits.len() < precision => {
            digits.insert_str(0, &"0".repeat(precision - digits.len()));
        }
        _ => {}
    }
    let prefix = if verb.sharp { prefix } else { "" };
    let zeros = verb.zero && verb.precision.is_none();
    aligned(out, verb, sign(verb, number.is_negative()), prefix, &digits, zeros);
}

/// A number in its field.
fn aligned(out: &mut String, verb: &Verb, sign: &str, prefix: &str, digits: &str, zeros: bool) {
    let length = sign.len() + prefix.len() + digits.len();
    let missing = verb.width.unwrap_or(0).saturating_sub(length);
    let (left, middle, right) = match (verb.minus, zeros) {
        (true, _) if !zeros || matches!(verb.mode, 'b' | 'd' | 'o' | 'x' | 'X') => (0, 0, missing),
        (_, true) => (0, missing, 0),
        _ => (missing, 0, 0),
    };
    out.push_str(&" ".repeat(left));
    out.push_str(sign);
    out.push_str(prefix);
    out.push_str(&"0".repeat(middle));
    out.push_str(digits);
    out.push_str(&" ".repeat(right));
}

pub(super) fn formatlist(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let pattern = cx.text(args, 0)?;
    let rest = &args[1..];
    if rest.iter().any(is_untyped) {
        return Ok(untyped(cx));
    }
    let mut rounds: Option<usize> = None;
    for value in rest {
        if let Some(unknown) = value.as_unknown() {
            return Ok(Typed::of_unknown((**unknown).clone(), cx.span));
        }
        let Some(length) = value.sequence().map(|items| items.len()) else { continue };
        if rounds.is_some_and(|rounds| rounds != length) {
            return Err(cx.failure("the lists of `formatlist` differ in length"));
        }
        rounds = Some(length);
    }
    let rounds = rounds.unwrap_or(1);
    if rounds > LONGEST_LIST {
        return Ok(cx.too_long());
    }
    let (mut made, mut size) = (Vec::with_capacity(rounds), 0);
    for round in 0..rounds {
        let pick = |value: &Typed| match value.sequence() {
            Some(items) => items.get(round).cloned(),
            None => Some(value.clone()),
        };
        let row: Vec<Typed> = rest.iter().filter_map(pick).collect();
        made.push(match unknown_among(&row, true) {
            Some(unknown) => Typed::new(What::Unknown(unknown.into(), Type::String), cx.span),
            None => Typed::string(formatted(cx, pattern, &row.iter().collect::<Vec<_>>())?, cx.span),
        });
        size += made.last().and_then(Typed::as_str).map_or(0, str::len);
        if size > LONGEST_TEXT {
            return Ok(cx.too_long());
        }
    }
    cx.evaluator.spend(size / 64 + rounds);
    Ok(Typed::list(Type::String, made, cx.span))
}

//! YAML as Terraform writes and reads it.
//!
//! It writes block style, with every string in double quotes, or as a literal block where it has several lines. It
//! reads by rules of its own: `yes` and `off` are booleans, and dates become RFC 3339.

use crate::parse;
use crate::resolve::terraform::number::Number;
use crate::resolve::terraform::operate::{Evaluated, Failure};
use crate::resolve::terraform::typed::{Member, Typed, What};
use crate::source::SourceId;
use crate::tree::{Node, Text, Value};

use super::{Context, LONGEST_TEXT};

/// The column after which a quoted string is folded at the next space.
const WIDTH: usize = 80;
/// The longest key that may stand before a colon on one line, in bytes.
const LONGEST_KEY: usize = 128;

pub(super) fn yamlencode(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let mut writer = Writer::default();
    writer.value(&args[0], 0, false, 0);
    writer.out.push('\n');
    if matches!(args[0].what, What::Null(_) | What::Bool(_) | What::Number(_)) {
        writer.out.push_str("...\n");
    }
    // A literal block ends its own last line.
    if writer.out.ends_with("\n\n") && writer.block_end == Some(writer.out.len() - 1) {
        writer.out.pop();
    }
    cx.text_of(writer.out)
}

#[derive(Default)]
struct Writer {
    out: String,
    /// Where the last literal block ended, when it ended its line.
    block_end: Option<usize>,
}

impl Writer {
    fn line(&mut self, indent: usize) {
        if self.block_end != Some(self.out.len()) || self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// Writes a value whose surroundings are indented by `indent`; `key` says whether it is a key on one line.
    fn value(&mut self, value: &Typed, indent: usize, key: bool, depth: u32) {
        if depth > 128 || self.out.len() > LONGEST_TEXT {
            return;
        }
        match &value.what {
            What::Null(_) | What::Unknown(..) => self.out.push_str("null"),
            What::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            What::Number(number) => self.out.push_str(&number.to_string()),
            What::String(text) if !key && text.contains('\n') && may_be_block(text) => self.block(text, indent + 2),
            What::String(text) => self.quoted(text, indent + 2, !key),
            What::List(_, items) | What::Set(_, items) | What::Tuple(items) => {
                if items.is_empty() {
                    self.out.push_str("[]");
                }
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.line(indent);
                    }
                    self.out.push_str("- ");
                    let inner = if is_block(item) { indent + 2 } else { indent };
                    self.value(item, inner, false, depth + 1);
                }
            }
            What::Map(_, members) | What::Object(members) => {
                if members.is_empty() {
                    self.out.push_str("{}");
                }
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        self.line(indent);
                    }
                    self.member(member, indent, depth);
                }
            }
        }
    }

    fn member(&mut self, member: &Member, indent: usize, depth: u32) {
        let key = Typed::string(member.key.clone(), member.key_span);
        let simple =
            member.key.len() <= LONGEST_KEY && !member.key.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
        if !simple {
            self.out.push_str("? ");
            self.value(&key, indent, false, depth);
            self.line(indent);
            self.out.push_str(": ");
            let inner = if is_block(&member.value) { indent + 2 } else { indent };
            return self.value(&member.value, inner, false, depth + 1);
        }
        self.value(&key, indent, true, depth);
        self.out.push(':');
        if is_block(&member.value) {
            // The dashes of a list stand under their key, the keys of a mapping further in.
            let inner = if member.value.members().is_some() { indent + 2 } else { indent };
            self.line(inner);
            self.value(&member.value, inner, false, depth + 1);
        } else {
            self.out.push(' ');
            self.value(&member.value, indent, false, depth + 1);
        }
    }

    fn quoted(&mut self, text: &str, indent: usize, may_fold: bool) {
        let start = self.out.rfind('\n').map_or(0, |at| at + 1);
        let mut column = self.out[start..].chars().count();
        self.out.push('"');
        column += 1;
        let mut after_space = false;
        let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
        for (at, character) in text.char_indices() {
            if character == ' ' {
                if may_fold && !after_space && column > WIDTH && at > 0 && at < last {
                    self.out.push('\n');
                    self.out.extend(std::iter::repeat_n(' ', indent));
                    column = indent;
                    if text[at + 1..].starts_with(' ') {
                        self.out.push('\\');
                        column += 1;
                    }
                } else {
                    self.out.push(' ');
                    column += 1;
                }
                after_space = true;
                continue;
            }
            after_space = false;
            let before = self.out.len();
            escape(character, &mut self.out);
            column += self.out[before..].chars().count();
        }
        self.out.push('"');
    }

    fn block(&mut self, text: &str, indent: usize) {
        self.out.push('|');
        if text.starts_with([' ', '\n']) {
            self.out.push('2');
        }
        if !text.ends_with('\n') {
            self.out.push('-');
        } else if text == "\n" || text.ends_with("\n\n") {
            self.out.push('+');
        }
        for line in text.split_inclusive('\n') {
            self.out.push('\n');
            let line = line.strip_suffix('\n').unwrap_or(line);
            if !line.is_empty() {
                self.out.extend(std::iter::repeat_n(' ', indent));
                self.out.push_str(line);
            }
        }
        if text.ends_with('\n') {
            self.out.push('\n');
            self.block_end = Some(self.out.len());
        }
    }
}

/// Whether a value is written over several lines with dashes or keys.
fn is_block(value: &Typed) -> bool {
    value.sequence().is_some_and(|items| !items.is_empty())
        || value.members().is_some_and(|members| !members.is_empty())
}

/// Whether a character may stand in a text as it is.
fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// Whether a text of several lines may be a literal block: not with white space at the end of a line, and not with
/// anything that must be escaped.
fn may_be_block(text: &str) -> bool {
    !text.ends_with(' ') && !text.contains(" \n") && text.chars().all(is_printable)
}

fn escape(character: char, out: &mut String) {
    let short = match character {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ if is_printable(character) => return out.push(character),
        _ => {
            let code = u32::from(character);
            let text = match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
            return out.push_str(&text);
        }
    };
    out.push('\\');
    out.push(short);
}

pub(super) fn yamldecode(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let text = cx.text(args, 0)?;
    cx.evaluator.spend(text.len() / 4);
    let parsed = parse::yaml::parse(SourceId::default(), text);
    if !parsed.problems.is_empty() {
        return Err(cx.failure("it is not YAML"));
    }
    match parsed.document.values() {
        [only] => read(cx, text, only, 0),
        [] => Err(cx.failure("it holds no document")),
        _ => Err(cx.failure("it holds several documents")),
    }
}

fn read(cx: &Context<'_, '_>, text: &str, node: &Node, depth: u32) -> Evaluated {
    if depth > 128 {
        return Ok(Typed::unknown("the YAML is nested too deeply", "", cx.span));
    }
    match &node.value {
        Value::List(items) => {
            let items = items.iter().map(|item| read(cx, text, item, depth + 1));
            Ok(Typed::tuple(items.collect::<Result<_, _>>()?, cx.span))
        }
        Value::Map(map) => {
            let mut members = Vec::with_capacity(map.entries.len());
            for entry in &map.entries {
                let key = match written(text, entry.key_span) {
                    Some(plain) => key(cx, plain)?,
                    None => entry.key.clone(),
                };
                members.push(Member { key, key_span: cx.span, value: read(cx, text, &entry.value, depth + 1)? });
            }
            Ok(Typed::object(members, cx.span))
        }
        Value::Unknown(unknown) => Ok(Typed::of_unknown((**unknown).clone(), cx.span)),
        _ => match (written(text, node.span), &node.value) {
            (Some(plain), _) => scalar(cx, plain),
            (None, Value::String(string)) if !is_tagged(text, node.span) => cx.text_of(string.clone()),
            // A tag made something else of it: which type Terraform makes of that is not said here.
            _ => Ok(Typed::unknown("a tagged value is not read", "pass a plan", cx.span)),
        },
    }
}

/// Whether a tag (`!!str`) stands in front of a value.
fn is_tagged(text: &str, span: crate::source::Span) -> bool {
    let before = text.get(..span.start as usize).unwrap_or_default().trim_end_matches(' ');
    before.rsplit(char::is_whitespace).next().is_some_and(|word| word.starts_with('!'))
}

/// The text of a plain scalar, in one line; nothing for one that is quoted, a block or tagged.
fn written(text: &str, span: crate::source::Span) -> Option<&str> {
    let plain = text.get(span.start as usize..span.end as usize)?;
    (!is_tagged(text, span) && !plain.starts_with(['"', '\'', '|', '>', '!']) && !plain.contains('\n')).then_some(plain)
}

fn key(cx: &Context<'_, '_>, plain: &str) -> Result<Text, Failure> {
    crate::resolve::terraform::convert::to_text(&scalar(cx, plain)?)
}

/// A plain scalar: null, a boolean, a number, a date or a string.
fn scalar(cx: &Context<'_, '_>, plain: &str) -> Evaluated {
    Ok(match plain {
        "" | "~" | "null" | "Null" | "NULL" => Typed::null(cx.span),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Typed::bool(true, cx.span),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Typed::bool(false, cx.span)
        }
        ".nan" | ".NaN" | ".NAN" => return Err(cx.failure("it is no number")),
        _ if plain.trim_start_matches(['+', '-']).eq_ignore_ascii_case(".inf") => {
            Typed::unknown("infinity is not evaluated", "", cx.span)
        }
        _ => match super::date::of_yaml(plain) {
            Some(date) => Typed::string(date, cx.span),
            None => match number(plain) {
                Some(number) => Typed::number(number, cx.span),
                None => Typed::string(plain, cx.span),
            },
        },
    })
}

fn number(plain: &str) -> Option<Number> {
    let radix = |digits: &str, radix: u32| {
        let valid = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        if valid { Number::exact(num_bigint::BigInt::parse_bytes(digits.as_bytes(), radix)?) } else { None }
    };
    if let Some(digits) = plain.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = plain.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let starts = plain.trim_start_matches(['+', '-']);
    (starts.len() + 1 >= plain.len() && starts.starts_with(|first: char| first.is_ascii_digit() || first == '.'))
        .then(|| Number::parse(plain))?
}

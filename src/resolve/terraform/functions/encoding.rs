//! Base64, character sets and URLs.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::resolve::terraform::operate::{Evaluated, Failure};
use crate::resolve::terraform::typed::Typed;

use super::{Context, LONGEST_TEXT};

pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn base64encode(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    cx.text_of(base64(cx.text(args, 0)?.as_bytes()))
}

fn decoded(cx: &Context<'_, '_>, text: &str) -> Result<Vec<u8>, Failure> {
    // Line ends are skipped, as Go does.
    let plain: String = text.chars().filter(|character| !matches!(character, '\r' | '\n')).collect();
    STANDARD.decode(plain).map_err(|_| cx.failure("it is not base64"))
}

pub(super) fn base64decode(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let bytes = decoded(cx, cx.text(args, 0)?)?;
    let text = String::from_utf8(bytes).map_err(|_| cx.failure("what is encoded is no text"))?;
    cx.text_of(text)
}

/// Character sets that are known here.
enum Charset {
    Utf8,
    Utf16 { big: bool, mark: bool },
    Latin1,
}

/// A character set by its IANA name. Others exist; what they say is not known here.
fn charset(name: &str) -> Option<Charset> {
    Some(match name.to_ascii_uppercase().as_str() {
        "UTF-8" | "CSUTF8" => Charset::Utf8,
        "UTF-16LE" | "CSUTF16LE" => Charset::Utf16 { big: false, mark: false },
        "UTF-16BE" | "CSUTF16BE" => Charset::Utf16 { big: true, mark: false },
        "UTF-16" | "CSUTF16" => Charset::Utf16 { big: true, mark: true },
        "ISO-8859-1" | "LATIN1" | "L1" | "ISO_8859-1" | "ISO_8859-1:1987" | "ISO-IR-100" | "IBM819" | "CP819"
        | "CSISOLATIN1" => Charset::Latin1,
        _ => return None,
    })
}

fn unheard_of(cx: &Context<'_, '_>, name: &str) -> Typed {
    Typed::unknown(format!("the encoding `{name}` is not known here"), "pass a plan", cx.span)
}

pub(super) fn textencodebase64(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (text, name) = (cx.text(args, 0)?, cx.text(args, 1)?);
    let Some(charset) = charset(name) else { return Ok(unheard_of(cx, name)) };
    let bytes: Vec<u8> = match charset {
        Charset::Utf8 => text.as_bytes().to_vec(),
        Charset::Utf16 { big, mark } => {
            let order = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
            let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
            units.flat_map(order).collect()
        }
        Charset::Latin1 => {
            let byte = |character: char| u8::try_from(u32::from(character)).ok();
            let bytes: Option<Vec<u8>> = text.chars().map(byte).collect();
            bytes.ok_or_else(|| cx.failure("it has a character that this encoding has not"))?
        }
    };
    cx.text_of(base64(&bytes))
}

pub(super) fn textdecodebase64(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (text, name) = (cx.text(args, 0)?, cx.text(args, 1)?);
    let Some(charset) = charset(name) else { return Ok(unheard_of(cx, name)) };
    let bytes = decoded(cx, text)?;
    let wrong = || cx.failure("what is encoded is no text");
    let text = match charset {
        Charset::Utf8 => String::from_utf8(bytes).map_err(|_| wrong())?,
        Charset::Utf16 { big, mark } => {
            let (pairs, rest) = bytes.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(wrong());
            }
            let little = mark && pairs.first() == Some(&[0xff, 0xfe]);
            let units = pairs
                .iter()
                .map(|pair| if big && !little { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) });
            let units: Vec<u16> = units.collect();
            let units = if mark { units.strip_prefix(&[0xfeff]).unwrap_or(&units) } else { &units };
            String::from_utf16(units).map_err(|_| wrong())?
        }
        Charset::Latin1 => bytes.into_iter().map(char::from).collect(),
    };
    if text.contains('\u{fffd}') {
        return Err(wrong());
    }
    cx.text_of(text)
}

/// For the query of a URL: a space becomes `+`.
pub(super) fn urlencode(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let mut out = String::new();
    for byte in cx.text(args, 0)?.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => drop(write!(out, "%{byte:02X}")),
        }
        if out.len() > LONGEST_TEXT {
            return Ok(cx.too_long());
        }
    }
    cx.text_of(out)
}

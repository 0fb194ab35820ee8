//! Functions on strings. A character is what a reader takes for one (a grapheme cluster).

use std::rc::Rc;

use unicode_segmentation::UnicodeSegmentation;

use crate::resolve::terraform::operate::Evaluated;
use crate::resolve::terraform::typed::{Typed, What};
use crate::resolve::terraform::types::Type;

use super::{Context, LONGEST_LIST, LONGEST_TEXT};

/// The characters of a text as readers count them.
pub(super) fn graphemes(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.graphemes(true)
}

/// The one character that a character becomes; one that would become several stays.
fn simple(character: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => character,
    }
}

pub(super) fn upper(text: &str) -> String {
    text.chars().map(|character| simple(character, character.to_uppercase())).collect()
}

pub(super) fn lower(text: &str) -> String {
    text.chars().map(|character| simple(character, character.to_lowercase())).collect()
}

/// The first letter of each word in upper case.
pub(super) fn title(text: &str) -> String {
    let separates = |character: char| {
        if character.is_ascii() {
            !character.is_ascii_alphanumeric() && character != '_'
        } else {
            !character.is_alphanumeric() && character.is_whitespace()
        }
    };
    let mut start = true;
    let change = |character: char| {
        let changed = if start { simple(character, character.to_uppercase()) } else { character };
        start = separates(character);
        changed
    };
    text.chars().map(change).collect()
}

pub(super) fn indent(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let spaces = usize::try_from(cx.whole(args, 0)?).map_err(|_| cx.failure("an indentation is not negative"))?;
    let text = cx.text(args, 1)?;
    let lines = text.matches('\n').count();
    if lines.saturating_mul(spaces) > LONGEST_TEXT {
        return Ok(cx.too_long());
    }
    let pad = format!("\n{}", if lines > 0 { " ".repeat(spaces) } else { String::new() });
    cx.text_of(text.replace('\n', &pad))
}

#[allow(clippy::unnecessary_wraps, reason = "what every function ends in")]
pub(super) fn sensitive(_: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let mark = args[0].sensitive.clone().unwrap_or_else(|| Rc::from("it is sensitive"));
    Ok(args[0].clone().marked(Some(mark)))
}

pub(super) fn issensitive(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    match (&args[0].sensitive, args[0].as_unknown()) {
        (None, Some(unknown)) => Ok(Typed::of_unknown((**unknown).clone(), cx.span)),
        (mark, _) => cx.bool_of(mark.is_some()),
    }
}

pub(super) fn join(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let separator = cx.text(args, 0)?;
    if args.len() < 2 {
        return Err(cx.failure("`join` needs a list"));
    }
    let mut parts: Vec<&str> = Vec::new();
    for index in 1..args.len() {
        for item in cx.items(args, index)?.iter() {
            parts.push(item.as_str().ok_or_else(|| cx.failure("null cannot be joined"))?);
        }
    }
    let size = parts.iter().map(|part| part.len()).sum::<usize>() + separator.len().saturating_mul(parts.len());
    if size > LONGEST_TEXT {
        return Ok(cx.too_long());
    }
    cx.text_of(parts.join(separator))
}

pub(super) fn split(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (separator, text) = (cx.text(args, 0)?, cx.text(args, 1)?);
    let source = args[1].span;
    let part = |part: String| Typed::string(part, source);
    let parts: Vec<Typed> = if separator.is_empty() {
        text.chars().take(LONGEST_LIST + 1).map(|character| part(character.to_string())).collect()
    } else {
        text.split(separator).take(LONGEST_LIST + 1).map(|piece| part(piece.to_owned())).collect()
    };
    cx.evaluator.spend(parts.len());
    if parts.len() > LONGEST_LIST {
        return Ok(cx.too_long());
    }
    Ok(Typed::new(What::List(Type::String, Rc::new(parts)), cx.span))
}

pub(super) fn strrev(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    cx.text_of(graphemes(cx.text(args, 0)?).rev().collect::<String>())
}

pub(super) fn substr(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let text = cx.text(args, 0)?;
    let (mut offset, length) = (cx.whole(args, 1)?, cx.whole(args, 2)?);
    if offset < 0 {
        offset += i64::try_from(graphemes(text).count()).unwrap_or(i64::MAX);
    } else if length == 0 {
        return cx.text_of("");
    }
    // An offset that is still negative counts as none.
    let rest = graphemes(text).skip(usize::try_from(offset).unwrap_or(0));
    let part: String = match usize::try_from(length) {
        // Nothing wanted from the end takes everything: so does Terraform.
        Ok(0) | Err(_) => rest.collect(),
        Ok(length) => rest.take(length).collect(),
    };
    cx.text_of(part)
}

pub(super) fn trim(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let cut: Vec<char> = cx.text(args, 1)?.chars().collect();
    cx.text_of(cx.text(args, 0)?.trim_matches(cut.as_slice()))
}

pub(super) fn trimprefix(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (text, prefix) = (cx.text(args, 0)?, cx.text(args, 1)?);
    cx.text_of(text.strip_prefix(prefix).unwrap_or(text))
}

pub(super) fn trimsuffix(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (text, suffix) = (cx.text(args, 0)?, cx.text(args, 1)?);
    cx.text_of(text.strip_suffix(suffix).unwrap_or(text))
}

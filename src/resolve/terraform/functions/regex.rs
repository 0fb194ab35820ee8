//! Regular expressions, as Go writes them: `regex`, `regexall` and `replace`.

use ::regex::{Captures, Match, Regex, RegexBuilder};

use crate::resolve::terraform::operate::{Evaluated, Failure};
use crate::resolve::terraform::typed::{Member, Typed, What};
use crate::resolve::terraform::types::{Field, Type};

use super::{Context, LONGEST_LIST, LONGEST_TEXT};

/// The longest pattern that is compiled.
const LONGEST_PATTERN: usize = 10_000;

/// `replace`, where a search between slashes is a regular expression.
pub(super) fn replace(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (text, search, with) = (cx.text(args, 0)?, cx.text(args, 1)?, cx.text(args, 2)?);
    let pattern = (search.len() > 1).then(|| search.strip_prefix('/')?.strip_suffix('/')).flatten();
    let compiled = pattern.map(|pattern| compiled(cx, pattern)).transpose()?;
    let count = match &compiled {
        Some(pattern) => pattern.find_iter(text).count(),
        None => text.matches(search).count(),
    };
    // A reference in the replacement brings no more than the text itself each time.
    let each = with.len() + if compiled.is_some() { text.len() / count.max(1) * with.matches('$').count() } else { 0 };
    if text.len() + count.saturating_mul(each) > LONGEST_TEXT {
        return Ok(cx.too_long());
    }
    cx.evaluator.spend(text.len() / 16);
    match compiled {
        Some(pattern) => cx.text_of(pattern.replace_all(text, with).into_owned()),
        None => cx.text_of(text.replace(search, with)),
    }
}

fn compiled(cx: &Context<'_, '_>, pattern: &str) -> Result<Regex, Failure> {
    // Compiling is the dearest thing that an expression can ask for.
    cx.evaluator.spend(1000 + pattern.len());
    if pattern.len() > LONGEST_PATTERN {
        return Err(cx.failure("the regular expression is too long"));
    }
    let built = RegexBuilder::new(&translated(pattern)).size_limit(1 << 20).dfa_size_limit(1 << 20).build();
    built.map_err(|_| cx.failure("the regular expression is not valid"))
}

/// A pattern of Go in this library's syntax. In Go, `\d`, `\w`, `\s` and `\b` speak of ASCII only, brackets inside of
/// a class are plain characters, and so are braces that repeat nothing.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut class = false;
    while let Some(character) = rest.chars().next() {
        let mut taken = character.len_utf8();
        match (character, class) {
            ('\\', _) => {
                let next = rest[1..].chars().next().unwrap_or('\\');
                taken = 1 + next.len_utf8();
                match (next, class) {
                    ('Q', false) => {
                        let quoted = &rest[2..];
                        let end = quoted.find("\\E").unwrap_or(quoted.len());
                        out.push_str(&::regex::escape(&quoted[..end]));
                        taken = 2 + (end + 2).min(quoted.len());
                    }
                    ('d', false) => out.push_str("[0-9]"),
                    ('D', _) => out.push_str("[^0-9]"),
                    ('s', false) => out.push_str(r"[\t\n\f\r ]"),
                    ('S', _) => out.push_str(r"[^\t\n\f\r ]"),
                    ('w', false) => out.push_str("[0-9A-Za-z_]"),
                    ('W', _) => out.push_str("[^0-9A-Za-z_]"),
                    ('b' | 'B', false) => out.push_str(if next == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" }),
                    ('d', true) => out.push_str("0-9"),
                    ('s', true) => out.push_str(r"\t\n\f\r "),
                    ('w', true) => out.push_str("0-9A-Za-z_"),
                    _ => out.push_str(&rest[..taken]),
                }
            }
            ('[', false) => {
                class = true;
                out.push('[');
                for opening in ["^", "]"] {
                    if rest[taken..].starts_with(opening) {
                        out.push_str(if opening == "]" { "\\]" } else { opening });
                        taken += 1;
                    }
                }
            }
            (']', true) => {
                class = false;
                out.push(']');
            }
            ('[', true) if rest.starts_with("[:") && rest.contains(":]") => {
                let end = rest.find(":]").map_or(taken, |end| end + 2);
                out.push_str(&rest[..end]);
                taken = end;
            }
            ('[' | '&' | '~', true) => {
                out.push('\\');
                out.push(character);
            }
            ('{', false) if !repeats(rest) => out.push_str("\\{"),
            _ => out.push(character),
        }
        rest = &rest[taken..];
    }
    out
}

/// Whether a text starts with `{2}`, `{2,}` or `{2,3}`.
fn repeats(text: &str) -> bool {
    let Some(inner) = text[1..].split_once('}').map(|(inner, _)| inner) else { return false };
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

/// The type of what a pattern gives: a string, a tuple of its groups, or an object of its named groups.
fn result_type(cx: &Context<'_, '_>, pattern: &Regex) -> Result<Type, Failure> {
    let names: Vec<Option<&str>> = pattern.capture_names().skip(1).collect();
    if names.is_empty() {
        return Ok(Type::String);
    }
    if names.iter().all(Option::is_none) {
        return Ok(Type::Tuple(names.iter().map(|_| Type::String).collect()));
    }
    if names.iter().any(Option::is_none) {
        return Err(cx.failure("a pattern has groups either with names or without"));
    }
    let mut fields: Vec<Field> = names
        .into_iter()
        .flatten()
        .map(|name| Field { name: name.into(), kind: Type::String, optional: false })
        .collect();
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Type::Object(fields.into()))
}

fn captured(cx: &Context<'_, '_>, captures: &Captures<'_>, pattern: &Regex, kind: &Type) -> Typed {
    let part = |found: Option<Match<'_>>| match found {
        Some(found) => Typed::string(found.as_str(), cx.span),
        None => Typed::new(What::Null(Type::String), cx.span),
    };
    match kind {
        Type::Tuple(_) => {
            Typed::tuple((1..pattern.captures_len()).map(|index| part(captures.get(index))).collect(), cx.span)
        }
        Type::Object(_) => {
            let named = pattern.capture_names().flatten();
            let member = |name: &str| Member { key: name.into(), key_span: cx.span, value: part(captures.name(name)) };
            Typed::object(named.map(member).collect(), cx.span)
        }
        _ => part(captures.get(0)),
    }
}

pub(super) fn regex(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let pattern = compiled(cx, cx.text(args, 0)?)?;
    let kind = result_type(cx, &pattern)?;
    let text = cx.text(args, 1)?;
    cx.evaluator.spend(text.len() / 16);
    let found = pattern.captures(text).ok_or_else(|| cx.failure("the regular expression matches nothing"))?;
    Ok(captured(cx, &found, &pattern, &kind))
}

pub(super) fn regexall(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let pattern = compiled(cx, cx.text(args, 0)?)?;
    let kind = result_type(cx, &pattern)?;
    let text = cx.text(args, 1)?;
    let all: Vec<Typed> =
        pattern.captures_iter(text).take(LONGEST_LIST + 1).map(|found| captured(cx, &found, &pattern, &kind)).collect();
    cx.evaluator.spend(text.len() / 16 + all.len());
    if all.len() > LONGEST_LIST {
        return Ok(cx.too_long());
    }
    Ok(Typed::list(kind, all, cx.span))
}

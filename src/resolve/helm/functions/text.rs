//! Text. What is kept of an argument keeps its places.

use super::{Function, Given, MANY, computed, computes, count, int, keeps, text, traced};
use crate::resolve::helm::format;
use crate::resolve::helm::run::{Run, Wrong};
use crate::resolve::helm::trace::{Place, Traced};
use crate::resolve::helm::value::{Fields, Kind, Value};

pub(super) const ALL: &[Function] = &[
    keeps("toString", 1, 1, |_, arguments| Ok(kept(&arguments[0]))),
    keeps("quote", 0, MANY, |_, arguments| Ok(quoted(arguments, '"'))),
    keeps("squote", 0, MANY, |_, arguments| Ok(quoted(arguments, '\''))),
    keeps("indent", 2, 2, |run, arguments| indent(run, arguments, "")),
    keeps("nindent", 2, 2, |run, arguments| indent(run, arguments, "\n")),
    keeps("trim", 1, 1, |_, arguments| Ok(part(&arguments[0], str::trim))),
    keeps("trimAll", 2, 2, trim_all),
    keeps("trimall", 2, 2, trim_all),
    keeps("trimSuffix", 2, 2, |_, arguments| {
        let suffix = text(arguments, 0);
        Ok(part(&arguments[1], |text| text.strip_suffix(&*suffix).unwrap_or(text)))
    }),
    keeps("trimPrefix", 2, 2, |_, arguments| {
        let prefix = text(arguments, 0);
        Ok(part(&arguments[1], |text| text.strip_prefix(&*prefix).unwrap_or(text)))
    }),
    computes("trunc", 2, 2, |_, arguments| {
        let most = int(arguments, 0);
        Ok(part(&arguments[1], |text| truncated(text, most)))
    }),
    computes("substr", 3, 3, |_, arguments| {
        let (start, end) = (int(arguments, 0), int(arguments, 1));
        Ok(part(&arguments[2], |text| {
            let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
            let start = start.clamp(0, length);
            let end = if end < 0 || end > length { length } else { end.max(start) };
            slice(text, start, end)
        }))
    }),
    keeps("replace", 3, 3, replace),
    keeps("cat", 0, MANY, |_, arguments| {
        let parts: Vec<&Value> = arguments.iter().filter(|argument| !argument.is_nil()).collect();
        let mut out = Traced::default();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                out.push(" ", Place::Nowhere);
            }
            format::push_value(&mut out, part);
        }
        Ok(part(&Value::traced(out), str::trim))
    }),
    keeps("join", 2, 2, join),
    computes("upper", 1, 1, |run, arguments| changed(run, arguments, str::to_uppercase)),
    computes("lower", 1, 1, |run, arguments| changed(run, arguments, str::to_lowercase)),
    computes("title", 1, 1, |run, arguments| changed(run, arguments, |text| capitals(text, true))),
    computes("untitle", 1, 1, |run, arguments| changed(run, arguments, |text| capitals(text, false))),
    computes("nospace", 1, 1, |run, arguments| {
        changed(run, arguments, |text| text.chars().filter(|character| !character.is_whitespace()).collect())
    }),
    computes("initials", 1, 1, |run, arguments| {
        changed(run, arguments, |text| text.split_whitespace().filter_map(|word| word.chars().next()).collect())
    }),
    computes("swapcase", 1, 1, |run, arguments| {
        changed(run, arguments, |text| {
            let swap = |character: char| {
                if character.is_lowercase() { character.to_uppercase().next() } else { character.to_lowercase().next() }
            };
            text.chars().filter_map(swap).collect()
        })
    }),
    computes("snakecase", 1, 1, |run, arguments| changed(run, arguments, |text| separated(text, '_'))),
    computes("kebabcase", 1, 1, |run, arguments| changed(run, arguments, |text| separated(text, '-'))),
    computes("camelcase", 1, 1, |run, arguments| changed(run, arguments, camel)),
    computes("repeat", 2, 2, |run, arguments| {
        let (times, repeated) = (count(arguments, 0), text(arguments, 1).into_owned());
        run.take_bytes(repeated.len().saturating_mul(times))?;
        Ok(computed(run, repeated.repeat(times), &arguments[1..]))
    }),
    computes("plural", 3, 3, |_, arguments| {
        Ok(if int(arguments, 2) == 1 { arguments[0].clone() } else { arguments[1].clone() })
    }),
    computes("contains", 2, 2, |_, arguments| found(text(arguments, 1).contains(&*text(arguments, 0)))),
    computes("hasPrefix", 2, 2, |_, arguments| found(text(arguments, 1).starts_with(&*text(arguments, 0)))),
    computes("hasSuffix", 2, 2, |_, arguments| found(text(arguments, 1).ends_with(&*text(arguments, 0)))),
    computes("split", 2, 2, |run, arguments| {
        let parts = splits(run, &arguments[1], &text(arguments, 0), usize::MAX)?;
        Ok(numbered(parts))
    }),
    computes("splitn", 3, 3, |run, arguments| {
        let most = int(arguments, 1);
        let most = if most < 0 { usize::MAX } else { usize::try_from(most).unwrap_or(usize::MAX) };
        let parts = if most == 0 { Vec::new() } else { splits(run, &arguments[2], &text(arguments, 0), most)? };
        Ok(numbered(parts))
    }),
    computes("splitList", 2, 2, |run, arguments| {
        Ok(Value::list(splits(run, &arguments[1], &text(arguments, 0), usize::MAX)?))
    }),
    computes("abbrev", 2, 2, |run, arguments| {
        let width = count(arguments, 0);
        let long = text(arguments, 1).into_owned();
        let short = if width < 4 || long.len() <= width { long } else { format!("{}...", front(&long, width - 3)) };
        Ok(computed(run, short, &arguments[1..]))
    }),
    computes("abbrevboth", 3, 3, abbreviate_both),
    computes("wrap", 2, 2, |run, arguments| {
        let wrapped = wrap(&text(arguments, 1), count(arguments, 0), "\n", false);
        Ok(computed(run, wrapped, arguments))
    }),
    computes("wrapWith", 3, 3, |run, arguments| {
        let wrapped = wrap(&text(arguments, 2), count(arguments, 0), &text(arguments, 1), true);
        run.take_bytes(wrapped.len())?;
        Ok(computed(run, wrapped, arguments))
    }),
];

fn found(is: bool) -> Given {
    Ok(Kind::Bool(is).into())
}

/// A value as a text that keeps its places.
fn kept(value: &Value) -> Value {
    match &value.kind {
        Kind::Text(_) | Kind::Traced(_) | Kind::Unknown(_) => value.clone(),
        _ => Value::new(Kind::Text(value.to_text().into()), value.origin),
    }
}

/// A part of a text.
fn part(value: &Value, cut: impl Fn(&str) -> &str) -> Value {
    if matches!(value.kind, Kind::Unknown(_)) {
        return value.clone();
    }
    let text = value.to_text();
    let part = cut(&text);
    match &value.kind {
        _ if part.len() == text.len() => kept(value),
        Kind::Traced(whole) => {
            let start = part.as_ptr() as usize - text.as_ptr() as usize;
            let mut out = Traced::default();
            out.push_part(whole, start..start + part.len());
            Value { kind: Kind::Traced(out.into()), origin: value.origin }
        }
        _ => Value::new(Kind::Text(part.into()), value.origin),
    }
}

/// A text that is changed as a whole.
fn changed(run: &mut Run, arguments: &[Value], change: impl Fn(&str) -> String) -> Given {
    let new = change(&text(arguments, 0));
    Ok(computed(run, new, arguments))
}

fn quoted(arguments: &[Value], mark: char) -> Value {
    let mut out = Traced::default();
    for argument in arguments.iter().filter(|argument| !argument.is_nil()) {
        let place = Place::Value(argument.origin);
        if !out.text.is_empty() {
            out.push(" ", Place::Nowhere);
        }
        let text = argument.to_text();
        let escaped = format::quoted(&text);
        if mark == '\'' || escaped.len() == text.len() + 2 {
            out.push(mark.encode_utf8(&mut [0; 4]), place);
            format::push_value(&mut out, argument);
            out.push(mark.encode_utf8(&mut [0; 4]), place);
        } else {
            out.push(&escaped, place);
        }
    }
    Value::traced(out)
}

fn indent(run: &mut Run, arguments: &[Value], before: &str) -> Given {
    let whole = traced(&arguments[1]);
    let width = count(arguments, 0);
    let lines = whole.text.matches('\n').count() + 1;
    run.take_bytes(lines.saturating_mul(width))?;
    let pad = " ".repeat(width);
    let mut out = Traced::default();
    let mut at = 0;
    out.push(before, if whole.text.is_empty() { Place::Nowhere } else { still(whole.place_at(0)) });
    for line in whole.text.split_inclusive('\n') {
        out.push(&pad, still(whole.place_at(at)));
        out.push_part(&whole, at..at + line.len());
        at += line.len();
    }
    if whole.text.is_empty() || whole.text.ends_with('\n') {
        out.push(&pad, Place::Nowhere);
    }
    Ok(Value::traced(out))
}

/// The place of a blank that was put before a piece of text: no bytes of a file.
fn still(place: Place) -> Place {
    match place {
        Place::File { .. } => Place::Nowhere,
        other => other,
    }
}

fn trim_all(_: &mut Run, arguments: &[Value]) -> Given {
    let unwanted: Vec<char> = text(arguments, 0).chars().collect();
    Ok(part(&arguments[1], |text| text.trim_matches(&unwanted[..])))
}

fn truncated(text: &str, most: i64) -> &str {
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    if most < 0 && length + most > 0 {
        slice(text, length + most, length)
    } else if most >= 0 && length > most {
        slice(text, 0, most)
    } else {
        text
    }
}

/// A range of bytes, moved to the borders of characters.
fn slice(text: &str, start: i64, end: i64) -> &str {
    let border = |at: i64| {
        let mut at = usize::try_from(at).unwrap_or(0).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (border(start), border(end));
    text.get(start..end.max(start)).unwrap_or_default()
}

fn front(text: &str, most: usize) -> &str {
    slice(text, 0, i64::try_from(most).unwrap_or(i64::MAX))
}

fn replace(run: &mut Run, arguments: &[Value]) -> Given {
    let old = text(arguments, 0);
    let whole = traced(&arguments[2]);
    let new = traced(&arguments[1]);
    if old.is_empty() {
        let replaced = whole.text.replace(&*old, &new.text);
        run.take_bytes(replaced.len())?;
        return Ok(computed(run, replaced, &arguments[2..]));
    }
    let matches = whole.text.matches(&*old).count();
    run.take_bytes(matches.saturating_mul(new.text.len()))?;
    let mut out = Traced::default();
    let mut at = 0;
    for (found, _) in whole.text.match_indices(&*old) {
        out.push_part(&whole, at..found);
        out.push_part(&new, 0..new.text.len());
        at = found + old.len();
    }
    out.push_part(&whole, at..whole.text.len());
    Ok(Value::traced(out))
}

fn join(_: &mut Run, arguments: &[Value]) -> Given {
    let separator = text(arguments, 0);
    let single = [arguments[1].clone()];
    let items = match &arguments[1].kind {
        Kind::List(items) => &items[..],
        Kind::Nil => &[],
        _ => &single[..],
    };
    let mut out = Traced::default();
    for (index, item) in items.iter().filter(|item| !item.is_nil()).enumerate() {
        if index > 0 {
            out.push(&separator, Place::Nowhere);
        }
        format::push_value(&mut out, item);
    }
    Ok(Value::traced(out))
}

fn splits(run: &mut Run, whole: &Value, separator: &str, most: usize) -> Result<Vec<Value>, Wrong> {
    let text = whole.to_text();
    run.take_bytes(text.len() + 32 * text.matches(separator).count())?;
    let parts: Vec<&str> = if separator.is_empty() {
        text.char_indices().map(|(at, character)| &text[at..at + character.len_utf8()]).collect()
    } else {
        text.splitn(most, separator).collect()
    };
    Ok(parts.into_iter().map(|part| Value::new(Kind::Text(part.into()), whole.origin)).collect())
}

fn numbered(parts: Vec<Value>) -> Value {
    Value::map(parts.into_iter().enumerate().map(|(at, part)| (format!("_{at}").into(), part)).collect::<Fields>())
}

fn capitals(text: &str, upper: bool) -> String {
    let mut starts = true;
    let change = |character: char| {
        let is_start = std::mem::replace(
            &mut starts,
            character.is_whitespace()
                || (upper && !character.is_alphanumeric() && character != '\'' && character != '_'),
        );
        match (is_start, upper) {
            (true, true) => character.to_uppercase().collect::<String>(),
            (true, false) => character.to_lowercase().collect(),
            _ => character.to_string(),
        }
    };
    text.chars().map(change).collect()
}

/// Words joined by a mark, as xstrings has it: `HTTPServer2` is `http_server2`, `Foo  Bar` is `foo__bar`.
fn separated(text: &str, mark: char) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 8);
    for (at, character) in characters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| characters.get(at));
        let after = characters.get(at + 1);
        if matches!(character, '_' | '-' | ' ') || character.is_whitespace() {
            out.push(mark);
            continue;
        }
        if character.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            })
        {
            out.push(mark);
        }
        out.extend(character.to_lowercase());
    }
    out
}

/// Words run together, each with a capital: `http_server` is `HttpServer`.
fn camel(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut starts = true;
    let leading = text.chars().take_while(|character| matches!(character, '_' | '-' | ' ')).count();
    out.extend(text.chars().take(leading));
    for character in text.chars().skip(leading) {
        if matches!(character, '_' | '-' | ' ') {
            starts = true;
        } else if std::mem::take(&mut starts) {
            out.extend(character.to_uppercase());
        } else {
            out.extend(character.to_lowercase());
        }
    }
    out
}

fn abbreviate_both(run: &mut Run, arguments: &[Value]) -> Given {
    let (left, right) = (count(arguments, 0), count(arguments, 1));
    let long = text(arguments, 2).into_owned();
    if right < 4 || left > 0 && right < 7 || long.len() <= right {
        return Ok(computed(run, long, &arguments[2..]));
    }
    let left = left.min(long.len());
    let left = if long.len() - left < right - 3 { long.len() - (right - 3) } else { left };
    let short = if left <= 4 {
        format!("{}...", front(&long, right - 3))
    } else if left + right - 3 < long.len() {
        let rest = slice(&long, i64::try_from(left).unwrap_or(0), i64::MAX);
        format!("...{}...", front(rest, right.saturating_sub(6)))
    } else {
        let start = long.len() - (right - 3);
        format!("...{}", slice(&long, i64::try_from(start).unwrap_or(0), i64::MAX))
    };
    Ok(computed(run, short, &arguments[2..]))
}

/// Lines of at most `width` characters, broken at blanks.
fn wrap(text: &str, width: usize, line_break: &str, breaks_words: bool) -> String {
    let width = width.max(1);
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while rest.len() > width {
        if let Some(after) = rest.strip_prefix(' ') {
            rest = after;
            continue;
        }
        let head = front(rest, width + 1);
        if let Some(at) = head.rfind(' ') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
        } else if breaks_words {
            let head = front(rest, width);
            if head.is_empty() {
                break;
            }
            out.push_str(head);
            rest = &rest[head.len()..];
        } else if let Some(at) = rest.find(' ') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
        } else {
            break;
        }
        out.push_str(line_break);
    }
    out.push_str(rest);
    out
}

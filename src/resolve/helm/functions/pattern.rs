//! Regular expressions: RE2 syntax, as Go and the `regex` crate have it, both in linear time.

use regex::{Regex, RegexBuilder};

use super::{Function, Given, computed, computes, text};
use crate::resolve::helm::run::{Run, Wrong};
use crate::resolve::helm::value::{Kind, Value};

pub(super) const ALL: &[Function] = &[
    computes("regexMatch", 2, 2, matches),
    computes("mustRegexMatch", 2, 2, matches),
    computes("regexFind", 2, 2, find),
    computes("mustRegexFind", 2, 2, find),
    computes("regexFindAll", 3, 3, find_all),
    computes("mustRegexFindAll", 3, 3, find_all),
    computes("regexReplaceAll", 3, 3, |run, arguments| replace(run, arguments, false)),
    computes("mustRegexReplaceAll", 3, 3, |run, arguments| replace(run, arguments, false)),
    computes("regexReplaceAllLiteral", 3, 3, |run, arguments| replace(run, arguments, true)),
    computes("mustRegexReplaceAllLiteral", 3, 3, |run, arguments| replace(run, arguments, true)),
    computes("regexSplit", 3, 3, split),
    computes("mustRegexSplit", 3, 3, split),
    computes("regexQuoteMeta", 1, 1, |run, arguments| {
        let mut out = String::new();
        for character in text(arguments, 0).chars() {
            if r"\.+*?()|[]{}^$".contains(character) {
                out.push('\\');
            }
            out.push(character);
        }
        Ok(computed(run, out, arguments))
    }),
];

/// Compiling a pattern takes more than running it; each is charged as so many bytes.
const COMPILED: usize = 1 << 18;

fn pattern(run: &mut Run, arguments: &[Value]) -> Result<Regex, Wrong> {
    // Go takes an escaped slash, which means itself.
    let written = text(arguments, 0).replace("\\/", "/");
    if let Some(known) = run.patterns.get(&written) {
        return Ok(known.clone());
    }
    run.take_bytes(COMPILED)?;
    let Ok(pattern) = RegexBuilder::new(&written).size_limit(1 << 20).build() else {
        return Err(format!("error parsing regexp: {written:?} is no regular expression, or too large").into());
    };
    run.patterns.insert(written, pattern.clone());
    Ok(pattern)
}

fn matches(run: &mut Run, arguments: &[Value]) -> Given {
    let found = pattern(run, arguments)?.is_match(&text(arguments, 1));
    Ok(Kind::Bool(found).into())
}

fn find(run: &mut Run, arguments: &[Value]) -> Given {
    let pattern = pattern(run, arguments)?;
    let found = pattern.find(&text(arguments, 1)).map_or_else(String::new, |found| found.as_str().to_owned());
    Ok(computed(run, found, &arguments[1..]))
}

/// The limit of a number of results; a negative one is none.
fn most(value: &Value) -> usize {
    usize::try_from(super::number::to_int(value)).unwrap_or(usize::MAX)
}

fn find_all(run: &mut Run, arguments: &[Value]) -> Given {
    let pattern = pattern(run, arguments)?;
    let whole = text(arguments, 1);
    run.take_bytes(whole.len() * 8)?;
    let found = pattern.find_iter(&whole).take(most(&arguments[2]));
    let origin = arguments[1].origin;
    Ok(Value::list(found.map(|found| Value::new(Kind::Text(found.as_str().into()), origin)).collect()))
}

fn replace(run: &mut Run, arguments: &[Value], is_literal: bool) -> Given {
    let pattern = pattern(run, arguments)?;
    let (whole, with) = (text(arguments, 1), text(arguments, 2));
    let matches = pattern.find_iter(&whole).count();
    run.take_bytes(whole.len().saturating_add(matches.saturating_mul(with.len() + whole.len())))?;
    let replaced = if is_literal {
        pattern.replace_all(&whole, regex::NoExpand(&with)).into_owned()
    } else {
        pattern.replace_all(&whole, &*with).into_owned()
    };
    Ok(computed(run, replaced, &arguments[1..]))
}

fn split(run: &mut Run, arguments: &[Value]) -> Given {
    let pattern = pattern(run, arguments)?;
    let whole = text(arguments, 1);
    run.take_bytes(whole.len() * 8)?;
    let most = most(&arguments[2]);
    let origin = arguments[1].origin;
    let parts: Vec<Value> = if most == 0 {
        Vec::new()
    } else {
        pattern.splitn(&whole, most).map(|part| Value::new(Kind::Text(part.into()), origin)).collect()
    };
    Ok(Value::list(parts))
}

//! Lists.

use super::{Function, Given, MANY, computes, count, int, items, keeps, text};
use crate::resolve::helm::compare;
use crate::resolve::helm::run::{Run, Wrong};
use crate::resolve::helm::value::{Kind, Value};
use crate::resolve::helm::yaml;

pub(super) const ALL: &[Function] = &[
    keeps("list", 0, MANY, |_, arguments| Ok(Value::list(arguments.to_vec()))),
    keeps("tuple", 0, MANY, |_, arguments| Ok(Value::list(arguments.to_vec()))),
    keeps("append", 2, 2, append),
    keeps("mustAppend", 2, 2, append),
    keeps("push", 2, 2, append),
    keeps("mustPush", 2, 2, append),
    keeps("prepend", 2, 2, prepend),
    keeps("mustPrepend", 2, 2, prepend),
    keeps("first", 1, 1, first),
    keeps("mustFirst", 1, 1, first),
    keeps("last", 1, 1, last),
    keeps("mustLast", 1, 1, last),
    keeps("rest", 1, 1, rest),
    keeps("mustRest", 1, 1, rest),
    keeps("initial", 1, 1, initial),
    keeps("mustInitial", 1, 1, initial),
    keeps("reverse", 1, 1, reverse),
    keeps("mustReverse", 1, 1, reverse),
    keeps("compact", 1, 1, compact),
    keeps("mustCompact", 1, 1, compact),
    keeps("uniq", 1, 1, uniq),
    keeps("mustUniq", 1, 1, uniq),
    keeps("without", 1, MANY, without),
    keeps("mustWithout", 1, MANY, without),
    computes("has", 2, 2, has),
    computes("mustHas", 2, 2, has),
    keeps("slice", 1, MANY, slice),
    keeps("mustSlice", 1, MANY, slice),
    keeps("concat", 0, MANY, concat),
    keeps("chunk", 2, 2, chunk),
    keeps("mustChunk", 2, 2, chunk),
    keeps("sortAlpha", 1, 1, |_, arguments| {
        let mut sorted = strings(&arguments[0]);
        sorted.sort_by(|left, right| left.to_text().cmp(&right.to_text()));
        Ok(Value::list(sorted))
    }),
    keeps("toStrings", 1, 1, |_, arguments| Ok(Value::list(strings(&arguments[0])))),
];

/// The items of a list as strings; a single value as a list of one.
fn strings(value: &Value) -> Vec<Value> {
    let string = |value: &Value| match value.as_text() {
        Some(_) => value.clone(),
        None => Value::new(Kind::Text(value.to_text().into()), value.origin),
    };
    match &value.kind {
        Kind::List(items) => items.iter().filter(|item| !item.is_nil()).map(string).collect(),
        Kind::Nil => Vec::new(),
        _ => vec![string(value)],
    }
}

fn append(run: &mut Run, arguments: &[Value]) -> Given {
    if !matches!(arguments[0].kind, Kind::List(_)) {
        return Err("Cannot push on a value that is no list".into());
    }
    let mut list = items(arguments, 0, "push")?.into_owned();
    run.take_bytes(list.len() * 4)?;
    list.push(arguments[1].clone());
    Ok(Value::list(list))
}

fn prepend(_: &mut Run, arguments: &[Value]) -> Given {
    let mut list = vec![arguments[1].clone()];
    list.extend(items(arguments, 0, "prepend")?.iter().cloned());
    Ok(Value::list(list))
}

fn first(_: &mut Run, arguments: &[Value]) -> Given {
    Ok(items(arguments, 0, "first")?.first().cloned().unwrap_or(Value::NIL))
}

fn last(_: &mut Run, arguments: &[Value]) -> Given {
    Ok(items(arguments, 0, "last")?.last().cloned().unwrap_or(Value::NIL))
}

fn rest(_: &mut Run, arguments: &[Value]) -> Given {
    Ok(Value::list(items(arguments, 0, "rest")?.iter().skip(1).cloned().collect()))
}

fn initial(_: &mut Run, arguments: &[Value]) -> Given {
    let list = items(arguments, 0, "initial")?;
    Ok(Value::list(list[..list.len().saturating_sub(1)].to_vec()))
}

fn reverse(_: &mut Run, arguments: &[Value]) -> Given {
    Ok(Value::list(items(arguments, 0, "reverse")?.iter().rev().cloned().collect()))
}

fn compact(_: &mut Run, arguments: &[Value]) -> Given {
    Ok(Value::list(items(arguments, 0, "compact")?.iter().filter(|item| item.is_true()).cloned().collect()))
}

fn uniq(run: &mut Run, arguments: &[Value]) -> Given {
    let list = items(arguments, 0, "uniq")?;
    let mut kept: Vec<Value> = Vec::new();
    let mut texts = std::collections::BTreeSet::new();
    for item in list.iter() {
        let is_new = if let Some(text) = item.as_text() {
            texts.insert(text.to_owned())
        } else {
            yaml::charge(run, item)?;
            run.take_bytes(kept.len())?;
            !kept.iter().any(|other| compare::deep_equal(other, item))
        };
        if is_new {
            kept.push(item.clone());
        }
    }
    Ok(Value::list(kept))
}

fn without(run: &mut Run, arguments: &[Value]) -> Given {
    yaml::charge(run, &arguments[0])?;
    let unwanted = &arguments[1..];
    let is_wanted = |item: &&Value| !unwanted.iter().any(|other| compare::deep_equal(other, item));
    Ok(Value::list(items(arguments, 0, "without")?.iter().filter(is_wanted).cloned().collect()))
}

fn has(run: &mut Run, arguments: &[Value]) -> Given {
    yaml::charge(run, &arguments[1])?;
    // What a cluster serves is the same whichever way a chart asks.
    if let Kind::Object(object) = &arguments[1].kind
        && object.is_list()
        && let Some(served) = object.call("Has", &arguments[..1])
    {
        return Ok(served);
    }
    let found = items(arguments, 1, "has")?.iter().any(|item| compare::deep_equal(item, &arguments[0]));
    Ok(Kind::Bool(found).into())
}

/// Sprig's `slice` of lists; Go's own of strings.
fn slice(_: &mut Run, arguments: &[Value]) -> Given {
    let length = match &arguments[0].kind {
        Kind::List(items) => items.len(),
        Kind::Text(_) | Kind::Traced(_) => arguments[0].to_text().len(),
        Kind::Nil => return Ok(Value::NIL),
        _ => return Err("list should be type of slice or array".into()),
    };
    let start = if arguments.len() > 1 { count(arguments, 1) } else { 0 };
    let end = if arguments.len() > 2 { count(arguments, 2) } else { length };
    if start > end || end > length {
        return Err(format!("slice bounds out of range [{start}:{end}] with length {length}").into());
    }
    if let Kind::List(items) = &arguments[0].kind {
        Ok(Value::list(items[start..end].to_vec()))
    } else {
        let whole = arguments[0].to_text();
        let part = whole.get(start..end).ok_or("slice within a character")?;
        Ok(Value::new(Kind::Text(part.into()), arguments[0].origin))
    }
}

fn concat(_: &mut Run, arguments: &[Value]) -> Given {
    let mut all = Vec::new();
    for index in 0..arguments.len() {
        all.extend(items(arguments, index, "concat")?.iter().cloned());
    }
    Ok(Value::list(all))
}

fn chunk(_: &mut Run, arguments: &[Value]) -> Given {
    let size = usize::try_from(int(arguments, 0)).ok().filter(|size| *size > 0);
    let size = size.ok_or_else(|| Wrong::from(format!("cannot make chunks of {}", text(arguments, 0))))?;
    let list = items(arguments, 1, "chunk")?;
    Ok(Value::list(list.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect()))
}

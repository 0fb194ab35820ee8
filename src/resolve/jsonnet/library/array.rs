//! Arrays and sets. Uses `source`.

use std::cmp::Ordering;

use super::super::machine::{Machine, Result};
use super::super::value::{Made, Stop, Thunk, ThunkId, Value};
use super::{Call, counted, whole};
use crate::source::Span;

pub(super) fn call<'p>(call: &mut Call<'_, 'p, '_>, name: &str) -> Result<Made<'p>> {
    let span = call.span;
    match name {
        "length" => {
            let given = call.any(0)?;
            let length = match &given.value {
                Value::String(text) => {
                    call.machine.charge(text.text.len() / 32)?;
                    text.text.chars().count()
                }
                Value::Array(items) => items.len(),
                Value::Object(object) => call.machine.fields(*object, false)?.len(),
                Value::Function(function) => match &**function {
                    super::Function::Written { params, .. } => params.len(),
                    _ => return call.wrong(&given.value),
                },
                other => return call.wrong(other),
            };
            call.make(Value::Number(counted(length)))
        }
        "member" | "contains" | "count" | "find" => {
            let (over, wanted) = if name == "find" { (1, 0) } else { (0, 1) };
            let given = call.any(over)?;
            if let Value::String(text) = &given.value {
                let part = call.string(wanted)?;
                return call.make(Value::Bool(text.text.contains(&part)));
            }
            let items = call.items(over)?;
            let wanted = call.any(wanted)?;
            let mut found = Vec::new();
            for (index, item) in items.iter().enumerate() {
                let item = call.machine.force(*item)?;
                if call.machine.same(&item, &wanted)? {
                    found.push(index);
                }
            }
            match name {
                "count" => call.make(Value::Number(counted(found.len()))),
                "find" => {
                    let found = found.into_iter().map(|index| number(call, index)).collect();
                    call.machine.array(found, span)
                }
                _ => call.make(Value::Bool(!found.is_empty())),
            }
        }
        "map" | "mapWithIndex" => {
            let function = call.function(0)?;
            let items = items_of(call, 1)?;
            let mut mapped = Vec::with_capacity(items.len());
            for (index, item) in items.into_iter().enumerate() {
                let arguments = if name == "map" { vec![item] } else { vec![number(call, index), item] };
                mapped.push(call.machine.thunk(Thunk::Apply(std::rc::Rc::clone(&function), arguments, span)));
            }
            call.machine.array(mapped, span)
        }
        "filter" | "filterMap" => {
            let test = call.function(0)?;
            let over = if name == "filter" { 1 } else { 2 };
            let mut kept = Vec::new();
            for item in call.items(over)?.iter() {
                match call.apply(&test, vec![*item])?.value {
                    Value::Bool(true) => kept.push(*item),
                    Value::Bool(false) => {}
                    other => return call.wrong(&other),
                }
            }
            if name == "filterMap" {
                let function = call.function(1)?;
                for item in &mut kept {
                    *item = call.machine.thunk(Thunk::Apply(std::rc::Rc::clone(&function), vec![*item], span));
                }
            }
            call.machine.array(kept, span)
        }
        "flatMap" => {
            let function = call.function(0)?;
            if let Value::String(_) = call.any(1)?.value {
                let mut joined = String::new();
                for item in items_of(call, 1)? {
                    match call.apply(&function, vec![item])?.value {
                        Value::String(text) => joined.push_str(&text.text),
                        Value::Null => {}
                        other => return call.wrong(&other),
                    }
                    call.machine.charge(joined.len() / 32)?;
                }
                return call.machine.text(joined, span);
            }
            let mut flat = Vec::new();
            for item in call.items(1)?.iter() {
                match call.apply(&function, vec![*item])?.value {
                    Value::Array(items) => {
                        call.machine.charge(items.len())?;
                        flat.extend(items.iter().copied());
                    }
                    Value::Null => {}
                    other => return call.wrong(&other),
                }
            }
            call.machine.array(flat, span)
        }
        "foldl" | "foldr" => {
            let function = call.function(0)?;
            let items = items_of(call, 1)?;
            let mut value = call.any(2)?;
            let ordered: Box<dyn Iterator<Item = ThunkId>> =
                if name == "foldl" { Box::new(items.into_iter()) } else { Box::new(items.into_iter().rev()) };
            for item in ordered {
                let so_far = call.machine.done(value);
                let arguments = if name == "foldl" { vec![so_far, item] } else { vec![item, so_far] };
                value = call.apply(&function, arguments)?;
            }
            Ok(value)
        }
        "range" => {
            let (from, to) = (call.number(0)?, call.number(1)?);
            let count = whole((to - from + 1.0).max(0.0)).ok_or_else(|| Stop::new("a range is not whole", span))?;
            call.machine.charge(count)?;
            let numbers = (0..count).map(|step| make_number(call, from + counted(step))).collect();
            call.machine.array(numbers, span)
        }
        "repeat" => {
            let what = call.any(0)?;
            let count = call.number(1)?;
            let count = whole(count).ok_or_else(|| Stop::new("a count is not whole", span))?;
            match &what.value {
                Value::String(text) => {
                    call.machine.charge(text.text.len().saturating_mul(count) / 32)?;
                    call.machine.text(text.text.repeat(count), span)
                }
                Value::Array(items) => {
                    call.machine.charge(items.len().saturating_mul(count))?;
                    call.machine.array(items.repeat(count), span)
                }
                other => call.wrong(other),
            }
        }
        "makeArray" => {
            let count = call.number(0)?;
            let count = whole(count).ok_or_else(|| Stop::new("a count is not whole", span))?;
            let function = call.function(1)?;
            call.machine.charge(count)?;
            let mut items = Vec::with_capacity(count);
            for index in 0..count {
                let argument = number(call, index);
                items.push(call.machine.thunk(Thunk::Apply(std::rc::Rc::clone(&function), vec![argument], span)));
            }
            call.machine.array(items, span)
        }
        "slice" => {
            let base = call.any(0)?;
            let mut bounds = [None; 3];
            for (at, bound) in bounds.iter_mut().enumerate() {
                *bound = match call.any(at + 1)?.value {
                    Value::Null => None,
                    Value::Number(number) => Some(number),
                    other => return call.wrong(&other),
                };
            }
            slice(call.machine, &base, bounds, span)
        }
        "flattenArrays" => {
            let mut flat = Vec::new();
            for item in call.items(0)?.iter() {
                match call.machine.force(*item)?.value {
                    Value::Array(items) => {
                        call.machine.charge(items.len())?;
                        flat.extend(items.iter().copied());
                    }
                    other => return call.wrong(&other),
                }
            }
            call.machine.array(flat, span)
        }
        "flattenDeepArray" => {
            let given = call.thunk(0);
            let mut open: Vec<ThunkId> = given.into_iter().collect();
            let mut flat = Vec::new();
            while let Some(next) = open.pop() {
                match call.machine.force(next)?.value {
                    Value::Array(items) => {
                        call.machine.charge(items.len() + 1)?;
                        open.extend(items.iter().rev().copied());
                    }
                    _ => flat.push(next),
                }
            }
            call.machine.array(flat, span)
        }
        "reverse" => {
            let items = call.items(0)?.iter().rev().copied().collect();
            call.machine.array(items, span)
        }
        "sort" | "uniq" | "set" => {
            let items = keyed(call, 0, 1)?;
            let items = match name {
                "sort" => sorted(call, items)?,
                "uniq" => unique(call, items)?,
                _ => {
                    let items = sorted(call, items)?;
                    unique(call, items)?
                }
            };
            call.machine.array(items.into_iter().map(|(_, item)| item).collect(), span)
        }
        "setMember" => {
            let items = keyed(call, 1, 2)?;
            let wanted = call.any(0)?;
            let wanted = if call.thunk(2).is_some() {
                let function = call.function(2)?;
                let thunk = call.machine.done(wanted);
                call.apply(&function, vec![thunk])?
            } else {
                wanted
            };
            for (key, _) in items {
                if call.machine.same(&key, &wanted)? {
                    return call.make(Value::Bool(true));
                }
            }
            call.make(Value::Bool(false))
        }
        "setUnion" | "setInter" | "setDiff" => {
            let (left, right) = (keyed(call, 0, 2)?, keyed(call, 1, 2)?);
            let joined = merged(call, left, right, name)?;
            call.machine.array(joined, span)
        }
        "all" | "any" => {
            for item in call.items(0)?.iter() {
                match call.machine.force(*item)?.value {
                    Value::Bool(truth) if truth == (name == "any") => return call.make(Value::Bool(truth)),
                    Value::Bool(_) => {}
                    other => return call.wrong(&other),
                }
            }
            call.make(Value::Bool(name == "all"))
        }
        "sum" | "avg" => {
            let items = call.items(0)?;
            let mut sum = 0.0;
            for item in items.iter() {
                match call.machine.force(*item)?.value {
                    Value::Number(number) => sum += number,
                    other => return call.wrong(&other),
                }
            }
            let divisor = if name == "avg" { counted(items.len().max(1)) } else { 1.0 };
            call.make(Value::Number(sum / divisor))
        }
        "minArray" | "maxArray" => {
            let items = keyed(call, 0, 1)?;
            let items = sorted(call, items)?;
            let found = if name == "minArray" { items.first() } else { items.last() };
            match found {
                Some((_, item)) => call.machine.force(*item),
                None => Err(Stop::new(format!("`std.{name}` is given nothing"), span)),
            }
        }
        "remove" => {
            let wanted = call.any(1)?;
            let mut kept = call.items(0)?.to_vec();
            for (index, item) in kept.clone().into_iter().enumerate() {
                let item = call.machine.force(item)?;
                if call.machine.same(&item, &wanted)? {
                    kept.remove(index);
                    break;
                }
            }
            call.machine.array(kept, span)
        }
        _ => {
            let mut kept = call.items(0)?.to_vec();
            let at = call.number(1)?;
            if let Some(at) = whole(at).filter(|at| *at < kept.len()) {
                kept.remove(at);
            }
            call.machine.array(kept, span)
        }
    }
}

fn make_number(call: &mut Call<'_, '_, '_>, number: f64) -> ThunkId {
    let span = call.span;
    call.machine.done(Made { value: Value::Number(number), span })
}

fn number(call: &mut Call<'_, '_, '_>, index: usize) -> ThunkId {
    make_number(call, counted(index))
}

/// The items of an array, or the characters of a text.
fn items_of(call: &mut Call<'_, '_, '_>, at: usize) -> Result<Vec<ThunkId>> {
    let given = call.any(at)?;
    let Value::String(text) = &given.value else { return Ok(call.items(at)?.to_vec()) };
    call.machine.charge(text.text.len())?;
    let mut characters = Vec::new();
    for character in text.text.chars() {
        let made = call.machine.text(character, given.span)?;
        characters.push(call.machine.done(made));
    }
    Ok(characters)
}

type Keyed<'p> = Vec<(Made<'p>, ThunkId)>;

/// Items with what they are compared by.
fn keyed<'p>(call: &mut Call<'_, 'p, '_>, items: usize, function: usize) -> Result<Keyed<'p>> {
    let by = match call.thunk(function) {
        Some(_) => Some(call.function(function)?),
        None => None,
    };
    let mut found = Vec::new();
    for item in items_of(call, items)? {
        let key = match &by {
            Some(function) => call.apply(function, vec![item])?,
            None => call.machine.force(item)?,
        };
        found.push((key, item));
    }
    Ok(found)
}

fn sorted<'p>(call: &mut Call<'_, 'p, '_>, mut items: Keyed<'p>) -> Result<Keyed<'p>> {
    let mut failed = None;
    items.sort_by(|(one, _), (other, _)| match call.machine.order(one, other) {
        Ok(order) => order,
        Err(stop) => {
            failed.get_or_insert(stop);
            Ordering::Equal
        }
    });
    failed.map_or(Ok(items), Err)
}

fn unique<'p>(call: &mut Call<'_, 'p, '_>, items: Keyed<'p>) -> Result<Keyed<'p>> {
    let mut kept: Keyed<'p> = Vec::new();
    for (key, item) in items {
        let again = match kept.last() {
            Some((last, _)) => {
                let last = last.clone();
                call.machine.same(&last, &key)?
            }
            None => false,
        };
        if !again {
            kept.push((key, item));
        }
    }
    Ok(kept)
}

/// Two sorted sets.
fn merged<'p>(call: &mut Call<'_, 'p, '_>, left: Keyed<'p>, right: Keyed<'p>, name: &str) -> Result<Vec<ThunkId>> {
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    let mut joined = Vec::new();
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some((one, _)), Some((other, _))) => call.machine.order(one, other)?,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Ok(joined),
        };
        let one = order.is_le().then(|| left.next()).flatten();
        let other = order.is_ge().then(|| right.next()).flatten();
        let kept = match (name, one, other) {
            ("setUnion", Some(one), _) | ("setInter", Some(one), Some(_)) | ("setDiff", Some(one), None) => Some(one),
            ("setUnion", None, other) => other,
            _ => None,
        };
        joined.extend(kept.map(|(_, item)| item));
    }
}

/// `base[from:to:step]`
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the length first")]
pub(in super::super) fn slice<'p>(
    machine: &mut Machine<'p, '_>,
    base: &Made<'p>,
    [from, to, step]: [Option<f64>; 3],
    span: Span,
) -> Result<Made<'p>> {
    let range = |length: usize| {
        let clamp = |bound: f64| {
            let bound = if bound < 0.0 { bound + counted(length) } else { bound };
            bound.clamp(0.0, counted(length)) as usize
        };
        (clamp(from.unwrap_or(0.0)), to.map_or(length, clamp), step.map_or(1, |step| step.max(1.0) as usize))
    };
    match &base.value {
        Value::Array(items) => {
            let (from, to, step) = range(items.len());
            let part = items.get(from..to.max(from)).unwrap_or_default().iter().step_by(step).copied().collect();
            machine.array(part, span)
        }
        Value::String(text) => {
            let characters: Vec<char> = text.text.chars().collect();
            machine.charge(characters.len() / 8)?;
            let (from, to, step) = range(characters.len());
            let part: String = characters.get(from..to.max(from)).unwrap_or_default().iter().step_by(step).collect();
            machine.text(part, span)
        }
        other => Err(Stop::new(format!("a {} has no slices", other.kind()), span)),
    }
}

//! Objects. Uses nothing else.

use std::rc::Rc;

use super::super::machine::{Machine, Result};
use super::super::value::{Made, Stop, Thunk, ThunkId, Value};
use super::{Call, text};

pub(super) fn call<'p>(call: &mut Call<'_, 'p, '_>, name: &str) -> Result<Made<'p>> {
    let span = call.span;
    match name {
        "objectFields" | "objectFieldsAll" => {
            let object = call.object(0)?;
            let mut names = Vec::new();
            for name in call.machine.fields(object, name.ends_with("All"))? {
                let place = call.machine.place_of(object, name);
                let made = call.machine.text(name.value(), place)?;
                names.push(call.machine.done(made));
            }
            call.machine.array(names, span)
        }
        "objectHas" | "objectHasAll" | "objectHasEx" => {
            let object = call.object(0)?;
            let wanted = call.string(1)?;
            let wanted = call.machine.name(&wanted);
            let hidden = name == "objectHasAll" || name == "objectHasEx" && call.bool(2)?;
            let has = call.machine.has(object, wanted, usize::MAX, hidden);
            call.make(Value::Bool(has))
        }
        "objectValues" | "objectValuesAll" | "objectKeysValues" | "objectKeysValuesAll" => {
            let object = call.object(0)?;
            let mut values = Vec::new();
            for field in call.machine.fields(object, name.ends_with("All"))? {
                let Some(value) = call.machine.ask(object, field, usize::MAX) else { continue };
                if !name.contains("Keys") {
                    values.push(value);
                    continue;
                }
                let place = call.machine.place_of(object, field);
                let made = call.machine.text(field.value(), place)?;
                let key = call.machine.done(made);
                let fields = vec![(call.machine.name("key"), place, key), (call.machine.name("value"), place, value)];
                let pair = call.machine.record(fields)?;
                values.push(call.machine.done(Made { value: Value::Object(pair), span: place }));
            }
            call.machine.array(values, span)
        }
        "objectRemoveKey" => {
            let object = call.object(0)?;
            let gone = call.string(1)?;
            let mut kept = Vec::new();
            for field in call.machine.fields(object, true)? {
                if field.value() != gone
                    && let Some(value) = call.machine.ask(object, field, usize::MAX)
                {
                    kept.push((field, call.machine.place_of(object, field), value));
                }
            }
            let object = call.machine.record(kept)?;
            call.make(Value::Object(object))
        }
        "get" => {
            let object = call.object(0)?;
            let wanted = call.string(1)?;
            let wanted = call.machine.name(&wanted);
            let hidden = call.thunk(3).is_none() || call.bool(3)?;
            if call.machine.has(object, wanted, usize::MAX, hidden)
                && let Some(made) = call.machine.get(object, wanted, usize::MAX)?
            {
                return Ok(made);
            }
            call.any(2)
        }
        "mapWithKey" => {
            let function = call.function(0)?;
            let object = call.object(1)?;
            let mut mapped = Vec::new();
            for field in call.machine.fields(object, false)? {
                let Some(value) = call.machine.ask(object, field, usize::MAX) else { continue };
                let place = call.machine.place_of(object, field);
                let made = call.machine.text(field.value(), place)?;
                let key = call.machine.done(made);
                let value = call.machine.thunk(Thunk::Apply(Rc::clone(&function), vec![key, value], span));
                mapped.push((field, place, value));
            }
            let object = call.machine.record(mapped)?;
            call.make(Value::Object(object))
        }
        "mergePatch" => {
            let (target, patch) = (call.any(0)?, call.any(1)?);
            patched(call.machine, &target, patch)
        }
        _ => {
            let given = call.any(0)?;
            pruned(call.machine, given)
        }
    }
}

/// RFC 7396.
fn patched<'p>(machine: &mut Machine<'p, '_>, target: &Made<'p>, patch: Made<'p>) -> Result<Made<'p>> {
    let Value::Object(new) = patch.value else { return Ok(patch) };
    let old = match target.value {
        Value::Object(object) => Some(object),
        _ => None,
    };
    let mut fields = Vec::new();
    if let Some(old) = old {
        for name in machine.fields(old, false)? {
            if !machine.has(new, name, usize::MAX, false)
                && let Some(value) = machine.ask(old, name, usize::MAX)
            {
                fields.push((name, machine.place_of(old, name), value));
            }
        }
    }
    for name in machine.fields(new, false)? {
        let Some(value) = machine.get(new, name, usize::MAX)? else { continue };
        if matches!(value.value, Value::Null) {
            continue;
        }
        let below = match old {
            Some(old) if machine.has(old, name, usize::MAX, false) => machine.get(old, name, usize::MAX)?,
            _ => None,
        };
        let below = below.unwrap_or(Made { value: Value::Null, span: value.span });
        let value = machine.deeper(|machine| patched(machine, &below, value))?;
        let thunk = machine.done(value);
        fields.push((name, machine.place_of(new, name), thunk));
    }
    let object = machine.record(fields)?;
    Ok(Made { value: Value::Object(object), span: patch.span })
}

/// Without what is `null` or empty.
fn pruned<'p>(machine: &mut Machine<'p, '_>, made: Made<'p>) -> Result<Made<'p>> {
    let span = made.span;
    match made.value {
        Value::Array(items) => {
            let mut kept = Vec::new();
            for item in items.iter() {
                kept.extend(remaining(machine, *item)?);
            }
            machine.array(kept, span)
        }
        Value::Object(object) => {
            let mut kept = Vec::new();
            for name in machine.fields(object, false)? {
                let Some(value) = machine.ask(object, name, usize::MAX) else { continue };
                let place = machine.place_of(object, name);
                kept.extend(remaining(machine, value)?.map(|value| (name, place, value)));
            }
            let object = machine.record(kept)?;
            Ok(Made { value: Value::Object(object), span })
        }
        value => Ok(Made { value, span }),
    }
}

fn remaining(machine: &mut Machine<'_, '_>, item: ThunkId) -> Result<Option<ThunkId>> {
    let made = machine.force(item)?;
    let made = machine.deeper(|machine| pruned(machine, made))?;
    let empty = match &made.value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => machine.fields(*object, false)?.is_empty(),
        _ => false,
    };
    Ok((!empty).then(|| machine.done(made)))
}

/// An object or array as JSON on one line, as texts are joined with it.
pub(super) fn inline<'p>(machine: &mut Machine<'p, '_>, made: &Made<'p>, into: &mut String) -> Result<()> {
    machine.charge(1)?;
    match &made.value {
        Value::Array(items) => {
            into.push('[');
            for (index, item) in items.iter().enumerate() {
                into.push_str(if index == 0 { "" } else { ", " });
                let item = machine.force(*item)?;
                machine.deeper(|machine| inline(machine, &item, into))?;
            }
            into.push_str(if items.is_empty() { " ]" } else { "]" });
        }
        Value::Object(object) => {
            let names = machine.fields(*object, false)?;
            into.push('{');
            for (index, name) in names.iter().enumerate() {
                into.push_str(if index == 0 { "" } else { ", " });
                into.push_str(&text::quoted(name.value()));
                into.push_str(": ");
                let Some(value) = machine.get(*object, *name, usize::MAX)? else { continue };
                machine.deeper(|machine| inline(machine, &value, into))?;
            }
            into.push_str(if names.is_empty() { " }" } else { "}" });
        }
        Value::String(written) => {
            machine.charge(written.text.len() / 32)?;
            into.push_str(&text::quoted(&written.text));
        }
        Value::Function(_) => return Err(Stop::new("a function is written out", made.span)),
        Value::Null => into.push_str("null"),
        Value::Bool(truth) => into.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => into.push_str(&text::number(*number)),
    }
    Ok(())
}

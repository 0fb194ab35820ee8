//! Maps.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Function, Given, MANY, keeps, outside, text};
use crate::resolve::helm::format::type_name;
use crate::resolve::helm::run::{Run, Wrong};
use crate::resolve::helm::value::{Fields, Kind, MOST_DEPTH, Value};
use crate::resolve::helm::yaml;

pub(super) const ALL: &[Function] = &[
    keeps("dict", 0, MANY, |_, arguments| {
        let pairs = arguments.chunks(2);
        let pair =
            |pair: &[Value]| (Rc::from(pair[0].to_text()), pair.get(1).cloned().unwrap_or_else(|| Value::text("")));
        Ok(Value::map(pairs.map(pair).collect()))
    }),
    keeps("get", 2, 3, |_, arguments| {
        // Helmfile's own: a path, a default, and the map last.
        if arguments.len() == 3 || arguments[0].as_text().is_some() {
            return outside::at_path(arguments);
        }
        Ok(map(arguments, 0)?.borrow().get(&*text(arguments, 1)).cloned().unwrap_or_else(|| Value::text("")))
    }),
    keeps("set", 3, 3, |_, arguments| {
        let key = Rc::from(text(arguments, 1));
        map(arguments, 0)?.borrow_mut().insert(key, arguments[2].clone());
        Ok(arguments[0].clone())
    }),
    keeps("unset", 2, 2, |_, arguments| {
        let key = text(arguments, 1);
        map(arguments, 0)?.borrow_mut().remove(&*key);
        Ok(arguments[0].clone())
    }),
    keeps("hasKey", 2, 2, |_, arguments| {
        Ok(Kind::Bool(map(arguments, 0)?.borrow().contains_key(&*text(arguments, 1))).into())
    }),
    keeps("pluck", 1, MANY, |_, arguments| {
        let key = text(arguments, 0);
        Ok(Value::list(arguments[1..].iter().filter_map(|map| map.get(&key)).collect()))
    }),
    keeps("keys", 1, MANY, |_, arguments| {
        let mut keys = Vec::new();
        for index in 0..arguments.len() {
            keys.extend(map(arguments, index)?.borrow().keys().map(|key| Value::text(key.clone())));
        }
        Ok(Value::list(keys))
    }),
    keeps("values", 1, 1, |_, arguments| Ok(Value::list(map(arguments, 0)?.borrow().values().cloned().collect()))),
    keeps("pick", 1, MANY, |_, arguments| {
        let map = map(arguments, 0)?.borrow();
        let wanted = arguments[1..].iter().map(Value::to_text);
        Ok(Value::map(wanted.filter_map(|key| map.get_key_value(&*key)).map(entry).collect()))
    }),
    keeps("omit", 1, MANY, |_, arguments| {
        let unwanted: Vec<_> = arguments[1..].iter().map(Value::to_text).collect();
        let map = map(arguments, 0)?.borrow();
        Ok(Value::map(map.iter().filter(|(key, _)| !unwanted.iter().any(|name| **name == ***key)).map(entry).collect()))
    }),
    keeps("merge", 1, MANY, |run, arguments| merge(run, arguments, false)),
    keeps("mustMerge", 1, MANY, |run, arguments| merge(run, arguments, false)),
    keeps("mergeOverwrite", 1, MANY, |run, arguments| merge(run, arguments, true)),
    keeps("mustMergeOverwrite", 1, MANY, |run, arguments| merge(run, arguments, true)),
    keeps("deepCopy", 1, 1, deep_copy),
    keeps("mustDeepCopy", 1, 1, deep_copy),
    keeps("dig", 3, MANY, dig),
];

fn entry((key, value): (&Rc<str>, &Value)) -> (Rc<str>, Value) {
    (key.clone(), value.clone())
}

fn map(arguments: &[Value], index: usize) -> Result<&RefCell<Fields>, Wrong> {
    if let Kind::Map(map) = &arguments[index].kind {
        Ok(map)
    } else {
        let found = type_name(&arguments[index]);
        Err(format!("wrong type for value; expected map[string]interface {{}}; got {found}").into())
    }
}

fn deep_copy(run: &mut Run, arguments: &[Value]) -> Given {
    yaml::charge(run, &arguments[0])?;
    Ok(arguments[0].deep_copy())
}

fn merge(run: &mut Run, arguments: &[Value], overwrites: bool) -> Given {
    let target = map(arguments, 0)?;
    for index in 1..arguments.len() {
        if arguments[index].is_nil() {
            continue;
        }
        yaml::charge(run, &arguments[index])?;
        // A copy, so that nothing is borrowed twice where a map is merged into itself.
        let source = map(arguments, index)?.borrow().clone();
        merge_into(target, &source, overwrites, 0)?;
    }
    Ok(arguments[0].clone())
}

/// As mergo merges: maps are merged, and what is empty in the target is taken from the source; with `overwrites`,
/// everything.
fn merge_into(target: &RefCell<Fields>, source: &Fields, overwrites: bool, depth: usize) -> Result<(), Wrong> {
    if depth > MOST_DEPTH {
        return Err("maps nest too deep to be merged".into());
    }
    for (key, value) in source.iter() {
        let existing = target.borrow().get(key).cloned();
        let result = match (existing, &value.kind) {
            (None, _) => value.clone(),
            (Some(Value { kind: Kind::Map(inner), .. }), Kind::Map(other)) => {
                let other = other.borrow().clone();
                merge_into(&inner, &other, overwrites, depth + 1)?;
                continue;
            }
            // Without `overwrites`, what Go calls empty is replaced: `false` and 0 as well.
            (Some(existing), _) if overwrites || (!existing.is_true() && !value.is_nil()) => value.clone(),
            _ => continue,
        };
        target.borrow_mut().insert(key.clone(), result);
    }
    Ok(())
}

fn dig(_: &mut Run, arguments: &[Value]) -> Given {
    let (rest, keys) = arguments.split_last().ok_or("dig needs at least three arguments")?;
    let (default, keys) = keys.split_last().ok_or("dig needs at least three arguments")?;
    let mut value = rest.clone();
    for (index, key) in keys.iter().enumerate() {
        let next = match &value.kind {
            Kind::Map(map) => map.borrow().get(&*key.to_text()).cloned(),
            Kind::Unknown(_) => return Ok(value),
            _ if index == 0 => return Err(format!("dig needs a map, not {}", type_name(&value)).into()),
            _ => return Err(format!("interface conversion: interface {{}} is {}, not a map", type_name(&value)).into()),
        };
        value = match next {
            Some(next) => next,
            None => return Ok(default.clone()),
        };
    }
    Ok(value)
}

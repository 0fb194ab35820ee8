//! Values merged as Helm merges them. <https://helm.sh/docs/chart_template_guide/values_files/>
//!
//! The rules are those of `pkg/chart/common/util/coalesce.go`: what is given wins over a chart's own, maps are merged
//! key by key, lists and scalars replaced, `null` takes a default away, a parent's values for a subchart win over the
//! subchart's own, and `global` is shared downwards.

use std::rc::Rc;

use super::value::{Fields, Kind, Value};

/// The key of values that every subchart sees.
const GLOBAL: &str = "global";

/// A chart of a release with its own values: aliases given and disabled dependencies left out.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Which chart.
    pub(super) chart: usize,
    /// The name it goes by.
    pub(super) name: String,
    /// Its `values.yaml`.
    pub(super) defaults: Value,
    /// The charts below it.
    pub(super) members: Vec<Member>,
}

/// Values files laid over each other, the last one on top; `null` stays.
pub(super) fn overlay(below: &Value, above: &Value) -> Value {
    match (below.as_map(), above.as_map()) {
        (Some(lower), Some(upper)) => {
            let mut merged: Fields = lower.borrow().clone();
            for (key, value) in upper.borrow().iter() {
                let value = match merged.get(key) {
                    Some(existing) => overlay(existing, value),
                    None => value.clone(),
                };
                merged.insert(key.clone(), value);
            }
            Value { origin: above.origin, ..Value::map(merged) }
        }
        _ => above.clone(),
    }
}

/// The values of a chart: those given over its own, and so on for the charts below it.
pub(super) fn coalesce(member: &Member, given: &Value) -> Value {
    let mut values = match given.as_map() {
        Some(map) => map.borrow().clone(),
        None => Fields::new(),
    };
    own(member, &mut values);
    for child in &member.members {
        let key: Rc<str> = child.name.as_str().into();
        let existing = values.get(&key).filter(|value| value.as_map().is_some()).cloned();
        let mut inner = existing.as_ref().and_then(Value::as_map).map(|map| map.borrow().clone()).unwrap_or_default();
        share_globals(&mut inner, &values);
        let origin = existing.map(|value| value.origin).unwrap_or_default();
        let coalesced = coalesce(child, &Value::map(inner));
        values.insert(key, Value { origin, ..coalesced });
    }
    Value::map(values)
}

/// Fills in a chart's own values.
fn own(member: &Member, values: &mut Fields) {
    let Some(defaults) = member.defaults.as_map() else { return };
    for (key, default) in defaults.borrow().iter() {
        match values.get(key) {
            Some(value) if value.is_nil() => {
                values.remove(key);
            }
            Some(value) => {
                if value.as_map().is_some() && default.as_map().is_some() {
                    let is_child = member.members.iter().any(|child| *child.name == **key);
                    let filled = fill(value, default, is_child);
                    values.insert(key.clone(), filled);
                }
            }
            None if default.is_nil() => {}
            None => {
                values.insert(key.clone(), without_nulls(default));
            }
        }
    }
}

/// A map with the defaults it does not set. With `keeps_nulls`, a later merge still has to see what is taken away.
fn fill(value: &Value, default: &Value, keeps_nulls: bool) -> Value {
    let (Some(given), Some(defaults)) = (value.as_map(), default.as_map()) else { return value.clone() };
    let mut merged = given.borrow().clone();
    for (key, default) in defaults.borrow().iter() {
        match given.borrow().get(key) {
            None if default.is_nil() && !keeps_nulls => {}
            None => {
                let default = if keeps_nulls { default.clone() } else { without_nulls(default) };
                merged.insert(key.clone(), default);
            }
            Some(existing) if existing.is_nil() => {
                if !keeps_nulls && !default.is_nil() {
                    merged.remove(key);
                }
            }
            Some(existing) => {
                if existing.as_map().is_some() && default.as_map().is_some() {
                    merged.insert(key.clone(), fill(existing, default, keeps_nulls));
                }
            }
        }
    }
    Value { origin: value.origin, ..Value::map(merged) }
}

fn without_nulls(value: &Value) -> Value {
    match value.as_map() {
        Some(map) => {
            let fields = map.borrow();
            let kept = fields.iter().filter(|(_, value)| !value.is_nil());
            let kept = kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect();
            Value { origin: value.origin, ..Value::map(kept) }
        }
        None => value.clone(),
    }
}

/// Copies a parent's `global` values into those of a subchart, where they win.
fn share_globals(inner: &mut Fields, outer: &Fields) {
    let below = match inner.get(GLOBAL) {
        None => Value::map(Fields::new()),
        Some(globals) if globals.as_map().is_some() => globals.clone(),
        Some(_) => return,
    };
    let merged = match outer.get(GLOBAL) {
        Some(above) if above.as_map().is_some() => overlay(&below, above),
        Some(_) => return,
        None => below,
    };
    inner.insert(GLOBAL.into(), merged);
}

/// The value at a dotted path.
pub(super) fn at_path(values: &Value, path: &str) -> Option<Value> {
    path.split('.').try_fold(values.clone(), |value, key| value.get(key))
}

/// Puts a map at a dotted path of new maps.
pub(super) fn nested(path: &str, value: Value) -> Value {
    if path == "." || path.is_empty() {
        return value;
    }
    path.rsplit('.').fold(value, |inner, key| Value::map(Fields::from_iter([(key.into(), inner)])))
}

/// The first map with what it lacks from the second.
pub(super) fn supply(first: &Value, second: &Value) -> Value {
    if first.as_map().is_none() {
        return second.clone();
    }
    fill(first, second, true)
}

/// Whether a value is `true` or `false`.
pub(super) fn boolean(value: &Value) -> Option<bool> {
    match value.kind {
        Kind::Bool(value) => Some(value),
        _ => None,
    }
}

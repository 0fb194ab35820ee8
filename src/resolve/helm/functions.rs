//! The functions that templates call: Go's own, sprig's and Helm's.
//! <https://pkg.go.dev/text/template#hdr-Functions>, <https://masterminds.github.io/sprig/>,
//! <https://helm.sh/docs/chart_template_guide/function_list/>
//!
//! A function gets its arguments evaluated, the piped one last. What reads a clock, dice or a network gives an unknown
//! value. Helm refuses a number where text is asked for, and the reverse; here they are converted.

#![allow(clippy::unnecessary_wraps, reason = "every function that templates call has one form")]

mod basics;
mod date;
mod dict;
mod encode;
mod list;
mod number;
mod outside;
mod pattern;
mod random;
mod reflect;
#[cfg(test)]
mod tests;
mod text;
mod url;
mod version;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::format::push_value;
use super::run::{Run, Wrong};
use super::trace::{OriginId, Origins, Place, Traced};
use super::value::{Kind, Value};

/// What a call gives.
type Given = Result<Value, Wrong>;

/// A function of Rust that is called from templates.
type Call = fn(&mut Run, &[Value]) -> Given;

/// A function by name.
#[derive(Clone, Copy)]
pub(super) struct Function {
    /// Its name.
    pub(super) name: &'static str,
    /// The fewest arguments.
    pub(super) least: usize,
    /// The most arguments.
    pub(super) most: usize,
    /// Whether it keeps what is unknown in its arguments as it is; any other gives an unknown for an unknown.
    pub(super) keeps: bool,
    /// For `and` and `or`, which evaluate no more than they need: the truth at which they stop.
    pub(super) lazy: Option<bool>,
    /// The function.
    pub(super) call: Call,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.name)
    }
}

/// Any number of arguments.
const MANY: usize = usize::MAX;

/// A function that computes something new of its arguments.
const fn computes(name: &'static str, least: usize, most: usize, call: Call) -> Function {
    Function { name, least, most, keeps: false, lazy: None, call }
}

/// A function that passes on what is in its arguments.
const fn keeps(name: &'static str, least: usize, most: usize, call: Call) -> Function {
    Function { name, least, most, keeps: true, lazy: None, call }
}

static ALL: LazyLock<BTreeMap<&'static str, Function>> = LazyLock::new(|| {
    let families: [&[Function]; 12] = [
        basics::ALL,
        date::ALL,
        dict::ALL,
        encode::ALL,
        list::ALL,
        number::ALL,
        outside::ALL,
        pattern::ALL,
        random::ALL,
        reflect::ALL,
        text::ALL,
        url::ALL,
    ];
    families.into_iter().chain([version::ALL]).flatten().map(|function| (function.name, *function)).collect()
});

/// The function of a name.
pub(super) fn find(name: &str) -> Option<Function> {
    ALL.get(name).copied()
}

/// The names of all functions.
#[cfg(test)]
pub(super) fn names() -> Vec<&'static str> {
    ALL.keys().copied().collect()
}

/// The origin of what is computed of some values: the first that has one, through the others.
pub(super) fn cause(origins: &mut Origins, values: &[Value]) -> OriginId {
    let mut cause = OriginId::NONE;
    for value in values {
        let own = match &value.kind {
            Kind::Traced(text) => {
                let places: Vec<Place> = text.places().take(8).collect();
                let mut own = value.origin;
                for place in places {
                    let next = match place {
                        Place::Value(id) | Place::Settled(id) => id,
                        Place::File { via, .. } => via,
                        Place::Nowhere => OriginId::NONE,
                    };
                    own = if own.is_none() { next } else { origins.join(own, next) };
                }
                own
            }
            _ => value.origin,
        };
        cause = if cause.is_none() { own } else { origins.join(cause, own) };
    }
    cause
}

/// A text that is computed of some values.
fn computed(run: &mut Run, text: String, of: &[Value]) -> Value {
    let origin = cause(&mut run.origins, of);
    Value::new(Kind::Text(text.into()), origin)
}

/// A value that is computed of some values.
fn made(run: &mut Run, kind: Kind, of: &[Value]) -> Value {
    let origin = cause(&mut run.origins, of);
    Value::new(kind, origin)
}

/// An argument as text.
fn text(arguments: &[Value], index: usize) -> Cow<'_, str> {
    arguments.get(index).map(Value::to_text).unwrap_or_default()
}

/// An argument with the places of its text.
fn traced(value: &Value) -> Traced {
    let mut out = Traced::default();
    push_value(&mut out, value);
    out
}

/// An argument as a whole number.
fn int(arguments: &[Value], index: usize) -> i64 {
    arguments.get(index).map_or(0, number::to_int)
}

/// An argument as a count; a negative one is nothing.
fn count(arguments: &[Value], index: usize) -> usize {
    usize::try_from(int(arguments, index)).unwrap_or(0)
}

/// The items of an argument that must be a list.
fn items<'v>(arguments: &'v [Value], index: usize, name: &str) -> Result<Cow<'v, [Value]>, Wrong> {
    match arguments.get(index).map(|value| &value.kind) {
        Some(Kind::List(items)) => Ok(Cow::Borrowed(items)),
        // Sprig looks at the kind of a value: `.Capabilities.APIVersions` is a slice with methods.
        Some(Kind::Object(object)) if object.is_list() => {
            Ok(Cow::Owned(object.entries().into_iter().map(|(_, item)| item).collect()))
        }
        Some(Kind::Nil) | None => Ok(Cow::Borrowed(&[])),
        Some(_) => {
            let found = super::format::type_name(&arguments[index]);
            Err(format!("cannot find {name} on type {found}").into())
        }
    }
}

//! The standard library (<https://jsonnet.org/ref/stdlib.html>), as far as alerts are made with it. Uses `source`.
//!
//! What reads the surroundings (`extVar`) or is defined by whoever runs the evaluation (`native`) is not known.

pub(super) mod array;
pub(super) mod format;
mod manifest;
mod object;
pub(super) mod text;

use std::rc::Rc;

use super::machine::{Machine, Result};
use super::value::{Function, Made, Name, ObjectId, Stop, ThunkId, Value};
use crate::source::Span;

/// One function.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    /// Its parameters; those that may be left out end with `?`.
    pub(super) parameters: &'static [&'static str],
    group: Group,
}

#[derive(Clone, Copy, Debug)]
enum Group {
    Array,
    Object,
    Text,
    Manifest,
    Number,
    Other,
}

const fn entry(name: &'static str, parameters: &'static [&'static str], group: Group) -> Entry {
    Entry { name, parameters, group }
}

static ENTRIES: &[Entry] = &[
    entry("length", &["x"], Group::Array),
    entry("member", &["arr", "x"], Group::Array),
    entry("contains", &["arr", "elem"], Group::Array),
    entry("count", &["arr", "x"], Group::Array),
    entry("find", &["value", "arr"], Group::Array),
    entry("map", &["func", "arr"], Group::Array),
    entry("mapWithIndex", &["func", "arr"], Group::Array),
    entry("filter", &["func", "arr"], Group::Array),
    entry("filterMap", &["filter_func", "map_func", "arr"], Group::Array),
    entry("flatMap", &["func", "arr"], Group::Array),
    entry("foldl", &["func", "arr", "init"], Group::Array),
    entry("foldr", &["func", "arr", "init"], Group::Array),
    entry("range", &["from", "to"], Group::Array),
    entry("repeat", &["what", "count"], Group::Array),
    entry("makeArray", &["sz", "func"], Group::Array),
    entry("slice", &["indexable", "index", "end", "step"], Group::Array),
    entry("flattenArrays", &["arrs"], Group::Array),
    entry("flattenDeepArray", &["value"], Group::Array),
    entry("reverse", &["arrs"], Group::Array),
    entry("sort", &["arr", "keyF?"], Group::Array),
    entry("uniq", &["arr", "keyF?"], Group::Array),
    entry("set", &["arr", "keyF?"], Group::Array),
    entry("setMember", &["x", "arr", "keyF?"], Group::Array),
    entry("setUnion", &["a", "b", "keyF?"], Group::Array),
    entry("setInter", &["a", "b", "keyF?"], Group::Array),
    entry("setDiff", &["a", "b", "keyF?"], Group::Array),
    entry("all", &["arr"], Group::Array),
    entry("any", &["arr"], Group::Array),
    entry("sum", &["arr"], Group::Array),
    entry("avg", &["arr"], Group::Array),
    entry("minArray", &["arr", "keyF?"], Group::Array),
    entry("maxArray", &["arr", "keyF?"], Group::Array),
    entry("remove", &["arr", "elem"], Group::Array),
    entry("removeAt", &["arr", "idx"], Group::Array),
    entry("objectFields", &["o"], Group::Object),
    entry("objectFieldsAll", &["o"], Group::Object),
    entry("objectHas", &["o", "f"], Group::Object),
    entry("objectHasAll", &["o", "f"], Group::Object),
    entry("objectHasEx", &["o", "f", "inc_hidden"], Group::Object),
    entry("objectValues", &["o"], Group::Object),
    entry("objectValuesAll", &["o"], Group::Object),
    entry("objectKeysValues", &["o"], Group::Object),
    entry("objectKeysValuesAll", &["o"], Group::Object),
    entry("objectRemoveKey", &["obj", "key"], Group::Object),
    entry("get", &["o", "f", "default?", "inc_hidden?"], Group::Object),
    entry("mapWithKey", &["func", "obj"], Group::Object),
    entry("mergePatch", &["target", "patch"], Group::Object),
    entry("prune", &["a"], Group::Object),
    entry("toString", &["a"], Group::Text),
    entry("format", &["str", "vals"], Group::Text),
    entry("join", &["sep", "arr"], Group::Text),
    entry("deepJoin", &["arr"], Group::Text),
    entry("lines", &["arr"], Group::Text),
    entry("asciiLower", &["str"], Group::Text),
    entry("asciiUpper", &["str"], Group::Text),
    entry("substr", &["str", "from", "len"], Group::Text),
    entry("startsWith", &["a", "b"], Group::Text),
    entry("endsWith", &["a", "b"], Group::Text),
    entry("split", &["str", "c"], Group::Text),
    entry("splitLimit", &["str", "c", "maxsplits"], Group::Text),
    entry("splitLimitR", &["str", "c", "maxsplits"], Group::Text),
    entry("strReplace", &["str", "from", "to"], Group::Text),
    entry("findSubstr", &["pat", "str"], Group::Text),
    entry("isEmpty", &["str"], Group::Text),
    entry("equalsIgnoreCase", &["str1", "str2"], Group::Text),
    entry("trim", &["str"], Group::Text),
    entry("stripChars", &["str", "chars"], Group::Text),
    entry("lstripChars", &["str", "chars"], Group::Text),
    entry("rstripChars", &["str", "chars"], Group::Text),
    entry("stringChars", &["str"], Group::Text),
    entry("codepoint", &["str"], Group::Text),
    entry("char", &["n"], Group::Text),
    entry("parseInt", &["str"], Group::Text),
    entry("parseHex", &["str"], Group::Text),
    entry("parseOctal", &["str"], Group::Text),
    entry("parseJson", &["str"], Group::Text),
    entry("escapeStringJson", &["str"], Group::Text),
    entry("escapeStringPython", &["str"], Group::Text),
    entry("escapeStringBash", &["str"], Group::Text),
    entry("escapeStringDollars", &["str"], Group::Text),
    entry("base64", &["input"], Group::Text),
    entry("md5", &["s"], Group::Text),
    entry("manifestJson", &["value"], Group::Manifest),
    entry("manifestJsonMinified", &["value"], Group::Manifest),
    entry("manifestJsonEx", &["value", "indent", "newline?", "key_val_sep?"], Group::Manifest),
    entry("manifestYamlDoc", &["value", "indent_array_in_object?", "quote_keys?"], Group::Manifest),
    entry(
        "manifestYamlStream",
        &["value", "indent_array_in_object?", "c_document_end?", "quote_keys?"],
        Group::Manifest,
    ),
    entry("abs", &["n"], Group::Number),
    entry("sign", &["n"], Group::Number),
    entry("max", &["a", "b"], Group::Number),
    entry("min", &["a", "b"], Group::Number),
    entry("clamp", &["x", "minVal", "maxVal"], Group::Number),
    entry("floor", &["x"], Group::Number),
    entry("ceil", &["x"], Group::Number),
    entry("round", &["x"], Group::Number),
    entry("sqrt", &["x"], Group::Number),
    entry("pow", &["x", "n"], Group::Number),
    entry("exp", &["x"], Group::Number),
    entry("log", &["x"], Group::Number),
    entry("mod", &["a", "b"], Group::Number),
    entry("isEven", &["x"], Group::Number),
    entry("isOdd", &["x"], Group::Number),
    entry("isInteger", &["x"], Group::Number),
    entry("type", &["x"], Group::Other),
    entry("isString", &["v"], Group::Other),
    entry("isNumber", &["v"], Group::Other),
    entry("isBoolean", &["v"], Group::Other),
    entry("isObject", &["v"], Group::Other),
    entry("isArray", &["v"], Group::Other),
    entry("isFunction", &["v"], Group::Other),
    entry("xor", &["x", "y"], Group::Other),
    entry("xnor", &["x", "y"], Group::Other),
    entry("equals", &["a", "b"], Group::Other),
    entry("primitiveEquals", &["x", "y"], Group::Other),
    entry("trace", &["str", "rest"], Group::Other),
    entry("assertEqual", &["a", "b"], Group::Other),
    entry("id", &["x"], Group::Other),
    entry("native", &["name"], Group::Other),
    entry("extVar", &["x"], Group::Other),
];

/// `std`.
pub(super) fn object(machine: &mut Machine<'_, '_>) -> ObjectId {
    let fields = ENTRIES
        .iter()
        .map(|entry| {
            let function = Value::Function(Rc::new(Function::Library(entry)));
            let thunk = machine.done(Made { value: function, span: Span::default() });
            (machine.name(entry.name), Span::default(), thunk)
        })
        .collect();
    machine.unmetered(fields)
}

/// Puts arguments in the order of the parameters.
pub(super) fn arguments(
    entry: &Entry,
    ordered: Vec<ThunkId>,
    named: &[(Name<'_>, ThunkId)],
    span: Span,
) -> Result<Vec<Option<ThunkId>>> {
    if ordered.len() > entry.parameters.len() {
        return Err(Stop::new(format!("`std.{}` is called with too many arguments", entry.name), span));
    }
    let mut arguments: Vec<Option<ThunkId>> = ordered.into_iter().map(Some).collect();
    arguments.resize(entry.parameters.len(), None);
    for (name, thunk) in named {
        let at = entry.parameters.iter().position(|parameter| parameter.trim_end_matches('?') == name.value());
        match at.map(|at| &mut arguments[at]) {
            Some(slot) if slot.is_none() => *slot = Some(*thunk),
            _ => {
                let what = format!("`std.{}` takes no further argument `{}`", entry.name, name.value());
                return Err(Stop::new(what, span));
            }
        }
    }
    let missing = entry.parameters.iter().zip(&arguments).find(|(name, given)| given.is_none() && !name.ends_with('?'));
    match missing {
        Some((name, _)) => Err(Stop::new(format!("`std.{}` is called without its `{name}`", entry.name), span)),
        None => Ok(arguments),
    }
}

/// Arguments of a running call.
pub(super) struct Call<'m, 'p, 's> {
    pub(super) machine: &'m mut Machine<'p, 's>,
    name: &'static str,
    arguments: &'m [Option<ThunkId>],
    pub(super) span: Span,
}

impl<'p> Call<'_, 'p, '_> {
    /// Whether an argument is given.
    pub(super) fn thunk(&self, at: usize) -> Option<ThunkId> {
        self.arguments.get(at).copied().flatten()
    }

    pub(super) fn any(&mut self, at: usize) -> Result<Made<'p>> {
        match self.thunk(at) {
            Some(thunk) => self.machine.force(thunk),
            None => Ok(Made { value: Value::Null, span: self.span }),
        }
    }

    pub(super) fn wrong<T>(&self, given: &Value<'p>) -> Result<T> {
        Err(Stop::new(format!("`std.{}` is given a {}", self.name, given.kind()), self.span))
    }

    pub(super) fn string(&mut self, at: usize) -> Result<String> {
        let made = self.any(at)?;
        match &made.value {
            Value::String(text) => {
                self.machine.charge(text.text.len() / 32)?;
                Ok(text.text.clone())
            }
            other => self.wrong(other),
        }
    }

    pub(super) fn number(&mut self, at: usize) -> Result<f64> {
        match self.any(at)?.value {
            Value::Number(number) => Ok(number),
            other => self.wrong(&other),
        }
    }

    pub(super) fn bool(&mut self, at: usize) -> Result<bool> {
        match self.any(at)?.value {
            Value::Bool(truth) => Ok(truth),
            other => self.wrong(&other),
        }
    }

    pub(super) fn items(&mut self, at: usize) -> Result<Rc<[ThunkId]>> {
        match self.any(at)?.value {
            Value::Array(items) => {
                self.machine.charge(items.len())?;
                Ok(items)
            }
            other => self.wrong(&other),
        }
    }

    pub(super) fn object(&mut self, at: usize) -> Result<ObjectId> {
        match self.any(at)?.value {
            Value::Object(object) => Ok(object),
            other => self.wrong(&other),
        }
    }

    pub(super) fn function(&mut self, at: usize) -> Result<Rc<Function<'p>>> {
        match self.any(at)?.value {
            Value::Function(function) => Ok(function),
            other => self.wrong(&other),
        }
    }

    pub(super) fn apply(&mut self, function: &Function<'p>, arguments: Vec<ThunkId>) -> Result<Made<'p>> {
        let span = self.span;
        self.machine.call(function, arguments, Vec::new(), span)
    }

    #[allow(clippy::unnecessary_wraps, reason = "it is what a call ends with")]
    pub(super) fn make(&self, value: Value<'p>) -> Result<Made<'p>> {
        Ok(Made { value, span: self.span })
    }
}

/// Calls a function of the library.
pub(super) fn call<'p>(
    machine: &mut Machine<'p, '_>,
    entry: &'static Entry,
    arguments: &[Option<ThunkId>],
    span: Span,
) -> Result<Made<'p>> {
    let mut call = Call { machine, name: entry.name, arguments, span };
    match entry.group {
        Group::Array => array::call(&mut call, entry.name),
        Group::Object => object::call(&mut call, entry.name),
        Group::Text => text::call(&mut call, entry.name),
        Group::Manifest => manifest::call(&mut call, entry.name),
        Group::Number => number(&mut call, entry.name),
        Group::Other => other(&mut call, entry.name),
    }
}

fn number<'p>(call: &mut Call<'_, 'p, '_>, name: &str) -> Result<Made<'p>> {
    let first = call.number(0)?;
    let value = match name {
        "abs" => first.abs(),
        "sign" if first == 0.0 => 0.0,
        "sign" => first.signum(),
        "max" => first.max(call.number(1)?),
        "min" => first.min(call.number(1)?),
        "clamp" => first.max(call.number(1)?).min(call.number(2)?),
        "floor" => first.floor(),
        "ceil" => first.ceil(),
        "round" => (first + 0.5).floor(),
        "sqrt" => first.sqrt(),
        "pow" => first.powf(call.number(1)?),
        "exp" => first.exp(),
        "log" => first.ln(),
        "mod" => first % call.number(1)?,
        "isEven" => return call.make(Value::Bool(first % 2.0 == 0.0)),
        "isOdd" => return call.make(Value::Bool(first.fract() == 0.0 && first % 2.0 != 0.0)),
        _ => return call.make(Value::Bool(first.fract() == 0.0)),
    };
    if value.is_finite() { call.make(Value::Number(value)) } else { call.wrong(&Value::Number(first)) }
}

fn other<'p>(call: &mut Call<'_, 'p, '_>, name: &str) -> Result<Made<'p>> {
    let is = |call: &mut Call<'_, 'p, '_>, kind: &str| {
        let given = call.any(0)?;
        call.make(Value::Bool(given.value.kind() == kind))
    };
    match name {
        "type" => {
            let kind = call.any(0)?.value.kind();
            let span = call.span;
            call.machine.text(kind, span)
        }
        "isString" => is(call, "string"),
        "isNumber" => is(call, "number"),
        "isBoolean" => is(call, "boolean"),
        "isObject" => is(call, "object"),
        "isArray" => is(call, "array"),
        "isFunction" => is(call, "function"),
        "xor" => {
            let truth = call.bool(0)? != call.bool(1)?;
            call.make(Value::Bool(truth))
        }
        "xnor" => {
            let truth = call.bool(0)? == call.bool(1)?;
            call.make(Value::Bool(truth))
        }
        "equals" | "primitiveEquals" | "assertEqual" => {
            let (left, right) = (call.any(0)?, call.any(1)?);
            let same = call.machine.same(&left, &right)?;
            call.make(Value::Bool(same))
        }
        "trace" => call.any(1),
        "id" => call.any(0),
        "native" => {
            let wanted = call.string(0)?;
            if wanted == "manifestYamlFromJson" {
                return call.make(Value::Function(Rc::new(Function::YamlOfJson)));
            }
            let what =
                format!("`std.native('{}')` is defined by whoever evaluates it", super::machine::shortened(&wanted));
            Err(Stop::new(what, call.span))
        }
        _ => {
            let wanted = call.string(0)?;
            let what =
                format!("`std.extVar('{}')` is given by whoever evaluates it", super::machine::shortened(&wanted));
            Err(Stop::new(what, call.span))
        }
    }
}

/// A number as an index.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to be whole and small first")]
pub(super) fn whole(number: f64) -> Option<usize> {
    (number.fract() == 0.0 && (0.0..=1e9).contains(&number)).then_some(number as usize)
}

/// A length as a number.
#[allow(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
pub(super) fn counted(length: usize) -> f64 {
    length as f64
}

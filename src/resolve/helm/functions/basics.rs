//! Go's built-in functions, Helm's own, and those that choose.

use std::fmt::Write as _;

use super::{Function, Given, MANY, computed, computes, keeps, made, text};
use crate::resolve::helm::compare;
use crate::resolve::helm::format;
use crate::resolve::helm::run::{Run, Wrong};
use crate::resolve::helm::trace::{Place, Traced};
use crate::resolve::helm::value::{Fields, Kind, Value};
use crate::tree::Unknown;

pub(super) const ALL: &[Function] = &[
    Function { lazy: Some(false), ..keeps("and", 1, MANY, nothing) },
    Function { lazy: Some(true), ..keeps("or", 1, MANY, nothing) },
    keeps("not", 1, 1, |run, arguments| Ok(Kind::Bool(!run.decide(&arguments[0])?).into())),
    computes("eq", 2, MANY, eq),
    computes("ne", 2, 2, |_, arguments| Ok(Kind::Bool(!compare::equal(&arguments[0], &arguments[1])?).into())),
    computes("lt", 2, 2, |_, arguments| order(arguments, std::cmp::Ordering::is_lt)),
    computes("le", 2, 2, |_, arguments| order(arguments, std::cmp::Ordering::is_le)),
    computes("gt", 2, 2, |_, arguments| order(arguments, std::cmp::Ordering::is_gt)),
    computes("ge", 2, 2, |_, arguments| order(arguments, std::cmp::Ordering::is_ge)),
    computes("len", 1, 1, len),
    keeps("index", 1, MANY, index),
    keeps("print", 0, MANY, |_, arguments| Ok(print(arguments, false))),
    keeps("println", 0, MANY, |_, arguments| Ok(print(arguments, true))),
    keeps("printf", 1, MANY, printf),
    computes("html", 1, MANY, |run, arguments| {
        let escaped = joined(arguments)
            .replace('&', "&amp;")
            .replace('\'', "&#39;")
            .replace('"', "&#34;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        Ok(computed(run, escaped, arguments))
    }),
    computes("js", 1, MANY, |run, arguments| Ok(computed(run, javascript(&joined(arguments)), arguments))),
    computes("urlquery", 1, MANY, |run, arguments| {
        Ok(computed(run, super::url::query_escape(&joined(arguments)), arguments))
    }),
    computes("call", 1, MANY, |_, _| Err("a value is no function".into())),
    // Helm.
    keeps("include", 2, 2, |run, arguments| {
        let name = text(arguments, 0).into_owned();
        Ok(Value::traced(run.execute(&name, &arguments[1])?))
    }),
    keeps("tpl", 2, 2, |run, arguments| Ok(Value::traced(run.execute_text(&arguments[0], &arguments[1])?))),
    keeps("required", 2, 2, required),
    computes("fail", 1, 1, |_, arguments| Err(text(arguments, 0).into_owned().into())),
    // There is no cluster to look into: Helm gives the same where there is none.
    keeps("lookup", 4, 4, |_, _| Ok(Value::map(Fields::new()))),
    // What `helm template` gives.
    keeps("getHostByName", 1, 1, |_, _| Ok(Value::text(""))),
    // Choices.
    keeps("default", 1, 2, |_, arguments| {
        let given = arguments.get(1).filter(|given| given.is_true());
        Ok(given.unwrap_or(&arguments[0]).clone())
    }),
    keeps("empty", 1, 1, |run, arguments| Ok(Kind::Bool(!run.decide(&arguments[0])?).into())),
    keeps("coalesce", 0, MANY, |_, arguments| {
        Ok(arguments.iter().find(|argument| argument.is_true()).cloned().unwrap_or(Value::NIL))
    }),
    keeps("ternary", 3, 3, |run, arguments| {
        Ok(if run.decide(&arguments[2])? { arguments[0].clone() } else { arguments[1].clone() })
    }),
    keeps("all", 0, MANY, |run, arguments| every(run, arguments, true)),
    keeps("any", 0, MANY, |run, arguments| every(run, arguments, false)),
    computes("hello", 0, 0, |_, _| Ok(Value::text("Hello!"))),
];

fn nothing(_: &mut Run, _: &[Value]) -> Given {
    Ok(Value::NIL)
}

fn eq(_: &mut Run, arguments: &[Value]) -> Given {
    for other in &arguments[1..] {
        if compare::equal(&arguments[0], other)? {
            return Ok(Kind::Bool(true).into());
        }
    }
    Ok(Kind::Bool(false).into())
}

fn order(arguments: &[Value], holds: fn(std::cmp::Ordering) -> bool) -> Given {
    Ok(Kind::Bool(holds(compare::order(&arguments[0], &arguments[1])?)).into())
}

fn len(run: &mut Run, arguments: &[Value]) -> Given {
    let length = match &arguments[0].kind {
        Kind::List(items) => items.len(),
        Kind::Map(map) => map.borrow().len(),
        Kind::Object(object) => object.length().ok_or_else(|| format!("len of type {}", object.type_name()))?,
        Kind::Text(_) | Kind::Traced(_) => arguments[0].as_text().map_or(0, str::len),
        Kind::Nil => return Err("len of nil pointer".into()),
        _ => return Err(format!("len of type {}", format::type_name(&arguments[0])).into()),
    };
    Ok(made(run, Kind::Int(i64::try_from(length).unwrap_or(i64::MAX)), arguments))
}

fn index(_: &mut Run, arguments: &[Value]) -> Given {
    let mut value = arguments[0].clone();
    for at in &arguments[1..] {
        value = match &value.kind {
            Kind::Map(map) => map.borrow().get(&*at.to_text()).cloned().unwrap_or(Value::NIL),
            Kind::List(items) => {
                let position = super::number::to_int(at);
                let item = usize::try_from(position).ok().and_then(|position| items.get(position));
                item.cloned().ok_or_else(|| format!("index out of range: {position}"))?
            }
            Kind::Text(_) | Kind::Traced(_) => {
                let position = usize::try_from(super::number::to_int(at)).ok();
                let byte = position.and_then(|position| value.as_text()?.as_bytes().get(position).copied());
                Kind::Int(i64::from(byte.ok_or("index out of range")?)).into()
            }
            Kind::Unknown(_) => value.clone(),
            Kind::Nil => return Err("index of untyped nil".into()),
            _ => return Err(format!("can't index item of type {}", format::type_name(&value)).into()),
        };
    }
    Ok(value)
}

/// `fmt.Sprint`: a space between operands that are both no strings. `fmt.Sprintln`: between all.
fn print(arguments: &[Value], is_line: bool) -> Value {
    let mut out = Traced::default();
    for (index, argument) in arguments.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| arguments[before].as_text().is_none());
        if before.is_some_and(|before| is_line || before && argument.as_text().is_none()) {
            out.push(" ", Place::Nowhere);
        }
        format::push_value(&mut out, argument);
    }
    if is_line {
        out.push("\n", Place::Nowhere);
    }
    Value::traced(out)
}

fn printf(run: &mut Run, arguments: &[Value]) -> Given {
    let format = arguments[0].to_text();
    let weight: usize = arguments.iter().map(|argument| argument.as_text().map_or(32, str::len)).sum();
    run.take_bytes(weight)?;
    let place = if arguments[0].origin.is_none() { Place::Nowhere } else { Place::Value(arguments[0].origin) };
    Ok(Value::traced(format::sprintf(&format, place, &arguments[1..])))
}

fn joined(arguments: &[Value]) -> String {
    match arguments {
        [one] if one.as_text().is_some() => one.to_text().into_owned(),
        _ => print(arguments, false).to_text().into_owned(),
    }
}

fn javascript(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' => out.push_str("\\u003C"),
            '>' => out.push_str("\\u003E"),
            '&' => out.push_str("\\u0026"),
            '=' => out.push_str("\\u003D"),
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out
}

/// Helm stops where a required value is missing. Here the value is not known, since whoever installs the chart has to
/// give it, and the rest can still be judged.
fn required(run: &mut Run, arguments: &[Value]) -> Given {
    let value = &arguments[1];
    if !value.is_nil() && value.as_text() != Some("") {
        return Ok(value.clone());
    }
    let reason = std::format!("a value that the chart requires is not given here ({})", text(arguments, 0));
    let remedy = "give it in a values file of the repository";
    let span = run.origins.get(value.origin).map(|origin| origin.span);
    Ok(Kind::Unknown(run.origins.unknown(Unknown::new(reason, remedy, span))).into())
}

fn every(run: &mut Run, arguments: &[Value], wanted: bool) -> Given {
    for argument in arguments {
        if run.decide(argument)? != wanted {
            return Ok(Kind::Bool(!wanted).into());
        }
    }
    Ok(Kind::Bool(wanted).into())
}

impl From<Wrong> for String {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Message(message) => message,
            Wrong::Failed(failure) => failure.message,
        }
    }
}

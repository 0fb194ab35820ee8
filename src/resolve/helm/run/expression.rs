//! What stands between braces: pipelines, commands, their arguments, fields and variables.

use std::ops::Range;

use super::{Done, Frame, NIL_POINTER, Run, Wrong, assign, first_marker};
use crate::resolve::helm::format;
use crate::resolve::helm::functions::Function;
use crate::resolve::helm::template::{Command, Operand, Pipe};
use crate::resolve::helm::value::{Kind, Value};
use crate::tree::{Text, Unknown};

impl Run {
    pub(super) fn pipe(&mut self, frame: &mut Frame<'_>, dot: &Value, pipe: &Pipe) -> Done<Value> {
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(frame, dot, command, value.take(), &pipe.at)?);
        }
        let value = value.unwrap_or(Value::NIL);
        for name in &pipe.variables {
            if !pipe.assigns {
                frame.variables.push((name.clone(), value.clone()));
            } else if !assign(frame, name, &value) {
                return self.fail(frame, &pipe.at, format!("undefined variable ${name}").into());
            }
        }
        Ok(value)
    }

    fn command(
        &mut self,
        frame: &mut Frame<'_>,
        dot: &Value,
        command: &Command,
        last: Option<Value>,
        action: &Range<u32>,
    ) -> Done<Value> {
        if let Err(wrong) = self.step() {
            return self.fail(frame, action, wrong);
        }
        let Some((first, rest)) = command.split_first() else { return Ok(last.unwrap_or(Value::NIL)) };
        match first {
            Operand::Function(name, function) => {
                let Some(function) = function else {
                    return self.fail(frame, action, format!("function {name:?} is not known").into());
                };
                self.call(frame, dot, *function, rest, last, action)
            }
            Operand::Field(names) | Operand::Variable(_, names) | Operand::Chain(_, names) if !names.is_empty() => {
                let receiver = match first {
                    Operand::Field(_) => dot.clone(),
                    Operand::Variable(name, _) => self.variable(frame, name, action)?,
                    Operand::Chain(inner, _) => self.operand(frame, dot, inner, action)?,
                    _ => Value::NIL,
                };
                let arguments = self.arguments(frame, dot, rest, last, action)?;
                self.fields(frame, receiver, names, &arguments, action)
            }
            _ if rest.is_empty() && last.is_none() => self.operand(frame, dot, first, action),
            _ => self.fail(frame, action, "can't give argument to non-function".into()),
        }
    }

    fn arguments(
        &mut self,
        frame: &mut Frame<'_>,
        dot: &Value,
        operands: &[Operand],
        last: Option<Value>,
        action: &Range<u32>,
    ) -> Done<Vec<Value>> {
        let mut arguments = Vec::with_capacity(operands.len() + 1);
        for operand in operands {
            arguments.push(self.operand(frame, dot, operand, action)?);
        }
        arguments.extend(last);
        Ok(arguments)
    }

    fn call(
        &mut self,
        frame: &mut Frame<'_>,
        dot: &Value,
        function: Function,
        operands: &[Operand],
        last: Option<Value>,
        action: &Range<u32>,
    ) -> Done<Value> {
        if let Some(stops_at) = function.lazy {
            return self.lazy(frame, dot, stops_at, operands, last, action);
        }
        let arguments = self.arguments(frame, dot, operands, last, action)?;
        let name = function.name;
        let count = arguments.len();
        if count < function.least || count > function.most {
            let message = format!("wrong number of args for {name}: want {} got {count}", function.least);
            return self.fail(frame, action, message.into());
        }
        if let Err(wrong) = self.steps(arguments.iter().map(effort).sum()) {
            return self.fail(frame, action, wrong);
        }
        if !function.keeps
            && let Some(uncertain) = arguments.iter().find(|argument| argument.is_uncertain())
        {
            return Ok(self.uncertain(uncertain));
        }
        let result = (function.call)(self, &arguments).and_then(|value| {
            self.take_bytes(shallow(&value))?;
            Ok(value)
        });
        match result {
            Ok(value) => Ok(value),
            Err(Wrong::Message(message)) => self.fail(frame, action, format!("error calling {name}: {message}").into()),
            Err(wrong) => self.fail(frame, action, wrong),
        }
    }

    /// What is computed of something unknown: unknown, for the same reason.
    pub(super) fn uncertain(&mut self, value: &Value) -> Value {
        if matches!(value.kind, Kind::Unknown(_)) {
            return value.clone();
        }
        let number = value.as_text().and_then(first_marker);
        let unknown = number.and_then(|number| self.origins.why(number).cloned());
        let unknown = unknown.unwrap_or_else(|| Unknown::new("made of something unknown", "", None));
        Kind::Unknown(self.origins.unknown(unknown)).into()
    }

    /// `and` and `or`: the first argument that decides, the others are not evaluated.
    fn lazy(
        &mut self,
        frame: &mut Frame<'_>,
        dot: &Value,
        stops_at: bool,
        operands: &[Operand],
        last: Option<Value>,
        action: &Range<u32>,
    ) -> Done<Value> {
        let mut value = None;
        for operand in operands {
            let next = self.operand(frame, dot, operand, action)?;
            match self.decide(&next) {
                Ok(truth) if truth == stops_at => return Ok(next),
                Ok(_) => value = Some(next),
                Err(wrong) => return self.fail(frame, action, wrong),
            }
        }
        match last.or(value) {
            Some(value) => Ok(value),
            None => self.fail(frame, action, "wrong number of args for and/or: want at least 1 got 0".into()),
        }
    }

    fn operand(&mut self, frame: &mut Frame<'_>, dot: &Value, operand: &Operand, action: &Range<u32>) -> Done<Value> {
        Ok(match operand {
            Operand::Dot => dot.clone(),
            Operand::Nil => Value::NIL,
            Operand::Bool(value) => Kind::Bool(*value).into(),
            Operand::Int(value) => Kind::Int(*value).into(),
            Operand::Float(value) => Kind::Float(*value).into(),
            Operand::Text(text) => Value::text(text.as_str()),
            Operand::Field(names) => return self.fields(frame, dot.clone(), names, &[], action),
            Operand::Variable(name, names) => {
                let value = self.variable(frame, name, action)?;
                return self.fields(frame, value, names, &[], action);
            }
            Operand::Chain(inner, names) => {
                let value = self.operand(frame, dot, inner, action)?;
                return self.fields(frame, value, names, &[], action);
            }
            Operand::Function(name, Some(function)) => {
                let _ = name;
                return self.call(frame, dot, *function, &[], None, action);
            }
            Operand::Function(name, None) => {
                return self.fail(frame, action, format!("function {name:?} is not known").into());
            }
            Operand::Pipe(pipe) => {
                let mark = frame.variables.len();
                let value = self.pipe(frame, dot, pipe)?;
                frame.variables.truncate(mark);
                value
            }
        })
    }

    fn variable(&mut self, frame: &Frame<'_>, name: &str, action: &Range<u32>) -> Done<Value> {
        match frame.variables.iter().rev().find(|(known, _)| known == name) {
            Some((_, value)) => Ok(value.clone()),
            None => self.fail(frame, action, format!("undefined variable \"${name}\"").into()),
        }
    }

    /// Steps through fields; the last one may be a method with arguments.
    ///
    /// A field of a `nil` that another field gave is an error; one of a `nil` that the chain starts with is `nil`, which
    /// is why charts write `((.Values.a).b).c`.
    fn fields(
        &mut self,
        frame: &Frame<'_>,
        receiver: Value,
        names: &[Text],
        arguments: &[Value],
        action: &Range<u32>,
    ) -> Done<Value> {
        let mut value = receiver;
        if value.is_nil() {
            return Ok(value);
        }
        for (index, name) in names.iter().enumerate() {
            let given = if index + 1 == names.len() { arguments } else { &[] };
            value = match &value.kind {
                Kind::Map(map) => {
                    if !given.is_empty() {
                        return self.fail(frame, action, format!("{name} is not a method but has arguments").into());
                    }
                    map.borrow().get(name.as_str()).cloned().unwrap_or(Value::NIL)
                }
                Kind::Object(object) => {
                    if let Some(value) = object.call(name, given) {
                        if let Err(wrong) = self.take_bytes(shallow(&value)) {
                            return self.fail(frame, action, wrong);
                        }
                        value
                    } else {
                        let message = format!("can't evaluate field {name} in type {}", object.type_name());
                        return self.fail(frame, action, message.into());
                    }
                }
                Kind::Unknown(_) => value.clone(),
                Kind::Nil if self.open && names.first().is_some_and(|first| first == "Values") => {
                    let reason = format!("`.{}` is given when the chart is installed", names.join("."));
                    let remedy = "write it into the values of production";
                    return Ok(Kind::Unknown(self.origins.unknown(Unknown::new(reason, remedy, None))).into());
                }
                Kind::Nil => {
                    let message = format!("{NIL_POINTER} evaluating interface {{}}.{name}");
                    return self.fail(frame, action, message.into());
                }
                _ => {
                    let message = format!("can't evaluate field {name} in type {}", format::type_name(&value));
                    return self.fail(frame, action, message.into());
                }
            };
        }
        Ok(value)
    }
}

/// How many steps it takes to look at an argument once.
pub(super) fn effort(value: &Value) -> u64 {
    let size = match &value.kind {
        Kind::Text(text) => text.len() / 256,
        Kind::Traced(traced) => traced.weight() / 256,
        Kind::List(items) => items.len() / 16,
        Kind::Map(map) => map.borrow().len() / 16,
        _ => 0,
    };
    size as u64
}

/// About how much memory a result takes, of which its items may be shared.
fn shallow(value: &Value) -> usize {
    match &value.kind {
        Kind::Text(text) => text.len(),
        Kind::Traced(traced) => traced.weight(),
        Kind::List(items) => items.len() * size_of::<Value>(),
        _ => size_of::<Value>(),
    }
}

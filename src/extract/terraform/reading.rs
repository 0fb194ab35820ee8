//! One fact of a resource, read as the table says.

use crate::model::{Fact, State};
use crate::resolve::terraform::{blocks, step};
use crate::source::Span;
use crate::tree::{Node, Unknown, Value};

use super::providers::{Combine, Reading, Unit};

/// What the table can make of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Bool(bool),
    Number(f64),
}

impl Answer {
    /// As a boolean; a number is true when it is not 0.
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Bool(value) => *value,
            Self::Number(value) => *value != 0.0,
        }
    }

    /// As a number, when it is one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Bool(_) => None,
        }
    }
}

/// A fact, and whether the file says it itself, rather than the documentation.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) fact: Fact<Answer>,
    pub(super) said: bool,
}

/// A boolean, also one written as a string.
pub(super) fn as_bool(node: &Node) -> Option<bool> {
    match &node.value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        _ => None,
    }
}

/// A number, also one written as a string.
pub(super) fn as_number(node: &Node) -> Option<f64> {
    node.as_number().or_else(|| node.as_str()?.trim().parse().ok().filter(|number: &f64| number.is_finite()))
}

/// Whether an attribute counts as set: not null, `""`, 0, false or empty.
fn is_set(node: &Node) -> bool {
    match &node.value {
        Value::Null | Value::Bool(false) | Value::Int(0) => false,
        Value::String(text) => !text.is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Map(map) => !map.entries.is_empty(),
        _ => true,
    }
}

/// Reads a fact of a body whose head is at `head`. Absent: nothing says it, and nothing is documented.
pub(super) fn read(body: &Node, reading: &Reading, head: Span) -> Told {
    let told = if !reading.any.is_empty() {
        any(body, reading, head)
    } else if let Some(kind) = &reading.each {
        each(body, reading, kind, head)
    } else if let Some(path) = &reading.path {
        at(body, reading, path, head)
    } else {
        Told { fact: Fact::absent(head), said: false }
    };
    match (&told.fact.state, reading.default.as_ref().and_then(|default| constant(default, reading.unit))) {
        (State::Absent, Some(default)) => {
            Told { fact: Fact::known(default, told.fact.span.or(Some(head))), said: false }
        }
        _ => told,
    }
}

/// A constant of the table. `"unknown"` is none.
fn constant(value: &toml::Value, unit: Option<Unit>) -> Option<Answer> {
    #[allow(clippy::cast_precision_loss, reason = "numbers of the table are small")]
    match value {
        toml::Value::Boolean(value) => Some(Answer::Bool(*value)),
        toml::Value::Integer(value) => Some(Answer::Number(*value as f64)),
        toml::Value::Float(value) => Some(Answer::Number(*value)),
        toml::Value::String(text) if unit.is_some() => days(text).map(Answer::Number),
        _ => None,
    }
}

fn any(body: &Node, reading: &Reading, head: Span) -> Told {
    let mut fallback = Told { fact: Fact::absent(head), said: false };
    for part in &reading.any {
        let told = read(body, part, head);
        match (&told.fact.state, reading.combine) {
            (State::Absent, _) => {}
            (_, None) => return told,
            (State::Known(answer), Some(Combine::Or)) if answer.truth() => return told,
            // An unknown may be true, so it weighs more than what is false; what is said more than what is left out.
            (State::Unknown(_), Some(Combine::Or)) => fallback = told,
            (State::Known(_), Some(Combine::Or)) => {
                let stronger =
                    fallback.fact.is_absent() || told.said && !fallback.said && fallback.fact.reason().is_none();
                if stronger {
                    fallback = told;
                }
            }
        }
    }
    fallback
}

fn each(body: &Node, reading: &Reading, kind: &str, head: Span) -> Told {
    let (container, name) = kind.rsplit_once('.').map_or((Some(body), kind), |(path, name)| (step(body, path), name));
    let all = container.map_or(&[][..], |container| blocks(container, name));
    let fits = |block: &&Node| {
        let has = |(path, wanted): (&String, &toml::Value)| {
            let wanted = wanted.as_str().map_or_else(|| wanted.to_string(), str::to_owned);
            step(block, path).and_then(Node::scalar).is_some_and(|found| found == wanted.as_str())
        };
        let free = |path: &String| {
            step(block, path).is_none_or(|node| match &node.value {
                Value::Null => true,
                Value::String(text) => text.is_empty(),
                Value::Map(map) => map.entries.is_empty(),
                Value::List(items) => items.iter().all(|item| item.entries().is_empty() && item.as_map().is_some()),
                _ => false,
            })
        };
        reading.having.iter().all(has) && reading.unless_set.iter().all(free)
    };
    if let Some(unknown) = all.iter().find(|block| block.as_unknown().is_some()) {
        return Told { fact: Fact::read(unknown, |_| None), said: true };
    }
    let fitting: Vec<&Node> = all.iter().filter(fits).collect();
    if reading.count {
        return counted(fitting.len(), reading, fitting.first().map_or(head, |block| block.span), !fitting.is_empty());
    }
    let mut least: Option<Told> = None;
    for block in fitting {
        let Some(path) = &reading.path else { continue };
        let told = at(block, reading, path, block.span);
        let smaller = match (told.fact.value().and_then(Answer::number), least.as_ref().map(|so_far| &so_far.fact)) {
            (_, None) => true,
            (Some(number), Some(so_far)) => so_far.value().and_then(Answer::number).is_none_or(|least| number < least),
            (None, Some(_)) => false,
        };
        if smaller && !told.fact.is_absent() {
            least = Some(told);
        }
    }
    least.unwrap_or(Told { fact: Fact::absent(head), said: false })
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn counted(count: usize, reading: &Reading, span: Span, said: bool) -> Told {
    let answer = match reading.at_least {
        Some(least) => Answer::Bool(count as f64 >= least),
        None => Answer::Number(count as f64),
    };
    Told { fact: Fact::known(answer, span), said }
}

fn at(body: &Node, reading: &Reading, path: &str, head: Span) -> Told {
    let found = step(body, path);
    if reading.present && found.is_none_or(|node| !is_set(node)) {
        let span = found.map_or(head, |node| node.span);
        return Told { fact: Fact::known(Answer::Bool(false), span), said: found.is_some_and(|node| !node.is_null()) };
    }
    let Some(node) = found.filter(|node| !node.is_null()) else {
        return Told { fact: Fact::absent(head), said: false };
    };
    if reading.present {
        // Blocks of which it is not known whether there are any.
        let open = match node.items() {
            [first, rest @ ..] if rest.iter().chain([first]).all(|item| item.as_unknown().is_some()) => first,
            _ => node,
        };
        // Whether something unknown is set is not known either, unless it cannot be null.
        if open.as_unknown().is_some_and(|unknown| unknown.set) {
            return Told { fact: Fact::read(&known(open), |_| Some(Answer::Bool(true))), said: true };
        }
        return Told { fact: Fact::read(open, |_| Some(Answer::Bool(true))), said: true };
    }
    if reading.count && node.as_unknown().is_none() {
        let count = if node.items().is_empty() { node.entries().len() } else { node.items().len() };
        return counted(count, reading, node.span, true);
    }
    Told { fact: Fact::read(node, |node| answer(node, reading)), said: true }
}

/// The node without its unknown value, to keep its places.
fn known(node: &Node) -> Node {
    Node { value: Value::Bool(true), ..node.clone() }
}

fn answer(node: &Node, reading: &Reading) -> Option<Answer> {
    if !reading.values.is_empty() {
        let key = node.scalar();
        let value = key.and_then(|key| reading.values.get(key.as_str())).or_else(|| reading.values.get("*"))?;
        return constant(value, reading.unit);
    }
    if let Some(unit) = reading.unit {
        let number = as_number(node).map(|number| number * unit.days()).or_else(|| days(node.as_str()?))?;
        return Some(Answer::Number(number + reading.add.unwrap_or(0.0)));
    }
    match as_bool(node) {
        Some(value) => Some(Answer::Bool(value)),
        None => as_number(node).map(|number| Answer::Number(number + reading.add.unwrap_or(0.0))),
    }
}

/// A duration written out, in days: `7d`, `168h`, `72h0m0s`, `604800s`, `P7D`, `P7DT12H`, `P4M` (months of 30 days).
pub(super) fn days(text: &str) -> Option<f64> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let body = lower.strip_prefix('p').unwrap_or(&lower);
    // In ISO 8601 an `M` before the `T` is a month.
    let mut months = body.len() < lower.len();
    let (mut total, mut digits, mut any) = (0.0, String::new(), false);
    let mut units = body.chars().peekable();
    while let Some(character) = units.next() {
        match character {
            '0'..='9' | '.' => digits.push(character),
            't' if digits.is_empty() => months = false,
            _ => {
                let milliseconds = character == 'm' && units.next_if_eq(&'s').is_some();
                let unit = match character {
                    _ if milliseconds => 1.0 / 86_400_000.0,
                    'y' => 365.0,
                    'w' => 7.0,
                    'd' => 1.0,
                    'h' => 1.0 / 24.0,
                    'm' if months => 30.0,
                    'm' => 1.0 / 1440.0,
                    's' => 1.0 / 86_400.0,
                    _ => return None,
                };
                total += digits.parse::<f64>().ok()? * unit;
                digits.clear();
                any = true;
            }
        }
    }
    (any && digits.is_empty()).then_some(total)
}

/// A fact that the table lists without saying what an absent attribute means.
pub(super) fn undocumented<T>(path: &str, span: Option<Span>) -> Fact<T> {
    let reason = format!("`{path}` is left to the provider");
    Fact { span, ..Fact::unknown(Unknown::new(reason, "set it, or pass a plan", span)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_days() {
        for (text, expected) in [
            ("7d", 7.0),
            ("168h", 7.0),
            ("72h0m0s", 3.0),
            ("604800s", 7.0),
            ("P7D", 7.0),
            ("PT12H", 0.5),
            ("PT30M", 1.0 / 48.0),
            ("P4M", 120.0),
            ("P1Y", 365.0),
            ("30m", 1.0 / 48.0),
        ] {
            assert!((days(text).unwrap() - expected).abs() < 1e-9, "{text}");
        }
        assert_eq!(days("soon"), None);
        assert_eq!(days("7"), None);
    }
}

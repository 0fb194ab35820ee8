//! Values → the tree that extractors read. Uses `source` and `tree`.
//!
//! What cannot be evaluated becomes unknown where it stands, and the rest is read all the same.

use super::machine::{Machine, Result};
use super::value::{Function, Made, ObjectId, Stop, ThunkId, Value as Own};
use crate::source::Span;
use crate::tree::{Entry, Map, Node, Value};

/// Fields of mixins that hold their alerts and recordings, hidden as they may be:
/// <https://monitoring.mixins.dev/#mixin-schema>
const MIXIN: &[&str] = &["prometheusAlerts", "prometheusRules"];

/// The field of mixins that holds their dashboards.
const DASHBOARDS: &str = "grafanaDashboards";

/// What a file is evaluated for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// For its alerts.
    pub(super) alerts: bool,
    /// For its dashboards.
    pub(super) dashboards: bool,
}

/// Beginnings of the names of fields that hold no alerts and are costly to evaluate.
const OTHERS: &[&str] = &["grafana", "dashboard", "_"];

/// Why a part is unknown.
pub(super) struct Missing {
    /// As a sentence part.
    pub(super) what: String,
    /// Where it was noticed.
    pub(super) span: Option<Span>,
}

/// What an evaluation gave.
#[derive(Default)]
pub(super) struct Output {
    /// The value; none where it is a function that waits for arguments.
    pub(super) node: Option<Node>,
    /// Why parts of it are unknown that may hold alerts, each reason once.
    pub(super) missing: Vec<Missing>,
    /// How many parts of dashboards are unknown.
    pub(super) undrawn: usize,
    /// What it is evaluated for.
    wanted: Wanted,
    /// Where what does not know its place stands.
    fallback: Span,
}

impl Output {
    /// Writes out the value of a file.
    pub(super) fn of(machine: &mut Machine<'_, '_>, file: ThunkId, wanted: Wanted, fallback: Span) -> Self {
        let mut output = Self { wanted, fallback, ..Self::default() };
        match machine.force(file).and_then(|made| called(machine, made)) {
            Ok(Some(made)) => output.node = Some(output.top(machine, &made)),
            Ok(None) => {}
            Err(stop) => {
                output.unknown(&stop, fallback);
            }
        }
        for stop in std::mem::take(&mut machine.missing) {
            output.unknown(&stop, fallback);
        }
        output
    }

    /// There is no value at all.
    pub(super) fn failed(stop: &Stop) -> Self {
        Self { missing: vec![Missing { what: stop.0.what.clone(), span: stop.0.span }], ..Self::default() }
    }

    fn top<'p>(&mut self, machine: &mut Machine<'p, '_>, made: &Made<'p>) -> Node {
        if let Own::Object(object) = made.value {
            let names: Vec<_> = MIXIN.iter().map(|name| machine.name(name)).collect();
            let drawn = Some(machine.name(DASHBOARDS)).filter(|_| self.wanted.dashboards);
            let has = |machine: &mut Machine<'p, '_>, name| machine.has(object, name, usize::MAX, true);
            let (alerts, dashboards) = (has(machine, names[0]), drawn.filter(|name| has(machine, *name)));
            if alerts || dashboards.is_some() {
                let mut node = self.fields(machine, object, names, made.span);
                if let Some(drawn) = dashboards {
                    // Last, since what they take is not for alerts to lack; nor do they hide any.
                    self.wanted.alerts = false;
                    let drawn = self.fields(machine, object, vec![drawn], made.span);
                    if let (Value::Map(map), Value::Map(more)) = (&mut node.value, drawn.value) {
                        map.entries.extend(more.entries);
                    }
                }
                return node;
            }
        }
        self.value(machine, made)
    }

    fn value<'p>(&mut self, machine: &mut Machine<'p, '_>, made: &Made<'p>) -> Node {
        let span = self.place(made.span);
        let node = |value| Node::new(value, span);
        match &made.value {
            Own::Null | Own::Function(_) => node(Value::Null),
            Own::Bool(truth) => node(Value::Bool(*truth)),
            #[allow(clippy::cast_possible_truncation, reason = "whole and small")]
            Own::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => node(Value::Int(*number as i64)),
            Own::Number(number) => node(Value::Float(*number)),
            Own::String(text) if text.of.is_empty() => Node::string(text.text.as_str(), span),
            Own::String(text) => self.list(machine, &text.of, span),
            Own::Array(items) => self.list(machine, items, span),
            Own::Object(object) => match machine.fields(*object, false) {
                Ok(mut names) => {
                    if self.wanted.alerts {
                        names.retain(|name| !OTHERS.iter().any(|other| name.value().starts_with(other)));
                    }
                    self.fields(machine, *object, names, span)
                }
                Err(stop) => self.unknown(&stop, span),
            },
        }
    }

    fn list(&mut self, machine: &mut Machine<'_, '_>, items: &[ThunkId], span: Span) -> Node {
        let items = items.iter().map(|item| self.part(machine, *item, span)).collect();
        Node::new(Value::List(items), span)
    }

    fn fields<'p>(
        &mut self,
        machine: &mut Machine<'p, '_>,
        object: ObjectId,
        names: Vec<super::value::Name<'p>>,
        span: Span,
    ) -> Node {
        let mut entries = Vec::with_capacity(names.len());
        for name in names {
            let Some(thunk) = machine.ask(object, name, usize::MAX) else { continue };
            let key_span = self.place(machine.place_of(object, name));
            let value = self.part(machine, thunk, key_span);
            entries.push(Entry { key: name.value().into(), key_span, value });
        }
        Node::new(Value::Map(Map { entries }), self.place(span))
    }

    fn part(&mut self, machine: &mut Machine<'_, '_>, thunk: ThunkId, span: Span) -> Node {
        let made = machine.charge(1).and_then(|()| machine.force(thunk));
        match made.and_then(|made| machine.deeper(|machine| Ok(self.value(machine, &made)))) {
            Ok(node) => node,
            Err(stop) => self.unknown(&stop, span),
        }
    }

    fn unknown(&mut self, stop: &Stop, span: Span) -> Node {
        if !self.wanted.alerts {
            self.undrawn += 1;
        } else if self.missing.iter().all(|known| known.what != stop.0.what) {
            self.missing.push(Missing { what: stop.0.what.clone(), span: stop.0.span });
        }
        Node::unknown(
            stop.0.what.as_str(),
            "commit what it is rendered to, or vendor what it imports",
            self.place(span),
        )
    }

    /// Values that the library makes have no place of their own.
    fn place(&self, span: Span) -> Span {
        if span == Span::default() { self.fallback } else { span }
    }
}

/// A function at the top is called without arguments, as the command line does; none where it needs some.
fn called<'p>(machine: &mut Machine<'p, '_>, made: Made<'p>) -> Result<Option<Made<'p>>> {
    let Own::Function(function) = &made.value else { return Ok(Some(made)) };
    match &**function {
        Function::Written { params, .. } if params.iter().all(|param| param.default_value.is_some()) => {
            machine.call(function, Vec::new(), Vec::new(), made.span).map(Some)
        }
        _ => Ok(None),
    }
}

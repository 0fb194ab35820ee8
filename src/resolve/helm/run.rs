//! Executes templates as Go's text/template does, writing text that remembers where it came from.
//!
//! Everything is bounded: steps, nesting, and the bytes that are made. A template that asks for more fails, and the
//! failure names its place.

mod expression;

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use regex::Regex;

use self::expression::effort;
use super::format;
use super::functions;
use super::template::{Branch, Node, Parsed, Pipe};
use super::trace::{OriginId, Origins, Place, Traced};
use super::value::{Fields, Kind, Value};
use crate::source::{SourceId, Span};
use crate::tree::Text;

/// What a rendering may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Parts of templates that may be executed, rounds and calls counted each.
    pub(super) steps: u64,
    /// Bytes of text and values that may be made.
    pub(super) bytes: usize,
    /// How deep `include`, `template` and `tpl` may nest.
    pub(super) depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 20_000_000, bytes: 256 << 20, depth: 100 }
    }
}

/// Why a template could not be executed, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    /// What went wrong.
    pub(super) message: String,
    /// The action, when it stands in a file.
    pub(super) span: Option<Span>,
}

/// What stops the execution of a list of nodes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stop {
    /// `{{ break }}`
    Break,
    /// `{{ continue }}`
    Continue,
    /// An error.
    Failed(Box<Failure>),
}

/// What is wrong with a call: a message, to be placed at the call, or an error from within it.
#[derive(Debug)]
pub(super) enum Wrong {
    /// A message.
    Message(String),
    /// An error with its place.
    Failed(Box<Failure>),
}

/// How Helm says that a value which is asked for a field is not there.
const NIL_POINTER: &str = "nil pointer";

impl Wrong {
    /// Whether a value was missing that was asked for a field.
    pub(super) fn is_for_want_of_a_value(&self) -> bool {
        match self {
            Self::Message(message) => message.contains(NIL_POINTER),
            Self::Failed(failure) => failure.message.contains(NIL_POINTER),
        }
    }
}

impl From<String> for Wrong {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

impl From<&str> for Wrong {
    fn from(message: &str) -> Self {
        Self::Message(message.to_owned())
    }
}

/// The text that a template's offsets count in.
#[derive(Clone, Debug)]
pub(super) enum Script {
    /// A file.
    File(SourceId, Arc<str>),
    /// A text made by a template, executed by `tpl`.
    Made(Rc<Traced>),
}

impl Script {
    fn span(&self, origins: &Origins, range: &Range<u32>) -> Option<Span> {
        match self {
            Self::File(source, _) => Some(Span { source: *source, start: range.start, end: range.end }),
            Self::Made(text) => match text.place_at(range.start as usize) {
                Place::File { source, at, .. } => {
                    Some(Span { source, start: at, end: at.saturating_add(range.end - range.start) })
                }
                Place::Value(id) | Place::Settled(id) => origins.get(id).map(|origin| origin.span),
                Place::Nowhere => None,
            },
        }
    }
}

/// A template that can be executed by its name.
#[derive(Clone, Debug)]
struct Definition {
    parsed: Arc<Parsed>,
    /// Which of the definitions; the root where there is none.
    index: Option<usize>,
    script: Script,
}

/// A template under execution.
struct Frame<'f> {
    script: &'f Script,
    variables: Vec<(Text, Value)>,
    /// What made the text be written: the item of a loop.
    because: OriginId,
}

/// One rendering: the templates, what has been learnt of origins, and what may still be used.
pub(super) struct Run {
    /// The origins of everything.
    pub(super) origins: Origins,
    templates: IndexMap<Text, Definition>,
    /// Regular expressions that were compiled, by their text.
    pub(super) patterns: BTreeMap<String, Regex>,
    limits: Limits,
    depth: usize,
    /// Whether values that are missing may be given when the chart is installed.
    pub(super) open: bool,
}

type Done<T> = Result<T, Stop>;

impl Run {
    /// A rendering without templates.
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            origins: Origins::default(),
            templates: IndexMap::new(),
            patterns: BTreeMap::new(),
            limits,
            depth: 0,
            open: false,
        }
    }

    /// Makes a file's templates known: its own under its name, and what it defines.
    pub(super) fn define(&mut self, name: &str, parsed: &Arc<Parsed>, script: &Script) {
        let define = |index| Definition { parsed: parsed.clone(), index, script: script.clone() };
        for (index, (defined, body)) in parsed.defined.iter().enumerate() {
            // An empty definition does not replace one that is there.
            let is_empty = body
                .iter()
                .all(|node| matches!(node, Node::Text(range) if script_text(script, range).trim().is_empty()));
            if !is_empty || !self.templates.contains_key(defined) {
                self.templates.insert(defined.clone(), define(Some(index)));
            }
        }
        self.templates.insert(name.into(), define(None));
    }

    /// Executes a template.
    pub(super) fn execute(&mut self, name: &str, data: &Value) -> Result<Traced, Wrong> {
        let Some(definition) = self.templates.get(name).cloned() else {
            return Err(format!("template {name:?} not defined").into());
        };
        let body = match definition.index {
            None => &definition.parsed.root,
            Some(index) => &definition.parsed.defined[index].1,
        };
        self.body(body, &definition.script, data)
    }

    fn body(&mut self, body: &[Node], script: &Script, data: &Value) -> Result<Traced, Wrong> {
        if self.depth >= self.limits.depth {
            return Err(format!("templates call each other more than {} levels deep", self.limits.depth).into());
        }
        self.depth += 1;
        let mut out = Traced::default();
        let variables = vec![(Text::default(), data.clone())];
        let mut frame = Frame { script, variables, because: OriginId::NONE };
        let done = self.nodes(&mut frame, data, body, &mut out);
        self.depth -= 1;
        match done {
            Ok(()) | Err(Stop::Break | Stop::Continue) => Ok(out),
            Err(Stop::Failed(failure)) => Err(Wrong::Failed(failure)),
        }
    }

    /// Executes a text as a template: `tpl`.
    pub(super) fn execute_text(&mut self, text: &Value, data: &Value) -> Result<Traced, Wrong> {
        let traced = match &text.kind {
            Kind::Traced(traced) => traced.clone(),
            _ => Rc::new(Traced::of(text.to_text(), Place::Settled(text.origin))),
        };
        if !traced.text.contains("{{") {
            return Ok((*traced).clone());
        }
        self.take_bytes(traced.weight() * 2)?;
        let script = Script::Made(traced.clone());
        let parsed = super::template::parse(&traced.text).map_err(|error| {
            let at = u32::try_from(error.at).unwrap_or(u32::MAX);
            let span = script.span(&self.origins, &(at..at));
            Wrong::Failed(Box::new(Failure { message: format!("cannot parse template: {}", error.message), span }))
        })?;
        let parsed = Arc::new(parsed);
        // What such a text defines is known to it alone.
        let before = (!parsed.defined.is_empty()).then(|| self.templates.clone());
        self.steps(before.as_ref().map_or(0, |before| before.len() as u64))?;
        if before.is_some() {
            self.define("", &parsed, &script);
        }
        let done = self.body(&parsed.root, &script, data);
        if let Some(before) = before {
            self.templates = before;
        }
        done.map(without_no_value)
    }

    /// Takes bytes from what may be made.
    pub(super) fn take_bytes(&mut self, bytes: usize) -> Result<(), Wrong> {
        match self.limits.bytes.checked_sub(bytes) {
            Some(left) => {
                self.limits.bytes = left;
                Ok(())
            }
            None => Err("the rendering becomes too large".into()),
        }
    }

    /// Takes one of the steps that may be taken.
    fn step(&mut self) -> Result<(), Wrong> {
        self.steps(1)
    }

    fn steps(&mut self, steps: u64) -> Result<(), Wrong> {
        match self.limits.steps.checked_sub(steps) {
            Some(left) => {
                self.limits.steps = left;
                Ok(())
            }
            None => Err("the rendering takes too many steps".into()),
        }
    }

    /// Places an error at a part of the template, unless it has a place already.
    fn fail<T>(&self, frame: &Frame<'_>, at: &Range<u32>, wrong: Wrong) -> Done<T> {
        Err(Stop::Failed(match wrong {
            Wrong::Message(message) => Box::new(Failure { message, span: frame.script.span(&self.origins, at) }),
            Wrong::Failed(mut failure) => {
                failure.span = failure.span.or_else(|| frame.script.span(&self.origins, at));
                failure
            }
        }))
    }

    fn nodes(&mut self, frame: &mut Frame<'_>, dot: &Value, nodes: &[Node], out: &mut Traced) -> Done<()> {
        for node in nodes {
            if let Err(wrong) = self.step() {
                return self.fail(frame, &(0..0), wrong);
            }
            match node {
                Node::Text(range) => self.text(frame, range, out)?,
                Node::Action(pipe) => {
                    let value = self.pipe(frame, dot, pipe)?;
                    if pipe.variables.is_empty() {
                        self.print(frame, &pipe.at, &value, out)?;
                    }
                }
                Node::If(branch) => self.branch(frame, dot, branch, false, out)?,
                Node::With(branch) => self.branch(frame, dot, branch, true, out)?,
                Node::Range(branch) => self.range(frame, dot, branch, out)?,
                Node::Template { at, name, pipe } => {
                    let data = match pipe {
                        Some(pipe) => self.pipe(frame, dot, pipe)?,
                        None => Value::NIL,
                    };
                    match self.execute(name, &data) {
                        Ok(text) => self.print(frame, at, &Value::traced(text), out)?,
                        Err(wrong) => return self.fail(frame, at, wrong),
                    }
                }
                Node::Break => return Err(Stop::Break),
                Node::Continue => return Err(Stop::Continue),
            }
        }
        Ok(())
    }

    fn text(&mut self, frame: &Frame<'_>, range: &Range<u32>, out: &mut Traced) -> Done<()> {
        if let Err(wrong) = self.take_bytes((range.end - range.start) as usize) {
            return self.fail(frame, range, wrong);
        }
        match frame.script {
            Script::File(source, text) => {
                let place = Place::File { source: *source, at: range.start, via: frame.because };
                out.push(text.get(range.start as usize..range.end as usize).unwrap_or_default(), place);
            }
            Script::Made(text) => out.push_part(text, range.start as usize..range.end as usize),
        }
        Ok(())
    }

    /// Writes a value's text where an action prints it.
    ///
    /// A text of one line is put at the action, because of the values that it is made of. A block of lines (what
    /// `include` and `toYaml` give) keeps its own places.
    fn print(&mut self, frame: &Frame<'_>, at: &Range<u32>, value: &Value, out: &mut Traced) -> Done<()> {
        let action = frame.script.span(&self.origins, at);
        if let Kind::Traced(traced) = &value.kind {
            if let Err(wrong) = self.take_bytes(traced.weight()) {
                return self.fail(frame, at, wrong);
            }
            if traced.text.contains('\n') {
                let kept = traced.with_places(|place| self.kept(place, action));
                out.push_part(&kept, 0..kept.text.len());
                return Ok(());
            }
        }
        let cause = functions::cause(&mut self.origins, std::slice::from_ref(value));
        let cause = self.origins.join(cause, frame.because);
        let place = action.map_or(Place::Settled(cause), |action| Place::Settled(self.origins.because(action, cause)));
        let text = match &value.kind {
            Kind::Nil => NO_VALUE.into(),
            _ => value.to_text(),
        };
        if let Err(wrong) = self.take_bytes(text.len()) {
            return self.fail(frame, at, wrong);
        }
        out.push(&text, place);
        Ok(())
    }

    /// The place of a piece in a block of lines, printed by an action.
    fn kept(&mut self, place: Place, action: Option<Span>) -> Place {
        match (place, action) {
            (Place::Settled(id), _) if !id.is_none() => place,
            (Place::Nowhere | Place::Settled(_), Some(action)) => {
                Place::Settled(self.origins.because(action, OriginId::NONE))
            }
            (Place::Value(id), Some(action)) => Place::Settled(self.origins.because(action, id)),
            (Place::File { source, at, via }, Some(action)) => {
                let call = self.origins.because(action, OriginId::NONE);
                Place::File { source, at, via: if via.is_none() { call } else { self.origins.join(via, call) } }
            }
            (place, None) => place,
        }
    }

    fn branch(
        &mut self,
        frame: &mut Frame<'_>,
        dot: &Value,
        branch: &Branch,
        is_with: bool,
        out: &mut Traced,
    ) -> Done<()> {
        let mark = frame.variables.len();
        let value = self.pipe(frame, dot, &branch.pipe)?;
        let done = match self.decide(&value) {
            Err(wrong) => self.fail(frame, &branch.pipe.at, wrong),
            Ok(true) if is_with => self.nodes(frame, &value, &branch.then, out),
            Ok(true) => self.nodes(frame, dot, &branch.then, out),
            Ok(false) => self.nodes(frame, dot, &branch.otherwise, out),
        };
        frame.variables.truncate(mark);
        done
    }

    /// Whether a value is true; an error where that depends on something unknown.
    pub(super) fn decide(&self, value: &Value) -> Result<bool, Wrong> {
        match &value.kind {
            Kind::Unknown(number) => {
                let reason = self.origins.why(*number).map_or("a value that is not known", |why| &why.reason);
                Err(format!("what is rendered depends on something unknown: {reason}").into())
            }
            _ => Ok(value.is_true()),
        }
    }

    fn range(&mut self, frame: &mut Frame<'_>, dot: &Value, branch: &Branch, out: &mut Traced) -> Done<()> {
        let mark = frame.variables.len();
        let value = self.pipe(frame, dot, &branch.pipe)?;
        if let Err(wrong) = self.steps(effort(&value)) {
            return self.fail(frame, &branch.pipe.at, wrong);
        }
        let rounds: Vec<(Value, Value)> = match &value.kind {
            Kind::Nil => Vec::new(),
            Kind::List(items) => items.iter().enumerate().map(|(at, item)| (int(at), item.clone())).collect(),
            Kind::Map(map) => {
                let key = |key: &Rc<str>, value: &Value| Value::new(Kind::Text(key.clone()), value.origin);
                map.borrow().iter().map(|(name, value)| (key(name, value), value.clone())).collect()
            }
            Kind::Object(object) => object.entries(),
            Kind::Int(count) => {
                let count = usize::try_from(*count).unwrap_or(0);
                if let Err(wrong) = self.take_bytes(count.saturating_mul(size_of::<Value>())) {
                    return self.fail(frame, &branch.pipe.at, wrong);
                }
                (0..count).map(|at| (int(at), int(at))).collect()
            }
            Kind::Unknown(_) => {
                let wrong = self.decide(&value).err().unwrap_or_else(|| "unknown".into());
                return self.fail(frame, &branch.pipe.at, wrong);
            }
            _ => {
                let message = format!("range can't iterate over {}", format::plain(&value));
                return self.fail(frame, &branch.pipe.at, message.into());
            }
        };
        if rounds.is_empty() {
            frame.variables.truncate(mark);
            return self.nodes(frame, dot, &branch.otherwise, out);
        }
        let because = frame.because;
        let declared = frame.variables.len();
        for (key, item) in rounds {
            if let Err(wrong) = self.step() {
                return self.fail(frame, &branch.pipe.at, wrong);
            }
            set_round(frame, &branch.pipe, mark, &key, &item);
            frame.because = self.origins.join(item.origin, because);
            let done = self.nodes(frame, &item, &branch.then, out);
            frame.variables.truncate(declared);
            match done {
                Ok(()) | Err(Stop::Continue) => {}
                Err(Stop::Break) => break,
                Err(stop) => return Err(stop),
            }
        }
        frame.because = because;
        frame.variables.truncate(mark);
        Ok(())
    }
}

/// What Go prints where there is no value; Helm takes it away in the end.
const NO_VALUE: &str = "<no value>";

/// The text without the words that Go prints for missing values.
pub(super) fn without_no_value(text: Traced) -> Traced {
    if !text.text.contains(NO_VALUE) {
        return text;
    }
    let mut out = Traced::default();
    let mut at = 0;
    for (found, _) in text.text.match_indices(NO_VALUE) {
        out.push_part(&text, at..found);
        at = found + NO_VALUE.len();
    }
    out.push_part(&text, at..text.text.len());
    out
}

/// The number of the first unknown within a text.
pub(super) fn first_marker(text: &str) -> Option<u32> {
    let [opens, closes] = super::value::MARKER;
    let rest = text.split_once(opens)?.1;
    rest.split_once(closes)?.0.parse().ok()
}

fn script_text<'s>(script: &'s Script, range: &Range<u32>) -> &'s str {
    let text: &str = match script {
        Script::File(_, text) => text,
        Script::Made(traced) => &traced.text,
    };
    text.get(range.start as usize..range.end as usize).unwrap_or_default()
}

/// Sets the variables of a round.
fn set_round(frame: &mut Frame<'_>, pipe: &Pipe, mark: usize, key: &Value, item: &Value) {
    let values = if pipe.variables.len() > 1 { [key, item] } else { [item, item] };
    for (index, (name, value)) in pipe.variables.iter().zip(values).enumerate() {
        if pipe.assigns {
            assign(frame, name, value);
        } else if let Some(variable) = frame.variables.get_mut(mark + index) {
            variable.1 = value.clone();
        }
    }
}

fn assign(frame: &mut Frame<'_>, name: &str, value: &Value) -> bool {
    match frame.variables.iter_mut().rev().find(|(known, _)| known == name) {
        Some(variable) => {
            variable.1 = value.clone();
            true
        }
        None => false,
    }
}

fn int(at: usize) -> Value {
    Kind::Int(i64::try_from(at).unwrap_or(i64::MAX)).into()
}

/// The data that a map of fields is.
pub(super) fn fields(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::map(entries.into_iter().map(|(key, value)| (Rc::from(key), value)).collect::<Fields>())
}

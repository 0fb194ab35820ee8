//! Evaluates Jsonnet lazily, as its specification says (<https://jsonnet.org/ref/spec.html>), with the place of each
//! value kept and every step counted. Uses `source`.
//!
//! Assertions are not held: a value that a tool would refuse is read as it stands.

use std::collections::BTreeMap;
use std::rc::Rc;

use rsjsonnet_lang::arena::Arena;
use rsjsonnet_lang::ast::{Arg, BinaryOp, Bind, CompSpecPart, ExprKind, UnaryOp};
use rsjsonnet_lang::interner::StrInterner;
use rsjsonnet_lang::span::{SourceId as OwnSource, SpanContext, SpanId, SpanManager};

use super::files::Files;
use super::library;
use super::parse;
use super::value::{Function, Made, Name, Object, ObjectId, Scope, Stop, Thunk, ThunkId, Tree, Value, Written};
use crate::source::{SourceId, Span};

/// How deep expressions and values may be evaluated within each other: the thread of an evaluation has room for it.
const DEEPEST: usize = 1_500;

/// How many scopes may stand around each other.
const NARROWEST: u32 = 2_000;

pub(super) type Result<T> = std::result::Result<T, Stop>;

/// A running evaluation.
pub(super) struct Machine<'p, 's> {
    pub(super) arena: &'p Arena,
    pub(super) names: StrInterner<'p>,
    pub(super) places: SpanManager,
    /// Which file the parser's numbers stand for.
    pub(super) origins: BTreeMap<OwnSource, SourceId>,
    pub(super) files: &'s Files<'s>,
    /// Files that were imported, each once.
    imported: BTreeMap<SourceId, ThunkId>,
    thunks: Vec<Thunk<'p>>,
    pub(super) objects: Vec<Object<'p>>,
    library: Option<ThunkId>,
    /// Imports that sums were made without.
    pub(super) missing: Vec<Stop>,
    steps: u64,
    depth: usize,
}

impl<'p, 's> Machine<'p, 's> {
    pub(super) fn new(arena: &'p Arena, files: &'s Files<'s>, steps: u64) -> Self {
        let mut machine = Self {
            arena,
            names: StrInterner::new(),
            places: SpanManager::new(),
            origins: BTreeMap::new(),
            files,
            imported: BTreeMap::new(),
            thunks: Vec::new(),
            objects: Vec::new(),
            library: None,
            missing: Vec::new(),
            steps,
            depth: 0,
        };
        let library = library::object(&mut machine);
        machine.library = Some(machine.done(Made { value: Value::Object(library), span: Span::default() }));
        machine
    }

    /// Counts work, in evaluated expressions or what costs about as much.
    pub(super) fn charge(&mut self, steps: usize) -> Result<()> {
        let left = self.steps.checked_sub(steps as u64);
        self.steps = left.unwrap_or(0);
        left.map(|_| ()).ok_or_else(|| Stop::new("it takes more steps than are allowed for one file", None))
    }

    pub(super) fn name(&self, text: &str) -> Name<'p> {
        self.names.intern(self.arena, text)
    }

    pub(super) fn place(&self, span: SpanId) -> Span {
        let (context, start, end) = self.places.get_span(span);
        let SpanContext::Source(source) = self.places.get_context(context);
        self.origins.get(source).map(|file| Span::new(*file, start, end)).unwrap_or_default()
    }

    pub(super) fn thunk(&mut self, thunk: Thunk<'p>) -> ThunkId {
        self.thunks.push(thunk);
        ThunkId(u32::try_from(self.thunks.len() - 1).unwrap_or(u32::MAX))
    }

    pub(super) fn done(&mut self, made: Made<'p>) -> ThunkId {
        self.thunk(Thunk::Done(made))
    }

    /// A thunk of an expression.
    pub(super) fn later(&mut self, tree: &'p Tree<'p>, scope: &Rc<Scope<'p>>) -> ThunkId {
        if let ExprKind::Ident(ident) = tree.kind
            && let Some(known) = scope.find(ident.value)
        {
            return known;
        }
        self.thunk(Thunk::Pending(tree, Rc::clone(scope)))
    }

    /// A text made here.
    pub(super) fn text(&mut self, text: impl Into<String>, span: Span) -> Result<Made<'p>> {
        let text = text.into();
        self.charge(text.len() / 32)?;
        Ok(Made { value: Value::String(Rc::new(Written { text, of: Vec::new() })), span })
    }

    pub(super) fn array(&mut self, items: Vec<ThunkId>, span: Span) -> Result<Made<'p>> {
        self.charge(items.len() / 4)?;
        Ok(Made { value: Value::Array(items.into()), span })
    }

    /// The value of a thunk.
    pub(super) fn force(&mut self, id: ThunkId) -> Result<Made<'p>> {
        let slot = &mut self.thunks[id.0 as usize];
        match slot {
            Thunk::Done(made) => return Ok(made.clone()),
            Thunk::Failed(stop) => return Err(stop.clone()),
            _ => {}
        }
        let made = match std::mem::replace(slot, Thunk::Running) {
            Thunk::Running => return Err(Stop::new("it recurses without end", None)),
            Thunk::Pending(tree, scope) => self.eval(tree, &scope),
            Thunk::Field(object, layer, name) => self.field_of(object, layer, name),
            Thunk::Apply(function, arguments, span) => self.call(&function, arguments, Vec::new(), span),
            Thunk::Done(made) => Ok(made),
            Thunk::Failed(stop) => Err(stop),
        };
        self.thunks[id.0 as usize] = match &made {
            Ok(made) => Thunk::Done(made.clone()),
            Err(stop) => Thunk::Failed(stop.clone()),
        };
        made
    }

    /// The value of a file.
    pub(super) fn file(&mut self, file: SourceId) -> Result<ThunkId> {
        if let Some(known) = self.imported.get(&file) {
            return Ok(*known);
        }
        let tree = parse::parse(self, file)?;
        let standard = self.library.map(|library| (self.name("std"), library));
        let scope = Scope { names: standard.into_iter().collect(), outer: None, this: None, dollar: None, depth: 0 };
        let thunk = self.thunk(Thunk::Pending(tree, Rc::new(scope)));
        self.imported.insert(file, thunk);
        Ok(thunk)
    }

    /// The files that were read.
    pub(super) fn read(&self) -> Vec<SourceId> {
        self.imported.keys().copied().collect()
    }

    /// The value of an expression.
    pub(super) fn eval(&mut self, tree: &'p Tree<'p>, scope: &Rc<Scope<'p>>) -> Result<Made<'p>> {
        if self.depth >= DEEPEST {
            return Err(Stop::new("its expressions are nested too deeply", self.place(tree.span)));
        }
        self.depth += 1;
        let made = self.step(tree, scope);
        self.depth -= 1;
        made
    }

    fn step(&mut self, tree: &'p Tree<'p>, scope: &Rc<Scope<'p>>) -> Result<Made<'p>> {
        let (mut tree, mut scope) = (tree, Rc::clone(scope));
        loop {
            self.charge(1)?;
            // What is evaluated last is evaluated in place.
            match tree.kind {
                ExprKind::Paren(inner) => tree = inner,
                ExprKind::Assert(_, rest) => tree = rest,
                ExprKind::Local(binds, body) => {
                    scope = self.bind(binds.iter(), &scope, scope.this, scope.dollar)?;
                    tree = body;
                }
                ExprKind::If(condition, then, otherwise) => {
                    if self.truth(condition, &scope)? {
                        tree = then;
                    } else if let Some(otherwise) = otherwise {
                        tree = otherwise;
                    } else {
                        return Ok(Made { value: Value::Null, span: self.place(tree.span) });
                    }
                }
                ExprKind::Binary(left, BinaryOp::LogicAnd, right) => {
                    if !self.truth(left, &scope)? {
                        return Ok(Made { value: Value::Bool(false), span: self.place(tree.span) });
                    }
                    tree = right;
                }
                ExprKind::Binary(left, BinaryOp::LogicOr, right) => {
                    if self.truth(left, &scope)? {
                        return Ok(Made { value: Value::Bool(true), span: self.place(tree.span) });
                    }
                    tree = right;
                }
                ExprKind::Ident(ident) => {
                    let Some(thunk) = scope.find(ident.value) else {
                        let what = format!("`{}` is not defined", ident.value.value());
                        return Err(Stop::new(what, self.place(ident.span)));
                    };
                    return self.force(thunk);
                }
                _ => return self.value(tree, &scope),
            }
        }
    }

    fn truth(&mut self, tree: &'p Tree<'p>, scope: &Rc<Scope<'p>>) -> Result<bool> {
        let made = self.eval(tree, scope)?;
        match made.value {
            Value::Bool(truth) => Ok(truth),
            other => Err(Stop::new(format!("a {} stands where a boolean should", other.kind()), self.place(tree.span))),
        }
    }

    fn value(&mut self, tree: &'p Tree<'p>, scope: &Rc<Scope<'p>>) -> Result<Made<'p>> {
        let span = self.place(tree.span);
        let made = |value: Value<'p>| Ok(Made { value, span });
        match tree.kind {
            ExprKind::Null => made(Value::Null),
            ExprKind::Bool(value) => made(Value::Bool(value)),
            ExprKind::Number(number) => {
                let value: f64 = format!("{}e{}", number.digits, number.exp).parse().unwrap_or(f64::NAN);
                made(Value::Number(value))
            }
            ExprKind::String(text) | ExprKind::TextBlock(text) => self.text(text, span),
            ExprKind::SelfObj => match scope.this {
                Some((object, _)) => made(Value::Object(object)),
                None => Err(Stop::new("`self` stands outside of an object", span)),
            },
            ExprKind::Dollar => match scope.dollar {
                Some(object) => made(Value::Object(object)),
                None => Err(Stop::new("`$` stands outside of an object", span)),
            },
            ExprKind::Object(ref inside) => {
                let object = self.object(inside, scope)?;
                made(Value::Object(object))
            }
            ExprKind::ObjExt(base, ref inside, _) => {
                let base = self.eval(base, scope);
                let made = self.object(inside, scope).map(|object| Made { value: Value::Object(object), span });
                self.sum(base, made, span)
            }
            ExprKind::Array(items) => {
                let items = items.iter().map(|item| self.later(item, scope)).collect();
                self.array(items, span)
            }
            ExprKind::ArrayComp(item, specs) => {
                let scopes = self.comprehend(specs, scope)?;
                let items = scopes.iter().map(|scope| self.later(item, scope)).collect();
                self.array(items, span)
            }
            ExprKind::Field(base, name) => {
                let base = self.eval(base, scope)?;
                self.member(&base, name.value.value(), span)
            }
            ExprKind::Index(base, index) => {
                let base = self.eval(base, scope)?;
                let index = self.eval(index, scope)?;
                self.index(&base, &index, span)
            }
            ExprKind::Slice(base, from, to, step) => {
                let base = self.eval(base, scope)?;
                let mut bounds = [None; 3];
                for (bound, tree) in bounds.iter_mut().zip([from, to, step]) {
                    if let Some(tree) = tree {
                        *bound = match self.eval(tree, scope)?.value {
                            Value::Null => None,
                            Value::Number(number) => Some(number),
                            other => return Err(Stop::new(format!("a {} bounds a slice", other.kind()), span)),
                        };
                    }
                }
                library::array::slice(self, &base, bounds, span)
            }
            ExprKind::SuperField(_, name) => self.above(scope, name.value, span),
            ExprKind::SuperIndex(_, index) => {
                let name = self.eval(index, scope)?;
                let name = self.as_name(&name)?;
                self.above(scope, name, span)
            }
            ExprKind::InSuper(name, _) => {
                let name = self.eval(name, scope)?;
                let name = self.as_name(&name)?;
                let Some((object, layer)) = scope.this else { return made(Value::Bool(false)) };
                made(Value::Bool(self.has(object, name, layer, true)))
            }
            ExprKind::Call(function, arguments, _) => {
                let function = self.eval(function, scope)?;
                let Value::Function(function) = function.value else {
                    return Err(Stop::new(format!("a {} is called", function.value.kind()), span));
                };
                let (mut ordered, mut named) = (Vec::new(), Vec::new());
                for argument in arguments {
                    match argument {
                        Arg::Positional(tree) => ordered.push(self.later(tree, scope)),
                        Arg::Named(name, tree) => {
                            let thunk = self.later(tree, scope);
                            named.push((name.value, thunk));
                        }
                    }
                }
                self.call(&function, ordered, named, span)
            }
            ExprKind::Func(params, body) => {
                made(Value::Function(Rc::new(Function::Written { params, body, scope: Rc::clone(scope) })))
            }
            ExprKind::Binary(left, BinaryOp::In, right) => {
                let name = self.eval(left, scope)?;
                let name = self.as_name(&name)?;
                match self.eval(right, scope)?.value {
                    Value::Object(object) => made(Value::Bool(self.has(object, name, usize::MAX, true))),
                    other => Err(Stop::new(format!("`in` asks a {}", other.kind()), span)),
                }
            }
            ExprKind::Binary(left, BinaryOp::Add, right) => {
                let left = self.eval(left, scope);
                let right = self.eval(right, scope);
                self.sum(left, right, span)
            }
            ExprKind::Binary(left, operator, right) => {
                let left = self.eval(left, scope)?;
                let right = self.eval(right, scope)?;
                self.operate(operator, &left, &right, span)
            }
            ExprKind::Unary(operator, operand) => {
                let operand = self.eval(operand, scope)?;
                made(match (operator, operand.value) {
                    (UnaryOp::LogicNot, Value::Bool(truth)) => Value::Bool(!truth),
                    (UnaryOp::Minus, Value::Number(number)) => Value::Number(-number),
                    (UnaryOp::Plus, Value::Number(number)) => Value::Number(number),
                    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "as Jsonnet does")]
                    (UnaryOp::BitwiseNot, Value::Number(number)) => Value::Number(!(number as i64) as f64),
                    (_, other) => return Err(Stop::new(format!("a {} cannot be negated", other.kind()), span)),
                })
            }
            ExprKind::Import(path) => {
                let file = self.target(path, span)?;
                let thunk = self.file(file)?;
                self.force(thunk)
            }
            ExprKind::ImportStr(path) => {
                let file = self.target(path, span)?;
                let text = self.files.text(file);
                self.text(text, span)
            }
            ExprKind::ImportBin(_) => Err(Stop::new("`importbin` is not read", span)),
            ExprKind::Error(message) => {
                let message = self.eval(message, scope)?;
                let message = library::text::written(self, &message)?;
                Err(Stop::new(format!("it says `{}`", shortened(&message)), span))
            }
            ExprKind::Paren(_) | ExprKind::Assert(..) | ExprKind::Local(..) | ExprKind::If(..) | ExprKind::Ident(_) => {
                self.step(tree, scope)
            }
        }
    }

    /// `left + right`. Of two objects one may be made of a file that is not here, most often one that draws dashboards:
    /// the other is what is known of the sum, and that something is missing is said.
    fn sum(&mut self, left: Result<Made<'p>>, right: Result<Made<'p>>, span: Span) -> Result<Made<'p>> {
        match (left, right) {
            (Ok(left), Ok(right)) => self.add(&left, &right, span),
            (Ok(known), Err(stop)) | (Err(stop), Ok(known))
                if stop.0.import && matches!(known.value, Value::Object(_)) =>
            {
                self.missing.push(stop);
                Ok(known)
            }
            (Err(stop), _) | (_, Err(stop)) => Err(stop),
        }
    }

    /// The file that an import names.
    fn target(&mut self, path: &'p Tree<'p>, span: Span) -> Result<SourceId> {
        let (ExprKind::String(path) | ExprKind::TextBlock(path)) = path.kind else {
            return Err(Stop::new("an import is computed", span));
        };
        self.files.resolve(span.source, path).ok_or_else(|| Stop::import(&shortened(path), span))
    }

    /// A scope with further names, which see each other.
    pub(super) fn bind(
        &mut self,
        binds: impl Iterator<Item = &'p Bind<'p, 'p>>,
        outer: &Rc<Scope<'p>>,
        this: Option<(ObjectId, usize)>,
        dollar: Option<ObjectId>,
    ) -> Result<Rc<Scope<'p>>> {
        let binds: Vec<&'p Bind<'p, 'p>> = binds.collect();
        self.charge(binds.len())?;
        let names: Vec<(Name<'p>, ThunkId)> =
            binds.iter().map(|bind| (bind.name.value, self.thunk(Thunk::Running))).collect();
        let scope = Self::scope(names.clone(), outer, this, dollar)?;
        for (bind, (_, thunk)) in binds.iter().zip(names) {
            let tree = &bind.value;
            self.thunks[thunk.0 as usize] = match bind.params {
                None => Thunk::Pending(tree, Rc::clone(&scope)),
                Some((params, _)) => {
                    let function = Function::Written { params, body: tree, scope: Rc::clone(&scope) };
                    let span = self.place(bind.name.span);
                    Thunk::Done(Made { value: Value::Function(Rc::new(function)), span })
                }
            };
        }
        Ok(scope)
    }

    pub(super) fn scope(
        names: Vec<(Name<'p>, ThunkId)>,
        outer: &Rc<Scope<'p>>,
        this: Option<(ObjectId, usize)>,
        dollar: Option<ObjectId>,
    ) -> Result<Rc<Scope<'p>>> {
        if outer.depth >= NARROWEST {
            return Err(Stop::new("its names are nested too deeply", None));
        }
        Ok(Rc::new(Scope { names, outer: Some(Rc::clone(outer)), this, dollar, depth: outer.depth + 1 }))
    }

    /// One scope for each turn of a comprehension.
    pub(super) fn comprehend(
        &mut self,
        specs: &'p [CompSpecPart<'p, 'p>],
        scope: &Rc<Scope<'p>>,
    ) -> Result<Vec<Rc<Scope<'p>>>> {
        let mut scopes = vec![Rc::clone(scope)];
        for spec in specs {
            let mut next = Vec::new();
            for scope in scopes {
                match spec {
                    CompSpecPart::If(test) => {
                        if self.truth(&test.cond, &scope)? {
                            next.push(scope);
                        }
                    }
                    CompSpecPart::For(each) => {
                        let over = self.eval(&each.inner, &scope)?;
                        let Value::Array(items) = over.value else {
                            let what = format!("a {} is gone through item by item", over.value.kind());
                            return Err(Stop::new(what, self.place(each.inner.span)));
                        };
                        self.charge(items.len())?;
                        for item in items.iter() {
                            let names = vec![(each.var.value, *item)];
                            next.push(Self::scope(names, &scope, scope.this, scope.dollar)?);
                        }
                    }
                }
            }
            scopes = next;
        }
        Ok(scopes)
    }

    /// What a function gives for arguments by place and by name.
    pub(super) fn call(
        &mut self,
        function: &Function<'p>,
        ordered: Vec<ThunkId>,
        named: Vec<(Name<'p>, ThunkId)>,
        span: Span,
    ) -> Result<Made<'p>> {
        self.charge(1)?;
        match function {
            Function::Written { params, body, scope } => {
                if ordered.len() > params.len() {
                    return Err(Stop::new("a function is called with too many arguments", span));
                }
                let mut names: Vec<(Name<'p>, ThunkId)> =
                    params.iter().map(|param| param.name.value).zip(ordered).collect();
                for (name, thunk) in named {
                    let known = params.iter().any(|param| param.name.value == name);
                    if !known || names.iter().any(|(given, _)| *given == name) {
                        let what = format!("a function takes no further argument `{}`", name.value());
                        return Err(Stop::new(what, span));
                    }
                    names.push((name, thunk));
                }
                let mut open = Vec::new();
                for param in *params {
                    if names.iter().any(|(given, _)| *given == param.name.value) {
                        continue;
                    }
                    let Some(default) = &param.default_value else {
                        let what = format!("a function is called without its `{}`", param.name.value.value());
                        return Err(Stop::new(what, span));
                    };
                    let thunk = self.thunk(Thunk::Running);
                    names.push((param.name.value, thunk));
                    open.push((thunk, default));
                }
                let inner = Self::scope(names, scope, scope.this, scope.dollar)?;
                for (thunk, default) in open {
                    self.thunks[thunk.0 as usize] = Thunk::Pending(default, Rc::clone(&inner));
                }
                self.eval(body, &inner)
            }
            Function::Library(entry) => {
                let arguments = library::arguments(entry, ordered, &named, span)?;
                self.deeper(|machine| library::call(machine, entry, &arguments, span))
            }
            Function::YamlOfJson => match ordered.first() {
                Some(thunk) => self.force(*thunk),
                None => Err(Stop::new("a function is called without its argument", span)),
            },
        }
    }

    /// Goes into a part of a value.
    pub(super) fn deeper<T>(&mut self, part: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= DEEPEST {
            return Err(Stop::new("its values are nested too deeply", None));
        }
        self.depth += 1;
        let made = part(self);
        self.depth -= 1;
        made
    }

    /// A field or an item.
    fn index(&mut self, base: &Made<'p>, index: &Made<'p>, span: Span) -> Result<Made<'p>> {
        match (&base.value, &index.value) {
            (Value::Object(_), Value::String(name)) => self.member(base, &name.text, span),
            (Value::Array(items), Value::Number(at)) => match library::whole(*at).and_then(|at| items.get(at)) {
                Some(item) => self.force(*item),
                None => Err(Stop::new(format!("there is no item {at} of {}", items.len()), span)),
            },
            (Value::String(text), Value::Number(at)) => {
                self.charge(text.text.len() / 32)?;
                match library::whole(*at).and_then(|at| text.text.chars().nth(at)) {
                    Some(found) => self.text(found, span),
                    None => Err(Stop::new(format!("there is no character {at}"), span)),
                }
            }
            (base, index) => Err(Stop::new(format!("a {} has no part named by a {}", base.kind(), index.kind()), span)),
        }
    }

    fn member(&mut self, base: &Made<'p>, name: &str, span: Span) -> Result<Made<'p>> {
        let Value::Object(object) = base.value else {
            return Err(Stop::new(format!("a {} has no field `{}`", base.value.kind(), shortened(name)), span));
        };
        let name = self.name(name);
        match self.get(object, name, usize::MAX)? {
            Some(made) => Ok(made),
            None => Err(Stop::new(format!("there is no field `{}`", shortened(name.value())), span)),
        }
    }

    /// A field of the layers below.
    fn above(&mut self, scope: &Scope<'p>, name: Name<'p>, span: Span) -> Result<Made<'p>> {
        let Some((object, layer)) = scope.this else {
            return Err(Stop::new("`super` stands outside of an object", span));
        };
        match self.get(object, name, layer)? {
            Some(made) => Ok(made),
            None => Err(Stop::new(format!("there is no field `{}` to add to", name.value()), span)),
        }
    }

    pub(super) fn as_name(&mut self, made: &Made<'p>) -> Result<Name<'p>> {
        match &made.value {
            Value::String(text) => Ok(self.name(&text.text)),
            other => Err(Stop::new(format!("a {} names a field", other.kind()), made.span)),
        }
    }
}

/// A text of a file, as it is quoted.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 80;
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= LONGEST {
        line.to_owned()
    } else {
        format!("{}…", line.chars().take(LONGEST).collect::<String>())
    }
}

//! Expressions → values.
//!
//! A value keeps the place that decides it (the literal in a file of values, the default of a variable) and the places
//! it came through. A resource, or a module call, is an unknown that refers to its own address: attributes that its
//! block sets are read through it, and all others are known only after apply.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::problem::{Fault, Problem};
use crate::source::Span;
use crate::tree::block::{
    BinaryOperator, Block, Expression, ExpressionKind, ForExpression, TemplatePart, UnaryOperator,
};
use crate::tree::{Entry, Map, Node, Text, Unknown, Value};

use super::functions;
use super::module::{Expansion, Module, Slotted, shared_through};
use super::operate::{
    Evaluated, Failure, binary, elements, insert, is_unknown, number, same, through, through_all, to_bool, to_number,
    to_text, unknown_among, unknown_node,
};
use super::project::{Placed, Project};

/// How many expressions one root may take.
const MOST_STEPS: u64 = 20_000_000;
/// How deep evaluation may nest, references followed included.
const DEEPEST: u32 = 400;
/// How many instances of one block are made.
pub(super) const MOST_INSTANCES: usize = 1000;
/// How many elements a `for` expression may make.
const MOST_ELEMENTS: usize = 100_000;
/// The name under which the element of a splat is bound.
const ELEMENT: &str = "*";

/// Names that an expression may use: those of its module, and those bound around it.
#[derive(Clone, Debug)]
pub(super) struct Scope<'a> {
    /// The module.
    pub(super) module: usize,
    names: Option<Rc<Binding>>,
    lifetime: std::marker::PhantomData<&'a ()>,
}

#[derive(Debug)]
struct Binding {
    name: Text,
    value: Rc<Node>,
    next: Option<Rc<Binding>>,
}

impl Scope<'_> {
    /// The names of a module.
    pub(super) fn of(module: usize) -> Self {
        Self { module, names: None, lifetime: std::marker::PhantomData }
    }

    /// The same, and one more name.
    pub(super) fn with(&self, name: &str, value: Rc<Node>) -> Self {
        let names = Some(Rc::new(Binding { name: name.into(), value, next: self.names.clone() }));
        Self { names, ..self.clone() }
    }

    /// The same, with `each` and `count`.
    pub(super) fn with_each(&self, each: Rc<Node>) -> Self {
        self.with("count", each.clone()).with("each", each)
    }

    fn get(&self, name: &str) -> Option<Rc<Node>> {
        let mut names = self.names.as_ref();
        while let Some(binding) = names {
            if binding.name == name {
                return Some(binding.value.clone());
            }
            names = binding.next.as_ref();
        }
        None
    }
}

/// What an address stands for.
#[derive(Clone, Debug)]
enum Handle<'a> {
    /// An instance of a resource or data source.
    Resource(&'a Block, Scope<'a>),
    /// An instance of a module call.
    Module(usize),
}

/// One step of a traversal.
enum Step<'e> {
    Name(&'e str, Span),
    Index(&'e Expression, Span),
}

/// The evaluation of one root.
pub(super) struct Evaluator<'a> {
    /// All directories.
    pub(super) project: &'a Project<'a>,
    modules: RefCell<Vec<Rc<Module<'a>>>>,
    handles: RefCell<BTreeMap<Text, Handle<'a>>>,
    trace: RefCell<Vec<Text>>,
    problems: RefCell<Vec<Problem>>,
    steps: Cell<u64>,
    depth: Cell<u32>,
}

impl<'a> Evaluator<'a> {
    /// An evaluation that has not begun.
    pub(super) fn new(project: &'a Project<'a>) -> Self {
        Self {
            project,
            modules: RefCell::default(),
            handles: RefCell::default(),
            trace: RefCell::default(),
            problems: RefCell::default(),
            steps: Cell::new(0),
            depth: Cell::new(0),
        }
    }

    /// Takes a module in, and gives its number.
    pub(super) fn adopt(&self, module: Module<'a>) -> usize {
        let mut modules = self.modules.borrow_mut();
        modules.push(Rc::new(module));
        modules.len() - 1
    }

    /// The module of a number.
    pub(super) fn module(&self, number: usize) -> Rc<Module<'a>> {
        self.modules.borrow()[number].clone()
    }

    /// Notes a problem.
    pub(super) fn complain(&self, at: Span, message: String, help: &str) {
        self.problems.borrow_mut().push(Problem::at(Fault::Input, at, message, help));
    }

    /// The problems noted.
    pub(super) fn problems(&self) -> Vec<Problem> {
        self.problems.take()
    }

    /// Notes a problem where more instances are wanted than are made.
    pub(super) fn limit(&self, wanted: usize, at: Span) {
        if wanted > MOST_INSTANCES {
            let message = format!("{wanted} instances of one block: only the first {MOST_INSTANCES} are looked at");
            self.complain(at, message, "");
        }
    }

    /// What `work` gives, and the resources it asked for; they count for whoever is around it too.
    pub(super) fn traced<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<Text>) {
        let before = self.trace.take();
        let value = work();
        let mut found = self.trace.replace(before);
        found.sort();
        found.dedup();
        self.trace.borrow_mut().extend(found.iter().cloned());
        (value, found)
    }

    /// Counts resources as asked for.
    pub(super) fn trace_all(&self, addresses: &[Text]) {
        self.trace.borrow_mut().extend(addresses.iter().cloned());
    }

    /// The value of an expression; what fails becomes an unknown.
    pub(super) fn value(&self, expression: &Expression, scope: &Scope<'a>) -> Node {
        self.evaluate(expression, scope).unwrap_or_else(Failure::into_node)
    }

    /// The value of an expression.
    pub(super) fn evaluate(&self, expression: &Expression, scope: &Scope<'a>) -> Evaluated {
        let (steps, depth) = (self.steps.get(), self.depth.get());
        if steps >= MOST_STEPS || depth >= DEEPEST {
            return Ok(Node::unknown("it takes too much to evaluate", "pass a plan", expression.span));
        }
        self.steps.set(steps + 1);
        self.depth.set(depth + 1);
        let value = self.evaluate_kind(expression, scope);
        self.depth.set(depth);
        value
    }

    /// The value of an expression, not copied where it stands somewhere already.
    pub(super) fn shared(&self, expression: &Expression, scope: &Scope<'a>) -> Result<Rc<Node>, Failure> {
        let mut steps = Vec::new();
        if let Some(root) = unchain(expression, &mut steps) {
            let (value, rest) = self.root(root, &steps, scope, expression.span)?;
            if rest == 0 {
                return Ok(value);
            }
        }
        self.evaluate(expression, scope).map(Rc::new)
    }

    fn evaluate_kind(&self, expression: &Expression, scope: &Scope<'a>) -> Evaluated {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Literal(value) => Ok(Node::new(value.clone(), span)),
            ExpressionKind::Template(parts) => self.template(parts, scope, span),
            ExpressionKind::List(items) => Ok(Node::new(
                Value::List(items.iter().map(|item| self.evaluate(item, scope)).collect::<Result<_, _>>()?),
                span,
            )),
            ExpressionKind::Object(pairs) => self.object(pairs, scope, span),
            ExpressionKind::Element => match scope.get(ELEMENT) {
                Some(element) => Ok((*element).clone()),
                None => Err(Failure::new("there is no element at hand", span)),
            },
            ExpressionKind::Variable(_) | ExpressionKind::Attribute(..) | ExpressionKind::Index(..) => {
                self.traversal(expression, scope)
            }
            ExpressionKind::Splat(operand, rest) => self.splat(operand, rest, scope, span),
            ExpressionKind::Call { name, arguments, expand_last } => {
                functions::call(self, &name.value, arguments, *expand_last, scope, span)
            }
            ExpressionKind::Conditional(condition, yes, no) => self.conditional(condition, yes, no, scope, span),
            ExpressionKind::Unary(operator, operand) => {
                let node = self.evaluate(operand, scope)?;
                if is_unknown(&node) {
                    return Ok(Node { span, ..node });
                }
                let value = match operator {
                    UnaryOperator::Negate => number(-to_number(&node)?),
                    UnaryOperator::Not => Value::Bool(!to_bool(&node)?),
                };
                Ok(Node::new(value, span))
            }
            ExpressionKind::Binary(operator, left, right) => self.binary(*operator, left, right, scope, span),
            ExpressionKind::For(parts) => self.for_expression(parts, scope, span),
        }
    }

    fn binary(
        &self,
        operator: BinaryOperator,
        left: &Expression,
        right: &Expression,
        scope: &Scope<'a>,
        span: Span,
    ) -> Evaluated {
        let left = self.evaluate(left, scope)?;
        let right = self.evaluate(right, scope);
        let unknown = |nodes: [&Node; 2]| {
            let unknown = unknown_among(nodes, true).unwrap_or_else(|| Unknown::new("it is not known", "", span));
            Ok(unknown_node(unknown, span))
        };
        match operator {
            BinaryOperator::And | BinaryOperator::Or => {
                // `false && x` is false whatever x is, and `true || x` is true.
                let decides = operator == BinaryOperator::Or;
                let side = |node: &Node| if is_unknown(node) { Ok(None) } else { to_bool(node).map(Some) };
                let first = side(&left)?;
                if first == Some(decides) {
                    return Ok(Node::new(Value::Bool(decides), span));
                }
                let right = right?;
                match (first, side(&right)?) {
                    (_, Some(value)) if value == decides => Ok(Node::new(Value::Bool(decides), span)),
                    (Some(_), Some(_)) => Ok(Node::new(Value::Bool(!decides), span)),
                    _ => unknown([&left, &right]),
                }
            }
            BinaryOperator::Equal | BinaryOperator::NotEqual => {
                let right = right?;
                match same(&left, &right) {
                    Some(equal) => Ok(Node::new(Value::Bool(equal == (operator == BinaryOperator::Equal)), span)),
                    None => unknown([&left, &right]),
                }
            }
            _ => {
                let right = right?;
                if is_unknown(&left) || is_unknown(&right) {
                    unknown([&left, &right])
                } else {
                    binary(operator, &left, &right, span)
                }
            }
        }
    }

    fn conditional(
        &self,
        condition: &Expression,
        yes: &Expression,
        no: &Expression,
        scope: &Scope<'a>,
        span: Span,
    ) -> Evaluated {
        let decided = self.evaluate(condition, scope)?;
        if let Value::Unknown(unknown) = decided.value {
            // Where both ways lead to the same value, the condition does not matter.
            let (yes, no) = (self.evaluate(yes, scope), self.evaluate(no, scope));
            return Ok(match (yes, no) {
                (Ok(yes), Ok(no)) if same(&yes, &no) == Some(true) => yes,
                (yes, no) => {
                    let mut unknown = *unknown;
                    let branches: Vec<Node> = [yes, no].into_iter().flatten().collect();
                    if let Some(others) = unknown_among(&branches, true) {
                        unknown.refers_to.extend(others.refers_to);
                    }
                    unknown_node(unknown, span)
                }
            });
        }
        self.evaluate(if to_bool(&decided)? { yes } else { no }, scope)
    }

    fn object(&self, pairs: &[(Expression, Expression)], scope: &Scope<'a>, span: Span) -> Evaluated {
        let mut map = Map::default();
        for (key, value) in pairs {
            let node = self.evaluate(key, scope)?;
            if let Value::Unknown(unknown) = node.value {
                return Ok(unknown_node(*unknown, span));
            }
            let name = to_text(&node)?;
            let value = self.evaluate(value, scope)?;
            insert(&mut map, name, key.span, value);
        }
        Ok(Node::new(Value::Map(map), span))
    }

    fn template(&self, parts: &[TemplatePart], scope: &Scope<'a>, span: Span) -> Evaluated {
        if let [TemplatePart::Interpolation(only)] = parts {
            return self.evaluate(only, scope);
        }
        let mut text = String::new();
        let mut unknowns = Vec::new();
        self.write(parts, scope, &mut text, &mut unknowns)?;
        Ok(match unknown_among(&unknowns, false) {
            Some(unknown) => unknown_node(unknown, span),
            None => Node::string(text, span),
        })
    }

    fn write(
        &self,
        parts: &[TemplatePart],
        scope: &Scope<'a>,
        text: &mut String,
        unknowns: &mut Vec<Node>,
    ) -> Result<(), Failure> {
        for part in parts {
            match part {
                TemplatePart::Literal(literal) => text.push_str(literal),
                TemplatePart::Interpolation(expression) => {
                    let node = self.evaluate(expression, scope)?;
                    if is_unknown(&node) { unknowns.push(node) } else { text.push_str(&to_text(&node)?) }
                }
                TemplatePart::If { condition, then, otherwise } => {
                    let node = self.evaluate(condition, scope)?;
                    if is_unknown(&node) {
                        unknowns.push(node);
                    } else {
                        self.write(if to_bool(&node)? { then } else { otherwise }, scope, text, unknowns)?;
                    }
                }
                TemplatePart::For { key_name, value_name, collection, body } => {
                    let node = self.shared(collection, scope)?;
                    let Some(elements) = elements(&node) else {
                        unknowns.push((*node).clone());
                        continue;
                    };
                    for (key, value) in elements {
                        let scope = bind(scope, key_name.as_deref(), value_name, key, value);
                        self.write(body, &scope, text, unknowns)?;
                    }
                }
            }
            if text.len() > 4 << 20 {
                unknowns.push(Node::unknown("the text is too long", "", Span::default()));
                return Ok(());
            }
        }
        Ok(())
    }

    fn splat(&self, operand: &Expression, rest: &Expression, scope: &Scope<'a>, span: Span) -> Evaluated {
        let node = self.shared(operand, scope)?;
        let items = match &node.value {
            Value::Null => &[],
            Value::List(items) => items.as_slice(),
            // A splat on a single value makes a list of it; on a resource that may be several, it stays unknown.
            _ => std::slice::from_ref(&*node),
        };
        if is_unknown(&node) {
            return self.evaluate(rest, &scope.with(ELEMENT, node));
        }
        let each = |item: &Node| self.evaluate(rest, &scope.with(ELEMENT, Rc::new(item.clone())));
        Ok(Node::new(Value::List(items.iter().map(each).collect::<Result<_, _>>()?), span))
    }

    fn for_expression(&self, parts: &ForExpression, scope: &Scope<'a>, span: Span) -> Evaluated {
        let collection = self.shared(&parts.collection, scope)?;
        if let Value::Unknown(unknown) = &collection.value {
            return Ok(unknown_node((**unknown).clone(), span));
        }
        let Some(elements) = elements(&collection) else {
            return Err(Failure::new("`for` needs a collection", parts.collection.span));
        };
        let way: Vec<Span> = collection.via.iter().flatten().copied().collect();
        let (mut list, mut map) = (Vec::new(), Map::default());
        for (key, value) in elements.into_iter().take(MOST_ELEMENTS) {
            let scope = bind(scope, parts.key_name.as_deref(), &parts.value_name, key, value);
            if let Some(condition) = &parts.condition {
                let decided = self.evaluate(condition, &scope)?;
                if let Value::Unknown(unknown) = decided.value {
                    return Ok(unknown_node(*unknown, span));
                }
                if !to_bool(&decided)? {
                    continue;
                }
            }
            let value = through_all(self.evaluate(&parts.value, &scope)?, &way);
            let Some(key) = &parts.key else {
                list.push(value);
                continue;
            };
            let key = self.evaluate(key, &scope)?;
            if let Value::Unknown(unknown) = key.value {
                return Ok(unknown_node(*unknown, span));
            }
            let name = to_text(&key)?;
            if !parts.grouping {
                map.entries.push(Entry { key: name, key_span: key.span, value });
                continue;
            }
            let known = map.entries.iter_mut().find(|entry| entry.key == name);
            if let Some(Entry { value: Node { value: Value::List(group), .. }, .. }) = known {
                group.push(value);
            } else {
                let group = Node::new(Value::List(vec![value]), span);
                map.entries.push(Entry { key: name, key_span: key.span, value: group });
            }
        }
        let value = if parts.key.is_some() { Value::Map(map) } else { Value::List(list) };
        Ok(Node::new(value, span))
    }

    fn traversal(&self, expression: &Expression, scope: &Scope<'a>) -> Evaluated {
        let mut steps = Vec::new();
        let span = expression.span;
        if let Some(root) = unchain(expression, &mut steps) {
            let (value, rest) = self.root(root, &steps, scope, span)?;
            let bound = scope.get(root).is_some();
            let node = self.walk(&value, &steps[steps.len() - rest..], scope)?;
            // A name bound here (`each`, `for`) is no place of its own: the value stands where it was written.
            return Ok(if bound && !matches!(root, "each" | "count") { node } else { through(node, span) });
        }
        match &expression.kind {
            ExpressionKind::Attribute(operand, name) => {
                let node = self.evaluate(operand, scope)?;
                self.step(&node, &name.value, name.span, false).map(Cow::into_owned)
            }
            ExpressionKind::Index(operand, index) => {
                let node = self.evaluate(operand, scope)?;
                let key = self.evaluate(index, scope)?;
                self.walk_index(&node, &key, index.span).map(Cow::into_owned)
            }
            _ => Err(Failure::new("not a reference", span)),
        }
    }

    fn walk(&self, start: &Rc<Node>, steps: &[Step<'_>], scope: &Scope<'a>) -> Evaluated {
        let mut current = Cow::Borrowed(&**start);
        let mut way: Vec<Span> = Vec::new();
        for step in steps {
            way.splice(0..0, current.via.iter().flatten().copied());
            current = match step {
                Step::Name(name, span) => match current {
                    Cow::Borrowed(node) => self.step(node, name, *span, false)?,
                    Cow::Owned(node) => Cow::Owned(self.step(&node, name, *span, false)?.into_owned()),
                },
                Step::Index(index, span) => {
                    let key = self.evaluate(index, scope)?;
                    match current {
                        Cow::Borrowed(node) => self.walk_index(node, &key, *span)?,
                        Cow::Owned(node) => Cow::Owned(self.walk_index(&node, &key, *span)?.into_owned()),
                    }
                }
            };
        }
        Ok(through_all(current.into_owned(), &way))
    }

    fn walk_index<'n>(&self, node: &'n Node, key: &Node, span: Span) -> Result<Cow<'n, Node>, Failure> {
        if let Value::Unknown(unknown) = &key.value {
            let mut unknown = (**unknown).clone();
            if let Some(others) = unknown_among([node], true) {
                unknown.refers_to.extend(others.refers_to);
            }
            return Ok(Cow::Owned(unknown_node(unknown, span)));
        }
        if let Value::List(items) = &node.value {
            let index = to_number(key)?;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "out of range gives nothing")]
            let found = if index < 0.0 { None } else { items.get(index as usize) };
            return found.map(Cow::Borrowed).ok_or_else(|| Failure::new("there is no element at this index", span));
        }
        self.step(node, &to_text(key)?, span, true)
    }

    /// An attribute or element of a value.
    fn step<'n>(&self, node: &'n Node, name: &str, span: Span, index: bool) -> Result<Cow<'n, Node>, Failure> {
        match &node.value {
            Value::Map(map) => match map.get(name) {
                Some(found) => Ok(Cow::Borrowed(found)),
                None => Err(Failure::new(format!("there is no `{name}`"), span)),
            },
            Value::List(items) => match name.parse::<usize>().ok().and_then(|index| items.get(index)) {
                Some(found) => Ok(Cow::Borrowed(found)),
                None => Err(Failure::new(format!("a list has no `{name}`"), span)),
            },
            Value::Unknown(unknown) => match unknown.refers_to.as_slice() {
                [address] if !index => Ok(Cow::Owned(self.through_handle(node, address, name, span)?)),
                _ => Ok(Cow::Borrowed(node)),
            },
            Value::Null => Err(Failure::new(format!("`{name}` of null"), span)),
            _ => Err(Failure::new(format!("there is no `{name}` in a plain value"), span)),
        }
    }

    /// An attribute of a resource or an output of a module, when the unknown is one.
    fn through_handle(&self, node: &Node, address: &Text, name: &str, span: Span) -> Evaluated {
        let handle = self.handles.borrow().get(address).cloned();
        match handle {
            Some(Handle::Module(module)) => self.output(module, name, span).map(|node| shared_through(&node, span)),
            Some(Handle::Resource(block, scope)) => {
                let path: Text = format!("{address}.{name}").into();
                self.trace_all(std::slice::from_ref(&path));
                let key = (Slotted::Attribute, path.clone());
                let found =
                    self.remember(scope.module, key, span, || Ok(self.declared(block, &scope, name, &path, span)))?;
                Ok((*found).clone())
            }
            None => Ok(node.clone()),
        }
    }

    /// An attribute as the block declares it, else unknown until apply.
    fn declared(&self, block: &'a Block, scope: &Scope<'a>, name: &str, path: &Text, span: Span) -> Node {
        let mut unknown = Unknown::new(format!("`{path}` is known after apply"), "pass a plan", span);
        if let Some(attribute) = block.body.attribute(name) {
            let node = self.value(&attribute.value, scope);
            match node.value {
                Value::Null => {}
                Value::Unknown(inner) => unknown = *inner,
                _ => return node,
            }
        } else if let Some(first) = block.body.blocks(name).next() {
            unknown.span = Some(first.head);
            if block.body.blocks.iter().all(|inner| inner.kind.value != "dynamic") {
                return self.nested(block, name, scope);
            }
        }
        if !unknown.refers_to.contains(path) {
            unknown.refers_to.insert(0, path.clone());
        }
        unknown_node(unknown, span)
    }

    /// The value that a traversal starts at, and how many of its steps are left.
    fn root(
        &self,
        root: &str,
        steps: &[Step<'_>],
        scope: &Scope<'a>,
        span: Span,
    ) -> Result<(Rc<Node>, usize), Failure> {
        if let Some(value) = scope.get(root) {
            return Ok((value, steps.len()));
        }
        let name = |index: usize| match steps.get(index) {
            Some(Step::Name(name, _)) => Some(*name),
            _ => None,
        };
        let left = |taken: usize| steps.len().saturating_sub(taken);
        let lost = |what: &str| Failure::new(format!("`{root}` needs {what}"), span);
        let module = scope.module;
        Ok(match root {
            "var" => (self.variable(module, name(0).ok_or_else(|| lost("a name"))?, span)?, left(1)),
            "local" => (self.local(module, name(0).ok_or_else(|| lost("a name"))?, span)?, left(1)),
            "module" => (self.module_value(module, name(0).ok_or_else(|| lost("a name"))?, span)?, left(1)),
            "path" => (Rc::new(self.path(module, name(0).unwrap_or_default(), span)), left(1)),
            "data" => match (name(0), name(1)) {
                (Some(kind), Some(name)) => (self.resource_value(module, true, kind, name, span)?, left(2)),
                _ => return Err(lost("a type and a name")),
            },
            "terraform" | "tofu" => {
                (Rc::new(Node::unknown("the workspace is not known here", "pass a plan", span)), left(1))
            }
            "each" | "count" | "self" => return Err(Failure::new(format!("there is no `{root}` here"), span)),
            "dependency" => {
                (Rc::new(Node::unknown("it is an output of another Terragrunt unit", "pass a plan", span)), 0)
            }
            kind => match name(0) {
                Some(name) => (self.resource_value(module, false, kind, name, span)?, left(1)),
                None => return Err(Failure::new(format!("there is no `{kind}`"), span)),
            },
        })
    }

    fn path(&self, module: usize, name: &str, span: Span) -> Node {
        let folder = |number: usize| {
            let path = self.module(number).directory.path;
            Node::string(if path.is_empty() { "." } else { path }, span)
        };
        match name {
            "module" => folder(module),
            "root" => folder(0),
            _ => Node::unknown("the working directory is not known here", "", span),
        }
    }

    /// `module.name`: a handle for each instance.
    fn module_value(&self, module: usize, name: &str, span: Span) -> Result<Rc<Node>, Failure> {
        let home = self.module(module);
        if !home.directory.modules.contains_key(name) {
            return Err(Failure::new(format!("there is no module `{name}`"), span));
        }
        let address: Text = format!("{}module.{name}", home.prefix).into();
        let Some(calls) = self.called(module, name) else {
            self.trace_all(std::slice::from_ref(&address));
            let mut unknown = Unknown::new(format!("`{address}` is not in the repository"), "pass a plan", span);
            unknown.refers_to.push(address);
            return Ok(Rc::new(unknown_node(unknown, span)));
        };
        let handle = |key: &str, number: usize| {
            let address: Text = format!("{address}{key}").into();
            self.handles.borrow_mut().entry(address.clone()).or_insert(Handle::Module(number));
            handle_node(address, span)
        };
        Ok(Rc::new(spread(&calls, handle, span)))
    }

    /// `type.name`: a handle for each instance.
    fn resource_value(
        &self,
        module: usize,
        data: bool,
        kind: &str,
        name: &str,
        span: Span,
    ) -> Result<Rc<Node>, Failure> {
        let home = self.module(module);
        let found = if data { &home.directory.data } else { &home.directory.resources };
        let Some(Placed { block, .. }) = found.get(&(kind, name)).copied() else {
            return Err(Failure::new(format!("there is no resource `{kind}.{name}`"), span));
        };
        let address: Text = format!("{}{}{kind}.{name}", home.prefix, if data { "data." } else { "" }).into();
        self.trace_all(std::slice::from_ref(&address));
        self.remember(module, (Slotted::Instances, address.clone()), span, || {
            let scope = Scope::of(module);
            let handle = |key: &str, each: Option<Rc<Node>>| {
                let address: Text = format!("{address}{key}").into();
                let scope = each.map_or_else(|| scope.clone(), |each| scope.with_each(each));
                self.handles.borrow_mut().insert(address.clone(), Handle::Resource(block, scope));
                handle_node(address, span)
            };
            Ok(match self.expansion(block, &scope) {
                Expansion::Single => handle("", None),
                Expansion::Uncertain(_, each) => handle("", Some(each)),
                Expansion::Counted(each) => {
                    let items = each.into_iter().enumerate().map(|(at, each)| handle(&format!("[{at}]"), Some(each)));
                    Node::new(Value::List(items.collect()), span)
                }
                Expansion::Keyed(each) => {
                    let mut map = Map::default();
                    for (key, each) in each {
                        let value = handle(&format!("[{key:?}]"), Some(each));
                        map.entries.push(Entry { key, key_span: span, value });
                    }
                    Node::new(Value::Map(map), span)
                }
            })
        })
    }
}

/// The value that stands for a whole resource or module.
fn handle_node(address: Text, span: Span) -> Node {
    let mut unknown = Unknown::new(format!("`{address}` is known after apply"), "pass a plan", span);
    unknown.refers_to.push(address);
    unknown_node(unknown, span)
}

/// Handles of module instances, by index or key as they were called.
fn spread(calls: &[(Text, usize)], handle: impl Fn(&str, usize) -> Node, span: Span) -> Node {
    let keyed = !calls.is_empty() && calls.iter().all(|(key, _)| key.starts_with("[\""));
    match calls {
        [(key, number)] if key.is_empty() => handle("", *number),
        _ if keyed => {
            let mut map = Map::default();
            for (key, number) in calls {
                let plain = key.trim_start_matches("[\"").trim_end_matches("\"]");
                insert(&mut map, plain.into(), span, handle(key, *number));
            }
            Node::new(Value::Map(map), span)
        }
        _ => Node::new(Value::List(calls.iter().map(|(key, number)| handle(key, *number)).collect()), span),
    }
}

fn bind<'a>(scope: &Scope<'a>, key_name: Option<&str>, value_name: &str, key: Node, value: &Node) -> Scope<'a> {
    let scope = scope.with(value_name, Rc::new(value.clone()));
    match key_name {
        Some(name) => scope.with(name, Rc::new(key)),
        None => scope,
    }
}

/// Takes a traversal apart: its root name, and its steps into `steps`.
fn unchain<'e>(expression: &'e Expression, steps: &mut Vec<Step<'e>>) -> Option<&'e str> {
    let mut at = expression;
    loop {
        at = match &at.kind {
            ExpressionKind::Attribute(operand, name) => {
                steps.push(Step::Name(&name.value, name.span));
                operand
            }
            ExpressionKind::Index(operand, index) => {
                steps.push(Step::Index(index, index.span));
                operand
            }
            ExpressionKind::Variable(name) => {
                steps.reverse();
                return Some(name);
            }
            ExpressionKind::Element => {
                steps.reverse();
                return Some(ELEMENT);
            }
            _ => return None,
        };
    }
}

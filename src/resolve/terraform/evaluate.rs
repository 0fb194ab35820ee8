//! Expressions → values.
//!
//! A value keeps the place that decides it (the literal in a file of values, the default of a variable) and the places
//! it came through. A resource, or a module call, is an unknown that refers to its own address: attributes that its
//! block sets are read through it, and all others are known only after apply.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::problem::{Fault, Problem};
use crate::source::Span;
use crate::tree::block::{BinaryOperator, Expression, ExpressionKind, ForExpression, TemplatePart, UnaryOperator};
use crate::tree::{Entry, Map, Node, Text, Unknown, Value};

use super::functions;
use super::module::Module;
use super::operate::{
    Evaluated, Failure, binary, elements, insert, is_unknown, number, same, through_all, to_bool, to_number, to_text,
    unknown_among, unknown_node,
};
use super::project::Project;
use super::reference::{Handle, unchain};

/// How many expressions one root may take.
const MOST_STEPS: u64 = 20_000_000;
/// How deep evaluation may nest, references followed included.
const DEEPEST: u32 = 400;
/// How many instances of one block are made.
pub(super) const MOST_INSTANCES: usize = 1000;
/// How many elements a `for` expression may make.
const MOST_ELEMENTS: usize = 100_000;
/// The name under which the element of a splat is bound.
pub(super) const ELEMENT: &str = "*";

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

    /// The value bound to a name.
    pub(super) fn get(&self, name: &str) -> Option<Rc<Node>> {
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

/// The evaluation of one root.
pub(super) struct Evaluator<'a> {
    /// All directories.
    pub(super) project: &'a Project<'a>,
    modules: RefCell<Vec<Rc<Module<'a>>>>,
    pub(super) handles: RefCell<BTreeMap<Text, Handle<'a>>>,
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
        self.adopt_shared(Rc::new(module))
    }

    /// The same for one that is used elsewhere too.
    pub(super) fn adopt_shared(&self, module: Rc<Module<'a>>) -> usize {
        let mut modules = self.modules.borrow_mut();
        modules.push(module);
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

    /// Appends what the parts of a template come to; what is not known in them goes to `unknowns`.
    pub(super) fn write(
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
}

fn bind<'a>(scope: &Scope<'a>, key_name: Option<&str>, value_name: &str, key: Node, value: &Node) -> Scope<'a> {
    let scope = scope.with(value_name, Rc::new(value.clone()));
    match key_name {
        Some(name) => scope.with(name, Rc::new(key)),
        None => scope,
    }
}

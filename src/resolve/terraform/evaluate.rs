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
use crate::tree::{Node, Text, Unknown};

use super::agree::agreed;
use super::convert::{convert, to_bool, to_number, to_text};
use super::functions;
use super::module::Module;
use super::operate::{Evaluated, Failure, binary};
use super::project::Project;
use super::reference::Handle;
use super::states::States;
use super::terragrunt::Terragrunt;
use super::typed::{HEAVIEST, Member, Typed, What, same, unknown_among};
use super::types::{Type, unify};

/// How many steps all roots may take together, and how many one may: an expression is one, and so is each value that a
/// function makes.
const STEPS: std::ops::RangeInclusive<u64> = 1_000_000..=4_000_000;
const STEPS_OF_ALL: u64 = 400_000_000;
/// How many calls of modules one root may make.
pub(super) const MOST_CALLS: usize = 10_000;
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
    /// Whether names of the module are out of sight.
    pub(super) sealed: Sealed,
    names: Option<Rc<Binding>>,
    lifetime: std::marker::PhantomData<&'a ()>,
}

/// Whether an expression stands in a template that sees only the variables it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sealed {
    Not,
    /// In a file.
    File,
    /// In a string; it reads no files.
    Text,
}

#[derive(Debug)]
struct Binding {
    name: Text,
    value: Typed,
    next: Option<Rc<Binding>>,
}

impl Scope<'_> {
    /// The names of a module.
    pub(super) fn of(module: usize) -> Self {
        Self { module, sealed: Sealed::Not, names: None, lifetime: std::marker::PhantomData }
    }

    /// The same, and one more name.
    pub(super) fn with(&self, name: &str, value: Typed) -> Self {
        let names = Some(Rc::new(Binding { name: name.into(), value, next: self.names.clone() }));
        Self { names, ..self.clone() }
    }

    /// A template's: no names but those that are added.
    pub(super) fn sealed(&self, sealed: Sealed) -> Self {
        Self { sealed, names: None, ..self.clone() }
    }

    /// The same, with `each` and `count`.
    pub(super) fn with_each(&self, each: Typed) -> Self {
        self.with("count", each.clone()).with("each", each)
    }

    /// Whether any name is bound.
    pub(super) fn binds(&self) -> bool {
        self.names.is_some()
    }

    /// The value bound to a name.
    pub(super) fn get(&self, name: &str) -> Option<Typed> {
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
    most_steps: u64,
    /// The workspace, when it is known.
    pub(super) workspace: Option<Text>,
    depth: Cell<u32>,
    /// Why it is not known whether an element is there that was asked for since this was last taken.
    pub(super) doubted: RefCell<Option<Rc<Unknown>>>,
    /// The files of a Terragrunt unit, when it is one that is evaluated.
    pub(super) terragrunt: Option<Terragrunt<'a>>,
    /// The other roots, whose outputs this one may read.
    pub(super) states: Option<States<'a>>,
}

impl<'a> Evaluator<'a> {
    /// An evaluation that has not begun.
    pub(super) fn new(project: &'a Project<'a>) -> Self {
        let share = STEPS_OF_ALL / u64::try_from(project.directories.len().max(1)).unwrap_or(u64::MAX);
        Self {
            project,
            most_steps: share.clamp(*STEPS.start(), *STEPS.end()),
            workspace: None,
            modules: RefCell::default(),
            handles: RefCell::default(),
            trace: RefCell::default(),
            problems: RefCell::default(),
            steps: Cell::new(0),
            depth: Cell::new(0),
            doubted: RefCell::default(),
            terragrunt: None,
            states: None,
        }
    }

    /// The same for the files of a Terragrunt unit.
    pub(super) fn with_terragrunt(self, terragrunt: Terragrunt<'a>) -> Self {
        Self { terragrunt: Some(terragrunt), ..self }
    }

    /// The same, which may read what other roots hand out.
    pub(super) fn with_states(self, states: States<'a>) -> Self {
        Self { states: Some(states), ..self }
    }

    /// An evaluation of something else within this one: what it takes counts for both, and so does how deep it is.
    pub(super) fn counting<T>(&self, there: &Self, work: impl FnOnce() -> T) -> T {
        there.steps.set(self.steps.get());
        there.depth.set(self.depth.get());
        let made = work();
        self.steps.set(there.steps.get());
        made
    }

    /// The same, in a workspace.
    pub(super) fn in_workspace(self, workspace: Option<Text>) -> Self {
        Self { workspace, ..self }
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

    /// How many modules there are so far.
    pub(super) fn calls(&self) -> usize {
        self.modules.borrow().len()
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
        let (value, found) = self.apart(work);
        self.trace_all(&found);
        (value, found)
    }

    /// What `work` gives, and the resources it asked for, which count for nobody else.
    fn apart<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<Text>) {
        let before = self.trace.take();
        let value = work();
        let mut found = self.trace.replace(before);
        found.sort();
        found.dedup();
        (value, found)
    }

    /// What `work` gives, and why it is not known whether an element that it asked for is there.
    pub(super) fn doubting<T>(&self, work: impl FnOnce() -> T) -> (T, Option<Rc<Unknown>>) {
        let before = self.doubted.take();
        let value = work();
        (value, self.doubted.replace(before))
    }

    /// Counts resources as asked for.
    pub(super) fn trace_all(&self, addresses: &[Text]) {
        self.trace.borrow_mut().extend(addresses.iter().cloned());
    }

    /// The value of an expression; what fails becomes an unknown.
    pub(super) fn value(&self, expression: &Expression, scope: &Scope<'a>) -> Typed {
        self.evaluate(expression, scope).unwrap_or_else(Failure::into_value)
    }

    /// The value of an expression as it is written down.
    pub(super) fn node(&self, expression: &Expression, scope: &Scope<'a>) -> Node {
        self.value(expression, scope).into_node()
    }

    /// The value of an expression.
    pub(super) fn evaluate(&self, expression: &Expression, scope: &Scope<'a>) -> Evaluated {
        let (steps, depth) = (self.steps.get(), self.depth.get());
        if self.is_spent() || depth >= DEEPEST {
            return Ok(Typed::unknown("it takes too much to evaluate", "pass a plan", expression.span));
        }
        self.steps.set(steps + 1);
        self.depth.set(depth + 1);
        let value = self.evaluate_kind(expression, scope);
        self.depth.set(depth);
        value
    }

    /// Whether nothing more is evaluated.
    fn is_spent(&self) -> bool {
        self.steps.get() >= self.most_steps
    }

    /// Counts work that is no expression: the characters and elements that functions make.
    pub(super) fn spend(&self, steps: usize) {
        self.steps.set(self.steps.get().saturating_add(steps as u64));
    }

    fn evaluate_kind(&self, expression: &Expression, scope: &Scope<'a>) -> Evaluated {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Literal(value) => Ok(Typed::new(What::from_value(value), span)),
            ExpressionKind::Template(parts) => self.template(parts, scope, span),
            ExpressionKind::List(items) => {
                let (mut made, mut weight) = (Vec::with_capacity(items.len()), 0);
                for item in items {
                    made.push(self.evaluate(item, scope)?);
                    if too_heavy(&mut weight, made.last()) {
                        break;
                    }
                }
                Ok(Typed::tuple(made, span))
            }
            ExpressionKind::Object(pairs) => self.object(pairs, scope, span),
            ExpressionKind::Element => {
                scope.get(ELEMENT).ok_or_else(|| Failure::new("there is no element at hand", span))
            }
            ExpressionKind::Variable(_) | ExpressionKind::Attribute(..) | ExpressionKind::Index(..) => {
                self.traversal(expression, scope)
            }
            ExpressionKind::Splat(operand, rest) => self.splat(operand, rest, scope, span),
            ExpressionKind::Call { name, arguments, expand_last } => {
                functions::call(self, &name.value, arguments, *expand_last, scope, span)
            }
            ExpressionKind::Conditional(condition, yes, no) => self.conditional(condition, yes, no, scope, span),
            ExpressionKind::Unary(operator, operand) => self.unary(*operator, operand, scope, span),
            ExpressionKind::Binary(operator, left, right) => self.binary(*operator, left, right, scope, span),
            ExpressionKind::For(parts) => self.for_expression(parts, scope, span),
        }
    }

    fn unary(&self, operator: UnaryOperator, operand: &Expression, scope: &Scope<'a>, span: Span) -> Evaluated {
        let value = self.evaluate(operand, scope)?;
        let mark = value.sensitive.clone();
        let kind = if operator == UnaryOperator::Not { Type::Bool } else { Type::Number };
        let value = convert(&value, &kind)?;
        if value.is_unknown() {
            return Ok(value.at(span));
        }
        Ok(match operator {
            UnaryOperator::Negate => Typed::number(to_number(&value)?.negated(), span),
            UnaryOperator::Not => Typed::bool(!to_bool(&value)?, span),
        }
        .marked(mark))
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
        let unknown = |kind: Type, values: [&Typed; 2]| {
            let unknown = unknown_among(values, true).unwrap_or_else(|| Unknown::new("it is not known", "", span));
            // What operators make is never null.
            Typed::new(What::Unknown(Rc::new(Unknown { set: true, ..unknown }), kind), span)
        };
        match operator {
            BinaryOperator::And | BinaryOperator::Or => {
                // `false && x` is false whatever x is, and `true || x` is true.
                let decides = operator == BinaryOperator::Or;
                let side = |value: &Typed| if value.is_unknown() { Ok(None) } else { to_bool(value).map(Some) };
                let first = side(&left)?;
                if first == Some(decides) {
                    return Ok(Typed::bool(decides, span).marked(left.sensitive));
                }
                let right = self.evaluate(right, scope)?;
                let value = match (first, side(&right)?) {
                    (_, Some(value)) if value == decides => Typed::bool(decides, span),
                    (Some(_), Some(_)) => Typed::bool(!decides, span),
                    _ => unknown(Type::Bool, [&left, &right]),
                };
                Ok(value.marked(left.sensitive).marked(right.sensitive))
            }
            BinaryOperator::Equal | BinaryOperator::NotEqual => {
                let right = self.evaluate(right, scope)?;
                self.spend((left.weight + right.weight) as usize / 16);
                let value = match same(&left, &right) {
                    Some(equal) => Typed::bool(equal == (operator == BinaryOperator::Equal), span),
                    None => unknown(Type::Bool, [&left, &right]),
                };
                Ok(value.marked(left.any_mark()).marked(right.any_mark()))
            }
            _ => {
                let right = self.evaluate(right, scope)?;
                let (left, right) = (convert(&left, &Type::Number)?, convert(&right, &Type::Number)?);
                let value = if left.is_unknown() || right.is_unknown() {
                    let kind = result(operator);
                    if left.is_null() || right.is_null() {
                        return Err(Failure::new("a number is needed here", span));
                    }
                    unknown(kind, [&left, &right])
                } else {
                    binary(operator, &left, &right, span)?
                };
                Ok(value.marked(left.sensitive).marked(right.sensitive))
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
        let expressions = (yes, no);
        // Both ways are looked at: the result is of a type that both can be made into. What it is made of is only the
        // way that is taken.
        let ((yes, of_yes), (no, of_no)) =
            (self.apart(|| self.evaluate(yes, scope)), self.apart(|| self.evaluate(no, scope)));
        let kind = {
            let shapes = (self.shape(&yes, expressions.0, scope, 0), self.shape(&no, expressions.1, scope, 0));
            common(&shapes.0, &shapes.1).ok_or_else(|| Failure::new("the two results differ in type", span))?
        };
        if let What::Unknown(unknown, _) = &decided.what {
            self.trace_all(&of_yes);
            self.trace_all(&of_no);
            // Where both ways lead to the same value, the condition does not matter.
            let mark = decided.sensitive.clone();
            return Ok(match (yes, no) {
                (Ok(yes), Ok(no)) => {
                    let (yes, no) = (convert(&yes, &kind)?, convert(&no, &kind)?);
                    self.spend((yes.weight + no.weight) as usize / 16);
                    agreed(&[&yes, &no], unknown, span, 0).marked(mark)
                }
                (yes, no) => {
                    let sure = |way: &Evaluated| way.as_ref().is_ok_and(Typed::is_certainly_set);
                    let mut unknown = Unknown { set: sure(&yes) && sure(&no), ..(**unknown).clone() };
                    let branches: Vec<Typed> = [yes, no].into_iter().flatten().collect();
                    if let Some(others) = unknown_among(&branches, true) {
                        unknown.refers_to.extend(others.refers_to);
                    }
                    Typed::new(What::Unknown(Rc::new(unknown), kind), span).marked(mark)
                }
            });
        }
        let (taken, made_of) = if to_bool(&decided)? { (&yes, of_yes) } else { (&no, of_no) };
        self.trace_all(&made_of);
        let mark = [&yes, &no].into_iter().flatten().find_map(|value| value.sensitive.clone());
        let taken = taken.as_ref().map_err(Clone::clone)?;
        self.spend(taken.weight as usize / 16);
        Ok(convert(taken, &kind)?.marked(mark).marked(decided.sensitive))
    }

    /// What is known of the type of an expression, even where it failed: an object of which one attribute failed is an
    /// object all the same.
    fn shape(&self, outcome: &Evaluated, expression: &Expression, scope: &Scope<'a>, depth: u32) -> Typed {
        let failure = match outcome {
            Ok(value) => return value.clone(),
            Err(failure) => failure,
        };
        let open = |kind: Type| {
            let unknown = Unknown::new(failure.reason.clone(), "", failure.span);
            Typed::new(What::Unknown(Rc::new(unknown), kind), expression.span)
        };
        let part = |part: &Expression| {
            let (outcome, _) = self.apart(|| self.evaluate(part, scope));
            self.shape(&outcome, part, scope, depth + 1)
        };
        match &expression.kind {
            ExpressionKind::List(items) if depth < 8 => Typed::tuple(items.iter().map(part).collect(), expression.span),
            ExpressionKind::Object(pairs) if depth < 8 => {
                let member = |(key, value): &(Expression, Expression)| {
                    let key_value = self.evaluate(key, scope).ok()?;
                    Some(Member { key: to_text(&key_value).ok()?, key_span: key.span, value: part(value) })
                };
                match pairs.iter().map(member).collect::<Option<Vec<_>>>() {
                    Some(members) => Typed::object(members, expression.span),
                    None => open(Type::Dynamic),
                }
            }
            ExpressionKind::Template(parts) if parts.len() > 1 => open(Type::String),
            ExpressionKind::Unary(UnaryOperator::Not, _) => open(Type::Bool),
            ExpressionKind::Unary(UnaryOperator::Negate, _) => open(Type::Number),
            ExpressionKind::Binary(operator, ..) => open(result(*operator)),
            _ => open(Type::Dynamic),
        }
    }

    fn object(&self, pairs: &[(Expression, Expression)], scope: &Scope<'a>, span: Span) -> Evaluated {
        let (mut members, mut unknown, mut mark) = (Vec::with_capacity(pairs.len()), None, None);
        for (key, value) in pairs {
            let name = self.evaluate(key, scope)?;
            let value = self.evaluate(value, scope)?;
            mark = mark.or_else(|| name.sensitive.clone());
            if let What::Unknown(why, _) = &name.what {
                unknown = unknown.or_else(|| Some((**why).clone()));
            } else {
                members.push(Member { key: to_text(&name)?, key_span: key.span, value });
            }
        }
        Ok(match unknown {
            Some(unknown) => Typed::of_unknown(unknown, span),
            None => Typed::object(members, span),
        }
        .marked(mark))
    }

    /// A string, or the value of its only part.
    pub(super) fn template(&self, parts: &[TemplatePart], scope: &Scope<'a>, span: Span) -> Evaluated {
        if let [TemplatePart::Interpolation(only)] = parts {
            return self.evaluate(only, scope);
        }
        let mut written = Written::default();
        self.write(parts, scope, &mut written)?;
        self.spend(written.text.len() / 8);
        Ok(match written.unknown {
            Some(unknown) => {
                let partial = Some(written.text.into());
                Typed::new(What::Unknown(Rc::new(Unknown { partial, set: true, ..unknown }), Type::String), span)
                    .through_all(&written.way)
            }
            None => Typed::string(written.text, span).through_all(&written.way),
        }
        .marked(written.mark))
    }

    fn write(&self, parts: &[TemplatePart], scope: &Scope<'a>, written: &mut Written) -> Result<(), Failure> {
        for part in parts {
            match part {
                TemplatePart::Literal(literal) => {
                    written.text.push_str(literal);
                    written.way.clear();
                }
                TemplatePart::Interpolation(expression) => {
                    let value = self.evaluate(expression, scope)?;
                    written.way = std::iter::once(value.span)
                        .chain(value.via.iter().flat_map(|way| way.iter()).copied())
                        .collect();
                    if written.notes(&value) {
                        // What is known of it, or a star for all of it.
                        let partial = value.as_unknown().and_then(|unknown| unknown.partial.as_deref());
                        written.text.push_str(partial.unwrap_or("*"));
                    } else {
                        written.text.push_str(&to_text(&value)?);
                    }
                }
                TemplatePart::If { condition, then, otherwise } => {
                    let value = self.evaluate(condition, scope)?;
                    if written.notes(&value) {
                        written.text.push('*');
                    } else {
                        self.write(if to_bool(&value)? { then } else { otherwise }, scope, written)?;
                    }
                }
                TemplatePart::For { key_name, value_name, collection, body } => {
                    let value = self.evaluate(collection, scope)?;
                    if written.notes(&value) {
                        written.text.push('*');
                        continue;
                    }
                    let Some(elements) = value.elements() else {
                        return Err(Failure::new("`for` needs a collection", collection.span));
                    };
                    for (key, value) in elements {
                        let scope = bind(scope, key_name.as_deref(), value_name, key, value);
                        self.write(body, &scope, written)?;
                        if self.is_spent() {
                            written.unknown = Some(Unknown::new("it takes too much to evaluate", "pass a plan", None));
                        }
                        if written.unknown.is_some() {
                            break;
                        }
                    }
                }
            }
            if written.text.len() > functions::LONGEST_TEXT {
                written.unknown = Some(Unknown::new("the text is too long", "", None));
                return Ok(());
            }
        }
        Ok(())
    }

    fn splat(&self, operand: &Expression, rest: &Expression, scope: &Scope<'a>, span: Span) -> Evaluated {
        let value = self.evaluate(operand, scope)?;
        let mark = value.sensitive.clone();
        let items = match &value.what {
            What::Null(Type::List(_) | Type::Set(_) | Type::Tuple(_)) => {
                return Err(Failure::new("a splat on a list that is null", span));
            }
            What::Null(_) => return Ok(Typed::tuple(Vec::new(), span).marked(mark)),
            // A splat on a resource that may be several stays unknown.
            What::Unknown(..) => return self.evaluate(rest, &scope.with(ELEMENT, value)),
            What::List(_, items) | What::Set(_, items) | What::Tuple(items) => items.clone(),
            // A splat on a single value makes a list of it.
            _ => Rc::new(vec![value.clone()]),
        };
        let each = |item: &Typed| self.evaluate(rest, &scope.with(ELEMENT, item.clone()));
        let (mut made, mut weight) = (Vec::with_capacity(items.len()), 0);
        for item in items.iter() {
            made.push(each(item)?);
            if too_heavy(&mut weight, made.last()) {
                return Ok(Typed::unknown("the value is too large", "pass a plan", span));
            }
        }
        let made = match &value.what {
            What::List(kind, _) | What::Set(kind, _) => {
                let element = if let Some(first) = made.first() {
                    first.kind()
                } else {
                    let unknown = Rc::new(Unknown::new("there is none", "", span));
                    let item = Typed::new(What::Unknown(unknown, kind.clone()), span);
                    self.evaluate(rest, &scope.with(ELEMENT, item))?.kind()
                };
                Typed::list(element, made, span)
            }
            _ => Typed::tuple(made, span),
        };
        Ok(made.marked(mark))
    }

    fn for_expression(&self, parts: &ForExpression, scope: &Scope<'a>, span: Span) -> Evaluated {
        let collection = self.evaluate(&parts.collection, scope)?;
        let mut mark = collection.sensitive.clone();
        // What elements would be made of is asked for all the same: references follow from it.
        let trace = |scope: &Scope<'a>| drop(self.value(&parts.value, scope));
        if let What::Unknown(unknown, _) = &collection.what {
            let part = || Typed::of_unknown((**unknown).clone(), span);
            trace(&bind(scope, parts.key_name.as_deref(), &parts.value_name, part(), part()));
            return Ok(part().marked(mark));
        }
        let Some(elements) = collection.elements() else {
            return Err(Failure::new("`for` needs a collection", parts.collection.span));
        };
        if elements.len() > MOST_ELEMENTS {
            return Ok(Typed::unknown("the collection is too long", "pass a plan", span));
        }
        let way: Vec<Span> = collection.via.iter().flat_map(|way| way.iter()).copied().collect();
        let (mut list, mut members, mut unknown) = (Vec::new(), Vec::<Member>::new(), None);
        let mut grouped: BTreeMap<Text, Vec<Typed>> = BTreeMap::new();
        let mut weight = 0;
        for (key, value) in elements {
            if self.is_spent() {
                return Ok(Typed::unknown("it takes too much to evaluate", "pass a plan", span));
            }
            let scope = bind(scope, parts.key_name.as_deref(), &parts.value_name, key, value);
            if let Some(condition) = &parts.condition {
                let decided = self.evaluate(condition, &scope)?;
                mark = mark.or_else(|| decided.sensitive.clone());
                if let What::Unknown(why, _) = &decided.what {
                    unknown = unknown.or_else(|| Some((**why).clone()));
                    trace(&scope);
                    continue;
                }
                if !to_bool(&decided)? {
                    continue;
                }
            }
            let Some(key) = &parts.key else {
                list.push(self.evaluate(&parts.value, &scope)?.through_all(&way));
                if too_heavy(&mut weight, list.last()) {
                    break;
                }
                continue;
            };
            let key = self.evaluate(key, &scope)?;
            mark = mark.or_else(|| key.sensitive.clone());
            if let What::Unknown(why, _) = &key.what {
                unknown = unknown.or_else(|| Some((**why).clone()));
                trace(&scope);
                continue;
            }
            let name = to_text(&key)?;
            let value = self.evaluate(&parts.value, &scope)?.through_all(&way);
            if too_heavy(&mut weight, Some(&value)) {
                return Ok(Typed::unknown("the value is too large", "pass a plan", span));
            }
            let group = grouped.entry(name.clone()).or_default();
            if parts.grouping {
                group.push(value);
            } else if group.is_empty() {
                group.push(Typed::null(span));
                members.push(Member { key: name, key_span: key.span, value });
            } else {
                return Err(Failure::new(format!("`for` makes the key `{name}` twice"), span));
            }
        }
        if let Some(unknown) = unknown {
            return Ok(Typed::of_unknown(unknown, span).marked(mark));
        }
        if parts.grouping {
            let member = |(key, group)| Member { key, key_span: span, value: Typed::tuple(group, span) };
            members = grouped.into_iter().map(member).collect();
        }
        let value = if parts.key.is_some() { Typed::object(members, span) } else { Typed::tuple(list, span) };
        Ok(value.marked(mark))
    }
}

/// Whether what is being made holds too much already.
fn too_heavy(weight: &mut u32, next: Option<&Typed>) -> bool {
    *weight = weight.saturating_add(next.map_or(0, |next| next.weight));
    *weight > HEAVIEST
}

/// The type of what an operator gives when an operand is not known.
fn result(operator: BinaryOperator) -> Type {
    match operator {
        BinaryOperator::Add
        | BinaryOperator::Subtract
        | BinaryOperator::Multiply
        | BinaryOperator::Divide
        | BinaryOperator::Remainder => Type::Number,
        _ => Type::Bool,
    }
}

/// The type of a conditional's result; none when its two ways have nothing in common.
fn common(yes: &Typed, no: &Typed) -> Option<Type> {
    match (&yes.what, &no.what) {
        (What::Null(Type::Dynamic), _) => Some(no.kind()),
        (_, What::Null(Type::Dynamic)) => Some(yes.kind()),
        (What::Unknown(_, Type::Dynamic), _) | (_, What::Unknown(_, Type::Dynamic)) => Some(Type::Dynamic),
        _ => {
            let (yes, no) = (yes.kind(), no.kind());
            if yes == no { Some(yes) } else { unify(&[yes, no]) }
        }
    }
}

/// The text of a template so far.
#[derive(Default)]
struct Written {
    text: String,
    unknown: Option<Unknown>,
    /// Where its last part comes from, which says what it is of several alike: the version after a name.
    way: Vec<Span>,
    mark: Option<Rc<str>>,
}

impl Written {
    /// Takes note of marks and unknowns; whether the value is one.
    fn notes(&mut self, value: &Typed) -> bool {
        if self.mark.is_none() {
            self.mark.clone_from(&value.sensitive);
        }
        let Some(unknown) = value.as_unknown() else { return false };
        match &mut self.unknown {
            Some(first) => first.refers_to.extend(unknown.refers_to.iter().cloned()),
            None => self.unknown = Some((**unknown).clone()),
        }
        true
    }
}

/// A scope with the names of one round of a `for`.
pub(super) fn bind<'a>(
    scope: &Scope<'a>,
    key_name: Option<&str>,
    value_name: &str,
    key: Typed,
    value: Typed,
) -> Scope<'a> {
    let scope = scope.with(value_name, value);
    match key_name {
        Some(name) => scope.with(name, key),
        None => scope,
    }
}

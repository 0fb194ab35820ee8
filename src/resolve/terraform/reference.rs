//! References: `var.x`, `local.x`, `each.value`, `module.m.o`, `aws_x.y.z`, and the steps after them.

use std::borrow::Cow;
use std::rc::Rc;

use crate::source::Span;
use crate::tree::block::{Block, Expression, ExpressionKind};
use crate::tree::{Entry, Map, Node, Text, Unknown, Value};

use super::evaluate::{ELEMENT, Evaluator, Scope};
use super::module::{Expansion, Slotted, shared_through};
use super::operate::{
    Evaluated, Failure, insert, through, through_all, to_number, to_text, unknown_among, unknown_node,
};
use super::project::Placed;

/// What an address stands for.
#[derive(Clone, Debug)]
pub(super) enum Handle<'a> {
    /// An instance of a resource or data source.
    Resource(&'a Block, Scope<'a>),
    /// An instance of a module call.
    Module(usize),
}

/// One step of a traversal.
pub(super) enum Step<'e> {
    Name(&'e str, Span),
    Index(&'e Expression, Span),
}

impl<'a> Evaluator<'a> {
    /// The value of a reference, or of an attribute or element of any other value.
    pub(super) fn traversal(&self, expression: &Expression, scope: &Scope<'a>) -> Evaluated {
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
    pub(super) fn root(
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

/// Takes a traversal apart: its root name, and its steps into `steps`.
pub(super) fn unchain<'e>(expression: &'e Expression, steps: &mut Vec<Step<'e>>) -> Option<&'e str> {
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

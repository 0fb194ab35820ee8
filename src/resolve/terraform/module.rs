//! One call of a directory: its variables, locals, outputs, the modules it calls and the resources it declares, each
//! evaluated when first asked for and remembered.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::source::Span;
use crate::tree::block::{Block, Body, Expression, ExpressionKind};
use crate::tree::{Map, Node, Text, Unknown, Value};

use super::constrain::constrain;
use super::evaluate::{Evaluator, MOST_INSTANCES, Scope};
use super::operate::{Evaluated, Failure, elements, insert, is_unknown, through, unknown_among, unknown_node};
use super::project::{Directory, Placed, Target};

/// How deep modules may call modules.
const DEEPEST: usize = 32;

/// What a variable is given.
#[derive(Clone, Debug)]
pub(super) enum Given<'a> {
    /// An expression, in the scope of whoever gives it.
    Expression(Scope<'a>, &'a Expression),
    /// A value.
    Value(Rc<Node>),
}

/// What was worked out, and the resources it is made of.
#[derive(Clone, Debug)]
enum Slot {
    /// Being worked out: asking again is a cycle.
    Busy,
    /// Known, or known not to work.
    Done(Result<Rc<Node>, Failure>, Rc<[Text]>),
}

/// What a slot is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slotted {
    Variable,
    Local,
    Output,
    Instances,
    Attribute,
}

/// A directory as called once.
#[derive(Debug)]
pub(super) struct Module<'a> {
    /// What it declares.
    pub(super) directory: &'a Directory<'a>,
    /// `module.db.`; empty for a root.
    pub(super) prefix: Text,
    /// What its variables are given.
    pub(super) given: BTreeMap<Text, Given<'a>>,
    /// The heads of the calls that lead here, the nearest first.
    pub(super) chain: Vec<Span>,
    /// The folders of the modules that lead here, itself included.
    pub(super) folders: Vec<&'a str>,
    /// Why it is not sure whether it is called at all, when it is not.
    pub(super) uncertain: Option<Unknown>,
    memo: RefCell<BTreeMap<(Slotted, Text), Slot>>,
    calls: RefCell<BTreeMap<Text, Calls>>,
}

/// The instances of a module call, by what follows the address.
type Calls = Rc<Vec<(Text, usize)>>;

/// How many of a resource or module there are.
#[derive(Clone, Debug)]
pub(super) enum Expansion {
    /// One.
    Single,
    /// `count`: by index.
    Counted(Vec<Rc<Node>>),
    /// `for_each`: `each`, by key.
    Keyed(Vec<(Text, Rc<Node>)>),
    /// Not known; one stands for all.
    Uncertain(Unknown, Rc<Node>),
}

/// One of the instances that an expansion makes.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// What follows the address: `[0]`, `["key"]`, or nothing.
    pub(super) key: Text,
    /// `each` or `count`.
    pub(super) each: Option<Rc<Node>>,
    /// Why it is not sure whether it is made, when it is not.
    pub(super) uncertain: Option<Unknown>,
}

impl Expansion {
    /// The instances, in order.
    pub(super) fn instances(self) -> Vec<Instance> {
        let sure = |key: String, each| Instance { key: key.into(), each: Some(each), uncertain: None };
        match self {
            Self::Single => vec![Instance { key: Text::default(), each: None, uncertain: None }],
            Self::Counted(all) => {
                all.into_iter().enumerate().map(|(index, each)| sure(format!("[{index}]"), each)).collect()
            }
            Self::Keyed(all) => all.into_iter().map(|(key, each)| sure(format!("[{key:?}]"), each)).collect(),
            Self::Uncertain(unknown, each) => {
                vec![Instance { key: Text::default(), each: Some(each), uncertain: Some(unknown) }]
            }
        }
    }
}

impl<'a> Module<'a> {
    /// A root, or a called directory.
    pub(super) fn new(directory: &'a Directory<'a>, given: BTreeMap<Text, Given<'a>>) -> Self {
        Self {
            directory,
            prefix: Text::default(),
            given,
            chain: Vec::new(),
            folders: vec![directory.path],
            uncertain: None,
            memo: RefCell::default(),
            calls: RefCell::default(),
        }
    }
}

impl<'a> Evaluator<'a> {
    /// What a slot holds; worked out by `make` when asked for first.
    pub(super) fn remember(
        &self,
        module: usize,
        key: (Slotted, Text),
        at: Span,
        make: impl FnOnce() -> Evaluated,
    ) -> Result<Rc<Node>, Failure> {
        let home = self.module(module);
        let known = home.memo.borrow().get(&key).cloned();
        match known {
            Some(Slot::Done(value, references)) => {
                self.trace_all(&references);
                return value;
            }
            Some(Slot::Busy) => return Ok(Rc::new(Node::unknown("it depends on itself", "", at))),
            None => {}
        }
        home.memo.borrow_mut().insert(key.clone(), Slot::Busy);
        let (value, references) = self.traced(make);
        let value = value.map(Rc::new);
        home.memo.borrow_mut().insert(key, Slot::Done(value.clone(), references.into()));
        value
    }

    /// `var.name`.
    pub(super) fn variable(&self, module: usize, name: &str, at: Span) -> Result<Rc<Node>, Failure> {
        let home = self.module(module);
        let Some(block) = home.directory.variables.get(name).copied() else {
            return Err(Failure::new(format!("there is no variable `{name}`"), at));
        };
        self.remember(module, (Slotted::Variable, name.into()), at, || {
            let scope = Scope::of(module);
            let body = &block.body;
            let literal_true = |name: &str| literal_bool(body, name) == Some(true);
            let given = match home.given.get(name) {
                Some(Given::Expression(scope, expression)) => Some(self.value(expression, scope)),
                Some(Given::Value(node)) => Some((**node).clone()),
                None => None,
            };
            let replaceable = literal_bool(body, "nullable") == Some(false);
            let given = given.filter(|node| !(node.is_null() && replaceable));
            if literal_true("sensitive") && given.as_ref().is_none_or(|node| !node.is_null()) {
                return Ok(Node::unknown(format!("`var.{name}` is sensitive"), "", block.head));
            }
            let node = match (given, body.attribute("default")) {
                (Some(node), _) => node,
                (None, Some(default)) => self.value(&default.value, &scope),
                (None, None) => {
                    let reason = format!("`var.{name}` has no value here");
                    return Ok(Node::unknown(reason, "pass a tfvars file or a plan", block.head));
                }
            };
            Ok(match body.attribute("type") {
                Some(kind) => constrain(node, &kind.value, &|expression| self.value(expression, &scope)),
                None => node,
            })
        })
    }

    /// `local.name`.
    pub(super) fn local(&self, module: usize, name: &str, at: Span) -> Result<Rc<Node>, Failure> {
        let Some(attribute) = self.module(module).directory.locals.get(name).copied() else {
            return Err(Failure::new(format!("there is no local `{name}`"), at));
        };
        self.remember(module, (Slotted::Local, name.into()), at, || self.evaluate(&attribute.value, &Scope::of(module)))
    }

    /// An output of a module.
    pub(super) fn output(&self, module: usize, name: &str, at: Span) -> Result<Rc<Node>, Failure> {
        let block = self.module(module).directory.outputs.get(name).copied();
        let Some(value) = block.and_then(|block| block.body.attribute("value")) else {
            return Err(Failure::new(format!("the module has no output `{name}`"), at));
        };
        self.remember(module, (Slotted::Output, name.into()), at, || self.evaluate(&value.value, &Scope::of(module)))
    }

    /// How many of a resource or module a block makes.
    pub(super) fn expansion(&self, block: &'a Block, scope: &Scope<'a>) -> Expansion {
        let body = &block.body;
        let uncertain = |unknown: Unknown, at: Span| {
            let part = || unknown_node(unknown.clone(), at);
            let named = ["key", "value", "index"].map(|name| (name, part()));
            Expansion::Uncertain(unknown.clone(), Rc::new(mapping(named, at)))
        };
        if let Some(count) = body.attribute("count") {
            let node = self.value(&count.value, scope);
            let at = node.span;
            let number = super::operate::to_number(&node).ok().filter(|_| !matches!(node.value, Value::Null));
            return match (node.value, number) {
                (Value::Unknown(unknown), _) => uncertain(*unknown, at),
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range")]
                (_, Some(number)) => {
                    let wanted = number.clamp(0.0, 1e9) as usize;
                    self.limit(wanted, count.value.span);
                    let index = |index: usize| {
                        let index = Node::new(Value::Int(i64::try_from(index).unwrap_or(i64::MAX)), at);
                        Rc::new(mapping([("index", index)], at))
                    };
                    Expansion::Counted((0..wanted.min(MOST_INSTANCES)).map(index).collect())
                }
                _ => uncertain(Unknown::new("`count` is not a number", "", count.value.span), at),
            };
        }
        let Some(each) = body.attribute("for_each") else { return Expansion::Single };
        let node = self.value(&each.value, scope);
        let at = node.span;
        match &node.value {
            Value::Unknown(unknown) => uncertain((**unknown).clone(), at),
            Value::List(items) => {
                if let Some(unknown) = unknown_among(items, false) {
                    return uncertain(unknown, at);
                }
                self.limit(items.len(), each.value.span);
                let instance = |item: &Node| {
                    let key = item.scalar()?;
                    Some((key, Rc::new(mapping([("key", item.clone()), ("value", item.clone())], item.span))))
                };
                Expansion::Keyed(items.iter().take(MOST_INSTANCES).filter_map(instance).collect())
            }
            Value::Map(map) => {
                self.limit(map.entries.len(), each.value.span);
                let way: Vec<Span> = node.via.iter().flatten().copied().collect();
                let instances = elements(&node).unwrap_or_default().into_iter().take(MOST_INSTANCES);
                let instance = |(key, value): (Node, &Node)| {
                    let name = key.scalar().unwrap_or_default();
                    let value = super::operate::through_all(value.clone(), &way);
                    (name, Rc::new(mapping([("key", key), ("value", value)], at)))
                };
                Expansion::Keyed(instances.map(instance).collect())
            }
            _ => uncertain(Unknown::new("`for_each` is no collection", "", each.value.span), at),
        }
    }

    /// The instances of a module call. None for a module that is not in the repository.
    pub(super) fn called(&self, module: usize, name: &str) -> Option<Calls> {
        let home = self.module(module);
        if let Some(calls) = home.calls.borrow().get(name) {
            return Some(calls.clone());
        }
        let Placed { block, .. } = home.directory.modules.get(name).copied()?;
        let Target::Local(path) = self.project.target(home.directory.path, block) else { return None };
        let directory = self.project.directories.get(path.as_str())?;
        if home.folders.contains(&directory.path) || home.folders.len() >= DEEPEST {
            self.complain(block.head, format!("module `{name}` calls itself"), "break the cycle of module calls");
            return None;
        }
        // Nothing may ask for the same call while its instances are worked out: that would be a cycle.
        home.calls.borrow_mut().insert(name.into(), Rc::default());
        let scope = Scope::of(module);
        let mut calls = Vec::new();
        for Instance { key, each, uncertain } in self.expansion(block, &scope).instances() {
            let scope = each.map_or_else(|| scope.clone(), |each| scope.with_each(each));
            let given = |attribute: &'a crate::tree::block::Attribute| {
                (attribute.name.value.clone(), Given::Expression(scope.clone(), &attribute.value))
            };
            let mut called = Module::new(directory, block.body.attributes.iter().map(given).collect());
            called.prefix = format!("{}module.{name}{key}.", home.prefix).into();
            called.chain = std::iter::once(block.head).chain(home.chain.iter().copied()).collect();
            called.folders.extend(&home.folders);
            called.uncertain = uncertain.or_else(|| home.uncertain.clone());
            calls.push((key, self.adopt(called)));
        }
        let calls = Rc::new(calls);
        home.calls.borrow_mut().insert(name.into(), calls.clone());
        Some(calls)
    }
}

fn literal_bool(body: &Body, name: &str) -> Option<bool> {
    match &body.attribute(name)?.value.kind {
        ExpressionKind::Literal(Value::Bool(value)) => Some(*value),
        _ => None,
    }
}

/// A mapping of a few names.
pub(super) fn mapping<const N: usize>(entries: [(&str, Node); N], at: Span) -> Node {
    let mut map = Map::default();
    for (name, value) in entries {
        insert(&mut map, name.into(), at, value);
    }
    Node::new(Value::Map(map), at)
}

/// A value that may be a handle, come through a place.
pub(super) fn shared_through(node: &Rc<Node>, span: Span) -> Node {
    if is_unknown(node) { (**node).clone() } else { through((**node).clone(), span) }
}

//! One call of a directory: its variables, locals, outputs, the modules it calls and the resources it declares, each
//! evaluated when first asked for and remembered.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::source::Span;
use crate::tree::block::{Block, Body, Expression, ExpressionKind};
use crate::tree::{Text, Unknown, Value};

use super::common::Common;
use super::constrain::constrain;
use super::convert::{convert, to_number};
use super::evaluate::{Evaluator, MOST_CALLS, MOST_INSTANCES, Scope};
use super::operate::{Evaluated, Failure};
use super::project::{Directory, Placed, Target};
use super::reference::dotted;
use super::saved_plan::module_key;
use super::typed::{Typed, What, unknown_among};
use super::types::Type;

/// How deep modules may call modules.
const DEEPEST: usize = 32;

/// What a variable is given.
#[derive(Clone, Debug)]
pub(super) enum Given<'a> {
    /// An expression, in the scope of whoever gives it.
    Expression(Scope<'a>, &'a Expression),
    /// A value.
    Value(Typed),
}

/// What was worked out, by what for.
pub(super) type Memo = RefCell<BTreeMap<(Slotted, Text), Slot>>;

/// What was worked out, and the resources it is made of.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    /// Being worked out: asking again is a cycle.
    Busy,
    /// Known, or known not to work.
    Done(Evaluated, Rc<[Text]>),
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
    /// What its own names of providers stand for in the root: `aws` is `aws.dublin` where the call says so.
    pub(super) providers: BTreeMap<Text, Text>,
    /// The heads of the calls that lead here, the nearest first.
    pub(super) chain: Vec<Span>,
    /// The folders of the modules that lead here, itself included.
    pub(super) folders: Vec<&'a str>,
    /// Why it is not sure whether it is called at all, when it is not.
    pub(super) uncertain: Option<Unknown>,
    /// What it shares with the other instances of its call, when there are any.
    common: Option<Rc<Common<'a>>>,
    memo: Memo,
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
    Counted(Vec<Typed>),
    /// `for_each`: `each`, by key.
    Keyed(Vec<(Text, Typed)>),
    /// Not known; one stands for all.
    Uncertain(Unknown, Typed),
}

/// One of the instances that an expansion makes.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// What follows the address: `[0]`, `["key"]`, or nothing.
    pub(super) key: Text,
    /// `each` or `count`.
    pub(super) each: Option<Typed>,
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
            providers: BTreeMap::new(),
            chain: Vec::new(),
            folders: vec![directory.path],
            uncertain: None,
            common: None,
            memo: Memo::default(),
            calls: RefCell::default(),
        }
    }

    /// The provider of the root that a name stands for, of which the default has the name of its kind.
    pub(super) fn provider(&self, name: &Text) -> Text {
        self.providers.get(name).unwrap_or(name).clone()
    }

    /// What a call hands the providers of the module on as: those that it names, or the defaults where it names none.
    /// <https://developer.hashicorp.com/terraform/language/meta-arguments/module-providers>
    fn handed(&self, call: &Body) -> BTreeMap<Text, Text> {
        match call.attribute("providers").map(|attribute| &attribute.value.kind) {
            Some(ExpressionKind::Object(pairs)) => {
                pairs.iter().map(|(name, value)| (dotted(&name.kind), self.provider(&dotted(&value.kind)))).collect()
            }
            _ => self
                .providers
                .iter()
                .filter(|(name, _)| !name.contains('.'))
                .map(|(a, b)| (a.clone(), b.clone()))
                .collect(),
        }
    }

    /// Where a slot is remembered.
    fn memo(&self, key: &(Slotted, Text)) -> &Memo {
        self.common.as_deref().filter(|common| common.has(key)).map_or(&self.memo, |common| &common.memo)
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
    ) -> Evaluated {
        let home = self.module(module);
        let memo = home.memo(&key);
        let known = memo.borrow().get(&key).cloned();
        match known {
            Some(Slot::Done(value, references)) => {
                self.trace_all(&references);
                return value;
            }
            Some(Slot::Busy) => return Ok(Typed::unknown("it depends on itself", "", at)),
            None => {}
        }
        memo.borrow_mut().insert(key.clone(), Slot::Busy);
        // What fails elsewhere is nothing that `try` around this could catch.
        let ((value, references), _) = self.doubting(|| self.traced(make));
        memo.borrow_mut().insert(key, Slot::Done(value.clone(), references.into()));
        value
    }

    /// `var.name`.
    pub(super) fn variable(&self, module: usize, name: &str, at: Span) -> Evaluated {
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
                Some(Given::Value(value)) => Some(value.clone()),
                None => None,
            };
            let replaceable = literal_bool(body, "nullable") == Some(false);
            let given = given.filter(|value| !(value.is_null() && replaceable));
            let hidden = ["sensitive", "ephemeral"].into_iter().find(|word| literal_true(word));
            let hidden = hidden.map(|word| Rc::from(format!("`var.{name}` is {word}")));
            let value = match (given, body.attribute("default")) {
                (Some(value), _) => value,
                // What the call leaves out, the call decides as well.
                (None, Some(default)) => self.value(&default.value, &scope).through_all(&home.chain),
                (None, None) => {
                    let reason = format!("`var.{name}` has no value here");
                    Typed::unknown(reason, "pass a tfvars file or a plan", block.head)
                }
            };
            let value = match body.attribute("type") {
                Some(kind) => constrain(value, &kind.value, &|expression| self.value(expression, &scope)),
                None => value,
            };
            Ok(match hidden {
                // The place of a secret is not shown either.
                Some(reason) if !value.is_null() => Typed { via: None, ..value }.at(block.head).marked(Some(reason)),
                _ => value,
            })
        })
    }

    /// `local.name`.
    pub(super) fn local(&self, module: usize, name: &str, at: Span) -> Evaluated {
        let Some(attribute) = self.module(module).directory.locals.get(name).copied() else {
            return Err(Failure::new(format!("there is no local `{name}`"), at));
        };
        self.remember(module, (Slotted::Local, name.into()), at, || self.evaluate(&attribute.value, &Scope::of(module)))
    }

    /// An output of a module.
    pub(super) fn output(&self, module: usize, name: &str, at: Span) -> Evaluated {
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
            let part = || Typed::of_unknown(unknown.clone(), at);
            let named = ["key", "value", "index"].map(|name| (name, part()));
            Expansion::Uncertain(unknown.clone(), Typed::named(named, at))
        };
        if let Some(count) = body.attribute("count") {
            let value = self.value(&count.value, scope);
            let at = value.span;
            if let Some(unknown) = value.as_unknown() {
                return uncertain((**unknown).clone(), at);
            }
            let Some(wanted) = to_number(&value).ok().filter(super::number::Number::is_whole) else {
                return uncertain(Unknown::new("`count` is not a whole number", "", count.value.span), at);
            };
            let wanted = if wanted.is_negative() { Some(0) } else { wanted.to_i64() };
            let wanted = wanted.and_then(|wanted| usize::try_from(wanted).ok()).unwrap_or(usize::MAX);
            self.limit(wanted, count.value.span);
            let index =
                |index: usize| Typed::named([("index", Typed::number(super::number::Number::counted(index), at))], at);
            return Expansion::Counted((0..wanted.min(MOST_INSTANCES)).map(index).collect());
        }
        let Some(each) = body.attribute("for_each") else { return Expansion::Single };
        let value = self.value(&each.value, scope);
        let at = value.span;
        if let Some(reason) = &value.sensitive {
            return uncertain(Unknown::new(&**reason, "", each.value.span), at);
        }
        match &value.what {
            What::Unknown(unknown, _) => uncertain((**unknown).clone(), at),
            What::Set(_, items) | What::List(_, items) | What::Tuple(items) => {
                if let Some(unknown) = unknown_among(items.iter(), false) {
                    return uncertain(unknown, at);
                }
                self.limit(items.len(), each.value.span);
                let instance = |item: &Typed| {
                    let key = convert(item, &Type::String).ok()?;
                    let name: Text = key.as_str()?.into();
                    Some((name, Typed::named([("key", item.clone()), ("value", item.clone())], item.span)))
                };
                Expansion::Keyed(items.iter().take(MOST_INSTANCES).filter_map(instance).collect())
            }
            What::Map(_, members) | What::Object(members) => {
                self.limit(members.len(), each.value.span);
                let way: Vec<Span> = value.via.iter().flat_map(|way| way.iter()).copied().collect();
                let instance = |member: &super::typed::Member| {
                    let key = Typed::string(member.key.clone(), member.key_span);
                    let value = member.value.clone().through_all(&way);
                    (member.key.clone(), Typed::named([("key", key), ("value", value)], at))
                };
                Expansion::Keyed(members.iter().take(MOST_INSTANCES).map(instance).collect())
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
        let path = match self.project.target(home.directory.path, block) {
            Target::Local(path) => path,
            Target::Remote(_) | Target::Unsaid => {
                let calls = module_key(&format!("{}module.{name}", home.prefix))?;
                self.project.installed(self.module(0).directory.path, &calls)?.to_owned()
            }
        };
        let directory = self.project.directories.get(path.as_str())?;
        if home.folders.contains(&directory.path) || home.folders.len() >= DEEPEST {
            self.complain(block.head, format!("module `{name}` calls itself"), "break the cycle of module calls");
            return None;
        }
        // Nothing may ask for the same call while its instances are worked out: that would be a cycle.
        home.calls.borrow_mut().insert(name.into(), Rc::default());
        let scope = Scope::of(module);
        let mut calls = Vec::new();
        let instances = self.expansion(block, &scope).instances();
        let common = match &home.common {
            Some(common) => Some(common.inside(name, directory, &block.body)),
            None => (instances.len() > 1).then(|| Common::of_call(directory, &block.body)),
        };
        for Instance { key, each, uncertain } in instances {
            if self.calls() >= MOST_CALLS {
                let message = format!("more than {MOST_CALLS} calls of modules: the rest is left out");
                self.complain(block.head, message, "audit a plan instead");
                break;
            }
            let scope = each.map_or_else(|| scope.clone(), |each| scope.with_each(each));
            let given = |attribute: &'a crate::tree::block::Attribute| {
                (attribute.name.value.clone(), Given::Expression(scope.clone(), &attribute.value))
            };
            let mut called = Module::new(directory, block.body.attributes.iter().map(given).collect());
            called.providers = home.handed(&block.body);
            called.prefix = format!("{}module.{name}{key}.", home.prefix).into();
            called.chain = std::iter::once(block.head).chain(home.chain.iter().copied()).collect();
            called.folders.extend(&home.folders);
            called.uncertain = uncertain.or_else(|| home.uncertain.clone());
            called.common.clone_from(&common);
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

//! What the instances of one call have in common: the arguments that do not say which instance it is, and all that
//! follows from these alone. It is worked out for the first instance that asks, and remembered for all.
//!
//! An argument is its value and the places that decide it, which findings show. So calls on different lines share
//! nothing, equal as their values may be.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::tree::Text;
use crate::tree::block::{Attribute, Body, Expression, ExpressionKind};

use super::module::{Memo, Slotted};
use super::project::Directory;
use super::workspaces::each_part;

/// How deep an expression is looked into.
const DEEPEST: u32 = 200;
/// Names that are the same in every instance.
const ALIKE: &[&str] = &["path", "terraform", "tofu"];
/// Names that tell instances apart.
const TELLING: &[&str] = &["each", "count", "self"];

/// What the instances of one call have in common.
#[derive(Debug)]
pub(super) struct Common<'a> {
    directory: &'a Directory<'a>,
    /// The variables that each instance is given for itself.
    own: BTreeSet<&'a str>,
    /// What is the same in all, as far as it was asked.
    alike: RefCell<BTreeMap<(Slotted, Text), bool>>,
    /// What was worked out.
    pub(super) memo: Memo,
    /// The same of the calls inside.
    calls: RefCell<BTreeMap<Text, Rc<Common<'a>>>>,
}

impl<'a> Common<'a> {
    /// Of a call that is made in one place: an argument without `each` is the same for every instance.
    pub(super) fn of_call(directory: &'a Directory<'a>, call: &'a Body) -> Rc<Self> {
        Self::new(directory, call, |value| !mentions(value, &|name| TELLING.contains(&name), 0))
    }

    /// Of a call inside of what has instances itself.
    pub(super) fn inside(&self, name: &str, directory: &'a Directory<'a>, call: &'a Body) -> Rc<Self> {
        if let Some(known) = self.calls.borrow().get(name) {
            return known.clone();
        }
        let common = Self::new(directory, call, |value| self.follows(value));
        self.calls.borrow_mut().insert(name.into(), common.clone());
        common
    }

    fn new(directory: &'a Directory<'a>, call: &'a Body, alike: impl Fn(&'a Expression) -> bool) -> Rc<Self> {
        let own = |argument: &&'a Attribute| !alike(&argument.value);
        let own = call.attributes.iter().filter(own).map(|argument| argument.name.value.as_str()).collect();
        Rc::new(Self { directory, own, alike: RefCell::default(), memo: Memo::default(), calls: RefCell::default() })
    }

    /// Whether something is the same in every instance.
    pub(super) fn has(&self, key: &(Slotted, Text)) -> bool {
        let (slot, name) = (key.0, key.1.as_str());
        let expression = match slot {
            Slotted::Variable => return !self.own.contains(name),
            Slotted::Local => self.directory.locals.get(name).map(|local| &local.value),
            Slotted::Output => {
                let output = self.directory.outputs.get(name);
                output.and_then(|output| output.body.attribute("value")).map(|value| &value.value)
            }
            Slotted::Instances | Slotted::Attribute => None,
        };
        if let Some(known) = self.alike.borrow().get(key) {
            return *known;
        }
        // One that is made of itself is not.
        self.alike.borrow_mut().insert(key.clone(), false);
        let alike = expression.is_some_and(|expression| self.follows(expression));
        self.alike.borrow_mut().insert(key.clone(), alike);
        alike
    }

    /// Whether an expression is made of nothing but what all have in common.
    fn follows(&self, expression: &'a Expression) -> bool {
        let mut bound = BTreeSet::new();
        binds(expression, &mut bound, 0);
        self.made_of_common(expression, &bound, 0)
    }

    fn made_of_common(&self, expression: &'a Expression, bound: &BTreeSet<&str>, depth: u32) -> bool {
        match &expression.kind {
            ExpressionKind::Attribute(operand, name) => match &operand.kind {
                ExpressionKind::Variable(root) if root == "var" => {
                    return self.has(&(Slotted::Variable, name.value.clone()));
                }
                ExpressionKind::Variable(root) if root == "local" => {
                    return self.has(&(Slotted::Local, name.value.clone()));
                }
                _ => {}
            },
            ExpressionKind::Variable(name) => return ALIKE.contains(&name.as_str()) || bound.contains(name.as_str()),
            _ => {}
        }
        let mut all = depth < DEEPEST;
        each_part(&expression.kind, &mut |part| all = all && self.made_of_common(part, bound, depth + 1));
        all
    }
}

/// Whether a name stands anywhere in an expression; said of one that is too deep to be looked through.
fn mentions(expression: &Expression, name: &dyn Fn(&str) -> bool, depth: u32) -> bool {
    if let ExpressionKind::Variable(found) = &expression.kind {
        return name(found);
    }
    let mut any = depth >= DEEPEST;
    each_part(&expression.kind, &mut |part| any = any || mentions(part, name, depth + 1));
    any
}

/// The names that `for` binds in an expression, those that tell instances apart left out.
fn binds<'e>(expression: &'e Expression, names: &mut BTreeSet<&'e str>, depth: u32) {
    if depth >= DEEPEST {
        return;
    }
    if let ExpressionKind::For(parts) = &expression.kind {
        let bound = parts.key_name.iter().chain([&parts.value_name]).map(Text::as_str);
        names.extend(bound.filter(|name| !TELLING.contains(name)));
    }
    each_part(&expression.kind, &mut |part| binds(part, names, depth + 1));
}

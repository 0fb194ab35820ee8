//! Workspaces that a root's text names: what `terraform.workspace` is compared with, and the keys of what it is looked
//! up in, here and in the modules that are called. Terraform keeps the list of workspaces elsewhere; only what is written
//! can be evaluated.

use std::collections::BTreeSet;

use crate::model::Environments;
use crate::tree::block::{BinaryOperator, Body, Expression, ExpressionKind, TemplatePart};
use crate::tree::{Node, Text, Value};

use super::project::{Directory, File, Kind, Project, Target};

/// How deep expressions are looked into.
const DEEPEST: u32 = 64;
/// How many names are followed from one to the next.
const FARTHEST: u32 = 8;
/// How many calls of modules are looked into.
const MOST_CALLS: usize = 200;

/// Functions that give their text back, or the beginning of it, or write a letter otherwise, which a workspace may be
/// called as well.
const TEXT_FUNCTIONS: &[&str] = &["lower", "upper", "trimspace", "split", "element", "coalesce", "tostring", "replace"];
/// Functions whose keys are those of their arguments.
const MAP_FUNCTIONS: &[&str] = &["merge", "tomap", "try", "coalesce", "nonsensitive", "keys", "toset"];

/// The names of workspaces in the text of a directory and of the modules that it calls. `values` are the files that
/// give its variables values; later ones win. Where production has settings of its own among others, whatever has none
/// is no workspace any more, or goes by what those without settings share.
pub(super) fn named<'a>(
    project: &'a Project<'a>,
    directory: &'a Directory<'a>,
    values: &[&'a File<'a>],
    environments: &Environments,
) -> BTreeSet<Text> {
    let mut places = vec![Place { directory, call: None }];
    let mut at = 0;
    while let Some(place) = places.get(at).copied() {
        for called in place.directory.modules.values() {
            let Target::Local(path) = project.target(place.directory.path, called.block) else { continue };
            let Some(directory) = project.directories.get(path.as_str()) else { continue };
            let body = &called.block.body;
            let known = |known: &Place<'_>| known.call.is_some_and(|(other, _)| std::ptr::eq(other, body));
            if places.len() < MOST_CALLS && !places.iter().any(known) {
                places.push(Place { directory, call: Some((body, at)) });
            }
        }
        at += 1;
    }
    let mut found = Found { places, values, keys: BTreeSet::new(), compared: BTreeSet::new() };
    for at in 0..found.places.len() {
        found.place(at);
    }
    let is_production = |name: &Text| environments.of_word(name).is_some_and(|environment| environment.production);
    if !found.keys.iter().any(is_production) {
        found.keys.append(&mut found.compared);
    }
    found.keys
}

/// A directory, and the call that leads to it: its arguments, and which place it stands in.
#[derive(Clone, Copy)]
struct Place<'a> {
    directory: &'a Directory<'a>,
    call: Option<(&'a Body, usize)>,
}

/// What a name stands for.
#[derive(Clone, Copy)]
enum Meaning<'a> {
    /// An expression, in a place.
    Written(&'a Expression, usize),
    /// A value of a JSON file.
    Read(&'a Node),
}

struct Found<'v, 'a> {
    places: Vec<Place<'a>>,
    values: &'v [&'a File<'a>],
    /// What settings are looked up by.
    keys: BTreeSet<Text>,
    /// What the workspace is compared with.
    compared: BTreeSet<Text>,
}

impl<'a> Found<'_, 'a> {
    fn place(&mut self, at: usize) {
        let directory = self.places[at].directory;
        for local in directory.locals.values() {
            self.expression(&local.value, at, 0);
        }
        let resources = directory.resources.values().chain(directory.data.values());
        let placed = resources.chain(directory.modules.values()).map(|placed| placed.block);
        for block in placed.chain(directory.providers.iter().copied()).chain(directory.outputs.values().copied()) {
            self.body(&block.body, at, 0);
        }
    }

    fn body(&mut self, body: &'a Body, at: usize, depth: u32) {
        if depth > DEEPEST {
            return;
        }
        for attribute in &body.attributes {
            self.expression(&attribute.value, at, depth + 1);
        }
        for block in &body.blocks {
            self.body(&block.body, at, depth + 1);
        }
    }

    fn expression(&mut self, expression: &'a Expression, at: usize, depth: u32) {
        if depth > DEEPEST {
            return;
        }
        match &expression.kind {
            ExpressionKind::Binary(BinaryOperator::Equal | BinaryOperator::NotEqual, left, right) => {
                match (self.before(left, at, 0), self.before(right, at, 0)) {
                    (Some(before), _) => self.compare(&before, literal(right)),
                    (_, Some(before)) => self.compare(&before, literal(left)),
                    _ => {}
                }
            }
            ExpressionKind::Index(operand, index) => self.look_up(operand, index, at),
            ExpressionKind::Call { name, arguments, .. } => match (name.value.as_str(), arguments.as_slice()) {
                ("lookup", [map, key, ..]) | ("contains", [map, key]) => self.look_up(map, key, at),
                _ => {}
            },
            _ => {}
        }
        each_part(&expression.kind, &mut |part| self.expression(part, at, depth + 1));
    }

    fn compare(&mut self, before: &str, with: Option<Text>) {
        self.compared.extend(with.map(|name| Text::from(format!("{before}{name}"))));
    }

    /// Settings that are looked up by the workspace, or by what is left of it.
    fn look_up(&mut self, map: &'a Expression, key: &'a Expression, at: usize) {
        let Some(before) = self.before(key, at, 0) else { return };
        let others = (std::mem::take(&mut self.keys), std::mem::take(&mut self.compared));
        self.keys(Meaning::Written(map, at), 0);
        for (found, others) in [(&mut self.keys, others.0), (&mut self.compared, others.1)] {
            *found = found.iter().map(|name| Text::from(format!("{before}{name}"))).chain(others).collect();
        }
    }

    /// What stands in the name of the workspace before an expression that is `terraform.workspace`, or is made of it
    /// alone: nothing, or what was cut off. None of any other expression.
    fn before(&self, expression: &'a Expression, at: usize, steps: u32) -> Option<String> {
        if steps > FARTHEST {
            return None;
        }
        let inner = |expression: &'a Expression| self.before(expression, at, steps + 1);
        match &expression.kind {
            ExpressionKind::Attribute(operand, name) => match &operand.kind {
                ExpressionKind::Variable(root) if root == "terraform" => (name.value == "workspace").then(String::new),
                _ => match self.meaning(expression, at, steps)? {
                    Meaning::Written(value, at) => self.before(value, at, steps + 1),
                    Meaning::Read(_) => None,
                },
            },
            ExpressionKind::Index(operand, index) => {
                let first = matches!(&index.kind, ExpressionKind::Literal(Value::Int(0)));
                inner(operand).filter(|_| first)
            }
            ExpressionKind::Call { name, arguments, .. } => match (name.value.as_str(), arguments.as_slice()) {
                ("trimprefix", [text, cut]) => Some(inner(text)? + &self.text(cut, at, steps + 1)?),
                ("substr", [text, start, _]) => {
                    let ExpressionKind::Call { name, arguments, .. } = &start.kind else { return None };
                    let cut = arguments.first().filter(|_| name.value == "length")?;
                    Some(inner(text)? + &self.text(cut, at, steps + 1)?)
                }
                (name, arguments) if TEXT_FUNCTIONS.contains(&name) => arguments.iter().find_map(inner),
                _ => None,
            },
            ExpressionKind::Conditional(_, yes, no) => inner(yes).or_else(|| inner(no)),
            ExpressionKind::Template(parts) => match parts.as_slice() {
                [TemplatePart::Interpolation(only)] => inner(only),
                _ => None,
            },
            _ => None,
        }
    }

    /// A text that is written out, if only in parts.
    fn text(&self, expression: &'a Expression, at: usize, steps: u32) -> Option<String> {
        if steps > FARTHEST {
            return None;
        }
        match &expression.kind {
            ExpressionKind::Literal(Value::String(text)) => Some(text.to_string()),
            ExpressionKind::Template(parts) => parts
                .iter()
                .map(|part| match part {
                    TemplatePart::Literal(text) => Some(text.to_string()),
                    TemplatePart::Interpolation(inner) => self.text(inner, at, steps + 1),
                    _ => None,
                })
                .collect(),
            _ => match self.meaning(expression, at, steps)? {
                Meaning::Written(value, at) => self.text(value, at, steps + 1),
                Meaning::Read(node) => node.as_str().map(str::to_owned),
            },
        }
    }

    /// The keys of a mapping, or the elements of a list of names.
    fn keys(&mut self, of: Meaning<'a>, steps: u32) {
        if steps > FARTHEST {
            return;
        }
        let (expression, at) = match of {
            Meaning::Read(node) => {
                self.keys.extend(node.entries().iter().map(|entry| entry.key.clone()));
                self.compared.extend(node.items().iter().filter_map(Node::scalar));
                return;
            }
            Meaning::Written(expression, at) => (expression, at),
        };
        match &expression.kind {
            ExpressionKind::Object(pairs) => self.keys.extend(pairs.iter().filter_map(|(key, _)| literal(key))),
            ExpressionKind::List(items) => self.compared.extend(items.iter().filter_map(literal)),
            ExpressionKind::Call { name, arguments, .. } if MAP_FUNCTIONS.contains(&name.value.as_str()) => {
                for argument in arguments {
                    self.keys(Meaning::Written(argument, at), steps + 1);
                }
            }
            ExpressionKind::Conditional(_, yes, no) => {
                self.keys(Meaning::Written(yes, at), steps + 1);
                self.keys(Meaning::Written(no, at), steps + 1);
            }
            ExpressionKind::For(parts) => {
                let key = parts.key.as_ref().map(|key| &key.kind);
                if matches!((key, &parts.key_name), (Some(ExpressionKind::Variable(key)), Some(name)) if key == name) {
                    self.keys(Meaning::Written(&parts.collection, at), steps + 1);
                }
            }
            _ => {
                if let Some(meaning) = self.meaning(expression, at, steps) {
                    self.keys(meaning, steps + 1);
                }
            }
        }
    }

    /// What `local.x`, `var.x`, an attribute or element of one, or an output of a module stands for.
    fn meaning(&self, expression: &'a Expression, at: usize, steps: u32) -> Option<Meaning<'a>> {
        if steps > FARTHEST {
            return None;
        }
        let (operand, name) = match &expression.kind {
            ExpressionKind::Attribute(operand, name) => (operand, name),
            ExpressionKind::Index(operand, index) => {
                let ExpressionKind::Literal(Value::Int(index)) = &index.kind else { return None };
                let index = usize::try_from(*index).ok()?;
                return match self.meaning(operand, at, steps + 1)? {
                    Meaning::Read(node) => node.items().get(index).map(Meaning::Read),
                    Meaning::Written(Expression { kind: ExpressionKind::List(items), .. }, at) => {
                        items.get(index).map(|item| Meaning::Written(item, at))
                    }
                    Meaning::Written(..) => None,
                };
            }
            _ => return None,
        };
        if let ExpressionKind::Variable(root) = &operand.kind {
            return self.stands_for(root, &name.value, at);
        }
        if let ExpressionKind::Attribute(root, module) = &operand.kind
            && matches!(&root.kind, ExpressionKind::Variable(root) if root == "module")
        {
            return self.handed_out(&module.value, &name.value, at);
        }
        match self.meaning(operand, at, steps + 1)? {
            Meaning::Read(node) => node.get(&name.value).map(Meaning::Read),
            Meaning::Written(Expression { kind: ExpressionKind::Object(pairs), .. }, at) => {
                let named = |key: &Expression| matches!(&key.kind, ExpressionKind::Literal(Value::String(key)) if *key == name.value);
                pairs.iter().find(|(key, _)| named(key)).map(|(_, value)| Meaning::Written(value, at))
            }
            Meaning::Written(..) => None,
        }
    }

    /// What an output of a module that a place calls stands for.
    fn handed_out(&self, module: &str, output: &str, at: usize) -> Option<Meaning<'a>> {
        let body = &self.places[at].directory.modules.get(module)?.block.body;
        let called = self.places.iter().position(|it| it.call.is_some_and(|(call, _)| std::ptr::eq(call, body)))?;
        let output = self.places[called].directory.outputs.get(output)?;
        output.body.attribute("value").map(|value| Meaning::Written(&value.value, called))
    }

    /// What a local value or a variable of a place stands for: of a variable, what the call or a file gives it, else its
    /// default.
    fn stands_for(&self, root: &str, name: &str, at: usize) -> Option<Meaning<'a>> {
        let Place { directory, call } = self.places[at];
        if root == "local" {
            return directory.locals.get(name).map(|local| Meaning::Written(&local.value, at));
        }
        let variable = (root == "var").then(|| directory.variables.get(name))??;
        let given = match call {
            Some((arguments, caller)) => {
                arguments.attribute(name).map(|argument| Meaning::Written(&argument.value, caller))
            }
            None => self.values.iter().rev().find_map(|file| match &file.kind {
                Kind::Values(body) => body.attribute(name).map(|value| Meaning::Written(&value.value, at)),
                Kind::JsonValues(node) => node.get(name).map(Meaning::Read),
                _ => None,
            }),
        };
        given.or_else(|| Some(Meaning::Written(&variable.body.attribute("default")?.value, at)))
    }
}

/// Whether an expression is made of `terraform.workspace`.
pub(super) fn names_workspace(expression: &Expression, depth: u32) -> bool {
    if let ExpressionKind::Attribute(operand, name) = &expression.kind
        && matches!(&operand.kind, ExpressionKind::Variable(root) if root == "terraform")
    {
        return name.value == "workspace";
    }
    let mut found = false;
    each_part(&expression.kind, &mut |part| found = found || depth < DEEPEST && names_workspace(part, depth + 1));
    found
}

pub(super) fn literal(expression: &Expression) -> Option<Text> {
    match &expression.kind {
        ExpressionKind::Literal(Value::String(name)) => Some(name.clone()),
        _ => None,
    }
}

/// Every expression that stands directly in another.
pub(super) fn each_part<'a>(kind: &'a ExpressionKind, look: &mut dyn FnMut(&'a Expression)) {
    match kind {
        ExpressionKind::Literal(_) | ExpressionKind::Variable(_) | ExpressionKind::Element => {}
        ExpressionKind::Template(parts) => template(parts, look),
        ExpressionKind::List(items) => items.iter().for_each(look),
        ExpressionKind::Object(pairs) => pairs.iter().for_each(|(key, value)| {
            look(key);
            look(value);
        }),
        ExpressionKind::Attribute(operand, _) | ExpressionKind::Unary(_, operand) => look(operand),
        ExpressionKind::Index(a, b) | ExpressionKind::Splat(a, b) | ExpressionKind::Binary(_, a, b) => {
            look(a);
            look(b);
        }
        ExpressionKind::Call { arguments, .. } => arguments.iter().for_each(look),
        ExpressionKind::Conditional(condition, yes, no) => [condition, yes, no].into_iter().for_each(|part| look(part)),
        ExpressionKind::For(parts) => {
            look(&parts.collection);
            parts.key.iter().for_each(&mut *look);
            look(&parts.value);
            parts.condition.iter().for_each(look);
        }
    }
}

fn template<'a>(parts: &'a [TemplatePart], look: &mut dyn FnMut(&'a Expression)) {
    for part in parts {
        match part {
            TemplatePart::Literal(_) => {}
            TemplatePart::Interpolation(expression) => look(expression),
            TemplatePart::If { condition, then, otherwise } => {
                look(condition);
                template(then, look);
                template(otherwise, look);
            }
            TemplatePart::For { collection, body, .. } => {
                look(collection);
                template(body, look);
            }
        }
    }
}

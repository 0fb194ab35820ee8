//! Terragrunt, as far as it follows from files alone: a unit calls a module (`terraform { source }`) with `inputs`, which
//! it takes from its own file, from those that it includes, and from the outputs of other units.
//!
//! Each file of a unit is evaluated as a module of its own, so that `local.x` is its own. Folders are written as
//! absolute paths from the audited root. What Terragrunt would ask of the outside (environment variables, programs,
//! accounts, encrypted files) is unknown, and so is a mock output, which is no truth about the output it stands for.
//! <https://terragrunt.gruntwork.io/docs/reference/config-blocks-and-attributes/>

mod call;
mod survey;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::model::Environments;
use crate::source::{SourceId, Span, in_folder, parent};
use crate::tree::block::{Block, Body, Expression, ExpressionKind, TemplatePart};
use crate::tree::{ELSEWHERE, Node, Text, Unknown, Value};

pub(super) use survey::{Survey, stacks, survey, variants};

use super::evaluate::{Evaluator, Scope};
use super::module::{Given, Module};
use super::operate::Evaluated;
use super::project::{Directory, Project, local};
use super::typed::{Member, Typed, What};

/// How many units may lead to each other by their dependencies.
const DEEPEST: usize = 16;
/// The name of a unit's file.
pub(super) const UNIT: &str = "terragrunt.hcl";

/// The units of one evaluation, each evaluated once.
pub(super) struct Units<'a> {
    project: &'a Project<'a>,
    environments: &'a Environments,
    open: RefCell<Vec<&'a str>>,
    known: RefCell<BTreeMap<&'a str, Rc<Unit>>>,
}

/// What a unit comes to.
#[derive(Debug)]
pub(super) struct Unit {
    /// The module that it calls.
    pub(super) source: Source,
    /// The values that it gives to variables.
    inputs: BTreeMap<Text, Typed>,
    /// Why it may give others as well, where it may.
    rest: Option<Unknown>,
    /// Files that it writes beside the module.
    pub(super) generated: Vec<Generated>,
}

/// A file that a unit writes.
#[derive(Debug)]
pub(super) struct Generated {
    /// The text.
    pub(super) text: String,
    /// Where the text stands: in a file of its own that is copied, or in an expression.
    pub(super) from: From,
}

/// Where the text of a file that a unit writes stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    File(SourceId),
    Expression(Span),
}

/// Where a unit's module is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Source {
    /// In a folder of the repository; the unit's own where it names none.
    Local(String),
    /// Elsewhere: the source, and where it is written.
    Remote(Text, Span),
    /// Not known: why, and where.
    Unsure(String, Span),
}

/// A file that is evaluated for a unit.
struct File<'a> {
    path: &'a str,
    body: &'a Body,
    /// The folder that `get_terragrunt_dir` gives.
    unit: Text,
    /// The folder of the unit that all this is for.
    original: Text,
    /// Whether it is included by the unit's own file.
    included: bool,
}

/// The files of one unit, by the number of their module.
pub(super) struct Terragrunt<'a> {
    units: Rc<Units<'a>>,
    files: RefCell<BTreeMap<usize, Rc<File<'a>>>>,
    opened: RefCell<BTreeMap<(&'a str, Text), usize>>,
}

/// How the inputs of an included file are merged with the unit's own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strategy {
    None,
    Shallow,
    Deep,
}

/// An `include` block.
struct Include {
    name: Option<Text>,
    module: usize,
    strategy: Strategy,
}

/// A folder of the audited root as an absolute path.
fn absolute(folder: &str) -> String {
    format!("/{folder}")
}

/// A path from a folder, in the form that the audit knows files by; nothing for one that leaves the audited root.
fn within(base: &str, path: &str) -> Option<String> {
    let start = if path.starts_with('/') { "" } else { base };
    crate::source::join(start, path)
}

impl<'a> Units<'a> {
    /// Of a project, none of them evaluated.
    pub(super) fn new(project: &'a Project<'a>, environments: &'a Environments) -> Rc<Self> {
        Rc::new(Self { project, environments, open: RefCell::default(), known: RefCell::default() })
    }

    /// The unit whose file is at a path.
    pub(super) fn unit(self: &Rc<Self>, path: &'a str) -> Rc<Unit> {
        if let Some(unit) = self.known.borrow().get(path) {
            return unit.clone();
        }
        let open = self.open.borrow().len();
        if open >= DEEPEST || self.open.borrow().contains(&path) {
            let why = "the units depend on each other";
            return Rc::new(Unit {
                source: Source::Unsure(why.to_owned(), Span::default()),
                inputs: BTreeMap::new(),
                rest: Some(Unknown::new(why, "", None)),
                generated: Vec::new(),
            });
        }
        self.open.borrow_mut().push(path);
        let unit = Rc::new(self.evaluate(path));
        self.open.borrow_mut().pop();
        self.known.borrow_mut().insert(path, unit.clone());
        unit
    }

    fn evaluate(self: &Rc<Self>, path: &'a str) -> Unit {
        let evaluator = Evaluator::new(self.project).with_terragrunt(Terragrunt {
            units: self.clone(),
            files: RefCell::default(),
            opened: RefCell::default(),
        });
        let nothing = Unit {
            source: Source::Unsure("the file is not there".to_owned(), Span::default()),
            inputs: BTreeMap::new(),
            rest: None,
            generated: Vec::new(),
        };
        let Some(terragrunt) = evaluator.terragrunt.as_ref() else { return nothing };
        let home = parent(path);
        let Some(own) = terragrunt.open(&evaluator, path, home, home, false) else { return nothing };
        let includes = terragrunt.includes(&evaluator, own);
        let mut files: Vec<(usize, Strategy)> =
            includes.iter().map(|include| (include.module, include.strategy)).collect();
        // The unit's own inputs are merged into those of the file that it includes, in the way that it says there.
        let deep = includes.iter().any(|include| include.strategy == Strategy::Deep);
        files.push((own, if deep { Strategy::Deep } else { Strategy::Shallow }));
        let mut unit = Unit { source: Source::Local(home.to_owned()), rest: None, ..nothing };
        let mut generated: BTreeMap<Text, Generated> = BTreeMap::new();
        for (number, strategy) in files {
            let Some(file) = terragrunt.file(number) else { continue };
            if strategy == Strategy::None {
                continue;
            }
            if let Some(source) = terragrunt.source(&evaluator, number, &file) {
                unit.source = source;
            }
            let inputs = file.body.attribute("inputs").map(|inputs| &inputs.value);
            put_inputs(&evaluator, number, inputs, strategy, &mut unit);
            for block in file.body.blocks("generate") {
                let contents = block.body.attribute("contents").map(|contents| &contents.value);
                let (Some(label), Some(contents)) = (block.labels.first(), contents) else { continue };
                match written(&evaluator, contents, &Scope::of(number)) {
                    Some(file) => drop(generated.insert(label.value.clone(), file)),
                    None => drop(generated.remove(&label.value)),
                }
            }
        }
        unit.generated = generated.into_values().collect();
        unit
    }
}

impl Unit {
    /// What the unit gives to a module's variables.
    pub(super) fn given<'a>(&self, directory: &Directory<'a>) -> BTreeMap<Text, Given<'a>> {
        let mut given: BTreeMap<Text, Given<'a>> =
            self.inputs.iter().map(|(name, value)| (name.clone(), Given::Value(value.clone()))).collect();
        if let Some(unknown) = &self.rest {
            for (name, block) in &directory.variables {
                let may = || Given::Value(Typed::of_unknown(unknown.clone(), block.head));
                given.entry((*name).into()).or_insert_with(may);
            }
        }
        given
    }

    /// The arguments of a module that is elsewhere.
    pub(super) fn arguments(&self, at: Span) -> Node {
        let member = |(key, value): (&Text, &Typed)| Member { key: key.clone(), key_span: at, value: value.clone() };
        Typed::object(self.inputs.iter().map(member).collect(), at).into_node()
    }
}

impl<'a> Terragrunt<'a> {
    fn file(&self, number: usize) -> Option<Rc<File<'a>>> {
        self.files.borrow().get(&number).cloned()
    }

    /// The module of a file, evaluated for a folder.
    fn open(&self, evaluator: &Evaluator<'a>, path: &str, unit: &str, original: &str, included: bool) -> Option<usize> {
        let (path, hcl) = self.units.project.terragrunt.get_key_value(path)?;
        let key = (*path, Text::from(unit));
        if let Some(number) = self.opened.borrow().get(&key) {
            return Some(*number);
        }
        let number = evaluator.adopt(Module::new(&hcl.configuration, BTreeMap::new()));
        let file = File { path, body: hcl.body, unit: unit.into(), original: original.into(), included };
        self.files.borrow_mut().insert(number, Rc::new(file));
        self.opened.borrow_mut().insert(key, number);
        Some(number)
    }

    /// The files that a unit's own file includes.
    fn includes(&self, evaluator: &Evaluator<'a>, number: usize) -> Vec<Include> {
        let Some(file) = self.file(number).filter(|file| !file.included) else { return Vec::new() };
        let mut includes = Vec::new();
        for block in file.body.blocks("include") {
            let Some(path) = block.body.attribute("path") else { continue };
            let path = evaluator.value(&path.value, &Scope::of(number));
            let found = path.as_str().and_then(|path| within(&file.unit, path));
            let module = found.and_then(|path| self.open(evaluator, &path, &file.unit, &file.original, true));
            let strategy = match block.body.attribute("merge_strategy").map(|strategy| &strategy.value.kind) {
                Some(ExpressionKind::Literal(Value::String(name))) if name == "no_merge" => Strategy::None,
                Some(ExpressionKind::Literal(Value::String(name))) if name.starts_with("deep") => Strategy::Deep,
                _ => Strategy::Shallow,
            };
            if let Some(module) = module {
                includes.push(Include {
                    name: block.labels.first().map(|label| label.value.clone()),
                    module,
                    strategy,
                });
            }
        }
        includes
    }

    fn source(&self, evaluator: &Evaluator<'a>, number: usize, file: &File<'a>) -> Option<Source> {
        let attribute = file.body.blocks("terraform").find_map(|block| block.body.attribute("source"))?;
        Some(self.leads(evaluator, &attribute.value, &Scope::of(number), file))
    }

    /// Where a source leads.
    fn leads(&self, evaluator: &Evaluator<'a>, source: &'a Expression, scope: &Scope<'a>, file: &File<'a>) -> Source {
        let at = source.span;
        let value = evaluator.value(source, scope);
        let Some(source) = value.as_str() else {
            let same_repository = checkout(source).and_then(|start| local(&file.unit, start));
            // Of a choice that is not known, the way that leads to a folder here: the other is a release of it.
            let chosen = || match &innermost(source).kind {
                ExpressionKind::Conditional(_, yes, no) => {
                    let ways = [yes, no].map(|way| self.leads(evaluator, way, scope, file));
                    let mut here = ways.into_iter().filter_map(|way| match way {
                        Source::Local(path) => Some(path),
                        _ => None,
                    });
                    let first = here.next()?;
                    here.all(|other| other == first).then_some(first)
                }
                _ => None,
            };
            let why = value.as_unknown().map_or_else(|| "it is no text".to_owned(), |unknown| unknown.reason.clone());
            return same_repository.or_else(chosen).map_or(Source::Unsure(why, at), Source::Local);
        };
        // A checkout of this repository at another commit: what stands here is the nearest to it that can be read.
        let plain = source.strip_prefix("git::").unwrap_or(source);
        let plain = plain.split('?').next().unwrap_or(plain);
        let found = if plain.starts_with('/') { within("", plain) } else { local(&file.unit, plain) };
        match found {
            Some(path) if self.units.project.directories.contains_key(path.as_str()) => Source::Local(path),
            Some(path) => Source::Unsure(format!("there is no module in `{path}`"), at),
            None => Source::Remote(source.strip_prefix("tfr:///").unwrap_or(source).into(), at),
        }
    }

    /// The locals and inputs of a file, as another file reads them.
    fn exposed(&self, evaluator: &Evaluator<'a>, number: usize, span: Span) -> Typed {
        let Some(file) = self.file(number) else { return Typed::unknown("the file is not there", "", span) };
        let home = evaluator.module(number);
        let local = |name: &&'a str| Member {
            key: (*name).into(),
            key_span: span,
            value: evaluator.local(number, name, span).unwrap_or_else(super::operate::Failure::into_value),
        };
        let locals = Typed::object(home.directory.locals.keys().map(local).collect(), span);
        let inputs = file.body.attribute("inputs").map(|inputs| known_parts(evaluator, number, &inputs.value));
        let inputs = inputs.unwrap_or_else(|| Typed::object(Vec::new(), span));
        Typed::named([("locals", locals), ("inputs", inputs)], span)
    }

    /// The value of `dependency.name.outputs.output`, or of all outputs.
    fn outputs(
        &self,
        evaluator: &Evaluator<'a>,
        number: usize,
        block: &'a Block,
        output: Option<&str>,
        at: Span,
    ) -> Typed {
        let unknown = |reason: &str| Typed::unknown(reason, "pass a plan", at);
        let Some(file) = self.file(number) else { return unknown("the dependency is not known") };
        let path = block.body.attribute("config_path").map(|path| evaluator.value(&path.value, &Scope::of(number)));
        let Some(folder) = path.as_ref().and_then(Typed::as_str).and_then(|path| within(&file.unit, path)) else {
            return unknown("the path of the dependency is not known here");
        };
        let target = in_folder(&folder, UNIT);
        let Some((path, _)) = self.units.project.terragrunt.get_key_value(target.as_str()) else {
            return unknown("it is an output of a Terragrunt unit that is not in the repository");
        };
        let unit = self.units.unit(path);
        let directory = match &unit.source {
            Source::Local(folder) => self.units.project.directories.get(folder.as_str()),
            _ => None,
        };
        let Some(directory) = directory else {
            return unknown("it is an output of a module that is not in the repository");
        };
        let there = Evaluator::new(self.units.project);
        let module = there.adopt(Module::new(directory, unit.given(directory)));
        let value = |name: &str| match there.output(module, name, at) {
            Ok(value) => elsewhere(&value, directory.path, at),
            Err(failure) => failure.into_value(),
        };
        if let Some(name) = output {
            return value(name);
        }
        let member = |name: &&str| Member { key: (*name).into(), key_span: at, value: value(name) };
        Typed::object(directory.outputs.keys().map(member).collect(), at)
    }

    /// What Terragrunt's own names stand for: `include`, `dependency` and the like; and how many steps they take.
    pub(super) fn named(
        &self,
        evaluator: &Evaluator<'a>,
        number: usize,
        root: &str,
        steps: &[Option<&str>],
        span: Span,
    ) -> Option<(Typed, usize)> {
        let file = self.file(number)?;
        let step = |index: usize| steps.get(index).copied().flatten();
        match root {
            "include" => {
                let includes = self.includes(evaluator, number);
                let labelled = includes.iter().find(|include| include.name.as_deref() == step(0) && step(0).is_some());
                let (include, taken) = match labelled {
                    Some(include) => (include, 1),
                    None => (includes.iter().find(|include| include.name.is_none())?, 0),
                };
                Some((self.exposed(evaluator, include.module, span), taken))
            }
            "dependency" => {
                let name = step(0)?;
                let labelled = |block: &&'a Block| block.labels.first().is_some_and(|label| label.value == name);
                let own = file.body.blocks("dependency").find(labelled).map(|block| (number, block));
                let included = || {
                    self.includes(evaluator, number).into_iter().find_map(|include| {
                        let body = self.file(include.module)?.body;
                        Some((include.module, body.blocks("dependency").find(labelled)?))
                    })
                };
                let Some((home, block)) = own.or_else(included) else {
                    return Some((
                        Typed::unknown("it is an output of another Terragrunt unit", "pass a plan", span),
                        steps.len(),
                    ));
                };
                match (step(1), step(2)) {
                    (Some("outputs"), Some(output)) => {
                        Some((self.outputs(evaluator, home, block, Some(output), span), 3))
                    }
                    (Some("outputs"), None) => Some((self.outputs(evaluator, home, block, None, span), 2)),
                    _ => Some((
                        Typed::unknown("it belongs to another Terragrunt unit", "pass a plan", span),
                        steps.len(),
                    )),
                }
            }
            "feature" | "values" | "unit" | "stack" => {
                let reason = format!("`{root}` is given to Terragrunt from outside");
                Some((Typed::unknown(reason, "pass a plan", span), steps.len()))
            }
            _ => None,
        }
    }

    /// `jsondecode(read_tfvars_file(path))`: the values where they stand in the file. Nothing for any other argument.
    pub(super) fn decoded(
        &self,
        evaluator: &Evaluator<'a>,
        arguments: &[Expression],
        scope: &Scope<'a>,
        span: Span,
    ) -> Option<Evaluated> {
        let [Expression { kind: ExpressionKind::Call { name, arguments, .. }, .. }] = arguments else { return None };
        let file = self.file(scope.module).filter(|_| name.value == "read_tfvars_file")?;
        Some(call::Call { terragrunt: self, evaluator, file: &file, arguments, scope, span }.values())
    }

    /// What one of Terragrunt's functions gives; nothing for a name that is none of them.
    pub(super) fn call(
        &self,
        evaluator: &Evaluator<'a>,
        name: &str,
        arguments: &[Expression],
        scope: &Scope<'a>,
        span: Span,
    ) -> Option<Evaluated> {
        let file = self.file(scope.module)?;
        call::call(&call::Call { terragrunt: self, evaluator, file: &file, arguments, scope, span }, name)
    }
}

/// A file that a `generate` block writes; a text of which something is not known is not parsed.
fn written<'a>(evaluator: &Evaluator<'a>, contents: &'a Expression, scope: &Scope<'a>) -> Option<Generated> {
    if let ExpressionKind::Call { name, arguments, .. } = &contents.kind
        && let ("file", [path]) = (name.value.as_str(), arguments.as_slice())
        && let Some((id, source)) = evaluator.value(path, scope).as_str().and_then(|it| evaluator.located(it, scope))
    {
        return Some(Generated { text: source.text.clone(), from: From::File(id) });
    }
    let text = evaluator.value(contents, scope).as_str()?.to_owned();
    Some(Generated { text, from: From::Expression(contents.span) })
}

/// Puts the inputs of a file over those that are there.
fn put_inputs<'a>(
    evaluator: &Evaluator<'a>,
    number: usize,
    inputs: Option<&'a Expression>,
    strategy: Strategy,
    unit: &mut Unit,
) {
    let Some(inputs) = inputs else { return };
    // Of several that are merged, those that are known are: what the others may give is another's to know.
    let parts = match &inputs.kind {
        ExpressionKind::Call { name, arguments, expand_last: false } if name.value == "merge" => arguments.as_slice(),
        _ => std::slice::from_ref(inputs),
    };
    for part in parts {
        let value = known_parts(evaluator, number, part);
        match (value.members(), value.as_unknown()) {
            (Some(members), _) => {
                for Member { key, value, .. } in members.iter() {
                    let merged = match unit.inputs.get(key).filter(|_| strategy == Strategy::Deep) {
                        Some(before) => deep(before, value, 0),
                        None => value.clone(),
                    };
                    unit.inputs.insert(key.clone(), merged);
                }
            }
            (None, Some(unknown)) => {
                // It may replace what was given before, too.
                for value in unit.inputs.values_mut() {
                    *value = Typed::of_unknown((**unknown).clone(), part.span);
                }
                unit.rest = Some((**unknown).clone());
            }
            (None, None) => {}
        }
    }
}

/// The value of an object whose parts may each be unknown.
fn known_parts<'a>(evaluator: &Evaluator<'a>, number: usize, expression: &'a Expression) -> Typed {
    let scope = Scope::of(number);
    let ExpressionKind::Object(pairs) = &expression.kind else { return evaluator.value(expression, &scope) };
    let mut members = Vec::new();
    for (key, value) in pairs {
        let name = evaluator.value(key, &scope);
        let Some(name) = name.as_str() else { return evaluator.value(expression, &scope) };
        members.push(Member { key: name.into(), key_span: key.span, value: evaluator.value(value, &scope) });
    }
    Typed::object(members, expression.span)
}

/// A value of the evaluation of another folder: what it refers to stands there.
pub(super) fn elsewhere(value: &Typed, folder: &str, at: Span) -> Typed {
    fn mark(node: &mut Node, folder: &str, depth: u32) {
        match &mut node.value {
            Value::Unknown(unknown) => {
                for address in unknown.refers_to.iter_mut().filter(|address| !address.contains(ELSEWHERE)) {
                    *address = compact_str::format_compact!("{folder}{ELSEWHERE}{address}");
                }
            }
            Value::List(items) if depth < 64 => items.iter_mut().for_each(|item| mark(item, folder, depth + 1)),
            Value::Map(map) if depth < 64 => {
                map.entries.iter_mut().for_each(|entry| mark(&mut entry.value, folder, depth + 1));
            }
            _ => {}
        }
    }
    let mut node = value.clone().into_node();
    mark(&mut node, folder, 0);
    Typed::from_node(&node).through(at)
}

/// Mappings merged key by key, lists put after each other; of anything else the later one.
fn deep(before: &Typed, after: &Typed, depth: u32) -> Typed {
    if depth > 32 {
        return after.clone();
    }
    match (before.members(), after.members(), before.sequence(), after.sequence()) {
        (Some(before), Some(members), ..) => {
            let mut merged: Vec<Member> = before.to_vec();
            for member in members.iter() {
                match merged.iter_mut().find(|known| known.key == member.key) {
                    Some(known) => known.value = deep(&known.value, &member.value, depth + 1),
                    None => merged.push(member.clone()),
                }
            }
            Typed::object(merged, after.span)
        }
        (_, _, Some(before), Some(items)) => {
            Typed { what: What::Tuple(Rc::new(before.iter().chain(items.iter()).cloned().collect())), ..after.clone() }
        }
        _ => after.clone(),
    }
}

/// An expression without the quotes around it: `"${x}"` is `x`.
fn innermost(expression: &Expression) -> &Expression {
    match &expression.kind {
        ExpressionKind::Template(parts) => match parts.as_slice() {
            [TemplatePart::Interpolation(only)] => innermost(only),
            _ => expression,
        },
        _ => expression,
    }
}

/// The start of `git::../..//modules/x?ref=${…}`, without its scheme.
fn checkout(expression: &Expression) -> Option<&str> {
    let ExpressionKind::Template(parts) = &expression.kind else { return None };
    match parts.first() {
        Some(TemplatePart::Literal(start)) => Some(start.strip_prefix("git::")?.split_once('?')?.0),
        _ => None,
    }
}

//! What comes out of a root: its resources with all attributes evaluated, those of its modules included.

use std::collections::BTreeMap;

use crate::model::{Environment, Environments, Gap, Hides, Home};
use crate::problem::Problem;
use crate::resolve::rendered::Renderings;
use crate::source::{Span, parent};
use crate::tree::block::{Block, Body, Expression, ExpressionKind};
use crate::tree::{ELSEWHERE, Entry, Map, Node, Text, Value};

use super::evaluate::{Evaluator, Scope};
use super::manifests;
use super::module::{Given, Instance, Module};
use super::operate::Failure;
use super::project::{Placed, Project, Target};
use super::reference::{dotted, unchain};
use super::roots::Plan;
use super::saved_plan::{SavedPlan, split};
use super::states::States;
use super::terragrunt::{Source, Survey};
use super::typed::Typed;
use super::workspaces::names_workspace;
use super::{Mode, ModuleCall, Provider, Reference, Resource, Root, workers};

/// The most resources of one root.
const MOST_RESOURCES: usize = 100_000;

/// What one root gave.
pub(super) struct Outcome {
    pub(super) root: Root,
    pub(super) gaps: Vec<Gap>,
    pub(super) problems: Vec<Problem>,
    pub(super) renderings: Renderings,
}

/// Evaluates every plan, several at a time; outcomes are in the order of the plans.
pub(super) fn run<'a>(project: &'a Project<'a>, plans: &'a [Plan<'a>], environments: &'a Environments) -> Vec<Outcome> {
    workers::each(plans, || |plan| evaluate(project, plan, States::of(plans, plan, environments), environments))
}

fn evaluate<'a>(
    project: &'a Project<'a>,
    plan: &'a Plan<'a>,
    states: States<'a>,
    environments: &'a Environments,
) -> Outcome {
    let root = Root {
        directory: plan.directory.into(),
        environment: plan.environment.clone(),
        library: plan.library,
        ..Root::default()
    };
    let mut outcome = Outcome { root, gaps: Vec::new(), problems: Vec::new(), renderings: Renderings::default() };
    let Some(directory) = plan.variant.or_else(|| project.directories.get(plan.directory)) else { return outcome };
    let evaluator = Evaluator::new(project).in_workspace(plan.workspace.clone()).with_states(states);
    let mut module = Module::new(directory, BTreeMap::new());
    let given = plan.given(project, environments, directory);
    let left = directory.variables.iter().filter(|(name, _)| !given.contains_key(**name));
    outcome.root.open = left.filter_map(|(_, block)| Some(block.body.attribute("default")?.value.span)).collect();
    module.given = given;
    if let Some(saved) = plan.saved {
        saved.give(project, &mut module);
    }
    let number = evaluator.adopt(module);
    let mut collector =
        Collector { evaluator: &evaluator, outcome: &mut outcome, environments, documents: BTreeMap::new() };
    collector.defaults(number);
    let own = collector.outcome.root.environment.clone();
    collector.module(number, &own);
    collector.outputs(number);
    let documents = collector.documents;
    outcome.problems = evaluator.problems();
    if let Some(saved) = plan.saved {
        overlay(saved, project, &mut outcome, environments);
    }
    manifests::place(documents, &outcome.root, &mut outcome.renderings);
    outcome
}

/// Puts a saved plan over what the text gave.
fn overlay<'a>(saved: &SavedPlan<'a>, project: &Project<'a>, outcome: &mut Outcome, environments: &Environments) {
    let own = outcome.root.environment.clone();
    let known = outcome.root.calls.iter().filter(|call| saved.knows_call(&call.address));
    let heads: Vec<Span> = known.map(|call| call.head).collect();
    outcome.gaps.retain(|gap| !heads.contains(&gap.span));
    saved.apply(project, &mut outcome.root, &|prefix, name, body| {
        environment(prefix, name, false, body, &own, environments)
    });
}

/// A Terragrunt unit whose module is not here, or is not known.
pub(super) fn elsewhere(survey: &Survey<'_>, environments: &Environments) -> Option<Outcome> {
    let folder = parent(survey.path);
    let environment = environments.decide(survey.path, &[]);
    let mut root = Root { directory: folder.into(), environment, ..Root::default() };
    let gap = |span: Span, reason: String| Gap {
        hides: Hides::Terraform,
        span,
        path: survey.path.into(),
        reason: reason.into(),
    };
    let gaps = match &survey.source {
        Source::Local(_) => return None,
        Source::Remote(source, at) => {
            root.calls.push(ModuleCall {
                source: source.clone(),
                arguments: survey.arguments.clone()?,
                address: format!("module.{}", folder.rsplit('/').next().unwrap_or(folder)).into(),
                head: *at,
                path: survey.path.into(),
                uncertain: None,
                call_chain: Vec::new(),
                references: Vec::new(),
            });
            vec![gap(*at, format!("the module `{source}` is not in the repository"))]
        }
        Source::Unsure(why, at) => vec![gap(*at, format!("the module of this unit is not known: {why}"))],
    };
    Some(Outcome { root, gaps, problems: Vec::new(), renderings: Renderings::default() })
}

/// What a saved plan says by itself, without any configuration beside it.
pub(super) fn alone<'a>(saved: &SavedPlan<'a>, project: &Project<'a>, environments: &Environments) -> Outcome {
    let environment = saved.environment(environments).unwrap_or_default();
    let root = Root { directory: saved.folder().into(), environment, ..Root::default() };
    let mut outcome = Outcome { root, gaps: Vec::new(), problems: Vec::new(), renderings: Renderings::default() };
    overlay(saved, project, &mut outcome, environments);
    manifests::place(BTreeMap::new(), &outcome.root, &mut outcome.renderings);
    outcome
}

struct Collector<'c, 'a> {
    evaluator: &'c Evaluator<'a>,
    outcome: &'c mut Outcome,
    environments: &'c Environments,
    /// What resources hold, by their addresses.
    documents: BTreeMap<Text, Vec<Node>>,
}

impl<'a> Collector<'_, 'a> {
    fn defaults(&mut self, number: usize) {
        let home = self.evaluator.module(number);
        for provider in &home.directory.providers {
            let Some(name) = provider.labels.first() else { continue };
            let mut references = Vec::new();
            let body = self.evaluator.body(&provider.body, &Scope::of(number), &mut references, "", 0);
            let found = super::step(&body, "default_tags.tags").or_else(|| super::step(&body, "default_labels"));
            let home = Home {
                account: self.account(provider, &body),
                region: body.get("region").and_then(Node::scalar).unwrap_or_default(),
            };
            self.outcome.root.providers.push(Provider {
                provider: name.value.clone(),
                alias: body.get("alias").and_then(Node::scalar).unwrap_or_default(),
                tags: found.cloned().unwrap_or_else(|| Node::new(Value::Null, provider.head)),
                home,
            });
        }
    }

    /// The account that a provider works in: the one it is allowed, that of the role it assumes, or the workspace, where
    /// that decides the role.
    /// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs#allowed_account_ids-1>
    fn account(&self, provider: &Block, body: &Node) -> Text {
        let allowed = body.get("allowed_account_ids").map_or(&[][..], Node::items);
        if let [only] = allowed
            && let Some(account) = only.scalar()
        {
            return account;
        }
        let role = super::step(body, "assume_role.role_arn");
        // arn:aws:iam::111122223333:role/deploy
        let of_role = role.and_then(Node::as_str).and_then(|arn| arn.split(':').nth(4)).filter(|it| !it.is_empty());
        if let Some(account) = of_role {
            return account.into();
        }
        let decides = provider.body.blocks("assume_role").flat_map(|block| &block.body.attributes);
        let by_workspace = decides.into_iter().any(|it| names_workspace(&it.value, 0));
        match &self.evaluator.workspace {
            Some(workspace) if by_workspace => format!("workspace:{workspace}").into(),
            _ => Text::default(),
        }
    }

    fn outputs(&mut self, number: usize) {
        let home = self.evaluator.module(number);
        for (name, block) in &home.directory.outputs {
            let (_, found) = self.evaluator.traced(|| self.evaluator.output(number, name, block.head));
            self.outcome.root.exported.extend(found);
        }
    }

    fn module(&mut self, number: usize, own: &Environment) {
        let home = self.evaluator.module(number);
        let told = self.told(&home).filter(|_| own.production);
        let own = told.as_ref().unwrap_or(own);
        for (mode, declared) in [(Mode::Managed, &home.directory.resources), (Mode::Data, &home.directory.data)] {
            for placed in declared.values() {
                self.resource(&home, number, mode, *placed, own);
            }
        }
        for (name, placed) in &home.directory.modules {
            match self.evaluator.called(number, name) {
                Some(calls) => calls.iter().for_each(|(_, child)| self.module(*child, own)),
                None => self.missing(&home, number, name, *placed),
            }
        }
    }

    /// The environment that the call of a module says in so many words: `environment = "staging"`.
    fn told(&self, home: &Module<'a>) -> Option<Environment> {
        home.given.iter().find_map(|(name, given)| {
            let Given::Expression(_, expression) = given else { return None };
            let ExpressionKind::Literal(Value::String(word)) = &expression.kind else { return None };
            let says = name.rsplit('_').next().is_some_and(says_environment) || name == "stack_description";
            self.environments.of_word(word).filter(|found| says && !found.production && !home.prefix.is_empty())
        })
    }

    fn resource(&mut self, home: &Module<'a>, number: usize, mode: Mode, placed: Placed<'a>, own: &Environment) {
        let block = placed.block;
        let [kind, label, ..] = block.labels.as_slice() else { return };
        let data = if mode == Mode::Data { "data." } else { "" };
        let base = format!("{}{data}{}.{}", home.prefix, kind.value, label.value);
        let scope = Scope::of(number);
        let ignored = ignored(block);
        let family = kind.value.split('_').next().unwrap_or(&kind.value);
        let named = block.body.attribute("provider").map(|attribute| dotted(&attribute.value.kind));
        let provider = home.provider(&named.unwrap_or_else(|| family.into()));
        // The default one goes without saying.
        let provider = if provider == family { Text::default() } else { provider };
        let room = MOST_RESOURCES.saturating_sub(self.outcome.root.resources.len());
        let instances = if room > 0 { self.evaluator.expansion(block, &scope).instances() } else { Vec::new() };
        let says = |instance: &Instance| keyed(&instance.key).1.and_then(|key| self.environments.of_ending(key));
        let among_environments = instances.iter().filter_map(says).any(|found| found.name != "test");
        let make = |Instance { key, each, uncertain }: Instance| {
            let scope = each.map_or_else(|| scope.clone(), |each| scope.with_each(each));
            let mut references = Vec::new();
            let mut body = self.evaluator.body(&block.body, &scope, &mut references, "", 0);
            self.evaluator.open_up(&kind.value, block, &mut body, &scope);
            references.sort();
            references.dedup();
            let documents = match mode {
                Mode::Managed => self.evaluator.manifests(&kind.value, block, &body, &scope),
                Mode::Data => Vec::new(),
            };
            let resource = Resource {
                mode,
                type_name: kind.value.clone(),
                name: label.value.clone(),
                address: format!("{base}{key}").into(),
                environment: environment(
                    &home.prefix,
                    &format!("{}{key}", label.value),
                    among_environments,
                    &body,
                    own,
                    self.environments,
                ),
                body: Node::new(body.value, block.head),
                head: block.head,
                span: block.span,
                path: placed.path.into(),
                provider: provider.clone(),
                uncertain: uncertain.or_else(|| home.uncertain.clone()),
                call_chain: home.chain.clone(),
                shared: None,
                references,
                ignored: ignored.clone(),
            };
            (resource, documents)
        };
        if room == 0 || instances.len() > room {
            let message = format!("more than {MOST_RESOURCES} resources: the rest is left out");
            self.evaluator.complain(block.head, message, "audit a plan instead");
        }
        let made: Vec<(Resource, Vec<Node>)> = instances.into_iter().take(room).map(make).collect();
        for (resource, documents) in made {
            if !documents.is_empty() {
                self.documents.insert(resource.address.clone(), documents);
            }
            self.outcome.root.resources.push(resource);
        }
    }

    /// A call of a module that is not here.
    fn missing(&mut self, home: &Module<'a>, number: usize, name: &str, placed: Placed<'a>) {
        let source = match self.evaluator.project.target(home.directory.path, placed.block) {
            Target::Remote(source) => source,
            Target::Local(_) => return,
            Target::Unsaid => Text::default(),
        };
        let scope = Scope::of(number);
        let instances = self.evaluator.expansion(placed.block, &scope).instances();
        if instances.is_empty() {
            return;
        }
        for Instance { key, each, uncertain } in instances {
            let scope = each.map_or_else(|| scope.clone(), |each| scope.with_each(each));
            let mut references = Vec::new();
            let mut arguments = self.evaluator.body(&placed.block.body, &scope, &mut references, "", 0);
            if let Value::Map(map) = &mut arguments.value {
                map.entries.retain(|entry| !META_OF_MODULES.contains(&entry.key.as_str()));
            }
            self.outcome.root.calls.push(ModuleCall {
                source: source.clone(),
                arguments: Node::new(arguments.value, placed.block.head),
                address: format!("{}module.{name}{key}", home.prefix).into(),
                head: placed.block.head,
                path: placed.path.into(),
                uncertain: uncertain.or_else(|| home.uncertain.clone()),
                call_chain: home.chain.clone(),
                references,
            });
        }
        self.outcome.gaps.push(Gap {
            hides: Hides::Terraform,
            span: placed.block.head,
            path: placed.path.into(),
            reason: format!("module `{name}` is not in the repository").into(),
        });
    }
}

/// The attributes that `lifecycle { ignore_changes }` of a block names.
/// <https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle#ignore_changes>
fn ignored(block: &Block) -> Vec<Text> {
    let listed = block.body.blocks("lifecycle").filter_map(|lifecycle| lifecycle.body.attribute("ignore_changes"));
    let name = |item: &Expression| match unchain(item, &mut Vec::new()) {
        Some(name) => name.into(),
        None => dotted(&item.kind),
    };
    listed
        .flat_map(|attribute| match &attribute.value.kind {
            ExpressionKind::List(items) => items.iter().map(name).collect(),
            _ => vec![name(&attribute.value)],
        })
        .collect()
}

/// The root's environment, unless a module's name or key, the end of the resource's own, or a tag says another. `tests`:
/// whether the resource's key is one of several that name environments.
fn environment(
    prefix: &str,
    name: &str,
    tests: bool,
    body: &Node,
    own: &Environment,
    environments: &Environments,
) -> Environment {
    if !own.production {
        return own.clone();
    }
    let segments = split(prefix);
    let of_call = segments.chunks_exact(2).map(|pair| keyed(pair[1])).find_map(|(name, key)| {
        // A whole word: `module.integration` is an environment, `module.integration_api` may be a service.
        let whole = environments.of_word(name).filter(|found| !found.production);
        whole
            .filter(|_| name.chars().all(char::is_alphanumeric))
            .or_else(|| environments.of_instance(name, false))
            .or_else(|| environments.of_instance(key?, true))
    });
    let (name, key) = keyed(name);
    let other = |found: &Environment| !found.production;
    let of_name = || {
        let own = environments.of_ending(name).filter(other);
        own.or_else(|| environments.of_instance(key?, tests))
    };
    let tags = ["tags", "labels"].into_iter().filter_map(|name| body.get(name)).flat_map(Node::entries);
    let tags = tags.filter(|entry| says_environment(&entry.key.to_ascii_lowercase()));
    let mut of_tags = tags.filter_map(|entry| environments.of_word(entry.value.as_str()?));
    let found = of_call.or_else(of_name).or_else(|| of_tags.find(other));
    found.unwrap_or_else(|| own.clone())
}

/// Whether what stands under a name is an environment.
fn says_environment(name: &str) -> bool {
    matches!(name, "environment" | "env" | "stage")
}

/// A name and the text of the key behind it: `these["orders-test"]`.
fn keyed(name: &str) -> (&str, Option<&str>) {
    match name.split_once("[\"") {
        Some((name, key)) => (name, key.strip_suffix("\"]")),
        None => (name.split('[').next().unwrap_or(name), None),
    }
}

/// Meta-arguments that are no values of the resource.
/// <https://developer.hashicorp.com/terraform/language/meta-arguments>
const META: &[&str] = &["count", "for_each", "provider", "depends_on"];

/// Those of a module's call beside these: where it comes from. Resources have arguments of these names.
const META_OF_MODULES: &[&str] = &["providers", "source", "version"];

impl<'a> Evaluator<'a> {
    /// A body as a mapping: attributes, and nested blocks as lists of mappings.
    pub(super) fn body(
        &self,
        body: &'a Body,
        scope: &Scope<'a>,
        references: &mut Vec<Reference>,
        path: &str,
        depth: u32,
    ) -> Node {
        let mut map = Map::default();
        for attribute in &body.attributes {
            let name = &attribute.name;
            if depth == 0 && META.contains(&name.value.as_str()) {
                continue;
            }
            let (value, mut found) = self.traced(|| self.evaluate(&attribute.value, scope));
            let value = value.unwrap_or_else(Failure::into_value);
            self.spend(value.weight as usize);
            let value = value.into_node();
            let full = join(path, &name.value);
            // What is read of another root's state is a thing of that root.
            let of_state = |address: &Text| address.contains("data.terraform_remote_state.");
            if found.iter().any(of_state) && is_from_elsewhere(&value) {
                found.retain(|address| !of_state(address));
            }
            if scope.binds() {
                // What `each` stands for was asked for where the collection is written.
                within(&value, &mut |address| {
                    references.push(Reference { attribute: full.clone(), address: address.clone() });
                });
            }
            references.extend(found.into_iter().map(|address| Reference { attribute: full.clone(), address }));
            map.entries.push(Entry { key: name.value.clone(), key_span: name.span, value });
        }
        for block in &body.blocks {
            self.block(block, scope, references, path, depth, &mut map);
        }
        Node::new(Value::Map(map), Span::default())
    }

    fn block(
        &self,
        block: &'a Block,
        scope: &Scope<'a>,
        references: &mut Vec<Reference>,
        path: &str,
        depth: u32,
        map: &mut Map,
    ) {
        let kind = block.kind.value.as_str();
        if depth > 32 || depth == 0 && matches!(kind, "provisioner" | "connection") {
            return;
        }
        let dynamic = block.labels.first().filter(|_| kind == "dynamic");
        let (name, items) = match dynamic {
            None => {
                let inner = self.body(&block.body, scope, references, &join(path, kind), depth + 1);
                (block.kind.value.clone(), vec![Node::new(inner.value, block.head)])
            }
            Some(label) => (label.value.clone(), self.dynamic(block, &label.value, scope, references, path, depth)),
        };
        match map.entries.iter_mut().find(|entry| entry.key == name) {
            Some(Entry { value: Node { value: Value::List(list), .. }, .. }) => list.extend(items),
            _ if items.is_empty() => {}
            _ => map.entries.push(Entry {
                key: name,
                key_span: block.head,
                value: Node::new(Value::List(items), block.head),
            }),
        }
    }

    fn dynamic(
        &self,
        block: &'a Block,
        name: &str,
        scope: &Scope<'a>,
        references: &mut Vec<Reference>,
        path: &str,
        depth: u32,
    ) -> Vec<Node> {
        let (Some(each), Some(content)) = (block.body.attribute("for_each"), block.body.blocks("content").next())
        else {
            return Vec::new();
        };
        let collection = self.value(&each.value, scope);
        if collection.is_unknown() || collection.sensitive.is_some() {
            return vec![collection.into_node()];
        }
        let iterator = block.body.attribute("iterator").map(|attribute| dotted(&attribute.value.kind));
        let iterator = iterator.unwrap_or_else(|| name.into());
        let elements = collection.elements().unwrap_or_default().into_iter().take(super::evaluate::MOST_INSTANCES);
        elements
            .map(|(key, value)| {
                let span = value.span;
                let bound = Typed::named([("key", key), ("value", value)], span);
                let scope = scope.with(&iterator, bound);
                let inner = self.body(&content.body, &scope, references, &join(path, name), depth + 1);
                Node::new(inner.value, block.head)
            })
            .collect()
    }

    /// The nested blocks of a kind of a resource, as another resource reads them.
    pub(super) fn nested(&self, block: &'a Block, kind: &str, scope: &Scope<'a>) -> Node {
        let items = block.body.blocks.iter().filter(|inner| inner.kind.value == kind);
        let item =
            |inner: &'a Block| Node::new(self.body(&inner.body, scope, &mut Vec::new(), "", 1).value, inner.head);
        Node::new(Value::List(items.map(item).collect()), block.head)
    }
}

/// Whether a part of a value that is not known is a thing of another root.
fn is_from_elsewhere(node: &Node) -> bool {
    match &node.value {
        Value::Unknown(unknown) => unknown.refers_to.iter().any(|address| address.contains(ELSEWHERE)),
        Value::List(items) => items.iter().any(is_from_elsewhere),
        Value::Map(map) => map.entries.iter().any(|entry| is_from_elsewhere(&entry.value)),
        _ => false,
    }
}

/// Tells the addresses in this root that what is not known in a value would be made of.
fn within(node: &Node, tell: &mut dyn FnMut(&Text)) {
    match &node.value {
        Value::Unknown(unknown) => unknown.refers_to.iter().filter(|it| !it.contains(ELSEWHERE)).for_each(tell),
        Value::List(items) => items.iter().for_each(|item| within(item, tell)),
        Value::Map(map) => map.entries.iter().for_each(|entry| within(&entry.value, tell)),
        _ => {}
    }
}

fn join(path: &str, name: &str) -> Text {
    if path.is_empty() { name.into() } else { format!("{path}.{name}").into() }
}

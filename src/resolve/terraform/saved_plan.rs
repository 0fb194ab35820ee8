//! Terraform's own plan, saved and shown as JSON: it knows what the text cannot tell. What it says of an attribute
//! wins; what it does not know before apply stays unknown; what it deletes is gone. Findings still stand where the
//! configuration is written, found by the resource's address, and at the plan's own line only where nothing is.
//!
//! NOTE: an attribute that the configuration does not set and that the provider decides at apply (`after_unknown`) is
//! absent, not unknown: the provider's documented default is the best that is known of it.
//!
//! Format: <https://developer.hashicorp.com/terraform/internals/json-format> (major version 1, and 0 before
//! Terraform 1.1, which has the same members).

mod merge;
mod place;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Environment, Environments, Gap, Hides};
use crate::source::{Source, SourceId, Span, in_folder, parent};
use crate::tree::{Document, Entry, Node, Text, Value};

use super::evaluate::Evaluator;
use super::module::{Given, Module};
use super::project::{Directory, Project};
use super::roots::Plan;
use super::typed::Typed;
use super::{Mode, Reference, Resource, Root};
use merge::Sides;
use place::{Address, Standing};
pub(super) use place::{module_key, split};

/// How deep the modules of a plan are followed.
const DEEPEST: u32 = 32;

/// A plan that was saved as JSON.
#[derive(Debug)]
pub(super) struct SavedPlan<'a> {
    path: &'a str,
    node: &'a Node,
    /// The configuration's resources and what their expressions are, by address without instance keys.
    configured: BTreeMap<String, &'a Node>,
    /// The configuration's module calls, by address without instance keys.
    calls: BTreeSet<String>,
}

/// Whether a JSON document is a saved plan.
pub fn is_saved_plan(document: &Document) -> bool {
    let Some(node) = document.values().first() else { return false };
    let version = node.get("format_version").and_then(Node::as_str);
    version.is_some_and(|version| version.starts_with("0.") || version.starts_with("1."))
        && (node.get("planned_values").is_some_and(|values| values.as_map().is_some())
            || node.get("resource_changes").is_some_and(|changes| matches!(changes.value, Value::List(_))))
}

/// The plans among the documents.
pub(super) fn find<'a>(documents: &[(&'a Source, &'a Document)]) -> Vec<SavedPlan<'a>> {
    let plans = documents.iter().filter(|(_, document)| is_saved_plan(document));
    let mut plans: Vec<SavedPlan<'a>> =
        plans.filter_map(|(source, document)| Some(SavedPlan::new(&source.path, document.values().first()?))).collect();
    plans.sort_by_key(|plan| plan.path);
    plans
}

/// Gives each plan to the evaluation of the directory that it is of. Those of no directory are returned where they were
/// asked for, and are gaps where they were only found.
pub(super) fn bind<'p, 'a>(
    saved: &'p [SavedPlan<'a>],
    given: &[SourceId],
    project: &Project<'a>,
    plans: &mut Vec<Plan<'p>>,
    environments: &Environments,
) -> (Vec<&'p SavedPlan<'a>>, Vec<Gap>)
where
    'a: 'p,
{
    let (mut alone, mut gaps) = (Vec::new(), Vec::new());
    for one in saved {
        let Some(directory) = one.directory(project) else {
            let source = one.source();
            if given.contains(&source) {
                alone.push(one);
            } else {
                let reason = "a saved plan of a Terraform directory that is not here";
                let span = Span::head(source);
                gaps.push(Gap { hides: Hides::Terraform, span, path: one.path.into(), reason: reason.into() });
            }
            continue;
        };
        let environment = one.environment(environments);
        let fits = |plan: &Plan<'_>| environment.as_ref().is_none_or(|named| named.name == plan.environment.name);
        let free = |plan: &Plan<'_>| plan.directory == directory && plan.saved.is_none();
        let production = |plan: &Plan<'_>| plan.environment.production;
        let found = plans.iter().position(|plan| free(plan) && fits(plan) && production(plan));
        match found.or_else(|| plans.iter().position(|plan| free(plan) && fits(plan))) {
            Some(index) => {
                plans[index].saved = Some(one);
                plans[index].library = false;
            }
            None => plans.push(Plan {
                workspace: None,
                directory,
                environment: environment.unwrap_or_else(|| environments.decide(&in_folder(directory, "main.tf"), &[])),
                library: false,
                values: Vec::new(),
                unit: None,
                variant: None,
                saved: Some(one),
            }),
        }
    }
    (alone, gaps)
}

/// A resource of the plan.
struct Planned<'a> {
    address: &'a str,
    /// Where the address stands in the plan.
    node: &'a Node,
    after: Option<&'a Node>,
    unknown: Option<&'a Node>,
    sensitive: Option<&'a Node>,
    gone: bool,
}

impl<'a> SavedPlan<'a> {
    fn new(path: &'a str, node: &'a Node) -> Self {
        let mut plan = Self { path, node, configured: BTreeMap::new(), calls: BTreeSet::new() };
        if let Some(root) = node.at(&["configuration", "root_module"]) {
            plan.configure(root, "", 0);
        }
        plan
    }

    fn configure(&mut self, module: &'a Node, prefix: &str, depth: u32) {
        for resource in module.get("resources").map_or(&[][..], Node::items) {
            if let Some(address) = resource.get("address").and_then(Node::as_str) {
                self.configured.insert(format!("{prefix}{address}"), resource);
            }
        }
        for call in module.get("module_calls").map_or(&[][..], Node::entries) {
            let address = format!("{prefix}module.{}", call.key);
            if let Some(inner) = call.value.get("module").filter(|_| depth < DEEPEST) {
                self.configure(inner, &format!("{address}."), depth + 1);
            }
            self.calls.insert(address);
        }
    }

    /// Its file.
    pub(super) fn source(&self) -> SourceId {
        self.node.span.source
    }

    /// The folder of its file.
    pub(super) fn folder(&self) -> &'a str {
        parent(self.path)
    }

    /// What it was given for a variable of the root.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&'a Text, &'a Node)> {
        let entries: &'a [Entry] = self.node.get("variables").map_or(&[], Node::entries);
        entries.iter().filter_map(|entry| Some((&entry.key, entry.value.get("value")?)))
    }

    /// Gives the root's variables what the plan was made with, where the text gives nothing or another value.
    pub(super) fn give(&self, project: &'a Project<'a>, module: &mut Module<'a>) {
        let text = Evaluator::new(project);
        let number = text.adopt(Module::new(module.directory, module.given.clone()));
        for (name, value) in self.variables() {
            let Some(block) = module.directory.variables.get(name.as_str()) else { continue };
            let known = text.variable(number, name, block.head);
            if known.is_ok_and(|known| merge::same(&known.into_node(), value) == Some(true)) {
                continue;
            }
            let mut value = value.clone();
            stand(&mut value, block.head);
            module.given.insert(name.clone(), Given::Value(Typed::from_node(&value)));
        }
    }

    /// The environment it is for, where its name or its variables say one.
    pub(super) fn environment(&self, environments: &Environments) -> Option<Environment> {
        let told = self.variables().filter(|(name, _)| {
            matches!(
                name.to_ascii_lowercase().as_str(),
                "environment" | "env" | "stage" | "workspace" | "environment_name"
            )
        });
        let told = told.filter_map(|(_, value)| value.as_str()).find_map(|word| environments.of_word(word));
        told.or_else(|| environments.of_path(self.path))
    }

    /// The resources and module calls that the root itself has, by what they are called in its files.
    fn declares(&self) -> BTreeSet<String> {
        let plain = |address: &&String| !address.starts_with("module.");
        let mut names: BTreeSet<String> = self.configured.keys().filter(plain).cloned().collect();
        names.extend(self.calls.iter().filter(|call| call.matches('.').count() == 1).cloned());
        if names.is_empty() {
            names.extend(self.planned().filter_map(|planned| {
                let address = Address::parse(planned.address)?;
                Some(match address.modules.first() {
                    Some(module) => format!("module.{module}"),
                    None => address.plain(),
                })
            }));
        }
        names
    }

    /// The directory that it is a plan of: one beside it or around it, else the one whose declarations it has.
    pub(super) fn directory(&self, project: &Project<'a>) -> Option<&'a str> {
        let names = self.declares();
        let fit = |directory: &Directory<'_>| {
            let own = declared(directory);
            let common = own.intersection(&names).count();
            (common, own.len() + names.len() - common)
        };
        let mut around = Some(self.folder());
        while let Some(folder) = around {
            if let Some(directory) = project.directories.get(folder)
                && fit(directory).0 * 2 >= names.len().max(1)
            {
                return Some(directory.path);
            }
            around = match folder.rsplit_once('/') {
                Some((parent, _)) => Some(parent),
                None => (!folder.is_empty()).then_some(""),
            };
        }
        // Compared as fractions: how much of what either has they have in common.
        let mut best: Option<(&'a str, (usize, usize))> = None;
        let mut alone = true;
        for directory in project.directories.values() {
            let (common, all) = fit(directory);
            if common * 2 < all || common == 0 {
                continue;
            }
            match best.map(|(_, (best_common, best_all))| (common * best_all).cmp(&(best_common * all))) {
                None | Some(std::cmp::Ordering::Greater) => {
                    (best, alone) = (Some((directory.path, (common, all))), true);
                }
                Some(std::cmp::Ordering::Equal) => alone = false,
                Some(std::cmp::Ordering::Less) => {}
            }
        }
        best.filter(|_| alone).map(|(path, _)| path)
    }

    /// What becomes of each resource: from its changes, and from the planned values where no change is listed.
    fn planned(&self) -> impl Iterator<Item = Planned<'a>> {
        let changes: &'a [Node] = self.node.get("resource_changes").map_or(&[], Node::items);
        let mut planned: Vec<Planned<'a>> = changes.iter().filter_map(change).collect();
        let known: BTreeSet<&str> = planned.iter().map(|planned| planned.address).collect();
        let mut rest = Vec::new();
        for values in [&["planned_values", "root_module"][..], &["prior_state", "values", "root_module"]] {
            if let Some(root) = self.node.at(values) {
                values_of(root, values[0] == "prior_state", 0, &mut rest);
            }
        }
        let mut seen = BTreeSet::new();
        rest.retain(|planned: &Planned<'a>| !known.contains(planned.address) && seen.insert(planned.address));
        planned.extend(rest);
        planned.into_iter()
    }

    /// Puts what the plan knows over what the text gave.
    pub(super) fn apply(
        &self,
        project: &Project<'a>,
        root: &mut Root,
        environment: &dyn Fn(&str, &str, &Node) -> Environment,
    ) {
        let directory = root.directory.clone();
        let mut texts: BTreeMap<Text, Resource> = BTreeMap::new();
        let mut order: Vec<Text> = Vec::with_capacity(root.resources.len());
        for resource in std::mem::take(&mut root.resources) {
            order.push(resource.address.clone());
            texts.insert(resource.address.clone(), resource);
        }
        let mut found: BTreeMap<Text, Resource> = BTreeMap::new();
        let mut added: Vec<Text> = Vec::new();
        let mut gone: BTreeSet<&str> = BTreeSet::new();
        for planned in self.planned() {
            let Some(address) = Address::parse(planned.address) else { continue };
            if planned.gone {
                gone.insert(planned.address);
                continue;
            }
            let text = texts.get(planned.address);
            let standing = Standing::find(project, &directory, &address, planned.node.span, self.path);
            let resource = self.resource(&planned, &address, text, &standing, environment);
            if text.is_none() {
                added.push(planned.address.into());
            }
            found.insert(planned.address.into(), resource);
        }
        for address in order {
            let Some(text) = texts.remove(&address) else { continue };
            // What the plan was made of and does not list is not made; what was written since stays as the text has it.
            let configured =
                Address::parse(&address).is_some_and(|address| self.configured.contains_key(&address.whole()));
            let unmade = text.mode == Mode::Managed && (configured || gone.contains(address.as_str()));
            match found.remove(&address) {
                Some(resource) => root.resources.push(resource),
                None if unmade => {}
                None => root.resources.push(text),
            }
        }
        root.resources.extend(added.iter().filter_map(|address| found.remove(address)));
        root.calls.retain(|call| !self.knows_call(&call.address));
    }

    /// Whether the plan says what a module call makes.
    pub(super) fn knows_call(&self, address: &str) -> bool {
        Address::parse_modules(address).is_some_and(|modules| self.calls.contains(&modules))
    }

    fn resource(
        &self,
        planned: &Planned<'a>,
        address: &Address<'a>,
        text: Option<&Resource>,
        standing: &Standing<'a>,
        environment: &dyn Fn(&str, &str, &Node) -> Environment,
    ) -> Resource {
        let configured = self.configured.get(&address.whole()).copied();
        let skeleton = match text {
            Some(_) => None,
            None => standing.block.map(|block| place::skeleton(block, planned.address)),
        };
        let sides = Sides {
            address: planned.address,
            text: text.map(|text| &text.body).or(skeleton.as_ref()),
            after: planned.after,
            unknown: planned.unknown,
            sensitive: planned.sensitive,
            expressions: configured.and_then(|resource| resource.get("expressions")),
        };
        let body = sides.body(standing.head);
        if let Some(text) = text {
            return Resource { body, uncertain: None, ..text.clone() };
        }
        let prefix = address.prefix();
        let provider = configured.and_then(|resource| resource.get("provider_config_key")).and_then(Node::as_str);
        Resource {
            mode: if address.data { Mode::Data } else { Mode::Managed },
            type_name: address.kind.into(),
            name: address.name.into(),
            address: planned.address.into(),
            environment: environment(&prefix, address.keyed, &body),
            body,
            head: standing.head,
            span: standing.span,
            path: standing.path.into(),
            provider: provider.filter(|key| !key.contains(':')).unwrap_or_default().into(),
            uncertain: None,
            call_chain: standing.chain.clone(),
            shared: None,
            references: configured.map_or_else(Vec::new, |resource| references(resource, &prefix)),
            ignored: Vec::new(),
        }
    }
}

/// Puts all of a value at one place.
fn stand(node: &mut Node, at: Span) {
    node.span = at;
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| stand(item, at)),
        Value::Map(map) => map.entries.iter_mut().for_each(|entry| {
            entry.key_span = at;
            stand(&mut entry.value, at);
        }),
        _ => {}
    }
}

/// What a directory declares, as a plan calls it.
fn declared(directory: &Directory<'_>) -> BTreeSet<String> {
    let managed = directory.resources.keys().map(|(kind, name)| format!("{kind}.{name}"));
    let data = directory.data.keys().map(|(kind, name)| format!("data.{kind}.{name}"));
    let calls = directory.modules.keys().map(|name| format!("module.{name}"));
    managed.chain(data).chain(calls).collect()
}

fn change(node: &Node) -> Option<Planned<'_>> {
    let address = node.get("address")?;
    // An object that was left over by a failed replacement: it is only deleted.
    if node.get("deposed").is_some() {
        return None;
    }
    let change = node.get("change")?;
    let actions = change.get("actions").map_or(&[][..], Node::items);
    let leaves = |action: &Node| matches!(action.as_str(), Some("delete" | "forget"));
    let after = change.get("after").filter(|after| !after.is_null());
    Some(Planned {
        address: address.as_str()?,
        node: address,
        gone: !actions.is_empty() && actions.iter().all(leaves),
        after,
        unknown: change.get("after_unknown"),
        sensitive: change.get("after_sensitive"),
    })
}

/// The resources of a representation of values. Of a prior state only what was read counts: the rest has a change.
fn values_of<'a>(module: &'a Node, only_data: bool, depth: u32, out: &mut Vec<Planned<'a>>) {
    for resource in module.get("resources").map_or(&[][..], Node::items) {
        let Some(address) = resource.get("address") else { continue };
        let data = resource.get("mode").and_then(Node::as_str) == Some("data");
        let Some(name) = address.as_str().filter(|_| data || !only_data) else { continue };
        out.push(Planned {
            address: name,
            node: address,
            after: resource.get("values"),
            unknown: None,
            sensitive: resource.get("sensitive_values"),
            gone: false,
        });
    }
    for child in module.get("child_modules").map_or(&[][..], Node::items).iter().filter(|_| depth < DEEPEST) {
        values_of(child, only_data, depth + 1, out);
    }
}

/// What the expressions of a resource refer to. The longest of several spellings of one reference comes first.
fn references(resource: &Node, prefix: &str) -> Vec<Reference> {
    fn gather(node: &Node, attribute: &str, prefix: &str, depth: u32, out: &mut Vec<Reference>) {
        if depth > 16 {
            return;
        }
        for entry in node.entries() {
            if entry.key != "references" {
                gather(&entry.value, &join(attribute, &entry.key), prefix, depth + 1, out);
                continue;
            }
            for name in entry.value.items().iter().filter_map(Node::as_str) {
                let root = name.split('.').next().unwrap_or_default();
                if !matches!(root, "var" | "local" | "each" | "count" | "path" | "terraform" | "self") {
                    let address = format!("{prefix}{name}").into();
                    out.push(Reference { attribute: attribute.into(), address });
                }
            }
        }
        for item in node.items() {
            gather(item, attribute, prefix, depth + 1, out);
        }
    }
    let mut found = Vec::new();
    if let Some(expressions) = resource.get("expressions") {
        gather(expressions, "", prefix, 0, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

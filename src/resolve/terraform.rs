//! Terraform as it would be applied: documents → evaluated resources, per root and environment.
//!
//! [`project`] groups files into directories, [`roots`] says which of them are applied and with which values,
//! [`module`] holds one call of a directory, [`evaluate`] its expressions, [`reference`] what they refer to,
//! [`functions`] the functions of the language, and [`collect`] writes down what comes out. In between, values are
//! those of Terraform: [`typed`] with their [`types`] and [`number`]s, made into each other by [`convert`]. Nothing is
//! guessed: what the text cannot tell (attributes that a provider computes, variables without a value, modules that are
//! elsewhere) stays in the result as [`Value::Unknown`](crate::tree::Value) with its reason. Everything is bounded:
//! steps, nesting, sizes and instances.

mod agree;
mod align;
mod collect;
mod common;
mod compared;
mod constrain;
mod convert;
mod embedded;
mod evaluate;
mod functions;
mod json;
mod manifests;
mod module;
mod number;
mod operate;
mod overrides;
mod project;
mod reference;
mod respan;
mod roots;
mod saved_plan;
mod shared;
mod shelf;
mod states;
mod terragrunt;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod typed;
mod types;
mod workers;
mod workspaces;

pub use shelf::Shelf;

pub use saved_plan::is_saved_plan;

use crate::model::{Environment, Environments, Gap, Home, Shared};
use crate::problem::Problem;
use crate::resolve::rendered::Renderings;
use crate::source::{Source, SourceId, Sources, Span};
use crate::tree::{Document, Node, Text, Unknown, Value};

/// Everything that Terraform would make of an audit's files.
#[derive(Debug, Default, PartialEq)]
pub struct Resolved {
    /// The roots, each once per environment it is given values for, in path order.
    pub roots: Vec<Root>,
    /// Modules that are not in the repository.
    pub gaps: Vec<Gap>,
    /// What was wrong: cycles between modules, too many instances.
    pub problems: Vec<Problem>,
    /// Documents that resources hold: Kubernetes manifests.
    pub renderings: Renderings,
}

/// A directory as it would be applied with one set of values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Root {
    /// The directory, without a trailing `/`; empty for the audited root itself.
    pub directory: Text,
    /// The environment its values are for.
    pub environment: Environment,
    /// Whether it is a reusable module that nothing here applies.
    pub library: bool,
    /// Its resources and data sources, those of its modules included.
    pub resources: Vec<Resource>,
    /// Calls of modules that are not in the repository.
    pub calls: Vec<ModuleCall>,
    /// Addresses of what its outputs are made of: whoever reads them may use it.
    pub exported: Vec<Text>,
    /// Its providers, as the root configures them: `default_tags` (AWS), `default_labels` (Google), and where they work.
    pub providers: Vec<Provider>,
    /// The defaults of its variables that no file gives a value: whoever applies it may give another.
    pub open: Vec<Span>,
}

/// A provider as a root configures it: what it puts on everything it makes, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// `aws`, `google`.
    pub provider: Text,
    /// The alias; empty for the provider that is used where nothing is said.
    pub alias: Text,
    /// Tags: a mapping, or an unknown; null where it puts none.
    pub tags: Node,
    /// The account and the region it works in.
    pub home: Home,
}

/// Managed, or only read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `resource`.
    Managed,
    /// `data`.
    Data,
}

/// One instance of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Managed, or only read.
    pub mode: Mode,
    /// `aws_db_instance`.
    pub type_name: Text,
    /// The name in its module.
    pub name: Text,
    /// `module.db.aws_db_instance.this["a"]`.
    pub address: Text,
    /// Evaluated attributes; nested blocks as a list of mappings (see [`step`]).
    pub body: Node,
    /// The environment: its root's, unless a module it is in (`module.staging`) or its own tag names another that is
    /// not production.
    pub environment: Environment,
    /// `resource "type" "name"`.
    pub head: Span,
    /// The whole block.
    pub span: Span,
    /// The file of the block.
    pub path: Text,
    /// The provider it names: `aws.recovery`; empty where it names none.
    pub provider: Text,
    /// Why it is not sure whether it is made at all (`count` of something unknown), when it is not.
    pub uncertain: Option<Unknown>,
    /// The heads of the module calls that lead to it, the nearest first.
    pub call_chain: Vec<Span>,
    /// Where its module declares it, when several calls share that module: its head and path are then the root's call.
    pub shared: Option<Shared>,
    /// What its attributes refer to, known values included: by these, resources are joined.
    pub references: Vec<Reference>,
    /// The attributes whose changes Terraform ignores, and so leaves to others: `task_definition`; `all` for each.
    pub ignored: Vec<Text>,
}

/// An attribute that is made of another resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The attribute: `bucket`, `access_logs.bucket`.
    pub attribute: Text,
    /// What it refers to: `aws_s3_bucket.logs.id`.
    pub address: Text,
}

/// A call of a module that is not in the repository.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleCall {
    /// The source as written.
    pub source: Text,
    /// The evaluated arguments.
    pub arguments: Node,
    /// `module.db`, with the modules it is called in.
    pub address: Text,
    /// `module "db"`.
    pub head: Span,
    /// The file of the call.
    pub path: Text,
    /// Why it is not sure whether it is called at all, when it is not.
    pub uncertain: Option<Unknown>,
    /// The heads of the module calls that lead to it, the nearest first.
    pub call_chain: Vec<Span>,
    /// What its arguments refer to.
    pub references: Vec<Reference>,
}

impl Resource {
    /// What a dotted path leads to: see [`step`].
    pub fn at(&self, path: &str) -> Option<&Node> {
        step(&self.body, path)
    }

    /// The addresses that an attribute, or anything below it, refers to.
    pub fn refers<'a>(&'a self, attribute: &'a str) -> impl Iterator<Item = &'a str> {
        refers(&self.references, attribute)
    }
}

/// The addresses that an attribute, or anything below it, refers to.
pub fn refers<'a>(references: &'a [Reference], attribute: &'a str) -> impl Iterator<Item = &'a str> {
    let below =
        move |name: &str| name.strip_prefix(attribute).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    references.iter().filter(move |reference| below(&reference.attribute)).map(|reference| reference.address.as_str())
}

/// Whether a reference (`aws_s3_bucket.logs.id`) is to the thing at an address (`aws_s3_bucket.logs`). A reference to
/// all instances is one to each.
pub fn points_at(reference: &str, address: &str) -> bool {
    let within = |whole: &str, part: &str| {
        whole.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    within(reference, address) || address.starts_with(reference) && address[reference.len()..].starts_with('[')
}

/// Steps through nested blocks and mappings by a dotted path. Of a repeated block the first is taken, and an unknown
/// on the way is returned as it is.
pub fn step<'a>(node: &'a Node, path: &str) -> Option<&'a Node> {
    let mut node = node;
    for name in path.split('.') {
        if let Value::List(items) = &node.value {
            node = items.first()?;
        }
        if matches!(node.value, Value::Unknown(_)) {
            return Some(node);
        }
        node = node.get(name)?;
    }
    Some(node)
}

/// The nested blocks of a kind, or the mappings of a list attribute; a single mapping counts as one.
pub fn blocks<'a>(node: &'a Node, kind: &str) -> &'a [Node] {
    match node.get(kind) {
        Some(Node { value: Value::List(items), .. }) => items,
        Some(single @ Node { value: Value::Map(_) | Value::Unknown(_), .. }) => std::slice::from_ref(single),
        _ => &[],
    }
}

/// Evaluates every root among the documents. `plans` are files that were given as saved plans; others are found by
/// their content.
pub fn resolve(
    documents: &[(&Source, &Document)],
    sources: &Sources,
    plans: &[SourceId],
    environments: &Environments,
    shelf: &Shelf<'_>,
) -> Resolved {
    let files = project::Files::read(documents);
    let project = project::Project::new(&files, sources, shelf);
    let saved = saved_plan::find(documents);
    let mut resolved = Resolved::default();
    let surveys = terragrunt::survey(&project, environments);
    let variants = terragrunt::variants(&project, &surveys);
    let (mut wanted, lost) = roots::plan(&project, &surveys, &variants, environments);
    resolved.gaps.extend(lost);
    let (alone, unbound) = saved_plan::bind(&saved, plans, &project, &mut wanted, environments);
    resolved.gaps.extend(unbound);
    resolved.renderings.replaced.extend(saved.iter().map(saved_plan::SavedPlan::source));
    let outcomes = collect::run(&project, &wanted, environments);
    let alone = alone.into_iter().map(|plan| collect::alone(plan, &project, environments));
    let elsewhere = surveys.iter().filter_map(|survey| collect::elsewhere(survey, environments));
    resolved.gaps.extend(terragrunt::stacks(&project));
    for outcome in outcomes.into_iter().chain(elsewhere).chain(alone) {
        resolved.renderings.absorb(outcome.renderings);
        resolved.roots.push(outcome.root);
        resolved.gaps.extend(outcome.gaps);
        resolved.problems.extend(outcome.problems);
    }
    shared::anchor(&mut resolved.roots, documents);
    resolved.gaps.sort_by(|a, b| (a.span, &a.reason).cmp(&(b.span, &b.reason)));
    resolved.gaps.dedup();
    resolved.problems.sort_by(|a, b| (a.span, &a.message).cmp(&(b.span, &b.message)));
    resolved.problems.dedup();
    resolved
}

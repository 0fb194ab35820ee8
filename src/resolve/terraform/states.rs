//! What other roots hand out: `data.terraform_remote_state` of a root that stands in the repository is read from the
//! outputs of that root, with the values of the same environment.
//!
//! Which root it is, the key of its state says: where its backend is configured with the same key, or where the key is
//! left to the command line and names the folder beside.

use crate::model::{Environment, Environments};
use crate::source::{Span, join, parent};
use crate::tree::Text;
use crate::tree::block::{Block, Body};

use super::evaluate::{Evaluator, Scope};
use super::module::Module;
use super::operate::Failure;
use super::project::Directory;
use super::roots::Plan;
use super::terragrunt::elsewhere;
use super::typed::{Member, Typed};

/// How many roots may lead to each other by what they hand out.
const DEEPEST: u32 = 3;

/// Backend → the argument that names a state within it, and the one that says in what it lies.
/// <https://developer.hashicorp.com/terraform/language/backend>
const BACKENDS: &[(&str, &str, &str)] = &[
    ("azurerm", "key", "container_name"),
    ("gcs", "prefix", "bucket"),
    ("local", "path", ""),
    ("oss", "key", "bucket"),
    ("s3", "key", "bucket"),
];

/// All roots as they are applied, and which of them is at hand.
#[derive(Clone, Copy)]
pub(super) struct States<'a> {
    plans: &'a [Plan<'a>],
    environments: &'a Environments,
    environment: &'a Environment,
    depth: u32,
}

impl<'a> States<'a> {
    /// As one root sees them.
    pub(super) fn of(plans: &'a [Plan<'a>], plan: &'a Plan<'a>, environments: &'a Environments) -> Self {
        Self { plans, environments, environment: &plan.environment, depth: 0 }
    }

    /// How a directory is applied for the environment at hand.
    fn plan(&self, directory: &str) -> Option<&'a Plan<'a>> {
        let mut plans = self.plans.iter().filter(|plan| plan.directory == directory && !plan.library);
        let same = plans.clone().find(|plan| plan.environment.name == self.environment.name);
        let only = plans.next().filter(|_| plans.next().is_none());
        same.or_else(|| only.filter(|plan| plan.environment.production == self.environment.production))
    }
}

impl<'a> Evaluator<'a> {
    /// The outputs of the root whose state a data source reads, when it stands in the repository.
    pub(super) fn handed_out(&self, block: &'a Block, scope: &Scope<'a>, at: Span) -> Option<Typed> {
        let states = self.states.filter(|states| states.depth < DEEPEST)?;
        let directory = self.of_state(&states, block, scope)?;
        let plan = states.plan(directory.path)?;
        let given = plan.given(self.project, states.environments, directory);
        let beyond = States { environment: &plan.environment, depth: states.depth + 1, ..states };
        let there = Evaluator::new(self.project).in_workspace(plan.workspace.clone()).with_states(beyond);
        let module = there.adopt(Module::new(directory, given));
        let member = |name: &&str| {
            let value = there.output(module, name, at).unwrap_or_else(Failure::into_value);
            Member { key: (*name).into(), key_span: at, value: elsewhere(&value, directory.path, at) }
        };
        let members = self.counting(&there, || directory.outputs.keys().map(member).collect());
        Some(Typed::object(members, at))
    }

    /// The directory of the root that writes the state which a data source reads.
    fn of_state(&self, states: &States<'a>, block: &'a Block, scope: &Scope<'a>) -> Option<&'a Directory<'a>> {
        let text = |body: &'a Body, name: &str, scope: &Scope<'a>| -> Option<Text> {
            self.value(&body.attribute(name)?.value, scope).as_str().map(Text::from)
        };
        let backend = text(&block.body, "backend", scope)?;
        let (kind, key, within) = BACKENDS.iter().find(|(kind, ..)| *kind == backend)?;
        let config = self.value(&block.body.attribute("config")?.value, scope);
        let own = self.module(0).directory.path;
        let wanted = config.get(key)?;
        let written = wanted.as_str().or_else(|| wanted.as_unknown()?.partial.as_deref())?;
        if *kind == "local" {
            return self.project.directories.get(parent(&join(own, wanted.as_str()?)?));
        }
        let place = config.get(within).and_then(Typed::as_str);
        let others = self.project.directories.values().filter(|it| it.path != own);
        let states_of = others.filter_map(|directory| {
            let state = directory.state.filter(|state| state.labels.first().is_some_and(|it| it.value == *kind))?;
            Some((directory, &state.body))
        });
        // A backend names no variables.
        let plain = |body: &'a Body, name: &str| text(body, name, &Scope::of(0));
        let alike = |body: &'a Body| plain(body, within).zip(place).is_none_or(|(theirs, ours)| theirs == ours);
        let mut same = states_of.clone().filter(|(_, body)| {
            wanted.as_str().is_some() && plain(body, key).as_deref() == wanted.as_str() && alike(body)
        });
        if let Some((directory, _)) = same.next() {
            return same.next().is_none().then_some(directory);
        }
        let named = words(written, states.environments);
        let mut beside = states_of.filter(|(directory, body)| {
            let folder = directory.path.rsplit('/').next().unwrap_or_default();
            parent(directory.path) == parent(own)
                && body.attribute(key).is_none()
                && !named.is_empty()
                && words(folder, states.environments) == named
        });
        beside.next().map(|(directory, _)| directory).filter(|_| beside.next().is_none())
    }
}

/// The words of a key that say whose state it is: those of no environment and of no tool.
fn words(key: &str, environments: &Environments) -> Vec<String> {
    let words = key.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let told = words.map(str::to_ascii_lowercase).filter(|word| !matches!(&**word, "terraform" | "tfstate" | "state"));
    told.filter(|word| environments.of_word(word).is_none()).collect()
}

//! What a root calls its own environment: `locals { env = "staging" }`.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Environment, Environments};
use crate::source::parent;
use crate::tree::Text;

use super::super::project::{Project, Target};
use super::super::workspaces::literal;
use super::Plan;

/// Local values by which a root says its environment, the plainest first.
const SAYING: &[&str] = &["env", "environment", "environment_name", "env_name"];

/// Lets roots that would be production for want of a word be of the environment that they say.
pub(super) fn settle<'a>(project: &'a Project<'a>, plans: &mut [Plan<'a>], environments: &Environments) {
    let said: BTreeMap<&str, Text> =
        plans.iter().filter_map(|plan| Some((plan.directory, says(project, plan)?))).collect();
    let is = |word: &str, production: bool| environments.of_word(word).is_some_and(|it| it.production == production);
    let beside = |folder: &str| -> Vec<(&str, &Text)> {
        let all = said.iter().filter(|(other, _)| **other != folder && parent(other) == parent(folder));
        all.map(|(other, word)| (*other, word)).collect()
    };
    let open =
        plans.iter_mut().filter(|plan| plan.environment.production && plan.unit.is_none() && plan.workspace.is_none());
    for plan in open {
        let Some(word) = said.get(plan.directory) else { continue };
        // A name that no other uses is one more environment only beside others of the same stack.
        let one_more = || {
            let others = beside(plan.directory);
            let own = calls(project, plan.directory);
            let same = |folder: &str| own.intersection(&calls(project, folder)).count() * 4 >= own.len() * 3;
            !own.is_empty()
                && others.iter().any(|(_, word)| is(word, false))
                && others.iter().any(|(other, word)| is(word, true) && same(other))
        };
        match environments.of_word(word) {
            Some(environment) => plan.environment = environment,
            None if one_more() => plan.environment = Environment { name: word.clone(), production: false },
            None => {}
        }
    }
}

fn says(project: &Project<'_>, plan: &Plan<'_>) -> Option<Text> {
    let locals = &project.directories.get(plan.directory)?.locals;
    SAYING.iter().find_map(|name| literal(&locals.get(*name)?.value))
}

/// The modules of the repository that a root calls.
fn calls(project: &Project<'_>, folder: &str) -> BTreeSet<Text> {
    let modules = project.directories.get(folder).into_iter().flat_map(|directory| directory.modules.values());
    let local = |target| match target {
        Target::Local(path) => Some(path.into()),
        _ => None,
    };
    modules.filter_map(|called| local(project.target(folder, called.block))).collect()
}

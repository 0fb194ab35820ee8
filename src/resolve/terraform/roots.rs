//! Which directories are applied, with which values, and for which environment.
//!
//! NOTE: Terraform does not say which directories are roots. A directory that nothing calls is one, unless it looks
//! like a module made to be called: it lies under `modules/`, or it takes values that nobody gives, hands out outputs
//! and configures neither provider nor backend. Such a library is evaluated, so that it can be shown, and not judged.
//! Files of values bind to the root they lie in or below, or else by name: `variables/production/rds.tfvars` is for
//! the one root called `rds`, together with the `common.tfvars` beside it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Environment, Environments};
use crate::source::below;
use crate::tree::Text;

use super::project::{Directory, File, Project, is_installed};
use super::saved_plan::SavedPlan;
use super::terragrunt::{Source, Survey};

/// File names of values that are shared by the roots whose own values lie beside them.
const SHARED: &[&str] = &["common", "global", "globals", "shared", "default", "defaults", "all"];

/// A directory to evaluate with one set of values.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// The directory.
    pub(super) directory: &'a str,
    /// The environment.
    pub(super) environment: Environment,
    /// Whether it is a library.
    pub(super) library: bool,
    /// Files of values; later ones win.
    pub(super) values: Vec<&'a File<'a>>,
    /// The file of the Terragrunt unit that gives inputs.
    pub(super) unit: Option<&'a str>,
    /// The directory with what the unit writes beside it.
    pub(super) variant: Option<&'a Directory<'a>>,
    /// The workspace, when it is known.
    pub(super) workspace: Option<Text>,
    /// Terraform's own plan, when one was saved.
    pub(super) saved: Option<&'a SavedPlan<'a>>,
}

/// Every directory to evaluate, in path order.
pub(super) fn plan<'a>(
    project: &'a Project<'a>,
    surveys: &'a [Survey<'a>],
    variants: &'a BTreeMap<&'a str, Directory<'a>>,
    environments: &Environments,
) -> Vec<Plan<'a>> {
    let callers = project.callers();
    let mut by_source: BTreeMap<&str, Vec<&'a Survey<'a>>> = BTreeMap::new();
    for survey in surveys {
        if let Source::Local(path) = &survey.source {
            by_source.entry(path).or_default().push(survey);
        }
    }
    let candidates: Vec<&'a Directory<'a>> = project
        .directories
        .values()
        .filter(|directory| {
            let only_shown = |callers: &BTreeSet<&str>| callers.iter().all(|caller| demonstrates(caller, environments));
            let makes = directory.makes_anything() && !is_installed(directory.path);
            let applied = directory.backend || by_source.contains_key(directory.path);
            makes && (applied || callers.get(directory.path).is_none_or(only_shown))
        })
        .collect();
    let values = Values::bind(project, &candidates, environments);
    let mut plans = Vec::new();
    for directory in candidates {
        if let Some(units) = by_source.get(directory.path) {
            let always = values.always.get(directory.path).cloned().unwrap_or_default();
            plans.extend(units.iter().map(|unit| Plan {
                directory: directory.path,
                environment: environments.decide(unit.path, &[]),
                library: false,
                values: always.clone(),
                unit: Some(unit.path),
                variant: variants.get(unit.path),
                workspace: None,
                saved: None,
            }));
            continue;
        }
        let called = callers.contains_key(directory.path);
        plans.extend(values.plans(project, directory, called, environments));
    }
    plans
}

/// Whether a caller only shows or tests a module: what it calls is a library all the same.
fn demonstrates(path: &str, environments: &Environments) -> bool {
    let shows = |segment: &str| matches!(segment, "examples" | "example" | "tests" | "test" | "wrappers" | "fixtures");
    path.split('/').any(shows) && environments.of_path(&format!("{path}/main.tf")).is_none_or(|found| !found.production)
        || path.split('/').any(|segment| segment == "wrappers")
}

/// What sets of values are told apart by: the environment, and the file where its own name says the environment
/// (`prod-eu.tfvars`, `prod-us.tfvars`); the files of a folder that is named after one belong together.
type SetKey<'a> = (String, &'a str);

/// The values of every root, by environment.
#[derive(Default)]
struct Values<'a> {
    /// Loaded whatever the environment: `terraform.tfvars`, `*.auto.tfvars`.
    always: BTreeMap<&'a str, Vec<&'a File<'a>>>,
    /// By root and environment.
    sets: BTreeMap<&'a str, BTreeMap<SetKey<'a>, (Environment, Vec<&'a File<'a>>)>>,
    /// Files in the root that name no environment.
    others: BTreeMap<&'a str, Vec<&'a File<'a>>>,
}

fn stem<'a>(file: &File<'a>) -> &'a str {
    let name = file.name.strip_suffix(".json").unwrap_or(file.name);
    name.strip_suffix(".tfvars").unwrap_or(name)
}

impl<'a> Values<'a> {
    fn bind(project: &'a Project<'a>, roots: &[&Directory<'a>], environments: &Environments) -> Self {
        let mut values = Self::default();
        let mut by_name: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
        for root in roots {
            by_name.entry(root.path.rsplit('/').next().unwrap_or_default()).or_default().push(root.path);
        }
        let only =
            |name: &str| by_name.get(name).filter(|roots| roots.len() == 1).and_then(|roots| roots.first().copied());
        let mut shared: BTreeMap<&str, Vec<&'a File<'a>>> = BTreeMap::new();
        let mut folders: BTreeMap<&str, BTreeSet<&'a str>> = BTreeMap::new();
        for file in project.values.iter().copied() {
            let home = roots
                .iter()
                .map(|root| root.path)
                .filter(|root| below(root, file.directory).is_some())
                .max_by_key(|root| root.len());
            if let Some(root) = home {
                values.add_own(root, file, environments);
                continue;
            }
            let folder_name = file.directory.rsplit('/').next().unwrap_or_default();
            if let Some(root) = only(stem(file)) {
                folders.entry(file.directory).or_default().insert(root);
                values.add_set(root, file, environments.decide(file.path, &[]), environments);
            } else if let Some(root) = only(folder_name) {
                values.add_set(root, file, environments.decide(file.path, &[]), environments);
            } else if SHARED.contains(&stem(file)) {
                shared.entry(file.directory).or_default().push(file);
            }
        }
        for (folder, files) in shared {
            for root in folders.get(folder).into_iter().flatten() {
                for file in files.iter().rev() {
                    values.add_shared(root, file, &environments.decide(file.path, &[]));
                }
            }
        }
        values
    }

    fn add_own(&mut self, root: &'a str, file: &'a File<'a>, environments: &Environments) {
        let automatic =
            stem(file) == "terraform" || stem(file).rsplit_once('.').is_some_and(|(_, last)| last == "auto");
        if automatic && file.directory == root {
            let files = self.always.entry(root).or_default();
            files.push(file);
            // `terraform.tfvars` comes first, then the others by name; later ones win.
            files.sort_by_key(|file| (stem(file) != "terraform", file.name));
            return;
        }
        let below = file.path.get(root.len()..).unwrap_or_default().trim_start_matches('/');
        let name = below.strip_suffix(".json").unwrap_or(below);
        match environments.of_path(name) {
            Some(environment) => self.add_set(root, file, environment, environments),
            None => self.others.entry(root).or_default().push(file),
        }
    }

    fn add_set(&mut self, root: &'a str, file: &'a File<'a>, environment: Environment, environments: &Environments) {
        let sets = self.sets.entry(root).or_default();
        let own = if environments.of_word(stem(file)).is_some() { file.path } else { "" };
        let key = (environment.name.to_string(), own);
        sets.entry(key).or_insert_with(|| (environment, Vec::new())).1.push(file);
    }

    /// Shared values come first, so that a root's own win.
    fn add_shared(&mut self, root: &'a str, file: &'a File<'a>, environment: &Environment) {
        let sets = self.sets.get_mut(root).into_iter().flat_map(BTreeMap::iter_mut);
        for (_, (_, files)) in sets.filter(|((name, _), _)| name.as_str() == environment.name) {
            files.insert(0, file);
        }
    }

    fn plans(
        &self,
        project: &'a Project<'a>,
        directory: &'a Directory<'a>,
        called: bool,
        environments: &Environments,
    ) -> Vec<Plan<'a>> {
        let root = directory.path;
        let always = self.always.get(root).cloned().unwrap_or_default();
        let place = if root.is_empty() { "main.tf".to_owned() } else { format!("{root}/main.tf") };
        let here = environments.decide(&place, &[]);
        let plan = |environment: Environment, files: &[&'a File<'a>]| Plan {
            directory: root,
            environment: if here.production { environment } else { here.clone() },
            library: false,
            values: always.iter().chain(files).copied().collect(),
            unit: None,
            variant: None,
            workspace: None,
            saved: None,
        };
        let others = self.others.get(root).map_or(&[][..], Vec::as_slice);
        let lone = if others.len() == 1 { others } else { &[] };
        let given: Vec<&'a File<'a>> = always.iter().chain(lone).copied().collect();
        let workspaces = super::workspaces::named(project, directory, &given, environments);
        if let Some(sets) = self.sets.get(root) {
            let planned = |(environment, files): &(Environment, Vec<&'a File<'a>>)| {
                // Values for a workspace are named after it.
                let named = files.last().and_then(|file| workspaces.get(stem(file)));
                Plan { workspace: named.cloned(), ..plan(environment.clone(), files) }
            };
            return sets.values().map(planned).collect();
        }
        let library = given.is_empty() && looks_reusable(directory, called);
        // Of the workspaces that the text names, those that are named after environments are evaluated one by one.
        let known = workspaces.iter().filter_map(|name| Some((name, environments.of_word(name)?)));
        let plans: Vec<Plan<'a>> = known
            .map(|(name, environment)| Plan { library, workspace: Some(name.clone()), ..plan(environment, lone) })
            .collect();
        if plans.iter().any(|plan| plan.environment.production) || library {
            return if library { vec![Plan { library, ..plan(here.clone(), lone) }] } else { plans };
        }
        // Where none of them is production, production is a workspace that is not named.
        let rest = Plan { library, ..plan(here.clone(), lone) };
        std::iter::once(rest).chain(plans).collect()
    }
}

/// Whether a directory without values of its own looks made to be called.
fn looks_reusable(directory: &Directory<'_>, called: bool) -> bool {
    if directory.backend || directory.lock {
        return false;
    }
    let kept_with_modules = directory.path.split('/').any(|segment| {
        matches!(segment, "modules" | "module" | "wrappers")
            || segment.ends_with("-modules")
            || segment.ends_with("_modules")
    });
    let configures = directory.providers.iter().any(|provider| !provider.body.attributes.is_empty());
    let asks = directory.variables.values().any(|variable| variable.body.attribute("default").is_none());
    called || kept_with_modules || !configures && asks && !directory.outputs.is_empty()
}

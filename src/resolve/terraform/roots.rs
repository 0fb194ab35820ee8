//! Which directories are applied, with which values, and for which environment.
//!
//! NOTE: Terraform does not say which directories are roots. A directory that nothing calls is one, unless it looks
//! like a module made to be called: it lies under `modules/`, or it takes values that nobody gives, hands out outputs
//! and configures neither provider nor backend. Such a library is evaluated, so that it can be shown, and not judged.
//! Which files of values are for which root, [`values`] says; what a root calls its environment itself, [`said`].

mod said;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Environment, Environments, Gap};
use crate::tree::Text;

use super::evaluate::Scope;
use super::module::Given;
use super::project::{Directory, File, Kind, Project, is_installed};
use super::saved_plan::SavedPlan;
use super::terragrunt::{Source, Survey, Units};
use super::typed::Typed;
use values::Values;

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

impl<'a> Plan<'a> {
    /// What its files of values give, in the scope of the root, and the inputs of its unit.
    pub(super) fn given(
        &self,
        project: &'a Project<'a>,
        environments: &'a Environments,
        directory: &'a Directory<'a>,
    ) -> BTreeMap<Text, Given<'a>> {
        let mut given: BTreeMap<Text, Given<'a>> = self.values.iter().copied().flat_map(of_file).collect();
        if let Some(path) = self.unit {
            given.extend(Units::new(project, environments).unit(path).given(directory));
        }
        given
    }
}

fn of_file<'a>(file: &'a File<'a>) -> Vec<(Text, Given<'a>)> {
    // Number 0 is the root itself: values given by expressions are evaluated in its scope.
    match &file.kind {
        Kind::Values(body) => {
            let attributes = body.attributes.iter();
            attributes.map(|it| (it.name.value.clone(), Given::Expression(Scope::of(0), &it.value))).collect()
        }
        Kind::JsonValues(node) => {
            node.entries().iter().map(|it| (it.key.clone(), Given::Value(Typed::from_node(&it.value)))).collect()
        }
        _ => Vec::new(),
    }
}

/// Every directory to evaluate, in path order, and the files of values that none of them takes.
pub(super) fn plan<'a>(
    project: &'a Project<'a>,
    surveys: &'a [Survey<'a>],
    variants: &'a BTreeMap<&'a str, Directory<'a>>,
    environments: &Environments,
) -> (Vec<Plan<'a>>, Vec<Gap>) {
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
    said::settle(project, &mut plans, environments);
    (plans, values.unread(project, environments))
}

/// Whether a caller only shows or tests a module: what it calls is a library all the same.
fn demonstrates(path: &str, environments: &Environments) -> bool {
    let shows = |segment: &str| matches!(segment, "examples" | "example" | "tests" | "test" | "wrappers" | "fixtures");
    path.split('/').any(shows) && environments.of_path(&format!("{path}/main.tf")).is_none_or(|found| !found.production)
        || path.split('/').any(|segment| segment == "wrappers")
}

/// Whether a directory without values of its own looks made to be called.
fn looks_reusable(directory: &Directory<'_>, called: bool) -> bool {
    if directory.backend || directory.lock {
        return false;
    }
    let kept_with_modules = directory.path.split('/').any(holds_modules);
    let configures = directory.providers.iter().any(|provider| !provider.body.attributes.is_empty());
    let asks = directory.variables.values().any(|variable| variable.body.attribute("default").is_none());
    called || kept_with_modules || !configures && asks && !directory.outputs.is_empty()
}

/// Whether a folder of this name holds modules that are made to be called.
fn holds_modules(segment: &str) -> bool {
    matches!(segment, "modules" | "module" | "wrappers")
        || segment.ends_with("-modules")
        || segment.ends_with("_modules")
}

//! Which files of values are for which root, and together with which others.
//!
//! NOTE: Terraform is told on its command line (`-var-file`), which is not here. A file is for the root it lies in or
//! below; else by name (`variables/production/rds.tfvars` is for the one root called `rds`, together with the
//! `common.tfvars` beside it); else for each root beside its folder that declares the variables. A root is evaluated once
//! for each environment that files are named after. Files that name none and set the same variables are one instance
//! each (`projects/leap.tfvars`, `projects/pangeo.tfvars`); those that set different ones are given together.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Environment, Environments, Gap, Hides};
use crate::source::{Span, below, in_folder, parent};
use crate::tree::Text;

use super::super::project::{Directory, File, Kind, Project};
use super::{Plan, holds_modules, looks_reusable};

/// File names of values that are shared by the roots whose own values lie beside them.
const SHARED: &[&str] = &["common", "global", "globals", "shared", "default", "defaults", "all"];

/// File names of values that are there to be copied.
const TO_COPY: &[&str] = &["example", "examples", "sample", "samples", "template", "templates"];

/// Settings of backends, which `terraform init -backend-config` takes from files that look like values.
/// <https://developer.hashicorp.com/terraform/language/backend/s3>, …/azurerm, …/gcs, …/remote
const BACKEND: &[&str] = &[
    "access_key",
    "bucket",
    "client_id",
    "container_name",
    "credentials",
    "dynamodb_table",
    "encrypt",
    "hostname",
    "key",
    "kms_key_id",
    "organization",
    "prefix",
    "profile",
    "region",
    "resource_group_name",
    "role_arn",
    "storage_account_name",
    "subscription_id",
    "tenant_id",
    "use_azuread_auth",
    "use_lockfile",
    "use_oidc",
    "workspace_key_prefix",
];

/// What sets of values are told apart by: the environment, and the file where its own name says the environment
/// (`prod-eu.tfvars`, `prod-us.tfvars`); the files of a folder that is named after one belong together.
type SetKey<'a> = (String, &'a str);

/// The values of every root, by environment.
#[derive(Default)]
pub(super) struct Values<'a> {
    /// Loaded whatever the environment: `terraform.tfvars`, `*.auto.tfvars`.
    pub(super) always: BTreeMap<&'a str, Vec<&'a File<'a>>>,
    /// By root and environment.
    sets: BTreeMap<&'a str, BTreeMap<SetKey<'a>, (Environment, Vec<&'a File<'a>>)>>,
    /// Files that name no environment.
    others: BTreeMap<&'a str, Vec<&'a File<'a>>>,
    /// Files for no root.
    unbound: Vec<&'a File<'a>>,
}

/// The name of a file without what says that it holds values.
fn stem<'a>(file: &File<'a>) -> &'a str {
    let name = file.name.strip_suffix(".json").unwrap_or(file.name);
    name.strip_suffix(".tfvars").unwrap_or(name)
}

/// The variables that a file gives values.
fn given<'a>(file: &File<'a>) -> BTreeSet<&'a str> {
    match file.kind {
        Kind::Values(body) => body.attributes.iter().map(|attribute| attribute.name.value.as_str()).collect(),
        Kind::JsonValues(node) => node.entries().iter().map(|entry| entry.key.as_str()).collect(),
        _ => BTreeSet::new(),
    }
}

/// Whether a root takes any of the values of a file.
fn takes_any(root: &Directory<'_>, file: &File<'_>) -> bool {
    let given = given(file);
    given.is_empty() || given.iter().any(|name| root.variables.contains_key(name))
}

/// Whether a file that lies elsewhere gives a root what it asks for, or mostly what it knows.
fn is_made_for(root: &Directory<'_>, given: &BTreeSet<&str>) -> bool {
    let known = given.iter().filter(|name| root.variables.contains_key(*name)).count();
    let mut asked = root.variables.iter().filter(|(_, block)| block.body.attribute("default").is_none()).peekable();
    known > 0 && (known * 2 >= given.len() || asked.peek().is_some() && asked.all(|(name, _)| given.contains(name)))
}

impl<'a> Values<'a> {
    pub(super) fn bind(project: &'a Project<'a>, roots: &[&'a Directory<'a>], environments: &Environments) -> Self {
        let mut values = Self::default();
        let mut by_name: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
        for root in roots {
            by_name.entry(root.path.rsplit('/').next().unwrap_or_default()).or_default().push(root.path);
        }
        let only =
            |name: &str| by_name.get(name).filter(|roots| roots.len() == 1).and_then(|roots| roots.first().copied());
        let mut shared: BTreeMap<&str, Vec<&'a File<'a>>> = BTreeMap::new();
        let mut folders: BTreeMap<&str, BTreeSet<&'a str>> = BTreeMap::new();
        let mut beside: Vec<(&'a File<'a>, Vec<&'a str>)> = Vec::new();
        let in_use = |file: &&&File<'_>| !stem(file).split(['.', '-', '_']).any(|word| TO_COPY.contains(&word));
        // Roots for which values may lie elsewhere.
        let open: Vec<&'a Directory<'a>> = roots
            .iter()
            .copied()
            .filter(|root| !root.path.is_empty() && !root.path.split('/').any(holds_modules))
            .filter(|root| !environments.is_for_show(&in_folder(root.path, "main.tf")))
            .collect();
        for file in project.values.iter().filter(in_use).copied() {
            let around = |root: &&&'a Directory<'a>| below(root.path, file.directory).is_some();
            let home = roots.iter().filter(around).max_by_key(|root| root.path.len());
            if let Some(root) = home.filter(|root| takes_any(root, file)) {
                values.add_own(root.path, file, environments);
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
            } else {
                match neighbours(&open, file, environments) {
                    found if found.is_empty() => values.unbound.push(file),
                    found => beside.push((file, found)),
                }
            }
        }
        for (folder, files) in shared {
            for file in files.iter().rev() {
                let environment = environments.decide(file.path, &[]);
                let mut taken = false;
                for root in folders.get(folder).into_iter().flatten() {
                    taken |= values.add_shared(root, file, &environment);
                }
                for root in neighbours(&open, file, environments) {
                    taken = true;
                    if !values.add_shared(root, file, &environment) {
                        beside.push((*file, vec![root]));
                    }
                }
                if !taken {
                    values.unbound.push(file);
                }
            }
        }
        for (file, roots) in beside {
            for root in roots {
                match environments.of_path(file.path) {
                    // What is a root's own wins over what it shares.
                    Some(environment) if values.add_shared(root, file, &environment) => {}
                    Some(environment) => values.add_set(root, file, environment, environments),
                    None => values.others.entry(root).or_default().push(file),
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

    /// Shared values come first, so that a root's own win. Whether there are any of its own.
    fn add_shared(&mut self, root: &'a str, file: &'a File<'a>, environment: &Environment) -> bool {
        let sets = self.sets.get_mut(root).into_iter().flat_map(BTreeMap::iter_mut);
        let mut taken = false;
        for (_, (_, files)) in sets.filter(|((name, _), _)| name.as_str() == environment.name) {
            files.insert(0, file);
            taken = true;
        }
        taken
    }

    /// A root, once for each set of values it is given.
    pub(super) fn plans(
        &self,
        project: &'a Project<'a>,
        directory: &'a Directory<'a>,
        called: bool,
        environments: &Environments,
    ) -> Vec<Plan<'a>> {
        let root = directory.path;
        let always = self.always.get(root).map_or(&[][..], Vec::as_slice);
        let here = environments.decide(&in_folder(root, "main.tf"), &[]);
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
        let sets = self.sets.get(root);
        let others =
            Others::of(self.others.get(root).map_or(&[], Vec::as_slice), sets.into_iter().flat_map(BTreeMap::values));
        let with =
            |files: &[&'a File<'a>]| -> Vec<&'a File<'a>> { others.common.iter().chain(files).copied().collect() };
        let given: Vec<&'a File<'a>> = always.iter().chain(&others.common).copied().collect();
        let is_given = sets.is_some() || !others.instances.is_empty() || !given.is_empty();
        if !is_given && looks_reusable(directory, called) {
            return vec![Plan { library: true, ..plan(here.clone(), &[]) }];
        }
        let workspaces = super::super::workspaces::named(project, directory, &given, environments);
        // Values for a workspace are named after it.
        let named = |files: &[&'a File<'a>]| files.last().and_then(|file| workspaces.get(stem(file))).cloned();
        if sets.is_some() || !others.instances.is_empty() {
            let sets = sets.into_iter().flat_map(BTreeMap::values);
            let judged = sets.clone().any(|(environment, _)| environment.production);
            let of_sets = sets.map(|(environment, files)| Plan {
                workspace: named(files),
                ..plan(environment.clone(), &with(files))
            });
            let of_instances = others.instances.iter().map(|(name, files)| {
                // Beside the values of production, any other name is one of another environment.
                let environment =
                    if judged { Environment { name: Text::from(*name), production: false } } else { here.clone() };
                Plan { workspace: named(files), ..plan(environment, &with(files)) }
            });
            return of_sets.chain(of_instances).collect();
        }
        // Of the workspaces that the text names, those that are named after environments are evaluated one by one.
        let known = workspaces.iter().filter_map(|name| Some((name, environments.of_word(name)?)));
        let plans: Vec<Plan<'a>> = known
            .map(|(name, environment)| Plan { workspace: Some(name.clone()), ..plan(environment, &others.common) })
            .collect();
        if plans.iter().any(|plan| plan.environment.production) {
            return plans;
        }
        // Where none of them is production, production is a workspace that is not named.
        std::iter::once(plan(here.clone(), &others.common)).chain(plans).collect()
    }

    /// Files for no root, as far as production would be given their values and Terragrunt does not read them.
    pub(super) fn unread(&self, project: &Project<'a>, environments: &Environments) -> Vec<Gap> {
        let lost = |file: &&&'a File<'a>| {
            let given = given(file);
            let backend = given.iter().all(|name| BACKEND.contains(name));
            let read = project
                .terragrunt
                .keys()
                .any(|path| below(file.directory, path).is_some() || below(parent(path), file.directory).is_some());
            !backend && !read && environments.decide(file.path, &[]).production
        };
        let gap = |file: &&'a File<'a>| {
            let at = match file.kind {
                Kind::Values(body) => body.attributes.first().map(|attribute| attribute.name.span),
                Kind::JsonValues(node) => Some(node.span),
                _ => None,
            };
            Some(Gap {
                hides: Hides::Values,
                span: Span::head(at?.source),
                path: file.path.into(),
                reason: "values for Terraform that no directory here declares variables for".into(),
            })
        };
        self.unbound.iter().filter(lost).filter_map(gap).collect()
    }
}

/// The roots beside the folder of a file, or beside the one above where it is named after an environment, that the
/// file is made for.
fn neighbours<'a>(roots: &[&'a Directory<'a>], file: &File<'a>, environments: &Environments) -> Vec<&'a str> {
    let mut around = vec![file.directory];
    let mut folder = file.directory;
    while !folder.is_empty() && around.len() < 4 {
        let name = folder.rsplit('/').next().unwrap_or_default();
        folder = parent(folder);
        around.push(folder);
        if environments.of_word(name).is_none() {
            break;
        }
    }
    let given = given(file);
    let near = roots.iter().filter(|root| around.contains(&parent(root.path)));
    near.filter(|root| is_made_for(root, &given)).map(|root| root.path).collect()
}

/// Files that name no environment.
struct Others<'a> {
    /// For all there is.
    common: Vec<&'a File<'a>>,
    /// For one instance each, by name.
    instances: BTreeMap<&'a str, Vec<&'a File<'a>>>,
}

impl<'a> Others<'a> {
    /// Files that set the same variables as others do are told apart, and those that set other ones are common to all.
    fn of<'s>(files: &[&'a File<'a>], sets: impl Iterator<Item = &'s (Environment, Vec<&'a File<'a>>)>) -> Self
    where
        'a: 's,
    {
        let mut found = Self { common: Vec::new(), instances: BTreeMap::new() };
        let of_sets: BTreeSet<&str> = sets.flat_map(|(_, files)| files).flat_map(|file| given(file)).collect();
        let names: Vec<BTreeSet<&str>> = files.iter().map(|file| given(file)).collect();
        for (file, own) in files.iter().copied().zip(&names) {
            // A file is not told apart from itself: its name is the same.
            let twice = files.iter().zip(&names).any(|(other, names)| {
                stem(other) != stem(file) && !SHARED.contains(&stem(other)) && !own.is_disjoint(names)
            });
            if SHARED.contains(&stem(file)) || !twice && own.is_disjoint(&of_sets) {
                found.common.push(file);
            } else {
                found.instances.entry(stem(file)).or_default().push(file);
            }
        }
        found
    }
}

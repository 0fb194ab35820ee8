//! What is known of every unit before anything is applied: which module it calls, and what it writes beside it.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::model::{Environments, Gap, Hides};
use crate::parse::hcl;
use crate::resolve::terraform::project::{Directory, Project};
use crate::resolve::terraform::{respan, workers};
use crate::source::{Span, parent};
use crate::tree::block::Body;
use crate::tree::{Content, Node};

use super::{From, Generated, Source, UNIT, Units};

/// One unit.
#[derive(Debug)]
pub(in crate::resolve::terraform) struct Survey<'a> {
    /// The path of its file.
    pub(in crate::resolve::terraform) path: &'a str,
    /// The module that it calls.
    pub(in crate::resolve::terraform) source: Source,
    /// What it gives to a module that is elsewhere.
    pub(in crate::resolve::terraform) arguments: Option<Node>,
    /// The configuration that it writes beside the module.
    pub(in crate::resolve::terraform) generated: Vec<Body>,
}

/// Surveys the units of a project, several at a time; in path order.
pub(in crate::resolve::terraform) fn survey<'a>(
    project: &'a Project<'a>,
    environments: &'a Environments,
) -> Vec<Survey<'a>> {
    let paths: Vec<&'a str> = project
        .terragrunt
        .keys()
        .copied()
        .filter(|path| path.strip_prefix(parent(path)).is_some_and(|name| name.trim_start_matches('/') == UNIT))
        .collect();
    workers::each(&paths, || {
        let units = Units::new(project, environments);
        move |path: &&'a str| one(&units, path)
    })
}

fn one<'a>(units: &Rc<Units<'a>>, path: &'a str) -> Survey<'a> {
    let unit = units.unit(path);
    let generated = unit.generated.iter().filter_map(|Generated { text, from }| {
        let source = match from {
            From::File(source) => *source,
            From::Expression(span) => span.source,
        };
        let Content::Body(mut body) = hcl::parse(source, text).document.content else { return None };
        if let From::Expression(span) = from {
            respan::body(&mut body, *span);
        }
        Some(body)
    });
    let arguments = match &unit.source {
        Source::Remote(_, at) => Some(unit.arguments(*at)),
        _ => None,
    };
    Survey { path, source: unit.source.clone(), arguments, generated: generated.collect() }
}

/// The directories that units call, with what each of them writes there; by the path of the unit.
pub(in crate::resolve::terraform) fn variants<'a>(
    project: &'a Project<'a>,
    surveys: &'a [Survey<'a>],
) -> BTreeMap<&'a str, Directory<'a>> {
    let mut variants = BTreeMap::new();
    for survey in surveys.iter().filter(|survey| !survey.generated.is_empty()) {
        let Source::Local(folder) = &survey.source else { continue };
        let Some(directory) = project.directories.get(folder.as_str()) else { continue };
        let mut directory = directory.clone();
        for body in &survey.generated {
            directory.add(body, survey.path);
        }
        variants.insert(survey.path, directory);
    }
    variants
}

/// Stacks, which make units of templates.
pub(in crate::resolve::terraform) fn stacks(project: &Project<'_>) -> Vec<Gap> {
    let stack = |path: &&str| path.rsplit('/').next() == Some("terragrunt.stack.hcl");
    let gap = |path: &str| {
        let (source, _) = project.source(path)?;
        let reason = "a Terragrunt stack, whose units are not made".into();
        Some(Gap { hides: Hides::Terraform, span: Span::head(source), path: path.into(), reason })
    };
    project.terragrunt.keys().copied().filter(|path| stack(path)).filter_map(gap).collect()
}

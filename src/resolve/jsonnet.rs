//! Jsonnet, evaluated for the alerts that it makes: mixins, and what is rendered to rule files and `PrometheusRule`s.
//! Uses `source`, `tree` and `model`.
//!
//! `rsjsonnet-lang` parses; the evaluation is twoam's own. `jrsonnet` and `rsjsonnet` evaluate as well, but bound neither
//! steps nor memory, so that one line of a repository could hold up the audit or end it, and they forget which text a
//! value came from. Here every value keeps its place, every step counts, and what a missing import hides is unknown while
//! the rest is read. Imports lead to files of the audited roots and nowhere else; external variables and native functions
//! are unknown.
//!
//! Evaluated are entry points, each once: files that no other imports, and mixins that none of those uses. The alerts of
//! a library come through whatever evaluates it.

mod files;
mod library;
mod machine;
mod object;
mod operator;
mod output;
mod parse;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rsjsonnet_lang::arena::Arena;

use self::files::Files;
use self::machine::Machine;
use self::output::Output;
use self::value::Stop;
use super::rendered::Rendered;
use crate::model::{Environments, Gap, Hides};
use crate::source::{SourceId, Sources, Span};
use crate::tree::{Node, Text, Value};

/// Steps that all entry points of a repository may take together, and that one may take.
const STEPS: u64 = 60_000_000;
const STEPS_OF_ONE: u64 = 3_000_000;

/// Words of texts that may make alerts.
const SIGNS: &[&str] = &["alert:", "'alert'", "\"alert\"", "prometheusAlerts", "PrometheusRule"];

/// What the Jsonnet of a repository makes.
#[derive(Debug, Default)]
pub struct Generated {
    /// One document for each entry point that makes alerts.
    pub documents: Vec<Rendered>,
    /// Entry points that could not be evaluated, or not wholly.
    pub gaps: Vec<Gap>,
}

/// Evaluates the entry points.
pub fn evaluate(sources: &Sources, environments: &Environments) -> Generated {
    let files = Files::new(sources);
    let imports = files.imports();
    let making = making(&files, &imports);
    let own: Vec<SourceId> = making.iter().copied().filter(|file| is_own(files.path(*file))).collect();
    let others = |file: &SourceId| {
        let targets = imports.get(file).into_iter().flatten();
        targets.copied().filter(|target| target != file).collect::<Vec<_>>()
    };
    let imported: BTreeSet<SourceId> = own.iter().flat_map(others).collect();
    let (first, inner): (Vec<SourceId>, Vec<SourceId>) = own.iter().partition(|file| !imported.contains(file));
    let mut generated = Generated::default();
    let mut seen: BTreeSet<(Text, Span, Text)> = BTreeSet::new();
    let mut used: BTreeSet<SourceId> = BTreeSet::new();
    let mixins = |file: &SourceId| is_mixin(files.path(*file));
    let steps = STEPS_OF_ONE.min(STEPS / (own.len() as u64).max(1));
    for round in [first, inner.into_iter().filter(mixins).collect()] {
        let round: Vec<SourceId> = round.into_iter().filter(|file| !used.contains(file)).collect();
        let mut made: Vec<Evaluated> = round.into_par_iter().map(|file| run(&files, file, steps)).collect();
        // What several make alike is taken from the mixin itself, or from whatever knows most of it.
        made.sort_by_key(|one| (!mixins(&one.file), one.output.missing.len()));
        for Evaluated { file, output, read } in made {
            let path: Text = files.path(file).into();
            let environment = environments.decide(&path, &[]);
            let mut alerts = 0;
            if let Some(mut node) = output.node {
                let mut own = Vec::new();
                retain(&mut node, &mut |name, span| {
                    let key = (environment.name.clone(), span, Text::from(name));
                    let new = !seen.contains(&key);
                    own.push(key);
                    alerts += 1;
                    new
                });
                seen.extend(own);
                if alerts > 0 {
                    used.extend(read);
                    let span = Span::head(file);
                    let environment = Some(environment);
                    generated.documents.push(Rendered {
                        source: file,
                        path: path.clone(),
                        span,
                        node,
                        environment,
                        library: false,
                    });
                }
            }
            if let Some(missing) = output.missing.first().filter(|_| !environments.is_for_show(&path)) {
                let part = if alerts > 0 { "in part not analysed" } else { "not analysed" };
                let elsewhere = missing.span.map(|span| span.source).filter(|source| *source != file);
                let place = elsewhere.map_or(String::new(), |source| format!(" (in `{}`)", files.path(source)));
                let reason = format!("{part}: {}{place}", missing.what).into();
                generated.gaps.push(Gap { hides: Hides::Alerts, span: Span::head(file), path, reason });
            }
        }
    }
    generated
}

impl Generated {
    /// Leaves out the alerts that stand in the repository as they are rendered.
    pub fn leave_out(&mut self, rendered: &BTreeSet<&str>) {
        for document in &mut self.documents {
            retain(&mut document.node, &mut |name, _| !rendered.contains(name));
        }
    }
}

struct Evaluated {
    file: SourceId,
    output: Output,
    /// The files it was made of.
    read: Vec<SourceId>,
}

/// What the evaluation of one file may take of the stack, in bytes; how deep it goes is bounded to fit.
const STACK: usize = 64 << 20;

/// Evaluates one file, in a thread that has the stack for it.
fn run(files: &Files<'_>, file: SourceId, steps: u64) -> Evaluated {
    std::thread::scope(|scope| {
        let evaluated = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || run_here(files, file, steps))
            .ok()
            .and_then(|thread| thread.join().ok());
        evaluated.unwrap_or_else(|| {
            let output = Output::failed(&Stop::new("there is no thread for it", None));
            Evaluated { file, output, read: Vec::new() }
        })
    })
}

fn run_here(files: &Files<'_>, file: SourceId, steps: u64) -> Evaluated {
    let arena = Arena::new();
    let mut machine = Machine::new(&arena, files, steps);
    let output = match machine.file(file) {
        Ok(thunk) => Output::of(&mut machine, thunk, Span::head(file)),
        Err(stop) => Output::failed(&stop),
    };
    Evaluated { file, output, read: machine.read() }
}

/// The files that make alerts, or import one that does.
fn making(files: &Files<'_>, imports: &BTreeMap<SourceId, BTreeSet<SourceId>>) -> BTreeSet<SourceId> {
    let mut importers: BTreeMap<SourceId, Vec<SourceId>> = BTreeMap::new();
    for (importer, targets) in imports {
        for target in targets {
            importers.entry(*target).or_default().push(*importer);
        }
    }
    let says = |file: &SourceId| SIGNS.iter().any(|sign| files.text(*file).contains(sign));
    let mut open: Vec<SourceId> = files.jsonnet().filter(says).collect();
    let mut making: BTreeSet<SourceId> = open.iter().copied().collect();
    while let Some(file) = open.pop() {
        for importer in importers.get(&file).into_iter().flatten() {
            if making.insert(*importer) {
                open.push(*importer);
            }
        }
    }
    making
}

/// Libraries of others are evaluated through what uses them, and tests are for themselves.
fn is_own(path: &str) -> bool {
    let is_test = |part: &str| {
        let stem = part.split('.').next().unwrap_or(part);
        matches!(stem, "test" | "tests" | "testdata")
            || stem.ends_with("_test")
            || stem.ends_with("-test")
            || stem.starts_with("test_")
    };
    !path.split('/').any(|part| part == "vendor" || is_test(part))
}

fn is_mixin(path: &str) -> bool {
    path.rsplit('/').next() == Some("mixin.libsonnet")
}

/// Keeps the alerting rules that are wanted, by name and place; whatever else there is stays.
fn retain(node: &mut Node, wanted: &mut impl FnMut(&str, Span) -> bool) {
    match &mut node.value {
        Value::List(items) => {
            items.retain(|item| match item.get("alert").filter(|_| item.get("expr").is_some()) {
                Some(alert) => alert.as_str().is_none_or(|name| wanted(name, alert.span)),
                None => true,
            });
            for item in items {
                retain(item, wanted);
            }
        }
        Value::Map(map) => {
            for entry in &mut map.entries {
                retain(&mut entry.value, wanted);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;

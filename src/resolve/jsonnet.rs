//! Jsonnet, evaluated for the alerts that it makes: mixins, and what is rendered to rule files and `PrometheusRule`s; and
//! for dashboards, where all that they import is here. Uses `source`, `tree` and `model`.
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
use self::output::{Output, Wanted};
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

/// Words that stand in what makes dashboards.
const DRAWN: &[&[&str]] = &[&["panels", "panel."], &["schemaVersion", "grafanaDashboards"]];

/// What the Jsonnet of a repository makes.
#[derive(Debug, Default)]
pub struct Generated {
    /// One document for each entry point that makes alerts or dashboards.
    pub documents: Vec<Rendered>,
    /// Entry points that could not be evaluated, or not wholly.
    pub gaps: Vec<Gap>,
    /// The paths of all that dashboards are made of which were read.
    pub drawn: Vec<Text>,
}

/// Evaluates the entry points.
pub fn evaluate(sources: &Sources, environments: &Environments) -> Generated {
    let files = Files::new(sources);
    let (imports, open) = files.imports();
    let making = making(&files, &imports);
    let drawing = drawing(&files, &imports, &open);
    let all: BTreeSet<SourceId> = making.union(&drawing).copied().collect();
    let own: Vec<SourceId> = all.into_iter().filter(|file| is_own(files.path(*file))).collect();
    let others = |file: &SourceId| {
        let targets = imports.get(file).into_iter().flatten();
        targets.copied().filter(|target| target != file).collect::<Vec<_>>()
    };
    let imported: BTreeSet<SourceId> = own.iter().flat_map(others).collect();
    let (first, inner): (Vec<SourceId>, Vec<SourceId>) = own.iter().partition(|file| !imported.contains(file));
    let mut generated = Generated::default();
    let mut seen: BTreeSet<(Text, Span, Text)> = BTreeSet::new();
    // The files of which the alerts, and of which the dashboards, were made.
    let (mut used, mut drawn) = (BTreeSet::new(), BTreeSet::new());
    let mixins = |file: &SourceId| is_mixin(files.path(*file));
    let steps = STEPS_OF_ONE.min(STEPS / (own.len() as u64).max(1));
    for round in [first, inner.into_iter().filter(mixins).collect()] {
        let wanting = |file: &SourceId| !used.contains(file) || drawing.contains(file) && !drawn.contains(file);
        let round: Vec<SourceId> = round.into_iter().filter(wanting).collect();
        let wanted = |file: &SourceId| Wanted { alerts: making.contains(file), dashboards: drawing.contains(file) };
        let mut made: Vec<Evaluated> =
            round.into_par_iter().map(|file| run(&files, file, wanted(&file), steps)).collect();
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
                let draws = drawing.contains(&file) && draws(&node, DEEPEST);
                if draws && output.undrawn == 0 {
                    drawn.extend(read.iter().copied());
                }
                if alerts > 0 {
                    used.extend(read);
                }
                if alerts > 0 || draws {
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
    generated.drawn = drawn.into_iter().map(|file| files.path(file).into()).collect();
    generated
}

/// How deep below the value of a file its dashboards may stand.
const DEEPEST: usize = 5;

/// Whether a value holds a dashboard.
fn draws(node: &Node, depth: usize) -> bool {
    let is_one = node.get("panels").is_some_and(|panels| !panels.items().is_empty());
    let mut below = node.items().iter().chain(node.entries().iter().map(|entry| &entry.value));
    is_one || depth > 0 && below.any(|node| draws(node, depth - 1))
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
fn run(files: &Files<'_>, file: SourceId, wanted: Wanted, steps: u64) -> Evaluated {
    std::thread::scope(|scope| {
        let evaluated = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || run_here(files, file, wanted, steps))
            .ok()
            .and_then(|thread| thread.join().ok());
        evaluated.unwrap_or_else(|| {
            let output = Output::failed(&Stop::new("there is no thread for it", None));
            Evaluated { file, output, read: Vec::new() }
        })
    })
}

fn run_here(files: &Files<'_>, file: SourceId, wanted: Wanted, steps: u64) -> Evaluated {
    let arena = Arena::new();
    let mut machine = Machine::new(&arena, files, steps);
    let output = match machine.file(file) {
        Ok(thunk) => Output::of(&mut machine, thunk, wanted, Span::head(file)),
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

/// The files that make dashboards, all that they import being here. What is made with a library that is fetched when it
/// is built is not evaluated for them: that there are some is said by their paths.
fn drawing(
    files: &Files<'_>,
    imports: &BTreeMap<SourceId, BTreeSet<SourceId>>,
    open: &BTreeSet<SourceId>,
) -> BTreeSet<SourceId> {
    let says = |file: SourceId| {
        let text = files.text(file);
        DRAWN.iter().map(|words| words.iter().any(|word| text.contains(word))).collect()
    };
    let said: BTreeMap<SourceId, Vec<bool>> = files.jsonnet().map(|file| (file, says(file))).collect();
    let draws = |file: &SourceId| {
        let mut reached = BTreeSet::from([*file]);
        let mut next = vec![*file];
        while let Some(file) = next.pop() {
            if open.contains(&file) {
                return false;
            }
            next.extend(imports.get(&file).into_iter().flatten().filter(|target| reached.insert(**target)));
        }
        let told = |number: usize| reached.iter().any(|file| said.get(file).is_some_and(|said| said[number]));
        (0..DRAWN.len()).all(told)
    };
    files.jsonnet().filter(draws).collect()
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

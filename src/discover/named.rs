//! Files that are named one by one, wherever they stand: saved plans. Uses `problem` and `tree`.

use std::path::{Component, Path, PathBuf};

use super::{Discovery, Found};
use crate::problem::{Fault, Problem};
use crate::tree::Format;

/// The largest plan that is read, in bytes: a plan repeats the whole configuration and state.
const LARGEST: u64 = 256 << 20;

/// Adds each file to what is read, unless the walk found it already, and gives the paths as shown. One that does not
/// exist is a problem of the request.
pub fn add_plans(discovery: &mut Discovery, paths: &[PathBuf]) -> Vec<String> {
    let mut shown = Vec::new();
    for path in paths {
        let real = match path.canonicalize() {
            Ok(real) if real.is_file() => real,
            _ => {
                let help = "name the file that `terraform show -json` wrote";
                let problem =
                    Problem::of(Fault::Configuration, path.to_string_lossy(), "there is no such file for --plan", help);
                discovery.problems.push(problem);
                continue;
            }
        };
        let known = discovery.files.iter_mut().find(|found| found.path.canonicalize().is_ok_and(|it| it == real));
        if let Some(found) = known {
            found.format = Format::Json;
            found.largest = LARGEST;
            shown.push(found.shown.clone());
            continue;
        }
        discovery.skipped.retain(|skipped| !discovery.roots.iter().any(|root| root.shown(&real) == skipped.path));
        let name = free(discovery, &name(path));
        discovery.files.push(Found {
            path: real,
            shown: name.clone(),
            format: Format::Json,
            root: 0,
            largest: LARGEST,
        });
        shown.push(name);
    }
    discovery.files.sort_by(|one, other| one.shown.cmp(&other.shown));
    shown
}

/// A path as it was typed, or the file's name where that would show a place of this machine.
fn name(path: &Path) -> String {
    let plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let parts = path.components().filter(|part| matches!(part, Component::Normal(_)));
    let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
    if plain { parts.join("/") } else { parts.last().map(ToString::to_string).unwrap_or_default() }
}

/// The name, or the first numbered one that no other file has.
fn free(discovery: &Discovery, name: &str) -> String {
    let taken = |name: &str| discovery.files.iter().any(|found| found.shown == name);
    let numbered = (2..).map(|number| format!("{name}~{number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

//! `helmfile apply` and `helmfile sync` in jobs that ship to production: which helmfile they ship, and what of it.
//! <https://helmfile.readthedocs.io/en/latest/cli/>, <https://helmfile.readthedocs.io/en/latest/#selectors>

use super::commands;
use super::files::Files;
use super::job::{Job, Step, commands_of};
use crate::model::release::Applied;
use crate::source::join;
use crate::tree::Text;

/// What the commands of a job ship, once each.
pub(super) fn applied(files: &Files<'_>, job: &Job) -> Vec<Applied> {
    let root = files.root_of(files.path_of(job.span)).trim_end_matches('/');
    let mut found: Vec<Applied> = Vec::new();
    // Each step of GitHub starts in the folder of the repository; elsewhere scripts go on where the last one ended.
    let mut folder = Some(root.to_owned());
    for step in &job.steps {
        if job.platform == "github-actions" {
            folder = start(root, step);
        }
        for applied in of_commands(files, &commands_of(step), &mut folder, root) {
            if !found.contains(&applied) {
                found.push(applied);
            }
        }
    }
    found
}

/// Whether a job applies a helmfile at all.
pub(super) fn applies(job: &Job) -> bool {
    job.steps.iter().flat_map(commands_of).any(|command| is_apply(&command).is_some())
}

/// The words after a `helmfile` that ships.
fn is_apply(command: &[String]) -> Option<&[String]> {
    let (program, words) = commands::written_program(command)?;
    let ships = program.rsplit('/').next() == Some("helmfile") && commands::deploys(command).is_some();
    ships.then_some(words)
}

/// The folder that a step starts in, where that is known.
fn start(root: &str, step: &Step) -> Option<String> {
    if step.folder.is_empty() { Some(root.to_owned()) } else { within(root, &step.folder) }
}

fn of_commands(files: &Files<'_>, commands: &[Vec<String>], folder: &mut Option<String>, root: &str) -> Vec<Applied> {
    let mut before: Vec<Option<String>> = Vec::new();
    let mut found = Vec::new();
    for command in commands {
        if let Some(words) = is_apply(command) {
            found.extend(ships(files, words, folder.as_deref()));
            continue;
        }
        let Some((program, words)) = commands::written_program(command) else { continue };
        match program {
            "cd" | "pushd" => {
                let to = words.iter().find(|word| !word.starts_with('-'));
                let from = folder.clone();
                *folder = match to {
                    Some(to) => from.as_deref().and_then(|from| within(from, to)),
                    None => None,
                };
                if program == "pushd" {
                    before.push(from);
                }
            }
            "popd" => *folder = before.pop().unwrap_or_else(|| Some(root.to_owned())),
            _ => {}
        }
    }
    found
}

/// A folder that is named from another; not known where only a run knows it.
fn within(folder: &str, written: &str) -> Option<String> {
    let plain = !written.contains(['$', '`', '~']) && !written.starts_with('/');
    plain.then(|| join(folder, written)).flatten()
}

fn ships(files: &Files<'_>, words: &[String], folder: Option<&str>) -> Option<Applied> {
    let values = |flags: [&'static str; 2]| {
        let following = words.windows(2).filter(move |pair| flags.contains(&pair[0].as_str())).map(|pair| &*pair[1]);
        let long = words.iter().filter_map(move |word| {
            let (flag, value) = word.split_once('=')?;
            flags.contains(&flag).then_some(value)
        });
        following.chain(long)
    };
    let environment = values(["-e", "--environment"]).next();
    if environment.and_then(|word| files.environments().of_word(word)).is_some_and(|it| !it.production) {
        return None;
    }
    let written = values(["-f", "--file"]).next();
    let path = match written {
        Some(written) => folder.and_then(|folder| within(folder, written)),
        None => folder.map(str::to_owned),
    };
    let selectors = values(["-l", "--selector"]).map(Text::from).collect();
    Some(Applied { path: path.map(Text::from), selectors })
}

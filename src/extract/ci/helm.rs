//! `helm upgrade` in jobs that ship to production: whether an upgrade that fails goes back.
//! <https://helm.sh/docs/helm/helm_upgrade/>

use super::commands;
use super::files::Files;
use super::job::{Job, commands_of};
use crate::model::{Deployment, Fact, Release};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// Flags with which Helm goes back by itself; the second is the name of the first since Helm 4.
const GOING_BACK: &[&str] = &["--atomic", "--rollback-on-failure"];

/// Words in the names of variables that hold flags.
const FLAGS: &[&str] = &["ARG", "FLAG", "OPT", "EXTRA", "PARAM"];

/// Adds the upgrades of a job that is a deployment; those of a template that several jobs share once for each release.
pub(super) fn releases(files: &Files<'_>, job: &Job, deployment: &Deployment, releases: &mut Vec<Release>) {
    let commands: Vec<(Vec<String>, Span)> = job
        .steps
        .iter()
        .flat_map(|step| commands_of(step).into_iter().map(move |command| (command, step.span)))
        .collect();
    let goes_back = commands.iter().find(|(command, _)| commands::goes_back(command).is_some()).map(|(_, span)| *span);
    for (command, span) in &commands {
        let Some(name) = upgraded(command) else { continue };
        let flag = |flag: &&&str| command.iter().any(|word| word == **flag || *word == format!("{flag}=true"));
        let fact = if GOING_BACK.iter().find(flag).is_some() {
            Fact::known(true, *span)
        } else if let Some(open) = command.iter().find(|word| holds_flags(word)) {
            let reason = format!("`{open}` may hold `--atomic`");
            Fact::unknown(Unknown::new(reason, "write the flag where the command is", *span))
        } else {
            Fact::known(goes_back.is_some(), goes_back.unwrap_or(*span))
        };
        let title = compact_str::format_compact!("{}: helm upgrade {name}", deployment.name);
        let known = |release: &Release| {
            release.name == title || release.place.span == *span && release.names.iter().any(|it| it == name)
        };
        if releases.iter().any(known) {
            continue;
        }
        releases.push(Release {
            name: title,
            place: files.place(*span, job.environment.as_ref(), job.library),
            tool: Text::const_new("helm"),
            goes_back: fact,
            platform_part: crate::model::release::is_platform_part(name),
            names: vec![name.into()],
            ..Release::default()
        });
    }
}

/// The release that a command upgrades, when that is what it does.
fn upgraded(command: &[String]) -> Option<&str> {
    if commands::deploys(command)? != commands::Manner::Imperative {
        return None;
    }
    let at = command.iter().position(|word| word.rsplit('/').next() == Some("helm"))?;
    let rest = command.get(at + 1..)?;
    let verb = rest.iter().position(|word| word == "upgrade")?;
    let arguments = rest.get(verb + 1..)?;
    commands::verbs(arguments).first().copied()
}

/// Whether a word is a variable that may hold flags.
fn holds_flags(word: &str) -> bool {
    let is_variable = word.starts_with('$');
    let upper = word.to_ascii_uppercase();
    is_variable && FLAGS.iter().any(|name| upper.contains(name))
}

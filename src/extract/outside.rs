//! What holds for all and is told by a few words, wherever they stand: services that ask from outside and are set up
//! outside of any repository, and what a controller is told to do by default. Uses `source` and `model`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use rayon::prelude::*;
use regex::Regex;

use crate::model::Environments;
use crate::source::{Source, SourceId, Sources, Span, parent};
use crate::tree::Text;

/// What they are called.
static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names =
        r"pingdom|statuscake|uptime ?robot|site24x7|checkly|better ?uptime|better ?stack|updown\.io|hetrixtools";
    Regex::new(&format!(r"(?i)\b({names})\b")).ok()
});

/// What tells Flux's helm-controller to try failed upgrades again where a release says nothing of it, as the custom
/// resource definition of `HelmRelease` has it (`spec.upgrade.strategy`).
static TRIES_AGAIN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"--feature-gates=\S*\bDefaultToRetryOnFailure=true\b").ok());

/// What attaches a schedule of snapshots to a disk of Google Cloud by hand.
/// <https://cloud.google.com/sdk/gcloud/reference/compute/disks/add-resource-policies>
static ATTACHES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"disks add-resource-policies|--resource-policies[= ]").ok());

/// Where a schedule of snapshots is attached to a disk by hand.
pub fn attaches_schedules(sources: &Sources, environments: &Environments) -> Option<Span> {
    Some(first(ATTACHES.as_ref()?, sources, environments)?.1)
}

/// Where the first service that asks from outside is named, by path, and its name.
pub fn asks_from_outside(sources: &Sources, environments: &Environments) -> Option<(Text, Span)> {
    first(NAMES.as_ref()?, sources, environments)
}

/// Where Flux is told to try failed upgrades again.
pub fn tries_again(sources: &Sources, environments: &Environments) -> Option<Span> {
    Some(first(TRIES_AGAIN.as_ref()?, sources, environments)?.1)
}

/// Which files name things: by name, the paths of those that stand in another folder than what is called so. Pages of
/// text tell of everything. A name with a word for an environment behind it is another name.
pub fn named_by(
    sources: &Sources,
    names: &BTreeSet<Text>,
    own: impl Fn(&str) -> Vec<Text>,
    environments: &Environments,
) -> BTreeMap<Text, Vec<Text>> {
    let mut found = BTreeMap::new();
    for name in names {
        let own = own(name);
        let beside = |path: &str| own.iter().any(|own| parent(own) == parent(path));
        let code =
            sources.iter().map(|(_, source)| source).filter(|source| source.path.rsplit('.').next() != Some("md"));
        let naming = code.filter(|source| !beside(&source.path) && names_it(&source.text, name, environments));
        found.insert(name.clone(), naming.map(|source| source.path.as_str().into()).collect());
    }
    found
}

fn names_it(text: &str, name: &str, environments: &Environments) -> bool {
    let part = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
    text.match_indices(name).any(|(at, _)| {
        let rest = text.get(at + name.len()..).unwrap_or_default();
        let next = rest.strip_prefix('-').map(|rest| rest.split(|it: char| !it.is_ascii_alphanumeric()).next());
        let of_environment = next.flatten().is_some_and(|word| environments.of_word(word).is_some());
        !text[..at].ends_with(part)
            && !rest.starts_with(|it: char| it.is_ascii_alphanumeric() || it == '_')
            && !of_environment
    })
}

fn first(names: &Regex, sources: &Sources, environments: &Environments) -> Option<(Text, Span)> {
    let all: Vec<(SourceId, &Source)> = sources.iter().collect();
    let naming = all.into_par_iter().filter_map(|(id, source)| {
        let found = names.find(&source.text).filter(|_| !environments.is_for_show(&source.path))?;
        Some((source.path.as_str(), Text::from(found.as_str()), Span::new(id, found.start(), found.end())))
    });
    naming.min().map(|(_, name, span)| (name, span))
}

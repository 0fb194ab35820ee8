//! Releases → what they follow, and their services. Uses `model`.

use super::Context;
use super::documents::{joined, root_of};
use super::services::{Register, join as join_service};
use crate::extract::site::repository;
use crate::model::release::Source;
use crate::model::{Fact, Id, Model, Release};
use crate::source::below;
use crate::tree::Text;

/// Joins releases.
pub(super) fn join(model: &mut Model, register: &Register<'_>, context: &Context<'_>) {
    for index in 0..model.releases.len() {
        let id: Id<Release> = Id::new(index);
        if let Some((moves, version)) = followed(model, &model[id], context) {
            model[id].moves = moves;
            model[id].version = version;
        }
        if let Some(span) = model.surroundings.tries_again
            && model[id].tool == "flux"
            && model[id].goes_back.is_false()
        {
            model[id].goes_back = Fact::known(true, span);
        }
        let found = model[id].names.iter().find_map(|name| Some((register.find(name)?, name.clone())));
        if let Some((service, name)) = found {
            model[id].service = Some(service);
            join_service(model, service, id, format!("its name {name}"));
        }
    }
}

/// What a release follows of Git, or of an object that names it: whether that moves. This repository does, and is meant
/// to.
fn followed(model: &Model, release: &Release, context: &Context<'_>) -> Option<(Fact<bool>, Fact<Text>)> {
    let head = release.place.span;
    match &release.source {
        Source::Git { url, folder } if is_own(url, folder, context, &release.place.path) => {
            Some((Fact::absent(head), release.version.clone()))
        }
        Source::Named { kind, name, folder } => {
            let named = model.kubernetes.source(kind, name, &release.place.environment)?;
            let own = kind == "GitRepository" && is_own(&named.url, folder, context, &release.place.path);
            let moves = if own { Fact::absent(head) } else { named.moves.clone() };
            Some((moves, named.version.clone()))
        }
        _ => None,
    }
}

/// Whether an address is that of an audited repository; where nothing says which the one that holds `from` is, whether the
/// folder is there.
fn is_own(url: &Fact<Text>, folder: &str, context: &Context<'_>, from: &str) -> bool {
    let named = url.value().and_then(|url| repository::name(url));
    let mut own = context.roots.iter().flat_map(|root| &root.repositories);
    if own.any(|own| named.as_ref().is_some_and(|named| **own == *named)) {
        return true;
    }
    let prefix = root_of(context, from);
    let folder = folder.trim_start_matches("./").trim_matches(['/', '.']);
    if folder.is_empty() {
        let mut of_it = context.roots.iter().filter(|root| root.prefix == prefix);
        return of_it.all(|root| root.repositories.is_empty());
    }
    let folder = joined(prefix, folder);
    context.paths.iter().any(|path| below(&folder, path).is_some())
}

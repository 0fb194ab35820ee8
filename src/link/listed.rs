//! Owners of services → the teams that are listed. Uses `model`.
//!
//! A list may hold some teams only, or call them otherwise than those who name owners do. So it is only asked where the
//! owner of one service at least is listed.

use std::collections::BTreeSet;

use crate::model::{Fact, Id, Model, Service};
use crate::tree::Text;

/// Says of every service whether its owner is listed.
pub(super) fn judge(model: &mut Model) {
    if model.surroundings.teams.is_empty() {
        return;
    }
    let listed: BTreeSet<Text> = model.surroundings.teams.iter().map(|team| plain(team)).collect();
    let mut facts: Vec<(Id<Service>, Fact<bool>)> = Vec::new();
    for (id, service) in model.each::<Service>() {
        let Some(owner) = service.owner.value() else { continue };
        let teams: Vec<&str> = owner.split_whitespace().filter(|name| is_team(name)).collect();
        if !teams.is_empty() && (owner.contains('@') || teams.len() == 1) {
            let known = teams.iter().any(|name| listed.contains(&plain(name)));
            facts.push((id, Fact { via: service.owner.via.clone(), ..Fact::known(known, service.owner.span) }));
        }
    }
    if !facts.iter().any(|(_, fact)| fact.is_true()) {
        return;
    }
    for (id, fact) in facts {
        model[id].owner_listed = fact;
    }
}

/// Whether a name may be that of a team: no user of a code host, no address.
fn is_team(name: &str) -> bool {
    match name.strip_prefix('@') {
        Some(rest) => rest.contains('/'),
        None => !name.contains('@') && !name.starts_with("user:"),
    }
}

/// `@org/Team_One` and `group:default/team-one` are team-one.
fn plain(name: &str) -> Text {
    let last = name.rsplit(['/', ':']).next().unwrap_or(name);
    last.trim_start_matches('@').to_lowercase().replace(['_', ' ', '.'], "-").into()
}

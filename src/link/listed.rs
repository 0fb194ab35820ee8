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
        let teams = teams(owner);
        let known = teams.iter().any(|name| listed.contains(&plain(name)));
        // A list may write a name of several words in another way.
        let told = |name: &String| !name.contains(char::is_whitespace);
        if known || teams.first().is_some_and(told) {
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

/// The teams that an owner names: those among `@org/one @org/two @person`, or the one of `Team One: one@example.org`. Users
/// of a code host and addresses are no teams.
fn teams(owner: &str) -> Vec<String> {
    let words = || owner.split_whitespace().filter(|word| !word.starts_with("user:"));
    if words().any(|word| word.starts_with('@')) {
        let team = |word: &&str| word.strip_prefix('@').is_some_and(|rest| rest.contains('/'));
        return words().filter(team).map(str::to_owned).collect();
    }
    let name: Vec<&str> = words().filter(|word| !word.contains('@')).collect();
    let name = name.join(" ");
    let name = name.trim_end_matches([':', ',', '-', ' ']);
    if name.is_empty() { Vec::new() } else { vec![name.to_owned()] }
}

/// `@org/Team_One` and `group:default/team-one` are team-one.
fn plain(name: &str) -> Text {
    let last = name.rsplit(['/', ':']).next().unwrap_or(name);
    last.trim_start_matches('@').to_lowercase().replace(['_', ' ', '.'], "-").into()
}

#[cfg(test)]
mod tests {
    use super::teams;

    #[test]
    fn owners_name_teams_in_several_ways() {
        assert_eq!(teams("@shop/web @shop/pay @ada"), ["@shop/web", "@shop/pay"]);
        assert_eq!(teams("Payments Platform: payments@shop.example"), ["Payments Platform"]);
        assert_eq!(teams("group:default/web"), ["group:default/web"]);
        assert!(teams("user:default/ada").is_empty());
        assert!(teams("ada@shop.example").is_empty());
    }
}

//! Alerts that name a team → whether that team owns what they watch.

use crate::model::{Alert, Fact, Id, Model};
use crate::tree::Text;

/// Labels that name a team.
const LABELS: &[&str] = &["team", "owner", "squad", "owned_by", "responsible_team"];

/// Words of names of teams that tell none from another.
const COMMON: &[&str] = &["team", "squad", "group", "the", "eng", "engineering", "oncall", "org"];

/// Compares the teams of alerts with the owners of services, once these are known.
pub(in crate::link) fn join(model: &mut Model) {
    for index in 0..model.alerts.len() {
        let id: Id<Alert> = Id::new(index);
        let alert = &model[id];
        let Some((_, team)) = alert.labels.first(LABELS) else { continue };
        let Some(name) = team.value().filter(|name| !name.contains("{{") && !name.contains("${")) else { continue };
        // A guess is no reason to say that somebody is wrong.
        let owner = alert
            .service
            .filter(|_| !alert.guessed)
            .map(|service| &model[service].owner)
            .filter(|owner| !is_catch_all(model, owner));
        let agrees = owner.and_then(Fact::value).filter(|owner| !is_person(owner)).map(|owner| same(name, owner));
        let team = team.clone();
        let alert = &mut model[id];
        if let Some(agrees) = agrees {
            alert.team_owns = Fact::known(agrees, team.span);
        }
        alert.team = team;
    }
}

/// Whether an owner is that of whatever nobody else owns.
fn is_catch_all(model: &Model, owner: &Fact<Text>) -> bool {
    model.owner_patterns.iter().any(|line| Some(line.place.span) == owner.span && line.is_catch_all())
}

/// Whether an owner names a person, who may be of any team: `@anna`, rather than `@shop/payments`.
fn is_person(owner: &str) -> bool {
    owner
        .split([',', ' '])
        .any(|name| name.starts_with('@') && !name.contains('/') || name.trim_matches('@').contains('@'))
}

/// Whether two names may be of one team: the words that matter of one are among those of the other. An owner may be
/// several (`@shop/payments @shop/platform`).
fn same(team: &str, owner: &str) -> bool {
    let words = |name: &str| -> Vec<String> {
        let name = name.rsplit('/').next().unwrap_or(name).to_lowercase();
        let parts = name.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
        parts.filter(|part| !part.is_empty() && !COMMON.contains(&part.as_str())).collect()
    };
    let wanted = words(team);
    owner.split([',', ' ']).filter(|name| !name.is_empty()).any(|name| {
        let found = words(name);
        // A person says nothing of a team, and a name without words of its own neither.
        wanted.is_empty()
            || found.is_empty()
            || wanted.iter().all(|word| found.contains(word))
            || found.iter().all(|word| wanted.contains(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn teams_are_compared_by_the_words_that_matter() {
        assert!(same("payments", "team-payments"));
        assert!(same("payments", "@shop/payments-team"));
        assert!(same("platform", "@shop/payments, @shop/platform"));
        assert!(!same("mailroom", "team-payments"));
    }

    #[test]
    fn a_person_is_no_team() {
        assert!(is_person("@anna") && is_person("anna@example.org") && is_person("@shop/payments @anna"));
        assert!(!is_person("@shop/payments") && !is_person("team-payments"));
    }

    #[test]
    fn nothing_is_compared_that_is_not_named() {
        let mut model = Model { alerts: vec![Alert::default()], ..Model::default() };
        join(&mut model);
        assert!(model.alerts[0].team_owns.is_absent());
    }
}

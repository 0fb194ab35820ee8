//! Service catalogues of a company's own form: a list `services:` whose entries have a name, and say who owns them, how
//! critical they are, or which pages are their runbooks; and a list `teams:` beside it. Uses `source`, `tree`, `model`.

use crate::extract::{Facts, Input};
use crate::model::service::CatalogueEntry;
use crate::model::{DocumentLink, Fact};
use crate::tree::{Content, Node, Unknown, Value};

/// Keys that lead to the pages for the night.
const KEYS: &[&str] = &["runbook", "runbooks", "playbook", "playbooks", "runbook_url", "runbook_urls"];

/// Keys that name who owns a service.
const OWNERS: &[&str] = &["owner", "owners", "owned_by", "team", "teams", "owning_team"];

/// Keys beside a name by which an entry is one of a catalogue, rather than a container of a pipeline.
const OF_CATALOGUE: &[&str] =
    &["tier", "criticality", "friendly_name", "lifecycle", "oncall", "on_call", "slack_channel", "escalation_policy"];

/// Keys of entries by which a list is one of teams.
const OF_TEAM: &[&str] =
    &["slack_channel", "slack", "oncall_schedule", "on_call", "manager", "manager_slug", "members"];

/// How deep an entry is searched for them: `operations.runbooks`, `technical.documents.runbooks`.
const DEPTH: usize = 4;

/// Adds what a catalogue lists.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    let Content::Values(documents) = &input.document.content else { return };
    for document in documents {
        let named = |key: &str| -> Vec<&Node> {
            let listed = document.get(key).map_or(&[][..], Node::items).iter();
            listed.filter(|entry| entry.get("name").is_some()).collect()
        };
        let services = named("services");
        for service in &services {
            search(input, service, DEPTH, facts);
        }
        let has = |entry: &Node, keys: &[&str]| keys.iter().any(|key| entry.get(key).is_some_and(|it| !it.is_null()));
        let listed: Vec<&Node> =
            services.into_iter().filter(|entry| has(entry, OF_CATALOGUE) || has(entry, OWNERS)).collect();
        let owned = listed.iter().filter(|entry| has(entry, OWNERS)).count();
        facts.model.catalogue.extend(listed.iter().filter_map(|it| service(input, it, 2 * owned >= listed.len())));
        let teams = named("teams");
        if teams.iter().any(|team| has(team, OF_TEAM)) {
            facts.model.surroundings.teams.extend(teams.iter().filter_map(|team| team.get("name")?.scalar()));
        }
    }
}

/// A service; `habit` where the catalogue names an owner of most.
fn service(input: &Input<'_>, node: &Node, habit: bool) -> Option<CatalogueEntry> {
    let name = node.get("name")?;
    let owners = OWNERS.iter().filter_map(|key| node.get(key)).find(|owner| !owner.is_null());
    let owner = match owners {
        Some(owner) if matches!(&owner.value, Value::List(named) if named.is_empty()) => Fact::absent(name.span),
        Some(owner) => Fact::read(owner, |owner| match owner.items() {
            [] => owner.scalar(),
            several => Some(several.iter().filter_map(Node::scalar).collect::<Vec<_>>().join(", ").into()),
        }),
        None if habit => Fact::absent(name.span),
        None => {
            let reason = "the catalogue that lists it names an owner of few";
            Fact::unknown(Unknown::new(reason, "name its team in the catalogue", name.span))
        }
    };
    // `tier: sv` is a layer, and says nothing of how critical it is.
    let tier = node.get("tier").or_else(|| node.get("criticality")).filter(|tier| {
        tier.scalar()
            .is_some_and(|text| text.trim_start_matches("tier").trim_matches(['-', '_', ' ']).parse::<i64>().is_ok())
    });
    Some(CatalogueEntry {
        name: Fact::read(name, Node::scalar),
        place: input.place(name.span, &[]),
        owner,
        tier: tier.map_or_else(
            || Fact::absent(name.span),
            |tier| {
                Fact::read(tier, |tier| {
                    tier.scalar()?.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok()
                })
            },
        ),
        lifecycle: node.get("lifecycle").map_or_else(|| Fact::absent(name.span), |it| Fact::read(it, Node::scalar)),
        ..CatalogueEntry::default()
    })
}

fn search(input: &Input<'_>, node: &Node, depth: usize, facts: &mut Facts) {
    for entry in node.entries() {
        if KEYS.contains(&entry.key.as_str()) {
            let pages = match entry.value.items() {
                [] => std::slice::from_ref(&entry.value),
                items => items,
            };
            for page in pages {
                // Catalogues write a page as an address, or as a title with an address.
                let url = page.get("url").or_else(|| page.get("link")).unwrap_or(page);
                if url.as_str().is_some_and(|text| !text.contains(char::is_whitespace)) {
                    facts.model.add(DocumentLink {
                        name: url.scalar().unwrap_or_default(),
                        place: input.place(url.span, &[]),
                        url: Fact::read(url, Node::scalar),
                        ..DocumentLink::default()
                    });
                }
            }
        } else if depth > 0 {
            search(input, &entry.value, depth - 1, facts);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::extract::read_yaml;

    #[test]
    fn runbooks_of_listed_services_are_links() {
        let text = "services:\n- name: api\n  operations:\n    runbooks: [docs/api.md, {url: docs/down.md}]\n- runbooks: [x.md]\n";
        let (_, facts) = read_yaml("services/catalog.yml", text);
        let urls: Vec<&str> = facts.model.links.iter().filter_map(|link| Some(link.url.value()?.as_str())).collect();
        assert_eq!(urls, ["docs/api.md", "docs/down.md"]);
        assert_eq!(facts.model.catalogue.len(), 0, "a name alone is no entry");
    }

    #[test]
    fn entries_name_their_owners_and_how_critical_they_are() {
        let text = "services:\n- {name: api, tier: 1, teams: [seats, doors]}\n- {name: till, tier: sv, team: seats}\n- {name: mail, friendly_name: Mail}\n\
                    teams:\n- {name: seats, slack_channel: seats}\n- {name: post}\n";
        let (_, facts) = read_yaml("services/catalog.yml", text);
        let said: Vec<(Option<&str>, Option<&i64>)> = facts
            .model
            .catalogue
            .iter()
            .map(|entry| (entry.owner.value().map(crate::tree::Text::as_str), entry.tier.value()))
            .collect();
        assert_eq!(said, [(Some("seats, doors"), Some(&1)), (Some("seats"), None), (None, None)]);
        assert_eq!(facts.model.surroundings.teams, ["seats", "post"]);
        let few = "services:\n- {name: api, tier: 1, team: seats}\n- {name: till, tier: 2}\n- {name: mail, tier: 2}\n";
        let (_, facts) = read_yaml("services/catalog.yml", few);
        assert!(facts.model.catalogue[1].owner.reason().is_some());
        let pipeline =
            "test:\n  services:\n    - name: postgres:16\n      alias: db\nservices: [{name: redis, alias: cache}]\n";
        assert_eq!(read_yaml(".gitlab-ci.yml", pipeline).1.model.catalogue.len(), 0);
    }
}

//! Service catalogues of a company's own form: a list `services:` whose entries have a name and say which pages are
//! their runbooks. The pages they lead to are in use. Uses `source`, `tree`, `model`.

use crate::extract::{Facts, Input};
use crate::model::{DocumentLink, Fact};
use crate::tree::{Content, Node};

/// Keys that lead to the pages for the night.
const KEYS: &[&str] = &["runbook", "runbooks", "playbook", "playbooks", "runbook_url", "runbook_urls"];

/// How deep an entry is searched for them: `operations.runbooks`, `technical.documents.runbooks`.
const DEPTH: usize = 4;

/// Adds the links of a catalogue.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    let Content::Values(documents) = &input.document.content else { return };
    for services in documents.iter().filter_map(|document| document.get("services")) {
        for service in services.items().iter().filter(|service| service.get("name").is_some()) {
            search(input, service, DEPTH, facts);
        }
    }
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
    }
}

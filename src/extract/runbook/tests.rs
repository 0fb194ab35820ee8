//! Pages of many kinds → runbooks, their sections and their links.

use super::sample::read_page;
use crate::model::Runbook;

fn runbook(path: &str, text: &str) -> Runbook {
    read_page(path, text).1.model.runbooks.remove(0)
}

const INCIDENT: &str = "\
---
service: Search
last_reviewed: 2026-03-02
---

# Search

## Meaning

A shard is missing, so that plays are not found.

## Impact

Some plays are not found. They are still in the catalogue, and their links work for whoever has them at hand.

## Diagnosis

```sh
kubectl --namespace search get pods
```

## Mitigation

Raise the limit of `search-index` by a gigabyte, see [Seating](seating.md#holds) or <https://example.org/x>.
";

#[test]
fn a_page_for_an_incident_has_its_facts_and_places() {
    let (sources, facts) = read_page("runbooks/search.md", INCIDENT);
    let page = &facts.model.runbooks[0];
    assert_eq!(page.kind, "incident");
    assert_eq!(sources.slice(page.place.span).trim_end(), "# Search");
    assert!(page.missing_sections.is_empty() && page.skeleton.is_false() && page.placeholders == 0);
    assert!(page.escalation.is_false(), "nobody is named");
    assert_eq!(page.reviewed.value().unwrap(), "2026-03-02");
    assert_eq!(page.about, ["search"]);
    assert!(page.mentions.iter().any(|it| it.name == "search-index" && it.section == "mitigation"));
    let links: Vec<&str> = facts.model.links.iter().map(|link| sources.slice(link.place.span)).collect();
    assert_eq!(links, ["[Seating](seating.md#holds)", "<https://example.org/x>"]);
    assert_eq!(facts.model.links[0].url.value().unwrap(), "seating.md#holds");
}

#[test]
fn a_missing_section_is_named() {
    let without = |heading: &str, text: &str| {
        let start = text.find(heading).unwrap();
        let end = text[start + 3..].find("## ").map_or(text.len(), |at| start + 3 + at);
        format!("{}{}", &text[..start], &text[end..])
    };
    for (heading, name) in [("## Impact", "impact"), ("## Diagnosis", "diagnosis"), ("## Mitigation", "mitigation")] {
        assert_eq!(runbook("runbooks/x.md", &without(heading, INCIDENT)).missing_sections, [name]);
    }
    // The words under the title say what it means.
    let led = without("## Meaning", INCIDENT)
        .replace("# Search\n", "# Search\n\nA shard of the index is missing, and plays are not found.\n");
    assert!(runbook("runbooks/x.md", &led).missing_sections.is_empty());
}

#[test]
fn steps_under_no_heading_are_not_called_missing() {
    let text = "# Gitaly is down\n\n## Symptoms\n\n* A message\n\n## 1. Is it running?\n\n- look\n\n## 2. Read the logs\n\n- read\n- restart it\n";
    let page = runbook("docs/gitaly/gitaly-down.md", text);
    assert_eq!(page.kind, "incident");
    assert_eq!(page.missing_sections, ["impact"]);
}

#[test]
fn bold_lines_and_tables_are_sections() {
    let bold = "# X\n\n**Meaning**\n\nIt is down.\n\n**Impact:** all of it\n\n**Diagnosis**\n\nLook.\n\n**Mitigation**\n\nAct.\n";
    assert_eq!(
        (runbook("docs/x.md", bold).kind.as_str(), runbook("docs/x.md", bold).missing_sections.len()),
        ("incident", 0)
    );
    let table = "# X\n\n| | |\n|---|---|\n| Symptoms | It is down |\n| Impact | All |\n| Diagnosis | Look |\n| Resolution | Act |\n";
    assert_eq!(
        (runbook("docs/x.md", table).kind.as_str(), runbook("docs/x.md", table).missing_sections.len()),
        ("incident", 0)
    );
}

#[test]
fn other_languages_are_understood() {
    let text = "# Suche\n\n## Bedeutung\n\nEin Teil fehlt.\n\n## Auswirkungen\n\nVieles.\n\n## Diagnose\n\nSehen.\n\n## Gegenmaßnahmen\n\nTun.\n";
    let page = runbook("docs/suche.md", text);
    assert_eq!((page.kind.as_str(), page.missing_sections.len()), ("incident", 0));
}

#[test]
fn forms_and_empty_pages_are_skeletons() {
    let form = "# Admin\n\n## Meaning\n\nTODO\n\n## Impact\n\nTODO: ask\n\n## Diagnosis\n\n## Mitigation\n\nRestart it?\n\n## Escalation\n\nTBD. Until then: `#platform`.\n";
    let page = runbook("runbooks/admin.md", form);
    assert!(page.skeleton.is_true() && page.escalation.is_true());
    assert_eq!(page.placeholders, 4);
    assert!(runbook("docs/empty.md", "").skeleton.is_true());
    let template = runbook("runbooks/_template.md", form);
    assert_eq!(template.kind, "template");
    assert!(template.skeleton.is_false() && template.missing_sections.is_empty());
    // A command's variable and a word in code are nothing left to fill in.
    let commands = "# Pods\n\nRun `kubectl delete pod <pod>`, grep for `TODO`, and do it for each <pod> there is.\n\n```sh\n# TODO\nkubectl get <x>\n```\n";
    assert_eq!(runbook("runbooks/pods.md", commands).placeholders, 0);
}

#[test]
fn the_kind_is_told_by_place_and_content() {
    let long = "word ".repeat(40);
    for (path, text, kind) in [
        ("runbooks/paper.md", "# Sell on paper\n\n1. Ring\n2. Sell\n".to_owned(), "procedure"),
        ("runbooks/README.md", "# Runbooks\n\n- [A](a.md)\n- [B](b.md)\n- [C](c.md)\n".to_owned(), "index"),
        ("runbooks/setup.md", "# Installing the agent\n\n1. Get it\n2. Run it\n".to_owned(), "guide"),
        ("docs/restore.md", "# Restore the database\n\n```sh\npg_restore x\n```\n".to_owned(), "procedure"),
        ("docs/api.md", format!("# Overview\n\n{long}\n\n## Troubleshooting\n\nx\n"), "document"),
        ("ansible/playbooks/README.md", "# Playbooks\n\n1. Run\n2. It\n".to_owned(), "document"),
        (
            "postmortems/2026-01-01.md",
            "# X\n\n## Impact\n\nx\n\n## Symptoms\n\n## Mitigation\n\nx\n".to_owned(),
            "document",
        ),
        ("runbooks/KubePodBad.md", format!("# KubePodBad\n\n{long}\n"), "incident"),
        ("runbooks/_index.md", "---\ntitle: x\n---\n".to_owned(), "index"),
        ("docs/x.md", "---\ntype: runbook\n---\n\n# X\n\nDo it.\n".to_owned(), "procedure"),
    ] {
        assert_eq!(runbook(path, &text).kind, kind, "{path}");
    }
}

#[test]
fn only_headings_make_a_section_about_restoring() {
    let text = "# Service\n\n| Restore the orders | orders-db |\n|---|---|\n| Restore | orders-db |\n\n## Restore\n\n`pg_restore` into checkout-db.\n\n### Verify\n\nCount checkout-db.\n";
    let mentions = runbook("README.md", text).mentions;
    let sections = |name: &str| -> Vec<String> {
        mentions.iter().filter(|it| it.name == name).map(|it| it.section.to_string()).collect()
    };
    assert_eq!(sections("checkout-db"), ["restore", "verification"]);
    assert_eq!(sections("orders-db"), [""]);
    // A title gives its purpose to the whole page.
    let titled =
        runbook("docs/x.md", "# Restore orders\n\n1. Read orders-db\n2. Stop\n\n## Rollback\n\nUse old-db.\n").mentions;
    assert!(titled.iter().all(|it| it.section == "restore"), "{titled:?}");
}

#[test]
fn links_out_of_reach_are_left_out() {
    let text = "# X\n\n1. [a](/docs/a.md)\n2. [b](#x)\n3. [c](https://github.com/o/r/blob/main/x.md)\n4. [d](https://example.org)\n5. [e](mailto:a@example.org)\n6. [f](docs/{{.x}}.md)\n";
    let (_, facts) = read_page("runbooks/x.md", text);
    let found: Vec<&str> = facts.model.links.iter().map(|link| link.name.as_str()).collect();
    assert_eq!(found, ["/docs/a.md", "#x", "https://github.com/o/r/blob/main/x.md", "https://example.org"]);
}

#[test]
fn sections_of_topics_make_no_runbook() {
    let notes = "# v2.3 to 2.4\n\n## Changes\n\n### Filters are stricter\n\n#### Impact\n\nSome.\n\n#### How to fix\n\nDo.\n\n#### Symptoms\n\nx\n";
    assert_eq!(runbook("docs/upgrading/2.3-2.4.md", notes).kind, "document");
    let listed = "# v3\n\n## A\n\n**Impact:** x\n\n**Workaround:** x\n\n## B\n\n**Impact:** x\n\n**Workaround:** x\n\n## C\n\n**Impact:** x\n\n**Workaround:** x\n";
    assert_eq!(runbook("docs/v3.md", listed).kind, "document");
    let page = "# Down\n\n## Impact\n\nSome.\n\n## How to fix\n\nDo.\n\n## Symptoms\n\nx\n";
    assert_eq!(runbook("docs/down.md", page).kind, "incident");
}

#[test]
fn other_languages_have_the_four_sections() {
    for headings in [
        ["Bedeutung", "Auswirkungen", "Fehlersuche", "Sofortmaßnahmen"],
        ["Signification", "Conséquences", "Vérifications", "Mesures correctives"],
        ["Síntomas", "Consecuencias", "Posibles causas", "Qué hacer"],
        ["Sintomas", "Impacto", "Possíveis causas", "O que fazer"],
        ["Betekenis", "Gevolgen", "Mogelijke oorzaken", "Wat te doen"],
    ] {
        let text: String = headings.map(|it| format!("## {it}\n\n1. Etwas.\n\n")).concat();
        let page = runbook("runbooks/x.md", &format!("# X\n\n{text}"));
        assert_eq!((page.kind.as_str(), page.missing_sections.as_slice()), ("incident", &[][..]), "{headings:?}");
    }
}

#[test]
fn a_heading_over_nothing_is_no_section() {
    let open = INCIDENT.replace(
        "Some plays are not found. They are still in the catalogue, and their links work for whoever has them at hand.",
        "TODO",
    );
    assert_eq!(runbook("runbooks/search.md", &open).missing_sections, ["impact"]);
}

#[test]
fn hostile_pages_are_read_in_little_time() {
    let start = std::time::Instant::now();
    let many = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<Vec<_>>().concat();
    let deep = many(2_000, &|depth| format!("{}- x\n", " ".repeat(depth)));
    let links = many(20_000, &|index| format!("[a{index}](../../../../x{index}.md#b) "));
    let code = format!("```sh\n{}\n```\n", "rm -rf / \\\n".repeat(20_000));
    let headings = "## TODO\n".repeat(20_000);
    let quotes = format!("```sh\n{}\n```\n", "'\"".repeat(100_000));
    for text in [
        deep,
        links,
        code,
        headings,
        quotes,
        "## Impact\n\nx\n\n".repeat(20_000),
        "{{< ref ".repeat(50_000),
        "<!-- twoam:facts".repeat(50_000),
    ] {
        let page = runbook("runbooks/x.md", &format!("# X\u{1b}[31m\u{202e}\n\n{text}"));
        assert!(page.words > 0);
    }
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

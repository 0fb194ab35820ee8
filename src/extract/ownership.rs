//! CODEOWNERS, `OWNERS` files and Backstage catalogues → who owns what. Uses `source`, `tree`, `model`.

use crate::extract::{Facts, Input};
use crate::model::service::CatalogueEntry;
use crate::model::{Fact, Labels, OwnerPattern, OwnerSyntax};
use crate::source::Span;
use crate::tree::{Content, Node, Text};

/// Adds what a file says of owners.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    let (folder, name) = input.source.path.rsplit_once('/').unwrap_or(("", &input.source.path));
    match &input.document.content {
        Content::Text if name == "CODEOWNERS" => code_owners(input, folder, facts),
        Content::Values(documents) if matches!(name, "OWNERS" | "OWNERS.yaml" | "OWNERS.yml") => {
            facts.model.owner_patterns.extend(documents.iter().filter_map(|it| folder_owners(input, folder, it)));
        }
        Content::Values(documents) => {
            facts.model.catalogue.extend(documents.iter().filter_map(|it| entry(input, it)));
            facts.model.surroundings.teams.extend(documents.iter().filter_map(team));
        }
        _ => {}
    }
}

/// The lines of a CODEOWNERS file, which holds for the folder that holds it or its `.github/`, `.gitlab/` or `docs/`.
fn code_owners(input: &Input<'_>, folder: &str, facts: &mut Facts) {
    let text = &input.source.text;
    let (parent, own) = folder.rsplit_once('/').unwrap_or(("", folder));
    let root = if matches!(own, ".github" | ".gitlab" | "docs") { parent } else { folder };
    let base = if root.is_empty() { String::new() } else { format!("{root}/") };
    let gitlab = own == ".gitlab" || text.lines().any(|line| section(line).is_some());
    let syntax = if gitlab { OwnerSyntax::GitLab } else { OwnerSyntax::GitHub };
    let (mut current, mut defaults) = (Text::default(), Vec::new());
    let mut start = 0;
    for raw in text.split_inclusive('\n') {
        let line_start = start;
        start += raw.len();
        let line = raw.trim_start_matches('\u{feff}');
        if line.trim_start().starts_with('#') || line.trim().is_empty() {
            continue;
        }
        if let Some((name, owners)) = section(line).filter(|_| gitlab) {
            // Section names are not case-sensitive, and sections of one name are one.
            current = name.to_lowercase().into();
            defaults = owners.split_whitespace().filter(|word| is_owner(word)).map(Text::from).collect();
            continue;
        }
        let (pattern, rest) = split_pattern(line.trim());
        let mut owners = named(rest);
        if owners.is_empty() {
            owners.clone_from(&defaults);
        }
        let at = line_start + raw.find(pattern).unwrap_or(0);
        let span = Span::new(input.id, at, at + pattern.len());
        let mut noun = pattern_noun(input, pattern, span);
        noun.owners = owners;
        noun.base = base.as_str().into();
        noun.section.clone_from(&current);
        noun.syntax = syntax;
        facts.model.add(noun);
    }
}

fn pattern_noun(input: &Input<'_>, pattern: &str, span: Span) -> OwnerPattern {
    let unseen = crate::tree::Unknown::new("the repository's files were not compared with it", "", span);
    OwnerPattern {
        name: pattern.into(),
        place: input.place(span, &[]),
        pattern: pattern.into(),
        matches: Fact::unknown(unseen),
        ..OwnerPattern::default()
    }
}

/// `[Name]`, `^[Optional]`, `[Name][2] @default`: the section's name and what follows it.
fn section(line: &str) -> Option<(&str, &str)> {
    let inner = line.trim().trim_start_matches('^').strip_prefix('[')?;
    let (name, rest) = inner.split_once(']')?;
    let rest = rest.strip_prefix('[').and_then(|count| count.split_once(']')).map_or(rest, |(_, rest)| rest);
    let follows = rest.is_empty() || rest.starts_with([' ', '\t']);
    (follows && !name.trim().is_empty()).then(|| (name.trim(), rest.trim()))
}

/// A pattern ends at the first space that no `\` precedes.
fn split_pattern(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.char_indices().find_map(|(at, character)| {
        let ends = character.is_whitespace() && !escaped;
        escaped = character == '\\' && !escaped;
        ends.then_some(at)
    });
    line.split_at(end.unwrap_or(line.len()))
}

/// Owners up to a comment; other words are ignored, as code hosts do.
fn named(rest: &str) -> Vec<Text> {
    rest.split_whitespace()
        .take_while(|word| !word.starts_with('#'))
        .filter(|word| is_owner(word))
        .map(Text::from)
        .collect()
}

/// `@user`, `@org/team`, `@@role`, or an address.
fn is_owner(word: &str) -> bool {
    word.strip_prefix('@').is_some_and(|name| !name.is_empty())
        || word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'))
}

/// An `OWNERS` file as Kubernetes writes them: its approvers own its folder.
/// <https://www.kubernetes.dev/docs/guide/owners/>
fn folder_owners(input: &Input<'_>, folder: &str, document: &Node) -> Option<OwnerPattern> {
    let root = document.get("filters").and_then(|filters| filters.get(".*")).unwrap_or(document);
    let entry = root.entry("approvers").or_else(|| root.entry("reviewers"))?;
    let owners: Vec<Text> = entry.value.items().iter().filter_map(Node::scalar).collect();
    (!owners.is_empty()).then(|| OwnerPattern {
        owners,
        // The file itself stands there, so its pattern cannot be dead.
        matches: Fact::known(true, entry.key_span),
        base: if folder.is_empty() { Text::default() } else { compact_str::format_compact!("{folder}/") },
        syntax: OwnerSyntax::Folder,
        ..pattern_noun(input, "/", entry.key_span)
    })
}

/// Kinds of a Backstage catalogue that run, or hold what runs.
/// <https://backstage.io/docs/features/software-catalog/descriptor-format>
const CATALOGUE_KINDS: &[&str] = &["Component", "System", "API", "Resource"];

/// The name of a team that a Backstage catalogue lists.
fn team(document: &Node) -> Option<Text> {
    let group = document.get("apiVersion")?.as_str()?.split('/').next()?;
    let listed = group == "backstage.io" && document.get("kind")?.as_str()? == "Group";
    document.at(&["metadata", "name"])?.scalar().filter(|_| listed)
}

/// Annotations and labels in which catalogues keep a tier.
const TIER_KEYS: &[&str] = &["tier", "service-tier", "criticality", "backstage.io/tier", "service_tier"];

/// A service of a Backstage catalogue.
fn entry(input: &Input<'_>, document: &Node) -> Option<CatalogueEntry> {
    let group = document.get("apiVersion")?.as_str()?.split('/').next()?;
    let kind = document.get("kind")?;
    if group != "backstage.io" || !CATALOGUE_KINDS.contains(&kind.as_str()?) {
        return None;
    }
    let metadata = document.get("metadata")?;
    let name = metadata.get("name")?;
    let spec = document.get("spec");
    let owner = spec.and_then(|spec| spec.get("owner"));
    let lifecycle = spec.and_then(|spec| spec.get("lifecycle"));
    let words: Vec<&str> = lifecycle.and_then(Node::as_str).into_iter().collect();
    Some(CatalogueEntry {
        name: Fact::read(name, Node::scalar),
        place: input.place(name.span, &words),
        owner: owner.map_or_else(
            || Fact::absent(spec.map_or(name.span, |spec| spec.span)),
            |owner| Fact::read(owner, owner_name),
        ),
        tier: tier(metadata, spec),
        annotations: Labels::read(metadata.get("annotations")),
        links: metadata.get("links").map_or(&[][..], Node::items).iter().filter_map(link).collect(),
        kind: kind.scalar().unwrap_or_default(),
        kind_span: Some(kind.span),
        lifecycle: lifecycle.map_or_else(|| Fact::absent(name.span), |node| Fact::read(node, Node::scalar)),
        tags: metadata.get("tags").map_or(&[][..], Node::items).iter().filter_map(Node::scalar).collect(),
    })
}

/// `group:default/team-payments` is team-payments.
fn owner_name(node: &Node) -> Option<Text> {
    let text = node.scalar()?;
    let name = text.rsplit(['/', ':']).next().unwrap_or(&text).trim();
    (!name.is_empty()).then(|| name.into())
}

fn tier(metadata: &Node, spec: Option<&Node>) -> Fact<i64> {
    let in_spec = spec.and_then(|spec| spec.get("tier"));
    let kept = [metadata.get("annotations"), metadata.get("labels")].into_iter().flatten().find_map(|labels| {
        labels.entries().iter().find(|entry| {
            let name = entry.key.rsplit('/').next().unwrap_or(&entry.key);
            TIER_KEYS.contains(&entry.key.as_str()) || TIER_KEYS.contains(&name)
        })
    });
    let Some(node) = in_spec.or(kept.map(|entry| &entry.value)) else { return Fact::absent(metadata.span) };
    Fact::read(node, |node| {
        let text = node.scalar()?;
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits.parse().ok().filter(|tier| (0..=9).contains(tier))
    })
}

fn link(node: &Node) -> Option<(Fact<Text>, Text)> {
    let url = node.get("url")?;
    let title = node.get("title").or_else(|| node.get("type")).and_then(Node::scalar).unwrap_or_default();
    Some((Fact::read(url, Node::scalar), title))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::read_yaml;
    use crate::model::{Environments, Owners};
    use crate::source::{Source, SourceId, Sources};
    use crate::tree::{Document, Format};

    fn owners(path: &str, text: &str) -> (Sources, Facts) {
        let sources = Sources::new(vec![Source::new(path, text)]);
        let id = SourceId(0);
        let document = Document { source: id, format: Format::Text, content: Content::Text, comments: Vec::new() };
        let environments = Environments::default();
        let mut facts = Facts::default();
        extract(
            &Input {
                id,
                source: sources.get(id),
                document: &document,
                environments: &environments,
                runbook_folders: &globset::GlobSet::default(),
                environment: None,
                library: false,
                sources: None,
            },
            &mut facts,
        );
        (sources, facts)
    }

    #[test]
    fn lines_of_codeowners_keep_their_place() {
        let text = "# all\n* @acme/all\n\n  /db/   @acme/dba dba@example.org # by hand\n/free/\npath\\ x/ @a\n";
        let (sources, facts) = owners("infra/.github/CODEOWNERS", text);
        let patterns: Vec<&str> = facts.model.owner_patterns.iter().map(|it| sources.slice(it.place.span)).collect();
        assert_eq!(patterns, ["*", "/db/", "/free/", "path\\ x/"]);
        assert_eq!(facts.model.owner_patterns[1].owners, ["@acme/dba", "dba@example.org"]);
        assert!(facts.model.owner_patterns[2].owners.is_empty());
        assert_eq!(Owners::new(&facts.model).names("infra/db/main.tf"), ["@acme/dba", "dba@example.org"]);
        assert!(Owners::new(&facts.model).names("db/main.tf").is_empty());
    }

    #[test]
    fn sections_have_default_owners() {
        let text = "* @all\n[Database][2] @dba\ndb/\ndb/special @eve\n^[Docs]\n*.md @writers\n";
        let (_, facts) = owners("CODEOWNERS", text);
        let owners = Owners::new(&facts.model);
        assert_eq!(owners.names("x/db/main.tf"), ["@all", "@dba"]);
        assert_eq!(owners.names("db/special"), ["@all", "@eve"]);
        assert_eq!(owners.names("db/README.md"), ["@all", "@dba", "@writers"]);
    }

    #[test]
    fn approvers_own_their_folder() {
        let (sources, facts) = read_yaml("pkg/api/OWNERS.yaml", "approvers:\n- anna\nreviewers: [bo]\n");
        assert_eq!(sources.slice(facts.model.owner_patterns[0].place.span), "approvers");
        assert_eq!(Owners::new(&facts.model).names("pkg/api/x/y.go"), ["anna"]);
        assert!(Owners::new(&facts.model).names("pkg/other.go").is_empty());
    }

    #[test]
    fn catalogues_of_several_documents_are_read() {
        let text = "\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-payments}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  tags: [go]
  annotations: {pagerduty.com/service-id: P1, acme.example/tier: tier-1}
  links: [{url: 'https://example.org/runbook', title: Runbook}]
spec: {type: service, lifecycle: production, owner: 'group:default/team-payments'}
";
        let (sources, facts) = read_yaml("catalog-info.yaml", text);
        assert_eq!(facts.model.catalogue.len(), 1);
        let entry = &facts.model.catalogue[0];
        assert_eq!(sources.slice(entry.place.span), "checkout");
        assert_eq!(entry.owner.value().unwrap(), "team-payments");
        assert_eq!(sources.slice(entry.owner.span.unwrap()), "'group:default/team-payments'");
        assert_eq!(entry.tier.value(), Some(&1));
        assert_eq!(entry.lifecycle.value().unwrap(), "production");
        assert_eq!(entry.tags, ["go"]);
        assert_eq!(entry.links[0].1, "Runbook");
        assert_eq!(entry.annotations.value("pagerduty.com/service-id"), Some("P1"));
    }
}

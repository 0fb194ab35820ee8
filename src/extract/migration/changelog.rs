//! Liquibase: changelogs in YAML, JSON or XML, and formatted SQL. Uses `tree`, `model`.
//!
//! <https://docs.liquibase.com/workflows/liquibase-community/using-rollback.html> lists the changes that Liquibase undoes
//! by itself; for the others a change set brings its own `rollback`.

use super::sql::{self, Action, Reading};
use super::{migration, span};
use crate::extract::Input;
use crate::model::migration::{Part, Script};
use crate::model::{Fact, Migration};
use crate::source::{Span, below, parent};
use crate::tree::{Entry, Map, Node, Value};

/// Changes that take something away.
const TAKING: &[&str] = &[
    "dropColumn",
    "dropTable",
    "renameColumn",
    "renameTable",
    "modifyDataType",
    "addNotNullConstraint",
    "mergeColumns",
    "delete",
];

/// Of these, the ones that Liquibase undoes by itself.
const SELF_UNDOING: &[&str] = &["renameColumn", "renameTable", "addNotNullConstraint"];

/// The change sets of a changelog.
pub(super) fn migrations(input: &Input<'_>) -> Vec<Migration> {
    let documents = input.document.values().iter();
    let logs = documents.filter_map(|document| document.get("databaseChangeLog")).flat_map(Node::items);
    let sets = logs.filter_map(|item| item.get("changeSet")).cloned().chain(of_xml(input));
    let (series, within) = series(&input.source.path);
    let made = |(index, set): (usize, Node)| Migration {
        series: series.into(),
        ..of_set(input, &format!("{within}/{index}"), &set)
    };
    sets.enumerate().map(made).collect()
}

/// The folder whose changelogs are carried out in one order, and the path within it: above the folders of versions
/// (`3.19.0/`), which come one after another.
fn series(path: &str) -> (&str, &str) {
    let mut folder = parent(path);
    let is_version =
        |name: &str| name.trim_start_matches(['v', 'V']).starts_with(|letter: char| letter.is_ascii_digit());
    while !folder.is_empty() && is_version(folder.rsplit('/').next().unwrap_or(folder)) {
        folder = parent(folder);
    }
    (folder, below(folder, path).unwrap_or(path))
}

/// Elements of a change set in XML that change nothing.
const ASIDE: &[&str] =
    &["comment", "preConditions", "rollback", "tagDatabase", "validCheckSum", "modifySql", "property"];

/// How many elements a changelog in XML may have.
const MOST_ELEMENTS: u32 = 200_000;

/// The change sets of a changelog in XML, in the form that they have in YAML. What is no XML is some other tool's matter.
fn of_xml(input: &Input<'_>) -> Vec<Node> {
    let text = input.source.text.as_str();
    if !text.contains("<databaseChangeLog") {
        return Vec::new();
    }
    let options = roxmltree::ParsingOptions { nodes_limit: MOST_ELEMENTS, ..Default::default() };
    let Ok(document) = roxmltree::Document::parse_with_options(text, options) else { return Vec::new() };
    let root = document.root_element();
    let sets = root.children().filter(|element| element.tag_name().name() == "changeSet");
    sets.map(|set| change_set(input, set)).collect()
}

fn change_set(input: &Input<'_>, set: roxmltree::Node<'_, '_>) -> Node {
    let of = |element: roxmltree::Node<'_, '_>| {
        let name = element.tag_name().name();
        // `<`, and the prefix of a namespace.
        let start = element.range().start + 1;
        let end = input.source.text.get(start..).and_then(|rest| rest.find([' ', '\n', '\r', '\t', '>', '/']));
        let key_span = span(input, &(start..start + end.unwrap_or(name.len())));
        let whole = span(input, &element.range());
        let attributes = element.attributes().map(|attribute| Entry {
            key: attribute.name().into(),
            key_span: span(input, &attribute.range()),
            value: Node::string(attribute.value(), span(input, &attribute.range_value())),
        });
        let entries: Vec<Entry> = attributes.collect();
        let value = match element.text().map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => Node::string(text, whole),
            None if element.has_children() || !entries.is_empty() => Node::new(Value::Map(Map { entries }), whole),
            None => Node::new(Value::Null, whole),
        };
        Entry { key: name.into(), key_span, value }
    };
    let whole = span(input, &set.range());
    let map = |entries: Vec<Entry>| Node::new(Value::Map(Map { entries }), whole);
    let entry = |key: &str, value: Node| Entry { key: key.into(), key_span: whole, value };
    let elements = || set.children().filter(roxmltree::Node::is_element);
    let changes = elements().filter(|element| !ASIDE.contains(&element.tag_name().name()));
    let changes = changes.map(|element| map(vec![of(element)])).collect();
    let id = set.attribute("id").map(|id| entry("id", Node::string(id, whole)));
    let back = elements().find(|element| element.tag_name().name() == "rollback").map(of);
    let changes = entry("changes", Node::new(Value::List(changes), whole));
    map(std::iter::once(changes).chain(id).chain(back).collect())
}

/// The script that a `sqlFile` names.
fn script(change: &Entry) -> Option<Script> {
    let path = change.value.get("path")?.as_str()?.into();
    let beside = change.value.get("relativeToChangelogFile").and_then(Node::scalar);
    let beside = beside.is_some_and(|beside| beside.eq_ignore_ascii_case("true"));
    Some(Script { path, beside, span: change.key_span })
}

/// Whether a change of a column's type leaves it to the version before as it was: what fitted still fits.
fn widens(change: &Entry) -> bool {
    let written = change.value.get("newDataType").and_then(Node::as_str);
    change.key == "modifyDataType" && written.is_some_and(sql::is_wide_type)
}

fn of_set(input: &Input<'_>, order: &str, set: &Node) -> Migration {
    let mut reading = Reading::default();
    let mut scripts: Vec<Script> = Vec::new();
    let mut one_way: Option<Span> = None;
    for change in set.get("changes").map_or(&[][..], Node::items).iter().flat_map(Node::entries) {
        let range = change.key_span.start as usize..change.key_span.end as usize;
        if matches!(change.key.as_str(), "sql" | "sqlFile") {
            one_way = one_way.or(Some(change.key_span));
            let written = change.value.get("sql").unwrap_or(&change.value);
            match written.as_str() {
                Some(text) if change.key == "sql" => {
                    let inside = sql::read(text);
                    reading
                        .actions
                        .extend(inside.actions.into_iter().map(|it| Action { text: it.text, range: range.clone() }));
                    reading.unread = reading.unread.or(inside.unread.map(|_| range));
                }
                _ => match script(change) {
                    Some(script) => scripts.push(script),
                    None => reading.unread = reading.unread.or(Some(range)),
                },
            }
        } else if TAKING.contains(&change.key.as_str()) && !widens(change) {
            reading.actions.push(Action { text: change.key.to_string(), range });
            if !SELF_UNDOING.contains(&change.key.as_str()) {
                one_way = one_way.or(Some(change.key_span));
            }
        }
    }
    let id = set.get("id").and_then(Node::scalar).unwrap_or_default();
    let reversible = match (set.entry("rollback"), one_way) {
        (Some(entry), _) => Fact::known(!entry.value.is_null(), entry.key_span),
        (None, Some(span)) => Fact::known(false, span),
        (None, None) => Fact::known(true, set.span),
    };
    let mut made = migration(input, "liquibase", order, Part::Whole, reversible, &reading);
    if let (Some(script), true) = (scripts.first(), reading == Reading::default()) {
        made.place.span = script.span;
        made.takes = Fact::absent(script.span);
    }
    Migration { name: compact_str::format_compact!("{}#{id}", input.source.path), scripts, ..made }
}

/// A changelog of formatted SQL, as one change: it can be undone where each of its change sets brings its `--rollback`.
pub(super) fn formatted(input: &Input<'_>, stem: &str) -> Option<Migration> {
    let text = input.source.text.as_str();
    let plain = |line: &str| line.split_whitespace().collect::<String>().to_ascii_lowercase();
    if !text.lines().next().is_some_and(|line| plain(line).starts_with("--liquibaseformattedsql")) {
        return None;
    }
    let count = |start: &str| text.lines().filter(|line| plain(line).starts_with(start)).count();
    let (sets, ways) = (count("--changeset"), count("--rollback"));
    let reading = sql::read(text);
    let head = span(input, &reading.actions.first().map_or(0..0, |action| action.range.clone()));
    Some(migration(input, "liquibase", stem, Part::Whole, Fact::known(ways >= sets, head), &reading))
}

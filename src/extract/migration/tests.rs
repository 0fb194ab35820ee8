//! Scripts and changelogs → changes of databases.

use globset::GlobSet;

use super::*;
use crate::model::{Environments, Migration};
use crate::source::{Source, SourceId, Sources};
use crate::tree::{Content, Document, Format};

fn read(path: &str, text: &str) -> (Sources, Vec<Migration>) {
    let sources = Sources::new(vec![Source::new(path, text)]);
    let id = SourceId(0);
    let document = Document { source: id, format: Format::Text, content: Content::Text, comments: Vec::new() };
    let mut facts = Facts::default();
    let input = Input {
        id,
        source: sources.get(id),
        document: &document,
        environments: &Environments::default(),
        runbook_folders: &GlobSet::default(),
        environment: None,
        library: false,
        sources: None,
    };
    extract(&input, &mut facts);
    let found = facts.model.migrations;
    (sources, found)
}

fn only(path: &str, text: &str) -> Migration {
    let (_, mut found) = read(path, text);
    assert_eq!(found.len(), 1, "{path}");
    found.remove(0)
}

#[test]
fn names_say_which_tool_carries_a_script_out() {
    let drop = "DROP TABLE t;";
    for (path, tool, part) in [
        ("migrations/000001_a.up.sql", "golang-migrate", Part::Up),
        ("migrations/000001_a.down.sql", "golang-migrate", Part::Down),
        ("db/migration/V1_2__a.sql", "flyway", Part::Up),
        ("db/migration/U1_2__a.sql", "flyway", Part::Down),
        ("migrations/2024-01-01-000000_a/up.sql", "diesel", Part::Up),
        ("migrations/2024-01-01-000000_a/down.sql", "diesel", Part::Down),
        ("prisma/migrations/20240101000000_a/migration.sql", "prisma", Part::Up),
        ("migrations/20240101000000_a.sql", "sql", Part::Whole),
    ] {
        let migration = only(path, drop);
        assert_eq!((migration.tool.as_str(), migration.part), (tool, part), "{path}");
    }
    for path in ["db/migration/R__views.sql", "migrations/schema.sql", "migrations/seeds.sql"] {
        assert_eq!(read(path, drop).1.len(), 0, "{path}");
    }
}

#[test]
fn both_ways_in_one_file_are_told_apart() {
    for (up, down, tool) in [
        ("-- migrate:up", "-- migrate:down", "dbmate"),
        ("-- +goose Up", "-- +goose Down", "goose"),
        ("-- +migrate Up", "-- +migrate Down", "sql-migrate"),
    ] {
        let text = format!("{up}\nALTER TABLE t DROP COLUMN c;\n{down}\nDROP TABLE other;\n");
        let (sources, found) = read("migrations/1_a.sql", &text);
        assert_eq!(found[0].tool, tool);
        assert_eq!(found[0].takes.value().unwrap(), "DROP COLUMN c", "what the way down drops is no loss");
        assert_eq!(sources.slice(found[0].place.span), "ALTER TABLE t DROP COLUMN c");
        assert!(found[0].reversible.is_true());
        assert!(only("migrations/1_a.sql", &format!("{up}\nDROP TABLE t;\n{down}\n-- no\n")).reversible.is_false());
    }
}

#[test]
fn versions_sort_as_numbers() {
    assert!(sortable("9_a") < sortable("10_a"));
    assert!(sortable("1.9") < sortable("1.10"));
    assert!(sortable("20240101000000_a") < sortable("20250101000000_a"));
}

#[test]
fn liquibase_undoes_what_it_knows_how_to() {
    let set = |change: &str, rest: &str| {
        let text = format!(
            "databaseChangeLog:\n  - changeSet:\n      id: 7\n      author: a\n      changes:\n        - {change}\n{rest}"
        );
        let (sources, mut facts) = crate::extract::read_yaml("db/changelog/main.yaml", &text);
        let found = facts.model.migrations.remove(0);
        (sources, found)
    };
    let (sources, dropped) = set("dropColumn: {tableName: t, columnName: c}", "");
    assert_eq!(dropped.name, "db/changelog/main.yaml#7");
    assert!(dropped.destructive.is_true() && dropped.reversible.is_false());
    assert_eq!(sources.slice(dropped.place.span), "dropColumn");
    assert!(
        set("dropColumn: {tableName: t, columnName: c}", "      rollback:\n        - sql: SELECT 1\n")
            .1
            .reversible
            .is_true()
    );
    assert!(set("renameColumn: {tableName: t}", "").1.reversible.is_true());
    assert!(set("addColumn: {tableName: t}", "").1.destructive.is_false());
    let formatted = "--liquibase formatted sql\n--changeset a:1\nDROP TABLE t;\n";
    assert!(only("db/changelog/1.sql", formatted).reversible.is_false());
    assert!(
        only("db/changelog/1.sql", &format!("{formatted}--rollback CREATE TABLE t (id int);\n")).reversible.is_true()
    );
}

#[test]
fn changelogs_in_xml_are_changelogs() {
    let log = |sets: &str| {
        format!(
            "<?xml version=\"1.0\"?>\n<databaseChangeLog xmlns=\"http://www.liquibase.org/xml/ns/dbchangelog\">\n{sets}\n</databaseChangeLog>\n"
        )
    };
    let path = "db/changelog/1.xml";
    let set = |change: &str| log(&format!("<changeSet id=\"7\" author=\"a\">{change}</changeSet>"));
    let (sources, found) = read(path, &set("<dropColumn tableName=\"t\" columnName=\"c\"/>"));
    assert_eq!((found[0].name.as_str(), found[0].tool.as_str()), ("db/changelog/1.xml#7", "liquibase"));
    assert!(found[0].destructive.is_true() && found[0].reversible.is_false());
    assert_eq!(sources.slice(found[0].place.span), "dropColumn");
    let back = "<dropTable tableName=\"t\"/><rollback><createTable tableName=\"t\"/></rollback>";
    assert!(only(path, &set(back)).reversible.is_true());
    assert!(only(path, &set("<sql>ALTER TABLE t DROP COLUMN c</sql>")).destructive.is_true());
    assert!(only(path, &set("<addColumn tableName=\"t\"><column name=\"c\"/></addColumn>")).destructive.is_false());
    let widened = |to: &str| {
        only(path, &set(&format!("<modifyDataType tableName=\"t\" columnName=\"c\" newDataType=\"{to}\"/>")))
    };
    for wide in ["bigint", "float8", "int8", "text", "numeric", "double precision"] {
        assert!(widened(wide).destructive.is_false(), "{wide}");
    }
    for other in ["int", "varchar(40)", "TIMESTAMP WITHOUT TIME ZONE", "${type}", "text; drop", ""] {
        assert!(widened(other).destructive.is_true(), "{other}");
    }
    for none in ["<databaseChangeLog", "<project><databaseChangeLog/></project>", &log("<include file=\"a.xml\"/>")] {
        assert_eq!(read(path, none).1.len(), 0, "{none}");
    }
    // What it says of entities is not believed.
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><databaseChangeLog>&b;</databaseChangeLog>";
    assert_eq!(read(path, bomb).1.len(), 0);
}

#[test]
fn scripts_that_a_changelog_runs_are_read() {
    let log = |files: &str| {
        format!("<databaseChangeLog><changeSet id=\"7\" author=\"a\">{files}</changeSet></databaseChangeLog>")
    };
    let run = |files: &str, held: &[(&str, &str)]| {
        let (mut sources, migrations) = read("app/src/main/resources/db/7/changelog.xml", &log(files));
        let mut model = crate::model::Model { migrations, ..Default::default() };
        let text = |path: &str| held.iter().find(|(known, _)| *known == path).map(|(_, text)| (*text).to_owned());
        run_scripts(&mut model, &mut sources, &text);
        assert_eq!(model.migrations.len(), 1);
        (sources, model.migrations.remove(0))
    };
    let beside = "<sqlFile path=\"sql/a.sql\" relativeToChangelogFile=\"true\"/>";
    let here = "app/src/main/resources/db/7/sql/a.sql";
    let (sources, dropped) = run(beside, &[(here, "-- why\nDROP TABLE t;\n")]);
    assert!(dropped.destructive.is_true() && dropped.reversible.is_false());
    let place = dropped.takes.span.unwrap();
    assert_eq!((sources.path(place), sources.slice(place)), (here, "DROP TABLE t"));
    assert!(run(beside, &[(here, "CREATE TABLE t (id int);")]).1.destructive.is_false());
    let unread = run(beside, &[(here, "DO $$ BEGIN PERFORM f(); END $$;")]).1;
    assert!(unread.destructive.reason().unwrap().reason.contains("not understood"));
    // Not there, though one of that name stands where only the search path leads.
    let gone = run(beside, &[("app/src/main/resources/sql/a.sql", "DROP TABLE t")]).1;
    assert!(gone.destructive.reason().unwrap().reason.contains("`sql/a.sql`, which it runs, is not in the repository"));
    for path in ["db/sql/a.sql", "classpath:db/sql/a.sql", "/db/sql/a.sql"] {
        let sought = format!("<sqlFile path=\"{path}\"/>");
        assert!(run(&sought, &[("app/src/main/resources/db/sql/a.sql", "DROP TABLE t")]).1.destructive.is_true());
    }
    // A table that one of them makes takes the place of another in the next.
    let swapped = run(
        &format!("{beside}<sqlFile path=\"sql/b.sql\" relativeToChangelogFile=\"true\"/>"),
        &[
            (here, "CREATE TABLE ${schema}.t_parted (id int);"),
            (
                "app/src/main/resources/db/7/sql/b.sql",
                "ALTER TABLE ${schema}.t RENAME TO t_old; ALTER TABLE ${schema}.t_parted RENAME TO t;",
            ),
        ],
    );
    assert!(swapped.1.destructive.is_false());
    // One that takes something away outweighs one that is not here.
    let both = format!("<sqlFile path=\"b.sql\"/>{beside}");
    assert!(run(&both, &[(here, "DROP TABLE t")]).1.destructive.is_true());
}

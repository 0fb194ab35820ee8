//! Scripts that change a database → what they take away, and whether they can be undone. Uses `source`, `model`.
//!
//! Which tool carries a script out is told by its name and folder, as the tools' documentation has them. One file is
//! read at a time, then the scripts that a changelog runs: which ways down belong to which changes, and which changes are
//! the last, is for linking.
//!
//! golang-migrate <https://github.com/golang-migrate/migrate/blob/master/MIGRATIONS.md>, sqlx
//! <https://docs.rs/sqlx/latest/sqlx/macro.migrate.html>, Flyway
//! <https://documentation.red-gate.com/fd/migrations-184127470.html>, dbmate
//! <https://github.com/amacneil/dbmate#writing-migrations>, goose <https://pressly.github.io/goose/documentation/annotations/>,
//! Diesel <https://diesel.rs/guides/getting-started>, Prisma
//! <https://www.prisma.io/docs/orm/prisma-migrate/workflows/generating-down-migrations>, Liquibase
//! <https://docs.liquibase.com/concepts/changelogs/sql-format.html>.

mod changelog;
mod script;
mod scripted;
mod sql;
#[cfg(test)]
mod tests;

use std::ops::Range;

use self::script::Script;
pub use self::scripted::run_scripts;
use self::sql::{Action, Reading};
use super::{Facts, Input};
use crate::model::migration::Part;
use crate::model::{Fact, Migration};
use crate::source::{Span, parent};
use crate::tree::{Text, Unknown};

/// Adds the migration that a file is.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    let path = input.source.path.as_str();
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let text = input.source.text.as_str();
    let found = match name.rsplit_once('.') {
        Some((stem, "sql")) => of_sql(input, folder, stem, text),
        Some((stem, "py")) => script::alembic(text)
            .map(|script| program(input, "alembic", stem, &script))
            .or_else(|| script::django(text).map(|script| program(input, "django", stem, &script))),
        Some((stem, "rb")) => script::rails(text).map(|script| program(input, "rails", stem, &script)),
        _ => {
            facts.model.migrations.extend(changelog::migrations(input));
            return;
        }
    };
    facts.model.migrations.extend(found.map(|migration| Migration { series: series(folder, &migration), ..migration }));
}

/// The folder whose scripts are carried out in one order: of tools that give each change a folder, the one above.
fn series(folder: &str, migration: &Migration) -> Text {
    match migration.tool.as_str() {
        "prisma" | "diesel" => parent(folder).into(),
        _ => folder.into(),
    }
}

/// What the name of a script of SQL says.
struct Named<'n> {
    tool: &'static str,
    order: &'n str,
    part: Part,
}

/// What a script's name and folder say of it; nothing for one that is run again and again (`R__views.sql`) or that is no
/// change (`schema.sql`, `seeds.sql`).
fn named<'n>(folder: &'n str, stem: &'n str) -> Option<Named<'n>> {
    let numbered = |stem: &str| stem.starts_with(|first: char| first.is_ascii_digit());
    let own = folder.rsplit('/').next().unwrap_or(folder);
    let halves = [(".up", Part::Up), (".down", Part::Down)];
    if let Some((order, part)) = halves.iter().find_map(|(half, part)| Some((stem.strip_suffix(half)?, *part))) {
        return Some(Named { tool: "golang-migrate", order, part });
    }
    match stem {
        "up" => return Some(Named { tool: "diesel", order: own, part: Part::Up }),
        "down" => return Some(Named { tool: "diesel", order: own, part: Part::Down }),
        "migration" if numbered(own) => return Some(Named { tool: "prisma", order: own, part: Part::Up }),
        _ => {}
    }
    if let Some((version, _)) = stem.split_once("__")
        && let Some(kind) = version.chars().next().filter(|_| version.len() > 1)
    {
        let order = version.get(1..).unwrap_or_default();
        match kind {
            'V' | 'v' => return Some(Named { tool: "flyway", order, part: Part::Up }),
            'U' | 'u' => return Some(Named { tool: "flyway", order, part: Part::Down }),
            'R' | 'r' | 'B' | 'b' => return None,
            _ => {}
        }
    }
    numbered(stem).then_some(Named { tool: "sql", order: stem, part: Part::Whole })
}

/// Lines by which tools tell the way up from the way down in one file, in lower case and without spaces.
const MARKERS: &[(&str, &str, &str)] = &[
    ("dbmate", "--migrate:up", "--migrate:down"),
    ("goose", "--+gooseup", "--+goosedown"),
    ("sql-migrate", "--+migrateup", "--+migratedown"),
];

/// A file that holds both ways.
struct BothWays {
    tool: &'static str,
    up: Range<usize>,
    down: Option<Range<usize>>,
}

/// The parts of a file that tells the way up from the way down.
fn parts(text: &str) -> Option<BothWays> {
    let (mut tool, mut up, mut down): (_, Option<Range<usize>>, Option<Range<usize>>) = (None, None, None);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let plain: String = line.split_whitespace().collect::<String>().to_ascii_lowercase();
        if let Some((name, ..)) = MARKERS.iter().find(|(_, start, _)| plain.starts_with(start)) {
            tool = Some(*name);
            up = Some(end..text.len());
        } else if MARKERS.iter().any(|(.., start)| plain.starts_with(start)) {
            if let Some(up) = up.as_mut() {
                up.end = at;
            }
            down = Some(end..text.len());
        }
        at = end;
    }
    Some(BothWays { tool: tool?, up: up?, down })
}

fn of_sql(input: &Input<'_>, folder: &str, stem: &str, text: &str) -> Option<Migration> {
    if let Some(migration) = changelog::formatted(input, stem) {
        return Some(migration);
    }
    if let Some(BothWays { tool, up, down }) = parts(text) {
        let reading = shifted(sql::read(text.get(up.clone())?), up.start);
        let written = down.as_ref().is_some_and(|down| text.get(down.clone()).is_some_and(|down| !sql::is_empty(down)));
        let head = reading.actions.first().map_or(0..0, |action| action.range.clone());
        let way_down = Fact::known(written, span(input, &down.unwrap_or(head)));
        return Some(migration(input, tool, stem, Part::Whole, way_down, &reading));
    }
    let Named { tool, order, part } = named(folder, stem)?;
    let reading = if part == Part::Down { Reading::default() } else { sql::read(text) };
    let head = span(input, &reading.actions.first().map_or(0..0, |action| action.range.clone()));
    let way_down = match part {
        // Whether it undoes anything; the change it belongs to is a file of its own.
        Part::Down => Fact::known(!sql::is_empty(text), span(input, &(0..text.len()))),
        Part::Up | Part::Whole => Fact::known(false, head),
    };
    Some(migration(input, tool, order, part, way_down, &reading))
}

/// A reading of a part of a file, its ranges moved to where the part stands.
fn shifted(reading: Reading, by: usize) -> Reading {
    let moved = |range: Range<usize>| range.start + by..range.end + by;
    Reading {
        actions: reading.actions.into_iter().map(|it| Action { range: moved(it.range), ..it }).collect(),
        unread: reading.unread.map(moved),
        ..reading
    }
}

/// A migration written as a program.
fn program(input: &Input<'_>, tool: &'static str, stem: &str, script: &Script) -> Migration {
    let head = script.actions.first().map_or(0..0, |action| action.range.clone());
    let way_down = match &script.one_way {
        Some((_, range)) => Fact::known(false, span(input, range)),
        None => Fact::known(true, span(input, &head)),
    };
    let reading = Reading { actions: script.actions.clone(), unread: script.unread.clone(), statements: 1 };
    migration(input, tool, stem, Part::Whole, way_down, &reading)
}

fn migration(
    input: &Input<'_>,
    tool: &'static str,
    order: &str,
    part: Part,
    reversible: Fact<bool>,
    reading: &Reading,
) -> Migration {
    let path = input.source.path.as_str();
    let first = reading.actions.first();
    let stands = first.map(|action| &action.range).or(reading.unread.as_ref());
    let place = stands.map_or_else(|| Span::head(input.id), |range| span(input, range));
    Migration {
        name: path.into(),
        place: input.place(place, &[]),
        tool: Text::const_new(tool),
        reversible,
        destructive: destructive(input, reading),
        takes: first.map_or_else(|| Fact::absent(place), |action| Fact::known(action.text.as_str().into(), place)),
        order: sortable(order),
        part,
        ..Migration::default()
    }
}

/// What takes something away is known to; the rest is known not to only where all of it was understood.
fn destructive(input: &Input<'_>, reading: &Reading) -> Fact<bool> {
    match (reading.actions.first(), &reading.unread) {
        (Some(action), _) => Fact::known(true, span(input, &action.range)),
        (None, Some(unread)) => Fact::unknown(not_understood("it", span(input, unread))),
        (None, None) => Fact::known(false, Span::head(input.id)),
    }
}

fn not_understood(script: &str, statement: Span) -> Unknown {
    Unknown::new(
        format!("a statement of {script} was not understood"),
        "say in a runbook how it is undone, or waive the rule here",
        statement,
    )
}

fn span(input: &Input<'_>, range: &Range<usize>) -> Span {
    Span::new(input.id, range.start, range.end)
}

/// A version that sorts as numbers do: `9` before `10`, `1.10` after `1.9`.
fn sortable(order: &str) -> Text {
    let mut sorted = String::new();
    let mut digits = String::new();
    for character in order.chars().chain(std::iter::once(' ')) {
        if character.is_ascii_digit() {
            digits.push(character);
        } else {
            if !digits.is_empty() {
                let digits_alone = digits.trim_start_matches('0');
                sorted.extend(std::iter::repeat_n('0', 20_usize.saturating_sub(digits_alone.len())));
                sorted.push_str(digits_alone);
                digits.clear();
            }
            sorted.push(character);
        }
    }
    sorted.trim_end().into()
}

//! Migrations written as programs, in the forms that their tools generate: Alembic and Django (Python), Rails (Ruby).
//! Uses `sql` for the SQL that they hold.
//!
//! They are not run, and read no further than their tools' own operations: what else they do is not known.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::sql::{self, Action};

/// What was understood of a migration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    /// What it takes away.
    pub(super) actions: Vec<Action>,
    /// The first operation that may take something away and was not understood.
    pub(super) unread: Option<Range<usize>>,
    /// Why it cannot be undone, and where that stands; `None` where its tool can undo it.
    pub(super) one_way: Option<(&'static str, Range<usize>)>,
}

/// How a language writes what is not code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Python,
    Ruby,
}

/// The text with comments and the insides of strings blanked, byte for byte; quotes stay.
fn mask(text: &str, language: Language) -> String {
    let mut masked = text.as_bytes().to_vec();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let end = match byte {
            b'#' => text.get(at..).and_then(|rest| rest.find('\n')).map(|length| at + length).or(Some(bytes.len())),
            b'\'' | b'"' => Some(string_end(bytes, at, language)),
            b'<' if language == Language::Ruby => heredoc_end(text, at),
            _ => None,
        };
        let Some(end) = end else {
            at += 1;
            continue;
        };
        let quoted = matches!(byte, b'\'' | b'"') && end >= at + 2;
        let inside = if quoted { at + 1..end - 1 } else { at..end };
        for slot in masked.iter_mut().take(inside.end).skip(inside.start).filter(|slot| **slot != b'\n') {
            *slot = b' ';
        }
        at = end.max(at + 1);
    }
    // Blanked bytes are spaces, and what is left was whole characters outside of strings.
    String::from_utf8(masked).unwrap_or_else(|_| " ".repeat(text.len()))
}

/// The byte after a string that starts at `at`.
fn string_end(bytes: &[u8], at: usize, language: Language) -> usize {
    let quote = bytes[at];
    let triple = language == Language::Python && bytes.get(at + 1) == Some(&quote) && bytes.get(at + 2) == Some(&quote);
    let mut next = at + if triple { 3 } else { 1 };
    while let Some(&byte) = bytes.get(next) {
        if byte == b'\\' {
            next += 2;
        } else if triple && byte == quote && bytes.get(next + 1) == Some(&quote) && bytes.get(next + 2) == Some(&quote)
        {
            return next + 3;
        } else if !triple && byte == quote {
            return next + 1;
        } else {
            next += 1;
        }
    }
    bytes.len()
}

/// The byte after a heredoc (`<<~SQL` … `SQL`) that starts at `at`.
fn heredoc_end(text: &str, at: usize) -> Option<usize> {
    static HEAD: LazyLock<Regex> = LazyLock::new(|| expression(r#"^<<[~-]?['"]?([A-Z_]+)['"]?"#));
    let rest = text.get(at..)?;
    let name = HEAD.captures(rest)?.get(1)?.as_str();
    let mut offset = rest.find('\n')? + 1;
    for line in rest.get(offset..)?.split_inclusive('\n') {
        offset += line.len();
        if line.trim() == name {
            return Some(at + offset);
        }
    }
    None
}

/// A pattern of this file.
fn expression(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("the patterns of this file are tested: {error}"))
}

/// A call: the name, and where it stands from its first letter to its closing bracket or the end of its line.
struct Call<'t> {
    name: &'t str,
    range: Range<usize>,
}

/// The calls that a pattern finds in a part of the masked text; its first group is the name.
fn calls<'t>(masked: &'t str, part: &Range<usize>, pattern: &Regex) -> Vec<Call<'t>> {
    let Some(body) = masked.get(part.clone()) else { return Vec::new() };
    let found = pattern.captures_iter(body).filter_map(|found| {
        let (whole, name) = (found.get(0)?, found.get(1)?);
        let start = part.start + whole.start();
        let end = call_end(masked, part.start + name.end(), part.end);
        Some(Call { name: name.as_str(), range: start..end })
    });
    found.collect()
}

/// Where a call whose name ends at `from` ends.
fn call_end(masked: &str, from: usize, limit: usize) -> usize {
    let bytes = masked.as_bytes();
    let (mut depth, mut at) = (0_u32, from);
    while at < limit {
        match bytes[at] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            b'\n' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    limit
}

/// A call as it is shown: on one line.
fn shown(text: &str, call: &Range<usize>) -> String {
    text.get(call.clone()).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The body of a function by its indentation, and the line that opens it.
fn body(masked: &str, opening: &Regex) -> Option<(Range<usize>, Range<usize>)> {
    let head = opening.find(masked)?;
    let line_start = masked.get(..head.start())?.rfind('\n').map_or(0, |at| at + 1);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = head.as_str().len() - head.as_str().trim_start().len() + head.start() - line_start;
    let first = masked.get(head.end()..)?.find('\n').map_or(masked.len(), |at| head.end() + at + 1);
    let mut end = first;
    for line in masked.get(first..)?.split_inclusive('\n') {
        if !line.trim().is_empty() && indent(line) <= own {
            break;
        }
        end += line.len();
    }
    let start = head.start() + (head.as_str().len() - head.as_str().trim_start().len());
    Some((first..end, start..head.end()))
}

/// A literal string, its text in the group that matched.
static LITERAL: LazyLock<Regex> = LazyLock::new(|| {
    expression(
        r#"(?s)(?:"""(?P<a>.*?)"""|'''(?P<b>.*?)'''|<<[~-]?['"]?[A-Z_]+['"]?[^\n]*\n(?P<c>.*)\n\s*[A-Z_]+\s*$|"(?P<d>(?:[^"\\]|\\.)*)"|'(?P<e>(?:[^'\\]|\\.)*)')"#,
    )
});

fn literal(written: &str) -> Option<&str> {
    let found = LITERAL.captures(written.trim_end_matches(['\n', ' ']))?;
    ["a", "b", "c", "d", "e"].iter().find_map(|name| found.name(name)).map(|it| it.as_str())
}

/// The literal that a name is given in the text before a call: `query = """…"""`.
fn assigned<'t>(text: &'t str, before: usize, name: &str) -> Option<&'t str> {
    let head = text.get(..before)?;
    let given = [" = ", "="]
        .iter()
        .find_map(|sign| head.rfind(&format!("\n{name}{sign}")).or_else(|| head.rfind(&format!(" {name}{sign}"))))?;
    let value = text.get(given..before)?.split_once('=')?.1.trim_start();
    value.starts_with(['"', '\'']).then(|| literal(value)).flatten()
}

/// Reads the SQL that a call holds, or that a name it holds was given. What is put together when it runs is judged by
/// how it begins, and otherwise not known.
fn embedded(text: &str, masked: &str, call: &Call<'_>, script: &mut Script) {
    // A heredoc's text stands below the line of its call.
    let heredoc = text.get(call.range.clone()).and_then(|it| it.find("<<")).map(|at| call.range.start + at);
    let end = heredoc.and_then(|at| heredoc_end(text, at)).unwrap_or(call.range.end);
    let Some(written) = text.get(call.range.start..end) else { return };
    let code = masked.get(call.range.clone()).unwrap_or_default();
    let argument = code.split_once('(').map_or("", |(_, rest)| rest);
    let name: String = argument.trim_start().chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
    let own = literal(written).filter(|_| name.is_empty() || matches!(name.as_str(), "sa" | "text" | "f" | "r"));
    let found = own.or_else(|| assigned(text, call.range.start, &name));
    let computed = code.contains('+') || code.contains('%') || code.contains(".format") || name == "f";
    match found {
        Some(literal) if computed && sql::begins_harmlessly(literal) => {}
        Some(literal) if !computed => {
            let reading = sql::read(literal);
            let actions = reading.actions.into_iter().map(|it| Action { text: it.text, range: call.range.clone() });
            script.actions.extend(actions);
            if reading.unread.is_some() {
                script.unread = script.unread.take().or(Some(call.range.clone()));
            }
        }
        _ => script.unread = script.unread.take().or(Some(call.range.clone())),
    }
}

/// An Alembic revision: <https://alembic.sqlalchemy.org/en/latest/ops.html>.
pub(super) fn alembic(text: &str) -> Option<Script> {
    static UPGRADE: LazyLock<Regex> = LazyLock::new(|| expression(r"(?m)^def upgrade\s*\([^)]*\)[^:\n]*:"));
    static DOWNGRADE: LazyLock<Regex> = LazyLock::new(|| expression(r"(?m)^def downgrade\s*\([^)]*\)[^:\n]*:"));
    static OPERATION: LazyLock<Regex> = LazyLock::new(|| {
        expression(r"\b(?:op|batch_op)\.(drop_column|drop_table|rename_table|alter_column|add_column|execute)\s*\(")
    });
    let masked = mask(text, Language::Python);
    let (up, head) = body(&masked, &UPGRADE)?;
    let mut script = Script::default();
    for call in calls(&masked, &up, &OPERATION) {
        let code: String = masked.get(call.range.clone()).unwrap_or_default().split_whitespace().collect();
        let takes = match call.name {
            "drop_column" | "drop_table" | "rename_table" => true,
            "alter_column" => {
                code.contains("new_column_name=") || code.contains(",nullable=False") || code.contains(",type_=")
            }
            "add_column" => code.contains("nullable=False") && !code.contains("server_default="),
            _ => {
                embedded(text, &masked, &call, &mut script);
                false
            }
        };
        if takes {
            script.actions.push(Action { text: shown(text, &call.range), range: call.range });
        }
    }
    script.one_way = match body(&masked, &DOWNGRADE) {
        None => Some(("it has no `downgrade`", head)),
        Some((down, head)) => no_way_down(masked.get(down)?).map(|why| (why, head)),
    };
    Some(script)
}

/// Why a function of Python undoes nothing, when it does not.
fn no_way_down(body: &str) -> Option<&'static str> {
    let mut lines = body.lines().map(str::trim).filter(|line| !line.is_empty());
    let raises = body.lines().any(|line| line.trim_start().starts_with("raise "));
    match (raises, lines.all(|line| matches!(line, "pass" | "..." | "return" | "return None"))) {
        (true, _) => Some("its way down refuses to run"),
        (_, true) => Some("its way down does nothing"),
        _ => None,
    }
}

/// A Django migration: <https://docs.djangoproject.com/en/stable/ref/migration-operations/>. Django undoes its own
/// operations; of `RunPython` and `RunSQL` it knows only what it is told.
pub(super) fn django(text: &str) -> Option<Script> {
    static OPERATION: LazyLock<Regex> = LazyLock::new(|| {
        expression(
            r"\b(?:migrations\.)?(RemoveField|DeleteModel|RenameField|RenameModel|AlterModelTable|RunPython|RunSQL)\s*\(",
        )
    });
    if !text.contains("migrations.Migration") && !text.contains("(Migration)") {
        return None;
    }
    let masked = mask(text, Language::Python);
    let whole = 0..masked.len();
    let mut script = Script::default();
    for call in calls(&masked, &whole, &OPERATION) {
        let code = masked.get(call.range.clone()).unwrap_or_default();
        match call.name {
            "RunPython" | "RunSQL" => {
                if call.name == "RunSQL" {
                    embedded(text, &masked, &call, &mut script);
                }
                if !has_reverse(code) {
                    script.one_way = script.one_way.or(Some(("an operation of it has no reverse", call.range)));
                }
            }
            _ => script.actions.push(Action { text: shown(text, &call.range), range: call.range }),
        }
    }
    Some(script)
}

/// Whether `RunPython` or `RunSQL` is given a reverse: by name, or as its second argument.
fn has_reverse(code: &str) -> bool {
    let inside = code.split_once('(').map_or("", |(_, rest)| rest);
    let (mut depth, mut arguments, mut current) = (0_u32, Vec::new(), String::new());
    for character in inside.chars() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                arguments.push(std::mem::take(&mut current));
                continue;
            }
            _ => {}
        }
        current.push(character);
    }
    arguments.push(current);
    let named = arguments.iter().any(|it| it.trim_start().starts_with("reverse_"));
    let second = arguments.get(1).is_some_and(|it| !it.contains('=') && !it.trim_matches([' ', '\n', ')']).is_empty());
    named || second
}

/// A Rails migration: <https://guides.rubyonrails.org/active_record_migrations.html>. Of `change`, Rails undoes what
/// its command recorder knows how to invert.
pub(super) fn rails(text: &str) -> Option<Script> {
    static CHANGE: LazyLock<Regex> = LazyLock::new(|| expression(r"(?m)^[ \t]*def (?:self\.)?change\b"));
    static UP: LazyLock<Regex> = LazyLock::new(|| expression(r"(?m)^[ \t]*def (?:self\.)?up\b"));
    static DOWN: LazyLock<Regex> = LazyLock::new(|| expression(r"(?m)^[ \t]*def (?:self\.)?down\b"));
    static OPERATION: LazyLock<Regex> = LazyLock::new(|| {
        expression(
            r"(?m)(?:^|[\s.])(remove_column|remove_columns|remove_reference|remove_belongs_to|drop_table|rename_column|rename_table|change_column|change_column_null|execute)[ (]",
        )
    });
    if !text.contains("ActiveRecord::Migration") {
        return None;
    }
    let masked = mask(text, Language::Ruby);
    let mut script = Script::default();
    let change = body(&masked, &CHANGE);
    let (up, head) = change.clone().or_else(|| body(&masked, &UP))?;
    let guarded = change.is_none() || masked.get(up.clone()).is_some_and(|it| it.contains("reversible do"));
    for call in calls(&masked, &up, &OPERATION) {
        let range = call.range.start + leading(&masked, &call.range)..call.range.end;
        let written = shown(text, &range);
        let takes = match call.name {
            "change_column_null" => written.contains("false"),
            "execute" => {
                embedded(text, &masked, &Call { name: call.name, range: range.clone() }, &mut script);
                false
            }
            _ => true,
        };
        let inverted = match call.name {
            "rename_column" | "rename_table" | "change_column_null" | "remove_reference" | "remove_belongs_to" => true,
            // With the type, Rails knows what to add again.
            "remove_column" => written.matches(',').count() >= 2,
            "remove_columns" => written.contains("type:"),
            "drop_table" => written.ends_with("do") || written.contains(" do |") || written.contains('{'),
            _ => false,
        };
        if !guarded && !inverted {
            script.one_way =
                script.one_way.or(Some(("Rails cannot invert an operation of its `change`", range.clone())));
        }
        if takes {
            script.actions.push(Action { text: written, range });
        }
    }
    if change.is_none() {
        script.one_way = match body(&masked, &DOWN) {
            None => Some(("it has no `down`", head)),
            Some((down, head)) => {
                let down = masked.get(down)?;
                let said: Vec<&str> = down.lines().map(str::trim).filter(|it| !it.is_empty() && *it != "end").collect();
                let refuses = down.contains("IrreversibleMigration");
                let why = if refuses { "its way down refuses to run" } else { "its way down does nothing" };
                (refuses || said.is_empty()).then_some((why, head))
            }
        };
    }
    Some(script)
}

/// How many bytes a match of an operation begins before its name: the space or dot before it.
fn leading(masked: &str, range: &Range<usize>) -> usize {
    let text = masked.get(range.clone()).unwrap_or_default();
    text.len() - text.trim_start_matches(|it: char| it.is_whitespace() || it == '.').len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(script: &Script) -> Vec<&str> {
        script.actions.iter().map(|action| action.text.as_str()).collect()
    }

    const ALEMBIC: &str = r#"
"""drop email"""
from alembic import op
import sqlalchemy as sa

def upgrade() -> None:
    # op.drop_table("never")
    op.drop_column(
        "users", "email"
    )
    op.add_column("users", sa.Column("n", sa.Integer(), nullable=True))
    op.execute("TRUNCATE sessions")

def downgrade() -> None:
"#;

    #[test]
    fn alembic_goes_back_as_far_as_its_downgrade_does() {
        let one_way = alembic(&format!("{ALEMBIC}    pass\n")).unwrap();
        assert_eq!(taken(&one_way), ["op.drop_column( \"users\", \"email\" )", "TRUNCATE sessions"]);
        assert_eq!(one_way.one_way.unwrap().0, "its way down does nothing");
        let both =
            alembic(&format!("{ALEMBIC}    op.add_column(\"users\", sa.Column(\"email\", sa.Text()))\n")).unwrap();
        assert_eq!(both.one_way, None);
        let refuses = alembic(&format!("{ALEMBIC}    raise NotImplementedError()\n")).unwrap();
        assert_eq!(refuses.one_way.unwrap().0, "its way down refuses to run");
        let named = alembic("def upgrade():\n    query = \"DROP TABLE t\"\n    op.execute(query)\n").unwrap();
        assert_eq!(taken(&named), ["DROP TABLE t"]);
        let filled = alembic("def upgrade():\n    op.execute(\"INSERT INTO t VALUES ('{}')\".format(x))\n").unwrap();
        assert_eq!(filled.unread, None);
        let computed = alembic("def upgrade():\n    op.execute(make_sql())\n\ndef downgrade():\n    pass\n").unwrap();
        assert!(computed.unread.is_some());
        assert_eq!(alembic("def helper():\n    pass\n"), None);
    }

    #[test]
    fn django_goes_back_unless_an_operation_has_no_reverse() {
        let of = |operations: &str| {
            django(&format!("from django.db import migrations\n\nclass Migration(migrations.Migration):\n    operations = [\n{operations}    ]\n"))
                .unwrap()
        };
        let removed = of("        migrations.RemoveField(model_name='user', name='email'),\n");
        assert_eq!(taken(&removed), ["migrations.RemoveField(model_name='user', name='email')"]);
        assert_eq!(removed.one_way, None);
        assert!(of("        migrations.RunPython(forward),\n").one_way.is_some());
        assert_eq!(of("        migrations.RunPython(forward, backward),\n").one_way, None);
        assert_eq!(
            of("        migrations.RunPython(forward, reverse_code=migrations.RunPython.noop),\n").one_way,
            None
        );
        let sql = of("        migrations.RunSQL('DROP TABLE users'),\n");
        assert_eq!(taken(&sql), ["DROP TABLE users"]);
        assert!(sql.one_way.is_some());
        assert_eq!(of("        migrations.RunSQL('SELECT 1', 'SELECT 2'),\n").one_way, None);
    }

    #[test]
    fn rails_goes_back_where_it_knows_the_inverse() {
        let of = |body: &str| rails(&format!("class X < ActiveRecord::Migration[7.1]\n{body}end\n")).unwrap();
        let typed = of("  def change\n    remove_column :users, :email, :string\n  end\n");
        assert_eq!(taken(&typed), ["remove_column :users, :email, :string"]);
        assert_eq!(typed.one_way, None);
        assert!(of("  def change\n    remove_column :users, :email\n  end\n").one_way.is_some());
        assert!(of("  def change\n    change_column :users, :n, :integer\n  end\n").one_way.is_some());
        assert!(of("  def up\n    drop_table :users\n  end\n\n  def down\n    raise ActiveRecord::IrreversibleMigration\n  end\n").one_way.is_some());
        assert_eq!(
            of("  def up\n    drop_table :users\n  end\n\n  def down\n    create_table :users\n  end\n").one_way,
            None
        );
        let heredoc = of("  def up\n    execute <<~SQL\n      DROP TABLE users;\n    SQL\n  end\n");
        assert_eq!(taken(&heredoc), ["DROP TABLE users"]);
        assert_eq!(of("  def change\n    add_column :users, :n, :integer\n  end\n"), Script::default());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "(?s)(class X < ActiveRecord::Migration|def upgrade\\(\\):|migrations.Migration)?[\\s\\S]{0,200}") {
            let _ = (alembic(&text), django(&text), rails(&text));
            for language in [Language::Python, Language::Ruby] {
                proptest::prop_assert_eq!(mask(&text, language).len(), text.len());
            }
        }
    }
}

//! What a script of SQL takes away: statements after which the version before cannot run, or data is gone. Uses the SQL
//! parser only.
//!
//! Additive changes (a table, a nullable column, an index) leave the version before alone. Dropping, renaming and
//! narrowing do not: <https://martinfowler.com/bliki/ParallelChange.html>.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sqlparser::ast::{
    AlterColumnOperation, AlterTableOperation, ColumnOption, DataType, ObjectType, RenameTableNameKind, Statement,
};
use sqlparser::dialect::{Dialect, GenericDialect, MySqlDialect, PostgreSqlDialect};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace, Word};

/// A statement that takes something away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Action {
    /// What it does, in SQL: `DROP COLUMN email`.
    pub(super) text: String,
    /// Where the statement stands in the script, in bytes.
    pub(super) range: Range<usize>,
}

/// What was understood of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Statements that take something away, in order.
    pub(super) actions: Vec<Action>,
    /// The first statement that was not understood and may take something away.
    pub(super) unread: Option<Range<usize>>,
    /// How many statements there are.
    pub(super) statements: usize,
}

/// A script longer than this holds data rather than changes, in bytes; it is not parsed.
const LONGEST: usize = 1 << 20;

/// Nesting that a statement may have; the parser gives up on more.
const DEEPEST: usize = 40;

/// First words of statements that take nothing away, whatever follows: for those that the parser does not know.
const ADDITIVE: &[&str] = &[
    "ANALYZE",
    "BEGIN",
    "COMMENT",
    "COMMIT",
    "CREATE",
    "DELIMITER",
    "END",
    "EXPLAIN",
    "GRANT",
    "INSERT",
    "LOCK",
    "NOTIFY",
    "PRAGMA",
    "REFRESH",
    "REINDEX",
    "RESET",
    "REVOKE",
    "SELECT",
    "SET",
    "START",
    "UNLOCK",
    "USE",
    "VACUUM",
];

/// Reads a script.
pub(super) fn read(script: &str) -> Reading {
    if script.len() > LONGEST {
        return Reading { unread: Some(0..0), statements: 1, ..Reading::default() };
    }
    let (script, named) = parameters(script);
    let mut reading = read_plain(&script);
    for action in reading.actions.iter_mut().filter(|_| !named.is_empty()) {
        action.text =
            named.iter().fold(std::mem::take(&mut action.text), |text, (name, written)| text.replace(name, written));
    }
    reading
}

/// A script with a plain name of the same length for each parameter that is part of a name (`${schema}.orders`), which
/// the tool puts in before it is run; and which name stands for which parameter.
/// <https://docs.liquibase.com/concepts/changelogs/property-substitution.html>
fn parameters(script: &str) -> (Cow<'_, str>, BTreeMap<String, String>) {
    let mut named = BTreeMap::new();
    let mut plain = Cow::Borrowed(script);
    for (start, _) in script.match_indices("${") {
        let Some(length) = script.get(start..).and_then(|rest| rest.find('}')) else { break };
        let (before, written, after) =
            (script.get(..start), script.get(start..=start + length), script.get(start + length + 1..));
        let (Some(before), Some(written), Some(after)) = (before, written, after) else { continue };
        let inner = written.get(2..length).unwrap_or_default();
        let in_name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '"' | '`');
        if inner.is_empty()
            || !inner.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '-'))
            || !(before.ends_with(in_name) || after.starts_with(in_name) || is_role(before))
        {
            continue;
        }
        let name: String = written.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect();
        plain.to_mut().replace_range(start..=start + length, &name);
        named.insert(name, written.to_owned());
    }
    (plain, named)
}

/// Whether what follows is the name of a role: it stands alone.
fn is_role(before: &str) -> bool {
    before.trim_end().rsplit(char::is_whitespace).next().is_some_and(|word| word.eq_ignore_ascii_case("TO"))
}

fn read_plain(script: &str) -> Reading {
    let dialects: [&dyn Dialect; 3] = [&PostgreSqlDialect {}, &MySqlDialect {}, &GenericDialect {}];
    let mut best: Option<Reading> = None;
    for dialect in dialects {
        let reading = read_as(dialect, script);
        if reading.as_ref().is_some_and(|reading| reading.unread.is_none()) {
            return reading.unwrap_or_default();
        }
        best = best.or(reading);
    }
    best.unwrap_or(Reading { unread: Some(0..script.len()), statements: 1, ..Reading::default() })
}

/// Reads a script in a dialect; nothing where that dialect cannot even tell its words.
fn read_as(dialect: &dyn Dialect, script: &str) -> Option<Reading> {
    let lines = Lines::new(script);
    let tokens = Tokenizer::new(dialect, script).tokenize_with_location().ok()?;
    let mut reading = Reading::default();
    let mut parsed: Vec<(Statement, Range<usize>)> = Vec::new();
    let mut made = BTreeSet::new();
    for statement in tokens.split(|token| token.token == Token::SemiColon) {
        let Some(range) = lines.range(statement) else { continue };
        reading.statements += 1;
        // The parser knows no quoted names of types (`"Colour" NOT NULL`).
        match parsed_with(dialect, statement).or_else(|| parsed_with(dialect, &unquoted(statement))) {
            Some(statement) => parsed.push((statement, range)),
            None if is_additive(statement) => made.extend(created(statement)),
            None if is_of_metadata(statement) => {}
            None => reading.unread = reading.unread.or(Some(range)),
        }
    }
    let remade = remade(&parsed, made);
    for (statement, range) in &parsed {
        for text in taken(statement, &remade) {
            reading.actions.push(Action { text, range: range.clone() });
        }
    }
    Some(reading)
}

/// The statement that all of the tokens are.
fn parsed_with(dialect: &dyn Dialect, tokens: &[TokenWithSpan]) -> Option<Statement> {
    let mut parser = Parser::new(dialect).with_recursion_limit(DEEPEST).with_tokens_with_locations(tokens.to_vec());
    let statement = parser.parse_statement().ok()?;
    (parser.peek_token().token == Token::EOF).then_some(statement)
}

/// The same tokens with bare names.
fn unquoted(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let bare = |token: &TokenWithSpan| match &token.token {
        Token::Word(word) if word.quote_style.is_some() => {
            let keyword = sqlparser::keywords::Keyword::NoKeyword;
            let word = Word { quote_style: None, keyword, ..word.clone() };
            TokenWithSpan { token: Token::Word(word), span: token.span }
        }
        _ => token.clone(),
    };
    tokens.iter().map(bare).collect()
}

fn is_blank(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Whitespace(_) | Token::EOF)
}

fn is_additive(statement: &[TokenWithSpan]) -> bool {
    statement.iter().find(|token| !is_blank(token)).is_some_and(|first| match &first.token {
        Token::Word(word) => ADDITIVE.iter().any(|known| word.value.eq_ignore_ascii_case(known)),
        _ => false,
    })
}

/// The words and signs of a statement.
fn words(statement: &[TokenWithSpan]) -> impl DoubleEndedIterator<Item = String> + Clone {
    statement.iter().filter(|token| !is_blank(token)).map(|token| token.token.to_string())
}

/// The table that a statement makes whose further words the parser does not know (`PARTITION BY RANGE (…)`).
fn created(statement: &[TokenWithSpan]) -> Option<String> {
    let is = |word: &str, one: &[&str]| one.iter().any(|known| word.eq_ignore_ascii_case(known));
    let mut rest = words(statement).skip_while(|word| is(word, &["CREATE", "UNLOGGED", "FOREIGN", "OR", "REPLACE"]));
    if !is(&rest.next()?, &["TABLE"]) {
        return None;
    }
    let name = rest.skip_while(|word| is(word, &["IF", "NOT", "EXISTS"])).take_while(|word| word != "(");
    let name: String = name.take_while(|word| !is(word, &["AS", "PARTITION", "LIKE"])).collect();
    (!name.is_empty()).then(|| plain(&name))
}

/// Whether a statement that the parser does not know changes nothing but whose an object is, or how it is kept:
/// `ALTER PROCEDURE p(integer) OWNER TO shop`, `ALTER TABLE t ALTER COLUMN c SET STORAGE EXTENDED`.
/// <https://www.postgresql.org/docs/current/sql-alterprocedure.html>, <https://www.postgresql.org/docs/current/sql-altertable.html>
fn is_of_metadata(statement: &[TokenWithSpan]) -> bool {
    let last: Vec<String> = words(statement).rev().skip(1).take(2).map(|word| word.to_ascii_uppercase()).collect();
    let alone = !words(statement).any(|word| ["DROP", "RENAME", "TYPE"].iter().any(|it| word.eq_ignore_ascii_case(it)));
    let alters = words(statement).next().is_some_and(|first| first.eq_ignore_ascii_case("ALTER"));
    alters && alone && (last == ["TO", "OWNER"] || last == ["STORAGE", "SET"])
}

/// Tables that the script itself makes, under the name it gives them and the one it gives them later: dropped before
/// they are created, or made anew and put in the old one's place, as `SQLite` alters a table
/// (<https://www.sqlite.org/lang_altertable.html#otheralter>).
fn remade(statements: &[(Statement, Range<usize>)], mut made: BTreeSet<String>) -> BTreeSet<String> {
    for (statement, _) in statements {
        if let Statement::CreateTable(table) = statement {
            made.insert(plain(&table.name.to_string()));
        }
    }
    for (statement, _) in statements {
        let Statement::AlterTable(table) = statement else { continue };
        for operation in &table.operations {
            if let AlterTableOperation::RenameTable {
                table_name: RenameTableNameKind::As(name) | RenameTableNameKind::To(name),
            } = operation
                && made.contains(&plain(&table.name.to_string()))
            {
                made.insert(plain(&beside(&table.name.to_string(), &name.to_string())));
            }
        }
    }
    made
}

/// The full name of a table that is given a new one: it stays in its schema.
fn beside(table: &str, name: &str) -> String {
    match table.rsplit_once('.') {
        Some((schema, _)) if !name.contains('.') => format!("{schema}.{name}"),
        _ => name.to_owned(),
    }
}

/// A name without quotes, in lower case.
fn plain(name: &str) -> String {
    name.replace(['"', '`', '[', ']'], "").to_lowercase()
}

/// What a statement takes away.
fn taken(statement: &Statement, remade: &BTreeSet<String>) -> Vec<String> {
    let own = |name: &str| remade.contains(&plain(name));
    match statement {
        Statement::Drop { object_type, names, temporary: false, .. }
            if matches!(object_type, ObjectType::Table | ObjectType::Schema | ObjectType::Database) =>
        {
            let gone = names.iter().map(ToString::to_string).filter(|name| !own(name));
            gone.map(|name| format!("DROP {object_type} {name}")).collect()
        }
        Statement::Truncate(truncate) => {
            let tables: Vec<String> = truncate.table_names.iter().map(|table| table.name.to_string()).collect();
            vec![format!("TRUNCATE {}", tables.join(", "))]
        }
        Statement::Delete(delete) if delete.selection.is_none() && delete.limit.is_none() => {
            vec![format!("{statement}")]
        }
        Statement::RenameTable(renamed) => {
            renamed.iter().map(|it| format!("RENAME TABLE {} TO {}", it.old_name, it.new_name)).collect()
        }
        Statement::AlterTable(table) if !own(&table.name.to_string()) => {
            table.operations.iter().filter_map(altered).collect()
        }
        _ => Vec::new(),
    }
}

/// What an `ALTER TABLE` takes away.
fn altered(operation: &AlterTableOperation) -> Option<String> {
    let takes = match operation {
        AlterTableOperation::DropColumn { .. }
        | AlterTableOperation::RenameColumn { .. }
        | AlterTableOperation::RenameTable { .. }
        | AlterTableOperation::SwapWith { .. } => true,
        AlterTableOperation::AlterColumn { op, .. } => match op {
            AlterColumnOperation::SetNotNull => true,
            AlterColumnOperation::SetDataType { data_type, .. } => !is_wide(data_type),
            _ => false,
        },
        AlterTableOperation::ChangeColumn { old_name, new_name, options, data_type, .. } => {
            old_name.value != new_name.value || is_required(options) || !is_wide(data_type)
        }
        AlterTableOperation::ModifyColumn { options, data_type, .. } => is_required(options) || !is_wide(data_type),
        AlterTableOperation::AddColumn { column_def, .. } => {
            let options: Vec<ColumnOption> = column_def.options.iter().map(|it| it.option.clone()).collect();
            is_required(&options)
                && !matches!(&column_def.data_type, DataType::Custom(name, _) if is_serial(&name.to_string()))
        }
        _ => false,
    };
    takes.then(|| operation.to_string())
}

/// Whether the version before, which does not name the column, could no longer insert a row.
fn is_required(options: &[ColumnOption]) -> bool {
    let filled = |option: &ColumnOption| {
        matches!(option, ColumnOption::Default(_) | ColumnOption::Generated { .. } | ColumnOption::Identity(_))
            || matches!(option, ColumnOption::DialectSpecific(tokens) if tokens.iter().any(|it| it.to_string().eq_ignore_ascii_case("AUTO_INCREMENT")))
    };
    options.iter().any(|option| matches!(option, ColumnOption::NotNull)) && !options.iter().any(filled)
}

fn is_serial(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with("serial")
}

/// Types that hold whatever a narrower one held, so that the version before still reads and writes them.
fn is_wide(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Text
            | DataType::LongText
            | DataType::MediumText
            | DataType::BigInt(_)
            | DataType::Int8(_)
            | DataType::Float8
            | DataType::Double(_)
            | DataType::DoublePrecision
            | DataType::Bytea
            | DataType::Numeric(sqlparser::ast::ExactNumberInfo::None)
            | DataType::Varchar(None)
            | DataType::JSONB
    )
}

/// Whether a column of this type, as SQL writes it, holds whatever a narrower one held.
pub(super) fn is_wide_type(written: &str) -> bool {
    let dialect = PostgreSqlDialect {};
    let parser = Parser::new(&dialect).with_recursion_limit(DEEPEST).try_with_sql(written);
    parser.is_ok_and(|mut parser| {
        parser.parse_data_type().is_ok_and(|data_type| is_wide(&data_type)) && parser.peek_token().token == Token::EOF
    })
}

/// Byte offsets of the parser's lines and columns.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// The offset of a location: both count from 1, columns in characters.
    fn offset(&self, location: Location) -> usize {
        let line = usize::try_from(location.line).unwrap_or(usize::MAX).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(self.text.len());
        let column = usize::try_from(location.column).unwrap_or(usize::MAX).saturating_sub(1);
        let rest = self.text.get(start..).unwrap_or_default();
        start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
    }

    /// The bytes of a statement; nothing where it is only space and comments.
    fn range(&self, statement: &[TokenWithSpan]) -> Option<Range<usize>> {
        let first = statement.iter().find(|token| !is_blank(token))?;
        let last = statement.iter().rfind(|token| !is_blank(token))?;
        Some(self.offset(first.span.start)..self.offset(last.span.end).max(self.offset(first.span.start)))
    }
}

/// Whether a statement of which only the beginning is written takes nothing away: it adds or changes rows, or adds to
/// the schema.
pub(super) fn begins_harmlessly(statement: &str) -> bool {
    let first = statement.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    first == "UPDATE" || ADDITIVE.contains(&first.as_str())
}

/// Whether a script says nothing: a way down that was never written.
pub(super) fn is_empty(script: &str) -> bool {
    let tokens = Tokenizer::new(&GenericDialect {}, script).tokenize();
    tokens.is_ok_and(|tokens| {
        tokens.iter().all(|token| {
            matches!(
                token,
                Token::Whitespace(Whitespace::Space | Whitespace::Tab | Whitespace::Newline) | Token::SemiColon
            ) || matches!(token, Token::Whitespace(_))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actions(script: &str) -> Vec<String> {
        read(script).actions.into_iter().map(|action| action.text).collect()
    }

    #[test]
    fn what_is_taken_away_is_told_from_what_is_added() {
        assert_eq!(actions("ALTER TABLE users DROP COLUMN email;"), ["DROP COLUMN email"]);
        assert_eq!(actions("drop table if exists a, b cascade"), ["DROP TABLE a", "DROP TABLE b"]);
        assert_eq!(actions("ALTER TABLE users RENAME COLUMN a TO b"), ["RENAME COLUMN a TO b"]);
        assert_eq!(actions("ALTER TABLE users RENAME TO people"), ["RENAME TO people"]);
        assert_eq!(actions("ALTER TABLE users ALTER COLUMN n SET NOT NULL"), ["ALTER COLUMN n SET NOT NULL"]);
        assert_eq!(actions("ALTER TABLE users ALTER COLUMN n TYPE integer USING n::integer").len(), 1);
        assert_eq!(actions("ALTER TABLE users ADD COLUMN n text NOT NULL").len(), 1);
        assert_eq!(actions("ALTER TABLE `users` MODIFY `n` varchar(10) NOT NULL").len(), 1);
        assert_eq!(actions("ALTER TABLE \"T\" ADD COLUMN \"c\" \"Colour\" NOT NULL").len(), 1);
        assert_eq!(actions("TRUNCATE TABLE sessions"), ["TRUNCATE sessions"]);
        assert_eq!(actions("DELETE FROM sessions"), ["DELETE FROM sessions"]);
        for kept in [
            "CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL);",
            "ALTER TABLE users ADD COLUMN n text",
            "ALTER TABLE users ADD COLUMN n text NOT NULL DEFAULT ''",
            "ALTER TABLE users ALTER COLUMN n TYPE bigint",
            "ALTER TABLE users DROP CONSTRAINT users_email_key",
            "CREATE INDEX CONCURRENTLY i ON users (email)",
            "DROP INDEX i",
            "DROP VIEW v",
            "DELETE FROM sessions WHERE expired",
            "-- DROP TABLE users;",
            "INSERT INTO users VALUES ('; DROP TABLE users')",
            "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN DELETE FROM x; RETURN NEW; END $$ LANGUAGE plpgsql",
        ] {
            let reading = read(kept);
            assert_eq!((reading.actions.len(), reading.unread), (0, None), "{kept}");
        }
    }

    #[test]
    fn a_table_that_the_script_remakes_is_not_gone() {
        assert_eq!(
            actions(
                "CREATE TABLE new_users (id integer); INSERT INTO new_users SELECT id FROM users; \
                 DROP TABLE users; ALTER TABLE new_users RENAME TO users;"
            ),
            [""; 0]
        );
        assert_eq!(actions("DROP TABLE IF EXISTS t; CREATE TABLE t (id int);"), [""; 0]);
    }

    #[test]
    fn what_is_not_understood_is_not_called_safe() {
        let script = "SELECT 1;\nDO $$ BEGIN EXECUTE 'DROP TABLE x'; END $$;\n";
        let unread = read(script).unread.unwrap();
        assert!(script[unread].starts_with("DO $$"));
        assert!(read("ALTER TABLE ((((").unread.is_some());
        assert!(read(&"x".repeat(LONGEST + 1)).unread.is_some());
    }

    #[test]
    fn what_the_parser_does_not_know_may_be_plain() {
        for kept in [
            "ALTER PROCEDURE cfg.purge(integer, date) OWNER TO cfg;",
            "ALTER TABLE IF EXISTS ${schema}.t OWNER to ${schema};",
            "ALTER TABLE t ALTER COLUMN payload SET STORAGE EXTENDED;",
            "CREATE TABLE IF NOT EXISTS s.t_new (n text COLLATE pg_catalog.\"default\") partition by range (\"n\");\n\
             ALTER TABLE s.t RENAME TO t_old; ALTER TABLE s.t_new RENAME TO t;",
        ] {
            let reading = read(kept);
            assert_eq!((reading.actions.len(), reading.unread), (0, None), "{kept}");
        }
        assert!(read("ALTER PROCEDURE p(integer) RENAME TO q").unread.is_some());
        assert_eq!(actions("CREATE TABLE x (id int); ALTER TABLE s.t RENAME TO t_old;").len(), 1);
    }

    #[test]
    fn parameters_may_be_part_of_a_name() {
        assert_eq!(actions("ALTER TABLE ${schema}.t RENAME TO t_old;"), ["RENAME TO t_old"]);
        assert_eq!(actions("DROP TABLE ${app.schema}.t_${year};"), ["DROP TABLE ${app.schema}.t_${year}"]);
        assert_eq!(read("CREATE TABLE IF NOT EXISTS ${schema}.t (id int);").unread, None);
        for open in ["DELETE FROM t ${where}", "${statement};", "DROP ${kind} t"] {
            let reading = read(open);
            assert!(reading.actions.is_empty() && reading.unread.is_some(), "{open}");
        }
    }

    #[test]
    fn ranges_are_bytes() {
        let script = "-- ünïcode\nSELECT 'é';\n  ALTER TABLE t\n    DROP COLUMN c;\n";
        let action = &read(script).actions[0];
        assert_eq!(&script[action.range.clone()], "ALTER TABLE t\n    DROP COLUMN c");
    }

    #[test]
    fn a_script_of_comments_is_empty() {
        assert!(is_empty("-- nothing to do\n;\n/* really */"));
        assert!(!is_empty("SELECT 1"));
    }

    proptest::proptest! {
        #[test]
        fn any_script_is_read(script in "(?s).{0,400}") {
            let reading = read(&script);
            for action in &reading.actions {
                proptest::prop_assert!(script.get(action.range.clone()).is_some());
            }
            if let Some(unread) = reading.unread {
                proptest::prop_assert!(script.get(unread).is_some());
            }
        }
    }
}

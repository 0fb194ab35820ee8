//! Commands in code blocks → those that destroy something, and those that name something of this repository. Uses
//! `outline`, `destruction` and `model`.
//!
//! Shell words are split by `shlex`; what does not split is passed over. A word with a variable, a placeholder or a
//! pattern in it names nothing.

use std::collections::BTreeSet;

use super::destruction::{self, Guard};
use super::outline::{LineKind, Outline};
use crate::extract::Input;
use crate::model::Fact;
use crate::model::runbook::{Command, Named, NamedKind};
use crate::source::Span;
use crate::tree::Text;

/// Languages of blocks that hold commands.
const SHELLS: &[&str] =
    &["", "sh", "shell", "bash", "console", "zsh", "terminal", "shell-session", "shellsession", "sh-session", "text"];

/// Languages of blocks that hold statements.
const SQL: &[&str] = &["sql", "postgresql", "postgres", "psql", "mysql", "plsql"];

/// Programs after which a block speaks of another machine, folder or repository.
const ELSEWHERE: &[&str] = &[
    "ssh",
    "cd",
    "git",
    "docker",
    "docker-compose",
    "vagrant",
    "pushd",
    "chroot",
    "tsh",
    "scp",
    "sftp",
    "wget",
    "nsenter",
];

/// More commands than a page has.
const MOST: usize = 2_000;

/// What is shown of a command.
const SHOWN: usize = 80;

/// A command, and the line it stands in.
struct Line {
    words: Vec<String>,
    text: String,
    span: Span,
}

/// The commands of a page that a rule may have something to say about.
pub(super) fn read(input: &Input<'_>, outline: &Outline<'_>) -> Vec<Command> {
    let guard = Guard::new(outline);
    let mut found: Vec<Command> = Vec::new();
    let (mut made, mut spoken) = (BTreeSet::new(), BTreeSet::new());
    for block in &outline.page.code {
        let language = block.language.to_lowercase();
        if SQL.contains(&language.as_str()) {
            for (text, span) in lines(input, outline, block.span) {
                if destruction::sql(&text) {
                    found.push(command(input, &text, span, true, Vec::new(), &guard));
                }
            }
        } else if SHELLS.contains(&language.as_str()) {
            let commands = shell(&lines(input, outline, block.span));
            let elsewhere = commands.iter().any(|line| ELSEWHERE.contains(&program(&line.words).0));
            let mut here = Vec::new();
            for line in &commands {
                let mut names =
                    if elsewhere { super::named::by_cluster(&line.words) } else { super::named::by_all(&line.words) };
                // What goes is what the page itself made above, or stands within it.
                let gone = super::named::gone(&line.words);
                let gone = if gone.is_empty() { &names } else { &gone };
                let own = !gone.is_empty() && gone.iter().all(|name| made.contains(&of_page(name)));
                let destroys = destruction::shell(&line.words) && !own;
                names.retain(|name| !made.contains(&of_page(name)));
                // What the page speaks of before it makes it was there before: a copy that takes its name.
                let new = super::named::made(&line.words);
                made.extend(new.iter().map(of_page).filter(|name| !spoken.contains(name)));
                spoken.extend(names.iter().map(of_page));
                if destroys || !names.is_empty() {
                    here.push(command(input, &line.text, line.span, destroys, names, &guard));
                }
            }
            found.extend(here);
        }
        if found.len() >= MOST {
            break;
        }
    }
    found.truncate(MOST);
    found
}

/// A name as a page speaks of it, wherever it stands.
fn of_page(name: &Named) -> (NamedKind, Text) {
    (name.kind, name.name.clone())
}

fn command(input: &Input<'_>, text: &str, span: Span, destructive: bool, names: Vec<Named>, guard: &Guard) -> Command {
    let shown: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).take(SHOWN).collect();
    Command {
        name: Text::from(shown.trim()),
        place: input.place(span, &[]),
        destructive,
        guarded: Fact::known(guard.covers(span.start as usize, text), span),
        names,
        ..Command::default()
    }
}

/// The lines of a block between its fences, with their places.
fn lines(input: &Input<'_>, outline: &Outline<'_>, block: Span) -> Vec<(String, Span)> {
    let first = outline.lines.partition_point(|line| line.start + line.text.len() < block.start as usize);
    let inside = outline.lines.iter().skip(first).take_while(|line| line.start < block.end as usize);
    inside
        .filter(|line| line.kind == LineKind::Code)
        .map(|line| (line.text.trim().to_owned(), line.start + (line.text.len() - line.text.trim_start().len())))
        .filter(|(text, _)| !text.is_empty() && !text.starts_with("```") && !text.starts_with("~~~"))
        .map(|(text, start)| {
            let end = start + text.len();
            (text, Span::new(input.id, start, end))
        })
        .collect()
}

/// The simple commands of a block. Where some lines have a prompt, only those are typed; the others are answers.
fn shell(lines: &[(String, Span)]) -> Vec<Line> {
    let prompted = lines.iter().any(|(text, _)| typed(text).is_some());
    let mut commands = Vec::new();
    let mut heredoc: Option<String> = None;
    let mut pending: Option<(String, Span)> = None;
    for (text, span) in lines {
        if let Some(end) = &heredoc {
            if text == end {
                heredoc = None;
            }
            continue;
        }
        let entered = typed(text);
        if prompted && entered.is_none() && pending.is_none() {
            continue;
        }
        let text = entered.unwrap_or(text);
        if text.starts_with('#') {
            continue;
        }
        let (whole, span) = match pending.take() {
            Some((before, start)) => (format!("{before} {text}"), start),
            None => (text.to_owned(), *span),
        };
        if let Some(before) = whole.strip_suffix('\\').filter(|before| before.len() < LONGEST) {
            pending = Some((before.to_owned(), span));
            continue;
        }
        heredoc = whole.split_once("<<").map(|(_, rest)| {
            let word = rest.trim_start_matches(['-', '<', ' ']).split_whitespace().next().unwrap_or_default();
            word.trim_matches(['"', '\'']).to_owned()
        });
        heredoc =
            heredoc.filter(|end| !end.is_empty() && end.chars().all(|it| it.is_ascii_alphanumeric() || it == '_'));
        if whole.len() < LONGEST {
            commands.extend(split(&whole, span));
        }
    }
    commands
}

/// What stands after a prompt: `$ ls`, `/prometheus $ ls`, `user@host:~$ ls`.
fn typed(line: &str) -> Option<&str> {
    let (prompt, rest) = line.split_once("$ ")?;
    let place = prompt.trim_end();
    let fits = place.is_empty() || place.starts_with(['/', '~', '[']) || place.contains('@');
    let plain = place.chars().all(|it| it.is_ascii_alphanumeric() || "-_./~@:[]()".contains(it));
    (fits && plain && place.len() < 60).then_some(rest.trim_start())
}

/// Longer than anything that is typed.
const LONGEST: usize = 4_096;

/// The simple commands of a line.
fn split(line: &str, span: Span) -> Vec<Line> {
    let Some(words) = shlex::split(line) else { return Vec::new() };
    let mut commands = vec![Vec::new()];
    for word in words {
        let ends = matches!(word.as_str(), "|" | "||" | "&&" | ";" | "&" | "then" | "do" | "{" | "(");
        let last = word.strip_suffix(';').map(str::to_owned);
        if let Some(current) = commands.last_mut()
            && !ends
        {
            current.push(last.clone().unwrap_or(word));
        }
        if ends || last.is_some() {
            commands.push(Vec::new());
        }
    }
    let line = |words: Vec<String>| Line { text: words.join(" "), words, span };
    commands.into_iter().filter(|words| !words.is_empty()).map(line).collect()
}

/// What stands before a program without being one.
const LEADING: &[&str] = &["sudo", "time", "exec", "nohup", "watch", "env", "command", "-"];

/// The program of a command and the words after it.
pub(super) fn program(words: &[String]) -> (&str, &[String]) {
    let assigns = |word: &str| {
        word.split_once('=')
            .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|it| it.is_alphanumeric() || it == '_'))
    };
    let skipped = words.iter().take_while(|word| LEADING.contains(&word.as_str()) || assigns(word)).count();
    match words.get(skipped..) {
        Some([program, rest @ ..]) => (program, rest),
        _ => ("", &[]),
    }
}

/// The kinds of names, for tests and for `named`.
pub(super) fn named(kind: NamedKind, name: &str, within: &str) -> Named {
    Named { kind, name: name.into(), within: within.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed_in(block: &[&str]) -> Vec<String> {
        let lines: Vec<(String, Span)> = block.iter().map(|line| ((*line).to_owned(), Span::default())).collect();
        shell(&lines).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn commands_are_told_from_what_they_answer() {
        assert_eq!(
            typed_in(&["# a comment", "ls | wc -l; pwd", "sudo rm x &&", "id"]),
            ["ls", "wc -l", "pwd", "sudo rm x", "id"]
        );
        assert_eq!(
            typed_in(&["$ ls \\", "-l", "total 3", "/data $ rm -r wal", "me@host:~$ id"]),
            ["ls -l", "rm -r wal", "id"]
        );
        assert_eq!(typed_in(&["cat <<EOF", "rm -rf /", "EOF", "id"]), ["cat <<EOF", "id"]);
        assert_eq!(typed_in(&["echo 'open", "id"]), ["id"]);
    }
}

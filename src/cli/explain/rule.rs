//! The page of a rule: why, how to mend it, and an example of each kind taken from its fixtures. Uses `rule`.

use std::collections::BTreeSet;
use std::io::{self, Write};

use include_dir::{Dir, DirEntry};

use crate::rule::{Rule, embedded_fixtures};

/// The rule's page.
pub(super) fn explain(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    let meta = &rule.meta;
    writeln!(out, "{}: {}\n", meta.id, meta.title)?;
    writeln!(out, "  severity  {}", meta.severity)?;
    writeln!(out, "  question  {}", meta.question.text())?;
    writeln!(out, "  about     each {}", rule.subject)?;
    if !meta.enabled {
        writeln!(out, "  asked     only where --select names it, or twoam.toml gives it a severity")?;
    }
    writeln!(out)?;
    writeln!(out, "Why\n{}\n", indent(&meta.why))?;
    writeln!(out, "How to fix\n{}\n", indent(&meta.fix))?;
    if let Some((failing, passing)) = examples(&meta.id) {
        writeln!(out, "A failing example\n{}", shown(failing))?;
        writeln!(out, "A passing example\n{}", shown(passing))?;
    }
    if !meta.references.is_empty() {
        writeln!(out, "Read more")?;
        for reference in &meta.references {
            writeln!(out, "  {reference}")?;
        }
        writeln!(out)?;
    }
    writeln!(out, "To waive it, with a reason, on the line or the line above:")?;
    writeln!(out, "  # twoam: ignore[{}] until 2027-01-31 the reason", meta.id)?;
    let same = crate::audit::same_checks(&meta.id);
    if !same.is_empty() {
        writeln!(out, "A comment for Checkov, tfsec or Trivy that says why this is accepted waives it as well:")?;
        writeln!(out, "  {}", same.join(", "))?;
    }
    Ok(())
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {}", line.trim_end())).collect::<Vec<_>>().join("\n")
}

/// The first failing fixture of a rule, and the passing one that differs least from it: that difference is what the rule
/// asks for.
fn examples(id: &str) -> Option<(&'static Dir<'static>, &'static Dir<'static>)> {
    let mut fixtures: Vec<&Dir<'_>> = embedded_fixtures().get_dir(id)?.dirs().collect();
    fixtures.sort_by_key(|fixture| fixture.path());
    let kind = |prefix: &'static str| {
        fixtures.iter().copied().filter(move |fixture| {
            fixture.path().file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix))
        })
    };
    let failing = kind("fail").next()?;
    // A waiver is no cure.
    let cures = kind("pass").filter(|fixture| !shown(fixture).contains("twoam: ignore["));
    let passing = cures.min_by_key(|passing| difference(&shown(failing), &shown(passing)))?;
    Some((failing, passing))
}

/// How many lines stand in one text only. Those that the second adds weigh less: a cure is added more often than not.
fn difference(from: &str, to: &str) -> usize {
    let without = |text: &str, other: &str| {
        let lines: BTreeSet<&str> = other.lines().map(str::trim).collect();
        text.lines().filter(|line| !lines.contains(line.trim())).count()
    };
    2 * without(from, to) + without(to, from)
}

/// The files of a fixture, without its markers.
fn shown(fixture: &Dir<'_>) -> String {
    let mut files = Vec::new();
    collect(fixture, &mut files);
    files.sort();
    let mut shown = String::new();
    for (path, text) in files {
        let path = path.strip_prefix(fixture.path()).unwrap_or(path);
        shown.extend(["  ", &path.display().to_string(), "\n"]);
        for line in text.lines() {
            match without_marker(line) {
                Some("") if !line.trim().is_empty() => {}
                Some(line) => shown.extend(["    ", line.trim_end()]),
                None => continue,
            }
            shown.push('\n');
        }
    }
    shown
}

fn collect<'d>(folder: &'d Dir<'d>, files: &mut Vec<(&'d std::path::Path, &'d str)>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => collect(folder, files),
            DirEntry::File(file) => files.extend(file.contents_utf8().map(|text| (file.path(), text))),
        }
    }
}

/// A line without its `expect:` comment; `None` for a line that is nothing else.
fn without_marker(line: &str) -> Option<&str> {
    let Some(at) = line.find("expect: ").or_else(|| line.find("expect-unknown: ")) else { return Some(line) };
    let before = line.get(..at)?.trim_end().trim_end_matches(['#', '/', '<', '!', '-']).trim_end();
    (!before.is_empty()).then_some(before)
}

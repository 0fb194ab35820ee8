//! The README is true: every command in it runs, and what it shows is what comes out.

use std::path::Path;

use super::support::{TODAY, lantern, twoam};

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// Commands of `console` blocks with the output that follows them.
fn sessions() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in readme().lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside {
            match line.strip_prefix("$ ") {
                Some(command) => found.push((command.to_owned(), String::new())),
                None => {
                    if let Some((_, output)) = found.last_mut() {
                        output.push_str(line);
                        output.push('\n');
                    }
                }
            }
        }
    }
    found
}

#[test]
fn every_twoam_command_runs_and_shows_what_the_readme_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut run = 0;
    for (command, shown) in sessions() {
        let Some(arguments) =
            command.strip_prefix("cargo run --release -- ").or_else(|| command.strip_prefix("twoam "))
        else {
            continue;
        };
        let mut arguments: Vec<&str> = arguments.split_whitespace().collect();
        arguments.extend(["--today", TODAY]);
        let answer = twoam(root, &arguments);
        assert!(answer.code < 2, "{command}\n{}", answer.err);
        // A line `…` stands for any number of lines.
        let mut rest = answer.out.as_str();
        for part in shown.split("…\n").map(str::trim_end).filter(|part| !part.is_empty()) {
            let at = rest.find(part);
            assert!(at.is_some(), "`{command}` does not print\n{part}\nbut\n{}", answer.out);
            rest = &rest[at.unwrap() + part.len()..];
        }
        run += 1;
    }
    assert!(run >= 3, "only {run} commands found");
}

#[test]
fn every_file_the_readme_links_to_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in readme().split("](").skip(1) {
        let target = part.split(')').next().unwrap();
        if !target.starts_with("http") && !target.starts_with('#') {
            assert!(root.join(target.split('#').next().unwrap()).exists(), "{target}");
        }
    }
}

/// The rows of a page's tables, cell by cell.
fn rows(page: &str) -> impl Iterator<Item = Vec<&str>> {
    page.lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
}

/// What stands between backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn the_example_says_of_itself_what_is_found_in_it() {
    let page = std::fs::read_to_string(lantern().join("README.md")).unwrap();
    let page = page.split_once("\n## The gaps").unwrap().1;
    let (gaps, none) = page.split_once("\n## What only looks like a gap").unwrap();
    let out = twoam(&lantern(), &["--format", "concise", "--today", TODAY]).out;
    let found = |rule: &str, place: &str| {
        let place = if place.contains(':') { format!("{place}:") } else { place.to_owned() };
        out.lines().any(|line| line.starts_with(&place) && (rule.is_empty() || line.contains(&format!("[{rule}]"))))
    };
    let (mut read, mut wrong) = (0, Vec::new());
    for row in rows(gaps) {
        for (rule, place) in quoted(row[1]).zip(quoted(row[2])) {
            read += 1;
            if !found(rule, place) {
                wrong.push(format!("not found: {rule} at {place}"));
            }
        }
    }
    assert!(read >= 35, "{read} gaps were read");
    for row in rows(none) {
        let rules = if row[0] == "Anything" { vec![""] } else { quoted(row[0]).collect() };
        for (rule, place) in rules.iter().flat_map(|rule| quoted(row[1]).map(move |place| (*rule, place))) {
            read += 1;
            if found(rule, place) {
                wrong.push(format!("found: {rule} at {place}"));
            }
        }
    }
    assert!(read >= 47, "{read} places were read");
    assert!(wrong.is_empty(), "{}\n{out}", wrong.join("\n"));
}

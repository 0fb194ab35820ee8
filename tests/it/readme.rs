//! The README is true: every command in it runs, and what it shows is what comes out.

use std::path::Path;

use super::support::{TODAY, twoam};

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

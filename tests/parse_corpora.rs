//! Parses real repositories and prints what became of them. Run by hand:
//! `TWOAM_CORPORA=/path/to/checkouts cargo test --release --test parse_corpora -- --ignored --nocapture`.

#![allow(clippy::print_stdout, reason = "figures for whoever runs it")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use twoam::parse::{Parsed, json, toml, yaml};
use twoam::source::SourceId;
use twoam::tree::{Node, Value};

#[derive(Default)]
struct Figures {
    files: usize,
    bytes: usize,
    templates: usize,
    lost: usize,
    complaints: usize,
    scalars: usize,
    /// Scalars under whose span something else stands.
    astray: usize,
    comments: usize,
    time: Duration,
}

#[test]
#[ignore = "reads the folder that TWOAM_CORPORA names"]
fn real_files_are_read() {
    let root = std::env::var_os("TWOAM_CORPORA").expect("TWOAM_CORPORA names a folder");
    let mut files = Vec::new();
    list(Path::new(&root), &mut files);
    files.sort();
    let mut all = 0;
    for extension in ["yaml", "yml", "json", "toml"] {
        let of_format = files.iter().filter(|path| path.extension().is_some_and(|found| found == extension));
        let figures = read_all(extension, of_format);
        #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
        let speed = figures.bytes as f64 / 1e6 / figures.time.as_secs_f64();
        println!(
            "{extension}: {} files, {} bytes, {} templates, {} lost, {} with other problems, {} scalars, {} comments, {speed:.0} MB/s",
            figures.files,
            figures.bytes,
            figures.templates,
            figures.lost,
            figures.complaints,
            figures.scalars,
            figures.comments,
        );
        assert_eq!(figures.astray, 0, "{extension}: spans under which something else stands");
        all += figures.files;
    }
    assert!(all > 0, "there was nothing to read");
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => list(&entry.path(), files),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
}

fn read_all<'p>(extension: &str, files: impl Iterator<Item = &'p PathBuf>) -> Figures {
    let mut figures = Figures::default();
    for path in files {
        let Ok(text) = std::fs::read_to_string(path) else {
            println!("{}: not UTF-8", path.display());
            continue;
        };
        figures.files += 1;
        if extension.starts_with('y') && yaml::is_template(&text) {
            figures.templates += 1;
            println!("{}: template", path.display());
            continue;
        }
        let parse: fn(SourceId, &str) -> Parsed = match extension {
            "json" => json::parse,
            "toml" => toml::parse,
            _ => yaml::parse,
        };
        let start = Instant::now();
        let parsed = parse(SourceId(0), &text);
        figures.time += start.elapsed();
        figures.bytes += text.len();
        figures.comments += parsed.document.comments.len();
        figures.lost += usize::from(parsed.problems.iter().any(|problem| problem.message.starts_with("not valid")));
        figures.complaints +=
            usize::from(parsed.problems.iter().any(|problem| !problem.message.starts_with("not valid")));
        for problem in &parsed.problems {
            let offset = problem.span.expect("parsers name the place").start as usize;
            let line = text[..offset].matches('\n').count() + 1;
            println!("{}:{line}: {}", path.display(), problem.message);
        }
        for document in parsed.document.values() {
            check(&text, document, parse, extension, &mut figures, path);
        }
    }
    figures
}

/// Reads again what stands under each scalar's span.
fn check(
    text: &str,
    node: &Node,
    parse: fn(SourceId, &str) -> Parsed,
    extension: &str,
    figures: &mut Figures,
    path: &Path,
) {
    let written = &text[node.span.start as usize..node.span.end as usize];
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| check(text, item, parse, extension, figures, path)),
        Value::Map(map) => {
            map.entries.iter().for_each(|entry| check(text, &entry.value, parse, extension, figures, path));
        }
        Value::Unknown(_) => {}
        value => {
            figures.scalars += 1;
            let again = if extension == "toml" { format!("a = {written}") } else { written.to_owned() };
            let again = parse(SourceId(0), &again);
            let again = again.document.values().first();
            let again = if extension == "toml" { again.and_then(|root| root.get("a")) } else { again };
            if again.map_or(&Value::Null, |node| &node.value) != value {
                figures.astray += 1;
                println!("{}: span of {value:?} is {written:?}", path.display());
            }
        }
    }
}

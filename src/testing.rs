//! Runs rules against their fixtures, ours and users'. Uses `audit` and `rule`.
//!
//! A fixture is a small repository, `<family>/<name>/{pass,fail,unknown}*/`. A comment `expect: family/name` marks a line
//! where the rule must report a gap, `expect-unknown: family/name` one where it must say that it cannot tell. A comment
//! that stands alone on its line speaks of the next line. Matching is strict both ways: what is not marked must not be
//! reported. Other rules that fire in a fixture are no concern of it. Files as they once were stand in
//! `.twoam/history/<YYYY-MM-DD>/` of a fixture.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::audit::{Audit, Request};
use crate::evaluate::Outcome;
use crate::history::{Past, Recorded};

/// What came of one fixture.
#[derive(Debug)]
pub struct Tested {
    /// The rule.
    pub rule: String,
    /// The fixture's folder.
    pub folder: PathBuf,
    /// What was reported though no line asks for it: `path:line`.
    pub noisy: Vec<String>,
    /// What a line asks for and was not reported: `path:line`.
    pub missing: Vec<String>,
    /// What kept the fixture from being judged, or is wrong with it.
    pub broken: Vec<String>,
}

impl Tested {
    /// Whether the rule did just what the fixture says.
    pub fn passed(&self) -> bool {
        self.noisy.is_empty() && self.missing.is_empty() && self.broken.is_empty()
    }
}

/// Runs every fixture below `fixtures`, with the rules of `rule_folders` beside the built-in ones.
///
/// # Errors
/// When the folder of fixtures cannot be listed.
pub fn run(fixtures: &Path, rule_folders: &[PathBuf]) -> std::io::Result<Vec<Tested>> {
    let mut tested = Vec::new();
    for family in folders(fixtures)? {
        for name in folders(&family)? {
            for fixture in folders(&name)? {
                let id = format!("{}/{}", file_name(&family), file_name(&name));
                tested.push(test(&id, &fixture, rule_folders));
            }
        }
    }
    Ok(tested)
}

fn folders(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(folder).min_depth(1).max_depth(1).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_dir() {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What a marker or a report says: outcome, then `path:line`.
type Report = (&'static str, String);

fn test(rule: &str, folder: &Path, rule_folders: &[PathBuf]) -> Tested {
    let mut tested = Tested {
        rule: rule.to_owned(),
        folder: folder.to_owned(),
        noisy: Vec::new(),
        missing: Vec::new(),
        broken: Vec::new(),
    };
    let mut request = Request::new(vec![folder.to_owned()]);
    request.rule_folders = rule_folders.to_vec();
    request.select = vec![rule.to_owned()];
    request.today = FIXTURE_DAY;
    let history = Recorded::read(&folder.join(".twoam/history"));
    request.history = history.as_ref().map(|history| history as &dyn Past);
    let audit = match crate::audit::run(&request) {
        Ok(audit) => audit,
        Err(problems) => {
            tested.broken.extend(problems.problems.into_iter().map(|problem| problem.message));
            return tested;
        }
    };
    tested.broken.extend(audit.problems.iter().map(|problem| problem.message.clone()));
    if audit.rules.get(rule).is_none() {
        tested.broken.push(format!("there is no rule {rule}"));
    }
    let expected = expectations(&audit, rule);
    let reported = reports(&audit, rule);
    let said = |(outcome, place): &Report| format!("{place} ({outcome})");
    tested.noisy.extend(reported.difference(&expected).map(said));
    tested.missing.extend(expected.difference(&reported).map(said));
    let kind = file_name(folder);
    let kinds: BTreeSet<&str> = expected.iter().map(|(outcome, _)| *outcome).collect();
    let fits = match kind.split('-').next() {
        Some("pass") => kinds.is_empty(),
        Some("fail") => kinds.contains("fail"),
        Some("unknown") => kinds.contains("unknown"),
        _ => false,
    };
    if !fits {
        tested.broken.push(format!("a folder named `{kind}` must mark what its name says"));
    }
    tested
}

/// The day that fixtures live on, so that dates in them stay what they are.
const FIXTURE_DAY: jiff::civil::Date = jiff::civil::date(2026, 11, 1);

fn reports(audit: &Audit, rule: &str) -> BTreeSet<Report> {
    let open = audit.verdicts.iter().filter(|verdict| verdict.rule == rule && verdict.suppressed().is_none());
    open.filter_map(|verdict| {
        let outcome = match verdict.outcome() {
            Outcome::Pass => return None,
            Outcome::Fail => "fail",
            Outcome::Unknown(_) => "unknown",
        };
        let place = verdict.primary().map_or_else(|| "nowhere".to_owned(), |span| audit.sources.place(span));
        Some((outcome, place))
    })
    .collect()
}

/// The markers of all files, which are comments in every syntax that has them.
fn expectations(audit: &Audit, rule: &str) -> BTreeSet<Report> {
    let mut expected = BTreeSet::new();
    for (_, source) in audit.sources.iter() {
        for (index, line) in source.text.lines().enumerate() {
            for (mark, outcome) in [("expect: ", "fail"), ("expect-unknown: ", "unknown")] {
                let Some((before, after)) = line.split_once(mark) else { continue };
                if !after.trim_end_matches("-->").split(',').any(|id| id.trim() == rule) {
                    continue;
                }
                let alone = before.trim_matches(['#', '/', '*', '<', '!', '-', ' ', '\t']).is_empty();
                expected.insert((outcome, format!("{}:{}", source.path, index + 1 + usize::from(alone))));
            }
        }
    }
    expected
}

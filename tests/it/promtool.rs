//! What `promtool check rules` accepts is accepted: a generated file of rules, and every rule file of the repositories
//! in `TWOAM_CORPORA`. Where `promtool` is not on the path, the test says so.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use twoam::audit::{self, Request};

use super::support::{Dice, Folder, corpora};

/// How many rules are made.
const RULES: usize = 400;

fn has_promtool() -> bool {
    Command::new("promtool").arg("--version").output().is_ok_and(|output| output.status.success())
}

fn accepted(path: &Path) -> bool {
    let output = Command::new("promtool").args(["check", "rules"]).arg(path).output().unwrap();
    output.status.success()
}

/// What twoam complains of in a file.
fn complaints(path: &Path) -> Vec<String> {
    let audit = audit::run(&Request::new(vec![path.to_owned()])).unwrap();
    audit.problems.into_iter().map(|problem| problem.message).collect()
}

/// A random instant vector.
fn vector(dice: &mut Dice, depth: usize) -> String {
    if depth == 0 {
        return selector(dice);
    }
    match dice.roll(11) {
        0 | 1 => selector(dice),
        2 => {
            let function = dice.pick(&[
                "rate",
                "increase",
                "delta",
                "avg_over_time",
                "max_over_time",
                "count_over_time",
                "changes",
                "deriv",
            ]);
            format!("{function}({})", range(dice))
        }
        3 => {
            let (operator, how) = (
                dice.pick(&["sum", "avg", "max", "min", "count", "stddev", "group"]),
                dice.pick(&["", "by (job, le) ", "without (pod) "]),
            );
            format!("{operator} {how}({})", vector(dice, depth - 1))
        }
        4 => format!("topk({}, {})", dice.roll(5) + 1, vector(dice, depth - 1)),
        5 => {
            let operator = dice.pick(&["+", "-", "*", "/", "%", "^", ">", "<=", "== bool", "!=", "atan2"]);
            format!("({} {operator} {})", vector(dice, depth - 1), number(dice))
        }
        6 => {
            let operator = dice.pick(&["and", "or", "unless", "and on (job)", "unless ignoring (pod)"]);
            format!("({} {operator} {})", vector(dice, depth - 1), vector(dice, depth - 1))
        }
        7 => {
            let operator = dice.pick(&[
                "/ on (job) group_left (team)",
                "* ignoring (le) group_right ()",
                "- on ()",
                "> on (job, le)",
            ]);
            format!("({} {operator} {})", vector(dice, depth - 1), vector(dice, depth - 1))
        }
        8 => {
            let function = dice.pick(&["abs", "ceil", "absent", "sort_desc", "ln", "sgn", "timestamp", "day_of_week"]);
            format!("{function}({})", vector(dice, depth - 1))
        }
        9 => format!("histogram_quantile({}, {})", number(dice), vector(dice, depth - 1)),
        _ => format!("label_replace({}, \"team\", '$1', `job`, \"(.*)-.*\")", vector(dice, depth - 1)),
    }
}

fn selector(dice: &mut Dice) -> String {
    let metric =
        dice.pick(&["up", "http_requests_total", "job:errors:rate5m", "node_cpu_seconds_total", "sum", "by", "on"]);
    // Words of the language are names of metrics only where something follows them.
    let metric = if ["sum", "by", "on"].contains(&metric) { "x" } else { metric };
    let matchers = dice.pick(&[
        "",
        "{}",
        "{job=\"a\"}",
        "{code=~\"5..\",job!=\"\"}",
        "{job!~'a|b', le=\"+Inf\",}",
        "{path=`a\\b`}",
        "{x=\"a\\\"b\"}",
    ]);
    let offset = dice.pick(&["", "", " offset 5m", " offset -1h30m", " @ 1700000000", " @ start()"]);
    format!("{metric}{matchers}{offset}")
}

fn range(dice: &mut Dice) -> String {
    match dice.roll(3) {
        0 => format!("(up > 0)[{}:{}]", dice.pick(&["30m", "1h", "1d"]), dice.pick(&["", "1m"])),
        _ => format!("http_requests_total{{job=\"a\"}}[{}]", dice.pick(&["5m", "1h30m", "2w", "90s", "1y", "500ms"])),
    }
}

fn number(dice: &mut Dice) -> &'static str {
    dice.pick(&["0", "1.5", "-3", "1e3", "0x1F", "Inf", "NaN", "(2 * 3)", ".5", "time()"])
}

#[test]
#[allow(clippy::print_stdout, reason = "the count is the point")]
fn what_promtool_accepts_is_accepted() {
    if !has_promtool() {
        println!("promtool is not on the path: nothing is compared");
        return;
    }
    let mut dice = Dice(7);
    let folder = Folder::new();
    let mut text = String::from("groups:\n- name: generated\n  rules:\n");
    for number in 0..RULES {
        let expression = serde_json::to_string(&vector(&mut dice, 3)).unwrap();
        let lasts = dice.pick(&["", "\n    for: 5m", "\n    for: 1h30m", "\n    labels: { severity: page }"]);
        let kind = if dice.roll(4) == 0 { "record: job:x:y" } else { "alert: A" };
        let lasts = if kind.starts_with("record") { "" } else { lasts };
        let _ = writeln!(text, "  - {kind}{number}\n    expr: {expression}{lasts}");
    }
    let path = folder.write("generated.yml", &text);
    assert!(
        accepted(&path),
        "promtool refuses what was generated: {:?}",
        Command::new("promtool").args(["check", "rules"]).arg(&path).output()
    );
    let found = complaints(&path);
    println!("rules: {RULES} generated, {} refused here", found.len());
    assert_eq!(found, Vec::<String>::new());
}

#[test]
#[allow(clippy::print_stdout, reason = "the count is the point")]
fn rule_files_that_promtool_accepts_are_accepted() {
    let Some(root) = corpora().filter(|_| has_promtool()) else {
        println!("TWOAM_CORPORA or promtool is missing: no real rule file is compared");
        return;
    };
    let (mut taken, mut wrong) = (0, Vec::new());
    for entry in walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_map(Result::ok) {
        let path = entry.path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        let has_rules = || {
            std::fs::read_to_string(path).is_ok_and(|text| text.starts_with("groups:") || text.contains("\ngroups:"))
        };
        if !is_yaml || !has_rules() || !accepted(path) {
            continue;
        }
        taken += 1;
        wrong.extend(complaints(path).into_iter().map(|complaint| format!("{}: {complaint}", path.display())));
    }
    println!("rules: {taken} real files that promtool accepts, {} complaints", wrong.len());
    assert_eq!(wrong, Vec::<String>::new());
}

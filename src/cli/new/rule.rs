//! `twoam new rule`: a rule that works, and a failing and a passing fixture of it, to be changed.

use std::io::Write;

use super::{refuse_existing, write_new};
use crate::cli::arguments::NewRule;
use crate::cli::terminal::Terminal;
use crate::cli::{CLEAN, Failure};

pub(super) fn run(asked: &NewRule, terminal: &Terminal) -> Result<u8, Failure> {
    let part = |name: &str| {
        let plain = name.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-');
        plain && name.starts_with(|it: char| it.is_ascii_lowercase())
    };
    let Some((family, name)) = asked.id.split_once('/').filter(|(family, name)| part(family) && part(name)) else {
        let message = format!("`{}` is no id of a rule", asked.id);
        return Err(Failure::usage(message, "write it as FAMILY/NAME in small letters, for instance alerts/no-owner"));
    };
    let id = format!("{family}/{name}");
    let files = [
        (asked.folder.join("rules").join(family).join(format!("{name}.toml")), RULE.to_owned()),
        (asked.folder.join("fixtures").join(&id).join("fail-no-summary/alerts.yml"), alert(Some(&id))),
        (asked.folder.join("fixtures").join(&id).join("pass-summary/alerts.yml"), alert(None)),
    ];
    for (path, _) in &files {
        refuse_existing(path)?;
    }
    let mut out = terminal.out();
    for (path, text) in &files {
        write_new(path, text)?;
        writeln!(out, "wrote {}", path.display())?;
    }
    writeln!(out, "`twoam test {}` holds the rule to its fixtures", asked.folder.display())?;
    out.flush()?;
    Ok(CLEAN)
}

/// A rule that is true of something, so that its fixtures pass before it is changed.
const RULE: &str = r#"# `twoam schema rule` describes every key; `twoam explain RULE` shows how others are written.
title    = "Alert that says nothing in a line"
severity = "low"
question = "paged"
for      = "alert"
when     = 'alert.pages'
require  = 'has(alert.summary)'
show     = ["alert.name"]
message  = "`{alert.name}` wakes someone without saying why"
why      = """
What goes wrong because of it."""
fix      = """
What to do about it."""
"#;

fn alert(expected: Option<&str>) -> String {
    let (mark, summary) = match expected {
        Some(id) => (format!(" # expect: {id}"), ""),
        None => (String::new(), "        annotations:\n          summary: Guests cannot pay\n"),
    };
    format!(
        "groups:\n  - name: checkout\n    rules:\n      - alert: CheckoutErrors{mark}\n        expr: up{{job=\"checkout\"}} == 0\n        \
         for: 5m\n        labels:\n          severity: page\n{summary}"
    )
}

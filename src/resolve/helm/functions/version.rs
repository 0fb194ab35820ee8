//! Semantic versions, as <https://github.com/Masterminds/semver> compares them.

use super::{Function, Given, computes, text};
use crate::resolve::helm::run::Run;
use crate::resolve::helm::value::{Kind, Value};
use crate::resolve::helm::{run, semver};

pub(super) const ALL: &[Function] = &[
    computes("semver", 1, 1, |_, arguments| {
        let written = text(arguments, 0);
        let version = semver::Version::read(&written).ok_or("Invalid Semantic Version")?;
        let number = |number: u64| Kind::Int(i64::try_from(number).unwrap_or(i64::MAX)).into();
        Ok(run::fields([
            ("Major", number(version.numbers[0])),
            ("Minor", number(version.numbers[1])),
            ("Patch", number(version.numbers[2])),
            ("Prerelease", Value::text(version.prerelease.as_str())),
            ("Metadata", Value::text(version.metadata.as_str())),
            ("Original", Value::text(&*written)),
        ]))
    }),
    computes("semverCompare", 2, 2, compare),
];

fn compare(_: &mut Run, arguments: &[Value]) -> Given {
    let constraint = text(arguments, 0);
    let version = semver::Version::read(&text(arguments, 1)).ok_or("Invalid Semantic Version")?;
    let constraint =
        semver::Constraint::read(&constraint).ok_or_else(|| format!("improper constraint: {constraint}"))?;
    Ok(Kind::Bool(constraint.holds(&version)).into())
}

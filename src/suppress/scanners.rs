//! Decisions that were written for other scanners: `checkov:skip=CKV_AWS_21:reason`, `tfsec:ignore:ID reason`,
//! `trivy:ignore:ID reason`. One that says why it is accepted is as good for the same gap here. Uses `config::date`.
//!
//! <https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html>
//! <https://trivy.dev/docs/latest/configuration/filtering/#by-inline-comments>

use jiff::civil::Date;

use crate::config;

/// Checks of other scanners, and the rules that ask the same.
/// <https://www.checkov.io/5.Policy%20Index/terraform.html> <https://avd.aquasec.com/misconfig/aws/>
const SAME: &[(&[&str], &[&str])] = &[
    (
        &["CKV_AWS_21", "CKV_GCP_78", "AVD-AWS-0090", "AWS-0090", "AWS077", "aws-s3-enable-versioning"],
        &["backup/object-store-unversioned"],
    ),
    (&["CKV_AWS_28", "AVD-AWS-0024", "AWS-0024", "AWS086", "aws-dynamodb-enable-recovery"], &["backup/no-pitr"]),
    (
        &["CKV_AWS_133", "CKV_GCP_14", "AVD-AWS-0077", "AWS-0077", "aws-rds-specify-backup-retention"],
        &["backup/database-backups-off", "backup/retention-too-short"],
    ),
    (
        &["CKV_AWS_293", "CKV_AWS_139", "AVD-AWS-0177", "AWS-0177", "aws-rds-enable-deletion-protection"],
        &["backup/no-deletion-protection"],
    ),
    (&["CKV_AWS_66", "CKV_AWS_338"], &["observability/logs-not-kept"]),
];

/// The checks of other scanners that ask what a rule asks: a comment that skips one with a reason waives the rule.
pub fn same(rule: &str) -> Vec<&'static str> {
    SAME.iter().filter(|(_, rules)| rules.contains(&rule)).flat_map(|(checks, _)| *checks).copied().collect()
}

/// What opens a decision.
pub(super) const MARKS: &[&str] = &["checkov:skip=", "bridgecrew:skip=", "tfsec:ignore:", "trivy:ignore:"];

/// Words by which a reason says that the gap is accepted. Other reasons say that there is none ("is enabled below"), or
/// repeat the check ("is not enabled"): these decide nothing.
const ACCEPTED: &[&str] = &[
    "not need",
    "n't need",
    "no need",
    "not require",
    "n't require",
    "not necessary",
    "unnecessary",
    "required to",
    "transient",
    "temporary",
    "ephemeral",
    "accept",
    "happy with",
    "by design",
    "intentional",
    "deliberate",
];

/// Words by which a reason says that the data itself may be lost.
const TRANSIENT: &[&str] = &["transient", "temporary", "ephemeral"];

/// What is asked only of data that may not be lost.
const OF_DATA: &[&str] = &[
    "backup/no-pitr",
    "backup/database-backups-off",
    "backup/no-deletion-protection",
    "restore-test/no-evidence",
    "restore-test/no-procedure",
];

/// What a line of a comment accepts.
#[derive(Debug, PartialEq)]
pub(super) struct Accepted {
    /// The rules that ask what the scanner's check asks.
    pub(super) rules: Vec<&'static str>,
    /// The last day on which it holds (`:exp:2027-01-31`).
    pub(super) until: Option<Date>,
    /// The check and the reason, as they are written.
    pub(super) reason: String,
}

/// Reads a line of a comment; nothing when it skips no check of which there is a rule, or says no reason.
pub(super) fn comment(line: &str) -> Option<Accepted> {
    let start = MARKS.iter().filter_map(|mark| line.find(mark)).min()?;
    let (mut rest, mut rules, mut checks, mut until) = (line.get(start..)?, Vec::new(), Vec::new(), None);
    // Several may stand in a row before the reason; of a further one the name of the scanner is sometimes left out.
    loop {
        rest = rest.trim_start_matches([' ', '\t', '#', '/']);
        let mark = MARKS.iter().chain(&["ignore:"]).find_map(|mark| rest.strip_prefix(*mark));
        let Some(after) = mark else { break };
        let end = after.find(|letter: char| !letter.is_ascii_alphanumeric() && !"-_".contains(letter));
        let (check, after) = after.split_at(end.unwrap_or(after.len()));
        let same = SAME.iter().find(|(checks, _)| checks.iter().any(|known| known.eq_ignore_ascii_case(check)));
        if let Some((_, same)) = same {
            rules.extend(*same);
            checks.push(check);
        }
        rest = after;
        if let Some(dated) = after.strip_prefix(":exp:") {
            let end = dated.find(char::is_whitespace).unwrap_or(dated.len());
            until = Some(config::date(dated.get(..end)?)?);
            rest = dated.get(end..)?;
        }
    }
    let reason =
        rest.trim_start_matches(|letter: char| letter.is_whitespace() || ":-\u{2013}\u{2014}".contains(letter));
    let reason = reason.trim_end().trim_end_matches("*/").trim_end();
    let lower = reason.to_lowercase();
    let decided = ACCEPTED.iter().any(|word| lower.contains(word));
    if rules.iter().any(|rule| OF_DATA.contains(rule)) && TRANSIENT.iter().any(|word| lower.contains(word)) {
        rules.extend(OF_DATA);
        rules.sort_unstable();
        rules.dedup();
    }
    (decided && !rules.is_empty()).then(|| Accepted {
        rules,
        until,
        reason: format!("{}: {reason}", checks.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_DATA_SORTED: [&str; 5] = [
        "backup/database-backups-off",
        "backup/no-deletion-protection",
        "backup/no-pitr",
        "restore-test/no-evidence",
        "restore-test/no-procedure",
    ];

    #[test]
    fn the_rules_that_ask_the_same_are_there() {
        let (rules, _) = crate::rule::RuleSet::load(&[], &mut crate::source::Sources::default());
        for id in SAME.iter().flat_map(|(_, rules)| *rules).chain(OF_DATA) {
            assert!(rules.rules.iter().any(|rule| rule.meta.id == *id), "{id}");
        }
    }

    #[test]
    fn a_decision_with_a_reason_is_read() {
        let read = |line: &str| comment(line).map(|read| (read.rules.join(" "), read.reason));
        let versions = |reason: &str| Some(("backup/object-store-unversioned".to_owned(), reason.to_owned()));
        assert_eq!(
            read("# checkov:skip=CKV_AWS_21: versions are not required"),
            versions("CKV_AWS_21: versions are not required")
        );
        assert_eq!(
            read("#checkov:skip=CKV_AWS_21 Not needed, it is made anew"),
            versions("CKV_AWS_21: Not needed, it is made anew")
        );
        assert_eq!(
            read("#trivy:ignore:avd-aws-0024 ignore:avd-aws-0025 - not needed, it is copied by others"),
            Some(("backup/no-pitr".to_owned(), "avd-aws-0024: not needed, it is copied by others".to_owned()))
        );
        let transient = comment("# checkov:skip=CKV_AWS_28: not needed as transient data").unwrap();
        assert_eq!(transient.rules, OF_DATA_SORTED);
        assert_eq!(
            read("# tfsec:ignore:AWS002 tfsec:ignore:aws-s3-enable-versioning by design"),
            versions("aws-s3-enable-versioning: by design")
        );
        let dated = comment("#trivy:ignore:AVD-AWS-0090:exp:2027-01-31 accepted").unwrap();
        assert_eq!(dated.until, config::date("2027-01-31"));
    }

    #[test]
    fn what_decides_nothing_is_left() {
        for line in [
            "# checkov:skip=CKV_AWS_21: versions are enabled by the resource below",
            "#tfsec:ignore:AWS077 - Versioning is not enabled",
            "#tfsec:ignore:aws-s3-enable-versioning",
            "# checkov:skip=CKV_AWS_18: access logs are not needed",
            "# versions are not needed",
            "# trivy:ignore:AVD-AWS-0090:exp:soon not needed",
        ] {
            assert_eq!(comment(line), None, "{line}");
        }
    }
}

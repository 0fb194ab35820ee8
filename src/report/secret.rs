//! Finds what looks secret in a line of source, so that no excerpt shows it. Better one name too many masked than one
//! password shown. Uses nothing.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// A name that says its value is secret, an assignment, and the value: to its closing quote, or to the next space.
static ASSIGNED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?ix)
        [\w.\-]*
        (?: passw(?:or)?d | passwd | passphrase | pwd | secret | token | credential | private[_-]?key | api[_-]?key
          | access[_-]?key | account[_-]?key | encryption[_-]?key | signing[_-]?key | routing[_-]?key
          | integration[_-]?key | service[_-]?key | webhook[_-]?url | auth )
        [\w.\-]* ["']? \s* (?: = | :=? | => ) \s*
        (?: (?:bearer|basic)\s+ )?
        (?: "(?<double>[^"]*)"? | '(?<single>[^']*)'? | (?<bare>[^\s,;}\]]+) )
        "#,
    )
    .ok()
});

/// User information in a URL (`scheme://user:password@host`), private key blocks, JSON web tokens, well-known tokens.
static KNOWN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
          ://[^/\s:@]*:(?<url>[^@\s/]+)@
        | (?<jwt>eyJ[\w\-]{8,}\.[\w\-.]+)
        | (?<token>\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk_live_|hvs\.)[\w\-]{8,})
        | (?<hook>hooks\.slack\.com/services/[\w/\-]+)
        ",
    )
    .ok()
});

/// A run of characters that could be an encoded secret.
static RUN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[A-Za-z0-9+/=_\-]{32,}").ok());

/// The byte ranges of a line that must not be shown, in order; they may overlap.
pub(super) fn ranges(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for expression in [&ASSIGNED, &KNOWN].into_iter().filter_map(|expression| expression.as_ref()) {
        for captures in expression.captures_iter(line) {
            let value = captures.iter().skip(1).flatten().find(|group| !group.is_empty());
            found.extend(value.filter(|value| !is_reference(value.as_str())).map(|value| value.range()));
        }
    }
    let runs = RUN.as_ref().into_iter().flat_map(|run| run.find_iter(line));
    found.extend(runs.filter(|run| is_random(run.as_str())).map(|run| run.range()));
    found.sort_by_key(|range| (range.start, range.end));
    found
}

/// Whether a value only says where the secret is kept, or is no secret at all: a reference, a variable, a switch.
fn is_reference(value: &str) -> bool {
    let plain = value.trim_start_matches(['$', '{', '(', '%', ' ']);
    let names_a_place = ["var.", "local.", "data.", "module.", "random_", "aws_", "google_", "azurerm_", "vault"];
    matches!(value, "true" | "false" | "null" | "~" | "|" | ">" | "{" | "[")
        || value.starts_with("${")
        || value.starts_with("{{")
        || value.starts_with("$(")
        || names_a_place.iter().any(|start| plain.starts_with(start))
        || value.bytes().all(|byte| byte.is_ascii_digit()) && value.len() < 5
}

/// Whether a long run mixes digits and letters as encoded bytes do and identifiers, paths and digests' names do not.
fn is_random(run: &str) -> bool {
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    let hexadecimal = run.bytes().all(|byte| byte.is_ascii_hexdigit());
    let upper = run.bytes().any(|byte| byte.is_ascii_uppercase());
    let lower = run.bytes().any(|byte| byte.is_ascii_lowercase());
    let words = run.bytes().filter(|byte| matches!(byte, b'-' | b'_' | b'/')).count();
    (hexadecimal && digits > 0) || (upper && lower && digits >= 3 && words * 8 <= run.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(line: &str) -> Vec<&str> {
        ranges(line).into_iter().map(|range| &line[range]).collect()
    }

    #[test]
    fn values_that_look_secret_are_found() {
        assert_eq!(masked(r#"  password = "hunter2""#), ["hunter2"]);
        assert_eq!(masked("  DB_PASSWORD: 's3 cret' # x"), ["s3 cret"]);
        assert_eq!(masked("api-key: abc123"), ["abc123"]);
        assert_eq!(masked(r#"{"clientSecret":"xyz","a":1}"#), ["xyz"]);
        assert_eq!(masked("url: postgres://app:pa55@db/x"), ["pa55"]);
        assert_eq!(masked("Authorization: Bearer abcdef"), ["abcdef"]);
        assert_eq!(masked("- api_url: https://hooks.slack.com/services/T0/B0/x"), ["hooks.slack.com/services/T0/B0/x"]);
        assert_eq!(
            masked("data: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"),
            ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"]
        );
        assert_eq!(masked("x: dGhpcyBpcyBhIHRlc3Qgb2YgYmFzZTY0IDEyMw=="), ["dGhpcyBpcyBhIHRlc3Qgb2YgYmFzZTY0IDEyMw=="]);
    }

    #[test]
    fn references_and_plain_values_are_left_alone() {
        assert!(masked("password = var.db_password").is_empty());
        assert!(masked("password = \"${random_password.db.result}\"").is_empty());
        assert!(masked("manage_master_user_password = true").is_empty());
        assert!(
            masked("runbook_url: https://github.com/lantern/platform/blob/main/runbooks/very-long-name.md").is_empty()
        );
        assert!(masked("backup_retention_period = 0").is_empty());
    }
}

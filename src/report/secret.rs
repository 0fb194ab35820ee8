//! Finds what looks secret in a line of source, so that no excerpt shows it. Better one name too many masked than one
//! password shown. Uses nothing.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Match, Regex};

/// Words in a name that say its value is secret.
const WORDS: &str = "passw(?:or)?d|passphrase|pwd|secret|token|credential|private[_-]?key|api[_-]?key|access[_-]?key\
    |account[_-]?key|encryption[_-]?key|signing[_-]?key|routing[_-]?key|integration[_-]?key|service[_-]?key\
    |webhook[_-]?url|authorization";

/// A value: to its closing quote, or to the next space.
const VALUE: &str = r#"(?:(?:bearer|basic)\s+)?(?:"([^"]*)"?|'([^']*)'?|([^\s"',;}\]]+))"#;

/// A name that says its value is secret, an assignment, and the value.
static ASSIGNED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = format!(r"(?<name>[\w.\-]*(?:{WORDS})[\w.\-]*)");
    Regex::new(&format!(r#"(?i){name}["']?\s*(?:=>|:=|=|:)\s*{VALUE}"#)).ok()
});

/// `name: DB_PASSWORD`, whose value stands under `value`, there or on the next line.
static NAMED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r#"(?i)\b(?:name|key)["']?\s*[:=]\s*["']?[\w.\-]*(?:{WORDS})"#)).ok());

/// The `value` of such a pair.
static NAMED_VALUE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r#"(?i)\bvalue["']?\s*[:=]\s*{VALUE}"#)).ok());

/// How names end that hold a word for a secret and only say where it is kept or how it is treated.
const HARMLESS: [&str; 15] = [
    "name", "ref", "refs", "arn", "path", "file", "ttl", "length", "rotation", "policy", "enabled", "version", "type",
    "mount", "provider",
];

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

/// A run this long is no word.
const LONG: usize = 32;

/// A run of characters that could be an encoded secret: long, or closed as base64 is.
static RUN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9+/_\-]{32,}={0,2}|[A-Za-z0-9+/]{8,}={1,2}").ok());

/// The byte ranges of a line that must not be shown, in order; they may overlap. `before` is the line above it.
pub(super) fn ranges(before: &str, line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for captures in ASSIGNED.iter().flat_map(|expression| expression.captures_iter(line)) {
        let name = captures.name("name").map(|name| name.as_str().to_lowercase()).unwrap_or_default();
        if !HARMLESS.iter().any(|end| name.ends_with(end)) {
            found.extend(value(captures.iter().skip(2)));
        }
    }
    let named = |line: &str| NAMED.as_ref().is_some_and(|expression| expression.is_match(line));
    if named(line) || named(before) {
        let values = NAMED_VALUE.iter().flat_map(|expression| expression.captures_iter(line));
        found.extend(values.filter_map(|captures| value(captures.iter().skip(1))));
    }
    for captures in KNOWN.iter().flat_map(|expression| expression.captures_iter(line)) {
        found.extend(value(captures.iter().skip(1)));
    }
    let runs = RUN.iter().flat_map(|expression| expression.find_iter(line));
    found.extend(runs.map(|run| run.range()).filter(|run| is_encoded(line, run)));
    found.sort_by_key(|range| (range.start, range.end));
    found
}

/// The first group that matched, unless it is no secret.
fn value<'a>(groups: impl Iterator<Item = Option<Match<'a>>>) -> Option<Range<usize>> {
    let found = groups.flatten().find(|group| !group.is_empty())?;
    (!is_reference(found.as_str())).then(|| found.range())
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

/// Whether a run looks like encoded bytes, and not like an identifier, a path, or a digest that pins a version.
fn is_encoded(line: &str, range: &Range<usize>) -> bool {
    let run = line.get(range.clone()).unwrap_or_default();
    let before = line.get(..range.start).unwrap_or_default();
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    let upper = run.bytes().any(|byte| byte.is_ascii_uppercase());
    let lower = run.bytes().any(|byte| byte.is_ascii_lowercase());
    let joints = run.bytes().filter(|byte| matches!(byte, b'-' | b'_' | b'/')).count();
    let hexadecimal = run.len() >= LONG && digits > 0 && run.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pins = before.ends_with(['@', ':']) && (before.ends_with('@') || before.ends_with("sha256:"));
    let long = run.len() >= LONG && upper && lower && digits >= 3 && joints * 8 <= run.len();
    let padded = run.ends_with('=') && upper && lower && joints == 0;
    (hexadecimal && !pins) || long || padded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(line: &str) -> Vec<&str> {
        ranges("", line).into_iter().map(|range| &line[range]).collect()
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
    fn the_value_of_a_named_pair_is_found() {
        assert_eq!(masked(r#"{ name = "DB_PASSWORD", value = "hunter2" }"#), ["hunter2"]);
        let line = "  value: hunter2";
        assert_eq!(ranges("- name: API_TOKEN", line).first(), Some(&(9..16)));
        assert!(ranges("- name: LOG_LEVEL", line).is_empty());
        assert_eq!(masked("  user: YWRtaW5pc3Ry"), [""; 0]);
        assert_eq!(masked("  user: YWRtaW4xMjM0NQ=="), ["YWRtaW4xMjM0NQ=="]);
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
        assert!(masked("author: Jane").is_empty());
        assert!(masked("secretName: checkout-db").is_empty());
        assert!(masked("uses: actions/checkout@9f86d081884c7d659a2feaa0c55ad015a3bf4f1b").is_empty());
        assert!(masked("expr: rate(requests[5m])== 0").is_empty());
    }
}

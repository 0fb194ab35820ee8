//! Versions and constraints on them. <https://github.com/Masterminds/semver#checking-version-constraints>

use std::cmp::Ordering;

/// A version; parts that are missing are 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// Major, minor and patch.
    pub(super) numbers: [u64; 3],
    /// What follows `-`.
    pub(super) prerelease: String,
    /// What follows `+`.
    pub(super) metadata: String,
}

impl Version {
    /// Reads a version, with or without a leading `v`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (version, wild) = partial(text)?;
        (wild == 3 || !text.contains(['x', 'X', '*'])).then_some(version)
    }

    fn order(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => prereleases(&self.prerelease, &other.prerelease),
        })
    }
}

fn prereleases(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => match (left.parse::<u64>(), right.parse::<u64>()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => left.cmp(right),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// A version whose last parts may be missing or wild, and how many parts are given.
fn partial(text: &str) -> Option<(Version, usize)> {
    let text = text.trim();
    let text = text.strip_prefix('v').unwrap_or(text);
    let (text, metadata) = text.split_once('+').unwrap_or((text, ""));
    let (core, prerelease) = text.split_once('-').unwrap_or((text, ""));
    let mut numbers = [0; 3];
    let mut given = 0;
    let mut is_wild = false;
    for (index, part) in core.split('.').enumerate() {
        let slot = numbers.get_mut(index)?;
        if matches!(part, "x" | "X" | "*") {
            is_wild = true;
        } else {
            *slot = part.parse().ok()?;
            given += usize::from(!is_wild);
        }
    }
    let is_word = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    if !is_word(prerelease) || !is_word(metadata) {
        return None;
    }
    let version = Version { numbers, prerelease: prerelease.to_owned(), metadata: metadata.to_owned() };
    Some((version, given))
}

/// Alternatives, each of which is a list of conditions that must all hold.
#[derive(Debug)]
pub(super) struct Constraint(Vec<Vec<Condition>>);

#[derive(Debug)]
struct Condition {
    operator: String,
    version: Version,
    /// How many parts of the version are given.
    given: usize,
}

impl Constraint {
    /// Reads a constraint: `>=1.2 <2 || ^3.1`, `1.2 - 1.4`, `~1.2.x`.
    pub(super) fn read(text: &str) -> Option<Self> {
        text.split("||").map(conditions).collect::<Option<_>>().map(Self)
    }

    /// Whether a version meets it.
    pub(super) fn holds(&self, version: &Version) -> bool {
        self.0.iter().any(|all| all.iter().all(|condition| condition.holds(version)))
    }
}

fn conditions(text: &str) -> Option<Vec<Condition>> {
    let ranged = text.replace(" - ", "\u{0}");
    let mut found = Vec::new();
    let mut rest = ranged.trim();
    while !rest.is_empty() {
        let length = rest.bytes().take_while(|byte| b"=!<>~^".contains(byte)).count();
        let operator = &rest[..length];
        rest = rest[length..].trim_start();
        let end = rest.find(|next: char| next == ',' || next.is_whitespace() || "=!<>~^".contains(next));
        let word = &rest[..end.unwrap_or(rest.len())];
        rest = rest[word.len()..].trim_start_matches(|next: char| next == ',' || next.is_whitespace());
        if let Some((low, high)) = word.split_once('\u{0}') {
            found.push(Condition::new(">=", low)?);
            found.push(Condition::new("<=", high)?);
        } else {
            found.push(Condition::new(operator, word)?);
        }
    }
    (!found.is_empty()).then_some(found)
}

impl Condition {
    fn new(operator: &str, word: &str) -> Option<Self> {
        let known = ["", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^"];
        let (version, given) = partial(word)?;
        known.contains(&operator).then(|| Self { operator: operator.to_owned(), version, given })
    }

    fn holds(&self, version: &Version) -> bool {
        // A version before a release meets only a condition that names one.
        if !version.prerelease.is_empty() && self.version.prerelease.is_empty() {
            return false;
        }
        let order = version.order(&self.version);
        let is_partial = self.given < 3;
        match self.operator.as_str() {
            "!=" if is_partial => !self.same(version, self.given),
            "!=" => order != Ordering::Equal,
            ">" if is_partial => order == Ordering::Greater && !self.same(version, self.given),
            ">" => order == Ordering::Greater,
            "<" => order == Ordering::Less,
            ">=" | "=>" => order != Ordering::Less,
            "<=" | "=<" if is_partial => order != Ordering::Greater || self.same(version, self.given),
            "<=" | "=<" => order != Ordering::Greater,
            "^" => order != Ordering::Less && self.same(version, self.caret()),
            "~" | "~>" => order != Ordering::Less && self.same(version, self.given.min(2)),
            // A version without an operator is itself, or any of its parts that are given.
            _ if is_partial => order != Ordering::Less && self.same(version, self.given),
            _ => order == Ordering::Equal,
        }
    }

    /// Whether the first parts agree.
    fn same(&self, version: &Version, parts: usize) -> bool {
        self.version.numbers[..parts] == version.numbers[..parts]
    }

    /// How many parts `^` keeps: up to the first that is not zero.
    fn caret(&self) -> usize {
        let first = self.version.numbers.iter().position(|number| *number > 0).unwrap_or(self.given.saturating_sub(1));
        (first + 1).min(self.given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Facts of the reference implementation's own tests.
    #[test]
    fn constraints_hold_as_in_the_reference() {
        for (constraint, version, holds) in [
            ("=2.0.0", "1.2.3", false),
            ("=2.0.0", "2.0.0", true),
            ("=2.0", "1.2.3", false),
            ("=2.0", "2.0.1", true),
            ("4.1", "4.1.0", true),
            ("!=4.1", "4.1.0", false),
            ("!=4.1", "5.1.0", true),
            (">1.1", "4.1.0", true),
            (">1.1", "1.1.0", false),
            (">1.1", "1.1.1", false),
            ("<1.1", "0.1.0", true),
            ("<0.0.5", "0.1.0", false),
            ("<=11", "11.1.0", true),
            ("<=11", "12.1.0", false),
            ("<=1.1", "1.1.0", true),
            (">=11.1.3", "11.1.2", false),
            (">=1.19-0", "1.34.0", true),
            (">=1.19-0", "1.18.9", false),
            (">= 1.21-0", "v1.34.0-gke.1", true),
            (">=1.19", "1.20.0-beta.1", false),
            ("^1", "1.8.9", true),
            ("^1", "2.0.0", false),
            ("^0.2.3", "0.2.5", true),
            ("^0.2.3", "0.5.6", false),
            ("^0.2", "0.2.5", true),
            ("^0.0.3", "0.0.3", true),
            ("^0.0.3", "0.0.4", false),
            ("^0.0", "0.1.4", false),
            ("^0", "0.2.3", true),
            ("^0", "1.1.4", false),
            ("~1.2.3", "1.2.9", true),
            ("~1.2.3", "1.3.0", false),
            ("~1", "1.9.0", true),
            ("~1.x", "1.1.1", true),
            ("*", "1.2.3", true),
            ("1.x", "1.4.0", true),
            ("2.x", "1.4.0", false),
            (">= 1.1, < 2 || >= 4", "4.1.0", true),
            (">=1.1 <2", "1.5.0", true),
            ("1.1 - 2", "1.1.1", true),
            ("1.1-3", "4.3.2", false),
            ("1.2 - 1.4", "1.5.0", false),
        ] {
            let read = Constraint::read(constraint).unwrap();
            assert_eq!(read.holds(&Version::read(version).unwrap()), holds, "{constraint} {version}");
        }
        assert!(Constraint::read("foo").is_none());
        assert!(Version::read("1.2.beta").is_none());
    }
}

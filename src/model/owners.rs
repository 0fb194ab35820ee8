//! Who owns a path, by the lines of CODEOWNERS. Uses `model`.
//!
//! Patterns are those of gitignore with the exceptions of code hosts: `docs/*` reaches files directly in `docs/` only,
//! there is no `!` and no `[a-z]`, and the last line that matches decides, also when it names nobody.
//! <https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>
//! GitLab takes a pattern that does not begin with `/` to stand at any depth, and lets every section decide for itself.
//! <https://docs.gitlab.com/user/project/codeowners/reference/>

use crate::source::parent;
use std::collections::BTreeMap;

use super::{Model, OwnerPattern};
use crate::tree::Text;

/// How a file of owners reads its patterns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub enum OwnerSyntax {
    /// A pattern with a `/` inside is anchored.
    #[default]
    GitHub,
    /// Only a pattern that begins with `/` is anchored.
    GitLab,
    /// An `OWNERS` file speaks for its folder.
    Folder,
}

/// All lines of owners, ready to be asked about paths.
#[derive(Debug)]
pub struct Owners<'a> {
    patterns: Vec<(&'a OwnerPattern, Glob)>,
}

impl<'a> Owners<'a> {
    /// The lines of a model, in order. Where a repository has several CODEOWNERS files, only the one that its code host
    /// reads counts.
    pub fn new(model: &'a Model) -> Self {
        let mut read: BTreeMap<&str, &str> = BTreeMap::new();
        for pattern in model.owner_patterns.iter().filter(|pattern| pattern.syntax != OwnerSyntax::Folder) {
            let path = pattern.place.path.as_str();
            let best = read.entry(pattern.base.as_str()).or_insert(path);
            if precedence(path) < precedence(best) {
                *best = path;
            }
        }
        let counts = |pattern: &OwnerPattern| {
            pattern.syntax == OwnerSyntax::Folder
                || read.get(pattern.base.as_str()) == Some(&pattern.place.path.as_str())
        };
        let patterns = model.owner_patterns.iter().filter(|pattern| counts(pattern));
        Self { patterns: patterns.map(|pattern| (pattern, Glob::of(pattern))).collect() }
    }

    /// The lines that decide who owns a path: the last that matches, of each section. None when no line matches; a line
    /// without owners means that nobody owns it, on purpose. A folder's own `OWNERS` weighs less than CODEOWNERS.
    pub fn of(&self, path: &str) -> Vec<&'a OwnerPattern> {
        let mut deciding: BTreeMap<(&str, &str), &'a OwnerPattern> = BTreeMap::new();
        let mut folder: Option<&'a OwnerPattern> = None;
        for (pattern, _) in self.patterns.iter().filter(|(_, glob)| glob.matches(path)) {
            if pattern.syntax == OwnerSyntax::Folder {
                folder = folder.filter(|nearest| nearest.base.len() > pattern.base.len()).or(Some(pattern));
            } else {
                deciding.insert((pattern.base.as_str(), pattern.section.as_str()), pattern);
            }
        }
        if deciding.is_empty() { folder.into_iter().collect() } else { deciding.into_values().collect() }
    }

    /// The owners of a path, without repetition.
    pub fn names(&self, path: &str) -> Vec<Text> {
        let mut names: Vec<Text> = Vec::new();
        for owner in self.of(path).iter().flat_map(|pattern| &pattern.owners) {
            if !names.contains(owner) {
                names.push(owner.clone());
            }
        }
        names
    }
}

impl OwnerPattern {
    /// Whether it matches whatever no other line does: nobody in particular was thought of.
    pub fn is_catch_all(&self) -> bool {
        let everything = matches!(self.pattern.as_str(), "*" | "/" | "/*" | "**" | "/**" | "**/*");
        everything && (self.syntax != OwnerSyntax::Folder || self.base.is_empty())
    }
}

/// Where code hosts look first. GitHub: `.github/`, root, `docs/`; GitLab: root, `docs/`, `.gitlab/`.
fn precedence(path: &str) -> u8 {
    let folder = parent(path);
    match folder.rsplit('/').next() {
        Some(".github") => 0,
        Some("docs") => 2,
        Some(".gitlab") => 3,
        _ => 1,
    }
}

/// A pattern of owners, ready to match.
#[derive(Clone, Debug)]
pub struct Glob {
    base: String,
    segments: Vec<String>,
}

impl Glob {
    /// The glob of a line.
    pub fn of(pattern: &OwnerPattern) -> Self {
        Self::new(&pattern.pattern, &pattern.base, pattern.syntax)
    }

    /// A pattern below `base` (empty, or a folder with its `/`).
    pub fn new(pattern: &str, base: &str, syntax: OwnerSyntax) -> Self {
        let anchored = pattern.starts_with('/');
        let mut segments: Vec<String> = pattern.trim_start_matches('/').split('/').map(str::to_owned).collect();
        // A trailing slash leaves an empty last segment: everything below.
        let below = segments.last().is_some_and(String::is_empty);
        if below {
            segments.pop();
        }
        let inside = segments.len() > 1;
        let floats = !anchored && (syntax == OwnerSyntax::GitLab || !inside);
        if floats && segments.first().is_none_or(|first| first != "**") {
            segments.insert(0, "**".to_owned());
        }
        // `docs/*` reaches only what is directly in `docs/`; any other name reaches the file or all below the folder.
        let direct = segments.last().is_some_and(|last| last == "*") && (inside || anchored);
        if below {
            segments.push("**".to_owned());
        } else if !direct && segments.last().is_none_or(|last| last != "**") {
            segments.push("**?".to_owned());
        }
        Self { base: base.to_owned(), segments }
    }

    /// Whether a file's path matches.
    pub fn matches(&self, path: &str) -> bool {
        let Some(below) = path.strip_prefix(self.base.as_str()) else { return false };
        let parts: Vec<&str> = below.split('/').collect();
        // One row of the table of what matches what: `row[n]` says whether the segments so far match `n` parts.
        let mut row = vec![false; parts.len() + 1];
        if let Some(first) = row.first_mut() {
            *first = true;
        }
        for (index, segment) in self.segments.iter().enumerate() {
            let last = index + 1 == self.segments.len();
            row = next_row(&row, &parts, segment, last);
        }
        row.last() == Some(&true)
    }
}

/// The table's next row. `**` matches any number of folders; as the last segment, one part or more; `**?` none or more.
fn next_row(row: &[bool], parts: &[&str], segment: &str, last: bool) -> Vec<bool> {
    let mut next = Vec::with_capacity(row.len());
    let mut seen = false;
    for index in 0..row.len() {
        let before = index.checked_sub(1).and_then(|at| Some((*row.get(at)?, *parts.get(at)?)));
        let here = row.get(index).copied().unwrap_or(false);
        let value = match segment {
            "**" if last => seen,
            "**" | "**?" => seen || here,
            name => before.is_some_and(|(matched, part)| matched && matches_name(name, part)),
        };
        seen = seen || here;
        next.push(value);
    }
    next
}

/// `*` for any characters and `?` for one, none of them a `/`; `\` makes the next character plain.
fn matches_name(pattern: &str, name: &str) -> bool {
    let mut marks: Vec<(char, bool)> = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => marks.extend(characters.next().map(|plain| (plain, true))),
            other => marks.push((other, false)),
        }
    }
    let name: Vec<char> = name.chars().collect();
    let mut row = vec![false; name.len() + 1];
    if let Some(first) = row.first_mut() {
        *first = true;
    }
    for (mark, plain) in marks {
        let mut next = Vec::with_capacity(row.len());
        let mut seen = false;
        for index in 0..row.len() {
            let here = row.get(index).copied().unwrap_or(false);
            seen = seen || here;
            let before = index.checked_sub(1).and_then(|at| Some((*row.get(at)?, *name.get(at)?)));
            next.push(match (mark, plain) {
                ('*', false) => seen,
                ('?', false) => before.is_some_and(|(matched, _)| matched),
                (wanted, _) => before.is_some_and(|(matched, found)| matched && found == wanted),
            });
        }
        row = next;
    }
    row.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Place;

    fn github(pattern: &str, path: &str) -> bool {
        Glob::new(pattern, "", OwnerSyntax::GitHub).matches(path)
    }

    #[test]
    fn patterns_match_as_the_documentation_of_code_hosts_says() {
        for (pattern, path, expected) in [
            ("*", "a/b/c.js", true),
            ("*.js", "a/b/c.js", true),
            ("*.js", "a/b/c.jsx", false),
            ("/*.js", "a/c.js", false),
            ("/build/logs/", "build/logs/x/y.log", true),
            ("/build/logs/", "x/build/logs/y.log", false),
            ("docs/*", "docs/getting-started.md", true),
            ("docs/*", "docs/build-app/troubleshooting.md", false),
            ("docs/*", "x/docs/a.md", false),
            ("apps/", "services/apps/x/main.tf", true),
            ("apps/", "apps", false),
            ("/docs/", "docs/a/b.md", true),
            ("**/logs", "deeply/nested/logs/a", true),
            ("**/logs", "logs/a", true),
            ("/apps/github", "apps/github/a/b", true),
            ("/apps/github", "apps/github-enterprise", false),
            ("/terraform/**/checkout.tf", "terraform/checkout.tf", true),
            ("/terraform/**/checkout.tf", "terraform/a/b/checkout.tf", true),
            ("/k8s/**/checkout/", "k8s/production/checkout/deployment.yaml", true),
            ("/runbooks/*checkout*", "runbooks/restore-checkout-database.md", true),
            ("/docs/**", "docs/a/b.md", true),
            ("/a/*/c", "a/b/c/d", true),
            ("/a/*/c", "a/b/b/c", false),
            ("path\\ with\\ spaces/", "path with spaces/x", true),
            ("README.md", "sub/README.md", true),
        ] {
            assert_eq!(github(pattern, path), expected, "{pattern} {path}");
        }
        assert!(Glob::new("ee/docs/", "", OwnerSyntax::GitLab).matches("x/ee/docs/a.md"));
        assert!(Glob::new("/", "apps/web/", OwnerSyntax::Folder).matches("apps/web/src/main.rs"));
        assert!(!Glob::new("/", "apps/web/", OwnerSyntax::Folder).matches("apps/api/main.rs"));
    }

    #[test]
    fn the_last_matching_line_decides_in_each_section() {
        let line = |pattern: &str, owners: &[&str], section: &str| OwnerPattern {
            pattern: pattern.into(),
            owners: owners.iter().map(|owner| Text::from(*owner)).collect(),
            section: section.into(),
            place: Place { path: "CODEOWNERS".into(), ..Place::default() },
            ..OwnerPattern::default()
        };
        let model = Model {
            owner_patterns: vec![
                line("*", &["@all"], ""),
                line("/db/", &["@dba"], ""),
                line("/db/free/", &[], ""),
                line("/db/", &["@security"], "security"),
            ],
            ..Model::default()
        };
        let owners = Owners::new(&model);
        assert_eq!(owners.names("README.md"), ["@all"]);
        assert_eq!(owners.names("db/main.tf"), ["@dba", "@security"]);
        assert_eq!(owners.names("db/free/main.tf"), ["@security"]);
    }
}

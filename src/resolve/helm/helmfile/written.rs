//! What the text of a helmfile says before anything of it is rendered: that it is one, its parts, the names of its
//! environments and what it includes. A template is no YAML yet, so these are read line by line.

use crate::source::{join, parent};

/// Keys of a helmfile beside its releases.
/// <https://helmfile.readthedocs.io/en/latest/#configuration>
const OWN_KEYS: &[&str] = &[
    "apiVersions",
    "bases",
    "commonLabels",
    "environments",
    "helmBinary",
    "helmDefaults",
    "helmfiles",
    "hooks",
    "kubeContext",
    "kubeVersion",
    "lockFilePath",
    "missingFileHandler",
    "repositories",
    "templates",
];

/// Whether a file is a helmfile: by its name, or, as `helmfile -f` takes any, by what stands at its first level: a list of
/// releases that name charts, and something else that is helmfile's own.
pub(super) fn is_helmfile(path: &str, text: &str) -> bool {
    is_named_helmfile(path) || is_yaml(path) && says_helmfile(text)
}

fn is_yaml(path: &str) -> bool {
    [".yaml", ".yml", ".gotmpl"].iter().any(|end| path.ends_with(end))
}

fn says_helmfile(text: &str) -> bool {
    if !text.contains("releases:") {
        return false;
    }
    let has = |key: &str| text.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
    let item = |key: &str| {
        below(text, "releases:").any(|line| {
            let line = line.trim_start();
            line.strip_prefix("- ").unwrap_or(line).trim_start().strip_prefix(key).is_some_and(|it| it.starts_with(':'))
        })
    };
    item("name") && item("chart") && OWN_KEYS.iter().any(|key| has(key)) && !has("apiVersion") && !has("kind")
}

/// Whether helmfile finds a file without being told of it.
pub fn is_named_helmfile(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let (name, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let name = name.strip_suffix(".gotmpl").unwrap_or(name);
    let stem = [".yaml", ".yml"].iter().find_map(|end| name.strip_suffix(end));
    stem.is_some_and(|stem| stem == "helmfile" || folder == "helmfile.d")
}

/// The parts of a file between lines of `---`, each with its offset.
pub(super) fn parts(text: &str) -> Vec<(usize, &str)> {
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" {
            parts.push((start, &text[start..at]));
            start = at + line.len();
        }
        at += line.len();
    }
    parts.push((start, &text[start..]));
    parts.retain(|(_, part)| !part.trim().is_empty());
    parts
}

/// The names below `environments:`, which have to be known before anything is rendered.
pub(super) fn environment_names(text: &str) -> Vec<String> {
    below(text, "environments:")
        .filter_map(|line| {
            let name = line.strip_prefix("  ")?;
            let (name, _) = name.split_once(':')?;
            let plain = name.trim_matches(['"', '\'']);
            let is_name = !plain.is_empty() && plain.chars().all(|it| it.is_alphanumeric() || "-_.".contains(it));
            is_name.then(|| plain.to_owned())
        })
        .collect()
}

/// The entries of a list of the first level, each as its first line has it.
pub(super) fn entries(text: &str, key: &str) -> Vec<String> {
    below(text, key).filter_map(|line| line.trim().strip_prefix("- ")).map(unquoted).collect()
}

pub(super) fn unquoted(text: &str) -> String {
    text.trim().trim_matches(['"', '\'']).to_owned()
}

/// The lines that belong to a key of the first level.
fn below<'t>(text: &'t str, key: &'t str) -> impl Iterator<Item = &'t str> {
    let lines = text.lines().skip_while(move |line| line.trim_end() != key).skip(1);
    lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#', '-', '{']))
}

/// Files of values that a helmfile names and that nothing but this tells from others: Helmfile reads any as YAML,
/// `production.env` too. What it names as secrets is none of them.
pub fn values_named_by_helmfile(path: &str, text: &str) -> Vec<String> {
    let mut key = "";
    let mut found = Vec::new();
    for line in text.lines().map(|line| line.trim().trim_start_matches("- ")) {
        let (own, rest) = line.split_once(':').filter(|(own, _)| !own.contains(['/', '.'])).unwrap_or((key, line));
        key = own.trim();
        let words = rest.split(|it: char| it.is_whitespace() || matches!(it, '"' | '\'' | ',' | '[' | ']'));
        let plain = |word: &&str| word.strip_suffix(".env").is_some() && !word.contains(['{', '*']);
        let named = words.filter(|_| key == "values" && !line.starts_with('#')).filter(plain);
        found.extend(named.filter_map(|word| join(parent(path), word)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_called_anything() {
        let text = "environments:\n  production:\n    values: [./on/production.env, on/all.yaml]\n  staging:\n    values:\n      \
                    - on/staging.env\n      # - on/old.env\n    secrets:\n      - on/keys.env\n\
                    releases:\n  - name: web\n    values:\n      - tag: {{ readFile \"tag.env\" }}\n";
        assert_eq!(
            values_named_by_helmfile("deploy/helmfile.yaml", text),
            ["deploy/on/production.env", "deploy/on/staging.env"]
        );
    }
}

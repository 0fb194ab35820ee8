//! Helmfiles that install nothing: a script has their values written into files, for something else to install with.

use super::super::chart::Charts;
use super::written::is_named_helmfile;

/// The command that writes the values of releases into files, and installs none of them.
/// <https://helmfile.readthedocs.io/en/latest/#cli-reference>
const WRITES: &str = "write-values";

/// Commands that install.
const INSTALLS: &[&str] = &["apply", "sync"];

/// Whether whatever names a helmfile has its values written, and installs nothing. One of a name that helmfile looks for
/// by itself may be installed without being named; and what no file names may be installed by hand.
pub(super) fn is_written_out(charts: &Charts<'_>, path: &str) -> bool {
    if is_named_helmfile(path) {
        return false;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let others = charts.files().filter(|(other, _)| *other != path && other.rsplit('.').next() != Some("md"));
    let texts = others.filter_map(|(other, _)| Some(charts.file(other)?.1.text.as_str()));
    let mut naming = texts.filter(|text| names_it(text, name)).peekable();
    naming.peek().is_some() && naming.all(writes_only)
}

/// Whether a text names a file, and not another whose name ends or goes on so.
fn names_it(text: &str, name: &str) -> bool {
    let part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.');
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (text.get(..at), text.get(at + name.len()..));
        !before.is_some_and(|before| before.ends_with(part)) && !after.is_some_and(|after| after.starts_with(part))
    })
}

/// Whether a script writes values, and installs nothing, comments left out.
fn writes_only(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words: Vec<&str> =
        lines.flat_map(|line| line.split(|it: char| it.is_whitespace() || matches!(it, '"' | '\''))).collect();
    words.contains(&WRITES) && !words.iter().any(|word| INSTALLS.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_that_install_are_told_from_those_that_write() {
        assert!(writes_only("# then apply\nhelmfile \\\n  --file \"$FILE\" \\\n  write-values\n"));
        for text in
            ["helmfile -f a.yaml sync", "helmfile -f a.yaml write-values\nhelmfile -f b.yaml apply", "ls a.yaml"]
        {
            assert!(!writes_only(text), "{text}");
        }
        assert!(names_it("FILE=\"${ROOT}/k8s/values.yaml\"", "values.yaml"));
        assert!(!names_it("k8s/my-values.yaml k8s/values.yaml.bak", "values.yaml"));
    }
}

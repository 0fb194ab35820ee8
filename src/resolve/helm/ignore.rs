//! `.helmignore`: which files are no part of a chart. <https://helm.sh/docs/chart_template_guide/helm_ignore_file/>

use globset::{GlobBuilder, GlobMatcher};

/// The patterns of a file.
#[derive(Debug, Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    /// Nothing where the pattern is none.
    matcher: Option<GlobMatcher>,
    negates: bool,
    /// Whether it means folders only.
    folders_only: bool,
    /// Whether it is held against the whole path rather than the name.
    whole: bool,
}

impl Rules {
    /// Reads the text of a `.helmignore`; dot files of `templates/` are left out in any case.
    pub(super) fn read(text: &str) -> Self {
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let rules = lines.chain(["templates/.?*"]).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self { rules: rules.filter(|line| !line.contains("**")).map(Rule::read).collect() }
    }

    /// Whether a file is left out, by itself or with one of its folders.
    pub(super) fn ignore(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| (&path[..at], true));
        folders.chain([(path, false)]).any(|(path, is_folder)| self.ignores(path, is_folder))
    }

    fn ignores(&self, path: &str, is_folder: bool) -> bool {
        for rule in &self.rules {
            if rule.negates {
                if (rule.folders_only && !is_folder) || !rule.matches(path) {
                    return true;
                }
            } else if (!rule.folders_only || is_folder) && rule.matches(path) {
                return true;
            }
        }
        false
    }
}

impl Rule {
    fn read(line: &str) -> Self {
        let (negates, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let (folders_only, line) = line.strip_suffix('/').map_or((false, line), |rest| (true, rest));
        let (rooted, line) = line.strip_prefix('/').map_or((false, line), |rest| (true, rest));
        let glob = GlobBuilder::new(line).literal_separator(true).build();
        let matcher = glob.ok().map(|glob| glob.compile_matcher());
        Self { matcher, negates, folders_only, whole: rooted || line.contains('/') }
    }

    fn matches(&self, path: &str) -> bool {
        let name = if self.whole { path } else { path.rsplit('/').next().unwrap_or(path) };
        self.matcher.as_ref().is_some_and(|matcher| matcher.is_match(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_leave_files_out() {
        let rules = Rules::read("# a comment\n*.tmp\n/docs\nci/\ntemplates/old.yaml\n");
        for (path, is_ignored) in [
            ("values.yaml", false),
            ("a.tmp", true),
            ("files/a.tmp", true),
            ("docs/readme.txt", true),
            ("files/docs", false),
            ("ci/values.yaml", true),
            ("templates/old.yaml", true),
            ("templates/.hidden.yaml", true),
            ("templates/app.yaml", false),
        ] {
            assert_eq!(rules.ignore(path), is_ignored, "{path}");
        }
    }
}

//! URLs of files on code hosts → repository, branch and path.
//!
//! The forms: GitHub `/blob/`, `/tree/`, `/raw/`, `/edit/`, `/blame/`; GitLab the same below `/-/`, or without it as it
//! used to be; Gitea and Forgejo `/src/branch/`, `/src/commit/`, `/src/tag/`; Bitbucket `/src/`, and `/browse/` with the
//! branch in the query; Azure DevOps `/_git/` with the path in the query.

use super::anchors::Style;
use super::files::decode;

/// A file on a code host.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hosted {
    /// Host and repository in lower case: `github.com/acme/platform`.
    pub(super) repository: String,
    /// Branch and path, part by part, where nothing but the repository's files tells where one ends and the other
    /// begins: a branch may have slashes in its name.
    pub(super) rest: Vec<String>,
    /// Whether `rest` begins with a branch. It is a path alone where the branch stands elsewhere or is not named.
    pub(super) branched: bool,
    /// How the host makes anchors.
    pub(super) styles: &'static [Style],
}

/// What stands between a repository and the branch.
const MARKS: &[&str] = &["blob", "tree", "raw", "edit", "blame"];

/// A URL's host, its path and its query, as written.
pub(super) struct Url<'u> {
    pub(super) host: String,
    pub(super) path: &'u str,
    pub(super) query: &'u str,
    pub(super) anchor: Option<&'u str>,
}

impl<'u> Url<'u> {
    /// The parts of what follows `https://`.
    pub(super) fn new(rest: &'u str) -> Self {
        let (rest, anchor) = match rest.split_once('#') {
            Some((rest, anchor)) => (rest, Some(anchor).filter(|anchor| !anchor.is_empty())),
            None => (rest, None),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.rsplit('@').next().unwrap_or(host).to_ascii_lowercase();
        Self { host, path, query, anchor }
    }

    fn asks(&self, key: &str) -> Option<String> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| *name == key).map(|(_, value)| decode(value)).next()
    }
}

/// A URL read as that of a file or folder on a code host.
pub(super) fn read(url: &Url<'_>) -> Option<Hosted> {
    let parts: Vec<String> = url.path.split('/').filter(|part| !part.is_empty()).map(decode).collect();
    let words: Vec<&str> = parts.iter().map(String::as_str).collect();
    let host = url.host.as_str();
    let hosted = |repository: &[&str], rest: &[&str], branched: bool, styles: &'static [Style]| Hosted {
        repository: std::iter::once(host)
            .chain(repository.iter().copied())
            .collect::<Vec<_>>()
            .join("/")
            .to_lowercase(),
        rest: rest.iter().map(|part| (*part).to_owned()).collect(),
        branched,
        styles,
    };
    if host == "raw.githubusercontent.com" {
        let [owner, name, rest @ ..] = words.as_slice() else { return None };
        let repository = format!("github.com/{owner}/{name}").to_lowercase();
        return Some(Hosted { repository, ..hosted(&[], rest, true, &[Style::GitHub]) });
    }
    if let Some(at) = words.iter().position(|word| *word == "-").filter(|at| *at >= 2) {
        let mark = words.get(at + 1)?;
        let known = MARKS.contains(mark);
        return known.then(|| hosted(&words[..at], &words[at + 2..], true, GITLAB));
    }
    if let Some(at) = words.iter().position(|word| *word == "_git") {
        let name = words.get(..at + 2)?;
        let path = url.asks("path").unwrap_or_default();
        let rest: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        return Some(hosted(name, &rest, false, &[Style::GitHub]));
    }
    match words.as_slice() {
        // Bitbucket Server: /projects/KEY/repos/name/browse/path?at=refs/heads/main
        ["projects" | "users", key, "repos", name, "browse" | "raw", rest @ ..] => {
            Some(hosted(&[*key, *name], rest, false, &[Style::Bitbucket]))
        }
        [owner, name, "src" | "raw", "branch" | "commit" | "tag", rest @ ..] => {
            Some(hosted(&[*owner, *name], rest, true, &[Style::GitHub]))
        }
        [owner, name, "src", rest @ ..] if host == "bitbucket.org" => {
            Some(hosted(&[*owner, *name], rest, true, &[Style::Bitbucket, Style::GitHub]))
        }
        [owner, name] | [owner, name, "wiki"] if CODE_HOSTS.contains(&host) => {
            Some(hosted(&[*owner, *name], &[], false, &[Style::GitHub, Style::GitLab]))
        }
        words => {
            let at = words.iter().position(|word| MARKS.contains(word)).filter(|at| *at >= 2)?;
            // GitLab has groups in groups; GitHub has not.
            let styles: &'static [Style] = if host == "github.com" { &[Style::GitHub] } else { ANY };
            (at == 2 || host != "github.com").then(|| hosted(&words[..at], &words[at + 1..], true, styles))
        }
    }
}

/// GitLab's renderer has changed how it treats runs of dashes.
const GITLAB: &[Style] = &[Style::GitLab, Style::GitHub];

/// Some host of one's own.
const ANY: &[Style] = &[Style::GitHub, Style::GitLab];

/// Hosts where two names are a repository, which shows its README.
const CODE_HOSTS: &[&str] = &["github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitea.com"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_has_its_form() {
        for (url, repository, rest, branched) in [
            ("github.com/Acme/Platform/blob/main/docs/a.md", "github.com/acme/platform", "main/docs/a.md", true),
            (
                "github.com/acme/platform/edit/feature/x/docs/a.md",
                "github.com/acme/platform",
                "feature/x/docs/a.md",
                true,
            ),
            ("raw.githubusercontent.com/acme/platform/main/a%20b.md", "github.com/acme/platform", "main/a b.md", true),
            ("gitlab.com/a/b/c/-/blob/master/docs/a.md?ref_type=heads", "gitlab.com/a/b/c", "master/docs/a.md", true),
            ("gitlab.example.net/a/b/blob/master/a.md", "gitlab.example.net/a/b", "master/a.md", true),
            ("git.example.net/acme/platform/src/branch/main/a.md", "git.example.net/acme/platform", "main/a.md", true),
            ("bitbucket.org/acme/platform/src/main/a.md", "bitbucket.org/acme/platform", "main/a.md", true),
            ("bb.example.net/projects/OPS/repos/x/browse/a.md?at=main", "bb.example.net/ops/x", "a.md", false),
            (
                "dev.azure.com/acme/ops/_git/platform?path=/docs/a.md",
                "dev.azure.com/acme/ops/_git/platform",
                "docs/a.md",
                false,
            ),
            ("github.com/acme/platform#runbooks", "github.com/acme/platform", "", false),
        ] {
            let read = read(&Url::new(url)).unwrap_or_else(|| panic!("{url}"));
            assert_eq!(
                (read.repository.as_str(), read.rest.join("/").as_str(), read.branched),
                (repository, rest, branched)
            );
        }
        for url in
            ["example.net/docs/a.md", "gitlab.com/a/b/-/issues/3", "github.com/acme/platform/issues/3", "example.net"]
        {
            assert_eq!(read(&Url::new(url)), None, "{url}");
        }
    }
}

//! Which repository a root is, as its git configuration says. Read as a file: nothing is run, nothing is followed.

use std::io::Read;

use super::Root;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 << 10;

/// The URLs of the remotes of a root that is a checkout, as written, and the branch that is checked out.
pub fn remotes(root: &Root) -> (Vec<String>, Option<String>) {
    let read = |name: &str| {
        let path = root.path.join(".git").join(name);
        let regular = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        let folder = root.path.join(".git").symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
        let file = std::fs::File::open(path).ok().filter(|_| regular && folder && !root.is_file)?;
        let mut text = String::new();
        file.take(LARGEST).read_to_string(&mut text).ok()?;
        Some(text)
    };
    let branch = read("HEAD").and_then(|head| Some(head.trim().strip_prefix("ref: refs/heads/")?.to_owned()));
    (read("config").map(|config| urls(&config)).unwrap_or_default(), branch)
}

/// The values of `url` in the sections of remotes: <https://git-scm.com/docs/git-config#_syntax>.
fn urls(config: &str) -> Vec<String> {
    let mut in_remote = false;
    let mut urls = Vec::new();
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            in_remote = line.to_ascii_lowercase().starts_with("[remote ");
        } else if let Some((key, value)) = line.split_once('=').filter(|_| in_remote)
            && key.trim().eq_ignore_ascii_case("url")
        {
            urls.push(value.trim().trim_matches('"').to_owned());
        }
    }
    urls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_remotes_have_urls_that_count() {
        let config = "[core]\n\turl = no\n[remote \"origin\"]\n\turl = git@github.com:acme/platform.git\n\tfetch = +x\n\
                      [branch \"main\"]\n\tremote = origin\n[REMOTE \"up\"]\nURL=\"https://example.org/x\"\n[url \"a\"]\nurl = no\n";
        assert_eq!(urls(config), ["git@github.com:acme/platform.git", "https://example.org/x"]);
    }
}

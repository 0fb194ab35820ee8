//! Histories of repositories that git makes.

use std::path::Path;
use std::process::Command;

use super::*;

/// A repository in a folder of its own; none where there is no git.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Option<Self> {
        let repository = Self(tempfile::tempdir().unwrap());
        if repository.git(&["init", "-q", "-b", "main"], "2020-01-01") {
            return Some(repository);
        }
        eprintln!("skipped: there is no git");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, arguments: &[&str], day: &str) -> bool {
        let date = format!("{day}T12:00:00+00:00");
        let run = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .output();
        run.is_ok_and(|run| run.status.success())
    }

    fn commit(&self, day: &str, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = self.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        assert!(self.git(&["add", "-A"], day) && self.git(&["commit", "-qm", "x"], day));
    }

    fn history(&self) -> Git {
        Git::new(std::iter::once((String::new(), self.path().to_owned())))
    }

    fn days(&self, wanted: &[&str]) -> Vec<(String, String)> {
        let changes = self.history().last_changes(&wanted.iter().copied().collect()).unwrap();
        changes.into_iter().map(|(path, change)| (path, change.day.to_string())).collect()
    }
}

#[test]
fn a_file_changed_on_the_day_of_its_last_commit_that_is_no_bulk() {
    let Some(repository) = Repository::new() else { return };
    repository.commit("2024-01-01", &[("docs/a.md", "one"), ("rules/a.yml", "one")]);
    repository.commit("2024-02-01", &[("rules/a.yml", "two"), ("docs/deep/er/b.md", "one")]);
    let many: Vec<(String, String)> = (0..200).map(|file| (format!("x/{file}"), "x".to_owned())).collect();
    let mut bulk: Vec<(&str, &str)> = many.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    bulk.push(("docs/a.md", "formatted"));
    repository.commit("2024-03-01", &bulk);
    let found = repository.days(&["docs/a.md", "docs/deep/er/b.md", "rules/a.yml", "x/7", "gone.md"]);
    let found: Vec<String> = found.into_iter().map(|(path, day)| format!("{path} {day}")).collect();
    assert_eq!(
        found,
        ["docs/a.md 2024-01-01", "docs/deep/er/b.md 2024-02-01", "rules/a.yml 2024-02-01", "x/7 2024-03-01"]
    );
}

#[test]
fn files_are_read_as_they_were() {
    let Some(repository) = Repository::new() else { return };
    repository.commit("2024-01-01", &[("docs/a.md", "page"), ("rules/a.yml", "one")]);
    repository.commit("2025-01-01", &[("rules/a.yml", "two")]);
    let history = repository.history();
    let changes = history.last_changes(&["docs/a.md"].into()).unwrap();
    let then = &changes["docs/a.md"];
    let mut texts = Vec::new();
    let wanted = ["rules/a.yml", "rules/b.yml", "rules", "../outside"].map(|path| (then, path));
    history.texts_at(&wanted, &mut |(_, path), text| texts.push((path.to_owned(), text.to_owned())));
    // A folder has no text.
    assert_eq!(texts, [("rules/a.yml".to_owned(), "one".to_owned())]);
}

#[test]
fn without_the_whole_history_nothing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let history = Git::new(std::iter::once((String::new(), folder.path().to_owned())));
    let wanted: BTreeSet<&str> = ["a.md"].into();
    assert!(history.last_changes(&wanted).unwrap_err().reason.contains("no git history"));

    let Some(repository) = Repository::new() else { return };
    repository.commit("2024-01-01", &[("a.md", "one")]);
    repository.commit("2024-01-02", &[("a.md", "two")]);
    let clone = folder.path().join("clone");
    let source = format!("file://{}", repository.path().display());
    assert!(repository.git(&["clone", "-q", "--depth", "1", &source, &clone.to_string_lossy()], "2024-01-03"));
    let shallow = Git::new(std::iter::once((String::new(), clone)));
    assert!(shallow.last_changes(&wanted).unwrap_err().reason.contains("cut off"));
}

#[test]
fn a_broken_repository_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(".git/objects")).unwrap();
    std::fs::write(folder.path().join(".git/HEAD"), "ref: refs/heads/../../../etc/passwd").unwrap();
    let history = Git::new(std::iter::once((String::new(), folder.path().to_owned())));
    let told = history.last_changes(&["a.md"].into());
    assert!(told.is_err() || told.unwrap().is_empty());
}

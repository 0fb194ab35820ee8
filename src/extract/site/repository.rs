//! What files at the root of a repository say of its own address.

use crate::model::surroundings::{Repository, Surroundings};
use crate::source::Source;
use crate::tree::Node;

/// The hosts whose projects are two names below them, and Go modules are named after.
const TWO_NAMES: &[&str] = &["github.com", "bitbucket.org", "codeberg.org", "gitea.com"];

/// `module github.com/acme/platform/v2`
pub(super) fn go_module(source: &Source, found: &mut Surroundings) {
    let module = source.text.lines().find_map(|line| line.trim().strip_prefix("module "));
    let Some(module) = module.map(|module| module.trim().trim_matches('"')) else { return };
    let parts: Vec<&str> = module.split('/').collect();
    if let [host, owner, name, ..] = parts.as_slice()
        && TWO_NAMES.contains(host)
    {
        add(&source.path, &format!("https://{host}/{owner}/{name}"), found);
    }
}

/// `"repository": "github:acme/platform"`, `{"url": "git+https://…"}`:
/// <https://docs.npmjs.com/cli/v11/configuring-npm/package-json#repository>
pub(super) fn package(path: &str, package: &Node, found: &mut Surroundings) {
    let Some(node) = package.get("repository") else { return };
    let Some(written) = node.as_str().or_else(|| node.get("url")?.as_str()) else { return };
    let short = [("github:", "github.com"), ("gitlab:", "gitlab.com"), ("bitbucket:", "bitbucket.org")];
    let long = short.iter().find_map(|(mark, host)| Some(format!("https://{host}/{}", written.strip_prefix(mark)?)));
    let plain = written.matches('/').count() == 1 && !written.contains(':');
    let url = long.unwrap_or_else(|| if plain { format!("https://github.com/{written}") } else { written.to_owned() });
    add(path, &url, found);
}

/// `github.com/project-slug: acme/platform`:
/// <https://backstage.io/docs/features/software-catalog/well-known-annotations>
pub(super) fn catalogue(path: &str, document: &Node, found: &mut Surroundings) {
    for host in ["github.com", "gitlab.com"] {
        let key = format!("{host}/project-slug");
        if let Some(slug) = document.at(&["metadata", "annotations", &key]).and_then(Node::as_str) {
            add(path, &format!("https://{host}/{slug}"), found);
        }
    }
}

/// A URL under a key.
pub(super) fn named(path: &str, node: Option<&Node>, found: &mut Surroundings) {
    if let Some(url) = node.and_then(Node::as_str) {
        add(path, url, found);
    }
}

fn add(path: &str, url: &str, found: &mut Surroundings) {
    found.repositories.extend(name(url).map(|name| Repository { name, path: path.into() }));
}

/// A repository's URL in any form → its host and path in lower case, without `.git`.
pub(crate) fn name(url: &str) -> Option<crate::tree::Text> {
    let url = url.trim().trim_start_matches("git+").trim_end_matches('/');
    let (host, path) = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?,
        // `git@github.com:acme/platform.git`
        None => url.split_once(':')?,
    };
    let host = host.rsplit('@').next()?.split(':').next()?;
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let whole = host.contains('.') && path.contains('/') && !path.contains([' ', '?', '#', '$', '{']);
    whole.then(|| format!("{host}/{path}").to_lowercase().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_address_is_one_name() {
        for url in [
            "git@github.com:Acme/platform.git",
            "https://github.com/acme/platform",
            "https://user:secret@github.com/acme/platform.git/",
            "ssh://git@github.com:22/acme/platform",
            "git+https://github.com/acme/platform.git",
        ] {
            assert_eq!(name(url).as_deref(), Some("github.com/acme/platform"), "{url}");
        }
        assert_eq!(name("https://gitlab.example.net/a/b/c.git").as_deref(), Some("gitlab.example.net/a/b/c"));
        assert_eq!(name("/srv/git/platform"), None);
        assert_eq!(name("https://github.com/acme"), None);
    }

    #[test]
    fn manifests_name_their_repository() {
        let mut found = Surroundings::default();
        go_module(&Source::new("go.mod", "module github.com/acme/platform/v2\n\ngo 1.24\n"), &mut found);
        go_module(&Source::new("go.mod", "module example.com/x\n"), &mut found);
        assert_eq!(
            found.repositories.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(),
            ["github.com/acme/platform"]
        );
        for json in [
            "repository: github:acme/platform",
            "repository: acme/platform",
            "repository: {url: 'git+https://github.com/acme/platform.git'}",
        ] {
            let (_, facts) = crate::extract::read_yaml("package.json", json);
            assert_eq!(facts.model.surroundings.repositories[0].name, "github.com/acme/platform", "{json}");
        }
    }
}

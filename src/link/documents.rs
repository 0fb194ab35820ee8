//! Links → what they lead to. Nothing is fetched: a link leads to a file of the audited roots, to nothing there, or to
//! somewhere that is not audited, which is unknown.

use std::collections::BTreeMap;

use super::Context;
use crate::model::{DocumentLink, Fact, Id, Model, Runbook};
use crate::tree::{Text, Unknown};

/// What a link leads to.
enum Target {
    /// A page, and maybe a place on it.
    Page(Id<Runbook>),
    /// A file or folder that is no page.
    Other,
    /// Nothing: what was looked for.
    Nothing(String),
    /// Somewhere that is not audited, or that only a site generator knows.
    Elsewhere(String, &'static str),
}

/// Resolves every link, and the runbook each alert names.
pub(super) fn resolve(model: &mut Model, context: &Context<'_>) {
    let pages = Pages::new(model, context);
    let mut resolved: Vec<(Id<DocumentLink>, Target)> = Vec::new();
    for (id, link) in model.each::<DocumentLink>() {
        let target = match (link.url.value(), link.url.reason()) {
            (Some(url), _) => pages.resolve(model, url, &link.place.path),
            (None, Some(unknown)) => Target::Elsewhere(unknown.reason.clone(), "write the link out"),
            (None, None) => continue,
        };
        resolved.push((id, target));
    }
    for (id, target) in resolved {
        let span = model[id].place.span;
        let alert = model[id].alert;
        let (dead, missing) = match &target {
            Target::Page(_) | Target::Other => (Fact::known(false, span), Text::default()),
            Target::Nothing(missing) => (Fact::known(true, span), missing.as_str().into()),
            Target::Elsewhere(reason, remedy) => {
                (Fact::unknown(Unknown::new(reason.clone(), *remedy, span)), Text::default())
            }
        };
        let service = alert.and_then(|alert| model[alert].service);
        let link = &mut model[id];
        link.dead = dead;
        link.missing = missing;
        link.service = service;
        if let Target::Page(page) = target {
            if let Some(alert) = alert {
                model[alert].runbook.page = Some(page);
                if !model[page].alerts.contains(&alert) {
                    model[page].alerts.push(alert);
                }
                let here = model[alert].place.span;
                model[page].referenced = Fact::known(true, here);
            } else if model[id].runbook != Some(page) {
                model[page].referenced = Fact::known(true, span);
            }
        }
    }
}

/// The audited pages and files, for look-up.
struct Pages<'c> {
    context: &'c Context<'c>,
    /// Paths in lower case → the page; sites are often served without regard to case.
    by_path: BTreeMap<String, Id<Runbook>>,
    folders: std::collections::BTreeSet<String>,
    files: std::collections::BTreeSet<String>,
}

impl<'c> Pages<'c> {
    fn new(model: &Model, context: &'c Context<'c>) -> Self {
        let by_path =
            model.each::<Runbook>().map(|(id, page)| (page.place.path.to_ascii_lowercase().into(), id)).collect();
        let files = context.paths.iter().map(|path| path.to_ascii_lowercase()).collect();
        let mut folders = std::collections::BTreeSet::from([String::new()]);
        for path in context.paths {
            let lower = path.to_ascii_lowercase();
            let mut folder = lower.as_str();
            while let Some((parent, _)) = folder.rsplit_once('/') {
                if !folders.insert(parent.to_owned()) {
                    break;
                }
                folder = parent;
            }
        }
        Self { context, by_path, folders, files }
    }

    fn resolve(&self, model: &Model, url: &str, from: &str) -> Target {
        let url = url.trim();
        if url.contains("{{") || url.contains("${") || url.contains("$(") || url.contains('<') {
            return Target::Elsewhere("the link is made from a template".into(), "write the link out");
        }
        if let Some((prefix, folder)) = self.context.urls.iter().find(|(prefix, _)| url.starts_with(prefix.as_str())) {
            let rest = url[prefix.len()..].trim_start_matches('/');
            let path =
                if folder.is_empty() { rest.to_owned() } else { format!("{}/{rest}", folder.trim_end_matches('/')) };
            return self.lookup(model, &path, true).unwrap_or_else(|| nothing(&path));
        }
        if let Some((scheme, rest)) = url.split_once("://") {
            if !matches!(scheme, "http" | "https") {
                return Target::Other;
            }
            return self.on_code_host(model, rest).unwrap_or_else(|| {
                let host = rest.split('/').next().unwrap_or(rest);
                let remedy = "audit that repository too, or map its URL under [runbooks.urls] in twoam.toml";
                Target::Elsewhere(format!("{host} is not part of this audit"), remedy)
            });
        }
        if url.starts_with("mailto:") || url.starts_with("tel:") || url.starts_with("//") || url.starts_with("slack:") {
            return Target::Other;
        }
        self.relative(model, url, from)
    }

    /// A page of a code host whose path is in the audited roots: the repository itself, most likely. Another
    /// repository's page stays unknown.
    fn on_code_host(&self, model: &Model, rest: &str) -> Option<Target> {
        let (_, after) = ["/blob/", "/tree/", "/raw/", "/src/branch/"].iter().find_map(|mark| rest.split_once(mark))?;
        // Every repository has a README.md: only a longer path tells this one from another.
        let (_, path) = after.split_once('/').filter(|(_, path)| path.contains('/'))?;
        match self.lookup(model, path, true)? {
            Target::Nothing(_) => None,
            target => Some(target),
        }
    }

    fn relative(&self, model: &Model, url: &str, from: &str) -> Target {
        if let Some(anchor) = url.strip_prefix('#') {
            let page = self.by_path.get(&from.to_ascii_lowercase());
            return match page {
                Some(page) if !has_anchor(&model[*page], anchor) => Target::Nothing(format!("heading `#{anchor}`")),
                _ => Target::Other,
            };
        }
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let (path, _) = split_anchor(url);
        if let Some(rooted) = url.strip_prefix('/') {
            if let Some(target) = self.lookup(model, rooted, true) {
                return target;
            }
            return Target::Elsewhere(
                format!("`{path}` is a path of a web site"),
                "map its URL under [runbooks.urls] in twoam.toml",
            );
        }
        let Some(joined) = join_path(folder, url) else {
            return Target::Elsewhere(
                "the link leads out of the audited roots".into(),
                "audit the folder it leads to as well",
            );
        };
        if let Some(target) = self.lookup(model, &joined, true) {
            return target;
        }
        // A path given from the root of the repository, as alert annotations do.
        if let Some(target) = self.lookup(model, url, true) {
            return target;
        }
        let file = path.rsplit('/').next().unwrap_or(path);
        // A site generator makes pages of other names; anything else that has an extension is a file.
        let extension =
            file.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or("", |(_, extension)| extension);
        let names_file = (1..=5).contains(&extension.len()) && extension.chars().all(|c| c.is_ascii_alphanumeric());
        if names_file && !matches!(extension, "html" | "htm") {
            return nothing(split_anchor(&joined).0);
        }
        Target::Elsewhere(format!("`{path}` is a path that a site generator resolves"), "link to the file itself")
    }

    /// The target of a path from the root, if there is anything.
    fn lookup(&self, model: &Model, path: &str, with_anchor: bool) -> Option<Target> {
        let (path, anchor) = split_anchor(path);
        let decoded = decode(path.split('?').next().unwrap_or(path));
        let lower = decoded.trim_start_matches("./").trim_end_matches('/').to_ascii_lowercase();
        let candidates = [
            lower.clone(),
            format!("{lower}.md"),
            format!("{lower}/readme.md"),
            format!("{lower}/index.md"),
            format!("{lower}/_index.md"),
        ];
        for candidate in &candidates {
            if let Some(page) = self.by_path.get(candidate) {
                return Some(match anchor {
                    Some(anchor) if with_anchor && !has_anchor(&model[*page], anchor) => {
                        Target::Nothing(format!("heading `#{anchor}` in {}", model[*page].place.path))
                    }
                    _ => Target::Page(*page),
                });
            }
        }
        (self.files.contains(&lower) || self.folders.contains(&lower)).then_some(Target::Other)
    }
}

fn nothing(path: &str) -> Target {
    Target::Nothing(format!("`{}`", split_anchor(path).0))
}

fn split_anchor(url: &str) -> (&str, Option<&str>) {
    match url.split_once('#') {
        Some((path, anchor)) if !anchor.is_empty() => (path, Some(anchor)),
        Some((path, _)) => (path, None),
        None => (url, None),
    }
}

fn has_anchor(page: &Runbook, anchor: &str) -> bool {
    let anchor = decode(anchor).to_lowercase();
    let anchor = anchor.strip_prefix("user-content-").unwrap_or(&anchor);
    // `#L10` is a line of the file; `#:~:text=` is a text of the page.
    let of_viewer = anchor.starts_with(":~:")
        || anchor.strip_prefix('l').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    of_viewer
        || anchor.is_empty()
        || page.headings.iter().any(|(slug, ..)| *slug == *anchor)
        || page.anchors.iter().any(|name| name.to_lowercase() == anchor)
}

/// Undoes percent encoding.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(hex.unwrap_or(*byte));
        at += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// `relative` from `folder`, `.` and `..` undone; `None` when it climbs out of the root.
fn join_path(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_join_and_never_climb_out() {
        assert_eq!(join_path("runbooks/db", "../checkout.md#a"), Some("runbooks/checkout.md#a".into()));
        assert_eq!(join_path("runbooks", "../../etc/passwd"), None);
        assert_eq!(decode("a%20b%2"), "a b%2");
    }
}

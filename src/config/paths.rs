//! Paths as `twoam.toml` means them, relative to its own folder → paths as the audit shows them. Uses `discover::Root`.
//!
//! The two differ when only a part of a repository is audited (`twoam check infra` with `infra/production/**` in the file
//! beside it) and when several roots are. So each pattern is rewritten for each root: what of it is left below the root's
//! folder, put below the root's prefix.

use std::collections::BTreeSet;
use std::path::Path;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use toml::Spanned;

use crate::discover::Root;

/// How the roots stand to the folder of the configuration file.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    views: Vec<View>,
}

/// One root.
#[derive(Clone, Debug)]
struct View {
    /// The folders from the configuration's down to the root; `None` when it stands elsewhere, and patterns are held
    /// against paths as shown.
    below: Option<Vec<String>>,
    /// What the root's paths are shown below.
    prefix: String,
}

impl Frame {
    pub(super) fn new(folder: &Path, roots: &[Root]) -> Self {
        let view = |root: &Root| {
            let place = if root.is_file { root.path.parent()? } else { root.path.as_path() };
            let below = place.strip_prefix(folder).ok();
            let below = below.map(|path| path.iter().map(|part| part.to_string_lossy().into_owned()).collect());
            let prefix = match (root.is_file, root.prefix.rsplit_once('/')) {
                (false, _) => root.prefix.clone(),
                (true, Some((parent, _))) => parent.to_owned(),
                (true, None) => String::new(),
            };
            Some(View { below, prefix })
        };
        Self { views: roots.iter().filter_map(view).collect() }
    }

    /// The set of some globs; what is no glob comes back with the reason.
    pub(super) fn globs<'g>(&self, written: &'g [Spanned<String>]) -> (GlobSet, Vec<(&'g Spanned<String>, String)>) {
        let mut globs = Vec::new();
        let mut wrong = Vec::new();
        for one in written {
            match self.rewritten(one.get_ref()) {
                Ok(rewritten) => globs.extend(rewritten),
                Err(reason) => wrong.push((one, reason)),
            }
        }
        let set = set(globs).unwrap_or_else(|reason| {
            wrong.extend(written.first().map(|first| (first, reason)));
            GlobSet::default()
        });
        (set, wrong)
    }

    fn rewritten(&self, pattern: &str) -> Result<Vec<Glob>, String> {
        let pattern = pattern.trim_start_matches("./").trim_start_matches('/');
        if pattern.is_empty() {
            return Err("an empty pattern matches nothing".to_owned());
        }
        let pattern = if pattern.ends_with('/') { format!("{pattern}**") } else { pattern.to_owned() };
        let whole = glob(&pattern)?;
        if self.views.is_empty() {
            return Ok(vec![whole]);
        }
        let mut globs = Vec::new();
        for view in &self.views {
            let Some(below) = view.below.as_ref().filter(|below| !below.is_empty() || !view.prefix.is_empty()) else {
                globs.push(whole.clone());
                continue;
            };
            for rest in rests(&split(&pattern), below)? {
                let prefix = globset::escape(&view.prefix);
                globs.push(glob(&if prefix.is_empty() { rest } else { format!("{prefix}/{rest}") })?);
            }
        }
        Ok(globs)
    }

    /// What a URL prefix shows, when it shows `path`: pairs of prefix and path as shown.
    pub(super) fn urls(&self, prefix: &str, path: &str) -> Vec<(String, String)> {
        let path = path.trim_start_matches("./").trim_matches('/');
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let mut urls = Vec::new();
        for view in &self.views {
            let Some(below) = &view.below else { continue };
            if let Some(rest) = strip(&parts, below) {
                let shown = std::iter::once(view.prefix.as_str())
                    .filter(|prefix| !prefix.is_empty())
                    .chain(rest.iter().copied());
                urls.push((prefix.to_owned(), shown.collect::<Vec<_>>().join("/")));
            } else if let Some(rest) = strip(below, &parts) {
                let between = if prefix.ends_with('/') { "" } else { "/" };
                urls.push((format!("{prefix}{between}{}/", rest.join("/")), view.prefix.clone()));
            }
        }
        if urls.is_empty() {
            urls.push((prefix.to_owned(), parts.join("/")));
        }
        urls
    }
}

fn strip<'a, A: AsRef<str>, B: AsRef<str>>(path: &'a [A], start: &[B]) -> Option<&'a [A]> {
    let same = path.len() >= start.len() && path.iter().zip(start).all(|(left, right)| left.as_ref() == right.as_ref());
    if same { path.get(start.len()..) } else { None }
}

/// The parts of a pattern between its slashes; those in braces and brackets do not part it.
fn split(pattern: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    pattern
        .split(|letter| {
            match letter {
                '{' | '[' => depth += 1,
                '}' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            letter == '/' && depth == 0
        })
        .collect()
}

/// What is left of a pattern inside a folder that begins to match it: one for each way in which it does.
fn rests(pattern: &[&str], below: &[String]) -> Result<Vec<String>, String> {
    // Parts of the pattern that may come next; `**` may stand for no folder as well.
    let or_past = |next: BTreeSet<usize>| {
        let mut reached = BTreeSet::new();
        for mut at in next {
            while reached.insert(at) && pattern.get(at) == Some(&"**") {
                at += 1;
            }
        }
        reached
    };
    let mut next = or_past(BTreeSet::from([0]));
    for folder in below {
        let mut then = BTreeSet::new();
        for at in next {
            match pattern.get(at) {
                Some(&"**") => drop(then.insert(at)),
                Some(part) if set(vec![glob(part)?])?.is_match(folder) => drop(then.insert(at + 1)),
                _ => {}
            }
        }
        next = or_past(then);
    }
    Ok(next
        .into_iter()
        .filter_map(|at| pattern.get(at..))
        .filter(|rest| !rest.is_empty())
        .map(|it| it.join("/"))
        .collect())
}

/// The longest pattern that is taken, in bytes, and how deep its braces may nest: what compiling it costs grows with both.
const LONGEST: usize = 512;
const DEEPEST: usize = 8;

fn glob(pattern: &str) -> Result<Glob, String> {
    bounded(pattern)?;
    GlobBuilder::new(pattern).literal_separator(true).build().map_err(|error| error.kind().to_string())
}

/// A pattern of names, in which nothing separates.
pub(super) fn name(pattern: &str) -> Result<Glob, String> {
    bounded(pattern)?;
    GlobBuilder::new(pattern).build().map_err(|error| error.kind().to_string())
}

/// One set of globs. It is compiled here and nowhere else: a glob alone panics when it is too large.
pub(super) fn set(globs: Vec<Glob>) -> Result<GlobSet, String> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(glob);
    }
    set.build().map_err(|_| "together these patterns are too large".to_owned())
}

fn bounded(pattern: &str) -> Result<(), String> {
    if pattern.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let mut depth = 0_usize;
    for letter in pattern.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!("its braces nest deeper than {DEEPEST}"));
        }
    }
    Ok(())
}

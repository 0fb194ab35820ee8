//! The walk: which files an audit reads, and which it does not, with the reason. Uses `source`, `tree` and `problem`.
//!
//! What `.gitignore`, `.git/info/exclude` and `.twoamignore` name is no part of the project, unless git tracks it
//! nevertheless (and `.twoamignore` does not name it); the same holds outside a git checkout. The user's global git settings are not read, so that everybody gets the same audit. Hidden files are
//! read, since readiness lives in `.github/` and `.circleci/`. Whatever else is left out is listed.
//!
//! The walk is parallel and its result sorted: it does not depend on the number of threads or the file system's order.

mod format;
mod installed;
mod link;
mod mentioned;
mod named;
mod packed;
mod read;
mod remote;
mod roots;
mod tracked;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};

use ignore::{DirEntry, WalkBuilder, WalkState};

pub use format::{UNRENDERED, may_be_filled_in};
pub use installed::add_installed_modules;
pub use mentioned::mentioned;
pub use named::add_plans;
pub use packed::{Packed, packed_charts};
pub use read::{Unread, read, text_at};
pub use remote::remotes;
pub use roots::{Root, roots};

use crate::problem::{Fault, Problem, Skipped};
use crate::tree::Format;
use format::Kind;
use tracked::Missed;

/// Name of the ignore file that speaks to twoam only; its syntax is that of `.gitignore`.
const IGNORE_FILE: &str = ".twoamignore";

/// Where version control systems keep their own data: no part of the project. (`.git` may be a file.)
const REPOSITORY_FOLDERS: &[&str] = &[".git", ".hg", ".svn", ".jj"];

/// Folders that hold what a tool has fetched or made, with the reason for which they are left out.
const WORKING_FOLDERS: &[(&str, &str)] = &[
    ("node_modules", "packages of others"),
    (".terraform", "Terraform's working folder"),
    (".terragrunt-cache", "Terragrunt's working folder"),
    (".venv", "packages of others"),
];

/// The folder of the project's own rules and their fixtures: it exists, and is no input.
const OWN_FOLDER: &str = ".twoam";

/// How to walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The largest file that is read, in bytes.
    pub largest: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { largest: 16 << 20 }
    }
}

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where to open it.
    pub path: PathBuf,
    /// Its path as shown: relative to its root, with `/`; below the root's name where there are several roots.
    pub shown: String,
    /// Its syntax.
    pub format: Format,
    /// The index of its root among [`Discovery::roots`].
    pub root: usize,
    /// The largest size that is read, in bytes.
    pub largest: u64,
}

/// What the walk found.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The roots, each once.
    pub roots: Vec<Root>,
    /// Files to read, sorted by the path shown.
    pub files: Vec<Found>,
    /// The paths of all files, of unknown syntax too, sorted: what patterns of CODEOWNERS are held against.
    pub all_paths: Vec<String>,
    /// What is not read, and why, sorted.
    pub skipped: Vec<Skipped>,
    /// What is wrong with the roots, or could not be listed.
    pub problems: Vec<Problem>,
}

impl Discovery {
    /// The files that are of no kind to be read by themselves and are wanted nevertheless, as lines of text. The same
    /// bounds hold for them: nothing outside of the roots, and nothing too large.
    pub fn further(&self, wanted: impl Fn(&str) -> bool, options: &Options) -> Vec<Found> {
        let read = |path: &String| self.files.binary_search_by(|found| found.shown.cmp(path)).is_ok();
        let open = |path: &String| {
            let (index, file) = self.roots.iter().enumerate().find_map(|(index, root)| {
                Some((index, root.located(path).filter(|file| file.symlink_metadata().is_ok())?))
            })?;
            matches!(link::target(&file, &self.roots), link::Target::File).then(|| Found {
                path: file,
                shown: path.clone(),
                format: Format::Text,
                root: index,
                largest: options.largest,
            })
        };
        self.all_paths.iter().filter(|path| wanted(path) && !read(path)).filter_map(open).collect()
    }
}

/// Walks the roots.
pub fn discover(paths: &[PathBuf], options: &Options) -> Discovery {
    let (roots, mut problems) = roots(paths);
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for (index, root) in roots.iter().enumerate() {
        let walk = Walk { root, index, all: &roots, options };
        for one in walk.run() {
            // A root inside another one shows its files by the same paths, so that each counts once.
            seen.entry(one.shown.clone()).or_insert(one);
        }
    }
    let mut discovery = Discovery::default();
    for (shown, one) in seen {
        if one.is_file {
            discovery.all_paths.push(shown.clone());
        }
        problems.extend(one.problem);
        match one.verdict {
            Verdict::Read(found) => discovery.files.push(found),
            Verdict::Skip(reason) => discovery.skipped.push(Skipped { path: shown, reason }),
            Verdict::NoInput => {}
        }
    }
    if problems.is_empty() && discovery.files.is_empty() && discovery.skipped.is_empty() {
        problems.push(nothing(paths));
    }
    Discovery { roots, problems, ..discovery }
}

fn nothing(paths: &[PathBuf]) -> Problem {
    Problem::of(
        Fault::Configuration,
        paths.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>().join(", "),
        "nothing to audit: there is no Terraform, YAML, JSON, TOML or Markdown file that ignore files do not exclude",
        "name the folder that holds the infrastructure, its alerts and its runbooks",
    )
}

/// What became of a path.
struct Seen {
    shown: String,
    /// Whether it is a file, or something that stands in the place of one.
    is_file: bool,
    verdict: Verdict,
    problem: Option<Problem>,
}

enum Verdict {
    Read(Found),
    Skip(String),
    /// Its syntax is not one that is read.
    NoInput,
}

/// The walk of one root.
struct Walk<'a> {
    root: &'a Root,
    index: usize,
    all: &'a [Root],
    options: &'a Options,
}

impl Walk<'_> {
    fn run(&self) -> Vec<Seen> {
        if self.root.is_file {
            return self.named_file().into_iter().collect();
        }
        let checkout = self.root.checkout();
        let mut seen = self.walk(checkout.is_some(), None);
        if let Some(checkout) = checkout {
            let shown: BTreeSet<&str> = seen.iter().map(|one| one.shown.as_str()).collect();
            let missed = Missed::of(self.root, checkout, &shown);
            if !missed.files.is_empty() {
                seen.extend(self.walk(true, Some(missed)));
            }
        }
        seen
    }

    /// One walk: of everything that ignore files leave, or of `only` these, to which just our own ignore file applies.
    fn walk(&self, in_checkout: bool, only: Option<Missed>) -> Vec<Seen> {
        let (sender, receiver) = channel();
        let walker = WalkBuilder::new(&self.root.path)
            .hidden(false)
            .ignore(false)
            .git_global(false)
            .git_ignore(only.is_none())
            .git_exclude(only.is_none())
            // In a checkout, ignore files count up to where it begins; outside of one, from the root down. What stands
            // above either is an accident of the machine.
            .require_git(in_checkout)
            .parents(in_checkout)
            .add_custom_ignore_filename(IGNORE_FILE)
            .threads(rayon::current_num_threads())
            .filter_entry(move |entry| {
                !is_repository_data(entry) && only.as_ref().is_none_or(|only| only.leads_to(entry.path()))
            })
            .build_parallel();
        walker.run(|| {
            let sender: Sender<Seen> = sender.clone();
            Box::new(move |entry| {
                let (seen, next) = self.visit(entry);
                for one in seen {
                    // The receiver lives as long as the walk.
                    let _ = sender.send(one);
                }
                next
            })
        });
        drop(sender);
        receiver.into_iter().collect()
    }

    /// A file that the user named: it is read whatever ignore files say, and not reading it is worth a line.
    fn named_file(&self) -> Option<Seen> {
        let name = self.root.path.file_name()?;
        let shown = self.root.prefix.clone();
        let verdict = match self.of_name(name, &self.root.path, &shown) {
            Verdict::NoInput => Verdict::Skip("not a syntax that twoam reads".to_owned()),
            other => other,
        };
        Some(Seen { shown, is_file: true, verdict, problem: None })
    }

    fn visit(&self, entry: Result<DirEntry, ignore::Error>) -> (Vec<Seen>, WalkState) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return (self.unlisted(&error).into_iter().collect(), WalkState::Continue),
        };
        let mut seen: Vec<Seen> = entry.error().and_then(|error| self.bad_ignore_file(error)).into_iter().collect();
        let Some(kind) = entry.file_type().filter(|_| entry.depth() > 0) else {
            return (seen, WalkState::Continue);
        };
        let (name, path) = (entry.file_name(), entry.path());
        let shown = self.shown(path);
        if kind.is_dir() {
            let Some((_, reason)) = WORKING_FOLDERS.iter().find(|(folder, _)| name == *folder) else {
                return (seen, WalkState::Continue);
            };
            let verdict = Verdict::Skip((*reason).to_owned());
            seen.push(Seen { shown: format!("{shown}/"), is_file: false, verdict, problem: None });
            return (seen, WalkState::Skip);
        }
        let verdict = if self.is_own(path) {
            Verdict::NoInput
        } else if path.strip_prefix(&self.root.path).unwrap_or(path).to_str().is_none() {
            Self::unless_no_input(name, "the name is not UTF-8")
        } else if kind.is_symlink() {
            self.of_link(name, path, &shown)
        } else if kind.is_file() {
            self.of_name(name, path, &shown)
        } else {
            Self::unless_no_input(name, "not a regular file")
        };
        seen.push(Seen { shown, is_file: true, verdict, problem: None });
        (seen, WalkState::Continue)
    }

    /// What becomes of a regular file, by its name.
    fn of_name(&self, name: &OsStr, path: &Path, shown: &str) -> Verdict {
        match format::at(&name.to_string_lossy(), shown) {
            Kind::Input(format) => Verdict::Read(Found {
                path: path.to_owned(),
                shown: shown.to_owned(),
                format,
                root: self.index,
                largest: self.options.largest,
            }),
            Kind::Left(reason) => Verdict::Skip(reason.to_owned()),
            Kind::NoInput => Verdict::NoInput,
        }
    }

    /// What becomes of a symbolic link: one to a file is that file under another path, as it is for every tool.
    fn of_link(&self, name: &OsStr, path: &Path, shown: &str) -> Verdict {
        match link::target(path, self.all) {
            link::Target::File => self.of_name(name, path, shown),
            // What was behind the link can only be guessed from its name; no extension may be a folder.
            link::Target::Nothing(reason) if name.to_string_lossy().contains('.') => {
                Self::unless_no_input(name, reason)
            }
            link::Target::OutsideFile => Self::unless_no_input(name, link::OUTSIDE),
            link::Target::Folder(reason) | link::Target::Nothing(reason) => Verdict::Skip(reason.to_owned()),
        }
    }

    fn unless_no_input(name: &OsStr, reason: &str) -> Verdict {
        match format::of(&name.to_string_lossy()) {
            Kind::NoInput => Verdict::NoInput,
            _ => Verdict::Skip(reason.to_owned()),
        }
    }

    fn shown(&self, path: &Path) -> String {
        self.root.shown(path)
    }

    fn is_own(&self, path: &Path) -> bool {
        path.strip_prefix(&self.root.path).is_ok_and(|inside| inside.starts_with(OWN_FOLDER))
    }

    /// A folder that cannot be listed.
    fn unlisted(&self, error: &ignore::Error) -> Option<Seen> {
        let (path, error) = placed(error)?;
        let reason = read::why(error.io_error()?);
        let shown = format!("{}/", self.shown(path));
        let problem = Problem::of(Fault::Input, &shown, format!("the folder was not read: {reason}"), read::REMEDY);
        Some(Seen { shown, is_file: false, verdict: Verdict::Skip(reason), problem: Some(problem) })
    }

    /// A line of our ignore file that says nothing. Those of `.gitignore` are git's concern.
    fn bad_ignore_file(&self, error: &ignore::Error) -> Option<Seen> {
        let errors = match error {
            ignore::Error::Partial(errors) => errors.as_slice(),
            other => std::slice::from_ref(other),
        };
        let (path, error) = errors.iter().filter_map(placed).find(|(path, _)| path.ends_with(IGNORE_FILE))?;
        let shown = self.shown(path);
        let problem = Problem::of(Fault::Input, &shown, error.to_string(), "each line is a pattern as in .gitignore");
        // Its own entry follows in the walk; this one stands beside it.
        Some(Seen { shown: format!("{shown}\0"), is_file: false, verdict: Verdict::NoInput, problem: Some(problem) })
    }
}

fn is_repository_data(entry: &DirEntry) -> bool {
    entry.depth() > 0 && REPOSITORY_FOLDERS.iter().any(|name| entry.file_name() == *name)
}

/// The path an error of the walk is about, and the error below it.
fn placed(error: &ignore::Error) -> Option<(&Path, &ignore::Error)> {
    match error {
        ignore::Error::WithPath { path, err } => Some((path, err)),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => placed(err),
        ignore::Error::Loop { child, .. } => Some((child, error)),
        _ => None,
    }
}

#[cfg(all(test, unix))] // links, pipes and permissions
mod tests;

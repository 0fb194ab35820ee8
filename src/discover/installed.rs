//! Modules that `terraform init` has put beside a configuration: `.terraform/modules`, with the list of them. Ignore
//! files name that folder, since it can be made again; where it is there, it says what remote modules make. It is read
//! below folders to audit only, and no link leads anywhere. Uses `source`,
//! `problem` and `tree`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Discovery, Found};
use crate::problem::Skipped;
use crate::source::{in_folder, parent};
use crate::tree::Format;

/// Where they are, from the folder of the configuration.
const FOLDER: &str = ".terraform/modules";
/// The list of them.
const LIST: &str = "modules.json";
/// What is said of the folder around them, which is not read otherwise.
const BUT: &str = ", of which only the installed modules are read";
/// How many of their files are read.
const MOST_FILES: usize = 20_000;
/// How deep their folders may be.
const DEEPEST: usize = 24;
/// Folders of a module that it does not consist of.
const NO_PART: &[&str] = &["examples", "example", "test", "tests", "wrappers", ".git", ".github"];

/// Adds the files of the modules that each configuration found has beside it.
pub fn add_installed_modules(discovery: &mut Discovery, largest: u64) {
    let mut folders: BTreeMap<PathBuf, (String, usize)> = BTreeMap::new();
    let within = |found: &&Found| found.format == Format::Hcl && !discovery.roots[found.root].is_file;
    for found in discovery.files.iter().filter(within) {
        let Some(folder) = found.path.parent() else { continue };
        let shown = parent(&found.shown);
        folders.entry(folder.to_owned()).or_insert_with(|| (shown.to_owned(), found.root));
    }
    let mut added = Vec::new();
    for (folder, (shown, root)) in folders {
        let modules = folder.join(FOLDER);
        if !stands(&folder) {
            continue;
        }
        let prefix = in_folder(&shown, FOLDER);
        let working = prefix.strip_suffix("modules").unwrap_or(&prefix);
        for skipped in discovery.skipped.iter_mut().filter(|skipped| skipped.path == working) {
            skipped.reason.push_str(BUT);
        }
        for path in files(&modules) {
            if added.len() >= MOST_FILES {
                let reason = format!("more than {MOST_FILES} files of installed modules");
                discovery.skipped.push(Skipped { path: format!("{prefix}/"), reason });
                break;
            }
            let Some(inside) = path.strip_prefix(&modules).ok().and_then(Path::to_str) else { continue };
            let format = if inside.ends_with("json") { Format::Json } else { Format::Hcl };
            added.push(Found { shown: format!("{prefix}/{}", inside.replace('\\', "/")), format, root, largest, path });
        }
    }
    if added.is_empty() {
        return;
    }
    discovery.files.extend(added);
    discovery.files.sort_by(|one, other| one.shown.cmp(&other.shown));
    discovery.files.dedup_by(|one, other| one.shown == other.shown);
}

/// Whether the list is there, and every step to it is what it seems.
fn stands(folder: &Path) -> bool {
    let kind = |path: PathBuf| path.symlink_metadata().ok().map(|found| found.file_type());
    let is_folder = |path: &str| kind(folder.join(path)).is_some_and(|kind| kind.is_dir());
    let is_listed = || kind(folder.join(FOLDER).join(LIST)).is_some_and(|kind| kind.is_file());
    is_folder(".terraform") && is_folder(FOLDER) && is_listed()
}

/// The list and the configuration of the modules in a folder, sorted. Links are not followed.
fn files(modules: &Path) -> impl Iterator<Item = PathBuf> {
    let walk = walkdir::WalkDir::new(modules).max_depth(DEEPEST).follow_links(false).sort_by_file_name();
    let part = |entry: &walkdir::DirEntry| {
        // A module may be called as a folder is that is no part of one.
        entry.depth() <= 1
            || !entry.file_type().is_dir()
            || entry.file_name().to_str().is_none_or(|name| !NO_PART.contains(&name))
    };
    let files = walk.into_iter().filter_entry(part).filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    files
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy();
            let extension =
                Path::new(&*name).extension().is_some_and(|extension| extension == "tf" || extension == "tofu");
            extension || name.ends_with(".tf.json") || entry.depth() == 1 && name == LIST
        })
        .map(walkdir::DirEntry::into_path)
}

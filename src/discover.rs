//! STUB
use std::path::PathBuf;
use crate::audit::Skipped;
use crate::problem::Problem;
use crate::tree::Format;
/// f
pub struct Found { /// p
 pub path: PathBuf, /// s
 pub shown: String, /// f
 pub format: Format }
/// d
pub struct Discovery { /// f
 pub files: Vec<Found>, /// a
 pub all_paths: Vec<String>, /// s
 pub skipped: Vec<Skipped>, /// p
 pub problems: Vec<Problem> }
/// o
#[derive(Default)]
pub struct Options;
/// d
pub fn discover(roots: &[PathBuf], _: &Options) -> Discovery {
    let mut files = vec![]; let mut all_paths = vec![];
    for root in roots { for e in ignore::WalkBuilder::new(root).hidden(false).require_git(false).git_global(false).build().flatten() {
        if !e.file_type().is_some_and(|t| t.is_file()) { continue; }
        let shown = e.path().strip_prefix(root).unwrap_or(e.path()).to_string_lossy().into_owned();
        if shown.starts_with(".git/") || shown.starts_with(".twoam/") { continue; }
        all_paths.push(shown.clone());
        let name = shown.rsplit('/').next().unwrap_or("");
        let format = if name.ends_with(".yaml") || name.ends_with(".yml") { Format::Yaml } else if name.ends_with(".json") { Format::Json } else if name.ends_with(".tf") || name.ends_with(".tfvars") || name.ends_with(".hcl") { Format::Hcl } else if name.ends_with(".md") { Format::Markdown } else if name == "CODEOWNERS" { Format::Text } else { continue };
        files.push(Found { path: e.path().to_owned(), shown, format });
    } }
    files.sort_by(|a, b| a.shown.cmp(&b.shown)); all_paths.sort();
    Discovery { files, all_paths, skipped: vec![], problems: vec![] }
}
/// r
pub fn read(found: &Found) -> Result<String, Skipped> {
    std::fs::read_to_string(&found.path).map_err(|e| Skipped { path: found.shown.clone(), reason: e.to_string() })
}

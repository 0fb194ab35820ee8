//! Files grouped into directories, as Terraform reads them: every `.tf` and `.tf.json` file of a directory is one
//! configuration.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use crate::model::Environments;
use crate::source::{Source, SourceId, Sources, Span};
use crate::tree::block::{Attribute, Block, Body, ExpressionKind};
use crate::tree::{Content, Document, Node, Text, Value};

use super::json;
use super::overrides;
use super::shelf::Shelf;

/// What a file is to Terraform.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    /// `.tf`, `.tf.json`.
    Configuration(Cow<'a, Body>),
    /// `.tfvars`.
    Values(&'a Body),
    /// `.tfvars.json`.
    JsonValues(&'a Node),
    /// `terragrunt.hcl`, and whatever else it may include or read.
    Terragrunt(&'a Body),
    /// `.terraform.lock.hcl`.
    Lock,
    /// `.terraform/modules/modules.json`.
    Installed(&'a Node),
}

/// A file of interest.
#[derive(Debug)]
pub(super) struct File<'a> {
    /// Its folder, without a trailing `/`.
    pub(super) directory: &'a str,
    /// Its name.
    pub(super) name: &'a str,
    /// Its whole path.
    pub(super) path: &'a str,
    /// What it is.
    pub(super) kind: Kind<'a>,
}

/// The files of interest.
#[derive(Debug)]
pub(super) struct Files<'a>(pub(super) Vec<File<'a>>);

impl<'a> Files<'a> {
    /// Picks the files that Terraform or Terragrunt would read.
    pub(super) fn read(documents: &[(&'a Source, &'a Document)]) -> Self {
        let mut files: Vec<File<'a>> =
            documents.iter().filter_map(|(source, document)| file(source, document)).collect();
        files.sort_by_key(|file| file.path);
        Self(overrides::merge(files))
    }
}

/// The folder in which `terraform init` puts modules.
const INSTALLED: &str = ".terraform/modules";

/// Whether a folder holds modules that `terraform init` has installed.
pub(super) fn is_installed(folder: &str) -> bool {
    let below = |rest: &str| rest.is_empty() || rest.starts_with('/');
    folder
        .match_indices(INSTALLED)
        .any(|(at, _)| (at == 0 || folder[..at].ends_with('/')) && below(&folder[at + INSTALLED.len()..]))
}

fn file<'a>(source: &'a Source, document: &'a Document) -> Option<File<'a>> {
    let path = source.path.as_str();
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let worked = |segment: &str| segment == ".terraform" || segment == ".terragrunt-cache";
    if directory.split('/').any(worked) && !is_installed(directory) {
        return None;
    }
    if is_installed(directory) && name == "modules.json" {
        let list = document.values().first()?;
        return Some(File { directory, name, path, kind: Kind::Installed(list) });
    }
    let ends = |suffix: &str| name.len() > suffix.len() && name.ends_with(suffix);
    let kind = match &document.content {
        Content::Body(body) if ends(".tf") || ends(".tofu") => Kind::Configuration(Cow::Borrowed(body)),
        Content::Body(body) if ends(".tfvars") => Kind::Values(body),
        Content::Body(_) if name == ".terraform.lock.hcl" => Kind::Lock,
        Content::Body(body) if ends(".hcl") => Kind::Terragrunt(body),
        Content::Values(nodes) if ends(".tf.json") => Kind::Configuration(Cow::Owned(json::body(nodes.first()?))),
        Content::Values(nodes) if ends(".tfvars.json") => Kind::JsonValues(nodes.first()?),
        _ => return None,
    };
    Some(File { directory, name, path, kind })
}

/// A block and the file it stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    /// The block.
    pub(super) block: &'a Block,
    /// The path of its file.
    pub(super) path: &'a str,
}

/// What the files of a directory declare.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory<'a> {
    /// Its path, without a trailing `/`.
    pub(super) path: &'a str,
    /// `variable`.
    pub(super) variables: BTreeMap<&'a str, &'a Block>,
    /// The attributes of `locals`.
    pub(super) locals: BTreeMap<&'a str, &'a Attribute>,
    /// `output`.
    pub(super) outputs: BTreeMap<&'a str, &'a Block>,
    /// `resource`, by type and name.
    pub(super) resources: BTreeMap<(&'a str, &'a str), Placed<'a>>,
    /// `data`, by type and name.
    pub(super) data: BTreeMap<(&'a str, &'a str), Placed<'a>>,
    /// `module`.
    pub(super) modules: BTreeMap<&'a str, Placed<'a>>,
    /// `provider`.
    pub(super) providers: Vec<&'a Block>,
    /// Whether a backend or a cloud workspace is configured.
    pub(super) backend: bool,
    /// Where its state is kept.
    pub(super) state: Option<&'a Block>,
    /// Whether a lock file lies beside it.
    pub(super) lock: bool,
    /// Whether it has any configuration file.
    pub(super) configured: bool,
}

impl<'a> Directory<'a> {
    /// Takes in what a file declares.
    pub(super) fn add(&mut self, body: &'a Body, path: &'a str) {
        self.configured = true;
        for block in &body.blocks {
            let label = |index: usize| block.labels.get(index).map(|label| label.value.as_str());
            let placed = Placed { block, path };
            match (block.kind.value.as_str(), label(0), label(1)) {
                ("variable", Some(name), _) => drop(self.variables.insert(name, block)),
                ("output", Some(name), _) => drop(self.outputs.insert(name, block)),
                ("module", Some(name), _) => drop(self.modules.insert(name, placed)),
                ("provider", Some(_), _) => self.providers.push(block),
                ("resource", Some(kind), Some(name)) => drop(self.resources.insert((kind, name), placed)),
                ("data", Some(kind), Some(name)) => drop(self.data.insert((kind, name), placed)),
                ("locals", ..) => self.add_locals(&block.body),
                ("terraform", ..) => {
                    let blocks = || block.body.blocks.iter();
                    self.backend |= blocks().any(|inner| matches!(&*inner.kind.value, "backend" | "cloud"));
                    self.state = blocks().find(|inner| inner.kind.value == "backend").or(self.state);
                }
                _ => {}
            }
        }
    }

    /// Whether applying it would do anything; a folder of variables that others link to declares nothing of its own.
    pub(super) fn makes_anything(&self) -> bool {
        !(self.resources.is_empty() && self.data.is_empty() && self.modules.is_empty() && self.outputs.is_empty())
    }

    fn add_locals(&mut self, body: &'a Body) {
        self.locals.extend(body.attributes.iter().map(|attribute| (attribute.name.value.as_str(), attribute)));
    }
}

/// Where a module call leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A folder of the repository.
    Local(String),
    /// Anywhere else; the source as written.
    Remote(Text),
    /// `source` is not a plain string.
    Unsaid,
}

/// A file of Terragrunt's.
#[derive(Debug)]
pub(super) struct Hcl<'a> {
    /// What it says.
    pub(super) body: &'a Body,
    /// Its locals, as a directory of its own.
    pub(super) configuration: Directory<'a>,
}

/// All directories, and what gives them values.
#[derive(Debug, Default)]
pub(super) struct Project<'a> {
    /// The files that functions may read.
    pub(super) shelf: Option<&'a Shelf<'a>>,
    /// By path.
    pub(super) directories: BTreeMap<&'a str, Directory<'a>>,
    /// Files of values.
    pub(super) values: Vec<&'a File<'a>>,
    /// The folders of installed modules, by the folder of the configuration and the names of the calls that lead there.
    installed: BTreeMap<(String, String), String>,
    /// Files of Terragrunt's, by path.
    pub(super) terragrunt: BTreeMap<&'a str, Hcl<'a>>,
    /// Every file that was read, by path: what `file` and its kin may name.
    texts: BTreeMap<&'a str, (SourceId, &'a Source)>,
    sources: Option<&'a Sources>,
    /// What conditions call production, looked for once.
    production: OnceLock<Option<Text>>,
}

impl<'a> Project<'a> {
    /// Groups files by directory.
    pub(super) fn new(files: &'a Files<'a>, sources: &'a Sources, shelf: &'a Shelf<'a>) -> Self {
        let texts = sources.iter().map(|(id, source)| (source.path.as_str(), (id, source))).collect();
        let mut project = Self { shelf: Some(shelf), texts, sources: Some(sources), ..Self::default() };
        for file in &files.0 {
            match &file.kind {
                Kind::Configuration(body) => project.directory(file.directory).add(body, file.path),
                Kind::Lock => project.directory(file.directory).lock = true,
                Kind::Installed(list) => project.install(file.directory, list),
                Kind::Values(_) | Kind::JsonValues(_) => project.values.push(file),
                Kind::Terragrunt(body) => drop(project.terragrunt.insert(file.path, hcl(file, body))),
            }
        }
        project.directories.retain(|_, directory| directory.configured);
        project
    }

    /// The one word for production that conditions compare something with.
    pub(super) fn production(&self, environments: &Environments) -> Option<Text> {
        self.production.get_or_init(|| super::compared::production(self, environments)).clone()
    }

    /// The file at a path from the audited root.
    pub(super) fn source(&self, path: &str) -> Option<(SourceId, &'a Source)> {
        self.texts.get(path).copied()
    }

    /// Takes in the list of installed modules: their folders from the one of the configuration, none outside of the
    /// audited root. <https://developer.hashicorp.com/terraform/cli/init>
    fn install(&mut self, folder: &'a str, list: &'a Node) {
        let Some(home) = folder.strip_suffix(INSTALLED) else { return };
        let home = home.trim_end_matches('/');
        for module in list.get("Modules").map_or(&[][..], Node::items) {
            let text = |name: &str| module.get(name).and_then(Node::as_str);
            let (Some(key), Some(place)) = (text("Key"), text("Dir")) else { continue };
            if key.is_empty() || place.starts_with('/') {
                continue;
            }
            if let Some(path) = local(home, &format!("./{place}")) {
                self.installed.insert((home.to_owned(), key.to_owned()), path);
            }
        }
    }

    /// The folder of an installed module, by the names of the calls that lead there (`db.instance`).
    pub(super) fn installed(&self, root: &str, calls: &str) -> Option<&str> {
        self.installed.get(&(root.to_owned(), calls.to_owned())).map(String::as_str)
    }

    /// Whether there is a file or a folder at a path.
    pub(super) fn has(&self, path: &str) -> bool {
        let below = format!("{path}/");
        self.texts.contains_key(path)
            || self.shelf.is_some_and(|shelf| shelf.has(path) || !shelf.below(&below).is_empty())
            || self.texts.range(below.as_str()..).next().is_some_and(|(known, _)| known.starts_with(&below))
    }

    /// The text under a span.
    pub(super) fn text(&self, span: Span) -> &'a str {
        self.sources.map_or("", |sources| sources.slice(span))
    }

    fn directory(&mut self, path: &'a str) -> &mut Directory<'a> {
        self.directories.entry(path).or_insert_with(|| Directory { path, ..Directory::default() })
    }

    /// Where a module call in a directory leads.
    pub(super) fn target(&self, directory: &str, call: &Block) -> Target {
        match call.body.attribute("source").map(|attribute| &attribute.value.kind) {
            Some(ExpressionKind::Literal(Value::String(source))) => match local(directory, source) {
                Some(path) if self.directories.contains_key(path.as_str()) => Target::Local(path),
                _ => Target::Remote(source.clone()),
            },
            _ => Target::Unsaid,
        }
    }

    /// The folders that are called by modules, with the folders of their callers.
    pub(super) fn callers(&self) -> BTreeMap<String, BTreeSet<&'a str>> {
        let mut callers: BTreeMap<String, BTreeSet<&'a str>> = BTreeMap::new();
        for directory in self.directories.values() {
            for call in directory.modules.values() {
                if let Target::Local(path) = self.target(directory.path, call.block) {
                    callers.entry(path).or_default().insert(directory.path);
                }
            }
        }
        callers
    }
}

fn hcl<'a>(file: &File<'a>, body: &'a Body) -> Hcl<'a> {
    let mut configuration = Directory { path: file.directory, ..Directory::default() };
    for block in body.blocks("locals") {
        configuration.add_locals(&block.body);
    }
    Hcl { body, configuration }
}

/// The folder a local source leads to: `./x` and `../x` from a directory. `//` separates a package from a folder in it.
/// A source that leaves the audited root leads nowhere.
pub(super) fn local(directory: &str, source: &str) -> Option<String> {
    if !(source.starts_with("./") || source.starts_with("../") || source == "." || source == "..") {
        return None;
    }
    crate::source::join(directory, source)
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn local_sources_are_folders_and_others_are_not() {
        assert_eq!(local("terraform/production", "../modules/db").as_deref(), Some("terraform/modules/db"));
        assert_eq!(local("a/b/c", "../../../modules//x").as_deref(), Some("modules/x"));
        assert_eq!(local("examples/x", "../../").as_deref(), Some(""));
        assert_eq!(local("a", "../../outside"), None);
        assert_eq!(local("a", "terraform-aws-modules/rds/aws"), None);
    }
}

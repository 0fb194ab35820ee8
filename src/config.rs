//! Finds and reads `twoam.toml`: what the files themselves do not say. Uses `source`, `tree`, `problem`, `parse`,
//! `discover`, and the types of `model`, `rule` and `link` that it fills in.
//!
//! It is the nearest one from the first root upwards, as far as the checkout reaches. Unknown keys and wrong values are
//! refused at their place, all of them at once: a misspelt key that is silently passed over would be a gap nobody sees.

mod check;
mod file;
mod paths;
mod read;

use std::path::{Path, PathBuf};

use globset::GlobSet;
use jiff::civil::Date;

pub use file::File;

use crate::discover::{self, Found, Root};
use crate::link::{Declared, External};
use crate::model::{Alert, Environments, Fact, Model, Targets};
use crate::parse;
use crate::problem::{Fault, Problem, nearest};
use crate::rule::Weight;
use crate::source::{Source, SourceId, Sources, Spanned};
use crate::tree::{Format, Text};
use paths::Frame;

/// The name of the file.
const NAME: &str = "twoam.toml";

/// The largest file that is read, in bytes: what it says is weighed before anything else.
const LARGEST: u64 = 1 << 20;

/// How long backups are kept at least, where nothing is said.
const RETENTION_DAYS: f64 = 7.0;

/// What a project says of itself; where it says nothing, the default.
#[derive(Debug, Default)]
pub struct Config {
    origin: Option<Origin>,
    settings: Settings,
}

/// The file that was read.
#[derive(Debug)]
struct Origin {
    file: File,
    source: SourceId,
    shown: String,
    frame: Frame,
}

/// What the file means.
#[derive(Debug)]
struct Settings {
    name: Option<String>,
    environments: Environments,
    runbook_folders: GlobSet,
    urls: Vec<(String, String)>,
    external: External,
    targets: Targets,
    weights: Vec<(Spanned<Text>, Weight)>,
    meanings: Meanings,
    services: Vec<Declared>,
    waivers: Vec<Waiver>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: None,
            environments: Environments::default(),
            runbook_folders: GlobSet::default(),
            urls: Vec::new(),
            external: External::default(),
            targets: Targets { retention_days: RETENTION_DAYS, ..Targets::default() },
            weights: Vec::new(),
            meanings: Meanings::default(),
            services: Vec::new(),
            waivers: Vec::new(),
        }
    }
}

/// What severities of alerts mean, in lower case.
#[derive(Debug, Default)]
struct Meanings {
    page: Vec<Text>,
    ticket: Vec<Text>,
    silent: Vec<Text>,
}

/// A gap that is accepted, as `[[waiver]]` says it.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The rule; the place of the waiver is the rule's.
    pub rule: Spanned<Text>,
    /// The service's name.
    pub service: Option<Text>,
    /// The subject's name.
    pub subject: Option<Text>,
    /// Paths of the files.
    pub path: Option<GlobSet>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<Spanned<Date>>,
}

impl Config {
    /// Reads `explicit`, or the nearest `twoam.toml` above the first root. The file is added to `sources`, so that what
    /// is wrong with it can be drawn.
    pub fn find(
        explicit: Option<&Path>,
        paths: &[PathBuf],
        sources: &mut Sources,
        problems: &mut Vec<Problem>,
    ) -> Self {
        // What is wrong with the roots is said by the walk.
        let (roots, _) = discover::roots(paths);
        let Some(path) = explicit.map(Path::to_owned).or_else(|| nearest_file(roots.first()?)) else {
            return Self::default();
        };
        let real = match path.canonicalize() {
            Ok(real) if real.is_file() => real,
            Ok(_) => return refuse(problems, &path, "it is not a file"),
            Err(_) => return refuse(problems, &path, "there is no such file"),
        };
        let folder = real.parent().unwrap_or(Path::new("/"));
        let shown = shown(&path, &real, &roots);
        let found = Found { path: real.clone(), shown: shown.clone(), format: Format::Toml, root: 0, largest: LARGEST };
        let text = match discover::read(&found) {
            Ok(text) => text,
            Err(unread) => return refuse(problems, &path, &format!("it was not read: {}", unread.skipped.reason)),
        };
        let source = sources.add(Source::new(&shown, text));
        let (config, found) = Self::load(source, sources, Frame::new(folder, &roots));
        problems.extend(found);
        config
    }

    fn load(source: SourceId, sources: &Sources, frame: Frame) -> (Self, Vec<Problem>) {
        let Source { path: shown, text, .. } = sources.get(source);
        let parsed = parse::parse(source, text, Format::Toml);
        let mut problems: Vec<Problem> = parsed.problems;
        for problem in &mut problems {
            problem.fault = Fault::Configuration;
        }
        if let Some(root) = parsed.document.values().first().filter(|_| problems.is_empty()) {
            problems.extend(check::check(root, &schemars::schema_for!(File).to_value(), text));
        }
        if !problems.is_empty() {
            return (Self::default(), problems);
        }
        let file: File = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                let range = error.span().unwrap_or(0..0);
                let span = crate::source::Span::new(source, range.start, range.end);
                let help = "`twoam schema config` describes every key";
                return (Self::default(), vec![Problem::at(Fault::Configuration, span, error.message(), help)]);
            }
        };
        let (settings, problems) = read::read(&file, source, shown, &frame);
        let origin = Origin { file, source, shown: shown.clone(), frame };
        (Self { origin: Some(origin), settings }, problems)
    }

    /// Moves the file from the sources it was read into to those of the audit, where it may be among what was walked.
    pub fn adopt(&mut self, own: &Sources, sources: &mut Sources) {
        let Some(origin) = &mut self.origin else { return };
        let Source { path, text, .. } = own.get(origin.source);
        let walked = sources.iter().find(|(_, source)| source.path == *path && source.text == *text).map(|(id, _)| id);
        origin.source = walked.unwrap_or_else(|| sources.add(Source::new(path, text)));
        // Its problems were said when it was read first.
        let glued = std::mem::take(&mut self.settings.environments.glued);
        (self.settings, _) = read::read(&origin.file, origin.source, &origin.shown, &origin.frame);
        self.settings.environments.glued = glued;
    }

    /// Rules and families that are named and do not exist.
    pub fn check_rules(&self, ids: &[&str]) -> Vec<Problem> {
        let families = ids.iter().filter_map(|id| id.split('/').next());
        let known: Vec<&str> = ids.iter().copied().chain(families).collect();
        let weights = self.settings.weights.iter().map(|(rule, _)| (rule, known.as_slice(), "rule or family"));
        let waivers = self.settings.waivers.iter().map(|waiver| (&waiver.rule, ids, "rule"));
        let unknown = weights.chain(waivers).filter(|(rule, known, _)| !known.contains(&rule.value.as_str()));
        unknown
            .map(|(rule, known, what)| {
                let near = nearest(&rule.value, known.iter().copied());
                let help = near
                    .map_or_else(|| "`twoam rules` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
                Problem::at(Fault::Configuration, rule.span, format!("there is no {what} `{}`", rule.value), help)
            })
            .collect()
    }

    /// What a rule weighs here, if anything is said: by its id first, then by its family.
    pub fn severity_of(&self, rule: &str) -> Option<Weight> {
        let family = rule.split('/').next().unwrap_or(rule);
        let weight =
            |name: &str| self.settings.weights.iter().find(|(key, _)| key.value == name).map(|(_, weight)| *weight);
        weight(rule).or_else(|| weight(family))
    }

    /// How environments are told apart.
    pub fn environments(&self) -> &Environments {
        &self.settings.environments
    }

    /// Learns from the paths that are there how environments are told apart.
    pub fn learn<'p>(&mut self, paths: impl Iterator<Item = &'p str> + Clone) {
        self.settings.environments.learn(paths);
    }

    /// Paths of pages in folders that hold runbooks, whatever they are called.
    pub fn runbook_folders(&self) -> &GlobSet {
        &self.settings.runbook_folders
    }

    /// How to walk.
    pub fn discovery(&self) -> discover::Options {
        discover::Options::default()
    }

    /// What the project asks of itself.
    pub fn targets(&self) -> Targets {
        self.settings.targets.clone()
    }

    /// The services it declares.
    pub fn declared(&self) -> &[Declared] {
        &self.settings.services
    }

    /// URL prefixes with the folders they show, the longest prefix first.
    pub fn urls(&self) -> &[(String, String)] {
        &self.settings.urls
    }

    /// What is kept elsewhere.
    pub fn external(&self) -> External {
        self.settings.external.clone()
    }

    /// The gaps it accepts.
    pub fn waivers(&self) -> &[Waiver] {
        &self.settings.waivers
    }

    /// Gives the alerts of the model the meaning their severity has here. What it means otherwise was read with them.
    pub fn weigh_alerts(&self, model: &mut Model) {
        for alert in &mut model.alerts {
            self.settings.meanings.apply(alert);
        }
    }

    /// The project's name, or that of the first root.
    pub fn project(&self, paths: &[PathBuf]) -> String {
        let folder = || Some(paths.first()?.canonicalize().ok()?.file_name()?.to_string_lossy().into_owned());
        self.settings.name.clone().or_else(folder).unwrap_or_default()
    }
}

impl Meanings {
    fn apply(&self, alert: &mut Alert) {
        let Some(severity) = alert.severity.value().map(|severity| severity.trim().to_lowercase()) else { return };
        let named = |list: &[Text]| list.iter().any(|word| *word == severity);
        let (pages, notifies) = match (named(&self.page), named(&self.ticket), named(&self.silent)) {
            (true, ..) => (true, true),
            (_, true, _) => (false, true),
            (.., true) => (false, false),
            _ => return,
        };
        let span = alert.severity.span;
        alert.pages = Fact::known(pages, span);
        alert.notifies = Fact::known(notifies, span);
    }
}

/// A date as `2027-01-31`.
pub(crate) fn date(text: &str) -> Option<Date> {
    let text = text.trim();
    // `jiff` reads other forms too, and a time behind the date.
    let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    text.parse().ok().filter(|_| plain)
}

fn refuse(problems: &mut Vec<Problem>, path: &Path, message: &str) -> Config {
    let help = "name a configuration file that can be read, or leave --config out";
    problems.push(Problem::of(Fault::Configuration, path.to_string_lossy(), message, help));
    Config::default()
}

/// The nearest file upwards; a checkout is a project of its own, and what is above it says nothing about it.
fn nearest_file(root: &Root) -> Option<PathBuf> {
    for folder in root.path.ancestors().skip(usize::from(root.is_file)) {
        let file = folder.join(NAME);
        if file.is_file() {
            return Some(file);
        }
        if folder.join(".git").exists() {
            return None;
        }
    }
    None
}

/// The path of the file as shown: like those of the first root that holds it, or climbing from the first root.
fn shown(typed: &Path, real: &Path, roots: &[Root]) -> String {
    if let Some(root) = roots.iter().find(|root| !root.is_file && real.starts_with(&root.path)) {
        return root.shown(real);
    }
    let below = || {
        let root = roots.first()?;
        let inside = root.path.strip_prefix(real.parent()?).ok()?;
        let mut folders: Vec<&str> = root.prefix.split('/').filter(|part| !part.is_empty()).collect();
        for _ in inside {
            if matches!(folders.last(), None | Some(&"..")) {
                folders.push("..");
            } else {
                folders.pop();
            }
        }
        folders.push(NAME);
        (real.file_name()? == NAME).then(|| folders.join("/"))
    };
    below().unwrap_or_else(|| typed.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;

//! Documents → facts; one folder or file per input, each alone and in parallel. Uses `source`, `tree`, `model` and
//! `problem`. An extractor says what stands in one file; what only the whole repository shows is for `link/`.

mod alertmanager;
mod budget;
mod catalogue;
pub mod ci;
mod dashboard;
mod drill;
pub mod duration;
mod embedded;
mod grafana;
mod helmfile;
mod kubernetes;
mod make;
pub mod migration;
pub mod named_pages;
pub mod outside;
mod ownership;
mod postmortem;
mod prometheus;
mod record;
pub(crate) mod runbook;
pub(crate) mod site;
mod slo;
pub mod terraform;

use globset::GlobSet;

use crate::model::{Environment, Environments, Model, Place};
use crate::problem::Problem;
use crate::resolve::rendered::Rendered;
use crate::source::{Source, SourceId, Sources, Span};
use crate::tree::{Content, Document, Format, Text};

/// One parsed file, as extractors see it.
pub struct Input<'a> {
    /// The number of the file.
    pub id: SourceId,
    /// The file.
    pub source: &'a Source,
    /// What its text says.
    pub document: &'a Document,
    /// How environments are told apart.
    pub environments: &'a Environments,
    /// Paths of pages that are runbooks by where they stand, whatever their folder is called.
    pub runbook_folders: &'a GlobSet,
    /// The environment that was decided when the document was rendered.
    pub environment: Option<&'a Environment>,
    /// Whether the document is part of something reusable that nothing here uses.
    pub library: bool,
    /// Every file, where the document was rendered: what it is made of may stand in any.
    pub sources: Option<&'a Sources>,
}

impl Input<'_> {
    /// The place of something declared in this file, given the words by which it names an environment itself.
    pub fn place(&self, span: Span, words: &[&str]) -> Place {
        Place {
            span,
            path: self.source.path.as_str().into(),
            environment: self.environment_of(words),
            library: self.library,
            shared: None,
            root: Text::default(),
            doubt: None,
        }
    }

    /// One that was decided holds, unless it is production and a word names another.
    fn environment_of(&self, words: &[&str]) -> Environment {
        let Some(decided) = self.environment else { return self.environments.decide(&self.source.path, words) };
        let mut other = words.iter().filter_map(|word| self.environments.of_word(word)).filter(|it| !it.production);
        if decided.production { other.next().unwrap_or_else(|| decided.clone()) } else { decided.clone() }
    }
}

/// What extractors add to.
#[derive(Debug, Default)]
pub struct Facts {
    /// The facts.
    pub model: Model,
    /// What was wrong with the file.
    pub problems: Vec<Problem>,
}

/// Adds what one input kind finds in a file; does nothing for a file of another kind.
pub type Extractor = fn(&Input<'_>, &mut Facts);

/// Every extractor that reads files one by one. Terraform is read by whole modules instead, after `resolve/`.
pub const EXTRACTORS: &[Extractor] = &[
    catalogue::extract,
    alertmanager::extract,
    budget::extract,
    dashboard::extract,
    drill::extract,
    grafana::extract,
    kubernetes::extract,
    make::extract,
    migration::extract,
    ownership::extract,
    postmortem::extract,
    prometheus::extract,
    runbook::extract,
    slo::extract,
    site::extract,
];

/// The extractors of what may be rendered. The others go by the path or the text of a file.
const RENDERED: &[Extractor] = &[
    alertmanager::extract,
    dashboard::extract,
    helmfile::extract,
    kubernetes::extract,
    prometheus::extract,
    slo::extract,
];

/// The alerts, recordings and dashboards in a document that Jsonnet makes.
pub fn generated(made: Rendered, sources: &Sources, environments: &Environments) -> Facts {
    through(&[dashboard::extract, prometheus::extract], made, sources, environments)
}

/// Everything the extractors find in a document that a tool made.
pub fn rendered(made: Rendered, sources: &Sources, environments: &Environments) -> Facts {
    through(RENDERED, made, sources, environments)
}

fn through(extractors: &[Extractor], made: Rendered, sources: &Sources, environments: &Environments) -> Facts {
    let Rendered { source: id, node, environment, library, .. } = made;
    let content = Content::Values(vec![node]);
    let document = Document { source: id, format: Format::Yaml, content, comments: Vec::new() };
    let input = Input {
        id,
        source: sources.get(id),
        document: &document,
        environments,
        runbook_folders: &GlobSet::default(),
        environment: environment.as_ref(),
        library,
        sources: Some(sources),
    };
    let mut facts = Facts::default();
    for extractor in extractors {
        extractor(&input, &mut facts);
    }
    facts
}

/// Everything the extractors find in one file.
pub fn extract(input: &Input<'_>) -> Facts {
    let mut facts = Facts::default();
    for extractor in EXTRACTORS {
        extractor(input, &mut facts);
    }
    facts
}

/// One YAML file through every extractor, for tests.
#[cfg(test)]
pub(crate) fn read_yaml(path: &str, text: &str) -> (crate::source::Sources, Facts) {
    let sources = crate::source::Sources::new(vec![Source::new(path, text)]);
    let id = SourceId(0);
    let parsed = crate::parse::yaml::parse(id, text);
    assert_eq!(parsed.problems, [], "the test's own text");
    let environments = Environments::default();
    let input = Input {
        id,
        source: sources.get(id),
        document: &parsed.document,
        environments: &environments,
        runbook_folders: &GlobSet::default(),
        environment: None,
        library: false,
        sources: None,
    };
    let facts = extract(&input);
    (sources, facts)
}

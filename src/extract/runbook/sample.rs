//! Pages for tests, read as the pipeline reads them.

use crate::extract::{Facts, Input, extract};
use crate::model::Environments;
use crate::source::{Source, SourceId, Sources};

/// One Markdown file through every extractor.
pub(crate) fn read_page(path: &str, text: &str) -> (Sources, Facts) {
    let sources = Sources::new(vec![Source::new(path, text)]);
    let id = SourceId(0);
    let document = crate::parse::markdown::parse(id, text).document;
    let environments = Environments::default();
    let facts = extract(&Input {
        id,
        source: sources.get(id),
        document: &document,
        environments: &environments,
        runbook_folders: &globset::GlobSet::default(),
        environment: None,
        library: false,
        sources: None,
    });
    (sources, facts)
}

//! Repositories of a few files, resolved, for tests.

use super::{Resolved, Resource, Shelf, resolve};
use crate::model::Environments;
use crate::parse;
use crate::source::{Source, SourceId, Sources, Span};
use crate::tree::{Document, Format};

/// A repository of a few files, resolved.
pub(crate) struct Repository {
    pub(crate) sources: Sources,
    pub(crate) resolved: Resolved,
}

impl Repository {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let sources = Sources::new(files.iter().map(|(path, text)| Source::new(*path, *text)).collect());
        let parsed = |(id, source): (SourceId, &Source)| {
            let json = std::path::Path::new(&source.path).extension().is_some_and(|extension| extension == "json");
            parse::parse(id, &source.text, if json { Format::Json } else { Format::Hcl }).document
        };
        let documents: Vec<Document> = sources.iter().map(parsed).collect();
        let pairs: Vec<(&Source, &Document)> = documents.iter().map(|one| (sources.get(one.source), one)).collect();
        let mut paths: Vec<String> = sources.iter().map(|(_, source)| source.path.clone()).collect();
        paths.sort();
        let read = |path: &str| files.iter().find(|(known, _)| *known == path).map(|(_, text)| (*text).to_owned());
        let resolved = resolve(&pairs, &sources, &[], &Environments::default(), &Shelf::new(&paths, &read));
        Self { sources, resolved }
    }

    /// The resource of an address, in any root.
    pub(crate) fn resource(&self, address: &str) -> &Resource {
        let mut all = self.resolved.roots.iter().flat_map(|root| &root.resources);
        all.find(|resource| resource.address == address).unwrap_or_else(|| panic!("no {address}"))
    }

    /// The text under the place of an attribute.
    pub(crate) fn text(&self, span: Span) -> &str {
        self.sources.slice(span)
    }
}

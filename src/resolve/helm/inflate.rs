//! Charts that something else of the house asks for: a kustomization, Flux, an `ApplicationSet`.

use super::chart::Charts;
use super::object::KUBERNETES_MINOR;
use super::release::Release;
use crate::resolve::kustomize::{Inflate, Inflated, Inflation};

impl Inflate for Charts<'_> {
    fn inflate(&self, wanted: &Inflation) -> Option<Inflated> {
        let chart = self.in_folder(&wanted.folder)?;
        let release = Release {
            chart,
            name: wanted.name.clone(),
            namespace: wanted.namespace.clone(),
            values: wanted.values.clone(),
            kubernetes: KUBERNETES_MINOR,
            open: false,
        };
        let output = self.output(&release);
        Some(Inflated {
            objects: output.documents.into_iter().map(|made| made.node).collect(),
            files: output.copied,
            failures: output
                .failures
                .into_iter()
                .map(|failure| (failure.span, format!("chart not analysed: {}", failure.reason)))
                .collect(),
        })
    }
}

//! Workloads that an entry of a catalogue selects by their labels.

use crate::model::{Id, Labels, Service, Workload};
use crate::tree::Text;

/// The annotation of an entry that selects what it is about; and the one that says in which namespace alone.
/// <https://backstage.io/docs/features/kubernetes/configuration/#label-selector-query-annotation>
const SELECTOR: &str = "backstage.io/kubernetes-label-selector";
const NAMESPACE: &str = "backstage.io/kubernetes-namespace";

/// What an entry of a catalogue selects.
pub(super) struct Selection {
    pub(super) service: Id<Service>,
    /// The selector as it is written.
    pub(super) selector: Text,
    wanted: Vec<(Text, Text)>,
    namespace: Option<Text>,
}

impl Selection {
    /// Of an entry that selects by what labels are; selectors by sets of values are not read.
    pub(super) fn of(annotations: &Labels, service: Id<Service>) -> Option<Self> {
        let selector = annotations.value(SELECTOR)?;
        let label = |part: &str| {
            let (key, value) = part.split_once("==").or_else(|| part.split_once('='))?;
            let said = !key.contains('!') && !value.trim().is_empty() && !value.contains([' ', '(']);
            said.then(|| (key.trim().into(), value.trim().into()))
        };
        let wanted = selector.split(',').map(|part| label(part.trim())).collect::<Option<Vec<_>>>()?;
        Some(Self {
            service,
            selector: selector.into(),
            wanted,
            namespace: annotations.value(NAMESPACE).map(Text::from),
        })
    }

    /// Whether it selects a workload.
    pub(super) fn has(&self, workload: &Workload) -> bool {
        let elsewhere =
            self.namespace.as_ref().is_some_and(|own| workload.namespace.value().is_some_and(|it| it != own));
        let labels = [&workload.pod_labels, &workload.labels];
        let carries = |(key, value): &(Text, Text)| labels.iter().any(|all| all.value(key) == Some(value));
        !elsewhere && self.wanted.iter().all(carries)
    }
}

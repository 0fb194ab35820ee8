//! Rules in the texts of a `ConfigMap` or a Secret, which a Prometheus without an operator mounts as its rule files.

use crate::extract::{Input, embedded};
use crate::model::{Gap, Hides};
use crate::tree::{Map, Node};

/// The documents with rules in the texts of an object, and what could not be read of them.
pub(super) fn documents(input: &Input<'_>, map: &Map) -> (Vec<Node>, Vec<Gap>) {
    let (mut documents, mut gaps) = (Vec::new(), Vec::new());
    for (entry, encoded) in embedded::texts(map) {
        let value = &entry.value;
        let source = input.sources.map_or(input.source, |sources| sources.get(value.span.source));
        // What a tool puts in from a file, or from values that are no text, is read where it stands.
        if !source.slice(value.span).starts_with(['|', '>', '"', '\'']) {
            continue;
        }
        if encoded {
            documents.extend(embedded::yaml_in_base64(value));
            continue;
        }
        if !value.as_str().is_some_and(alerts) {
            continue;
        }
        let read = embedded::yaml_in(source, value);
        if read.is_empty() {
            let reason = format!("the rules in `{}` are a template, not rendered", entry.key);
            let place = input.place(entry.key_span, &[]);
            if place.environment.production && !place.library {
                gaps.push(Gap { hides: Hides::Monitoring, span: place.span, path: place.path, reason: reason.into() });
            }
        }
        documents.extend(read);
    }
    (documents, gaps)
}

/// Whether a text has the words of an alerting rule.
fn alerts(text: &str) -> bool {
    text.contains("alert:") && text.contains("expr:")
}

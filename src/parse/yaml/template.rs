//! Tells templates from YAML: files that a renderer (Helm, Jinja, Terraform's `templatefile`) has yet to make YAML of.
//!
//! `{{ … }}` inside quotes, block scalars, comments and amid plain text is a value like any other, since alert
//! annotations and values files are full of it. A template shows where YAML does not allow a placeholder to mean
//! itself: a value that starts with `{{`, and syntax that breaks at a placeholder.

use granit_parser::{Event, StructureStyle};

const MARKERS: [&str; 3] = ["{{", "{%", "%{"];

/// Whether this text is a template of YAML rather than YAML.
pub fn is_template(text: &str) -> bool {
    if !has_marker(text) {
        return false;
    }
    let mut read = 0;
    for next in super::events(text) {
        match next {
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or_default();
                if starts_with_placeholder(&event, &text[range.start..]) {
                    return true;
                }
                read = read.max(range.end);
            }
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len());
                return breaks_at_marker(text, read, at);
            }
        }
    }
    false
}

/// A map whose first key is a map at once: `{{ .Values.replicas }}`. Nobody writes that for itself.
fn starts_with_placeholder(event: &Event<'_>, rest: &str) -> bool {
    matches!(event, Event::MappingStart(StructureStyle::Flow, ..)) && rest.starts_with("{{")
}

/// Whether reading stopped because of a placeholder: inside one (`"{{ include "x" . }}"`), or at a line with one that
/// stands outside quotes and comments.
fn breaks_at_marker(text: &str, read: usize, at: usize) -> bool {
    let start = read.min(at);
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    is_inside_placeholder(&text[start..at]) || text[start..end].lines().any(has_bare_marker)
}

fn is_inside_placeholder(before: &str) -> bool {
    before.rfind("{{").is_some_and(|opens| !before[opens..].contains("}}"))
}

fn has_bare_marker(line: &str) -> bool {
    let is_bare = |at: usize| ['"', '\''].iter().all(|quote| line[..at].matches(*quote).count() % 2 == 0);
    !line.trim_start().starts_with('#') && MARKERS.iter().any(|marker| line.find(marker).is_some_and(is_bare))
}

fn has_marker(text: &str) -> bool {
    MARKERS.iter().any(|marker| text.contains(marker))
}

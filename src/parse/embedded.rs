//! YAML written within a scalar of YAML (`patch: |-`): its places are those in the file that holds it.

use super::{Parsed, yaml};
use crate::source::{Source, Span};
use crate::tree::{Content, Node, Value};

/// Reads the text of a scalar as a YAML stream. In a literal block scalar and in plain text, each node's span is its
/// place in the file; within quotes and folded text it is that of the scalar.
pub fn yaml(source: &Source, node: &Node) -> Parsed {
    let text = node.as_str().unwrap_or_default();
    let places = Places::of(source, node.span, text);
    let mut parsed = yaml::parse(node.span.source, text);
    if let Content::Values(documents) = &mut parsed.document.content {
        for document in documents {
            places.mend(document);
        }
    }
    for comment in &mut parsed.document.comments {
        comment.span = places.span(comment.span);
    }
    for problem in &mut parsed.problems {
        problem.span = problem.span.map(|span| places.span(span));
    }
    parsed
}

/// Where the lines of a scalar's text stand in its file.
struct Places {
    whole: Span,
    /// For each line of the text: its start there and its start in the file. Empty when lines do not correspond.
    lines: Vec<(u32, u32)>,
}

impl Places {
    fn of(source: &Source, whole: Span, text: &str) -> Self {
        let written = source.slice(whole);
        let mut lines = Vec::new();
        if written == text && !text.contains('\n') {
            lines.push((0, whole.start));
        } else if written.starts_with('|')
            && let Some(header) = written.find('\n')
        {
            let body = &written[header + 1..];
            let indentation = body.lines().find(|line| !line.trim().is_empty()).map_or(0, indent);
            // The first line of the text that is not blank may itself be indented.
            let own = text.lines().find(|line| !line.trim().is_empty()).map_or(0, indent);
            let indentation = indentation.saturating_sub(own);
            let (mut there, mut here) = (0, header + 1);
            for (line, shown) in text.split_inclusive('\n').zip(body.split_inclusive('\n')) {
                let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
                lines.push((offset(there), whole.start + offset(here + indentation.min(indent(shown)))));
                there += line.len();
                here += shown.len();
            }
        }
        Self { whole, lines }
    }

    fn span(&self, span: Span) -> Span {
        if self.lines.is_empty() {
            return self.whole;
        }
        let place = |at: u32| {
            let line = self.lines.partition_point(|(start, _)| *start <= at).saturating_sub(1);
            let (there, here) = self.lines[line];
            (here + at.saturating_sub(there)).min(self.whole.end.max(here))
        };
        let start = place(span.start);
        Span { start, end: place(span.end).max(start), ..self.whole }
    }

    fn mend(&self, node: &mut Node) {
        node.span = self.span(node.span);
        match &mut node.value {
            Value::List(items) => items.iter_mut().for_each(|item| self.mend(item)),
            Value::Map(map) => {
                for entry in &mut map.entries {
                    entry.key_span = self.span(entry.key_span);
                    self.mend(&mut entry.value);
                }
            }
            Value::Unknown(unknown) => unknown.span = unknown.span.map(|span| self.span(span)),
            _ => {}
        }
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    #[test]
    fn places_within_a_block_are_those_of_the_file() {
        let text = "patches:\n  - patch: |-\n      kind: Deployment\n      spec:\n        replicas: 3\n    x: 1\n";
        let source = Source::new("kustomization.yaml", text);
        let outer = yaml::parse(SourceId(0), text);
        let patch = outer.document.values()[0].get("patches").unwrap().items()[0].get("patch").unwrap();
        let inner = yaml(&source, patch);
        let replicas = inner.document.values()[0].at(&["spec", "replicas"]).unwrap();
        assert_eq!(replicas.as_int(), Some(3));
        assert_eq!(source.position(replicas.span.start).line, 5);
        assert_eq!(source.slice(replicas.span), "3");
    }
}

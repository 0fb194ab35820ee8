//! What the reader of a dashboard chooses (`$pod`, `${pod:regex}`, `[[pod]]`), and what Grafana fills in by itself
//! (`$__rate_interval`).
//!
//! <https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/>,
//! <https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#global-variables>

use std::collections::BTreeMap;

use super::read;
use crate::model::dashboard::{Panel, Query};
use crate::source::Span;
use crate::tree::{Node, Text};

/// What stands for something that is chosen: a name that no series and no label has.
const CHOSEN: &str = "twoam_chosen";

/// Whether something in a name or a value is chosen.
pub(super) fn is_chosen(text: &str) -> bool {
    text.contains(CHOSEN)
}

/// The variables of a dashboard.
#[derive(Default)]
pub(super) struct Variables {
    /// Those that always have one value.
    constant: BTreeMap<Text, Text>,
    /// What the others are asked for: their names, queries and places.
    asked: Vec<(Text, Text, Span)>,
}

impl Variables {
    /// Reads `templating.list`.
    pub(super) fn read(body: &Node) -> Self {
        let mut variables = Self::default();
        for variable in body.at(&["templating", "list"]).map_or(&[][..], Node::items) {
            let Some(name) = variable.get("name").and_then(Node::scalar) else { continue };
            let query = variable.get("query");
            let asked = query.and_then(|query| query.get("query")).or(query);
            match variable.get("type").and_then(Node::as_str) {
                Some("constant") => {
                    if let Some(value) = asked.and_then(Node::scalar) {
                        variables.constant.insert(name, value);
                    }
                }
                Some("query") => {
                    let of = variable.at(&["datasource", "type"]).and_then(Node::as_str).unwrap_or("prometheus");
                    if let Some((text, span)) = asked.and_then(|node| Some((node.scalar()?, node.span)))
                        && of == "prometheus"
                    {
                        variables.asked.push((name, text, span));
                    }
                }
                _ => {}
            }
        }
        variables
    }

    /// What the variables themselves ask for: `label_values(SERIES, label)` and `query_result(EXPRESSION)`.
    /// <https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/>
    pub(super) fn asked(&self) -> impl Iterator<Item = Panel> + '_ {
        self.asked.iter().filter_map(|(name, text, span)| {
            let (function, rest) = text.trim().split_once('(')?;
            let inner = rest.trim_end().strip_suffix(')')?;
            let inner = match function.trim() {
                "label_values" => inner.rsplit_once(',')?.0,
                "query_result" => inner,
                _ => return None,
            };
            let query = Query { copes: true, ..read(inner, *span, self) };
            Some(Panel { title: compact_str::format_compact!("${name}"), queries: vec![query] })
        })
    }

    /// An expression with its variables filled in, in the ways that may give one that can be parsed.
    pub(super) fn filled(&self, written: &str) -> Vec<String> {
        if !written.contains('$') && !written.contains("[[") {
            return vec![written.to_owned()];
        }
        // A variable may stand for a name or for a number.
        [CHOSEN, "1"].iter().map(|word| self.fill(written, word)).collect()
    }

    fn fill(&self, written: &str, word: &str) -> String {
        let mut filled = String::with_capacity(written.len());
        let (mut rest, mut quote, mut window) = (written, None, false);
        while let Some(letter) = rest.chars().next() {
            if let Some((name, after)) = variable(rest) {
                let value = self.constant.get(name).map(Text::as_str);
                filled.push_str(match (value, quote, window || ends_in_offset(&filled)) {
                    (Some(value), ..) => value,
                    (None, Some(_), _) => CHOSEN,
                    (None, None, true) => "5m",
                    (None, None, false) => {
                        if name.starts_with("__") {
                            "1"
                        } else {
                            word
                        }
                    }
                });
                rest = after;
                continue;
            }
            match (quote, letter) {
                (None, '"' | '\'' | '`') => quote = Some(letter),
                (Some(open), _) if open == letter => quote = None,
                (None, '[') => window = true,
                (None, ']') => window = false,
                _ => {}
            }
            let mut taken = letter.len_utf8();
            if letter == '\\' && quote.is_some_and(|open| open != '`') {
                taken += rest[taken..].chars().next().map_or(0, char::len_utf8);
            }
            let (now, after) = rest.split_at(taken);
            filled.push_str(now);
            rest = after;
        }
        filled
    }
}

fn ends_in_offset(filled: &str) -> bool {
    filled.trim_end().ends_with("offset")
}

/// The variable that a text begins with, and what follows it.
fn variable(text: &str) -> Option<(&str, &str)> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if let Some(inner) = text.strip_prefix("[[") {
        let (name, after) = inner.split_once("]]")?;
        let name = name.split(':').next()?;
        return (!name.is_empty() && name.chars().all(is_part)).then_some((name, after));
    }
    if let Some(inner) = text.strip_prefix("${") {
        let (name, after) = inner.split_once('}')?;
        return Some((name.split([':', '.']).next()?, after));
    }
    let inner = text.strip_prefix('$')?;
    let end = inner.find(|letter| !is_part(letter)).unwrap_or(inner.len());
    (end > 0).then(|| inner.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(written: &str) -> String {
        let mut variables = Variables::default();
        variables.constant.insert("job".into(), "till".into());
        variables.filled(written).remove(0)
    }

    #[test]
    fn what_is_chosen_is_filled_in() {
        assert_eq!(
            first("rate(a{job=\"$job\",pod=~\"${pod:regex}\"}[$__rate_interval])"),
            "rate(a{job=\"till\",pod=~\"twoam_chosen\"}[5m])"
        );
        assert_eq!(first("sum by ($by) ([[metric]]) offset $shift"), "sum by (twoam_chosen) (twoam_chosen) offset 5m");
        assert_eq!(first("x[${range}:$step] / $__range_s"), "x[5m:5m] / 1");
        assert_eq!(first("a{b=~\"c$\"} and 1 == $ 2 [["), "a{b=~\"c$\"} and 1 == $ 2 [[");
        assert_eq!(first(r#"a{b="\"$x"}"#), r#"a{b="\"twoam_chosen"}"#);
    }
}

//! Placeholders: `${{ inputs.x }}` of GitHub and Azure, `<< parameters.x >>` of `CircleCI`,
//! `$[[ inputs.x ]]` of GitLab, `{{x}}` of Argo Workflows, `$(params.x)` of Tekton, `$X` of shells. Uses `tree`.
//!
//! What is not known stays as it is written. A text that would grow beyond all use stays as well.

use std::collections::BTreeMap;

use crate::tree::{Entry, Map, Node, Text, Value};

/// How large a text may grow, in bytes.
const LARGEST: usize = 1 << 18;

/// How long a placeholder may be, in bytes.
const LONGEST: usize = 1 << 10;

/// How a kind of placeholder begins and ends.
#[derive(Clone, Copy)]
pub(super) struct Marks(pub(super) &'static str, pub(super) &'static str);

/// `${{ … }}`
pub(super) const DOLLAR_BRACES: Marks = Marks("${{", "}}");
/// `<< … >>`
pub(super) const ANGLES: Marks = Marks("<<", ">>");
/// `$[[ … ]]`
pub(super) const BRACKETS: Marks = Marks("$[[", "]]");
/// `{{ … }}`
pub(super) const BRACES: Marks = Marks("{{", "}}");
/// `$( … )`
pub(super) const PARENTHESES: Marks = Marks("$(", ")");

/// Values by the expressions that stand for them: `inputs.environment`.
pub(super) type Values = BTreeMap<Text, Node>;

/// Fills in what is known of a text.
pub(super) fn text(written: &str, marks: Marks, values: &Values) -> String {
    let Marks(open, close) = marks;
    let mut filled = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find(open) {
        let Some(length) = rest.get(at..).and_then(|from| from.find(close)) else { break };
        let end = at + length;
        // Of placeholders in one another the innermost counts: `$(cat $(params.file))`.
        let start = rest.get(..end).and_then(|from| from.rfind(open)).unwrap_or(at);
        let expression = rest.get(start + open.len()..end).unwrap_or_default();
        filled.push_str(rest.get(..start).unwrap_or_default());
        let (whole, after) = rest.get(start..).unwrap_or_default().split_at(end + close.len() - start);
        match values.get(&key(expression)).and_then(Node::scalar) {
            Some(value) => filled.push_str(&value),
            None => filled.push_str(whole),
        }
        rest = after;
        if filled.len() > LARGEST {
            return written.to_owned();
        }
    }
    filled.push_str(rest);
    filled
}

/// An expression in the form that values are known by: no spaces around it, `inputs['x']` as `inputs.x`.
fn key(expression: &str) -> Text {
    let trimmed = expression.trim();
    match trimmed.split_once("['").and_then(|(head, rest)| Some((head, rest.strip_suffix("']")?))) {
        Some((head, name)) => compact_str::format_compact!("{head}.{name}"),
        None => trimmed.into(),
    }
}

/// Fills in a whole tree. A scalar that is nothing but one placeholder becomes what stands for it, of whatever kind.
pub(super) fn node(written: &Node, marks: Marks, values: &Values, budget: &mut usize) -> Node {
    *budget = budget.saturating_sub(1);
    if values.is_empty() || *budget == 0 {
        return written.clone();
    }
    let value = match &written.value {
        Value::String(own) if own.contains(marks.0) => {
            let whole = own.trim().strip_prefix(marks.0).and_then(|rest| rest.strip_suffix(marks.1));
            if let Some(known) = whole.and_then(|expression| values.get(&key(expression))) {
                *budget = budget.saturating_sub(size(known));
                return Node { via: Some(Box::new([written.span])), ..known.clone() };
            }
            Value::String(text(own, marks, values).into())
        }
        Value::List(items) => Value::List(items.iter().map(|item| node(item, marks, values, budget)).collect()),
        Value::Map(map) => Value::Map(Map {
            entries: map
                .entries
                .iter()
                .map(|entry| Entry {
                    key: text(&entry.key, marks, values).into(),
                    key_span: entry.key_span,
                    value: node(&entry.value, marks, values, budget),
                })
                .collect(),
        }),
        other => other.clone(),
    };
    Node { span: written.span, value, via: written.via.clone() }
}

/// Writes the placeholders that are left as variables of a shell, which would take them apart: `${{ inputs.x }}` has
/// spaces, `$(params.x)` is a command to it.
pub(super) fn for_shell(written: &str) -> String {
    let mut made = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        made.push_str(before);
        let braced = from.strip_prefix("${{").and_then(|inner| closing(inner, "}}"));
        let bare = from.strip_prefix("$(").and_then(|inner| closing(inner, ")"));
        // `$(params.list[*])` and `$(params['x'])`, too.
        let is_name =
            |inner: &str| !inner.is_empty() && inner.chars().all(|it| it.is_alphanumeric() || "._-[]*'".contains(it));
        if let Some((inner, after)) = braced {
            made.push_str("${{");
            made.extend(inner.chars().filter(|it| !it.is_whitespace() && !"'\"()|&;".contains(*it)));
            made.push_str("}}");
            rest = after;
        } else if let Some((inner, after)) = bare.filter(|(inner, _)| is_name(inner)) {
            made.push_str("${");
            made.push_str(inner);
            made.push('}');
            rest = after;
        } else {
            made.push('$');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    made.push_str(rest);
    made
}

/// What stands before and after the end of a placeholder, if that is near.
fn closing<'t>(inner: &'t str, close: &str) -> Option<(&'t str, &'t str)> {
    let window = inner.get(..inner.floor_char_boundary(LONGEST)).unwrap_or(inner);
    let at = window.find(close)?;
    Some((inner.get(..at)?, inner.get(at + close.len()..)?))
}

/// How many nodes a tree has.
fn size(node: &Node) -> usize {
    1 + node.items().iter().map(size).sum::<usize>()
        + node.entries().iter().map(|entry| size(&entry.value)).sum::<usize>()
}

/// Fills in the variables of a shell that are known: `$NAME` and `${NAME}`.
pub(super) fn variables(written: &str, known: &BTreeMap<Text, Text>) -> String {
    if known.is_empty() {
        return written.to_owned();
    }
    let mut filled = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        let after = from.get(1..).unwrap_or_default();
        let braced = after.strip_prefix('{');
        let word = braced.unwrap_or(after);
        let length = word.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(word.len());
        let name = word.get(..length).unwrap_or_default();
        let ends = braced.is_none() || word.get(length..).is_some_and(|rest| rest.starts_with('}'));
        let taken = 1 + length + 2 * usize::from(braced.is_some());
        if let Some(value) = known.get(name).filter(|_| ends && !name.is_empty()) {
            filled.push_str(value);
            rest = from.get(taken..).unwrap_or_default();
        } else {
            filled.push('$');
            rest = after;
        }
        if filled.len() > LARGEST {
            return written.to_owned();
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::{SourceId, Span};

    fn values() -> Values {
        let at = Span::head(SourceId(0));
        [("inputs.env", "production"), ("x", "1")].map(|(key, value)| (key.into(), Node::string(value, at))).into()
    }

    #[test]
    fn what_is_known_is_filled_in() {
        let filled = |written: &str| text(written, DOLLAR_BRACES, &values());
        assert_eq!(filled("deploy ${{ inputs.env }} ${{inputs['env']}}"), "deploy production production");
        assert_eq!(filled("${{ github.sha }} ${{ x"), "${{ github.sha }} ${{ x");
        assert_eq!(for_shell("${{ a || 'b' }} $(x.y) $(cat z) $"), "${{ab}} ${x.y} $(cat z) $");
        assert_eq!(for_shell("-n $(tt.params.x) $(params.all[*])"), "-n ${tt.params.x} ${params.all[*]}");
        let known = BTreeMap::from([(Text::from("NS"), Text::from("shop"))]);
        assert_eq!(variables("-n $NS ${NS} ${NS:-x} $OTHER $", &known), "-n shop shop ${NS:-x} $OTHER $");
    }

    proptest! {
        #[test]
        fn any_text_is_filled_in(written in ".{0,200}") {
            for marks in [DOLLAR_BRACES, ANGLES, BRACKETS, BRACES, PARENTHESES] {
                text(&written, marks, &values());
            }
            variables(&written, &BTreeMap::from([(Text::from("a"), Text::from("b"))]));
        }
    }
}

//! The functions of the language, in one table. One that is not in it gives an unknown with its name.

mod collection;
mod text;

use std::rc::Rc;

use crate::source::Span;
use crate::tree::block::Expression;
use crate::tree::{Node, Value};

use super::evaluate::{Evaluator, Scope};
use super::operate::{
    Evaluated, Failure, is_unknown, number, to_bool, to_number, to_text, unknown_among, unknown_node,
};

/// What a function makes of its arguments; the span is that of the call.
type Function = fn(&[Rc<Node>], Span) -> Evaluated;

/// Which unknown arguments make the result unknown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// None by itself: the function looks at them.
    Nothing,
    /// Any argument that is unknown as a whole.
    Known,
    /// Any unknown, however deep.
    Everything,
}

use Needs::{Everything, Known, Nothing};

/// Name, needs, function; sorted by name.
static FUNCTIONS: &[(&str, Needs, Function)] = &[
    ("abs", Known, |args, span| math(args, span, f64::abs)),
    ("alltrue", Everything, collection::alltrue),
    ("anytrue", Everything, collection::anytrue),
    ("basename", Known, text::basename),
    ("ceil", Known, |args, span| math(args, span, f64::ceil)),
    ("chomp", Known, |args, span| text::map(args, span, |text| text.trim_end_matches(['\n', '\r']).into())),
    ("chunklist", Known, collection::chunklist),
    ("coalesce", Nothing, collection::coalesce),
    ("coalescelist", Nothing, collection::coalescelist),
    ("compact", Everything, collection::compact),
    ("concat", Known, collection::concat),
    ("contains", Nothing, collection::contains),
    ("dirname", Known, text::dirname),
    ("distinct", Everything, collection::distinct),
    ("element", Known, collection::element),
    ("endswith", Known, |args, span| text::test(args, span, |text, end| text.ends_with(end))),
    ("flatten", Known, collection::flatten),
    ("floor", Known, |args, span| math(args, span, f64::floor)),
    ("format", Everything, text::format),
    ("formatlist", Everything, text::formatlist),
    ("index", Everything, collection::index),
    ("join", Everything, text::join),
    ("jsondecode", Known, text::jsondecode),
    ("jsonencode", Everything, text::jsonencode),
    ("keys", Known, collection::keys),
    ("length", Known, collection::length),
    ("lookup", Known, collection::lookup),
    ("lower", Known, |args, span| text::map(args, span, |text| text.to_lowercase().into())),
    ("max", Everything, |args, span| extreme(args, span, f64::max)),
    ("merge", Known, collection::merge),
    ("min", Everything, |args, span| extreme(args, span, f64::min)),
    ("nonsensitive", Nothing, |args, span| first(args, span)),
    ("one", Known, collection::one),
    ("range", Everything, collection::range),
    ("regex", Known, text::regex),
    ("regexall", Known, text::regexall),
    ("replace", Known, text::replace),
    ("reverse", Known, collection::reverse),
    ("sensitive", Nothing, |_, span| Ok(Node::unknown("it is sensitive", "", span))),
    ("setintersection", Everything, collection::setintersection),
    ("setproduct", Everything, collection::setproduct),
    ("setsubtract", Everything, collection::setsubtract),
    ("setunion", Everything, collection::setunion),
    ("slice", Known, collection::slice),
    ("sort", Everything, collection::sort),
    ("split", Known, text::split),
    ("startswith", Known, |args, span| text::test(args, span, |text, start| text.starts_with(start))),
    ("strcontains", Known, |args, span| text::test(args, span, |text, part| text.contains(part))),
    ("substr", Known, text::substr),
    ("sum", Everything, collection::sum),
    ("title", Known, text::title),
    ("tobool", Known, |args, span| convert(args, span, |node| to_bool(node).map(Value::Bool))),
    ("tolist", Known, collection::tolist),
    ("tomap", Known, |args, span| first(args, span)),
    ("tonumber", Known, |args, span| convert(args, span, |node| to_number(node).map(number))),
    ("toset", Known, collection::toset),
    ("tostring", Known, |args, span| convert(args, span, |node| to_text(node).map(Value::String))),
    ("trim", Known, text::trim),
    ("trimprefix", Known, text::trimprefix),
    ("trimspace", Known, |args, span| text::map(args, span, |text| text.trim().into())),
    ("trimsuffix", Known, text::trimsuffix),
    ("upper", Known, |args, span| text::map(args, span, |text| text.to_uppercase().into())),
    ("values", Known, collection::values),
    ("zipmap", Known, collection::zipmap),
];

/// Calls a function. `try` and `can` look at failures, so they are not in the table.
pub(super) fn call<'a>(
    evaluator: &Evaluator<'a>,
    name: &str,
    arguments: &[Expression],
    expand_last: bool,
    scope: &Scope<'a>,
    span: Span,
) -> Evaluated {
    let name = name.strip_prefix("core::").unwrap_or(name);
    match name {
        "try" => {
            let mut last = Failure::new("`try` needs an argument", span);
            for argument in arguments {
                match evaluator.evaluate(argument, scope) {
                    Ok(node) => return Ok(node),
                    Err(failure) => last = failure,
                }
            }
            return Err(last);
        }
        "can" => {
            let Some(argument) = arguments.first() else { return Err(Failure::new("`can` needs an argument", span)) };
            return Ok(match evaluator.evaluate(argument, scope) {
                Ok(node) if is_unknown(&node) => Node { span, ..node },
                outcome => Node::new(Value::Bool(outcome.is_ok()), span),
            });
        }
        _ => {}
    }
    let mut values: Vec<Rc<Node>> = Vec::with_capacity(arguments.len());
    for argument in arguments {
        values.push(evaluator.shared(argument, scope)?);
    }
    if expand_last && let Some(last) = values.pop() {
        match &last.value {
            Value::List(items) => values.extend(items.iter().cloned().map(Rc::new)),
            Value::Unknown(unknown) => return Ok(unknown_node((**unknown).clone(), span)),
            _ => return Err(Failure::new("`...` needs a list", span)),
        }
    }
    let Ok(at) = FUNCTIONS.binary_search_by(|(known, ..)| (*known).cmp(name)) else {
        let mut node = Node::unknown(format!("`{name}` is not evaluated"), "pass a plan", span);
        if let (Value::Unknown(unknown), Some(others)) =
            (&mut node.value, unknown_among(values.iter().map(|value| &**value), true))
        {
            unknown.refers_to = others.refers_to;
        }
        return Ok(node);
    };
    let (_, needs, function) = FUNCTIONS[at];
    let unknown = match needs {
        Nothing => None,
        Known => unknown_among(values.iter().map(|value| &**value), false),
        Everything => unknown_among(values.iter().map(|value| &**value), true),
    };
    match unknown {
        Some(unknown) => Ok(unknown_node(unknown, span)),
        None => function(&values, span),
    }
}

/// The first argument.
fn first(args: &[Rc<Node>], span: Span) -> Evaluated {
    args.first().map(|node| (**node).clone()).ok_or_else(|| Failure::new("an argument is missing", span))
}

/// The argument at an index.
fn argument(args: &[Rc<Node>], index: usize, span: Span) -> Result<&Node, Failure> {
    args.get(index).map(|node| &**node).ok_or_else(|| Failure::new("an argument is missing", span))
}

/// The items of a list argument.
fn items(args: &[Rc<Node>], index: usize, span: Span) -> Result<&[Node], Failure> {
    match &argument(args, index, span)?.value {
        Value::List(items) => Ok(items),
        _ => Err(Failure::new("a list is needed here", span)),
    }
}

/// A value converted, at its own place; null stays null.
fn convert(args: &[Rc<Node>], span: Span, change: impl Fn(&Node) -> Result<Value, Failure>) -> Evaluated {
    let node = argument(args, 0, span)?;
    if node.is_null() {
        return Ok(node.clone());
    }
    Ok(Node { value: change(node)?, ..node.clone() })
}

fn math(args: &[Rc<Node>], span: Span, change: impl Fn(f64) -> f64) -> Evaluated {
    Ok(Node::new(number(change(to_number(argument(args, 0, span)?)?)), span))
}

/// The argument that wins, at its own place.
fn extreme(args: &[Rc<Node>], span: Span, choose: impl Fn(f64, f64) -> f64) -> Evaluated {
    let mut best: Option<(f64, &Node)> = None;
    for node in args {
        let value = to_number(node)?;
        #[allow(clippy::float_cmp, reason = "`choose` returns one of its arguments")]
        if best.is_none_or(|(so_far, _)| choose(so_far, value) != so_far) {
            best = Some((value, node));
        }
    }
    best.map(|(_, node)| node.clone()).ok_or_else(|| Failure::new("an argument is missing", span))
}

#[cfg(test)]
mod tests {
    use super::FUNCTIONS;

    #[test]
    fn the_table_is_sorted_for_the_search() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.0 < b.0));
    }
}

//! Which labels the result of an expression bears: those that may be there at all, and those whose value is fixed by
//! selectors. Uses `model::alert`.
//!
//! A route asks about labels, and an alert has those of its rule and those of its result.
//! <https://prometheus.io/docs/prometheus/latest/querying/operators/>

use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::ast::{LabelModifier, VectorMatchCardinality};
use promql_parser::parser::token::{
    T_BOTTOMK, T_COUNT_VALUES, T_LAND, T_LIMIT_RATIO, T_LIMITK, T_LOR, T_LUNLESS, T_TOPK,
};
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{BinaryExpr, Expr};

use crate::model::alert::Output;
use crate::tree::Text;

/// The labels of an expression's result. Nesting is bounded by whoever parsed it.
pub(super) fn of(expression: &Expr) -> Output {
    match expression {
        Expr::VectorSelector(selector) => selected(&selector.matchers),
        Expr::MatrixSelector(selector) => selected(&selector.vs.matchers),
        Expr::Paren(inner) => of(&inner.expr),
        Expr::Unary(inner) => of(&inner.expr),
        Expr::Subquery(inner) => of(&inner.expr),
        Expr::Aggregate(aggregate) => {
            let inner = of(&aggregate.expr);
            let operator = aggregate.op.id();
            if [T_TOPK, T_BOTTOMK, T_LIMITK, T_LIMIT_RATIO].contains(&operator) {
                return inner;
            }
            let mut output = match &aggregate.modifier {
                Some(LabelModifier::Include(labels)) => keep(inner, &labels.labels),
                Some(LabelModifier::Exclude(labels)) => drop(inner, &labels.labels),
                None => keep(inner, &[]),
            };
            if operator == T_COUNT_VALUES
                && let Some(Expr::StringLiteral(label)) = aggregate.param.as_deref()
            {
                free(&mut output, &label.val);
            }
            output
        }
        Expr::Binary(binary) => combined(binary),
        Expr::Call(call) => {
            let arguments = &call.args.args;
            let is_series = |argument: &Expr| matches!(argument.value_type(), ValueType::Vector | ValueType::Matrix);
            let mut output =
                match (call.func.name, arguments.iter().map(Box::as_ref).find(|argument| is_series(argument))) {
                    // Without matching series, `absent` gives the labels that the selector fixes.
                    ("absent" | "absent_over_time", Some(argument)) => {
                        let fixed = of(argument).fixed;
                        Output { only: Some(fixed.iter().map(|(label, _)| label.clone()).collect()), fixed }
                    }
                    ("scalar", _) | (_, None) => nothing(),
                    (_, Some(argument)) => of(argument),
                };
            match call.func.name {
                "histogram_quantile" | "histogram_fraction" => output = drop(output, &["le".to_owned()]),
                "label_replace" | "label_join" => {
                    if let Some(Expr::StringLiteral(label)) = arguments.get(1).map(Box::as_ref) {
                        free(&mut output, &label.val);
                    }
                }
                _ => {}
            }
            output
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => nothing(),
        Expr::Extension(_) => Output::default(),
    }
}

/// No label at all.
fn nothing() -> Output {
    Output { only: Some(Vec::new()), fixed: Vec::new() }
}

fn selected(Matchers { matchers, or_matchers }: &Matchers) -> Output {
    if !or_matchers.is_empty() {
        return Output::default();
    }
    let equal = matchers.iter().filter(|matcher| matches!(matcher.op, MatchOp::Equal) && matcher.name != "__name__");
    Output {
        only: None,
        fixed: equal.map(|matcher| (Text::from(&*matcher.name), Text::from(&*matcher.value))).collect(),
    }
}

fn keep(mut output: Output, labels: &[String]) -> Output {
    let kept = |label: &Text| labels.iter().any(|kept| kept == label.as_str());
    output.fixed.retain(|(label, _)| kept(label));
    let there = |label: &String| output.only.as_ref().is_none_or(|only| only.iter().any(|present| present == label));
    output.only = Some(labels.iter().filter(|label| there(label)).map(Text::from).collect());
    output
}

fn drop(mut output: Output, labels: &[String]) -> Output {
    let dropped = |label: &Text| labels.iter().any(|dropped| dropped == label.as_str());
    output.fixed.retain(|(label, _)| !dropped(label));
    // A dropped label is not there; what else is, is not known.
    output.fixed.extend(labels.iter().map(|label| (Text::from(label), Text::default())));
    if let Some(only) = &mut output.only {
        only.retain(|label| !dropped(label));
    }
    output
}

/// A label that gets some value.
fn free(output: &mut Output, label: &str) {
    output.fixed.retain(|(fixed, _)| fixed != label);
    if let Some(only) = &mut output.only
        && !only.iter().any(|present| present == label)
    {
        only.push(label.into());
    }
}

fn combined(binary: &BinaryExpr) -> Output {
    let is_vector = |side: &Expr| side.value_type() == ValueType::Vector;
    let (left, right) = match (is_vector(&binary.lhs), is_vector(&binary.rhs)) {
        (true, true) => (of(&binary.lhs), of(&binary.rhs)),
        (true, false) => return of(&binary.lhs),
        (false, true) => return of(&binary.rhs),
        (false, false) => return nothing(),
    };
    let operator = binary.op.id();
    let matching = binary.modifier.as_ref().and_then(|modifier| modifier.matching.as_ref());
    let on = match matching {
        Some(LabelModifier::Include(labels)) => Some(&labels.labels),
        _ => None,
    };
    if operator == T_LUNLESS {
        return left;
    }
    if operator == T_LOR {
        let only = left.only.clone().zip(right.only.clone()).map(|(mut left, right)| {
            left.extend(right);
            left.sort();
            left.dedup();
            left
        });
        let fixed = left.fixed.into_iter().filter(|pair| right.fixed.contains(pair)).collect();
        return Output { only, fixed };
    }
    // What both sides must agree in is fixed where either fixes it.
    let agreed = |output: Output, other: &Output| {
        let mut output = output;
        for (label, value) in &other.fixed {
            let shared = match (on, matching) {
                (Some(labels), _) => labels.iter().any(|shared| shared == label.as_str()),
                (None, Some(ignored)) => !ignored.labels().labels.iter().any(|ignored| ignored == label.as_str()),
                (None, None) => true,
            };
            if shared && !output.fixed.iter().any(|(fixed, _)| fixed == label) {
                output.fixed.push((label.clone(), value.clone()));
            }
        }
        if matching.is_none() && output.only.is_none() {
            output.only.clone_from(&other.only);
        }
        output
    };
    if operator == T_LAND {
        return agreed(left, &right);
    }
    match binary.modifier.as_ref().map(|modifier| &modifier.card) {
        Some(VectorMatchCardinality::ManyToOne(included)) => {
            let mut output = agreed(left, &right);
            included.labels.iter().for_each(|label| free(&mut output, label));
            output
        }
        Some(VectorMatchCardinality::OneToMany(included)) => {
            let mut output = agreed(right, &left);
            included.labels.iter().for_each(|label| free(&mut output, label));
            output
        }
        _ => match (on, matching) {
            (Some(labels), _) => keep(agreed(left, &right), labels),
            (None, Some(ignored)) => drop(agreed(left, &right), &ignored.labels().labels),
            (None, None) => agreed(left, &right),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(written: &str) -> (Option<String>, String) {
        let Output { only, fixed } = of(&promql_parser::parser::parse(written).unwrap());
        let fixed = fixed.iter().map(|(label, value)| format!("{label}={value}")).collect::<Vec<_>>().join(",");
        (only.map(|only| only.join(",")), fixed)
    }

    #[test]
    fn labels_follow_the_operators() {
        for (written, only, fixed) in [
            (r#"up{job="a",env=~"x|y"} == 0"#, None, "job=a"),
            (r#"sum by (job, env) (rate(x{job="a"}[5m])) > 1"#, Some("job,env"), "job=a"),
            (r#"sum(x{job="a"}) > 1"#, Some(""), ""),
            (r#"sum without (pod) (x{job="a"})"#, None, "job=a,pod="),
            (r#"absent(up{job="a"})"#, Some("job"), "job=a"),
            ("vector(1)", Some(""), ""),
            (r#"x{job="a"} / on (job) y{env="b"}"#, Some("job"), "job=a"),
            (r#"x{job="a"} and y{env="b"}"#, None, "job=a,env=b"),
            (r#"x{job="a"} and on (job) y{env="b"}"#, None, "job=a"),
            (r#"x{job="a"} * on (pod) group_left(node) y{job="b"}"#, None, "job=a"),
            (r#"x{job="a"} or y{job="b"}"#, None, ""),
            ("sum by (a) (x) or sum by (b) (y)", Some("a,b"), ""),
            ("histogram_quantile(0.9, sum by (le, job) (x))", Some("job"), "le="),
            (r#"label_replace(x{job="a"}, "job", "$1", "pod", "(.*)")"#, None, ""),
            (r#"topk(3, x{job="a"})"#, None, "job=a"),
            ("time() > bool 3", Some(""), ""),
            (r#"x{job="a"} unless y{job="b"}"#, None, "job=a"),
        ] {
            assert_eq!(said(written), (only.map(str::to_owned), fixed.to_owned()), "{written}");
        }
    }
}

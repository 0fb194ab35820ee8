//! Whether an expression can ever give a series. What it compares is bounded by how it is made: a count is never 0 (of
//! nothing there is no count), a rate is never negative, a share of the same requests is never more than 1. A comparison
//! outside of these bounds is never true, and its alert never fires.
//!
//! What the functions and operators give: <https://prometheus.io/docs/prometheus/latest/querying/functions/>,
//! <https://prometheus.io/docs/prometheus/latest/querying/operators/>.

mod range;
mod share;

use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::token::{T_EQLC, T_GTE, T_GTR, T_LAND, T_LOR, T_LSS, T_LTE, T_LUNLESS, T_NEQ, TokenId};
use promql_parser::parser::{BinaryExpr, Expr};

use range::Range;

/// How much of an expression is said.
const SHOWN: usize = 60;

/// Why an expression can never give a series, in words; none where it can, or may. Nesting is bounded by whoever parsed
/// it.
pub(super) fn why_never(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Paren(inner) => why_never(&inner.expr),
        Expr::Unary(inner) => why_never(&inner.expr),
        Expr::Subquery(inner) => why_never(&inner.expr),
        Expr::Aggregate(inner) => why_never(&inner.expr),
        Expr::VectorSelector(selector) => contradicted(&selector.matchers),
        Expr::MatrixSelector(selector) => contradicted(&selector.vs.matchers),
        Expr::Call(call) => match call.func.name {
            // These give something just where there is nothing.
            "absent" | "absent_over_time" | "scalar" | "vector" => None,
            _ => call.args.args.iter().find_map(|argument| why_never(argument)),
        },
        Expr::Binary(binary) => combined(binary),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => None,
    }
}

fn combined(binary: &BinaryExpr) -> Option<String> {
    let (left, right) = (plain(&binary.lhs), plain(&binary.rhs));
    // A side that is filled in gives something where the other is empty.
    let filled = binary.modifier.as_ref().is_some_and(|modifier| {
        modifier.return_bool || modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some()
    });
    match binary.op.id() {
        T_LOR => why_never(left).filter(|_| why_never(right).is_some()),
        T_LUNLESS if left == right => Some(format!("`{}` is left out of itself", shown(left))),
        T_LUNLESS => why_never(left),
        T_LAND => why_never(left).or_else(|| why_never(right)).or_else(|| disjoint(left, right)),
        _ if filled => None,
        operator => why_never(left).or_else(|| why_never(right)).or_else(|| out_of_bounds(left, operator, right)),
    }
}

/// What stands within parentheses.
fn plain(expression: &Expr) -> &Expr {
    match expression {
        Expr::Paren(inner) => plain(&inner.expr),
        other => other,
    }
}

/// Matchers of one label that no value satisfies together.
fn contradicted(Matchers { matchers, or_matchers }: &Matchers) -> Option<String> {
    if !or_matchers.is_empty() {
        return None;
    }
    let equal = matchers.iter().filter(|matcher| matches!(matcher.op, MatchOp::Equal));
    equal.into_iter().find_map(|fixed| {
        let other = matchers.iter().find(|other| other.name == fixed.name && !other.is_match(&fixed.value))?;
        Some(format!("no series has both `{fixed}` and `{other}`"))
    })
}

/// A comparison that no value of its left side passes.
fn out_of_bounds(left: &Expr, operator: TokenId, right: &Expr) -> Option<String> {
    let (bounds, limits) = (Range::of(left), Range::of(right));
    let never = match operator {
        T_GTR => bounds.high <= limits.low,
        T_GTE => bounds.high < limits.low,
        T_LSS => bounds.low >= limits.high,
        T_LTE => bounds.low > limits.high,
        T_EQLC => bounds.high < limits.low || bounds.low > limits.high,
        T_NEQ => bounds.is_point() && bounds == limits,
        _ => false,
    };
    if !never || bounds.is_unbounded() && limits.is_unbounded() {
        return None;
    }
    let (subject, bounds) = if matches!(left, Expr::NumberLiteral(_)) { (right, limits) } else { (left, bounds) };
    Some(format!("`{}` is {}", shown(subject), bounds.words(range::counts(subject))))
}

/// Two conditions on the same thing that exclude each other.
fn disjoint(left: &Expr, right: &Expr) -> Option<String> {
    let ((subject, low, high), (other, other_low, other_high)) = (limited(left)?, limited(right)?);
    if subject != other {
        return None;
    }
    let apart =
        |below: (f64, bool), above: (f64, bool)| below.0 < above.0 || below.0 <= above.0 && (below.1 || above.1);
    let never = apart(high, other_low) || apart(other_high, low);
    never.then(|| format!("the two conditions on `{}` exclude each other", shown(subject)))
}

/// A limit, and whether it is left out itself.
type Limit = (f64, bool);

/// What a comparison with a number is about, and the limits that it sets.
fn limited(expression: &Expr) -> Option<(&Expr, Limit, Limit)> {
    let Expr::Binary(binary) = expression else { return None };
    if binary.modifier.as_ref().is_some_and(|modifier| modifier.return_bool) {
        return None;
    }
    let Expr::NumberLiteral(number) = plain(&binary.rhs) else { return None };
    let (low, high) = ((f64::NEG_INFINITY, false), (f64::INFINITY, false));
    let (low, high) = match binary.op.id() {
        T_GTR => ((number.val, true), high),
        T_GTE => ((number.val, false), high),
        T_LSS => (low, (number.val, true)),
        T_LTE => (low, (number.val, false)),
        T_EQLC => ((number.val, false), (number.val, false)),
        _ => return None,
    };
    Some((plain(&binary.lhs), low, high))
}

/// An expression, shortened.
fn shown(expression: &Expr) -> String {
    let text = expression.to_string();
    if text.chars().count() <= SHOWN { text } else { text.chars().take(SHOWN).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use promql_parser::parser;

    fn never(written: &str) -> Option<String> {
        super::why_never(&parser::parse(written).unwrap_or_else(|complaint| panic!("{written}: {complaint}")))
    }

    #[test]
    fn what_is_outside_of_its_bounds_is_never_there() {
        for written in [
            r#"count(up{job="api"} == 1) < 1"#,
            "count by (job) (up) == 0",
            "count_over_time(heartbeat[10m]) == 0",
            "absent(up) == 0",
            "absent(up) > 1",
            "up > 1",
            "up < 0",
            "avg(up) > 1.5",
            "avg by (job) (avg_over_time(up[5m])) * 100 > 100",
            "rate(errors_total[5m]) < 0",
            "hour() > 24",
            "(day_of_week() == 7) and up == 0",
            r#"sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 5"#,
            r#"100 - sum(rate(a_total{code="200"}[5m])) by (job) / sum(rate(a_total[5m])) by (job) * 100 > 100"#,
            r#"sum(rate(a_seconds_bucket{le="0.5"}[5m])) / sum(rate(a_seconds_count[5m])) > 1"#,
            r#"(sum(rate(a_total{code="500"}[5m])) or vector(0)) / sum(rate(a_total[5m])) > 10"#,
            r#"(sum(rate(a_total[5m])) - sum(rate(a_total{code="200"}[5m]))) / sum(rate(a_total[5m])) >= 2"#,
            "temperature > 30 and temperature < 10",
            "temperature > 30 and temperature <= 30",
            "sum(rate(a_total[5m])) unless (sum(rate(a_total[5m])))",
            r#"up{job="a",job="b"} == 0"#,
            r#"up{job="api",job!~"a.*"} == 0"#,
            r#"(up{job="a",job="b"} == 0) or (up > 1)"#,
            "3 < up",
            "sum by (type) (up) == 0 > 0",
            "sum(up == 0) > 0",
            "0 == queue_length > 5",
            "(queue_length < 10) > 20",
            "(queue_length > 10) < 5",
        ] {
            assert!(never(written).is_some(), "{written}");
        }
    }

    #[test]
    fn what_may_be_there_is_not_denied() {
        for written in [
            "up == 0",
            "up != 1",
            "count(up == 0) > 0",
            "(count(up == 1) or vector(0)) < 1",
            "count(up) < 2",
            "sum(up) < 1",
            "absent(up)",
            "absent(up) == 1",
            "absent(up > 1)",
            "rate(errors_total[5m]) > 0",
            "changes(restarts[5m]) < 1",
            "increase(backups_total[1d]) < 1",
            "increase(backups_total[1d]) == 0",
            "delta(a[5m]) < 0",
            "hour() >= 9 and hour() < 17",
            "vector(1)",
            "vector(1) == 1",
            r#"sum(rate(a_total{code=~"5.."}[5m])) / sum(rate(a_total[5m])) > 0.05"#,
            r#"sum(rate(a_total{code=~"5.."}[5m])) / sum(rate(a_total[5m])) * 100 > 5"#,
            r#"sum(rate(a_total{code=~"5.."}[5m])) / sum(rate(a_total{code=~"2.."}[5m])) > 5"#,
            "sum(rate(a_total[1h])) / sum(rate(a_total[5m])) > 2",
            "sum(rate(a_total[5m])) / sum(rate(a_total[5m] offset 1d)) > 2",
            "sum(queue_length{state=\"ready\"}) / sum(queue_length) > 2",
            "a_failed_total / a_total > 2",
            "sum by (a, b) (rate(x_total[5m])) / on (a) group_left () sum by (a) (rate(y_total[5m])) > 2",
            "sum by (a) (rate(x_total[5m])) / on (a) group_right () sum by (a, b) (rate(x_total[5m])) > 2",
            "temperature > 30 or temperature < 10",
            "temperature > 30 and pressure < 10",
            "up unless up == 1",
            "up > bool 1",
            r#"up{job=~"a|b",job!="b"} == 0"#,
            "node_memory_free / node_memory_total > 2",
            "predict_linear(free_bytes[1h], 3600) < 0",
            "histogram_quantile(0.99, sum by (le) (rate(a_bucket[5m]))) > 10",
            "time() - last_success > 3600",
            "topk(3, up) == 0",
            "quantile(0.9, up) < 1",
            "count(up) - count(up == 1) > 0",
            "clamp_max(x, 5) > 4",
            "queue_length > 5 > 3",
            "queue_length < 10 > 5",
            "(up == 0) + 1 > 0",
            "5 < queue_length > 3",
            "(queue_length == 0 or queue_length > 9) > 5",
        ] {
            assert_eq!(never(written), None, "{written}");
        }
    }

    #[test]
    fn bounds_are_said_in_words() {
        let said = never(r#"sum(rate(a_total{code="500"}[5m])) / sum(rate(a_total[5m])) > 5"#).unwrap();
        assert!(said.ends_with("is always between 0 and 1"), "{said}");
        let said = never("count(up) == 0").unwrap();
        assert_eq!(said, "`count(up)` is never less than 1: of nothing there is no count");
    }
}

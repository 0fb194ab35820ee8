//! The values that an expression can have.

use promql_parser::parser::token::{
    T_ADD, T_AVG, T_BOTTOMK, T_COUNT, T_COUNT_VALUES, T_DIV, T_EQLC, T_GROUP, T_GTE, T_GTR, T_LAND, T_LIMITK, T_LOR,
    T_LSS, T_LTE, T_LUNLESS, T_MAX, T_MIN, T_MUL, T_NEQ, T_QUANTILE, T_STDDEV, T_STDVAR, T_SUB, T_SUM, T_TOPK, TokenId,
};
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{AggregateExpr, BinaryExpr, Call, Expr, VectorSelector};

use super::{plain, share};

/// Series that are 0 or 1.
const SWITCHES: &[&str] = &["up", "probe_success", "kube_node_status_condition", "kube_pod_status_phase"];

/// From the smallest to the largest value, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Anything.
const ANY: Range = Range { low: f64::NEG_INFINITY, high: f64::INFINITY };

/// Nothing below 0.
const POSITIVE: Range = Range { low: 0.0, high: f64::INFINITY };

/// A share of something.
const SHARE: Range = Range { low: 0.0, high: 1.0 };

/// What is there and counted.
const COUNTED: Range = Range { low: 1.0, high: f64::INFINITY };

/// A comparison read from its other side.
fn mirrored(operator: TokenId) -> TokenId {
    match operator {
        T_GTR => T_LSS,
        T_GTE => T_LTE,
        T_LSS => T_GTR,
        T_LTE => T_GTE,
        other => other,
    }
}

/// Whether an expression counts what is there, so that of nothing there is no count.
pub(super) fn counts(expression: &Expr) -> bool {
    match plain(expression) {
        Expr::Aggregate(aggregate) => [T_COUNT, T_COUNT_VALUES].contains(&aggregate.op.id()),
        Expr::Call(call) => call.func.name == "count_over_time",
        _ => false,
    }
}

impl Range {
    fn point(value: f64) -> Self {
        Self { low: value, high: value }
    }

    pub(super) fn is_point(self) -> bool {
        // A point is made of one number.
        #[allow(clippy::float_cmp, reason = "both ends are the same number where it is a point")]
        let same = self.low == self.high;
        same
    }

    pub(super) fn is_unbounded(self) -> bool {
        self == ANY
    }

    /// What is always, or never, so.
    pub(super) fn words(self, counts: bool) -> String {
        let Self { low, high } = self;
        match (low.is_finite(), high.is_finite()) {
            _ if self.is_point() => format!("always {low}"),
            (true, true) => format!("always between {low} and {high}"),
            (true, false) if counts => format!("never less than {low}: of nothing there is no count"),
            (true, false) => format!("never less than {low}"),
            (false, true) => format!("never more than {high}"),
            (false, false) => "any number".to_owned(),
        }
    }

    /// The values of an expression.
    pub(super) fn of(expression: &Expr) -> Self {
        match expression {
            Expr::NumberLiteral(number) if number.val.is_nan() => ANY,
            Expr::NumberLiteral(number) => Self::point(number.val),
            Expr::Paren(inner) => Self::of(&inner.expr),
            Expr::Unary(inner) => Self::of(&inner.expr).times(-1.0),
            Expr::Subquery(inner) => Self::of(&inner.expr),
            Expr::VectorSelector(selector) => Self::of_series(selector),
            Expr::MatrixSelector(selector) => Self::of_series(&selector.vs),
            Expr::Aggregate(aggregate) => Self::of_aggregate(aggregate),
            Expr::Call(call) => Self::of_call(call),
            Expr::Binary(binary) => Self::of_binary(binary),
            Expr::StringLiteral(_) | Expr::Extension(_) => ANY,
        }
    }

    fn of_series(selector: &VectorSelector) -> Self {
        match selector.name.as_deref() {
            Some("ALERTS") => Self::point(1.0),
            Some(name) if SWITCHES.contains(&name) => SHARE,
            _ => ANY,
        }
    }

    fn of_aggregate(aggregate: &AggregateExpr) -> Self {
        let inner = Self::of(&aggregate.expr);
        match aggregate.op.id() {
            T_MIN | T_MAX | T_AVG | T_TOPK | T_BOTTOMK | T_LIMITK => inner,
            T_SUM => inner.summed(),
            T_COUNT | T_COUNT_VALUES => COUNTED,
            T_GROUP => Self::point(1.0),
            T_STDDEV | T_STDVAR => POSITIVE,
            // A quantile outside of 0 to 1 is infinite.
            T_QUANTILE => match aggregate.param.as_deref().map(plain) {
                Some(Expr::NumberLiteral(part)) if (0.0..=1.0).contains(&part.val) => inner,
                _ => ANY,
            },
            _ => ANY,
        }
    }

    fn of_call(call: &Call) -> Self {
        let arguments = &call.args.args;
        let at = |index: usize| arguments.get(index).map_or(ANY, |argument| Self::of(argument));
        let last = || arguments.last().map_or(ANY, |argument| Self::of(argument));
        let between = |low: f64, high: f64| Self { low, high };
        match call.func.name {
            "absent" | "absent_over_time" | "present_over_time" => Self::point(1.0),
            "rate" | "increase" | "irate" | "changes" | "resets" | "stddev_over_time" | "stdvar_over_time" | "time"
            | "timestamp" | "exp" | "sqrt" => POSITIVE,
            "count_over_time" => COUNTED,
            "avg_over_time" | "min_over_time" | "max_over_time" | "last_over_time" => last(),
            "sum_over_time" => last().summed(),
            "sort" | "sort_desc" | "sort_by_label" | "sort_by_label_desc" | "label_replace" | "label_join"
            | "vector" | "scalar" => at(0),
            "abs" => at(0).absolute(),
            "ceil" => between(at(0).low.ceil(), at(0).high.ceil()),
            "floor" => between(at(0).low.floor(), at(0).high.floor()),
            "sgn" => between(-1.0, 1.0),
            "clamp_max" => between(at(0).low.min(at(1).low), at(0).high.min(at(1).high)),
            "clamp_min" => between(at(0).low.max(at(1).low), at(0).high.max(at(1).high)),
            "hour" => between(0.0, 23.0),
            "minute" => between(0.0, 59.0),
            "day_of_week" => between(0.0, 6.0),
            "day_of_month" => between(1.0, 31.0),
            "day_of_year" => between(1.0, 366.0),
            "days_in_month" => between(28.0, 31.0),
            "month" => between(1.0, 12.0),
            "histogram_fraction" => SHARE,
            _ => ANY,
        }
    }

    fn of_binary(binary: &BinaryExpr) -> Self {
        if binary.modifier.as_ref().is_some_and(|modifier| modifier.return_bool) {
            return SHARE;
        }
        let (left, right) = (Self::of(&binary.lhs), Self::of(&binary.rhs));
        match binary.op.id() {
            T_LAND | T_LUNLESS => left,
            T_LOR => Self { low: left.low.min(right.low), high: left.high.max(right.high) },
            // A comparison keeps the value of the side that is a vector, where it passes.
            operator @ (T_EQLC | T_NEQ | T_GTR | T_GTE | T_LSS | T_LTE) => {
                if binary.lhs.value_type() == ValueType::Scalar {
                    right.passing(mirrored(operator), left)
                } else {
                    left.passing(operator, right)
                }
            }
            T_ADD => Self { low: left.low + right.low, high: left.high + right.high },
            T_SUB => Self { low: left.low - right.high, high: left.high - right.low },
            T_MUL => left.multiplied(right),
            T_DIV if share::is_share(binary) => SHARE,
            T_DIV => match plain(&binary.rhs) {
                Expr::NumberLiteral(divisor) if divisor.val != 0.0 => left.times(1.0 / divisor.val),
                _ if left.low >= 0.0 && right.low >= 0.0 => POSITIVE,
                _ => ANY,
            },
            _ => ANY,
        }
    }

    /// What of these values passes a comparison with others.
    fn passing(self, operator: TokenId, other: Self) -> Self {
        let Self { mut low, mut high } = self;
        if matches!(operator, T_EQLC | T_GTR | T_GTE) {
            low = low.max(other.low);
        }
        if matches!(operator, T_EQLC | T_LSS | T_LTE) {
            high = high.min(other.high);
        }
        // Where nothing passes there is no value at all.
        if low <= high { Self { low, high } } else { self }
    }

    fn summed(self) -> Self {
        Self {
            low: if self.low >= 0.0 { self.low } else { f64::NEG_INFINITY },
            high: if self.high <= 0.0 { self.high } else { f64::INFINITY },
        }
    }

    fn absolute(self) -> Self {
        let (low, high) = (self.low.abs(), self.high.abs());
        let across = self.low <= 0.0 && self.high >= 0.0;
        Self { low: if across { 0.0 } else { low.min(high) }, high: low.max(high) }
    }

    fn times(self, factor: f64) -> Self {
        self.multiplied(Self::point(factor))
    }

    fn multiplied(self, other: Self) -> Self {
        // Nothing times anything is nothing, however large.
        let product = |left: f64, right: f64| if left == 0.0 || right == 0.0 { 0.0 } else { left * right };
        let ends = [
            product(self.low, other.low),
            product(self.low, other.high),
            product(self.high, other.low),
            product(self.high, other.high),
        ];
        Self {
            low: ends.into_iter().fold(f64::INFINITY, f64::min),
            high: ends.into_iter().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

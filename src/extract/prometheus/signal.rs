//! Which signals an expression alerts on, from its syntax tree. Uses `model::signal`.

use std::collections::BTreeSet;

use promql_parser::label::Matchers;
use promql_parser::parser::token::{T_DIV, T_EQLC, T_GTE, T_GTR, T_LAND, T_LSS, T_LTE, T_LUNLESS, T_NEQ};
use promql_parser::parser::{BinaryExpr, Expr, VectorSelector};

use crate::model::signal::{self, Outcome, Signal};

/// The signals of an expression. Nesting is bounded by whoever parsed it.
pub(super) fn of(expression: &Expr) -> Vec<Signal> {
    visit(expression).signals.into_iter().collect()
}

/// What a part of an expression tells.
#[derive(Default)]
struct Told {
    signals: BTreeSet<Signal>,
    /// Whether it counts what is asked, which is a signal once it is compared.
    counts: bool,
    /// Whether it is what went well, which is a signal once it is divided by all.
    good: bool,
    /// Whether it measures sizes, of which a quantile is no latency.
    sized: bool,
}

impl Told {
    fn also(mut self, other: Self) -> Self {
        self.signals.extend(other.signals);
        self.counts |= other.counts;
        self.good |= other.good;
        self.sized |= other.sized;
        self
    }

    fn only(signal: Signal) -> Self {
        Self { signals: BTreeSet::from([signal]), ..Self::default() }
    }
}

fn visit(expression: &Expr) -> Told {
    match expression {
        Expr::Aggregate(aggregate) => visit(&aggregate.expr),
        Expr::Unary(unary) => visit(&unary.expr),
        Expr::Paren(inner) => visit(&inner.expr),
        Expr::Subquery(subquery) => visit(&subquery.expr),
        Expr::VectorSelector(selector) => selected(selector),
        Expr::MatrixSelector(selector) => selected(&selector.vs),
        Expr::Call(call) => {
            let arguments = || call.args.args.iter().map(|argument| visit(argument));
            match call.func.name {
                // That it is not there is what is asked, whatever it measures.
                "absent" | "absent_over_time" => Told::only(Signal::Availability),
                "histogram_quantile" | "histogram_avg" => {
                    let told = arguments().fold(Told::default(), Told::also);
                    if told.signals.is_empty() && !told.sized { Told::only(Signal::Latency) } else { told }
                }
                _ => arguments().fold(Told::default(), Told::also),
            }
        }
        Expr::Binary(binary) => combined(binary),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => Told::default(),
    }
}

fn combined(binary: &BinaryExpr) -> Told {
    let operator = binary.op.id();
    let compares = [T_EQLC, T_GTE, T_GTR, T_LSS, T_LTE, T_NEQ].contains(&operator);
    let left = visit(&binary.lhs);
    // What an alert holds back for is not what it is about.
    if operator == T_LUNLESS {
        return left;
    }
    let right = visit(&binary.rhs);
    let shares_good = operator == T_DIV && left.good;
    let guards = operator == T_LAND;
    // What something is divided by is what it is a share of.
    let share = operator == T_DIV && !left.signals.is_empty();
    let mut told = if share { left } else { left.also(right) };
    if shares_good && told.signals.is_empty() {
        told.signals.insert(Signal::Errors);
    }
    // Counts that are compared are traffic; beside something else they only ask whether there was enough of it.
    if compares && told.counts && told.signals.is_empty() && operator != T_NEQ {
        told.signals.insert(Signal::Traffic);
    }
    if guards && told.signals.len() > 1 {
        told.signals.remove(&Signal::Traffic);
    }
    told
}

fn selected(selector: &VectorSelector) -> Told {
    let Matchers { matchers, or_matchers } = &selector.matchers;
    let matchers = || matchers.iter().chain(or_matchers.iter().flatten());
    let named = matchers().find(|matcher| matcher.name == "__name__").map(|matcher| matcher.value.as_str());
    let metric = selector.name.as_deref().or(named).unwrap_or_default();
    let by_name = signal::of_name(metric);
    let mut outcomes = matchers()
        .filter_map(|matcher| signal::outcome(&matcher.name, super::expression::operator(&matcher.op), &matcher.value));
    let outcome = outcomes.next();
    // How a measured request went weighs more than that its length was measured; the platform's own statuses do not
    // speak of requests.
    let platform = signal::of_platform(metric);
    match outcome {
        Some(Outcome::Bad) if !platform && !by_name.contains(&Signal::Availability) => Told::only(Signal::Errors),
        _ => Told {
            counts: signal::counts_requests(metric),
            good: outcome == Some(Outcome::Good) && !platform,
            sized: metric.split('_').any(|word| matches!(word, "bytes" | "size")),
            signals: by_name.into_iter().collect(),
        },
    }
}

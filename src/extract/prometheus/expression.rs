//! What an alert's expression watches, and whether it looks back over time.

use std::collections::BTreeSet;
use std::time::Duration;

use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::{self, Expr, VectorSelector, token};

use super::{Language, output, possible, signal};
use crate::model::Signal;
use crate::model::alert::{Output, Watch};
use crate::tree::Text;

/// Functions whose result only moves with the events of a whole window, or with the clock, so that it does not flap
/// around a threshold.
const LOOKING_BACK: &[&str] =
    &["time", "increase", "delta", "changes", "resets", "absent", "absent_over_time", "predict_linear", "deriv"];

/// Parts of the names of gauges that only count down: what expires does not flap. (So does an age, by `time()`.)
const COUNTING_DOWN: &[&str] = &["_ttl_seconds", "expir", "not_after"];

/// Functions that average over a window; smooth when the window is long, or when two windows must agree.
const AVERAGING: &[&str] = &["rate"];

/// A window so long that one sample cannot carry the average over a threshold and back.
const LONG: Duration = Duration::from_mins(10);

/// Nesting that no one writes by hand; deeper expressions are not parsed, since the parser recurses.
const MAX_DEPTH: usize = 200;

/// Functions of the calendar.
const CALENDAR: &[&str] = &["day_of_week", "hour", "minute", "day_of_month", "month"];

/// What is known of an expression.
#[derive(Debug)]
pub(super) enum Expression {
    /// It was read.
    Read(Reading),
    /// It is not known, for this reason.
    Unknown(String),
    /// It is no `PromQL`; the parser's complaint.
    Invalid(String),
}

/// An expression that was read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// What it watches.
    pub(super) watches: Vec<Watch>,
    /// Whether it already looks back over time.
    pub(super) smoothed: bool,
    /// Whether it gives something though part of what it watches is not there: `a or b`, `a unless b`.
    pub(super) alternatives: bool,
    /// What its value comes from.
    pub(super) basis: Basis,
    /// What is known of the labels of its result.
    pub(super) output: Output,
    /// Which signals it asks for.
    pub(super) signals: Vec<Signal>,
    /// Why it can never give anything, in words.
    pub(super) never: Option<String>,
}

/// What the value of an expression comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Basis {
    /// Series.
    #[default]
    Series,
    /// The day and the hour alone.
    Calendar,
    /// Nothing: `vector(1)`.
    Constant,
}

/// Reads an expression.
pub(super) fn read(written: &str, language: Language) -> Expression {
    if written.contains("$__") || written.contains("{{") || written.contains("${") || written.contains("{%") {
        return Expression::Unknown("the expression is a template".into());
    }
    if is_logql(written) {
        return Expression::Unknown("the expression is LogQL".into());
    }
    if depth(written) > MAX_DEPTH {
        return Expression::Unknown(format!("the expression is nested more than {MAX_DEPTH} deep"));
    }
    match parser::parse(written) {
        Ok(parsed) => Expression::Read(Walk::over(&parsed)),
        Err(_) if language == Language::Other => Expression::Unknown("the expression is not PromQL".into()),
        Err(complaint) => Expression::Invalid(complaint),
    }
}

/// Line filters and parsers follow a stream selector in `LogQL` only.
fn is_logql(written: &str) -> bool {
    ["|=", "|~", "| json", "|json", "| logfmt", "| pattern", "| regexp", "| unwrap", "!~ `"]
        .iter()
        .any(|mark| written.split('}').skip(1).any(|rest| rest.trim_start().starts_with(mark)))
}

/// How deep an expression may be nested, from above: its open parentheses, and its signs outside of strings, each of
/// which may stand before another.
fn depth(written: &str) -> usize {
    let (mut open, mut deepest, mut signs) = (0_usize, 0, 0);
    let mut quote = None;
    for byte in written.bytes() {
        match (quote, byte) {
            (Some(mark), _) if mark == byte => quote = None,
            (None, b'"' | b'\'' | b'`') => quote = Some(byte),
            (None, b'(') => open += 1,
            (None, b')') => open = open.saturating_sub(1),
            (None, b'-' | b'+') => signs += 1,
            (Some(_) | None, _) => {}
        }
        deepest = deepest.max(open);
    }
    deepest + signs / 4
}

/// A walk over an expression's tree.
#[derive(Default)]
struct Walk {
    reading: Reading,
    windows: BTreeSet<Duration>,
    calendar: bool,
}

impl Walk {
    fn over(expression: &Expr) -> Reading {
        let mut walk = Self::default();
        walk.visit(expression);
        let Self { mut reading, windows, calendar } = walk;
        reading.smoothed |= windows.len() > 1 || windows.iter().any(|window| *window >= LONG);
        reading.output = output::of(expression);
        reading.signals = signal::of(expression);
        reading.never = possible::why_never(expression);
        reading.basis = match (reading.watches.is_empty(), calendar) {
            (false, _) => Basis::Series,
            (true, true) => Basis::Calendar,
            (true, false) => Basis::Constant,
        };
        reading
    }

    fn visit(&mut self, expression: &Expr) {
        match expression {
            Expr::Aggregate(aggregate) => {
                self.visit(&aggregate.expr);
                if let Some(parameter) = &aggregate.param {
                    self.visit(parameter);
                }
            }
            Expr::Unary(unary) => self.visit(&unary.expr),
            Expr::Binary(binary) => {
                // Whether something happened at all is asked of events, and an event does not flap.
                let none = matches!(binary.rhs.as_ref(), Expr::NumberLiteral(number) if number.val == 0.0);
                self.reading.smoothed |= none && binary.op.id() == token::T_GTR && is_rate(&binary.lhs);
                self.reading.alternatives |= matches!(binary.op.id(), token::T_LOR | token::T_LUNLESS);
                self.visit(&binary.lhs);
                self.visit(&binary.rhs);
            }
            Expr::Paren(inner) => self.visit(&inner.expr),
            Expr::Subquery(subquery) => {
                // The range of a subquery is a window as well.
                self.windows.insert(subquery.range);
                self.visit(&subquery.expr);
            }
            Expr::VectorSelector(selector) => self.watch(selector),
            Expr::MatrixSelector(selector) => self.watch(&selector.vs),
            Expr::Call(call) => self.call(call.func.name, &call.args.args),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
        }
    }

    fn call(&mut self, name: &str, arguments: &[Box<Expr>]) {
        self.calendar |= CALENDAR.contains(&name);
        if AVERAGING.contains(&name) {
            self.windows.extend(arguments.iter().filter_map(|argument| match argument.as_ref() {
                Expr::MatrixSelector(selector) => Some(selector.range),
                _ => None,
            }));
        } else if LOOKING_BACK.contains(&name) || (name.ends_with("_over_time") && name != "last_over_time") {
            self.reading.smoothed = true;
        }
        for argument in arguments {
            self.visit(argument);
        }
    }

    /// Alternatives of matchers (`{a="1" or b="2"}`) are things watched of their own.
    fn watch(&mut self, selector: &VectorSelector) {
        let Matchers { matchers, or_matchers } = &selector.matchers;
        let alternatives = std::iter::once(matchers).chain(or_matchers).filter(|list| !list.is_empty());
        let before = self.reading.watches.len();
        for list in alternatives {
            let name = selector.name.as_deref().or_else(|| {
                let named =
                    list.iter().find(|matcher| matcher.name == "__name__" && matches!(matcher.op, MatchOp::Equal));
                named.map(|matcher| matcher.value.as_str())
            });
            let matchers =
                list.iter().filter(|matcher| !(matcher.name == "__name__" && matches!(matcher.op, MatchOp::Equal)));
            let matchers = matchers
                .map(|matcher| {
                    (Text::from(&*matcher.name), Text::const_new(operator(&matcher.op)), Text::from(&*matcher.value))
                })
                .collect();
            self.push(Watch::Series { metric: name.map(Text::from), matchers });
        }
        if self.reading.watches.len() == before && matchers.is_empty() && or_matchers.is_empty() {
            self.push(Watch::Series { metric: selector.name.as_deref().map(Text::from), matchers: Vec::new() });
        }
    }

    fn push(&mut self, watch: Watch) {
        if let Watch::Series { metric: Some(metric), .. } = &watch {
            self.reading.smoothed |= COUNTING_DOWN.iter().any(|part| metric.contains(part));
        }
        if !self.reading.watches.contains(&watch) {
            self.reading.watches.push(watch);
        }
    }
}

/// Whether an expression is the rate of a counter, or a sum of rates.
fn is_rate(expression: &Expr) -> bool {
    match expression {
        Expr::Paren(inner) => is_rate(&inner.expr),
        Expr::Aggregate(aggregate) => is_rate(&aggregate.expr),
        Expr::Call(call) => matches!(call.func.name, "rate" | "irate"),
        _ => false,
    }
}

pub(super) fn operator(op: &MatchOp) -> &'static str {
    match op {
        MatchOp::Equal => "=",
        MatchOp::NotEqual => "!=",
        MatchOp::Re(_) => "=~",
        MatchOp::NotRe(_) => "!~",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(written: &str) -> Reading {
        match read(written, Language::PromQl) {
            Expression::Read(reading) => reading,
            other => panic!("{written}: {other:?}"),
        }
    }

    #[test]
    fn selectors_are_what_is_watched() {
        let found = reading(r#"sum(rate(http_requests_total{job="checkout",code=~"5.."}[5m])) > 0.1 and up == 1"#);
        let matchers = vec![("job".into(), "=".into(), "checkout".into()), ("code".into(), "=~".into(), "5..".into())];
        assert_eq!(
            found.watches,
            [
                Watch::Series { metric: Some("http_requests_total".into()), matchers },
                Watch::Series { metric: Some("up".into()), matchers: Vec::new() },
            ]
        );
    }

    /// The table of expressions checked by hand.
    #[test]
    fn selectors_and_signals_are_those_of_the_table() {
        let (mut held, mut wrong) = (0, Vec::new());
        let lines = include_str!("expressions.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (mut expression, mut selectors) = ("", Vec::new());
        for line in lines {
            if let Some(selector) = line.strip_prefix("  ") {
                selectors.push(selector);
            } else if let Some(signals) = line.strip_prefix("=>") {
                let read = reading(expression);
                let found: Vec<String> = read.watches.iter().map(shown).collect();
                let told: Vec<&str> = read.signals.iter().map(|signal| signal.name()).collect();
                if found == selectors && told.join(" ") == signals.trim() {
                    held += 1;
                } else {
                    wrong.push(format!("{expression}\n  {found:?}\n  => {told:?}, not {}", signals.trim()));
                }
                selectors.clear();
            } else {
                expression = line;
            }
        }
        println!("{held} of {} expressions hold", held + wrong.len());
        assert!(wrong.is_empty() && held >= 60, "{}", wrong.join("\n"));
    }

    fn shown(watch: &Watch) -> String {
        let Watch::Series { metric, matchers } = watch else { panic!("{watch:?}") };
        let matchers: Vec<String> =
            matchers.iter().map(|(label, operator, value)| format!("{label}{operator}\"{value}\"")).collect();
        format!("{}{{{}}}", metric.as_deref().unwrap_or_default(), matchers.join(","))
    }

    #[test]
    fn only_expressions_over_time_are_smoothed() {
        assert!(!reading("up == 0").smoothed);
        assert!(!reading("rate(errors_total[5m]) > 1").smoothed);
        assert!(!reading("rate(errors_total[5m]) / rate(requests_total[5m]) > 1").smoothed);
        assert!(reading("rate(errors_total[1h]) > 1 and rate(errors_total[5m]) > 1").smoothed);
        assert!(reading("increase(double_bookings_total[10m]) > 0").smoothed);
        assert!(reading("max_over_time(up[5m]) == 0").smoothed);
        assert!(reading("rate(invalid_pages_total[1m]) > 0").smoothed);
        assert!(reading("sum by (db) (irate(invalid_pages_total[1m])) > 0").smoothed);
        assert!(!reading("rate(errors_total[5m]) < 0.1").smoothed);
        assert!(reading("absent(up)").smoothed);
        assert!(reading("time() - backup_last_success_timestamp > 3600").smoothed);
        assert!(reading("certificate_expiration_seconds < 86400").smoothed);
    }

    #[test]
    fn what_is_no_promql_says_so() {
        assert!(matches!(read("up ==", Language::PromQl), Expression::Invalid(_)));
        assert!(matches!(read("up ==", Language::Other), Expression::Unknown(_)));
        assert!(matches!(
            read(r#"sum(rate({app="x"} |= "error" [5m])) > 1"#, Language::PromQl),
            Expression::Unknown(_)
        ));
        assert!(matches!(read("up{job='{{ job }}'} == 0", Language::PromQl), Expression::Unknown(_)));
        assert!(matches!(read(&"(".repeat(100_000), Language::PromQl), Expression::Unknown(_)));
        assert_eq!(reading("vector(1)").basis, Basis::Constant);
        assert_eq!(reading("(day_of_week() == 1) and (hour() == 10)").basis, Basis::Calendar);
        assert_eq!(reading("hour() == 10 and up == 0").basis, Basis::Series);
    }
}

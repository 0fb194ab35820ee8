//! Whether a division gives a share: its numerator is a part of what its denominator sums up.

use std::collections::BTreeSet;

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::ast::{LabelModifier, VectorMatchCardinality};
use promql_parser::parser::token::{T_COUNT, T_LOR, T_SUB, T_SUM};
use promql_parser::parser::{AggregateExpr, BinaryExpr, Call, Expr, VectorSelector};

use super::plain;
use super::range::Range;

/// Functions that give nothing below 0, and of a part of some series no more than of all of them.
const GROWING: &[&str] = &["rate", "increase", "irate"];

/// Whether a division gives a share.
pub(super) fn is_share(division: &BinaryExpr) -> bool {
    // Each part is divided by the whole it belongs to, unless many wholes share a part.
    let spread = division
        .modifier
        .as_ref()
        .is_some_and(|modifier| matches!(modifier.card, VectorMatchCardinality::OneToMany(_)));
    !spread && is_part(plain(&division.lhs), plain(&division.rhs))
}

fn is_part(part: &Expr, whole: &Expr) -> bool {
    match (part, whole) {
        // What goes wrong, or 0 where nothing does.
        (Expr::Binary(either), _) if either.op.id() == T_LOR => {
            is_part(plain(&either.lhs), whole) && Range::of(&either.rhs) == Range { low: 0.0, high: 0.0 }
        }
        // All but some of it.
        (Expr::Binary(rest), _) if rest.op.id() == T_SUB => {
            plain(&rest.lhs) == whole && is_part(plain(&rest.rhs), whole)
        }
        (Expr::Aggregate(part), Expr::Aggregate(whole)) => is_part_of_sum(part, whole),
        (Expr::Call(part), Expr::Call(whole)) => is_part_of_call(part, whole),
        _ => false,
    }
}

fn is_part_of_sum(part: &AggregateExpr, whole: &AggregateExpr) -> bool {
    if part.op.id() != whole.op.id() || !grouped_alike(part.modifier.as_ref(), whole.modifier.as_ref()) {
        return false;
    }
    match (part.op.id(), plain(&part.expr), plain(&whole.expr)) {
        (T_SUM, Expr::Call(part), Expr::Call(whole)) => is_part_of_call(part, whole),
        (T_COUNT, Expr::VectorSelector(part), Expr::VectorSelector(whole)) => selects_part(part, whole),
        _ => false,
    }
}

/// Whether two aggregations keep the same labels, or the part keeps more of them.
fn grouped_alike(part: Option<&LabelModifier>, whole: Option<&LabelModifier>) -> bool {
    let names = |modifier: &LabelModifier| modifier.labels().labels.iter().cloned().collect::<BTreeSet<String>>();
    match (part, whole) {
        (None | Some(LabelModifier::Include(_)), None) => true,
        (None, Some(LabelModifier::Include(whole))) => whole.labels.is_empty(),
        (Some(part @ LabelModifier::Include(_)), Some(whole @ LabelModifier::Include(_))) => {
            names(part).is_superset(&names(whole))
        }
        (Some(part @ LabelModifier::Exclude(_)), Some(whole @ LabelModifier::Exclude(_))) => {
            names(part) == names(whole)
        }
        _ => false,
    }
}

/// The same function over the same window of some, and of all.
fn is_part_of_call(part: &Call, whole: &Call) -> bool {
    if part.func.name != whole.func.name || !GROWING.contains(&part.func.name) {
        return false;
    }
    match (part.args.args.as_slice(), whole.args.args.as_slice()) {
        ([part], [whole]) => match (plain(part), plain(whole)) {
            (Expr::MatrixSelector(part), Expr::MatrixSelector(whole)) => {
                part.range == whole.range && selects_part(&part.vs, &whole.vs)
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether a selector gives some of what another gives: the same metric, with all of its matchers. A bucket of a
/// histogram is a part of its count.
fn selects_part(part: &VectorSelector, whole: &VectorSelector) -> bool {
    let plain = |selector: &VectorSelector| selector.matchers.or_matchers.is_empty();
    if part.offset != whole.offset || part.at != whole.at || !plain(part) || !plain(whole) {
        return false;
    }
    let (Some(name), Some(all)) = (part.name.as_deref(), whole.name.as_deref()) else { return false };
    let bucket = || name.strip_suffix("_bucket").is_some_and(|base| all.strip_suffix("_count") == Some(base));
    let one_bucket = || {
        let mut matchers = part.matchers.matchers.iter();
        matchers.any(|matcher| matcher.name == "le" && matches!(matcher.op, MatchOp::Equal))
    };
    let same =
        |one: &Matcher, other: &Matcher| one.name == other.name && one.value == other.value && one.op == other.op;
    let asked = |matcher: &Matcher| part.matchers.matchers.iter().any(|own| same(own, matcher));
    let all_asked = whole.matchers.matchers.iter().filter(|matcher| matcher.name != "__name__").all(asked);
    all_asked && (name == all || bucket() && one_bucket())
}

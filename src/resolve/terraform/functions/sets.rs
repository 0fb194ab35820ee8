//! Functions on sets.

use crate::resolve::terraform::convert::convert;
use crate::resolve::terraform::operate::{Evaluated, Failure};
use crate::resolve::terraform::typed::{Typed, What, same};
use crate::resolve::terraform::types::{Type, unify};

use super::{Context, LONGEST_LIST};

/// The sets, made into one type, and the type of their elements.
fn alike(cx: &Context<'_, '_>, args: &[Typed]) -> Result<(Type, Vec<Vec<Typed>>), Failure> {
    let kinds: Vec<Type> = args
        .iter()
        .filter_map(|value| match &value.what {
            // An empty set of no type in particular fits any other.
            What::Set(Type::Dynamic, items) if items.is_empty() => None,
            What::Set(kind, _) => Some(kind.clone()),
            _ => None,
        })
        .collect();
    let kind = if kinds.is_empty() { Some(Type::Dynamic) } else { unify(&kinds) };
    let kind = kind.ok_or_else(|| cx.failure("the sets differ in type"))?;
    let wanted = Type::Set(kind.clone().into());
    let sets = args.iter().map(|value| {
        let made = convert(value, &wanted)?;
        Ok(made.sequence().map(|items| (**items).clone()).unwrap_or_default())
    });
    let sets: Vec<Vec<Typed>> = sets.collect::<Result<_, Failure>>()?;
    cx.evaluator.spend(sets.iter().map(Vec::len).sum());
    Ok((kind, sets))
}

fn has(cx: &Context<'_, '_>, items: &[Typed], wanted: &Typed) -> bool {
    if let Some(text) = wanted.as_str() {
        return items.binary_search_by(|item| item.as_str().cmp(&Some(text))).is_ok();
    }
    cx.evaluator.spend(items.len() / 8);
    items.iter().any(|item| same(item, wanted) == Some(true))
}

pub(super) fn setintersection(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (kind, mut sets) = alike(cx, args)?;
    let mut kept = sets.remove(0);
    for other in &sets {
        kept.retain(|item| has(cx, other, item));
    }
    Ok(Typed::set(kind, kept, cx.span))
}

pub(super) fn setsubtract(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (kind, mut sets) = alike(cx, args)?;
    let mut kept = sets.remove(0);
    kept.retain(|item| !has(cx, &sets[0], item));
    Ok(Typed::set(kind, kept, cx.span))
}

pub(super) fn setunion(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (kind, sets) = alike(cx, args)?;
    Ok(Typed::set(kind, sets.into_iter().flatten().collect(), cx.span))
}

/// Every combination, the last argument turning fastest.
pub(super) fn setproduct(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    if args.len() < 2 {
        return Err(cx.failure("`setproduct` needs two arguments"));
    }
    let mut kinds = Vec::new();
    for value in args {
        kinds.push(match &value.what {
            What::List(kind, _) | What::Set(kind, _) => kind.clone(),
            What::Tuple(items) if items.is_empty() => Type::Dynamic,
            What::Tuple(items) => unify(&items.iter().map(Typed::kind).collect::<Vec<_>>())
                .ok_or_else(|| cx.failure("the elements differ in type"))?,
            _ => return Err(cx.failure("`setproduct` needs sets or lists")),
        });
    }
    let mut rows: Vec<Vec<Typed>> = vec![Vec::new()];
    for (value, kind) in args.iter().zip(&kinds) {
        let none = std::rc::Rc::default();
        let items = value.sequence().unwrap_or(&none);
        if rows.len().saturating_mul(items.len()) > LONGEST_LIST {
            return Ok(Typed::unknown("the product is too long", "", cx.span));
        }
        let items = items.iter().map(|item| convert(item, kind)).collect::<Result<Vec<_>, _>>()?;
        cx.evaluator.spend(rows.len() * items.len());
        let extended = |row: &Vec<Typed>, item: &Typed| row.iter().cloned().chain([item.clone()]).collect();
        rows = rows.iter().flat_map(|row| items.iter().map(move |item| extended(row, item))).collect();
    }
    let kind = Type::Tuple(kinds.into());
    let rows: Vec<Typed> = rows.into_iter().map(|row| Typed::tuple(row, cx.span)).collect();
    let sets = args.iter().any(|value| matches!(value.what, What::Set(..)));
    Ok(if sets { Typed::set(kind, rows, cx.span) } else { Typed::list(kind, rows, cx.span) })
}

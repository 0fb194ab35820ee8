//! Functions on lists, tuples, mappings and objects.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::resolve::terraform::agree::agreed;
use crate::resolve::terraform::convert::{convert, to_bool, to_text};
use crate::resolve::terraform::number::Number;
use crate::resolve::terraform::operate::{Evaluated, Failure};
use crate::resolve::terraform::typed::{Member, Typed, What, same, unknown_among};
use crate::resolve::terraform::types::{Type, unify};
use crate::tree::Text;

use super::{Context, LONGEST_LIST};

pub(super) fn alltrue(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    for item in cx.items(args, 0)?.iter() {
        match &item.what {
            What::Unknown(unknown, _) => return Ok(Typed::of_unknown((**unknown).clone(), cx.span)),
            What::Bool(true) => {}
            _ => return cx.bool_of(false),
        }
    }
    cx.bool_of(true)
}

pub(super) fn anytrue(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let items = cx.items(args, 0)?;
    if items.iter().any(|item| !item.is_null() && !item.is_unknown() && to_bool(item) == Ok(true)) {
        return cx.bool_of(true);
    }
    match unknown_among(items.iter(), false) {
        Some(unknown) => Ok(Typed::of_unknown(unknown, cx.span)),
        None => cx.bool_of(false),
    }
}

pub(super) fn chunklist(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let What::List(kind, items) = &args[0].what else { return Err(cx.failure("a list is needed here")) };
    let size = usize::try_from(cx.whole(args, 1)?).map_err(|_| cx.failure("a size is not negative"))?;
    let size = if size == 0 { items.len() } else { size };
    let chunk = |chunk: &[Typed]| Typed::list(kind.clone(), chunk.to_vec(), cx.span);
    let chunks = if items.is_empty() { Vec::new() } else { items.chunks(size).map(chunk).collect() };
    Ok(Typed::list(kind.clone().listed(), chunks, cx.span))
}

/// The first that is neither null nor, among strings, empty; all made into one type.
pub(super) fn coalesce(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let kinds: Vec<Type> = args.iter().map(Typed::kind).collect();
    let kind = unify(&kinds).ok_or_else(|| cx.failure("the arguments of `coalesce` differ in type"))?;
    for value in args {
        let value = convert(value, &kind)?;
        if value.is_unknown() {
            return Ok(value);
        }
        if value.is_null() || kind == Type::String && value.as_str() == Some("") {
            continue;
        }
        return Ok(value);
    }
    Err(cx.failure("`coalesce` found no value"))
}

pub(super) fn coalescelist(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    if args.is_empty() {
        return Err(cx.failure("`coalescelist` needs an argument"));
    }
    if args.iter().all(|value| !value.is_unknown())
        && args.iter().any(|value| !matches!(value.kind(), Type::List(_) | Type::Tuple(_)))
    {
        return Err(cx.failure("`coalescelist` needs lists"));
    }
    let found = args.iter().find(|value| value.is_unknown() || value.sequence().is_some_and(|items| !items.is_empty()));
    found.cloned().ok_or_else(|| cx.failure("`coalescelist` found no list"))
}

pub(super) fn compact(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let items = cx.items(args, 0)?;
    // An attribute that is certainly set is no empty text either.
    let stays = |item: &&Typed| item.as_unknown().is_some_and(|unknown| unknown.set && !unknown.refers_to.is_empty());
    if let Some(unknown) = unknown_among(items.iter().filter(|item| !stays(item)), true) {
        return Ok(Typed::new(What::Unknown(unknown.into(), Type::List(Type::String.into())), cx.span));
    }
    let kept = items.iter().filter(|item| !item.is_null() && item.as_str() != Some(""));
    Ok(Typed::list(Type::String, kept.cloned().collect(), cx.span))
}

pub(super) fn concat(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    if args.is_empty() {
        return Err(cx.failure("`concat` needs an argument"));
    }
    let kinds: Vec<Type> = args.iter().map(Typed::kind).collect();
    if kinds.iter().any(|kind| !matches!(kind, Type::List(_) | Type::Tuple(_))) {
        return Err(cx.failure("`concat` needs lists"));
    }
    let join = |args: &[Typed]| -> Vec<Typed> {
        args.iter().filter_map(Typed::sequence).flat_map(|items| items.iter().cloned()).collect()
    };
    if kinds.iter().all(|kind| matches!(kind, Type::List(_)))
        && let Some(Type::List(kind)) = unify(&kinds)
    {
        let wanted = Type::List(kind.clone());
        let made = args.iter().map(|value| convert(value, &wanted)).collect::<Result<Vec<_>, _>>()?;
        return Ok(Typed::list((*kind).clone(), join(&made), cx.span));
    }
    Ok(Typed::tuple(join(args), cx.span))
}

pub(super) fn contains(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let items = cx.items(args, 0)?;
    let wanted = &args[1];
    if matches!(wanted.what, What::Null(Type::Dynamic)) {
        return Ok(Typed::unknown("Terraform searches no list for null", "", cx.span));
    }
    let found: Vec<Option<bool>> = items.iter().map(|item| same(wanted, item)).collect();
    if found.contains(&Some(true)) {
        return cx.bool_of(true);
    }
    if found.contains(&None) {
        let unknown = unknown_among(args, true);
        return Ok(unknown.map_or_else(
            || Typed::unknown("it is not known", "", cx.span),
            |unknown| Typed::of_unknown(unknown, cx.span),
        ));
    }
    cx.bool_of(false)
}

pub(super) fn distinct(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let What::List(kind, items) = &args[0].what else { return Err(cx.failure("a list is needed here")) };
    let mut kept: Vec<Typed> = Vec::new();
    // Strings, which most lists are of, are told apart by a search; only other values are compared one by one.
    let mut seen: std::collections::BTreeSet<Text> = std::collections::BTreeSet::new();
    for item in items.iter() {
        let fresh = if let Some(text) = item.as_str() {
            seen.insert(text.into())
        } else {
            cx.evaluator.spend(kept.len() / 8);
            kept.iter().all(|other| same(other, item) != Some(true))
        };
        if fresh {
            kept.push(item.clone());
        }
    }
    Ok(Typed::list(kind.clone(), kept, cx.span))
}

pub(super) fn element(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (What::List(_, items) | What::Tuple(items)) = &args[0].what else {
        return Err(cx.failure("`element` needs a list"));
    };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if length == 0 {
        return Err(cx.failure("`element` of an empty list"));
    }
    let index = cx.whole(args, 1)?;
    if index < 0 {
        let reason = "versions of Terraform differ in what a negative index of `element` means";
        return Ok(Typed::unknown(reason, "pass a plan", cx.span));
    }
    let index = index % length;
    let found = usize::try_from(index).ok().and_then(|index| items.get(index));
    found.cloned().ok_or_else(|| cx.failure("there is no element at this index"))
}

pub(super) fn flatten(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    fn into(items: &[Typed], depth: u32, out: &mut Vec<Typed>, unknown: &mut Option<Typed>) {
        for item in items {
            match (item.sequence(), &item.what) {
                (Some(items), _) if depth < 64 => into(items, depth + 1, out, unknown),
                // Of what is not known, nobody can tell how many elements it has.
                (_, What::Unknown(_, Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_))) => {
                    *unknown = unknown.take().or_else(|| Some(item.clone()));
                }
                _ => out.push(item.clone()),
            }
        }
    }
    let (mut out, mut unknown) = (Vec::new(), None);
    into(cx.items(args, 0)?, 0, &mut out, &mut unknown);
    match unknown.as_ref().and_then(Typed::as_unknown) {
        Some(first) => {
            let mut first = (**first).clone();
            first.refers_to = unknown_among(args, true).map(|all| all.refers_to).unwrap_or_default();
            Ok(Typed::of_unknown(first, cx.span))
        }
        None => Ok(Typed::tuple(out, cx.span)),
    }
}

pub(super) fn index(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (What::List(_, items) | What::Tuple(items)) = &args[0].what else {
        return Err(cx.failure("`index` needs a list"));
    };
    let found = items.iter().position(|item| same(item, &args[1]) == Some(true));
    let found = found.ok_or_else(|| cx.failure("`index` found nothing"))?;
    Ok(Typed::number(Number::counted(found), cx.span))
}

pub(super) fn keys(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let members = args[0].members().ok_or_else(|| cx.failure("`keys` needs a mapping"))?;
    let keys = members.iter().map(|member| Typed::string(member.key.clone(), member.key_span)).collect();
    Ok(match &args[0].what {
        What::Map(..) => Typed::list(Type::String, keys, cx.span),
        _ => Typed::tuple(keys, cx.span),
    })
}

pub(super) fn values(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let members = args[0].members().ok_or_else(|| cx.failure("`values` needs a mapping"))?;
    let values = members.iter().map(|member| member.value.clone()).collect();
    Ok(match &args[0].what {
        What::Map(kind, _) => Typed::list(kind.clone(), values, cx.span),
        _ => Typed::tuple(values, cx.span),
    })
}

pub(super) fn length(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let value = &args[0];
    // Unknown elements of a set may turn out to be the same one.
    if let (What::Set(_, items), Some(unknown)) = (&value.what, unknown_among([value], true))
        && items.len() > 1
    {
        return Ok(Typed::of_unknown(unknown, cx.span));
    }
    let length = match (value.sequence(), value.members(), value.as_str()) {
        (Some(items), ..) => items.len(),
        (_, Some(members), _) => members.len(),
        (.., Some(text)) => super::text::graphemes(text).count(),
        _ => return Err(cx.failure("`length` needs a collection or a string")),
    };
    Ok(Typed::number(Number::counted(length), cx.span))
}

pub(super) fn lookup(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    if args.len() > 3 {
        return Err(cx.failure("`lookup` takes three arguments"));
    }
    let default = args.get(2);
    let Some(members) = args[0].members() else { return Err(cx.failure("`lookup` needs a mapping")) };
    let default = match (&args[0].what, default) {
        (What::Map(kind, _), Some(default)) => Some(convert(default, kind)?),
        (_, default) => default.cloned(),
    };
    if let Some(why) = args[1].as_unknown() {
        cx.evaluator.spend(args[0].weight as usize);
        let ways: Vec<&Typed> = members.iter().map(|member| &member.value).chain(&default).collect();
        return Ok(agreed(&ways, why, cx.span, 0));
    }
    let key = cx.text(args, 1)?;
    let found = args[0].get(key).cloned().or(default);
    found.ok_or_else(|| cx.failure(format!("`lookup` found no `{key}`")))
}

pub(super) fn matchkeys(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let What::List(kind, values) = &args[0].what else { return Err(cx.failure("a list is needed here")) };
    let common = unify(&[args[1].kind(), args[2].kind()]);
    let common = common.ok_or_else(|| cx.failure("the keys and what is searched for differ in type"))?;
    let (keys, wanted) = (convert(&args[1], &common)?, convert(&args[2], &common)?);
    let none = Rc::new(Vec::new());
    let (keys, wanted) = (keys.sequence().unwrap_or(&none), wanted.sequence().unwrap_or(&none));
    if keys.len() != values.len() {
        return Err(cx.failure("there are not as many keys as values"));
    }
    cx.evaluator.spend(keys.len().saturating_mul(wanted.len()) / 8);
    let found = keys.iter().zip(values.iter());
    let found = found.filter(|(key, _)| wanted.iter().any(|wanted| same(key, wanted) == Some(true)));
    Ok(Typed::list(kind.clone(), found.map(|(_, value)| value.clone()).collect(), cx.span))
}

pub(super) fn merge(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    if args.is_empty() {
        return Ok(Typed::object(Vec::new(), cx.span));
    }
    let mut members: Vec<Member> = Vec::new();
    for value in args {
        match (value.members(), &value.what) {
            (Some(more), _) => members.extend(more.iter().cloned()),
            (None, What::Null(Type::Map(_) | Type::Object(_) | Type::Dynamic)) => {}
            _ => return Err(cx.failure("`merge` needs mappings")),
        }
    }
    let kinds: Vec<Type> = args
        .iter()
        .map(|value| match &value.what {
            What::Null(Type::Object(_)) => Type::Object(Rc::from([])),
            _ => value.kind(),
        })
        .collect();
    let (first, rest) = kinds.split_first().ok_or_else(|| cx.failure("`merge` needs an argument"))?;
    Ok(match first {
        Type::Map(kind) if rest.iter().all(|kind| kind == first) => Typed::map((**kind).clone(), members, cx.span),
        _ => Typed::object(members, cx.span),
    })
}

pub(super) fn one(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    match cx.items(args, 0)?.as_slice() {
        [] => Ok(Typed::new(
            What::Null(match &args[0].what {
                What::List(kind, _) | What::Set(kind, _) => kind.clone(),
                _ => Type::Dynamic,
            }),
            cx.span,
        )),
        [only] => Ok(only.clone()),
        _ => Err(cx.failure("`one` of several")),
    }
}

pub(super) fn reverse(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let items = cx.items(args, 0)?.iter().rev().cloned().collect();
    Ok(match &args[0].what {
        What::List(kind, _) | What::Set(kind, _) => Typed::list(kind.clone(), items, cx.span),
        _ => Typed::tuple(items, cx.span),
    })
}

pub(super) fn slice(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let bound = |index: usize| -> Result<usize, Failure> {
        usize::try_from(cx.whole(args, index)?).map_err(|_| cx.failure("an index is not negative"))
    };
    let (start, end) = (bound(1)?, bound(2)?);
    let out_of_range = || cx.failure("`slice` is out of range");
    match &args[0].what {
        What::List(kind, items) => {
            let part = items.get(start..end).ok_or_else(out_of_range)?;
            Ok(Typed::list(kind.clone(), part.to_vec(), cx.span))
        }
        What::Tuple(items) => {
            let part = items.get(start..end).ok_or_else(out_of_range)?;
            Ok(Typed::tuple(part.to_vec(), cx.span))
        }
        _ => Err(cx.failure("`slice` needs a list")),
    }
}

pub(super) fn sort(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let mut sorted = (**cx.items(args, 0)?).clone();
    if sorted.iter().any(Typed::is_null) {
        return Err(cx.failure("null cannot be sorted"));
    }
    sorted.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    Ok(Typed::list(Type::String, sorted, cx.span))
}

pub(super) fn transpose(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let mut turned: BTreeMap<Text, Vec<Typed>> = BTreeMap::new();
    let members = args[0].members().ok_or_else(|| cx.failure("`transpose` needs a mapping"))?;
    for member in members.iter() {
        let items = member.value.sequence().ok_or_else(|| cx.failure("a list in `transpose` is null"))?;
        for item in items.iter() {
            let key = Typed::string(member.key.clone(), member.key_span);
            turned.entry(to_text(item)?).or_default().push(key);
        }
    }
    let member = |(key, names)| Member { key, key_span: cx.span, value: Typed::list(Type::String, names, cx.span) };
    Ok(Typed::map(Type::String.listed(), turned.into_iter().map(member).collect(), cx.span))
}

pub(super) fn zipmap(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let keys = cx.items(args, 0)?;
    let (What::List(_, values) | What::Tuple(values)) = &args[1].what else {
        return Err(cx.failure("`zipmap` needs a list of values"));
    };
    if keys.len() != values.len() || keys.len() > LONGEST_LIST {
        return Err(cx.failure("there are not as many keys as values"));
    }
    let mut members = Vec::with_capacity(keys.len());
    for (key, value) in keys.iter().zip(values.iter()) {
        members.push(Member { key: to_text(key)?, key_span: key.span, value: value.clone() });
    }
    Ok(match &args[1].what {
        What::List(kind, _) => Typed::map(kind.clone(), members, cx.span),
        _ => Typed::object(members, cx.span),
    })
}

//! Types, and the one that several types can all be made into.

use std::rc::Rc;

use crate::tree::Text;

/// How many types are compared with each other; past that, unification would take too long.
const MOST_COMPARED: usize = 512;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// Any: that of a null or of something not known.
    Dynamic,
    Bool,
    Number,
    String,
    List(Rc<Type>),
    Set(Rc<Type>),
    Map(Rc<Type>),
    Tuple(Rc<[Type]>),
    /// Sorted by name.
    Object(Rc<[Field]>),
}

/// An attribute of an object type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: Text,
    pub(super) kind: Type,
    /// Whether it may be left out; only in type constraints.
    pub(super) optional: bool,
}

impl Type {
    /// The type of a list of these.
    pub(super) fn listed(self) -> Self {
        Self::List(Rc::new(self))
    }

    /// Whether any part of it is not known yet.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Dynamic => true,
            Self::Bool | Self::Number | Self::String => false,
            Self::List(kind) | Self::Set(kind) | Self::Map(kind) => kind.is_open(),
            Self::Tuple(kinds) => kinds.iter().any(Self::is_open),
            Self::Object(fields) => fields.iter().any(|field| field.kind.is_open()),
        }
    }

    /// Whether both could turn out to be the same type.
    pub(super) fn could_be(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dynamic, _) | (_, Self::Dynamic) => true,
            (Self::List(a), Self::List(b)) | (Self::Set(a), Self::Set(b)) | (Self::Map(a), Self::Map(b)) => {
                a.could_be(b)
            }
            (Self::Tuple(a), Self::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.could_be(b))
            }
            (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.name == b.name && a.kind.could_be(&b.kind))
            }
            _ => self == other,
        }
    }

    /// The same without attributes that may be left out.
    pub(super) fn settled(&self) -> Self {
        match self {
            Self::List(kind) => Self::List(Rc::new(kind.settled())),
            Self::Set(kind) => Self::Set(Rc::new(kind.settled())),
            Self::Map(kind) => Self::Map(Rc::new(kind.settled())),
            Self::Tuple(kinds) => Self::Tuple(kinds.iter().map(Self::settled).collect()),
            Self::Object(fields) => {
                let field =
                    |field: &Field| Field { name: field.name.clone(), kind: field.kind.settled(), optional: false };
                Self::Object(fields.iter().map(field).collect())
            }
            _ => self.clone(),
        }
    }

    fn is_primitive(&self) -> bool {
        matches!(self, Self::Bool | Self::Number | Self::String)
    }
}

/// Whether a value of one type may be made into another. Whether it works out may still depend on the value (`"x"` is
/// no number).
pub(super) fn convertible(from: &Type, to: &Type) -> bool {
    match (from, to) {
        _ if from == to => true,
        (_, Type::Dynamic)
        | (Type::Dynamic, _)
        | (Type::Bool | Type::Number, Type::String)
        | (Type::String, Type::Bool | Type::Number) => true,
        (Type::Object(from), Type::Object(to)) => to.iter().all(|wanted| match field(from, &wanted.name) {
            Some(found) => convertible(&found.kind, &wanted.kind),
            None => wanted.optional,
        }),
        (Type::Tuple(from), Type::Tuple(to)) => {
            from.len() == to.len() && from.iter().zip(to.iter()).all(|(from, to)| convertible(from, to))
        }
        (Type::List(from) | Type::Set(from), Type::List(to) | Type::Set(to)) | (Type::Map(from), Type::Map(to)) => {
            convertible(from, to)
        }
        (Type::Tuple(from), Type::List(to) | Type::Set(to)) => {
            if from.is_empty() {
                return true;
            }
            match element_type(from, to) {
                Some(kind) => {
                    (kind != Type::Dynamic || **to != Type::Dynamic || from.iter().all(|kind| *kind == Type::Dynamic))
                        && from.iter().all(|from| convertible(from, &kind))
                }
                None => false,
            }
        }
        (Type::Object(from), Type::Map(to)) => {
            let kinds: Vec<Type> = from.iter().map(|field| field.kind.clone()).collect();
            kinds.is_empty()
                || element_type(&kinds, to).is_some_and(|kind| kinds.iter().all(|from| convertible(from, &kind)))
        }
        (Type::Map(from), Type::Object(to)) => {
            to.iter().all(|wanted| wanted.optional || convertible(from, &wanted.kind))
        }
        _ => false,
    }
}

/// The type of the elements of a collection that is made of these, `Dynamic` meaning whatever they have in common.
pub(super) fn element_type(kinds: &[Type], wanted: &Type) -> Option<Type> {
    if *wanted == Type::Dynamic { unify(kinds) } else { Some(wanted.clone()) }
}

pub(super) fn field<'f>(fields: &'f [Field], name: &str) -> Option<&'f Field> {
    fields.binary_search_by(|field| field.name.as_str().cmp(name)).ok().and_then(|at| fields.get(at))
}

/// The type that all of these can be made into; none when they have nothing in common.
pub(super) fn unify(kinds: &[Type]) -> Option<Type> {
    let mut distinct: Vec<&Type> = Vec::new();
    for kind in kinds {
        if !distinct.contains(&kind) {
            distinct.push(kind);
        }
        if distinct.len() > MOST_COMPARED {
            return None;
        }
    }
    match distinct.as_slice() {
        [] => None,
        // Types of the same structure are taken apart even where they are equal, with the same result.
        [only] => Some((*only).clone()),
        _ => unify_distinct(&distinct),
    }
}

fn unify_distinct(kinds: &[&Type]) -> Option<Type> {
    let count = |test: fn(&Type) -> bool| kinds.iter().filter(|kind| test(kind)).count();
    let open = count(|kind| *kind == Type::Dynamic);
    let (maps, lists) = (count(|kind| matches!(kind, Type::Map(_))), count(|kind| matches!(kind, Type::List(_))));
    let (sets, objects) = (count(|kind| matches!(kind, Type::Set(_))), count(|kind| matches!(kind, Type::Object(_))));
    let tuples = count(|kind| matches!(kind, Type::Tuple(_)));
    let all = kinds.len();
    let elements = || -> Vec<Type> {
        kinds
            .iter()
            .filter_map(|kind| match kind {
                Type::List(kind) | Type::Set(kind) | Type::Map(kind) => Some((**kind).clone()),
                _ => None,
            })
            .collect()
    };
    let collection = |make: fn(Rc<Type>) -> Type| {
        if open > 0 { Some(Type::Dynamic) } else { unify(&elements()).map(|kind| make(Rc::new(kind))) }
    };
    if maps > 0 && maps + open == all {
        return collection(Type::Map);
    } else if maps > 0 && maps + objects + open == all {
        if let Some(kind) = structures_as(kinds, Type::Map, |kind| matches!(kind, Type::Object(_))) {
            return Some(kind);
        }
    } else if lists > 0 && lists + open == all {
        return collection(Type::List);
    } else if lists > 0 && lists + tuples + open == all {
        if let Some(kind) = structures_as(kinds, Type::List, |kind| matches!(kind, Type::Tuple(_))) {
            return Some(kind);
        }
    } else if sets > 0 && sets + open == all {
        return collection(Type::Set);
    } else if objects > 0 && objects + open == all {
        return if open > 0 { Some(Type::Dynamic) } else { unify_objects(kinds) };
    } else if tuples > 0 && tuples + open == all {
        return if open > 0 { Some(Type::Dynamic) } else { unify_tuples(kinds) };
    } else if objects > 0 && tuples > 0 {
        return None;
    }
    let preferred = preference(kinds);
    preferred
        .into_iter()
        .map(|index| kinds[index])
        .find(|wanted| kinds.iter().all(|kind| convertible(kind, wanted)))
        .cloned()
}

/// The types of the parts of tuples and objects.
fn parts(kinds: &[&Type]) -> Vec<Type> {
    kinds
        .iter()
        .flat_map(|kind| match kind {
            Type::Tuple(kinds) => kinds.to_vec(),
            Type::Object(fields) => fields.iter().map(|field| field.kind.clone()).collect(),
            _ => Vec::new(),
        })
        .collect()
}

/// Structures among collections: they are made into a collection first.
fn structures_as(kinds: &[&Type], make: fn(Rc<Type>) -> Type, is_structure: fn(&Type) -> bool) -> Option<Type> {
    let structures: Vec<&Type> = kinds.iter().copied().filter(|kind| is_structure(kind)).collect();
    let made = make(Rc::new(unify(&parts(&structures))?));
    if !structures.iter().all(|kind| convertible(kind, &made)) {
        return None;
    }
    let with = kinds.iter().map(|kind| if is_structure(kind) { made.clone() } else { (*kind).clone() });
    let kind = unify(&with.collect::<Vec<_>>())?;
    (std::mem::discriminant(&kind) == std::mem::discriminant(&made)).then_some(kind)
}

fn unify_objects(kinds: &[&Type]) -> Option<Type> {
    let all: Vec<&[Field]> =
        kinds.iter().filter_map(|kind| if let Type::Object(fields) = kind { Some(&**fields) } else { None }).collect();
    let (first, rest) = all.split_first()?;
    let names_match =
        |other: &&&[Field]| other.len() == first.len() && other.iter().zip(first.iter()).all(|(a, b)| a.name == b.name);
    let as_map = || {
        let made = Type::Map(Rc::new(unify(&parts(kinds))?));
        kinds.iter().all(|kind| convertible(kind, &made)).then_some(made)
    };
    if !rest.iter().all(|other| names_match(&other)) {
        return as_map();
    }
    let across = |index: usize| all.iter().map(|fields| fields[index].kind.clone()).collect::<Vec<_>>();
    let fields: Option<Rc<[Field]>> = (0..first.len())
        .map(|index| Some(Field { name: first[index].name.clone(), kind: unify(&across(index))?, optional: false }))
        .collect();
    let made = Type::Object(fields?);
    if kinds.iter().all(|kind| convertible(kind, &made)) { Some(made) } else { as_map() }
}

fn unify_tuples(kinds: &[&Type]) -> Option<Type> {
    let all: Vec<&[Type]> =
        kinds.iter().filter_map(|kind| if let Type::Tuple(kinds) = kind { Some(&**kinds) } else { None }).collect();
    let (first, rest) = all.split_first()?;
    let as_list = || {
        let made = unify(&parts(kinds))?.listed();
        kinds.iter().all(|kind| convertible(kind, &made)).then_some(made)
    };
    if rest.iter().any(|other| other.len() != first.len()) {
        return as_list();
    }
    let across = |index: usize| all.iter().map(|kinds| kinds[index].clone()).collect::<Vec<_>>();
    let kinds_of: Option<Rc<[Type]>> = (0..first.len()).map(|index| unify(&across(index))).collect();
    let made = Type::Tuple(kinds_of?);
    if kinds.iter().all(|kind| convertible(kind, &made)) { Some(made) } else { as_list() }
}

/// The order in which types are tried: those that others can be made into first, else as given.
fn preference(kinds: &[&Type]) -> Vec<usize> {
    let mut edges: Vec<Vec<usize>> = vec![Vec::new(); kinds.len()];
    let mut degree = vec![0usize; kinds.len()];
    for (i, a) in kinds.iter().enumerate() {
        for (j, b) in kinds.iter().enumerate().skip(i + 1) {
            match more_general(a, b) {
                1 => {
                    edges[i].push(j);
                    degree[j] += 1;
                }
                -1 => {
                    edges[j].push(i);
                    degree[i] += 1;
                }
                _ => {}
            }
        }
    }
    let mut queue: Vec<usize> = (0..kinds.len()).filter(|index| degree[*index] == 0).collect();
    let mut at = 0;
    while let Some(index) = queue.get(at).copied() {
        at += 1;
        for next in &edges[index] {
            degree[*next] -= 1;
            if degree[*next] == 0 {
                queue.push(*next);
            }
        }
    }
    queue
}

/// 1 where the first is the one to prefer, -1 where the second is, 0 where it does not matter.
fn more_general(a: &Type, b: &Type) -> i32 {
    let of_parts = |results: Vec<i32>| {
        let (first, second) = (results.contains(&1), results.contains(&-1));
        match (first, second) {
            (true, false) => 1,
            (false, true) => -1,
            _ => 0,
        }
    };
    match (a, b) {
        (Type::Dynamic, Type::Dynamic) => 0,
        (Type::Dynamic, _) => -1,
        (_, Type::Dynamic) => 1,
        (a, b) if a.is_primitive() && b.is_primitive() => match (a, b) {
            (Type::String, Type::String) => 0,
            (Type::String, _) => 1,
            (_, Type::String) => -1,
            _ => 0,
        },
        (Type::List(a), Type::List(b)) | (Type::Set(a), Type::Set(b)) | (Type::Map(a), Type::Map(b)) => {
            more_general(a, b)
        }
        (Type::Tuple(_) | Type::List(_), Type::Set(_))
        | (Type::List(_), Type::Tuple(_))
        | (Type::Map(_), Type::Object(_)) => 1,
        (Type::Set(_), Type::Tuple(_) | Type::List(_))
        | (Type::Tuple(_), Type::List(_))
        | (Type::Object(_), Type::Map(_)) => -1,
        (Type::Object(a), Type::Object(b)) => {
            if a.len() != b.len() || a.iter().zip(b.iter()).any(|(a, b)| a.name != b.name) {
                return 0;
            }
            of_parts(a.iter().zip(b.iter()).map(|(a, b)| more_general(&a.kind, &b.kind)).collect())
        }
        (Type::Tuple(a), Type::Tuple(b)) => {
            if a.len() != b.len() {
                return 0;
            }
            of_parts(a.iter().zip(b.iter()).map(|(a, b)| more_general(a, b)).collect())
        }
        _ => 0,
    }
}

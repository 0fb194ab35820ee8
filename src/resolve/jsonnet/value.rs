//! Values of Jsonnet, and what has not been evaluated yet. Uses `source`.
//!
//! Thunks and objects are numbers into the tables of the [`Machine`](super::machine::Machine), so that values which refer
//! to themselves are dropped with it.

use std::collections::BTreeMap;
use std::rc::Rc;

use indexmap::IndexMap;
use rsjsonnet_lang::ast::{Expr, ObjLocal, Param, Visibility};
use rsjsonnet_lang::interner::InternedStr;

use crate::source::Span;

/// An expression; one arena holds trees and names.
pub(super) type Tree<'p> = Expr<'p, 'p>;

/// A name that compares by its address.
pub(super) type Name<'p> = InternedStr<'p>;

/// The number of a thunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ThunkId(pub(super) u32);

/// The number of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ObjectId(pub(super) u32);

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value<'p> {
    Null,
    Bool(bool),
    Number(f64),
    String(Rc<Written>),
    Array(Rc<[ThunkId]>),
    Object(ObjectId),
    Function(Rc<Function<'p>>),
}

impl Value<'_> {
    /// The name of its type, as `std.type` gives it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
            Self::Function(_) => "function",
        }
    }
}

/// A text.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) text: String,
    /// The values that it writes out as YAML or JSON, one for each document, which know their places.
    pub(super) of: Vec<ThunkId>,
}

/// A value and the text that decides it.
#[derive(Clone, Debug)]
pub(super) struct Made<'p> {
    pub(super) value: Value<'p>,
    pub(super) span: Span,
}

/// What can be called.
#[derive(Debug)]
pub(super) enum Function<'p> {
    /// `function(x) …`
    Written { params: &'p [Param<'p, 'p>], body: &'p Tree<'p>, scope: Rc<Scope<'p>> },
    /// One of `std`.
    Library(&'static super::library::Entry),
    /// `std.native('manifestYamlFromJson')`, which many tools define: it says in YAML what its argument says in JSON.
    YamlOfJson,
}

/// The names that an expression sees, and the object that it stands in.
#[derive(Debug)]
pub(super) struct Scope<'p> {
    pub(super) names: Vec<(Name<'p>, ThunkId)>,
    pub(super) outer: Option<Rc<Self>>,
    /// `self`, and the number of the layer of it whose field this is.
    pub(super) this: Option<(ObjectId, usize)>,
    /// `$`
    pub(super) dollar: Option<ObjectId>,
    /// How many scopes stand around it.
    pub(super) depth: u32,
}

impl<'p> Scope<'p> {
    /// What a name stands for.
    pub(super) fn find(&self, name: Name<'p>) -> Option<ThunkId> {
        let mut scope = Some(self);
        while let Some(current) = scope {
            if let Some((_, thunk)) = current.names.iter().rev().find(|(known, _)| *known == name) {
                return Some(*thunk);
            }
            scope = current.outer.as_deref();
        }
        None
    }
}

/// What a field becomes.
#[derive(Clone, Debug)]
pub(super) enum Body<'p> {
    Value(&'p Tree<'p>),
    Function(&'p [Param<'p, 'p>], &'p Tree<'p>),
    Made(ThunkId),
}

/// A field of one layer.
#[derive(Clone, Debug)]
pub(super) struct Field<'p> {
    pub(super) visibility: Visibility,
    /// `+:` adds to what the layers below have.
    pub(super) plus: bool,
    pub(super) body: Body<'p>,
    /// Where its name stands.
    pub(super) span: Span,
    /// The scope it is defined in, where it is another than that of the layer (in a comprehension).
    pub(super) scope: Option<Rc<Scope<'p>>>,
}

/// What one pair of braces says.
#[derive(Debug)]
pub(super) struct Layer<'p> {
    pub(super) fields: IndexMap<Name<'p>, Field<'p>>,
    pub(super) locals: Vec<&'p ObjLocal<'p, 'p>>,
    pub(super) scope: Rc<Scope<'p>>,
}

/// Layers, the last of which wins.
#[derive(Debug)]
pub(super) struct Object<'p> {
    pub(super) layers: Rc<[Rc<Layer<'p>>]>,
    /// Fields asked for, by layer.
    pub(super) asked: BTreeMap<(usize, Name<'p>), ThunkId>,
    /// What the fields of a layer see.
    pub(super) scopes: BTreeMap<usize, Rc<Scope<'p>>>,
}

/// A value, or what makes it.
#[derive(Debug)]
pub(super) enum Thunk<'p> {
    Pending(&'p Tree<'p>, Rc<Scope<'p>>),
    Field(ObjectId, usize, Name<'p>),
    Apply(Rc<Function<'p>>, Vec<ThunkId>, Span),
    /// It is being evaluated: to ask for it again is to recurse without end.
    Running,
    Done(Made<'p>),
    Failed(Stop),
}

/// Why there is no value.
#[derive(Clone, Debug)]
pub(super) struct Stop(pub(super) Rc<Reason>);

/// See [`Stop`].
#[derive(Debug)]
pub(super) struct Reason {
    /// As a sentence part.
    pub(super) what: String,
    /// Where it was noticed first.
    pub(super) span: Option<Span>,
    /// Whether a file is not there that is imported.
    pub(super) import: bool,
}

impl Stop {
    pub(super) fn new(what: impl Into<String>, span: impl Into<Option<Span>>) -> Self {
        Self(Rc::new(Reason { what: what.into(), span: span.into(), import: false }))
    }

    /// An import of what is not there.
    pub(super) fn import(path: &str, span: Span) -> Self {
        let what = format!("import `{path}` is not in the repository");
        Self(Rc::new(Reason { what, span: Some(span), import: true }))
    }
}

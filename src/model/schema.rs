//! What a rule may read: every fact by name, with its shape and its meaning. Uses `source` and `tree`.
//!
//! The nouns of the model are declared with [`facts!`], which makes three things of one declaration: the struct, the
//! vocabulary that rules are checked against at load, and the look-up by name that evaluates them. So a fact can be
//! neither undocumented nor out of reach.

use serde::Serialize;

use crate::model::{Id, Model, Noun};
use crate::source::Span;
use crate::tree::{Node, Text, Unknown};

/// What is known of one property: its value, that it is absent, or why it cannot be known. And where.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fact<T> {
    /// What is known.
    pub state: State<T>,
    /// Where it was read; for an absent value, where it was looked for.
    pub span: Option<Span>,
    /// The other places it came through, the nearest first.
    pub via: Vec<Span>,
}

/// The three things one can know of a property.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum State<T> {
    /// Nobody set it and it has no default.
    Absent,
    /// Set, or left to a documented default.
    Known(T),
    /// Set, or maybe set, to something that was not read.
    Unknown(Unknown),
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self { state: State::Absent, span: None, via: Vec::new() }
    }
}

impl<T> Fact<T> {
    /// A value and where it was read.
    pub fn known(value: T, span: impl Into<Option<Span>>) -> Self {
        Self { state: State::Known(value), span: span.into(), via: Vec::new() }
    }

    /// Absent, though it was looked for at `span`.
    pub fn absent(span: impl Into<Option<Span>>) -> Self {
        Self { state: State::Absent, span: span.into(), via: Vec::new() }
    }

    /// Not known.
    pub fn unknown(unknown: Unknown) -> Self {
        let span = unknown.span;
        Self { state: State::Unknown(unknown), span, via: Vec::new() }
    }

    /// What `read` makes of a node: its value, an unknown where the node is one, absent where `read` gives nothing.
    pub fn read(node: &Node, read: impl FnOnce(&Node) -> Option<T>) -> Self {
        let state = match node.as_unknown() {
            Some(unknown) => State::Unknown(unknown.clone()),
            None => read(node).map_or(State::Absent, State::Known),
        };
        Self { state, span: Some(node.span), via: node.via.iter().flatten().copied().collect() }
    }

    /// The value, when known.
    pub fn value(&self) -> Option<&T> {
        match &self.state {
            State::Known(value) => Some(value),
            _ => None,
        }
    }

    /// Why it is not known, when it is not.
    pub fn reason(&self) -> Option<&Unknown> {
        match &self.state {
            State::Unknown(unknown) => Some(unknown),
            _ => None,
        }
    }

    /// Whether nothing was set.
    pub fn is_absent(&self) -> bool {
        matches!(self.state, State::Absent)
    }

    /// The same fact of another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Fact<U> {
        let state = match self.state {
            State::Known(value) => State::Known(change(value)),
            State::Absent => State::Absent,
            State::Unknown(unknown) => State::Unknown(unknown),
        };
        Fact { state, span: self.span, via: self.via }
    }

    /// This fact, or `default` (read in documentation, not in the file) where it is absent.
    #[must_use]
    pub fn or_default(self, default: T) -> Self {
        match self.state {
            State::Absent => Self { state: State::Known(default), ..self },
            _ => self,
        }
    }
}

impl Fact<bool> {
    /// Known and true.
    pub fn is_true(&self) -> bool {
        self.value() == Some(&true)
    }

    /// Known and false.
    pub fn is_false(&self) -> bool {
        self.value() == Some(&false)
    }
}

/// The kind of value a fact holds.
#[derive(Clone, Copy)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// A string.
    Text,
    /// Strings.
    Texts,
    /// Strings by name.
    Labels,
    /// One object, or null.
    Object(fn() -> &'static Kind),
    /// Objects.
    Objects(fn() -> &'static Kind),
}

/// A kind of object: its name, its meaning and its fields.
#[derive(Debug)]
pub struct Kind {
    /// The name rules call it by.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Its facts.
    pub fields: &'static [Field],
}

/// One fact of a kind.
#[derive(Clone, Copy)]
pub struct Field {
    /// The name rules call it by.
    pub name: &'static str,
    /// What it means, with its unit.
    pub doc: &'static str,
    /// What it holds.
    pub shape: Shape,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.name)
    }
}

impl Kind {
    /// The field of a name, and its number.
    pub fn field(&self, name: &str) -> Option<(usize, &'static Field)> {
        self.fields.iter().enumerate().find(|(_, field)| field.name == name)
    }
}

/// A fact as a rule sees it.
#[derive(Clone)]
pub struct View<'a> {
    /// What it holds.
    pub datum: Datum<'a>,
    /// Where it stands.
    pub span: Option<Span>,
    /// The other places it came through.
    pub via: &'a [Span],
}

/// What a fact holds, as a rule sees it.
#[derive(Clone)]
pub enum Datum<'a> {
    /// Absent: `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Number(f64),
    /// A string.
    Text(std::borrow::Cow<'a, str>),
    /// Several.
    List(Vec<View<'a>>),
    /// Strings by name.
    Labels(&'a Labels),
    /// An object.
    Object(&'a dyn Object),
    /// Not known.
    Unknown(Reason<'a>),
}

/// Why a fact is not known. It is small, since every view of a fact is as large as this.
#[derive(Clone)]
pub enum Reason<'a> {
    /// As the model has it.
    Borrowed(&'a Unknown),
    /// Found while evaluating.
    Owned(Box<Unknown>),
}

impl Reason<'_> {
    /// The reason, to look at.
    pub fn get(&self) -> &Unknown {
        match self {
            Self::Borrowed(unknown) => unknown,
            Self::Owned(unknown) => unknown,
        }
    }

    /// The reason by itself.
    pub fn into_owned(self) -> Unknown {
        match self {
            Self::Borrowed(unknown) => unknown.clone(),
            Self::Owned(unknown) => *unknown,
        }
    }
}

impl<'a> From<Datum<'a>> for View<'a> {
    fn from(datum: Datum<'a>) -> Self {
        Self { datum, span: None, via: &[] }
    }
}

/// Strings by name, each value a fact of its own, in the order written.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Labels(pub Vec<(Text, Fact<Text>)>);

impl Labels {
    /// Reads a mapping of scalars.
    pub fn read(node: Option<&Node>) -> Self {
        let entries = node.map_or(&[][..], Node::entries);
        Self(entries.iter().map(|entry| (entry.key.clone(), Fact::read(&entry.value, Node::scalar))).collect())
    }

    /// The fact under a name.
    pub fn get(&self, name: &str) -> Option<&Fact<Text>> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The known value under a name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name)?.value().map(Text::as_str)
    }

    /// The first of `names` that has a known value, with its name.
    pub fn first<'n>(&self, names: &[&'n str]) -> Option<(&'n str, &Fact<Text>)> {
        names.iter().find_map(|name| self.get(name).filter(|fact| fact.value().is_some()).map(|fact| (*name, fact)))
    }
}

/// Something with named facts.
pub trait Object {
    /// What it is.
    fn kind(&self) -> &'static Kind;
    /// The fact of a field, by its number among those of the kind; null when there is none of that number.
    fn fact<'a>(&'a self, field: usize, model: &'a Model) -> View<'a>;
    /// Where it stands.
    fn span(&self) -> Option<Span>;
}

/// A type that a fact may have.
pub trait Property {
    /// The shape that rules see.
    const SHAPE: Shape;
    /// The value as rules see it.
    fn view<'a>(&'a self, model: &'a Model) -> View<'a>;
}

macro_rules! scalar_property {
    ($type:ty, $shape:ident, $value:ident => $datum:expr) => {
        impl Property for $type {
            const SHAPE: Shape = Shape::$shape;
            fn view<'a>(&'a self, _: &'a Model) -> View<'a> {
                let $value = self;
                View::from($datum)
            }
        }
    };
}

scalar_property!(bool, Bool, value => Datum::Bool(*value));
scalar_property!(i64, Int, value => Datum::Int(*value));
scalar_property!(f64, Number, value => Datum::Number(*value));
scalar_property!(Text, Text, value => Datum::Text(value.as_str().into()));
scalar_property!(Labels, Labels, value => Datum::Labels(value));
scalar_property!(Vec<Text>, Texts, value =>
    Datum::List(value.iter().map(|text| View::from(Datum::Text(text.as_str().into()))).collect()));

impl<T: Property> Property for Fact<T> {
    const SHAPE: Shape = T::SHAPE;
    fn view<'a>(&'a self, model: &'a Model) -> View<'a> {
        let datum = match &self.state {
            State::Absent => Datum::Null,
            State::Known(value) => value.view(model).datum,
            State::Unknown(unknown) => Datum::Unknown(Reason::Borrowed(unknown)),
        };
        View { datum, span: self.span, via: &self.via }
    }
}

impl<T: Noun> Property for Option<Id<T>> {
    const SHAPE: Shape = Shape::Object(T::described);
    fn view<'a>(&'a self, model: &'a Model) -> View<'a> {
        match self {
            Some(id) => object(&model[*id]),
            None => View::from(Datum::Null),
        }
    }
}

impl<T: Noun> Property for Vec<Id<T>> {
    const SHAPE: Shape = Shape::Objects(T::described);
    fn view<'a>(&'a self, model: &'a Model) -> View<'a> {
        View::from(Datum::List(self.iter().map(|id| object(&model[*id])).collect()))
    }
}

/// An object as a fact.
pub fn object(object: &dyn Object) -> View<'_> {
    View { datum: Datum::Object(object), span: object.span(), via: &[] }
}

/// Declares a noun of the model: documented facts that rules may read, then plain fields that only code reads.
///
/// `noun` makes a subject with a name, a place and a service; `part` makes an object that is a fact of a noun and has
/// a `span: Option<Span>` of its own.
macro_rules! facts {
    (
        $(#[doc = $doc:literal])+
        noun $Type:ident as $name:literal in $arena:ident {
            $( $(#[doc = $field_doc:literal])+ $field:ident: $field_type:ty, )*
        } plain {
            $( $(#[doc = $plain_doc:literal])+ $plain:ident: $plain_type:ty, )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Default, serde::Serialize)]
        pub struct $Type {
            /// The name a person knows it by: `Deployment/checkout`, `aws_db_instance.orders`.
            pub name: $crate::tree::Text,
            /// Where it is declared, and for which environment.
            pub place: $crate::model::Place,
            /// The service it belongs to.
            pub service: Option<$crate::model::Id<$crate::model::Service>>,
            $( $(#[doc = $field_doc])+ pub $field: $field_type, )*
            $( $(#[doc = $plain_doc])+ pub $plain: $plain_type, )*
        }

        impl $crate::model::Noun for $Type {
            fn described() -> &'static $crate::model::schema::Kind {
                use $crate::model::schema::{Field, Kind, Property, Shape};
                static KIND: Kind = Kind {
                    name: $name,
                    doc: concat!($($doc),+),
                    fields: &[
                        Field { name: "name", doc: " The name a person knows it by.", shape: Shape::Text },
                        Field { name: "path", doc: " The file it is declared in, relative to the audited root.", shape: Shape::Text },
                        Field { name: "environment", doc: " The environment it belongs to.", shape: Shape::Text },
                        Field { name: "production", doc: " Whether that is production.", shape: Shape::Bool },
                        Field { name: "service", doc: " The service it belongs to, or null.",
                            shape: Shape::Object(<$crate::model::Service as $crate::model::Noun>::described) },
                        $( Field { name: stringify!($field), doc: concat!($($field_doc),+),
                            shape: <$field_type as Property>::SHAPE }, )*
                    ],
                };
                &KIND
            }
            fn arena(model: &$crate::model::Model) -> &Vec<Self> {
                &model.$arena
            }
            fn arena_mut(model: &mut $crate::model::Model) -> &mut Vec<Self> {
                &mut model.$arena
            }
            fn name(&self) -> &str {
                &self.name
            }
            fn place(&self) -> &$crate::model::Place {
                &self.place
            }
            fn service(&self) -> Option<$crate::model::Id<$crate::model::Service>> {
                self.service
            }
        }

        impl $crate::model::schema::Object for $Type {
            fn kind(&self) -> &'static $crate::model::schema::Kind {
                <Self as $crate::model::Noun>::described()
            }
            fn fact<'a>(&'a self, field: usize, model: &'a $crate::model::Model) -> $crate::model::schema::View<'a> {
                use $crate::model::schema::{Datum, Property, View};
                // As the fields of the kind are numbered.
                #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "they are called as the fields are")]
                enum Number { name, path, environment, production, service, $($field),* }
                let at_head = |datum| View { datum, span: Some(self.place.span), via: &[] };
                match field {
                    it if it == Number::name as usize => at_head(Datum::Text(self.name.as_str().into())),
                    it if it == Number::path as usize => at_head(Datum::Text(self.place.path.as_str().into())),
                    it if it == Number::environment as usize =>
                        at_head(Datum::Text(self.place.environment.name.as_str().into())),
                    it if it == Number::production as usize => at_head(Datum::Bool(self.place.environment.production)),
                    it if it == Number::service as usize => Property::view(&self.service, model),
                    $( it if it == Number::$field as usize => Property::view(&self.$field, model), )*
                    _ => View::from(Datum::Null),
                }
            }
            fn span(&self) -> Option<$crate::source::Span> {
                Some(self.place.span)
            }
        }
    };
    (
        $(#[doc = $doc:literal])+
        part $Type:ident as $name:literal {
            $( $(#[doc = $field_doc:literal])+ $field:ident: $field_type:ty, )*
        } plain {
            $( $(#[doc = $plain_doc:literal])+ $plain:ident: $plain_type:ty, )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Default, serde::Serialize)]
        pub struct $Type {
            /// Where it stands, when it stands anywhere.
            pub span: Option<$crate::source::Span>,
            $( $(#[doc = $field_doc])+ pub $field: $field_type, )*
            $( $(#[doc = $plain_doc])+ pub $plain: $plain_type, )*
        }

        impl $Type {
            /// Its vocabulary.
            pub fn described() -> &'static $crate::model::schema::Kind {
                use $crate::model::schema::{Field, Kind, Property};
                static KIND: Kind = Kind {
                    name: $name,
                    doc: concat!($($doc),+),
                    fields: &[ $( Field { name: stringify!($field), doc: concat!($($field_doc),+),
                        shape: <$field_type as Property>::SHAPE }, )* ],
                };
                &KIND
            }
        }

        impl $crate::model::schema::Property for $Type {
            const SHAPE: $crate::model::schema::Shape = $crate::model::schema::Shape::Object($Type::described);
            fn view<'a>(&'a self, _: &'a $crate::model::Model) -> $crate::model::schema::View<'a> {
                $crate::model::schema::object(self)
            }
        }

        impl $crate::model::schema::Object for $Type {
            fn kind(&self) -> &'static $crate::model::schema::Kind {
                Self::described()
            }
            fn fact<'a>(&'a self, field: usize, model: &'a $crate::model::Model) -> $crate::model::schema::View<'a> {
                use $crate::model::schema::{Datum, Property, View};
                // As the fields of the kind are numbered.
                #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "they are called as the fields are")]
                enum Number { $($field),* }
                match field {
                    $( it if it == Number::$field as usize => Property::view(&self.$field, model), )*
                    _ => View::from(Datum::Null),
                }
            }
            fn span(&self) -> Option<$crate::source::Span> {
                self.span
            }
        }
    };
}
pub(crate) use facts;

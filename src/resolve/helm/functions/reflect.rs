//! What a value is.

use super::{Function, computes, keeps, text};
use crate::resolve::helm::compare;
use crate::resolve::helm::format;
use crate::resolve::helm::value::{Kind, Value};
use crate::resolve::helm::yaml;

pub(super) const ALL: &[Function] = &[
    keeps("typeOf", 1, 1, |_, arguments| Ok(Value::text(format::type_name(&arguments[0])))),
    keeps("kindOf", 1, 1, |_, arguments| Ok(Value::text(kind_of(&arguments[0])))),
    keeps("typeIs", 2, 2, |_, arguments| Ok(Kind::Bool(text(arguments, 0) == format::type_name(&arguments[1])).into())),
    keeps("typeIsLike", 2, 2, |_, arguments| {
        let found = format::type_name(&arguments[1]);
        let wanted = text(arguments, 0);
        Ok(Kind::Bool(found == wanted || found.strip_prefix('*') == Some(&wanted)).into())
    }),
    keeps("kindIs", 2, 2, |_, arguments| Ok(Kind::Bool(text(arguments, 0) == kind_of(&arguments[1])).into())),
    computes("deepEqual", 2, 2, |run, arguments| {
        yaml::charge(run, &arguments[0])?;
        Ok(Kind::Bool(compare::deep_equal(&arguments[0], &arguments[1])).into())
    }),
];

fn kind_of(value: &Value) -> &'static str {
    match &value.kind {
        Kind::Nil => "invalid",
        Kind::Bool(_) => "bool",
        Kind::Int(_) => "int",
        Kind::Float(_) => "float64",
        Kind::Text(_) | Kind::Traced(_) | Kind::Unknown(_) => "string",
        Kind::List(_) => "slice",
        Kind::Map(_) => "map",
        Kind::Object(object) if object.is_list() => "slice",
        Kind::Object(object) => match object.type_name() {
            "engine.files" => "map",
            _ => "ptr",
        },
    }
}

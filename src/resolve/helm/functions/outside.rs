//! What helmfiles read of the machine they run on: not known here.
//! <https://helmfile.readthedocs.io/en/latest/templating_funcs/>

use super::{Function, Given, MANY, keeps, text};
use crate::resolve::helm::run::Run;
use crate::resolve::helm::value::{Kind, Value};
use crate::resolve::helm::values;
use crate::tree::Unknown;

pub(super) const ALL: &[Function] = &[
    keeps("env", 1, 1, |run, arguments| Ok(unknown(run, "the environment variable", arguments))),
    keeps("expandenv", 1, 1, |run, arguments| Ok(unknown(run, "the environment behind", arguments))),
    keeps("requiredEnv", 1, 1, |run, arguments| Ok(unknown(run, "the environment variable", arguments))),
    keeps("exec", 1, MANY, |run, arguments| Ok(unknown(run, "the output of", arguments))),
    keeps("envExec", 2, MANY, |run, arguments| Ok(unknown(run, "the output of", &arguments[1..]))),
    keeps("readFile", 1, 1, |run, arguments| Ok(unknown(run, "the text of", arguments))),
    keeps("fetchSecretValue", 1, 1, |run, arguments| Ok(unknown(run, "the secret", arguments))),
    keeps("getOrNil", 2, 2, |_, arguments| at_path(arguments)),
];

/// `get "a.b" default map`, helmfile's order: the value at a path, or the default.
pub(super) fn at_path(arguments: &[Value]) -> Given {
    let Some((map, rest)) = arguments.split_last() else { return Ok(Value::NIL) };
    if matches!(map.kind, Kind::Unknown(_)) {
        return Ok(map.clone());
    }
    let default = rest.get(1).cloned().unwrap_or(Value::NIL);
    Ok(values::at_path(map, &text(rest, 0)).unwrap_or(default))
}

fn unknown(run: &mut Run, what: &str, arguments: &[Value]) -> Value {
    let reason = format!("{what} `{}` is known to whoever runs it", text(arguments, 0));
    Kind::Unknown(run.origins.unknown(Unknown::new(reason, "audit the rendered manifests as well", None))).into()
}

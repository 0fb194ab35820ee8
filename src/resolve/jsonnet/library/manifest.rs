//! Values written out as JSON or YAML. Uses nothing else.
//!
//! What is written remembers the value: alerts in it keep the places of the Jsonnet that makes them. YAML is written in
//! its JSON form.

use std::rc::Rc;

use super::super::machine::Result;
use super::super::value::{Made, Value, Written};
use super::{Call, object};

pub(super) fn call<'p>(call: &mut Call<'_, 'p, '_>, name: &str) -> Result<Made<'p>> {
    let given: Vec<_> = call.thunk(0).into_iter().collect();
    let of = if name == "manifestYamlStream" { call.items(0)?.to_vec() } else { given };
    let mut text = String::new();
    for value in &of {
        if name == "manifestYamlStream" {
            text.push_str("---\n");
        }
        let made = call.machine.force(*value)?;
        object::inline(call.machine, &made, &mut text)?;
        call.machine.charge(text.len() / 256)?;
        if name == "manifestYamlStream" {
            text.push('\n');
        }
    }
    call.make(Value::String(Rc::new(Written { text, of })))
}

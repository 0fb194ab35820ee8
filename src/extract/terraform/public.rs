//! Public modules that make something that runs, read by the arguments of their calls. The table is `modules.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::Environment;
use crate::resolve::terraform::{Mode, ModuleCall, Resource, Root, step};
use crate::tree::{Entry, Map, Node, Text, Unknown, Value};

use super::providers::table;
use super::reading;

/// A public module that makes something that runs.
#[derive(Debug, Deserialize)]
pub(super) struct PublicWorkload {
    pub(super) source: String,
    pub(super) resource: String,
    /// Arguments without which, when they are false, it makes nothing.
    #[serde(default)]
    switches: Vec<String>,
    /// What a block that is given has where one of its arguments is left out.
    #[serde(default)]
    within: BTreeMap<String, BTreeMap<String, bool>>,
    #[serde(default)]
    arguments: BTreeMap<String, Vec<Argument>>,
}

/// Where an attribute is read.
#[derive(Debug, Deserialize)]
struct Argument {
    #[serde(rename = "argument")]
    name: String,
    /// Another argument, on which it depends whether this place applies.
    when: Option<String>,
    /// What that one must be.
    is: Option<bool>,
    /// What the module gives where the argument is left out.
    default: Option<i64>,
    /// Another argument, which is 1 where it is left out; the smaller of the two counts.
    at_most: Option<String>,
}

/// The resources of a type that the calls of public modules in a root make.
pub(super) fn made(root: &Root, kind: &str) -> Vec<Resource> {
    let wanted = |call: &ModuleCall| {
        let module = table().workload(&call.source).filter(|module| module.resource == kind)?;
        match Made::of(call, &module.switches) {
            Made::Nothing => None,
            made => Some(module.resource(call, made.doubt(), &root.environment)),
        }
    };
    root.calls.iter().filter_map(wanted).collect()
}

/// Whether a call makes what its module is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Made<'a> {
    /// It does.
    Something,
    /// It is turned off.
    Nothing,
    /// It may be turned off.
    Unsure(&'a Unknown),
}

impl<'a> Made<'a> {
    /// By the arguments that can turn it off: `create` by being false, `!create_layer` by being true.
    pub(super) fn of(call: &'a ModuleCall, switches: &[String]) -> Self {
        let mut made = Self::Something;
        for switch in switches {
            let (name, off) = switch.strip_prefix('!').map_or((switch.as_str(), false), |name| (name, true));
            let Some(node) = step(&call.arguments, name) else { continue };
            match (node.as_unknown(), reading::as_bool(node)) {
                (Some(unknown), _) => made = Self::Unsure(unknown),
                (None, Some(said)) if said == off => return Self::Nothing,
                _ => {}
            }
        }
        made
    }

    /// Why it is not sure.
    pub(super) fn doubt(self) -> Option<&'a Unknown> {
        match self {
            Self::Unsure(unknown) => Some(unknown),
            Self::Something | Self::Nothing => None,
        }
    }
}

impl PublicWorkload {
    fn resource(&self, call: &ModuleCall, doubt: Option<&Unknown>, environment: &Environment) -> Resource {
        let mut body = call.arguments.clone();
        if let Value::Map(Map { entries }) = &mut body.value {
            // An empty object stands for a block that is left out.
            entries.retain(|entry| !matches!(&entry.value.value, Value::Map(map) if map.entries.is_empty()));
            for entry in entries {
                let fill = self.within.get(entry.key.as_str()).into_iter().flatten();
                fill.for_each(|(name, default)| complete(&mut entry.value, name, *default));
            }
        }
        for (attribute, places) in &self.arguments {
            let Some(node) = places.iter().find_map(|place| place.read(call)) else { continue };
            if let Value::Map(Map { entries }) = &mut body.value {
                entries.retain(|entry| entry.key != *attribute);
                entries.push(Entry { key: attribute.as_str().into(), key_span: node.span, value: node });
            }
        }
        let name = call.address.rsplit('.').next().unwrap_or_default();
        Resource {
            mode: Mode::Managed,
            type_name: self.resource.as_str().into(),
            name: name.split('[').next().unwrap_or(name).into(),
            address: Text::from(call.address.as_str()),
            body,
            environment: environment.clone(),
            head: call.head,
            span: call.head,
            path: call.path.clone(),
            provider: Text::default(),
            uncertain: call.uncertain.as_ref().or(doubt).cloned(),
            call_chain: call.call_chain.clone(),
            shared: None,
            references: call.references.clone(),
            ignored: Vec::new(),
        }
    }
}

/// Gives a block an argument that it lacks.
fn complete(block: &mut Node, name: &str, default: bool) {
    let at = block.span;
    if let Value::Map(Map { entries }) = &mut block.value
        && !entries.iter().any(|entry| entry.key == name && !entry.value.is_null())
    {
        entries.retain(|entry| entry.key != name);
        entries.push(Entry { key: name.into(), key_span: at, value: Node::new(Value::Bool(default), at) });
    }
}

impl Argument {
    /// The value, where this place applies; one that cannot be told to apply is not known.
    fn read(&self, call: &ModuleCall) -> Option<Node> {
        if let (Some(when), Some(is)) = (&self.when, self.is) {
            match step(&call.arguments, when) {
                Some(node) if node.as_unknown().is_some() => return Some(node.clone()),
                Some(node) if node.as_bool() == Some(is) => {}
                _ => return None,
            }
        }
        let given = |name: &str| step(&call.arguments, name).filter(|node| !node.is_null()).cloned();
        let own = match given(&self.name) {
            Some(node) => node,
            None => Node::new(Value::Int(self.default?), call.head),
        };
        let Some(bound) = &self.at_most else { return Some(own) };
        let bound = given(bound).unwrap_or_else(|| Node::new(Value::Int(1), call.head));
        Some(smaller(own, bound))
    }
}

/// The smaller of two numbers; one that is not known leaves it open.
fn smaller(one: Node, other: Node) -> Node {
    match (reading::as_number(&one), reading::as_number(&other)) {
        (None, _) => one,
        (_, None) => other,
        (Some(first), Some(second)) if second < first => other,
        _ => one,
    }
}

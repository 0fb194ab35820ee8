//! Holds a parsed `twoam.toml` against the JSON Schema of its types, so that every wrong key and every wrong type is said
//! at its place, and not the first one only. Uses `source`, `tree` and `problem`.

use serde_json::Value as Schema;

use crate::problem::{Fault, Problem, nearest};
use crate::source::Span;
use crate::tree::{Map, Node, Text, Value};

/// Everything in a file that its schema does not allow.
pub(super) fn check(file: &Node, schema: &Schema, text: &str) -> Vec<Problem> {
    let mut checker = Checker { definitions: &schema["$defs"], text, problems: Vec::new() };
    checker.node(file, schema, "");
    checker.problems
}

struct Checker<'a> {
    definitions: &'a Schema,
    text: &'a str,
    problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    /// Checks a node that stands at `place`: the dotted keys down to it.
    fn node(&mut self, node: &Node, schema: &'a Schema, place: &str) {
        let schema = self.resolve(schema);
        let choices = choices(schema);
        match (kind(schema), &node.value) {
            (Some("object"), Value::Map(map)) => self.table(node, map, schema, place),
            (Some("array"), Value::List(items)) => {
                for item in items {
                    self.node(item, &schema["items"], place);
                }
            }
            (_, Value::String(text)) if !choices.is_empty() => {
                if !choices.contains(&text.as_str()) {
                    self.say(node.span, format!("`{text}` is not a value of `{place}`"), help(text, &choices));
                }
            }
            (Some("string"), Value::String(_)) | (Some("integer"), Value::Int(_)) | (None, _) => {}
            (Some(wanted), found) => {
                let wanted = if choices.is_empty() { called(wanted) } else { "a string" };
                let message = format!("`{place}` must be {wanted}, not {}", name(found));
                let span = self.first_line(node.span);
                self.say(span, message, example(place));
            }
        }
    }

    fn table(&mut self, node: &Node, map: &Map, schema: &'a Schema, place: &str) {
        let known = schema["properties"].as_object();
        let rest = &schema["additionalProperties"];
        for entry in &map.entries {
            let place = if place.is_empty() { entry.key.to_string() } else { format!("{place}.{}", entry.key) };
            if let Some(schema) = known.and_then(|known| known.get(entry.key.as_str())) {
                self.node(&entry.value, schema, &place);
            } else if rest.is_object() {
                self.node(&entry.value, rest, &place);
            } else {
                let keys: Vec<&str> = known.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
                self.say(entry.key_span, format!("there is no key `{place}`"), help(&entry.key, &keys));
            }
        }
        for key in schema["required"].as_array().into_iter().flatten().filter_map(Schema::as_str) {
            if map.get(key).is_none() {
                let span = self.first_line(node.span);
                self.say(span, format!("`{place}` lacks `{key}`"), format!("add `{key} = …`"));
            }
        }
    }

    /// The schema behind a reference, and what an optional value is when it is given.
    fn resolve(&self, mut schema: &'a Schema) -> &'a Schema {
        loop {
            let reference = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
            let given = schema["anyOf"].as_array().and_then(|any| any.iter().find(|one| one["type"] != "null"));
            schema = match (reference, given) {
                (Some(name), _) => &self.definitions[name],
                (None, Some(given)) => given,
                (None, None) => return schema,
            };
        }
    }

    /// A table's span covers all of it; its first line is enough to point at.
    fn first_line(&self, span: Span) -> Span {
        let text = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default().trim_end();
        Span::new(span.source, span.start as usize, span.start as usize + line.len())
    }

    fn say(&mut self, span: Span, message: String, help: String) {
        self.problems.push(Problem::at(Fault::Configuration, span, message, help));
    }
}

/// The type that a schema asks for, when it asks for one.
fn kind(schema: &Schema) -> Option<&str> {
    match &schema["type"] {
        Schema::Array(types) => types.iter().filter_map(Schema::as_str).find(|name| *name != "null"),
        one => one.as_str(),
    }
}

/// The values a schema allows, when it lists them.
fn choices(schema: &Schema) -> Vec<&str> {
    schema["enum"].as_array().into_iter().flatten().filter_map(Schema::as_str).collect()
}

fn help(word: &Text, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")),
    }
}

/// What a place expects, by example.
fn example(place: &str) -> String {
    let example = match place.rsplit('.').next().unwrap_or_default() {
        "tier" => "tier = 1",
        "rpo" | "rto" => "a duration in quotes: \"30m\", \"24h\", \"7d\"",
        "retention" => "a duration in quotes: \"7d\"",
        "service" => "each service begins with [[service]]",
        "waiver" => "each waiver begins with [[waiver]]",
        _ => "`twoam schema config` describes every key",
    };
    example.to_owned()
}

fn called(kind: &str) -> &'static str {
    match kind {
        "object" => "a table",
        "array" => "a list",
        "integer" => "a whole number",
        "boolean" => "true or false",
        _ => "a string",
    }
}

fn name(value: &Value) -> &'static str {
    match value {
        Value::Null | Value::Unknown(_) => "nothing",
        Value::Bool(_) => "true or false",
        Value::Int(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::String(_) => "a string",
        Value::List(_) => "a list",
        Value::Map(_) => "a table",
    }
}

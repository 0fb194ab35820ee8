//! `replacements`, and the `vars` that they replace: a value of one object copied into fields of others.

use super::edit;
use super::fields::FieldSpec;
use super::resource::{Id, Resource, Selector};
use crate::source::Span;
use crate::tree::{Map, Node, Text, Value};

/// A part of a field path (`spec.containers.[name=web].env.*.value`).
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(Text),
    Every,
    /// `[key=value]`.
    Item(Text, Text),
}

fn steps(path: &str) -> Vec<Step> {
    let mut parts: Vec<String> = vec![String::new()];
    let mut letters = path.chars().peekable();
    let mut depth = 0_u32;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.peek() == Some(&'.') => {
                letters.next();
                push(&mut parts, '.');
            }
            '.' if depth == 0 => parts.push(String::new()),
            '[' => {
                depth += 1;
                push(&mut parts, '[');
            }
            ']' => {
                depth = depth.saturating_sub(1);
                push(&mut parts, ']');
            }
            letter => push(&mut parts, letter),
        }
    }
    parts.into_iter().filter(|part| !part.is_empty()).map(|part| step(&part)).collect()
}

fn push(parts: &mut [String], letter: char) {
    if let Some(last) = parts.last_mut() {
        last.push(letter);
    }
}

fn step(part: &str) -> Step {
    if part == "*" {
        return Step::Every;
    }
    let Some(inside) = part.strip_prefix('[').and_then(|part| part.strip_suffix(']')) else {
        return Step::Key(part.into());
    };
    match inside.split_once('=') {
        Some((key, value)) => Step::Item(key.into(), value.trim_matches('"').into()),
        None => Step::Key(inside.into()),
    }
}

/// Calls `change` on each node that a path leads to, made on the way where `create` says so; how many there were.
fn reach(node: &mut Node, path: &[Step], create: Option<&Node>, change: &mut dyn FnMut(&mut Node)) -> usize {
    let Some((first, rest)) = path.split_first() else {
        change(node);
        return 1;
    };
    match (first, &mut node.value) {
        (Step::Key(key), Value::Map(map)) => {
            let there = map.entries.iter().any(|entry| entry.key == *key);
            if !there {
                let Some(value) = create else { return 0 };
                let made = match rest.first() {
                    Some(Step::Item(..)) => Value::List(Vec::new()),
                    Some(Step::Key(_)) => Value::Map(Map::default()),
                    _ => Value::Null,
                };
                edit::set(node, key, value.span, Node::new(made, value.span));
            }
            edit::get_mut(node, key).map_or(0, |below| reach(below, rest, create, change))
        }
        (Step::Key(key), Value::List(items)) => {
            let length = items.len();
            let at = if key == "-" { length.checked_sub(1) } else { key.parse().ok().filter(|at| *at < length) };
            at.map_or(0, |at: usize| reach(&mut items[at], rest, create, change))
        }
        (Step::Every, Value::Map(map)) => {
            map.entries.iter_mut().map(|entry| reach(&mut entry.value, rest, create, change)).sum()
        }
        (Step::Every, Value::List(items)) => items.iter_mut().map(|item| reach(item, rest, create, change)).sum(),
        (Step::Item(key, value), Value::List(items)) => {
            let is_it = |item: &Node| {
                if key.is_empty() { item.scalar() } else { item.get(key).and_then(Node::scalar) }.as_ref()
                    == Some(value)
            };
            if !items.iter().any(is_it)
                && let Some(from) = create
            {
                let mut made = edit::empty_map(from.span);
                edit::set(&mut made, key, from.span, Node::string(value.clone(), from.span));
                items.push(made);
            }
            items.iter_mut().filter(|item| is_it(item)).map(|item| reach(item, rest, create, change)).sum()
        }
        _ => 0,
    }
}

/// Applies one replacement.
///
/// # Errors
/// The place that is wrong, and why.
pub(super) fn replacement(resources: &mut [Resource], entry: &Node) -> Result<(), (Span, String)> {
    let value = match (entry.get("sourceValue"), entry.get("source")) {
        (Some(value), _) => value.clone(),
        (None, Some(source)) => source_of(resources, source)?,
        (None, None) => return Err((entry.span, "a replacement needs a `source`".into())),
    };
    let Some(targets) = entry.get("targets") else {
        return Err((entry.span, "a replacement needs `targets`".into()));
    };
    for target in targets.items() {
        let Some(select) = target.get("select") else {
            return Err((target.span, "a target needs `select`".into()));
        };
        let selector = Selector::read(select).map_err(|why| (select.span, why))?;
        let reject = target.get("reject").map_or(&[][..], Node::items);
        let rejected: Vec<Selector> =
            reject.iter().map(Selector::read).collect::<Result<_, _>>().map_err(|why| (target.span, why))?;
        let default = [Node::string("metadata.name", target.span)];
        let paths = target.get("fieldPaths").map_or(&[][..], Node::items);
        let paths = if paths.is_empty() { &default[..] } else { paths };
        let options = target.get("options");
        let create = options.and_then(|options| options.get("create")).and_then(Node::as_bool) == Some(true);
        for resource in resources.iter_mut() {
            if !selector.selects_any(resource) || rejected.iter().any(|reject| reject.selects_any(resource)) {
                continue;
            }
            for path in paths {
                let written = path.as_str().unwrap_or_default();
                let mut wrong = None;
                let found = reach(&mut resource.node, &steps(written), create.then_some(&value), &mut |node| {
                    if let Err(why) = put(node, &value, options) {
                        wrong = Some(why);
                    }
                });
                if let Some(why) = wrong {
                    return Err((path.span, why));
                }
                if found == 0 {
                    return Err((path.span, format!("`{written}` is not in {}", resource.id().title())));
                }
            }
        }
    }
    Ok(())
}

fn source_of(resources: &[Resource], source: &Node) -> Result<Node, (Span, String)> {
    let said = |key: &str| source.get(key).and_then(Node::scalar).filter(|text| !text.is_empty());
    let fits = |id: &Id| {
        let is = |wanted: Option<Text>, own: &str| wanted.is_none_or(|wanted| wanted == own);
        is(said("group"), &id.gvk.group)
            && is(said("version"), &id.gvk.version)
            && is(said("kind"), &id.gvk.kind)
            && is(said("name"), &id.name)
            && is(said("namespace"), id.effective_namespace())
    };
    let mut chosen = resources.iter().filter(|resource| resource.previous.iter().any(&fits) || fits(&resource.id()));
    let Some(first) = chosen.next() else { return Err((source.span, "no object is the source".into())) };
    if chosen.next().is_some() {
        return Err((source.span, "several objects could be the source".into()));
    }
    let path = said("fieldPath").unwrap_or(Text::const_new("metadata.name"));
    let mut copy = first.node.clone();
    let mut value = None;
    reach(&mut copy, &steps(&path), None, &mut |node| value = value.take().or_else(|| Some(node.clone())));
    let Some(value) = value else {
        return Err((source.span, format!("`{path}` is not in {}", first.id().title())));
    };
    let Some((delimiter, index)) = delimited(source.get("options")) else { return Ok(value) };
    let text = value.scalar().unwrap_or_default();
    let part = usize::try_from(index).ok().and_then(|index| text.split(delimiter.as_str()).nth(index));
    match part {
        Some(part) => Ok(Node { value: Value::String(part.into()), ..value }),
        None => Err((source.span, format!("`{text}` has no part {index}"))),
    }
}

fn delimited(options: Option<&Node>) -> Option<(Text, i64)> {
    let options = options?;
    let delimiter = options.get("delimiter").and_then(Node::scalar).filter(|delimiter| !delimiter.is_empty())?;
    Some((delimiter, options.get("index").and_then(Node::as_int).unwrap_or(0)))
}

fn put(node: &mut Node, value: &Node, options: Option<&Node>) -> Result<(), String> {
    let scalar = |node: &Node| !matches!(node.value, Value::Map(_) | Value::List(_));
    if let Some((delimiter, index)) = delimited(options) {
        if !scalar(node) || !scalar(value) {
            return Err("a delimiter only parts scalars".into());
        }
        let old = node.scalar().unwrap_or_default();
        let mut parts: Vec<Text> = old.split(delimiter.as_str()).map(Text::from).collect();
        let text = value.scalar().unwrap_or_default();
        match usize::try_from(index) {
            Err(_) => parts.insert(0, text),
            Ok(index) if index >= parts.len() => parts.push(text),
            Ok(index) => parts[index] = text,
        }
        edit::retext(node, parts.join(delimiter.as_str()), value.span);
        return Ok(());
    }
    // A text stays one even where a number is copied into it.
    let copied = match (&node.value, value.scalar()) {
        (Value::String(_), Some(text)) => Node { value: Value::String(text), ..value.clone() },
        _ => value.clone(),
    };
    edit::replace(node, copied);
    Ok(())
}

/// One entry of `vars`.
#[derive(Clone, Debug)]
pub(super) struct Var {
    name: Text,
    entry: Node,
}

impl Var {
    /// Reads an entry.
    pub(super) fn read(entry: &Node) -> Option<Self> {
        Some(Self { name: entry.get("name")?.scalar()?, entry: entry.clone() })
    }
}

/// Fills `$(NAME)` in where variables may stand. The problems are those of the entries.
pub(super) fn vars(resources: &mut [Resource], vars: &[Var], fields: &[FieldSpec]) -> Vec<(Span, String)> {
    let mut wrong = Vec::new();
    let mut values: Vec<(Text, Node)> = Vec::new();
    for var in vars {
        let reference = var.entry.get("objref");
        let said = |key: &str| reference.and_then(|reference| reference.get(key)?.scalar()).unwrap_or_default();
        let path = var.entry.at(&["fieldref", "fieldpath"]).or_else(|| var.entry.at(&["fieldref", "fieldPath"]));
        let path = path.and_then(Node::scalar).unwrap_or(Text::const_new("metadata.name"));
        let version = said("apiVersion");
        let (group, version) = version.split_once('/').unwrap_or(("", &version));
        let (kind, name, namespace) = (said("kind"), said("name"), said("namespace"));
        let fits = |id: &Id| {
            id.gvk.is_selected(group, version, &kind)
                && id.name == name
                && (namespace.is_empty() || id.effective_namespace() == namespace)
        };
        let found = resources.iter().find(|it| it.previous.iter().any(fits) || fits(&it.id()));
        let value = found.and_then(|resource| {
            let mut value = None;
            let path = path.replace('[', ".[").replace("..[", ".[");
            reach(&mut resource.node.clone(), &steps(&path), None, &mut |node| value = Some(node.clone()));
            value
        });
        match value {
            Some(value) => values.push((var.name.clone(), value)),
            None => wrong.push((var.entry.span, format!("the variable `{}` leads to no value", var.name))),
        }
    }
    if values.is_empty() {
        return wrong;
    }
    for resource in resources {
        let gvk = resource.id().gvk;
        for field in fields.iter().filter(|field| field.selects(&gvk)) {
            field.visit_present(&mut resource.node, &mut |node| match &mut node.value {
                Value::Map(map) => map.entries.iter_mut().for_each(|entry| expand(&mut entry.value, &values)),
                Value::List(items) => items.iter_mut().for_each(|item| expand(item, &values)),
                _ => expand(node, &values),
            });
        }
    }
    wrong
}

fn expand(node: &mut Node, values: &[(Text, Node)]) {
    let Some(text) = node.as_str().filter(|text| text.contains("$(")) else { return };
    if let Some((_, value)) = values.iter().find(|(name, _)| {
        text.len() == name.len() + 3
            && text[2..].starts_with(name.as_str())
            && text.starts_with("$(")
            && text.ends_with(')')
    }) {
        if value.scalar().is_some() {
            edit::replace(node, Node { span: node.span, ..value.clone() });
        }
        return;
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(escaped) = rest.strip_prefix("$$") {
            out.push('$');
            rest = escaped;
            continue;
        }
        let named = rest.strip_prefix("$(").and_then(|inside| inside.split_once(')'));
        if let Some((name, after)) = named {
            match values.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.scalar()) {
                Some(value) => out.push_str(&value),
                None => out.push_str(&rest[..name.len() + 3]),
            }
            rest = after;
        } else {
            out.push('$');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    node.value = Value::String(out.into());
}

//! JSON Patch (RFC 6902) with JSON Pointers (RFC 6901), applied to trees that keep their places.

use super::edit;
use crate::tree::{Node, Value};

/// Applies a list of operations.
///
/// # Errors
/// Of the first operation that does not apply: the index of it in the list, and why. Those before it are applied.
pub(super) fn apply(target: &mut Node, operations: &Node) -> Result<(), (usize, String)> {
    for (index, operation) in operations.items().iter().enumerate() {
        one(target, operation).map_err(|why| (index, why))?;
    }
    Ok(())
}

fn one(target: &mut Node, operation: &Node) -> Result<(), String> {
    let said = |key: &str| operation.get(key).and_then(Node::as_str);
    let op = said("op").ok_or("an operation has no `op`")?;
    let path = pointer(said("path").ok_or("an operation has no `path`")?)?;
    let value = || operation.get("value").cloned().unwrap_or_else(|| Node::new(Value::Null, operation.span));
    match op {
        "add" => add(target, &path, value()),
        // The library of kustomize (evanphx/json-patch, version 4) lets a key of a mapping be replaced that is not there.
        "replace" => match find_mut(target, &path) {
            Ok(old) => {
                edit::replace(old, value());
                Ok(())
            }
            Err(why) => match path.split_last().map(|(_, parents)| find_mut(target, parents)) {
                Some(Ok(Node { value: Value::Map(_), .. })) => add(target, &path, value()),
                _ => Err(why),
            },
        },
        "remove" => take(target, &path).map(drop),
        "move" | "copy" => {
            let from = pointer(said("from").ok_or("`move` and `copy` need `from`")?)?;
            let moved = if op == "move" { take(target, &from)? } else { find_mut(target, &from)?.clone() };
            add(target, &path, moved)
        }
        "test" => {
            let there = find_mut(target, &path)?;
            if edit::same(there, &value()) {
                Ok(())
            } else {
                Err(format!("the test of `{}` fails", said("path").unwrap_or_default()))
            }
        }
        other => Err(format!("there is no operation `{other}`")),
    }
}

fn pointer(path: &str) -> Result<Vec<String>, String> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let rest = path.strip_prefix('/').ok_or_else(|| format!("`{path}` does not begin with `/`"))?;
    Ok(rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

fn missing(path: &[String]) -> String {
    format!("`/{}` is not there", path.join("/"))
}

/// An index of a list, as written in a pointer; negative ones count from the end, as kustomize's library reads them.
fn index(part: &str, length: usize) -> Option<usize> {
    match part.strip_prefix('-') {
        Some(back) => length.checked_sub(back.parse().ok()?),
        None => part.parse().ok(),
    }
}

fn step<'a>(node: &'a mut Node, part: &str) -> Option<&'a mut Node> {
    match &mut node.value {
        Value::Map(map) => map.entries.iter_mut().find(|entry| entry.key == part).map(|entry| &mut entry.value),
        Value::List(items) => {
            let at = index(part, items.len())?;
            items.get_mut(at)
        }
        _ => None,
    }
}

fn find_mut<'a>(node: &'a mut Node, path: &[String]) -> Result<&'a mut Node, String> {
    let mut node = node;
    for part in path {
        node = step(node, part).ok_or_else(|| missing(path))?;
    }
    Ok(node)
}

fn add(target: &mut Node, path: &[String], value: Node) -> Result<(), String> {
    let Some((last, parents)) = path.split_last() else {
        edit::replace(target, value);
        return Ok(());
    };
    let parent = find_mut(target, parents)?;
    match &mut parent.value {
        Value::Map(_) => {
            let key_span = value.span;
            edit::set(parent, last, key_span, value);
            Ok(())
        }
        Value::List(items) => {
            let at = if last == "-" { Some(items.len()) } else { index(last, items.len()) };
            let at = at.filter(|at| *at <= items.len()).ok_or_else(|| missing(path))?;
            items.insert(at, value);
            Ok(())
        }
        _ => Err(missing(path)),
    }
}

fn take(target: &mut Node, path: &[String]) -> Result<Node, String> {
    let (last, parents) = path.split_last().ok_or("the whole object cannot be removed")?;
    let parent = find_mut(target, parents)?;
    match &mut parent.value {
        Value::Map(_) => edit::remove(parent, last),
        Value::List(items) => index(last, items.len()).filter(|at| *at < items.len()).map(|at| items.remove(at)),
        _ => None,
    }
    .ok_or_else(|| missing(path))
}

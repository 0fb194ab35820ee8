//! `configMapGenerator` and `secretGenerator`. The hash that kustomize appends to a generated name is left off: nothing
//! but the reference needs it, and that is followed by the name before the hash.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::edit;
use super::resource::Behavior;
use crate::source::Span;
use crate::tree::{Node, Text, Value};

/// What a generator finds in a file.
pub(super) enum Content<'f> {
    /// Its text, and where it stands.
    Text(&'f str, Span),
    /// It is there and was not read; or it is not there, which is said.
    Unread,
}

/// An object made of literals and files.
pub(super) struct Generated {
    /// The object.
    pub(super) node: Node,
    /// What it does with one of its name.
    pub(super) behavior: Behavior,
}

/// A file as large as this is no configuration that names hosts; it is not copied.
const LARGEST: usize = 256 << 10;

/// Makes the object of one entry. `read` gives the content of a path.
///
/// # Errors
/// The node that is wrong, and why.
pub(super) fn generate<'f>(
    entry: &Node,
    kind: &'static str,
    options: Option<&Node>,
    read: &mut dyn FnMut(&Node, &str) -> Content<'f>,
) -> Result<Generated, (Span, String)> {
    let wrong = |span: Span, why: &str| Err((span, why.to_owned()));
    let Some(name) = entry.get("name").filter(|name| name.scalar().is_some_and(|name| !name.is_empty())) else {
        return wrong(entry.span, "a generator needs a `name`");
    };
    let behavior = match entry.get("behavior").and_then(Node::as_str) {
        None | Some("" | "create" | "unspecified") => Behavior::Create,
        Some("merge") => Behavior::Merge,
        Some("replace") => Behavior::Replace,
        Some(_) => return wrong(entry.span, "`behavior` is one of create, merge and replace"),
    };
    let span = name.span;
    let word = |text: &str| Node::new(Value::String(text.into()), span);
    let mut node = edit::empty_map(entry.span);
    edit::set(&mut node, "apiVersion", span, word("v1"));
    edit::set(&mut node, "kind", span, word(kind));
    let mut metadata = edit::empty_map(span);
    edit::set(&mut metadata, "name", span, Node::new(Value::String(name.scalar().unwrap_or_default()), span));
    if let Some(namespace) = entry.get("namespace") {
        edit::set(&mut metadata, "namespace", namespace.span, namespace.clone());
    }
    for list in ["labels", "annotations"] {
        let mut pairs = edit::empty_map(span);
        for from in [options, entry.get("options")].into_iter().flatten() {
            for pair in from.get(list).map_or(&[][..], Node::entries) {
                edit::set(&mut pairs, &pair.key, pair.key_span, pair.value.clone());
            }
        }
        if !pairs.entries().is_empty() {
            edit::set(&mut metadata, list, span, pairs);
        }
    }
    edit::set(&mut node, "metadata", span, metadata);
    let data = data(entry, kind == "Secret", read)?;
    if !data.entries().is_empty() || kind == "Secret" {
        edit::set(&mut node, "data", span, data);
    }
    if kind == "Secret" {
        let kind = entry.get("type").cloned().unwrap_or_else(|| word("Opaque"));
        edit::set(&mut node, "type", span, kind);
    }
    let immutable = [entry.get("options"), options].into_iter().flatten().find_map(|from| from.get("immutable"));
    if let Some(immutable) = immutable.filter(|immutable| immutable.as_bool() == Some(true)) {
        edit::set(&mut node, "immutable", immutable.span, immutable.clone());
    }
    Ok(Generated { node, behavior })
}

fn data<'f>(
    entry: &Node,
    secret: bool,
    read: &mut dyn FnMut(&Node, &str) -> Content<'f>,
) -> Result<Node, (Span, String)> {
    let mut data = edit::empty_map(entry.span);
    let put = |data: &mut Node, key: &str, value: &str, span: Span| {
        let value = if secret { STANDARD.encode(value) } else { value.to_owned() };
        edit::set(data, key, span, Node::new(Value::String(value.into()), span));
    };
    let list = |key: &str| entry.get(key).map_or(&[][..], Node::items);
    for source in list("envs").iter().chain(entry.get("env")) {
        let Some(path) = source.scalar() else { continue };
        if let Content::Text(text, span) = read(source, &path) {
            for line in text.lines().map(|line| line.trim_start().trim_end_matches('\r')) {
                let line = line.trim_start_matches('\u{feff}');
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let (key, value) = line.split_once('=').unwrap_or((line, ""));
                put(&mut data, key.trim(), value, span);
            }
        }
    }
    for source in list("literals") {
        let Some(written) = source.scalar() else { continue };
        let Some((key, value)) = written.split_once('=') else {
            return Err((source.span, format!("the literal `{written}` is no `key=value`")));
        };
        put(&mut data, key, unquoted(value), source.span);
    }
    for source in list("files") {
        let Some(written) = source.scalar() else { continue };
        let (key, path) = match written.split_once('=') {
            Some((key, path)) => (Text::from(key), path),
            None => (written.rsplit('/').next().unwrap_or(&written).into(), written.as_str()),
        };
        match read(source, path) {
            Content::Text(text, span) if text.len() <= LARGEST => put(&mut data, &key, text, span),
            _ => {
                let unknown = Node::unknown(format!("the content of `{path}` was not read"), "", source.span);
                edit::set(&mut data, &key, source.span, unknown);
            }
        }
    }
    Ok(data)
}

/// A value in one pair of quotes means what is between them.
fn unquoted(value: &str) -> &str {
    let inner = |quote: char| {
        let inside = value.strip_prefix(quote)?.strip_suffix(quote)?;
        (value.len() > 1).then_some(inside)
    };
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

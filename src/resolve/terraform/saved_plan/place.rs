//! Where in the configuration a resource of a plan is written, by its address.

use crate::source::Span;
use crate::tree::block::{Block, Body};
use crate::tree::{Entry, Map, Node, Value};

use crate::resolve::terraform::project::{Project, Target};

/// `module.db["a"].data.aws_x.y[0]`, taken apart.
pub(super) struct Address<'a> {
    /// The modules, the outermost first, without their keys.
    pub(super) modules: Vec<&'a str>,
    /// The same, with their keys.
    keyed_modules: Vec<&'a str>,
    /// Whether it is a data source.
    pub(super) data: bool,
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    /// The name with its key.
    pub(super) keyed: &'a str,
}

impl<'a> Address<'a> {
    /// Takes an address apart; nothing for what is none.
    pub(super) fn parse(address: &'a str) -> Option<Self> {
        let parts = split(address);
        let mut rest = parts.as_slice();
        let (mut modules, mut keyed_modules) = (Vec::new(), Vec::new());
        while let ["module", name, after @ ..] = rest {
            modules.push(plain(name));
            keyed_modules.push(*name);
            rest = after;
        }
        let (data, rest) = match rest {
            ["data", rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let [kind, name] = rest else { return None };
        Some(Self { modules, keyed_modules, data, kind, name: plain(name), keyed: name })
    }

    /// The address of a module call, without keys.
    pub(super) fn parse_modules(address: &str) -> Option<String> {
        let parts = split(address);
        let names: Vec<String> = parts
            .chunks(2)
            .map(|pair| match pair {
                ["module", name] => Some(format!("module.{}", plain(name))),
                _ => None,
            })
            .collect::<Option<_>>()?;
        Some(names.join("."))
    }

    /// In its own module, without keys.
    pub(super) fn plain(&self) -> String {
        format!("{}{}.{}", if self.data { "data." } else { "" }, self.kind, self.name)
    }

    /// In all its modules, without keys.
    pub(super) fn whole(&self) -> String {
        within(&self.modules) + &self.plain()
    }

    /// `module.db["a"].`
    pub(super) fn prefix(&self) -> String {
        within(&self.keyed_modules)
    }
}

/// `db.instance` of `module.db["a"].module.instance`: as the list of installed modules has it.
pub(in crate::resolve::terraform) fn module_key(address: &str) -> Option<String> {
    let parts = split(address);
    let name = |pair: &[&str]| matches!(pair, ["module", _]).then(|| plain(pair[1]).to_owned());
    Some(parts.chunks(2).map(name).collect::<Option<Vec<_>>>()?.join("."))
}

fn within(modules: &[&str]) -> String {
    modules.iter().flat_map(|name| ["module.", name, "."]).collect()
}

/// The parts of an address between its dots; a dot within a key is none.
pub(in crate::resolve::terraform) fn split(address: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in address.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'.' if !quoted => {
                parts.push(&address[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&address[start..]);
    parts
}

/// A name without its key.
fn plain(name: &str) -> &str {
    name.split('[').next().unwrap_or(name)
}

/// Where a resource stands.
pub(super) struct Standing<'a> {
    /// Its block, where it is in the repository.
    pub(super) block: Option<&'a Block>,
    pub(super) head: Span,
    pub(super) span: Span,
    pub(super) path: &'a str,
    /// The heads of the module calls that lead to it, the nearest first.
    pub(super) chain: Vec<Span>,
}

impl<'a> Standing<'a> {
    /// At its block; inside of a module that is elsewhere, at the call; else at its line of the plan.
    pub(super) fn find(
        project: &Project<'a>,
        directory: &str,
        address: &Address<'_>,
        in_plan: Span,
        plan: &'a str,
    ) -> Self {
        let mut standing = Self { block: None, head: in_plan, span: in_plan, path: plan, chain: Vec::new() };
        let Some(mut home) = project.directories.get(directory) else { return standing };
        for module in &address.modules {
            let Some(placed) = home.modules.get(module) else { return standing };
            standing.head = placed.block.head;
            standing.span = placed.block.span;
            standing.path = placed.path;
            let inner = match project.target(home.path, placed.block) {
                Target::Local(path) => project.directories.get(path.as_str()),
                _ => None,
            };
            let Some(inner) = inner else { return standing };
            standing.chain.insert(0, placed.block.head);
            home = inner;
        }
        let declared = if address.data { &home.data } else { &home.resources };
        match declared.get(&(address.kind, address.name)) {
            Some(placed) => {
                standing.block = Some(placed.block);
                standing.head = placed.block.head;
                standing.span = placed.block.span;
                standing.path = placed.path;
            }
            // The plan is older, or newer, than the files.
            None if address.modules.is_empty() => {}
            None => standing.chain.truncate(address.modules.len().saturating_sub(1)),
        }
        standing
    }
}

/// What a block sets, all of it unknown: enough to put planned values where they are written.
pub(super) fn skeleton(block: &Block, address: &str) -> Node {
    Node::new(body(&block.body, address, 0), block.head)
}

fn body(body_: &Body, address: &str, depth: u32) -> Value {
    let mut map = Map::default();
    for attribute in &body_.attributes {
        let name = &attribute.name;
        let reason = format!("`{address}.{}` is known after apply", name.value);
        let value = Node::unknown(reason, "", attribute.value.span);
        map.entries.push(Entry { key: name.value.clone(), key_span: name.span, value });
    }
    for block in body_.blocks.iter().filter(|_| depth < 16) {
        let (name, inner) = match block.kind.value.as_str() {
            "dynamic" => {
                let (Some(label), Some(content)) = (block.labels.first(), block.body.blocks("content").next()) else {
                    continue;
                };
                (label.value.clone(), &content.body)
            }
            _ => (block.kind.value.clone(), &block.body),
        };
        let node = Node::new(body(inner, address, depth + 1), block.head);
        match map.entries.iter_mut().find(|entry| entry.key == name) {
            Some(Entry { value: Node { value: Value::List(items), .. }, .. }) => items.push(node),
            Some(_) => {}
            None => {
                let value = Node::new(Value::List(vec![node]), block.head);
                map.entries.push(Entry { key: name, key_span: block.head, value });
            }
        }
    }
    Value::Map(map)
}

//! One spanned tree for every format. Uses `source` only.
//!
//! YAML, JSON and TOML become [`Node`]s. HCL becomes [`Block`](block::Block)s, whose expressions `resolve/` turns into
//! nodes as well. Markdown becomes a [`Page`](page::Page), whose front matter is a node. What cannot be known from the
//! text stays in the tree as [`Value::Unknown`] with its reason, and is never mistaken for an absent value.

pub mod block;
pub mod page;

use compact_str::CompactString;
use serde::Serialize;

use crate::source::{SourceId, Span};

/// A short string; most are kept inline.
pub type Text = CompactString;

/// Why a value is not known, and what would make it known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// What is missing, as a sentence part: "`var.retention` has no value here".
    pub reason: String,
    /// What the user can do: "pass a tfvars file or a plan". May be empty.
    pub remedy: String,
    /// Where the missing thing is named.
    pub span: Option<Span>,
    /// Addresses of the things whose attributes the value would be made of (`aws_s3_bucket.data.id`): enough to join by.
    /// Of what another folder declares, [its folder](ELSEWHERE) stands before it.
    pub refers_to: Vec<Text>,
    /// For a text of which only parts are unknown: the text, with `*` for each such part.
    pub partial: Option<Text>,
    /// Whether it is certainly not null, whatever it turns out to be: the `id` of a resource, a text with an unknown in it.
    #[serde(skip)]
    pub set: bool,
}

impl Unknown {
    /// An unknown with its reason and remedy, named at `span`.
    pub fn new(reason: impl Into<String>, remedy: impl Into<String>, span: impl Into<Option<Span>>) -> Self {
        Self {
            reason: reason.into(),
            remedy: remedy.into(),
            span: span.into(),
            refers_to: Vec::new(),
            partial: None,
            set: false,
        }
    }

    /// Whether it is a text of which words are known.
    pub fn has_words(&self) -> bool {
        self.partial.as_deref().is_some_and(|partial| partial.contains(char::is_alphabetic))
    }

    /// Whether it is made of nothing that is declared in its own root.
    pub fn is_from_elsewhere(&self) -> bool {
        self.refers_to.iter().all(|address| address.contains(ELSEWHERE))
    }
}

/// What stands between the folder that declares a thing and the thing's address: `production/common//aws_sns_topic.pages`.
pub const ELSEWHERE: &str = "//";

/// An address of Terraform's without the keys of instances: `module.a["x.y"].aws_lb.this[0]` is `module.a.aws_lb.this`.
pub fn without_keys(address: &str) -> Text {
    let mut depth = 0_u32;
    let mut plain = Text::default();
    for letter in address.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(letter),
            _ => {}
        }
    }
    plain
}

/// What stands at a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number that fits 64 bits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A string, with escapes, folding and indentation undone.
    String(Text),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order written.
    Map(Map),
    /// Not known from what was read.
    Unknown(Box<Unknown>),
}

/// A value and where it stands. Under a scalar's span stands the scalar as written, quotes included.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where.
    pub span: Span,
    /// What.
    pub value: Value,
    /// The other places the value came through, the nearest first: the argument, the call, the template's line.
    pub via: Option<Box<[Span]>>,
}

/// One `key: value` of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key as a string.
    pub key: Text,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

/// A mapping in the order written, each key once (a duplicate is a problem, and the last one counts).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    /// The entries.
    pub entries: Vec<Entry>,
}

impl Map {
    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }
}

impl Node {
    /// A value at a place.
    pub fn new(value: Value, span: Span) -> Self {
        Self { span, value, via: None }
    }

    /// A string at a place.
    pub fn string(text: impl Into<Text>, span: Span) -> Self {
        Self::new(Value::String(text.into()), span)
    }

    /// A value that is not known.
    pub fn unknown(reason: impl Into<String>, remedy: impl Into<String>, span: Span) -> Self {
        Self::new(Value::Unknown(Box::new(Unknown::new(reason, remedy, span))), span)
    }

    /// The value of `key`, when this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }

    /// The entry of `key`, when this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.as_map()?.entry(key)
    }

    /// Steps through nested mappings: `at(&["spec", "template"])`. An unknown on the way is returned as it is.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        let mut node = self;
        for key in path {
            if matches!(node.value, Value::Unknown(_)) {
                return Some(node);
            }
            node = node.get(key)?;
        }
        Some(node)
    }

    /// The mapping, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self.value {
            Value::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The number, whole or not.
    #[allow(clippy::cast_precision_loss, reason = "counts and durations are far below 2^52")]
    pub fn as_number(&self) -> Option<f64> {
        match self.value {
            Value::Int(value) => Some(value as f64),
            Value::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The unknown, if it is one.
    pub fn as_unknown(&self) -> Option<&Unknown> {
        match &self.value {
            Value::Unknown(unknown) => Some(unknown),
            _ => None,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The items of a sequence; nothing for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of a mapping; nothing for anything else.
    pub fn entries(&self) -> &[Entry] {
        self.as_map().map_or(&[], |map| &map.entries)
    }

    /// This value with another laid over it: mappings key by key, anything else is replaced.
    #[must_use]
    pub fn overlaid(mut self, above: &Node) -> Node {
        let (Value::Map(below), Some(over)) = (&mut self.value, above.as_map()) else { return above.clone() };
        for entry in &over.entries {
            match below.entries.iter().position(|own| own.key == entry.key) {
                Some(at) => {
                    let own = below.entries.remove(at);
                    below.entries.insert(at, Entry { value: own.value.overlaid(&entry.value), ..entry.clone() });
                }
                None => below.entries.push(entry.clone()),
            }
        }
        self
    }

    /// A scalar as text: strings as they are, numbers and booleans as they are written in YAML.
    pub fn scalar(&self) -> Option<Text> {
        match &self.value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(value) => Some(Text::from(if *value { "true" } else { "false" })),
            Value::Int(value) => Some(compact_str::format_compact!("{value}")),
            Value::Float(value) => Some(compact_str::format_compact!("{value}")),
            _ => None,
        }
    }
}

/// A comment, its marker (`#`, `//`, `/* */`, `<!-- -->`) included in the span and taken off the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    /// Where, marker included.
    pub span: Span,
    /// The text without marker and surrounding space.
    pub text: Text,
}

/// The syntax of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Format {
    /// YAML 1.2, several documents in a file.
    Yaml,
    /// JSON.
    Json,
    /// `HashiCorp` configuration language: `.tf`, `.tfvars`, `.hcl`.
    Hcl,
    /// TOML.
    Toml,
    /// Markdown as code hosts read it (`CommonMark` with tables and task lists).
    Markdown,
    /// Groovy, as a Jenkinsfile is written in it.
    Groovy,
    /// Jsonnet, of which only the comments are read here.
    Jsonnet,
    /// Lines of text that an extractor reads itself (CODEOWNERS).
    Text,
}

/// What a file holds.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "one for each file, and most files are pages or values")]
pub enum Content {
    /// Documents of values (YAML may hold several; JSON and TOML hold one).
    Values(Vec<Node>),
    /// The body of an HCL file.
    Body(block::Body),
    /// A Markdown page.
    Page(page::Page),
    /// Nothing but the source's text.
    Text,
}

/// One parsed file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file it was read from.
    pub source: SourceId,
    /// Its syntax.
    pub format: Format,
    /// What it holds.
    pub content: Content,
    /// Its comments, in order.
    pub comments: Vec<Comment>,
}

impl Document {
    /// The value documents; nothing for HCL and Markdown.
    pub fn values(&self) -> &[Node] {
        match &self.content {
            Content::Values(nodes) => nodes,
            _ => &[],
        }
    }
}

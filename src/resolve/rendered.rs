//! Documents that a tool makes of what people wrote: manifests in Terraform, and whatever a chart or an overlay
//! renders. They have the form of documents that stand in files, and the same extractors read them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Environment, Gap};
use crate::problem::Problem;
use crate::source::{SourceId, Span};
use crate::tree::{Node, Text, Value};

/// One document that a tool makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The file that people wrote, by which it is found: the template, the overlay, the `.tf` file.
    pub source: SourceId,
    /// The path of that file, as shown.
    pub path: Text,
    /// What stands for the whole in that file: the head of the block, the first line of the template.
    pub span: Span,
    /// The document. The spans of its nodes are those of the text that decides them, in whatever file that stands.
    pub node: Node,
    /// The environment it is rendered for; where none was decided, the path and the document's own words decide.
    pub environment: Option<Environment>,
    /// Whether it belongs to a reusable chart or module that nothing here uses: it is not judged.
    pub library: bool,
}

/// A chart of the repository that something which is no file of a deployer installs: a `helm_release` of Terraform.
#[derive(Clone, Debug, PartialEq)]
pub struct Installation {
    /// The chart's folder.
    pub folder: String,
    /// The release's name.
    pub name: Node,
    /// The namespace.
    pub namespace: Option<Node>,
    /// Documents of values, the strongest last.
    pub values: Vec<Node>,
    /// Settings of single values, each with `name` and `value`; they come last.
    pub settings: Vec<Node>,
    /// The file that asks for it.
    pub path: Text,
    /// The environment it is installed for.
    pub environment: Environment,
}

/// What a tool makes of the files of an audit.
#[derive(Debug, Default, PartialEq)]
pub struct Renderings {
    /// The documents, in the order of the files that they are made of.
    pub documents: Vec<Rendered>,
    /// Charts that are to be rendered for it.
    pub installations: Vec<Installation>,
    /// Files that say nothing by themselves, because the documents say all that they would become. What extractors read
    /// in them as they stand is left out.
    pub replaced: BTreeSet<SourceId>,
    /// What could not be rendered.
    pub gaps: Vec<Gap>,
    /// What was wrong with what was rendered.
    pub problems: Vec<Problem>,
}

impl Renderings {
    /// Appends what another tool makes.
    pub fn absorb(&mut self, other: Self) {
        self.documents.extend(other.documents);
        self.installations.extend(other.installations);
        self.replaced.extend(other.replaced);
        self.gaps.extend(other.gaps);
        self.problems.extend(other.problems);
    }

    /// The files that the documents are made of.
    pub fn sources(&self) -> BTreeSet<SourceId> {
        fn within(node: &Node, depth: u32, found: &mut BTreeSet<SourceId>) {
            found.insert(node.span.source);
            match &node.value {
                Value::List(items) if depth < 64 => items.iter().for_each(|item| within(item, depth + 1, found)),
                Value::Map(map) if depth < 64 => {
                    map.entries.iter().for_each(|entry| within(&entry.value, depth + 1, found));
                }
                _ => {}
            }
        }
        let mut found = BTreeSet::new();
        self.documents.iter().for_each(|made| within(&made.node, 0, &mut found));
        found
    }

    /// Says once what is rendered several times alike: for one environment, at one place, with one content.
    pub fn dedup(&mut self) {
        // One line of a template may make many documents, which their names tell apart.
        let mut seen: BTreeMap<(Span, Option<Text>, Option<Text>), Vec<usize>> = BTreeMap::new();
        let mut kept: Vec<Rendered> = Vec::with_capacity(self.documents.len());
        for document in std::mem::take(&mut self.documents) {
            let name = document.environment.as_ref().map(|environment| environment.name.clone());
            let called = document.node.at(&["metadata", "name"]).and_then(Node::scalar);
            let alike = seen.entry((document.span, name, called)).or_default();
            if alike.iter().all(|index| kept[*index] != document) {
                alike.push(kept.len());
                kept.push(document);
            }
        }
        self.documents = kept;
    }
}

/// What an object that a chart renders delivers in turn.
#[derive(Debug, Default)]
pub struct Further {
    /// The `Application`s of Argo CD that it is, or makes.
    pub applications: Vec<Node>,
    /// What it delivers from somewhere else.
    pub gaps: Vec<Gap>,
}

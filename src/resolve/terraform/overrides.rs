//! Override files: `override.tf` and `*_override.tf` change blocks that other files of their folder declare. What they
//! set stands where they set it, so findings point to the file that decides.
//!
//! Source: <https://developer.hashicorp.com/terraform/language/files/override>.

use std::collections::BTreeMap;

use crate::tree::block::{Block, Body};

use super::project::{File, Kind};

/// Whether a file overrides others.
fn overrides(file: &File<'_>) -> bool {
    let name = file.name.strip_suffix(".json").unwrap_or(file.name);
    let stem = name.strip_suffix(".tf").or_else(|| name.strip_suffix(".tofu")).unwrap_or(name);
    matches!(file.kind, Kind::Configuration(_)) && (stem == "override" || stem.ends_with("_override"))
}

/// Merges override files into the files they change; files are sorted by path.
pub(super) fn merge(files: Vec<File<'_>>) -> Vec<File<'_>> {
    let (changing, mut files): (Vec<File<'_>>, Vec<File<'_>>) = files.into_iter().partition(overrides);
    let mut folders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        folders.entry(file.directory).or_default().push(index);
    }
    for change in changing {
        let Kind::Configuration(body) = &change.kind else { continue };
        let beside = folders.get(change.directory).map_or(&[][..], Vec::as_slice);
        let unplaced: Vec<Block> = body
            .blocks
            .iter()
            .filter(|block| !beside.iter().any(|index| change_block(&mut files[*index], block)))
            .cloned()
            .collect();
        // What overrides nothing is refused by Terraform; here it is read as it stands.
        if !unplaced.is_empty() {
            let body = Body { attributes: Vec::new(), blocks: unplaced };
            files.push(File { kind: Kind::Configuration(std::borrow::Cow::Owned(body)), ..change });
        }
    }
    files.sort_by_key(|file| file.path);
    files
}

/// Applies one block to a file, when the file declares what it changes.
fn change_block(file: &mut File<'_>, change: &Block) -> bool {
    let Kind::Configuration(body) = &mut file.kind else { return false };
    if change.kind.value == "locals" {
        let holds = |block: &Block| {
            change.body.attributes.iter().all(|attribute| block.body.attribute(&attribute.name.value).is_some())
        };
        let Some(at) = body.blocks.iter().position(|block| block.kind.value == "locals" && holds(block)) else {
            return false;
        };
        set_attributes(&mut body.to_mut().blocks[at].body, &change.body);
        return true;
    }
    let same = |block: &Block| {
        block.kind.value == change.kind.value
            && block.labels.iter().map(|label| &label.value).eq(change.labels.iter().map(|label| &label.value))
    };
    let Some(at) = body.blocks.iter().position(same) else { return false };
    let block = &mut body.to_mut().blocks[at];
    set_attributes(&mut block.body, &change.body);
    // Nested blocks of a kind take the place of all of that kind.
    let kinds: Vec<_> = change.body.blocks.iter().map(kind_of).collect();
    block.body.blocks.retain(|inner| !kinds.contains(&kind_of(inner)));
    block.body.blocks.extend(change.body.blocks.iter().cloned());
    true
}

/// What kind of block a nested one makes, `dynamic` ones included.
fn kind_of(block: &Block) -> &str {
    match block.labels.first() {
        Some(label) if block.kind.value == "dynamic" => &label.value,
        _ => &block.kind.value,
    }
}

fn set_attributes(body: &mut Body, change: &Body) {
    for attribute in &change.attributes {
        match body.attributes.iter_mut().find(|known| known.name.value == attribute.name.value) {
            Some(known) => *known = attribute.clone(),
            None => body.attributes.push(attribute.clone()),
        }
    }
}

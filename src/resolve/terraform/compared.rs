//! What the text of a project calls production: the word that conditions compare an environment with.

use std::collections::BTreeSet;

use crate::model::Environments;
use crate::tree::Text;
use crate::tree::block::{BinaryOperator, Body, Expression, ExpressionKind};

use super::project::{Directory, Project};
use super::workspaces::{each_part, literal};

/// How deep expressions are looked into.
const DEEPEST: u32 = 64;

/// The one word for production that something is compared with anywhere; nothing where there are several.
pub(super) fn production(project: &Project<'_>, environments: &Environments) -> Option<Text> {
    let mut words = BTreeSet::new();
    let of_terragrunt = project.terragrunt.values().map(|file| &file.configuration);
    for directory in project.directories.values().chain(of_terragrunt) {
        of_directory(directory, &mut words);
    }
    let plain = |word: &Text| word.chars().all(char::is_alphanumeric);
    words.retain(|word| plain(word) && environments.of_word(word).is_some_and(|environment| environment.production));
    words.pop_first().filter(|_| words.is_empty())
}

fn of_directory(directory: &Directory<'_>, words: &mut BTreeSet<Text>) {
    for local in directory.locals.values() {
        of_expression(&local.value, words, 0);
    }
    let placed = directory.resources.values().chain(directory.data.values()).chain(directory.modules.values());
    for block in placed.map(|placed| placed.block).chain(directory.outputs.values().copied()) {
        of_body(&block.body, words, 0);
    }
}

fn of_body(body: &Body, words: &mut BTreeSet<Text>, depth: u32) {
    if depth > DEEPEST {
        return;
    }
    for attribute in &body.attributes {
        of_expression(&attribute.value, words, depth + 1);
    }
    for block in &body.blocks {
        of_body(&block.body, words, depth + 1);
    }
}

fn of_expression(expression: &Expression, words: &mut BTreeSet<Text>, depth: u32) {
    if depth > DEEPEST {
        return;
    }
    if let ExpressionKind::Binary(BinaryOperator::Equal | BinaryOperator::NotEqual, left, right) = &expression.kind {
        words.extend(literal(left).into_iter().chain(literal(right)));
    }
    each_part(&expression.kind, &mut |part| of_expression(part, words, depth + 1));
}

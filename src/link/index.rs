//! Look-ups made once, so that joining stays linear: what could be meant is looked up, and only that is compared.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::format_compact;

use crate::model::kubernetes::Selector;
use crate::model::{Fact, Labels};
use crate::tree::{ELSEWHERE, Text, Unknown};

/// Things that select by labels, found by what they select.
#[derive(Default)]
pub(super) struct BySelector {
    by_label: BTreeMap<(Text, Text), Vec<usize>>,
    /// Those that name no label and its value; they may match anything.
    others: Vec<usize>,
}

impl BySelector {
    /// An index of things, in their order, by their selectors.
    pub(super) fn new<'s>(selectors: impl Iterator<Item = &'s Selector>) -> Self {
        let mut index = Self::default();
        for (number, selector) in selectors.enumerate() {
            match selector.labels.first() {
                Some(label) => index.by_label.entry(label.clone()).or_default().push(number),
                None => index.others.push(number),
            }
        }
        index
    }

    /// Those whose selector may match these labels, in their order.
    pub(super) fn candidates(&self, labels: &Labels) -> BTreeSet<usize> {
        let pairs = labels.0.iter().filter_map(|(key, fact)| Some((key.clone(), fact.value()?.clone())));
        let by_label = pairs.filter_map(|pair| self.by_label.get(&pair)).flatten();
        by_label.chain(&self.others).copied().collect()
    }
}

/// Things by their addresses and names, of which a reference or a literal may mean one.
pub(super) struct ByAddress<T> {
    by_address: BTreeMap<Text, Vec<T>>,
    by_name: BTreeMap<Text, Vec<T>>,
}

impl<T: Copy + PartialEq> ByAddress<T> {
    /// An index of nothing yet.
    pub(super) fn new() -> Self {
        Self { by_address: BTreeMap::new(), by_name: BTreeMap::new() }
    }

    /// Adds a thing, which is declared in a root of Terraform where it has an address.
    pub(super) fn add<'n>(&mut self, root: &str, address: &str, names: impl IntoIterator<Item = &'n Text>, thing: T) {
        if !address.is_empty() {
            self.by_address.entry(address.into()).or_default().push(thing);
            self.by_address.entry(format_compact!("{root}{ELSEWHERE}{address}")).or_default().push(thing);
        }
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            self.by_name.entry(name.clone()).or_default().push(thing);
        }
    }

    /// What a literal names.
    pub(super) fn named(&self, name: &str) -> &[T] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// What a reference leads to: `aws_sqs_queue.jobs.arn` to `aws_sqs_queue.jobs`, from another root too. What it says
    /// most exactly comes first: one environment has `jobs[0]`, and another, of which the count is not known, `jobs`.
    /// All of them (`aws_sqs_queue.jobs`) are those of any index.
    pub(super) fn referred(&self, reference: &str) -> Vec<T> {
        let ends = reference.match_indices(['.', '[']).map(|(at, _)| at).chain([reference.len()]);
        let prefixes: Vec<&Vec<T>> = ends.filter_map(|end| self.by_address.get(reference.get(..end)?)).collect();
        if !prefixes.is_empty() {
            return prefixes.into_iter().rev().flatten().copied().collect();
        }
        let indexed = format_compact!("{reference}[");
        let instances = self.by_address.range(indexed.clone()..);
        instances
            .take_while(|(address, _)| address.starts_with(indexed.as_str()))
            .flat_map(|(_, it)| it)
            .copied()
            .collect()
    }

    /// What a value that is not known would be made of.
    pub(super) fn led_to(&self, unknown: &Unknown) -> Vec<T> {
        let mut found = Vec::new();
        // One expression names a thing more than once: the resource, and an instance of it.
        for thing in unknown.refers_to.iter().flat_map(|reference| self.referred(reference)) {
            if !found.contains(&thing) {
                found.push(thing);
            }
        }
        found
    }

    /// What the value of a dimension is: by reference to a resource, or by name.
    pub(super) fn meant(&self, value: &Fact<Text>) -> Vec<T> {
        match (value.reason(), value.value()) {
            (Some(unknown), _) => self.led_to(unknown),
            (None, Some(value)) => self.named(value).to_vec(),
            (None, None) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_leads_to_the_resource_it_is_of() {
        let mut index = ByAddress::new();
        index.add("shop", "aws_sqs_queue.jobs", [&Text::from("shop-jobs")], 1);
        index.add("shop", "module.db.aws_db_instance.this", [], 2);
        assert_eq!(index.referred("aws_sqs_queue.jobs.arn"), [1]);
        assert_eq!(index.referred("aws_sqs_queue.jobs[0].arn"), [1]);
        assert!(index.referred("aws_sqs_queue.jobs_dead.arn").is_empty());
        index.add("shop", "aws_sqs_queue.mails[0]", [], 3);
        index.add("shop", "aws_sqs_queue.mails[1]", [], 4);
        assert_eq!(index.referred("aws_sqs_queue.mails[1].arn"), [4]);
        assert_eq!(index.referred("aws_sqs_queue.mails"), [3, 4]);
        index.add("shop", "aws_sqs_queue.mails", [], 5);
        assert_eq!(index.referred("aws_sqs_queue.mails[0].arn"), [3, 5], "that of another environment comes last");
        assert_eq!(index.referred("module.db.aws_db_instance.this.id"), [2]);
        assert_eq!(index.named("shop-jobs"), [1]);
        assert_eq!(index.referred("shop//aws_sqs_queue.jobs.arn"), [1]);
        assert!(index.referred("stock//aws_sqs_queue.jobs.arn").is_empty());
    }
}

//! Duplicate keys, alike for YAML and JSON: each is a problem, and the last one counts, as most readers have it.

use std::collections::BTreeMap;

use crate::problem::{Fault, Problem};
use crate::tree::Entry;

/// Below this many entries, comparing each with each is quicker than an index.
const FEW: usize = 16;

/// The entries with each key once, in the order written; every repetition gives a problem.
pub(super) fn unique(entries: Vec<Entry>, problems: &mut Vec<Problem>) -> Vec<Entry> {
    let replaced = replaced(&entries);
    if !replaced.contains(&true) {
        return entries;
    }
    for (entry, is_replaced) in entries.iter().zip(&replaced) {
        if *is_replaced {
            problems.push(Problem::at(
                Fault::Input,
                entry.key_span,
                format!("the key `{}` is given again further down in the same map; the last one counts", entry.key),
                "remove one of the two: tools disagree about which one counts, and some refuse the file",
            ));
        }
    }
    entries.into_iter().zip(replaced).filter(|(_, is_replaced)| !is_replaced).map(|(entry, _)| entry).collect()
}

/// For each entry, whether a later one has its key.
fn replaced(entries: &[Entry]) -> Vec<bool> {
    if entries.len() <= FEW {
        let later_has = |at: usize| entries[at + 1..].iter().any(|later| later.key == entries[at].key);
        return (0..entries.len()).map(later_has).collect();
    }
    let last: BTreeMap<_, _> = entries.iter().enumerate().map(|(at, entry)| (&entry.key, at)).collect();
    entries.iter().enumerate().map(|(at, entry)| last.get(&entry.key) != Some(&at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceId, Span};
    use crate::tree::{Node, Value};

    fn entry(key: &str, value: i64) -> Entry {
        let span = Span::head(SourceId(0));
        Entry { key: key.into(), key_span: span, value: Node::new(Value::Int(value), span) }
    }

    #[test]
    fn the_last_of_equal_keys_counts_in_small_and_large_maps() {
        for others in [0, 50] {
            let mut entries = vec![entry("a", 1), entry("b", 2), entry("a", 3)];
            entries.extend((0..others).map(|at| entry(&format!("other{at}"), at)));
            let mut problems = Vec::new();
            let kept = unique(entries, &mut problems);
            assert_eq!(problems.len(), 1);
            assert_eq!(kept[..2], [entry("b", 2), entry("a", 3)]);
        }
    }
}

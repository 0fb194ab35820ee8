//! Threads that evaluate: evaluation follows references by recursion, so they have room for its bound.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

const STACK: usize = 64 << 20;

/// Does the same to every item, several at a time; what comes of it is in the order of the items. Each thread makes
/// itself a worker, which may keep what it learns from one item for the next.
pub(super) fn each<'i, I: Sync, O: Send, W: FnMut(&'i I) -> O>(
    items: &'i [I],
    worker: impl Fn() -> W + Sync,
) -> Vec<O> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(items.len());
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        let mut worker = worker();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { break };
            let outcome = worker(item);
            done.lock().unwrap_or_else(PoisonError::into_inner).insert(index, outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            // Where no thread can be had, the work is done here.
            if std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).is_err() {
                work();
            }
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

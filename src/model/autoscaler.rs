//! What changes how many copies of a workload run.

use super::schema::{Fact, facts};
use super::{Id, Workload};
use crate::tree::Text;

facts! {
    /// Something that changes how many copies of a workload run, by load: a `HorizontalPodAutoscaler`, KEDA's
    /// `ScaledObject`.
    noun Autoscaler as "autoscaler" in autoscalers {
        /// Its kind.
        kind: Text,
        /// The fewest copies it keeps.
        min_replicas: Fact<i64>,
        /// The most copies it makes.
        max_replicas: Fact<i64>,
        /// What keeps it from adding copies, said of it: "keeps 3 copies, whatever the load"; null where nothing does.
        obstacle: Fact<Text>,
        /// What it scales, where that is known.
        target: Option<Id<Workload>>,
    } plain {
        /// Its namespace.
        namespace: Fact<Text>,
        /// The kind it scales.
        target_kind: Text,
        /// The name it scales; empty in a patch, which names only what it changes.
        target_name: Text,
    }
}

//! What wakes someone.

use serde::Serialize;

use super::schema::{Fact, Labels, facts};
use super::{Delivery, Id, Runbook, Service, Signal};
use crate::tree::Text;

facts! {
    /// An alert or alarm: a Prometheus alerting rule, a `CloudWatch` alarm, an alert policy.
    noun Alert as "alert" in alerts {
        /// `prometheus`, `cloudwatch`, `google`, `azure`, `datadog`, `grafana`.
        source: Text,
        /// The severity as labelled.
        severity: Fact<Text>,
        /// Whether it wakes someone: its severity is one that pages.
        pages: Fact<bool>,
        /// Whether it calls anybody at all; an informational alert and one that only inhibits others do not.
        notifies: Fact<bool>,
        /// How long the condition must hold before it fires, in seconds; 0 when it fires at once.
        for_seconds: Fact<i64>,
        /// How long it keeps firing after the condition ends, in seconds.
        keep_firing_seconds: Fact<i64>,
        /// What it says in a line.
        summary: Fact<Text>,
        /// What it says in full.
        description: Fact<Text>,
        /// The runbook it names.
        runbook: RunbookReference,
        /// Whether it always fires, to show that alerting works (Watchdog).
        heartbeat: bool,
        /// Whether it is a scheduled exercise: evidence of practice.
        drill: bool,
        /// Whether its expression already looks back over time (burn rates, `increase`, `avg_over_time`, `absent`), so
        /// that firing at once is no flapping; unknown where its expression could not be read.
        smoothed: Fact<bool>,
        /// How many actions it takes when it fires: topics, channels, handles.
        actions: Fact<i64>,
        /// Whether it is switched off: it is declared, and never says anything. Absent where it is no alarm of a cloud.
        switched_off: Fact<bool>,
        /// Whether its actions only steer machines (autoscaling, instance recovery, deployment rollback, a composite
        /// alarm): nobody is meant to be called.
        automation: Fact<bool>,
        /// Whether it watches what is spent: nobody is woken for a bill.
        cost: bool,
        /// Where it ends.
        delivery: Delivery,
        /// Whether a Prometheus in the audited roots loads it; absent where none could.
        loaded: Fact<bool>,
        /// Whether it is made of a service level objective.
        slo: bool,
        /// The team it names.
        team: Fact<Text>,
        /// Whether that team owns the service it watches; absent where either is not named, where a person owns it, or only
        /// the line of CODEOWNERS for everything else.
        team_owns: Fact<bool>,
        /// What it makes of missing data (`missing`, `breaching`, `notBreaching`, `ignore`); absent where that is no
        /// question.
        missing_data: Fact<Text>,
        /// Whether it asks if something is there, so that no data at all is the worst answer.
        presence: bool,
        /// Whether a unit test names the file of its rules; asked of the first alert of a file, where some rules are
        /// tested.
        tested: Fact<bool>,
        /// A recording that its expression names and that nothing here records; unknown where it may be recorded
        /// elsewhere.
        unrecorded: Fact<Text>,
        /// Why it can never fire, in words: what its expression compares has bounds that the threshold lies outside of.
        /// Absent where it can, or may.
        impossible: Fact<Text>,
        /// An alert before it of the same name, labels and expression.
        repeats: Fact<Text>,
        /// What it tells of what it watches: `availability`, `errors`, `latency`, `traffic`, `saturation`; unknown where
        /// its expression could not be read.
        signals: Fact<Vec<Signal>>,
        /// Whether all it looks at is how something is run (its pods, its processor, its memory), and nothing of what it
        /// does.
        platform: bool,
        /// The services it watches.
        services: Vec<Id<Service>>,
    } plain {
        /// The name without its kind.
        plain_name: Text,
        /// Its own labels and those of its group.
        labels: Labels,
        /// Its annotations.
        annotations: Labels,
        /// The expression as written.
        expression: Fact<Text>,
        /// What it watches.
        watches: Vec<Watch>,
        /// The cloud metrics it looks at: `FreeStorageSpace`.
        metrics: Vec<Text>,
        /// Their namespaces: `AWS/Backup`.
        namespaces: Vec<Text>,
        /// The namespace of the object it is declared in.
        namespace: Fact<Text>,
        /// Tags.
        tags: Labels,
        /// Whether it may fire though part of what it watches is not there: `a or b`, `a unless b`.
        alternatives: bool,
        /// What is known of the labels of its series when it fires.
        output: Output,
        /// Whether what it watches is guessed by its own name and place, since nothing that it asks for says it.
        guessed: bool,
        /// What its actions name: addresses of resources, identifiers, handles.
        targets: Vec<Fact<Text>>,
        /// Labels of the Kubernetes object it is declared in.
        object_labels: Option<Labels>,
        /// Whether it stands in a file of rules, as the configuration of a Prometheus names them; rules in values of a
        /// chart, in a program and in an objective are handed over in another way.
        in_rule_file: bool,
    }
}

facts! {
    /// The runbook an alert names.
    part RunbookReference as "runbook_reference" {
        /// Whether it names one.
        exists: Fact<bool>,
        /// The link or path as written.
        url: Fact<Text>,
        /// The page, when it is in an audited root.
        page: Option<Id<Runbook>>,
    } plain {}
}

/// One thing that an alert looks at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Watch {
    /// Series of Prometheus, by metric and matchers.
    Series {
        /// The metric, unless only matchers say it.
        metric: Option<Text>,
        /// `label`, operator (`=`, `!=`, `=~`, `!~`), value.
        matchers: Vec<(Text, Text, Text)>,
    },
    /// A dimension of a cloud metric: namespace, dimension, and what it refers to.
    Dimension {
        /// `AWS/RDS`, `cloudsql.googleapis.com`, …
        namespace: Text,
        /// `DBInstanceIdentifier`, `database_id`, …
        name: Text,
        /// The value; one that is only known after apply refers to its resource.
        value: Fact<Text>,
    },
}

impl Watch {
    /// The metric of its series, where it names one.
    pub fn metric(&self) -> Option<&Text> {
        match self {
            Self::Series { metric, .. } => metric.as_ref(),
            Self::Dimension { .. } => None,
        }
    }

    /// The matchers of its series: label, operator, value.
    pub fn matchers(&self) -> &[(Text, Text, Text)] {
        match self {
            Self::Series { matchers, .. } => matchers,
            Self::Dimension { .. } => &[],
        }
    }

    /// What the dimension that it looks at refers to.
    pub fn dimension(&self) -> Option<&Fact<Text>> {
        match self {
            Self::Dimension { value, .. } => Some(value),
            Self::Series { .. } => None,
        }
    }
}

impl Alert {
    /// Whether it may call somebody, in production.
    pub fn calls(&self) -> bool {
        self.place.environment.production && !self.notifies.is_false()
    }
}

/// The labels of the series that an expression gives.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Output {
    /// The only labels there can be (`sum by (service)`); none when any label may be there.
    pub only: Option<Vec<Text>>,
    /// Labels whose value the selectors fix (`up{job="checkout"}`).
    pub fixed: Vec<(Text, Text)>,
}

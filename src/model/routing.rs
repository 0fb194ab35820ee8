//! Whom alerts are delivered to: routing trees as written, and what linking makes of them.
//!
//! A file gives [`Tree`]s (an Alertmanager's configuration, an `AlertmanagerConfig`, Grafana's notification policies) and
//! [`Receiver`]s. Linking puts the trees together as the operator of Prometheus does, walks them for every alert, and
//! adds [`Routing`]s and [`Route`]s, which rules are about.

use serde::Serialize;

use super::alert::Watch;
use super::kubernetes::Selector;
use super::matching::LabelMatcher;
use super::oncall::PagingService;
use super::schema::{Fact, Labels, facts};
use super::{Id, Place, Signal};
use crate::source::Span;
use crate::tree::{Text, Unknown};

/// What a receiver reaches, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Reach {
    /// Nothing is configured: whatever ends here is dropped.
    #[default]
    Nothing,
    /// A watcher that calls when it hears nothing any more.
    Heartbeat,
    /// A machine; what it does is not known.
    Webhook,
    /// Mail, or a ticket.
    Mail,
    /// A chat room.
    Chat,
    /// Something that rings.
    Pager,
}

impl Reach {
    /// The word that rules and reports use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Heartbeat => "heartbeat",
            Self::Webhook => "webhook",
            Self::Mail => "mail",
            Self::Chat => "chat",
            Self::Pager => "pager",
        }
    }
}

/// One way in which a receiver calls.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Integration {
    /// What it is: `pagerduty`, `slack`, `https`, `email`.
    pub kind: Text,
    /// What it reaches.
    pub reach: Reach,
    /// Which one, where that may be said: a channel, a host, an address. Never a secret.
    pub detail: Text,
    /// Where it is configured.
    pub span: Span,
    /// Addresses of Terraform resources that it is made of.
    pub refers_to: Vec<Text>,
    /// Teams that it asks the paging tool to call, by name.
    pub teams: Vec<Text>,
    /// The service of the paging tool that it calls, once linked.
    pub paging_service: Option<Id<PagingService>>,
}

/// A routing tree as one file or object declares it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tree {
    /// `alertmanager` or `grafana`.
    pub source: Text,
    /// What it is called: `AlertmanagerConfig/shop`, or the file.
    pub name: Text,
    /// Where.
    pub place: Place,
    /// Whether it is a whole configuration, or a part that the operator adds to one.
    pub part: Option<Part>,
    /// Whether it is where the operator reads the whole configuration that it adds parts to.
    pub operated: bool,
    /// The root.
    pub root: Branch,
    /// What its receivers are, in the order written.
    pub receivers: Vec<Receiver>,
    /// Named time intervals.
    pub intervals: Vec<Interval>,
    /// What silences what.
    pub inhibitions: Vec<Inhibition>,
}

/// An `AlertmanagerConfig`: which alerts its tree is asked about.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Part {
    /// `metadata.name`.
    pub name: Text,
    /// The namespace it is in.
    pub namespace: Fact<Text>,
    /// Its labels, by which an `Alertmanager` selects it.
    pub labels: Labels,
}

/// A node of a routing tree as written.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Branch {
    /// Where it stands: its first line.
    pub span: Span,
    /// All of these must accept an alert.
    pub matchers: Vec<LabelMatcher>,
    /// Why some of its matchers are not known, when they are not.
    pub unreadable: Option<Unknown>,
    /// The receiver it names; absent where it takes its parent's.
    pub receiver: Fact<Text>,
    /// Whether routes after it are asked as well.
    pub continues: bool,
    /// Names of intervals during which it says nothing, each with its place.
    pub mute: Vec<(Text, Span)>,
    /// Names of intervals outside of which it says nothing, each with its place.
    pub active: Vec<(Text, Span)>,
    /// Routes below it, in order.
    pub routes: Vec<Branch>,
}

/// A named time interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Interval {
    /// Its name.
    pub name: Text,
    /// Where.
    pub span: Span,
    /// Whether it is all of the time.
    pub always: bool,
}

/// What Prometheus adds to alerts, and which rules it loads.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Prometheus {
    /// `Prometheus/k8s`, or the file.
    pub name: Text,
    /// Where.
    pub place: Place,
    /// The namespace it is in.
    pub namespace: Fact<Text>,
    /// Labels it adds to whatever it sends.
    pub external_labels: Labels,
    /// Whether it rewrites the labels of alerts.
    pub relabels: Option<Span>,
    /// Globs of its rule files, when it is a configuration file.
    pub rule_files: Vec<(Text, Span)>,
    /// `spec.ruleSelector` of a custom resource: none selects nothing.
    pub rule_selector: Option<Selector>,
    /// `spec.ruleNamespaceSelector`: none means its own namespace.
    pub rule_namespaces: Option<Selector>,
    /// Whether it is a custom resource, whose rules are selected by labels.
    pub selects: bool,
    /// Whether it stands in the values of a chart, of which several files may be given together.
    pub is_values: bool,
    /// Where it says that it finds what it scrapes by discovery, when it does.
    pub discovers: Option<Span>,
    /// Where it takes over what another server records, when it does: by federation, or by reading from elsewhere.
    pub takes_over: Option<Span>,
}

/// A job that lists the targets it scrapes, rather than finding them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ScrapeJob {
    /// Its name, which its series carry as `job`.
    pub name: Text,
    /// `host:port`, as written.
    pub targets: Vec<Text>,
    /// Where.
    pub span: Span,
}

/// An `Alertmanager`, as far as it says which configuration it has.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Alertmanager {
    /// Where.
    pub place: Place,
    /// The `AlertmanagerConfig` that is its whole configuration.
    pub global: Option<Text>,
    /// The namespace it is in.
    pub namespace: Fact<Text>,
    /// `alertmanagerConfigSelector`: none selects nothing.
    pub selector: Option<Selector>,
    /// `alertmanagerConfigNamespaceSelector`: none means its own namespace.
    pub namespaces: Option<Selector>,
    /// `alertmanagerConfigMatcherStrategy.type`.
    pub strategy: Option<Text>,
}

/// A recording rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Recording {
    /// The name of what it records.
    pub name: Text,
    /// The file.
    pub path: Text,
    /// What that is made of; nothing where that could not be read.
    pub watches: Vec<Watch>,
    /// What it tells.
    pub signals: Vec<Signal>,
    /// Labels that it gives what it records.
    pub labels: Labels,
    /// The only labels of its series that it keeps (`sum by (service)`); none where any may be there.
    pub kept: Option<Vec<Text>>,
}

/// What files say of routing, before linking.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Declarations {
    /// Routing trees.
    pub trees: Vec<Tree>,
    /// Prometheus servers.
    pub prometheis: Vec<Prometheus>,
    /// Alertmanagers.
    pub alertmanagers: Vec<Alertmanager>,
    /// Recording rules.
    pub recordings: Vec<Recording>,
    /// Rule files that unit tests of promtool name, as written.
    pub tested_files: Vec<Text>,
    /// Jobs in production whose targets are listed.
    pub scrape_jobs: Vec<ScrapeJob>,
}

impl Declarations {
    /// Appends what another file says.
    pub fn absorb(&mut self, other: Self) {
        self.trees.extend(other.trees);
        self.prometheis.extend(other.prometheis);
        self.alertmanagers.extend(other.alertmanagers);
        self.recordings.extend(other.recordings);
        self.tested_files.extend(other.tested_files);
        self.scrape_jobs.extend(other.scrape_jobs);
    }
}

facts! {
    /// One configuration that routes alerts: of an Alertmanager, or of Grafana.
    noun Routing as "routing" in routings {
        /// `alertmanager` or `grafana`.
        source: Text,
        /// Whether any receiver that a route leads to calls anybody.
        calls_somebody: Fact<bool>,
        /// Whether any receiver that a route leads to is a pager.
        has_pager: Fact<bool>,
        /// Whether an alert that always fires reaches a watcher, which calls when it hears nothing any more.
        heartbeat: Fact<bool>,
        /// How many alerts in the audited roots it routes.
        alerts: i64,
    } plain {
        /// Its root.
        root: Option<Id<Route>>,
        /// What its unmatched alerts end at is not in the audited roots.
        base: Option<Unknown>,
    }
}

facts! {
    /// A route of a routing tree.
    noun Route as "route" in routes {
        /// The configuration it is part of.
        routing: Option<Id<Routing>>,
        /// What it asks of labels; "everything" for the root.
        matchers: Text,
        /// The receiver, its own or its parent's.
        receiver: Option<Id<Receiver>>,
        /// Whether some alert can reach it: no earlier route takes all that it would match, and its matchers do not
        /// contradict each other.
        reachable: Fact<bool>,
        /// What takes everything before it, or contradicts it, in words.
        shadow: Fact<Text>,
        /// Whether it is muted all of the time.
        muted: Fact<bool>,
        /// Whether it stands at the top.
        root: bool,
        /// Whether it names alerts (`alertname`), so that where it leads is meant for them.
        by_name: bool,
    } plain {
        /// All of these must accept an alert.
        tests: Vec<LabelMatcher>,
        /// Why some of its matchers are not known, when they are not.
        unreadable: Option<Unknown>,
        /// Whether routes after it are asked as well.
        continues: bool,
        /// Whether it is muted at some times.
        muted_at_times: bool,
        /// The route it is below.
        parent: Option<Id<Route>>,
        /// Routes below it, in order.
        children: Vec<Id<Route>>,
        /// Why its receiver is not known, when it is not.
        elsewhere: Option<Unknown>,
    }
}

facts! {
    /// Where alerts end: a receiver of Alertmanager, a contact point, a topic, an action group, a channel.
    noun Receiver as "receiver" in receivers {
        /// `alertmanager`, `grafana`, `sns`, `azure`, `google`, `datadog`.
        source: Text,
        /// The strongest thing it reaches: `pager`, `chat`, `mail`, `webhook`, `heartbeat` or `nothing`; unknown where
        /// that is configured elsewhere.
        reach: Fact<Text>,
        /// How it calls, in words: `pagerduty`, `slack #ops`.
        calls: Vec<Text>,
        /// Whether any route or alarm leads to it.
        used: Fact<bool>,
    } plain {
        /// The name without its kind.
        plain_name: Text,
        /// The address of its Terraform resource.
        address: Text,
        /// How it calls.
        integrations: Vec<Integration>,
        /// Why it is not known how it calls, when it is not.
        unread: Option<Unknown>,
    }
}

facts! {
    /// A rule by which some alerts silence others.
    noun Inhibition as "inhibition" in inhibitions {
        /// What silences, in words.
        source: Text,
        /// What is silenced, in words.
        target: Text,
        /// The labels that must agree.
        equal: Vec<Text>,
        /// Whether it is narrow: some label must agree, or both sides name more than severities.
        narrow: Fact<bool>,
    } plain {
        /// What silences.
        sources: Vec<LabelMatcher>,
        /// What is silenced.
        targets: Vec<LabelMatcher>,
    }
}

facts! {
    /// Where an alert ends.
    part Delivery as "delivery" {
        /// Whether the audited roots say where it ends: a routing configuration, or actions of its own.
        routed: bool,
        /// Whether it reaches somebody, or something that was set up to take it.
        somebody: Fact<bool>,
        /// Whether it reaches a pager.
        pager: Fact<bool>,
        /// Whether a pager is among the receivers that it could have been routed to.
        pager_available: bool,
        /// Whether it is dropped on purpose: a route that names it leads to nothing.
        dropped_on_purpose: bool,
        /// Whether it is heard of by nobody; unknown where one of the ways that it may take ends so.
        unheard: Fact<bool>,
        /// Whether everything that routes it calls nobody: its configuration is a form that is filled in elsewhere.
        form: bool,
        /// Whether it is never sent: its rule is loaded by no Prometheus.
        unsent: bool,
        /// Where it ends, in words.
        end: Fact<Text>,
        /// The receivers it ends at, or may end at.
        receivers: Vec<Id<Receiver>>,
    } plain {
        /// Each way it may take.
        hits: Vec<Hit>,
        /// What its labels are when it is sent, in words, for whoever explains.
        sent_labels: Vec<(Text, Sent)>,
    }
}

/// What a label of an alert is when it is sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Sent {
    /// This value, from here.
    Value(Text, &'static str),
    /// Some value; why it is not known.
    Unknown(String),
}

/// One way that an alert takes, or may take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hit {
    /// The route it ends at; none for an alarm that names its receivers itself.
    pub route: Option<Id<Route>>,
    /// The receiver.
    pub receiver: Option<Id<Receiver>>,
    /// Whether it surely takes this way; otherwise what it depends on.
    pub depends_on: Option<Unknown>,
    /// Where the alarm names it.
    pub span: Option<Span>,
}

/// Matchers in words.
pub fn shown(matchers: &[LabelMatcher]) -> Text {
    if matchers.is_empty() {
        return Text::const_new("everything");
    }
    matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ").into()
}

//! What keeps data, read by the table of providers: the resource itself, the companions that carry facts for it, and
//! public modules that are read by their arguments.

use crate::extract::Facts;
use crate::model::{BackupState, Datastore, Environment, Fact, Place, Shared, State};
use crate::resolve::terraform::{Mode, ModuleCall, Reference, Resource, points_at, refers, step};
use crate::source::Span;
use crate::tree::{Node, Text, Unknown, Value};

use super::providers::{Companion, PublicModule, Reading, Store, table};
use super::reading::{Answer, Told, read, undocumented};
use super::{Ground, Seen, doubt, refers_to, unread};

/// A bucket that expires all it holds within this many days keeps nothing that must be restored.
const SHORT_LIVED: f64 = 400.0;

/// Words by which a bucket says that it holds only what is made again.
const PASSING: &[&str] = &[
    "logs",
    "logging",
    "accesslogs",
    "flowlogs",
    "tmp",
    "temp",
    "temporary",
    "scratch",
    "cache",
    "artifact",
    "artifacts",
    "artefact",
    "artefacts",
    "build",
    "builds",
    "inventory",
    "inventories",
    "loki",
    "mimir",
    "tempo",
    "thanos",
    // What pipelines of AWS write for themselves.
    "codebuild",
    "codepipeline",
];

/// What scans a server for weaknesses, and where each says in which part of a store it puts what it found.
/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/mssql_server_vulnerability_assessment#storage_container_path>
const SCANS: &[(&str, &str)] = &[("azurerm_mssql_server_vulnerability_assessment", "storage_container_path")];

/// A primary and its replicas.
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/elasticache_replication_group#replicas_per_node_group>
const MOST_NODES: u32 = 6;

/// Words by which a table says that it holds only what may be lost.
const FLEETING: &[&str] = &["session", "sessions", "cache", "lock", "locks"];

/// Records of DNS, and where each says what its name stands for.
/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/route53_record#records>,
/// <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/dns_record_set#rrdatas>,
/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/private_dns_cname_record#record>
const RECORDS: &[(&str, &str)] = &[
    ("aws_route53_record", "records"),
    ("google_dns_record_set", "rrdatas"),
    ("azurerm_dns_cname_record", "record"),
    ("azurerm_private_dns_cname_record", "record"),
    ("cloudflare_record", "content"),
    ("cloudflare_record", "value"),
    ("cloudflare_dns_record", "content"),
];

/// Names of resources that tell nothing.
const GENERIC: &[&str] = &["this", "main", "default"];

/// Words by which it says the contrary.
const KEPT: &[&str] = &["state", "tfstate", "terraform", "backup", "backups"];

/// A store as declared: a resource, or a call of a public module.
struct Declared<'a> {
    ground: Ground<'a>,
    store: &'static Store,
    module: Option<&'static PublicModule>,
    type_name: &'a str,
    label: &'a str,
    address: &'a Text,
    body: &'a Node,
    head: Span,
    path: &'a Text,
    shared: Option<&'a Shared>,
    environment: &'a Environment,
    provider: &'a str,
    references: &'a [Reference],
    uncertain: Option<&'a Unknown>,
    /// Why nothing is known of it but what the call of its module says.
    unread: Option<Unknown>,
}

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    let managed = ground.root.resources.iter().filter(|resource| resource.mode == Mode::Managed);
    let resources = managed.filter_map(|resource| of_resource(ground, resource));
    let calls = ground.root.calls.iter().filter_map(|call| of_call(ground, call));
    for declared in resources.chain(calls) {
        let datastore = declared.datastore();
        let told = format!(
            "{:?}{:?}{:?}",
            datastore.backup.enabled.state, datastore.backup.retention_days.state, datastore.deletion_protection.state
        );
        if seen.first(&datastore.name, &datastore.place, told) {
            facts.model.add(datastore);
        }
    }
}

fn of_resource<'a>(ground: Ground<'a>, resource: &'a Resource) -> Option<Declared<'a>> {
    // Such an account has no blobs; its shares are stores of their own.
    // <https://learn.microsoft.com/azure/storage/common/storage-account-overview#types-of-storage-accounts>
    if resource.at("account_kind").and_then(Node::as_str) == Some("FileStorage") {
        return None;
    }
    Some(Declared {
        ground,
        store: table().store(&resource.type_name)?,
        module: None,
        type_name: &resource.type_name,
        label: &resource.name,
        address: &resource.address,
        body: &resource.body,
        head: resource.head,
        path: &resource.path,
        shared: resource.shared.as_ref(),
        environment: &resource.environment,
        provider: &resource.provider,
        references: &resource.references,
        uncertain: resource.uncertain.as_ref(),
        unread: None,
    })
}

fn of_call<'a>(ground: Ground<'a>, call: &'a ModuleCall) -> Option<Declared<'a>> {
    let module = table().module(&call.source);
    let made = super::public::Made::of(call, module.map_or(&[], |module| &module.switches));
    if made == super::public::Made::Nothing {
        return None;
    }
    let (store, unread) = match module {
        Some(module) => (table().store(&module.resource)?, None),
        None => (unread::store(&call.source)?, Some(unread::reason(call))),
    };
    Some(Declared {
        ground,
        store,
        module,
        unread,
        type_name: &store.type_name,
        label: call.address.rsplit('.').next().unwrap_or_default(),
        address: &call.address,
        body: &call.arguments,
        head: call.head,
        path: &call.path,
        shared: None,
        environment: &ground.root.environment,
        provider: "",
        references: &call.references,
        uncertain: call.uncertain.as_ref().or(made.doubt()),
    })
}

impl Declared<'_> {
    fn datastore(&self) -> Datastore {
        let name = self.address.clone();
        // A module that is given no origin copies none.
        let copies = self.told("replica").filter(|told| self.unread.is_none() || told.said);
        let replica =
            copies.map_or_else(Fact::default, |told| told.fact.map(|answer| answer.truth())).or_default(false);
        let tags = self.ground.tags(self.type_name, self.provider, self.body);
        let names = self.names();
        let mut datastore = Datastore {
            name: name.clone(),
            place: self.place(),
            kind: self.store.kind.as_str().into(),
            engine: self.engine(),
            platform: platform(self.type_name).into(),
            replica,
            ephemeral: Fact::known(false, self.head),
            backup: self.backup(),
            deletion_protection: self.deletion_protection(),
            skips_final_snapshot: self.flag("skip_final_snapshot"),
            deletes_backups: self.flag("delete_automated_backups"),
            versioned: self.flag("versioned"),
            soft_delete_days: self.told("soft_delete_days").map_or_else(Fact::default, |told| number(told.fact)),
            multi_zone: self.flag("multi_zone"),
            storage_autoscaling: self.flag("storage_autoscaling"),
            logs_exported: self.flag("logs_exported"),
            copied_elsewhere: self.flag("geo_redundant_backup"),
            own_interval_minutes: self.minutes("backup_interval"),
            pitr_lag_minutes: self.minutes("pitr_lag"),
            arn: self.store.arn.as_deref().unwrap_or_default().into(),
            protected_type: self.protected_type(),
            address: name,
            provider: self.provider.into(),
            home: self.ground.home(self.type_name, self.provider),
            replicates: self.replicates(),
            tells: self.tells(),
            members: self.members().map(|member| member.address.clone()).collect(),
            tags_open: self.body.get("tags").and_then(Node::as_unknown).cloned(),
            type_name: self.type_name.into(),
            tags,
            names,
            ..Datastore::default()
        };
        datastore.disposable = self.disposable(&datastore);
        datastore
    }

    fn place(&self) -> Place {
        let environment = self.environment.clone();
        let shared = self.shared.cloned();
        let library = self.ground.root.library;
        let doubt = self.uncertain.or(self.unread.as_ref()).cloned().map(Box::new);
        let root = self.ground.root.directory.clone();
        Place { span: self.head, path: self.path.clone(), environment, library, shared, root, doubt }
    }

    fn names(&self) -> Vec<Text> {
        let paths = self.module.and_then(|module| module.name_paths.as_ref()).unwrap_or(&self.store.name_paths);
        let mut names: Vec<Text> = paths.iter().filter_map(|path| step(self.body, path)?.scalar()).collect();
        if !GENERIC.contains(&self.label) {
            names.push(self.label.into());
        }
        names.extend(self.aliases());
        names.extend(self.nodes());
        names.extend(self.members().filter_map(|member| member.at("identifier")?.scalar()));
        // What a module keeps is known by the name of its call.
        let segments: Vec<&str> = self.address.split('.').collect();
        let calls = segments.windows(2).filter(|pair| pair.first() == Some(&"module")).filter_map(|pair| pair.get(1));
        names.extend(calls.rev().map(|name| Text::from(name.split('[').next().unwrap_or(name))));
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    /// The nodes that a replication group makes itself: alarms are on these.
    /// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Replication.Endpoints.html>
    fn nodes(&self) -> impl Iterator<Item = Text> {
        let group = step(self.body, "replication_group_id").and_then(Node::scalar);
        let group = group.filter(|_| self.type_name == "aws_elasticache_replication_group");
        group.into_iter().flat_map(|group| (1..=MOST_NODES).map(move |node| format!("{group}-{node:03}").into()))
    }

    /// The names of records of DNS that lead to its address, without their zone: a host is looked for by the short one.
    fn aliases(&self) -> Vec<Text> {
        let leads_here = |target: &Node| {
            let unknown = target.as_unknown();
            unknown.is_some_and(|unknown| {
                // A reference to all of several is one to none of them.
                let mut rest = unknown.refers_to.iter().filter_map(|it| it.strip_prefix(self.address.as_str()));
                rest.any(|rest| rest.starts_with('.'))
            })
        };
        let records = RECORDS.iter().flat_map(|(kind, path)| {
            let of_kind = self.ground.of_type(kind);
            of_kind.filter_map(move |record| Some((record, record.at(path)?)))
        });
        let found = records.filter(|(_, target)| leads_here(target) || target.items().iter().any(leads_here));
        let names = found.filter_map(|(record, _)| record.at("name")?.scalar());
        names.map(|name| Text::from(name.split('.').next().unwrap_or(&name))).collect()
    }

    /// What the attribute that makes it a replica names.
    fn replicates(&self) -> Vec<Fact<Text>> {
        let Some(path) = self.store.facts.get("replica").and_then(|reading| reading.path.as_deref()) else {
            return Vec::new();
        };
        let at = |name: Text| Fact::known(name, self.head);
        let written = step(self.body, path).and_then(Node::scalar).map(at);
        refers(self.references, path).map(|address| at(address.into())).chain(written).collect()
    }

    /// The instances of a cluster.
    fn members(&self) -> impl Iterator<Item = &Resource> {
        let kind = match self.type_name {
            "aws_rds_cluster" => "aws_rds_cluster_instance",
            "aws_docdb_cluster" => "aws_docdb_cluster_instance",
            "aws_neptune_cluster" => "aws_neptune_cluster_instance",
            _ => "",
        };
        self.ground.of_type(kind).filter(|member| {
            let cluster = member.at("cluster_identifier");
            let named = cluster
                .and_then(Node::as_str)
                .is_some_and(|name| step(self.body, "cluster_identifier").and_then(Node::as_str) == Some(name));
            let referred = cluster
                .and_then(Node::as_unknown)
                .is_some_and(|unknown| unknown.refers_to.iter().any(|reference| points_at(reference, self.address)));
            named || referred
        })
    }

    /// The topics that it tells of its own events: a failed node, a failover.
    /// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ElastiCacheSNS.html>
    fn tells(&self) -> Vec<Fact<Text>> {
        const PATH: &str = "notification_topic_arn";
        let Some(node) = step(self.body, PATH).filter(|node| !node.is_null()) else { return Vec::new() };
        vec![Fact::read(node, Node::scalar)]
    }

    fn engine(&self) -> Fact<Text> {
        let engine = &self.store.engine;
        if let Some(name) = &engine.name {
            return Fact::known(name.as_str().into(), self.head);
        }
        let found = engine.path.as_ref().and_then(|path| step(self.body, path)).filter(|node| !node.is_null());
        match (found, &engine.default) {
            (Some(node), _) => Fact::read(node, Node::scalar),
            (None, Some(default)) => Fact::known(default.as_str().into(), self.head),
            (None, None) => match &self.unread {
                Some(unread) => Fact::unknown(unread.clone()),
                None => Fact::absent(self.head),
            },
        }
    }

    /// What AWS Backup calls its type. A cluster whose engine is not Aurora's is a Multi-AZ cluster of RDS.
    /// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/multi-az-db-clusters-concepts.html>
    fn protected_type(&self) -> Text {
        let listed = self.store.protected_type.as_deref().unwrap_or_default();
        let multi_az = || self.engine().value().is_some_and(|engine| matches!(engine.as_str(), "mysql" | "postgres"));
        if listed == "Aurora" && multi_az() { "RDS".into() } else { listed.into() }
    }

    /// How the table reads a fact of this store; a module's own reading comes first.
    fn reading(&self, name: &str) -> Option<&'static Reading> {
        self.module.and_then(|module| module.facts.get(name)).or_else(|| self.store.facts.get(name))
    }

    /// A fact: what the store says, else what its companions say, else what is documented.
    fn told(&self, name: &str) -> Option<Told> {
        let own = self.reading(name).map(|reading| (read(self.body, reading, self.head), reading));
        let carriers: Vec<&'static Companion> = table()
            .companions
            .iter()
            .filter(|companion| {
                companion.of.iter().any(|of| of == self.type_name) && companion.facts.contains_key(name)
            })
            .collect();
        if own.as_ref().is_some_and(|(told, _)| told.said && !told.fact.is_absent()) || carriers.is_empty() {
            return own.map(|(told, reading)| self.documented(told, reading));
        }
        let carried = carriers.into_iter().filter_map(|companion| self.carried(companion, name)).reduce(stronger);
        match (carried, own) {
            (Some(fact), _) => Some(Told { fact, said: true }),
            (None, Some((told, reading))) => Some(self.documented(told, reading)),
            (None, None) => None,
        }
    }

    /// What is absent without a documented default is not known, nor what a module that is not here leaves to itself.
    fn documented(&self, told: Told, reading: &Reading) -> Told {
        if let Some(unread) = self.unread.as_ref().filter(|_| !told.said) {
            return Told { fact: Fact::unknown(unread.clone()), said: false };
        }
        if !told.fact.is_absent() {
            return told;
        }
        let first = reading.any.iter().find_map(|part| part.path.as_deref());
        let path = reading.path.as_deref().or(first).or(reading.each.as_deref()).unwrap_or("it");
        Told { fact: undocumented(path, Some(self.head)), said: false }
    }

    /// Whether a part of a store is where scans of another one put what they found, which they find again.
    fn is_of_scans(&self, part: &Resource) -> bool {
        let mut scans =
            SCANS.iter().flat_map(|(kind, attribute)| self.ground.of_type(kind).map(move |it| (it, attribute)));
        scans.any(|(scan, attribute)| refers_to(scan, attribute, &part.address))
    }

    /// What the companions of one kind say of this store.
    fn carried(&self, companion: &'static Companion, name: &str) -> Option<Fact<Answer>> {
        let reading = companion.facts.get(name)?;
        let mut holding = companion.unless_held.iter().flat_map(|kind| self.ground.of_type(kind));
        let within = |part: &&Resource| part.references.iter().any(|it| points_at(&it.address, self.address));
        if holding.any(|part| within(&part) && !self.is_of_scans(part)) {
            return None;
        }
        let mut found: Option<Fact<Answer>> = None;
        let mut count = 0_u32;
        for resource in self.ground.of_type(&companion.type_name) {
            let fact = match self.served(companion, resource) {
                Served::No => continue,
                Served::Maybe(unknown) => Fact { span: Some(self.head), ..Fact::unknown(unknown) },
                Served::Yes => {
                    count += 1;
                    doubt(read(&resource.body, reading, resource.head).fact, resource.uncertain.as_ref())
                }
            };
            if !fact.is_absent() || reading.count {
                found = Some(found.map_or_else(|| fact.clone(), |other| stronger(other, fact.clone())));
            }
        }
        if reading.count && reading.path.is_none() && count > 0 {
            let answer = match reading.at_least {
                Some(least) => Answer::Bool(f64::from(count) >= least),
                None => Answer::Number(f64::from(count)),
            };
            return Some(Fact::known(answer, found.and_then(|fact| fact.span).unwrap_or(self.head)));
        }
        found
    }

    fn served(&self, companion: &Companion, resource: &Resource) -> Served {
        if refers_to(resource, &companion.by, self.address) {
            return Served::Yes;
        }
        let by = step(&resource.body, &companion.by);
        let shared = companion.through.iter().any(|path| {
            refers(self.references, path)
                .any(|own| resource.refers(&companion.by).any(|other| whole(own) == whole(other)))
        });
        if shared || self.has_below(companion, resource) {
            return Served::Yes;
        }
        match by.map(|node| &node.value) {
            Some(Value::String(text)) => {
                let last = text.rsplit([':', '/']).next().unwrap_or(text);
                let paths = self.store.name_paths.iter().filter_map(|path| step(self.body, path)?.as_str());
                let named = paths.into_iter().any(|name| !name.is_empty() && (name == text.as_str() || name == last));
                // A reference to another store by a literal name that happens to be the same is still that other store.
                let elsewhere = resource.refers(&companion.by).next().is_some();
                if named && !elsewhere { Served::Yes } else { Served::No }
            }
            // What is declared in another root is known, and none of this one's.
            Some(Value::Unknown(unknown))
                if unknown.refers_to.is_empty() && resource.refers(&companion.by).next().is_none() =>
            {
                Served::Maybe((**unknown).clone())
            }
            _ => Served::No,
        }
    }

    /// Whether a companion serves something that is a part of this store.
    fn has_below(&self, companion: &Companion, resource: &Resource) -> bool {
        if companion.below.is_empty() {
            return false;
        }
        let referred: Vec<&str> = resource.refers(&companion.by).collect();
        let parts = self.ground.root.resources.iter().filter(|part| {
            part.address != *self.address && referred.iter().any(|reference| points_at(reference, &part.address))
        });
        parts.into_iter().any(|part| companion.below.iter().any(|attribute| refers_to(part, attribute, self.address)))
    }

    fn flag(&self, name: &str) -> Fact<bool> {
        self.told(name).map_or_else(Fact::default, |told| told.fact.map(|answer| answer.truth()))
    }

    /// A duration, which the table keeps in days, in minutes.
    fn minutes(&self, name: &str) -> Fact<f64> {
        self.told(name).map_or_else(Fact::default, |told| number(told.fact).map(|days| days * 1440.0))
    }

    fn backup(&self) -> BackupState {
        let retention = self.told("backup_retention_days").map(|told| self.inherited(told));
        let enabled = self.told("backup_enabled").map(|told| told.fact.map(|answer| answer.truth()));
        let days = retention.clone().map_or_else(Fact::default, number);
        let pitr_listed = self.told("pitr");
        let mut pitr = pitr_listed.map_or_else(Fact::default, |told| told.fact.map(|answer| answer.truth()));
        let enabled = match (enabled, retention) {
            (Some(enabled), _) => enabled,
            (None, Some(retention)) => number(retention).map(|days| days > 0.0),
            // A store that has nothing but point-in-time recovery of its own is copied where that is on.
            (None, None) if pitr.is_true() || pitr.reason().is_some() => pitr.clone(),
            (None, None) if self.backed_up_by_others() => {
                let reason = "the backup of its machine or account may cover it";
                let unknown = Unknown::new(reason, "protect it by itself, or waive it with the reason", self.head);
                Fact { span: Some(self.head), ..Fact::unknown(unknown) }
            }
            (None, None) => Fact::default(),
        };
        if enabled.is_false() && pitr.is_true() {
            pitr = enabled.clone();
        }
        BackupState { span: Some(self.head), enabled, retention_days: days, pitr, ..BackupState::default() }
    }

    /// Whether only other resources back such a store up, which may as well stand elsewhere.
    fn backed_up_by_others(&self) -> bool {
        let carries = |companion: &&Companion| companion.facts.contains_key("backup_enabled");
        table().companions.iter().filter(carries).any(|companion| companion.of.iter().any(|of| of == self.type_name))
    }

    /// What is left out of a store made from a snapshot may come from its origin.
    fn inherited(&self, told: Told) -> Fact<Answer> {
        if told.said || told.fact.value().is_none() || !self.flag("restored_copy").is_true() {
            return told.fact;
        }
        let reason = "it is made from a copy, and takes over what is left out here";
        Fact { span: told.fact.span, ..Fact::unknown(Unknown::new(reason, "set the retention", self.head)) }
    }

    /// `lifecycle { prevent_destroy = true }` refuses a deletion too.
    fn deletion_protection(&self) -> Fact<bool> {
        let own = self.flag("deletion_protection");
        let kept = step(self.body, "lifecycle.prevent_destroy").filter(|node| node.as_bool() == Some(true));
        match kept {
            Some(node) if !own.is_true() => Fact::read(node, Node::as_bool),
            _ if own.is_false() => {
                super::denied::deletion(self.ground, self.address, self.service(), self.head).unwrap_or(own)
            }
            _ => own,
        }
    }

    /// The service in its ARN: `rds`, `dynamodb`.
    fn service(&self) -> &'static str {
        self.store.arn.as_deref().and_then(|arn| arn.split(':').next()).unwrap_or_default()
    }

    fn disposable(&self, datastore: &Datastore) -> Fact<bool> {
        let listed = self.flag("disposable");
        if listed.is_true() || self.store.kind == "cache" {
            return if listed.is_true() { listed } else { Fact::known(true, self.head) };
        }
        if self.store.kind == "object-store" && !kept(datastore) {
            if let Some(told) = self.told("expires_days")
                && told.fact.value().and_then(Answer::number).is_some_and(|days| days > 0.0 && days <= SHORT_LIVED)
            {
                return told.fact.map(|_| true);
            }
            if let Some(span) = self.passing(datastore).or_else(|| super::sites::served(self.ground, self.address)) {
                return Fact::known(true, span);
            }
        }
        if self.store.kind == "file-system"
            && let Some(span) = self.temporary()
        {
            return Fact::known(true, span);
        }
        let fleeting = |name: &Text| words(name).iter().any(|word| FLEETING.contains(&word.as_str()));
        if self.store.kind == "database" && datastore.names.iter().any(fleeting) {
            return Fact::known(true, self.head);
        }
        match listed.state {
            State::Unknown(_) => listed,
            _ => Fact::known(false, listed.span.or(Some(self.head))),
        }
    }

    /// Where the bucket's name says that it holds only what is made again.
    fn passing(&self, datastore: &Datastore) -> Option<Span> {
        let passing = |name: &str| {
            let words = words(name);
            words.iter().any(|word| PASSING.contains(&word.as_str())) || ends_as_log(&words) || of_queries(&words)
        };
        // What is left open in a name is one part of it; how it ends may be known.
        let open = self.store.name_paths.iter().filter_map(|path| step(self.body, path)?.as_unknown());
        let ends = |partial: &Text| {
            let kept = words(partial).iter().any(|word| KEPT.contains(&word.as_str()));
            !kept && partial.split('*').any(passing)
        };
        let named = datastore.names.iter().any(|name| passing(name));
        let half_named = || open.filter_map(|unknown| unknown.partial.as_ref()).any(ends);
        (named || half_named()).then_some(self.head)
    }

    /// Where a tag of a file system says that what it holds is there for a while only.
    fn temporary(&self) -> Option<Span> {
        let tags = self.body.get("tags").map_or(&[][..], Node::entries);
        let told = tags.iter().find(|tag| {
            let said = tag.value.as_str().map(words).unwrap_or_default();
            said.iter().any(|word| matches!(word.as_str(), "temporary" | "temporarily" | "scratch"))
        });
        told.map(|tag| tag.value.span)
    }
}

/// "log" at the end is a log; in the middle it may be about logs (`log-analyzer`).
fn ends_as_log(words: &[String]) -> bool {
    let tail = words.iter().rev().find(|word| !matches!(word.as_str(), "" | "bucket" | "encrypted" | "storage" | "s3"));
    tail.is_some_and(|word| word == "log")
}

/// `athena-results`, `query-results`: asked again, a query gives its result again.
/// <https://docs.aws.amazon.com/athena/latest/ug/querying.html>
fn of_queries(words: &[String]) -> bool {
    words.windows(2).any(|pair| {
        matches!(pair[0].as_str(), "athena" | "query" | "queries")
            && matches!(pair[1].as_str(), "output" | "outputs" | "result" | "results")
    })
}

/// Whether a bucket's name says that it holds backups or Terraform's state: those expire, and matter all the same.
fn kept(datastore: &Datastore) -> bool {
    datastore.names.iter().any(|name| words(name).iter().any(|word| KEPT.contains(&word.as_str())))
}

fn words(name: &str) -> Vec<String> {
    let lower = name.to_ascii_lowercase();
    lower.split(|character: char| !character.is_ascii_alphanumeric()).map(str::to_owned).collect()
}

enum Served {
    Yes,
    No,
    Maybe(Unknown),
}

/// Of two companions' facts the one that counts: true, then unknown, then false.
fn stronger(one: Fact<Answer>, other: Fact<Answer>) -> Fact<Answer> {
    let weight = |fact: &Fact<Answer>| match &fact.state {
        State::Known(Answer::Bool(false)) => 1,
        State::Known(_) => 3,
        State::Unknown(_) => 2,
        State::Absent => 0,
    };
    if weight(&other) > weight(&one) { other } else { one }
}

fn number(fact: Fact<Answer>) -> Fact<f64> {
    let numeric = fact.value().is_none_or(|answer| answer.number().is_some());
    if numeric { fact.map(|answer| answer.number().unwrap_or_default()) } else { Fact::absent(fact.span) }
}

/// A reference without the attribute at its end.
fn whole(reference: &str) -> &str {
    reference.rsplit_once('.').filter(|(rest, _)| rest.contains('.')).map_or(reference, |(rest, _)| rest)
}

fn platform(type_name: &str) -> &str {
    match type_name.split('_').next().unwrap_or_default() {
        "aws" => "aws",
        "google" => "google",
        "azurerm" => "azure",
        other => other,
    }
}

//! Resources of operators: databases with backups of their own, and Prometheus with its replicas.

use super::capacity;
use super::object::{Object, boolean, int, optional, text};
use crate::extract::Facts;
use crate::model::kubernetes::NodePool;
use crate::model::{BackupState, Coverage, Datastore, Fact, Labels, RestoreTest, Workload};
use crate::source::Span;
use crate::tree::{Node, Text, Unknown};

/// How an operator's resource says that its data is copied.
#[derive(Clone, Copy)]
enum Says {
    /// `CloudNativePG`: where copies go, while a `ScheduledBackup` says when.
    /// <https://cloudnative-pg.io/documentation/current/cloudnative-pg.v1/>
    Cnpg,
    /// Crunchy's and Percona's Postgres: `spec.backups.pgbackrest.repos[].schedules`; Percona's has `spec.backups.enabled`
    /// beside, on when left out.
    /// <https://access.crunchydata.com/documentation/postgres-operator/latest/references/crd/5.8.x/postgrescluster>,
    /// <https://github.com/percona/percona-postgresql-operator/blob/main/pkg/apis/pgv2.percona.com/v2/perconapgcluster_types.go>
    PgBackRest,
    /// Percona's `XtraDB` cluster: `spec.backup.schedule[]`, which nothing switches off.
    /// <https://github.com/percona/percona-xtradb-cluster-operator/blob/main/pkg/apis/pxc/v1/pxc_types.go>
    Schedule,
    /// Percona for `MySQL`: the same list, and `spec.backup.enabled`, off when left out.
    /// <https://github.com/percona/percona-server-mysql-operator/blob/main/api/v1/perconaservermysql_types.go>
    SwitchedSchedule,
    /// Percona for `MongoDB`: `spec.backup.enabled` and `spec.backup.tasks[].enabled`, each off when left out.
    /// <https://github.com/percona/percona-server-mongodb-operator/blob/main/pkg/apis/psmdb/v1/psmdb_types.go>
    Tasks,
    /// Zalando's Postgres: `spec.enableLogicalBackup`, and WAL archiving set up for the operator as a whole.
    /// <https://github.com/zalando/postgres-operator/blob/master/pkg/apis/acid.zalan.do/v1/postgresql_type.go>
    Zalando,
    /// `MySQL` operator of Oracle: `spec.backupSchedules[]`.
    BackupSchedules,
    /// Another resource of the operator says it.
    Elsewhere,
    /// Nothing in the cluster's objects says it.
    Outside,
}

/// Operators' databases: API group, kind, engine, kind of datastore, and how they speak of backups. Read in their
/// custom resource definitions.
const DATABASES: &[(&str, &str, &str, &str, Says)] = &[
    ("postgresql.cnpg.io", "Cluster", "postgres", "database", Says::Cnpg),
    ("acid.zalan.do", "postgresql", "postgres", "database", Says::Zalando),
    ("postgres-operator.crunchydata.com", "PostgresCluster", "postgres", "database", Says::PgBackRest),
    ("pgv2.percona.com", "PerconaPGCluster", "postgres", "database", Says::PgBackRest),
    ("pxc.percona.com", "PerconaXtraDBCluster", "mysql", "database", Says::Schedule),
    ("ps.percona.com", "PerconaServerMySQL", "mysql", "database", Says::SwitchedSchedule),
    ("psmdb.percona.com", "PerconaServerMongoDB", "mongodb", "database", Says::Tasks),
    ("mysql.oracle.com", "InnoDBCluster", "mysql", "database", Says::BackupSchedules),
    ("k8s.mariadb.com", "MariaDB", "mariadb", "database", Says::Elsewhere),
    ("mongodbcommunity.mongodb.com", "MongoDBCommunity", "mongodb", "database", Says::Outside),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch", "elasticsearch", "search", Says::Outside),
    ("opensearch.opster.io", "OpenSearchCluster", "opensearch", "search", Says::Outside),
    ("kafka.strimzi.io", "Kafka", "kafka", "queue", Says::Outside),
    ("rabbitmq.com", "RabbitmqCluster", "rabbitmq", "queue", Says::Outside),
    ("cassandra.datastax.com", "CassandraDatacenter", "cassandra", "database", Says::Outside),
    ("k8ssandra.io", "K8ssandraCluster", "cassandra", "database", Says::Outside),
    ("clickhouse.altinity.com", "ClickHouseInstallation", "clickhouse", "warehouse", Says::Outside),
    ("crdb.cockroachlabs.com", "CrdbCluster", "cockroachdb", "database", Says::Outside),
    ("minio.min.io", "Tenant", "minio", "object-store", Says::Outside),
];

/// Resources of the Prometheus operator that run pods: kind, and the label of their pods.
const MONITORING: &[(&str, &str)] =
    &[("Prometheus", "prometheus"), ("Alertmanager", "alertmanager"), ("ThanosRuler", "thanos-ruler")];

/// Adds what an operator's resource runs or keeps.
pub(super) fn extract(object: &Object<'_>, facts: &mut Facts) {
    if object.at(&["spec"]).is_none() {
        return;
    }
    let known = DATABASES.iter().find(|(group, kind, ..)| *group == object.group && *kind == object.kind);
    if let Some((_, _, engine, kind, says)) = known {
        if matches!(says, Says::Cnpg) {
            rehearsal(object, facts);
        }
        facts.model.add(datastore(object, engine, kind, *says));
    }
    if object.group == "monitoring.coreos.com"
        && let Some((_, label)) = MONITORING.iter().find(|(kind, _)| *kind == object.kind)
    {
        facts.model.add(monitoring(object, label));
    }
}

fn datastore(object: &Object<'_>, engine: &'static str, kind: &'static str, says: Says) -> Datastore {
    let kind_span = object.node.get("kind").map(|kind| kind.span);
    let ephemeral = ephemeral(object);
    let backup = backup(object, says);
    Datastore {
        name: object.title(),
        place: object.place.clone(),
        kind: Text::const_new(kind),
        engine: Fact::known(Text::const_new(engine), kind_span),
        platform: Text::const_new("kubernetes"),
        replica: replica(object, says),
        operated: !matches!(says, Says::Outside),
        disposable: Fact::known(is_rehearsal(object), object.head()),
        ephemeral: Fact::known(ephemeral.is_some(), ephemeral.or(Some(object.head()))),
        backup: BackupState { span: Some(object.head()), managed: backup.managed && ephemeral.is_none(), ..backup },
        names: names(object, says),
        type_name: object.kind.into(),
        tags: object.labels.clone(),
        namespace: object.namespace.clone(),
        multi_zone: alone(object, says),
        archive: object.fact(&["spec", "backup", "barmanObjectStore", "destinationPath"], text),
        archive_store: archiver(object).and_then(|plugin| plugin.at(&["parameters", "barmanObjectName"])?.scalar()),
        ..Datastore::default()
    }
}

/// Where a resource says that its data goes with its pods: Strimzi's storage of the type `ephemeral`, alone or as a volume
/// of `jbod`; a volume of Elastic's operator that is an `emptyDir`.
/// <https://strimzi.io/docs/operators/latest/configuring.html#type-EphemeralStorage-reference>,
/// <https://www.elastic.co/docs/deploy-manage/deploy/cloud-on-k8s/volume-claim-templates>
fn ephemeral(object: &Object<'_>) -> Option<Span> {
    match object.kind {
        "Kafka" => goes_with_its_pods(object.at(&["spec", "kafka", "storage"])?),
        "Elasticsearch" => {
            let sets = items(object.at(&["spec", "nodeSets"])).iter();
            let volumes = sets.flat_map(|set| items(set.at(&["podTemplate", "spec", "volumes"])));
            let data = |volume: &&Node| volume.get("name").and_then(Node::as_str) == Some("elasticsearch-data");
            volumes.filter(data).find_map(|volume| Some(volume.entry("emptyDir")?.key_span))
        }
        _ => None,
    }
}

fn goes_with_its_pods(storage: &Node) -> Option<Span> {
    let typed = |node: &Node| node.get("type").filter(|kind| kind.as_str() == Some("ephemeral")).map(|kind| kind.span);
    typed(storage).or_else(|| items(storage.get("volumes")).iter().find_map(typed))
}

/// Adds a `KafkaNodePool` of brokers whose data goes with their pods: its storage holds instead of that of its cluster,
/// which a label names. Controllers keep none of what is sent.
/// <https://strimzi.io/docs/operators/latest/configuring.html#type-KafkaNodePool-reference>
pub(super) fn node_pool(object: &Object<'_>, facts: &mut Facts) {
    let roles = items(object.at(&["spec", "roles"]));
    let brokers = roles.is_empty() || roles.iter().any(|role| role.as_str() == Some("broker"));
    let Some(cluster) = object.labels.get("strimzi.io/cluster").and_then(Fact::value).filter(|_| brokers) else {
        return;
    };
    if let Some(ephemeral) = object.at(&["spec", "storage"]).and_then(goes_with_its_pods) {
        facts.model.kubernetes.node_pools.push(NodePool {
            cluster: cluster.clone(),
            namespace: object.namespace.clone(),
            ephemeral,
            place: object.place.clone(),
        });
    }
}

fn items(node: Option<&Node>) -> &[Node] {
    node.map_or(&[][..], Node::items)
}

/// A single instance is in a single zone; where several are, the cluster says.
fn alone(object: &Object<'_>, says: Says) -> Fact<bool> {
    let path: &[&str] = match says {
        Says::Cnpg => &["spec", "instances"],
        Says::Zalando => &["spec", "numberOfInstances"],
        _ => return Fact::absent(object.head()),
    };
    let instances = object.fact(path, int);
    match instances.value() {
        Some(1) => instances.map(|_| false),
        _ => Fact::absent(object.head()),
    }
}

/// The resource's name, and the Services that `CloudNativePG` makes of it.
fn names(object: &Object<'_>, says: Says) -> Vec<Text> {
    let mut names = vec![object.name.clone()];
    if matches!(says, Says::Cnpg) {
        names.extend(["rw", "ro", "r"].map(|end| compact_str::format_compact!("{}-{end}", object.name)));
    }
    names
}

/// A replica cluster of `CloudNativePG` and a standby of the other Postgres operators follow another cluster.
fn replica(object: &Object<'_>, says: Says) -> Fact<bool> {
    if matches!(says, Says::Cnpg)
        && let Some(replica) = distributed(object)
    {
        return replica;
    }
    let path: &[&str] = match says {
        Says::Cnpg => &["spec", "replica", "enabled"],
        Says::PgBackRest => &["spec", "standby", "enabled"],
        Says::Zalando => {
            return match object.at(&["spec", "standby"]) {
                Some(standby) => Fact::known(true, standby.span),
                None => Fact::known(false, object.head()),
            };
        }
        _ => return Fact::known(false, object.head()),
    };
    object.fact(path, boolean).or_default(false)
}

/// Of clusters that stand in several places, `spec.replica.primary` names the one that is written to, and `self` this one:
/// its own name, when left out. <https://cloudnative-pg.io/documentation/current/replica_cluster/>
fn distributed(object: &Object<'_>) -> Option<Fact<bool>> {
    let replica = object.at(&["spec", "replica"])?;
    if replica.get("enabled").is_some_and(|enabled| !enabled.is_null()) {
        return None;
    }
    let own = replica.get("self").and_then(Node::scalar).unwrap_or_else(|| object.name.clone());
    Some(text(replica.get("primary")?).map(|primary| primary != own))
}

fn backup(object: &Object<'_>, says: Says) -> BackupState {
    match says {
        Says::Cnpg => cnpg(object),
        Says::PgBackRest => pgbackrest(object),
        Says::Schedule => percona(object, "schedule", &[]),
        Says::SwitchedSchedule => percona(object, "schedule", &[Switch::Whole]),
        Says::Tasks => percona(object, "tasks", &[Switch::Whole, Switch::Each]),
        Says::Zalando => zalando(object),
        Says::BackupSchedules => {
            let listed = object.at(&["spec", "backupSchedules"]).map_or(&[][..], Node::items);
            let on = listed.iter().find(|item| item.get("enabled").and_then(Node::as_bool) != Some(false));
            BackupState { enabled: scheduled(object, on), ..BackupState::default() }
        }
        Says::Elsewhere => BackupState { enabled: Fact::absent(object.head()), ..BackupState::default() },
        Says::Outside => BackupState {
            enabled: Fact::unknown(Unknown::new(
                format!("backups of a {} are set up outside its own resource", object.kind),
                "say in twoam.toml how it is backed up",
                object.head(),
            )),
            managed: true,
            ..BackupState::default()
        },
    }
}

/// `spec.backup` and the Barman Cloud plugin archive WAL, which gives any point in time, once a base backup is there;
/// a `ScheduledBackup` makes those, and linking finds it by the cluster's name.
fn cnpg(object: &Object<'_>) -> BackupState {
    let store = object.at(&["spec", "backup", "barmanObjectStore"]);
    let archiver = archiver(object);
    BackupState {
        enabled: Fact::absent(object.at(&["spec", "backup"]).map_or(object.head(), |backup| backup.span)),
        retention_days: object.fact(&["spec", "backup", "retentionPolicy"], retention_policy),
        pitr: match store.or(archiver) {
            Some(archive) => Fact::known(true, archive.span),
            None => Fact::known(false, object.head()),
        },
        ..BackupState::default()
    }
}

/// The plugin that archives a cluster's log.
fn archiver<'a>(object: &Object<'a>) -> Option<&'a Node> {
    let plugins = object.at(&["spec", "plugins"]).map_or(&[][..], Node::items);
    plugins.iter().find(|plugin| {
        let barman = plugin.get("name").and_then(Node::as_str).is_some_and(|name| name.starts_with("barman-cloud"));
        let on = plugin.get("enabled").and_then(Node::as_bool) != Some(false);
        barman && on && plugin.get("isWALArchiver").and_then(Node::as_bool) == Some(true)
    })
}

/// `30d`, `4w`, `1m`: days, weeks or months.
pub(super) fn retention_policy(node: &Node) -> Fact<f64> {
    let written = text(node);
    let days = written.value().and_then(|written| {
        let (count, unit) = written.split_at_checked(written.len().checked_sub(1)?)?;
        let length = match unit {
            "d" => 1.0,
            "w" => 7.0,
            "m" => 30.0,
            _ => return None,
        };
        Some(count.parse::<f64>().ok()? * length)
    });
    match (written.reason(), days) {
        (None, None) => Fact::absent(node.span),
        (_, days) => written.map(|_| days.unwrap_or_default()),
    }
}

/// pgBackRest always archives WAL into its repositories, while a full backup is only made on a schedule.
fn pgbackrest(object: &Object<'_>) -> BackupState {
    let off = object.at(&["spec", "backups", "enabled"]).filter(|node| node.as_bool() == Some(false));
    let repositories = object.at(&["spec", "backups", "pgbackrest", "repos"]).map_or(&[][..], Node::items);
    let scheduled_repository = repositories.iter().find_map(|repository| repository.get("schedules"));
    let pitr = match repositories.first() {
        Some(repository) => Fact::known(true, repository.span),
        None => Fact::known(false, object.head()),
    };
    let enabled = match off {
        Some(off) => Fact::known(false, off.span),
        None => scheduled(object, scheduled_repository),
    };
    BackupState { enabled, pitr, retention_days: kept_by_age(object, repositories), ..BackupState::default() }
}

/// How long pgBackRest keeps full backups, in days, where it counts time rather than copies: `repo1-retention-full` with
/// `repo1-retention-full-type: time`. <https://pgbackrest.org/configuration.html#section-repository>
fn kept_by_age(object: &Object<'_>, repositories: &[Node]) -> Fact<f64> {
    let global = |key: String| object.at(&["spec", "backups", "pgbackrest", "global"])?.get(&key);
    let kept = repositories.iter().filter_map(|repository| {
        let name = repository.get("name")?.scalar()?;
        global(format!("{name}-retention-full-type")).filter(|kind| kind.as_str() == Some("time"))?;
        global(format!("{name}-retention-full"))
    });
    let days = |node: &Node| Fact::read(node, |node| node.scalar()?.trim().parse().ok());
    let longest = kept
        .map(days)
        .max_by(|left, right| left.value().partial_cmp(&right.value()).unwrap_or(std::cmp::Ordering::Equal));
    longest.unwrap_or_else(|| Fact::absent(object.head()))
}

/// What has to be switched on beside being listed.
#[derive(Clone, Copy, PartialEq)]
enum Switch {
    /// `spec.backup.enabled`
    Whole,
    /// `enabled` of the entry
    Each,
}

/// Percona's lists of schedules.
fn percona(object: &Object<'_>, list: &str, switches: &[Switch]) -> BackupState {
    let is_on = |node: Option<&Node>| node.and_then(Node::as_bool) == Some(true);
    let listed = object.at(&["spec", "backup", list]).map_or(&[][..], Node::items);
    let on = listed.iter().find(|task| !switches.contains(&Switch::Each) || is_on(task.get("enabled")));
    let switch = object.at(&["spec", "backup", "enabled"]);
    let enabled = match switch.filter(|node| node.as_bool() == Some(false)) {
        Some(off) => Fact::known(false, off.span),
        None if switches.contains(&Switch::Whole) && switch.is_none() => Fact::absent(object.head()),
        None => scheduled(object, on),
    };
    BackupState {
        enabled,
        pitr: object.fact(&["spec", "backup", "pitr", "enabled"], boolean).or_default(false),
        ..BackupState::default()
    }
}

fn zalando(object: &Object<'_>) -> BackupState {
    let logical = object.at(&["spec", "enableLogicalBackup"]).filter(|node| node.as_bool() == Some(true));
    let enabled = match logical {
        Some(on) => Fact::known(true, on.span),
        None => Fact::unknown(Unknown::new(
            "WAL archiving is set up for Zalando's operator as a whole",
            "set enableLogicalBackup, or say in twoam.toml how it is backed up",
            object.head(),
        )),
    };
    BackupState { enabled, managed: true, ..BackupState::default() }
}

/// On at what schedules it; otherwise absent, so that a schedule of another tool can still cover it.
fn scheduled(object: &Object<'_>, by: Option<&Node>) -> Fact<bool> {
    match by {
        Some(by) => Fact::known(true, by.span),
        None => Fact::absent(object.head()),
    }
}

/// A cluster that is recovered from a backup outside production is a restore that was done. Once it is, only the copy
/// that it came from is left to show it: the store of another cluster.
fn rehearsal(object: &Object<'_>, facts: &mut Facts) {
    if object.place.environment.production && !object.aside && !called_rehearsal(object) {
        return;
    }
    let recovery = object.at(&["spec", "bootstrap"]).and_then(|bootstrap| bootstrap.entry("recovery"));
    let (source, span) = if let Some(recovery) = recovery {
        let source = recovery.value.get("source").or_else(|| recovery.value.at(&["backup", "name"]));
        (optional(source, recovery.key_span, text), recovery.key_span)
    } else if let Some(other) = copied_from(object) {
        (text(other), other.span)
    } else {
        return;
    };
    facts.model.add(RestoreTest {
        name: object.title(),
        place: object.place.clone(),
        tool: Text::const_new("cnpg"),
        has_selection: Fact::known(true, span),
        target: source.clone(),
        covers: Coverage::Names(vec![source, Fact::known(object.name.clone(), object.head())]),
        ..RestoreTest::default()
    });
}

/// The other cluster whose stored backups a cluster of `CloudNativePG` can read.
fn copied_from<'a>(object: &Object<'a>) -> Option<&'a Node> {
    let others = object.at(&["spec", "externalClusters"]).map_or(&[][..], Node::items);
    let is_stored = |other: &&Node| {
        let plugin = other.at(&["plugin", "name"]).and_then(Node::as_str);
        other.get("barmanObjectStore").is_some() || plugin.is_some_and(|name| name.starts_with("barman-cloud"))
    };
    let own = object.name.as_str();
    others.iter().filter(is_stored).find_map(|other| other.get("name").filter(|name| name.as_str() != Some(own)))
}

/// A cluster that exists to show that a backup can be restored keeps nothing of its own.
fn is_rehearsal(object: &Object<'_>) -> bool {
    object.at(&["spec", "bootstrap", "recovery"]).is_some() && called_rehearsal(object)
}

fn called_rehearsal(object: &Object<'_>) -> bool {
    let words =
        object.name.split(['-', '_']).chain(object.namespace.value().map_or("", Text::as_str).split(['-', '_']));
    words.into_iter().any(|word| matches!(word, "restore" | "rehearsal" | "drill" | "verify"))
}

/// Pods of the Prometheus operator bear the labels that its disruption budgets select.
fn monitoring(object: &Object<'_>, label: &str) -> Workload {
    let said = |value: &str| Fact::known(Text::from(value), object.head());
    let mut pod_labels = vec![
        (Text::const_new("app.kubernetes.io/name"), said(label)),
        (Text::const_new("app.kubernetes.io/instance"), said(&object.name)),
        (Text::const_new("app.kubernetes.io/managed-by"), said("prometheus-operator")),
        (Text::from(label), said(&object.name)),
    ];
    let Labels(own) = Labels::read(object.at(&["spec", "podMetadata", "labels"]));
    for (key, value) in own {
        pod_labels.retain(|(known, _)| *known != key);
        pod_labels.push((key, value));
    }
    let pod_labels = Labels(pod_labels);
    let spread = object.at(&["spec"]).map_or_else(
        || Fact::absent(object.head()),
        |spec| capacity::spread(spec, &pod_labels, &object.namespace, object.head()),
    );
    Workload {
        name: object.title(),
        place: object.place.clone(),
        kind: object.kind.into(),
        platform: Text::const_new("kubernetes"),
        namespace: object.namespace.clone(),
        replicas: object.fact(&["spec", "replicas"], int).or_default(1),
        replicas_omitted: object.at(&["spec", "replicas"]).is_none(),
        scales: true,
        singleton: Fact::known(false, object.head()),
        plain_name: object.name.clone(),
        spread,
        pod_labels,
        labels: object.labels.clone(),
        annotations: object.annotations.clone(),
        ..Workload::default()
    }
}

//! Which images keep data, and where: the table by which data inside a cluster is recognised.

use crate::source::below;

/// What an image is known to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Engine {
    /// The engine.
    pub(super) name: &'static str,
    /// The kind of datastore.
    pub(super) kind: &'static str,
    /// Last parts of image names, without registry and tag.
    images: &'static [&'static str],
    /// Where its data stands in the container, by the official images and Bitnami's.
    data: &'static [&'static str],
}

/// Engines by image (the names on Docker Hub, Quay and Bitnami) and by data directory (their documentation).
const ENGINES: &[Engine] = &[
    Engine {
        name: "postgres",
        kind: "database",
        images: &[
            "postgres",
            "postgresql",
            "postgresql-repmgr",
            "postgis",
            "timescaledb",
            "timescaledb-ha",
            "pgvector",
            "pgvecto-rs",
            "vectorchord-postgres",
            "spilo",
            "supabase-postgres",
            "alloydbomni",
        ],
        data: &["/var/lib/postgresql", "/bitnami/postgresql", "/var/lib/pgsql", "/home/postgres/pgdata"],
    },
    Engine {
        name: "mysql",
        kind: "database",
        images: &["mysql", "mysql-server", "percona", "percona-server", "percona-xtradb-cluster"],
        data: &["/var/lib/mysql", "/bitnami/mysql"],
    },
    Engine { name: "mariadb", kind: "database", images: &["mariadb", "mariadb-galera"], data: &["/bitnami/mariadb"] },
    Engine {
        name: "mongodb",
        kind: "database",
        images: &[
            "mongo",
            "mongodb",
            "mongodb-community-server",
            "mongodb-enterprise-server",
            "percona-server-mongodb",
        ],
        data: &["/data/db", "/bitnami/mongodb", "/var/lib/mongodb"],
    },
    Engine { name: "ferretdb", kind: "database", images: &["ferretdb"], data: &[] },
    Engine {
        name: "redis",
        kind: "cache",
        images: &["redis", "redis-stack", "redis-stack-server", "redis-cluster", "keydb", "dragonfly"],
        data: &["/bitnami/redis", "/var/lib/redis"],
    },
    Engine { name: "valkey", kind: "cache", images: &["valkey", "valkey-cluster"], data: &["/bitnami/valkey"] },
    Engine { name: "memcached", kind: "cache", images: &["memcached"], data: &[] },
    Engine {
        name: "elasticsearch",
        kind: "search",
        images: &["elasticsearch", "elasticsearch-oss"],
        data: &["/usr/share/elasticsearch/data", "/bitnami/elasticsearch/data"],
    },
    Engine {
        name: "opensearch",
        kind: "search",
        images: &["opensearch"],
        data: &["/usr/share/opensearch/data", "/bitnami/opensearch/data"],
    },
    Engine { name: "solr", kind: "search", images: &["solr"], data: &["/var/solr", "/bitnami/solr"] },
    Engine { name: "meilisearch", kind: "search", images: &["meilisearch"], data: &["/meili_data"] },
    Engine { name: "typesense", kind: "search", images: &["typesense"], data: &[] },
    Engine { name: "qdrant", kind: "database", images: &["qdrant"], data: &["/qdrant/storage"] },
    Engine { name: "weaviate", kind: "database", images: &["weaviate"], data: &["/var/lib/weaviate"] },
    Engine {
        name: "cassandra",
        kind: "database",
        images: &["cassandra", "scylla", "scylladb", "cassandra-exporter-free"],
        data: &["/var/lib/cassandra", "/bitnami/cassandra", "/cassandra_data", "/var/lib/scylla"],
    },
    Engine {
        name: "cockroachdb",
        kind: "database",
        images: &["cockroach", "cockroachdb"],
        data: &["/cockroach/cockroach-data"],
    },
    Engine { name: "couchdb", kind: "database", images: &["couchdb"], data: &["/opt/couchdb/data"] },
    Engine { name: "couchbase", kind: "database", images: &["couchbase"], data: &["/opt/couchbase/var"] },
    Engine { name: "neo4j", kind: "database", images: &["neo4j"], data: &["/var/lib/neo4j/data"] },
    Engine { name: "arangodb", kind: "database", images: &["arangodb"], data: &["/var/lib/arangodb3"] },
    Engine { name: "rethinkdb", kind: "database", images: &["rethinkdb"], data: &[] },
    Engine { name: "surrealdb", kind: "database", images: &["surrealdb"], data: &[] },
    Engine {
        name: "sqlserver",
        kind: "database",
        images: &["mssql-server-linux", "azure-sql-edge"],
        data: &["/var/opt/mssql"],
    },
    Engine { name: "oracle", kind: "database", images: &["oracle-xe", "oracle-free"], data: &["/opt/oracle/oradata"] },
    Engine {
        name: "etcd",
        kind: "database",
        images: &["etcd"],
        data: &["/bitnami/etcd", "/etcd-data", "/var/lib/etcd"],
    },
    Engine {
        name: "influxdb",
        kind: "database",
        images: &["influxdb", "influxdb2"],
        data: &["/var/lib/influxdb", "/var/lib/influxdb2", "/bitnami/influxdb"],
    },
    Engine { name: "questdb", kind: "database", images: &["questdb"], data: &["/var/lib/questdb"] },
    Engine {
        name: "clickhouse",
        kind: "warehouse",
        images: &["clickhouse", "clickhouse-server"],
        data: &["/var/lib/clickhouse", "/bitnami/clickhouse"],
    },
    Engine { name: "minio", kind: "object-store", images: &["minio"], data: &["/bitnami/minio/data"] },
    Engine {
        name: "rabbitmq",
        kind: "queue",
        images: &["rabbitmq"],
        data: &["/var/lib/rabbitmq", "/bitnami/rabbitmq", "/opt/bitnami/rabbitmq/.rabbitmq/mnesia"],
    },
    Engine {
        name: "kafka",
        kind: "queue",
        images: &["kafka", "cp-kafka", "cp-server", "redpanda"],
        data: &["/var/lib/kafka", "/bitnami/kafka", "/var/lib/redpanda"],
    },
    Engine {
        name: "zookeeper",
        kind: "database",
        images: &["zookeeper", "cp-zookeeper"],
        data: &["/var/lib/zookeeper", "/bitnami/zookeeper"],
    },
    Engine { name: "nats", kind: "queue", images: &["nats", "nats-streaming"], data: &[] },
    Engine { name: "pulsar", kind: "queue", images: &["pulsar", "pulsar-all"], data: &["/pulsar/data"] },
    Engine { name: "activemq", kind: "queue", images: &["activemq", "activemq-artemis"], data: &[] },
    Engine { name: "vault", kind: "database", images: &["vault", "openbao"], data: &["/vault/data", "/openbao/data"] },
    Engine { name: "consul", kind: "database", images: &["consul"], data: &["/consul/data"] },
    Engine { name: "openldap", kind: "database", images: &["openldap"], data: &["/var/lib/ldap", "/bitnami/openldap"] },
];

/// Images that keep what can be measured or fetched again: metrics, logs, traces.
const OBSERVATIONS: &[&str] = &[
    "prometheus",
    "alertmanager",
    "grafana-agent",
    "alloy",
    "loki",
    "tempo",
    "mimir",
    "thanos",
    "victoria-metrics",
    "victoria-logs",
    "vmstorage",
    "vmagent",
    "vmsingle",
    "vector",
    "fluentd",
    "fluent-bit",
    "jaeger",
    "pyroscope",
    "parca",
    "pushgateway",
    "promtail",
    "otelcol",
    "opentelemetry-collector",
    "opentelemetry-collector-contrib",
];

/// The last part of an image's name, without registry, tag and digest: `postgres` of `ghcr.io/x/postgres:16`.
pub(super) fn image_name(reference: &str) -> &str {
    let reference = reference.split('@').next().unwrap_or(reference);
    let last = reference.rsplit('/').next().unwrap_or(reference);
    last.split(':').next().unwrap_or(last)
}

/// The engine an image runs. SQL Server's image is `mssql/server`, known by its folder.
pub(super) fn by_image(reference: &str) -> Option<&'static Engine> {
    let name = image_name(reference).to_ascii_lowercase();
    if reference.contains("mssql/server") {
        return by_name("sqlserver");
    }
    if reference.contains("supabase/postgres") {
        return by_name("postgres");
    }
    ENGINES.iter().find(|engine| engine.images.contains(&name.as_str()))
}

/// The engine whose data directory is mounted at, above or below this path.
pub(super) fn by_data_directory(mount: &str) -> Option<&'static Engine> {
    let mount = mount.trim_end_matches('/');
    ENGINES.iter().find(|engine| engine.data.iter().any(|directory| below(directory, mount).is_some()))
}

/// The engine of a name.
pub(super) fn by_name(name: &str) -> Option<&'static Engine> {
    ENGINES.iter().find(|engine| engine.name == name)
}

/// Whether an image keeps only observations.
pub(super) fn keeps_observations(reference: &str) -> bool {
    let name = image_name(reference).to_ascii_lowercase();
    OBSERVATIONS
        .iter()
        .any(|image| name == *image || name.strip_prefix(image).is_some_and(|rest| rest.starts_with('-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_known_by_image_and_by_data_directory() {
        let engine = |image: &str| by_image(image).map(|engine| engine.name);
        assert_eq!(engine("registry.example:5000/mirror/postgres:15.8"), Some("postgres"));
        assert_eq!(engine("mcr.microsoft.com/mssql/server:2022-latest"), Some("sqlserver"));
        assert_eq!(engine("registry.example/postgres-exporter:0.15"), None);
        assert_eq!(engine("registry.example/accounts-db:1"), None);
        assert_eq!(by_data_directory("/var/lib/postgresql/data").map(|engine| engine.name), Some("postgres"));
        assert_eq!(by_data_directory("/var/lib/mysql-files"), None);
        assert!(keeps_observations("quay.io/prometheus/prometheus:v3"));
        assert!(keeps_observations("grafana/loki-canary"));
        assert!(!keeps_observations("grafana/grafana"));
    }
}

//! The hosts, databases, buckets and queues that an environment variable names, by which datastores are found.
//! Of a URL only the host is kept, so that no password gets into a fact.

use super::object::{has_substitution, text};
use crate::model::Fact;
use crate::tree::{Node, Text};

/// Last words of variables whose value is a host, or hosts with ports.
const HOST_WORDS: &[&str] = &[
    "HOST",
    "HOSTS",
    "HOSTNAME",
    "ADDR",
    "ADDRESS",
    "ADDRESSES",
    "SERVER",
    "SERVERS",
    "ENDPOINT",
    "ENDPOINTS",
    "URL",
    "URI",
    "DSN",
    "BROKER",
    "BROKERS",
    "NODES",
    "SERVICE",
    "CONNECTION",
    "PGHOST",
];

/// Last words of variables whose value names what is kept.
const NAME_WORDS: &[&str] = &["BUCKET", "BUCKETS", "TABLE", "QUEUE", "TOPIC", "DATABASE", "DB"];

/// What a variable names. A value that is filled in later is unknown, if its variable is one that names something.
pub(super) fn named(variable: &str, value: &Node) -> Vec<Fact<Text>> {
    let Some(written) = value.as_str() else { return Vec::new() };
    if written.len() > 2048 || written.contains('\n') {
        return Vec::new();
    }
    let last = variable.to_ascii_uppercase();
    let last = last.rsplit(['_', '.', '-']).next().unwrap_or_default();
    let hosts = HOST_WORDS.contains(&last);
    let names = NAME_WORDS.contains(&last)
        || matches!(variable.to_ascii_uppercase().as_str(), "DATABASE_NAME" | "DB_NAME" | "BUCKET_NAME" | "TABLE_NAME");
    if has_substitution(written) {
        return if hosts || names { vec![text(value)] } else { Vec::new() };
    }
    let found = if written.contains("://") || written.contains("@tcp(") || hosts {
        hosts_of(written)
    } else if names && is_name(written) {
        vec![written.into()]
    } else {
        Vec::new()
    };
    found.into_iter().map(|name| Fact::known(name, value.span)).collect()
}

/// The hosts of a URL, of a connection string, or of a list of `host:port`. A host inside the cluster is given by its
/// first label as well, the name of its Service.
pub(super) fn hosts_of(written: &str) -> Vec<Text> {
    let authority = match written.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', '#']).next().unwrap_or_default(),
        None => key_value_host(written).unwrap_or(written),
    };
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let authority = authority.strip_prefix("tcp(").map_or(authority, |rest| rest.split(')').next().unwrap_or_default());
    let mut hosts: Vec<Text> = Vec::new();
    for part in authority.split([',', ';']) {
        let host = part.trim().split(['/', ':']).next().unwrap_or_default();
        if !is_name(host) || matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0") {
            continue;
        }
        hosts.push(host.into());
        if let Some(service) = service_of(host) {
            hosts.push(service.into());
        }
    }
    hosts
}

/// The host of `host=db port=5432`.
fn key_value_host(written: &str) -> Option<&str> {
    written.split_whitespace().find_map(|pair| pair.strip_prefix("host="))
}

/// The Service of a host that is inside the cluster: `orders-db.shop` or `orders-db.shop.svc.cluster.local`.
fn service_of(host: &str) -> Option<&str> {
    let labels: Vec<&str> = host.split('.').collect();
    let inside = labels.get(2) == Some(&"svc") || labels.get(3) == Some(&"svc") || labels.len() == 2;
    labels.first().copied().filter(|_| inside)
}

fn is_name(word: &str) -> bool {
    (2..=253).contains(&word.len())
        && word.starts_with(|first: char| first.is_ascii_alphanumeric())
        && word.chars().any(|letter| letter.is_ascii_alphabetic())
        && word.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn found(variable: &str, value: &str) -> Vec<Text> {
        let facts = named(variable, &Node::string(value, Span::default()));
        facts.iter().filter_map(|fact| fact.value().cloned()).collect()
    }

    #[test]
    fn hosts_are_found_without_their_passwords() {
        assert_eq!(
            found("POSTGRES_DSN", "postgres://user:p@ss@orders-db.shop:5432/orders"),
            ["orders-db.shop", "orders-db"]
        );
        assert_eq!(found("REDIS_HOST", "cache"), ["cache"]);
        assert_eq!(found("SPRING_DATASOURCE_URL", "jdbc:postgresql://ledger-db:5432/postgresdb"), ["ledger-db"]);
        assert_eq!(
            found("BROKERS", "kafka-0.kafka.mq.svc:9092,kafka-1:9092"),
            ["kafka-0.kafka.mq.svc", "kafka-0", "kafka-1"]
        );
        assert_eq!(found("MYSQL_DSN", "app:secret@tcp(orders-db:3306)/orders"), ["orders-db"]);
        assert_eq!(found("DATABASE_HOST", "localhost"), Vec::<Text>::new());
        assert_eq!(found("POSTERS_BUCKET", "lantern-production-posters"), ["lantern-production-posters"]);
        assert_eq!(found("LOG_LEVEL", "debug"), Vec::<Text>::new());
    }

    #[test]
    fn a_host_that_is_filled_in_later_is_not_known() {
        let facts = named("DATABASE_URL", &Node::string("postgres://${USER}@${HOST}/x", Span::default()));
        assert!(facts.iter().all(|fact| fact.reason().is_some()) && facts.len() == 1);
    }
}

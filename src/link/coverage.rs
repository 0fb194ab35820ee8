//! Whether what a plan or a restore test says it covers means a datastore. Uses `model`.

use super::kubernetes::same_namespace;
use crate::model::kubernetes::Selector;
use crate::model::{Coverage, Datastore, Fact};
use crate::tree::{ELSEWHERE, Text, Unknown};

/// How a coverage answers for a datastore.
pub(super) enum Covers {
    Yes,
    No,
    /// It may: part of it is not known.
    Maybe(Unknown),
}

impl Covers {
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, other) => other,
            (maybe, _) => maybe,
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, other) => other,
            (maybe, _) => maybe,
        }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            maybe @ Self::Maybe(_) => maybe,
        }
    }
}

/// Whether a coverage means a datastore.
pub(super) fn covers(coverage: &Coverage, datastore: &Datastore) -> Covers {
    match coverage {
        Coverage::Unsaid => Covers::No,
        Coverage::Names(names) => names.iter().map(|name| is_name_of(name, datastore)).fold(Covers::No, Covers::or),
        Coverage::Tags(tags) if tags.is_empty() => Covers::No,
        Coverage::Tags(tags) => tags.iter().map(|tag| bears(datastore, tag)).fold(Covers::Yes, Covers::and),
        Coverage::Type(kind) => is_of_type(kind, datastore),
        Coverage::Any(parts) => parts.iter().map(|part| covers(part, datastore)).fold(Covers::No, Covers::or),
        Coverage::Both(one, other) => covers(one, datastore).and(covers(other, datastore)),
        Coverage::Less(from, without) => covers(from, datastore).and(covers(without, datastore).not()),
        Coverage::Namespaces { included, excluded, selectors } => {
            in_namespaces(included, excluded, selectors, datastore)
        }
    }
}

/// By what AWS Backup calls it; which of the two a cluster of RDS is depends on its engine.
/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_RestoreTestingSelectionForCreate.html>
fn is_of_type(kind: &Text, datastore: &Datastore) -> Covers {
    let own = datastore.protected_type.as_str();
    match datastore.engine.reason() {
        Some(unknown) if own == "Aurora" && matches!(kind.as_str(), "Aurora" | "RDS") => Covers::Maybe(unknown.clone()),
        _ if own == kind.as_str() && !own.is_empty() => Covers::Yes,
        _ => Covers::No,
    }
}

fn bears(datastore: &Datastore, (key, value): &(Text, Fact<Text>)) -> Covers {
    let Some(own) = datastore.tags.get(key) else {
        return datastore.tags_open.clone().map_or(Covers::No, Covers::Maybe);
    };
    match (own.value(), value.value()) {
        (Some(own), Some(value)) if matches(value, own) => Covers::Yes,
        (Some(_), Some(_)) => Covers::No,
        _ => own.reason().or(value.reason()).cloned().map_or(Covers::No, Covers::Maybe),
    }
}

/// Whether a text fits a pattern in which `*` stands for anything.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

fn in_namespaces(
    included: &[Fact<Text>],
    excluded: &[Fact<Text>],
    selectors: &[Selector],
    datastore: &Datastore,
) -> Covers {
    let named = |list: &[Fact<Text>]| {
        list.iter().any(|name| name.value().is_some() && same_namespace(name, &datastore.namespace))
    };
    if named(excluded) && datastore.namespace.value().is_some() {
        return Covers::No;
    }
    let all = included.is_empty() || included.iter().any(|name| name.value().is_some_and(|name| name == "*"));
    let selected = selectors.is_empty() || selectors.iter().any(|selector| selector.matches(&datastore.tags));
    if (all || named(included)) && selected {
        return Covers::Yes;
    }
    let unknown = included.iter().find_map(Fact::reason).cloned();
    match unknown {
        Some(unknown) if selected => Covers::Maybe(unknown),
        _ => Covers::No,
    }
}

/// Whether a reference, an ARN or a name is that of a datastore. `*` within an ARN stands for anything.
fn is_name_of(name: &Fact<Text>, datastore: &Datastore) -> Covers {
    if let Some(unknown) = name.reason() {
        if unknown.refers_to.iter().any(|reference| leads_to(reference, datastore)) {
            return Covers::Yes;
        }
        return match &unknown.partial {
            // An ARN of which the account and the region are not known still says its type, and maybe its name.
            Some(partial) if partial.starts_with("arn:") => match (is_arn_of(partial, datastore), resource_of(partial))
            {
                (true, Some(resource)) if resource.contains('*') => Covers::Maybe(unknown.clone()),
                (true, _) => Covers::Yes,
                (false, _) => Covers::No,
            },
            _ if unknown.refers_to.is_empty() => Covers::Maybe(unknown.clone()),
            _ => Covers::No,
        };
    }
    let Some(text) = name.value() else { return Covers::No };
    if refers_to(text, &datastore.address) {
        return Covers::Yes;
    }
    let yes = if text == "*" {
        !datastore.arn.is_empty()
    } else if text.starts_with("arn:") && !datastore.arn.is_empty() {
        is_arn_of(text, datastore)
    } else {
        let last = text.rsplit([':', '/']).next().unwrap_or(text);
        let host = last.split('.').next().unwrap_or(last);
        let host = domain(last).unwrap_or(host);
        datastore.names.iter().any(|own| !own.is_empty() && (own == text.as_str() || own == last || own == host))
    };
    if yes { Covers::Yes } else { Covers::No }
}

/// The name of a domain of `OpenSearch` in its host: `orders` of `vpc-orders-k3ts….eu-west-1.es.amazonaws.com`.
/// <https://docs.aws.amazon.com/opensearch-service/latest/developerguide/createupdatedomains.html>
fn domain(host: &str) -> Option<&str> {
    let (label, zone) = host.split_once('.')?;
    let named = label.strip_prefix("vpc-").or_else(|| label.strip_prefix("search-"))?;
    let (name, id) = named.rsplit_once('-')?;
    (zone.ends_with(".es.amazonaws.com") && id.len() >= 20).then_some(name)
}

/// What an ARN says after partition, service, region and account: `db:orders`.
fn resource_of(arn: &str) -> Option<&str> {
    arn.splitn(6, ':').nth(5)
}

/// Whether an ARN, which may hold `*`, is that of a datastore of this type and one of its names.
fn is_arn_of(arn: &str, datastore: &Datastore) -> bool {
    let service = arn.split(':').nth(2).unwrap_or_default();
    let mut own = datastore.arn.splitn(4, ':');
    let (own_service, own_resource) = (own.next().unwrap_or_default(), own.nth(2).unwrap_or_default());
    let Some(resource) = resource_of(arn) else { return false };
    if !matches(service, own_service) || own_service.is_empty() {
        return false;
    }
    // Everything of the type, whatever its name.
    if resource == own_resource || resource == "*" {
        return true;
    }
    let named = |name: &Text| matches(resource, &own_resource.replacen('*', name, 1));
    datastore.names.iter().filter(|name| !name.is_empty()).any(named)
}

/// Whether a reference, which may be one from another root, leads to a datastore.
fn leads_to(reference: &str, datastore: &Datastore) -> bool {
    match reference.split_once(ELSEWHERE) {
        Some((root, address)) => root == datastore.place.root && refers_to(address, &datastore.address),
        None => refers_to(reference, &datastore.address),
    }
}

/// Whether a reference leads to the thing at an address.
pub(super) fn refers_to(reference: &str, address: &str) -> bool {
    !address.is_empty()
        && reference.strip_prefix(address).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_domain_names_it() {
        assert_eq!(domain("vpc-orders-k3ts7a2bq4nqzl5mwy6r7e2hoe.eu-west-1.es.amazonaws.com"), Some("orders"));
        assert_eq!(domain("search-shop-logs-k3ts7a2bq4nqzl5mwy6r7e2hoe.eu-west-1.es.amazonaws.com"), Some("shop-logs"));
        assert_eq!(domain("vpc-orders.example.com"), None);
        assert_eq!(domain("orders"), None);
    }

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text) in
            [("prod*", "production"), ("*rod*", "production"), ("*", ""), ("a*c*e", "abcde"), ("x", "x")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("prod", "production"), ("*x", "xy"), ("a*b", "a"), ("", "a")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn an_arn_says_type_and_name() {
        let table =
            Datastore { names: vec!["orders".into()], arn: "dynamodb:*:*:table/*".into(), ..Datastore::default() };
        for (arn, expected) in [
            ("arn:aws:dynamodb:eu-west-1:111122223333:table/orders", true),
            ("arn:aws:dynamodb:*:*:table/*", true),
            ("arn:aws:dynamodb:*:*:table/ord*", true),
            ("arn:aws:dynamodb:*:*:table/invoices", false),
            ("arn:aws:rds:*:*:db:*", false),
            ("arn:aws:rds:*:*:db:orders", false),
            ("*", true),
        ] {
            let yes = matches!(is_name_of(&Fact::known(arn.into(), None), &table), Covers::Yes);
            assert_eq!(yes, expected, "{arn}");
        }
    }
}

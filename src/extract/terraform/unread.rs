//! Stores that are made by modules which are not in the repository and which no table knows: they are there, by the name
//! of the module that is called, and nothing else of them can be told. The names are those of `unread.toml`.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::resolve::terraform::ModuleCall;
use crate::tree::Unknown;

use super::providers::{Store, table};

#[derive(Debug, Default, Deserialize)]
struct Names {
    apart: Vec<String>,
    #[serde(rename = "name")]
    names: Vec<Name>,
}

#[derive(Debug, Deserialize)]
struct Name {
    words: Vec<String>,
    among: Option<String>,
    resource: String,
}

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| parse().unwrap_or_default())
}

fn parse() -> Result<Names, toml::de::Error> {
    toml::from_str(include_str!("unread.toml"))
}

/// The store that a module makes, by the name of its source.
pub(super) fn store(source: &str) -> Option<&'static Store> {
    let source = source.split('?').next().unwrap_or(source).to_ascii_lowercase();
    let name = name_of(&source)?;
    let words: Vec<&str> = name.split('_').collect();
    if words.iter().any(|word| names().apart.iter().any(|apart| apart == word)) {
        return None;
    }
    let ends = |wanted: &str| {
        let before = name.strip_suffix(wanted);
        // A single word is the whole name: what ends with it may be about anything.
        before.is_some_and(|before| before.is_empty() || before.ends_with('_') && wanted.contains('_'))
    };
    let found = names().names.iter().find(|one| {
        one.words.iter().any(|wanted| ends(wanted))
            && one.among.as_ref().is_none_or(|word| source.contains(word.as_str()))
    });
    table().store(&found?.resource)
}

/// Why nothing more is known of it.
pub(super) fn reason(call: &ModuleCall) -> Unknown {
    let reason = format!("the module source `{}` is not here", call.source);
    Unknown::new(reason, "pass a plan, or audit where `terraform init` has run", call.head)
}

/// The name of a module: the last folder of its path, or the name of a package of the registry or of a repository.
fn name_of(source: &str) -> Option<String> {
    let (package, folder) = match source.rsplit_once("//") {
        Some((package, _)) if package.ends_with(':') => (source, ""),
        Some((package, folder)) => (package, folder.trim_matches('/')),
        None => (source, ""),
    };
    let segments: Vec<&str> = package.trim_end_matches('/').split('/').collect();
    let name = match (folder.rsplit('/').next().filter(|name| !name.is_empty()), segments.as_slice()) {
        (Some(folder), _) => folder,
        // `owner/name/provider`, perhaps below a host.
        (None, [.., _, name, provider]) if !source.starts_with('.') && PROVIDERS.contains(provider) => name,
        (None, [.., name]) => name,
        (None, []) => return None,
    };
    let name = name.trim_end_matches(".git").replace('-', "_");
    let mut rest = name.as_str();
    while let Some(shorter) = AFFIXES.iter().find_map(|affix| rest.strip_prefix(affix)) {
        rest = shorter;
    }
    Some(rest.to_owned())
}

/// Providers by which packages of the registry are called.
const PROVIDERS: &[&str] = &["aws", "azurerm", "azure", "google", "google-beta"];

/// What names begin with that says nothing of what a module makes.
const AFFIXES: &[&str] = &["terraform_", "tf_", "module_", "aws_", "azurerm_", "azure_", "google_", "gcp_", "avm_res_"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_parse_and_are_of_types_that_the_table_has() {
        let names = parse().unwrap();
        for name in &names.names {
            assert!(table().store(&name.resource).is_some(), "{}", name.resource);
            for words in &name.words {
                assert!(!names.apart.iter().any(|apart| words.split('_').any(|word| word == apart)), "{words}");
            }
        }
    }

    #[test]
    fn modules_are_known_by_their_names() {
        let made = |source: &str| store(source).map_or("", |store| store.type_name.as_str());
        for (source, expected) in [
            ("./.terraform/modules/__v4__/cosmosdb_account", "azurerm_cosmosdb_account"),
            ("./.terraform/modules/__v4__/cosmosdb_sql_container", ""),
            ("./.terraform/modules/__v4__/IDH/managed_redis", "azurerm_managed_redis"),
            (
                "git::https://github.com/example/terraform-azurerm-v3.git//storage_account?ref=v8",
                "azurerm_storage_account",
            ),
            ("github.com/example/platform-terraform-s3-bucket?ref=1", "aws_s3_bucket"),
            ("git::https://github.com/example/terraform-aws-redshift.git?ref=1", "aws_redshift_cluster"),
            ("git@github.com:example/terraform-aws-dynamodb-table.git", "aws_dynamodb_table"),
            ("example/rds/aws", "aws_db_instance"),
            ("app.terraform.io/example/aurora-mysql/aws", "aws_rds_cluster"),
            ("example/redis/azurerm", "azurerm_redis_cache"),
            ("example/rds-proxy/aws", ""),
            ("example/kms-for-rds/aws", ""),
            ("example/network/aws", ""),
            ("", ""),
        ] {
            assert_eq!(made(source), expected, "{source}");
        }
    }
}

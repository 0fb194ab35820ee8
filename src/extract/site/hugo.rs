//! `hugo.toml` and its older and split forms. <https://gohugo.io/configuration/introduction/>

use super::{any_case, below, served_at};
use crate::model::surroundings::{Generator, Site};
use crate::tree::{Node, Text};

/// Names of the file, without extension.
const NAMES: &[&str] = &["hugo", "config"];

pub(super) fn read(folder: &str, name: &str, path: &str, config: &Node) -> Option<Site> {
    let (stem, extension) = name.rsplit_once('.')?;
    let is_config = NAMES.contains(&stem) && matches!(extension, "toml" | "yaml" | "yml" | "json");
    let base = any_case(config, "baseURL").filter(|_| is_config);
    // Many programs have a `config.yaml`; only Hugo's has these.
    let own = base.is_some() || is_config && any_case(config, "contentDir").is_some() && config.get("title").is_some();
    if !own {
        return None;
    }
    // `config/_default/hugo.toml` and `config/production/hugo.toml` are about the folder above `config`.
    let site = match folder.rsplit_once('/').unwrap_or(("", folder)) {
        (above, _) if above == "config" || above.ends_with("/config") => above.trim_end_matches("config"),
        _ => folder,
    };
    let open = ["module", "languages", "outputs"].iter().any(|key| any_case(config, key).is_some());
    Some(Site {
        path: path.into(),
        generator: Generator::Hugo,
        base: served_at(base),
        content: below(site, any_case(config, "contentDir").and_then(Node::as_str).unwrap_or("content")),
        mount: Text::default(),
        permalinks: permalinks(any_case(config, "permalinks")),
        open,
    })
}

/// `permalinks: {section: pattern}`, or the same below `page`.
/// <https://gohugo.io/content-management/urls/#permalinks>
fn permalinks(node: Option<&Node>) -> Vec<(Text, Text)> {
    let entries = node.into_iter().flat_map(Node::entries);
    entries
        .flat_map(|entry| {
            let nested = entry.value.entries().iter().filter(|_| entry.key == "page");
            std::iter::once(entry).chain(nested)
        })
        .filter_map(|entry| Some((entry.key.clone(), entry.value.as_str()?.into())))
        .collect()
}

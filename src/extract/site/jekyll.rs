//! Jekyll's `_config.yml`, as GitHub Pages uses it. <https://jekyllrb.com/docs/configuration/options/>

use super::{below, served_at};
use crate::model::surroundings::{Generator, Site};
use crate::tree::{Node, Text};

pub(super) fn read(folder: &str, path: &str, config: &Node) -> Option<Site> {
    let known = ["url", "baseurl", "theme", "remote_theme", "permalink", "collections", "plugins", "title"];
    known.iter().find_map(|key| config.get(key))?;
    let base = served_at(config.get("url")).map(|url| {
        let below = config.get("baseurl").and_then(Node::as_str).unwrap_or_default().trim_matches('/');
        if below.is_empty() { url } else { format!("{url}/{below}").into() }
    });
    let permalink = config.get("permalink").and_then(Node::as_str);
    Some(Site {
        path: path.into(),
        generator: Generator::Jekyll,
        base,
        content: below(folder, config.get("source").and_then(Node::as_str).unwrap_or(".")),
        mount: Text::default(),
        permalinks: permalink.map(|pattern| (Text::default(), pattern.into())).into_iter().collect(),
        // Collections and plugins make addresses of their own.
        open: config.get("collections").is_some()
            || config.get("plugins").is_some()
            || config.get("defaults").is_some(),
    })
}

//! What a page says of its own address, and the anchors it has beside its headings. Uses `tree` and `model`.

use crate::model::surroundings::Address;
use crate::tree::page::Page;
use crate::tree::{Node, Text};

/// What front matter says of the page's address on a site.
pub(super) fn read(page: &Page) -> Address {
    let Some(matter) = &page.front_matter else { return Address::default() };
    let text = |key: &str| matter.get(key).and_then(Node::scalar).unwrap_or_default();
    let lists = ["aliases", "redirect_from"].iter().filter_map(|key| matter.get(key));
    let aliases = lists.flat_map(|node| node.scalar().into_iter().chain(node.items().iter().filter_map(Node::scalar)));
    let says = |key: &str, value: bool| matter.get(key).and_then(Node::as_bool) == Some(value);
    let url = text("url");
    Address {
        title: text("title"),
        slug: text("slug"),
        url: if url.is_empty() { text("permalink") } else { url },
        id: text("id"),
        aliases: aliases.take(MOST_ALIASES).collect(),
        draft: says("draft", true) || says("published", false),
    }
}

/// More aliases than a page ever has.
const MOST_ALIASES: usize = 100;

/// How many cells are kept, and how long they may be: a cell that reads like an anchor is short.
const MOST_CELLS: usize = 2_000;
const LONGEST_CELL: usize = 80;

/// The cells of tables, as anchors would be written. They are none: a link to one opens the page and stays at its top.
pub(super) fn cells(page: &Page) -> Vec<Text> {
    let rows = page.tables.iter().flat_map(|table| std::iter::once(&table.header).chain(&table.rows));
    let short = rows.flatten().filter(|cell| (1..=LONGEST_CELL).contains(&cell.text.len()));
    let mut cells: Vec<Text> = short.take(MOST_CELLS).map(|cell| crate::tree::page::slug(&cell.text)).collect();
    cells.sort_unstable();
    cells.dedup();
    cells
}

//! What people look at. Uses `model::schema`.

use serde::Serialize;

use super::alert::Watch;
use super::schema::{Fact, facts};
use super::{Id, Service};
use crate::source::Span;
use crate::tree::Text;

facts! {
    /// A dashboard: a page of panels that show measurements.
    noun Dashboard as "dashboard" in dashboards {
        /// How many of its panels ask for series.
        panels: i64,
        /// The title of a panel that can show nothing; absent where each may show something.
        dead_panel: Fact<Text>,
        /// What that panel asks for in vain, in words; unknown where it may be recorded elsewhere.
        dead: Fact<Text>,
        /// How many of its panels can show nothing.
        dead_panels: i64,
        /// The services it shows.
        services: Vec<Id<Service>>,
    } plain {
        /// What it is known by in addresses.
        uid: Text,
        /// Its panels that ask for series, with its variables, which ask for what can be chosen.
        shows: Vec<Panel>,
        /// Names in it, in lower case, where what it asks for is written in no language that is read here.
        mentions: Vec<Text>,
        /// The addresses of resources that it refers to.
        targets: Vec<Text>,
    }
}

/// One panel.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Panel {
    /// Its title.
    pub title: Text,
    /// What it asks for.
    pub queries: Vec<Query>,
}

/// One thing that a panel asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Query {
    /// Where it stands.
    pub span: Span,
    /// The series it asks for. What the reader of the dashboard chooses is left out of the matchers.
    pub watches: Vec<Watch>,
    /// Whether it was read; the languages of logs and of clouds are not.
    pub read: bool,
    /// Whether it gives something where a part of what it asks for gives nothing.
    pub copes: bool,
}

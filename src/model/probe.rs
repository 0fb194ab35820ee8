//! What asks from outside whether something answers. Uses `model::schema`.

use serde::Serialize;

use super::Place;
use super::schema::Fact;
use crate::tree::Text;

/// A check that asks from outside: an uptime check, a synthetic test, a probe of the blackbox exporter.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Probe {
    /// What it asks: hosts.
    pub hosts: Vec<Fact<Text>>,
    /// Where.
    pub place: Place,
}

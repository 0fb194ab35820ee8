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
    /// The addresses that it asks, as they are written, with their paths; none where only hosts are told.
    pub addresses: Vec<Text>,
    /// Labels that its series carry, as far as they are written.
    pub labels: Vec<(Text, Text)>,
    /// Where.
    pub place: Place,
}

/// The host that a URL or a `host:port` names, as it is written.
pub fn host(address: &str) -> &str {
    let after = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_address_names_its_host() {
        for address in ["https://shop.example.org/cart?x=1", "shop.example.org:8443", "http://a:b@shop.example.org#top"]
        {
            assert_eq!(super::host(address), "shop.example.org", "{address}");
        }
    }
}

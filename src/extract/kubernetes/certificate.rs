//! Certificates: those that cert-manager renews, and those that stand in a `Secret`.
//! <https://cert-manager.io/docs/usage/certificate/>

use super::object::Object;
use crate::extract::Facts;
use crate::model::Certificate;
use crate::tree::{Node, Text};

/// Adds a `Certificate`.
pub(super) fn managed(object: &Object<'_>, facts: &mut Facts) {
    add(object, "cert-manager", true, facts);
}

/// Adds the certificate of a `Secret` of the type for them, where it stands in it.
pub(super) fn secret(object: &Object<'_>, facts: &mut Facts) {
    let kept = ["data", "stringData"].iter().find_map(|key| object.at(&[key, "tls.crt"])).and_then(Node::as_str);
    let is_tls = object.at(&["type"]).and_then(Node::as_str) == Some("kubernetes.io/tls");
    if is_tls && kept.is_some_and(|text| !text.trim().is_empty()) {
        add(object, "secret", false, facts);
    }
}

fn add(object: &Object<'_>, kind: &'static str, renewed: bool, facts: &mut Facts) {
    let certificate = Certificate {
        name: object.title(),
        place: object.place.clone(),
        kind: Text::const_new(kind),
        renewed,
        ..Certificate::default()
    };
    facts.model.add(certificate);
}

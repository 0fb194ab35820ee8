//! Certificates that were made elsewhere and brought in: nothing renews them.
//!
//! Arguments: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/acm_certificate> (with a
//! `private_key` it is imported; otherwise Amazon issues and renews it), `iam_server_certificate`,
//! <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/compute_ssl_certificate>,
//! <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/app_service_certificate> (`pfx_blob`).

use crate::extract::Facts;
use crate::model::Certificate;
use crate::tree::Text;

use super::{Ground, Seen};

/// Types, and the attribute that says that a certificate was brought in.
const IMPORTED: &[(&str, &str)] = &[
    ("aws_acm_certificate", "private_key"),
    ("aws_iam_server_certificate", "private_key"),
    ("google_compute_ssl_certificate", "private_key"),
    ("google_compute_region_ssl_certificate", "private_key"),
    ("azurerm_app_service_certificate", "pfx_blob"),
];

pub(super) fn extract(ground: Ground<'_>, seen: &mut Seen, facts: &mut Facts) {
    for (kind, attribute) in IMPORTED {
        let brought = |node: Option<&crate::tree::Node>| node.is_some_and(|node| !node.is_null());
        for resource in ground.of_type(kind).filter(|resource| brought(resource.at(attribute))) {
            // One that is signed anew at every apply is as old as the last of them.
            let made = resource
                .refers(attribute)
                .any(|address| address.contains("tls_private_key") || address.contains("acme_"));
            let certificate = Certificate {
                name: resource.address.clone(),
                place: ground.place(resource),
                kind: Text::const_new("imported"),
                renewed: made,
                ..Certificate::default()
            };
            if seen.first(&certificate.name, &certificate.place, String::new()) {
                facts.model.add(certificate);
            }
        }
    }
}

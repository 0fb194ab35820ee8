//! Values encrypted in place by SOPS or Ansible Vault: they are there, but cannot be known.

use crate::source::Span;
use crate::tree::{Node, Unknown};

/// Whether a document was written by SOPS: it has a `sops` map with the code that authenticates the rest.
pub fn is_sops(node: &Node) -> bool {
    node.get("sops").is_some_and(|sops| sops.get("mac").is_some())
}

/// Why a string cannot be known, if it is an encrypted value.
pub(super) fn unknown(text: &str, span: Span) -> Option<Unknown> {
    let tool = match text.as_bytes().first()? {
        b'E' if text.starts_with("ENC[AES256_GCM,") => "SOPS",
        b'$' if text.starts_with("$ANSIBLE_VAULT;") => "Ansible Vault",
        _ => return None,
    };
    Some(Unknown::new(format!("encrypted with {tool}"), "", span))
}

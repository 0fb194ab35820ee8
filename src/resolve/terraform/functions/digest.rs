//! Hashes and identifiers made of them.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::resolve::terraform::operate::Evaluated;
use crate::resolve::terraform::typed::Typed;

use super::Context;
use super::encoding::base64;

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

pub(super) fn md5(bytes: &[u8]) -> String {
    hexadecimal(&Md5::digest(bytes))
}

pub(super) fn sha1(bytes: &[u8]) -> String {
    hexadecimal(&Sha1::digest(bytes))
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

pub(super) fn sha512(bytes: &[u8]) -> String {
    hexadecimal(&Sha512::digest(bytes))
}

pub(super) fn base64sha256(bytes: &[u8]) -> String {
    base64(&Sha256::digest(bytes))
}

pub(super) fn base64sha512(bytes: &[u8]) -> String {
    base64(&Sha512::digest(bytes))
}

/// RFC 4122, section 4.3. The namespaces of its appendix C have names.
pub(super) fn uuidv5(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let namespace = match cx.text(args, 0)? {
        "dns" => "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "url" => "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
        "oid" => "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
        "x500" => "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
        other => other,
    };
    let invalid = || cx.failure("it is not a UUID");
    let shape = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = namespace.split('-').collect();
    if groups.len() != shape.len() || groups.iter().zip(shape).any(|(group, length)| group.len() != length) {
        return Err(invalid());
    }
    let number = u128::from_str_radix(&groups.concat(), 16).map_err(|_| invalid())?;
    let mut hasher = Sha1::new();
    hasher.update(number.to_be_bytes());
    hasher.update(cx.text(args, 1)?.as_bytes());
    let mut id: Vec<u8> = hasher.finalize().iter().copied().take(16).collect();
    id[6] = id[6] & 0x0f | 0x50;
    id[8] = id[8] & 0x3f | 0x80;
    let text = hexadecimal(&id);
    cx.text_of(format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]))
}

//! Reads one file, unless it holds no text that an audit could read. Uses `problem`.

use std::fs::File;
use std::io::{self, ErrorKind, Read};

use super::{Found, Root};
use crate::problem::{Fault, Problem, Skipped};
use crate::tree::Format;

/// How much of a file is searched for the zero byte that text never has; git looks as far.
const BINARY_WINDOW: usize = 8 << 10;

/// What to do about a file or folder that cannot be read.
pub(super) const REMEDY: &str = "make it readable for the account that runs the audit, or name it in .twoamignore";

/// A file that was not read.
#[derive(Clone, Debug, PartialEq)]
pub struct Unread {
    /// The entry of the list.
    pub skipped: Skipped,
    /// Where it ought to have been readable: the complaint.
    pub problem: Option<Problem>,
}

/// Opening words of files that are no text to us, each with the reason.
const OPENINGS: &[(&[u8], &str)] = &[
    (b"\0GITCRYPT\0", "encrypted (git-crypt)"),
    (b"$ANSIBLE_VAULT;", "encrypted (Ansible Vault)"),
    (b"age-encryption.org/v1", "encrypted (age)"),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", "encrypted (age)"),
    (b"-----BEGIN PGP MESSAGE-----", "encrypted (PGP)"),
    (b"version https://git-lfs.github.com/spec/", "Git LFS pointer, content is not here"),
    (b"/annex/objects/", "git-annex pointer, content is not here"),
];

/// The text of a file that PowerShell's `>` wrote: UTF-16 with a byte order mark. Nothing for any other.
/// <https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.core/about/about_character_encoding>
fn wide(bytes: &[u8]) -> Option<Result<String, &'static str>> {
    let (big, rest) = match bytes {
        [0xff, 0xfe, rest @ ..] => (false, rest),
        [0xfe, 0xff, rest @ ..] => (true, rest),
        _ => return None,
    };
    let unit = |pair: &[u8; 2]| if big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
    let (pairs, odd) = rest.as_chunks::<2>();
    let decoded: Option<String> = char::decode_utf16(pairs.iter().map(unit)).collect::<Result<_, _>>().ok();
    Some(decoded.filter(|_| odd.is_empty()).ok_or("broken UTF-16"))
}

/// The text of a file.
///
/// # Errors
/// When the file holds no text to audit, or cannot be read.
pub fn read(found: &Found) -> Result<String, Box<Unread>> {
    let skip =
        |reason: String| Box::new(Unread { skipped: Skipped { path: found.shown.clone(), reason }, problem: None });
    let bytes = match bytes(found) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(skip(format!("larger than {}", size(found.largest)))),
        Err(error) => {
            let reason = why(&error);
            let message = format!("the file was not read: {reason}");
            let problem = Problem::of(Fault::Input, &found.shown, message, REMEDY);
            return Err(Box::new(Unread { problem: Some(problem), ..*skip(reason) }));
        }
    };
    if let Some((_, reason)) = OPENINGS.iter().find(|(opening, _)| bytes.starts_with(opening)) {
        return Err(skip((*reason).to_owned()));
    }
    match wide(&bytes) {
        // Terraform reads UTF-8 only.
        Some(_) if found.format == Format::Hcl => return Err(skip("UTF-16, not UTF-8".to_owned())),
        Some(decoded) => return decoded.map_err(|reason| skip(reason.to_owned())),
        None => {}
    }
    if bytes.iter().take(BINARY_WINDOW).any(|byte| *byte == 0) {
        return Err(skip("binary".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(valid).filter(|byte| **byte == b'\n').count() + 1;
        skip(format!("not UTF-8 (line {line})"))
    })
}

/// The text of any file in the roots by the path it is shown with, whatever its syntax: what another file refers to.
/// Nothing for one that leads out of its root, is larger than `largest` bytes, or holds no text.
pub fn text_at(roots: &[Root], shown: &str, largest: u64) -> Option<String> {
    let located = roots.iter().filter_map(|root| Some((root, root.located(shown)?)));
    let (root, path) = located.max_by_key(|(root, _)| root.prefix.len())?;
    if !path.canonicalize().ok()?.starts_with(&root.real) {
        return None;
    }
    read(&Found { path, shown: shown.to_owned(), format: Format::Text, root: 0, largest }).ok()
}

/// The bytes of a file; nothing when there are too many.
pub(super) fn bytes(found: &Found) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(&found.path)?;
    let length = file.metadata()?.len();
    if length > found.largest {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    // The length is a promise only: the file may grow while it is read.
    file.take(found.largest + 1).read_to_end(&mut bytes)?;
    Ok(u64::try_from(bytes.len()).is_ok_and(|length| length <= found.largest).then_some(bytes))
}

/// Why something could not be read, without the wording of one operating system.
pub(super) fn why(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "no permission".to_owned(),
        ErrorKind::NotFound => "it vanished while it was read".to_owned(),
        kind => kind.to_string(),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        mebibytes if mebibytes >= 1 << 20 => format!("{} MiB", mebibytes >> 20),
        bytes => format!("{bytes} bytes"),
    }
}

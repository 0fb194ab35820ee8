//! Where a symbolic link leads. Only what stands in the audited roots is read. Uses nothing of this crate but roots.

use std::io::ErrorKind;
use std::path::Path;

use super::{REPOSITORY_FOLDERS, Root};

/// Why a link that climbs out is not followed.
pub(super) const OUTSIDE: &str = "link leads outside the audited root";

/// Where a link leads, with the reason for which it is not followed.
pub(super) enum Target {
    /// To a regular file in the roots.
    File,
    /// To a file outside.
    OutsideFile,
    /// To a folder, in the roots or outside.
    Folder(&'static str),
    /// To nothing that can be read.
    Nothing(&'static str),
}

pub(super) fn target(link: &Path, roots: &[Root]) -> Target {
    let real = match link.canonicalize() {
        Ok(real) => real,
        Err(error) if error.kind() == ErrorKind::NotFound => return Target::Nothing("broken link"),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Target::Nothing("link not readable"),
        // The kind for too many links is not stable yet; what else can go wrong with a path is no better.
        Err(_) => return Target::Nothing("link that leads to itself or to no valid path"),
    };
    let inside = roots.iter().any(|root| {
        real.strip_prefix(&root.real)
            .is_ok_and(|path| !path.iter().any(|part| REPOSITORY_FOLDERS.iter().any(|folder| part == *folder)))
    });
    let Ok(metadata) = real.metadata() else { return Target::Nothing("broken link") };
    match (inside, metadata.is_dir(), metadata.is_file()) {
        (true, true, _) => Target::Folder("link to a folder; what it holds is audited where it stands"),
        (false, true, _) => Target::Folder(OUTSIDE),
        (true, _, true) => Target::File,
        (false, _, true) => Target::OutsideFile,
        _ => Target::Nothing("not a regular file"),
    }
}

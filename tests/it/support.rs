//! What the tests share: a folder of its own for each, and the binary run as a user runs it.

#![allow(clippy::print_stderr, reason = "what was skipped is for whoever runs the tests")]

use std::path::{Path, PathBuf};

/// A folder that goes away with the test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, with the folders it stands in.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let target = self.path().join(path);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(&target, text).unwrap();
        target
    }
}

/// What a run of the binary said.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `twoam` in a folder, without anything of the tester's environment that could change what it says.
pub(crate) fn twoam(folder: &Path, arguments: &[&str]) -> Run {
    let output = assert_cmd::Command::cargo_bin("twoam")
        .unwrap()
        .current_dir(folder)
        .args(arguments)
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .env_remove("CLICOLOR_FORCE")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The folder of real repositories, each work tree in it as `OWNER+NAME`; without it, it is said that nothing is compared.
pub(crate) fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("TWOAM_CORPORA").filter(|folder| !folder.is_empty());
    if folder.is_none() {
        eprintln!("skipped: TWOAM_CORPORA names no folder of real repositories");
    }
    folder.map(PathBuf::from)
}

/// One of the real repositories, where it is there.
pub(crate) fn repository(name: &str) -> Option<PathBuf> {
    let root = corpora()?.join(name);
    if !root.is_dir() {
        eprintln!("skipped: there is no {name}");
    }
    root.is_dir().then_some(root)
}

/// The example company.
pub(crate) fn lantern() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/repos/lantern")
}

/// The day on which the example is judged, so that dates in it stay what they are.
pub(crate) const TODAY: &str = "2026-11-24";

/// Numbers from a seed (`SplitMix64`), the same everywhere.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % sides
    }

    /// One of several words.
    pub(crate) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.roll(from.len() as u64)).unwrap()]
    }
}

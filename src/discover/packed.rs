//! Charts that are packed (`charts/*.tgz` beside a `Chart.yaml`): their texts, unpacked in memory and within bounds.
//! Nothing is written, and no entry leads out of its archive.

use crate::source::{in_folder, parent};
use std::io::Read;
use std::path::{Component, Path};

use flate2::read::GzDecoder;

use super::{Discovery, Options};
use crate::problem::Skipped;

/// How many bytes an archive may hold unpacked.
const MOST_BYTES: u64 = 32 << 20;

/// How many bytes one file of it may hold.
const MOST_OF_FILE: u64 = 1 << 20;

/// How many entries it may hold.
const MOST_ENTRIES: usize = 4_000;

/// How many archives are unpacked.
const MOST_ARCHIVES: usize = 200;

/// A text of a packed chart: below the path of its archive, as if that were a folder.
#[derive(Debug, PartialEq, Eq)]
pub struct Packed {
    /// The path, as shown.
    pub path: String,
    /// The text.
    pub text: String,
}

/// Unpacks the charts that stand in `charts/` beside a `Chart.yaml`. What cannot be unpacked is said.
pub fn packed_charts(discovery: &Discovery, options: &Options) -> (Vec<Packed>, Vec<Skipped>) {
    let (mut unpacked, mut skipped) = (Vec::new(), Vec::new());
    let is_chart = |folder: &str| {
        let chart = in_folder(folder, "Chart.yaml");
        discovery.files.binary_search_by(|found| found.shown.cmp(&chart)).is_ok()
    };
    let is_dependency = |path: &str| {
        let folder = parent(path);
        let chart = folder.strip_suffix("charts").map(|chart| chart.strip_suffix('/').unwrap_or(chart));
        Path::new(path).extension().is_some_and(|extension| extension == "tgz") && chart.is_some_and(is_chart)
    };
    for found in discovery.further(is_dependency, options).iter().take(MOST_ARCHIVES) {
        let bytes = match super::read::bytes(found) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                skipped.push(Skipped { path: found.shown.clone(), reason: "a packed chart that is too large".into() });
                continue;
            }
            Err(error) => {
                skipped.push(Skipped { path: found.shown.clone(), reason: error.to_string() });
                continue;
            }
        };
        match unpack(&found.shown, &bytes) {
            Ok(texts) => unpacked.extend(texts),
            Err(reason) => skipped.push(Skipped { path: found.shown.clone(), reason }),
        }
    }
    (unpacked, skipped)
}

/// The texts of an archive. Links, binaries and what is too large are left out; helm itself reads none of them.
fn unpack(shown: &str, bytes: &[u8]) -> Result<Vec<Packed>, String> {
    let broken = |why: std::io::Error| format!("a packed chart that cannot be unpacked: {why}");
    let mut archive = tar::Archive::new(GzDecoder::new(bytes).take(MOST_BYTES));
    let mut texts = Vec::new();
    for (index, entry) in archive.entries().map_err(broken)?.enumerate() {
        if index >= MOST_ENTRIES {
            return Err("a packed chart of too many files".to_owned());
        }
        let mut entry = entry.map_err(broken)?;
        if !entry.header().entry_type().is_file() || entry.size() > MOST_OF_FILE {
            continue;
        }
        let Some(inside) = entry.path().ok().and_then(|path| inside(&path)) else { continue };
        let mut text = String::new();
        if entry.read_to_string(&mut text).is_ok() {
            texts.push(Packed { path: format!("{shown}/{inside}"), text });
        }
    }
    texts.sort_by(|left, right| left.path.cmp(&right.path));
    texts.dedup_by(|left, right| left.path == right.path);
    Ok(texts)
}

/// The path within the chart, without the chart's own folder; nothing for one that leads elsewhere.
fn inside(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    let (_, rest) = parts.split_first()?;
    (!rest.is_empty()).then(|| rest.join("/"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            // The builder itself would refuse a path that leads elsewhere.
            let name = header.as_gnu_mut().unwrap();
            name.name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_cksum();
            builder.append(&header, *text).unwrap();
        }
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&builder.into_inner().unwrap()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn texts_stand_below_their_archive() {
        let bytes = packed(&[
            ("redis/values.yaml", b"a: 1\n"),
            ("redis/Chart.yaml", b"name: redis\n"),
            ("redis/icon.png", &[0xff, 0xfe, 0]),
            ("redis/../../etc/passwd", b"no"),
            ("/etc/passwd", b"no"),
            ("redis/charts/common/Chart.yaml", b"name: common\n"),
        ]);
        let texts = unpack("app/charts/redis-1.0.0.tgz", &bytes).unwrap();
        let paths: Vec<&str> = texts.iter().map(|packed| packed.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "app/charts/redis-1.0.0.tgz/Chart.yaml",
                "app/charts/redis-1.0.0.tgz/charts/common/Chart.yaml",
                "app/charts/redis-1.0.0.tgz/values.yaml",
            ]
        );
    }

    #[test]
    fn an_archive_that_grows_without_end_is_refused() {
        let large = vec![b'a'; usize::try_from(MOST_BYTES).unwrap() + 4096];
        let bytes = packed(&[("x/values.yaml", &large)]);
        assert!(bytes.len() < 1 << 20, "it is small as long as it is packed");
        let texts = unpack("charts/x.tgz", &bytes);
        assert!(texts.is_err() || texts.is_ok_and(|texts| texts.is_empty()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = unpack("charts/x.tgz", &bytes);
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&bytes).unwrap();
            let _ = unpack("charts/x.tgz", &encoder.finish().unwrap());
        }
    }
}

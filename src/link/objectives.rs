//! Recovery objectives that a catalogue declares. Uses `model` and `extract::duration`.

use crate::extract::duration;
use crate::model::{Fact, Labels};

/// An objective among the annotations of a catalogue entry, in minutes: `twoam.dev/rpo: 1h`, `example.org/rpo: PT4H`,
/// `rpo-minutes: "60"`. `name` is `rpo` or `rto`.
pub(super) fn objective(annotations: &Labels, name: &str) -> Fact<i64> {
    for (key, fact) in &annotations.0 {
        let last = key.rsplit('/').next().unwrap_or(key).to_ascii_lowercase().replace('_', "-");
        let in_minutes = last.strip_suffix("-minutes") == Some(name);
        if last != name && !in_minutes {
            continue;
        }
        let Some(written) = fact.value() else { return fact.clone().map(|_| 0) };
        let read = if in_minutes { written.trim().parse().ok() } else { minutes(written) };
        if let Some(minutes) = read {
            return fact.clone().map(|_| minutes);
        }
    }
    Fact::default()
}

/// A duration as Go (`1h30m`) or ISO 8601 (`PT4H`, `P1D`) writes it, in whole minutes.
fn minutes(written: &str) -> Option<i64> {
    let lower = written.trim().to_ascii_lowercase();
    let plain = lower.strip_prefix('p').unwrap_or(&lower).replace(['t', ' '], "");
    let seconds = duration::seconds(&plain)?;
    #[allow(clippy::cast_possible_truncation, reason = "a float that is too large becomes the largest number")]
    Some((seconds / 60.0).ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_read_in_minutes() {
        for (key, written, expected) in [
            ("twoam.dev/rpo", "1h", Some(60)),
            ("example.org/RPO", "PT4H", Some(240)),
            ("rpo", "P1D", Some(1440)),
            ("rpo_minutes", "15", Some(15)),
            ("example.org/rpo-minutes", "15", Some(15)),
            ("rpo", "soon", None),
            ("purpose", "1h", None),
        ] {
            let annotations = Labels(vec![(key.into(), Fact::known(written.into(), None))]);
            assert_eq!(objective(&annotations, "rpo").value().copied(), expected, "{key}: {written}");
        }
    }
}

//! Durations as Prometheus and Go write them: `5m`, `1h30m`, `720h0m0s`, `7d`. Uses nothing of this crate.

/// Units with their length in seconds; `ms` before `m` and `s`, since the longest unit that fits is meant.
const UNITS: &[(&str, f64)] =
    &[("ms", 0.001), ("y", 31_536_000.0), ("w", 604_800.0), ("d", 86_400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];

/// The length of a duration in seconds; nothing for what is none.
pub fn seconds(written: &str) -> Option<f64> {
    let mut rest = written.trim();
    if rest == "0" {
        return Some(0.0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (count, tail) = rest.split_at(digits);
        let (unit, length) = UNITS.iter().find(|(unit, _)| tail.starts_with(unit))?;
        total += count.parse::<f64>().ok()? * length;
        rest = tail.get(unit.len()..)?;
    }
    Some(total)
}

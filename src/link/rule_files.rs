//! Which files the configuration of a Prometheus names as its rules. Uses `model`.
//! <https://prometheus.io/docs/prometheus/latest/configuration/configuration/#configuration-file>

use globset::{GlobBuilder, GlobMatcher};

use crate::model::routing::Prometheus;
use crate::source::{Span, below, parent};

/// The rule files of a server, its patterns compiled once.
pub(super) struct RuleFiles<'m> {
    pub(super) server: &'m Prometheus,
    pub(super) patterns: Vec<Pattern>,
}

/// A pattern of files.
pub(super) struct Pattern {
    /// Where it is written.
    pub(super) span: Span,
    /// Whether it leads out of the folder of the configuration: by an absolute path, or upwards.
    pub(super) leads_out: bool,
    /// Whether it leads upwards.
    pub(super) leads_up: bool,
    /// Whether a part of it is filled in when it is deployed.
    pub(super) templated: bool,
    matcher: Option<GlobMatcher>,
}

impl<'m> RuleFiles<'m> {
    /// The patterns of a server; none where it names no files.
    pub(super) fn of(server: &'m Prometheus) -> Option<Self> {
        let patterns: Vec<Pattern> =
            server.rule_files.iter().map(|(written, span)| Pattern::new(written, *span)).collect();
        (!patterns.is_empty()).then(|| Self { server, patterns })
    }

    /// A path as seen from the folder of the configuration, where it is below it.
    pub(super) fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        below(parent(&self.server.place.path), path)
    }
}

impl Pattern {
    fn new(written: &str, span: Span) -> Self {
        let leads_up = written.starts_with("..");
        let leads_out = leads_up || written.starts_with('/');
        // Where it is mounted is not known of an absolute path: its last part decides.
        let deciding =
            if leads_out { written.rsplit('/').next().unwrap_or(written) } else { written.trim_start_matches("./") };
        let glob = GlobBuilder::new(deciding).literal_separator(true).build();
        Self {
            span,
            leads_out,
            leads_up,
            templated: written.contains("{{") || written.contains('$'),
            matcher: glob.ok().map(|glob| glob.compile_matcher()),
        }
    }

    /// Whether it names a file, by its path below the folder of the configuration.
    pub(super) fn names(&self, below: &str) -> bool {
        let seen = if self.leads_out { below.rsplit('/').next().unwrap_or(below) } else { below };
        self.matcher.as_ref().is_some_and(|matcher| matcher.is_match(seen))
    }
}

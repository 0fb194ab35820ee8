//! Helm charts as they would be installed: templates and values → documents, each node at the place that decided it.
//!
//! [`template`] reads Go's template language, [`run`] executes it, [`functions`] are what templates call, [`trace`]
//! remembers where text came from and [`remap`] puts what is read of it back there. Nothing is fetched, everything is
//! bounded, and no program is run, unless the user asks for their own Helm ([`external`]).

#[cfg(test)]
mod agreement;
mod application;
mod chart;
mod compare;
#[cfg(test)]
mod engine_agreement;
mod external;
mod format;
mod functions;
mod helmfile;
mod ignore;
mod inflate;
mod install;
mod missing;
mod object;
mod release;
mod remap;
mod run;
mod semver;
mod template;
#[cfg(test)]
mod tests;
mod trace;
mod value;
mod values;
mod yaml;

pub use application::spell_out;
pub(super) use application::{calls, parameter, spell_out_in};
pub use chart::{Charts, Folders};
pub use helmfile::{is_named_helmfile, values_named_by_helmfile};
pub use install::{Installed, install};

//! What a tool would make of the text: Terraform evaluation, Helm rendering, Kustomize build, Jsonnet evaluation. Uses
//! `source`, `tree`, `problem` and, for environments and gaps, `model`. Nothing is run, unless the user asks for it
//! ([`external`]). Spans stay true to the files that people wrote.

pub mod delivery;
pub mod external;
mod golang;
pub mod helm;
pub mod jsonnet;
pub mod kustomize;
pub mod rendered;
pub mod terraform;

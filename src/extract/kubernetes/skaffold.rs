//! What a Skaffold file says of images that manifests name without a tag.
//!
//! A bare `image: checkout` is no mutable reference when Skaffold sets its tag; linking joins the two by folder.

use crate::extract::{Facts, Input};
use crate::model::Fact;
use crate::model::kubernetes::ImageOverride;
use crate::tree::{Node, Unknown};

/// Adds the images that a Skaffold file builds.
pub(super) fn extract(input: &Input<'_>, document: &Node, facts: &mut Facts) {
    let version = document.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    if version.starts_with("skaffold/") {
        // A profile may build what the file itself does not: <https://skaffold.dev/docs/environment/profiles/>
        let profiles = document.get("profiles").map_or(&[][..], Node::items);
        for part in std::iter::once(document).chain(profiles) {
            let listed = part.at(&["build", "artifacts"]).map_or(&[][..], Node::items);
            facts.model.kubernetes.images.extend(listed.iter().filter_map(|image| built(input, image)));
        }
    }
}

/// Skaffold tags what it builds, by default with the commit.
fn built(input: &Input<'_>, artifact: &Node) -> Option<ImageOverride> {
    let name = artifact.get("image")?;
    let unknown =
        Unknown::new("Skaffold sets the tag when it builds the image", "audit what it renders as well", name.span);
    let mutable = Fact::unknown(unknown);
    Some(ImageOverride { name: name.scalar()?, new_name: None, mutable, place: input.place(name.span, &[]) })
}

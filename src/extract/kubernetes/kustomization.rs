//! What a kustomization or a Skaffold file says of images that manifests name without a tag.
//!
//! A bare `image: checkout` in a base is no mutable reference when these set its tag; linking joins the two by folder.

use super::container::is_moving_tag;
use super::object::{optional, text};
use crate::extract::{Facts, Input};
use crate::model::Fact;
use crate::model::kubernetes::ImageOverride;
use crate::tree::{Node, Unknown};

/// Adds the images a kustomization or Skaffold file sets.
pub(super) fn extract(input: &Input<'_>, document: &Node, facts: &mut Facts) {
    let version = document.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    let file = input.source.path.rsplit('/').next().unwrap_or_default();
    let images = &mut facts.model.kubernetes.images;
    if version.starts_with("kustomize.config.k8s.io/")
        || file.trim_end_matches(".yml").trim_end_matches(".yaml") == "kustomization"
    {
        let listed = document.get("images").map_or(&[][..], Node::items);
        images.extend(listed.iter().filter_map(|image| kustomized(input, image)));
    }
    if version.starts_with("skaffold/") {
        // A profile may build what the file itself does not: <https://skaffold.dev/docs/environment/profiles/>
        let profiles = document.get("profiles").map_or(&[][..], Node::items);
        for part in std::iter::once(document).chain(profiles) {
            let listed = part.at(&["build", "artifacts"]).map_or(&[][..], Node::items);
            images.extend(listed.iter().filter_map(|image| built(input, image)));
        }
    }
}

fn kustomized(input: &Input<'_>, image: &Node) -> Option<ImageOverride> {
    let name = image.get("name")?;
    let mutable = match image.get("digest") {
        Some(digest) => Fact::known(false, digest.span),
        None => optional(image.get("newTag"), name.span, text).map(|tag| is_moving_tag(&tag)),
    };
    Some(ImageOverride {
        name: name.scalar()?,
        new_name: image.get("newName").and_then(Node::scalar),
        mutable,
        place: input.place(name.span, &[]),
    })
}

/// Skaffold tags what it builds, by default with the commit.
fn built(input: &Input<'_>, artifact: &Node) -> Option<ImageOverride> {
    let name = artifact.get("image")?;
    let unknown =
        Unknown::new("Skaffold sets the tag when it builds the image", "audit what it renders as well", name.span);
    let mutable = Fact::unknown(unknown);
    Some(ImageOverride { name: name.scalar()?, new_name: None, mutable, place: input.place(name.span, &[]) })
}

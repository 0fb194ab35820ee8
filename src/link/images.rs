//! Images that a kustomization or a build tool sets → the containers whose manifests name them without a tag.

use crate::model::kubernetes::ImageOverride;
use crate::model::{Container, Fact, Id, Model};

/// Lets the tools that set an image decide whether its reference can move.
pub(super) fn join(model: &mut Model) {
    let mut decided: Vec<(Id<Container>, Fact<bool>)> = Vec::new();
    for (id, container) in model.each::<Container>() {
        let Some(image) = container.image.value() else { continue };
        if container.image_mutable.is_false() || container.image_mutable.reason().is_some() {
            continue;
        }
        let name = without_tag(image);
        let setting = model.kubernetes.images.iter().filter(|set| set.name == name && reaches(set, container));
        // Of several, the one that pins it is the one production is built with, as far as can be told.
        let best = setting.min_by_key(|set| (set.mutable.is_true(), set.mutable.reason().is_some()));
        if let Some(set) = best.filter(|set| !set.mutable.is_absent()) {
            decided.push((id, Fact { span: container.image_mutable.span, ..set.mutable.clone() }));
        }
    }
    for (id, mutable) in decided {
        model[id].image_mutable = mutable;
    }
}

/// Whether what sets an image is of the same environment as the container, or of production where the container's
/// folder is a base for several.
fn reaches(set: &ImageOverride, container: &Container) -> bool {
    set.place.environment == container.place.environment || set.place.environment.production
}

/// An image without what says which version.
pub(super) fn without_tag(image: &str) -> &str {
    let end = image.rfind('/').map_or(0, |slash| slash + 1);
    let tail = image.get(end..).unwrap_or_default();
    let cut = tail.find([':', '@']).map_or(image.len(), |at| end + at);
    image.get(..cut).unwrap_or(image)
}

#[cfg(test)]
mod tests {
    use super::without_tag;

    #[test]
    fn a_port_of_the_registry_is_no_tag() {
        assert_eq!(without_tag("registry:5000/shop/app:1.2"), "registry:5000/shop/app");
        assert_eq!(without_tag("app@sha256:00"), "app");
        assert_eq!(without_tag("app"), "app");
    }
}

//! What changes the objects of a build: the transformations, in kustomize's order.

use super::{Build, Gathered, Located, REFUSES};
use crate::resolve::kustomize::fields::{self, FieldSpec, Fields};
use crate::resolve::kustomize::{builtin, images, names, substitute};
use crate::tree::{Node, Value};

impl Build<'_, '_> {
    /// The transformations, in kustomize's order.
    pub(super) fn transform(&mut self, document: &Node, folder: &str, gathered: &mut Gathered) {
        gathered.ids = None;
        for entry in self.list(document, "patchesStrategicMerge") {
            let patches = self.strategic_text(entry, folder);
            self.strategic(&patches, None, entry, None, gathered);
        }
        for entry in self.list(document, "patches") {
            self.patch(entry, folder, gathered);
        }
        if let Some(namespace) = document.get("namespace") {
            names::namespace(&mut gathered.resources, namespace, &gathered.fields.namespace);
        }
        if let Some(prefix) = document.get("namePrefix") {
            names::prefix(&mut gathered.resources, prefix, &gathered.fields.prefix);
        }
        if let Some(suffix) = document.get("nameSuffix") {
            names::suffix(&mut gathered.resources, suffix, &gathered.fields.suffix);
        }
        for entry in self.list(document, "labels") {
            let fields = label_fields(entry, &gathered.fields);
            let pairs = entry.get("pairs").map_or(&[][..], Node::entries);
            images::pairs(&mut gathered.resources, pairs, &fields, entry.span);
        }
        for (key, fields) in
            [("commonLabels", &gathered.fields.common_labels), ("commonAnnotations", &gathered.fields.annotations)]
        {
            if let Some(node) = document.get(key) {
                images::pairs(&mut gathered.resources, node.entries(), fields, node.span);
            }
        }
        for entry in self.list(document, "patchesJson6902") {
            self.patch(entry, folder, gathered);
        }
        for entry in self.list(document, "replicas") {
            if !images::replicas(&mut gathered.resources, entry, &gathered.fields.replicas) {
                self.wrong(entry.span, "nothing that this names has replicas", REFUSES);
            }
        }
        for key in ["images", "imageTags"] {
            for entry in self.list(document, key) {
                images::images(&mut gathered.resources, entry, &gathered.fields.images);
            }
        }
        for entry in self.list(document, "replacements") {
            self.replacements(entry, folder, gathered);
        }
        for entry in self.list(document, "transformers") {
            for config in self.configured(entry, folder) {
                match builtin::amounts_to(&config) {
                    Some(own) => self.transform(&own, folder, gathered),
                    None => self.gap(entry.span, "what a transformer of another program changes is not known"),
                }
            }
        }
    }

    fn replacements(&mut self, entry: &Node, folder: &str, gathered: &mut Gathered) {
        let mut each: Vec<Node> = Vec::new();
        if let Some(path) = entry.get("path") {
            let Some(written) = path.as_str() else { return };
            if let Located::File(file) = self.locate(path, written, folder) {
                self.built.files.insert(file.id);
                for document in file.documents().iter() {
                    match &document.value {
                        Value::List(items) => each.extend(items.iter().cloned()),
                        _ => each.push(document.clone()),
                    }
                }
            }
        } else {
            each.push(entry.clone());
        }
        for one in each {
            if let Err((span, why)) = substitute::replacement(&mut gathered.resources, &one) {
                self.wrong(span, why, REFUSES);
            }
        }
    }
}

/// The fields that an entry of `labels` reaches.
fn label_fields(entry: &Node, fields: &Fields) -> Vec<FieldSpec> {
    let says = |key: &str| entry.get(key).and_then(Node::as_bool) == Some(true);
    let own = entry.get("fields").map_or(&[][..], Node::items).iter().filter_map(FieldSpec::read);
    let mut all: Vec<FieldSpec> = own.chain(fields.labels.iter().cloned()).collect();
    if says("includeSelectors") {
        all.extend(fields.common_labels.iter().cloned());
    } else {
        if says("includeTemplates") {
            all.extend(fields.template_labels.iter().cloned());
        }
        if says("includeVolumeClaimTemplates") {
            all.push(fields::claim_labels());
        }
        all.push(FieldSpec::new("", "metadata/labels", true));
    }
    all
}

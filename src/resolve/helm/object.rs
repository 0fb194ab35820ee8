//! Helm's own objects with methods: `.Files` and `.Capabilities`.
//! <https://helm.sh/docs/chart_template_guide/builtin_objects/>

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::trace::{OriginId, Place, Traced};
use super::value::{Fields, Value};
use crate::source::SourceId;

/// The Kubernetes version that templates are told of, `.Capabilities.KubeVersion`: 1.34.
pub(super) const KUBERNETES_MINOR: u8 = 34;

/// The Helm version that templates are told of.
pub(super) const HELM: &str = "v3.19.0";

/// The API versions that such a cluster serves by itself.
/// <https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/>
const API_VERSIONS: &[&str] = &[
    "admissionregistration.k8s.io/v1",
    "apiextensions.k8s.io/v1",
    "apiregistration.k8s.io/v1",
    "apps/v1",
    "authentication.k8s.io/v1",
    "authorization.k8s.io/v1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "certificates.k8s.io/v1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "events.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1",
    "networking.k8s.io/v1",
    "node.k8s.io/v1",
    "policy/v1",
    "rbac.authorization.k8s.io/v1",
    "resource.k8s.io/v1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1",
    "v1",
];

/// A file of a chart that is no template.
#[derive(Debug)]
pub(super) struct ChartFile {
    /// Its path from the chart's folder.
    pub(super) path: String,
    /// The file.
    pub(super) source: SourceId,
    /// Its text.
    pub(super) text: Arc<str>,
}

/// An object with methods.
#[derive(Clone, Debug)]
pub(super) enum Object {
    /// `.Files`, or what a pattern left of it; sorted by path.
    Files(Arc<Vec<Arc<ChartFile>>>),
    /// `.Capabilities.APIVersions`
    ApiVersions,
    /// `.Capabilities.KubeVersion` of this minor version
    KubeVersion(u8),
}

impl Object {
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Files(files) => !files.is_empty(),
            Self::ApiVersions | Self::KubeVersion(_) => true,
        }
    }

    pub(super) fn printed(&self) -> String {
        match self {
            Self::Files(files) => {
                let files: Vec<String> = files.iter().map(|file| format!("{}:{}", file.path, file.text)).collect();
                format!("map[{}]", files.join(" "))
            }
            Self::ApiVersions => format!("[{}]", API_VERSIONS.join(" ")),
            Self::KubeVersion(minor) => version(*minor),
        }
    }

    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Files(_) => "engine.files",
            Self::ApiVersions => "common.VersionSet",
            Self::KubeVersion(_) => "*common.KubeVersion",
        }
    }

    /// Whether functions of lists take it for one.
    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::ApiVersions)
    }

    /// The result of a method or the value of a field; nothing when there is none of that name.
    pub(super) fn call(&self, name: &str, arguments: &[Value]) -> Option<Value> {
        let argument = arguments.first().map(Value::to_text).unwrap_or_default();
        match (self, name) {
            (Self::Files(files), "Get" | "GetBytes") => Some(file(files, &argument).map_or(Value::text(""), whole)),
            (Self::Files(files), "Lines") => Some(Value::list(file(files, &argument).map_or_else(Vec::new, lines))),
            (Self::Files(files), "Glob") => Some(super::value::Kind::Object(glob(files, &argument)).into()),
            (Self::Files(files), "AsConfig") => {
                let fields: Fields = files.iter().map(|file| (base(&file.path).into(), whole(file))).collect();
                Some(Value::traced(super::yaml::emit(&Value::map(fields))))
            }
            (Self::Files(files), "AsSecrets") => {
                let encode = |file: &ChartFile| Value::text(STANDARD.encode(file.text.as_bytes()));
                let fields: Fields = files.iter().map(|file| (base(&file.path).into(), encode(file))).collect();
                Some(Value::traced(super::yaml::emit(&Value::map(fields))))
            }
            (Self::ApiVersions, "Has") => Some(super::value::Kind::Bool(serves(&argument)).into()),
            (Self::KubeVersion(minor), "Version" | "GitVersion" | "String") => Some(Value::text(version(*minor))),
            (Self::KubeVersion(_), "Major") => Some(Value::text("1")),
            (Self::KubeVersion(minor), "Minor") => Some(Value::text(minor.to_string())),
            _ => None,
        }
    }

    /// What `range` goes over, with keys.
    pub(super) fn entries(&self) -> Vec<(Value, Value)> {
        match self {
            Self::Files(files) => files.iter().map(|file| (Value::text(file.path.as_str()), whole(file))).collect(),
            Self::ApiVersions => API_VERSIONS.iter().map(|version| (Value::NIL, Value::text(*version))).collect(),
            Self::KubeVersion(_) => Vec::new(),
        }
    }

    /// How many entries it has, when it can be counted.
    pub(super) fn length(&self) -> Option<usize> {
        match self {
            Self::Files(files) => Some(files.len()),
            Self::ApiVersions => Some(API_VERSIONS.len()),
            Self::KubeVersion(_) => None,
        }
    }
}

fn version(minor: u8) -> String {
    format!("v1.{minor}.0")
}

/// Whether an API version, or one with a kind (`apps/v1/Deployment`), is served.
fn serves(version: &str) -> bool {
    let group = version.rsplit_once('/').map(|(group, _)| group);
    API_VERSIONS.contains(&version) || group.is_some_and(|group| API_VERSIONS.contains(&group))
}

fn file<'f>(files: &'f [Arc<ChartFile>], path: &str) -> Option<&'f ChartFile> {
    files.iter().find(|file| file.path == path).map(|file| &**file)
}

/// A file's text, each byte where it stands.
pub(super) fn whole(file: &ChartFile) -> Value {
    Value::traced(Traced::of(&*file.text, Place::File { source: file.source, at: 0, via: OriginId::NONE }))
}

fn lines(file: &ChartFile) -> Vec<Value> {
    let text = file.text.strip_suffix('\n').unwrap_or(&file.text);
    if file.text.is_empty() {
        return Vec::new();
    }
    let mut at = 0;
    text.split('\n')
        .map(|line| {
            let start = u32::try_from(at).unwrap_or(u32::MAX);
            at += line.len() + 1;
            let place = Place::File { source: file.source, at: start, via: OriginId::NONE };
            Value::traced(Traced::of(line, place))
        })
        .collect()
}

/// The files that a pattern matches: `*` within a folder, `**` across folders.
fn glob(files: &[Arc<ChartFile>], pattern: &str) -> Object {
    let matcher = globset::GlobBuilder::new(pattern).literal_separator(true).build().map(|glob| glob.compile_matcher());
    let kept = files.iter().filter(|file| match &matcher {
        Ok(matcher) => matcher.is_match(&file.path),
        // Helm takes every file where a pattern does not compile.
        Err(_) => true,
    });
    Object::Files(Arc::new(kept.cloned().collect()))
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

//! Charts that are packed: what they make is judged, and shown where the archive is asked for.

use super::support::{Folder, twoam};

/// An archive as `helm package` makes it.
fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut builder = tar::Builder::new(encoder);
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

const APP: &str = "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n  - name: web\n    version: ^1.0.0\n    repository: https://charts.example\n";

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: {{ .Values.replicas }}\n  selector:\n    matchLabels: {app: web}\n  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      containers:\n        - name: web\n          image: registry.example/web:1.0.0\n";

#[test]
fn a_packed_chart_is_rendered_and_shown_where_it_is_asked_for() {
    let folder = Folder::new();
    folder.write("app/Chart.yaml", APP);
    folder.write("app/values.yaml", "web: {}\n");
    let archive = packed(&[
        ("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.4.0\n"),
        ("web/values.yaml", "replicas: 1\n"),
        ("web/templates/web.yaml", WEB),
    ]);
    folder.write("app/charts/web-1.4.0.tgz", &archive);
    let run = twoam(folder.path(), &["--format", "concise", "--select", "capacity/single-replica"]);
    assert!(
        run.out.contains("app/Chart.yaml:5:11: high[capacity/single-replica] only one copy of `Deployment/web`"),
        "{}{}",
        run.out,
        run.err
    );
    // Told otherwise by the chart that asks for it.
    folder.write("app/values.yaml", "web:\n  replicas: 2\n");
    let run = twoam(folder.path(), &["--format", "concise", "--select", "capacity/single-replica"]);
    assert_eq!(run.code, 0, "{}", run.out);
}

#[test]
fn a_broken_archive_is_said() {
    let folder = Folder::new();
    folder.write("app/Chart.yaml", APP);
    folder.write("app/charts/web-1.4.0.tgz", b"\x1f\x8b no archive");
    let run = twoam(folder.path(), &["--format", "json", "--exit-zero"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("a packed chart that cannot be unpacked"), "{}", run.out);
    assert!(run.out.contains("its dependency `web` is not in the repository"), "{}", run.out);
}

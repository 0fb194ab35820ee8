//! Charts: rendering many services from one list of values, against reading the YAML that comes out.
//!
//! `cargo bench --bench helm` prints, for 30, 300 and 3,000 services of one chart, how often as long rendering takes as
//! parsing what is rendered, and how the time grows with the services; then how the time of a whole audit, judgement
//! included, grows from 100 to 300 of them. Ratios, never absolute times.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use twoam::audit::{Request, run};
use twoam::model::Environments;
use twoam::parse;
use twoam::resolve::helm::{Charts, Folders, install};
use twoam::resolve::rendered::Further;
use twoam::source::{Source, SourceId, Sources};

/// Times each measurement is repeated; the fastest counts, since noise only adds.
const ROUNDS: usize = 5;

const TEMPLATE: &str = r#"{{- range $index, $service := .Values.services }}
{{- $name := .name | trunc 63 | trimSuffix "-" }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels:
    {{- include "many.labels" (dict "root" $ "service" .) | nindent 4 }}
spec:
  replicas: {{ .replicas | default $.Values.replicas }}
  selector:
    matchLabels:
      app: {{ $name }}
  template:
    metadata:
      labels:
        {{- include "many.labels" (dict "root" $ "service" .) | nindent 8 }}
    spec:
      containers:
        - name: main
          image: "{{ $.Values.registry }}/{{ $name }}:{{ .tag }}"
          {{- with $.Values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          env:
            {{- range $key, $value := .env }}
            - name: {{ $key | upper }}
              value: {{ tpl $value $ | quote }}
            {{- end }}
{{- if gt (int (.replicas | default $.Values.replicas)) 1 }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app: {{ $name }}
{{- end }}
{{- end }}
"#;

const HELPERS: &str = r#"{{- define "many.labels" -}}
app: {{ .service.name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
team: {{ .service.team | quote }}
{{- end }}
"#;

fn main() {
    let mut times = Vec::new();
    println!("{:>9} {:>10} {:>22}", "services", "documents", "rendering ÷ parsing");
    for services in [30, 300, 3000] {
        let sources = repository(services);
        let folders = Folders::find(sources.iter().map(|(_, source)| source.path.as_str()));
        let mut documents = 0;
        let render = fastest(|| {
            let charts = Charts::read(&folders, sources.iter());
            let nothing = BTreeSet::new();
            let further = |_: &_| Further::default();
            let installed = install(&charts, &Environments::default(), &nothing, Vec::new(), &further);
            documents = installed.renderings.documents.len();
        });
        let text = written(services);
        let parse = fastest(|| {
            black_box(parse::yaml::parse(SourceId(0), &text));
        });
        println!("{services:>9} {documents:>10} {:>22.1}", render.as_secs_f64() / parse.as_secs_f64());
        times.push(render.as_secs_f64());
    }
    println!("growth from 300 to 3,000 services: {:.1} times (10 is linear)", times[2] / times[1]);
    let (some, more) = (judged(100), judged(300));
    let growth = more.as_secs_f64() / some.as_secs_f64();
    println!("growth of an audit from 100 to 300 services: {growth:.1} times (3 is linear)");
}

/// How long an audit of a chart with so many services takes.
fn judged(services: usize) -> Duration {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (_, source) in repository(services).iter() {
        let path = folder.path().join(&source.path);
        std::fs::create_dir_all(path.parent().expect("it stands in a chart")).expect("a folder can be made");
        std::fs::write(&path, &source.text).expect("a file can be written");
    }
    let request = Request::new(vec![folder.path().to_owned()]);
    fastest(|| {
        let audit = run(&request).expect("it can be audited");
        assert_eq!(black_box(audit.scores.services.len()), services, "every service has a score");
    })
}

fn fastest(mut run: impl FnMut()) -> Duration {
    let once = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..=ROUNDS).map(|_| once(&mut run)).skip(1).min().unwrap_or_default()
}

fn repository(services: usize) -> Sources {
    let mut values = String::from(
        "replicas: 1\nregistry: registry.example\nresources:\n  limits:\n    memory: 1Gi\n  requests:\n    cpu: 100m\n    memory: 512Mi\nservices:\n",
    );
    for index in 0..services {
        write!(
            values,
            "  - name: service-{index}\n    team: team-{}\n    tag: 1.{index}.0\n    replicas: {}\n    env:\n      one: \"{{{{ .Values.registry }}}}\"\n      two: plain\n      three: \"{index}\"\n",
            index % 9,
            index % 4 + 1,
        )
        .expect("strings grow");
    }
    Sources::new(vec![
        Source::new("many/Chart.yaml", "apiVersion: v2\nname: many\nversion: 1.0.0\n"),
        Source::new("many/templates/_helpers.tpl", HELPERS),
        Source::new("many/templates/services.yaml", TEMPLATE),
        Source::new("many/values.yaml", values),
    ])
}

/// What the chart renders to.
fn written(services: usize) -> String {
    let mut text = String::new();
    for index in 0..services {
        let (name, replicas) = (format!("service-{index}"), index % 4 + 1);
        let labels = |indent: usize| {
            let pad = " ".repeat(indent);
            format!("{pad}app: {name}\n{pad}app.kubernetes.io/managed-by: Helm\n{pad}team: \"team-{}\"\n", index % 9)
        };
        write!(
            text,
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  labels:\n{}spec:\n  replicas: {replicas}\n  selector:\n    matchLabels:\n      app: {name}\n  template:\n    metadata:\n      labels:\n{}    spec:\n      containers:\n        - name: main\n          image: \"registry.example/{name}:1.{index}.0\"\n          resources:\n            limits:\n              memory: 1Gi\n            requests:\n              cpu: 100m\n              memory: 512Mi\n          env:\n            - name: ONE\n              value: \"registry.example\"\n            - name: THREE\n              value: \"{index}\"\n            - name: TWO\n              value: \"plain\"\n",
            labels(4),
            labels(8),
        )
        .expect("strings grow");
        if replicas > 1 {
            write!(text, "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: {name}\nspec:\n  maxUnavailable: 1\n  selector:\n    matchLabels:\n      app: {name}\n").expect("strings grow");
        }
    }
    text
}

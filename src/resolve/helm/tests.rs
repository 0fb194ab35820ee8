//! Templates executed, charts rendered: what comes out, and where each value is said to stand.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::run::{Limits, Run, Script, Wrong, fields};
use super::template;
use super::trace::Traced;
use super::value::Value;
use super::{Charts, Folders, Installed, install};
use crate::model::Environments;
use crate::parse;
use crate::resolve::rendered::Further;
use crate::source::{Source, SourceId, Sources, Span};
use crate::tree::Node;

/// What a template makes of values, with the values at `.Values`.
pub(super) fn rendered(template: &str, values: &str) -> Result<String, String> {
    rendered_within(template, values, Limits::default()).map(|(text, _)| text.text)
}

fn rendered_within(template: &str, values: &str, limits: Limits) -> Result<(Traced, Run), String> {
    let mut run = Run::new(limits);
    let parsed = parse::yaml::parse(SourceId(1), values);
    let values = parsed.document.values().first().map_or(Value::NIL, |node| Value::of(node, &mut run.origins));
    let release = fields([("Name", Value::text("demo"))]);
    let served = Value::from(super::value::Kind::Object(super::object::Object::ApiVersions));
    let capabilities = fields([("APIVersions", served)]);
    let data = fields([("Values", values), ("Release", release), ("Capabilities", capabilities)]);
    let parsed = Arc::new(template::parse(template).map_err(|error| error.message)?);
    run.define("test", &parsed, &Script::File(SourceId(0), template.into()));
    match run.execute("test", &data) {
        Ok(text) => Ok((super::run::without_no_value(text), run)),
        Err(Wrong::Message(message)) => Err(message),
        Err(Wrong::Failed(failure)) => Err(failure.message),
    }
}

fn gives(cases: &[(&str, &str)], values: &str) {
    let mut wrong = Vec::new();
    for (template, expected) in cases {
        match rendered(template, values) {
            Ok(text) if text == *expected => {}
            other => wrong.push(format!("{template}\n  gives {other:?}\n  not   {expected:?}")),
        }
    }
    println!("{} of {} agree", cases.len() - wrong.len(), cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const VALUES: &str = "name: web\nport: 8080\nbig: 1000000\npart: 0.5\non: true\noff: false\nnothing: null\nempty: ''\n\
    list: [a, b, c]\nmap: {b: 2, a: 1}\nnested: {one: {two: deep}}\nitems:\n  - {name: x, port: 1}\n  - {name: y, port: 2}\n";

/// What the documentation of text/template says.
#[test]
fn go_templates_are_executed_as_go_does() {
    gives(
        &[
            ("a{{ .Values.name }}b", "awebb"),
            ("{{ .Values.port }} {{ .Values.big }} {{ .Values.part }}", "8080 1e+06 0.5"),
            ("{{ .Values.missing }}|{{ .Values.nothing }}|", "||"),
            ("{{ .Values.list }} {{ .Values.map }}", "[a b c] map[a:1 b:2]"),
            ("{{ if .Values.on }}y{{ else }}n{{ end }}{{ if .Values.off }}y{{ else }}n{{ end }}", "yn"),
            ("{{ if .Values.empty }}1{{ else if .Values.list }}2{{ else }}3{{ end }}", "2"),
            ("{{ with .Values.nested.one }}{{ .two }}{{ end }}{{ with .Values.empty }}x{{ else }}-{{ end }}", "deep-"),
            ("{{ with .Values.empty }}1{{ else with .Values.name }}{{ . }}{{ end }}", "web"),
            ("{{ range .Values.list }}<{{ . }}>{{ end }}", "<a><b><c>"),
            ("{{ range $i, $v := .Values.list }}{{ $i }}={{ $v }},{{ end }}", "0=a,1=b,2=c,"),
            ("{{ range $k, $v := .Values.map }}{{ $k }}{{ $v }}{{ end }}", "a1b2"),
            ("{{ range .Values.missing }}x{{ else }}none{{ end }}", "none"),
            ("{{ range .Values.list }}{{ if eq . \"b\" }}{{ continue }}{{ end }}{{ . }}{{ end }}", "ac"),
            ("{{ range .Values.list }}{{ if eq . \"b\" }}{{ break }}{{ end }}{{ . }}{{ end }}", "a"),
            ("{{ range 3 }}{{ . }}{{ end }}", "012"),
            ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
            ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}", "1"),
            ("{{ $x := 0 }}{{ range .Values.list }}{{ $x = add $x 1 }}{{ end }}{{ $x }}", "3"),
            ("{{ range .Values.items }}{{ .name }}@{{ $.Values.name }} {{ end }}", "x@web y@web "),
            ("{{ define \"t\" }}[{{ . }}]{{ end }}{{ template \"t\" .Values.name }}", "[web]"),
            ("{{ block \"b\" .Values.name }}({{ . }}){{ end }}", "(web)"),
            ("{{ define \"t\" }}{{ .a }}{{ end }}{{ include \"t\" (dict \"a\" 1) | quote }}", "\"1\""),
            ("{{ \"a\\tb\\u00e9\\x41\" }}{{ `raw\\n` }}", "a\tbéAraw\\n"),
            ("{{ 'a' }} {{ 0x1F }} {{ 1_000 }} {{ 1e3 }} {{ 0o17 }} {{ 0x1p4 }}", "97 31 1000 1000 15 16"),
            ("{{ (.Values.missing).x }}{{ $m := .Values.missing }}{{ $m.x.y }}", ""),
            ("{{ (index .Values.items 1).name }} {{ index .Values \"map\" \"b\" }}", "y 2"),
            ("{{ len .Values.list }}{{ len .Values.map }}{{ len .Values.name }}", "323"),
            ("{{ slice .Values.name 1 2 }}", "e"),
            ("{{ and 1 0 2 }}{{ or 0 \"x\" }}{{ not 0 }}", "0xtrue"),
            ("{{ and false (fail \"no\") }}{{ or true (fail \"no\") }}", "falsetrue"),
            (
                "{{ eq 1 2 1 }} {{ ne \"a\" \"b\" }} {{ lt 1 2 }} {{ ge 2 2 }} {{ gt \"b\" \"a\" }}",
                "true true true true true",
            ),
            ("{{ eq .Values.missing \"x\" }} {{ eq .Values.port 8080 }}", "false true"),
            ("{{ print 1 2 \"a\" \"b\" 3 }}|{{ println \"a\" 1 }}|", "1 2ab3|a 1\n|"),
            (
                "{{ printf \"%s-%d-%v-%q-%05d|%-4s|%4s|%.2f|%t|%x|%%|%T\" \"a\" 1 true \"q\" 42 \"l\" \"r\" 1.5 true 255 \"s\" }}",
                "a-1-true-\"q\"-00042|l   |   r|1.50|true|ff|%|string",
            ),
            (
                "{{ printf \"%s\" .Values.port }} {{ printf \"%d\" .Values.port }} {{ printf \"%d\" (int .Values.port) }}",
                "%!s(float64=8080) %!d(float64=8080) 8080",
            ),
            ("{{ printf \"%s\" }} {{ printf \"a\" 1 }}", "%!s(MISSING) a%!(EXTRA int=1)"),
            (
                "{{ html \"<a&'b\\\">\" }} {{ urlquery \"a b&c\" }} {{ js \"it's\" }}",
                "&lt;a&amp;&#39;b&#34;&gt; a+b%26c it\\'s",
            ),
            ("{{- /* nothing */ -}} x {{- \"y\" -}} z", "xyz"),
            ("{{ .Values.name | printf \"%s:%s\" \"a\" }}", "a:web"),
            ("{{ tpl \"{{ .Values.name }}-{{ .x }}\" (dict \"Values\" .Values \"x\" 1) }}", "web-1"),
            ("{{ tpl \"{{ define \\\"in\\\" }}in{{ end }}{{ include \\\"in\\\" . }}\" . }}", "in"),
            ("{{ $m := dict \"a\" 1 }}{{ $_ := set $m \"b\" 2 }}{{ $m }}", "map[a:1 b:2]"),
            ("{{ (lookup \"v1\" \"Pod\" \"\" \"\") }}{{ if lookup \"v1\" \"Pod\" \"\" \"\" }}x{{ end }}", "map[]"),
            ("{{ print nil }}", "<nil>"),
        ],
        VALUES,
    );
}

#[test]
fn what_go_refuses_is_refused() {
    for (template, message) in [
        ("{{ .Values.missing.x }}", "nil pointer evaluating interface {}.x"),
        ("{{ .Values.name.x }}", "can't evaluate field x in type string"),
        ("{{ nosuch 1 }}", "function \"nosuch\" is not known"),
        ("{{ include \"nosuch\" . }}", "error calling include: template \"nosuch\" not defined"),
        ("{{ fail \"stop here\" }}", "error calling fail: stop here"),
        ("{{ index .Values.list 9 }}", "error calling index: index out of range: 9"),
        ("{{ len .Values.missing }}", "error calling len: len of nil pointer"),
        ("{{ range .Values.name }}{{ end }}", "range can't iterate over web"),
        ("{{ eq .Values.name 1 }}", "error calling eq: incompatible types for comparison"),
        ("{{ lt .Values.list 1 }}", "error calling lt: incompatible types for comparison"),
        ("{{ trunc 1 }}", "wrong number of args for trunc: want 2 got 1"),
        ("{{ .Values.name 1 }}", "name is not a method but has arguments"),
        ("{{ $nosuch }}", "undefined variable \"$nosuch\""),
        ("{{ div 1 0 }}", "error calling div: integer divide by zero"),
    ] {
        assert_eq!(rendered(template, VALUES), Err(message.to_owned()), "{template}");
    }
}

#[test]
fn what_is_never_the_same_twice_is_unknown() {
    let (text, run) =
        rendered_within("a: {{ randAlphaNum 8 | quote }}\nb: {{ now | date \"2006\" }}\n", "", Limits::default())
            .map_err(|message| panic!("{message}"))
            .unwrap();
    let parsed = parse::yaml::parse(SourceId::default(), &text.text);
    let node = super::remap::remap(parsed.document.values()[0].clone(), &text, &run.origins);
    assert!(node.get("a").unwrap().as_unknown().unwrap().reason.contains("randAlphaNum"));
    assert!(node.get("b").unwrap().as_unknown().is_some());
    let error = rendered("{{ if eq (randAlphaNum 1) \"a\" }}x{{ end }}", "").unwrap_err();
    assert!(error.contains("something unknown"), "{error}");
}

#[test]
fn endless_templates_end() {
    let limits = Limits { steps: 100_000, bytes: 1 << 20, depth: 40 };
    for (template, message) in [
        ("{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}", "more than 40 levels deep"),
        ("{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}", "more than 40 levels deep"),
        ("{{ tpl .Values.self . }}", "more than 40 levels deep"),
        ("{{ repeat 1000000000 \"a\" }}", "too large"),
        ("{{ indent 1000000000 \"a\" }}", "too large"),
        ("{{ range until 90000 }}{{ range until 90000 }}{{ end }}{{ end }}", "too"),
        ("{{ until 1000000000 }}", "too many numbers"),
        ("{{ range 1000000000 }}{{ end }}", "too large"),
        ("{{ $x := \"aaaaaaaa\" }}{{ range until 40 }}{{ $x = printf \"%s%s\" $x $x }}{{ end }}", "too large"),
        ("{{ $x := list 1 }}{{ range until 40 }}{{ $x = concat $x $x }}{{ end }}", "too large"),
        ("{{ replace \"a\" (repeat 1000 \"b\") (repeat 10000 \"a\") }}", "too large"),
        ("{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ toYaml $d }}", "too large"),
        ("{{ $x := list 1 }}{{ range until 90000 }}{{ $x = list $x }}{{ end }}{{ toYaml $x }}", "too"),
        (
            "{{ $x := repeat 200000 \"a\" }}{{ range until 500 }}{{ if contains \"b\" $x }}{{ end }}{{ end }}",
            "too many steps",
        ),
        ("{{ range $i := until 500 }}{{ if regexMatch (printf \"a{%d}\" $i) \"a\" }}{{ end }}{{ end }}", "too large"),
        ("{{ printf \"%1000000000d\" 1 | len }}", ""),
    ] {
        match rendered_within(template, "self: '{{ tpl .Values.self . }}'", limits) {
            Err(error) => assert!(error.contains(message), "{template}: {error}"),
            Ok((text, _)) => assert!(message.is_empty() && text.text == "10000", "{template}: {}", text.text.len()),
        }
    }
}

#[test]
fn deep_values_are_dropped() {
    for template in [
        "{{ $x := list 1 }}{{ range until 90000 }}{{ $x = list $x }}{{ end }}",
        "{{ $x := dict }}{{ range until 90000 }}{{ $x = dict \"a\" $x }}{{ end }}",
        "{{ $x := dict }}{{ $top := $x }}{{ range until 90000 }}{{ $y := dict }}{{ $_ := set $x \"a\" $y }}{{ $x = $y }}{{ end }}",
    ] {
        assert_eq!(rendered(template, "").as_deref(), Ok(""));
    }
}

/// A repository of charts.
fn repository(files: &[(&str, &str)]) -> (Sources, Installed) {
    let sources = Sources::new(files.iter().map(|(path, text)| Source::new(*path, *text)).collect());
    let folders = Folders::find(files.iter().map(|(path, _)| *path));
    let installed = {
        let charts = Charts::read(&folders, sources.iter());
        let nothing = std::collections::BTreeSet::new();
        let further = |node: &Node| Further { applications: vec![node.clone()], gaps: Vec::new() };
        install(&charts, &Environments::default(), &nothing, Vec::new(), &further)
    };
    (sources, installed)
}

/// `path:line` of a span and the text under it.
fn shown(sources: &Sources, span: Span) -> String {
    let (start, _) = sources.range(span);
    format!("{}:{} {}", sources.path(span), start.line, sources.slice(span))
}

fn via(sources: &Sources, node: &Node) -> Vec<String> {
    node.via.iter().flatten().map(|span| shown(sources, *span)).collect()
}

const CHART: &[(&str, &str)] = &[
    ("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.2.3\n"),
    (
        "app/templates/_helpers.tpl",
        "{{ define \"app.name\" }}{{ .Values.nameOverride | default .Chart.Name }}{{ end }}\n\
         {{- define \"app.labels\" -}}\napp: {{ include \"app.name\" . }}\nteam: core\n{{- end }}\n",
    ),
    (
        "app/templates/deployment.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ include \"app.name\" . }}\n  labels:\n    \
         {{- include \"app.labels\" . | nindent 4 }}\nspec:\n  replicas: {{ .Values.replicas }}\n  paused: false\n  template:\n    \
         spec:\n      containers:\n        - name: main\n          image: \"{{ .Values.image.name }}:{{ .Values.image.tag }}\"\n          \
         resources:\n            {{- toYaml .Values.resources | nindent 12 }}\n",
    ),
    (
        "app/values.yaml",
        "replicas: 2\nimage:\n  name: registry.example/app\n  tag: latest\nresources:\n  limits:\n    memory: 1Gi\n",
    ),
    ("app/values-production.yaml", "replicas: 3\nimage:\n  tag: \"1.4\"\n"),
];

#[test]
fn every_value_keeps_the_places_that_decided_it() {
    let (sources, installed) = repository(CHART);
    assert_eq!(installed.renderings.gaps, []);
    let [document] = &installed.renderings.documents[..] else { panic!("one document") };
    assert!(document.environment.as_ref().is_some_and(|environment| environment.production));
    let at = |path: &[&str]| document.node.at(path).unwrap();
    let replicas = at(&["spec", "replicas"]);
    assert_eq!(replicas.as_int(), Some(3));
    assert_eq!(shown(&sources, replicas.span), "app/templates/deployment.yaml:8 {{ .Values.replicas }}");
    assert_eq!(via(&sources, replicas), ["app/values-production.yaml:1 3"]);
    let name = at(&["metadata", "name"]);
    assert_eq!(name.as_str(), Some("app"));
    assert_eq!(shown(&sources, name.span), "app/templates/deployment.yaml:4 {{ include \"app.name\" . }}");
    assert!(via(&sources, name).contains(&"app/Chart.yaml:2 app".to_owned()), "{:?}", via(&sources, name));
    assert_eq!(shown(&sources, at(&["spec", "paused"]).span), "app/templates/deployment.yaml:9 false");
    let team = at(&["metadata", "labels", "team"]);
    assert_eq!(shown(&sources, team.span), "app/templates/_helpers.tpl:4 core");
    assert_eq!(via(&sources, team), ["app/templates/deployment.yaml:6 {{- include \"app.labels\" . | nindent 4 }}"]);
    let container = &at(&["spec", "template", "spec", "containers"]).items()[0];
    let image = container.get("image").unwrap();
    assert_eq!(image.as_str(), Some("registry.example/app:1.4"));
    assert_eq!(
        shown(&sources, image.span),
        "app/templates/deployment.yaml:14 \"{{ .Values.image.name }}:{{ .Values.image.tag }}\""
    );
    assert_eq!(
        via(&sources, image),
        ["app/values.yaml:3 registry.example/app", "app/values-production.yaml:3 \"1.4\""]
    );
    let memory = container.at(&["resources", "limits", "memory"]).unwrap();
    assert_eq!(shown(&sources, memory.span), "app/values.yaml:7 1Gi");
}

#[test]
fn an_application_installs_a_chart_with_values_that_a_chart_renders() {
    let mut files = CHART.to_vec();
    files.retain(|(path, _)| *path != "app/values-production.yaml");
    files.extend([
        ("apps/Chart.yaml", "apiVersion: v2\nname: apps\nversion: 0.1.0\n"),
        (
            "apps/templates/applications.yaml",
            "{{ range .Values.apps }}\n---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {{ .name }}\nspec:\n  \
             destination:\n    namespace: shop\n  source:\n    path: app\n    helm:\n      values: |\n        {{- toYaml .values | nindent 8 }}\n        \
             nameOverride: {{ .name }}\n{{ end }}\n",
        ),
        ("apps/values.yaml", "apps: []\n"),
        (
            "apps/values-production.yaml",
            "apps:\n  - name: checkout\n    values:\n      replicas: 5\n  - name: search\n    values: {replicas: 4}\n",
        ),
        ("apps/values-staging.yaml", "apps:\n  - name: checkout\n    values: {replicas: 1}\n"),
    ]);
    let (sources, installed) = repository(&files);
    assert_eq!(installed.renderings.gaps, []);
    let deployments: Vec<_> = installed
        .renderings
        .documents
        .iter()
        .filter(|document| document.node.get("kind").and_then(Node::as_str) == Some("Deployment"))
        .collect();
    let facts: BTreeSet<(String, i64, bool)> = deployments
        .iter()
        .map(|document| {
            let name = document.node.at(&["metadata", "name"]).unwrap().as_str().unwrap().to_owned();
            let replicas = document.node.at(&["spec", "replicas"]).unwrap().as_int().unwrap();
            (name, replicas, document.environment.as_ref().unwrap().production)
        })
        .collect();
    let expected = [("checkout", 5, true), ("search", 4, true), ("checkout", 1, false)];
    assert_eq!(facts, expected.map(|(name, replicas, is)| (name.to_owned(), replicas, is)).into());
    let checkout =
        deployments.iter().find(|document| document.node.at(&["spec", "replicas"]).unwrap().as_int() == Some(5));
    let replicas = checkout.unwrap().node.at(&["spec", "replicas"]).unwrap();
    assert_eq!(shown(&sources, replicas.span), "app/templates/deployment.yaml:8 {{ .Values.replicas }}");
    assert!(
        via(&sources, replicas).contains(&"apps/values-production.yaml:4 5".to_owned()),
        "{:?}",
        via(&sources, replicas)
    );
}

/// <https://helm.sh/docs/helm/helm_dependency/>
#[test]
fn a_chart_beside_another_is_part_of_it() {
    let (_, installed) = repository(&[
        (
            "umbrella/Chart.yaml",
            "name: umbrella\ndependencies:\n  - {name: web, version: 1.x, repository: 'file://../web', alias: front}\n",
        ),
        ("umbrella/values.yaml", "front: {replicas: 4}\n"),
        ("web/Chart.yaml", "name: web\nversion: 1.2.0\n"),
        ("web/values.yaml", "replicas: 1\n"),
        ("web/templates/web.yaml", "kind: Web\nmetadata: {name: web}\nreplicas: {{ .Values.replicas }}\n"),
    ]);
    let documents = &installed.renderings.documents;
    let replicas: Vec<_> =
        documents.iter().map(|document| document.node.get("replicas").and_then(Node::as_int)).collect();
    assert_eq!(replicas, [Some(4)], "it says nothing by itself");
}

#[test]
fn what_is_not_rendered_is_said_and_the_rest_counts() {
    let (_, installed) = repository(&[
        (
            "app/Chart.yaml",
            "name: app\ndependencies:\n  - {name: redis, version: 1.x, repository: 'https://charts.example'}\n",
        ),
        ("app/templates/a.yaml", "kind: A\nmetadata: {name: a}\n"),
        ("app/templates/b.yaml", "kind: B\nname: {{ nosuch . }}\n"),
        ("app/templates/c.yaml", "kind: C\n  bad: {{ .Release.Name }}\n"),
        ("app/templates/d.yaml", "kind: D\n{{ if }}\n"),
        ("app/templates/e.yaml", "kind: E\nmetadata: {name: {{ .Values.e.name }}}\n"),
        ("app/templates/NOTES.txt", "{{ nosuch }}"),
    ]);
    let kinds: Vec<_> = installed
        .renderings
        .documents
        .iter()
        .map(|document| document.node.get("kind").unwrap().as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["A"]);
    let reasons: Vec<&str> = installed.renderings.gaps.iter().map(|gap| gap.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "chart not analysed: app/Chart.yaml:3: its dependency `redis` is not in the repository",
            "chart not analysed: app/templates/b.yaml:2: function \"nosuch\" is not known",
            "chart not analysed: app/templates/c.yaml:2: what it renders is not valid YAML: a `:` stands where no key may start",
            "chart not analysed: app/templates/d.yaml:2: missing value",
            "chart not analysed: app/templates/e.yaml:2: nil pointer evaluating interface {}.name",
        ]
    );
}

/// The rules of <https://helm.sh/docs/chart_template_guide/subcharts_and_globals/> and
/// <https://helm.sh/docs/topics/charts/#chart-dependencies>.
#[test]
fn subcharts_get_their_values() {
    let (_, installed) = repository(&[
        (
            "app/Chart.yaml",
            "name: app\ndependencies:\n  - {name: db, alias: main, version: 1.x, condition: main.enabled}\n  \
             - {name: db, alias: other, version: 1.x, condition: other.enabled}\n  - {name: cache, tags: [extra]}\n  \
             - {name: lib, import-values: [shared, {child: deep, parent: taken}]}\n",
        ),
        (
            "app/values.yaml",
            "global: {region: eu}\nmain: {enabled: true, size: 10, gone: null}\nother: {enabled: false}\ntags: {extra: false}\n",
        ),
        (
            "app/templates/app.yaml",
            "kind: App\nmetadata: {name: app}\nport: {{ .Values.port }}\nx: {{ .Values.taken.x }}\nmain: {{ .Values.main.size }}\n",
        ),
        ("app/charts/db/Chart.yaml", "name: db\nversion: 1.4.0\n"),
        ("app/charts/db/values.yaml", "size: 1\nkind: small\ngone: here\nglobal: {region: us, zone: a}\n"),
        (
            "app/charts/db/templates/db.yaml",
            "kind: Db\nmetadata: {name: {{ .Chart.Name }}}\nsize: {{ .Values.size }}\ntype: {{ .Values.kind }}\ngone: {{ .Values.gone }}\n\
             region: {{ .Values.global.region }}\nzone: {{ .Values.global.zone }}\nbase: {{ .Template.BasePath }}\n",
        ),
        ("app/charts/cache/Chart.yaml", "name: cache\nversion: 0.1.0\n"),
        ("app/charts/cache/templates/cache.yaml", "kind: Cache\nmetadata: {name: cache}\n"),
        ("app/charts/lib/Chart.yaml", "name: lib\nversion: 0.1.0\ntype: library\n"),
        ("app/charts/lib/values.yaml", "exports:\n  shared: {port: 80}\ndeep: {x: 1}\n"),
        ("app/charts/lib/templates/lib.yaml", "kind: Lib\n"),
    ]);
    assert_eq!(installed.renderings.gaps, []);
    let documents: Vec<&Node> = installed.renderings.documents.iter().map(|document| &document.node).collect();
    let find =
        |kind: &str| documents.iter().find(|node| node.get("kind").and_then(Node::as_str) == Some(kind)).copied();
    let db = find("Db").unwrap();
    let get = |node: &Node, key: &str| node.get(key).and_then(Node::scalar).map(|text| text.to_string());
    assert_eq!(db.at(&["metadata", "name"]).unwrap().as_str(), Some("main"));
    assert_eq!(get(db, "size").as_deref(), Some("10"));
    assert_eq!(get(db, "type").as_deref(), Some("small"));
    // A default of the parent that is `null` takes nothing away; one that is given does.
    assert_eq!(get(db, "gone").as_deref(), Some("here"));
    assert_eq!(get(db, "region").as_deref(), Some("eu"));
    assert_eq!(get(db, "zone").as_deref(), Some("a"));
    assert_eq!(get(db, "base").as_deref(), Some("app/charts/main/templates"));
    let app = find("App").unwrap();
    assert_eq!(get(app, "port").as_deref(), Some("80"));
    assert_eq!(get(app, "x").as_deref(), Some("1"));
    assert_eq!(get(app, "main").as_deref(), Some("10"));
    assert!(find("Cache").is_none() && find("Lib").is_none());
    assert_eq!(documents.len(), 2);
}

#[test]
fn files_of_a_chart_are_read_where_they_stand() {
    let (sources, installed) = repository(&[
        ("app/Chart.yaml", "name: app\n"),
        ("app/rules/a.yaml", "groups:\n- name: a\n  rules:\n  - alert: Down\n    expr: up == 0\n"),
        (
            "app/templates/rules.yaml",
            "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: rules\nspec:\n\
             {{- range $path, $_ := .Files.Glob \"rules/*.yaml\" }}\n{{ $.Files.Get $path | indent 2 }}\n{{- end }}\n",
        ),
        (
            "app/templates/config.yaml",
            "kind: ConfigMap\nmetadata: {name: c}\nn: {{ len (.Files.Lines \"rules/a.yaml\") }}\ndata:\n{{ (.Files.Glob \"rules/*\").AsConfig | indent 2 }}\n\
             secret:\n{{ (.Files.Glob \"rules/*\").AsSecrets | indent 2 }}\nno: {{ .Files.Get \"nothing\" | quote }}\n",
        ),
    ]);
    assert_eq!(installed.renderings.gaps, []);
    let documents = &installed.renderings.documents;
    let rules = &documents[0].node;
    let alert =
        rules.at(&["spec", "groups"]).unwrap().items()[0].get("rules").unwrap().items()[0].get("alert").unwrap();
    assert_eq!(shown(&sources, alert.span), "app/rules/a.yaml:4 Down");
    assert_eq!(installed.renderings.replaced.iter().map(|id| id.0).collect::<Vec<_>>(), [1]);
    let config = &documents[1].node;
    assert_eq!(config.get("n").unwrap().as_int(), Some(5));
    assert!(config.at(&["data", "a.yaml"]).unwrap().as_str().unwrap().starts_with("groups:\n"));
    assert!(config.at(&["secret", "a.yaml"]).unwrap().as_str().unwrap().starts_with("Z3JvdXBzOg"));
}

fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        (-1e6..1e6).prop_map(|number: f64| serde_json::Value::from((number * 1000.0).round() / 1000.0)),
        r#"[a-z:#\-?{}\[\]&*!|>'"%@`, \n\t0-9.~é]{0,12}"#.prop_map(Into::into),
        "(y|no|On|true|null|~|0x1f|1_0|12:30|2024-01-31|<<|=|-|\\.5|1e3|\\.inf)".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-z0-9 :.-]{1,6}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn plain(node: &Node) -> serde_json::Value {
    use crate::tree::Value as V;
    match &node.value {
        V::Null | V::Unknown(_) => serde_json::Value::Null,
        V::Bool(value) => (*value).into(),
        #[allow(clippy::cast_precision_loss, reason = "as Helm reads numbers")]
        V::Int(value) => serde_json::Value::from(*value as f64),
        V::Float(value) => (*value).into(),
        V::String(text) => text.as_str().into(),
        V::List(items) => items.iter().map(plain).collect::<Vec<_>>().into(),
        V::Map(map) => serde_json::Value::Object(
            map.entries.iter().map(|entry| (entry.key.to_string(), plain(&entry.value))).collect(),
        ),
    }
}

proptest! {
    #[test]
    fn what_to_yaml_writes_reads_back(value in any_value()) {
        let json = value.to_string();
        let before = parse::json::parse(SourceId(1), &json);
        let before = &before.document.values()[0];
        let text = rendered("{{ toYaml .Values }}\n", &json).unwrap();
        let after = parse::yaml::parse(SourceId(0), &text);
        prop_assert!(after.problems.is_empty(), "{text}: {:?}", after.problems);
        prop_assert_eq!(after.document.values().first().map(plain), Some(plain(before)), "{}", text);
    }

    #[test]
    fn functions_never_panic(
        name in prop::sample::select(super::functions::names()),
        arguments in prop::collection::vec(r#"(\.Values\.(name|port|list|map|nothing|nested)|-?[0-9]{1,3}|"[a-z{}%.*é ]{0,6}")"#, 0..4),
    ) {
        let limits = Limits { steps: 10_000, bytes: 1 << 20, depth: 20 };
        let _ = rendered_within(&format!("{{{{ {name} {} }}}}", arguments.join(" ")), VALUES, limits);
    }
}

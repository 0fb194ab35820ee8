//! Documents of every shape → nodes and the text under their spans.

use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::parse::{MAX_DEPTH, encrypted};
use crate::source::Span;
use crate::tree::{Node, Value};

fn read(text: &str) -> Parsed {
    parse(SourceId(0), text)
}

/// The documents of a text without problems.
fn good(text: &str) -> Vec<Node> {
    let parsed = read(text);
    assert_eq!(parsed.problems, [], "{text}");
    parsed.document.values().to_vec()
}

fn only(text: &str) -> Node {
    let mut documents = good(text);
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0)
}

fn messages(parsed: &Parsed) -> Vec<&str> {
    parsed.problems.iter().map(|problem| problem.message.as_str()).collect()
}

fn slice(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

/// The node as JSON text, which shows the values without their places.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let entries = map.entries.iter().map(|entry| format!("{}: {}", entry.key, shown(&entry.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Null => "null".to_owned(),
        Value::String(text) => format!("{text:?}"),
        Value::Unknown(_) => "?".to_owned(),
        _ => node.scalar().unwrap().into(),
    }
}

/// Reads again what stands under the span of each scalar. Tags stand outside spans, so they must not decide.
fn check_spans(text: &str, node: &Node) {
    node.items().iter().for_each(|item| check_spans(text, item));
    node.entries().iter().for_each(|entry| check_spans(text, &entry.value));
    if !matches!(node.value, Value::List(_) | Value::Map(_)) {
        let written = slice(text, node.span);
        let again = read(written).document.values().first().map_or(Value::Null, |node| node.value.clone());
        assert_eq!(again, node.value, "{written:?}");
    }
}

#[test]
fn under_a_span_stands_the_value_as_written() {
    for (text, path, written) in [
        ("a: 1 # x\n", "a", "1"),
        ("a: 'it''s'\n", "a", "'it''s'"),
        ("é: \"é\\n\" # x", "é", "\"é\\n\""),
        ("a: x\n  y\nb: 1\n", "a", "x\n  y"),
        ("a: \"x\r\n  y\"\r\n", "a", "\"x\r\n  y\""),
        ("\u{feff}a: b\r\n", "a", "b"),
        ("a: &x !!str b\n", "a", "b"),
        ("a:\n  b: 1\n  c: [2]\n\n# x\nd: 1\n", "a", "b: 1\n  c: [2]"),
        ("a: {b: 1, c: 2 } # x\n", "a", "{b: 1, c: 2 }"),
        ("a: [1,\n  2\n]\n", "a", "[1,\n  2\n]"),
        ("a: [b: c, d]\n", "a.0", "b: c"),
        ("a:\n  - b\n  - c\n\nd: 1", "a", "- b\n  - c"),
        ("a:\n# x - y\n- -5\n- b: c\nd: 1", "a", "- -5\n- b: c"),
        ("a:\n- - b\n  - c\n", "a.0", "- b\n  - c"),
        ("a: &x\n- # y\n  b\n", "a", "- # y\n  b"),
        ("a:\n- b:\n  - c\n", "a.0", "b:\n  - c"),
        ("? a\n: b\n", "a", "b"),
        ("--- [a]\n", "0", "a"),
    ] {
        let root = only(text);
        let node = path.split('.').fold(&root, |node, step| match step.parse::<usize>() {
            Ok(index) => &node.items()[index],
            Err(_) => node.get(step).unwrap(),
        });
        assert_eq!(slice(text, node.span), written, "{text:?}");
    }
}

#[test]
fn block_scalars_span_from_their_header_to_what_they_say() {
    for (text, written, value) in [
        ("a: |\n  x\n  y\n\n# z\nb: 1\n", "|\n  x\n  y", "x\ny\n"),
        ("a: |- # | >\n  x\n\n\nb: 1\n", "|- # | >\n  x", "x"),
        ("a: |+\n  x\n\nb: 1\n", "|+\n  x\n\n", "x\n\n"),
        ("a: >-\n  x\n  y\n\n  z\nb: 1\n", ">-\n  x\n  y\n\n  z", "x y\nz"),
        ("a: &b !!str |\r\n  x\r\n  y\r\nb: 1\r\n", "|\r\n  x\r\n  y", "x\ny\n"),
        ("a: # >\n  |\n  x\nb: 1\n", "|\n  x", "x\n"),
        ("a: |\nb: 1\n", "|", ""),
        ("a: |\n  x  \n    \nb: 1\n", "|\n  x  \n    ", "x  \n  \n"),
        ("a: |\n  x", "|\n  x", "x\n"),
        ("a: |2\n    x\n", "|2\n    x", "  x\n"),
    ] {
        let node = only(text).get("a").unwrap().clone();
        assert_eq!(slice(text, node.span), written, "{text:?}");
        assert_eq!(node.as_str(), Some(value), "{text:?}");
    }
    for text in ["|\n x\n", "\u{feff}|\n x\n", "\u{feff}# x\n|\n x\n"] {
        assert_eq!(slice(text, only(text).span), "|\n x");
    }
    let text = "- |\n x\n- >\n y\n";
    let places = only(text).items().iter().map(|item| slice(text, item.span)).collect::<Vec<_>>().concat();
    assert_eq!(places, "|\n x>\n y");
}

#[test]
fn an_empty_value_stands_after_its_colon() {
    for (text, at) in [
        ("a:\nb: 1\n", 2),
        ("a: \n", 2),
        ("a :\n", 3),
        ("? a\n", 3),
        ("? a # x\n:\n", 9),
        ("{a}", 2),
        ("{a: , b: 1}", 3),
        ("a: &x\n", 5),
        ("a: !y\n", 5),
    ] {
        let root = only(text);
        let node = root.get("a").unwrap();
        assert_eq!((node.span.start, node.span.end), (at, at), "{text:?}");
    }
    assert!(only("a: &x\n").get("a").unwrap().is_null());
}

#[test]
fn tags_decide_types() {
    let text =
        "[!!str 1, !!int '2', !!float 3, !!bool \"true\", !!null '', ! 4, !Ref 5, !reference [a, b], !!binary eA==, 6]";
    assert_eq!(shown(&only(text)), r#"["1", 2, 3, true, null, "4", "5", ["a", "b"], "eA==", 6]"#);
    assert_eq!(shown(&only("a: !vault |\n  x\nb: '1'\nc: no\n")), r#"{a: "x\n", b: "1", c: "no"}"#);
}

#[test]
fn keys_become_text() {
    let text = "1: a\ntrue: b\n~: c\non: d\n0x10: e\n? [f, g]\n: h\n\"i j\": k\n&l m: n\n*l : o\n";
    let root = read(text).document.values()[0].clone();
    assert_eq!(shown(&root), r#"{1: "a", true: "b", null: "c", on: "d", 0x10: "e", [f, g]: "h", i j: "k", m: "o"}"#);
    assert_eq!(slice(text, root.entry("i j").unwrap().key_span), "\"i j\"");
    assert_eq!(slice(text, root.entry("m").unwrap().key_span), "*l");
}

#[test]
fn documents_are_separate() {
    let documents = good("a: 1\n---\n---\n# x\nb: 2\n...\n--- |\n c\n");
    assert_eq!(documents.iter().map(shown).collect::<Vec<_>>(), ["{a: 1}", "null", "{b: 2}", r#""c\n""#]);
    assert!(good("").is_empty());
    assert!(good("# only a comment\n").is_empty());
}

#[test]
fn a_broken_document_loses_itself_only() {
    let parsed = read("a: 1\n---\nb: [1\n---\nc: &x 3\nd: *x\n---\ne: 'x\n");
    let documents = parsed.document.values();
    assert_eq!(documents.iter().map(shown).collect::<Vec<_>>(), ["{a: 1}", "{c: 3, d: 3}"]);
    assert_eq!(
        messages(&parsed),
        ["not valid YAML: this bracket is never closed", "not valid YAML: this quoted string is never closed"]
    );
    let text = "a: b: c\n";
    assert_eq!(slice(text, read(text).problems[0].span.unwrap()), ":");
}

#[test]
fn comments_are_kept_in_order() {
    let text = "# one\r\na: |  # two \r\n  # text\r\nb: 'x # y' # drei é\r\n#\r\n# vier";
    let parsed = read(text);
    let comments = &parsed.document.comments;
    assert_eq!(
        comments.iter().map(|comment| comment.text.as_str()).collect::<Vec<_>>(),
        ["one", "two", "drei é", "", "vier"]
    );
    assert_eq!(slice(text, comments[2].span), "# drei é");
    assert_eq!(read(&format!("a:\n{}  b: 1\n", "# x\n".repeat(1000))).document.comments.len(), 1000);
}

#[test]
fn aliases_are_copies_that_stand_at_their_anchor() {
    let text = "a: &x {b: 1}\nc: *x\nd: &x 2\ne: *x\nf:\n  g: *x\n";
    let root = only(text);
    assert_eq!(shown(&root), "{a: {b: 1}, c: {b: 1}, d: 2, e: 2, f: {g: 2}}");
    assert_eq!(root.get("c").unwrap().span, root.get("a").unwrap().span);
    assert_eq!(slice(text, root.get("f").unwrap().span), "g: *x");
}

#[test]
fn aliases_that_cannot_be_followed_are_unknown() {
    let parsed = read("a: &x [*x, 1]\nb: *y\nc: 3\n");
    assert_eq!(shown(&parsed.document.values()[0]), "{a: [?, 1], b: ?, c: 3}");
    assert_eq!(
        messages(&parsed),
        [
            "this alias stands for a node that it is part of, or that was not read",
            "no anchor `&y` stands before this alias"
        ]
    );
}

#[test]
fn alias_bombs_are_defused() {
    let levels = |line: &dyn Fn(usize) -> String| (1..30).map(line).collect::<String>();
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a, ".repeat(10_000));
    let lists = format!("a0: &a0 [{}]\n", ["lol"; 9].join(", "))
        + &levels(&|level| format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", ")));
    let merges = "a0: &a0 {k: v}\n".to_owned()
        + &levels(&|level| format!("a{level}: &a{level} {{<<: *a{0}, l{level}: *a{0}, m: *a{0}}}\n", level - 1));
    for text in [lists, long, merges] {
        let start = Instant::now();
        let parsed = read(&text);
        assert!(start.elapsed().as_secs() < 5);
        assert_eq!(messages(&parsed), ["the aliases of this file ask for too many copies to be read"]);
    }
}

#[test]
fn deep_nesting_becomes_an_unknown() {
    let parsed = read(&format!("[{}a{}, 1]", "[".repeat(200), "]".repeat(200)));
    assert_eq!(messages(&parsed), ["more than 128 levels of nesting are not read"]);
    assert_eq!(parsed.document.values()[0].items()[1].as_int(), Some(1));
    for opening in ["- ", "["] {
        let parsed = read(&opening.repeat(100_000));
        assert_eq!(messages(&parsed).last(), Some(&"not valid YAML: it is nested too deep to be read"));
        assert!(parsed.document.values().is_empty());
    }

    let links = (1..1000).map(|level| format!("a{level}: &a{level} [*a{}]\n", level - 1));
    let parsed = read(&format!("a0: &a0 [x]\n{}", links.collect::<String>()));
    assert!(messages(&parsed)[0].contains("nest too deep"));
    let deepest = parsed.document.values()[0].entries().iter().map(|entry| height(&entry.value)).max();
    assert_eq!(deepest, Some(MAX_DEPTH - 1));
}

fn height(node: &Node) -> usize {
    node.items().iter().map(height).max().map_or(0, |below| below + 1)
}

#[test]
fn merged_entries_stand_after_the_own_ones() {
    let anchors = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\n";
    for (map, expected) in [
        ("<<: *x\n  b: 5", "{b: 5, a: 1}"),
        ("b: 5\n  <<: *x", "{b: 5, a: 1}"),
        ("<<: [*x, *y]", "{a: 1, b: 2, c: 4}"),
        ("<<: *x\n  <<: *y", "{b: 3, c: 4, a: 1}"),
        ("!!merge <<: *x", "{a: 1, b: 2}"),
        ("<<: {d: 6}", "{d: 6}"),
        ("'<<': *x", "{<<: {a: 1, b: 2}}"),
        ("!!str <<: 1", "{<<: 1}"),
    ] {
        let text = format!("{anchors}z:\n  {map}\n");
        assert_eq!(shown(only(&text).get("z").unwrap()), expected, "{map}");
    }
    let text = format!("{anchors}z:\n  <<: *x\n");
    let root = only(&text);
    assert_eq!(
        root.get("z").unwrap().entry("b").unwrap().key_span,
        root.get("x").unwrap().entry("b").unwrap().key_span
    );

    let parsed = read("a: {<<: 1, b: 2}\nc: {<<: *d, e: 3}\n");
    assert_eq!(shown(&parsed.document.values()[0]), "{a: {b: 2}, c: ?}");
    assert_eq!(parsed.problems.len(), 2);
}

#[test]
fn duplicate_keys_are_reported_and_the_last_counts() {
    let text = "a: 1\nb: 2\na: 3\n";
    let parsed = read(text);
    assert_eq!(shown(&parsed.document.values()[0]), "{b: 2, a: 3}");
    assert_eq!(messages(&parsed), ["the key `a` is given again further down in the same map; the last one counts"]);
    assert_eq!(parsed.problems[0].span.unwrap().start, 0);
}

#[test]
fn encrypted_values_are_unknown() {
    let root =
        only("a: ENC[AES256_GCM,data:x,type:str]\nb: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  61\nsops:\n  mac: x\n");
    assert_eq!(shown(&root), r#"{a: ?, b: ?, sops: {mac: "x"}}"#);
    assert_eq!(root.get("a").unwrap().as_unknown().unwrap().reason, "encrypted with SOPS");
    assert!(encrypted::is_sops(&root));
    assert!(!encrypted::is_sops(&only("sops: true\n")));
}

#[test]
fn templates_are_told_from_values_with_placeholders() {
    for text in [
        "{{- if .Values.x }}\na: b\n{{- end }}\n",
        "{{ if .Values.x }}\na: b\n{{ end }}\n",
        "a: {{ .Values.x }}\n",
        "a: {{ .Values.x | quote }}\n",
        "a: \"x\" {{ .Values.x }}\n",
        "a:\n  {{- toYaml .Values.a | nindent 2 }}\n",
        "{{/* x */}}\na: b\n",
        "a: \"{{ include \"x\" . }}\"\n",
        "a: \"{{\n  \"{{ .x }}\"\n  }}\"\n",
        "- {{ include \"x\" . }}\n",
        "{% for x in y %}\na: {{ x }}\n{% endfor %}\n",
        "%{ for x in y ~}\n- a\n%{ endfor ~}\n",
        "a:\n%{ for x in y ~}\n  - b: ${x}\n%{ endfor ~}\n",
    ] {
        assert!(is_template(text), "{text}");
    }
    for text in [
        "a: b\n",
        "a: \"{{ $labels.x }}\"\n",
        "a: on {{ $labels.x }} is {{ $value }}\n",
        "a: |\n  {{- range .Alerts }}\n  {{ end }}\n",
        "a: ${{ secrets.TOKEN }}\n",
        "# {{ x }}\na: {b: {c: d}}\n",
        "a: '{{ x }}'\n   b: '{{ y }}'\n",
        "a: '{{ x }}' b\n",
        "a: [\n",
    ] {
        assert!(!is_template(text), "{text}");
    }
    let parsed = read("a: {{ .Values.x }}\nb: [{{ c }}]\n");
    assert_eq!(shown(&parsed.document.values()[0]), "{a: ?, b: [?]}");
}

/// What a generated document holds.
#[derive(Clone, Debug)]
enum Tree {
    Plain(String),
    Quoted(String),
    Literal(String),
    List(Vec<Tree>),
    Map(Vec<Tree>),
    Flow(Vec<Tree>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let word = "[a-zé][a-z0-9é]{0,5}|-?[0-9]{1,4}|true|~|0x[0-9]{1,3}";
    let inline = prop_oneof![word.prop_map(Tree::Plain), "[ -~é\u{1f600}\n\t]{0,12}".prop_map(Tree::Quoted),];
    let leaf = prop_oneof![
        3 => inline.clone(),
        1 => "([a-z#:'é][a-z #:é]{0,8}\n{0,3}){0,3}".prop_map(Tree::Literal),
        1 => proptest::collection::vec(inline, 0..4).prop_map(Tree::Flow),
    ];
    leaf.prop_recursive(4, 32, 4, |below| {
        prop_oneof![
            proptest::collection::vec(below.clone(), 1..4).prop_map(Tree::List),
            proptest::collection::vec(below, 1..4).prop_map(Tree::Map),
        ]
    })
}

impl Tree {
    fn write(&self, indent: usize) -> String {
        let margin = " ".repeat(indent);
        let below = |tree: &Tree| match tree {
            Tree::List(_) | Tree::Map(_) => format!("\n{}", tree.write(indent + 2)),
            Tree::Literal(_) => format!(" {}\n", tree.write(indent + 2)),
            _ => format!(" {} # note\n", tree.write(0)),
        };
        match self {
            Tree::Plain(text) => text.clone(),
            Tree::Quoted(text) if text.contains(['\n', '\t', '\\']) => serde_json::to_string(text).unwrap(),
            Tree::Quoted(text) => format!("'{}'", text.replace('\'', "''")),
            Tree::Literal(text) => {
                let header = match text.chars().rev().take_while(|char| *char == '\n').count() {
                    0 => "|-",
                    1 if text.len() > 1 => "|",
                    _ => "|+",
                };
                let lines = text.trim_end_matches('\n').split('\n');
                let rest = &text[text.trim_end_matches('\n').len()..];
                let lines = lines.map(|line| format!("\n{margin}{line}").trim_end_matches(' ').to_owned());
                format!("{header}{}{}", lines.collect::<String>(), rest.get(1..).unwrap_or_default())
            }
            Tree::List(items) => {
                items.iter().map(|item| format!("{margin}-{}", below(item))).collect::<Vec<_>>().concat()
            }
            Tree::Map(values) => {
                let entries = values.iter().enumerate().map(|(at, value)| format!("{margin}k{at}:{}", below(value)));
                entries.collect::<Vec<_>>().concat()
            }
            Tree::Flow(items) => format!("[{}]", items.iter().map(|item| item.write(0)).collect::<Vec<_>>().join(", ")),
        }
    }

    fn expected(&self) -> String {
        match self {
            Tree::Plain(text) => {
                shown(&Node::new(scalar::value(text, scalar::Declared::Nothing), Span::head(SourceId(0))))
            }
            Tree::Quoted(text) => format!("{text:?}"),
            Tree::Literal(text) => {
                let lines: Vec<_> = text.split('\n').map(|line| line.trim_end_matches(' ')).collect();
                format!("{:?}", lines.join("\n"))
            }
            Tree::List(items) | Tree::Flow(items) => {
                format!("[{}]", items.iter().map(Tree::expected).collect::<Vec<_>>().join(", "))
            }
            Tree::Map(values) => {
                let entries = values.iter().enumerate().map(|(at, value)| format!("k{at}: {}", value.expected()));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read_and_stands_where_it_was_written(tree in tree(), crlf: bool, bom: bool) {
        let mut text = tree.write(0);
        if matches!(tree, Tree::Literal(_)) {
            text.push('\n');
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        if bom {
            text.insert(0, '\u{feff}');
        }
        let root = only(&text);
        prop_assert_eq!(shown(&root), tree.expected(), "{}", text);
        check_spans(&text, &root);
    }

    #[test]
    fn any_text_is_read_without_panic(text in r#"([a-c]|: |- |\n|\n  |\r\n|[\[\]{},?|>&*!#%'"\\<@`~0-9é\u{feff}\t ]|---\n|<<: |\*a|&a |\|\n|\{\{){0,40}"#) {
        let parsed = read(&text);
        is_template(&text);
        for node in parsed.document.values() {
            check_bounds(&text, node);
        }
        for comment in &parsed.document.comments {
            prop_assert!(slice(&text, comment.span).starts_with('#'));
        }
    }

    #[test]
    fn any_characters_are_read_without_panic(text in any::<String>()) {
        is_template(&text);
        read(&text).document.values().iter().for_each(|node| check_bounds(&text, node));
    }
}

/// Every span is a range of the text.
fn check_bounds(text: &str, node: &Node) {
    slice(text, node.span);
    node.items().iter().for_each(|item| check_bounds(text, item));
    for entry in node.entries() {
        slice(text, entry.key_span);
        check_bounds(text, &entry.value);
    }
}

//! What is read, and what is refused.

use proptest::prelude::*;

use super::{Node, parse};

#[test]
fn errors_say_what_is_wrong_and_where() {
    for (text, message, at) in [
        ("{{ .a", "unclosed action", 5),
        ("{{ if .a }}b", "unexpected end of text in {{if}}", 12),
        ("{{ end }}", "unexpected {{end}} or {{else}}", 9),
        ("{{ }}", "missing value", 3),
        ("{{ .a | }}", "missing value in pipeline", 8),
        ("{{ .a | 1 }}", "non executable command in pipeline stage 2", 10),
        ("{{ (.a }}", "unclosed left paren", 9),
        ("{{ .a) }}", "unexpected right paren", 6),
        ("{{ \"a }}", "unterminated quoted string", 3),
        ("{{ `a }}", "unterminated raw quoted string", 3),
        ("{{/* a", "unclosed comment", 2),
        ("{{/* a */ b }}", "comment ends before closing delimiter", 10),
        ("{{ break }}", "{{break}} outside {{range}}", 3),
        ("{{ if .a }}{{ define \"x\" }}{{ end }}{{ end }}", "unexpected {{define}}", 14),
        ("{{ 1.2.3 }}", "bad number syntax: \"1.2.3\"", 3),
        ("{{ \"a\".b }}", "unexpected . after a constant", 8),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!((error.message.as_str(), error.at), (message, at), "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let parens = format!("{{{{ {}1{} }}}}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(parse(&parens).unwrap_err().message.contains("too deep"));
    let ifs = "{{ if 1 }}".repeat(100_000);
    assert!(parse(&ifs).unwrap_err().message.contains("too deep"));
    let elses = format!("{{{{ if 1 }}}}{}{{{{ end }}}}", "{{ else if 1 }}".repeat(100_000));
    assert!(parse(&elses).unwrap_err().message.contains("too deep"));
}

#[test]
fn trim_markers_take_space_away() {
    let text = "a \n {{- /* c */ -}} \n b {{- 1 -}} c {{-1}} d";
    let parsed = parse(text).unwrap();
    let texts: Vec<&str> = parsed
        .root
        .iter()
        .filter_map(|node| match node {
            Node::Text(range) => Some(&text[range.start as usize..range.end as usize]),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["a", "b", "c ", " d"]);
}

proptest! {
    #[test]
    fn never_panics(text in r#"(\{\{-? ?|\}\}| -\}\}|[a-z.$"`'()|:=, \n0-9é]|if |else |end |range |define |/\*|\*/){0,40}"#) {
        let _ = parse(&text);
    }
}

//! Expressions are compared as short texts made by [`show`]; [`check_spans`] compares every span with what is under it.

use proptest::prelude::*;

use crate::source::Source;
use crate::tree::block::{Expression, ExpressionKind as Kind, TemplatePart};
use crate::tree::{Content, Value};

use super::*;

/// An expression in one line: calls and operators in prefix form.
fn show(expression: &Expression) -> String {
    let list = |items: &[Expression]| items.iter().map(show).collect::<Vec<_>>().join(" ");
    match &expression.kind {
        Kind::Literal(Value::String(text)) => format!("{:?}", text.as_str()),
        Kind::Literal(Value::Int(value)) => value.to_string(),
        Kind::Literal(Value::Float(value)) => format!("{value:?}"),
        Kind::Literal(Value::Bool(value)) => value.to_string(),
        Kind::Literal(Value::Null) => "null".to_owned(),
        Kind::Literal(Value::Unknown(unknown)) => format!("unknown<{}>", unknown.reason),
        Kind::Literal(other) => format!("{other:?}"),
        Kind::Template(parts) => format!("`{}`", show_parts(parts)),
        Kind::List(items) => format!("[{}]", list(items)),
        Kind::Object(items) => {
            let items: Vec<_> = items.iter().map(|(key, value)| format!("{}={}", show(key), show(value))).collect();
            format!("{{{}}}", items.join(" "))
        }
        Kind::Variable(name) => name.to_string(),
        Kind::Attribute(operand, name) => format!("{}.{}", show(operand), name.value),
        Kind::Index(operand, index) => format!("{}[{}]", show(operand), show(index)),
        Kind::Splat(operand, rest) => format!("{}<{}>", show(operand), show(rest)),
        Kind::Element => "@".to_owned(),
        Kind::Call { name, arguments, expand_last } => {
            format!("{}({}{})", name.value, list(arguments), if *expand_last { "..." } else { "" })
        }
        Kind::Conditional(a, b, c) => format!("(? {} {} {})", show(a), show(b), show(c)),
        Kind::Unary(operator, a) => format!("({operator:?} {})", show(a)),
        Kind::Binary(operator, a, b) => format!("({operator:?} {} {})", show(a), show(b)),
        Kind::For(each) => {
            let names = each.key_name.iter().chain([&each.value_name]).map(Text::as_str).collect::<Vec<_>>().join(",");
            let key = each.key.as_ref().map(|key| format!("{} => ", show(key))).unwrap_or_default();
            let condition = each.condition.as_ref().map(|condition| format!(" if {}", show(condition)));
            let grouping = if each.grouping { "..." } else { "" };
            let collection = show(&each.collection);
            format!(
                "(for {names} in {collection}: {key}{}{grouping}{})",
                show(&each.value),
                condition.unwrap_or_default()
            )
        }
    }
}

fn show_parts(parts: &[TemplatePart]) -> String {
    let show_part = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => text.to_string(),
        TemplatePart::Interpolation(expression) => format!("${{{}}}", show(expression)),
        TemplatePart::If { condition, then, otherwise } => {
            format!("%{{if {}: {}: {}}}", show(condition), show_parts(then), show_parts(otherwise))
        }
        TemplatePart::For { key_name, value_name, collection, body } => {
            let names = key_name.iter().chain([value_name]).map(Text::as_str).collect::<Vec<_>>().join(",");
            format!("%{{for {names} in {}: {}}}", show(collection), show_parts(body))
        }
    };
    parts.iter().map(show_part).collect()
}

/// The body and the problems' messages, each with the text it points at.
fn read_file(text: &str) -> (Body, Vec<(String, String)>) {
    let parsed = parse(SourceId(0), text);
    let source = Source::new("a.tf", text);
    let Content::Body(body) = parsed.document.content else { panic!("not a body") };
    check_body(&source, &body);
    for comment in &parsed.document.comments {
        assert!(source.slice(comment.span).starts_with(['#', '/']), "comment {comment:?}");
        assert!(source.slice(comment.span).contains(comment.text.as_str()), "comment {comment:?}");
    }
    let problem = |problem: &Problem| (problem.message.clone(), source.slice(problem.span.unwrap()).to_owned());
    (body, parsed.problems.iter().map(problem).collect())
}

/// An attribute's value, shown.
fn value(expression: &str) -> String {
    let (body, problems) = read_file(&format!("a = {expression}\n"));
    assert_eq!(problems, []);
    show(&body.attribute("a").unwrap().value)
}

fn check_body(source: &Source, body: &Body) {
    for attribute in &body.attributes {
        assert_eq!(source.slice(attribute.name.span), attribute.name.value);
        check_spans(source, &attribute.value);
    }
    for block in &body.blocks {
        assert_eq!(source.slice(block.kind.span), block.kind.value);
        assert!(source.slice(block.span).ends_with('}'), "block {:?}", source.slice(block.span));
        assert!(source.slice(block.head).starts_with(block.kind.value.as_str()));
        for label in &block.labels {
            let written = source.slice(label.span);
            assert!(written.starts_with('"') && written.ends_with('"') || written == label.value, "label {written}");
        }
        check_body(source, &block.body);
    }
}

/// Every expression stands on text that looks like it.
fn check_spans(source: &Source, expression: &Expression) {
    let written = source.slice(expression.span);
    let looks_right = match &expression.kind {
        Kind::Literal(Value::String(text)) => {
            written == text.as_str()
                || (written.starts_with('"') && written.ends_with('"'))
                || written.starts_with("<<")
        }
        Kind::Literal(Value::Int(_) | Value::Float(_)) => written.starts_with(|c: char| c.is_ascii_digit() || c == '-'),
        Kind::Literal(Value::Bool(value)) => written == value.to_string(),
        Kind::Literal(Value::Null) => written == "null",
        Kind::Literal(_) => true,
        Kind::Template(_) => (written.starts_with('"') && written.ends_with('"')) || written.starts_with("<<"),
        Kind::List(_) => written.starts_with('[') && written.ends_with(']'),
        Kind::Object(_) => written.starts_with('{') && written.ends_with('}'),
        Kind::Variable(name) => written == name.as_str(),
        Kind::Attribute(_, name) => written.ends_with(name.value.as_str()) && source.slice(name.span) == name.value,
        Kind::Index(_, index) => written.ends_with(']') || written.ends_with(source.slice(index.span)),
        Kind::Splat(..) | Kind::Binary(..) | Kind::Conditional(..) => !written.is_empty(),
        Kind::Element => written.starts_with('.') || written.starts_with('['),
        // A number with more digits than a value holds.
        Kind::Call { name, .. } if name.value == "tonumber" && written.starts_with(|c: char| c.is_ascii_digit()) => {
            true
        }
        Kind::Call { name, .. } => source.slice(name.span).starts_with(name.value.split(':').next().unwrap()),
        Kind::Unary(..) => written.starts_with(['-', '!']),
        Kind::For(_) => written.starts_with(['[', '{']),
    };
    assert!(looks_right, "{:?} stands on {written:?}", expression.kind);
    for child in children(expression) {
        let (outer, inner) = (expression.span, child.span);
        assert!(outer.start <= inner.start && inner.end <= outer.end, "{child:?} is not inside {written:?}");
        check_spans(source, child);
    }
}

fn children(expression: &Expression) -> Vec<&Expression> {
    match &expression.kind {
        Kind::List(items) => items.iter().collect(),
        Kind::Object(items) => items.iter().flat_map(|(key, value)| [key, value]).collect(),
        Kind::Attribute(a, _) | Kind::Unary(_, a) => vec![a],
        Kind::Index(a, b) | Kind::Splat(a, b) | Kind::Binary(_, a, b) => vec![a, b],
        Kind::Conditional(a, b, c) => vec![a, b, c],
        Kind::Call { arguments, .. } => arguments.iter().collect(),
        Kind::For(each) => [Some(&each.collection), each.key.as_ref(), Some(&each.value), each.condition.as_ref()]
            .into_iter()
            .flatten()
            .collect(),
        Kind::Template(parts) => part_expressions(parts),
        Kind::Literal(_) | Kind::Variable(_) | Kind::Element => Vec::new(),
    }
}

fn part_expressions(parts: &[TemplatePart]) -> Vec<&Expression> {
    let mut expressions = Vec::new();
    for part in parts {
        match part {
            TemplatePart::Literal(_) => {}
            TemplatePart::Interpolation(expression) => expressions.push(expression),
            TemplatePart::If { condition, then, otherwise } => {
                expressions.push(condition);
                expressions.extend(part_expressions(then));
                expressions.extend(part_expressions(otherwise));
            }
            TemplatePart::For { collection, body, .. } => {
                expressions.push(collection);
                expressions.extend(part_expressions(body));
            }
        }
    }
    expressions
}

#[test]
fn every_form_of_expression() {
    let table = [
        ("null", "null"),
        ("true", "true"),
        ("-3", "-3"),
        ("1.5e3", "1500"),
        ("0.5", "0.5"),
        ("18446744073709551615", "tonumber(\"18446744073709551615\")"),
        (r#""a\tb$${c}""#, r#""a\tb${c}""#),
        (r#""""#, r#""""#),
        ("[1, [2], ]", "[1 [2]]"),
        (r#"{ a = 1, "b" : 2, (c) = 3, 4 = 5, true = 6 }"#, r#"{"a"=1 "b"=2 c=3 "4"=5 "true"=6}"#),
        ("var.a.b[0].c[\"d\"]", "var.a.b[0].c[\"d\"]"),
        ("a.0.b", "a[0].b"),
        ("a.*.b.c[0]", "a<@.b.c>[0]"),
        ("a.*.b.0", "a<@.b>[0]"),
        ("a[*].b[0].c", "a<@.b[0].c>"),
        ("a[*].b[*].c", "a<@.b<@.c>>"),
        ("a[*]", "a<@>"),
        ("f()", "f()"),
        ("f(1, g(x)...)", "f(1 g(x)...)"),
        ("provider::aws::arn_parse(a)", "provider::aws::arn_parse(a)"),
        ("a ? b : c ? d : e", "(? a b (? c d e))"),
        ("!a && -b == 1 + 2 * 3 || c", "(Or (And (Not a) (Equal (Negate b) (Add 1 (Multiply 2 3)))) c)"),
        ("(1 + 2) * 3", "(Multiply (Add 1 2) 3)"),
        ("a - b - c", "(Subtract (Subtract a b) c)"),
        ("a >= b != (c % d < e / f)", "(NotEqual (GreaterOrEqual a b) (Less (Remainder c d) (Divide e f)))"),
        ("(a).b", "a.b"),
        ("[for x in y : x.z if x != null]", "(for x in y: x.z if (NotEqual x null))"),
        ("{for k, v in m : k => v...}", "(for k,v in m: k => v...)"),
        (r#""${var.a}""#, "`${var.a}`"),
        (r#""a-${b}-${"c${d}"}""#, "`a-${b}-${`c${d}`}`"),
        (r#""%{ if a }b%{ else }c%{ endif }d""#, "`%{if a: b: c}d`"),
        (r#""%{ for k, v in m ~}  ${k}  %{~ endfor }""#, "`%{for k,v in m: ${k}}`"),
        ("<<X\n  a\n  ${b}\nX", "`  a\n  ${b}\n`"),
        ("<<-X\n    a\n      b\n    X", "\"a\\n  b\\n\""),
        ("<<X\nX", "\"\""),
        ("f(<<-X\n  é\n  X\n)", "f(\"é\\n\")"),
    ];
    for (text, expected) in table {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn blocks_with_labels_and_nested_blocks() {
    let text = "\u{feff}# top\r\nresource \"aws_db_instance\" \"é\" { // side\r\n  name = \"ü\"\r\n  timeouts {\r\n    \
                create = 1 /* one */\r\n  }\r\n}\r\nlocals {}\r\nempty \"l\" { x = 1 }";
    let (body, problems) = read_file(text);
    assert_eq!(problems, []);
    let source = Source::new("a.tf", text);
    let block = &body.blocks[0];
    assert_eq!(source.slice(block.head), "resource \"aws_db_instance\" \"é\"");
    assert_eq!(block.labels.iter().map(|label| label.value.as_str()).collect::<Vec<_>>(), ["aws_db_instance", "é"]);
    assert_eq!(source.slice(block.body.attributes[0].value.span), "\"ü\"");
    assert_eq!(source.slice(block.body.blocks[0].span), "timeouts {\r\n    create = 1 /* one */\r\n  }");
    assert_eq!(body.blocks[2].body.attributes[0].name.value, "x");
    let comments = parse(SourceId(0), text).document.comments;
    let comments: Vec<_> = comments.iter().map(|comment| (source.slice(comment.span), comment.text.as_str())).collect();
    assert_eq!(comments, [("# top", "top"), ("// side", "side"), ("/* one */", "one")]);
}

#[test]
fn a_broken_value_becomes_unknown_and_the_rest_stays() {
    let text = "resource \"r\" \"n\" {\n  a = 1\n  b = [1, }\n  c = \"x\"\n}\nd = 2\n";
    let (body, problems) = read_file(text);
    assert_eq!(problems.len(), 1, "{problems:?}");
    let block = &body.blocks[0].body;
    assert_eq!(show(&block.attribute("a").unwrap().value), "1");
    assert!(show(&block.attribute("b").unwrap().value).starts_with("unknown<"));
    assert_eq!(show(&block.attribute("c").unwrap().value), "\"x\"");
    assert_eq!(show(&body.attribute("d").unwrap().value), "2");
}

#[test]
fn a_block_that_cannot_be_read_to_its_end_loses_only_itself() {
    let text = "module \"a\" {\n  x = 1\n}\nmodule \"b\" {\n  garbage here\n  x = 2\n}\nmodule \"c\" {\n  x = 3\n}\n";
    let (body, problems) = read_file(text);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(body.blocks.iter().map(|block| block.labels[0].value.as_str()).collect::<Vec<_>>(), ["a", "c"]);
}

#[test]
fn a_block_that_never_closes_loses_only_itself() {
    let text = "a = 1\nmodule \"b\" {\n  x = {\n  y = \"\nmodule \"c\" {\n  x = <<E\n  }\n  E\n}\nd = [1,\ne = 2\n";
    let (body, problems) = read_file(text);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert_eq!(body.blocks.len(), 1);
    assert_eq!(body.blocks[0].labels[0].value, "c");
    let values: Vec<_> = body.attributes.iter().map(|attribute| show(&attribute.value)).collect();
    assert_eq!(values, ["1", "unknown<its value has a syntax error>", "2"]);
}

#[test]
fn problems_point_at_the_fault_and_say_what_it_is() {
    let (_, problems) = read_file("a = \nb = 1\n");
    assert_eq!(problems, [("syntax error: a value is expected here".to_owned(), String::new())]);
    let (_, problems) = read_file("é = 1\nb c d\n");
    assert_eq!(problems.len(), 1);
    let (body, problems) = read_file("a = 1\nb = 2\na = 3\n");
    assert_eq!(problems, [("`a` is set twice; the first one is used".to_owned(), "a".to_owned())]);
    assert_eq!(show(&body.attribute("a").unwrap().value), "1");
    let (_, problems) = read_file("a { b = 1 c = 2 }\n");
    assert_eq!(problems.len(), 1);
    let (body, problems) = read_file("a { b = 1 } c\n");
    assert_eq!(problems.len(), 1);
    assert_eq!(show(&body.blocks[0].body.attribute("b").unwrap().value), "1");
}

#[test]
fn repeated_object_keys_are_kept_in_order() {
    let object = "{\n  é = 1\n  é = 2\n  \"é\" = 3\n  é = f({x = 1, x = 2})\n  (a) = 1\n  (a) = 2\n}";
    assert_eq!(value(object), "{\"é\"=1 \"é\"=2 \"é\"=3 \"é\"=f({\"x\"=1 \"x\"=2}) a=1 a=2}");
    let many = format!("a = {{{}}}\nb = 1\n", "x = 1, ".repeat(99));
    let (body, problems) = read_file(&many);
    assert_eq!(problems.len(), 1);
    assert_eq!(show(&body.attribute("b").unwrap().value), "1");
}

#[test]
fn an_object_that_would_take_minutes_is_a_problem() {
    let keys = (0..20_000).map(|number| format!("k{number} = 1\n")).collect::<Vec<_>>().concat();
    assert_eq!(read_file(&format!("a = {{\n{keys}}}\n")).1.len(), 1);
    assert_eq!(read_file(&keys).1.len(), 0);
}

/// Runs on a stack as small as that of a worker thread.
fn on_worker_stack(text: &str) -> Vec<(String, String)> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(2 << 20);
        thread.spawn_scoped(scope, || read_file(text).1).unwrap().join().unwrap()
    })
}

#[test]
fn deep_nesting_is_read_or_is_a_problem() {
    let nested =
        |depth: usize, open: &str, close: &str| format!("a = {}1{}\n", open.repeat(depth), close.repeat(depth));
    let forms =
        [("[", "]"), ("(", ")"), ("f(", ")"), ("{a=", "}"), ("\"${", "}\""), ("!", ""), ("x ? ", " : 1"), ("a[", "]")];
    for (open, close) in forms {
        assert_eq!(on_worker_stack(&nested(30, open, close)), [], "{open}");
        assert_eq!(on_worker_stack(&nested(50_000, open, close)).len(), 1, "{open}");
        for depth in [13, 31, 62, 63, 64, 65] {
            on_worker_stack(&nested(depth, open, close));
        }
    }
    on_worker_stack(&format!("a = \"{}{}\"", "%{ if a }".repeat(5_000), "%{ endif }".repeat(5_000)));
    on_worker_stack(&"a {\n".repeat(50_000));
    assert_eq!(on_worker_stack(&format!("a = b{}\n", ".c".repeat(100_000))).len(), 1);
    assert_eq!(on_worker_stack(&format!("a = 1{}\n", " + 1".repeat(1_000))).len(), 1);
    let broken = (0..1_000).map(|number| format!("a{number} = [\n")).collect::<Vec<_>>().concat();
    assert_eq!(on_worker_stack(&broken).len(), 65);
}

proptest! {
    #[test]
    fn nothing_panics(text in "(a|b|=|\"|\\$\\{|%\\{|\\}|\\{|\\[|\\]|\\(|\\)|<<-?X|\n|\r\n| |#|//|/\\*|\\*/|é|\\.|,|\\?|:|for|if|in|endif|1|~){0,60}") {
        read_file(&text);
    }

    #[test]
    fn nothing_panics_on_damaged_files(cut in 0..400usize, length in 0..40usize, insert in "[\"{}()\\[\\]=a\n<]{0,3}") {
        let whole = "locals {\n  a = \"x-${var.y[*].é}\" # c\n  b = { c = [1, 2], \"d\" = null }\n}\n\
                     resource \"r\" \"n\" {\n  e = <<-E\n    f ${~ g }\n    %{ if h }i%{ endif }\n  E\n  j {\n    k = l ? m : !n\n  }\n}\n";
        let start = whole.floor_char_boundary(cut.min(whole.len()));
        let end = whole.floor_char_boundary((cut + length).min(whole.len())).max(start);
        read_file(&format!("{}{insert}{}", &whole[..start], &whole[end..]));
    }
}

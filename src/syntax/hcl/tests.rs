//! What texts read as, and what is said of those that do not read.

use std::sync::Arc;

use crate::document::{Format, NodeRef};
use crate::source::FileId;
use crate::syntax::parse;

#[track_caller]
fn check(input: &str, expected: &str) {
    crate::syntax::dump::check(Format::Hcl, input, expected);
}

/// The JSON that a text stands for.
#[track_caller]
fn means(input: &str, expected: &str) {
    let (document, wrong) = parse(FileId(0), Format::Hcl, &Arc::from(input));
    assert!(wrong.is_empty(), "{wrong:?}\n{input}");
    let root = document.roots().next().expect("a root");
    assert_eq!(json(root), expected, "{input}");
}

fn json(node: NodeRef<'_>) -> String {
    use crate::document::{Kind, ScalarStyle};
    match node.kind() {
        Kind::Mapping => {
            let entries: Vec<String> =
                node.entries().map(|entry| format!("{}:{}", entry.name(), json(entry.value))).collect();
            format!("{{{}}}", entries.join(","))
        }
        Kind::Sequence => format!("[{}]", node.items().map(json).collect::<Vec<_>>().join(",")),
        Kind::Scalar => match node.scalar() {
            Some(scalar) if scalar.style == ScalarStyle::Plain => scalar.text.to_string(),
            scalar => format!("{:?}", scalar.map_or("", |scalar| scalar.text)),
        },
    }
}

#[test]
fn spans_are_those_of_the_text() {
    check("a = 1\n", "{a@0..1 1@4..5}@0..6");
    check("\u{feff}a = \"é\"", "{a@3..4 \"é\"@7..11}@3..11");
    check(
        "lb \"x\" \"y\" {\r\n  p = [1, true] # c\r\n}\r\n",
        "{lb@0..2 {\"x\"@3..6 {\"y\"@7..10 lb@0..2 {p@16..17 [1@21..22 true@24..28]@20..29}@11..36}@7..36}@3..36}@0..38",
    );
    check("a = var.x + 1 // c", "{a@0..1 (${var.x + 1})@4..13}@0..18");
    check("a = <<E\nx\nE\n", "{a@0..1 |x\n|@4..11}@0..12".replace('\n', "\\n").as_str());
}

#[test]
fn blocks_nest_by_type_and_labels() {
    means("a \"x\" \"y\" {}\na \"x\" \"z\" { k = 1 }", "{a:{x:{y:{},z:{k:1}}}}");
    means("a {}\nb = 1\na {\n c {}\n c {}\n c {}\n}", "{a:[{},{c:[{},{},{}]}],b:1}");
    means("a x {}\na \"x\" {}", "{a:{x:[{},{}]}}");
    means("a {}\na \"x\" {}", "{a:{},a:{x:{}}}");
    means("a = 1\na {}", "{a:1,a:{}}");
    means(
        "dynamic \"d\" {\n  for_each = var.x\n  content {}\n}",
        "{dynamic:{d:{for_each:\"${var.x}\",content:{}}}}",
    );
    means("", "{}");
    means("# only\n/* a\n comment */", "{}");
}

#[test]
fn literals_keep_their_type() {
    means("a = -1\nb = 1.5e3\nc = true\nd = null\ne = \"true\"", "{a:-1,b:1.5e3,c:true,d:null,e:\"true\"}");
    means(
        "a = -x\nb = !true\nc = 1 + 1\nd = - 1",
        "{a:\"${-x}\",b:\"${!true}\",c:\"${1 + 1}\",d:\"${- 1}\"}",
    );
    means("a = \"q\\\"\\n\\u00e9${f(\"\\\"\")}$${x}\"", r#"{a:"q\"\né${f(\"\\\"\")}$${x}"}"#);
    means("a = \"${var.x}\"\nb = \"100%\"", "{a:\"${var.x}\",b:\"100%\"}");
    means("a = \"\"", "{a:\"\"}");
}

#[test]
fn constructors_become_nodes() {
    means("a = [1, \"b\", [c],]", "{a:[1,\"b\",[\"${c}\"]]}");
    means("a = {\n  b = 1\n  \"c d\" : 2, (e) = 3\n  80 = {}\n}", "{a:{b:1,c d:2,${(e)}:3,80:{}}}");
    means("a = { b = 1, b = 2 }", "{a:{b:1,b:2}}");
    means("a = [\n  1, # one\n  2 /* two */\n]", "{a:[1,2]}");
    means("a = [1, 2][0]", "{a:\"${[1, 2][0]}\"}");
    means("a = {} == b", "{a:\"${{} == b}\"}");
}

#[test]
fn everything_else_is_an_expression() {
    for text in [
        "a.b[0].c",
        "a[*].b",
        "a.*.b.0",
        "f(1, [2], {a = 3}...)",
        "f(\n1,\n2\n)",
        "c ? 1 : d ? \"x\" : null",
        "(\n 1\n + 2)",
        "[for x in y : x if x != \"}\"]",
        "{for k, v in m : k => v...}",
        "provider::aws::arn(x)",
        "merge({\n  a = 1 # it's }\n}, x)",
        "f(<<E\n\"\nE\n)",
        "!a && -b >= 1 || c",
        "\"a\" == b",
        "{ for = 1 }.for",
    ] {
        means(&format!("a = {text}\nb = 1"), &format!("{{a:{:?},b:1}}", format!("${{{text}}}")));
    }
}

#[test]
fn heredocs() {
    means("a = <<EOF\n{ \"x\": \"${y}\" }\n  EOF\n", r#"{a:"{ \"x\": \"${y}\" }\n"}"#);
    means("a = <<-EOF\n    x\n      y\n\n    EOF\nb = 1", r#"{a:"x\n  y\n\n",b:1}"#);
    means("a = [<<A\n1\nA\n, <<B\nB\n]", r#"{a:["1\n",""]}"#);
    means("a = <<E\n${f({\n  a = 1\n})}\nE\n", r#"{a:"${f({\n  a = 1\n})}\n"}"#);
    means("a = <<E\r\nx\r\nE\r\n", r#"{a:"x\r\n"}"#);
    means(
        "a = <<E\n%{ if x }y%{ else }z%{ endif ~}\n%{ for k, v in m }${k}%{ endfor }\nE\n",
        r#"{a:"%{ if x }y%{ else }z%{ endif ~}\n%{ for k, v in m }${k}%{ endfor }\n"}"#,
    );
}

#[test]
fn comments_are_kept_once() {
    let text = "# a\na = f( // b\n  x /* c */) # d\n\nb { # e\n}\n";
    let (document, _) = parse(FileId(0), Format::Hcl, &Arc::from(text));
    let told: Vec<(&str, bool)> =
        document.comments.iter().map(|comment| (&text[comment.span.range()], comment.alone)).collect();
    assert_eq!(told, [("# a", true), ("// b", false), ("/* c */", false), ("# d", false), ("# e", false)]);
}

#[test]
fn problems() {
    check("a {\n  b = 1\n", "! syntax-error@12..12 the block is not closed\n  2..3 the block starts here");
    check("a = \"b\n", "! syntax-error@4..5 the string is not closed on its line");
    check("a = [1 2]", "! syntax-error@7..8 expected `,` or `]` in the list, found `2`");
    check(
        "a = {\n b = 1 c = 2 }",
        "! syntax-error@13..14 expected `,`, a new line or `}` in the object, found `c`",
    );
    check("a =\nb = 1", "! syntax-error@3..3 expected a value, found the end of the line");
    check("a = 1 b = 2", "! syntax-error@6..7 expected a new line, found `b`");
    check("a: 1", "! syntax-error@1..2 expected `=` or `{` after `a`, found `:`");
    check("}", "! syntax-error@0..1 unexpected `}`: no block is open here");
    check("\"a\" = 1", "! syntax-error@0..1 expected an argument or a block, found `\"`");
    check("a = 'b'", "! syntax-error@4..5 expected a value, found `'`");
    check("a = 1\0", "! syntax-error@5..6 expected a new line, found `\\0`");
    check("a \"${x}\" {}", "! syntax-error@3..4 a label must be a plain text, without `${`");
    check("a = <<E\nx\n", "! syntax-error@4..5 the text is not closed by a line `E`");
    check("a = \"\\q\"", "! syntax-error@5..7 `\\q` is no escape sequence of HCL");
    check(
        "a = f(1",
        "! syntax-error@7..7 expected `,` or `)` in the call, found the end of the file\n  5..6 the call starts here",
    );
    check("/* a", "! syntax-error@0..1 the comment is not closed");
    check("a = 1x", "! syntax-error@5..6 a number must not go on with `x`");
    check("a = {{ x }}\n", "! unrendered-template@4..6 the file is a template that was not rendered");
}

#[test]
fn depth_is_bounded() {
    for (open, at) in [("[", 4), ("(", 4), ("{a=", 4), ("f(", 5), ("\"${", 5), ("c?", 5)] {
        let (_, wrong) = parse(FileId(0), Format::Hcl, &Arc::from(format!("a = {}", open.repeat(100_000))));
        assert_eq!(wrong.len(), 1, "{open} {at}");
        assert_eq!(wrong[0].rule, "limit-reached", "{open}: {}", wrong[0].message);
    }
    let blocks = "b {\n".repeat(100_000);
    let labels = format!("a {} {{}}", "\"l\" ".repeat(100_000));
    for text in [blocks, labels] {
        let (_, wrong) = parse(FileId(0), Format::Hcl, &Arc::from(text));
        assert_eq!(wrong.len(), 1);
        assert_eq!(wrong[0].rule, "limit-reached");
    }
    for fits in [format!("a = {}1", "-".repeat(100_000)), format!("a = 1{}", " + 1".repeat(100_000))] {
        let (_, wrong) = parse(FileId(0), Format::Hcl, &Arc::from(fits));
        assert_eq!(wrong, []);
    }
}

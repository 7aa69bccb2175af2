//! Changes of small configurations, and the texts that they give.

use std::sync::Arc;

use crate::document::{Document, Format, NodeRef};
use crate::edit::{New, Plan, Refusal, Step, Wants, apply};
use crate::source::FileId;
use crate::syntax;

enum Change<'c> {
    Set(&'c str, New),
    Insert(&'c str, &'c str, New),
    Append(&'c str, New),
    Remove(&'c str),
    Rename(&'c str, &'c str),
    Quote(&'c str),
}

use Change::{Append, Insert, Quote, Remove, Rename, Set};

fn text(text: &str) -> New {
    New::Text(text.to_string())
}

fn word(word: &str) -> New {
    New::Word(word.to_string())
}

fn parse(text: &str) -> Document {
    let (document, problems) = syntax::parse(FileId(0), Format::Hcl, &Arc::from(text));
    assert_eq!(problems, [], "in {text}");
    document
}

/// The steps along a path of keys and numbers, joined with slashes.
fn steps<'d>(document: &'d Document, path: &str) -> Vec<Step<'d>> {
    crate::edit::tests::steps(document, &path.split('/').collect::<Vec<_>>())
}

fn changed(source: &str, changes: &[Change<'_>]) -> Result<String, Refusal> {
    let document = parse(source);
    let mut plan = Plan::new(&document);
    let node = |path: &str| -> NodeRef<'_> { steps(&document, path).last().expect("a step").value() };
    let entry = |path: &str| match steps(&document, path).pop() {
        Some(Step::Entry { entry, .. }) => entry,
        _ => panic!("no entry"),
    };
    for change in changes {
        match change {
            Set(path, new) => plan.replace(node(path), new, Wants::SameStyle)?,
            Insert(path, keys, new) => {
                let keys: Vec<String> = keys.split('/').map(str::to_string).collect();
                plan.insert(node(path), &keys, new.clone())?;
            }
            Append(path, new) => plan.append(node(path), new.clone())?,
            Remove(path) => plan.remove(&steps(&document, path))?,
            Rename(path, key) => plan.rename(entry(path), key)?,
            Quote(path) => plan.quote(node(path))?,
        }
    }
    Ok(apply(source, &plan.edits()?))
}

/// Changes `source`, and checks that the result is `expected` and parses, also with the line ends of Windows.
#[track_caller]
fn check(source: &str, changes: &[Change<'_>], expected: &str) {
    let result = changed(source, changes).unwrap_or_else(|why| panic!("{why:?} in {source}"));
    assert_eq!(result, expected, "\n{result}");
    parse(&result);
    let result = changed(&source.replace('\n', "\r\n"), changes).expect("a change");
    assert_eq!(result, expected.replace('\n', "\r\n"));
}

#[track_caller]
fn refuse(source: &str, changes: &[Change<'_>], why: Refusal) {
    assert_eq!(changed(source, changes), Err(why), "in {source}");
}

#[test]
fn values_keep_their_quotes() {
    check("a = \"HTTP\" # why\n", &[Set("a", text("GRPC"))], "a = \"GRPC\" # why\n");
    check("a = 12\n", &[Set("a", text("0"))], "a = 0\n");
    check("a = 12\n", &[Set("a", text("0-99"))], "a = \"0-99\"\n");
    check("a = true\n", &[Set("a", word("false"))], "a = false\n");
    check("a = [1, 2]\n", &[Set("a", New::List(vec![text("x"), word("3")]))], "a = [\"x\", 3]\n");
    check(
        "a = { \"k.x\" = true }\n",
        &[Quote("a/k.x"), Rename("a/k.x", "k.y")],
        "a = { \"k.y\" = \"true\" }\n",
    );
    refuse("a = var.x\n", &[Set("a", text("GRPC"))], Refusal::NotLiteral);
    refuse("a = <<E\nx\nE\n", &[Set("a", text("GRPC"))], Refusal::NotLiteral);
    refuse("a = \"x\"\n", &[Set("a", text("${y}"))], Refusal::NotLiteral);
    refuse("a = var.x\n", &[Quote("a")], Refusal::NotLiteral);
}

#[test]
fn arguments_come_to_their_kin_and_are_aligned() {
    let set = [Insert("r", "protocol_version", text("GRPC"))];
    check(
        "r {\n  name     = \"x\"\n  port     = 80 # why\n  protocol = \"HTTP\"\n\n  health_check {\n  }\n}\n",
        &set,
        "r {\n  name             = \"x\"\n  port             = 80 # why\n  protocol         = \"HTTP\"\n  protocol_version = \"GRPC\"\n\n  health_check {\n  }\n}\n",
    );
    check(
        "r {\n  target_group_name = 1\n}\n",
        &set,
        "r {\n  target_group_name = 1\n  protocol_version  = \"GRPC\"\n}\n",
    );
    // What its author did not align stays as it is.
    check(
        "r {\n  a = 1\n  bcd = 2\n}\n",
        &set,
        "r {\n  a = 1\n  bcd = 2\n  protocol_version = \"GRPC\"\n}\n",
    );
    check(
        "r {\n  count = 2\n\n  a = 1\n  b {\n  }\n  z = 1\n}\n",
        &set,
        "r {\n  count = 2\n\n  a                = 1\n  protocol_version = \"GRPC\"\n  b {\n  }\n  z = 1\n}\n",
    );
    check(
        "r {\n  tags = {\n    a = 1\n  }\n}\n",
        &set,
        "r {\n  tags = {\n    a = 1\n  }\n  protocol_version = \"GRPC\"\n}\n",
    );
    check("r {\n  b {\n  }\n}\n", &set, "r {\n  protocol_version = \"GRPC\"\n\n  b {\n  }\n}\n");
    check("r {}\n", &set, "r {\n  protocol_version = \"GRPC\"\n}\n");
    check("r {\n    a = 1\n}", &set, "r {\n    a                = 1\n    protocol_version = \"GRPC\"\n}");
    check(
        "r {\n  a = 1\n}\n",
        &[Insert("r", "bc", word("true")), Insert("r", "d", New::List(vec![word("x.y")]))],
        "r {\n  a  = 1\n  bc = true\n  d  = [x.y]\n}\n",
    );
    refuse("r { a = 1 }\n", &set, Refusal::NoPlace);
}

#[test]
fn blocks_come_to_the_end() {
    let path = Insert("r", "health_check/path", text("/x"));
    let matcher = Insert("r", "health_check/matcher", text("0"));
    check(
        "r {\n  a = 1\n}\n",
        &[path, matcher],
        "r {\n  a = 1\n\n  health_check {\n    path    = \"/x\"\n    matcher = \"0\"\n  }\n}\n",
    );
    check(
        "r {\n  a = 1\n}\n",
        &[Insert("r", "b/c", word("1")), Insert("r", "d", word("2"))],
        "r {\n  a = 1\n  d = 2\n\n  b {\n    c = 1\n  }\n}\n",
    );
    let deep = Insert("r", "a/b/c", word("1"));
    check("r {}\n", &[deep], "r {\n  a {\n    b {\n      c = 1\n    }\n  }\n}\n");
    let waits = Insert("r", "depends_on", New::List(vec![word("aws_lb_listener.l")]));
    check(
        "r {\n  a = 1\n\n  b {\n  }\n}\n",
        &[waits],
        "r {\n  a = 1\n\n  b {\n  }\n\n  depends_on = [aws_lb_listener.l]\n}\n",
    );
}

#[test]
fn objects_get_entries_too() {
    check("a = { b = 1 }\n", &[Insert("a", "c/d", word("2"))], "a = { b = 1, c = { d = 2 } }\n");
    check(
        "a = {\n  \"k.b\" = 1,\n}\n",
        &[Insert("a", "k/c", text("2"))].map(|_| Insert("a", "c", text("2"))),
        "a = {\n  \"k.b\" = 1,\n  c     = \"2\",\n}\n",
    );
    check("a = {}\n", &[Insert("a", "c", word("2"))], "a = {\n  c = 2\n}\n");
    let name = || Append("a", New::Name("x.y".to_string()));
    check("a = [x.z]\n", &[name()], "a = [x.z, x.y]\n");
    check("a = [\n  x.z,\n]\n", &[name()], "a = [\n  x.z,\n  x.y,\n]\n");
    check("a = []\n", &[name()], "a = [x.y]\n");
    check("a = [\n  1,\n  2,\n]\n", &[Append("a", word("3"))], "a = [\n  1,\n  2,\n  3,\n]\n");
    check("a = [b.c]\n", &[Append("a", word("d.e"))], "a = [b.c, d.e]\n");
}

#[test]
fn what_goes_takes_its_lines_along() {
    check("r {\n  a = 1\n  b = 2\n}\n", &[Remove("r/a")], "r {\n  b = 2\n}\n");
    check("r {\n  a   = 1\n  bcd = 2\n}\n", &[Remove("r/bcd")], "r {\n  a = 1\n}\n");
    check(
        "r {\n  a = 1\n\n  b {\n    c = 1\n  }\n\n  d {}\n}\n",
        &[Remove("r/b")],
        "r {\n  a = 1\n\n  d {}\n}\n",
    );
    check("r {\n  a = 1\n\n  b {\n    c = 1\n  }\n}\n", &[Remove("r/b/c")], "r {\n  a = 1\n}\n");
    check("r {\n  a = 1 # why\n  b = 2\n}\n", &[Remove("r/a")], "r {\n  # why\n  b = 2\n}\n");
    check("a = { b = 1, c = 2 }\n", &[Remove("a/b")], "a = { c = 2 }\n");
    check("a = {\n  b = 1,\n  c = 2\n}\n", &[Remove("a/b")], "a = {\n  c = 2\n}\n");
    check("a = [1, 2]\n", &[Remove("a/1")], "a = [1]\n");
    check("r {\n  b {\n  }\n  b {\n    x = 1\n  }\n}\n", &[Remove("r/b/1")], "r {\n  b {\n  }\n}\n");
    refuse("r {\n  a = [ # why\n  ]\n  b = 2\n}\n", &[Remove("r/a")], Refusal::NoPlace);
    refuse("r \"x\" {\n  a = 1\n}\n", &[Remove("r/x/a")], Refusal::NoPlace);
    refuse("r {\n  b {}\n  c = 1\n  b {}\n}\n", &[Remove("r/b")], Refusal::NoPlace);
}

#[test]
fn keys_are_renamed_in_line() {
    check(
        "r {\n  a   = 1\n  bcd = 2\n}\n",
        &[Rename("r/a", "abcdef")],
        "r {\n  abcdef = 1\n  bcd    = 2\n}\n",
    );
    check(
        "r {\n  a  = 1\n  bc = 2\n}\n",
        &[Rename("r/bc", "b"), Set("r/bc", word("3"))],
        "r {\n  a = 1\n  b = 3\n}\n",
    );
}

//! Changes of small documents, and the texts that they give.

use std::sync::Arc;

use super::*;
use crate::document::Format;
use crate::source::FileId;
use crate::syntax;

/// A change of the entry or item that a path of keys and numbers leads to.
enum Change<'c> {
    Set(&'c [&'c str], New),
    Insert(&'c [&'c str], &'c [&'c str], New),
    Append(&'c [&'c str], New),
    Remove(&'c [&'c str]),
    Rename(&'c [&'c str], &'c str),
    InsertBehind(&'static str, &'c [&'c str], &'c str, New),
    Extend(&'c [&'c str], &'c [&'c str]),
    Number(&'c [&'c str], &'c str),
    Quote(&'c [&'c str]),
}

use Change::{Append, Extend, Insert, InsertBehind, Number, Quote, Remove, Rename, Set};

fn text(text: &str) -> New {
    New::Text(text.to_string())
}

fn map(entries: &[(&str, New)]) -> New {
    New::Map(entries.iter().map(|(key, new)| (key.to_string(), new.clone())).collect())
}

fn parse(text: &str) -> Document {
    let format = if text.starts_with('{') { Format::Json } else { Format::Yaml };
    let (document, problems) = syntax::parse(FileId(0), format, &Arc::from(text));
    assert_eq!(problems, [], "in {text:?}");
    document
}

/// The steps along a path of keys and numbers.
pub(super) fn steps<'d>(document: &'d Document, path: &[&str]) -> Vec<Step<'d>> {
    let mut node = document.roots().next().expect("a root");
    let mut steps = Vec::new();
    for part in path {
        let step = match part.parse::<usize>() {
            Ok(at) => Step::Item { list: node, item: node.items().nth(at).expect("an item") },
            Err(_) => Step::Entry { mapping: node, entry: node.entry(part).expect("an entry") },
        };
        node = step.value();
        steps.push(step);
    }
    steps
}

fn changed(source: &str, changes: &[Change<'_>]) -> Result<String, Refusal> {
    let document = parse(source);
    let mut plan = Plan::new(&document);
    let node = |path: &[&str]| {
        steps(&document, path).last().map_or_else(|| document.roots().next().expect("a root"), Step::value)
    };
    for change in changes {
        match change {
            Set(path, new) => plan.replace(node(path), new, Wants::SameStyle)?,
            Insert(path, keys, new) => {
                let keys: Vec<String> = keys.iter().map(|key| key.to_string()).collect();
                plan.insert(node(path), &keys, new.clone())?;
            }
            Append(path, new) => plan.append(node(path), new.clone())?,
            Remove(path) => plan.remove(&steps(&document, path))?,
            Rename(path, key) => match steps(&document, path).last() {
                Some(Step::Entry { entry, .. }) => plan.rename(*entry, key)?,
                _ => panic!("no entry"),
            },
            InsertBehind(sibling, path, key, new) => {
                plan.insert_behind(node(path), sibling, &[key.to_string()], new.clone())?;
            }
            Extend(path, more) => {
                let more: Vec<New> = more.iter().map(|name| New::Name(name.to_string())).collect();
                plan.extend_scalar(node(path), &more)?;
            }
            Number(path, number) => {
                plan.replace(node(path), &New::Word(number.to_string()), Wants::Number)?
            }
            Quote(path) => plan.quote(node(path))?,
        }
    }
    Ok(apply(source, &plan.edits()?))
}

/// Changes `source`, and checks that the result is `expected` and parses.
fn check(source: &str, changes: &[Change<'_>], expected: &str) {
    let result = changed(source, changes).unwrap_or_else(|why| panic!("{why:?} in {source:?}"));
    assert_eq!(result, expected);
    parse(&result);
    if !source.contains('\r') && !source.trim_start().starts_with('{') {
        // The same with the line ends of Windows.
        let result = changed(&source.replace('\n', "\r\n"), changes).expect("a change");
        assert_eq!(result, expected.replace('\n', "\r\n"));
    }
}

fn refuse(source: &str, changes: &[Change<'_>], why: Refusal) {
    assert_eq!(changed(source, changes), Err(why), "in {source:?}");
}

#[test]
fn scalars_keep_their_quotes() {
    check("a: HTTP # why\n", &[Set(&["a"], text("GRPC"))], "a: GRPC # why\n");
    check("a: 'HTTP'\n", &[Set(&["a"], text("GRPC"))], "a: 'GRPC'\n");
    check("a: \"HTTP\"", &[Set(&["a"], text("GRPC"))], "a: \"GRPC\"");
    check("a: 12\n", &[Set(&["a"], text("0"))], "a: 0\n");
    check("a: x\n", &[Set(&["a"], text("0"))], "a: \"0\"\n");
    check("a: x\n", &[Set(&["a"], New::Word("true".into()))], "a: true\n");
    check("{\"a\":12}", &[Set(&["a"], text("x"))], "{\"a\":\"x\"}");
    check("{\"a\":12}", &[Set(&["a"], text("0"))], "{\"a\":0}");
    check("{\"a\": false}", &[Set(&["a"], text("true"))], "{\"a\": true}");
    check("a: x\n", &[Set(&["a"], text("a: b"))], "a: \"a: b\"\n");
}

#[test]
fn what_is_not_the_value_itself_stays() {
    refuse("a: !Ref X\n", &[Set(&["a"], text("why"))], Refusal::NotLiteral);
    refuse("a: &x y\nb: *x\n", &[Set(&["b"], text("z"))], Refusal::NotLiteral);
    refuse("a: |\n  y\n", &[Set(&["a"], text("z"))], Refusal::NotLiteral);
    refuse("a: why\n", &[Set(&["a"], text("why"))], Refusal::NoChange);
    refuse("a: &x\n  b: 1\nc: *x\n", &[Insert(&["c"], &["d"], text("z"))], Refusal::NotLiteral);
}

#[test]
fn entries_come_into_block_mappings() {
    let set = |path: &'static [&'static str]| Insert(path, &["Path"], text("/x"));
    check("a:\n  b: 1 # one\n  c: 2\nd: 3\n", &[set(&["a"])], "a:\n  b: 1 # one\n  c: 2\n  Path: /x\nd: 3\n");
    check("a:\n    b: 1", &[set(&["a"])], "a:\n    b: 1\n    Path: /x");
    check("- b: 1\n  c: 2\n- d\n", &[set(&["0"])], "- b: 1\n  c: 2\n  Path: /x\n- d\n");
    check("a:\n  b: |\n    text\n\nd: 3\n", &[set(&["a"])], "a:\n  b: |\n    text\n  Path: /x\n\nd: 3\n");
    check(
        "a:\n  c: 1\n  b: |+\n    text\n\nd: 3\n",
        &[set(&["a"])],
        "a:\n  c: 1\n  Path: /x\n  b: |+\n    text\n\nd: 3\n",
    );
    check("a:\n  b:\nd: 3\n", &[set(&["a"])], "a:\n  b:\n  Path: /x\nd: 3\n");
    check("a:\nd: 3\n", &[set(&["a"])], "a:\n  Path: /x\nd: 3\n");
    check("a: # none\n", &[set(&["a"])], "a: # none\n  Path: /x\n");
    check("a: {}\n", &[set(&["a"])], "a: {Path: /x}\n");
    check("a:\n  b: [1,\n   2]\n", &[set(&["a"])], "a:\n  b: [1,\n   2]\n  Path: /x\n");
    check("\u{feff}b: 1\n", &[set(&[])], "\u{feff}b: 1\nPath: /x\n");
    check("a:\n  PathA: 1\n  z: 2\n", &[set(&["a"])], "a:\n  PathA: 1\n  Path: /x\n  z: 2\n");
}

#[test]
fn new_entries_are_quoted_like_their_siblings() {
    let codes = [Insert(&[], &["m", "g"], text("0"))];
    check("a: 'x'\n", &codes, "a: 'x'\nm:\n  g: '0'\n");
    check("a: 'x'\n", &[Insert(&[], &["m"], text("why"))], "a: 'x'\nm: 'why'\n");
    check("a: '1'\nb: x\n", &[Insert(&[], &["m"], text("0"))], "a: '1'\nb: x\nm: '0'\n");
    check("a: '1'\nb: x\n", &[Insert(&[], &["m"], text("why"))], "a: '1'\nb: x\nm: why\n");
    check("\"a\": \"x\"\n", &[Insert(&[], &["m"], text("why"))], "\"a\": \"x\"\n\"m\": \"why\"\n");
}

#[test]
fn nested_values_take_the_authors_steps() {
    let list = New::List(vec![map(&[("Key", text("k")), ("Value", text("true"))])]);
    let at = [Insert(&["r"], &["Attributes"], list)];
    check("r:\n    p: 1\n", &at, "r:\n    p: 1\n    Attributes:\n      - Key: k\n        Value: \"true\"\n");
    check(
        "l:\n- 1\nr:\n  p: 1\n",
        &at,
        "l:\n- 1\nr:\n  p: 1\n  Attributes:\n  - Key: k\n    Value: \"true\"\n",
    );
    check(
        "{\n    \"r\": {\n        \"p\": 1\n    }\n}\n",
        &at,
        "{\n    \"r\": {\n        \"p\": 1,\n        \"Attributes\": [\n            {\n                \"Key\": \"k\",\n                \"Value\": \"true\"\n            }\n        ]\n    }\n}\n",
    );
    check("{\"r\":{\"p\":1}}", &at, "{\"r\":{\"p\":1,\"Attributes\":[{\"Key\":\"k\",\"Value\":\"true\"}]}}");
}

#[test]
fn entries_come_between_brackets() {
    let set = |path: &'static [&'static str]| Insert(path, &["Path"], text("/x"));
    check("a: {b: 1, c: 2}\n", &[set(&["a"])], "a: {b: 1, c: 2, Path: /x}\n");
    check("a: {b: 1,}\n", &[set(&["a"])], "a: {b: 1, Path: /x,}\n");
    check("a: {\n  b: 1, # one\n}\n", &[set(&["a"])], "a: {\n  Path: /x,\n  b: 1, # one\n}\n");
    check("{\"a\": 1}", &[set(&[])], "{\"a\": 1, \"Path\": \"/x\"}");
    check("{\"a\":1,\"b\":2}", &[set(&[])], "{\"a\":1,\"b\":2,\"Path\":\"/x\"}");
    check("{\n\t\"a\": 1\n}\n", &[set(&[])], "{\n\t\"a\": 1,\n\t\"Path\": \"/x\"\n}\n");
    check("{\r\n  \"a\": 1\r\n}", &[set(&[])], "{\r\n  \"a\": 1,\r\n  \"Path\": \"/x\"\r\n}");
    check("{\n  \"a\": {}\n}\n", &[set(&["a"])], "{\n  \"a\": {\n    \"Path\": \"/x\"\n  }\n}\n");
}

#[test]
fn changes_of_one_mapping_are_joined() {
    let both = [
        Insert(&[], &["m", "a"], text("x")),
        Insert(&[], &["m", "b"], text("why")),
        Insert(&[], &["nn"], text("z")),
    ];
    check("k: v\n", &both, "k: v\nm:\n  a: x\n  b: why\nnn: z\n");
    check("{\"k\":1}", &both, "{\"k\":1,\"m\":{\"a\":\"x\",\"b\":\"why\"},\"nn\":\"z\"}");
}

#[test]
fn items_come_to_the_end() {
    let item = || map(&[("Key", text("k")), ("Value", text("v"))]);
    check(
        "a:\n- Key: x\n  Value: 'y'\nb: 1\n",
        &[Append(&["a"], item())],
        "a:\n- Key: x\n  Value: 'y'\n- Key: k\n  Value: v\nb: 1\n",
    );
    check("a:\n  - 1\n", &[Append(&["a"], text("x"))], "a:\n  - 1\n  - x\n");
    check("a: [x, y]\n", &[Append(&["a"], text("z"))], "a: [x, y, z]\n");
    check("a: []\n", &[Append(&["a"], text("z"))], "a: [z]\n");
    check(
        "{\"a\":[{\"Key\":\"x\"}]}",
        &[Append(&["a"], item())],
        "{\"a\":[{\"Key\":\"x\"},{\"Key\":\"k\",\"Value\":\"v\"}]}",
    );
    check(
        "{\n  \"a\": [\n    {\n      \"Key\": \"x\"\n    }\n  ]\n}\n",
        &[Append(&["a"], item())],
        "{\n  \"a\": [\n    {\n      \"Key\": \"x\"\n    },\n    {\n      \"Key\": \"k\",\n      \"Value\": \"v\"\n    }\n  ]\n}\n",
    );
}

#[test]
fn entries_go_with_their_lines_or_commas() {
    check("a: 1\nb: 2\nc: 3\n", &[Remove(&["b"])], "a: 1\nc: 3\n");
    check("a: 1\nb:\n  - 2\n# of c\nc: 3\n", &[Remove(&["b"])], "a: 1\n# of c\nc: 3\n");
    check("a: 1\nb: 2", &[Remove(&["b"])], "a: 1");
    check("a: 1\nb: 2 # two\n", &[Remove(&["b"])], "a: 1\n# two\n");
    check("- a: 1\n  b: 2\n", &[Remove(&["0", "a"])], "- b: 2\n");
    check("- 1\n- 2\n", &[Remove(&["0"])], "- 2\n");
    check("a: {b: 1, c: 2}\n", &[Remove(&["a", "b"])], "a: {c: 2}\n");
    check("a: {b: 1, c: 2}\n", &[Remove(&["a", "c"])], "a: {b: 1}\n");
    check("x: 0\na:\n  b: 1\n", &[Remove(&["a", "b"])], "x: 0\n");
    check("{\n  \"a\": 1,\n  \"b\": 2\n}\n", &[Remove(&["b"])], "{\n  \"a\": 1\n}\n");
    check("{\"a\":1,\"b\":2}", &[Remove(&["a"])], "{\"b\":2}");
    refuse("a: 1\nb:\n  # deep\n  c: 2\n  d: 1\n", &[Remove(&["b"])], Refusal::NoPlace);
}

#[test]
fn keys_are_renamed_and_values_quoted() {
    check("HttpCode: 200\n", &[Rename(&["HttpCode"], "GrpcCode")], "GrpcCode: 200\n");
    check("{\"HttpCode\": 200}", &[Rename(&["HttpCode"], "GrpcCode")], "{\"GrpcCode\": 200}");
    check("a: 12 # s\n", &[Quote(&["a"])], "a: \"12\" # s\n");
    check("a: [{\"HTTPS\": 443}]\n", &[Quote(&["a"])], "a: '[{\"HTTPS\": 443}]'\n");
    refuse("a: |\n  b\n", &[Quote(&["a"])], Refusal::NotLiteral);
}

#[test]
fn what_goes_and_what_comes_do_not_meet() {
    check("a: 1\nPath: 2\n", &[Remove(&["Path"]), Insert(&[], &["PathB"], text("x"))], "a: 1\nPathB: x\n");
}

#[test]
fn entries_come_where_they_are_wanted() {
    let behind = [InsertBehind("Type", &["a"], "DependsOn", text("L"))];
    check(
        "a:\n  Type: T # why\n  P:\n    b: 1\n",
        &behind,
        "a:\n  Type: T # why\n  DependsOn: L\n  P:\n    b: 1\n",
    );
    check("a:\n  P:\n    b: 1\n  Type: T", &behind, "a:\n  P:\n    b: 1\n  Type: T\n  DependsOn: L");
    check("a:\n  P:\n    b: 1\n", &behind, "a:\n  P:\n    b: 1\n  DependsOn: L\n");
    check("a: {Type: T, P: {b: 1}}\n", &behind, "a: {Type: T, DependsOn: L, P: {b: 1}}\n");
    check(
        "{\"a\":{\"Type\":\"T\",\"P\":{}}}",
        &behind,
        "{\"a\":{\"Type\":\"T\",\"DependsOn\":\"L\",\"P\":{}}}",
    );
    let near = [Insert(&[], &["x.io/healthcheck-path"], text("/x"))];
    check(
        "x.io/healthcheck-port: 1\nx.io/hosts: y\n",
        &near,
        "x.io/healthcheck-port: 1\nx.io/healthcheck-path: /x\nx.io/hosts: y\n",
    );
    check("x.io/hosts: y\nx.io/tags: z\n", &near, "x.io/hosts: y\nx.io/tags: z\nx.io/healthcheck-path: /x\n");
}

#[test]
fn a_scalar_becomes_a_list_on_its_line() {
    check("D: a # b\n", &[Extend(&["D"], &["c"])], "D: [a, c] # b\n");
    check("D: 'a'\n", &[Extend(&["D"], &["c", "d"])], "D: ['a', 'c', 'd']\n");
    check("{\"D\":\"a\"}", &[Extend(&["D"], &["c"])], "{\"D\":[\"a\",\"c\"]}");
    check("{\"D\": \"a\"}", &[Extend(&["D"], &["c"])], "{\"D\": [\"a\", \"c\"]}");
    refuse("D: &x a\nE: *x\n", &[Extend(&["E"], &["c"])], Refusal::NotLiteral);
    refuse("D: |\n  a\n", &[Extend(&["D"], &["c"])], Refusal::NotLiteral);
    refuse("D:\n", &[Extend(&["D"], &["c"])], Refusal::NotLiteral);
}

#[test]
fn a_number_loses_the_quotes_of_a_name() {
    check("p: api # x\n", &[Number(&["p"], "80")], "p: 80 # x\n");
    check("p: \"api\"\n", &[Number(&["p"], "80")], "p: 80\n");
    check("{\"p\": \"api\"}", &[Number(&["p"], "80")], "{\"p\": 80}");
}

#[test]
fn lists_keep_what_they_share() {
    let to = |texts: &[&str]| New::List(texts.iter().map(|it| text(it)).collect());
    check("a:\n  - x # one\n  - why\n", &[Set(&["a"], to(&["x"]))], "a:\n  - x # one\n");
    check("a:\n  - x\n  - why\n", &[Set(&["a"], to(&["why", "z"]))], "a:\n  - why\n  - z\n");
    check("a:\n  - x # one\n  - why # two\n", &[Set(&["a"], to(&["z"]))], "a:\n  - z # one\n  # two\n");
    check("a: [x, why]\n", &[Set(&["a"], to(&["z"]))], "a: [z]\n");
    refuse("a:\n  - x\n", &[Set(&["a"], to(&["y1", "z"]))], Refusal::NoPlace);
    refuse("a:\n  - !Ref X\n  - z\n", &[Set(&["a"], to(&["z"]))], Refusal::NotLiteral);
}

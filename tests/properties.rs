//! What holds for every text: nothing panics, spans are exact, both formats give the same tree.

#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod trees;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use grpc_guard::document::{Document, Format, Kind, NodeRef, ScalarStyle};
use grpc_guard::source::{FileId, LineIndex, Span};
use grpc_guard::syntax;
use proptest::prelude::*;
use trees::Tree;

fn parse(format: Format, text: &str) -> (Document, Vec<grpc_guard::diagnostic::Diagnostic>) {
    syntax::parse(FileId(0), format, &Arc::from(text))
}

/// Parses and checks everything that holds for any text.
fn check(format: Format, text: &str) -> Result<(), String> {
    let (document, diagnostics) = parse(format, text);
    for root in document.roots() {
        check_node(text, root)?;
    }
    for comment in &document.comments {
        let comment = slice(text, comment.span)?;
        let is_line = comment.starts_with('#') || format == Format::Hcl && comment.starts_with("//");
        let is_block = format == Format::Hcl && comment.starts_with("/*") && comment.ends_with("*/");
        if !(is_line && !comment.contains('\n') || is_block) {
            return Err(format!("a comment that is none: {comment:?}"));
        }
    }
    for diagnostic in &diagnostics {
        for label in std::iter::once(&diagnostic.primary).chain(&diagnostic.related) {
            slice(text, label.span)?;
            if label.text.split_whitespace().count() > 8 {
                return Err(format!("a long label: {:?}", label.text));
            }
        }
        let message = &diagnostic.message;
        if message.starts_with(char::is_uppercase) || message.ends_with('.') && !message.ends_with("...") {
            return Err(format!("not our style: {message:?}"));
        }
    }
    let broken = |rule: &str| matches!(rule, "syntax-error" | "limit-reached");
    let n_broken = diagnostics.iter().filter(|diagnostic| broken(&diagnostic.rule)).count();
    if format != Format::Yaml && n_broken > 0 && document.roots().count() > 0 {
        return Err("a broken text has a root".to_string());
    }
    Ok(())
}

/// The text of a span, which lies in the file and on character boundaries.
fn slice(text: &str, span: Span) -> Result<&str, String> {
    text.get(span.range()).ok_or_else(|| format!("{:?} is no place in the text", span.range()))
}

fn check_node(text: &str, node: NodeRef<'_>) -> Result<(), String> {
    let own = slice(text, node.span())?;
    let is_hcl = node.document().format == Format::Hcl;
    if node.is_alias() {
        return if own.starts_with('*') { Ok(()) } else { Err(format!("an alias that is none: {own:?}")) };
    }
    if let Some(tag) = node.tag()
        && (slice(text, tag.span)? != tag.text
            || tag.text.starts_with('!') == is_hcl
            || tag.span.end > node.span().start)
    {
        return Err(format!("the tag {:?} of {own:?}", tag.text));
    }
    check_scalar(node, own)?;
    let mut children: Vec<NodeRef<'_>> = node.items().collect();
    children.extend(node.written_entries().flat_map(|entry| [entry.key, entry.value]));
    let mut end = node.span().start;
    for child in children {
        // Blocks of HCL are gathered from wherever they stand.
        if !node.span().contains(child.span()) || child.span().start < end && !is_hcl {
            return Err(format!("{child:?} in {node:?}, after {end}"));
        }
        end = child.span().end;
        check_node(text, child)?;
    }
    let is_root =
        is_hcl && node.span().range() == node.document().roots().next().expect("a root").span().range();
    if node.kind() != Kind::Scalar && own.ends_with([' ', '\n', '\r', '\t']) && !is_root {
        return Err(format!("a collection that is not trimmed: {own:?}"));
    }
    Ok(())
}

/// A scalar that needs no decoding is its own text.
fn check_scalar(node: NodeRef<'_>, own: &str) -> Result<(), String> {
    let Some(scalar) = node.scalar() else { return Ok(()) };
    let inner = || own.get(1..own.len() - 1).unwrap_or_default();
    let expected = match scalar.style {
        ScalarStyle::Plain if !own.contains(['\n', '\r']) => own,
        ScalarStyle::Single if !own.contains("''") && !own.contains(['\n', '\r']) => inner(),
        ScalarStyle::Double if !own.contains(['\\', '\n', '\r']) => inner(),
        ScalarStyle::Literal if own.starts_with("<<") => return Ok(()),
        ScalarStyle::Expression => return check_expression(own, scalar.text),
        ScalarStyle::Literal if !own.starts_with('|') => return Err(format!("no literal: {own:?}")),
        ScalarStyle::Folded if !own.starts_with('>') => return Err(format!("not folded: {own:?}")),
        _ => return Ok(()),
    };
    if expected == scalar.text { Ok(()) } else { Err(format!("{own:?} reads as {:?}", scalar.text)) }
}

/// An expression of HCL is its own text in `${` and `}`.
fn check_expression(own: &str, text: &str) -> Result<(), String> {
    let inner = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
    if inner == Some(own) { Ok(()) } else { Err(format!("{own:?} reads as {text:?}")) }
}

/// A document as text, with or without spans; what is written as text and what is not stays apart.
fn outline(node: NodeRef<'_>, with_spans: bool) -> String {
    let content = match node.kind() {
        Kind::Scalar => {
            let scalar = node.scalar().expect("a scalar");
            let quoted = scalar.style != ScalarStyle::Plain;
            format!("{}{:?}", if quoted { "text" } else { "" }, scalar.text)
        }
        Kind::Sequence => {
            let items: Vec<_> = node.items().map(|item| outline(item, with_spans)).collect();
            format!("[{}]", items.join(" "))
        }
        Kind::Mapping => {
            let entry = |key, value| format!("{}:{}", outline(key, with_spans), outline(value, with_spans));
            let entries: Vec<_> = node.entries().map(|it| entry(it.key, it.value)).collect();
            format!("{{{}}}", entries.join(" "))
        }
    };
    if with_spans { format!("{content}@{:?}", node.span().range()) } else { content }
}

/// The outline of the only document in `text`.
fn read(format: Format, text: &str, with_spans: bool) -> String {
    let (document, diagnostics) = parse(format, text);
    let wrong: Vec<_> = diagnostics.iter().filter(|diagnostic| diagnostic.rule != "duplicate-key").collect();
    assert!(wrong.is_empty(), "{wrong:?} in\n{text}");
    let roots: Vec<_> = document.roots().map(|root| outline(root, with_spans)).collect();
    assert_eq!(roots.len(), 1, "{text}");
    roots.concat()
}

/// The fast reader of common YAML gives what the full parser gives, to the last span.
fn check_readers(text: &str) -> Result<(), String> {
    let text: Arc<str> = Arc::from(text);
    let (fast, fast_diagnostics) = syntax::parse(FileId(0), Format::Yaml, &text);
    let (full, full_diagnostics) = syntax::parse_yaml_fully(FileId(0), &text);
    if fast.roots().count() != full.roots().count() {
        return Err("not the same number of documents".to_string());
    }
    for (one, other) in fast.roots().zip(full.roots()) {
        check_same(one, other)?;
    }
    if fast.comments != full.comments {
        return Err(format!("{:?} is not {:?}", fast.comments, full.comments));
    }
    if fast_diagnostics != full_diagnostics {
        return Err(format!("{fast_diagnostics:?} is not {full_diagnostics:?}"));
    }
    Ok(())
}

/// Two nodes of two documents are alike in everything, and so is what they hold.
fn check_same(one: NodeRef<'_>, other: NodeRef<'_>) -> Result<(), String> {
    let facts = |node: NodeRef<'_>| {
        let tag = node.tag().map(|tag| tag.span);
        (node.kind(), node.span(), tag, node.is_alias(), node.items().len(), node.written_entries().count())
    };
    if facts(one) != facts(other) || one.scalar().map(style_and_text) != other.scalar().map(style_and_text) {
        return Err(format!("{one:?} {:?} is not {other:?} {:?}", one.scalar(), other.scalar()));
    }
    if one.is_alias() {
        return Ok(());
    }
    let merged = |node: NodeRef<'_>| -> Vec<_> {
        node.entries().map(|entry| (entry.key.span(), entry.value.span())).collect()
    };
    if merged(one) != merged(other) {
        return Err(format!("{one:?} has other entries than {other:?}"));
    }
    for (one, other) in one.items().zip(other.items()) {
        check_same(one, other)?;
    }
    for (one, other) in one.written_entries().zip(other.written_entries()) {
        check_same(one.key, other.key)?;
        check_same(one.value, other.value)?;
    }
    Ok(())
}

fn style_and_text(scalar: grpc_guard::document::Scalar<'_>) -> (ScalarStyle, &str) {
    (scalar.style, scalar.text)
}

/// Pieces of YAML and JSON, thrown together.
fn soup() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "b: ",
        "c:\n",
        "- ",
        "-\n",
        "\n",
        "\n\n",
        "  ",
        "    ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ",",
        ":",
        "# x\n",
        "\"",
        "'",
        "'d'",
        "\"e\\n\"",
        "\\",
        "|",
        "|\n",
        ">-\n",
        "|2+\n",
        "&a ",
        "*a",
        "*a ",
        "!t ",
        "!!map ",
        "---\n",
        "--- ",
        "...\n",
        "\t",
        "\r",
        "\r\n",
        "\u{feff}",
        "é",
        "🦀",
        "? ",
        "<<: ",
        "<<: *a\n",
        "%",
        "\0",
        "{{ x }}",
        "{% x %}",
        "{{resolve:a}}",
        "0",
        "-1.5",
        "true",
        "null",
        "@",
        "`",
        "\u{85}",
        "\u{2028}",
        "x y",
        "key: value\n",
        "  - item\n",
        "\"f\": 1",
        "!<t> ",
        "! ",
        "''",
        "\"\"",
        "//",
        "/*",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..40)
        .prop_map(|parts| parts.concat())
}

/// Lines with an indentation: nearly YAML, often valid.
fn lines() -> impl Strategy<Value = String> {
    let contents = [
        "a: b",
        "c:",
        "- d",
        "-",
        "- e: f",
        "- - g",
        "h: |",
        "i: >-",
        "- |+",
        "text",
        "  more text",
        "# x",
        "",
        "j: # y",
        "k: &a l",
        "m: *a",
        "<<: *a",
        "n: &a",
        "o: !Ref p",
        "q: !Sub",
        "- !If [r, s]",
        "t: {u: v}",
        "w: [x,",
        "y]",
        "z: 'a'",
        "\"b\": c",
        "'d':",
        "e: \"f",
        "g\"",
        "? h",
        ": i",
        "---",
        "...",
        "--- j",
        "k: 'l",
        "m'",
        "n: o: p",
        "\tq: r",
        "s: t # u",
        "- v: w",
        "{x: y}",
        "{{ z }}",
        "a: |2",
        " b",
        "c: !t &a d",
        "~: ",
    ];
    let line = (
        0..5_usize,
        proptest::sample::select(contents.to_vec()),
        proptest::sample::select(vec!["\n", "\n", "\n", "\r\n"]),
    )
        .prop_map(|(depth, content, end)| format!("{}{content}{end}", " ".repeat(depth)));
    proptest::collection::vec(line, 0..12).prop_map(|lines| lines.concat())
}

/// Pieces of HCL, thrown together.
fn hcl_soup() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        " = ",
        "\"x\"",
        " {\n",
        "}\n",
        "\n",
        "[",
        "]",
        "(",
        ")",
        ", ",
        "{",
        "}",
        "${",
        "%{ if ",
        "\"",
        "\\",
        "<<E\n",
        "E\n",
        "<<-E\n  ",
        "E",
        "# c\n",
        "// c\n",
        "/* ",
        " */",
        "1",
        "-",
        "!",
        "? ",
        ": ",
        "x.y[0]",
        "[*]",
        "f(",
        "...",
        "for k in ",
        "é",
        "\r\n",
        "\"${",
        "}\"",
        "true",
        "=>",
        "$${",
        "~}",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..24)
        .prop_map(|pieces| pieces.concat())
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        for format in [Format::Yaml, Format::Json, Format::Hcl] {
            check(format, &text).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn any_pieces_are_read(text in soup()) {
        for format in [Format::Yaml, Format::Json, Format::Hcl] {
            check(format, &text).map_err(TestCaseError::fail)?;
        }
        syntax::format_of("a.yaml", &text);
        check_readers(&text).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn any_lines_are_read(text in lines()) {
        check(Format::Yaml, &text).map_err(TestCaseError::fail)?;
        check_readers(&text).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn json_and_yaml_give_the_same_tree(tree in trees::tree()) {
        let json = tree.json(trees::Layout::Compact);
        let pretty = tree.json(trees::Layout::Pretty);
        let expected = read(Format::Json, &json, false);
        prop_assert_eq!(&read(Format::Json, &pretty, false), &expected);
        prop_assert_eq!(&read(Format::Yaml, &tree.yaml(), false), &expected);
        for text in [json, pretty, tree.yaml()] {
            check(Format::Yaml, &text).map_err(TestCaseError::fail)?;
            check_readers(&text).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn json_and_hcl_give_the_same_tree(tree in trees::tree()) {
        let json = tree.json(trees::Layout::Compact);
        // There it would be an expression.
        prop_assume!(!json.contains("${") && !json.contains("%{"));
        for text in [tree.hcl(), tree.hcl().replace('\n', "\r\n")] {
            let (document, wrong) = parse(Format::Hcl, &text);
            prop_assert!(wrong.is_empty(), "{:?} in\n{}", wrong, text);
            let root = document.roots().next().expect("a root");
            let told = outline(root.get("a").expect("the argument"), false);
            prop_assert_eq!(&told, &read(Format::Json, &json, false));
            check(Format::Hcl, &text).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn any_pieces_of_hcl_are_read(text in hcl_soup()) {
        check(Format::Hcl, &text).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn json_is_yaml_with_the_same_spans(tree in trees::tree()) {
        for text in [tree.json(trees::Layout::Compact), tree.json(trees::Layout::Pretty)] {
            prop_assert_eq!(read(Format::Yaml, &text, true), read(Format::Json, &text, true));
        }
    }

    #[test]
    fn scalars_read_back(text in ".{0,40}") {
        for tree in [Tree::Text(text.clone()), Tree::Map(vec![(text.clone(), Tree::Text(text))])] {
            let expected = read(Format::Json, &tree.json(trees::Layout::Compact), false);
            prop_assert_eq!(read(Format::Yaml, &tree.yaml(), false), expected);
        }
    }
}

/// The collection of real files beside the project, if it is there.
fn corpus() -> Option<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if corpus.is_dir() {
        return Some(corpus);
    }
    eprintln!("skipped: no real files at {}", corpus.display());
    None
}

/// All files below `dir` that have a notation of ours, with their text.
fn files(dir: &Path) -> Vec<(PathBuf, Format, String)> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                dirs.push(path);
            } else if matches!(extension.as_str(), "yaml" | "yml" | "json" | "template")
                && let Ok(text) = fs::read_to_string(&path)
                && let Some(format) = syntax::format_of(&path.to_string_lossy(), &text)
            {
                found.push((path, format, text));
            }
        }
    }
    found.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    found
}

/// The rows of a table of the corpus, without its head.
fn table(corpus: &Path, name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(corpus.join(name)).expect("a table");
    let row = |line: &str| line.split('\t').map(str::to_string).collect();
    text.lines().skip(1).map(row).collect()
}

/// Terraform's own parser refuses the same files, but for six arguments that are written twice.
#[test]
fn real_configurations_are_read() {
    let Some(corpus) = corpus() else { return };
    let (mut n_files, mut n_templates, mut refused) = (0, 0, Vec::new());
    let mut dirs = vec![corpus];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|extension| extension == "tf")
                && let Ok(text) = fs::read_to_string(&path)
            {
                n_files += 1;
                check(Format::Hcl, &text).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
                for diagnostic in parse(Format::Hcl, &text).1 {
                    match &*diagnostic.rule {
                        "unrendered-template" => n_templates += 1,
                        _ => refused.push(format!("{}: {}", path.display(), diagnostic.message)),
                    }
                }
            }
        }
    }
    eprintln!("{n_files} files, {n_templates} templates, {} refused", refused.len());
    assert!(refused.len() <= n_files / 400, "{refused:#?}");
}

#[test]
fn real_files_are_read_or_rightly_refused() {
    let Some(corpus) = corpus() else { return };
    let oddities: BTreeMap<String, String> =
        table(&corpus, "ODDITIES.tsv").into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let is_odd =
        |path: &str| oddities.get(path).is_some_and(|it| it.contains("invalid-") || it.contains("dup-keys"));
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (mut refused, mut n_nodes) = (BTreeSet::new(), 0);
    let all = files(&corpus);
    for (path, format, text) in &all {
        let name = path.strip_prefix(&corpus).expect("below").to_string_lossy().replace('\\', "/");
        check(*format, text).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        if *format == Format::Yaml {
            check_readers(text).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        }
        let (document, diagnostics) = parse(*format, text);
        n_nodes += document.n_nodes();
        *counts.entry(format!("{format:?}")).or_default() += 1;
        for diagnostic in diagnostics {
            *counts.entry(diagnostic.rule.to_string()).or_default() += 1;
            assert!(is_odd(&name), "{name}: {}", diagnostic.message);
            refused.insert(name.clone());
        }
    }
    let expected: BTreeSet<String> = all
        .iter()
        .map(|(path, ..)| path.strip_prefix(&corpus).expect("below").to_string_lossy().replace('\\', "/"))
        .filter(|name| is_odd(name))
        .collect();
    assert_eq!(refused, expected, "the files that are refused");
    eprintln!("{} files, {n_nodes} nodes, {counts:?}", all.len());
}

/// Real files, each with something put in at a place that depends on its number alone.
#[test]
fn readers_agree_on_damaged_files() {
    const PIECES: [&str; 24] = [
        "\n", " ", "  ", "\t", ": ", "- ", " #", "'", "\"", "[", "}", ",", "&a ", "*a", "!t ", "|", "?",
        "\n---\n", "\r", "\u{feff}", "é", "\n\n", "<<: *a", "\n    ",
    ];
    let Some(corpus) = corpus() else { return };
    let all = files(&corpus);
    let small = all.iter().filter(|(_, format, text)| *format == Format::Yaml && text.len() < 3000);
    for (number, (path, _, text)) in small.enumerate() {
        let mut damaged = text.clone();
        for step in 1..=2_usize {
            let mut at = number.wrapping_mul(7919 * step) % (damaged.len() + 1);
            while !damaged.is_char_boundary(at) {
                at -= 1;
            }
            damaged.insert_str(at, PIECES[number.wrapping_mul(step) % PIECES.len()]);
            check_readers(&damaged).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
        }
    }
}

#[test]
fn labelled_faults_are_found_on_their_lines() {
    let Some(corpus) = corpus() else { return };
    /// A label names the line where the fault begins, the parser the one where it shows.
    const SLACK: u32 = 3;
    let mut missed = Vec::new();
    for row in table(&corpus, "LABELS.tsv") {
        let [name, line, code, confidence, ..] = row.as_slice() else { continue };
        let rule = match code.as_str() {
            "invalid-yaml" | "invalid-json" => "syntax-error",
            "duplicate-key" => "duplicate-key",
            _ => continue,
        };
        let text = fs::read_to_string(corpus.join(name)).expect("a labelled file");
        let format = syntax::format_of(name, &text).expect("a notation of ours");
        let (_, diagnostics) = parse(format, &text);
        let lines = LineIndex::new(&text);
        let line: u32 = line.parse().expect("a line");
        let found: Vec<u32> = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.rule == rule)
            .map(|diagnostic| lines.line(diagnostic.primary.span.start))
            .collect();
        if confidence == "high" && !found.iter().any(|at| at.abs_diff(line) <= SLACK) || found.len() != 1 {
            missed.push(format!("{name}:{line} {rule}, found on {found:?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

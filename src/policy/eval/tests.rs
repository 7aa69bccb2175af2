//! Statuses on unknown values, and what failures say. What cfn-guard does is held by the conformance suite.

use super::*;
use crate::model::{Place, ResourceIdx, Unknown};
use crate::policy::{FailurePlace, RuleFile};
use crate::source::{FileId, Span};

const FILE: FileId = FileId(0);

fn compile(rules: &str) -> RuleFile {
    let (file, diagnostics) = RuleFile::compile(FILE, "test", rules);
    file.unwrap_or_else(|| panic!("{rules:?} does not compile: {diagnostics:?}"))
}

/// A document from YAML in which `UNKNOWN` is an unknown value and `REF0`, `REF1` are references.
fn document(yaml: &str) -> (Values, ValueId) {
    use crate::policy::loader::{Profile, load_text};
    fn copy(from: &Values, to: &mut Values, id: ValueId) -> ValueId {
        use crate::model::Data;
        let place = from.place(id);
        match from.data(id) {
            Data::Text("UNKNOWN") => to.unknown(Unknown::Parameter, place),
            Data::Text("REF0") => to.reference(ResourceIdx(0), place),
            Data::Text("REF1") => to.reference(ResourceIdx(1), place),
            Data::Text(text) => to.text(text, place),
            Data::Int(value) => to.int(value, place),
            Data::Bool(value) => to.bool(value, place),
            Data::Float(value) => to.float(value, place),
            Data::List(items) => {
                let items: Vec<ValueId> = items.iter().map(|item| copy(from, to, *item)).collect();
                to.list(&items, place)
            }
            Data::Map(entries) => {
                let entries: Vec<(&str, ValueId)> = entries
                    .iter()
                    .map(|entry| (from.key_text(entry.key), copy(from, to, entry.value)))
                    .collect();
                to.map_of(&entries, place)
            }
            _ => to.null(place),
        }
    }
    let mut read = Values::default();
    let root = load_text(&mut read, FILE, &std::sync::Arc::from(yaml), Profile::Native)
        .expect("the document is read");
    let mut values = Values::default();
    let root = copy(&read, &mut values, root);
    (values, root)
}

fn outcome(clauses: &str, yaml: &str) -> Outcome {
    let (values, root) = document(yaml);
    compile(&format!("rule r {{\n{clauses}\n}}\n")).evaluate(&values, root)
}

fn check(clauses: &str, yaml: &str, expected: Status) {
    let outcome = outcome(clauses, yaml);
    assert_eq!(outcome.error, None, "{clauses}");
    assert_eq!(outcome.rules[0].1, expected, "{clauses:?} on {yaml:?}");
    assert_eq!(outcome.failures.is_empty(), expected != Status::Fail, "{clauses:?}: {:?}", outcome.failures);
}

#[test]
fn what_is_unknown_never_fails() {
    for clause in [
        "A exists",
        "A !exists",
        "A empty",
        "A !empty",
        "A == 1",
        "A != 1",
        "A in [1]",
        "A not in [1]",
        "A > 1",
        "A.b.c == 1",
        "A.b !exists",
        "A is_string",
        "A !is_string",
        "some A == 1",
        "A[*] == 1",
        "A[ b == 1 ] !empty",
        "A[ b == 1 ].c == 1",
        "A { b == 1 }",
        "B == A",
        "B != A",
        "B in A",
        "A == /x/",
        "A == 1 or A == 2",
        "A == 1 or B == 2",
        "not A == 1",
        "A.*[ b == 1 ] empty",
        "C.%x exists",
    ] {
        let clause = if clause.contains("%x") { format!("let x = A\n{clause}") } else { clause.to_string() };
        check(&clause, "{A: UNKNOWN, B: 1, C: {d: 1}}", Status::Skip);
    }
    check("when A == 1 { B == 2 }", "{A: UNKNOWN, B: 1}", Status::Skip);
    check("A == 1\nB == 2", "{A: UNKNOWN, B: 1}", Status::Fail);
    check("A == 1 or B == 1", "{A: UNKNOWN, B: 1}", Status::Pass);
    check("let n = count(A)\n%n == 1", "{A: UNKNOWN}", Status::Skip);
}

#[test]
fn lists_with_unknown_elements() {
    check("L[*] == 1", "{L: [1, UNKNOWN]}", Status::Skip);
    check("L[*] == 1", "{L: [2, UNKNOWN]}", Status::Fail);
    check("some L[*] == 1", "{L: [1, UNKNOWN]}", Status::Pass);
    check("some L[*] == 1", "{L: [2, UNKNOWN]}", Status::Skip);
    check("A in L", "{A: 1, L: [1, UNKNOWN]}", Status::Pass);
    check("A in L", "{A: 2, L: [1, UNKNOWN]}", Status::Skip);
    check("L == [1, 2]", "{L: [1, UNKNOWN]}", Status::Skip);
    check("L == [1, 2]", "{L: [2, UNKNOWN]}", Status::Fail);
    check("L[ x == 1 ] empty", "{L: [{x: UNKNOWN}]}", Status::Skip);
    check("L[ x == 1 ] !empty", "{L: [{x: UNKNOWN}]}", Status::Skip);
    check("L[ x == 1 ] !empty", "{L: [{x: 1}, {x: UNKNOWN}]}", Status::Pass);
    check("L[ x == 1 ] empty", "{L: [{x: 1}, {x: UNKNOWN}]}", Status::Fail);
    check("L[ x == 1 ] empty", "{L: [{x: 2}]}", Status::Pass);
}

#[test]
fn references_exist_and_are_only_equal_to_themselves() {
    check("A exists\nA !empty\nA is_string", "{A: REF0}", Status::Pass);
    check("A == 'x'", "{A: REF0}", Status::Skip);
    check("A == B", "{A: REF0, B: REF0}", Status::Pass);
    check("A == B", "{A: REF0, B: REF1}", Status::Fail);
    check("A in L", "{A: REF0, L: [REF1, REF0]}", Status::Pass);
}

#[test]
fn circles_of_links_are_bounded() {
    let span = Span::new(FILE, 0, 0);
    let place = Place::written(span, span);
    let mut values = Values::default();
    let (a, b) = (values.map(&[], place), values.map(&[], place));
    values.fill_map(a, &[("Other", b)]);
    values.fill_map(b, &[("Other", a)]);
    let root = values.map_of(&[("A", a), ("B", b)], place);
    let outcome = compile("rule r { A == B }\n").evaluate(&values, root);
    assert_eq!(outcome.rules, [("r".to_string(), Status::Skip)]);
    let outcome = compile("rule r { A.Other.Other.Other.Other.Other == 1 }\n").evaluate(&values, root);
    assert_eq!(outcome.rules, [("r".to_string(), Status::Fail)]);
}

/// The failures as `resource | place | message | comparison`.
fn failures(rules: &str, yaml: &str) -> Vec<String> {
    let (values, root) = document(yaml);
    let outcome = compile(rules).evaluate(&values, root);
    assert_eq!(outcome.error, None);
    let at = |span: Span| yaml[span.range()].to_string();
    let text = |failure: &Failure| {
        let place = match &failure.place {
            FailurePlace::Value(value) => at(values.place(*value).span),
            FailurePlace::Absent { inside, missing } => {
                format!("{} lacks {missing}", at(values.place(*inside).anchor))
            }
        };
        let resource = failure.resource.map(|value| at(values.place(value).anchor)).unwrap_or_default();
        let words = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{resource} | {place} | {} | {}", words(&failure.message), words(&failure.comparison))
    };
    outcome.failures.iter().map(text).collect()
}

const GROUPS: &str = "Resources:\n  Good:\n    Type: T::T::G\n    Properties: {Protocol: HTTPS, Port: 1}\n  Bad:\n    Type: T::T::G\n    Properties: {Protocol: HTTP, Codes: [1, 2]}\n";

#[test]
fn failures_name_resource_place_and_reason() {
    assert_eq!(
        failures(
            "rule r { T::T::G { Properties.Protocol == 'HTTPS' <<speaks `{Properties.Protocol}`>> } }",
            GROUPS
        ),
        ["Bad | HTTP | speaks `HTTP` | is `HTTP`, rule wants `HTTPS`"]
    );
    assert_eq!(
        failures(
            "rule r { T::T::G { Properties.Port exists <<no port in {Type}: {Properties.Port}>> } }",
            GROUPS
        ),
        ["Bad | Properties lacks Port | no port in T::T::G: (not set) | "]
    );
    assert_eq!(
        failures("rule r { Resources.*.Properties.Protocol in ['HTTPS', 'TLS'] }", GROUPS),
        ["Bad | HTTP |  | is `HTTP`, rule wants one of `HTTPS`, `TLS`"]
    );
    assert_eq!(
        failures(
            "let all = Resources.*[ Type == 'T::T::G' ]\nrule r { %all.Properties { Port exists } }",
            GROUPS
        ),
        ["Bad | Properties lacks Port |  | "]
    );
    assert_eq!(
        failures("rule r { T::T::G { Properties.Codes[*] == 1 <<code {Properties.Codes}>> } }", GROUPS),
        [
            "Good | Properties lacks Codes[*] | code (not set) | is not there, rule wants `1`",
            "Bad | 2 | code 1, 2 | is `2`, rule wants `1`"
        ]
    );
}

#[test]
fn alternatives_and_copies_are_one_failure() {
    let rules = "rule r { T::T::G { Properties.Protocol == 'HTTPS' or Properties.Port exists <<either>> } }";
    assert_eq!(failures(rules, GROUPS), ["Bad | HTTP | either | is `HTTP`, rule wants `HTTPS`"]);
    let rules =
        "rule r { T::T::G { Properties.Protocol == 'HTTPS' <<m>>\nProperties.Protocol != 'HTTP' <<m>> } }";
    assert_eq!(failures(rules, GROUPS).len(), 1);
    let rules = "rule r { T::T::G when Properties.Protocol == 'HTTP' { Properties.Codes !empty } }";
    assert_eq!(failures(rules, GROUPS), [""; 0]);
}

#[test]
fn rules_speak_for_what_they_refer_to() {
    let rules = "rule p(x) { %x == 'HTTPS' }\nrule r { T::T::G { p(Properties.Protocol) <<called>> } }";
    assert_eq!(failures(rules, GROUPS), ["Bad | HTTP | called | is `HTTP`, rule wants `HTTPS`"]);
    let rules = "rule base { T::T::G { Properties.Port exists <<base>> } }\nrule r {\n base\n}";
    assert_eq!(
        failures(rules, GROUPS),
        [
            "Bad | Properties lacks Port | base | ",
            "Bad | Properties lacks Port |  | rule `base` does not hold"
        ]
    );
}

#[test]
fn recursion_ends_in_words() {
    for rules in [
        "rule a {\n b\n}\nrule b {\n a\n}\n",
        "let x = %x\nrule a { %x exists }\n",
        "rule p(x) { p(%x) }\nrule a { p(A) }\n",
        "let x = A[ %x exists ]\nrule a { %x exists }\n",
    ] {
        let (file, diagnostics) = RuleFile::compile(FILE, "test", rules);
        assert!(
            diagnostics.iter().any(|found| found.message.ends_with("refers to itself")),
            "{diagnostics:?}"
        );
        let (values, root) = document("A: [1]");
        let outcome = file.expect("it compiles").evaluate(&values, root);
        assert!(outcome.error.expect(rules).contains("refer to themselves"));
    }
    let steps = format!("rule a {{ A{} exists }}", ".b".repeat(100_000));
    let (values, root) = document("A: [1]");
    assert_eq!(compile(&steps).evaluate(&values, root).rules[0].1, Status::Fail);
}

#[test]
fn the_deepest_evaluation_fits_a_small_stack() {
    let mut yaml = String::from("A: ");
    yaml.push_str(&"{A: ".repeat(200));
    yaml.push('1');
    yaml.push_str(&"}".repeat(200));
    let blocks = format!("rule a {{ {} A exists {} }}", "A { ".repeat(40), "} ".repeat(40));
    let steps = format!("rule a {{ A{} == 1 }}", ".A".repeat(200));
    let filters = format!("rule a {{ {} A exists {} }}", "A[ ".repeat(40), "] !empty ".repeat(40));
    let run = move || {
        let (values, root) = document(&yaml);
        for rules in [&blocks, &steps, &filters] {
            assert_eq!(compile(rules).evaluate(&values, root).error, None);
        }
        let rules: String = (0..400).map(|n| format!("rule r{n} {{\n r{}\n}}\n", n + 1)).collect();
        let _ = compile(&(rules + "rule r400 { A exists }")).evaluate(&values, root);
    };
    // What rayon gives its threads.
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(run)
        .expect("a thread")
        .join()
        .expect("no overflow");
}

#[test]
fn hostile_patterns_end() {
    let text = "a".repeat(60);
    let outcome = outcome("A == /^(a|a)*(?=b)$/", &format!("A: {text}"));
    assert!(outcome.error.is_some());
    check("A == /^(a+)+$/", &format!("A: {text}b"), Status::Fail);
}

//! What is known of a rule file without a document.

use super::*;

const FILE: FileId = FileId(0);

fn check(text: &str, expected: &[(&str, &str)]) {
    let (file, diagnostics) = RuleFile::compile(FILE, "test", text);
    assert!(file.is_some(), "{diagnostics:?}");
    let found: Vec<(&str, &str)> =
        diagnostics.iter().map(|found| (&text[found.primary.span.range()], found.message.as_str())).collect();
    assert_eq!(found, expected, "in {text:?}");
}

#[test]
fn names_that_exist_nowhere() {
    check("rule a { %x exists }", &[("%x", "there is no variable `x`")]);
    check("let x = A\nrule a { %x exists }", &[]);
    check("rule a { let x = A\n %x exists }\nrule b { %x exists }", &[("%x", "there is no variable `x`")]);
    check("rule a {\n b\n}", &[("b", "there is no rule `b`")]);
    check("rule a { p(A) }", &[("p", "there is no rule `p` with parameters")]);
    check("rule p(x) { %x exists }\nrule a { p(A, B) }", &[("p(A, B)", "rule `p` takes 1 arguments, not 2")]);
    check("rule a { A[ k | x == 1 ] !empty\n %k == 'a' }", &[]);
    check("let x = A\nrule a { B exists }", &[("x", "variable is never used")]);
    check("rule a { A exists }\nrule a { A exists }", &[("a", "there are two rules called `a`")]);
    check("rule p() { A exists }".replace("()", "(x)").as_str(), &[]);
}

#[test]
fn clauses_that_do_not_mean_what_they_seem_to() {
    let beside = "this filter looks beside the list, not into its elements";
    check("rule a { A[*][ B == 1 ] !empty }", &[("[ B == 1 ]", beside)]);
    check(
        "let v = A\nrule a { %v[*][ B == 1 ] !empty\n %v[ B == 1 ] !empty\n A[*][ this == 1 ] !empty }",
        &[],
    );
    check("rule a { A in [r[1,2], 5] }", &[("[r[1,2], 5]", "a range inside a list never matches")]);
    check("rule a { A == some B }", &[("some B", "`some` has no effect here")]);
}

#[test]
fn types_for_which_a_file_speaks() {
    let types = |text: &str| {
        let (file, diagnostics) = RuleFile::compile(FILE, "test", text);
        file.unwrap_or_else(|| panic!("{diagnostics:?}")).types().map(<[String]>::to_vec)
    };
    assert_eq!(
        types("rule a { A::B::C { D exists } A::B::D when E exists { D exists } }"),
        Some(vec!["A::B::C".into(), "A::B::D".into()])
    );
    let gated =
        "let all = Resources.*[ Type in ['A::B::C', 'X::Y'] ]\nrule a when %all !empty { %all.D exists }";
    assert_eq!(types(gated), Some(vec!["A::B::C".into(), "X::Y".into()]));
    assert_eq!(types("rule a { Resources.*.D exists }"), None);
}

#[test]
fn metadata_is_compiled_with_its_places() {
    let text = "# METADATA\n# severity-if: [{when: 'A ==', severity: warning}]\nrule a { A exists }\n";
    let (file, diagnostics) = RuleFile::compile(FILE, "test", text);
    assert!(file.is_none());
    assert_eq!(&text[diagnostics[0].primary.span.range()], "A ==");
    let text = "# METADATA\n# related: [{query: 'A[', text: x}]\nrule a { A exists }\n";
    let (file, diagnostics) = RuleFile::compile(FILE, "test", text);
    assert!(file.is_none());
    assert_eq!(&text[diagnostics[0].primary.span.range()], "A[");
}

#[test]
fn cases_related_places_and_help_follow_the_resource() {
    let text = "# METADATA\n# severity-if:\n#   - {when: \"P == 'x'\", severity: info}\n#   - {when: \"P exists\", severity: warning}\n\
        # help: set `{P}` right\n# related:\n#   - {query: Q, text: 'beside {P}'}\nrule a { A exists }\n";
    let (file, diagnostics) = RuleFile::compile(FILE, "test", text);
    let file = file.unwrap_or_else(|| panic!("{diagnostics:?}"));
    let mut values = Values::default();
    let yaml = std::sync::Arc::from("Resources: {R: {P: x, Q: [1]}, S: {P: y}, T: {}}");
    let root =
        super::super::loader::load_text(&mut values, FILE, &yaml, super::super::loader::Profile::Native)
            .expect("the document is read");
    let subject = Subject::new(&values, root);
    let at = |id: &str| values.at(root, &["Resources", id]).expect("a resource");
    assert_eq!(file.severity_at(&subject, at("R")), Some(Severity::Info));
    assert_eq!(file.severity_at(&subject, at("S")), Some(Severity::Warning));
    assert_eq!(file.severity_at(&subject, at("T")), None);
    assert_eq!(file.help_at(&subject, at("R"), None).as_deref(), Some("set `x` right"));
    let related = file.related_at(&subject, at("R"), None);
    assert_eq!(related.len(), 1);
    assert_eq!(related[0].text, "beside x");
    assert_eq!(file.related_at(&subject, at("S"), None), []);
}

#[test]
fn this_in_words_is_the_value_of_the_block() {
    let text = "# METADATA\n# help: rename `{this.Name}`\n# related:\n#   - {query: this.Other, text: 'beside {this.Name}'}\n\
        rule a {\n    Resources.*.Ports[ Bad exists ] { Bad !exists <<port `{this.Name}` of `{Id}` is bad>> }\n}\n";
    let (file, diagnostics) = RuleFile::compile(FILE, "test", text);
    let file = file.unwrap_or_else(|| panic!("{diagnostics:?}"));
    let mut values = Values::default();
    let yaml = "Resources: {R: {Id: r, Ports: [{Name: a, Bad: 1, Other: 2}, {Name: b}, {Name: c, Bad: 1}]}}";
    let yaml = std::sync::Arc::from(yaml);
    let root =
        super::super::loader::load_text(&mut values, FILE, &yaml, super::super::loader::Profile::Native)
            .expect("the document is read");
    let subject = Subject::new(&values, root);
    let outcome = file.evaluate_on(&subject);
    let said: Vec<&str> = outcome.failures.iter().filter_map(|failure| failure.message.as_deref()).collect();
    assert_eq!(said, ["port `a` of `r` is bad", "port `c` of `r` is bad"]);
    let [first, second] = &outcome.failures[..] else { panic!("two failures") };
    let resource = first.resource.expect("a resource");
    assert_eq!(file.help_at(&subject, resource, second.block).as_deref(), Some("rename `c`"));
    let related = file.related_at(&subject, resource, first.block);
    assert_eq!(related.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), ["beside a"]);
    assert_eq!(file.related_at(&subject, resource, second.block), []);
}

#[test]
fn conditions_that_exclude_each_other() {
    let never = "this `when` never holds: two of its conditions on `A.B` exclude each other";
    check("rule a when A.B exists A.B !exists { C exists }", &[("A.B !exists", never)]);
    check("rule a when A.B == 'x' A.B == 'y' { C exists }", &[("A.B == 'y'", never)]);
    check("rule a { when A.B !exists A.B == 1 { C exists } }", &[("A.B == 1", never)]);
    check("rule a { X::Y::Z when A.B empty A.B not empty { C exists } }", &[("A.B not empty", never)]);
    check("rule a when A.B exists A.B == 'x' A.C == 'y' { C exists }", &[]);
    check("rule a when A.B == 'x' or A.B == 'y' { C exists }", &[]);
    check("rule a when A[*] == 'x' A[*] != 'y' { C exists }", &[]);
}

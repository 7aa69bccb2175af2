//! What is read, and how errors are explained.

use super::*;

const FILE: FileId = FileId(0);

fn check(text: &str, word: &str, message: &str, help: &str) {
    let problems = parse(FILE, text).expect_err(text);
    let found = &problems[0];
    let span = found.primary.span.range();
    let got = (&text[span], found.message.as_str(), found.help.as_deref().unwrap_or_default());
    assert_eq!(got, (word, message, help), "in {text:?}");
}

#[test]
fn mistakes_are_explained() {
    let all = "leave it out: clauses that stand one after the other must all hold";
    check("rule a { A = 1 }", "=", "`=` does not compare", "write `==`, or `let name = …` to assign");
    check("rule a { A == 1 and B == 2 }", "and", "there is no `and`", all);
    check("rule a { A == 1 && B == 2 }", "&&", "there is no `&&`", all);
    check("rule a { A == 1 || B == 2 }", "||", "there is no `||`", "write `or`");
    check("rule a {\n A == 1 <<never closed\n}", "<<", "message is never closed", "end it with `>>`");
    check("rule a { A-b == 1 }", "A-b", "`-` cannot stand in a key without quotes", "write `'A-b'`");
    check("rule a { A.$x == 1 }", "$x", "`$` cannot stand in a key without quotes", "write `'$x'`");
    check("rule a { A exsts }", "exsts", "there is no operator `exsts`", "did you mean `exists`?");
    check("rule a { A ! exists }", "!", "`!` must touch what follows", "write `!exists`, or `not`");
    check("rule a { A exists", "{", "`{` is never closed", "add the missing `}`");
    check(
        "rule a { A == 'x }",
        "'",
        "text is never closed",
        "close it with the same kind of quote; a backslash in front of a quote keeps it open",
    );
    check("rule a { A == }", "}", "a value is missing behind `==`", "");
    check("rule a { A == 10MB }", "10MB", "`10MB` is no number", "put text into quotes");
    check(
        "rule a { 5 == A }",
        "5",
        "a clause starts with a query, not with a value",
        "put the value on the right side",
    );
    check(
        "rule a { A[ 'k' ] == 1 }",
        "'",
        "no blank may stand between `[` and the quote of a key",
        "write `['key']`",
    );
    check(
        "rule a { b }",
        "b",
        "`b` is no clause",
        "a property needs an operator behind it, and the name of a rule must end its line",
    );
    check(
        "rule a { count(A) == 1 }",
        "count(A)",
        "a call cannot stand on the left",
        "assign it first, `let value = count(A)`, and compare `%value`",
    );
    check(
        "rule a { A == 1, B == 2 }",
        ",",
        "clauses are not separated by `,`",
        "leave it out, and best begin a new line",
    );
    check("rule a { }", "}", "block is empty", "a block needs at least one clause");
    check(
        "rule a { A == to_lowr(B) }",
        "to_lowr",
        "there is no function `to_lowr`",
        "did you mean `to_lower`?",
    );
    check("rule a { A == /(/ }", "/(/", "regular expression does not compile: unclosed group", "");
    check(
        "rule a { A == 99999999999999999999 }",
        "99999999999999999999",
        "the number 99999999999999999999 does not fit into 64 bits",
        "",
    );
}

#[test]
fn nothing_exhausts_stack_or_time() {
    let deep = [
        format!("rule a {{ {}", "A[ ".repeat(10_000)),
        format!("rule a {{ {}", "A { ".repeat(10_000)),
        format!("rule a {{ A == {}", "[".repeat(10_000)),
        format!("rule a {{ A == {}", "count(".repeat(10_000)),
        format!("rule a {{ {}", "when A[ ".repeat(40)),
        format!("rule a {{ {}", "A[ keys == B[ keys == ".repeat(20)),
        format!("rule a {{ A{} exists }}", ".b".repeat(100_000)),
        "x".repeat(10 << 20),
        "{".repeat(3 << 20),
        "\u{0}\u{1}\u{fffd}".repeat(1000),
    ];
    for text in &deep {
        let _ = parse(FILE, text);
    }
    for text in &deep[..4] {
        let problems = parse(FILE, text).expect_err("it is nested too deep");
        assert_eq!(problems[0].message, "brackets are nested more than 48 deep");
    }
}

#[test]
fn nothing_is_a_rule_file() {
    for text in ["", "\n", "# only a comment", "  \n# x\n"] {
        assert_eq!(parse(FILE, text).expect("it holds no rules").rules.len(), 0, "{text:?}");
    }
}

#[test]
fn packed_nodes_are_the_same_nodes() {
    let padding = "# Many words before.\n".repeat(20);
    let text = format!(
        "{padding}let groups = Resources.*[ Type == 'A::B' ]\nrule a when %groups !empty {{\n  \
         A::B {{ Properties.'a.b'[*].Port in r[1,90) or Tags[ keys == /^x/ ] exists <<no {{Port}}>> }}\n}}\n"
    );
    let matches = grammar::file(&text).expect("a rule file");
    let packed = grammar::pack(&matches);
    assert_eq!(grammar::unpack(&packed), matches);
    let (parsed, again) = (parse(FILE, &text), parsed(FILE, &text, &packed));
    assert_eq!(format!("{parsed:?}"), format!("{again:?}"));
}

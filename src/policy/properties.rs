//! What holds for every rule file and every document: random ones, made along the grammar, and arbitrary text.

use std::sync::Arc;

use proptest::prelude::*;

use super::loader::{self, Profile};
use super::{RuleFile, Status, parse, print};
use crate::model::Values;
use crate::source::FileId;

const FILE: FileId = FileId(0);

/// Makes text along the grammar; bytes decide, so that proptest can shrink it.
struct Maker<'b> {
    bytes: &'b [u8],
    at: usize,
    depth: usize,
}

impl<'b> Maker<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    /// A number below `n`; 0 when the bytes are used up, where the simplest choice stands.
    fn choose(&mut self, n: usize) -> usize {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(byte) % n
    }

    fn pick<'w>(&mut self, words: &[&'w str]) -> &'w str {
        words[self.choose(words.len())]
    }

    fn nested(&mut self, simple: &str, make: impl FnOnce(&mut Self) -> String) -> String {
        if self.depth > 5 || self.at > self.bytes.len() {
            return simple.to_string();
        }
        self.depth += 1;
        let made = make(self);
        self.depth -= 1;
        made
    }

    fn many(&mut self, max: usize, separator: &str, mut make: impl FnMut(&mut Self) -> String) -> String {
        let n = 1 + self.choose(max);
        (0..n).map(|_| make(self)).collect::<Vec<_>>().join(separator)
    }

    fn name(&mut self) -> &'static str {
        self.pick(&["A", "B", "C", "Tags", "Type", "x", "Gr\u{f6}\u{df}e"])
    }

    fn literal(&mut self) -> String {
        let simple = self.pick(&[
            "1",
            "'x'",
            "\"a'b\"",
            "true",
            "null",
            "-3",
            "2.5",
            "1e3",
            "/x+/",
            "r[1,3)",
            "'Ä\\'q'",
            "0",
            "r(0.5,2.5]",
            "''",
        ]);
        match self.choose(6) {
            1 => self.nested("[]", |it| format!("[{}]", it.many(3, ", ", Self::literal))),
            2 => self.nested("{}", |it| {
                let (key, value) = (it.name(), it.literal());
                format!("{{'{key}': {value}, a-b: 1}}")
            }),
            _ => simple.to_string(),
        }
    }

    fn query(&mut self) -> String {
        let mut query = match self.choose(8) {
            1 => "this".to_string(),
            2 => "%v".to_string(),
            3 => "'quoted key'".to_string(),
            _ => self.name().to_string(),
        };
        for _ in 0..self.choose(4) {
            let part = match self.choose(12) {
                0 => ".*".to_string(),
                1 => "[*]".to_string(),
                2 => "[0]".to_string(),
                3 => ".'1'".to_string(),
                4 => "['B']".to_string(),
                5 => ".%v".to_string(),
                6 => self.nested("[*]", |it| format!("[ {} ]", it.many(2, "\n", Self::line))),
                7 => self.nested(".*", |it| format!("[ k | {} ]", it.line())),
                8 => self.nested(".A", |it| {
                    format!("[ keys {} {} ]", it.pick(&["==", "!=", "in", "not in"]), it.literal())
                }),
                9 => "[k]".to_string(),
                10 => "[ k ]".to_string(),
                _ => format!(".{}", self.name()),
            };
            query.push_str(&part);
        }
        query
    }

    /// A query where a text in quotes would be a value.
    fn right_query(&mut self) -> String {
        let query = self.query();
        if query.starts_with('\'') { format!("A.{query}") } else { query }
    }

    fn operand(&mut self) -> String {
        match self.choose(5) {
            1 => self.right_query(),
            2 => {
                let name = self.pick(&[
                    "count",
                    "to_lower",
                    "parse_int",
                    "parse_string",
                    "json_parse",
                    "url_decode",
                ]);
                self.nested("1", |it| format!("{name}({})", it.right_query()))
            }
            3 => self.nested("1", |it| format!("join({}, ',')", it.right_query())),
            _ => self.literal(),
        }
    }

    fn clause(&mut self) -> String {
        let some = self.pick(&["", "", "some "]);
        match self.choose(6) {
            0 => {
                let test = self.pick(&[
                    "exists",
                    "!exists",
                    "empty",
                    "!empty",
                    "is_string",
                    "is_list",
                    "!is_int",
                    "not is_null",
                ]);
                format!("{some}{} {test}", self.query())
            }
            1 => self.nested("A exists", |it| format!("{some}{} {{ {} }}", it.query(), it.lines())),
            2 => {
                self.nested("A exists", |it| format!("when {} {{ {} }}", it.line_of_conditions(), it.lines()))
            }
            3 => self.nested("A exists", |it| format!("p({})", it.operand())),
            4 => format!("not {} == {}", self.query(), self.literal()),
            _ => {
                let op = self.pick(&["==", "!=", "in", "not in", "<", ">=", ">", "<=", "!in"]);
                let message = self.pick(&["", " <<words {A}>>", " <<{B.C[*]} {>>"]);
                format!("{some}{} {op} {}{message}", self.query(), self.operand())
            }
        }
    }

    fn line(&mut self) -> String {
        self.many(2, " or ", Self::clause)
    }

    fn lines(&mut self) -> String {
        let lines = self.many(3, "\n", Self::line);
        if self.choose(4) == 1 { format!("let v = {}\n{lines}", self.operand()) } else { lines }
    }

    fn file(&mut self) -> String {
        let mut file = format!("let v = {}\n", self.operand());
        for name in ["a", "b"] {
            let when = if self.choose(3) == 1 {
                format!("when {} ", self.line_of_conditions())
            } else {
                String::new()
            };
            let body = match self.choose(4) {
                1 => format!("AWS::S3::Bucket {{ {} }}", self.lines()),
                2 => format!("AWS::S3::Bucket when {} {{ {} }}", self.line_of_conditions(), self.lines()),
                3 => "b\n".to_string(),
                _ => self.lines(),
            };
            file.push_str(&format!("rule {name} {when}{{\n{body}\n}}\n"));
        }
        file.push_str(&format!("rule p(y) {{ %y exists\n{} }}\n", self.line()));
        file
    }

    fn line_of_conditions(&mut self) -> String {
        format!("{} {}", self.query(), self.pick(&["exists", "!empty", "== 1", "is_list"]))
    }

    fn document(&mut self) -> String {
        let scalar = self.pick(&[
            "1",
            "x",
            "true",
            "null",
            "2.5",
            "'AWS::S3::Bucket'",
            "\"\"",
            "[]",
            "{}",
            "-1",
            "'1'",
        ]);
        match self.choose(4) {
            1 => self.nested("[1]", |it| format!("[{}]", it.many(4, ", ", Self::document))),
            2 | 3 => self.nested("{A: 1}", |it| {
                let entries = ["A", "B", "Tags", "Resources", "Type", "x"]
                    .map(|key| format!("{key}: {}", it.document()));
                let n = 1 + it.choose(entries.len());
                format!("{{{}}}", entries[..n].join(", "))
            }),
            _ => scalar.to_string(),
        }
    }
}

fn evaluate(rules: &RuleFile, document: &str) {
    let mut values = Values::default();
    let Ok(root) = loader::load_text(&mut values, FILE, &Arc::from(document), Profile::GuardValidate) else {
        return;
    };
    let outcome = rules.evaluate(&values, root);
    let again = rules.evaluate(&values, root);
    assert_eq!(outcome.rules, again.rules, "an evaluation must not leave anything behind");
    for (rule, status) in &outcome.rules {
        let has_failure = outcome.failures.iter().any(|failure| failure.rule == *rule);
        if *status == Status::Fail {
            assert!(has_failure, "{rule} fails for no reason");
        }
    }
    if outcome.rules.iter().all(|(_, status)| *status != Status::Fail) {
        assert!(outcome.failures.is_empty(), "nothing fails, and yet: {:?}", outcome.failures);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_rules_evaluate_on_random_documents(
        rules in prop::collection::vec(any::<u8>(), 0..120),
        document in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let text = Maker::new(&rules).file();
        let document = format!("{{Resources: {{R: {0}, S: {{Type: 'AWS::S3::Bucket', A: {0}}}}}, A: {0}, B: [{0}]}}", Maker::new(&document).document());
        let (file, diagnostics) = RuleFile::compile(FILE, "random", &text);
        let Some(file) = file else {
            return Err(TestCaseError::fail(format!("{text}\n{diagnostics:?}")));
        };
        evaluate(&file, &document);
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_tree(rules in prop::collection::vec(any::<u8>(), 0..120)) {
        check_round_trip(&Maker::new(&rules).file());
    }

    #[test]
    fn arbitrary_text_gives_a_tree_or_located_errors(text in "\\PC{0,80}|(rule |let |when |[A-C]|[ \\n{}\\[\\]%.*<>=!'\"/|#(),])*") {
        match parse::parse(FILE, &text) {
            Ok(_) => check_round_trip(&text),
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    prop_assert!(text.get(problem.primary.span.range()).is_some());
                    prop_assert!(!problem.message.ends_with('.'));
                }
            }
        }
    }
}

fn check_round_trip(text: &str) {
    let tree = parse::parse(FILE, text).unwrap_or_else(|problems| panic!("{text} has {problems:?}"));
    let printed = print::file(&tree);
    match parse::parse(FILE, &printed) {
        Ok(again) => assert_eq!(print::file(&again), printed, "from {text:?}"),
        Err(problems) => panic!("{text:?} is printed as {printed:?}, which has {problems:?}"),
    }
}

//! Other spellings of keys: cfn-guard tries them where a key is absent, so every key of a rule file has some.
//!
//! Keys are interned for the whole process: what a text may also be spelled like is worked out once for all rule files,
//! and what a document has of it once for all rule files that look at the document. So are paths of keys: many rules ask
//! the same of a resource.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;

/// The text of a key; equal texts are one word.
#[derive(Debug)]
pub(super) struct Word {
    /// Small, and different for each word.
    pub(super) id: u32,
    pub(super) text: Box<str>,
    spellings: OnceLock<Spellings>,
}

/// Keys one behind the other, as queries have them; equal ones are one path.
#[derive(Debug)]
pub(super) struct Path {
    /// Small, and different for each path.
    pub(super) id: u32,
    n_queries: AtomicU32,
}

/// What else may be meant by a word.
#[derive(Debug)]
pub(super) struct Spellings {
    /// By conversion; the class case is there only when needed.
    converted: [Box<str>; N_CONVERSIONS - 1],
    class: OnceLock<Box<str>>,
    /// Whatever the class case may be.
    singulars: Vec<Box<str>>,
}

/// Camel, class, kebab, pascal, snake, title, train.
pub(super) const N_CONVERSIONS: usize = 7;
const CLASS: usize = 1;
const PASCAL: usize = 3;

/// A conversion of missing keys, by its number.
pub(super) fn convert(text: &str, conversion: usize) -> String {
    match conversion {
        0 => cruet::to_camel_case(text),
        1 => class_case(text),
        2 => cruet::to_kebab_case(text),
        3 => cruet::to_pascal_case(text),
        4 => cruet::to_snake_case(text),
        5 => cruet::to_title_case(text),
        _ => cruet::to_train_case(text),
    }
}

impl Word {
    /// The word of a text.
    pub(super) fn of(text: &str) -> Arc<Word> {
        static WORDS: Mutex<Option<FxHashMap<Box<str>, Arc<Word>>>> = Mutex::new(None);
        let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
        let words = words.get_or_insert_default();
        if let Some(word) = words.get(text) {
            return Arc::clone(word);
        }
        let word = Word { id: words.len() as u32, text: text.into(), spellings: OnceLock::new() };
        let word = Arc::new(word);
        words.insert(text.into(), Arc::clone(&word));
        word
    }

    /// Gives every conversion whose text `find` knows, by its number.
    pub(super) fn spelled<K: Copy>(
        &self,
        mut find: impl FnMut(&str) -> Option<K>,
    ) -> [Option<K>; N_CONVERSIONS] {
        let spellings = self.spellings.get_or_init(|| Spellings::new(&self.text));
        let mut found = [None; N_CONVERSIONS];
        for number in (0..N_CONVERSIONS).filter(|number| *number != CLASS) {
            let text = spellings.other(number);
            let same = (0..number).find(|earlier| *earlier != CLASS && spellings.other(*earlier) == text);
            found[number] = same.map_or_else(|| find(text), |earlier| found[earlier]);
        }
        if spellings.singulars.iter().any(|singular| find(singular).is_some()) {
            found[CLASS] = find(spellings.class.get_or_init(|| class_case(&self.text).into()));
        }
        found
    }
}

impl Path {
    /// The path of some words, by their ids.
    pub(super) fn of(words: Box<[u32]>) -> Arc<Path> {
        type Known = FxHashMap<Box<[u32]>, Arc<Path>>;
        static PATHS: Mutex<Option<Known>> = Mutex::new(None);
        let mut paths = PATHS.lock().unwrap_or_else(PoisonError::into_inner);
        let paths = paths.get_or_insert_default();
        let id = paths.len() as u32;
        let path = paths.entry(words).or_insert_with(|| Arc::new(Path { id, n_queries: AtomicU32::new(0) }));
        path.n_queries.fetch_add(1, Ordering::Relaxed);
        Arc::clone(path)
    }

    /// Whether more than one query is this path, so that it may pay to remember where it led.
    pub(super) fn is_shared(&self) -> bool {
        self.n_queries.load(Ordering::Relaxed) > 1
    }
}

impl Spellings {
    fn new(text: &str) -> Self {
        let number = |at: usize| if at < CLASS { at } else { at + 1 };
        let mut singulars: Vec<Box<str>> = singulars(text).into_iter().map(Into::into).collect();
        // Class case is the singular, for which cruet compiles thirty regular expressions: most of what a run over one small
        // file would cost. It is asked only when a document has a key that may be it.
        singulars.retain(|singular| **singular != *text);
        singulars.sort();
        singulars.dedup();
        Self {
            converted: std::array::from_fn(|at| convert(text, number(at)).into()),
            class: OnceLock::new(),
            singulars,
        }
    }

    /// Any conversion but the class case.
    fn other(&self, number: usize) -> &str {
        &self.converted[if number < CLASS { number } else { number - 1 }]
    }
}

/// The singular in pascal case. Common words are done here, as cruet does them, to spare its regular expressions.
fn class_case(text: &str) -> String {
    let pascal = convert(text, PASCAL);
    // Lower-case words have exceptions of their own, and the last one begins at the last capital.
    let is_common = pascal.is_ascii() && pascal.starts_with(|first: char| first.is_ascii_uppercase());
    if !is_common || IRREGULAR.iter().any(|ending| pascal.ends_with(ending)) {
        return cruet::to_class_case(text);
    }
    match pascal.strip_suffix('s') {
        Some(singular) if !pascal.ends_with("ss") => singular.to_string(),
        _ => pascal,
    }
}

/// Endings for which cruet does other things than to take the `s` away.
const IRREGULAR: [&str; 26] = [
    "ews", "oes", "sis", "ses", "ves", "ies", "xes", "xis", "ches", "shes", "zes", "vertices", "indices",
    "matrices", "bus", "testes", "testis", "octopus", "virus", "alias", "status", "ta", "ia", "i", "mice",
    "lice",
];

/// The endings that make a plural for cruet, and what the singular may have instead.
const PLURALS: [(&str, &str); 22] = [
    ("", ""),
    ("s", ""),
    ("es", ""),
    ("es", "is"),
    ("is", "is"),
    ("sis", "sis"),
    ("ses", "sis"),
    ("zes", ""),
    ("ves", "fe"),
    ("ves", "f"),
    ("ies", "y"),
    ("ices", "ex"),
    ("ices", "ix"),
    ("ice", "ouse"),
    ("ice", "ie"),
    ("i", "us"),
    ("a", "um"),
    ("en", "an"),
    ("en", ""),
    ("eet", "oot"),
    ("eeth", "ooth"),
    ("eese", "oose"),
];

/// Whatever the class case of a text may be, and more.
fn singulars(text: &str) -> Vec<String> {
    let pascal = convert(text, PASCAL);
    let singular =
        |(plural, singular): &(&str, &str)| Some(format!("{}{singular}", pascal.strip_suffix(plural)?));
    PLURALS.iter().filter_map(singular).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_case_is_among_the_singulars() {
        let words = "listeners TargetGroups status Statuses alias aliases metadata media analyses codebases knives halves \
            replies series news movies boxes buses mice lice crises axes octopi viri oxen men women dice feet teeth geese \
            quizzes yeses eaves indices vertices matrices databases shoes potatoes glasses witches dishes access Protocol \
            HTTPS ids a s es i x9s load_balancers Some-Things archives motives parentheses theses tests hives";
        for word in words.split_whitespace() {
            for text in [
                word.to_string(),
                format!("My{word}"),
                format!("My{}", convert(word, PASCAL)),
                word.to_uppercase(),
            ] {
                let class = cruet::to_class_case(&text);
                assert_eq!(convert(&text, CLASS), class, "{text}");
                assert!(singulars(&text).contains(&class), "{text}: {class}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn the_class_case_is_that_of_cruet(text in "([A-Za-z][a-z]{0,5}[-_ ]?){1,2}([a-z](ies|es|ves|[aeiouxhcszt]es|s|ss|us|is|a|i|ice|ics|S|[0-9]s)?)?") {
            proptest::prop_assert_eq!(class_case(&text), cruet::to_class_case(&text));
            proptest::prop_assert!(singulars(&text).contains(&class_case(&text)), "{}", text);
        }
    }
}

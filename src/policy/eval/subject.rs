//! The tree that rules are evaluated on, with what is worth knowing of it once for all rule files.

use std::cell::OnceCell;
use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::ast::{Key as QueryKey, Names};
use crate::model::{Data, Key, ValueId, Values};

/// A tree of values, indexed by resource type when first needed. Share one among all rule files of a run.
#[derive(Debug)]
pub struct Subject<'v> {
    pub(super) values: &'v Values,
    pub(super) root: ValueId,
    /// The words for a reference to a resource in messages.
    resource_ids: Vec<&'v str>,
    index: OnceLock<TypeIndex>,
    members: OnceLock<FxHashSet<ValueId>>,
}

/// Where resources of a type stand among the entries of `Resources`.
#[derive(Debug, Default)]
struct TypeIndex {
    /// The map that is indexed.
    map: Option<ValueId>,
    by_type: FxHashMap<Box<str>, Vec<u32>>,
    /// Entries whose type is no plain text: they are always looked at.
    odd: Vec<u32>,
}

impl<'v> Subject<'v> {
    /// A tree and its root.
    pub fn new(values: &'v Values, root: ValueId) -> Self {
        Self { values, root, resource_ids: Vec::new(), index: OnceLock::new(), members: OnceLock::new() }
    }

    /// Names the resources that [`Data::Reference`] values mean, by their index, for messages.
    #[must_use]
    pub fn with_resource_ids(mut self, ids: impl IntoIterator<Item = &'v str>) -> Self {
        self.resource_ids = ids.into_iter().collect();
        self
    }

    /// The values of the tree.
    pub fn values(&self) -> &'v Values {
        self.values
    }

    /// The root of the tree.
    pub fn root(&self) -> ValueId {
        self.root
    }

    pub(super) fn resource_id(&self, idx: u32) -> Option<&'v str> {
        self.resource_ids.get(idx as usize).copied()
    }

    /// `Resources`, when the tree has it.
    pub(super) fn resources(&self) -> Option<ValueId> {
        self.index().map
    }

    /// Whether a value is an entry of `Resources`.
    pub(super) fn is_resource(&self, value: ValueId) -> bool {
        let members = self.members.get_or_init(|| {
            let entries = self.resources().map(|map| self.values.entries(map)).unwrap_or_default();
            entries.iter().map(|entry| entry.value).collect()
        });
        members.contains(&value)
    }

    /// The positions among the entries of `map` that can be of one of `types`, in order; `None` when `map` is not
    /// indexed.
    pub(super) fn candidates(&self, map: ValueId, types: &[String]) -> Option<Vec<u32>> {
        let index = self.index();
        if index.map != Some(map) {
            return None;
        }
        let mut found = index.odd.clone();
        for (idx, name) in types.iter().enumerate() {
            if !types[..idx].contains(name) {
                found.extend(index.by_type.get(name.as_str()).into_iter().flatten());
            }
        }
        found.sort_unstable();
        Some(found)
    }

    fn index(&self) -> &TypeIndex {
        self.index.get_or_init(|| TypeIndex::new(self.values, self.root))
    }
}

impl TypeIndex {
    fn new(values: &Values, root: ValueId) -> Self {
        let mut index = Self::default();
        let spellings = ["Resources", "resources", "Resource", "RESOURCES"];
        let Some(map) = spellings.iter().find_map(|key| values.get(root, key)) else { return index };
        index.map = Some(map);
        for (at, entry) in values.entries(map).iter().enumerate() {
            match values.get(entry.value, "Type").map(|kind| values.data(kind)) {
                Some(Data::Text(text)) => match index.by_type.get_mut(text) {
                    Some(found) => found.push(at as u32),
                    None => {
                        index.by_type.insert(text.into(), vec![at as u32]);
                    }
                },
                _ => index.odd.push(at as u32),
            }
        }
        index
    }
}

/// The keys of a rule file as keys of one tree, looked up when first needed.
pub(super) struct KeyTable<'e> {
    values: &'e Values,
    texts: &'e Names,
    cells: Vec<OnceCell<Spellings>>,
}

/// A key and its seven conversions, in the order in which cfn-guard tries them; `None` when no map has it.
struct Spellings {
    as_written: Option<Key>,
    /// Present when any conversion is a key of the tree.
    converted: Option<[Option<Key>; N_CONVERSIONS]>,
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

impl<'e> KeyTable<'e> {
    pub(super) fn new(texts: &'e Names, values: &'e Values) -> Self {
        Self { values, texts, cells: (0..texts.len()).map(|_| OnceCell::new()).collect() }
    }

    /// The value of a key in a map of the document and the conversion that found it, if one was needed. Once a conversion
    /// has helped in a query, it is the only one that is tried.
    pub(super) fn find(
        &self,
        map: ValueId,
        key: &QueryKey,
        conversion: Option<u8>,
    ) -> Option<(ValueId, Option<u8>)> {
        let spellings = self.cells[key.id as usize].get_or_init(|| self.spell(key.id));
        let entries = self.values.entries(map);
        let find = |wanted: Key| entries.iter().find(|entry| entry.key == wanted).map(|entry| entry.value);
        if let Some(found) = spellings.as_written.and_then(find) {
            return Some((found, conversion));
        }
        let converted = spellings.converted.as_ref()?;
        let allowed = match conversion {
            Some(only) => only as usize..only as usize + 1,
            None => 0..N_CONVERSIONS,
        };
        allowed.into_iter().find_map(|number| {
            let found = converted[number].and_then(find)?;
            Some((found, Some(number as u8)))
        })
    }

    fn spell(&self, id: u32) -> Spellings {
        let text = self.texts.text_at(id);
        let as_written = self.values.find_key(text);
        let mut converted = [None; N_CONVERSIONS];
        for (number, slot) in converted.iter_mut().enumerate() {
            if number != CLASS || self.may_have_singular(text) {
                *slot = self.values.find_key(&convert(text, number));
            }
        }
        let converted = converted.iter().any(|key| key.is_some() && *key != as_written).then_some(converted);
        Spellings { as_written, converted }
    }

    /// Whether the tree may have a key in the class case of a text. Class case is the singular, for which cruet compiles
    /// thirty regular expressions: most of what a run over one small file would cost.
    fn may_have_singular(&self, text: &str) -> bool {
        singulars(text).iter().any(|singular| singular != text && self.values.find_key(singular).is_some())
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

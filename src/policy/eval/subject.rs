//! The tree that rules are evaluated on, with what is worth knowing of it once for all rule files.

use std::cell::RefCell;
use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::ast::Key as QueryKey;
use super::super::spelling::{N_CONVERSIONS, Word};
use super::paths::Paths;
use crate::model::{Data, Entry, Key, ValueId, Values};

/// A tree of values, indexed by resource type when first needed. Share one among all rule files of a run.
#[derive(Debug)]
pub struct Subject<'v> {
    pub(super) values: &'v Values,
    pub(super) root: ValueId,
    /// The words for a reference to a resource in messages.
    resource_ids: Vec<&'v str>,
    index: OnceLock<TypeIndex>,
    members: OnceLock<FxHashSet<ValueId>>,
    /// Where shared paths lead from each resource.
    pub(super) paths: Paths,
    /// What the tree has of the words of rule files, by the word's id.
    spelled: RefCell<Vec<Option<Spelled>>>,
}

/// An entry that a filter on `Type` may select.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Its position in the map.
    pub(super) idx: u32,
    /// Whether its type is known to be one of those that are wanted.
    pub(super) passes: bool,
}

/// Where resources of a type stand among the entries of `Resources`.
#[derive(Debug, Default)]
struct TypeIndex {
    /// The map that is indexed.
    map: Option<ValueId>,
    /// The first resource and how many there are, when they were made one after the other, as those of a model are.
    row: Option<(ValueId, usize)>,
    by_type: FxHashMap<Box<str>, Vec<u32>>,
    /// Entries whose type is no plain text: they are always looked at.
    odd: Vec<u32>,
}

impl<'v> Subject<'v> {
    /// A tree and its root.
    pub fn new(values: &'v Values, root: ValueId) -> Self {
        Self {
            values,
            root,
            resource_ids: Vec::new(),
            index: OnceLock::new(),
            members: OnceLock::new(),
            paths: Paths::default(),
            spelled: RefCell::default(),
        }
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

    /// The resources of a type in order, where they stand in a row and the type of each is known; `None` elsewhere.
    pub(super) fn of_type<'s>(&'s self, name: &str) -> Option<impl Iterator<Item = ValueId> + use<'s, 'v>> {
        let index = self.index();
        let entries = self.values.entries(index.map?);
        if index.row.is_none() || !index.odd.is_empty() {
            return None;
        }
        let found = index.by_type.get(name).map(Vec::as_slice).unwrap_or_default();
        Some(found.iter().map(move |at| entries[*at as usize].value))
    }

    /// The positions among the entries of `map` that can be of one of `types`, in order; `None` when `map` is not
    /// indexed.
    pub(super) fn candidates(&self, map: ValueId, types: &[String]) -> Option<Vec<Candidate>> {
        let index = self.index();
        if index.map != Some(map) {
            return None;
        }
        let candidate = |passes: bool| move |idx: &u32| Candidate { idx: *idx, passes };
        let mut found: Vec<Candidate> = index.odd.iter().map(candidate(false)).collect();
        for (idx, name) in types.iter().enumerate() {
            if !types[..idx].contains(name) {
                found.extend(index.by_type.get(name.as_str()).into_iter().flatten().map(candidate(true)));
            }
        }
        found.sort_unstable_by_key(|candidate| candidate.idx);
        Some(found)
    }

    /// The value of a key in a map of the tree and the conversion that found it, if one was needed. Once a conversion has
    /// helped in a query, it is the only one that is tried.
    pub(super) fn find(
        &self,
        map: ValueId,
        key: &QueryKey,
        conversion: Option<u8>,
    ) -> Option<(ValueId, Option<u8>)> {
        let at = key.word.id as usize;
        let mut spelled = self.spelled.borrow_mut();
        if spelled.len() <= at {
            spelled.resize_with(at + 1, || None);
        }
        let spelled = spelled[at].get_or_insert_with(|| Spelled::new(self.values, &key.word));
        let entries = self.values.entries(map);
        let find = |wanted: Key| entries.iter().find(|entry| entry.key == wanted).map(|entry| entry.value);
        if let Some(found) = spelled.as_written.and_then(find) {
            return Some((found, conversion));
        }
        let converted = spelled.converted.as_ref()?;
        let allowed = match conversion {
            Some(only) => only as usize..only as usize + 1,
            None => 0..N_CONVERSIONS,
        };
        allowed.into_iter().find_map(|number| {
            let found = converted[number].and_then(find)?;
            Some((found, Some(number as u8)))
        })
    }

    /// The first resource and how many there are, where they stand in a row.
    pub(super) fn row(&self) -> Option<(ValueId, usize)> {
        self.index().row
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
        index.row = in_a_row(values.entries(map));
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

fn in_a_row(entries: &[Entry]) -> Option<(ValueId, usize)> {
    let first = entries.first()?.value;
    let follows = |(at, entry): (usize, &Entry)| entry.value.position() == first.position() + at;
    entries.iter().enumerate().all(follows).then_some((first, entries.len()))
}

/// A word of a rule file as keys of one tree.
#[derive(Debug)]
struct Spelled {
    as_written: Option<Key>,
    /// By conversion; present when any is a key of the tree.
    converted: Option<Box<[Option<Key>; N_CONVERSIONS]>>,
}

impl Spelled {
    fn new(values: &Values, word: &Word) -> Self {
        let as_written = values.find_key(&word.text);
        let converted = word.spelled(|text| values.find_key(text));
        let helps = converted.iter().any(|key| key.is_some() && *key != as_written);
        Self { as_written, converted: helps.then(|| Box::new(converted)) }
    }
}

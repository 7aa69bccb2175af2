//! Values as rules see them: an arena of typed nodes, each with the place where the user wrote it.
//!
//! A value is known, or unknown (the files do not settle it). Absence is not a value: an absent key
//! is simply not in its map. Nothing here knows where a value came from beyond its span.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::{Limit, Reached};
use crate::source::Span;

/// A value of one [`Values`] arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(u32);

impl ValueId {
    /// Its position among the values of its arena, in the order in which they were made.
    pub fn position(self) -> usize {
        self.0 as usize
    }
}

/// An interned map key of one [`Values`] arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u32);

/// A resource of one model, in the order of declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceIdx(pub u32);

/// Why the files do not settle a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unknown {
    /// A parameter or variable without a default.
    Parameter,
    /// An import, a stack output, a data source, remote state.
    Outside,
    /// An attribute that exists only after deployment.
    Computed,
    /// A function or expression that is not evaluated, or whose input is unknown.
    Expression,
    /// A condition that is not settled, so that even the presence of the value is open.
    Condition,
    /// A text that the controller or API does not accept; another rule speaks of it.
    Invalid,
    /// A limit of the tool was reached.
    Limit,
}

/// Who supplied a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The user wrote it.
    Written,
    /// A default of the API, the provider or the controller.
    Default,
    /// The model worked it out.
    Fact,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The value's own text; for a default or a fact, what a person would edit to change it.
    pub span: Span,
    /// What to point at when something is absent *inside* this value: the key in front of the value,
    /// or the name of the resource (logical id, block label, `metadata.name`).
    pub anchor: Span,
    /// Who supplied it.
    pub origin: Origin,
}

impl Place {
    /// A value that the user wrote at `span` under the key (or resource name) at `anchor`.
    pub fn written(span: Span, anchor: Span) -> Self {
        Self { span, anchor, origin: Origin::Written }
    }

    /// A default: whoever wants to change it edits what stands at `anchor`.
    pub fn default_at(anchor: Span) -> Self {
        Self { span: anchor, anchor, origin: Origin::Default }
    }

    /// A fact about what stands at `anchor`.
    pub fn fact_at(anchor: Span) -> Self {
        Self { span: anchor, anchor, origin: Origin::Fact }
    }
}

#[derive(Debug, Clone, Copy)]
enum Stored {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text {
        start: u32,
        end: u32,
    },
    List {
        start: u32,
        end: u32,
    },
    Map {
        start: u32,
        end: u32,
    },
    Reference(ResourceIdx),
    /// The range is of what is known of a text.
    Unknown {
        why: Unknown,
        start: u32,
        end: u32,
    },
}

/// A value, looked at.
#[derive(Debug, Clone, Copy)]
pub enum Data<'v> {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number with a fraction or exponent.
    Float(f64),
    /// Text.
    Text(&'v str),
    /// A list.
    List(&'v [ValueId]),
    /// A map in the order of writing. A key is there once.
    Map(&'v [Entry]),
    /// The identity (ARN, id or name) of a resource of the same model: it exists, its text is not known.
    Reference(ResourceIdx),
    /// Not settled by the files.
    Unknown(Unknown),
}

/// A key and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The interned key.
    pub key: Key,
    /// The value; its anchor is where the key is written.
    pub value: ValueId,
}

/// An arena of values. Text and children are kept in shared buffers, so nothing is cloned when it is read.
#[derive(Debug, Default)]
pub struct Values {
    stored: Vec<Stored>,
    /// Beside and not among what is stored: rules look at many values and at few places.
    places: Vec<Place>,
    items: Vec<ValueId>,
    entries: Vec<Entry>,
    text: String,
    /// Where the text of each key stands.
    keys: Vec<(u32, u32)>,
    /// The keys by their texts, which are kept nowhere but in `text`.
    key_ids: HashTable<Key>,
    /// One for each file and limit.
    reached: Vec<Reached>,
}

impl Values {
    fn push(&mut self, stored: Stored, place: Place) -> ValueId {
        let id =
            ValueId(u32::try_from(self.stored.len()).expect("internal error: more than 4 billion values"));
        self.stored.push(stored);
        self.places.push(place);
        id
    }

    /// Adds null.
    pub fn null(&mut self, place: Place) -> ValueId {
        self.push(Stored::Null, place)
    }

    /// Adds a boolean.
    pub fn bool(&mut self, value: bool, place: Place) -> ValueId {
        self.push(Stored::Bool(value), place)
    }

    /// Adds an integer.
    pub fn int(&mut self, value: i64, place: Place) -> ValueId {
        self.push(Stored::Int(value), place)
    }

    /// Adds a float.
    pub fn float(&mut self, value: f64, place: Place) -> ValueId {
        self.push(Stored::Float(value), place)
    }

    /// Adds text.
    pub fn text(&mut self, value: &str, place: Place) -> ValueId {
        let start = self.text.len() as u32;
        self.text.push_str(value);
        let end = self.text.len() as u32;
        self.push(Stored::Text { start, end }, place)
    }

    /// Adds the identity of a resource.
    pub fn reference(&mut self, target: ResourceIdx, place: Place) -> ValueId {
        self.push(Stored::Reference(target), place)
    }

    /// Adds a value that the files do not settle.
    pub fn unknown(&mut self, why: Unknown, place: Place) -> ValueId {
        self.push(Stored::Unknown { why, start: 0, end: 0 }, place)
    }

    /// Adds the unknown value of what lies beyond a limit.
    pub fn give_up(&mut self, limit: Limit, place: Place) -> ValueId {
        self.reach(limit, place.span);
        self.unknown(Unknown::Limit, place)
    }

    /// Notes that a limit was reached.
    pub fn reach(&mut self, limit: Limit, span: Span) {
        let reached = limit.at(span);
        if !self.reached.iter().any(|other| other.is_like(&reached)) {
            self.reached.push(reached);
        }
    }

    /// The limits that were reached, each once for a file.
    pub fn reached(&self) -> &[Reached] {
        &self.reached
    }

    /// Adds a text of which only parts are known; `…` stands for the others.
    pub fn unknown_text(&mut self, why: Unknown, parts: &str, place: Place) -> ValueId {
        let start = self.text.len() as u32;
        self.text.push_str(parts);
        let end = self.text.len() as u32;
        self.push(Stored::Unknown { why, start, end }, place)
    }

    /// Adds a list.
    pub fn list(&mut self, items: &[ValueId], place: Place) -> ValueId {
        let start = self.items.len() as u32;
        self.items.extend_from_slice(items);
        self.push(Stored::List { start, end: start + items.len() as u32 }, place)
    }

    /// Adds a map; the caller sees to it that no key is there twice.
    pub fn map(&mut self, entries: &[Entry], place: Place) -> ValueId {
        let stored = self.store_entries(entries);
        self.push(stored, place)
    }

    /// Adds a map of keys given as text.
    pub fn map_of(&mut self, entries: &[(&str, ValueId)], place: Place) -> ValueId {
        let stored = self.store_named(entries);
        self.push(stored, place)
    }

    fn store_entries(&mut self, entries: &[Entry]) -> Stored {
        let start = self.entries.len() as u32;
        self.entries.extend_from_slice(entries);
        Stored::Map { start, end: start + entries.len() as u32 }
    }

    fn store_named(&mut self, entries: &[(&str, ValueId)]) -> Stored {
        let start = self.entries.len() as u32;
        self.entries.reserve(entries.len());
        for (key, value) in entries {
            let key = self.intern(key);
            self.entries.push(Entry { key, value: *value });
        }
        Stored::Map { start, end: start + entries.len() as u32 }
    }

    /// Adds a copy of a value (its children shared) at another place.
    pub fn copy_at(&mut self, value: ValueId, place: Place) -> ValueId {
        let stored = self.stored[value.0 as usize];
        self.push(stored, place)
    }

    /// Replaces the content of a map that was added earlier, for instance to close a circle of links.
    pub fn fill_map(&mut self, map: ValueId, entries: &[(&str, ValueId)]) {
        self.stored[map.0 as usize] = self.store_named(entries);
    }

    /// Sets one key of a map that was added earlier.
    pub fn put(&mut self, map: ValueId, key: &str, value: ValueId) {
        let key = self.intern(key);
        let mut entries = self.entries(map).to_vec();
        match entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => entry.value = value,
            None => entries.push(Entry { key, value }),
        }
        self.stored[map.0 as usize] = self.store_entries(&entries);
    }

    /// The key of a text, made when new.
    pub fn intern(&mut self, text: &str) -> Key {
        let hash = FxBuildHasher.hash_one(text);
        if let Some(key) = self.key_of(hash, text) {
            return key;
        }
        let key = Key(self.keys.len() as u32);
        let start = self.text.len() as u32;
        self.text.push_str(text);
        self.keys.push((start, self.text.len() as u32));
        let (keys, text) = (&self.keys, &self.text);
        self.key_ids.insert_unique(hash, key, |key| FxBuildHasher.hash_one(text_of(keys, text, *key)));
        key
    }

    /// The key of a text, if any map of this arena has it.
    pub fn find_key(&self, text: &str) -> Option<Key> {
        self.key_of(FxBuildHasher.hash_one(text), text)
    }

    fn key_of(&self, hash: u64, text: &str) -> Option<Key> {
        self.key_ids.find(hash, |key| self.key_text(*key) == text).copied()
    }

    /// The text of a key.
    pub fn key_text(&self, key: Key) -> &str {
        text_of(&self.keys, &self.text, key)
    }

    /// Looks at a value.
    #[inline]
    pub fn data(&self, value: ValueId) -> Data<'_> {
        match self.stored[value.0 as usize] {
            Stored::Null => Data::Null,
            Stored::Bool(value) => Data::Bool(value),
            Stored::Int(value) => Data::Int(value),
            Stored::Float(value) => Data::Float(value),
            Stored::Text { start, end } => Data::Text(&self.text[start as usize..end as usize]),
            Stored::List { start, end } => Data::List(&self.items[start as usize..end as usize]),
            Stored::Map { start, end } => Data::Map(&self.entries[start as usize..end as usize]),
            Stored::Reference(target) => Data::Reference(target),
            Stored::Unknown { why, .. } => Data::Unknown(why),
        }
    }

    /// Where a value stands.
    pub fn place(&self, value: ValueId) -> Place {
        self.places[value.0 as usize]
    }

    /// The value of a key in a map; `None` when absent or when `value` is no map.
    pub fn get(&self, value: ValueId, key: &str) -> Option<ValueId> {
        let key = self.find_key(key)?;
        self.entries(value).iter().find(|entry| entry.key == key).map(|entry| entry.value)
    }

    /// The value at a path of keys.
    pub fn at(&self, value: ValueId, path: &[&str]) -> Option<ValueId> {
        path.iter().try_fold(value, |value, key| self.get(value, key))
    }

    /// The entries of a map; none for anything else.
    pub fn entries(&self, value: ValueId) -> &[Entry] {
        match self.stored[value.0 as usize] {
            Stored::Map { start, end } => &self.entries[start as usize..end as usize],
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self, value: ValueId) -> &[ValueId] {
        match self.stored[value.0 as usize] {
            Stored::List { start, end } => &self.items[start as usize..end as usize],
            _ => &[],
        }
    }

    /// The text of a text value.
    pub fn as_text(&self, value: ValueId) -> Option<&str> {
        match self.stored[value.0 as usize] {
            Stored::Text { start, end } => Some(&self.text[start as usize..end as usize]),
            _ => None,
        }
    }

    /// The text of a text value, or what is known of an unknown one, with `…` for the rest. Good for names and
    /// what they hint at, never for what a property is.
    pub fn known_parts(&self, value: ValueId) -> Option<&str> {
        match self.stored[value.0 as usize] {
            Stored::Text { start, end } => Some(&self.text[start as usize..end as usize]),
            Stored::Unknown { start, end, .. } if start < end => {
                Some(&self.text[start as usize..end as usize])
            }
            _ => None,
        }
    }

    /// A whole number, also when written as decimal text.
    pub fn as_int(&self, value: ValueId) -> Option<i64> {
        match self.data(value) {
            Data::Int(value) => Some(value),
            Data::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(value as i64),
            Data::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A boolean, also when written as the text `true` or `false` in any case.
    pub fn as_bool(&self, value: ValueId) -> Option<bool> {
        match self.data(value) {
            Data::Bool(value) => Some(value),
            Data::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Data::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// The resource that a reference names.
    pub fn as_reference(&self, value: ValueId) -> Option<ResourceIdx> {
        match self.stored[value.0 as usize] {
            Stored::Reference(target) => Some(target),
            _ => None,
        }
    }

    /// Whether the files do not settle the value.
    pub fn is_unknown(&self, value: ValueId) -> bool {
        matches!(self.stored[value.0 as usize], Stored::Unknown { .. })
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.stored.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.stored.is_empty()
    }
}

fn text_of<'t>(keys: &[(u32, u32)], text: &'t str, key: Key) -> &'t str {
    let (start, end) = keys[key.0 as usize];
    &text[start as usize..end as usize]
}

//! From a body in the provider's words to properties in AWS words, row by row.
//!
//! Configuration and plans meet here: both come as a map of arguments, blocks as a map or a list of maps.

use crate::model::{Data, Entry, Origin, Place, Unknown, ValueId, Values};
use crate::source::Span;

use super::containers;
use super::evaluate::put;
use super::mapping::{Form, Row};

/// What it means that an argument is not in the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// It is not set.
    Absent,
    /// It is known only after deployment: plans leave such values out, and show null for what is not set.
    Unknown,
}

/// A resource's body in AWS words.
#[derive(Debug)]
pub(super) struct Shaped {
    /// The map `Properties`.
    pub(super) properties: ValueId,
    /// The blocks that are written, and where.
    pub(super) blocks: Vec<(String, Span)>,
}

/// Turns a body into properties.
pub(super) fn shape(values: &mut Values, body: ValueId, rows: &'static [Row], missing: Missing) -> Shaped {
    let mut shaper = Shaper { values, missing, blocks: Vec::new() };
    let properties = shaper.map(body, rows);
    Shaped { properties, blocks: shaper.blocks }
}

struct Shaper<'v> {
    values: &'v mut Values,
    missing: Missing,
    blocks: Vec<(String, Span)>,
}

impl Shaper<'_> {
    fn map(&mut self, body: ValueId, rows: &'static [Row]) -> ValueId {
        let place = self.values.place(body);
        if self.values.is_unknown(body) {
            return body;
        }
        let into = self.values.map(&[], place);
        self.rows(into, body, rows);
        self.matcher(into);
        into
    }

    fn rows(&mut self, into: ValueId, body: ValueId, rows: &'static [Row]) {
        for row in rows {
            let found = self.values.get(body, row.argument);
            if let Some(value) = found
                && self.is_unset(value)
            {
                continue;
            }
            match found {
                Some(value) => self.row(into, value, row),
                None if self.missing == Missing::Unknown && !matches!(row.form, Form::Former) => {
                    let anchor = self.values.place(body).anchor;
                    let unknown = self.values.unknown(Unknown::Computed, Place::default_at(anchor));
                    self.row(into, unknown, row);
                }
                None => {}
            }
        }
    }

    /// The provider takes null, an empty text and an empty list of blocks for not set.
    fn is_unset(&self, value: ValueId) -> bool {
        matches!(self.values.data(value), Data::Null | Data::Text("") | Data::List([]))
    }

    fn row(&mut self, into: ValueId, value: ValueId, row: &'static Row) {
        let place = self.values.place(value);
        let unknown = self.values.is_unknown(value);
        match row.form {
            Form::Value | Form::Former | Form::List => self.set(into, row.property, value),
            // Nothing more than that there is one.
            _ if unknown && !matches!(row.form, Form::Inline(_) | Form::Attribute(_) | Form::Containers) => {
                self.set(into, row.property, value);
            }
            Form::ListOfOne => {
                let list = self.values.list(&[value], place);
                self.set(into, row.property, list);
            }
            Form::Entry(key) => {
                let entry = self.values.map_of(&[(key, value)], place);
                let list = self.values.list(&[entry], place);
                self.set(into, row.property, list);
            }
            Form::Scheme => {
                let scheme = match self.values.as_bool(value) {
                    Some(true) => self.values.text("internal", place),
                    Some(false) => self.values.text("internet-facing", place),
                    None => self.values.unknown(Unknown::Expression, place),
                };
                self.set(into, row.property, scheme);
            }
            Form::NamePrefix => {
                if self.values.get(into, row.property).is_none() {
                    let name = self.values.unknown(Unknown::Computed, place);
                    self.set(into, row.property, name);
                }
            }
            Form::Matcher => self.set(into, row.property, value),
            Form::Attribute(key) => self.attribute(into, row.property, key, value),
            Form::Block(rows) => {
                if let Some(block) = self.blocks_of(value).first().copied() {
                    self.written(row, block);
                    let map = self.map(block, rows);
                    self.implied_field(into, row, map);
                    self.set(into, row.property, map);
                }
            }
            Form::Blocks(rows) => {
                let blocks = self.blocks_of(value);
                let items: Vec<ValueId> = blocks.into_iter().map(|block| self.map(block, rows)).collect();
                let list = self.values.list(&items, place);
                self.set(into, row.property, list);
            }
            Form::Inline(rows) if unknown => {
                for row in rows {
                    self.row(into, value, row);
                }
            }
            Form::Inline(rows) => {
                if let Some(block) = self.blocks_of(value).first().copied() {
                    if self.values.is_unknown(block) {
                        return rows.iter().for_each(|row| self.row(into, block, row));
                    }
                    self.written(row, block);
                    self.rows(into, block, rows);
                }
            }
            Form::Containers => {
                let containers = containers::definitions(self.values, value);
                self.set(into, row.property, containers);
            }
            Form::Ingress => {
                let rules = self.ingress(value);
                self.set(into, row.property, rules);
            }
        }
    }

    fn written(&mut self, row: &Row, block: ValueId) {
        self.blocks.push((row.argument.to_string(), self.values.place(block).anchor));
    }

    fn blocks_of(&self, value: ValueId) -> Vec<ValueId> {
        match self.values.data(value) {
            Data::List(items) => items.to_vec(),
            Data::Map(_) | Data::Unknown(_) => vec![value],
            _ => Vec::new(),
        }
    }

    /// Sets the value at a dotted path below a map; the maps on the way are made when they are new.
    fn set(&mut self, into: ValueId, path: &'static str, value: ValueId) {
        let mut map = into;
        let mut path = path;
        while let Some((head, rest)) = path.split_once('.') {
            let inner = match self.values.get(map, head) {
                Some(inner) => inner,
                None => {
                    let place = self.values.place(value);
                    let inner = self.values.map(&[], place);
                    self.values.put(map, head, inner);
                    inner
                }
            };
            map = inner;
            path = rest;
        }
        if matches!(self.values.data(map), Data::Map(_)) {
            self.values.put(map, path, value);
        }
    }

    /// Adds an entry to a list of keys and values.
    fn attribute(&mut self, into: ValueId, property: &'static str, key: &str, value: ValueId) {
        let place = self.values.place(value);
        let key = self.values.text(key, Place { origin: Origin::Default, ..place });
        let entry = self.values.map_of(&[("Key", key), ("Value", value)], place);
        let known = self.values.get(into, property);
        let mut items = known.map(|known| self.values.items(known).to_vec()).unwrap_or_default();
        items.push(entry);
        let place = known.map_or(place, |known| self.values.place(known));
        let list = self.values.list(&items, place);
        self.values.put(into, property, list);
    }

    /// One argument serves two properties: the provider sends it as `GrpcCode` when the group's version is GRPC.
    fn matcher(&mut self, properties: ValueId) {
        let Some(code) = self.values.get(properties, "Matcher") else { return };
        if matches!(self.values.data(code), Data::Map(_)) {
            return;
        }
        let version = self.values.get(properties, "ProtocolVersion");
        let protocol = self.values.get(properties, "Protocol");
        let place = self.values.place(code);
        let is_unknown = |value: Option<ValueId>| value.is_some_and(|value| self.values.is_unknown(value));
        let text = |value: Option<ValueId>| value.and_then(|value| self.values.as_text(value));
        let is_http = matches!(text(protocol), Some("HTTP" | "HTTPS"));
        let key = if text(version).is_some_and(|version| version.eq_ignore_ascii_case("GRPC")) {
            if is_http {
                Some("GrpcCode")
            } else if is_unknown(protocol) {
                None
            } else {
                Some("HttpCode")
            }
        } else if is_unknown(version) && (is_http || is_unknown(protocol)) {
            None
        } else {
            Some("HttpCode")
        };
        // Even whether there is one is open where a plan says nothing.
        let is_guess = self.values.is_unknown(code) && place.origin == Origin::Default;
        let matcher = match key.filter(|_| !is_guess) {
            Some(key) => self.values.map_of(&[(key, code)], place),
            None => self.values.unknown(Unknown::Expression, place),
        };
        self.values.put(properties, "Matcher", matcher);
    }

    /// AWS names the kind of a rule's condition; the provider has a block for each kind.
    fn implied_field(&mut self, condition: ValueId, row: &Row, block: ValueId) {
        let field = match row.property {
            "PathPatternConfig" => "path-pattern",
            "HostHeaderConfig" => "host-header",
            "HttpHeaderConfig" => "http-header",
            "HttpRequestMethodConfig" => "http-request-method",
            "SourceIpConfig" => "source-ip",
            _ => return,
        };
        let anchor = self.values.place(block).anchor;
        let field = self.values.text(field, Place::default_at(anchor));
        self.values.put(condition, "Field", field);
    }

    /// One entry for each address range of each block.
    fn ingress(&mut self, value: ValueId) -> ValueId {
        const RANGES: [(&str, &str); 2] = [("cidr_blocks", "CidrIp"), ("ipv6_cidr_blocks", "CidrIpv6")];
        const COMMON: [(&str, &str); 4] = [
            ("from_port", "FromPort"),
            ("to_port", "ToPort"),
            ("protocol", "IpProtocol"),
            ("description", "Description"),
        ];
        let mut rules = Vec::new();
        for block in self.blocks_of(value) {
            if self.values.is_unknown(block) {
                rules.push(block);
                continue;
            }
            let mut common: Vec<Entry> = Vec::new();
            for (argument, property) in COMMON {
                if let Some(value) = self.values.get(block, argument) {
                    let key = self.values.intern(property);
                    put(&mut common, key, value);
                }
            }
            let place = self.values.place(block);
            for (argument, property) in RANGES {
                let Some(ranges) = self.values.get(block, argument) else { continue };
                let key = self.values.intern(property);
                let items = match self.values.data(ranges) {
                    Data::List(items) => items.to_vec(),
                    Data::Unknown(_) => vec![ranges],
                    _ => Vec::new(),
                };
                for range in items {
                    let mut entries = common.clone();
                    entries.push(Entry { key, value: range });
                    rules.push(self.values.map(&entries, place));
                }
            }
        }
        let place = self.values.place(value);
        self.values.list(&rules, place)
    }
}

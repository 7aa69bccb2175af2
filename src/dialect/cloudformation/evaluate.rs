//! What the functions on text, lists and attributes give.

use super::function::{self, Call, Form, Piece};
use super::resolve::Resolver;
use crate::document::NodeRef;
use crate::model::{Data, Limit, Place, Unknown, ValueId};

/// How long a text that functions put together may become.
const MAX_TEXT: usize = 1 << 20;

/// How many items `Fn::Split` gives.
const MAX_ITEMS: usize = 10_000;

/// Said where a text becomes longer.
const TOO_LONG: Limit = Limit::new("bytes in a text that functions put together", MAX_TEXT);

/// Said where `Fn::Split` would give more.
const TOO_MANY_ITEMS: Limit = Limit::new("items of `Fn::Split`", MAX_ITEMS);

/// A text in the making.
#[derive(Debug, Default)]
struct Assembled {
    /// What is known of it, with `…` for the rest.
    parts: String,
    unknown: Option<Unknown>,
}

impl<'d> Resolver<'_, 'd> {
    fn unknown(&mut self, why: Unknown, place: Place) -> ValueId {
        self.builder.values.unknown(why, place)
    }

    /// The text of an operand, or why there is none. A reference to a resource has a text that only the
    /// deployment knows, and whoever uses that text may be using the resource.
    fn operand(&mut self, value: Option<ValueId>) -> Result<String, Unknown> {
        let Some(value) = value else { return Err(Unknown::Expression) };
        match self.builder.values.data(value) {
            Data::Unknown(why) => Err(why),
            Data::Reference(idx) => {
                self.builder.draft_mut(idx).exported = true;
                Err(Unknown::Computed)
            }
            _ => self.plain_text(value).map(|text| text.into_owned()).ok_or(Unknown::Expression),
        }
    }

    /// A list of operands, or why there is none.
    fn operands(&mut self, value: Option<ValueId>) -> Result<Vec<ValueId>, Unknown> {
        let Some(value) = value else { return Err(Unknown::Expression) };
        match self.builder.values.data(value) {
            Data::List(items) => Ok(items.to_vec()),
            Data::Unknown(why) => Err(why),
            _ => Err(Unknown::Expression),
        }
    }

    fn text_or_unknown(&mut self, text: Result<String, Unknown>, place: Place) -> ValueId {
        match text {
            Ok(text) if text.len() <= MAX_TEXT => self.builder.values.text(&text, place),
            Ok(_) => self.builder.values.give_up(TOO_LONG, place),
            Err(why) => self.unknown(why, place),
        }
    }

    /// Adds to a text in the making: an operand, or a sign that a part is not known.
    fn append(&mut self, text: &mut Assembled, value: Option<ValueId>) {
        match self.operand(value) {
            Ok(operand) => text.parts.push_str(&operand),
            Err(why) => {
                let known = value.and_then(|value| self.builder.values.known_parts(value));
                text.parts.push_str(known.unwrap_or("…"));
                text.unknown = text.unknown.or(Some(why));
            }
        }
        if text.parts.len() > MAX_TEXT {
            text.unknown = Some(Unknown::Limit);
            text.parts.clear();
            if let Some(value) = value {
                let span = self.builder.values.place(value).span;
                self.builder.values.reach(TOO_LONG, span);
            }
        }
    }

    fn assembled(&mut self, text: &Assembled, place: Place) -> ValueId {
        match text.unknown {
            None => self.builder.values.text(&text.parts, place),
            Some(why) if text.parts.contains(char::is_alphanumeric) => {
                self.builder.values.unknown_text(why, &text.parts, place)
            }
            Some(why) => self.unknown(why, place),
        }
    }

    pub(super) fn fn_get_att(&mut self, call: Call<'d>, place: Place) -> ValueId {
        let (name, attribute) = if let Some(text) = self.argument_text(call, place) {
            match text.split_once('.') {
                Some((name, attribute)) => (name.to_string(), Some(attribute.to_string())),
                None => return self.unknown(Unknown::Expression, place),
            }
        } else {
            let mut parts = call.argument.items().take(2).map(|node| {
                let value = self.value(node, place.anchor)?;
                self.plain_text(value).map(|text| text.into_owned())
            });
            let (name, attribute) = (parts.next().flatten(), parts.next().flatten());
            let Some(name) = name else {
                return self.unknown(Unknown::Expression, place);
            };
            (name, attribute)
        };
        self.attribute(&name, attribute.as_deref(), place)
    }

    /// What `Fn::GetAtt` gives: the identity of the resource, or something that only the deployment knows.
    fn attribute(&mut self, name: &str, attribute: Option<&str>, place: Place) -> ValueId {
        let idx = match self.resources.get(name) {
            Some(Some(idx)) => *idx,
            Some(None) => return self.unknown(Unknown::Condition, place),
            None => return self.unknown(Unknown::Expression, place),
        };
        let type_name = self.builder.draft(idx).type_name.as_str();
        if attribute.is_some_and(|attribute| is_identity(type_name, attribute)) {
            if self.is_foreign {
                self.builder.draft_mut(idx).exported = true;
            }
            return self.builder.values.reference(idx, place);
        }
        let output = attribute.and_then(|attribute| attribute.strip_prefix("Outputs."));
        if let Some(value) = output.and_then(|output| self.nested_output(name, output, place)) {
            return value;
        }
        let type_name = self.builder.draft(idx).type_name.as_str();
        let is_output = output.is_some();
        let is_outside = is_output || is_foreign_source(type_name);
        self.builder.draft_mut(idx).exported = true;
        self.unknown(if is_outside { Unknown::Outside } else { Unknown::Computed }, place)
    }

    /// What another stack of the project exports, where it is one only.
    pub(super) fn fn_import_value(&mut self, call: Call<'d>, place: Place) -> ValueId {
        let name = match self.position {
            Some(_) => self.argument(call, place).and_then(|value| self.name_text(value)),
            None => None,
        };
        if let Some(value) = name.and_then(|name| self.imported(&name, place)) {
            return value;
        }
        self.mention(call.argument);
        self.unknown(Unknown::Outside, place)
    }

    pub(super) fn fn_sub(&mut self, call: Call<'d>, place: Place) -> Option<ValueId> {
        let (template, variables) = match call.argument.text() {
            Some(text) if call.form == Form::Tag || function::call(call.argument).is_none() => (text, None),
            _ => {
                let mut items = call.argument.items();
                match items.next().and_then(|template| template.text()) {
                    Some(text) => (text, items.next()),
                    None => {
                        self.mention(call.argument);
                        return Some(self.unknown(Unknown::Expression, place));
                    }
                }
            }
        };
        if template.contains("{{resolve:") {
            self.mention(call.argument);
            return Some(self.unknown(Unknown::Outside, place));
        }
        let template = self.bound(template);
        // A single placeholder gives the thing itself, so that a reference stays one.
        let mut pieces = function::placeholders(&template);
        if let (Some(Piece::Placeholder(name)), None) = (pieces.next(), pieces.next()) {
            return self.placeholder(name, variables, place);
        }
        let mut text = Assembled::default();
        for piece in function::placeholders(&template) {
            match piece {
                Piece::Text(piece) => text.parts.push_str(piece),
                Piece::Escaped(name) => {
                    text.parts.push_str("${");
                    text.parts.push_str(name);
                    text.parts.push('}');
                }
                Piece::Placeholder(name) => {
                    let value = self.placeholder(name, variables, place);
                    self.append(&mut text, value);
                }
            }
        }
        Some(self.assembled(&text, place))
    }

    /// What stands for `${name}`.
    fn placeholder(&mut self, name: &str, variables: Option<NodeRef<'d>>, place: Place) -> Option<ValueId> {
        if let Some(node) = variables.and_then(|variables| variables.get(name)) {
            let value = self.value(node, place.anchor)?;
            return Some(self.builder.values.copy_at(value, place));
        }
        match name.split_once('.') {
            Some((name, attribute)) => Some(self.attribute(name, Some(attribute), place)),
            None => self.named(name, place),
        }
    }

    pub(super) fn fn_join(&mut self, call: Call<'d>, place: Place) -> ValueId {
        let Some((delimiter, list)) = self.pair(call, place) else {
            return self.unknown(Unknown::Expression, place);
        };
        let items = match self.operands(list) {
            Ok(items) => items,
            Err(why) => return self.unknown(why, place),
        };
        if let [single] = items[..]
            && matches!(self.builder.values.data(single), Data::Reference(_))
        {
            return self.builder.values.copy_at(single, place);
        }
        let mut text = Assembled::default();
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.append(&mut text, delimiter);
            }
            self.append(&mut text, Some(item));
        }
        self.assembled(&text, place)
    }

    pub(super) fn fn_select(&mut self, call: Call<'d>, place: Place) -> Option<ValueId> {
        let (index, list) = match self.pair(call, place) {
            Some(pair) => pair,
            None => return Some(self.unknown(Unknown::Expression, place)),
        };
        let items = match self.operands(list) {
            Ok(items) => items,
            Err(why) => return Some(self.unknown(why, place)),
        };
        let index = self.operand(index).ok().and_then(|index| index.trim().parse::<usize>().ok());
        match index.and_then(|index| items.get(index)) {
            Some(item) => Some(self.builder.values.copy_at(*item, place)),
            None => {
                for item in items {
                    let _ = self.operand(Some(item));
                }
                Some(self.unknown(Unknown::Expression, place))
            }
        }
    }

    pub(super) fn fn_split(&mut self, call: Call<'d>, place: Place) -> ValueId {
        let Some((delimiter, text)) = self.pair(call, place) else {
            return self.unknown(Unknown::Expression, place);
        };
        match (self.operand(delimiter), self.operand(text)) {
            (Ok(delimiter), Ok(text)) if !delimiter.is_empty() => {
                if text.split(delimiter.as_str()).nth(MAX_ITEMS).is_some() {
                    return self.builder.values.give_up(TOO_MANY_ITEMS, place);
                }
                let parts = text.split(delimiter.as_str());
                let items: Vec<ValueId> = parts.map(|part| self.builder.values.text(part, place)).collect();
                self.builder.values.list(&items, place)
            }
            (Err(why), _) | (_, Err(why)) => self.unknown(why, place),
            _ => self.unknown(Unknown::Expression, place),
        }
    }

    /// The two arguments of a function; `None` where there are not two.
    fn pair(&mut self, call: Call<'d>, place: Place) -> Option<(Option<ValueId>, Option<ValueId>)> {
        let mut items = call.argument.items();
        match (items.next(), items.next(), items.next()) {
            (Some(first), Some(second), None) => {
                Some((self.value(first, place.anchor), self.value(second, place.anchor)))
            }
            _ => {
                self.mention(call.argument);
                None
            }
        }
    }

    pub(super) fn fn_find_in_map(&mut self, call: Call<'d>, place: Place) -> Option<ValueId> {
        let parts: Vec<NodeRef<'d>> = call.argument.items().take(5).collect();
        let (mapping, first, second, fallback) = match parts[..] {
            [mapping, first, second] => (mapping, first, second, None),
            [mapping, first, second, more] => (mapping, first, second, more.get("DefaultValue")),
            _ => return Some(self.unknown(Unknown::Expression, place)),
        };
        let mut keys = Vec::with_capacity(3);
        for node in [mapping, first, second] {
            let key = self.value(node, place.anchor);
            match self.operand(key) {
                Ok(key) => keys.push(key),
                Err(why) => return Some(self.unknown(why, place)),
            }
        }
        match (self.template.mapped(&keys[0], &keys[1], &keys[2]), fallback) {
            (Some(node), _) => {
                let value = self.value(node, place.anchor)?;
                Some(self.used_at(value, place))
            }
            (None, Some(fallback)) => self.value(fallback, place.anchor),
            (None, None) => Some(self.unknown(Unknown::Expression, place)),
        }
    }

    /// A value from elsewhere, at the place where it is used.
    fn used_at(&mut self, value: ValueId, place: Place) -> ValueId {
        let Data::List(items) = self.builder.values.data(value) else {
            return self.builder.values.copy_at(value, place);
        };
        let items = items.to_vec();
        let items: Vec<ValueId> =
            items.into_iter().map(|item| self.builder.values.copy_at(item, place)).collect();
        self.builder.values.list(&items, place)
    }

    pub(super) fn fn_base64(&mut self, call: Call<'d>, place: Place) -> ValueId {
        let value = self.argument(call, place);
        let text = self.operand(value).map(|text| base64(text.as_bytes()));
        self.text_or_unknown(text, place)
    }

    pub(super) fn fn_length(&mut self, call: Call<'d>, place: Place) -> ValueId {
        let value = self.argument(call, place);
        match self.operands(value) {
            Ok(items) => self.builder.values.int(items.len() as i64, place),
            Err(why) => self.unknown(why, place),
        }
    }

    pub(super) fn fn_to_json_string(&mut self, call: Call<'d>, place: Place) -> ValueId {
        let Some(value) = self.argument(call, place) else {
            return self.unknown(Unknown::Expression, place);
        };
        let text = self.json(value).map(|json| json.to_string());
        self.text_or_unknown(text, place)
    }

    fn json(&mut self, value: ValueId) -> Result<serde_json::Value, Unknown> {
        let values = &self.builder.values;
        Ok(match values.data(value) {
            Data::Null => serde_json::Value::Null,
            Data::Bool(value) => value.into(),
            Data::Int(value) => value.into(),
            Data::Float(value) => value.into(),
            Data::Text(text) => text.into(),
            Data::List(items) => {
                let items = items.to_vec();
                items.into_iter().map(|item| self.json(item)).collect::<Result<_, _>>()?
            }
            Data::Map(entries) => {
                let entries = entries.to_vec();
                let mut map = serde_json::Map::new();
                for entry in entries {
                    let key = self.builder.values.key_text(entry.key).to_string();
                    map.insert(key, self.json(entry.value)?);
                }
                map.into()
            }
            Data::Reference(_) | Data::Unknown(_) => {
                self.operand(Some(value))?;
                return Err(Unknown::Expression);
            }
        })
    }

    /// Repeats the body of `Fn::ForEach` for each item of its collection, with the loop variable bound; whether
    /// all of it is known.
    pub(super) fn for_each(
        &mut self,
        node: NodeRef<'d>,
        mut repeat: impl FnMut(&mut Self, NodeRef<'d>) -> bool,
    ) -> bool {
        let mut items = node.items();
        let parts = (items.next(), items.next(), items.next(), items.next());
        let (Some(variable), Some(collection), Some(body), None) = parts else { return false };
        let Some(variable) = variable.text() else { return false };
        let variable = self.bound(variable);
        let Some(collection) = self.value(collection, node.span()) else { return false };
        let Ok(collection) = self.operands(Some(collection)) else { return false };
        let mut texts = Vec::with_capacity(collection.len());
        for item in collection {
            match self.operand(Some(item)) {
                Ok(text) => texts.push(text),
                Err(_) => return false,
            }
        }
        for text in texts {
            self.bindings.push((variable.clone(), text));
            let is_known = self.is_within_limits(body) && repeat(self, body);
            self.bindings.pop();
            if !is_known {
                return false;
            }
        }
        true
    }
}

/// Whether an attribute is the ARN or id of the resource itself: `Arn`, `Id`, or named after the type.
fn is_identity(type_name: &str, attribute: &str) -> bool {
    if is_foreign_source(type_name) {
        return false;
    }
    let kind = type_name.rsplit("::").next().unwrap_or(type_name);
    match attribute {
        "Arn" | "ARN" | "Id" => true,
        "RuleArn" => kind == "ListenerRule",
        "GroupId" => kind == "SecurityGroup",
        _ => {
            let own = attribute.strip_prefix(kind);
            matches!(own, Some("Arn" | "ARN" | "Id"))
        }
    }
}

/// Whether the attributes of a type are what somebody else makes them: nested stacks, modules, custom resources.
fn is_foreign_source(type_name: &str) -> bool {
    type_name.starts_with("Custom::")
        || type_name.ends_with("::MODULE")
        || matches!(type_name, "AWS::CloudFormation::Stack" | "AWS::CloudFormation::CustomResource")
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            if at <= chunk.len() {
                text.push(char::from(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

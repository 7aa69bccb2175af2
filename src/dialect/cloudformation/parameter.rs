//! Parameters: their types, what they are when nobody says otherwise, and which values are worth trying.

use std::borrow::Cow;

use crate::document::{NodeRef, Scalar, Schema, Typed};

/// How many values of a parameter are tried: one more than there are scenarios, so that what is left out there is told.
const MAX_CHOICES: usize = 65;

/// How many allowed values are tried where a condition looks at a parameter in a roundabout way.
const MAX_ALLOWED: usize = 16;

/// What a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Number,
    List,
    Numbers,
    /// The value of a Systems Manager parameter; the default is only its name.
    Stored,
}

/// A parameter of the template, or a pseudo parameter such as `AWS::Region`.
#[derive(Debug)]
pub(super) struct Parameter<'d> {
    holds: Holds,
    is_pseudo: bool,
    is_secret: bool,
    default: Option<Cow<'d, str>>,
    allowed: Vec<Cow<'d, str>>,
    /// What conditions compare it with.
    compared: Vec<Cow<'d, str>>,
    /// Whether a condition looks at it other than by comparing it with a literal.
    is_inspected: bool,
}

/// What a scenario says of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// It is this text.
    Text(Box<str>),
    /// It is none of the values that the template compares it with.
    Other,
}

/// A parameter's value, ready to be put into the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape<'t> {
    Text(&'t str),
    Number(Typed<'t>),
    /// Parts between commas.
    List(&'t str),
    /// Numbers between commas.
    Numbers(&'t str),
    /// Not to be told from the template.
    Unknown,
}

impl<'d> Parameter<'d> {
    /// A parameter as declared.
    pub(super) fn read(node: NodeRef<'d>) -> Self {
        let kind = node.get("Type").and_then(|kind| kind.text()).unwrap_or("String");
        let holds = match kind {
            "Number" => Holds::Number,
            "CommaDelimitedList" => Holds::List,
            "List<Number>" => Holds::Numbers,
            _ if kind.starts_with("AWS::SSM::Parameter::Value<") => Holds::Stored,
            _ if kind.starts_with("List<") => Holds::List,
            _ => Holds::Text,
        };
        let text = |node: NodeRef<'d>| node.scalar().map(scalar_text);
        let secret = node.get("NoEcho").and_then(|node| node.text());
        Self {
            holds,
            is_pseudo: false,
            is_secret: secret.is_some_and(|text| text.eq_ignore_ascii_case("true")),
            default: node.get("Default").and_then(text),
            allowed: node
                .get("AllowedValues")
                .map_or_else(Vec::new, |all| all.items().filter_map(text).collect()),
            compared: Vec::new(),
            is_inspected: false,
        }
    }

    /// A pseudo parameter; `usual` is its value for nearly everybody.
    pub(super) fn pseudo(usual: Option<&'d str>) -> Self {
        Self {
            holds: Holds::Text,
            is_pseudo: true,
            is_secret: false,
            default: usual.map(Cow::Borrowed),
            allowed: Vec::new(),
            compared: Vec::new(),
            is_inspected: false,
        }
    }

    /// Whether CloudFormation supplies it.
    pub(super) fn is_pseudo(&self) -> bool {
        self.is_pseudo
    }

    /// Whether its value must not be shown (`NoEcho`).
    pub(super) fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Whether it has a value when nobody passes one.
    pub(super) fn has_default(&self) -> bool {
        self.default.is_some() && self.holds != Holds::Stored
    }

    /// A condition compares it with `text`.
    pub(super) fn compare(&mut self, text: Cow<'d, str>) {
        if self.compared.len() < MAX_CHOICES && !self.compared.contains(&text) {
            self.compared.push(text);
        }
    }

    /// A condition looks at it in a roundabout way.
    pub(super) fn inspect(&mut self) {
        self.is_inspected = true;
    }

    /// Whether a condition compares it with `text`.
    pub(super) fn is_compared(&self, text: &str) -> bool {
        self.compared.iter().any(|compared| compared == text)
    }

    /// Its value where no scenario says anything else: the default, or the only value that is allowed.
    pub(super) fn usual(&self) -> Shape<'_> {
        if self.holds == Holds::Stored || self.is_pseudo {
            return Shape::Unknown;
        }
        match (&self.default, &self.allowed[..]) {
            (Some(text), _) | (None, [text]) => self.shape(text),
            _ => Shape::Unknown,
        }
    }

    /// The value that `text` gives.
    pub(super) fn shape<'t>(&self, text: &'t str) -> Shape<'t> {
        match self.holds {
            Holds::Text | Holds::Stored => Shape::Text(text),
            Holds::Number => {
                Shape::Number(Scalar { text, style: crate::document::ScalarStyle::Plain }.typed(Schema::Core))
            }
            Holds::List => Shape::List(text),
            Holds::Numbers => Shape::Numbers(text),
        }
    }

    /// The values that can make a difference to conditions, the usual one first. Values that nothing is compared
    /// with are all alike: one stands for them.
    pub(super) fn choices(&self) -> Vec<Choice> {
        let text = |text: &Cow<'d, str>| Choice::Text(text.as_ref().into());
        let is_list = matches!(self.holds, Holds::List | Holds::Numbers);
        let allowed: &[Cow<'d, str>] = if is_list { &[] } else { &self.allowed };
        let usual = self.default.as_ref().filter(|_| self.has_default());
        let first = usual.or(allowed.first());
        let mut choices = vec![first.map_or(Choice::Other, text)];
        let possible = |value: &&Cow<'d, str>| allowed.is_empty() || allowed.contains(value);
        choices.extend(self.compared.iter().filter(possible).map(text));
        let is_distinguished = first.is_none_or(|first| self.compared.contains(first));
        if self.is_inspected {
            choices.extend(allowed.iter().take(MAX_ALLOWED).map(text));
        } else if is_distinguished {
            choices.extend(allowed.iter().find(|value| !self.compared.contains(value)).map(text));
        }
        if allowed.is_empty() && (is_distinguished || self.is_inspected) {
            choices.push(Choice::Other);
        }
        let mut distinct: Vec<Choice> = Vec::with_capacity(choices.len());
        for choice in choices.into_iter().take(2 * MAX_CHOICES) {
            if !distinct.contains(&choice) {
                distinct.push(choice);
            }
        }
        distinct.truncate(MAX_CHOICES);
        distinct
    }
}

/// The text of a scalar as CloudFormation hands it on: booleans in lower case, everything else as written.
pub(super) fn scalar_text(scalar: Scalar<'_>) -> Cow<'_, str> {
    match scalar.typed(Schema::Core) {
        Typed::Bool(true) => Cow::Borrowed("true"),
        Typed::Bool(false) => Cow::Borrowed("false"),
        _ => Cow::Borrowed(scalar.text),
    }
}

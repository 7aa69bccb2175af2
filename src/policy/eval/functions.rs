//! The functions of the language: what exists, and what they make of their arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use super::super::ast::{Call, Literal, Operand};
use super::super::loader;
use super::super::regex::Regex;
use super::scope::Scope;
use super::value::{Found, Many, Raw, Val, View};
use super::{Eval, Evaluator, Stop};

/// Names and numbers of arguments.
const FUNCTIONS: [(&str, usize); 15] = [
    ("count", 1),
    ("join", 2),
    ("json_parse", 1),
    ("now", 0),
    ("parse_boolean", 1),
    ("parse_char", 1),
    ("parse_epoch", 1),
    ("parse_float", 1),
    ("parse_int", 1),
    ("parse_string", 1),
    ("regex_replace", 3),
    ("substring", 3),
    ("to_lower", 1),
    ("to_upper", 1),
    ("url_decode", 1),
];

/// What is wrong with a call.
#[derive(Debug)]
pub(in super::super) struct CallProblem {
    pub(in super::super) message: String,
    pub(in super::super) help: Option<String>,
}

/// Whether a function exists and takes `n` arguments.
pub(in super::super) fn check(name: &str, n: usize) -> Result<(), CallProblem> {
    let Some((_, wants)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
        let near = FUNCTIONS.iter().map(|(known, _)| (strsim::jaro_winkler(name, known), *known));
        let near = near.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
        let all: Vec<&str> = FUNCTIONS.iter().map(|(known, _)| *known).collect();
        let help = match near {
            Some((_, known)) => format!("did you mean `{known}`?"),
            None => format!("the functions are {}", all.join(", ")),
        };
        return Err(CallProblem { message: format!("there is no function `{name}`"), help: Some(help) });
    };
    if n == *wants {
        return Ok(());
    }
    let words = match wants {
        0 => "no argument".to_string(),
        1 => "one argument".to_string(),
        n => format!("{n} arguments"),
    };
    Err(CallProblem { message: format!("function `{name}` takes {words}, not {n}"), help: None })
}

impl<'e> Evaluator<'e> {
    /// The results of a function call.
    pub(super) fn function(&self, call: &'e Call, scope: &Scope<'_, 'e>) -> Eval<Many<'e>> {
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            arguments.push(match argument {
                Operand::Literal(literal) => Many::from_elem(Found::Literal(&literal.value), 1),
                Operand::Query(query) => self.query(query, scope)?,
                Operand::Call(call) => self.deeper(|| self.function(call, scope))?,
            });
        }
        let call = Arguments { name: &call.name.value, all: &arguments, at: scope.root };
        match call.name {
            "now" => {
                let now =
                    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
                Ok(Many::from_elem(self.make(scope.root, Literal::Int(now)), 1))
            }
            "count" => Ok(Many::from_elem(self.count(&call), 1)),
            "join" => self.join(&call),
            "substring" => self.substring(&call),
            "regex_replace" => self.regex_replace(&call),
            name => self.map(&call, |value, view| one(name, value, view)),
        }
    }

    fn make(&self, from: Val<'e>, literal: Literal) -> Found<'e> {
        Found::Resolved(from.with(Raw::Made(self.made.keep(literal))))
    }

    /// Every resolved input through `make`; `None` skips it.
    fn map(
        &self,
        call: &Arguments<'_, 'e>,
        mut make: impl FnMut(Val<'e>, View<'e>) -> Eval<Option<Literal>>,
    ) -> Eval<Many<'e>> {
        let mut out = Many::new();
        for found in &call.all[0] {
            let Some(value) = found.value() else {
                if matches!(found, Found::Undecided(_)) {
                    out.push(*found);
                }
                continue;
            };
            self.comparer.step()?;
            match self.view(value.raw) {
                View::Reference(_) | View::Unknown => out.push(Found::Undecided(value)),
                view => {
                    if let Some(literal) = make(value, view)? {
                        out.push(self.make(value, literal));
                    }
                }
            }
        }
        Ok(out)
    }

    fn count(&self, call: &Arguments<'_, 'e>) -> Found<'e> {
        if let Some(open) = call.all[0].iter().find(|found| matches!(found, Found::Undecided(_))) {
            return *open;
        }
        let n = call.all[0].iter().filter(|found| found.value().is_some()).count();
        let from = call.all[0].iter().find_map(|found| found.value()).unwrap_or(call.at);
        self.make(from, Literal::Int(n as i64))
    }

    fn join(&self, call: &Arguments<'_, 'e>) -> Eval<Many<'e>> {
        let delimiter = match self.first(call, 1)? {
            First::Undecided(open) => return Ok(Many::from_elem(open, 1)),
            First::Value(value) => match self.view(value.raw) {
                View::Text(text) => text.to_string(),
                View::Char(c) => c.to_string(),
                _ => return Err(call.bad("its delimiter must be text")),
            },
        };
        let mut texts = Vec::new();
        let mut open = None;
        for found in &call.all[0] {
            match found.value().map(|value| (value, self.view(value.raw))) {
                Some((_, View::Text(text))) => texts.push(text),
                Some((value, View::Reference(_) | View::Unknown)) => open = Some(Found::Undecided(value)),
                None if matches!(found, Found::Undecided(_)) => open = Some(*found),
                _ => return Err(Stop::problem("`join` takes texts only")),
            }
        }
        if let Some(open) = open {
            return Ok(Many::from_elem(open, 1));
        }
        let from = call.all[0].iter().find_map(|found| found.value()).unwrap_or(call.at);
        Ok(Many::from_elem(self.make(from, Literal::Text(texts.join(&delimiter))), 1))
    }

    fn substring(&self, call: &Arguments<'_, 'e>) -> Eval<Many<'e>> {
        let mut bounds = [0_usize; 2];
        for (idx, bound) in bounds.iter_mut().enumerate() {
            let number = match self.first(call, idx + 1)? {
                First::Undecided(open) => return Ok(Many::from_elem(open, 1)),
                First::Value(value) => match self.view(value.raw) {
                    View::Int(value) => value,
                    View::Float(value) => value as i64,
                    _ => return Err(call.bad("its bounds must be numbers")),
                },
            };
            *bound = usize::try_from(number).map_err(|_| call.bad("its bounds must not be negative"))?;
        }
        let [from, to] = bounds;
        self.map(call, |_, view| {
            let View::Text(text) = view else { return Ok(None) };
            if from >= to || text.chars().count() < to {
                return Ok(None);
            }
            Ok(Some(Literal::Text(text.chars().skip(from).take(to - from).collect())))
        })
    }

    fn regex_replace(&self, call: &Arguments<'_, 'e>) -> Eval<Many<'e>> {
        let mut texts = [""; 2];
        for (idx, text) in texts.iter_mut().enumerate() {
            *text = match self.first(call, idx + 1)? {
                First::Undecided(open) => return Ok(Many::from_elem(open, 1)),
                First::Value(value) => match self.view(value.raw) {
                    View::Text(text) => text,
                    _ => return Err(call.bad("its pattern and replacement must be text")),
                },
            };
        }
        let regex = Regex::new(texts[0]).map_err(|why| call.bad(&why))?;
        self.map(call, |_, view| match view {
            View::Text(text) => {
                Ok(Some(Literal::Text(regex.expand_matches(text, texts[1]).map_err(Stop::abort)?)))
            }
            _ => Ok(None),
        })
    }

    /// The first result of an argument.
    fn first(&self, call: &Arguments<'_, 'e>, idx: usize) -> Eval<First<'e>> {
        match call.all[idx].first() {
            Some(open @ Found::Undecided(_)) => Ok(First::Undecided(*open)),
            Some(found) => match found.value() {
                Some(value) if matches!(self.view(value.raw), View::Reference(_)) => {
                    Ok(First::Undecided(Found::Undecided(value)))
                }
                Some(value) => Ok(First::Value(value)),
                None => Err(call.bad("an argument does not resolve")),
            },
            None => Err(call.bad("an argument selects nothing")),
        }
    }
}

struct Arguments<'a, 'e> {
    name: &'a str,
    all: &'a [Many<'e>],
    at: Val<'e>,
}

impl Arguments<'_, '_> {
    fn bad(&self, why: &str) -> Stop {
        Stop::abort(format!("`{}` cannot be evaluated: {why}", self.name))
    }
}

enum First<'e> {
    Value(Val<'e>),
    Undecided(Found<'e>),
}

/// The functions of one value.
fn one(name: &str, _: Val<'_>, view: View<'_>) -> Eval<Option<Literal>> {
    let problem = |what: &str| Stop::problem(format!("`{name}` cannot read {what}"));
    Ok(match (name, view) {
        ("to_lower", View::Text(text)) => Some(Literal::Text(text.to_lowercase())),
        ("to_upper", View::Text(text)) => Some(Literal::Text(text.to_uppercase())),
        ("url_decode", View::Text(text)) => percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .ok()
            .map(|text| Literal::Text(text.into_owned())),
        ("json_parse", View::Text(text)) => Some(
            loader::parse_literal(text)
                .map_err(|why| Stop::abort(format!("`json_parse` cannot read its input: {why}")))?,
        ),
        ("parse_epoch", View::Text(text)) => {
            Some(Literal::Int(epoch(text).ok_or_else(|| problem("the time"))?))
        }
        ("parse_int", View::Text(text)) => {
            Some(Literal::Int(text.parse().map_err(|_| problem(&format!("`{text}`")))?))
        }
        ("parse_int", View::Int(value)) => Some(Literal::Int(value)),
        ("parse_int", View::Float(value)) => Some(Literal::Int(value as i64)),
        ("parse_int", View::Char(c)) => {
            Some(Literal::Int(i64::from(c.to_digit(10).ok_or_else(|| problem(&format!("`{c}`")))?)))
        }
        ("parse_float", View::Text(text)) => {
            Some(Literal::Float(text.parse().map_err(|_| problem(&format!("`{text}`")))?))
        }
        ("parse_float", View::Int(value)) => Some(Literal::Float(value as f64)),
        ("parse_float", View::Float(value)) => Some(Literal::Float(value)),
        ("parse_float", View::Char(c)) => {
            Some(Literal::Float(f64::from(c.to_digit(10).ok_or_else(|| problem(&format!("`{c}`")))?)))
        }
        ("parse_boolean", View::Bool(value)) => Some(Literal::Bool(value)),
        ("parse_boolean", View::Text(text)) => match text.to_lowercase().as_str() {
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            _ => return Err(problem(&format!("`{text}`"))),
        },
        ("parse_string", View::Bool(value)) => Some(Literal::Text(value.to_string())),
        ("parse_string", View::Int(value)) => Some(Literal::Text(value.to_string())),
        ("parse_string", View::Float(value)) => Some(Literal::Text(value.to_string())),
        ("parse_string", View::Text(text)) => Some(Literal::Text(text.to_string())),
        ("parse_string" | "parse_char", View::Char(c)) => Some(Literal::Text(c.to_string())),
        ("parse_char", View::Int(value)) => {
            let digit = u32::try_from(value).ok().and_then(|value| char::from_digit(value, 10));
            Some(Literal::Char(digit.ok_or_else(|| problem(&format!("`{value}`")))?))
        }
        ("parse_char", View::Text(text)) => match text.as_bytes() {
            [] => None,
            [_] => text.chars().next().map(Literal::Char),
            _ => return Err(problem(&format!("`{text}`"))),
        },
        _ => None,
    })
}

/// Seconds since 1970 of an RFC 3339 time.
fn epoch(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let is = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|byte| wanted.contains(byte));
    let has_shape = digits(0..4)
        && is(4, b"-")
        && digits(5..7)
        && is(7, b"-")
        && digits(8..10)
        && is(10, b"Tt ")
        && digits(11..13)
        && is(13, b":")
        && digits(14..16)
        && is(16, b":")
        && digits(17..19);
    if !has_shape {
        return None;
    }
    let zone = text[19..].trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let has_zone = matches!(zone, "Z" | "z")
        || zone.len() == 6 && zone.starts_with(['+', '-']) && zone.as_bytes()[3] == b':';
    let upper = text.to_ascii_uppercase().replacen(' ', "T", 1);
    if has_zone { upper.parse::<jiff::Timestamp>().ok().map(|time| time.as_second()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(epoch("1970-01-01T00:00:10Z"), Some(10));
        assert_eq!(epoch("1970-01-01T01:00:00.5+01:00"), Some(0));
        assert_eq!(epoch("1970-01-01"), None);
        assert_eq!(epoch("1970-01-01T00:00:00"), None);
        assert_eq!(epoch("1970-13-01T00:00:00Z"), None);
    }

    #[test]
    fn unknown_functions_are_explained() {
        let problem = check("to_lowr", 1).expect_err("there is no such function");
        assert_eq!(problem.help.as_deref(), Some("did you mean `to_lower`?"));
        let problem = check("join", 1).expect_err("it takes two arguments");
        assert_eq!(problem.message, "function `join` takes 2 arguments, not 1");
    }
}

//! A recursive descent parser for expressions, with a limit on nesting.

use super::template::parts;
use super::{Binary, Expression, For, Kind, Part, Step, Unary};
use crate::syntax::{closing_brace, heredoc_length};

/// How deep expressions may nest.
const MAX_DEPTH: u32 = 48;

/// Reads one expression of a text.
pub(super) struct Parser<'t> {
    text: &'t str,
    at: usize,
    end: usize,
    depth: u32,
}

impl<'t> Parser<'t> {
    /// A parser of `text[at..end]`, which stands `depth` levels deep.
    pub(super) fn new(text: &'t str, at: usize, end: usize, depth: u32) -> Self {
        Self { text, at, end, depth }
    }

    /// The expression that fills the range; `None` when anything is not understood.
    pub(super) fn whole(mut self) -> Option<Expression> {
        let expression = self.expression()?;
        self.space();
        (self.at == self.end).then_some(expression)
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes()[..self.end].get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..self.end]
    }

    fn space(&mut self) {
        loop {
            while self.byte().is_some_and(|byte| byte.is_ascii_whitespace()) {
                self.at += 1;
            }
            let rest = self.rest();
            if rest.starts_with('#') || rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            } else {
                return;
            }
        }
    }

    /// Takes a token when it is next.
    fn take(&mut self, token: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Takes a token when it stands directly here: a line break may end an entry of an object.
    fn take_here(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Takes a word when it is next and ends there.
    fn take_word(&mut self, word: &str) -> bool {
        self.space();
        let rest = self.rest();
        let found =
            rest.strip_prefix(word).is_some_and(|after| !after.starts_with(|next: char| is_name_part(next)));
        if found {
            self.at += word.len();
        }
        found
    }

    fn name(&mut self) -> Option<String> {
        self.space();
        let rest = self.rest();
        if !rest.starts_with(|first: char| first.is_alphabetic() || first == '_') {
            return None;
        }
        let length = rest.find(|next: char| !is_name_part(next)).unwrap_or(rest.len());
        self.at += length;
        Some(rest[..length].to_string())
    }

    fn make(&self, kind: Kind, start: usize) -> Expression {
        Expression { kind, start: start as u32, end: self.at as u32 }
    }

    fn expression(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.space();
        let start = self.at;
        let mut found = self.binary(0)?;
        if self.take("?") {
            let then = self.expression()?;
            if !self.take(":") {
                return None;
            }
            let otherwise = self.expression()?;
            let kind = Kind::Conditional(Box::new(found), Box::new(then), Box::new(otherwise));
            found = self.make(kind, start);
        }
        self.depth -= 1;
        Some(found)
    }

    /// Operators of at least this binding strength, left to right.
    fn binary(&mut self, strength: u8) -> Option<Expression> {
        self.space();
        let start = self.at;
        let mut left = self.unary()?;
        let mut steps = 0;
        while let Some((operator, own, token)) = self.operator(strength) {
            // A long chain is as deep a tree as nesting is.
            steps += 1;
            if steps > MAX_DEPTH {
                return None;
            }
            self.at += token.len();
            let right = self.binary(own + 1)?;
            left = self.make(Kind::Binary(operator, Box::new(left), Box::new(right)), start);
        }
        Some(left)
    }

    fn operator(&mut self, strength: u8) -> Option<(Binary, u8, &'static str)> {
        const OPERATORS: [(Binary, u8, &str); 13] = [
            (Binary::Or, 0, "||"),
            (Binary::And, 1, "&&"),
            (Binary::Equal, 2, "=="),
            (Binary::NotEqual, 2, "!="),
            (Binary::LessEqual, 3, "<="),
            (Binary::GreaterEqual, 3, ">="),
            (Binary::Less, 3, "<"),
            (Binary::Greater, 3, ">"),
            (Binary::Add, 4, "+"),
            (Binary::Subtract, 4, "-"),
            (Binary::Multiply, 5, "*"),
            (Binary::Divide, 5, "/"),
            (Binary::Remainder, 5, "%"),
        ];
        self.space();
        let rest = self.rest();
        OPERATORS.into_iter().find(|(_, own, token)| *own >= strength && rest.starts_with(token))
    }

    fn unary(&mut self) -> Option<Expression> {
        self.space();
        let start = self.at;
        let operator = match self.byte()? {
            b'!' => Unary::Not,
            b'-' => Unary::Minus,
            _ => return self.postfix(),
        };
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let operand = self.unary()?;
        self.depth -= 1;
        Some(self.make(Kind::Unary(operator, Box::new(operand)), start))
    }

    fn postfix(&mut self) -> Option<Expression> {
        self.space();
        let start = self.at;
        let mut found = self.primary()?;
        let mut steps = 0;
        loop {
            // A long chain is as deep a tree as nesting is.
            steps += 1;
            if steps > MAX_DEPTH {
                return None;
            }
            if self.rest().starts_with("...") {
                return Some(found);
            }
            if self.take_here(".*") {
                let steps = self.splat_steps(false)?;
                found = self.make(Kind::Splat(Box::new(found), steps), start);
            } else if self.take_here(".") {
                found = self.attribute(found, start)?;
            } else if self.take_here("[*]") {
                let steps = self.splat_steps(true)?;
                found = self.make(Kind::Splat(Box::new(found), steps), start);
            } else if self.take_here("[") {
                let key = self.expression()?;
                if !self.take("]") {
                    return None;
                }
                found = self.make(Kind::Index(Box::new(found), Box::new(key)), start);
            } else {
                return Some(found);
            }
        }
    }

    /// `.name`, or the old `.0`.
    fn attribute(&mut self, base: Expression, start: usize) -> Option<Expression> {
        if let Some(name) = self.name() {
            return Some(self.make(Kind::Attribute(Box::new(base), name), start));
        }
        let key_start = self.at;
        let key = self.digits()?.parse().ok()?;
        let key = self.make(Kind::Int(key), key_start);
        Some(self.make(Kind::Index(Box::new(base), Box::new(key)), start))
    }

    fn digits(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let length = rest.find(|next: char| !next.is_ascii_digit()).unwrap_or(rest.len());
        self.at += length;
        (length > 0).then(|| &rest[..length])
    }

    /// What follows a splat; an index belongs to the items only behind `[*]`.
    fn splat_steps(&mut self, full: bool) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        while steps.len() < MAX_DEPTH as usize {
            let before = self.at;
            if !self.rest().starts_with("...") && self.take_here(".") {
                match self.name() {
                    Some(name) => steps.push(Step::Attribute(name)),
                    None => {
                        self.at = before;
                        return Some(steps);
                    }
                }
            } else if full && !self.rest().starts_with("[*]") && self.take_here("[") {
                let key = self.expression()?;
                if !self.take("]") {
                    return None;
                }
                steps.push(Step::Index(key));
            } else {
                return Some(steps);
            }
        }
        None
    }

    fn primary(&mut self) -> Option<Expression> {
        let start = self.at;
        match self.byte()? {
            b'(' => {
                self.at += 1;
                let inner = self.expression()?;
                self.take(")").then_some(inner)
            }
            b'[' => self.list(start),
            b'{' => self.object(start),
            b'"' => self.quoted(start),
            b'<' => self.heredoc(start),
            b'0'..=b'9' => self.number(start),
            _ => self.named(start),
        }
    }

    fn named(&mut self, start: usize) -> Option<Expression> {
        let name = self.name()?;
        // NOTE: provider functions (`provider::aws::arn_build(…)`) are not understood.
        if self.rest().starts_with("::") {
            return None;
        }
        let kind = match name.as_str() {
            "null" => Kind::Null,
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            _ if self.take_here("(") => {
                let (arguments, expand) = self.arguments()?;
                Kind::Call { name, arguments, expand }
            }
            _ => Kind::Name(name),
        };
        Some(self.make(kind, start))
    }

    fn arguments(&mut self) -> Option<(Vec<Expression>, bool)> {
        let mut arguments = Vec::new();
        loop {
            if self.take(")") {
                return Some((arguments, false));
            }
            arguments.push(self.expression()?);
            if self.take("...") {
                return self.take(")").then_some((arguments, true));
            }
            if !self.take(",") {
                return self.take(")").then_some((arguments, false));
            }
        }
    }

    fn number(&mut self, start: usize) -> Option<Expression> {
        let bytes = self.text.as_bytes();
        self.digits()?;
        let mut whole = true;
        if self.byte() == Some(b'.')
            && bytes[..self.end].get(self.at + 1).is_some_and(|byte| byte.is_ascii_digit())
        {
            whole = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            whole = false;
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        let kind = match text.parse::<i64>() {
            Ok(number) if whole => Kind::Int(number),
            _ => Kind::Float(text.parse().ok()?),
        };
        Some(self.make(kind, start))
    }

    fn quoted(&mut self, start: usize) -> Option<Expression> {
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        loop {
            match *bytes[..self.end].get(end)? {
                b'"' => break,
                b'\\' => end += 2,
                b'$' | b'%' if bytes.get(end + 1) == Some(&b'{') && bytes[end - 1] != bytes[end] => {
                    end = closing_brace(bytes, end + 2, self.end)? + 1;
                }
                b'\n' => return None,
                _ => end += 1,
            }
        }
        if self.depth >= MAX_DEPTH || end > self.end {
            return None;
        }
        let mut found = parts(self.text, start + 1, end, self.depth);
        for part in &mut found {
            if let Part::Text(text, _) = part
                && text.contains('\\')
            {
                *text = unescape(text)?;
            }
        }
        self.at = end + 1;
        Some(self.make(Kind::Template(found), start))
    }

    /// `<<WORD`, the lines of a text, and the line that is nothing but the word.
    fn heredoc(&mut self, start: usize) -> Option<Expression> {
        let written = self.rest();
        let length = written.starts_with("<<").then(|| heredoc_length(written.as_bytes()))??;
        let (from, to) = (written.find('\n')? + 1, written[..length].rfind('\n')? + 1);
        if self.depth >= MAX_DEPTH {
            return None;
        }
        let found = parts(self.text, start + from, start + to, self.depth);
        self.at = start + length;
        let kind = if written.starts_with("<<-") { unindented(found, &written[from..to]) } else { found };
        Some(self.make(Kind::Template(kind), start))
    }

    fn list(&mut self, start: usize) -> Option<Expression> {
        self.at += 1;
        if self.take_word("for") {
            return self.for_items(start, "]");
        }
        let mut items = Vec::new();
        loop {
            if self.take("]") {
                break;
            }
            items.push(self.expression()?);
            if !self.take(",") {
                if !self.take("]") {
                    return None;
                }
                break;
            }
        }
        Some(self.make(Kind::List(items), start))
    }

    fn object(&mut self, start: usize) -> Option<Expression> {
        self.at += 1;
        if self.take_word("for") {
            return self.for_items(start, "}");
        }
        let mut entries = Vec::new();
        while !self.take("}") {
            let key = self.object_key()?;
            if !(self.take("=") || self.take(":")) {
                return None;
            }
            let value = self.expression()?;
            entries.push((key, value));
            self.take(",");
        }
        Some(self.make(Kind::Object(entries), start))
    }

    /// A bare word is a text; anything else an expression.
    fn object_key(&mut self) -> Option<Expression> {
        self.space();
        let start = self.at;
        if let Some(name) = self.name() {
            let end = self.at;
            self.space();
            let rest = self.rest();
            if rest.starts_with(':') || (rest.starts_with('=') && !rest.starts_with("==")) {
                let part = Part::Text(name, start as u32);
                return Some(Expression {
                    kind: Kind::Template(vec![part]),
                    start: start as u32,
                    end: end as u32,
                });
            }
            self.at = start;
        }
        self.expression()
    }

    fn for_items(&mut self, start: usize, close: &str) -> Option<Expression> {
        let first = self.name()?;
        let (key, value) = if self.take(",") { (Some(first), self.name()?) } else { (None, first) };
        if !self.take_word("in") {
            return None;
        }
        let collection = self.expression()?;
        if !self.take(":") {
            return None;
        }
        let mut item = self.expression()?;
        let mut item_key = None;
        if close == "}" {
            if !self.take("=>") {
                return None;
            }
            item_key = Some(item);
            item = self.expression()?;
        }
        let grouped = self.take("...");
        let condition = if self.take_word("if") { Some(self.expression()?) } else { None };
        if !self.take(close) {
            return None;
        }
        let each = For { key, value, collection, item_key, item, grouped, condition };
        Some(self.make(Kind::For(Box::new(each)), start))
    }
}

/// The pieces of a text without the blanks that all of its lines begin with.
fn unindented(parts: Vec<Part>, text: &str) -> Vec<Part> {
    let indent_of = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let lines = text.split('\n').filter(|line| !line.trim().is_empty());
    let indent = lines.map(indent_of).min().unwrap_or(0);
    let mut is_line_start = true;
    let mut cut = Vec::with_capacity(parts.len());
    for part in parts {
        let Part::Text(text, mut start) = part else {
            is_line_start = false;
            cut.push(part);
            continue;
        };
        for line in text.split_inclusive('\n') {
            let blanks = if is_line_start { indent.min(indent_of(line)) } else { 0 };
            cut.push(Part::Text(line[blanks..].to_string(), start + blanks as u32));
            start += line.len() as u32;
            is_line_start = line.ends_with('\n');
        }
    }
    cut
}

fn is_name_part(next: char) -> bool {
    next.is_alphanumeric() || matches!(next, '_' | '-')
}

/// The escapes of a quoted string.
fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        if next != '\\' {
            out.push(next);
            continue;
        }
        let digits = match rest.next()? {
            'n' => {
                out.push('\n');
                continue;
            }
            'r' => {
                out.push('\r');
                continue;
            }
            't' => {
                out.push('\t');
                continue;
            }
            escaped @ ('"' | '\\') => {
                out.push(escaped);
                continue;
            }
            'u' => 4,
            'U' => 8,
            _ => return None,
        };
        let code: String = rest.by_ref().take(digits).collect();
        out.push(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32)?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Expression> {
        Parser::new(text, 0, text.len(), 0).whole()
    }

    /// The expression with every grouping written out.
    fn show(expression: &Expression) -> String {
        let list = |items: &[Expression]| items.iter().map(show).collect::<Vec<_>>().join(", ");
        match &expression.kind {
            Kind::Null => "null".to_string(),
            Kind::Bool(value) => value.to_string(),
            Kind::Int(value) => value.to_string(),
            Kind::Float(value) => format!("{value:?}"),
            Kind::Template(parts) => {
                let shown = parts.iter().map(|part| match part {
                    Part::Text(text, _) => text.clone(),
                    Part::Expression(inner) => format!("${{{}}}", show(inner)),
                    Part::Opaque(..) => "?".to_string(),
                });
                format!("\"{}\"", shown.collect::<String>())
            }
            Kind::Name(name) => name.clone(),
            Kind::Attribute(base, name) => format!("{}.{name}", show(base)),
            Kind::Index(base, key) => format!("{}[{}]", show(base), show(key)),
            Kind::Splat(base, steps) => format!("{}[*]+{}", show(base), steps.len()),
            Kind::Call { name, arguments, expand } => {
                format!("{name}({}{})", list(arguments), if *expand { "..." } else { "" })
            }
            Kind::Unary(operator, operand) => format!("({operator:?} {})", show(operand)),
            Kind::Binary(operator, a, b) => format!("({} {operator:?} {})", show(a), show(b)),
            Kind::Conditional(a, b, c) => format!("({} ? {} : {})", show(a), show(b), show(c)),
            Kind::List(items) => format!("[{}]", list(items)),
            Kind::Object(entries) => {
                let shown: Vec<String> =
                    entries.iter().map(|(key, value)| format!("{} = {}", show(key), show(value))).collect();
                format!("{{{}}}", shown.join(", "))
            }
            Kind::For(each) => format!("for {} in {}", each.value, show(&each.collection)),
        }
    }

    fn check(text: &str, expected: &str) {
        let found = parse(text).as_ref().map_or_else(|| "nothing".to_string(), show);
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn expressions() {
        check("aws_lb.main.arn", "aws_lb.main.arn");
        check("aws_lb.main[0].arn", "aws_lb.main[0].arn");
        check("aws_lb.main.0.arn", "aws_lb.main[0].arn");
        check("aws_lb.main[\"a b\"].arn", "aws_lb.main[\"a b\"].arn");
        check("aws_lb.main[*].arn", "aws_lb.main[*]+1");
        check("aws_lb.main.*.arn[0]", "aws_lb.main[*]+1[0]");
        check("1 + 2 * 3 - 4", "((1 Add (2 Multiply 3)) Subtract 4)");
        check("!var.a && var.b || c.d", "(((Not var.a) And var.b) Or c.d)");
        check("a.b == \"x\" ? 1 : f(2, [3,], {})", "((a.b Equal \"x\") ? 1 : f(2, [3], {}))");
        check("{a = 1, \"b\" : 2\n c = 3}", "{\"a\" = 1, \"b\" = 2, \"c\" = 3}");
        check("{(var.k) = 1}", "{var.k = 1}");
        check("[for k, v in var.m : v if v != \"\"]", "for v in var.m");
        check("{for s in var.l : s => upper(s)}", "for s in var.l");
        check("merge(var.list...)", "merge(var.list...)");
        check("\"a\\\"b-${var.x}\"", "\"a\"b-${var.x}\"");
        check("1.5e3", "1500.0");
        check("-1", "(Minus 1)");
        check("f(<<E\na${b}\nE\n)", "f(\"a${b}\n\")");
        check("f(<<-E\n  a\n    ${b} c\n  E\n, 1)", "f(\"a\n  ${b} c\n\", 1)");
        check("f( # it's }\n a /* ) */)", "f(a)");
    }

    #[test]
    fn what_is_not_understood_gives_nothing() {
        for text in ["", "1 +", "a..b", "f(", "[1", "{a}", "a ? b", "@", "provider::x::y()", "\"a", "a b"] {
            check(text, "nothing");
        }
    }

    #[test]
    fn nesting_is_limited() {
        for text in ["(", "[", "!", "-", "f(", "a?b:", "{a="] {
            assert_eq!(parse(&text.repeat(10_000)), None);
        }
        let closed = format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000));
        assert_eq!(parse(&closed), None);
        assert_eq!(parse(&format!("a{}", ".b".repeat(10_000))), None);
        assert_eq!(parse(&format!("1{}", " + 1".repeat(10_000))), None);
        assert!(parse(&format!("1{}", " + 1".repeat(20))).is_some());
    }
}

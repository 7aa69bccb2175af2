//! Expressions: literals and constructors become nodes, everything else is one text.
//!
//! Operators are told from operands, but not weighed: what binds how is of no account here.

use super::text::Within;
use super::{Lines, Reader};
use crate::document::{NodeId, ScalarStyle};
use crate::syntax::Stop;

/// Operators between operands, the longer of two with one beginning first.
const OPERATORS: [&str; 13] = ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%"];

/// Whether nodes are made of what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Make {
    Nodes,
    Nothing,
}

/// What an operand is, when nothing else belongs to it.
enum Operand {
    /// A node that was made.
    Node(NodeId),
    /// A number without a sign.
    Number,
    /// Anything else.
    Text,
}

impl Reader<'_> {
    /// Reads an expression as a node.
    pub(super) fn node(&mut self, lines: Lines) -> Result<NodeId, Stop> {
        let start = self.at;
        let (found, end) = self.operands(lines, Make::Nodes)?;
        self.counted(start as u32)?;
        match found {
            Operand::Node(node) => Ok(node),
            Operand::Number => self.verbatim(start, end),
            Operand::Text => {
                self.scratch.clear();
                self.scratch.push_str("${");
                self.scratch.push_str(&self.text[start..end]);
                self.scratch.push('}');
                let text = std::mem::take(&mut self.scratch);
                let node = self.builder.decoded(ScalarStyle::Expression, start as u32, end as u32, &text);
                self.scratch = text;
                Ok(node)
            }
        }
    }

    /// Reads an expression of which nothing is kept.
    pub(super) fn expression(&mut self, lines: Lines) -> Result<(), Stop> {
        self.operands(lines, Make::Nothing).map(drop)
    }

    /// Reads operands and what joins them; gives the end of the last, and what it is where it stands alone.
    fn operands(&mut self, lines: Lines, make: Make) -> Result<(Operand, usize), Stop> {
        let mut signs = 0;
        let mut first = true;
        loop {
            while let Some(b'!' | b'-') = self.peek() {
                self.at += 1;
                signs += 1;
                self.space(Lines::Skip)?;
            }
            let start = self.at;
            let operand = self.operand(if first && signs == 0 { make } else { Make::Nothing })?;
            let bare_end = self.at;
            let end = self.steps(lines)?;
            self.space(lines)?;
            let is_conditional = self.peek() == Some(b'?');
            let operator = OPERATORS.into_iter().find(|operator| self.starts_with(operator));
            if !is_conditional && operator.is_none() {
                let is_alone = first && end == bare_end;
                let is_signed = signs == 1 && self.bytes[start - 1] == b'-';
                let found = match operand {
                    Operand::Node(node) if is_alone => Operand::Node(node),
                    Operand::Number if is_alone && (signs == 0 || is_signed) => Operand::Number,
                    _ => Operand::Text,
                };
                return Ok((found, end));
            }
            first = false;
            if is_conditional {
                self.at += 1;
                self.space(Lines::Skip)?;
                self.enter(1)?;
                self.expression(lines)?;
                self.depth -= 1;
                self.space(Lines::Skip)?;
                if self.peek() != Some(b':') {
                    return Err(self.fail(format!("expected `:` of a conditional, found {}", self.found())));
                }
                self.at += 1;
            } else {
                self.at += operator.map_or(0, str::len);
            }
            self.space(Lines::Skip)?;
        }
    }

    fn operand(&mut self, make: Make) -> Result<Operand, Stop> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => {
                let is_verbatim = self.quoted(Within::String)?;
                Ok(match make {
                    Make::Nodes => Operand::Node(self.string_node(start, is_verbatim)),
                    Make::Nothing => Operand::Text,
                })
            }
            Some(b'<') if self.starts_with("<<") => {
                self.heredoc()?;
                Ok(match make {
                    Make::Nodes => Operand::Node(self.heredoc_node(start)),
                    Make::Nothing => Operand::Text,
                })
            }
            Some(b'0'..=b'9') => {
                self.number()?;
                Ok(Operand::Number)
            }
            Some(b'(') => {
                self.opened(|reader| {
                    reader.space(Lines::Skip)?;
                    reader.expression(Lines::Skip)?;
                    reader.close(start, b')', "parenthesis")
                })?;
                Ok(Operand::Text)
            }
            Some(b'[') => self.opened(|reader| reader.tuple(start, make)),
            Some(b'{') => self.opened(|reader| reader.object(start, make)),
            _ => self.word(make),
        }
    }

    /// Does work one level deeper, behind the bracket that stands here.
    fn opened<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        self.enter(1)?;
        self.at += 1;
        let done = work(self)?;
        self.depth -= 1;
        Ok(done)
    }

    /// Takes a closing bracket.
    fn close(&mut self, opened: usize, bracket: u8, what: &str) -> Result<(), Stop> {
        self.space(Lines::Skip)?;
        if self.peek() == Some(bracket) {
            self.at += 1;
            return Ok(());
        }
        match self.peek() {
            None => Err(self.not_closed(opened, what)),
            Some(_) => Err(self.fail(format!("expected `{}`, found {}", char::from(bracket), self.found()))),
        }
    }

    /// A keyword, a variable, or a call.
    fn word(&mut self, make: Make) -> Result<Operand, Stop> {
        let start = self.at;
        let Some(name) = self.name() else { return Err(self.not_a_value()) };
        let end = self.at;
        while self.starts_with("::") {
            self.at += 2;
            if self.name().is_none() {
                return Err(self.fail(format!("expected a function's name, found {}", self.found())));
            }
        }
        let behind = self.at;
        self.space(Lines::End)?;
        if self.peek() == Some(b'(') {
            self.opened(|reader| reader.arguments(behind))?;
            return Ok(Operand::Text);
        }
        // What is behind the word is read again by whoever asks for it.
        self.at = behind;
        if make == Make::Nodes && behind == end && matches!(name, "true" | "false" | "null") {
            return Ok(Operand::Node(self.verbatim(start, end)?));
        }
        Ok(Operand::Text)
    }

    fn arguments(&mut self, opened: usize) -> Result<(), Stop> {
        loop {
            self.space(Lines::Skip)?;
            if self.peek() == Some(b')') {
                self.at += 1;
                return Ok(());
            }
            if self.peek().is_none() {
                return Err(self.not_closed(opened, "call"));
            }
            self.expression(Lines::Skip)?;
            self.space(Lines::Skip)?;
            if self.starts_with("...") {
                self.at += 3;
                self.space(Lines::Skip)?;
            }
            if self.peek() == Some(b',') {
                self.at += 1;
            } else if self.peek() != Some(b')') {
                return Err(self.not_separated(opened, "`,` or `)`", "call"));
            }
        }
    }

    /// What may follow an operand: attributes, indices, splats. Gives the end of the last.
    fn steps(&mut self, lines: Lines) -> Result<usize, Stop> {
        loop {
            let behind = self.at;
            self.space(lines)?;
            match self.peek() {
                Some(b'.') if !self.starts_with("..") => {
                    self.at += 1;
                    self.space(lines)?;
                    match self.peek() {
                        Some(b'*') => self.at += 1,
                        Some(b'0'..=b'9') => self.digits(),
                        _ if self.name().is_some() => {}
                        _ => {
                            return Err(
                                self.fail(format!("expected a name after `.`, found {}", self.found()))
                            );
                        }
                    }
                }
                Some(b'[') => {
                    let opened = self.at;
                    self.opened(|reader| {
                        reader.space(Lines::Skip)?;
                        if reader.peek() == Some(b'*') {
                            reader.at += 1;
                        } else {
                            reader.expression(Lines::Skip)?;
                        }
                        reader.close(opened, b']', "index")
                    })?;
                }
                _ => {
                    self.at = behind;
                    return Ok(behind);
                }
            }
        }
    }

    fn number(&mut self) -> Result<(), Stop> {
        self.digits();
        if self.peek() == Some(b'.') && self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
            self.digits();
        }
        if let Some(b'e' | b'E') = self.peek() {
            let sign = usize::from(matches!(self.bytes.get(self.at + 1), Some(b'+' | b'-')));
            if self.bytes.get(self.at + 1 + sign).is_some_and(u8::is_ascii_digit) {
                self.at += 1 + sign;
                self.digits();
            }
        }
        match self.text[self.at..].chars().next() {
            Some(c) if c.is_alphanumeric() || c == '_' => {
                Err(self.fail(format!("a number must not go on with {}", self.found())))
            }
            _ => Ok(()),
        }
    }

    fn digits(&mut self) {
        self.at += self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    }

    /// Whether the keyword `for` opens a comprehension here; takes it.
    fn takes_for(&mut self) -> Result<bool, Stop> {
        self.space(Lines::Skip)?;
        let start = self.at;
        if self.name() == Some("for") && self.peek().is_some_and(|next| next.is_ascii_whitespace()) {
            self.space(Lines::Skip)?;
            if !matches!(self.peek(), Some(b'=' | b':')) {
                return Ok(true);
            }
        }
        self.at = start;
        Ok(false)
    }

    fn tuple(&mut self, start: usize, make: Make) -> Result<Operand, Stop> {
        if self.takes_for()? {
            return self.comprehension(start, b']');
        }
        let mut items = Vec::new();
        loop {
            self.space(Lines::Skip)?;
            match self.peek() {
                Some(b']') => break self.at += 1,
                None => return Err(self.not_closed(start, "list")),
                _ => {}
            }
            match make {
                Make::Nodes => items.push(self.node(Lines::Skip)?),
                Make::Nothing => self.expression(Lines::Skip)?,
            }
            self.space(Lines::Skip)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {}
                _ => return Err(self.not_separated(start, "`,` or `]`", "list")),
            }
        }
        Ok(match make {
            Make::Nodes => Operand::Node(self.builder.sequence(start as u32, self.at as u32, &items)),
            Make::Nothing => Operand::Text,
        })
    }

    fn object(&mut self, start: usize, make: Make) -> Result<Operand, Stop> {
        if self.takes_for()? {
            return self.comprehension(start, b'}');
        }
        let mut entries = Vec::new();
        loop {
            self.space(Lines::Skip)?;
            match self.peek() {
                Some(b'}') => break self.at += 1,
                None => return Err(self.not_closed(start, "object")),
                _ => {}
            }
            let key = self.object_key(make)?;
            self.space(Lines::Skip)?;
            if !matches!(self.peek(), Some(b'=' | b':')) {
                return Err(self.fail(format!("expected `=` after the key, found {}", self.found())));
            }
            self.at += 1;
            self.space(Lines::Skip)?;
            match key {
                Some(key) => entries.push((key, self.node(Lines::End)?)),
                None => self.expression(Lines::End)?,
            }
            self.space(Lines::End)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'\n' | b'\r' | b'}') => {}
                _ => return Err(self.not_separated(start, "`,`, a new line or `}`", "object")),
            }
        }
        Ok(match make {
            Make::Nodes => Operand::Node(self.builder.mapping(start as u32, self.at as u32, &entries)),
            Make::Nothing => Operand::Text,
        })
    }

    /// The key of an object's entry: a name is a text.
    fn object_key(&mut self, make: Make) -> Result<Option<NodeId>, Stop> {
        if make == Make::Nothing {
            self.expression(Lines::End)?;
            return Ok(None);
        }
        let start = self.at;
        if let Some(name) = self.name() {
            let end = start + name.len();
            self.space(Lines::End)?;
            if matches!(self.peek(), Some(b'=' | b':')) && !self.starts_with("==") && !self.starts_with("::")
            {
                return self.verbatim(start, end).map(Some);
            }
            self.at = start;
        }
        self.node(Lines::End).map(Some)
    }

    /// What follows `for` in brackets or braces.
    fn comprehension(&mut self, opened: usize, bracket: u8) -> Result<Operand, Stop> {
        self.loop_head()?;
        self.space(Lines::Skip)?;
        if self.peek() != Some(b':') {
            return Err(self.fail(format!("expected `:` after the collection, found {}", self.found())));
        }
        self.at += 1;
        self.space(Lines::Skip)?;
        self.expression(Lines::Skip)?;
        self.space(Lines::Skip)?;
        if self.starts_with("=>") {
            self.at += 2;
            self.space(Lines::Skip)?;
            self.expression(Lines::Skip)?;
            self.space(Lines::Skip)?;
        }
        if self.starts_with("...") {
            self.at += 3;
            self.space(Lines::Skip)?;
        }
        let at = self.at;
        if self.name() == Some("if") {
            self.space(Lines::Skip)?;
            self.expression(Lines::Skip)?;
        } else {
            self.at = at;
        }
        self.close(opened, bracket, "`for` expression")?;
        Ok(Operand::Text)
    }

    /// `key, value in collection`.
    pub(super) fn loop_head(&mut self) -> Result<(), Stop> {
        for _ in 0..2 {
            self.space(Lines::Skip)?;
            if self.name().is_none() {
                return Err(self.fail(format!("expected a name after `for`, found {}", self.found())));
            }
            self.space(Lines::Skip)?;
            if self.peek() != Some(b',') {
                break;
            }
            self.at += 1;
        }
        let at = self.at;
        if self.name() != Some("in") {
            self.at = at;
            return Err(self.fail(format!("expected `in`, found {}", self.found())));
        }
        self.space(Lines::Skip)?;
        self.expression(Lines::Skip)
    }
}

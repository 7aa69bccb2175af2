//! Flow style: lists in brackets, mappings in braces, over any number of lines.

use super::scalars::{self, Scanned};
use super::{ONE_LINE, Properties, Read, Reader, Unusual};
use crate::syntax::tree::Collection;

impl<'t> Reader<'t> {
    pub(super) fn flow(&mut self, parent: isize, properties: Properties<'t>) -> Read<()> {
        let (collection, closing) = match self.peek() {
            b'{' => (Collection::Mapping, b'}'),
            _ => (Collection::Sequence, b']'),
        };
        self.open(collection, self.at, properties)?;
        self.at += 1;
        loop {
            self.flow_space(parent)?;
            if self.peek() == closing {
                break;
            }
            if collection == Collection::Mapping {
                self.flow_key()?;
                self.flow_space(parent)?;
            }
            self.flow_node(parent)?;
            self.flow_space(parent)?;
            match self.peek() {
                b',' => self.at += 1,
                byte if byte == closing => {}
                _ => return Err(Unusual),
            }
        }
        self.at += 1;
        self.close(Some(self.at as u32), properties)
    }

    /// A key and its colon, on one line.
    fn flow_key(&mut self) -> Read<()> {
        let is_quoted = matches!(self.peek(), b'"' | b'\'');
        let key = if is_quoted { self.quoted(ONE_LINE)? } else { self.flow_plain()? };
        self.scalar(key, Properties::default())?;
        self.skip_spaces();
        if self.peek() != b':' || !(is_quoted || self.is_blank(self.at + 1)) {
            return Err(Unusual);
        }
        self.at += 1;
        Ok(())
    }

    fn flow_node(&mut self, parent: isize) -> Read<()> {
        let mut properties = Properties::default();
        if matches!(self.peek(), b'&' | b'!') {
            (properties, _) = self.properties()?;
        }
        match self.peek() {
            b'[' | b'{' => self.flow(parent, properties),
            b'*' => self.alias(properties),
            b'"' | b'\'' => {
                let scalar = self.quoted(parent)?;
                self.scalar(scalar, properties)
            }
            _ => {
                let scalar = self.flow_plain()?;
                self.scalar(scalar, properties)
            }
        }
    }

    fn flow_plain(&mut self) -> Read<Scanned> {
        let scalar = scalars::flow_plain(self.bytes, self.at).ok_or(Unusual)?;
        self.at = scalar.end;
        Ok(scalar)
    }

    /// Skips spaces, line ends and comments between the tokens of a flow collection.
    fn flow_space(&mut self, parent: isize) -> Read<()> {
        let opened_on = self.line_start;
        loop {
            self.skip_spaces();
            match self.peek() {
                b'\n' | b'\r' => self.line_end()?,
                b'#' if matches!(self.bytes[self.at - 1], b' ' | b'\n') => self.comment(),
                0 | b'#' => return Err(Unusual),
                _ => break,
            }
        }
        let is_new_line = self.line_start != opened_on;
        if is_new_line && (self.column() as isize <= parent || self.is_marker()) {
            return Err(Unusual);
        }
        Ok(())
    }
}

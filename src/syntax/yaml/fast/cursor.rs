//! Moving through the text: lines, and the tokens that both styles share.

use super::scalars::{self, Scanned};
use super::{Properties, Read, Reader, Unusual};
use crate::document::{Comment, NodeId, ScalarStyle};
use crate::source::Span;
use crate::syntax::tree::Collection;

/// Tokens.
impl<'t> Reader<'t> {
    pub(super) fn properties(&mut self) -> Read<(Properties<'t>, usize)> {
        let mut properties = Properties::default();
        loop {
            let start = self.at;
            match self.peek() {
                b'!' if properties.tag.is_none() => {
                    self.at += if self.bytes.get(start + 1) == Some(&b'!') { 2 } else { 1 };
                    self.name()?;
                    properties.tag = Some((start as u32, self.at as u32));
                }
                b'&' if properties.anchor.is_none() => {
                    self.at += 1;
                    properties.anchor = Some(self.name()?);
                }
                b'!' | b'&' => return Err(Unusual),
                _ => unreachable!("internal error: properties start with a sign"),
            }
            let end = self.at;
            if !self.is_blank(end) {
                return Err(Unusual);
            }
            self.skip_spaces();
            if !matches!(self.peek(), b'!' | b'&') {
                return Ok((properties, end));
            }
        }
    }

    /// A name of letters, digits, `_` and `-`.
    pub(super) fn name(&mut self) -> Read<&'t str> {
        let rest = &self.bytes[self.at..];
        let length =
            rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
        if length == 0 {
            return Err(Unusual);
        }
        let name = &self.text[self.at..self.at + length];
        self.at += length;
        Ok(name)
    }

    pub(super) fn alias(&mut self, properties: Properties<'t>) -> Read<()> {
        let start = self.at;
        self.at += 1;
        let name = self.name()?;
        let is_ended = self.is_blank(self.at) || matches!(self.peek(), b',' | b']' | b'}');
        let target = self.anchors.get(name).copied().flatten();
        match target {
            Some(target) if is_ended && !properties.are_written() => {
                self.tree.alias(start as u32, self.at as u32, target)?;
                Ok(())
            }
            _ => Err(Unusual),
        }
    }

    pub(super) fn quoted(&mut self, parent: isize) -> Read<Scanned> {
        let scalar = scalars::quoted(self.text, self.at, parent, &mut self.scratch).ok_or(Unusual)?;
        self.go_behind(scalar);
        Ok(scalar)
    }

    /// Goes to the end of a scalar, which may be on a later line.
    pub(super) fn go_behind(&mut self, scalar: Scanned) {
        if !scalar.is_verbatim
            && let Some(newline) = self.text[self.at..scalar.end].rfind('\n')
        {
            self.line_start = self.at + newline + 1;
        }
        self.at = scalar.end;
    }

    pub(super) fn plain(&mut self) -> Read<Scanned> {
        let scalar = scalars::plain(self.bytes, self.at).ok_or(Unusual)?;
        self.at = scalar.end;
        Ok(scalar)
    }

    pub(super) fn scalar(&mut self, scalar: Scanned, properties: Properties<'t>) -> Read<()> {
        let place = (scalar.start as u32, scalar.end as u32);
        let node = if scalar.is_verbatim {
            let quote = u32::from(scalar.style != ScalarStyle::Plain);
            self.tree.verbatim(scalar.style, place, place.0 + quote..place.1 - quote)?
        } else {
            self.tree.decoded(scalar.style, place, &self.scratch)?
        };
        if let Some((start, end)) = properties.tag {
            self.tree.tag(node, start, end);
        }
        self.define(properties, Some(node));
        Ok(())
    }

    pub(super) fn open(
        &mut self,
        collection: Collection,
        start: usize,
        properties: Properties<'t>,
    ) -> Read<()> {
        self.tree.open(collection, start as u32)?;
        if let Some((start, end)) = properties.tag {
            self.tree.tag_open(start, end);
        }
        self.define(properties, None);
        Ok(())
    }

    pub(super) fn close(&mut self, end: Option<u32>, properties: Properties<'t>) -> Read<()> {
        let node = self.tree.close(end)?;
        self.define(properties, Some(node));
        Ok(())
    }

    pub(super) fn define(&mut self, properties: Properties<'t>, node: Option<NodeId>) {
        if let Some(anchor) = properties.anchor {
            self.anchors.insert(anchor, node);
        }
    }
}

/// Lines.
impl Reader<'_> {
    /// Skips blank lines and comments to the next content, and gives its column; `None` at a
    /// document marker and at the end.
    pub(super) fn next_line(&mut self) -> Read<Option<usize>> {
        loop {
            self.skip_spaces();
            match self.peek() {
                b'\n' | b'\r' => self.line_end()?,
                b'#' => self.comment(),
                0 => return Ok(None),
                _ if self.is_marker() => return Ok(None),
                _ => return Ok(Some(self.column())),
            }
        }
    }

    /// Goes to the start of the next line, over nothing but spaces and a comment.
    pub(super) fn end_of_line(&mut self) -> Read<()> {
        self.skip_spaces();
        if self.peek() == b'#' {
            if self.bytes[self.at - 1] != b' ' {
                return Err(Unusual);
            }
            self.comment();
        }
        self.line_end()
    }

    pub(super) fn line_end(&mut self) -> Read<()> {
        match self.peek() {
            0 => return Ok(()),
            b'\n' => self.at += 1,
            b'\r' => self.at += 2,
            _ => return Err(Unusual),
        }
        self.line_start = self.at;
        Ok(())
    }

    pub(super) fn comment(&mut self) {
        let start = self.at;
        let alone = self.bytes[self.line_start..start].iter().all(|byte| *byte == b' ');
        self.at += scalars::line_length(&self.bytes[start..]);
        let span = Span::new(self.file, start as u32, self.at as u32);
        self.tree.comment(Comment { span, alone });
    }

    /// Fails if the lines below continue a plain scalar (or are wrong as its neighbours).
    pub(super) fn no_continuation(&self, parent: isize) -> Read<()> {
        let mut line = self.at;
        while line < self.bytes.len() {
            let rest = &self.bytes[line..];
            let column = rest.iter().take_while(|byte| **byte == b' ').count();
            match rest.get(column) {
                None | Some(b'\n' | b'\r' | b'#') => {}
                Some(_) if column as isize > parent && !scalars::is_marker(rest) => return Err(Unusual),
                Some(_) => return Ok(()),
            }
            let length = scalars::line_length(rest);
            line += length + usize::from(rest.get(length) == Some(&b'\r')) + 1;
        }
        Ok(())
    }

    pub(super) fn skip_spaces(&mut self) {
        self.at += self.bytes[self.at..].iter().take_while(|byte| **byte == b' ').count();
    }

    /// The byte here; 0 at the end, as the text holds none.
    pub(super) fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    pub(super) fn is_blank(&self, at: usize) -> bool {
        scalars::is_blank(self.bytes.get(at).copied().unwrap_or(0))
    }

    /// Whether no content follows on the line; a comment does not count.
    pub(super) fn is_line_done(&self) -> bool {
        matches!(self.peek(), b'\n' | b'\r' | b'#' | 0)
    }

    /// Whether a list item starts here.
    pub(super) fn is_item(&self) -> bool {
        self.peek() == b'-' && self.is_blank(self.at + 1)
    }

    /// Whether what was just read is a key: a colon and a blank follow.
    pub(super) fn is_key_end(&self) -> bool {
        let rest = &self.bytes[self.at..];
        let n_spaces = rest.iter().take_while(|byte| **byte == b' ').count();
        rest.get(n_spaces) == Some(&b':') && self.is_blank(self.at + n_spaces + 1)
    }

    pub(super) fn is_marker(&self) -> bool {
        self.at == self.line_start && scalars::is_marker(&self.bytes[self.at..])
    }

    pub(super) fn column(&self) -> usize {
        self.at - self.line_start
    }
}

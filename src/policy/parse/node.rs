//! The nodes of a text as a tree.

use super::grammar::{Match, Rule};

/// A node: the first of some matches, in which the others stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'t> {
    text: &'t str,
    own: Match,
    inner: &'t [Match],
}

impl<'t> Node<'t> {
    /// The rule of the grammar that matched.
    pub(super) fn as_rule(&self) -> Rule {
        self.own.rule
    }

    /// Its text.
    pub(super) fn as_str(&self) -> &'t str {
        &self.text[self.start()..self.end()]
    }

    /// Where it begins.
    pub(super) fn start(&self) -> usize {
        self.own.start as usize
    }

    /// Where it ends.
    pub(super) fn end(&self) -> usize {
        self.own.end as usize
    }

    /// What stands in it.
    pub(super) fn into_inner(self) -> Nodes<'t> {
        Nodes { text: self.text, rest: self.inner }
    }
}

/// Nodes that stand beside each other.
#[derive(Debug, Clone)]
pub(super) struct Nodes<'t> {
    text: &'t str,
    rest: &'t [Match],
}

impl<'t> Nodes<'t> {
    /// The outermost nodes of a text.
    pub(super) fn new(text: &'t str, matches: &'t [Match]) -> Self {
        Self { text, rest: matches }
    }
}

impl<'t> Iterator for Nodes<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        let (own, rest) = self.rest.split_first()?;
        let (inner, rest) = rest.split_at(own.n_inner as usize);
        self.rest = rest;
        Some(Node { text: self.text, own: *own, inner })
    }
}

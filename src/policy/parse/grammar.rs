//! The generated parser, and what it finds in a text: nodes in one flat row.
//!
//! The build script runs it over the built-in rules, so that a run need not. Therefore nothing here uses the crate, and
//! a row of nodes can be packed into bytes.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use pest::Parser as _;
use pest::iterators::Pairs;

/// Why the parser got no further, and where.
pub(super) type Error = Box<pest::error::Error<Rule>>;

/// Steps of the generated parser after which a text is given up: so many, and so many for each byte, of which an ordinary
/// file needs some dozens.
const MAX_STEPS: usize = 1_000_000;
const MAX_STEPS_PER_BYTE: usize = 1_000;

#[derive(pest_derive::Parser)]
#[grammar = "policy/guard.pest"]
#[allow(missing_docs, clippy::all)]
struct Guard;

/// A piece of a text that a rule of the grammar matched. Those that stand in it come right behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) rule: Rule,
    pub(super) start: u32,
    pub(super) end: u32,
    /// How many nodes stand in it, at any depth.
    pub(super) n_inner: u32,
}

/// The nodes of a rule file.
pub(super) fn file(text: &str) -> Result<Vec<Match>, Error> {
    // The comment at the head of a file is most of it, and the generated parser looks at every character of it twice.
    let head = head_length(text);
    run(Rule::file, text, head).or_else(|_| run(Rule::file, text, 0))
}

/// The nodes of a text that `rule` matches from `from` on.
pub(super) fn run(rule: Rule, text: &str, from: usize) -> Result<Vec<Match>, Error> {
    // The limit is one for the whole process, so parsers wait for each other.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    pest::set_call_limit(NonZeroUsize::new(MAX_STEPS + text.len() * MAX_STEPS_PER_BYTE));
    let mut nodes = Vec::new();
    flatten(Guard::parse(rule, &text[from..])?, from as u32, &mut nodes);
    Ok(nodes)
}

fn flatten(pairs: Pairs<'_, Rule>, from: u32, nodes: &mut Vec<Match>) {
    for pair in pairs.filter(|pair| pair.as_rule() != Rule::EOI) {
        let (at, span) = (nodes.len(), pair.as_span());
        let (start, end) = (from + span.start() as u32, from + span.end() as u32);
        nodes.push(Match { rule: pair.as_rule(), start, end, n_inner: 0 });
        flatten(pair.into_inner(), from, nodes);
        nodes[at].n_inner = (nodes.len() - at - 1) as u32;
    }
}

/// How much of a text is lines of comments and blank lines before anything else.
fn head_length(text: &str) -> usize {
    let is_head = |line: &&str| {
        matches!(line.trim_start_matches([' ', '\t', '\r', '\n']).bytes().next(), None | Some(b'#'))
    };
    text.split_inclusive('\n').take_while(is_head).map(str::len).sum()
}

/// Nodes as bytes: of each the rule, how far it starts behind the one before, its length and what stands in it.
#[allow(dead_code, reason = "the build script's part")]
pub(super) fn pack(nodes: &[Match]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut before = 0;
    for node in nodes {
        let rule = Rule::all_rules().iter().position(|rule| *rule == node.rule).unwrap_or_default();
        for number in [rule as u32, node.start - before, node.end - node.start, node.n_inner] {
            pack_number(number, &mut packed);
        }
        before = node.start;
    }
    packed
}

/// The nodes that [`pack`] made bytes of.
#[allow(dead_code, reason = "not the build script's part")]
pub(super) fn unpack(mut packed: &[u8]) -> Vec<Match> {
    let mut nodes = Vec::with_capacity(packed.len() / 4);
    let mut before = 0;
    while !packed.is_empty() {
        let [rule, gap, length, n_inner] = [(); 4].map(|()| unpack_number(&mut packed));
        let start = before + gap;
        nodes.push(Match { rule: Rule::all_rules()[rule as usize], start, end: start + length, n_inner });
        before = start;
    }
    nodes
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn pack_number(mut number: u32, packed: &mut Vec<u8>) {
    while number >= 0x80 {
        packed.push(number as u8 | 0x80);
        number >>= 7;
    }
    packed.push(number as u8);
}

fn unpack_number(packed: &mut &[u8]) -> u32 {
    let (mut number, mut shift) = (0, 0);
    while let Some((byte, rest)) = packed.split_first() {
        *packed = rest;
        number |= u32::from(byte & 0x7f) << shift;
        shift += 7;
        if *byte < 0x80 {
            break;
        }
    }
    number
}

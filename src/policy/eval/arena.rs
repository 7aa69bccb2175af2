//! Values that functions make: an arena that only grows, so that references into it stay good.

use std::cell::{Cell, OnceCell};

use super::super::ast::Literal;

/// Chunk `n` holds `2^n` values.
const N_CHUNKS: usize = 32;

type Chunk = OnceCell<Box<[OnceCell<Literal>]>>;

/// The made values of one evaluation. Most evaluations make none, and pay for none.
#[derive(Debug, Default)]
pub(in super::super) struct Arena {
    chunks: OnceCell<Box<[Chunk; N_CHUNKS]>>,
    len: Cell<usize>,
}

impl Arena {
    /// Keeps a value as long as the arena.
    pub(in super::super) fn keep(&self, value: Literal) -> &Literal {
        let place = self.len.get() + 1;
        self.len.set(place);
        let chunk = place.ilog2() as usize;
        let chunks = self.chunks.get_or_init(|| Box::new([const { OnceCell::new() }; N_CHUNKS]));
        let slots = chunks[chunk].get_or_init(|| (0..1_usize << chunk).map(|_| OnceCell::new()).collect());
        slots[place - (1 << chunk)].get_or_init(|| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_stay_good() {
        let arena = Arena::default();
        let kept: Vec<&Literal> = (0..1000).map(|n| arena.keep(Literal::Int(n))).collect();
        for (n, literal) in kept.iter().enumerate() {
            assert!(matches!(literal, Literal::Int(found) if *found == n as i64));
        }
    }
}

//! Fixes: what a finding's rule offers becomes edits of the files, and edits become files that were checked again.

mod apply;
mod compare;
mod known;
mod offer;

pub use apply::{Applied, Changed, Fixed, Refused, Why, fix};
pub(super) use known::Known;
pub(super) use offer::{Files, Offers, join};

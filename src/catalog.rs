//! All rules by name.

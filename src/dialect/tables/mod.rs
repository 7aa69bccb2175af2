//! The property tables: dialect path to AWS property, defaults, normalisation.

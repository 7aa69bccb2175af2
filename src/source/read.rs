//! Walking directories and reading files: the only `std::fs` below `cli`.

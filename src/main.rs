//! The `grpc-guard` program: parse arguments, run, exit.

fn main() {}

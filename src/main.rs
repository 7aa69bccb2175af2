//! The `grpc-guard` program: run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    grpc_guard::cli::run(std::env::args_os())
}

//! Parses the command line, runs, and maps what came of it to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    shipdeck::run(std::env::args_os())
}

//! Parses the command line, runs, and maps what came of it to an exit code.

fn main() {}

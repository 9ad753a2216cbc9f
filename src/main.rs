//! The binary: everything is in the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Each webhook is a few dozen small allocations on several threads, and SQLite makes as many again: `docs/PERFORMANCE.md` has what this one saves.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    tillbridge::cli::main()
}

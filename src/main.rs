//! The `twoam` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    twoam::cli::run()
}

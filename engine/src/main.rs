//! The program `headwater`: everything is in [`headwater::cli`].
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    headwater::cli::main()
}

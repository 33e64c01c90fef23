//! Generated pages. The engine knows its tables, so a test of its own writes and compares them; this starts that test.

use crate::steps::{Steps, cargo};

/// Arguments of `cargo xtask docs`.
#[derive(clap::Args)]
pub struct Args {
    /// Change nothing; fail when a page is stale.
    #[arg(long)]
    check: bool,
}

/// Writes or checks the pages.
pub fn run(args: &Args) -> bool {
    let mut steps = Steps::default();
    let mut test = cargo(&["test", "--quiet", "--package", "headwater", "--test", "docs_fresh"]);
    if !args.check {
        test.env("HEADWATER_WRITE_DOCS", "1");
    }
    steps.command(if args.check { "pages are fresh" } else { "pages written" }, &mut test);
    steps.finish()
}

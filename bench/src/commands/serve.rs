//! The broker that the bench starts beside itself: the engine's own `serve`, in this program.
//!
//! It ends with the bench, however that ends: when standard input is closed, nobody is left to stop it.

use std::io::{self, Read};
use std::thread;

use clap::Parser;
use headwater::cli::args::{Args, Command as HeadwaterCommand};
use signal_hook::consts::SIGTERM;
use signal_hook::low_level;

use super::Outcome;

pub fn serve(args: Vec<String>) -> Result<Outcome, String> {
    let words = ["headwater".to_owned(), "serve".to_owned()].into_iter().chain(args);
    let args = Args::try_parse_from(words).map_err(|e| e.to_string())?;
    let HeadwaterCommand::Serve(args) = args.command else {
        unreachable!("the first word is serve")
    };
    thread::spawn(end_with_parent);
    headwater::cli::serve::run(&args).map_err(|e| e.to_string())?;
    Ok(Outcome::Held)
}

fn end_with_parent() {
    drop(io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink()));
    // The same as being asked to stop by hand: finish, flush, exit.
    drop(low_level::raise(SIGTERM));
}

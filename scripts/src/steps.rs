//! Commands in a row: each is printed, timed, and its outcome kept for the summary at the end.

use crate::repo;
use std::process::Command;
use std::time::{Duration, Instant};

/// Steps done so far.
#[derive(Default)]
pub struct Steps {
    done: Vec<(String, bool, Duration)>,
}

impl Steps {
    /// Runs a command in the repository and keeps its outcome; later steps run even if it fails.
    pub fn command(&mut self, name: &str, command: &mut Command) {
        println!("\n==> {name}: {command:?}");
        command.current_dir(repo::root());
        self.step(name, || match command.status() {
            Ok(status) => status.success(),
            Err(error) => {
                println!("cannot start it: {error}");
                false
            }
        });
    }

    /// Runs a step of our own.
    pub fn step(&mut self, name: &str, step: impl FnOnce() -> bool) {
        let start = Instant::now();
        let passed = step();
        self.done.push((name.to_owned(), passed, start.elapsed()));
    }

    /// Prints what happened and tells whether all is well.
    pub fn finish(self) -> bool {
        println!();
        for (name, passed, took) in &self.done {
            let word = if *passed { "pass" } else { "FAIL" };
            println!("{word}  {:7.1} s  {name}", took.as_secs_f64());
        }
        self.done.iter().all(|(_, passed, _)| *passed)
    }
}

/// `cargo` with these words, the one that started us.
pub fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(words);
    command
}

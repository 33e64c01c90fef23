//! A progress bar on standard error, and only if that is a terminal: output that a program reads is
//! never mixed with it.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// How far all the runs are.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// A bar of `steps` steps.
    pub fn new(steps: usize) -> Progress {
        if !std::io::stderr().is_terminal() {
            return Progress(None);
        }
        let style =
            ProgressStyle::with_template("  {bar:30.cyan/blue} {pos}/{len} {elapsed} {msg}")
                .expect("a constant template");
        Progress(Some(ProgressBar::new(steps as u64).with_style(style)))
    }

    /// What is being done now.
    pub fn say(&self, what: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(what.to_owned());
        }
    }

    /// A step is done.
    pub fn step(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

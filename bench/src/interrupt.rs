//! Ctrl-C ends a run between two measurements, so that brokers are stopped, files removed and what
//! was measured so far is written down. A second one ends the program at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

/// Whether somebody wants the program to end.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for SIGINT and SIGTERM from now on.
    ///
    /// # Errors
    /// When the handlers cannot be set.
    pub fn listen() -> io::Result<Interrupt> {
        let interrupt = Interrupt::default();
        for signal in [SIGINT, SIGTERM] {
            // Order matters: at the second signal the flag of the first is set already.
            let flag = interrupt.0.clone();
            signal_hook::flag::register_conditional_shutdown(signal, 130, flag.clone())?;
            signal_hook::flag::register(signal, flag)?;
        }
        Ok(interrupt)
    }

    /// Whether it has happened.
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

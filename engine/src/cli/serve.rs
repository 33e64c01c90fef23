//! `headwater serve`: a broker from its settings to its end.
//!
//! One line on standard output when it answers requests; everything else goes to standard error.

use std::io::Write;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::args::ServeArgs;
use super::error::CliError;
use crate::boot;

/// Serves until a signal; the second signal ends the process at once.
///
/// # Errors
/// One line that says what to do.
pub fn run(args: &ServeArgs) -> Result<(), CliError> {
    log_to_stderr();
    let mut signals = Signals::new([SIGTERM, SIGINT])
        .map_err(|e| CliError::Serve(format!("signals cannot be caught: {e}")))?;
    let running =
        boot::boot(args.broker_config()?, true).map_err(|e| CliError::Serve(e.to_string()))?;
    let listen = running.listen.map(|addr| addr.to_string()).unwrap_or_default();
    let data_dir =
        std::path::absolute(running.data_dir()).unwrap_or_else(|_| running.data_dir().to_owned());
    tracing::info!(backend = %running.choice, "started");
    println!(
        "ready listen={listen} shards={} backend={} data-dir={}",
        running.peers.len(),
        running.choice.backend,
        data_dir.display()
    );
    std::io::stdout().flush().map_err(CliError::Output)?;
    let first = signals.forever().next();
    tracing::info!(signal = first, "stopping: requests in service are answered and logs flushed");
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            eprintln!("headwater: stopped at once by a second signal");
            std::process::exit(128 + signal);
        }
    });
    running.stop().map_err(|e| CliError::Serve(format!("stopped, but not cleanly: {e}")))
}

/// `HEADWATER_LOG` chooses what is logged, as in `HEADWATER_LOG=headwater=debug`.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HEADWATER_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Fails only when a program that calls this has its own: then that one is right.
    drop(subscriber.try_init());
}

//! `headwater serve`: a broker from its settings to its end.
//!
//! One line on standard output when it answers requests; everything else goes to standard error.

use std::io::Write;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::args::ServeArgs;
use super::error::CliError;
use super::log::Log;
use crate::boot;

/// Serves until a signal; the second signal ends the process at once.
///
/// # Errors
/// One line that says what to do.
pub fn run(args: &ServeArgs) -> Result<(), CliError> {
    let log = Log::start();
    let served = serve(args);
    log.flush();
    served
}

fn serve(args: &ServeArgs) -> Result<(), CliError> {
    let mut signals = Signals::new([SIGTERM, SIGINT])
        .map_err(|e| CliError::Serve(format!("signals cannot be caught: {e}")))?;
    let running =
        boot::boot(args.broker_config()?, true).map_err(|e| CliError::Serve(e.to_string()))?;
    let listen = running.listen.map(|addr| addr.to_string()).unwrap_or_default();
    let data_dir =
        std::path::absolute(running.data_dir()).unwrap_or_else(|_| running.data_dir().to_owned());
    let (open_files, partitions) = (running.open_files, running.partitions_carried);
    tracing::info!(backend = %running.choice, open_files, partitions, "started: there are descriptors for so many idle partitions");
    let metrics = running.metrics_addr().map(|addr| format!(" metrics={addr}")).unwrap_or_default();
    println!(
        "ready listen={listen} shards={} backend={}{metrics} data-dir={}",
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

//! The program `sim`: whole brokers on a simulated disk, network and clock.
//!
//! The simulated machine exists (`headwater_io::sim`) and carries the tests of the log, of one shard with
//! its connections and of the load generator's client. The program that runs many of them against each
//! other from a seed is not written yet, and says so.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    eprintln!(
        "sim: run, fuzz and repeat are not built yet; the simulated machine runs in `cargo test --workspace`"
    );
    std::process::ExitCode::from(2)
}

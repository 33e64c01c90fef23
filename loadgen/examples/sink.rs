//! A broker that acknowledges everything and keeps nothing: what is measured against it is the
//! generator's own ceiling. With the argument `keep` it keeps everything in memory, to be read.
//! Prints its address and runs until killed.
//!
//! `cargo run --release -p headwater-loadgen --example sink`, then `loadgen run --target` that address.

#[path = "../tests/fake_broker/mod.rs"]
mod fake_broker;

use fake_broker::{FakeBroker, Settings};

fn main() {
    // Like a broker's first shard: leave the last processor to the generator.
    if let Some(&first) = headwater_io::cpu::usable().first() {
        drop(headwater_io::cpu::pin(first));
    }
    let discards = std::env::args().nth(1).as_deref() != Some("keep");
    let broker = FakeBroker::start(Settings { discards, ..Settings::default() });
    println!("{}", broker.target());
    loop {
        std::thread::park();
    }
}

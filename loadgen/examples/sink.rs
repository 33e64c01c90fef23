//! A broker that acknowledges everything and keeps nothing: what is measured against it is the
//! generator's own ceiling. Prints its address and runs until killed.
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
    let broker = FakeBroker::start(Settings { discards: true, ..Settings::default() });
    println!("{}", broker.target());
    loop {
        std::thread::park();
    }
}

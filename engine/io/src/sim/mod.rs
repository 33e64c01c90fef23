//! A machine in memory: disk, sockets and clock, all decided by one seed.
//!
//! The same engine code that runs on a real backend runs here, loses power at a chosen moment and is
//! opened again on what the disk kept. Nothing in here asks the operating system for time, randomness
//! or order, so a seed repeats a run exactly.

pub mod disk;
pub mod driver;
pub mod net;
pub mod rng;

mod faults;
mod names;
mod open_file;
mod power;
mod sectors;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::clock::{Clock, Nanos, SimClock};
use crate::driver::Driver;
use disk::SimDisk;
use driver::SimDriver;
use net::SimNet;
use rng::Rng;

/// One simulated machine.
#[derive(Clone)]
pub struct World {
    clock: Arc<SimClock>,
    disk: SimDisk,
    net: SimNet,
    rng: Arc<Mutex<Rng>>,
    /// Only [`World::advance_to`] moves the clock, not a driver that waits.
    held: Arc<AtomicBool>,
}

impl World {
    /// A machine with an empty disk.
    pub fn new(seed: u64) -> Self {
        let clock = Arc::new(SimClock::default());
        // Streams of their own, so that what one of them draws does not change the others.
        let stream = |name: u64| Rng::new(Rng::new(seed ^ name).next_u64());
        World {
            disk: SimDisk::new(stream(1 << 56)),
            net: SimNet::new(Clock::Sim(Arc::clone(&clock)), stream(2 << 56)),
            clock,
            rng: Arc::new(Mutex::new(Rng::new(seed))),
            held: Arc::default(),
        }
    }

    /// A driver for one simulated thread.
    pub fn driver(&self) -> Driver {
        Driver::simulated(SimDriver::new(self.clone()))
    }

    /// The virtual clock.
    pub fn clock(&self) -> Clock {
        Clock::Sim(Arc::clone(&self.clock))
    }

    /// The disk, to inject faults and to cut its power.
    pub fn disk(&self) -> &SimDisk {
        &self.disk
    }

    /// The network, to listen and connect.
    pub fn net(&self) -> &SimNet {
        &self.net
    }

    /// Cuts the power: what was synced stays, of everything else a random part does. Drivers of the
    /// time before the cut must not be used again.
    pub fn power_cut(&self) {
        let mut rng = self.rng.lock().expect("rng lock");
        self.disk.power_cut(&mut rng);
        self.net.reset_all();
    }

    /// Ends all processes: what they had written to files stays, synced or not. Drivers of the time
    /// before must not be used again.
    pub fn kill(&self) {
        let mut rng = self.rng.lock().expect("rng lock");
        self.disk.kill(&mut rng);
        self.net.reset_all();
    }

    /// Several drivers share this world: waiting does not move the clock any more, only
    /// [`World::advance_to`] does.
    pub fn hold_clock(&self) {
        self.held.store(true, Ordering::Relaxed);
    }

    /// Moves the clock forward; never back.
    pub fn advance_to(&self, to: Nanos) {
        self.clock.advance_to(to);
    }

    fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }

    fn draw(&self, below: u64) -> u64 {
        self.rng.lock().expect("rng lock").below(below)
    }
}

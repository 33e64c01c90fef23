//! A machine in memory: disk, sockets and clock, all decided by one seed.
//!
//! The same engine code that runs on a real backend runs here, loses power at a chosen moment and is
//! opened again on what the disk kept. Nothing in here asks the operating system for time, randomness
//! or order, so a seed repeats a run exactly.

pub mod disk;
pub mod driver;
pub mod net;
pub mod rng;

mod power;

use std::sync::{Arc, Mutex};

use crate::clock::{Clock, SimClock};
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
}

impl World {
    /// A machine with an empty disk.
    pub fn new(seed: u64) -> Self {
        World {
            clock: Arc::new(SimClock::default()),
            disk: SimDisk::new(),
            net: SimNet::new(),
            rng: Arc::new(Mutex::new(Rng::new(seed))),
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

    fn draw(&self, below: u64) -> u64 {
        self.rng.lock().expect("rng lock").below(below)
    }
}

//! A cell before it knows how long it runs and on which broker.

use crate::args::Broker;
use crate::compare::{broker_setup, in_force};
use crate::plan::{Act, Beside, BrokerSetup, Cell, ClientSetup, Where};
use crate::setting::{Acks, Durability, Path, Setting};

/// See the module.
pub struct Shape {
    pub name: String,
    pub setting: Setting,
    pub client: ClientSetup,
    pub beside: Option<Beside>,
    /// Run inside this process, whatever the command line says.
    pub in_process: bool,
    /// Settings of the broker that belong to the figure.
    pub set: &'static [&'static str],
    pub act: Act,
    pub half_of: Option<String>,
}

impl Shape {
    /// Changes some fields and hands the shape on, so that one can be written as an expression.
    pub fn with(mut self, change: impl FnOnce(&mut Shape)) -> Shape {
        change(&mut self);
        self
    }

    /// The cell on the broker that the flags ask for, with what is in force there.
    pub fn on(mut self, broker: &Broker, run_s: f64, warmup_s: f64) -> Cell {
        self.setting = in_force(broker, self.setting);
        let setup = broker_setup(broker, self.setting);
        self.into_cell(setup, run_s, warmup_s)
    }

    pub fn into_cell(self, mut broker: BrokerSetup, run_s: f64, warmup_s: f64) -> Cell {
        broker.set.extend(self.set.iter().map(|&setting| setting.to_owned()));
        if self.in_process {
            broker.place = Where::InProcess;
        }
        let reads = self.client.producers == 0;
        Cell {
            id: self.name.clone(),
            series: self.name,
            setting: self.setting,
            broker,
            client: self.client,
            run_s,
            // Reading has nothing to warm: what it reads has just been written.
            warmup_s: if reads { 0.0 } else { warmup_s },
            beside: self.beside,
            act: self.act,
            half_of: self.half_of,
        }
    }
}

/// Producing as the light client does: requests of exactly `records` records of `record_bytes`.
pub fn produce(name: impl Into<String>, acks: Acks, record_bytes: usize, records: u32) -> Shape {
    let setting = Setting { acks, durability: Durability::Durable, path: Path::Direct };
    let client = ClientSetup {
        record_bytes,
        batch_records: Some(records),
        batch_bytes: 8 << 20,
        ..ClientSetup::usual()
    };
    Shape {
        name: name.into(),
        setting,
        client,
        beside: None,
        in_process: false,
        set: &[],
        act: Act::Load,
        half_of: None,
    }
}

/// The library with batches of 1 MiB, beside the disk's sequential write.
pub fn library(name: impl Into<String>) -> Shape {
    produce(name, Acks::All, 1 << 10, 1000).with(|s| {
        s.in_process = true;
        // The limit overwrites blocks that were written before; fresh ones are slower for anybody
        // (engine/docs/notes/2026-11-26-fresh-blocks.md). So the log's segment is written ahead, too.
        // Twice what is written: past its middle the next segment would be zeroed meanwhile.
        // A pool that the run goes round many times: a large one is still being touched for the first
        // time at the end of so short a run (engine/docs/notes/2026-11-26-what-a-stream-of-writes-costs.md).
        s.set = &["log.preallocate=true", "log.segment.bytes=2147479552", "memory.bytes=67108864"];
        // By size: a count of records would be cut into batches of 256 KiB.
        (s.client.batch_records, s.client.batch_bytes) = (None, 1_048_000);
        // Long enough that every batch fills.
        s.client.linger_ms = 5.0;
        // Deep enough that the device never waits for the program.
        s.client.in_flight = 16;
        s.client.bytes_max = 900 << 20;
        s.beside = Some(Beside::SequentialWrite);
    })
}

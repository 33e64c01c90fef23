//! Whole brokers on a simulated disk, network and clock; one seed decides everything.
//!
//! `plan` draws a run from its seed, `run` carries it out: `machine` is the broker, `clients` speak the real
//! protocol with it, `weather` makes things go wrong, `model` knows what must hold, and `ledger` what must hold of
//! transactions and groups.
//! `engine/docs/SIMULATOR.md` is the page for people.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod clients;
pub mod faults;
pub mod fuzz;
pub mod ledger;
pub mod loss;
pub mod machine;
pub mod model;
pub mod plan;
pub mod planted;
pub mod requests;
pub mod run;
pub mod trace;
pub mod weather;

//! Bytes that mean harm, or that a disk has damaged, for every parser that meets bytes from outside.
//!
//! A [`targets::Target`] is two plain functions: one makes an input from a seed, the other takes any bytes and
//! panics when a promise is broken. [`run`] feeds one to the other; a failure is a target's name and a number, and
//! that number alone makes the same input again.
//!
//! Inputs are not noise: a sound input is made first, as the broker or a client would make it, and damaged then, and
//! where a checksum would end the story at once the checksum is made right again ([`damage`]). Coverage-guided
//! fuzzers need a compiler that this house does not build with; the check of a target takes any bytes, so one can
//! be put in front of it.
//!
//! [`machine`] is the broker's own shard on a simulated machine, for targets that need all of it; [`image`] keeps data
//! directories that it left behind, to be damaged. [`kill`] is the opposite: real processes, a real disk, SIGKILL.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod damage;
pub mod image;
pub mod kill;
pub mod machine;
pub mod memory;
pub mod run;
pub mod script;
pub mod targets;

// A body of every API and version, and what decodes it: one table for the protocol's tests and for the inputs here.
#[path = "../../protocol/tests/served/bodies.rs"]
mod bodies;
#[path = "../../protocol/tests/served/samples.rs"]
mod samples;

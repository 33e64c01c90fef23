//! Groups as a whole: scenes of both protocols, and random ones.

mod classic;
mod consumer;
mod measure;
mod migrate;
mod offsets;
mod random;
mod stage;

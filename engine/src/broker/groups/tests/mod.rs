//! Groups as a whole: scenes of both protocols, and random ones.

mod classic;
mod offsets;
mod stage;

//! What we speak, seen from outside: every API and version in the table has a decoder and an
//! encoder, and none of them can be hurt by what arrives.

mod batches;
mod bodies;
mod hostile;
mod random;
mod samples;
mod table;

//! Every API that is served, asked well and badly, in old and new versions.

mod configs;
mod delete_records;
mod epochs;
mod fetch;
mod idempotence;
mod internal;
mod negotiation;
mod offsets;
mod partitions;
mod patterns;
mod produce;
mod records;
mod sessions;
mod shards;
mod topics;
mod transactions;

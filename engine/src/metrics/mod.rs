//! What can be seen from outside: numbers, what they are called, and the text in which they are handed out.
//!
//! A shard counts for itself, in plain integers that no other thread looks at: an addition, no atomic, no lock, no line
//! of cache shared with anybody. When somebody asks (`worker::measure`) it copies them into a [`sheet::Sheet`],
//! in portions, between two rounds of its loop. `boot::metrics` puts the sheets of all shards together and
//! serves the text from a thread of its own. So what nobody looks at costs an addition, and a look costs a shard
//! some ten microseconds at a time.
//!
//! [`table`] is the one list: names, the page `METRICS.md` and the text's `# HELP` lines come from it. Free to all layers;
//! must not know what a partition, a group or a connection is beyond the facts it is given.

pub mod bounded;
pub mod counters;
pub mod docs;
pub mod facts;
pub mod histogram;
pub mod overview;
pub mod requests;
pub mod sheet;
pub mod stages;
pub mod table;
pub mod text;

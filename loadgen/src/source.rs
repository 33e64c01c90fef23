//! Where records come from: made up, or lines of a file. Asked for one record at a time, by
//! (producer, sequence), and always gives the same one.

use std::rc::Rc;

use headwater_io::clock::Nanos;

use crate::input::Input;
use crate::partitioner::Partitioner;
use crate::payload::{Pool, Stamp, mix};
use crate::spec::RunSpec;

/// One record, ready for its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made<'a> {
    /// Where it goes.
    pub partition: u32,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: &'a [u8],
}

/// See the module.
pub enum Source {
    /// Values from a pool, keys from a number.
    Generated(Generated),
    /// Lines.
    File(Rc<Input>),
}

/// Makes records up.
pub struct Generated {
    pool: Pool,
    seed: u64,
    key_cardinality: u64,
    key: [u8; KEY_BYTES],
}

const KEY_PREFIX: &[u8] = b"key-";
const KEY_BYTES: usize = KEY_PREFIX.len() + 16;

impl Source {
    /// As the spec says; `input` is its file, if it names one.
    pub fn new(spec: &RunSpec, seed: u64, input: Option<Rc<Input>>) -> Self {
        if let Some(input) = input {
            return Source::File(input);
        }
        let mut key = [0; KEY_BYTES];
        key[..KEY_PREFIX.len()].copy_from_slice(KEY_PREFIX);
        let key_cardinality = spec.key_cardinality;
        Source::Generated(Generated { pool: pool(spec, seed), seed, key_cardinality, key })
    }

    /// How many records `producer` has; `None` for no end.
    pub fn share(&self, producer: usize) -> Option<u64> {
        match self {
            Source::Generated(_) => None,
            Source::File(input) => Some(input.share(producer)),
        }
    }

    /// The record.
    pub fn make(
        &mut self,
        producer: usize,
        sequence: u64,
        intended: Nanos,
        partitioner: &Partitioner,
    ) -> Made<'_> {
        match self {
            Source::Generated(generated) => {
                generated.make(producer, sequence, intended, partitioner)
            }
            Source::File(input) => {
                let record = input.record(input.line(producer, sequence));
                let partition = partitioner.choose(record.key);
                Made { partition, key: record.key, value: record.value }
            }
        }
    }
}

/// The pool of a run's values; the verifier makes itself the same one.
pub fn pool(spec: &RunSpec, seed: u64) -> Pool {
    let batch_bytes = match spec.records_per_batch() {
        Some(records) => spec.record_bytes.saturating_mul(records as usize),
        None => spec.batch_bytes,
    };
    Pool::new(seed, spec.payload, spec.record_bytes, batch_bytes)
}

impl Generated {
    fn make(
        &mut self,
        producer: usize,
        sequence: u64,
        intended: Nanos,
        partitioner: &Partitioner,
    ) -> Made<'_> {
        let has_key = self.key_cardinality > 0;
        if has_key {
            let random = mix(self.seed ^ sequence ^ (producer as u64) << 48);
            write_hex(&mut self.key[KEY_PREFIX.len()..], random % self.key_cardinality);
        }
        let key = has_key.then_some(&self.key[..]);
        let partition = partitioner.choose(key);
        let value = self.pool.value(&Stamp { producer, partition, sequence, intended });
        Made { partition, key, value }
    }
}

fn write_hex(out: &mut [u8], mut number: u64) {
    for digit in out.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 0xf) as usize];
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn keys_have_the_cardinality_asked_for() {
        let spec = RunSpec::default().with(|s| s.key_cardinality = 10);
        let mut source = Source::new(&spec, 1, None);
        let partitioner = Partitioner::new(4, 0);
        let mut keys = HashSet::new();
        for sequence in 0..1000 {
            let made = source.make(0, sequence, Nanos(0), &partitioner);
            assert_eq!(made.partition, partitioner.choose(made.key));
            keys.insert(made.key.unwrap().to_vec());
        }
        assert_eq!(keys.len(), 10);
        assert!(keys.contains(&b"key-0000000000000003"[..]));
    }

    #[test]
    fn without_cardinality_there_is_no_key() {
        let mut source = Source::new(&RunSpec::default(), 1, None);
        let made = source.make(0, 0, Nanos(0), &Partitioner::new(4, 2));
        assert_eq!((made.key, made.partition, made.value.len()), (None, 2, 1024));
    }

    #[test]
    fn lines_come_as_they_are() {
        let input = Rc::new(Input::new(b"LAS\tfirst\nATL\tsecond".to_vec(), 1, None).unwrap());
        let mut source = Source::new(&RunSpec::default(), 1, Some(input));
        assert_eq!(source.share(0), Some(2));
        let made = source.make(0, 1, Nanos(0), &Partitioner::new(1, 0));
        assert_eq!(made, Made { partition: 0, key: Some(b"ATL"), value: b"second" });
    }
}

//! Which partition a record goes to, as Kafka's clients decide it: by the hash of its key, or without
//! a key to one partition until its batch is closed, then the next (sticky).

use headwater_protocol::murmur2::partition_for_key;

/// The choice of one producer.
#[derive(Clone, Debug)]
pub struct Partitioner {
    partitions: u32,
    sticky: u32,
}

impl Partitioner {
    /// Producers begin at different partitions, so that few of them still use all.
    pub fn new(partitions: u32, producer: usize) -> Self {
        assert!(partitions > 0);
        Partitioner { partitions, sticky: (producer % partitions as usize) as u32 }
    }

    /// The partition of the next record.
    pub fn choose(&self, key: Option<&[u8]>) -> u32 {
        match key {
            Some(_) if self.partitions == 1 => 0,
            Some(key) => partition_for_key(key, self.partitions),
            None => self.sticky,
        }
    }

    /// A batch of `partition` was closed: records without a key move on.
    pub fn batch_closed(&mut self, partition: u32) {
        if partition == self.sticky {
            self.sticky = (self.sticky + 1) % self.partitions;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_decide_and_never_move() {
        let mut p = Partitioner::new(12, 0);
        let before = p.choose(Some(b"LAS"));
        p.batch_closed(before);
        assert_eq!(p.choose(Some(b"LAS")), before);
        assert_eq!(before, partition_for_key(b"LAS", 12));
    }

    #[test]
    fn records_without_a_key_stick_until_the_batch_is_closed() {
        let mut p = Partitioner::new(3, 4);
        assert_eq!((p.choose(None), p.choose(None)), (1, 1));
        p.batch_closed(0);
        assert_eq!(p.choose(None), 1);
        p.batch_closed(1);
        p.batch_closed(2);
        assert_eq!(p.choose(None), 0);
    }
}

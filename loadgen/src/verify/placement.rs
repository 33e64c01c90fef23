//! Acknowledged offsets: where the first record of each batch must be found.

/// Per partition: (offset, what is there), in the order of offsets once sorted.
#[derive(Clone, Debug, Default)]
pub struct Placement {
    partitions: Vec<Partition>,
}

#[derive(Clone, Debug, Default)]
struct Partition {
    entries: Vec<(i64, u64)>,
    next: usize,
    sorted: bool,
}

impl Placement {
    /// `name` was acknowledged at `offset`.
    pub fn promise(&mut self, partition: u32, offset: i64, name: u64) {
        let partition = self.partition(partition);
        partition.entries.push((offset, name));
        partition.sorted = false;
    }

    /// What was promised to be at `offset`. Offsets of a partition must ascend from call to call.
    pub fn promised_at(&mut self, partition: u32, offset: i64) -> Option<u64> {
        let partition = self.partition(partition);
        if !partition.sorted {
            partition.entries.sort_unstable();
            partition.sorted = true;
        }
        while partition.entries.get(partition.next).is_some_and(|entry| entry.0 < offset) {
            partition.next += 1;
        }
        let entry = partition.entries.get(partition.next)?;
        (entry.0 == offset).then_some(entry.1)
    }

    fn partition(&mut self, index: u32) -> &mut Partition {
        let index = index as usize;
        if index >= self.partitions.len() {
            self.partitions.resize_with(index + 1, Partition::default);
        }
        &mut self.partitions[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_are_found_in_any_order_of_making() {
        let mut placement = Placement::default();
        for (offset, name) in [(20, 2), (10, 1), (30, 3)] {
            placement.promise(1, offset, name);
        }
        let found: Vec<_> = [9, 10, 11, 25, 30].map(|at| placement.promised_at(1, at)).into();
        assert_eq!(found, [None, Some(1), None, None, Some(3)]);
        assert_eq!(placement.promised_at(0, 10), None);
    }
}

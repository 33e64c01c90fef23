//! Brokers, and which of them leads which partition of the topic.
//!
//! Brokers keep their place in the list for the whole run, whatever later answers say, so that
//! everybody else can name them by index.

use headwater_protocol::messages::metadata::{MetadataResponse, MetadataTopic};

/// What is known of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    brokers: Vec<Broker>,
    /// By partition: index of the broker that leads it, if any does.
    leaders: Vec<Option<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Broker {
    node_id: i32,
    address: String,
}

impl Cluster {
    /// One broker that leads every partition: the library in this process.
    pub fn single(partitions: u32) -> Self {
        let broker = Broker { node_id: 0, address: String::new() };
        Cluster { brokers: vec![broker], leaders: vec![Some(0); partitions as usize] }
    }

    /// Takes over what an answer says of the brokers and of `topic`.
    pub fn update(&mut self, answer: &MetadataResponse<'_>, topic: &MetadataTopic<'_>) {
        for broker in &answer.brokers {
            let address = address_of(&broker.host, broker.port);
            match self.index_of(broker.node_id) {
                Some(index) => self.brokers[index].address = address,
                None => self.brokers.push(Broker { node_id: broker.node_id, address }),
            }
        }
        let count = topic.partitions.iter().map(|p| p.index + 1).max().unwrap_or(0) as usize;
        self.leaders = vec![None; count.max(self.leaders.len())];
        for partition in &topic.partitions {
            self.leaders[partition.index as usize] = self.index_of(partition.leader_id);
        }
    }

    /// How many brokers are known.
    pub fn brokers(&self) -> usize {
        self.brokers.len()
    }

    /// Where a broker listens.
    pub fn address(&self, broker: usize) -> &str {
        &self.brokers[broker].address
    }

    /// How many partitions the topic has.
    pub fn partitions(&self) -> u32 {
        self.leaders.len() as u32
    }

    /// The broker that leads a partition, if any does.
    pub fn leader(&self, partition: u32) -> Option<usize> {
        self.leaders.get(partition as usize).copied().flatten()
    }

    /// By broker: whether it leads any partition.
    pub fn leading(&self) -> Vec<bool> {
        (0..self.brokers.len()).map(|broker| self.leaders.contains(&Some(broker))).collect()
    }

    /// Whether each partition has a leader.
    pub fn is_complete(&self) -> bool {
        !self.leaders.is_empty() && self.leaders.iter().all(Option::is_some)
    }

    fn index_of(&self, node_id: i32) -> Option<usize> {
        self.brokers.iter().position(|broker| broker.node_id == node_id)
    }
}

/// As one connects to it.
pub fn address_of(host: &str, port: i32) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_protocol::messages::metadata::{MetadataBroker, MetadataPartition};

    fn answer(nodes: &[i32]) -> MetadataResponse<'static> {
        let broker = |&node_id: &i32| MetadataBroker {
            node_id,
            host: format!("host{node_id}").into(),
            port: 9092,
            ..MetadataBroker::default()
        };
        MetadataResponse {
            brokers: nodes.iter().map(broker).collect(),
            ..MetadataResponse::default()
        }
    }

    fn topic(leaders: &[i32]) -> MetadataTopic<'static> {
        let partition = |(index, &leader_id): (usize, &i32)| MetadataPartition {
            index: index as i32,
            leader_id,
            ..MetadataPartition::default()
        };
        let partitions = leaders.iter().enumerate().map(partition).collect();
        MetadataTopic { partitions, ..MetadataTopic::default() }
    }

    #[test]
    fn brokers_keep_their_place() {
        let mut cluster = Cluster::default();
        cluster.update(&answer(&[7, 3]), &topic(&[3, 7]));
        assert_eq!((cluster.leader(0), cluster.leader(1)), (Some(1), Some(0)));
        cluster.update(&answer(&[3, 9]), &topic(&[9, 3]));
        assert_eq!((cluster.leader(0), cluster.leader(1)), (Some(2), Some(1)));
        assert_eq!(cluster.address(1), "host3:9092");
    }

    #[test]
    fn a_partition_without_a_leader_is_incomplete() {
        let mut cluster = Cluster::default();
        cluster.update(&answer(&[1]), &topic(&[1, -1]));
        assert!(!cluster.is_complete());
        assert_eq!(cluster.leader(1), None);
        cluster.update(&answer(&[1]), &topic(&[1, 1]));
        assert!(cluster.is_complete());
    }
}

//! Which partitions a member of a consumer group shall have (key 7) and which it has (key 8).

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;

use super::{Decoded, Unreadable, read_value, write_value};
use crate::model::TopicId;

/// Partitions by topic. Topics without partitions are left out, so that equal sets are equal values.
pub type Partitions = BTreeMap<TopicId, BTreeSet<i32>>;

/// Partitions, each with the member epoch at which the member got it (KIP-1251): who commits with an older
/// epoch than the member's may still commit for what it has had since then.
pub type OwnedPartitions = BTreeMap<TopicId, BTreeMap<i32, i32>>;

/// How far a member has come towards its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberState {
    /// It has what it shall have.
    #[default]
    Stable,
    /// It has not yet given back what it must.
    UnrevokedPartitions,
    /// It waits for partitions that others have not yet given back.
    UnreleasedPartitions,
    /// A state of a newer Kafka.
    Unknown,
}

/// A member's epochs and partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CurrentAssignment {
    /// The epoch that the member must name.
    pub epoch: i32,
    /// The one before it: the answer with the new one may have been lost.
    pub previous_epoch: i32,
    /// How far it has come.
    pub state: MemberState,
    /// What it may read.
    pub assigned: OwnedPartitions,
    /// What it must give back.
    pub revoking: OwnedPartitions,
}

impl MemberState {
    fn code(self) -> i8 {
        match self {
            MemberState::Stable => 0,
            MemberState::UnrevokedPartitions => 1,
            MemberState::UnreleasedPartitions => 2,
            MemberState::Unknown => 127,
        }
    }

    fn from_code(code: i8) -> Self {
        match code {
            0 => MemberState::Stable,
            1 => MemberState::UnrevokedPartitions,
            2 => MemberState::UnreleasedPartitions,
            _ => MemberState::Unknown,
        }
    }
}

/// A target assignment as bytes.
pub fn encode_target(partitions: &Partitions) -> Bytes {
    let topics: Vec<_> = partitions.iter().collect();
    write_value(0, 0, |w| {
        w.array(&topics, |w, (topic, partitions)| {
            w.uuid(**topic);
            let partitions: Vec<i32> = partitions.iter().copied().collect();
            w.array(&partitions, |w, partition| w.i32(*partition));
            w.no_tags();
        });
        w.no_tags();
    })
}

/// A target assignment from bytes.
pub fn decode_target(bytes: &[u8]) -> Result<Partitions, Unreadable> {
    read_value("ConsumerGroupTargetAssignmentMemberValue", bytes, 0, 0, |r, _| {
        let topics = r.array(18, |r| {
            let topic = (r.uuid()?, r.array(4, Reader::i32)?.into_iter().collect());
            r.skip_tags()?;
            Ok(topic)
        })?;
        r.skip_tags()?;
        Ok(topics
            .into_iter()
            .filter(|(_, partitions): &(_, BTreeSet<_>)| !partitions.is_empty())
            .collect())
    })
}

impl CurrentAssignment {
    /// As bytes.
    pub fn encode(&self) -> Bytes {
        write_value(0, 0, |w| {
            w.i32(self.epoch);
            w.i32(self.previous_epoch);
            w.i8(self.state.code());
            write_owned(w, &self.assigned);
            write_owned(w, &self.revoking);
            w.no_tags();
        })
    }

    /// From bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        read_value("ConsumerGroupCurrentMemberAssignmentValue", bytes, 0, 0, |r, _| {
            let epoch = r.i32()?;
            let current = CurrentAssignment {
                epoch,
                previous_epoch: r.i32()?,
                state: MemberState::from_code(r.i8()?),
                assigned: read_owned(r, epoch)?,
                revoking: read_owned(r, epoch)?,
            };
            r.skip_tags()?;
            Ok(current)
        })
    }
}

fn write_owned(w: &mut Writer<'_>, owned: &OwnedPartitions) {
    let topics: Vec<_> = owned.iter().collect();
    w.array(&topics, |w, (topic, partitions)| {
        w.uuid(**topic);
        let (partitions, epochs): (Vec<i32>, Vec<i32>) =
            partitions.iter().map(|(partition, epoch)| (*partition, *epoch)).unzip();
        w.array(&partitions, |w, partition| w.i32(*partition));
        w.tag_count(1);
        w.tag(0, |w| w.array(&epochs, |w, epoch| w.i32(*epoch)));
    });
}

/// Records of Kafka before 4.3 have no epochs of partitions: the member's own is the safe one.
fn read_owned(r: &mut Reader<'_>, member_epoch: i32) -> Decoded<OwnedPartitions> {
    let topics = r.array(18, |r| {
        let topic = r.uuid()?;
        let partitions = r.array(4, Reader::i32)?;
        let mut epochs = None;
        r.tags(|tag, r| {
            if tag == 0 {
                epochs = r.nullable_array(4, Reader::i32)?;
            }
            Ok(())
        })?;
        let epochs = epochs.unwrap_or_default();
        let owned = partitions
            .iter()
            .enumerate()
            .map(|(n, partition)| (*partition, epochs.get(n).copied().unwrap_or(member_epoch)));
        Ok((topic, owned.collect()))
    })?;
    Ok(topics.into_iter().filter(|(_, owned): &(_, BTreeMap<_, _>)| !owned.is_empty()).collect())
}

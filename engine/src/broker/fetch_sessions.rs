//! Fetch sessions (KIP-227): what a consumer fetches is remembered, so that a request names only what
//! changed and a response only partitions with news.
//!
//! Kept by each shard for its own connections; a client that comes back on another shard is told that its
//! session is unknown and starts a new one, as after a restart. Pure.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use crate::model::{Offset, TopicId};

/// A partition as the client names it: by the topic's name or by its id; the other one is empty. A name
/// may get another topic, or its first one, while a session lasts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Named {
    /// The topic's name.
    pub topic: String,
    /// The topic's id.
    pub id: TopicId,
    /// The partition's index in the topic.
    pub index: i32,
}

/// What is fetched of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which.
    pub partition: Named,
    /// From where.
    pub offset: Offset,
    /// About how much, in bytes.
    pub bytes_max: i32,
    /// The epoch that the client knows, -1 for none.
    pub epoch: i32,
    /// What the client was told last: high watermark and log start.
    pub told: (Offset, Offset),
}

/// What a client is being told about a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Which.
    pub partition: Named,
    /// High watermark and log start.
    pub marks: (Offset, Offset),
    /// Whether it gets records, too.
    pub had_data: bool,
}

/// What was told about a partition that was never answered for.
pub const TOLD_NOTHING: (Offset, Offset) = (Offset(-1), Offset(-1));

struct Session {
    epoch: i32,
    wanted: IndexMap<Named, Wanted>,
    used: u64,
}

/// Why a session cannot be continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionError {
    /// There is none with this id.
    NotFound,
    /// A request is missing or repeated.
    InvalidEpoch,
}

/// The sessions of one shard.
pub struct FetchSessions {
    sessions: HashMap<i32, Session>,
    most: usize,
    /// Partitions of all of them.
    partitions: usize,
    next_id: i32,
    clock: u64,
}

/// The most partitions that all sessions of one shard remember; about 300 bytes each.
const PARTITIONS_MAX: usize = 100_000;

/// The epoch of a request that wants no session.
pub const FINAL_EPOCH: i32 = -1;

impl FetchSessions {
    /// At most `most` sessions; ids start at `seed`, so that those of an earlier process are not mistaken
    /// for new ones.
    pub fn new(most: usize, seed: i32) -> Self {
        let sessions = HashMap::new();
        FetchSessions { sessions, most, partitions: 0, next_id: seed.max(1), clock: 0 }
    }

    /// Starts a session; 0 when there is no room for one.
    pub fn start(&mut self, wanted: Vec<Wanted>) -> i32 {
        if self.most == 0 || wanted.len() > PARTITIONS_MAX {
            return 0;
        }
        if self.sessions.len() >= self.most {
            self.close_oldest();
        }
        let id = self.next_id;
        self.next_id = if id == i32::MAX { 1 } else { id + 1 };
        self.clock += 1;
        let wanted: IndexMap<_, _> =
            wanted.into_iter().map(|wanted| (wanted.partition.clone(), wanted)).collect();
        self.partitions += wanted.len();
        self.sessions.insert(id, Session { epoch: 1, wanted, used: self.clock });
        self.make_room();
        id
    }

    /// Ends sessions until the others may keep what they remember: the least recently used first.
    fn make_room(&mut self) {
        while self.partitions > PARTITIONS_MAX {
            self.close_oldest();
        }
    }

    fn close_oldest(&mut self) {
        let oldest = self.sessions.iter().min_by_key(|(_, session)| session.used);
        let oldest = oldest.map(|(id, _)| *id).expect("there is one");
        self.close(oldest);
    }

    /// Continues a session: applies what changed and returns everything that is fetched.
    pub fn update(
        &mut self,
        id: i32,
        epoch: i32,
        changed: Vec<Wanted>,
        forgotten: &[Named],
    ) -> Result<Vec<Wanted>, SessionError> {
        let session = self.sessions.get_mut(&id).ok_or(SessionError::NotFound)?;
        if session.epoch != epoch {
            return Err(SessionError::InvalidEpoch);
        }
        session.epoch = if epoch == i32::MAX { 1 } else { epoch + 1 };
        self.clock += 1;
        session.used = self.clock;
        let before = session.wanted.len();
        if !forgotten.is_empty() {
            // In one pass: one by one, a request that forgets a million would take for ever.
            let forgotten: HashSet<&Named> = forgotten.iter().collect();
            session.wanted.retain(|partition, _| !forgotten.contains(partition));
        }
        for mut wanted in changed {
            if let Some(known) = session.wanted.get(&wanted.partition) {
                wanted.told = known.told;
            }
            session.wanted.insert(wanted.partition.clone(), wanted);
        }
        let all = session.wanted.values().cloned().collect();
        self.partitions = self.partitions + session.wanted.len() - before;
        // If it has too many alone, its client hears next time that it is gone.
        self.make_room();
        Ok(all)
    }

    /// Notes what the client is being told; partitions that had data go to the end, so that the others get
    /// their turn when a response is full.
    pub fn told(&mut self, id: i32, told: Vec<Told>) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let mut served = HashSet::new();
        for Told { partition, marks, had_data } in told {
            if let Some(wanted) = session.wanted.get_mut(&partition) {
                wanted.told = marks;
                if had_data {
                    served.insert(partition);
                }
            }
        }
        if !served.is_empty() && served.len() < session.wanted.len() {
            let all = std::mem::take(&mut session.wanted).into_iter();
            let (last, first): (Vec<_>, Vec<_>) =
                all.partition(|(partition, _)| served.contains(partition));
            session.wanted = first.into_iter().chain(last).collect();
        }
    }

    /// Ends a session.
    pub fn close(&mut self, id: i32) {
        let closed = self.sessions.remove(&id);
        self.partitions -= closed.map_or(0, |session| session.wanted.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(index: i32, offset: i64) -> Wanted {
        let partition = Named { topic: "t".to_owned(), id: TopicId::ZERO, index };
        Wanted { partition, offset: Offset(offset), bytes_max: 1, epoch: -1, told: TOLD_NOTHING }
    }

    fn told(index: i32, high_watermark: i64, had_data: bool) -> Told {
        let marks = (Offset(high_watermark), Offset(0));
        Told { partition: wanted(index, 0).partition, marks, had_data }
    }

    #[test]
    fn a_session_remembers_changes_and_forgets_what_it_is_told_to() {
        let mut sessions = FetchSessions::new(2, 1);
        let id = sessions.start(vec![wanted(0, 0), wanted(1, 0)]);
        sessions.told(id, vec![told(0, 5, true)]);
        let now = sessions
            .update(id, 1, vec![wanted(0, 5), wanted(2, 7)], &[wanted(1, 0).partition])
            .unwrap();
        let mut first = wanted(0, 5);
        first.told = (Offset(5), Offset(0));
        assert_eq!(now, vec![first, wanted(2, 7)]);
        assert_eq!(sessions.update(id, 1, vec![], &[]), Err(SessionError::InvalidEpoch));
        assert_eq!(sessions.update(id, 2, vec![], &[]).unwrap().len(), 2);
        sessions.close(id);
        assert_eq!(sessions.update(id, 3, vec![], &[]), Err(SessionError::NotFound));
    }

    #[test]
    fn partitions_that_had_data_go_to_the_end() {
        let mut sessions = FetchSessions::new(1, 1);
        let id = sessions.start((0..5).map(|index| wanted(index, 0)).collect());
        sessions.told(id, vec![told(0, 5, true), told(1, 5, false), told(2, 5, true)]);
        let order = |all: Vec<Wanted>| all.iter().map(|w| w.partition.index).collect::<Vec<_>>();
        assert_eq!(order(sessions.update(id, 1, vec![], &[]).unwrap()), [1, 3, 4, 0, 2]);
        sessions.told(id, (0..5).map(|index| told(index, 6, true)).collect());
        assert_eq!(order(sessions.update(id, 2, vec![], &[]).unwrap()), [1, 3, 4, 0, 2]);
    }

    #[test]
    fn sessions_do_not_remember_more_than_there_is_room_for() {
        let many = |from: i32, count: i32| (from..from + count).map(|n| wanted(n, 0)).collect();
        let most = PARTITIONS_MAX as i32;
        let mut sessions = FetchSessions::new(10, 1);
        assert_eq!(sessions.start(many(0, most + 1)), 0);
        let one = sessions.start(many(0, most / 2));
        let two = sessions.start(many(0, most / 2));
        assert!(sessions.update(one, 1, vec![], &[]).is_ok());
        let three = sessions.start(many(0, 1));
        assert_eq!(sessions.update(two, 1, vec![], &[]), Err(SessionError::NotFound));
        assert_eq!(
            sessions.update(one, 2, many(0, most / 2), &[]).unwrap().len(),
            most as usize / 2
        );
        sessions.update(three, 1, many(1, most), &[]).unwrap();
        assert_eq!(sessions.update(three, 2, vec![], &[]), Err(SessionError::NotFound));
        assert_eq!((sessions.sessions.len(), sessions.partitions), (0, 0));
    }

    #[test]
    fn the_least_recently_used_makes_room() {
        let mut sessions = FetchSessions::new(2, 1);
        let one = sessions.start(vec![]);
        let two = sessions.start(vec![]);
        sessions.update(one, 1, vec![], &[]).unwrap();
        let three = sessions.start(vec![]);
        assert_eq!(sessions.update(two, 1, vec![], &[]), Err(SessionError::NotFound));
        assert!(
            sessions.update(one, 2, vec![], &[]).is_ok()
                && sessions.update(three, 1, vec![], &[]).is_ok()
        );
        assert_eq!(FetchSessions::new(0, 1).start(vec![]), 0);
    }
}

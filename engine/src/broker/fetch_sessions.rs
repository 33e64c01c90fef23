//! Fetch sessions (KIP-227): what a consumer fetches is remembered, so that a request names only what
//! changed and a response only partitions with news.
//!
//! Kept by each shard for its own connections; a client that comes back on another shard is told that its
//! session is unknown and starts a new one, as after a restart. Pure.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::model::{Offset, PartitionKey};

/// What is fetched of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which.
    pub partition: PartitionKey,
    /// The topic as the client names it.
    pub topic: String,
    /// From where.
    pub offset: Offset,
    /// About how much, in bytes.
    pub bytes_max: i32,
    /// The epoch that the client knows, -1 for none.
    pub epoch: i32,
    /// What the client was told last: high watermark and log start.
    pub told: (Offset, Offset),
}

/// What was told about a partition that was never answered for.
pub const TOLD_NOTHING: (Offset, Offset) = (Offset(-1), Offset(-1));

struct Session {
    epoch: i32,
    wanted: IndexMap<PartitionKey, Wanted>,
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
    next_id: i32,
    clock: u64,
}

/// The epoch of a request that wants no session.
pub const FINAL_EPOCH: i32 = -1;

impl FetchSessions {
    /// At most `most` sessions; ids start at `seed`, so that those of an earlier process are not mistaken
    /// for new ones.
    pub fn new(most: usize, seed: i32) -> Self {
        FetchSessions { sessions: HashMap::new(), most, next_id: seed.max(1), clock: 0 }
    }

    /// Starts a session; 0 when there is no room for one.
    pub fn start(&mut self, wanted: Vec<Wanted>) -> i32 {
        if self.most == 0 {
            return 0;
        }
        if self.sessions.len() >= self.most {
            let oldest = self.sessions.iter().min_by_key(|(_, session)| session.used);
            let oldest = oldest.map(|(id, _)| *id).expect("there is one");
            self.sessions.remove(&oldest);
        }
        let id = self.next_id;
        self.next_id = if id == i32::MAX { 1 } else { id + 1 };
        self.clock += 1;
        let wanted = wanted.into_iter().map(|wanted| (wanted.partition, wanted)).collect();
        self.sessions.insert(id, Session { epoch: 1, wanted, used: self.clock });
        id
    }

    /// Continues a session: applies what changed and returns everything that is fetched.
    pub fn update(
        &mut self,
        id: i32,
        epoch: i32,
        changed: Vec<Wanted>,
        forgotten: &[PartitionKey],
    ) -> Result<Vec<Wanted>, SessionError> {
        let session = self.sessions.get_mut(&id).ok_or(SessionError::NotFound)?;
        if session.epoch != epoch {
            return Err(SessionError::InvalidEpoch);
        }
        session.epoch = if epoch == i32::MAX { 1 } else { epoch + 1 };
        self.clock += 1;
        session.used = self.clock;
        for key in forgotten {
            session.wanted.shift_remove(key);
        }
        for mut wanted in changed {
            if let Some(known) = session.wanted.get(&wanted.partition) {
                wanted.told = known.told;
            }
            session.wanted.insert(wanted.partition, wanted);
        }
        Ok(session.wanted.values().cloned().collect())
    }

    /// Notes what the client is being told; a partition that had data goes to the end, so that the others
    /// get their turn when a response is full.
    pub fn told(
        &mut self,
        id: i32,
        partition: PartitionKey,
        told: (Offset, Offset),
        had_data: bool,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if let Some(wanted) = session.wanted.get_mut(&partition) {
            wanted.told = told;
            if had_data {
                let wanted = session.wanted.shift_remove(&partition).expect("just seen");
                session.wanted.insert(partition, wanted);
            }
        }
    }

    /// Ends a session.
    pub fn close(&mut self, id: i32) {
        self.sessions.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TopicId;

    fn wanted(index: i32, offset: i64) -> Wanted {
        let partition = PartitionKey { topic: TopicId::default(), index };
        let topic = "t".to_owned();
        Wanted {
            partition,
            topic,
            offset: Offset(offset),
            bytes_max: 1,
            epoch: -1,
            told: TOLD_NOTHING,
        }
    }

    #[test]
    fn a_session_remembers_changes_and_forgets_what_it_is_told_to() {
        let mut sessions = FetchSessions::new(2, 1);
        let id = sessions.start(vec![wanted(0, 0), wanted(1, 0)]);
        sessions.told(id, wanted(0, 0).partition, (Offset(5), Offset(0)), true);
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

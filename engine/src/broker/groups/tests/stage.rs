//! A partition with its log in memory, a clock that is moved by hand, and clients that are numbers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::wire::uuid::Uuid;
use headwater_protocol::wire::writer::Writer;

use crate::broker::groups::Groups;
use crate::broker::groups::rpc::classic::*;
use crate::broker::groups::rpc::{Answer, Client, Request};
use crate::broker::groups::settings::Settings;
use crate::broker::groups::topics::{Topic, Topics};
use crate::broker::groups::turn::{Moment, Producer, Turn};
use crate::model::Offset;

/// What is in the log.
#[derive(Clone, Debug)]
pub enum Logged {
    Record(Option<Producer>, Bytes, Option<Bytes>),
    Marker(Producer, bool),
}

pub struct Stage {
    pub groups: Groups<u32>,
    pub settings: Settings,
    pub topics: Arc<Topics>,
    pub log: Vec<Logged>,
    pub answers: BTreeMap<u32, Answer>,
    /// Set to have the log refuse everything.
    pub refuse: Option<ErrorCode>,
    pub now_ms: u64,
    ids: u32,
    waiters: u32,
}

/// Wall clock at the start.
pub const START_MS: i64 = 1_767_225_600_000;

pub fn topic_id(n: u8) -> Uuid {
    Uuid([n; 16])
}

pub fn topic(name: &str, n: u8, partitions: i32) -> Topic {
    Topic { name: name.to_owned(), id: topic_id(n), partitions }
}

impl Stage {
    pub fn new() -> Self {
        Self::with(Settings::default(), vec![topic("t", 1, 4), topic("u", 2, 3)])
    }

    pub fn with(settings: Settings, topics: Vec<Topic>) -> Self {
        let topics = Arc::new(topics.into_iter().collect::<Topics>());
        let mut stage = Stage {
            groups: Groups::new(settings.clone(), Arc::clone(&topics)),
            settings,
            topics,
            log: Vec::new(),
            answers: BTreeMap::new(),
            refuse: None,
            now_ms: 0,
            ids: 0,
            waiters: 0,
        };
        let at = stage.moment();
        let turn = stage.groups.loaded(at);
        stage.play(turn);
        stage
    }

    pub fn moment(&mut self) -> Moment {
        self.ids += 1;
        let mut id = [0; 16];
        id[12..].copy_from_slice(&self.ids.to_be_bytes());
        let unix_ms = START_MS + self.now_ms as i64;
        Moment { now: Nanos(self.now_ms * 1_000_000), unix_ms, fresh_id: Uuid(id) }
    }

    pub fn play(&mut self, turn: Turn<u32>) {
        let mut turn = turn;
        loop {
            for (waiter, answer) in turn.answers {
                let before = self.answers.insert(waiter, answer);
                assert!(before.is_none(), "waiter {waiter} is answered twice: {before:?}");
            }
            let Some(write) = turn.write else { return };
            let at = self.moment();
            turn = match self.refuse {
                Some(code) => self.groups.refused(write, code, at),
                None => {
                    let base = Offset(self.log.len() as i64);
                    let producer = write.producer;
                    let records = write.records();
                    self.log
                        .extend(records.map(|(key, value)| Logged::Record(producer, key, value)));
                    self.groups.appended(write, base, at)
                }
            };
        }
    }

    /// Sends a request whose answer may come later.
    pub fn send(&mut self, request: Request) -> u32 {
        self.waiters += 1;
        let (waiter, at) = (self.waiters, self.moment());
        let turn = self.groups.handle(request, waiter, at);
        self.play(turn);
        waiter
    }

    /// The answer that has come to a request.
    pub fn take(&mut self, waiter: u32) -> Option<Answer> {
        self.answers.remove(&waiter)
    }

    /// Sends a request and takes its answer.
    pub fn ask(&mut self, request: Request) -> Answer {
        let waiter = self.send(request);
        self.take(waiter).expect("an answer at once")
    }

    /// Lets time pass, with everything that happens by itself.
    pub fn pass(&mut self, time: Duration) {
        let end_ms = self.now_ms + time.as_millis() as u64;
        while let Some(at) = self.groups.deadline().filter(|at| at.0 <= end_ms * 1_000_000) {
            self.now_ms = self.now_ms.max(at.0.div_ceil(1_000_000));
            let at = self.moment();
            let turn = self.groups.expire(at);
            self.play(turn);
        }
        self.now_ms = end_ms;
    }

    pub fn marker(&mut self, producer: Producer, commit: bool) {
        self.log.push(Logged::Marker(producer, commit));
        self.groups.marker(producer, commit);
    }

    /// Groups that have read these records.
    pub fn replayed(&self, log: &[Logged]) -> Groups<u32> {
        let mut groups = Groups::new(self.settings.clone(), Arc::clone(&self.topics));
        for (n, logged) in (0..).zip(log) {
            match logged {
                Logged::Record(producer, key, value) => {
                    groups.replay(Offset(n), *producer, key, value.as_deref()).unwrap();
                }
                Logged::Marker(producer, commit) => groups.marker(*producer, *commit),
            }
        }
        groups
    }

    /// The process dies and another one reads the log.
    pub fn restart(&mut self) {
        self.groups = self.replayed(&self.log.clone());
        self.answers.clear();
        let at = self.moment();
        let turn = self.groups.loaded(at);
        self.play(turn);
    }

    /// What the records say, live, is what a replay would say.
    pub fn assert_replayable(&self) {
        assert_eq!(self.groups.durable(), self.replayed(&self.log).durable());
    }
}

/// A consumer's metadata: what it subscribes to.
pub fn subscription(topics: &[&str]) -> Bytes {
    let mut bytes = BytesMut::new();
    let mut w = Writer::new(&mut bytes, false);
    w.i16(3);
    w.array(topics, |w, topic| w.string(topic));
    w.nullable_bytes(None);
    w.array::<i32>(&[], |_, _| {});
    w.i32(-1);
    w.nullable_string(None);
    bytes.freeze()
}

pub fn join(group: &str, member: &str) -> JoinGroup {
    let protocol = |name: &str| Protocol { name: name.to_owned(), metadata: subscription(&["t"]) };
    JoinGroup {
        group_id: group.to_owned(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
        member_id: member.to_owned(),
        protocol_type: "consumer".to_owned(),
        protocols: vec![protocol("range"), protocol("roundrobin")],
        client: Client { id: "c".to_owned(), host: "/127.0.0.1".to_owned() },
        requires_known_member_id: true,
        supports_skipping_assignment: true,
        ..JoinGroup::default()
    }
}

pub fn sync(group: &str, joined: &Joined, assignments: &[(&str, &'static [u8])]) -> SyncGroup {
    let given = |(id, bytes): &(&str, &'static [u8])| ((*id).to_owned(), Bytes::from_static(bytes));
    SyncGroup {
        group_id: group.to_owned(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        assignments: assignments.iter().map(given).collect(),
        ..SyncGroup::default()
    }
}

impl Stage {
    /// Sends a join with an id that was asked for before; the answer comes later.
    pub fn send_join(&mut self, group: &str) -> (String, u32) {
        let id = self.joined(join(group, "")).member_id;
        let waiter = self.send(Request::JoinGroup(join(group, &id)));
        (id, waiter)
    }

    pub fn joined(&mut self, request: JoinGroup) -> Joined {
        let Answer::JoinGroup(joined) = self.ask(Request::JoinGroup(request)) else { panic!() };
        joined
    }

    pub fn take_joined(&mut self, waiter: u32) -> Joined {
        let Some(Answer::JoinGroup(joined)) = self.take(waiter) else { panic!("no answer") };
        joined
    }

    pub fn synced(&mut self, request: SyncGroup) -> Synced {
        let Answer::SyncGroup(synced) = self.ask(Request::SyncGroup(request)) else { panic!() };
        synced
    }

    pub fn beat(&mut self, group: &str, generation: i32, member: &str) -> ErrorCode {
        let request = Heartbeat {
            group_id: group.to_owned(),
            generation_id: generation,
            member_id: member.to_owned(),
            group_instance_id: None,
        };
        let Answer::Heartbeat(code) = self.ask(Request::Heartbeat(request)) else { panic!() };
        code
    }

    pub fn leave(&mut self, group: &str, member: &str, instance: Option<&str>) -> Left {
        let member = MemberIdentity {
            member_id: member.to_owned(),
            group_instance_id: instance.map(str::to_owned),
            reason: None,
        };
        let request = LeaveGroup { group_id: group.to_owned(), members: vec![member] };
        let Answer::LeaveGroup(left) = self.ask(Request::LeaveGroup(request)) else { panic!() };
        left
    }

    /// A stable group of so many members, the first one the leader.
    pub fn stable(&mut self, group: &str, members: usize) -> Vec<Joined> {
        let waiters: Vec<_> = (0..members).map(|_| self.send_join(group).1).collect();
        self.pass(Duration::from_secs(7));
        let mut joined: Vec<_> = waiters.into_iter().map(|w| self.take_joined(w)).collect();
        joined.sort_by_key(|joined| joined.member_id != joined.leader);
        let given: Vec<(&str, &'static [u8])> =
            joined.iter().map(|joined| (joined.member_id.as_str(), b"mine".as_slice())).collect();
        let requests: Vec<_> = joined.iter().map(|j| sync(group, j, &given)).collect();
        for request in requests {
            assert_eq!(self.synced(request).error_code, ErrorCode::None);
        }
        joined
    }

    pub fn state(&mut self, group: &str) -> &'static str {
        self.groups.describe(vec![group.to_owned()])[0].group_state
    }
}

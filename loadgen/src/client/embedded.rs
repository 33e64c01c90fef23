//! The engine in this process, in the place of a network: the same requests, answered by calls of the
//! library. Appends and reads go straight to it; the few questions of setup are answered in
//! `answers`, so that nobody above needs to know that there is no broker.
//!
//! From the engine it uses what any program that embeds it can use, and nothing else.

mod answers;
mod work;

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use bytes::BytesMut;
use headwater::embedded::{Engine, Partition};
use headwater_io::clock::{Clock, Nanos};
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::wire::writer::Writer;
use slab::Slab;

use super::messages::{FetchAsk, ProduceHead};
use super::network::{Event, Link, Owner, What};
use work::Work;

/// See the module.
pub struct Embedded {
    engine: Engine,
    partitions: HashMap<String, Vec<Partition>>,
    clock: Clock,
    spin: Duration,
    links: Slab<Line>,
    next_serial: u64,
    /// Already known, to be told at the next poll.
    ready: Vec<Event>,
    waker: Waker,
}

/// What stands for a connection: requests in the order in which they will be answered.
struct Line {
    serial: u64,
    owner: Owner,
    work: VecDeque<Work>,
}

/// Wakes the generator's thread when a reply arrives while it sleeps.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Embedded {
    /// Takes over an open engine; belongs to the calling thread.
    pub fn new(engine: Engine, spin: Duration) -> Self {
        Embedded {
            engine,
            partitions: HashMap::new(),
            clock: Clock::real(),
            spin,
            links: Slab::new(),
            next_serial: 0,
            ready: Vec::new(),
            waker: Waker::from(Arc::new(Unpark(std::thread::current()))),
        }
    }

    /// Gives the engine back, to be closed.
    pub fn into_engine(self) -> Engine {
        self.engine
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn open(&mut self, owner: Owner) -> Link {
        self.next_serial += 1;
        let line = Line { serial: self.next_serial, owner, work: VecDeque::new() };
        let link = Link::new(self.links.insert(line), self.next_serial);
        self.ready.push(Event { owner, link, what: What::Open });
        link
    }

    pub(super) fn close(&mut self, link: Link) {
        if self.line(link).is_some() {
            self.links.remove(link.key());
        }
    }

    pub(super) fn call(
        &mut self,
        link: Link,
        api: ApiKey,
        tag: u64,
        body: impl FnOnce(&mut Writer<'_>, i16),
    ) -> bool {
        let (Some(owner), Some(versions)) =
            (self.line(link).map(|line| line.owner), api.versions())
        else {
            return false;
        };
        let version = versions.max;
        let mut request = BytesMut::new();
        body(&mut Writer::new(&mut request, api.is_flexible(version)), version);
        let Some(frame) = self.answer(api, version, &request) else { return false };
        self.ready.push(Event { owner, link, what: What::Answered { tag, frame, version } });
        true
    }

    pub(super) fn produce(&mut self, link: Link, tag: u64, head: &ProduceHead<'_>) -> bool {
        let partitions = self.partitions_of(head.topic);
        let work = Work::produce(tag, head, &partitions);
        self.push(link, work)
    }

    pub(super) fn fetch(&mut self, link: Link, tag: u64, ask: &FetchAsk<'_>) -> bool {
        let give_up =
            self.clock.now().after(Duration::from_millis(ask.wait_ms.unsigned_abs().into()));
        let partitions = self.partitions_of(ask.topic);
        let work = Work::fetch(tag, ask, &partitions, give_up);
        self.push(link, work)
    }

    pub(super) fn poll(&mut self, events: &mut Vec<Event>) {
        events.append(&mut self.ready);
        let mut context = Context::from_waker(&self.waker);
        let now = self.clock.now();
        for (key, line) in &mut self.links {
            // In order, as a connection answers: what is behind waits for what is before it.
            while let Some(what) =
                line.work.front_mut().and_then(|work| work.poll(&mut context, now))
            {
                line.work.pop_front();
                let link = Link::new(key, line.serial);
                events.push(Event { owner: line.owner, link, what });
            }
        }
    }

    pub(super) fn wait(&mut self, events: &mut Vec<Event>, until: Nanos) {
        let spin_until = self.clock.now().after(self.spin).min(until);
        loop {
            self.poll(events);
            let now = self.clock.now();
            if !events.is_empty() || now >= until {
                return;
            }
            if now < spin_until {
                std::thread::yield_now();
                continue;
            }
            let look_again =
                self.links.iter().filter_map(|(_, line)| line.work.front()?.looks_again_at());
            std::thread::park_timeout(look_again.min().unwrap_or(until).min(until).since(now));
        }
    }

    fn line(&mut self, link: Link) -> Option<&mut Line> {
        self.links.get_mut(link.key()).filter(|line| link.is(line.serial))
    }

    fn push(&mut self, link: Link, work: Work) -> bool {
        let line = self.line(link);
        line.map(|line| line.work.push_back(work)).is_some()
    }

    /// The partitions of a topic; none if there is no such topic.
    fn partitions_of(&mut self, topic: &str) -> Vec<Partition> {
        if let Some(known) = self.partitions.get(topic) {
            return known.clone();
        }
        let found: Vec<Partition> =
            (0..).map_while(|n| self.engine.partition(topic, n).ok()).collect();
        if !found.is_empty() {
            self.partitions.insert(topic.to_owned(), found.clone());
        }
        found
    }
}

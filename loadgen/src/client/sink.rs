//! Where requests go: over the network, or into the engine in this process. Everything above speaks
//! to this one type, so that a run against the library is the same run.

use headwater_io::clock::{Clock, Nanos};
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::wire::writer::Writer;

use super::embedded::Embedded;
use super::messages::{FetchAsk, ProduceHead};
use super::network::{Event, Link, Network, Owner};

/// See the module.
pub enum Sink {
    /// Brokers.
    Network(Box<Network>),
    /// The library.
    Embedded(Box<Embedded>),
}

impl Sink {
    /// The clock of everything in the run.
    pub fn clock(&self) -> &Clock {
        match self {
            Sink::Network(network) => network.clock(),
            Sink::Embedded(embedded) => embedded.clock(),
        }
    }

    /// Begins to connect; an event says when that is done.
    pub fn open(&mut self, owner: Owner, address: &str) -> Link {
        match self {
            Sink::Network(network) => network.open(owner, address),
            Sink::Embedded(embedded) => embedded.open(owner),
        }
    }

    /// Ends a connection; no event follows.
    pub fn close(&mut self, link: Link) {
        match self {
            Sink::Network(network) => network.close(link),
            Sink::Embedded(embedded) => embedded.close(link),
        }
    }

    /// Asks anything but Produce and Fetch. False when there is nobody who could answer.
    pub fn call(
        &mut self,
        link: Link,
        api: ApiKey,
        tag: u64,
        body: impl FnOnce(&mut Writer<'_>, i16),
    ) -> bool {
        match self {
            Sink::Network(network) => network.call(link, api, tag, body),
            Sink::Embedded(embedded) => embedded.call(link, api, tag, body),
        }
    }

    /// Sends batches.
    pub fn produce(&mut self, link: Link, tag: u64, head: &ProduceHead<'_>) -> bool {
        match self {
            Sink::Network(network) => network.produce(link, tag, head),
            Sink::Embedded(embedded) => embedded.produce(link, tag, head),
        }
    }

    /// Asks for batches.
    pub fn fetch(&mut self, link: Link, tag: u64, ask: &FetchAsk<'_>) -> bool {
        match self {
            Sink::Network(network) => {
                network.call(link, ApiKey::Fetch, tag, |w, version| ask.encode(w, version))
            }
            Sink::Embedded(embedded) => embedded.fetch(link, tag, ask),
        }
    }

    /// Starts what was sent, and adds what has happened to `events`. Never blocks.
    pub fn poll(&mut self, events: &mut Vec<Event>) {
        match self {
            Sink::Network(network) => network.poll(events),
            Sink::Embedded(embedded) => embedded.poll(events),
        }
    }

    /// As [`Sink::poll`], but waits for something to happen until `until`.
    pub fn wait(&mut self, events: &mut Vec<Event>, until: Nanos) {
        match self {
            Sink::Network(network) => network.wait(events, until),
            Sink::Embedded(embedded) => embedded.wait(events, until),
        }
    }

    /// Ends connections whose answer is overdue. To be called now and then.
    pub fn expire(&mut self, events: &mut Vec<Event>) {
        match self {
            Sink::Network(network) => network.expire(events),
            Sink::Embedded(_) => {}
        }
    }
}

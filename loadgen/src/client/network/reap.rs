//! What has happened: completions become answers, answers become events, and a connection that went
//! wrong in any way ends in one place.

use std::io;

use bytes::Bytes;
use headwater_io::op::{Completion, Done, Token};
use headwater_io::socket::Socket;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::ResponseHeader;
use headwater_protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::super::connection::{Closed, State};
use super::super::messages;
use super::super::versions::{self, Versions};
use super::{CONNECT, Entry, Event, Link, Network, RECEIVE, What};

impl Network {
    pub(super) fn handle(&mut self, completions: &mut Vec<Completion>, events: &mut Vec<Event>) {
        for Completion { token: Token(token), result } in completions.drain(..) {
            let (key, kind) = ((token >> 2) as usize, token & 3);
            match kind {
                CONNECT => self.connected(key, result, events),
                RECEIVE => self.received(key, result, events),
                _ => self.sent(key, result, events),
            }
            self.forget_if_over(key);
        }
    }

    fn connected(&mut self, key: usize, result: io::Result<Done>, events: &mut Vec<Event>) {
        let connection = &mut self.entries[key].connection;
        connection.connecting = false;
        let socket = result.and_then(|done| match done {
            Done::Job(made) => {
                *made.downcast::<io::Result<Socket>>().expect("what the job returns")
            }
            _ => unreachable!("a job ends as a job"),
        });
        match socket {
            Err(e) => self.end(key, Closed::Connect(e), events),
            Ok(socket) if connection.state == State::Closed => socket.shutdown(),
            Ok(socket) => {
                connection.socket = Some(socket);
                connection.state = State::Greeting;
                self.to_receive.push(key);
                self.greet(key, versions::FIRST_ASKED);
            }
        }
    }

    fn greet(&mut self, key: usize, version: i16) {
        let request = ApiVersionsRequest {
            client_software_name: "headwater-loadgen",
            client_software_version: env!("CARGO_PKG_VERSION"),
        };
        self.enqueue(
            key,
            ApiKey::ApiVersions,
            version,
            Some(0),
            |w| {
                request.encode(w, version);
                Vec::new()
            },
            &[],
        );
    }

    fn sent(&mut self, key: usize, result: io::Result<Done>, events: &mut Vec<Event>) {
        let Entry { serial, connection } = &mut self.entries[key];
        connection.sending = false;
        if connection.state == State::Closed {
            return;
        }
        if let Err(e) = result {
            return self.end(key, Closed::Broken(e), events);
        }
        let (owner, link) = (connection.owner, Link { key, serial: *serial });
        let handed = connection.unanswered_sending.drain(..);
        events.extend(handed.map(|tag| Event { owner, link, what: What::Handed { tag } }));
        if !connection.outbox.is_empty() {
            self.to_flush.push(key);
        }
    }

    fn received(&mut self, key: usize, result: io::Result<Done>, events: &mut Vec<Event>) {
        let connection = &mut self.entries[key].connection;
        connection.receiving = false;
        if connection.state == State::Closed {
            return;
        }
        match result {
            Err(e) => return self.end(key, Closed::Broken(e), events),
            Ok(Done::Received(_, 0)) => return self.end(key, Closed::ByBroker, events),
            Ok(Done::Received(inbox, _)) => connection.put_inbox(inbox),
            Ok(_) => unreachable!("a receive ends as a receive"),
        }
        loop {
            match self.entries[key].connection.next_frame() {
                Ok(Some(frame)) => {
                    if let Err(why) = self.answered(key, frame, events) {
                        return self.end(key, why, events);
                    }
                }
                Ok(None) => break,
                Err(why) => return self.end(key, why, events),
            }
        }
        self.to_receive.push(key);
    }

    fn answered(
        &mut self,
        key: usize,
        frame: Bytes,
        events: &mut Vec<Event>,
    ) -> Result<(), Closed> {
        let garbage = |e: DecodeError| Closed::Garbage(e.to_string());
        let Entry { serial, connection } = &mut self.entries[key];
        let Some(expected) = connection.expected.pop_front() else {
            return Err(Closed::Garbage("an answer that nobody asked for".into()));
        };
        let (api, version, tag) = (expected.api, expected.version, expected.tag);
        let (header, body) = ResponseHeader::decode(&frame, api, version).map_err(garbage)?;
        if header.correlation_id != expected.correlation_id {
            return Err(Closed::Garbage(format!(
                "answer {} where {} was due",
                header.correlation_id, expected.correlation_id
            )));
        }
        if connection.state == State::Greeting {
            return self.greeted(key, body, version, events);
        }
        let what = match api {
            ApiKey::Produce => What::Produced {
                tag,
                parts: messages::decode_produced(body, version).map_err(garbage)?,
            },
            ApiKey::Fetch => {
                let (error, parts) =
                    messages::decode_fetched(&frame, body, version).map_err(garbage)?;
                What::Fetched { tag, error, parts }
            }
            _ => What::Answered { tag, frame, version },
        };
        events.push(Event { owner: connection.owner, link: Link { key, serial: *serial }, what });
        Ok(())
    }

    fn greeted(
        &mut self,
        key: usize,
        mut body: Reader<'_>,
        version: i16,
        events: &mut Vec<Event>,
    ) -> Result<(), Closed> {
        // A broker that does not know the version asked for answers in version 0 (KIP-511).
        let too_new = body.clone().i16() == Ok(ErrorCode::UnsupportedVersion.code());
        if too_new && version != versions::ALWAYS_KNOWN {
            self.greet(key, versions::ALWAYS_KNOWN);
            return Ok(());
        }
        let answer = ApiVersionsResponse::decode(&mut body, version)
            .map_err(|e| Closed::Garbage(e.to_string()))?;
        if !answer.error_code.is_none() {
            return Err(Closed::Refused(answer.error_code));
        }
        let Entry { serial, connection } = &mut self.entries[key];
        connection.versions = Versions::negotiate(&answer);
        for api in [ApiKey::Produce, ApiKey::Fetch, ApiKey::Metadata, ApiKey::ListOffsets] {
            if connection.versions.of(api).is_none() {
                return Err(Closed::NoCommonVersion(api));
            }
        }
        connection.state = State::Open;
        let link = Link { key, serial: *serial };
        events.push(Event { owner: connection.owner, link, what: What::Open });
        Ok(())
    }

    pub(super) fn end(&mut self, key: usize, why: Closed, events: &mut Vec<Event>) {
        let entry = &self.entries[key];
        if entry.connection.state == State::Closed {
            return;
        }
        let link = Link { key, serial: entry.serial };
        events.push(Event { owner: entry.connection.owner, link, what: What::Closed(why) });
        self.shut(key);
    }

    pub(super) fn shut(&mut self, key: usize) {
        let connection = &mut self.entries[key].connection;
        connection.state = State::Closed;
        connection.outbox.clear();
        connection.expected.clear();
        if let Some(socket) = &connection.socket {
            socket.shutdown();
        }
        self.forget_if_over(key);
    }

    /// Its place may be given away only when the kernel holds nothing of it: a late completion would
    /// otherwise reach a stranger.
    fn forget_if_over(&mut self, key: usize) {
        let over =
            |entry: &Entry| entry.connection.state == State::Closed && entry.connection.is_idle();
        if self.entries.get(key).is_some_and(over) {
            self.entries.remove(key);
        }
    }
}

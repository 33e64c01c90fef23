//! The transactions of a producer, one after the other: open from its first batch for as long as was asked; then nothing
//! new is sent until everything in it is acknowledged and the coordinator says that it is committed.
//!
//! ```text
//! Idle -- first batch --> Open -- time is up --> Ending -- all answered: EndTxn --> Ending -- committed --> Idle
//! ```
//!
//! Version 2 of transactions (KIP-890): a partition joins by its first batch, and a commit brings the epoch of the next
//! transaction, in which sequences begin at 0. What cannot be committed is given up whole: the producer asks for its
//! identity again, which aborts it.

use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::end_txn::{EndTxnRequest, EndTxnResponse};

use super::{Line, Producer, Shop};
use crate::batch::{Batch, Span};
use crate::client::control::{Answer, CallError};
use crate::client::identity::Identity;
use crate::client::network::{Event, Owner, What};

/// Kafka's own producer comes back this soon to a coordinator that is still busy.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// See the module.
pub(super) struct Transactions {
    id: String,
    interval: Duration,
    address: String,
    line: Line,
    state: State,
    /// What was acknowledged, and counts once it is committed.
    promises: Vec<Promise>,
    /// Records acknowledged in it.
    records: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Open { since: Nanos },
    Ending { since: Nanos, asked: Asked, not_before: Nanos },
}

/// Whether EndTxn was sent, and when for the first time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Never,
    UnderWay(Nanos),
    /// Asked, but there is no answer that says how it ended.
    Once(Nanos),
}

impl Asked {
    fn first(self, now: Nanos) -> Nanos {
        match self {
            Asked::Never => now,
            Asked::UnderWay(at) | Asked::Once(at) => at,
        }
    }
}

struct Promise {
    partition: u32,
    base_offset: i64,
    spans: Vec<Span>,
}

impl Transactions {
    pub(super) fn new(id: String, interval: Duration, address: String) -> Self {
        Transactions {
            id,
            interval,
            address,
            line: Line::default(),
            state: State::Idle,
            promises: Vec::new(),
            records: 0,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn is_connected(&self) -> bool {
        self.line.is_open
    }

    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    /// Only what is in it already may be sent, again.
    pub(super) fn is_ending(&self) -> bool {
        matches!(self.state, State::Ending { .. })
    }

    /// A batch was sent: if none is open, one is now.
    pub(super) fn sent(&mut self, now: Nanos) {
        if self.state == State::Idle {
            self.state = State::Open { since: now };
        }
    }

    /// A batch was acknowledged.
    pub(super) fn acknowledged(&mut self, batch: &Batch, base_offset: i64, is_verified: bool) {
        self.records += u64::from(batch.records);
        if is_verified {
            let (partition, spans) = (batch.partition, batch.spans.clone());
            self.promises.push(Promise { partition, base_offset, spans });
        }
    }

    /// When it has something to do that no event announces.
    pub(super) fn next_due(&self) -> Nanos {
        let never = Nanos(u64::MAX);
        let own = match self.state {
            State::Open { since } => since.after(self.interval),
            // Until the coordinator is there, its connection is what is waited for.
            State::Ending { asked: Asked::Once(_), not_before, .. } if self.line.is_open => {
                not_before
            }
            _ => never,
        };
        let reconnect = if self.line.link.is_none() { self.line.not_before } else { never };
        own.min(reconnect)
    }

    /// The broker has aborted it, or nobody waits for it any more: how many records went with it.
    fn give_up(&mut self) -> u64 {
        self.state = State::Idle;
        self.promises.clear();
        std::mem::take(&mut self.records)
    }

    fn connect(&mut self, producer: usize, shop: &mut Shop, now: Nanos) {
        if self.line.link.is_none() && now >= self.line.not_before {
            self.line.link = Some(shop.sink.open(Owner::Producer(producer), &self.address));
        }
    }

    fn end_txn(&mut self, shop: &mut Shop, identity: Identity, since: Nanos, first: Nanos) {
        let link = self.line.link.expect("an open line has a link");
        let id = self.id.as_str();
        let request = EndTxnRequest {
            transactional_id: id,
            producer_id: identity.id,
            producer_epoch: identity.epoch,
            committed: true,
        };
        let asked = shop.sink.call(link, ApiKey::EndTxn, 0, |w, v| request.encode(w, v));
        if !asked {
            shop.refused = Some(CallError::NotSpoken(self.address.clone(), ApiKey::EndTxn));
        }
        self.state = State::Ending { since, asked: Asked::UnderWay(first), not_before: first };
    }

    /// No answer, or one that asks for patience.
    fn ask_again(&mut self, now: Nanos) {
        if let State::Ending { since, asked: Asked::UnderWay(first), .. } = self.state {
            let (asked, not_before) = (Asked::Once(first), now.after(ASK_AGAIN_AFTER));
            self.state = State::Ending { since, asked, not_before };
        }
    }
}

impl Producer {
    /// Ends the transaction when it is time, and asks for its commit when everything in it is answered.
    pub(super) fn tend_transaction(&mut self, shop: &mut Shop, now: Nanos) {
        let is_drained = self.is_flushed && self.buffered_bytes == 0;
        let is_settled = !self.begins_anew
            && !self.has_requests_under_way()
            && !self.lanes.iter().any(super::lane::Lane::has_retries);
        let Some(transactions) = &mut self.transactions else { return };
        transactions.connect(self.index, shop, now);
        if let State::Open { since } = transactions.state
            && (is_drained || now >= since.after(transactions.interval))
        {
            transactions.state = State::Ending { since: now, asked: Asked::Never, not_before: now };
        }
        let State::Ending { since, asked, not_before } = transactions.state else { return };
        let may_ask = !matches!(asked, Asked::UnderWay(_)) && now >= not_before;
        if is_settled && may_ask && transactions.line.is_open {
            let identity = self.identity.expect("a transactional producer has an identity");
            transactions.end_txn(shop, identity, since, asked.first(now));
        }
    }

    /// Something happened on the connection to the coordinator; false if it was another one.
    pub(super) fn hear_coordinator(&mut self, shop: &mut Shop, event: &Event, now: Nanos) -> bool {
        let Some(transactions) = &mut self.transactions else { return false };
        if transactions.line.link != Some(event.link) {
            return false;
        }
        match &event.what {
            What::Open => (transactions.line.is_open, transactions.line.failures) = (true, 0),
            What::Closed(_) => {
                shop.meter.errors.disconnects += u64::from(transactions.line.is_open);
                transactions.line.broke(now);
                transactions.ask_again(now);
            }
            What::Answered { frame, version, .. } => {
                let (frame, api) = (frame.clone(), ApiKey::EndTxn);
                let answer = Answer::Frame { frame, api, version: *version };
                match answer.read(EndTxnResponse::decode) {
                    Ok(answer) => self.ended(shop, &answer, now),
                    Err(why) => shop.refused = Some(why),
                }
            }
            _ => unreachable!("only EndTxn is asked of a coordinator"),
        }
        true
    }

    fn ended(&mut self, shop: &mut Shop, answer: &EndTxnResponse, now: Nanos) {
        match answer.error_code {
            code if code.is_none() => {
                let identity = Identity { id: answer.producer_id, epoch: answer.producer_epoch };
                self.committed(shop, identity, now);
            }
            code => {
                shop.meter.error(code);
                match (code.is_retriable(), &mut self.transactions) {
                    (true, Some(transactions)) => transactions.ask_again(now),
                    _ => self.begins_anew = true,
                }
            }
        }
    }

    /// What was promised counts; the next transaction goes on under the next epoch.
    fn committed(&mut self, shop: &mut Shop, identity: Identity, now: Nanos) {
        let Some(transactions) = &mut self.transactions else { return };
        if let State::Ending { since, asked, .. } = transactions.state {
            shop.meter.committed(since, asked.first(now), now);
        }
        transactions.state = State::Idle;
        transactions.records = 0;
        for promise in transactions.promises.drain(..) {
            if let Some(ledger) = &mut shop.ledger {
                let Promise { partition, base_offset, spans } = promise;
                ledger.acknowledged(self.index, partition, base_offset, &spans);
            }
        }
        self.identity = Some(identity);
        self.lanes.iter_mut().for_each(|lane| lane.renumber(identity));
    }

    /// The transaction is lost, if there is one.
    pub(super) fn give_up_transaction(&mut self, shop: &mut Shop, coordinator: Option<String>) {
        let Some(transactions) = &mut self.transactions else { return };
        shop.meter.transactions.aborted += u64::from(!transactions.is_idle());
        shop.meter.errors.records_failed += transactions.give_up();
        if let Some(address) = coordinator {
            transactions.address = address;
        }
    }
}

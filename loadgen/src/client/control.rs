//! Single calls as futures: everything that is not the load itself (topics, offsets, producer ids,
//! reading back) reads best as straight-line code.
//!
//! A [`Control`] is a handle to a letter box. Futures put questions into it; the loop carries them to
//! the network and the answers back, and polls the futures once a turn. There is no executor and no
//! waker: a turn is cheap, and the simulator can drive the same code.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::ResponseHeader;
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;

use super::connection::Closed;
use super::messages::FetchedPart;
use super::network::{Event, Link, Owner, What};
use super::sink::Sink;

/// Why a call has no answer.
#[derive(Clone, Debug)]
pub enum CallError {
    /// The connection to this address ended.
    Closed(String, Arc<Closed>),
    /// The broker at this address does not speak the API.
    NotSpoken(String, ApiKey),
    /// The answer cannot be read.
    Decode(ApiKey, DecodeError),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Closed(address, why) => write!(f, "{address}: {why}"),
            CallError::NotSpoken(address, api) => write!(f, "{address} does not serve {api}"),
            CallError::Decode(api, e) => write!(f, "cannot read the answer to {api}: {e}"),
        }
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To a fetch.
    Fetched(ErrorCode, Vec<FetchedPart>),
    /// To anything else, still as bytes.
    Frame {
        /// Header and body.
        frame: Bytes,
        /// Which API.
        api: ApiKey,
        /// In this version.
        version: i16,
    },
}

impl Answer {
    /// Reads the body with `decode`.
    pub fn read<'a, T>(
        &'a self,
        decode: impl FnOnce(&mut Reader<'a>, i16) -> Result<T, DecodeError>,
    ) -> Result<T, CallError> {
        let Answer::Frame { frame, api, version } = self else {
            unreachable!("a fetch was decoded on arrival")
        };
        let (_, mut body) = ResponseHeader::decode(frame, *api, *version)
            .map_err(|e| CallError::Decode(*api, e))?;
        decode(&mut body, *version).map_err(|e| CallError::Decode(*api, e))
    }
}

/// Asks on a link, under a ticket; false when nobody can answer.
type Asking = Box<dyn FnOnce(&mut Sink, Link, u64) -> bool>;

struct Question {
    ticket: u64,
    address: String,
    api: ApiKey,
    asking: Asking,
}

struct Line {
    link: Link,
    is_open: bool,
    /// Questions without an answer so far.
    asked: Vec<(u64, ApiKey)>,
}

#[derive(Default)]
struct State {
    now: Nanos,
    next_ticket: u64,
    questions: Vec<Question>,
    answers: HashMap<u64, Result<Answer, CallError>>,
    lines: HashMap<String, Line>,
}

/// See the module. Clones share the letter box.
#[derive(Clone, Default)]
pub struct Control(Rc<RefCell<State>>);

impl Control {
    /// Asks the broker at `address`.
    pub async fn call(
        &self,
        address: &str,
        api: ApiKey,
        body: impl FnOnce(&mut Writer<'_>, i16) + 'static,
    ) -> Result<Answer, CallError> {
        self.ask(address, api, Box::new(move |sink, link, tag| sink.call(link, api, tag, body)))
            .await
    }

    /// Fetches from the broker at `address`.
    pub async fn fetch(
        &self,
        address: &str,
        asking: impl FnOnce(&mut Sink, Link, u64) -> bool + 'static,
    ) -> Result<Answer, CallError> {
        self.ask(address, ApiKey::Fetch, Box::new(asking)).await
    }

    async fn ask(&self, address: &str, api: ApiKey, asking: Asking) -> Result<Answer, CallError> {
        let ticket = {
            let mut state = self.0.borrow_mut();
            state.next_ticket += 1;
            let (ticket, address) = (state.next_ticket, address.to_owned());
            state.questions.push(Question { ticket, address, api, asking });
            ticket
        };
        poll_fn(|_| match self.0.borrow_mut().answers.remove(&ticket) {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        })
        .await
    }

    /// Waits.
    pub async fn sleep(&self, duration: Duration) {
        let until = self.now().after(duration);
        poll_fn(|_| match self.now() >= until {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    /// The time of this turn.
    pub fn now(&self) -> Nanos {
        self.0.borrow().now
    }

    /// Carries questions to where they are answered. Once a turn.
    pub fn carry(&self, sink: &mut Sink, now: Nanos) {
        let state = &mut *self.0.borrow_mut();
        state.now = now;
        for question in std::mem::take(&mut state.questions) {
            let line = state.lines.entry(question.address.clone()).or_insert_with(|| Line {
                link: sink.open(Owner::Control, &question.address),
                is_open: false,
                asked: Vec::new(),
            });
            if !line.is_open {
                state.questions.push(question);
                continue;
            }
            let Question { ticket, address, api, asking } = question;
            match asking(sink, line.link, ticket) {
                true => line.asked.push((ticket, api)),
                false => {
                    drop(state.answers.insert(ticket, Err(CallError::NotSpoken(address, api))))
                }
            }
        }
    }

    /// Takes in what happened on one of its connections.
    pub fn take_in(&self, event: Event) {
        let state = &mut *self.0.borrow_mut();
        let Some((address, line)) =
            state.lines.iter_mut().find(|(_, line)| line.link == event.link)
        else {
            return;
        };
        let (ticket, answer) = match event.what {
            What::Open => return line.is_open = true,
            What::Closed(why) => {
                let address = address.clone();
                return state.closed(&address, Arc::new(why));
            }
            What::Fetched { tag, error, parts } => (tag, Answer::Fetched(error, parts)),
            What::Answered { tag, frame, version } => {
                let asked = line.asked.iter().find(|(ticket, _)| *ticket == tag);
                let api = asked.expect("an answer has a question").1;
                (tag, Answer::Frame { frame, api, version })
            }
            What::Produced { .. } | What::Handed { .. } => unreachable!("it does not produce"),
        };
        line.asked.retain(|(asked, _)| *asked != ticket);
        state.answers.insert(ticket, Ok(answer));
    }
}

impl State {
    /// Everything asked of, or meant for, an address that is gone has no answer.
    fn closed(&mut self, address: &str, why: Arc<Closed>) {
        let line = self.lines.remove(address).expect("it was just found");
        let (lost, rest) =
            std::mem::take(&mut self.questions).into_iter().partition(|q| q.address == address);
        self.questions = rest;
        let unsent = Vec::into_iter(lost).map(|question: Question| question.ticket);
        for ticket in line.asked.into_iter().map(|(ticket, _)| ticket).chain(unsent) {
            let error = CallError::Closed(address.to_owned(), Arc::clone(&why));
            self.answers.insert(ticket, Err(error));
        }
    }
}

/// A future that is polled once a turn until it has its result.
pub struct Task<T>(Pin<Box<dyn Future<Output = T>>>);

impl<T> Task<T> {
    /// Starts nothing: the first poll does.
    pub fn new(future: impl Future<Output = T> + 'static) -> Self {
        Task(Box::pin(future))
    }

    /// Goes on as far as answers have come.
    pub fn poll(&mut self) -> Option<T> {
        match self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        }
    }
}

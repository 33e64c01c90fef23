//! The client that creates the topics, and has those made that coordinators keep their state in.

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;

use super::{Role, Shared, Turn};
use crate::model::Violation;
use crate::requests::{self, groups};

/// Creates all topics of the plan, once.
#[derive(Default)]
pub struct Setup {
    asked: Option<Nanos>,
    /// How many of its requests are answered.
    answered: usize,
    done: bool,
}

impl Setup {
    fn request(&self, correlation: i32, shared: &Shared) -> Bytes {
        let outputs = shared.plan.transactional.iter().flat_map(|of| &of.outputs);
        let topics: Vec<_> = shared.plan.topics.iter().chain(outputs).cloned().collect();
        match self.answered {
            0 => requests::create_topics(correlation, &topics),
            1 => groups::find_coordinator(correlation, groups::OF_GROUPS),
            _ => groups::find_coordinator(correlation, groups::OF_TRANSACTIONS),
        }
    }

    fn is_good(&self, answer: &Bytes) -> bool {
        match self.answered {
            0 => requests::topics_created(answer).is_some_and(|response| {
                response.topics.iter().all(|topic| topic.error_code == ErrorCode::None)
            }),
            _ => groups::coordinator_found(answer) == Some(ErrorCode::None),
        }
    }
}

impl Role for Setup {
    fn work(&mut self, turn: &mut Turn<'_>) -> Result<(), Violation> {
        if self.asked.is_none() {
            let correlation = turn.wire.next_correlation();
            let request = self.request(correlation, turn.shared);
            turn.wire.send(request, turn.io);
            self.asked = Some(turn.now);
        }
        Ok(())
    }

    fn answer(&mut self, answer: &Bytes, turn: &mut Turn<'_>) -> Result<(), Violation> {
        if !self.is_good(answer) {
            let facts = format!("{:?}", requests::topics_created(answer));
            return Err(Violation { checker: "topics are created", facts });
        }
        self.asked = None;
        self.answered += 1;
        self.done = turn.shared.plan.transactional.is_none() || self.answered == 3;
        Ok(())
    }

    fn broken(&mut self, _: &mut Shared) {
        self.asked = None;
    }

    fn wake(&self) -> Nanos {
        Nanos(if self.asked.is_some() { u64::MAX } else { 0 })
    }

    fn waiting_since(&self) -> Option<Nanos> {
        self.asked
    }

    fn is_done(&self) -> bool {
        self.done
    }
}

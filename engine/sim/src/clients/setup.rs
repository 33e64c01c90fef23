//! The client that creates the topics.

use bytes::Bytes;
use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;

use super::{Role, Shared, Turn};
use crate::model::Violation;
use crate::requests;

/// Creates all topics of the plan, once.
#[derive(Default)]
pub struct Setup {
    asked: Option<Nanos>,
    done: bool,
}

impl Role for Setup {
    fn work(&mut self, turn: &mut Turn<'_>) -> Result<(), Violation> {
        if self.asked.is_none() {
            let correlation = turn.wire.next_correlation();
            let request = requests::create_topics(correlation, &turn.shared.plan.topics);
            turn.wire.send(request, turn.io);
            self.asked = Some(turn.now);
        }
        Ok(())
    }

    fn answer(&mut self, answer: &Bytes, _: &mut Turn<'_>) -> Result<(), Violation> {
        self.done = true;
        let good = requests::topics_created(answer).is_some_and(|response| {
            response.topics.iter().all(|topic| topic.error_code == ErrorCode::None)
        });
        match good {
            true => Ok(()),
            false => Err(Violation {
                checker: "topics are created",
                facts: format!("{:?}", requests::topics_created(answer)),
            }),
        }
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

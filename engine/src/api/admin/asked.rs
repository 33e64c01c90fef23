//! Requests that shards answer: questions to some of them, and one response made of all answers.

use crate::api::{Origin, Step, Work};
use crate::model::ShardId;
use crate::shard::letters::{Answer, Ask};

/// Makes the response of the answers, which come in the order of the questions.
type Respond = Box<dyn FnOnce(Origin, Vec<Answer>) -> Step + Send>;

/// A request in progress.
pub struct Call {
    origin: Origin,
    answers: Vec<Option<Answer>>,
    respond: Option<Respond>,
}

/// Asks shards, and responds; without questions at once.
pub fn ask(
    origin: Origin,
    asks: Vec<(ShardId, Ask)>,
    respond: impl FnOnce(Origin, Vec<Answer>) -> Step + Send + 'static,
) -> (Work, Step) {
    if asks.is_empty() {
        return (Work::Done, respond(origin, Vec::new()));
    }
    let answers = asks.iter().map(|_| None).collect();
    let call = Call { origin, answers, respond: Some(Box::new(respond)) };
    (Work::Asked(call), Step::Ask(asks))
}

impl Call {
    /// One question is answered.
    pub fn answer(&mut self, part: u32, answer: Answer) {
        self.answers[part as usize] = Some(answer);
    }

    /// All are.
    pub fn reply(&mut self) -> Step {
        let answers = self.answers.drain(..).map(|answer| answer.expect("all have answered"));
        let answers = answers.collect();
        (self.respond.take().expect("responds once"))(self.origin, answers)
    }
}

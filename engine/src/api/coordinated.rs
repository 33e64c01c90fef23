//! Requests that coordinators answer: questions go to the shards that keep the state, and when all have
//! answered, one response is made of it, or the next question.

use super::{Context, Origin, Step, Work};
use crate::broker::coordination::{Question, Reply};
use crate::model::ShardId;

/// Goes on from the answers, which come in the order of the questions.
type Next = Box<dyn FnOnce(Origin, Vec<Reply>, &mut Context<'_>) -> (Work, Step) + Send>;

/// A request in progress.
pub struct Call {
    origin: Origin,
    replies: Vec<Option<Reply>>,
    next: Option<Next>,
}

/// Asks coordinators, and responds; without questions at once.
pub fn ask(
    origin: Origin,
    questions: Vec<(ShardId, Question)>,
    respond: impl FnOnce(Origin, Vec<Reply>) -> Step + Send + 'static,
) -> (Work, Step) {
    if questions.is_empty() {
        return (Work::Done, respond(origin, Vec::new()));
    }
    ask_on(origin, questions, |origin, replies, _| (Work::Done, respond(origin, replies)))
}

/// Asks coordinators, at least one, and goes on with what they say.
pub fn ask_on(
    origin: Origin,
    questions: Vec<(ShardId, Question)>,
    next: impl FnOnce(Origin, Vec<Reply>, &mut Context<'_>) -> (Work, Step) + Send + 'static,
) -> (Work, Step) {
    assert!(!questions.is_empty(), "somebody must answer");
    let replies = questions.iter().map(|_| None).collect();
    let call = Call { origin, replies, next: Some(Box::new(next)) };
    (Work::Coordinated(call), Step::Coordinate(questions))
}

impl Call {
    /// The request.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// One question is answered.
    pub fn reply(&mut self, part: u32, reply: Reply) {
        self.replies[part as usize] = Some(reply);
    }

    /// All are.
    pub fn advance(&mut self, context: &mut Context<'_>) -> (Work, Step) {
        let replies = self.replies.drain(..).map(|reply| reply.expect("all have answered"));
        let replies = replies.collect();
        (self.next.take().expect("goes on once"))(self.origin, replies, context)
    }
}

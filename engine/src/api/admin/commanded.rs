//! Requests that the controller answers: one command, and the response made of its outcome, or the next question.

use crate::api::{Context, Origin, Step, Work};
use crate::broker::controller::{Command, Outcome};

/// Goes on from the outcome.
type Next = Box<dyn FnOnce(Origin, Outcome, &mut Context<'_>) -> (Work, Step) + Send>;

/// A request in progress.
pub struct Call {
    origin: Origin,
    outcome: Option<Outcome>,
    next: Option<Next>,
}

/// Gives a command, and goes on with what became of it.
pub fn command(
    origin: Origin,
    command: Command,
    next: impl FnOnce(Origin, Outcome, &mut Context<'_>) -> (Work, Step) + Send + 'static,
) -> (Work, Step) {
    let call = Call { origin, outcome: None, next: Some(Box::new(next)) };
    (Work::Commanded(call), Step::Command(command))
}

impl Call {
    /// The controller has answered.
    pub fn outcome(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }

    /// Goes on.
    pub fn advance(&mut self, context: &mut Context<'_>) -> (Work, Step) {
        let outcome = self.outcome.take().expect("the controller has answered");
        (self.next.take().expect("goes on once"))(self.origin, outcome, context)
    }
}

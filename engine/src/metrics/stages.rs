//! Where the time of a request goes: stamps that travel with it from the socket to its answer.
//!
//! ```text
//! received ─queue─► begun ─append─► appended ─commit_wait─► write begun ─write─► written ─sync─► answered ─response─► replied
//! ```
//!
//! That is a produce on the path `journal`. On `direct` and `buffered` the three in the middle are one, *commit*. Any other
//! request is *served*, without what it spent *parked*. All clocks of a process are one, so stamps of different shards
//! can be compared.

use std::time::Duration;

use headwater_io::clock::Nanos;

/// A part of a request's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "`STAGES` says what each is")]
pub enum Stage {
    Queue,
    Serve,
    Park,
    Append,
    CommitWait,
    Write,
    Sync,
    Commit,
    Response,
}

/// All of them in order, each with its label and what it is.
pub const STAGES: [(Stage, &str, &str); 9] = [
    (Stage::Queue, "queue", "from the arrival of its last byte until it is decoded"),
    (Stage::Serve, "serve", "from then until it is answered; not of a produce, whose parts follow"),
    (Stage::Park, "park", "a fetch waits for records; not part of *serve*"),
    (Stage::Append, "append", "from *queue* until its last records are in the memory of their log"),
    (Stage::CommitWait, "commit_wait", "until the write that carries them begins (path `journal`)"),
    (Stage::Write, "write", "until the device has taken that write (path `journal`)"),
    (Stage::Sync, "sync", "until it is durable, if that was asked for (path `journal`)"),
    (Stage::Commit, "commit", "the three above in one (paths `direct` and `buffered`)"),
    (Stage::Response, "response", "from then until the answer is encoded and with its connection"),
];

/// When an append passed the stages of its shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamps {
    /// It was in memory.
    pub appended: Nanos,
    /// What carried it to the device.
    pub commit: Commit,
    /// It was as safe as it had to be.
    pub answered: Nanos,
}

impl Stamps {
    /// In memory, and nothing else is waited for.
    pub fn appended(now: Nanos) -> Self {
        Stamps { appended: now, commit: Commit::None, answered: now }
    }
}

/// What is known of the commit that an append waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Commit {
    /// It waited for none.
    #[default]
    None,
    /// It waited, and where is not known.
    Whole,
    /// Of one write.
    Write {
        /// When it was handed to the device.
        begun: Nanos,
        /// When the device had taken it.
        written: Nanos,
        /// Whether it was waited for until it was durable.
        durable: bool,
    },
}

/// A request on its way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Journey {
    /// Its last byte arrived.
    pub received: Nanos,
    /// It was decoded.
    pub begun: Nanos,
    parked_since: Option<Nanos>,
    parked: Duration,
    /// Of its appends that which was answered last: the others kept nobody waiting.
    slowest: Option<Stamps>,
}

impl Journey {
    /// A request that is decoded now.
    pub fn new(received: Nanos, begun: Nanos) -> Self {
        Journey { received, begun, ..Journey::default() }
    }

    /// One of its appends is answered.
    pub fn appended(&mut self, stamps: Stamps) {
        if self.slowest.is_none_or(|slowest| slowest.answered <= stamps.answered) {
            self.slowest = Some(stamps);
        }
    }

    /// It waits for something to change.
    pub fn parks(&mut self, now: Nanos) {
        self.parked_since = Some(now);
    }

    /// It goes on.
    pub fn goes_on(&mut self, now: Nanos) {
        if let Some(since) = self.parked_since.take() {
            self.parked += now.since(since);
        }
    }

    /// Tells how long each of its stages was, when it is answered.
    pub fn tell(&self, replied: Nanos, mut tell: impl FnMut(Stage, Duration)) {
        tell(Stage::Queue, self.begun.since(self.received));
        let Some(Stamps { appended, commit, answered }) = self.slowest else {
            tell(Stage::Serve, replied.since(self.begun).saturating_sub(self.parked));
            if !self.parked.is_zero() {
                tell(Stage::Park, self.parked);
            }
            return;
        };
        tell(Stage::Append, appended.since(self.begun));
        match commit {
            Commit::None => {}
            Commit::Whole => tell(Stage::Commit, answered.since(appended)),
            Commit::Write { begun, written, durable } => {
                tell(Stage::CommitWait, begun.since(appended));
                tell(Stage::Write, written.since(begun));
                if durable {
                    tell(Stage::Sync, answered.since(written));
                }
            }
        }
        tell(Stage::Response, replied.since(answered));
    }
}

impl Stage {
    /// Its label.
    pub fn label(self) -> &'static str {
        STAGES[self as usize].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(journey: &Journey, replied: u64) -> Vec<(&'static str, u64)> {
        let mut told = Vec::new();
        journey.tell(Nanos(replied), |stage, time| {
            told.push((stage.label(), time.as_nanos() as u64));
        });
        told
    }

    #[test]
    fn stages_are_listed_in_their_order() {
        for (n, (stage, ..)) in STAGES.iter().enumerate() {
            assert_eq!(*stage as usize, n);
        }
    }

    #[test]
    fn a_produce_is_told_by_its_slowest_append_and_the_stages_add_up() {
        let mut journey = Journey::new(Nanos(100), Nanos(110));
        let write = |begun, written| Commit::Write { begun, written, durable: true };
        let stamps = |appended, commit, answered| Stamps {
            appended: Nanos(appended),
            commit,
            answered: Nanos(answered),
        };
        journey.appended(stamps(120, write(Nanos(130), Nanos(160)), 190));
        journey.appended(stamps(115, write(Nanos(118), Nanos(119)), 150));
        let expected = [
            ("queue", 10),
            ("append", 10),
            ("commit_wait", 10),
            ("write", 30),
            ("sync", 30),
            ("response", 5),
        ];
        assert_eq!(told(&journey, 195), expected);
        assert_eq!(expected.iter().map(|(_, time)| time).sum::<u64>(), 95);
    }

    #[test]
    fn what_is_not_known_is_not_told() {
        let mut journey = Journey::new(Nanos(0), Nanos(1));
        let (appended, answered) = (Nanos(2), Nanos(9));
        journey.appended(Stamps { appended, commit: Commit::Whole, answered });
        let expected = [("queue", 1), ("append", 1), ("commit", 7), ("response", 1)];
        assert_eq!(told(&journey, 10), expected);
    }

    #[test]
    fn what_a_fetch_waits_is_not_what_it_is_served() {
        let mut journey = Journey::new(Nanos(0), Nanos(1));
        journey.parks(Nanos(3));
        journey.goes_on(Nanos(1003));
        assert_eq!(told(&journey, 1005), [("queue", 1), ("serve", 4), ("park", 1000)]);
    }
}

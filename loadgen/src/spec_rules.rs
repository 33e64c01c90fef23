//! The rules that the fields of a [`RunSpec`] must keep together, each with the sentence that tells
//! the user what to change. Checked once, before anything is opened.

use std::fmt;

use crate::spec::{
    Acks, IDEMPOTENT_IN_FLIGHT_MAX, RunSpec, STAMP_BYTES, TIMED_STAMP_BYTES, Target,
};

/// A combination of settings that makes no sense; the text says what to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError(pub String);

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SpecError {}

/// Finds the first rule that `spec` breaks.
pub fn check(spec: &RunSpec) -> Result<(), SpecError> {
    let broken = rules(spec).into_iter().find(|(broken, _)| *broken);
    broken.map_or(Ok(()), |(_, text)| Err(SpecError(text.to_owned())))
}

/// One line per rule: is it broken, and what to do about it.
#[rustfmt::skip]
fn rules(s: &RunSpec) -> Vec<(bool, &'static str)> {
    let positive = |value: Option<f64>| value.is_none_or(|value| value.is_finite() && value > 0.0);
    vec![
        (s.topic.is_empty(), "--topic is empty: name a topic"),
        (s.partitions == Some(0), "--partitions is 0: a topic has at least one partition"),
        (!positive(s.rate_per_s), "--rate must be above 0; leave it out to send as fast as it goes"),
        (s.records == Some(0), "--records is 0: leave it out or say at least 1"),
        (s.duration.is_some_and(|d| d.is_zero()), "--duration is 0: say how many seconds"),
        (s.effective_duration().is_some_and(|d| s.warmup >= d),
            "--warmup is as long as the run: nothing would be measured"),
        (s.record_bytes == 0, "--record-bytes is 0: say at least 1"),
        (s.record_bytes > 512 << 20, "--record-bytes is above 512 MiB: no broker takes such a record"),
        (s.batch_records == Some(0), "--batch-records is 0: a batch has at least one record"),
        (s.round && s.rate_per_s.is_some(), "--round begins the next when one is answered: leave out --rate"),
        (s.round && (s.key_cardinality > 0 || s.input.is_some()),
            "--round decides the partition of each record: leave out --key-cardinality and --input"),
        (s.round && s.read_only, "--round sends: leave out --read"),
        (s.batch_bytes > 1 << 30, "--batch-bytes is above 1 GiB: a request is below 2 GiB"),
        (s.in_flight == 0, "--in-flight is 0: nothing could be sent"),
        (s.producers == 0 && !s.read_only, "--producers is 0: use --read to consume only"),
        (s.producers > 1 << 12, "--producers is above 4096"),
        (s.consumers > 1 << 12, "--consumers is above 4096"),
        (s.fetch_bytes == 0, "--fetch-bytes is 0: say how much one fetch asks for"),
        (s.commit_interval.is_some_and(|d| d.is_zero()), "--commit-interval-ms is 0: say at least 1"),
        (s.commit_interval.is_some() && s.read_only, "--transactional sends: leave out --read"),
        (s.commit_interval.is_some() && s.transactional_id.is_empty(),
            "--transactional-id is empty: leave it out or name one"),
        (s.commit_interval.is_some() && s.acks != Acks::All, "--transactional needs --acks all"),
        (s.commit_interval.is_some() && s.in_flight > IDEMPOTENT_IN_FLIGHT_MAX,
            "--transactional allows at most --in-flight 5: a broker remembers five batches"),
        (s.commit_interval.is_some() && matches!(s.target, Target::Embedded(_)),
            "--transactional needs a broker: leave it out with --embedded"),
        (s.idempotent && s.acks != Acks::All, "--idempotent needs --acks all: other acknowledgements promise too little"),
        (s.idempotent && s.in_flight > IDEMPOTENT_IN_FLIGHT_MAX,
            "--idempotent allows at most --in-flight 5: a broker remembers five batches"),
        (s.read_only && s.consumers == 0, "--read needs at least one consumer"),
        (s.read_only && s.verify, "--read cannot --verify: it does not know what was written; use --check-crcs"),
        (s.read_only && s.rate_per_s.is_some(), "--read goes as fast as it can: leave out --rate"),
        (s.read_only && s.input.is_some(), "--read sends nothing: leave out --input"),
        (s.repeat && !s.read_only, "--repeat goes with --read"),
        (s.repeat && s.duration.is_none() && s.records.is_none(), "--repeat never ends by itself: add --duration"),
        (s.input.is_some() && s.key_cardinality > 0, "--input brings its own keys: leave out --key-cardinality"),
        (s.input.is_some() && s.verify && s.duration.is_some(),
            "--verify of an --input sends it once: leave out --duration"),
        (s.verify && s.input.is_none() && s.record_bytes < STAMP_BYTES,
            "--verify needs --record-bytes 16 or more: each record carries a stamp"),
        (s.consumers > 0 && !s.read_only && s.input.is_none() && s.record_bytes < TIMED_STAMP_BYTES,
            "--consumers measures latency by a time in the record: --record-bytes must be 24 or more"),
        (!positive(s.expect_rate_per_s), "--expect-rate must be above 0"),
        (!positive(s.expect_p99_ms), "--expect-p99-ms must be above 0"),
        (s.expect_p99_ms.is_some() && s.acks == Acks::None && !s.read_only,
            "--expect-p99-ms needs an acknowledgement to measure: use --acks 1 or all"),
        (s.idempotent && matches!(s.target, Target::Embedded(_)),
            "--idempotent needs a broker: the library does not give out producer ids; leave it out with --embedded"),
        (!s.engine_settings.is_empty() && matches!(s.target, Target::Network(_)),
            "--set is for the engine of --embedded: give a broker its settings when it is started"),
        (matches!(s.target, Target::Network(ref address) if address.is_empty()),
            "--target is empty: say HOST:PORT"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_defaults_keep_every_rule() {
        assert_eq!(check(&RunSpec::default()), Ok(()));
    }

    #[test]
    fn rules_catch_what_makes_no_sense() {
        type Change = fn(&mut RunSpec);
        let broken: [(&str, Change); 11] = [
            ("needs --acks all", |s| {
                (s.commit_interval, s.acks) = (Some(Duration::from_millis(9)), Acks::None)
            }),
            ("say at least 1", |s| s.commit_interval = Some(Duration::ZERO)),
            ("acks all", |s| (s.idempotent, s.acks) = (true, Acks::Leader)),
            ("at most --in-flight 5", |s| (s.idempotent, s.in_flight) = (true, 6)),
            ("at least one consumer", |s| s.read_only = true),
            ("16 or more", |s| (s.verify, s.record_bytes) = (true, 15)),
            ("24 or more", |s| (s.consumers, s.record_bytes) = (1, 23)),
            ("nothing would be measured", |s| s.warmup = Duration::from_secs(10)),
            ("--rate must be above 0", |s| s.rate_per_s = Some(f64::NAN)),
            ("leave out --rate", |s| (s.round, s.rate_per_s) = (true, Some(1.0))),
            ("leave out --key-cardinality", |s| (s.round, s.key_cardinality) = (true, 9)),
        ];
        for (text, change) in broken {
            let error = check(&RunSpec::default().with(change)).unwrap_err();
            assert!(error.0.contains(text), "{error}");
        }
    }

    #[test]
    fn only_endless_work_gets_a_default_duration() {
        assert_eq!(RunSpec::default().effective_duration(), Some(Duration::from_secs(10)));
        let counted = RunSpec::default().with(|s| s.records = Some(5));
        assert_eq!(counted.effective_duration(), None);
        let file = RunSpec::default().with(|s| s.input = Some("flights.tsv".into()));
        assert_eq!(file.effective_duration(), None);
    }
}

//! The command line that other programs rely on, flag by flag.

use super::*;
use clap::CommandFactory;

fn parse(line: &str) -> Result<RunSpec, String> {
    let cli = Cli::try_parse_from(["loadgen", "run"].into_iter().chain(line.split_whitespace()));
    let Command::Run(args) = cli.map_err(|e| e.to_string())?.command;
    args.spec()
}

#[test]
fn clap_finds_no_fault() {
    Cli::command().debug_assert();
}

#[test]
fn no_flag_means_the_defaults_of_the_spec() {
    let spec = parse("--target localhost").unwrap();
    assert_eq!(spec, RunSpec::network("localhost:9092"));
}

#[test]
fn every_flag_of_the_decisions_reaches_the_spec() {
    let spec = parse(
        "--target h:1 --topic t --partitions 12 --record-bytes 100 --rate 100k/s --duration 30 --acks 1 \
         --linger-ms 0.5 --batch-bytes 256KiB --in-flight 3 --producers 4 --consumers 2 --compression lz4 \
         --expect-rate 90000/s --expect-p99-ms 5 --verify --config flush.messages=1 --warmup 2 --cpu none \
         --backend posix --spin-us 50 --seed 7 --key-cardinality 1k --batch-records 15 --payload text",
    )
    .unwrap();
    let expected = RunSpec::network("h:1").with(|s| {
        s.topic = "t".into();
        s.partitions = Some(12);
        s.record_bytes = 100;
        s.rate_per_s = Some(100_000.0);
        s.duration = Some(Duration::from_secs(30));
        s.acks = Acks::Leader;
        s.linger = Duration::from_micros(500);
        s.batch_bytes = 256 << 10;
        s.in_flight = 3;
        s.producers = 4;
        s.consumers = 2;
        s.compression = Compression::Lz4;
        s.expect_rate_per_s = Some(90_000.0);
        s.expect_p99_ms = Some(5.0);
        s.verify = true;
        s.topic_config = vec![("flush.messages".into(), "1".into())];
        s.warmup = Duration::from_secs(2);
        s.cpu = Cpu::Unpinned;
        s.backend = Some(Backend::Posix);
        s.spin = Some(Duration::from_micros(50));
        s.seed = Some(7);
        s.key_cardinality = 1000;
        s.batch_records = Some(15);
        s.payload = Payload::Text;
    });
    assert_eq!(spec, expected);
}

#[test]
fn reading_begins_at_the_earliest_offset_with_one_consumer() {
    let spec = parse("--target h:1 --read --fetch-bytes 1MiB --repeat --duration 10").unwrap();
    assert_eq!((spec.read_only, spec.consumers, spec.from), (true, 1, StartAt::Earliest));
    assert_eq!(parse("--target h:1 --read --from 55").unwrap().from, StartAt::Offset(55));
}

#[test]
fn transactions_are_numbered_and_named() {
    let spec = parse("--target h:1 --transactional").unwrap();
    assert_eq!(spec.commit_interval, Some(Duration::from_millis(100)));
    assert!(spec.is_idempotent() && !spec.idempotent);
    let line = "--target h:1 --transactional --commit-interval-ms 2.5 --transactional-id x";
    let spec = parse(line).unwrap();
    assert_eq!(spec.commit_interval, Some(Duration::from_micros(2_500)));
    assert_eq!(spec.transactional_id(3).as_deref(), Some("x-3"));
    assert_eq!(parse("--target h:1").unwrap().transactional_id(3), None);
}

#[test]
fn a_round_is_one_record_for_each_partition_if_nothing_else_is_said() {
    let spec = parse("--target h:1 --round --partitions 64 --in-flight 1").unwrap();
    assert_eq!((spec.round, spec.records_per_batch()), (true, Some(1)));
    let spec = parse("--target h:1 --round --batch-records 4").unwrap();
    assert_eq!(spec.records_per_batch(), Some(4));
    assert_eq!(parse("--target h:1").unwrap().records_per_batch(), None);
}

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    assert!(parse("").unwrap_err().contains("--target"));
    assert!(parse("--target h:1 --embedded d").unwrap_err().contains("cannot be used with"));
    assert!(parse("--target h:1 --acks 2").unwrap_err().contains("say 0, 1 or all"));
    assert!(parse("--target h:1 --commit-interval-ms 5").unwrap_err().contains("--transactional"));
    assert!(parse("--target h:1 --rate fast").unwrap_err().contains("per second"));
}

#[test]
fn units_are_understood() {
    assert_eq!(rate("1.5M/s"), Ok(1.5e6));
    assert_eq!((bytes("16384"), bytes("64K"), bytes("1MB")), (Ok(16384), Ok(65536), Ok(1_000_000)));
    assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
    assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
    assert_eq!(count("20M"), Ok(20_000_000));
    assert!(duration("-1").is_err() && bytes("1.5").is_err() && count("x").is_err());
}

//! Stops that were asked for: quick, complete, and written down so that the next start need not look.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use headwater_protocol::error_code::ErrorCode;

use super::segments;
use crate::harness::batches::{plain, sized};
use crate::harness::broker::{Broker, Options};
use crate::harness::on_both;
use crate::harness::requests::Want;

#[test]
fn a_clean_stop_is_written_down_for_one_start() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let batch = sized(3, 5000, 1);
        client.append("t", 0, &batch);
        drop(client);
        let (dir, options) = broker.stop();
        let note = dir.data().join("clean");
        assert!(note.exists());
        let files = segments(&dir.data(), "t-0");
        assert_eq!(
            fs::metadata(&files[0]).unwrap().len(),
            batch.len() as u64,
            "nothing allocated ahead is left"
        );
        let broker = options.start_in(dir);
        assert!(!note.exists(), "it speaks for one start");
        assert_eq!(broker.connect().read_all("t", 0, 0).len(), 3);
        assert_eq!(broker.connect().append("t", 0, &plain(&["x"])), 3);
        // Again, and with a note that is damaged: then everything is read.
        let (dir, options) = broker.stop();
        let mut bytes = fs::read(&note).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&note, bytes).unwrap();
        let broker = options.start_in(dir);
        assert_eq!(broker.connect().read_all("t", 0, 0).len(), 4);
    });
}

#[test]
fn waiting_consumers_do_not_hold_up_a_stop() {
    on_both(|backend| {
        let broker = Options::new(backend).shards(2).start();
        let mut admin = broker.connect();
        admin.create("t", 2, &[]);
        let mut consumers: Vec<_> = (0..10).map(|_| broker.connect()).collect();
        let want = Want { wait_ms: 60_000, ..Want::from("t", &[(0, 0), (1, 0)]) };
        let asked: Vec<_> =
            consumers.iter_mut().map(|consumer| consumer.ask_fetch(&want, 12)).collect();
        assert!(!consumers[9].has_answer(Duration::from_millis(100)));
        let started = Instant::now();
        drop(broker.stop());
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        // They are answered with what there is, not cut off.
        for (consumer, asked) in consumers.iter_mut().zip(asked) {
            let answer = consumer.fetched(asked);
            assert!(
                answer.partitions.iter().all(|p| p.error == ErrorCode::None && p.bytes.is_empty())
            );
            assert!(consumer.is_closed());
        }
    });
}

/// Also shards that have nothing to flush end at once.
#[test]
fn a_broker_with_nothing_to_do_stops_at_once() {
    on_both(|backend| {
        for topics in [0, 1] {
            let broker = Options::new(backend).shards(3).start();
            let mut client = broker.connect();
            for n in 0..topics {
                client.create(&format!("t{n}"), 1, &[]);
            }
            let started = Instant::now();
            drop(broker.stop());
            assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        }
    });
}

/// What is in service is finished: nobody is left in doubt about a batch that the broker had.
#[test]
fn a_stop_under_load_answers_what_it_has() {
    on_both(|backend| {
        for shards in [1, 2] {
            let mut broker = Options::new(backend).shards(shards).start();
            broker.connect().create("t", 4, &[]);
            let acknowledged = std::thread::scope(|scope| {
                let producers: Vec<_> = (0..4)
                    .map(|partition| {
                        let broker = &broker;
                        scope.spawn(move || {
                            let mut client = broker.connect();
                            let mut acknowledged = 0;
                            loop {
                                let batch = sized(1, 3000, acknowledged);
                                let Ok(asked) = client.try_ask_produce("t", partition, &batch, -1)
                                else {
                                    break;
                                };
                                let Ok(produced) = client.try_produced(asked) else { break };
                                assert_eq!(
                                    (produced.error, produced.base_offset),
                                    (ErrorCode::None, acknowledged as i64)
                                );
                                acknowledged += 1;
                            }
                            acknowledged as i64
                        })
                    })
                    .collect();
                std::thread::sleep(Duration::from_millis(200));
                broker.signal("TERM");
                producers
                    .into_iter()
                    .map(|producer| producer.join().expect("producer"))
                    .collect::<Vec<_>>()
            });
            assert!(broker.wait(Duration::from_secs(2)).success(), "{}", broker.log());
            let broker = broker.start_again();
            for (partition, acknowledged) in acknowledged.into_iter().enumerate() {
                let (_, end) = broker.connect().ends("t", partition as i32);
                assert!(
                    (acknowledged..=acknowledged + 1).contains(&end),
                    "{acknowledged} acknowledged, {end} there"
                );
            }
        }
    });
}

/// A client that takes no answers gets a few seconds; a second signal does not wait for that.
#[test]
fn a_second_signal_ends_it_at_once() {
    on_both(|backend| {
        let mut broker = Broker::start(backend);
        let mut producer = broker.connect();
        producer.create("t", 1, &[]);
        for n in 0..20 {
            producer.append("t", 0, &sized(1, 900_000, n));
        }
        let mut deaf = broker.connect();
        for _ in 0..5 {
            deaf.ask_fetch(&Want { partition_bytes: 16 << 20, ..Want::from("t", &[(0, 0)]) }, 12);
        }
        assert!(deaf.has_answer(Duration::from_secs(5)));
        broker.signal("TERM");
        std::thread::sleep(Duration::from_millis(200));
        let started = Instant::now();
        broker.signal("INT");
        let status = broker.wait(Duration::from_secs(5));
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        assert!(!status.success() && status.signal().is_none(), "{status}");
        let broker = broker.start_again();
        assert_eq!(broker.connect().ends("t", 0), (0, 20));
    });
}

#[test]
fn a_client_that_takes_no_answers_holds_up_a_stop_for_seconds_only() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut producer = broker.connect();
        producer.create("t", 1, &[]);
        for n in 0..20 {
            producer.append("t", 0, &sized(1, 900_000, n));
        }
        let mut deaf = broker.connect();
        for _ in 0..5 {
            deaf.ask_fetch(&Want { partition_bytes: 16 << 20, ..Want::from("t", &[(0, 0)]) }, 12);
        }
        assert!(deaf.has_answer(Duration::from_secs(5)));
        let started = Instant::now();
        let (dir, options) = broker.stop();
        assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
        assert!(dir.data().join("clean").exists());
        assert_eq!(options.start_in(dir).connect().ends("t", 0), (0, 20));
    });
}

/// The number of shards may change: partitions move to other shards with everything they know.
#[test]
fn another_number_of_shards_serves_the_same_partitions() {
    on_both(|backend| {
        let mut broker = Options::new(backend).start();
        broker.connect().create("t", 5, &[]);
        for (round, shards) in [3, 1, 2].into_iter().enumerate() {
            let mut client = broker.connect();
            for partition in 0..5 {
                assert_eq!(
                    client.append("t", partition, &plain(&[format!("{round}")])),
                    round as i64
                );
            }
            drop(client);
            let (dir, options) = if round == 1 { broker.kill() } else { broker.stop() };
            broker = options.shards(shards).start_in(dir);
            for partition in 0..5 {
                assert_eq!(broker.connect().read_all("t", partition, 0).len(), round + 1);
            }
        }
    });
}

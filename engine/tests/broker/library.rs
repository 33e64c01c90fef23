//! The engine inside a program: from threads that wait, and from an executor of a few lines.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use headwater::config::broker::{BackendName, BrokerConfig};
use headwater::embedded::{Engine, EngineError, Partition};
use headwater::model::Offset;
use headwater::shard::letters::{Acks, Refusal};
use headwater_io::driver::Backend;
use headwater_protocol::batch::compression::Compression;

use crate::harness::batches::{self, keyed, plain, sequenced, sized};
use crate::harness::broker::Folder;
use crate::harness::on_both;

fn config(backend: Backend) -> BrokerConfig {
    let mut config = BrokerConfig::default();
    config.backend = Some(match backend {
        Backend::Posix => BackendName::Posix,
        _ => BackendName::Uring,
    });
    config.topic_defaults.retention_ms = None;
    (config.memory_bytes, config.shards) = (Some(64 << 20), 2);
    config
}

fn open(backend: Backend, dir: &Folder) -> Engine {
    Engine::open(&dir.data(), config(backend)).expect("an engine")
}

fn append(partition: &Partition, batch: &[u8]) -> Result<i64, EngineError> {
    let reply = partition.append(Bytes::copy_from_slice(batch), Acks::All)?;
    reply.wait().map(|answer| answer.appended.base_offset.0)
}

/// An executor for one future: the thread sleeps until it is woken.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Several futures at once, whichever is ready first.
struct All<F: Future>(Vec<One<F>>);

enum One<F: Future> {
    Open(Pin<Box<F>>),
    Ready(F::Output),
}

impl<F: Future> Future for All<F>
where
    F::Output: Unpin,
{
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        for one in &mut self.0 {
            if let One::Open(future) = one
                && let Poll::Ready(output) = future.as_mut().poll(context)
            {
                *one = One::Ready(output);
            }
        }
        if self.0.iter().any(|one| matches!(one, One::Open(_))) {
            return Poll::Pending;
        }
        let ready = std::mem::take(&mut self.0).into_iter().filter_map(|one| match one {
            One::Ready(output) => Some(output),
            One::Open(_) => None,
        });
        Poll::Ready(ready.collect())
    }
}

#[test]
fn records_go_in_and_come_out_and_are_there_after_reopening() {
    on_both(|backend| {
        let dir = Folder::new();
        let engine = open(backend, &dir);
        engine.create_topic("t", 3, &[("max.message.bytes", "100000")]).wait().unwrap();
        for index in 0..3 {
            let partition = engine.partition("t", index).unwrap();
            assert_eq!(append(&partition, &plain(&["a", "b"])).unwrap(), 0);
            assert_eq!(append(&partition, &plain(&["c"])).unwrap(), 2);
            let read = partition.read(Offset(1), 1 << 20).wait().unwrap();
            assert_eq!((read.high_watermark, read.log_start), (Offset(3), Offset(0)));
            assert_eq!(batches::read(&read.to_vec().unwrap()).len(), 3);
            let marks = partition.flush().wait().unwrap();
            assert_eq!((marks.appended, marks.durable.offset), (marks.durable, Offset(3)));
            assert_eq!(partition.watermarks().wait().unwrap(), marks);
        }
        engine.close().unwrap();
        let engine = open(backend, &dir);
        let partition = engine.partition("t", 2).unwrap();
        let read = partition.read(Offset(0), 1 << 20).wait().unwrap();
        assert_eq!(batches::read(&read.to_vec().unwrap()).len(), 3);
        engine.delete_topic("t").wait().unwrap();
        let gone = partition.read(Offset(0), 100).wait();
        assert!(matches!(gone, Err(EngineError::Refused(Refusal::Unknown))));
        engine.close().unwrap();
    });
}

#[test]
fn mistakes_are_answered_by_their_kind() {
    on_both(|backend| {
        let dir = Folder::new();
        let engine = open(backend, &dir);
        engine.create_topic("t", 1, &[("max.message.bytes", "1000")]).wait().unwrap();
        let fault = |reply: Result<(), EngineError>| matches!(reply, Err(EngineError::Fault(_)));
        assert!(fault(engine.create_topic("t", 1, &[]).wait()));
        assert!(fault(engine.create_topic("no/name", 1, &[]).wait()));
        assert!(fault(engine.create_topic("u", 1, &[("no.such", "1")]).wait()));
        assert!(fault(engine.delete_topic("nowhere").wait()));
        assert!(matches!(engine.partition("nowhere", 0), Err(EngineError::Fault(_))));
        assert!(matches!(engine.partition("t", 1), Err(EngineError::UnknownPartition)));
        let partition = engine.partition("t", 0).unwrap();
        for bytes in [Vec::new(), vec![1; 100], sized(1, 2000, 1)] {
            assert!(matches!(append(&partition, &bytes), Err(EngineError::Records(_))));
        }
        let beyond = partition.read(Offset(1), 100).wait();
        assert!(matches!(beyond, Err(EngineError::Refused(Refusal::OutOfRange { .. }))));
        assert_eq!(append(&partition, &sequenced(5, 0, 0, &["x"])).unwrap(), 0);
        assert_eq!(append(&partition, &sequenced(5, 0, 0, &["x"])).unwrap(), 0, "a retry");
        let gap = append(&partition, &sequenced(5, 0, 7, &["x"]));
        assert!(matches!(gap, Err(EngineError::Refused(Refusal::Append(_)))));
        for error in [EngineError::Stopped, EngineError::UnknownPartition] {
            assert!(!error.to_string().is_empty());
        }
        engine.close().unwrap();
    });
}

/// Many appends open at once, from several threads; replies come in log order.
#[test]
fn a_compacted_topic_takes_no_records_without_keys() {
    on_both(|backend| {
        let dir = Folder::new();
        let engine = open(backend, &dir);
        engine.create_topic("t", 1, &[("cleanup.policy", "compact")]).wait().unwrap();
        let partition = engine.partition("t", 0).unwrap();
        let refused = append(&partition, &plain(&["a", "b"])).unwrap_err();
        assert!(matches!(&refused, EngineError::Keyless(records) if *records == [0, 1]));
        assert!(refused.to_string().contains("[0, 1]"));
        let keyed = keyed(Compression::Zstd, &[("", Some("a")), ("b", None)]);
        assert_eq!(append(&partition, &keyed).unwrap(), 0, "an empty key is one");
        engine.close().unwrap();
    });
}

#[test]
fn many_appends_may_be_open() {
    on_both(|backend| {
        let dir = Folder::new();
        let engine = open(backend, &dir);
        engine.create_topic("t", 2, &[("segment.bytes", "500000")]).wait().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4u64 {
                let partition = engine.partition("t", thread as i32 % 2).unwrap();
                scope.spawn(move || {
                    let mut open = Vec::new();
                    for n in 0..300 {
                        let batch = Bytes::from(sized(1, 2000, thread * 1000 + n));
                        let acks = [Acks::None, Acks::Leader, Acks::All][n as usize % 3];
                        open.push(partition.append(batch, acks).unwrap());
                    }
                    let offsets: Vec<_> = open
                        .into_iter()
                        .map(|reply| reply.wait().unwrap().appended.base_offset)
                        .collect();
                    assert!(offsets.is_sorted(), "in log order");
                });
            }
        });
        for index in 0..2 {
            let partition = engine.partition("t", index).unwrap();
            assert_eq!(partition.flush().wait().unwrap().durable.offset, Offset(600));
            let mut seen = BTreeSet::new();
            let mut offset = 0;
            while offset < 600 {
                let read = partition.read(Offset(offset), 100_000).wait().unwrap();
                for record in batches::read(&read.to_vec().unwrap()) {
                    offset = record.offset + 1;
                    seen.insert(record.value);
                }
            }
            assert_eq!(seen.len(), 600);
        }
        engine.close().unwrap();
    });
}

#[test]
fn replies_are_futures_for_any_executor() {
    on_both(|backend| {
        let dir = Folder::new();
        let engine = open(backend, &dir);
        block_on(async {
            engine.create_topic("t", 2, &[]).await.unwrap();
            let (one, two) = (engine.partition("t", 0).unwrap(), engine.partition("t", 1).unwrap());
            let mut open = Vec::new();
            for n in 0..100u64 {
                let partition = if n % 2 == 0 { &one } else { &two };
                let reply = partition.append(Bytes::from(sized(1, 500, n)), Acks::All).unwrap();
                open.push(One::Open(Box::pin(reply)));
            }
            let answers = All(open).await;
            for (n, answer) in answers.into_iter().enumerate() {
                assert_eq!(answer.unwrap().appended.base_offset, Offset(n as i64 / 2));
            }
            assert_eq!(one.flush().await.unwrap().durable.offset, Offset(50));
            let read = two.read(Offset(0), 1 << 20).await.unwrap();
            assert_eq!(read.high_watermark, Offset(50));
        });
        engine.close().unwrap();
    });
}

/// A directory belongs to one engine, also within a process, and is free again afterwards.
#[test]
fn a_directory_belongs_to_one_engine() {
    on_both(|backend| {
        let dir = Folder::new();
        let engine = open(backend, &dir);
        let error =
            Engine::open(&dir.data(), config(backend)).err().expect("it is in use").to_string();
        assert!(error.contains("in use"), "{error}");
        engine.create_topic("t", 1, &[]).wait().unwrap();
        engine.close().unwrap();
        let engine = open(backend, &dir);
        assert_eq!(append(&engine.partition("t", 0).unwrap(), &plain(&["x"])).unwrap(), 0);
        // Dropped instead of closed: stopped all the same.
        drop(engine);
        let engine = open(backend, &dir);
        let read = engine.partition("t", 0).unwrap().read(Offset(0), 1000).wait().unwrap();
        assert_eq!(read.high_watermark, Offset(1));
        engine.close().unwrap();
    });
}

/// Nobody waits for ever for an engine that is gone.
#[test]
fn a_closed_engine_answers_that_it_is_closed() {
    on_both(|backend| {
        let dir = Folder::new();
        let engine = open(backend, &dir);
        engine.create_topic("t", 1, &[]).wait().unwrap();
        let partition = engine.partition("t", 0).unwrap();
        append(&partition, &plain(&["x"])).unwrap();
        let others: Vec<_> = (0..3)
            .map(|_| {
                let partition = partition.clone();
                std::thread::spawn(move || {
                    let mut appended = 0;
                    loop {
                        match append(&partition, &plain(&["y"])) {
                            Ok(_) => appended += 1,
                            Err(EngineError::Stopped) => return appended,
                            Err(other) => panic!("{other}"),
                        }
                    }
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(50));
        engine.close().unwrap();
        let started = Instant::now();
        let appended: i64 = others.into_iter().map(|other| other.join().expect("thread")).sum();
        for _ in 0..10_000 {
            let reply = partition.watermarks().wait();
            assert!(matches!(reply, Err(EngineError::Stopped)));
        }
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        let engine = open(backend, &dir);
        let end = engine.partition("t", 0).unwrap().watermarks().wait().unwrap().durable.offset.0;
        assert!(end > appended, "{appended} were acknowledged, {end} are there");
        engine.close().unwrap();
    });
}

/// The program's own memory is what bounds it: more than the engine's memory may be offered at once.
#[test]
fn a_program_that_is_faster_than_the_disk_is_slowed_down() {
    on_both(|backend| {
        let dir = Folder::new();
        let mut config = config(backend);
        (config.memory_bytes, config.shards) = (Some(48 << 20), 1);
        let engine = Engine::open(&dir.data(), config).unwrap();
        engine.create_topic("t", 1, &[]).wait().unwrap();
        let partition = engine.partition("t", 0).unwrap();
        let batch = Bytes::from(sized(1, 900_000, 1));
        let open: Vec<_> =
            (0..120).map(|_| partition.append(batch.clone(), Acks::All).unwrap()).collect();
        for (n, reply) in open.into_iter().enumerate() {
            assert_eq!(reply.wait().unwrap().appended.base_offset, Offset(n as i64));
        }
        engine.close().unwrap();
    });
}

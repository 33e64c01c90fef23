//! Stopping: who waits is answered, what was appended is flushed, and nothing waits for a timer.

use super::*;

/// Stops the shard, which runs only when it says that it has to; how long that took, in the machine's
/// time.
fn stop(machine: &mut Machine) -> Duration {
    assert!(machine.mailbox.send(Letter::Stop).is_ok());
    let started = machine.world.clock().now();
    machine.world.hold_clock();
    for _ in 0..TICKS_MAX {
        if machine.worker.is_stopped() {
            return machine.world.clock().now().since(started);
        }
        machine.world.advance_to(machine.worker.due());
        machine.tick();
    }
    panic!("the shard does not stop");
}

/// A shard without partitions and one without clients: no completion of theirs moves the stop on.
#[test]
fn a_shard_with_nothing_to_flush_waits_for_no_timer() {
    for seed in 0..20 {
        let mut machine = Machine::start(World::new(seed));
        for _ in 0..seed {
            machine.tick();
        }
        assert!(stop(&mut machine) < Duration::from_millis(100), "seed {seed}, no topic");
        let mut machine = with_topic(seed);
        assert!(stop(&mut machine) < Duration::from_millis(100), "seed {seed}, one topic");
    }
}

/// Who waits is answered, what was appended is flushed, and then the shard is done.
#[test]
fn a_stop_answers_and_flushes() {
    let mut machine = with_topic(5);
    let consumer = machine.connect();
    machine.send(consumer, fetch(0, 60_000));
    machine.send(0, produce(&batch(0, 100), 1));
    assert_eq!(produced(&machine.answer(0)), (ErrorCode::None, 0));
    assert_eq!(fetched(&machine.answer(consumer)).1, 1);
    machine.send(consumer, fetch(1, 60_000));
    for _ in 0..100 {
        machine.tick();
    }
    assert!(stop(&mut machine) < Duration::from_millis(100));
    // The shard is gone, and with it what moved the clock; what it sent is still on its way.
    for _ in 0..100 {
        let mut completions = Vec::new();
        let until = machine.world.clock().now().after(Duration::from_micros(20));
        machine.io.wait(&mut completions, until);
        machine.hear(completions);
    }
    let answer = whole_frame(&mut machine.clients[consumer].received).expect("an answer");
    assert_eq!(fetched(&answer), (ErrorCode::None, 1, vec![]));
    let logs = machine.worker.shard.into_logs();
    assert!(logs.iter().all(|log| log.clean_end().is_some()), "everything is durable");
}

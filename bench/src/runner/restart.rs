//! Brokers that are started again on the directory they had: after a clean stop, and after being killed
//! under load. Killing a process is not a power cut: what was handed to the kernel survives it. The
//! simulator cuts the power.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use headwater_loadgen::progress::{Progress, Snapshot};
use headwater_loadgen::result::RunResult;
use headwater_loadgen::run;
use headwater_loadgen::spec::Target as LoadTarget;

use super::{Runner, refused, spec};
use crate::evidence::{BrokerUse, RunRow};
use crate::host::process::Process;
use crate::plan::Cell;
use crate::target::Broker;

/// Load is under way for so long before the broker is killed.
const UNDER_LOAD: Duration = Duration::from_millis(500);
/// A topic of many more than this may take a busy disk longer to make than a client waits.
const TOPIC_PARTITIONS_MAX: u32 = 250;

impl Runner<'_> {
    /// One record for each partition, a clean stop, a start.
    pub(super) fn stopped(
        &self,
        cell: &Cell,
        topic: &str,
        dir: &Path,
        row: &mut RunRow,
    ) -> Result<(), String> {
        let broker = self.broker(cell, dir)?;
        let target = LoadTarget::Network(broker.address.clone());
        let made = self.fill_topics(cell, &target, topic)?;
        self.settled();
        row.broker = Some(BrokerUse {
            start_ms: broker.start_ms,
            resident_bytes: broker.process.and_then(Process::resident_bytes),
            ..BrokerUse::default()
        });
        let failed = refused(&made);
        row.result = Some(made);
        broker.stop().map_err(|e| e.to_string())?;
        failed.map_or(Ok(()), Err)?;
        self.start_again(cell, topic, dir, row)
    }

    /// The partitions of a cell, in topics small enough that each is made in the time that clients give a
    /// broker; the result is that of the last.
    fn fill_topics(
        &self,
        cell: &Cell,
        target: &LoadTarget,
        topic: &str,
    ) -> Result<RunResult, String> {
        let mut left = cell.client.partitions;
        let mut part = cell.clone();
        loop {
            part.client.partitions = left.min(TOPIC_PARTITIONS_MAX);
            left -= part.client.partitions;
            let name = if left == 0 { topic.to_owned() } else { format!("{topic}-{left}") };
            let made = self.load(&spec::prepare(&part, target, &name))?;
            if left == 0 || refused(&made).is_some() {
                return Ok(made);
            }
        }
    }

    /// As many bytes as the cell says, SIGKILL while more is coming, a start.
    pub(super) fn killed(
        &self,
        cell: &Cell,
        topic: &str,
        dir: &Path,
        row: &mut RunRow,
    ) -> Result<(), String> {
        let broker = self.broker(cell, dir)?;
        row.broker = Some(BrokerUse { start_ms: broker.start_ms, ..BrokerUse::default() });
        let target = LoadTarget::Network(broker.address.clone());
        let filled = self.load(&spec::fill(cell, &target, topic))?;
        let failed = refused(&filled);
        row.result = Some(filled);
        failed.map_or(Ok(()), Err)?;
        self.kill_under_load(cell, topic, broker)?;
        self.start_again(cell, topic, dir, row)
    }

    fn kill_under_load(&self, cell: &Cell, topic: &str, broker: Broker) -> Result<(), String> {
        let target = LoadTarget::Network(broker.address.clone());
        let spec = spec::until_killed(cell, &target, topic);
        let killed = &AtomicBool::new(false);
        let ended = thread::scope(|scope| {
            let load = scope.spawn(|| run::run(&spec, &mut Until { killed, runner: self }));
            thread::sleep(UNDER_LOAD);
            // Dropped without having been stopped, it is killed.
            drop(broker);
            killed.store(true, Ordering::Relaxed);
            load.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        let produced = ended.map_err(|e| e.to_string())?.produce;
        match produced.is_some_and(|produced| produced.records_acked_total > 0) {
            true => Ok(()),
            false => Err("no load was under way when the broker was killed".to_owned()),
        }
    }

    fn start_again(
        &self,
        cell: &Cell,
        topic: &str,
        dir: &Path,
        row: &mut RunRow,
    ) -> Result<(), String> {
        self.look_at_segments(dir, row);
        let began = Instant::now();
        let broker = self.broker(cell, dir)?;
        let resident_bytes = broker.process.and_then(Process::resident_bytes);
        let target = LoadTarget::Network(broker.address.clone());
        let served = self.load(&spec::one_record(cell, &target, topic))?;
        let serve_ms = began.elapsed().as_secs_f64() * 1e3;
        row.broker = Some(BrokerUse {
            restart_ms: broker.start_ms,
            serve_ms: Some(serve_ms),
            restart_resident_bytes: resident_bytes,
            ..row.broker.unwrap_or_default()
        });
        broker.stop().map_err(|e| e.to_string())?;
        refused(&served).map_or(Ok(()), Err)
    }

    /// Counts the segments of all partitions. A directory that cannot be read has none.
    pub(super) fn look_at_segments(&self, dir: &Path, row: &mut RunRow) {
        let (segments, segment_bytes) = segments(&dir.join("data"));
        row.broker = Some(BrokerUse {
            segments: Some(segments),
            segment_bytes: Some(segment_bytes),
            ..row.broker.unwrap_or_default()
        });
    }
}

/// How many segments there are in the folders of a data directory, and how much of the disk they take.
fn segments(data_dir: &Path) -> (u64, u64) {
    const STAT_BLOCK: u64 = 512;
    let files = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten();
    let folders = files(data_dir).map(|entry| entry.path()).filter(|path| path.is_dir());
    let all =
        folders.flat_map(|folder| files(&folder).map(|entry| entry.path()).collect::<Vec<_>>());
    let logs = all.filter(|path| path.extension().is_some_and(|ending| ending == "log"));
    let sizes = logs.filter_map(|path| fs::metadata(path).ok()).map(|m| m.blocks() * STAT_BLOCK);
    sizes.fold((0, 0), |(count, bytes), size| (count + 1, bytes + size))
}

/// Ends the load once its broker is gone.
struct Until<'a> {
    killed: &'a AtomicBool,
    runner: &'a Runner<'a>,
}

impl Progress for Until<'_> {
    fn update(&mut self, _: &Snapshot) {}

    fn stop_requested(&self) -> bool {
        self.killed.load(Ordering::Relaxed) || self.runner.interrupt.requested()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_counted_in_the_folders_of_partitions() {
        let dir = tempfile::tempdir().unwrap();
        let partition = dir.path().join("t-0");
        fs::create_dir(&partition).unwrap();
        for name in ["00000000000000000000.log", "00000000000000000007.log", "7.index"] {
            fs::write(partition.join(name), [1; 5000]).unwrap();
        }
        fs::write(dir.path().join("metadata.log"), "not a segment").unwrap();
        let (count, bytes) = segments(dir.path());
        assert_eq!(count, 2);
        assert!((2 * 5000..2 * 65_536).contains(&bytes) || bytes == 0, "{bytes}");
        assert_eq!(segments(&dir.path().join("nowhere")), (0, 0));
    }
}

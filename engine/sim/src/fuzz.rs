//! Many seeds on several threads: progress, failures, and the rare paths that were reached.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use headwater::rare::{self, Rare};

use crate::plan::{Wish, Workload};
use crate::run::{self, Outcome};

/// What many runs came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Seeds that were run.
    pub runs: u64,
    /// Records that were acknowledged.
    pub acknowledged: u64,
    /// Transactions that count.
    pub transactions: u64,
    /// Partitions of which records were deleted: by clients, and because there were too many.
    pub shortened: [u64; 2],
    /// Runs in which damage that was done was found, or seen by a client.
    pub damaged: u64,
    /// Starts that were cut themselves.
    pub recoveries_cut: u64,
    /// Seeds in which a checker spoke.
    pub failures: Vec<Outcome>,
    /// How often each rare path was reached.
    pub reached: BTreeMap<&'static str, u64>,
}

/// Runs seeds until they or the time are used up; `progress` hears of the report now and then.
///
/// # Errors
/// When runs cannot be planned.
pub fn fuzz(
    seeds: Range<u64>,
    limit: Option<Duration>,
    jobs: usize,
    wish: impl Fn(u64) -> Wish + Sync,
    progress: impl Fn(&Report) + Sync,
) -> Result<Report, String> {
    let next = AtomicU64::new(seeds.start);
    let report = Mutex::new(Report::default());
    let error = Mutex::new(None);
    let deadline = limit.map(|limit| Instant::now() + limit);
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while deadline.is_none_or(|deadline| Instant::now() < deadline) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    rare::reset();
                    match run::run(&wish(seed)) {
                        Ok(outcome) => {
                            let mut report = report.lock().expect("report lock");
                            report.add(outcome);
                            progress(&report);
                        }
                        Err(why) => {
                            *error.lock().expect("error lock") = Some(why);
                            return;
                        }
                    }
                }
            });
        }
    });
    match error.into_inner().expect("error lock") {
        Some(why) => Err(why),
        None => Ok(report.into_inner().expect("report lock")),
    }
}

impl Report {
    fn add(&mut self, outcome: Outcome) {
        self.runs += 1;
        self.acknowledged += outcome.acknowledged;
        self.transactions += outcome.transactions;
        for (sum, more) in self.shortened.iter_mut().zip(outcome.shortened) {
            *sum += more;
        }
        self.damaged += u64::from(!outcome.excused.is_empty());
        self.recoveries_cut += outcome.recoveries_cut;
        for (name, times) in rare::counts() {
            *self.reached.entry(name).or_default() += times;
        }
        if outcome.violation.is_some() {
            self.failures.push(outcome);
        }
    }

    /// Rare paths of a workload that were never reached; all of them when the program cannot count.
    pub fn unreached(&self, workload: Workload) -> Vec<&'static str> {
        let of_transactions = workload == Workload::Transactions;
        let paths =
            Rare::ALL.into_iter().filter(|rare| rare.is_of_transactions() == of_transactions);
        let names = paths.map(Rare::name);
        names.filter(|name| self.reached.get(name).is_none_or(|times| *times == 0)).collect()
    }
}

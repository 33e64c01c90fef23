//! THE TABLE: every metric, once. The text that is scraped, the page `METRICS.md` and the tests are read from it.
//!
//! To add a metric, add its row here, in the order of [`Metric`], and say its value where it is known
//! (`worker::measure` and what it asks). Names follow Prometheus: a unit is in the name, a counter ends in `_total`.

use Kind::{Counter, Gauge, Histogram, Peak};
use Unit::{Bytes, Count, Seconds};

/// A metric, by its place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "its row says what each is")]
pub enum Metric {
    Info,
    StartTime,
    ShardsSilent,
    RecoveryTime,
    RecoveryRead,

    Requests,
    RequestErrors,
    RequestsInService,
    RequestBytes,
    ResponseBytes,
    RequestTime,
    StageTime,

    Connections,
    ConnectionsAccepted,
    ConnectionsRefused,
    ConnectionsEnded,
    ConnectionsThrottled,
    SendTime,

    Partitions,
    PartitionsOffline,
    ProducedBytes,
    ProducedRecords,
    ReadBytes,
    LogBytes,

    Groups,
    GroupMembers,
    GroupLag,

    Transactions,
    TransactionAge,

    JournalLive,
    JournalCapacity,
    JournalCommits,
    JournalFrameBytes,
    JournalExtentBytes,
    JournalRounds,
    JournalRunning,
    JournalFull,

    ScrubBytes,
    ScrubSegments,
    ScrubDamages,

    CleanerRuns,
    CleanerFailures,
    CleanerTime,
    CleanerMoved,
    CleanerCleaned,
    CleanerWritten,
    CleanerRecords,
    CleanerKept,
    CleanerDirty,
    CleanerDirtyRatio,
    CleanerGivenUp,

    DeviceWrites,
    DeviceDurableWrites,
    DeviceWrittenBytes,
    DeviceSyncs,
    Operations,
    Enters,
    Parks,
    SpinHits,

    PoolUsed,
    PoolFree,
    RequestMemory,
    UnsentBytes,
    Pressed,
    LettersBackedUp,
}

/// What is known of a metric.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which one.
    pub metric: Metric,
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// What they count.
    pub unit: Unit,
    /// What tells its series apart.
    pub labels: &'static [&'static str],
    /// One or two sentences.
    pub help: &'static str,
}

/// What the values of a metric are, and so how those of several shards become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, until the process ends: shards add up.
    Counter,
    /// Goes up and down: shards add up.
    Gauge,
    /// Goes up and down: the highest of all shards counts.
    Peak,
    /// Times, counted in buckets: shards add up.
    Histogram,
}

/// What a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Bytes.
    Bytes,
    /// Seconds; kept in nanoseconds.
    Seconds,
}

/// The table, in parts for readers.
pub static PARTS: &[(&str, &[Row])] = &[
    ("The process", PROCESS),
    ("Requests", REQUESTS),
    ("Connections", CONNECTIONS),
    ("Topics", TOPICS),
    ("Groups", GROUPS),
    ("Transactions", TRANSACTIONS),
    ("Journal", JOURNAL),
    ("Scrubber", SCRUBBER),
    ("Compaction", COMPACTION),
    ("Device", DEVICE),
    ("Memory", MEMORY),
];

const NONE: &[&str] = &[];
const SHARD: &[&str] = &["shard"];

#[rustfmt::skip]
const PROCESS: &[Row] = &[
    row(Metric::Info, "headwater_info", Gauge, Count, &["version", "backend", "path"],
        "Always 1; what runs: its release, its backend, its durability path."),
    row(Metric::StartTime, "headwater_start_time_seconds", Gauge, Seconds, NONE,
        "When the process was ready, since 1970."),
    row(Metric::ShardsSilent, "headwater_shards_silent", Gauge, Count, NONE,
        "Shards that did not answer this scrape in time: what they know is missing from it."),
    row(Metric::RecoveryTime, "headwater_recovery_seconds", Gauge, Seconds, NONE,
        "How long opening the data directory took at the start."),
    row(Metric::RecoveryRead, "headwater_recovery_read_bytes", Gauge, Bytes, NONE,
        "What was read of logs and journals for it."),
];

#[rustfmt::skip]
const REQUESTS: &[Row] = &[
    row(Metric::Requests, "headwater_requests_total", Counter, Count, &["api"],
        "Requests that were answered, or were done without an answer."),
    row(Metric::RequestErrors, "headwater_request_errors_total", Counter, Count, &["api", "error"],
        "Error codes in answers, by Kafka's names; one answer may hold many. CONNECTION_CLOSED stands for a request \
         that could only be answered by ending the connection."),
    row(Metric::RequestsInService, "headwater_requests_in_service", Gauge, Count, NONE,
        "Requests that are not answered yet, fetches that wait for records among them."),
    row(Metric::RequestBytes, "headwater_request_bytes_total", Counter, Bytes, &["api"],
        "Bytes of requests, without their length prefixes."),
    row(Metric::ResponseBytes, "headwater_response_bytes_total", Counter, Bytes, &["api"],
        "Bytes of answers."),
    row(Metric::RequestTime, "headwater_request_seconds", Histogram, Seconds, &["api"],
        "From the arrival of a request's last byte until its answer is with its connection."),
    row(Metric::StageTime, "headwater_request_stage_seconds", Histogram, Seconds, &["api", "stage"],
        "The parts of that time; see below."),
];

#[rustfmt::skip]
const CONNECTIONS: &[Row] = &[
    row(Metric::Connections, "headwater_connections", Gauge, Count, NONE,
        "Connections that are open."),
    row(Metric::ConnectionsAccepted, "headwater_connections_accepted_total", Counter, Count, NONE,
        "Connections that were accepted."),
    row(Metric::ConnectionsRefused, "headwater_connections_refused_total", Counter, Count, NONE,
        "Connections that were ended at once, because of `max.connections`."),
    row(Metric::ConnectionsEnded, "headwater_connections_ended_total", Counter, Count, NONE,
        "Connections that the broker ended because of what their clients did; the log says why."),
    row(Metric::ConnectionsThrottled, "headwater_connections_throttled", Gauge, Count, NONE,
        "Connections that are not read at the moment, for their clients' quotas."),
    row(Metric::SendTime, "headwater_send_seconds", Histogram, Seconds, NONE,
        "From giving bytes to a socket until it has taken them: long when clients do not read."),
];

#[rustfmt::skip]
const TOPICS: &[Row] = &[
    row(Metric::Partitions, "headwater_partitions", Gauge, Count, SHARD,
        "Partitions."),
    row(Metric::PartitionsOffline, "headwater_partitions_offline", Gauge, Count, SHARD,
        "Partitions that are not served: acknowledged data of theirs is missing or damaged, or a write has failed."),
    row(Metric::ProducedBytes, "headwater_topic_produced_bytes_total", Counter, Bytes, &["topic"],
        "Bytes of record batches that were appended, control records among them."),
    row(Metric::ProducedRecords, "headwater_topic_produced_records_total", Counter, Count, &["topic"],
        "Records that were appended, control records among them."),
    row(Metric::ReadBytes, "headwater_topic_read_bytes_total", Counter, Bytes, &["topic"],
        "Bytes of record batches that were read for consumers. A fetch that waits for more counts what it had already \
         found once more when it goes on."),
    row(Metric::LogBytes, "headwater_topic_log_bytes", Gauge, Bytes, &["topic"],
        "Size of all segments."),
];

#[rustfmt::skip]
const GROUPS: &[Row] = &[
    row(Metric::Groups, "headwater_groups", Gauge, Count, &["protocol", "state"],
        "Groups, by the protocol they follow and the state they are in."),
    row(Metric::GroupMembers, "headwater_group_members", Gauge, Count, &["group"],
        "Members of a group."),
    row(Metric::GroupLag, "headwater_group_lag_records", Gauge, Count, &["group", "topic"],
        "Records between what the group has committed and the high watermark, over all partitions with a committed \
         offset."),
];

#[rustfmt::skip]
const TRANSACTIONS: &[Row] = &[
    row(Metric::Transactions, "headwater_transactions", Gauge, Count, &["state"],
        "Transactional ids, by the state of their transactions."),
    row(Metric::TransactionAge, "headwater_transaction_oldest_seconds", Peak, Seconds, NONE,
        "Age of the oldest transaction that is open or being ended; 0 when there is none."),
];

#[rustfmt::skip]
const JOURNAL: &[Row] = &[
    row(Metric::JournalLive, "headwater_journal_live_bytes", Gauge, Bytes, SHARD,
        "Bytes of frames that the segments do not hold yet, or that are not free yet for other reasons."),
    row(Metric::JournalCapacity, "headwater_journal_capacity_bytes", Gauge, Bytes, SHARD,
        "Bytes of frames that fit into the journal."),
    row(Metric::JournalCommits, "headwater_journal_commits_total", Counter, Count, SHARD,
        "Commits: frames that were written, each with what many partitions had gathered."),
    row(Metric::JournalFrameBytes, "headwater_journal_frame_bytes_total", Counter, Bytes, SHARD,
        "Bytes of those frames."),
    row(Metric::JournalExtentBytes, "headwater_journal_extent_bytes_total", Counter, Bytes, SHARD,
        "Bytes that a commit wrote straight to their segments."),
    row(Metric::JournalRounds, "headwater_journal_rounds_total", Counter, Count, SHARD,
        "Rounds of write-back: what frames held was carried to the segments, and a checkpoint says so."),
    row(Metric::JournalRunning, "headwater_journal_round_running", Gauge, Count, SHARD,
        "1 while a round of write-back runs."),
    row(Metric::JournalFull, "headwater_journal_full_total", Counter, Count, SHARD,
        "Times that commits had to wait because no frame fitted: the device does not keep up, or `journal.files` are \
         too few."),
];

#[rustfmt::skip]
const SCRUBBER: &[Row] = &[
    row(Metric::ScrubBytes, "headwater_scrub_bytes_total", Counter, Bytes, SHARD,
        "Bytes of sealed segments that were read again."),
    row(Metric::ScrubSegments, "headwater_scrub_segments_total", Counter, Count, SHARD,
        "Segments that were read again from their start to their end."),
    row(Metric::ScrubDamages, "headwater_scrub_damages_total", Counter, Count, SHARD,
        "Damaged ranges that were found. Any is a reason to look at the log and the device."),
];

#[rustfmt::skip]
const COMPACTION: &[Row] = &[
    row(Metric::CleanerRuns, "headwater_cleaner_runs_total", Counter, Count, SHARD,
        "Cleanings of a log that were finished."),
    row(Metric::CleanerFailures, "headwater_cleaner_failures_total", Counter, Count, SHARD,
        "Cleanings that were not: the log has the reason."),
    row(Metric::CleanerTime, "headwater_cleaner_busy_seconds_total", Counter, Seconds, SHARD,
        "Time that steps of cleanings took on I/O threads."),
    row(Metric::CleanerMoved, "headwater_cleaner_io_bytes_total", Counter, Bytes, SHARD,
        "Bytes read and written by the cleaner: what `log.cleaner.io.max.bytes.per.second` limits."),
    row(Metric::CleanerCleaned, "headwater_cleaner_cleaned_bytes_total", Counter, Bytes, SHARD,
        "Bytes of segments that were written anew."),
    row(Metric::CleanerWritten, "headwater_cleaner_written_bytes_total", Counter, Bytes, SHARD,
        "What these have become."),
    row(Metric::CleanerRecords, "headwater_cleaner_records_total", Counter, Count, SHARD,
        "Records in segments that were written anew."),
    row(Metric::CleanerKept, "headwater_cleaner_kept_records_total", Counter, Count, SHARD,
        "Those of them that stayed."),
    row(Metric::CleanerDirty, "headwater_cleaner_dirty_bytes", Gauge, Bytes, SHARD,
        "Bytes of compacted topics that could be cleaned, as of the last look at all logs."),
    row(Metric::CleanerDirtyRatio, "headwater_cleaner_dirty_percent_max", Peak, Count, SHARD,
        "The part of the dirtiest log that could be cleaned, in percent, as of then."),
    row(Metric::CleanerGivenUp, "headwater_cleaner_uncleanable_logs", Gauge, Count, SHARD,
        "Logs that the cleaner has given up until the next start: they are damaged."),
];

#[rustfmt::skip]
const DEVICE: &[Row] = &[
    row(Metric::DeviceWrites, "headwater_device_writes_total", Counter, Count, SHARD,
        "Writes to files from the shard's thread; those of jobs are not counted here."),
    row(Metric::DeviceDurableWrites, "headwater_device_durable_writes_total", Counter, Count, SHARD,
        "Those of them that were to be durable when they ended."),
    row(Metric::DeviceWrittenBytes, "headwater_device_written_bytes_total", Counter, Bytes, SHARD,
        "Bytes of all these writes."),
    row(Metric::DeviceSyncs, "headwater_device_syncs_total", Counter, Count, SHARD,
        "Syncs from the shard's thread; those of jobs are not counted here."),
    row(Metric::Operations, "headwater_io_operations_total", Counter, Count, SHARD,
        "Operations that were submitted: of files, sockets and jobs."),
    row(Metric::Enters, "headwater_io_enters_total", Counter, Count, SHARD,
        "System calls that entered the ring (`uring`) or asked epoll (`posix`)."),
    row(Metric::Parks, "headwater_io_parks_total", Counter, Count, SHARD,
        "Times that the thread slept."),
    row(Metric::SpinHits, "headwater_io_spin_hits_total", Counter, Count, SHARD,
        "Times that work came while the thread was still looking for it."),
];

#[rustfmt::skip]
const MEMORY: &[Row] = &[
    row(Metric::PoolUsed, "headwater_memory_pool_used_bytes", Gauge, Bytes, SHARD,
        "Buffers in use: tails, hot bytes, what is on its way to the disk."),
    row(Metric::PoolFree, "headwater_memory_pool_free_bytes", Gauge, Bytes, SHARD,
        "Buffers kept to be used again."),
    row(Metric::RequestMemory, "headwater_memory_request_bytes", Gauge, Bytes, SHARD,
        "Requests in service, and parts of requests that have arrived."),
    row(Metric::UnsentBytes, "headwater_memory_unsent_bytes", Gauge, Bytes, SHARD,
        "Answers that clients have not taken yet; most are ranges of files and take no memory."),
    row(Metric::Pressed, "headwater_memory_pressed", Gauge, Count, SHARD,
        "1 while memory is short: large requests wait."),
    row(Metric::LettersBackedUp, "headwater_letters_backed_up", Gauge, Count, SHARD,
        "1 while letters to other shards wait for room in their boxes."),
];

const fn row(
    metric: Metric,
    name: &'static str,
    kind: Kind,
    unit: Unit,
    labels: &'static [&'static str],
    help: &'static str,
) -> Row {
    Row { metric, name, kind, unit, labels, help }
}

/// Every row, in order.
pub fn all() -> impl Iterator<Item = &'static Row> {
    PARTS.iter().flat_map(|(_, rows)| rows.iter())
}

impl Metric {
    /// Its row.
    pub fn row(self) -> &'static Row {
        all().nth(self as usize).expect("a test walks the table")
    }
}

impl Kind {
    /// Prometheus' word for it.
    pub fn word(self) -> &'static str {
        match self {
            Counter => "counter",
            Gauge | Peak => "gauge",
            Histogram => "histogram",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn is_name(text: &str) -> bool {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    }

    #[test]
    fn every_row_is_in_its_place_and_well_formed() {
        let mut names = HashSet::new();
        for (n, row) in all().enumerate() {
            let name = row.name;
            assert_eq!(row.metric as usize, n, "{name} is not in the order of `Metric`");
            assert!(names.insert(name), "{name} is there twice");
            assert!(name.starts_with("headwater_") && is_name(name), "{name}");
            assert!(row.labels.iter().all(|label| is_name(label) && *label != "le"), "{name}");
            assert_eq!(row.kind == Counter, name.ends_with("_total"), "{name}");
            let stem = name.trim_end_matches("_total");
            assert_eq!(row.unit == Bytes, stem.ends_with("_bytes"), "{name}");
            assert_eq!(row.unit == Seconds, stem.ends_with("_seconds"), "{name}");
            assert!(
                row.kind != Histogram || row.unit == Seconds,
                "{name}: histograms are of times"
            );
            assert!(row.help.ends_with('.') && !row.help.contains('\n'), "{name}: {}", row.help);
            assert!(!row.help.contains('|'), "{name}: a bar would end the page's column");
        }
        assert_eq!(names.len(), Metric::LettersBackedUp as usize + 1, "a metric has no row");
    }
}

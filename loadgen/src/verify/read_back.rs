//! Reads the topic back from where the run began, partition by partition, and shows every record to
//! the ledger.

use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::batch::{compression, header, record};
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::list_offsets::LATEST_TIMESTAMP;

use super::aborted::Aborted;
use super::{Ledger, ReadRecord};
use crate::client::cluster::Cluster;
use crate::client::control::{Answer, CallError, Control};
use crate::client::messages::{FetchAsk, FetchedPart};
use crate::client::setup::{self, SetupError};
use crate::client::sink::Sink;
use crate::consumer::RECORDS_BYTES_MAX;
use crate::result::VerifyCounts;

const FETCH_BYTES: i32 = 4 << 20;
const FETCH_WAIT_MS: i32 = 500;
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Without a single new record for this long, reading back has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads every partition of `topic` from its offset in `starts` to its end; with `is_committed` only what is
/// committed, however long the last transaction takes to be.
pub async fn all(
    control: Control,
    cluster: Cluster,
    topic: String,
    starts: Vec<i64>,
    is_committed: bool,
    mut ledger: Ledger,
) -> Result<VerifyCounts, SetupError> {
    let ends = setup::offsets(&control, &cluster, &topic, LATEST_TIMESTAMP).await?;
    let mut reader = Reading { control, cluster, topic, is_committed, scratch: Vec::new() };
    for (partition, (&start, &end)) in (0..).zip(starts.iter().zip(&ends)) {
        reader.partition(partition, start, end, &mut ledger).await?;
    }
    Ok(ledger.finish())
}

struct Reading {
    control: Control,
    cluster: Cluster,
    topic: String,
    is_committed: bool,
    scratch: Vec<u8>,
}

impl Reading {
    async fn partition(
        &mut self,
        partition: u32,
        start: i64,
        end: i64,
        ledger: &mut Ledger,
    ) -> Result<(), SetupError> {
        let mut position = start;
        let mut give_up = self.control.now().after(PATIENCE);
        while position < end {
            let fetched = self.fetch(partition, position).await?;
            let before = position;
            if let Some(part) = fetched {
                self.show(&part, start, &mut position, ledger);
            }
            match position > before {
                true => give_up = self.control.now().after(PATIENCE),
                false => self.pause(give_up).await?,
            }
        }
        Ok(())
    }

    /// What is there from `position` on; `None` to ask again.
    async fn fetch(
        &mut self,
        partition: u32,
        position: i64,
    ) -> Result<Option<FetchedPart>, SetupError> {
        let Some(broker) = self.cluster.leader(partition) else { return Ok(None) };
        let (topic, is_committed) = (self.topic.clone(), self.is_committed);
        let ask = move |sink: &mut Sink, link, tag| {
            let ask = FetchAsk {
                topic: &topic,
                partitions: &[(partition, position)],
                wait_ms: FETCH_WAIT_MS,
                bytes_min: 1,
                bytes_max: FETCH_BYTES,
                is_committed,
            };
            sink.fetch(link, tag, &ask)
        };
        let answer = self.control.fetch(self.cluster.address(broker), ask).await;
        let (code, mut parts) = match answer {
            Ok(Answer::Fetched(code, parts)) => (code, parts),
            Ok(Answer::Frame { .. }) => unreachable!("a fetch was asked for"),
            // It may come back: the caller's patience decides.
            Err(CallError::Closed(..)) => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        let part = parts.pop();
        let code =
            part.as_ref().map_or(code, |part| if code.is_none() { part.error } else { code });
        match code {
            ErrorCode::None => Ok(part),
            code if code.is_retriable() => Ok(None),
            code => Err(SetupError::Refused { api: ApiKey::Fetch, code, message: None }),
        }
    }

    fn show(&mut self, part: &FetchedPart, start: i64, position: &mut i64, ledger: &mut Ledger) {
        let mut aborted = Aborted::of(&part.aborted);
        for batch in header::batches(&part.batches).map_while(Result::ok) {
            let is_void = aborted.voids(&batch);
            if batch.header.next_offset() <= *position {
                continue;
            }
            *position = batch.header.next_offset();
            if batch.header.attributes.is_control || is_void {
                continue;
            }
            let is_whole = header::check(batch.bytes).is_ok();
            let records = compression::records_of(&batch, RECORDS_BYTES_MAX, &mut self.scratch);
            let (true, Ok(records)) = (is_whole, records) else {
                ledger.wrong_crc();
                continue;
            };
            for record in record::records(records, batch.header.record_count).map_while(Result::ok)
            {
                let offset = batch.header.base_offset + i64::from(record.offset_delta);
                if offset >= start {
                    let (key, value) = (record.key, record.value.unwrap_or_default());
                    ledger.read(&ReadRecord { partition: part.partition, offset, key, value });
                }
            }
        }
    }

    async fn pause(&mut self, give_up: Nanos) -> Result<(), SetupError> {
        if self.control.now() >= give_up {
            return Err(SetupError::TooLate("reading back got no further"));
        }
        self.control.sleep(ASK_AGAIN_AFTER).await;
        for broker in 0..self.cluster.brokers() {
            let address = self.cluster.address(broker).to_owned();
            let asked = setup::metadata(&self.control, &address, &self.topic, &mut self.cluster);
            if asked.await.is_ok() {
                break;
            }
        }
        Ok(())
    }
}

//! Quotas at work: what a client's bytes are counted by, and how long it is told to stay away.
//!
//! An answer is not held back for a quota: it says how long the client should wait, and its connection is not read for
//! that long (`worker::throttle`).

use std::sync::Arc;

use bytes::Bytes;
use headwater_protocol::frame::RequestHeader;

use super::Context;
use super::access;
use crate::broker::quotas::Rate;
use crate::broker::quotas::meter::Meter;

/// What the bytes of the client that sent this request are counted by; nothing if it has no quota.
pub fn meter(rate: Rate, frame: &Bytes, context: &Context<'_>) -> Option<Arc<Meter>> {
    let quotas = context.catalog.quotas();
    if quotas.all().is_empty() {
        return None;
    }
    let header = RequestHeader::decode(frame).ok();
    let client_id = header.and_then(|(header, _)| header.client_id).unwrap_or_default();
    quotas.meter(rate, access::ANONYMOUS, client_id, context.now)
}

impl Context<'_> {
    /// Counts bytes; how long the client is to stay away, in milliseconds, as its answer says.
    pub fn charge(&mut self, meter: Option<&Meter>, bytes: u64) -> i32 {
        let Some(meter) = meter else { return 0 };
        let wait = meter.charge(bytes, self.now);
        self.throttled = self.throttled.max(wait);
        i32::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
    }
}

//! What requests of one shard's connections come to, by API.

use std::collections::BTreeMap;

use headwater_io::clock::Nanos;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::wire::errors::Errors;

use super::histogram::Histogram;
use super::sheet::Sheet;
use super::stages::{Journey, STAGES};
use super::table::Metric;

/// A request that could only be answered by ending its connection has no code.
const CLOSED: &str = "CONNECTION_CLOSED";

/// By the number of the API; memory is taken when the first request of an API ends.
#[derive(Default)]
pub struct Requests(Vec<Option<Box<OfApi>>>);

#[derive(Default)]
struct OfApi {
    answered: u64,
    errors: BTreeMap<&'static str, u64>,
    request_bytes: u64,
    response_bytes: u64,
    time: Histogram,
    stages: [Histogram; STAGES.len()],
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// Its bytes.
    pub request_bytes: usize,
    /// Those of its answer.
    pub response_bytes: u64,
    /// Codes in it.
    pub errors: &'a Errors,
}

impl Requests {
    /// A request is answered, or done without an answer.
    pub fn answered(&mut self, api: ApiKey, journey: &Journey, now: Nanos, ended: Ended<'_>) {
        let of = self.of(api);
        of.answered += 1;
        of.request_bytes += ended.request_bytes as u64;
        of.response_bytes += ended.response_bytes;
        for (code, count) in ended.errors.iter() {
            *of.errors.entry(code.name()).or_default() += u64::from(count);
        }
        of.time.record(now.since(journey.received));
        journey.tell(now, |stage, time| of.stages[stage as usize].record(time));
    }

    /// A request was answered by ending its connection.
    pub fn closed(&mut self, api: ApiKey) {
        *self.of(api).errors.entry(CLOSED).or_default() += 1;
    }

    fn of(&mut self, api: ApiKey) -> &mut OfApi {
        let n = api as usize;
        if n >= self.0.len() {
            self.0.resize_with(n + 1, || None);
        }
        self.0[n].get_or_insert_default()
    }

    /// Says everything.
    pub fn say(&self, sheet: &mut Sheet) {
        for (n, of) in self.0.iter().enumerate() {
            let api = ApiKey::from_code(n as i16).map_or("", ApiKey::name);
            if let Some(of) = of {
                of.say(api, sheet);
            }
        }
    }
}

impl OfApi {
    fn say(&self, api: &str, sheet: &mut Sheet) {
        sheet.add(Metric::Requests, &[api], self.answered);
        sheet.add(Metric::RequestBytes, &[api], self.request_bytes);
        sheet.add(Metric::ResponseBytes, &[api], self.response_bytes);
        for (error, count) in &self.errors {
            sheet.add(Metric::RequestErrors, &[api, error], *count);
        }
        sheet.add_times(Metric::RequestTime, &[api], &self.time);
        for ((_, label, _), times) in STAGES.iter().zip(&self.stages) {
            if times.count() > 0 {
                sheet.add_times(Metric::StageTime, &[api, label], times);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::text;
    use headwater_protocol::error_code::ErrorCode;

    #[test]
    fn requests_are_told_by_api_with_their_errors() {
        let mut requests = Requests::default();
        let mut errors = Errors::default();
        for code in [ErrorCode::None, ErrorCode::CorruptMessage, ErrorCode::CorruptMessage] {
            errors.add(code);
        }
        let ended = Ended { request_bytes: 100, response_bytes: 10, errors: &errors };
        let journey = Journey::new(Nanos(1_000), Nanos(2_000));
        requests.answered(ApiKey::Produce, &journey, Nanos(3_000), ended);
        requests.closed(ApiKey::Fetch);
        let mut sheet = Sheet::default();
        requests.say(&mut sheet);
        let text = text::write(&sheet);
        for line in [
            r#"headwater_requests_total{api="Produce"} 1"#,
            r#"headwater_requests_total{api="Fetch"} 0"#,
            r#"headwater_request_errors_total{api="Produce",error="CORRUPT_MESSAGE"} 2"#,
            r#"headwater_request_errors_total{api="Fetch",error="CONNECTION_CLOSED"} 1"#,
            r#"headwater_request_bytes_total{api="Produce"} 100"#,
            r#"headwater_request_stage_seconds_sum{api="Produce",stage="queue"} 0.000001"#,
        ] {
            assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
        }
        assert!(!text.contains("stage=\"park\""), "what did not happen has no series");
    }
}

//! The questions that are timed: what clients ask first, one after the other on one connection.

use headwater::cli::client::{Answer, Client};
use headwater::cli::error::CliError;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::list_groups::ListGroupsRequest;
use headwater_protocol::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use headwater_protocol::messages::offset_fetch::{
    OffsetFetchGroup, OffsetFetchRequest, OffsetFetchResponse,
};
use std::time::Instant;

use super::world::{group, topic};
use super::{Asked, Settings, Sizes};

/// Answers with everything in them are asked for less often.
const LARGE_SHARE: u32 = 5;
/// The last version in which topics are named, not numbered.
const FETCH_BY_NAME: i16 = 9;

/// Asks everything.
///
/// # Errors
/// When something is not answered.
pub fn all(client: &mut Client, settings: &Settings) -> Result<Vec<Asked>, CliError> {
    let Settings { sizes, calls, .. } = *settings;
    let large = (calls / LARGE_SHARE).max(1);
    Ok(vec![
        timed("metadata of all topics", large, |_| metadata(client, None))?,
        timed("metadata of one topic", calls, |n| {
            metadata(client, Some(&topic(n % sizes.topics)))
        })?,
        timed("list of all groups", large, |_| {
            let request = ListGroupsRequest::default();
            client.call(ApiKey::ListGroups, |w, version| request.encode(w, version))
        })?,
        timed("committed offsets of one group", calls, |n| fetch(client, &nth_group(n, sizes)))?,
    ])
}

fn nth_group(n: u32, sizes: Sizes) -> String {
    group(n % sizes.groups.max(1))
}

/// The committed offsets of a group; its error.
pub fn offsets_of(client: &mut Client, group: &str) -> Result<ErrorCode, CliError> {
    let answer = fetch(client, group)?;
    let response = answer.decode(OffsetFetchResponse::decode)?;
    Ok(response.groups.first().map_or(ErrorCode::None, |group| group.error_code))
}

fn fetch(client: &mut Client, group: &str) -> Result<Answer, CliError> {
    let asked = OffsetFetchGroup { group_id: group, ..OffsetFetchGroup::default() };
    let request = OffsetFetchRequest { groups: vec![asked], require_stable: true };
    client.call_upto(ApiKey::OffsetFetch, FETCH_BY_NAME, |w, v| request.encode(w, v))
}

fn metadata(client: &mut Client, name: Option<&str>) -> Result<Answer, CliError> {
    let by_name =
        |name| vec![MetadataRequestTopic { name: Some(name), ..MetadataRequestTopic::default() }];
    let request = MetadataRequest {
        topics: name.map(by_name),
        allow_auto_topic_creation: false,
        ..MetadataRequest::default()
    };
    client.call(ApiKey::Metadata, |w, version| request.encode(w, version))
}

/// From sending to the whole answer, which is not looked into.
fn timed(
    what: &str,
    calls: u32,
    mut ask: impl FnMut(u32) -> Result<Answer, CliError>,
) -> Result<Asked, CliError> {
    let mut times_us = Vec::with_capacity(calls as usize);
    let mut answer_bytes = 0;
    for n in 0..calls {
        let began = Instant::now();
        let answer = ask(n)?;
        times_us.push(began.elapsed().as_secs_f64() * 1e6);
        answer_bytes = answer_bytes.max(answer.bytes() as u64);
    }
    times_us.sort_by(f64::total_cmp);
    let at = |share: f64| quantile(&times_us, share);
    let (p50_us, p99_us, max_us) = (at(0.5), at(0.99), at(1.0));
    Ok(Asked { what: what.to_owned(), calls, answer_bytes, p50_us, p99_us, max_us })
}

/// The smallest value that so large a share of all are not above.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let nth = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(nth.max(1) - 1).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        let at = |share| quantile(&values, share);
        assert_eq!((at(0.5), at(0.99), at(1.0)), (50.0, 99.0, 100.0));
        assert_eq!((quantile(&[7.0], 0.5), quantile(&[7.0], 0.99)), (7.0, 7.0));
    }
}

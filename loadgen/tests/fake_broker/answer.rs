//! One request in, one answer out.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::{self, RequestHeader};
use headwater_protocol::messages::api_versions::ApiVersionsResponse;
use headwater_protocol::messages::create_topics::{
    CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};
use headwater_protocol::messages::end_txn::{EndTxnRequest, EndTxnResponse};
use headwater_protocol::messages::fetch::FetchRequest;
use headwater_protocol::messages::fetch::response::{
    AbortedTransaction, FetchPartitionResponse, FetchRecords, FetchResponse, FetchTopicResponse,
};
use headwater_protocol::messages::find_coordinator::{Coordinator, FindCoordinatorResponse};
use headwater_protocol::messages::init_producer_id::{
    InitProducerIdRequest, InitProducerIdResponse,
};
use headwater_protocol::messages::list_offsets::{
    EARLIEST_TIMESTAMP, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopicResponse,
};
use headwater_protocol::messages::metadata::{
    MetadataBroker, MetadataPartition, MetadataRequest, MetadataResponse, MetadataTopic,
};
use headwater_protocol::messages::produce::{
    ProducePartitionResponse, ProduceRequest, ProduceResponse, ProduceTopicResponse,
};
use headwater_protocol::wire::reader::Reader;

use super::{Act, Script, Shared, transactions};

/// False to hang up.
pub fn request(bytes: &[u8], shared: &Shared, out: &mut BytesMut) -> bool {
    let (header, mut body) = RequestHeader::decode(bytes).unwrap();
    let (api, version) = (header.api().unwrap(), header.api_version);
    let mut reply = |encode: &dyn Fn(&mut headwater_protocol::wire::writer::Writer<'_>, i16),
                     version| {
        frame::encode_response(out, api, version, header.correlation_id, |w| encode(w, version));
    };
    match api {
        ApiKey::ApiVersions if shared.is_old && version > 0 => {
            reply(&|w, v| ApiVersionsResponse::unsupported_version().encode(w, v), 0);
        }
        ApiKey::ApiVersions => {
            reply(&|w, v| ApiVersionsResponse::from_table().encode(w, v), version)
        }
        ApiKey::Metadata => {
            let answer = metadata(&mut body, version, shared);
            reply(&|w, v| answer.encode(w, v), version);
        }
        ApiKey::CreateTopics => {
            let answer = create(&mut body, version, shared);
            reply(&|w, v| answer.encode(w, v), version);
        }
        ApiKey::ListOffsets => {
            let answer = offsets(&mut body, version, shared);
            reply(&|w, v| answer.encode(w, v), version);
        }
        ApiKey::InitProducerId => {
            let answer = init_producer_id(&mut body, version, shared);
            reply(&|w, v| answer.encode(w, v), version);
        }
        ApiKey::FindCoordinator => {
            let answer = find_coordinator(shared);
            reply(&|w, v| answer.encode(w, v), version);
        }
        ApiKey::EndTxn => {
            let request = EndTxnRequest::decode(&mut body, version).unwrap();
            let Some(answer) = end_txn(&request, shared) else { return false };
            reply(&|w, v| answer.encode(w, v), version);
        }
        ApiKey::Produce => {
            let request = ProduceRequest::decode(&mut body, version).unwrap();
            let Some(answer) = produce(&request, shared) else { return false };
            if request.acks != 0 {
                reply(&|w, v| answer.encode(w, v), version);
            }
        }
        ApiKey::Fetch => fetch(&mut body, version, shared, |answer| {
            reply(&|w, v| answer.encode(w, v), version);
        }),
        api => panic!("the fake broker does not know {api}"),
    }
    true
}

fn metadata(body: &mut Reader<'_>, version: i16, shared: &Shared) -> MetadataResponse<'static> {
    let request = MetadataRequest::decode(body, version).unwrap();
    let topics = shared.topics.lock().unwrap();
    let name = request.topics.unwrap()[0].name.unwrap().to_owned();
    let partition =
        |index| MetadataPartition { index, leader_id: 7, ..MetadataPartition::default() };
    let topic = match topics.by_name.get(&name) {
        Some(partitions) => MetadataTopic {
            name: Some(name.into()),
            partitions: (0..partitions.len() as i32).map(partition).collect(),
            ..MetadataTopic::default()
        },
        None => MetadataTopic {
            error_code: ErrorCode::UnknownTopicOrPartition,
            name: Some(name.into()),
            ..MetadataTopic::default()
        },
    };
    let broker = MetadataBroker {
        node_id: 7,
        host: shared.address.ip().to_string().into(),
        port: i32::from(shared.address.port()),
        ..MetadataBroker::default()
    };
    MetadataResponse { brokers: vec![broker], topics: vec![topic], ..MetadataResponse::default() }
}

fn create(body: &mut Reader<'_>, version: i16, shared: &Shared) -> CreateTopicsResponse<'static> {
    let request = CreateTopicsRequest::decode(body, version).unwrap();
    let topic = &request.topics[0];
    shared.topics.lock().unwrap().create(topic.name, topic.num_partitions as usize);
    let result = CreatableTopicResult {
        name: topic.name.to_owned().into(),
        ..CreatableTopicResult::default()
    };
    CreateTopicsResponse { topics: vec![result], ..CreateTopicsResponse::default() }
}

fn offsets(body: &mut Reader<'_>, version: i16, shared: &Shared) -> ListOffsetsResponse<'static> {
    let request = ListOffsetsRequest::decode(body, version).unwrap();
    let topics = shared.topics.lock().unwrap();
    let topic = &request.topics[0];
    let partitions = topic.partitions.iter().map(|asked| ListOffsetsPartitionResponse {
        index: asked.index,
        offset: match asked.timestamp {
            EARLIEST_TIMESTAMP => 0,
            _ => topics.by_name[topic.name][asked.index as usize].next_offset,
        },
        ..ListOffsetsPartitionResponse::default()
    });
    let answer = ListOffsetsTopicResponse {
        name: topic.name.to_owned().into(),
        partitions: partitions.collect(),
    };
    ListOffsetsResponse { topics: vec![answer], ..ListOffsetsResponse::default() }
}

fn init_producer_id(
    body: &mut Reader<'_>,
    version: i16,
    shared: &Shared,
) -> InitProducerIdResponse {
    let request = InitProducerIdRequest::decode(body, version).unwrap();
    let mut topics = shared.topics.lock().unwrap();
    let (producer_id, producer_epoch) = match request.transactional_id {
        Some(id) => topics.register(id),
        None => {
            topics.next_producer_id += 1;
            (topics.next_producer_id, 0)
        }
    };
    InitProducerIdResponse { producer_id, producer_epoch, ..InitProducerIdResponse::default() }
}

fn find_coordinator(shared: &Shared) -> FindCoordinatorResponse<'static> {
    let coordinator = Coordinator {
        node_id: 7,
        host: shared.address.ip().to_string().into(),
        port: i32::from(shared.address.port()),
        ..Coordinator::default()
    };
    FindCoordinatorResponse { coordinators: vec![coordinator], ..Default::default() }
}

fn end_txn(request: &EndTxnRequest<'_>, shared: &Shared) -> Option<EndTxnResponse> {
    let act = next(&shared.ends);
    match act {
        Act::HangUp => return None,
        Act::Refuse(error_code) => {
            return Some(EndTxnResponse { error_code, ..EndTxnResponse::default() });
        }
        _ => {}
    }
    let answer = shared.topics.lock().unwrap().end_txn(request);
    (act != Act::AppendAndHangUp).then_some(answer)
}

fn next(script: &Mutex<(usize, Script)>) -> Act {
    let (count, script) = &mut *script.lock().unwrap();
    *count += 1;
    script(*count - 1)
}

fn produce(request: &ProduceRequest<'_>, shared: &Shared) -> Option<ProduceResponse<'static>> {
    let act = next(&shared.script);
    if act == Act::HangUp {
        return None;
    }
    thread::sleep(shared.delay);
    let mut topics = shared.topics.lock().unwrap();
    if act == Act::ForgetProducers {
        topics.forget_producers();
    }
    let topic = &request.topics[0];
    let partitions = topic.partitions.iter().map(|part| {
        let log = &mut topics.by_name.get_mut(topic.name).unwrap()[part.index as usize];
        let batch = part.records.unwrap();
        let mut answer = ProducePartitionResponse { index: part.index, ..Default::default() };
        let appended = match act {
            Act::Refuse(code) => Err(code),
            _ if shared.discards => Ok(-1),
            Act::Lose => Ok(log.next_offset),
            Act::Flip => {
                let mut bad = batch.to_vec();
                *bad.last_mut().unwrap() ^= 1;
                log.append_unchecked(bad);
                Ok(-1)
            }
            Act::Repeat => log.append(batch).inspect(|_| log.append_unchecked(batch.to_vec())),
            _ => log.append(batch),
        };
        match appended {
            Ok(offset) => answer.base_offset = offset,
            Err(code) => answer.error_code = code,
        }
        answer
    });
    let topic = ProduceTopicResponse {
        name: topic.name.to_owned().into(),
        partitions: partitions.collect(),
        ..ProduceTopicResponse::default()
    };
    if act == Act::AppendAndHangUp {
        return None;
    }
    Some(ProduceResponse { topics: vec![topic], ..ProduceResponse::default() })
}

fn fetch(
    body: &mut Reader<'_>,
    version: i16,
    shared: &Shared,
    mut reply: impl FnMut(&FetchResponse<'_>),
) {
    let request = FetchRequest::decode(body, version).unwrap();
    let give_up = Instant::now() + Duration::from_millis(request.max_wait_ms as u64);
    let topic = &request.topics[0];
    loop {
        let found: Vec<(i32, i64, Vec<u8>, Vec<AbortedTransaction>)> = {
            let topics = shared.topics.lock().unwrap();
            let read = |asked: &headwater_protocol::messages::fetch::FetchPartition| {
                let log = &topics.by_name[topic.name][asked.index as usize];
                let bytes = log.read(asked.fetch_offset, asked.partition_max_bytes as usize);
                let aborted = transactions::aborted(&log.voids, asked.fetch_offset);
                (asked.index, log.next_offset, bytes, aborted)
            };
            topic.partitions.iter().map(read).collect()
        };
        if found.iter().all(|(_, _, bytes, _)| bytes.is_empty()) && Instant::now() < give_up {
            thread::sleep(Duration::from_millis(1));
            continue;
        }
        let partitions = found.iter().map(|(index, next, bytes, aborted)| FetchPartitionResponse {
            index: *index,
            high_watermark: *next,
            aborted_transactions: Some(aborted.clone()),
            records: FetchRecords::Inline(bytes),
            ..FetchPartitionResponse::default()
        });
        let topic = FetchTopicResponse {
            name: topic.name.into(),
            partitions: partitions.collect(),
            ..Default::default()
        };
        return reply(&FetchResponse { topics: vec![topic], ..FetchResponse::default() });
    }
}

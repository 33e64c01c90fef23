//! Dispatch by API: decode a body and encode it again.

use bytes::BytesMut;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use headwater_protocol::messages::create_partitions::{
    CreatePartitionsRequest, CreatePartitionsResponse,
};
use headwater_protocol::messages::create_topics::{CreateTopicsRequest, CreateTopicsResponse};
use headwater_protocol::messages::delete_topics::{DeleteTopicsRequest, DeleteTopicsResponse};
use headwater_protocol::messages::describe_cluster::{
    DescribeClusterRequest, DescribeClusterResponse,
};
use headwater_protocol::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResponse,
};
use headwater_protocol::messages::fetch::FetchRequest;
use headwater_protocol::messages::fetch::response::FetchResponse;
use headwater_protocol::messages::find_coordinator::{
    FindCoordinatorRequest, FindCoordinatorResponse,
};
use headwater_protocol::messages::init_producer_id::{
    InitProducerIdRequest, InitProducerIdResponse,
};
use headwater_protocol::messages::list_offsets::{ListOffsetsRequest, ListOffsetsResponse};
use headwater_protocol::messages::metadata::{MetadataRequest, MetadataResponse};
use headwater_protocol::messages::produce::{ProduceRequest, ProduceResponse};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;

/// Requests come from anyone; responses are read by the load generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Request,
    Response,
}

/// Decodes a body and encodes what was decoded.
pub fn recode(
    api: ApiKey,
    direction: Direction,
    version: i16,
    bytes: &[u8],
) -> Result<Vec<u8>, DecodeError> {
    let r = &mut Reader::new(bytes, api.is_flexible(version));
    let mut buffer = BytesMut::new();
    let w = &mut Writer::new(&mut buffer, api.is_flexible(version));
    macro_rules! pass {
        ($request:ident, $response:ident) => {
            match direction {
                Direction::Request => $request::decode(r, version)?.encode(w, version),
                Direction::Response => $response::decode(r, version)?.encode(w, version),
            }
        };
    }
    match api {
        ApiKey::Produce => pass!(ProduceRequest, ProduceResponse),
        ApiKey::Fetch => pass!(FetchRequest, FetchResponse),
        ApiKey::ListOffsets => pass!(ListOffsetsRequest, ListOffsetsResponse),
        ApiKey::Metadata => pass!(MetadataRequest, MetadataResponse),
        ApiKey::ApiVersions => pass!(ApiVersionsRequest, ApiVersionsResponse),
        ApiKey::CreateTopics => pass!(CreateTopicsRequest, CreateTopicsResponse),
        ApiKey::DeleteTopics => pass!(DeleteTopicsRequest, DeleteTopicsResponse),
        ApiKey::InitProducerId => pass!(InitProducerIdRequest, InitProducerIdResponse),
        ApiKey::DescribeConfigs => pass!(DescribeConfigsRequest, DescribeConfigsResponse),
        ApiKey::CreatePartitions => pass!(CreatePartitionsRequest, CreatePartitionsResponse),
        ApiKey::FindCoordinator => pass!(FindCoordinatorRequest, FindCoordinatorResponse),
        ApiKey::DescribeCluster => pass!(DescribeClusterRequest, DescribeClusterResponse),
        other => panic!("{other} is served and has no messages here"),
    }
    Ok(buffer.to_vec())
}

//! DescribeCluster (key 60, versions 0 to 2): the cluster and its one node.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_cluster::{
    DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::access::Allowed;
use super::{Context, Origin, Step, Work};

/// Kafka's number for brokers as endpoints.
const BROKERS: i8 = 1;
/// What Kafka sends when operations were not asked for.
const OPERATIONS_NOT_ASKED: i32 = i32::MIN;

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = DescribeClusterRequest::decode(r, origin.version)?;
    let node = context.node;
    let brokers = request.endpoint_type == BROKERS;
    let broker = DescribeClusterBroker {
        broker_id: node.id,
        host: (&node.host).into(),
        port: node.port,
        rack: None,
        is_fenced: false,
    };
    let response = DescribeClusterResponse {
        throttle_time_ms: 0,
        error_code: if brokers { ErrorCode::None } else { ErrorCode::MismatchedEndpointType },
        error_message: (!brokers).then(|| "this listener is for brokers".into()),
        endpoint_type: BROKERS,
        cluster_id: (&node.cluster_id).into(),
        controller_id: node.id,
        brokers: if brokers { vec![broker] } else { Vec::new() },
        cluster_authorized_operations: OPERATIONS_NOT_ASKED,
    };
    Ok((Work::Done, origin.reply(|w| response.encode(w, origin.version))))
}

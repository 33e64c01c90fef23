//! What has to be known before load can be offered: the topic (created if it is missing), who leads
//! its partitions, and where they begin and end. Each is one straight-line function
//! over [`Control`]; errors that go away by themselves are asked again.

use std::fmt;
use std::time::Duration;

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse,
};
use headwater_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};
use headwater_protocol::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse,
};
use headwater_protocol::wire::writer::Writer;

use super::cluster::Cluster;
use super::control::{CallError, Control};

const ASK_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// Given to what goes away by itself.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The topic of a run.
#[derive(Clone, Debug)]
pub struct TopicSpec {
    /// Name.
    pub name: String,
    /// Partitions when it is created.
    pub partitions: u32,
    /// Replicas when it is created; -1 leaves it to the broker.
    pub replication_factor: i16,
    /// Settings when it is created.
    pub config: Vec<(String, String)>,
}

/// Why there is nothing to offer load to.
#[derive(Clone, Debug)]
pub enum SetupError {
    /// A call has no answer.
    Call(CallError),
    /// The broker says no.
    Refused {
        /// To what.
        api: ApiKey,
        /// Its code.
        code: ErrorCode,
        /// Its words, if any.
        message: Option<String>,
    },
    /// The broker answers, but this did not become true in time.
    TooLate(&'static str),
    /// The topic does not exist, and this run must not create it.
    NoTopic(String),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetupError::Call(e) => write!(f, "{e}"),
            SetupError::Refused { api, code, message } => {
                write!(f, "{api} was refused: {}", code.name())?;
                message.as_ref().map_or(Ok(()), |message| write!(f, " ({message})"))
            }
            SetupError::TooLate(what) => write!(f, "{what} within {} s", PATIENCE.as_secs()),
            SetupError::NoTopic(topic) => {
                write!(f, "topic {topic:?} does not exist: there is nothing to read")
            }
        }
    }
}

impl std::error::Error for SetupError {}

impl From<CallError> for SetupError {
    fn from(e: CallError) -> Self {
        SetupError::Call(e)
    }
}

/// Finds the topic, and creates it first if it is missing and `create` allows it.
pub async fn topic(
    control: &Control,
    bootstrap: &str,
    topic: &TopicSpec,
    create: bool,
) -> Result<Cluster, SetupError> {
    let give_up = control.now().after(PATIENCE);
    let mut cluster = Cluster::default();
    let mut created = false;
    loop {
        let code = metadata(control, bootstrap, &topic.name, &mut cluster).await?;
        match code {
            ErrorCode::None if cluster.is_complete() => return Ok(cluster),
            ErrorCode::UnknownTopicOrPartition if !create => {
                return Err(SetupError::NoTopic(topic.name.clone()));
            }
            ErrorCode::UnknownTopicOrPartition if !created => {
                create_topic(control, bootstrap, topic).await?;
                created = true;
                continue;
            }
            code if code.is_none() || code.is_retriable() => {}
            code => {
                return Err(SetupError::Refused { api: ApiKey::Metadata, code, message: None });
            }
        }
        if control.now() >= give_up {
            return Err(SetupError::TooLate("not every partition of the topic got a leader"));
        }
        control.sleep(ASK_AGAIN_AFTER).await;
    }
}

/// Asks once who leads the topic's partitions; the topic's error, or none.
pub async fn metadata(
    control: &Control,
    address: &str,
    name: &str,
    cluster: &mut Cluster,
) -> Result<ErrorCode, CallError> {
    let name = name.to_owned();
    let ask = move |w: &mut Writer<'_>, version: i16| {
        let topic = MetadataRequestTopic { name: Some(&name), ..MetadataRequestTopic::default() };
        let request = MetadataRequest {
            topics: Some(vec![topic]),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        request.encode(w, version);
    };
    let answer = control.call(address, ApiKey::Metadata, ask).await?;
    let response = answer.read(MetadataResponse::decode)?;
    let Some(topic) = response.topics.first() else {
        return Ok(ErrorCode::UnknownTopicOrPartition);
    };
    if topic.error_code.is_none() {
        cluster.update(&response, topic);
    }
    Ok(topic.error_code)
}

async fn create_topic(
    control: &Control,
    address: &str,
    topic: &TopicSpec,
) -> Result<(), SetupError> {
    let topic = topic.clone();
    let ask = move |w: &mut Writer<'_>, version: i16| {
        let config = |(name, value): &'_ (String, String)| (name.clone(), value.clone());
        let config: Vec<(String, String)> = topic.config.iter().map(config).collect();
        let configs = config
            .iter()
            .map(|(name, value)| CreatableTopicConfig { name, value: Some(value) })
            .collect();
        let creatable = CreatableTopic {
            name: &topic.name,
            num_partitions: topic.partitions as i32,
            replication_factor: topic.replication_factor,
            configs,
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest {
            topics: vec![creatable],
            timeout_ms: PATIENCE.as_millis() as i32,
            validate_only: false,
        };
        request.encode(w, version);
    };
    let answer = control.call(address, ApiKey::CreateTopics, ask).await?;
    let response = answer.read(CreateTopicsResponse::decode)?;
    let Some(result) = response.topics.first() else { return Ok(()) };
    match result.error_code {
        ErrorCode::None | ErrorCode::TopicAlreadyExists => Ok(()),
        code if code.is_retriable() => Ok(()),
        code => Err(SetupError::Refused {
            api: ApiKey::CreateTopics,
            code,
            message: result.error_message.as_deref().map(str::to_owned),
        }),
    }
}

/// The offset of each partition at `timestamp` (see the protocol crate for the special ones).
pub async fn offsets(
    control: &Control,
    cluster: &Cluster,
    topic: &str,
    timestamp: i64,
) -> Result<Vec<i64>, SetupError> {
    let mut offsets = vec![0; cluster.partitions() as usize];
    for broker in 0..cluster.brokers() {
        let led = |&partition: &u32| cluster.leader(partition) == Some(broker);
        let own: Vec<u32> = (0..cluster.partitions()).filter(led).collect();
        if own.is_empty() {
            continue;
        }
        offsets_at(control, cluster.address(broker), topic, own, timestamp, &mut offsets).await?;
    }
    Ok(offsets)
}

async fn offsets_at(
    control: &Control,
    address: &str,
    topic: &str,
    mut partitions: Vec<u32>,
    timestamp: i64,
    offsets: &mut [i64],
) -> Result<(), SetupError> {
    let give_up = control.now().after(PATIENCE);
    while !partitions.is_empty() {
        let (name, asked) = (topic.to_owned(), partitions.clone());
        let ask = move |w: &mut Writer<'_>, version: i16| {
            let partition = |&index: &u32| ListOffsetsPartition {
                index: index as i32,
                timestamp,
                ..ListOffsetsPartition::default()
            };
            let topic =
                ListOffsetsTopic { name: &name, partitions: asked.iter().map(partition).collect() };
            let request =
                ListOffsetsRequest { topics: vec![topic], ..ListOffsetsRequest::default() };
            request.encode(w, version);
        };
        let answer = control.call(address, ApiKey::ListOffsets, ask).await?;
        let response = answer.read(ListOffsetsResponse::decode)?;
        for found in response.topics.iter().flat_map(|topic| &topic.partitions) {
            match found.error_code {
                ErrorCode::None => {
                    if let Some(offset) = offsets.get_mut(found.index as usize) {
                        *offset = found.offset;
                    }
                    partitions.retain(|&partition| partition as i32 != found.index);
                }
                code if code.is_retriable() => {}
                code => {
                    return Err(SetupError::Refused {
                        api: ApiKey::ListOffsets,
                        code,
                        message: None,
                    });
                }
            }
        }
        if control.now() >= give_up {
            return Err(SetupError::TooLate("not every partition told its offsets"));
        }
        if !partitions.is_empty() {
            control.sleep(ASK_AGAIN_AFTER).await;
        }
    }
    Ok(())
}

//! THE TABLE: which APIs exist, which this release speaks and serves, in which versions, and since
//! when each is *flexible* (KIP-482). The ApiVersions response, request routing and the
//! documentation are all read from it.
//!
//! An API goes through three states, each one word in [`TABLE`]:
//!
//! | word | codec in [`crate::messages`] | offered by ApiVersions, routed to a handler |
//! | --- | --- | --- |
//! | `named` | no | no |
//! | `speaks` | yes | no |
//! | `serves` | yes | yes |
//!
//! To switch an API on, give the broker a handler for it and turn `speaks` into `serves`: the broker
//! has a test that both lists are the same.
//!
//! The release profile is Kafka 4.3's: clients guess a broker's age from the highest versions it
//! offers. What a request means is decided in the broker; which bytes a version has, in
//! [`crate::messages`].

use std::fmt;
use std::fmt::Write;

/// An API of the protocol, by the number that opens every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i16)]
#[expect(missing_docs, reason = "each API is named after Kafka's own name")]
pub enum ApiKey {
    Produce = 0,
    Fetch = 1,
    ListOffsets = 2,
    Metadata = 3,
    LeaderAndIsr = 4,
    StopReplica = 5,
    UpdateMetadata = 6,
    ControlledShutdown = 7,
    OffsetCommit = 8,
    OffsetFetch = 9,
    FindCoordinator = 10,
    JoinGroup = 11,
    Heartbeat = 12,
    LeaveGroup = 13,
    SyncGroup = 14,
    DescribeGroups = 15,
    ListGroups = 16,
    SaslHandshake = 17,
    ApiVersions = 18,
    CreateTopics = 19,
    DeleteTopics = 20,
    DeleteRecords = 21,
    InitProducerId = 22,
    OffsetForLeaderEpoch = 23,
    AddPartitionsToTxn = 24,
    AddOffsetsToTxn = 25,
    EndTxn = 26,
    WriteTxnMarkers = 27,
    TxnOffsetCommit = 28,
    DescribeAcls = 29,
    CreateAcls = 30,
    DeleteAcls = 31,
    DescribeConfigs = 32,
    AlterConfigs = 33,
    AlterReplicaLogDirs = 34,
    DescribeLogDirs = 35,
    SaslAuthenticate = 36,
    CreatePartitions = 37,
    CreateDelegationToken = 38,
    RenewDelegationToken = 39,
    ExpireDelegationToken = 40,
    DescribeDelegationToken = 41,
    DeleteGroups = 42,
    ElectLeaders = 43,
    IncrementalAlterConfigs = 44,
    AlterPartitionReassignments = 45,
    ListPartitionReassignments = 46,
    OffsetDelete = 47,
    DescribeClientQuotas = 48,
    AlterClientQuotas = 49,
    DescribeUserScramCredentials = 50,
    AlterUserScramCredentials = 51,
    Vote = 52,
    BeginQuorumEpoch = 53,
    EndQuorumEpoch = 54,
    DescribeQuorum = 55,
    AlterPartition = 56,
    UpdateFeatures = 57,
    Envelope = 58,
    FetchSnapshot = 59,
    DescribeCluster = 60,
    DescribeProducers = 61,
    BrokerRegistration = 62,
    BrokerHeartbeat = 63,
    UnregisterBroker = 64,
    DescribeTransactions = 65,
    ListTransactions = 66,
    AllocateProducerIds = 67,
    ConsumerGroupHeartbeat = 68,
    ConsumerGroupDescribe = 69,
    ControllerRegistration = 70,
    GetTelemetrySubscriptions = 71,
    PushTelemetry = 72,
    AssignReplicasToDirs = 73,
    ListConfigResources = 74,
    DescribeTopicPartitions = 75,
    ShareGroupHeartbeat = 76,
    ShareGroupDescribe = 77,
    ShareFetch = 78,
    ShareAcknowledge = 79,
    AddRaftVoter = 80,
    RemoveRaftVoter = 81,
    UpdateRaftVoter = 82,
    InitializeShareGroupState = 83,
    ReadShareGroupState = 84,
    WriteShareGroupState = 85,
    DeleteShareGroupState = 86,
    ReadShareGroupStateSummary = 87,
    StreamsGroupHeartbeat = 88,
    StreamsGroupDescribe = 89,
    DescribeShareGroupOffsets = 90,
    AlterShareGroupOffsets = 91,
    DeleteShareGroupOffsets = 92,
}

/// The versions of an API that this release has a codec for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// Lowest version that ApiVersions announces.
    pub advertised_min: i16,
    /// Lowest version we can decode. Above `advertised_min` for Produce only: old librdkafka
    /// switches compression off unless version 0 is on offer, though it never sends it
    /// (KAFKA-18659).
    pub decodable_min: i16,
    /// Highest version, announced and decoded.
    pub max: i16,
    /// First version with compact lengths and tagged fields; [`NEVER`] if there is none yet.
    pub flexible_since: i16,
}

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Api {
    /// Number on the wire.
    pub key: ApiKey,
    /// Kafka's name.
    pub name: &'static str,
    /// Versions with a codec; `None` if the API is known by name only.
    pub spoken: Option<Versions>,
    /// True if requests are answered, in all these versions.
    pub is_served: bool,
}

/// [`Versions::flexible_since`] of an API without a flexible version.
pub const NEVER: i16 = i16::MAX;

impl ApiKey {
    /// The API with this number.
    pub fn from_code(code: i16) -> Option<Self> {
        // Keys have no gaps (a test says so).
        let index = usize::try_from(code).ok()?;
        TABLE.get(index).map(|api| api.key)
    }

    /// The number on the wire.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// Kafka's name.
    pub fn name(self) -> &'static str {
        self.api().name
    }

    /// Versions served; `None` if requests are not answered.
    pub fn versions(self) -> Option<&'static Versions> {
        self.spoken().filter(|_| self.api().is_served)
    }

    /// Versions with a codec, served or not; `None` if the API is known by name only.
    pub fn spoken(self) -> Option<&'static Versions> {
        self.api().spoken.as_ref()
    }

    /// True if a request of this version can be decoded and answered.
    pub fn serves(self, version: i16) -> bool {
        self.versions().is_some_and(|v| (v.decodable_min..=v.max).contains(&version))
    }

    /// True if the version has compact lengths and tagged fields, and so a version 2 request
    /// header.
    pub fn is_flexible(self, version: i16) -> bool {
        self.spoken().is_some_and(|v| version >= v.flexible_since)
    }

    /// This API's line of the table.
    pub fn api(self) -> &'static Api {
        &TABLE[self as usize]
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The APIs this release serves, in the order of their keys.
pub fn served() -> impl Iterator<Item = (ApiKey, &'static Versions)> {
    TABLE.iter().filter_map(|api| Some((api.key, api.key.versions()?)))
}

/// The APIs with a codec, served or not, in the order of their keys.
pub fn spoken() -> impl Iterator<Item = (ApiKey, &'static Versions)> {
    TABLE.iter().filter_map(|api| Some((api.key, api.spoken.as_ref()?)))
}

/// The table as a Markdown page, for the documentation.
pub fn kafka_page() -> String {
    let mut page = String::from(
        "| key | API | advertised | decoded | flexible since |\n| ---: | --- | --- | --- | ---: |\n",
    );
    for (key, v) in served() {
        let flexible_since = match v.flexible_since {
            NEVER => String::from("never"),
            version => version.to_string(),
        };
        let _ = writeln!(
            page,
            "| {} | {} | {}-{} | {}-{} | {flexible_since} |",
            key.code(),
            key.name(),
            v.advertised_min,
            v.max,
            v.decodable_min,
            v.max,
        );
    }
    page
}

const fn serves(key: ApiKey, name: &'static str, min: i16, max: i16, flexible_since: i16) -> Api {
    Api { is_served: true, ..speaks(key, name, min, max, flexible_since) }
}

const fn speaks(key: ApiKey, name: &'static str, min: i16, max: i16, flexible_since: i16) -> Api {
    let spoken = Versions { advertised_min: min, decodable_min: min, max, flexible_since };
    Api { key, name, spoken: Some(spoken), is_served: false }
}

const fn named(key: ApiKey, name: &'static str) -> Api {
    Api { key, name, spoken: None, is_served: false }
}

use ApiKey::*;

/// Produce is the one API that announces versions it cannot decode; see
/// [`Versions::decodable_min`].
const PRODUCE: Api = Api {
    key: Produce,
    name: "Produce",
    spoken: Some(Versions { advertised_min: 0, decodable_min: 3, max: 13, flexible_since: 9 }),
    is_served: true,
};

/// Every API, at the index of its key: name, and if spoken: lowest version, highest version,
/// flexible since.
#[rustfmt::skip]
pub static TABLE: &[Api] = &[
    PRODUCE,
    serves(Fetch, "Fetch", 4, 18, 12),
    serves(ListOffsets, "ListOffsets", 0, 11, 6),
    serves(Metadata, "Metadata", 0, 13, 9),
    named(LeaderAndIsr, "LeaderAndIsr"),
    named(StopReplica, "StopReplica"),
    named(UpdateMetadata, "UpdateMetadata"),
    named(ControlledShutdown, "ControlledShutdown"),
    serves(OffsetCommit, "OffsetCommit", 2, 10, 8),
    serves(OffsetFetch, "OffsetFetch", 1, 10, 6),
    serves(FindCoordinator, "FindCoordinator", 0, 6, 3),
    serves(JoinGroup, "JoinGroup", 0, 9, 6),
    serves(Heartbeat, "Heartbeat", 0, 4, 4),
    serves(LeaveGroup, "LeaveGroup", 0, 5, 4),
    serves(SyncGroup, "SyncGroup", 0, 5, 4),
    serves(DescribeGroups, "DescribeGroups", 0, 6, 5),
    serves(ListGroups, "ListGroups", 0, 5, 3),
    named(SaslHandshake, "SaslHandshake"),
    serves(ApiVersions, "ApiVersions", 0, 4, 3),
    serves(CreateTopics, "CreateTopics", 2, 7, 5),
    serves(DeleteTopics, "DeleteTopics", 1, 6, 4),
    serves(DeleteRecords, "DeleteRecords", 0, 2, 2),
    serves(InitProducerId, "InitProducerId", 0, 5, 2),
    serves(OffsetForLeaderEpoch, "OffsetForLeaderEpoch", 2, 4, 4),
    serves(AddPartitionsToTxn, "AddPartitionsToTxn", 0, 5, 3),
    serves(AddOffsetsToTxn, "AddOffsetsToTxn", 0, 4, 3),
    serves(EndTxn, "EndTxn", 0, 5, 3),
    serves(WriteTxnMarkers, "WriteTxnMarkers", 1, 2, 1),
    serves(TxnOffsetCommit, "TxnOffsetCommit", 0, 5, 3),
    named(DescribeAcls, "DescribeAcls"),
    named(CreateAcls, "CreateAcls"),
    named(DeleteAcls, "DeleteAcls"),
    serves(DescribeConfigs, "DescribeConfigs", 1, 4, 4),
    serves(AlterConfigs, "AlterConfigs", 0, 2, 2),
    named(AlterReplicaLogDirs, "AlterReplicaLogDirs"),
    serves(DescribeLogDirs, "DescribeLogDirs", 1, 5, 2),
    named(SaslAuthenticate, "SaslAuthenticate"),
    serves(CreatePartitions, "CreatePartitions", 0, 3, 2),
    named(CreateDelegationToken, "CreateDelegationToken"),
    named(RenewDelegationToken, "RenewDelegationToken"),
    named(ExpireDelegationToken, "ExpireDelegationToken"),
    named(DescribeDelegationToken, "DescribeDelegationToken"),
    serves(DeleteGroups, "DeleteGroups", 0, 2, 2),
    serves(ElectLeaders, "ElectLeaders", 0, 2, 2),
    serves(IncrementalAlterConfigs, "IncrementalAlterConfigs", 0, 1, 1),
    serves(AlterPartitionReassignments, "AlterPartitionReassignments", 0, 1, 0),
    serves(ListPartitionReassignments, "ListPartitionReassignments", 0, 0, 0),
    serves(OffsetDelete, "OffsetDelete", 0, 0, NEVER),
    serves(DescribeClientQuotas, "DescribeClientQuotas", 0, 1, 1),
    serves(AlterClientQuotas, "AlterClientQuotas", 0, 1, 1),
    named(DescribeUserScramCredentials, "DescribeUserScramCredentials"),
    named(AlterUserScramCredentials, "AlterUserScramCredentials"),
    named(Vote, "Vote"),
    named(BeginQuorumEpoch, "BeginQuorumEpoch"),
    named(EndQuorumEpoch, "EndQuorumEpoch"),
    named(DescribeQuorum, "DescribeQuorum"),
    named(AlterPartition, "AlterPartition"),
    named(UpdateFeatures, "UpdateFeatures"),
    named(Envelope, "Envelope"),
    named(FetchSnapshot, "FetchSnapshot"),
    serves(DescribeCluster, "DescribeCluster", 0, 2, 0),
    serves(DescribeProducers, "DescribeProducers", 0, 0, 0),
    named(BrokerRegistration, "BrokerRegistration"),
    named(BrokerHeartbeat, "BrokerHeartbeat"),
    named(UnregisterBroker, "UnregisterBroker"),
    serves(DescribeTransactions, "DescribeTransactions", 0, 0, 0),
    serves(ListTransactions, "ListTransactions", 0, 2, 0),
    named(AllocateProducerIds, "AllocateProducerIds"),
    serves(ConsumerGroupHeartbeat, "ConsumerGroupHeartbeat", 0, 1, 0),
    serves(ConsumerGroupDescribe, "ConsumerGroupDescribe", 0, 1, 0),
    named(ControllerRegistration, "ControllerRegistration"),
    named(GetTelemetrySubscriptions, "GetTelemetrySubscriptions"),
    named(PushTelemetry, "PushTelemetry"),
    named(AssignReplicasToDirs, "AssignReplicasToDirs"),
    serves(ListConfigResources, "ListConfigResources", 0, 1, 0),
    serves(DescribeTopicPartitions, "DescribeTopicPartitions", 0, 0, 0),
    named(ShareGroupHeartbeat, "ShareGroupHeartbeat"),
    named(ShareGroupDescribe, "ShareGroupDescribe"),
    named(ShareFetch, "ShareFetch"),
    named(ShareAcknowledge, "ShareAcknowledge"),
    named(AddRaftVoter, "AddRaftVoter"),
    named(RemoveRaftVoter, "RemoveRaftVoter"),
    named(UpdateRaftVoter, "UpdateRaftVoter"),
    named(InitializeShareGroupState, "InitializeShareGroupState"),
    named(ReadShareGroupState, "ReadShareGroupState"),
    named(WriteShareGroupState, "WriteShareGroupState"),
    named(DeleteShareGroupState, "DeleteShareGroupState"),
    named(ReadShareGroupStateSummary, "ReadShareGroupStateSummary"),
    named(StreamsGroupHeartbeat, "StreamsGroupHeartbeat"),
    named(StreamsGroupDescribe, "StreamsGroupDescribe"),
    named(DescribeShareGroupOffsets, "DescribeShareGroupOffsets"),
    named(AlterShareGroupOffsets, "AlterShareGroupOffsets"),
    named(DeleteShareGroupOffsets, "DeleteShareGroupOffsets"),
];

#[cfg(test)]
mod tests;

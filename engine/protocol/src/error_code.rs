//! Kafka's error codes: number, name, and whether a client should try again.
//!
//! One table, from which everything else is read. Which error a failure of ours becomes is decided
//! by the broker, not here. State of the table: Kafka 4.2.

use std::fmt;

/// An error code of the protocol. Numbers that are not in the table decode as
/// [`ErrorCode::UnknownServerError`], which is how Kafka's own clients treat them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(i16)]
#[expect(missing_docs, reason = "each code is named after Kafka's own name, listed in TABLE")]
pub enum ErrorCode {
    UnknownServerError = -1,
    #[default]
    None = 0,
    OffsetOutOfRange = 1,
    CorruptMessage = 2,
    UnknownTopicOrPartition = 3,
    InvalidFetchSize = 4,
    LeaderNotAvailable = 5,
    NotLeaderOrFollower = 6,
    RequestTimedOut = 7,
    BrokerNotAvailable = 8,
    ReplicaNotAvailable = 9,
    MessageTooLarge = 10,
    StaleControllerEpoch = 11,
    OffsetMetadataTooLarge = 12,
    NetworkException = 13,
    CoordinatorLoadInProgress = 14,
    CoordinatorNotAvailable = 15,
    NotCoordinator = 16,
    InvalidTopic = 17,
    RecordListTooLarge = 18,
    NotEnoughReplicas = 19,
    NotEnoughReplicasAfterAppend = 20,
    InvalidRequiredAcks = 21,
    IllegalGeneration = 22,
    InconsistentGroupProtocol = 23,
    InvalidGroupId = 24,
    UnknownMemberId = 25,
    InvalidSessionTimeout = 26,
    RebalanceInProgress = 27,
    InvalidCommitOffsetSize = 28,
    TopicAuthorizationFailed = 29,
    GroupAuthorizationFailed = 30,
    ClusterAuthorizationFailed = 31,
    InvalidTimestamp = 32,
    UnsupportedSaslMechanism = 33,
    IllegalSaslState = 34,
    UnsupportedVersion = 35,
    TopicAlreadyExists = 36,
    InvalidPartitions = 37,
    InvalidReplicationFactor = 38,
    InvalidReplicaAssignment = 39,
    InvalidConfig = 40,
    NotController = 41,
    InvalidRequest = 42,
    UnsupportedForMessageFormat = 43,
    PolicyViolation = 44,
    OutOfOrderSequenceNumber = 45,
    DuplicateSequenceNumber = 46,
    InvalidProducerEpoch = 47,
    InvalidTxnState = 48,
    InvalidProducerIdMapping = 49,
    InvalidTransactionTimeout = 50,
    ConcurrentTransactions = 51,
    TransactionCoordinatorFenced = 52,
    TransactionalIdAuthorizationFailed = 53,
    SecurityDisabled = 54,
    OperationNotAttempted = 55,
    KafkaStorageError = 56,
    LogDirNotFound = 57,
    SaslAuthenticationFailed = 58,
    UnknownProducerId = 59,
    ReassignmentInProgress = 60,
    DelegationTokenAuthDisabled = 61,
    DelegationTokenNotFound = 62,
    DelegationTokenOwnerMismatch = 63,
    DelegationTokenRequestNotAllowed = 64,
    DelegationTokenAuthorizationFailed = 65,
    DelegationTokenExpired = 66,
    InvalidPrincipalType = 67,
    NonEmptyGroup = 68,
    GroupIdNotFound = 69,
    FetchSessionIdNotFound = 70,
    InvalidFetchSessionEpoch = 71,
    ListenerNotFound = 72,
    TopicDeletionDisabled = 73,
    FencedLeaderEpoch = 74,
    UnknownLeaderEpoch = 75,
    UnsupportedCompressionType = 76,
    StaleBrokerEpoch = 77,
    OffsetNotAvailable = 78,
    MemberIdRequired = 79,
    PreferredLeaderNotAvailable = 80,
    GroupMaxSizeReached = 81,
    FencedInstanceId = 82,
    EligibleLeadersNotAvailable = 83,
    ElectionNotNeeded = 84,
    NoReassignmentInProgress = 85,
    GroupSubscribedToTopic = 86,
    InvalidRecord = 87,
    UnstableOffsetCommit = 88,
    ThrottlingQuotaExceeded = 89,
    ProducerFenced = 90,
    ResourceNotFound = 91,
    DuplicateResource = 92,
    UnacceptableCredential = 93,
    InconsistentVoterSet = 94,
    InvalidUpdateVersion = 95,
    FeatureUpdateFailed = 96,
    PrincipalDeserializationFailure = 97,
    SnapshotNotFound = 98,
    PositionOutOfRange = 99,
    UnknownTopicId = 100,
    DuplicateBrokerRegistration = 101,
    BrokerIdNotRegistered = 102,
    InconsistentTopicId = 103,
    InconsistentClusterId = 104,
    TransactionalIdNotFound = 105,
    FetchSessionTopicIdError = 106,
    IneligibleReplica = 107,
    NewLeaderElected = 108,
    OffsetMovedToTieredStorage = 109,
    FencedMemberEpoch = 110,
    UnreleasedInstanceId = 111,
    UnsupportedAssignor = 112,
    StaleMemberEpoch = 113,
    MismatchedEndpointType = 114,
    UnsupportedEndpointType = 115,
    UnknownControllerId = 116,
    UnknownSubscriptionId = 117,
    TelemetryTooLarge = 118,
    InvalidRegistration = 119,
    TransactionAbortable = 120,
    InvalidRecordState = 121,
    ShareSessionNotFound = 122,
    InvalidShareSessionEpoch = 123,
    FencedStateEpoch = 124,
    InvalidVoterKey = 125,
    DuplicateVoter = 126,
    VoterNotFound = 127,
    InvalidRegularExpression = 128,
    RebootstrapRequired = 129,
    StreamsInvalidTopology = 130,
    StreamsInvalidTopologyEpoch = 131,
    StreamsTopologyFenced = 132,
    ShareSessionLimitReached = 133,
}

impl ErrorCode {
    /// The number on the wire.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The error with this number.
    pub fn from_code(code: i16) -> Self {
        // The table starts at -1 and has no gaps (a test says so).
        let index = usize::try_from(i32::from(code) + 1).ok();
        index.and_then(|index| TABLE.get(index)).map_or(Self::UnknownServerError, |row| row.0)
    }

    /// Kafka's name, as its tools print it.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Whether the same request may succeed later, perhaps after fresh metadata.
    pub fn is_retriable(self) -> bool {
        self.row().2
    }

    /// True for [`ErrorCode::None`].
    pub fn is_none(self) -> bool {
        self == Self::None
    }

    fn row(self) -> &'static (ErrorCode, &'static str, bool) {
        &TABLE[(i32::from(self.code()) + 1) as usize]
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

use ErrorCode::*;

/// Every error: code, Kafka's name, retriable.
#[rustfmt::skip]
pub const TABLE: &[(ErrorCode, &str, bool)] = &[
    (UnknownServerError, "UNKNOWN_SERVER_ERROR", false),
    (None, "NONE", false),
    (OffsetOutOfRange, "OFFSET_OUT_OF_RANGE", false),
    (CorruptMessage, "CORRUPT_MESSAGE", true),
    (UnknownTopicOrPartition, "UNKNOWN_TOPIC_OR_PARTITION", true),
    (InvalidFetchSize, "INVALID_FETCH_SIZE", false),
    (LeaderNotAvailable, "LEADER_NOT_AVAILABLE", true),
    (NotLeaderOrFollower, "NOT_LEADER_OR_FOLLOWER", true),
    (RequestTimedOut, "REQUEST_TIMED_OUT", true),
    (BrokerNotAvailable, "BROKER_NOT_AVAILABLE", false),
    (ReplicaNotAvailable, "REPLICA_NOT_AVAILABLE", true),
    (MessageTooLarge, "MESSAGE_TOO_LARGE", false),
    (StaleControllerEpoch, "STALE_CONTROLLER_EPOCH", false),
    (OffsetMetadataTooLarge, "OFFSET_METADATA_TOO_LARGE", false),
    (NetworkException, "NETWORK_EXCEPTION", true),
    (CoordinatorLoadInProgress, "COORDINATOR_LOAD_IN_PROGRESS", true),
    (CoordinatorNotAvailable, "COORDINATOR_NOT_AVAILABLE", true),
    (NotCoordinator, "NOT_COORDINATOR", true),
    (InvalidTopic, "INVALID_TOPIC_EXCEPTION", false),
    (RecordListTooLarge, "RECORD_LIST_TOO_LARGE", false),
    (NotEnoughReplicas, "NOT_ENOUGH_REPLICAS", true),
    (NotEnoughReplicasAfterAppend, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", true),
    (InvalidRequiredAcks, "INVALID_REQUIRED_ACKS", false),
    (IllegalGeneration, "ILLEGAL_GENERATION", false),
    (InconsistentGroupProtocol, "INCONSISTENT_GROUP_PROTOCOL", false),
    (InvalidGroupId, "INVALID_GROUP_ID", false),
    (UnknownMemberId, "UNKNOWN_MEMBER_ID", false),
    (InvalidSessionTimeout, "INVALID_SESSION_TIMEOUT", false),
    (RebalanceInProgress, "REBALANCE_IN_PROGRESS", false),
    (InvalidCommitOffsetSize, "INVALID_COMMIT_OFFSET_SIZE", false),
    (TopicAuthorizationFailed, "TOPIC_AUTHORIZATION_FAILED", false),
    (GroupAuthorizationFailed, "GROUP_AUTHORIZATION_FAILED", false),
    (ClusterAuthorizationFailed, "CLUSTER_AUTHORIZATION_FAILED", false),
    (InvalidTimestamp, "INVALID_TIMESTAMP", false),
    (UnsupportedSaslMechanism, "UNSUPPORTED_SASL_MECHANISM", false),
    (IllegalSaslState, "ILLEGAL_SASL_STATE", false),
    (UnsupportedVersion, "UNSUPPORTED_VERSION", false),
    (TopicAlreadyExists, "TOPIC_ALREADY_EXISTS", false),
    (InvalidPartitions, "INVALID_PARTITIONS", false),
    (InvalidReplicationFactor, "INVALID_REPLICATION_FACTOR", false),
    (InvalidReplicaAssignment, "INVALID_REPLICA_ASSIGNMENT", false),
    (InvalidConfig, "INVALID_CONFIG", false),
    (NotController, "NOT_CONTROLLER", true),
    (InvalidRequest, "INVALID_REQUEST", false),
    (UnsupportedForMessageFormat, "UNSUPPORTED_FOR_MESSAGE_FORMAT", false),
    (PolicyViolation, "POLICY_VIOLATION", false),
    (OutOfOrderSequenceNumber, "OUT_OF_ORDER_SEQUENCE_NUMBER", false),
    (DuplicateSequenceNumber, "DUPLICATE_SEQUENCE_NUMBER", false),
    (InvalidProducerEpoch, "INVALID_PRODUCER_EPOCH", false),
    (InvalidTxnState, "INVALID_TXN_STATE", false),
    (InvalidProducerIdMapping, "INVALID_PRODUCER_ID_MAPPING", false),
    (InvalidTransactionTimeout, "INVALID_TRANSACTION_TIMEOUT", false),
    (ConcurrentTransactions, "CONCURRENT_TRANSACTIONS", true),
    (TransactionCoordinatorFenced, "TRANSACTION_COORDINATOR_FENCED", false),
    (TransactionalIdAuthorizationFailed, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", false),
    (SecurityDisabled, "SECURITY_DISABLED", false),
    (OperationNotAttempted, "OPERATION_NOT_ATTEMPTED", false),
    (KafkaStorageError, "KAFKA_STORAGE_ERROR", true),
    (LogDirNotFound, "LOG_DIR_NOT_FOUND", false),
    (SaslAuthenticationFailed, "SASL_AUTHENTICATION_FAILED", false),
    (UnknownProducerId, "UNKNOWN_PRODUCER_ID", false),
    (ReassignmentInProgress, "REASSIGNMENT_IN_PROGRESS", false),
    (DelegationTokenAuthDisabled, "DELEGATION_TOKEN_AUTH_DISABLED", false),
    (DelegationTokenNotFound, "DELEGATION_TOKEN_NOT_FOUND", false),
    (DelegationTokenOwnerMismatch, "DELEGATION_TOKEN_OWNER_MISMATCH", false),
    (DelegationTokenRequestNotAllowed, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", false),
    (DelegationTokenAuthorizationFailed, "DELEGATION_TOKEN_AUTHORIZATION_FAILED", false),
    (DelegationTokenExpired, "DELEGATION_TOKEN_EXPIRED", false),
    (InvalidPrincipalType, "INVALID_PRINCIPAL_TYPE", false),
    (NonEmptyGroup, "NON_EMPTY_GROUP", false),
    (GroupIdNotFound, "GROUP_ID_NOT_FOUND", false),
    (FetchSessionIdNotFound, "FETCH_SESSION_ID_NOT_FOUND", true),
    (InvalidFetchSessionEpoch, "INVALID_FETCH_SESSION_EPOCH", true),
    (ListenerNotFound, "LISTENER_NOT_FOUND", true),
    (TopicDeletionDisabled, "TOPIC_DELETION_DISABLED", false),
    (FencedLeaderEpoch, "FENCED_LEADER_EPOCH", true),
    (UnknownLeaderEpoch, "UNKNOWN_LEADER_EPOCH", true),
    (UnsupportedCompressionType, "UNSUPPORTED_COMPRESSION_TYPE", false),
    (StaleBrokerEpoch, "STALE_BROKER_EPOCH", false),
    (OffsetNotAvailable, "OFFSET_NOT_AVAILABLE", true),
    (MemberIdRequired, "MEMBER_ID_REQUIRED", false),
    (PreferredLeaderNotAvailable, "PREFERRED_LEADER_NOT_AVAILABLE", true),
    (GroupMaxSizeReached, "GROUP_MAX_SIZE_REACHED", false),
    (FencedInstanceId, "FENCED_INSTANCE_ID", false),
    (EligibleLeadersNotAvailable, "ELIGIBLE_LEADERS_NOT_AVAILABLE", true),
    (ElectionNotNeeded, "ELECTION_NOT_NEEDED", true),
    (NoReassignmentInProgress, "NO_REASSIGNMENT_IN_PROGRESS", false),
    (GroupSubscribedToTopic, "GROUP_SUBSCRIBED_TO_TOPIC", false),
    (InvalidRecord, "INVALID_RECORD", false),
    (UnstableOffsetCommit, "UNSTABLE_OFFSET_COMMIT", true),
    (ThrottlingQuotaExceeded, "THROTTLING_QUOTA_EXCEEDED", true),
    (ProducerFenced, "PRODUCER_FENCED", false),
    (ResourceNotFound, "RESOURCE_NOT_FOUND", false),
    (DuplicateResource, "DUPLICATE_RESOURCE", false),
    (UnacceptableCredential, "UNACCEPTABLE_CREDENTIAL", false),
    (InconsistentVoterSet, "INCONSISTENT_VOTER_SET", false),
    (InvalidUpdateVersion, "INVALID_UPDATE_VERSION", false),
    (FeatureUpdateFailed, "FEATURE_UPDATE_FAILED", false),
    (PrincipalDeserializationFailure, "PRINCIPAL_DESERIALIZATION_FAILURE", false),
    (SnapshotNotFound, "SNAPSHOT_NOT_FOUND", false),
    (PositionOutOfRange, "POSITION_OUT_OF_RANGE", false),
    (UnknownTopicId, "UNKNOWN_TOPIC_ID", true),
    (DuplicateBrokerRegistration, "DUPLICATE_BROKER_REGISTRATION", false),
    (BrokerIdNotRegistered, "BROKER_ID_NOT_REGISTERED", false),
    (InconsistentTopicId, "INCONSISTENT_TOPIC_ID", true),
    (InconsistentClusterId, "INCONSISTENT_CLUSTER_ID", false),
    (TransactionalIdNotFound, "TRANSACTIONAL_ID_NOT_FOUND", false),
    (FetchSessionTopicIdError, "FETCH_SESSION_TOPIC_ID_ERROR", true),
    (IneligibleReplica, "INELIGIBLE_REPLICA", false),
    (NewLeaderElected, "NEW_LEADER_ELECTED", false),
    (OffsetMovedToTieredStorage, "OFFSET_MOVED_TO_TIERED_STORAGE", false),
    (FencedMemberEpoch, "FENCED_MEMBER_EPOCH", false),
    (UnreleasedInstanceId, "UNRELEASED_INSTANCE_ID", false),
    (UnsupportedAssignor, "UNSUPPORTED_ASSIGNOR", false),
    (StaleMemberEpoch, "STALE_MEMBER_EPOCH", false),
    (MismatchedEndpointType, "MISMATCHED_ENDPOINT_TYPE", false),
    (UnsupportedEndpointType, "UNSUPPORTED_ENDPOINT_TYPE", false),
    (UnknownControllerId, "UNKNOWN_CONTROLLER_ID", false),
    (UnknownSubscriptionId, "UNKNOWN_SUBSCRIPTION_ID", false),
    (TelemetryTooLarge, "TELEMETRY_TOO_LARGE", false),
    (InvalidRegistration, "INVALID_REGISTRATION", false),
    (TransactionAbortable, "TRANSACTION_ABORTABLE", false),
    (InvalidRecordState, "INVALID_RECORD_STATE", false),
    (ShareSessionNotFound, "SHARE_SESSION_NOT_FOUND", true),
    (InvalidShareSessionEpoch, "INVALID_SHARE_SESSION_EPOCH", true),
    (FencedStateEpoch, "FENCED_STATE_EPOCH", false),
    (InvalidVoterKey, "INVALID_VOTER_KEY", false),
    (DuplicateVoter, "DUPLICATE_VOTER", false),
    (VoterNotFound, "VOTER_NOT_FOUND", false),
    (InvalidRegularExpression, "INVALID_REGULAR_EXPRESSION", false),
    (RebootstrapRequired, "REBOOTSTRAP_REQUIRED", false),
    (StreamsInvalidTopology, "STREAMS_INVALID_TOPOLOGY", false),
    (StreamsInvalidTopologyEpoch, "STREAMS_INVALID_TOPOLOGY_EPOCH", false),
    (StreamsTopologyFenced, "STREAMS_TOPOLOGY_FENCED", false),
    (ShareSessionLimitReached, "SHARE_SESSION_LIMIT_REACHED", true),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_order_and_without_gaps() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(i32::from(row.0.code()), index as i32 - 1, "{}", row.1);
            assert_eq!(ErrorCode::from_code(row.0.code()), row.0);
            assert_eq!(row.0.name(), row.1);
        }
    }

    #[test]
    fn unknown_numbers_are_server_errors() {
        for code in [i16::MIN, -2, 134, i16::MAX] {
            assert_eq!(ErrorCode::from_code(code), ErrorCode::UnknownServerError);
        }
    }

    #[test]
    fn a_few_that_clients_depend_on() {
        assert_eq!(ErrorCode::UnsupportedVersion.code(), 35);
        assert_eq!(ErrorCode::FetchSessionIdNotFound.code(), 70);
        assert_eq!(ErrorCode::InvalidTopic.name(), "INVALID_TOPIC_EXCEPTION");
        assert!(ErrorCode::NotLeaderOrFollower.is_retriable());
        assert!(!ErrorCode::OutOfOrderSequenceNumber.is_retriable());
    }
}

//! Kafka's settings for the broker that have no effect here, each with the reason, so that a `server.properties` in use
//! can be taken over; and those that are refused, because accepting them would promise something that is not so.

use super::{INT, LONG, broker};
use crate::config::setting::{Kind, Setting, Unit};

const ONE_NODE: &str = "replication is not built yet";
const NO_CONTROLLER: &str = "there is no controller";
const NO_SECURITY: &str = "TLS, SASL and authorization are not built yet";
const SHARDS: &str = "shards decides how many threads there are";

pub(super) static SETTINGS: &[Setting] = &[
    // Cluster
    broker(
        "process.roles",
        Kind::List(&["broker", "controller"]),
        "broker",
        "Roles of this process.",
    )
    .inert(NO_CONTROLLER),
    broker("controller.quorum.voters", Kind::List(&[]), "", "Controllers.").inert(NO_CONTROLLER),
    broker("controller.quorum.bootstrap.servers", Kind::List(&[]), "", "Controllers.")
        .inert(NO_CONTROLLER),
    broker("inter.broker.listener.name", Kind::Text, "", "Listener between brokers.")
        .without_default()
        .inert(ONE_NODE),
    broker("broker.rack", Kind::Text, "", "Rack of this broker.").without_default().inert(ONE_NODE),
    broker(
        "default.replication.factor",
        Kind::Int(Unit::Count, 1, 1),
        "1",
        "Replicas of a topic that is created without saying how many.",
    )
    .refused(ONE_NODE),
    broker(
        "replica.lag.time.max.ms",
        Kind::Long(Unit::Milliseconds, 1, LONG),
        "30000",
        "How long a replica may be behind and still count as in sync.",
    )
    .inert(ONE_NODE),
    broker(
        "replica.fetch.max.bytes",
        Kind::Int(Unit::Bytes, 0, INT),
        "1048576",
        "Bytes per replica fetch.",
    )
    .inert(ONE_NODE),
    broker(
        "replica.fetch.wait.max.ms",
        Kind::Int(Unit::Milliseconds, 1, INT),
        "500",
        "Wait of a replica's fetch.",
    )
    .inert(ONE_NODE),
    broker(
        "num.replica.fetchers",
        Kind::Int(Unit::Count, 1, INT),
        "1",
        "Threads that fetch for replicas.",
    )
    .dynamic()
    .inert(ONE_NODE),
    broker("replica.selector.class", Kind::Text, "", "Choice of the replica to read from.")
        .without_default()
        .inert(ONE_NODE),
    broker(
        "auto.leader.rebalance.enable",
        Kind::Bool,
        "true",
        "Whether leadership moves back by itself.",
    )
    .inert(ONE_NODE),
    // Threads and sockets
    broker("num.network.threads", Kind::Int(Unit::Count, 1, INT), "3", "Threads for sockets.")
        .dynamic()
        .inert(SHARDS),
    broker("num.io.threads", Kind::Int(Unit::Count, 1, INT), "8", "Threads for requests.")
        .dynamic()
        .inert(SHARDS),
    broker("background.threads", Kind::Int(Unit::Count, 1, INT), "10", "Threads for the rest.")
        .dynamic()
        .inert(SHARDS),
    broker(
        "num.recovery.threads.per.data.dir",
        Kind::Int(Unit::Count, 1, INT),
        "2",
        "Threads that recover logs at start.",
    )
    .dynamic()
    .inert(SHARDS),
    broker(
        "queued.max.requests",
        Kind::Int(Unit::Count, 1, INT),
        "500",
        "Requests waiting for a thread.",
    )
    .inert("memory.bytes and connection.requests.max bound what waits"),
    broker("socket.send.buffer.bytes", Kind::Int(Unit::Bytes, -1, INT), "102400", "SO_SNDBUF.")
        .inert("the kernel sizes its buffers better by itself"),
    broker("socket.receive.buffer.bytes", Kind::Int(Unit::Bytes, -1, INT), "102400", "SO_RCVBUF.")
        .inert("the kernel sizes its buffers better by itself"),
    broker(
        "socket.listen.backlog.size",
        Kind::Int(Unit::Count, 1, INT),
        "50",
        "Connections not yet accepted.",
    )
    .inert("the system's limit is taken"),
    broker(
        "max.connections.per.ip",
        Kind::Int(Unit::Count, 0, INT),
        "2147483647",
        "Connections from one address.",
    )
    .dynamic()
    .inert("max.connections is the only limit yet"),
    // Log
    broker(
        "log.flush.offset.checkpoint.interval.ms",
        Kind::Int(Unit::Milliseconds, 0, INT),
        "60000",
        "How often the recovery point is kept.",
    )
    .inert("recovery needs no such file"),
    broker(
        "log.initial.task.delay.ms",
        Kind::Long(Unit::Milliseconds, 0, LONG),
        "30000",
        "Wait before the first background task.",
    )
    .inert("background work starts when there is some"),
    broker("log.cleaner.threads", Kind::Int(Unit::Count, 0, INT), "1", "Threads that compact.")
        .dynamic()
        .inert("each shard cleans one log at a time, on its I/O threads"),
    broker("log.cleaner.*", Kind::Text, "", "Other settings of compaction.")
        .without_default()
        .dynamic()
        .inert("pieces are of a megabyte at most, and nine of ten slots of the map are used"),
    // Groups and transactions
    broker(
        "offsets.topic.replication.factor",
        Kind::Int(Unit::Count, 1, i16::MAX as i64),
        "3",
        "Replicas of group offsets.",
    )
    .inert(ONE_NODE),
    broker(
        "group.coordinator.rebalance.protocols",
        Kind::List(&["classic", "consumer", "share", "streams"]),
        "classic,consumer,streams",
        "Kinds of groups.",
    )
    .inert("classic and consumer groups are served, share and streams groups are not"),
    broker("group.*", Kind::Text, "", "Other settings of groups.")
        .without_default()
        .inert("not every setting of groups is built"),
    broker("share.coordinator.*", Kind::Text, "", "Settings of share groups.")
        .without_default()
        .inert("share groups are not built"),
    broker(
        "transaction.state.log.replication.factor",
        Kind::Int(Unit::Count, 1, i16::MAX as i64),
        "3",
        "Replicas of transaction state.",
    )
    .inert(ONE_NODE),
    broker(
        "transaction.state.log.min.isr",
        Kind::Int(Unit::Count, 1, INT),
        "2",
        "Replicas of transaction state that must be in sync.",
    )
    .inert(ONE_NODE),
    // Security: refused, because whoever sets these relies on them.
    broker("sasl.enabled.mechanisms", Kind::List(&[]), "", "Ways to log in.")
        .without_default()
        .refused(NO_SECURITY),
    broker("authorizer.class.name", Kind::Text, "", "Who decides who may do what.")
        .refused(NO_SECURITY),
    broker("super.users", Kind::Text, "", "Users who may do everything.")
        .without_default()
        .refused(NO_SECURITY),
    broker("ssl.*", Kind::Text, "", "Settings of TLS.")
        .without_default()
        .secret()
        .refused(NO_SECURITY),
    broker("sasl.*", Kind::Text, "", "Settings of logging in.")
        .without_default()
        .secret()
        .refused(NO_SECURITY),
    broker("listener.name.*", Kind::Text, "", "Settings of one listener.")
        .without_default()
        .secret()
        .refused(NO_SECURITY),
    broker(
        "security.inter.broker.protocol",
        Kind::Choice(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]),
        "PLAINTEXT",
        "Protocol between brokers.",
    )
    .refused(NO_SECURITY),
    // Reporting
    broker("metric.reporters", Kind::List(&[]), "", "Java classes that report metrics.")
        .dynamic()
        .inert("there is no Java here"),
    broker(
        "queued.max.request.bytes",
        Kind::Long(Unit::Bytes, -1, LONG),
        "-1",
        "Bytes of requests waiting for a thread.",
    )
    .inert("memory.bytes bounds what waits"),
    broker(
        "log.dir.failure.timeout.ms",
        Kind::Long(Unit::Milliseconds, 1, LONG),
        "30000",
        "Wait before a failed directory ends the process.",
    )
    .inert("there is one directory"),
    broker(
        "fetch.purgatory.purge.interval.requests",
        Kind::Int(Unit::Count, 1, INT),
        "1000",
        "Clean-up of waiting fetches.",
    )
    .inert("a waiting fetch goes when it is answered"),
    broker(
        "producer.purgatory.purge.interval.requests",
        Kind::Int(Unit::Count, 1, INT),
        "1000",
        "Clean-up of waiting produces.",
    )
    .inert("a waiting produce goes when it is answered"),
];

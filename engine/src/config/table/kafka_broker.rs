//! Kafka's settings for the broker that mean something here. Those without effect are in [`super::kafka_inert`].

use super::{INT, LONG, broker};
use crate::config::setting::{Kind, Setting, Unit};

pub(super) static SETTINGS: &[Setting] = &[
    broker("node.id", Kind::Int(Unit::Count, 0, INT), "1", "This broker's number in Metadata.")
        .also(&["broker.id"]),
    broker(
        "listeners",
        Kind::List(&[]),
        "127.0.0.1:9092",
        "Address to accept clients on: host:port or PLAINTEXT://host:port; port 0 takes a free one, no host means all \
         interfaces; listeners named in controller.listener.names are passed over.",
    )
    .also(&["listen"]),
    broker(
        "advertised.listeners",
        Kind::List(&[]),
        "",
        "Address that clients are told to use, written as in listeners; without it, the one they are accepted on.",
    )
    .also(&["advertise"])
    .without_default(),
    broker(
        "listener.security.protocol.map",
        Kind::List(&[]),
        "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
        "Protocol of each listener by its name; the one for clients must be PLAINTEXT.",
    ),
    broker(
        "controller.listener.names",
        Kind::List(&[]),
        "",
        "Names of listeners that are not for clients, and are passed over.",
    )
    .without_default(),
    broker("log.dirs", Kind::Text, "headwater-data", "Directory of all data; one only.")
        .also(&["data.dir", "log.dir"]),
    broker(
        "num.partitions",
        Kind::Int(Unit::Count, 1, 100_000),
        "1",
        "Partitions of a topic that is created without saying how many.",
    )
    .dynamic(),
    broker(
        "auto.create.topics.enable",
        Kind::Bool,
        "true",
        "Whether asking for a topic that does not exist creates it.",
    )
    .dynamic(),
    broker("delete.topic.enable", Kind::Bool, "true", "Whether topics can be deleted.").dynamic(),
    broker(
        "log.retention.check.interval.ms",
        Kind::Long(Unit::Milliseconds, 1, LONG),
        "300000",
        "How often old segments are looked for; first two seconds after a start.",
    ),
    broker("log.cleaner.enable", Kind::Bool, "true", "Whether compaction runs."),
    broker(
        "log.cleaner.backoff.ms",
        Kind::Long(Unit::Milliseconds, 0, LONG),
        "15000",
        "How long the cleaner rests when no log is dirty enough.",
    )
    .dynamic(),
    broker(
        "log.cleaner.dedupe.buffer.size",
        Kind::Long(Unit::Bytes, 1, LONG),
        "134217728",
        "Memory for the keys of logs that are being cleaned, all shards together; 24 bytes a key. What does not fit is \
         cleaned the next time.",
    )
    .dynamic(),
    broker(
        "log.cleaner.io.max.bytes.per.second",
        Kind::Double(0.0, f64::MAX),
        "1.7976931348623157E308",
        "How fast the cleaner reads and writes, all shards together.",
    )
    .dynamic(),
    broker(
        "socket.request.max.bytes",
        Kind::Int(Unit::Bytes, 1, INT),
        "104857600",
        "Largest request; a connection that announces more is closed.",
    ),
    broker(
        "max.connections",
        Kind::Int(Unit::Count, 1, INT),
        "10000",
        "Connections of the whole broker; the next one is closed at once. Kafka's default is unlimited.",
    )
    .also(&["connections.max"]),
    broker(
        "connections.max.idle.ms",
        Kind::Long(Unit::Milliseconds, -1, i64::MAX),
        "600000",
        "How long a connection may be silent before it is closed; -1 is for ever.",
    )
    .dynamic(),
    broker(
        "fetch.max.bytes",
        Kind::Int(Unit::Bytes, 1024, INT),
        "57671680",
        "Largest answer to a fetch, whatever the client asks for; a first batch larger than that is still sent.",
    )
    .dynamic(),
    broker(
        "max.incremental.fetch.session.cache.slots",
        Kind::Int(Unit::Count, 0, INT),
        "1000",
        "Fetch sessions of the whole broker; a further one takes the place of the one unused for longest.",
    ),
    broker(
        "producer.id.expiration.ms",
        Kind::Int(Unit::Milliseconds, 1, INT),
        "86400000",
        "How long an idempotent producer that writes nothing is remembered.",
    )
    .dynamic(),
    broker(
        "quota.window.num",
        Kind::Int(Unit::Count, 1, 3600),
        "11",
        "Samples that a client's rate is measured over: it may use up its quota of all but one of them at once.",
    ),
    broker(
        "quota.window.size.seconds",
        Kind::Int(Unit::Seconds, 1, 3600),
        "1",
        "Length of a sample of a client's rate.",
    ),
];

"""Checks of the broker's administration and of its corner cases: `checks.py --bootstrap HOST:PORT NAME`.

Each check is a function named after it, creates topics of its own, and fails by an assertion. What is expected is what
Kafka does; where a check is about our own choice, it says so.
"""

import time

from confluent_kafka import (
    OFFSET_BEGINNING,
    TIMESTAMP_CREATE_TIME,
    TIMESTAMP_LOG_APPEND_TIME,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourcePatternType,
    ResourceType,
)

import lab
from lab import TIMEOUT_S


def topics(bootstrap):
    admin = lab.admin(bootstrap)
    names = ["topics-a", "topics-b", "topics-c"]
    for number, name in enumerate(names, 1):
        lab.create_topic(bootstrap, name, number)
    known = admin.list_topics(timeout=TIMEOUT_S).topics
    assert [len(known[name].partitions) for name in names] == [1, 2, 3], known
    described = admin.describe_topics(TopicCollection(names))
    ids = {str(described[name].result(TIMEOUT_S).topic_id) for name in names}
    assert len(ids) == 3, ids

    write(bootstrap, "topics-a", [b"before"])
    for future in admin.delete_topics(names).values():
        future.result(TIMEOUT_S)
    known = admin.list_topics(timeout=TIMEOUT_S).topics
    assert not set(names) & set(known), known
    # A topic with an old name is a new topic.
    lab.create_topic(bootstrap, "topics-a", 1)
    write(bootstrap, "topics-a", [b"after"])
    assert [message.value() for message in read(bootstrap, "topics-a", 1)] == [b"after"]
    new_id = admin.describe_topics(TopicCollection(["topics-a"]))["topics-a"].result(TIMEOUT_S).topic_id
    assert str(new_id) not in ids, new_id


def topic_errors(bootstrap):
    admin = lab.admin(bootstrap)

    def refused(expected, topic, **options):
        code = error_of(admin.create_topics([topic], **options)[topic.topic])
        assert code == expected, f"{topic}: {KafkaError(code).name()}"

    lab.create_topic(bootstrap, "errors", 1)
    refused(KafkaError.TOPIC_ALREADY_EXISTS, NewTopic("errors", 1, 1))
    for name in ["a/b", ".", "..", "x" * 250, "a b"]:
        refused(KafkaError.TOPIC_EXCEPTION, NewTopic(name, 1, 1))
    refused(KafkaError.INVALID_PARTITIONS, NewTopic("errors-0", 0, 1))
    refused(KafkaError.INVALID_REPLICATION_FACTOR, NewTopic("errors-3", 1, 3))
    refused(KafkaError.INVALID_CONFIG, NewTopic("errors-c", 1, 1, config={"retention.mss": "1"}))
    refused(KafkaError.INVALID_CONFIG, NewTopic("errors-c", 1, 1, config={"retention.ms": "soon"}))
    refused(KafkaError.TOPIC_ALREADY_EXISTS, NewTopic("errors", 1, 1), validate_only=True)
    admin.create_topics([NewTopic("errors-v", 1, 1)], validate_only=True)["errors-v"].result(TIMEOUT_S)
    known = admin.list_topics(timeout=TIMEOUT_S).topics
    assert [name for name in known if name.startswith("errors")] == ["errors"], known
    code = error_of(admin.delete_topics(["errors-unknown"])["errors-unknown"])
    assert code == KafkaError.UNKNOWN_TOPIC_OR_PART, code


def partitions(bootstrap):
    admin = lab.admin(bootstrap)
    lab.create_topic(bootstrap, "partitions", 2)
    grow = admin.create_partitions([NewPartitions("partitions", 5)])
    grow["partitions"].result(TIMEOUT_S)
    assert len(admin.list_topics("partitions", TIMEOUT_S).topics["partitions"].partitions) == 5
    for name, count, expected in [
        ("partitions", 3, KafkaError.INVALID_PARTITIONS),
        ("partitions", 5, KafkaError.INVALID_PARTITIONS),
        ("partitions-unknown", 3, KafkaError.UNKNOWN_TOPIC_OR_PART),
    ]:
        code = error_of(admin.create_partitions([NewPartitions(name, count)])[name])
        assert code == expected, f"{name} {count}: {KafkaError(code).name()}"
    for partition in range(5):
        write(bootstrap, "partitions", [b"%d" % partition], partition=partition)
    values = sorted(message.value() for message in read(bootstrap, "partitions", 5))
    assert values == [b"0", b"1", b"2", b"3", b"4"], values


def configs(bootstrap):
    admin = lab.admin(bootstrap)
    lab.create_topic(bootstrap, "configs", 1, **{"segment.bytes": "1048576", "cleanup.policy": "compact"})

    def describe(kind, name):
        resource = ConfigResource(kind, name)
        return admin.describe_configs([resource])[resource].result(TIMEOUT_S)

    found = describe(ConfigResource.Type.TOPIC, "configs")
    segment_bytes = found["segment.bytes"]
    assert segment_bytes.value == "1048576", segment_bytes
    assert segment_bytes.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value, segment_bytes.source
    assert not segment_bytes.is_default and not segment_bytes.is_read_only
    assert "log.segment.bytes" in segment_bytes.synonyms, segment_bytes.synonyms
    retention = found["retention.ms"]
    assert (retention.value, retention.is_default) == ("604800000", True), retention
    assert retention.source == ConfigSource.DEFAULT_CONFIG.value, retention.source
    assert found["cleanup.policy"].value == "compact"
    assert found["durability"].value == "durable"

    node = str(next(iter(admin.list_topics(timeout=TIMEOUT_S).brokers)))
    found = describe(ConfigResource.Type.BROKER, node)
    assert found["node.id"].value == node, found["node.id"].value
    assert found["log.dirs"].source == ConfigSource.STATIC_BROKER_CONFIG.value
    assert found["num.partitions"].is_default
    for kind, name, expected in [
        (ConfigResource.Type.TOPIC, "configs-unknown", KafkaError.UNKNOWN_TOPIC_OR_PART),
        (ConfigResource.Type.BROKER, "4711", KafkaError.INVALID_REQUEST),
    ]:
        resource = ConfigResource(kind, name)
        try:
            # A broker that does not exist is asked itself by the client, and cannot be reached.
            future = admin.describe_configs([resource], request_timeout=3)[resource]
            future.result(TIMEOUT_S)
            raise AssertionError(f"{name} was described")
        except KafkaException as raised:
            code = raised.args[0].code()
            assert code in (expected, KafkaError._TIMED_OUT, KafkaError._UNKNOWN_BROKER), raised


def cluster(bootstrap):
    admin = lab.admin(bootstrap)
    found = admin.describe_cluster().result(TIMEOUT_S)
    assert len(found.nodes) == 1, found.nodes
    assert found.cluster_id, "no cluster id"
    host, port = bootstrap.rsplit(":", 1)
    assert (found.nodes[0].host, found.nodes[0].port) == (host, int(port)), found.nodes
    assert found.controller and found.controller.id == found.nodes[0].id, found.controller
    metadata = admin.list_topics(timeout=TIMEOUT_S)
    assert metadata.cluster_id == found.cluster_id, metadata.cluster_id
    assert list(metadata.brokers) == [found.nodes[0].id], metadata.brokers


def list_offsets(bootstrap):
    lab.create_topic(bootstrap, "offsets", 1)
    start_ms = int(time.time() * 1000) - 10_000
    producer = lab.producer(bootstrap, linger_ms=0)
    # Each in a batch of its own, and the latest timestamp is not at the end.
    for number in [0, 1, 2, 9, 4]:
        producer.produce("offsets", b"x", timestamp=start_ms + number * 1000)
        assert producer.flush(TIMEOUT_S) == 0
    admin = lab.admin(bootstrap)

    def ask(spec):
        partition = TopicPartition("offsets", 0)
        asked = admin.list_offsets({partition: spec}, isolation_level=IsolationLevel.READ_UNCOMMITTED)
        result = asked[partition].result(TIMEOUT_S)
        return result.offset, result.timestamp

    assert ask(OffsetSpec.earliest())[0] == 0
    assert ask(OffsetSpec.latest())[0] == 5
    assert ask(OffsetSpec.max_timestamp()) == (3, start_ms + 9000), ask(OffsetSpec.max_timestamp())
    for timestamp_ms, expected in [
        (0, (0, start_ms)),
        (start_ms + 1, (1, start_ms + 1000)),
        (start_ms + 2000, (2, start_ms + 2000)),
        (start_ms + 2001, (3, start_ms + 9000)),
        (start_ms + 9001, (-1, -1)),
    ]:
        found = ask(OffsetSpec.for_timestamp(timestamp_ms))
        assert found == expected, f"{timestamp_ms - start_ms}: {found}, not {expected}"

    consumer = lab.consumer(bootstrap)
    found = consumer.offsets_for_times([TopicPartition("offsets", 0, start_ms + 2001)], TIMEOUT_S)
    assert found[0].offset == 3, found
    assert consumer.get_watermark_offsets(TopicPartition("offsets", 0), TIMEOUT_S) == (0, 5)
    consumer.close()


def append_time(bootstrap):
    lab.create_topic(bootstrap, "append-time", 1, **{"message.timestamp.type": "LogAppendTime"})
    before_ms = int(time.time() * 1000)
    for codec in ["none", "zstd"]:
        write(bootstrap, "append-time", [b"x"] * 10, timestamp=1000, compression_type=codec)
    after_ms = int(time.time() * 1000)
    for message in read(bootstrap, "append-time", 20):
        kind, timestamp_ms = message.timestamp()
        assert kind == TIMESTAMP_LOG_APPEND_TIME, kind
        assert before_ms - 1 <= timestamp_ms <= after_ms + 1, (before_ms, timestamp_ms, after_ms)
    lab.create_topic(bootstrap, "create-time", 1)
    write(bootstrap, "create-time", [b"x"], timestamp=1000)
    assert read(bootstrap, "create-time", 1)[0].timestamp() == (TIMESTAMP_CREATE_TIME, 1000)


def record_shapes(bootstrap):
    lab.create_topic(bootstrap, "shapes", 1)
    shapes = [
        (None, None, []),
        (b"", b"", []),
        (None, b"value", [("header", b"h"), ("header", b"again"), ("", None)]),
        (b"tombstone", None, []),
        (bytes(range(256)), bytes(range(255, -1, -1)), []),
        (b"large", b"x" * 900_000, []),
        ("schlüssel".encode(), "値".encode(), [("名", "ß".encode())]),
    ]
    sent = []
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
        producer = lab.producer(bootstrap, compression_type=codec)
        for key, value, headers in shapes:
            producer.produce("shapes", value, key, headers=headers)
            sent.append((key, value, headers))
        assert producer.flush(TIMEOUT_S) == 0
    found = [(m.key(), m.value(), m.headers() or []) for m in read(bootstrap, "shapes", len(sent))]
    assert found == sent


def produce_errors(bootstrap):
    lab.create_topic(bootstrap, "refused", 1, **{"message.timestamp.after.max.ms": "1000"})

    def refused(expected, value=b"x", settings=None, **options):
        codes = []
        producer = lab.producer(bootstrap, **{"message_timeout_ms": 10_000, **(settings or {})})
        try:
            producer.produce("refused", value, on_delivery=lambda e, _: codes.append(e and e.code()), **options)
            producer.flush(TIMEOUT_S)
        except KafkaException as raised:
            codes.append(raised.args[0].code())
        assert len(codes) == 1 and codes[0] in expected, [code and KafkaError(code).name() for code in codes]

    large = {"message_max_bytes": 10_000_000}
    refused([KafkaError.MSG_SIZE_TOO_LARGE], b"x" * 2_000_000, large)
    tomorrow_ms = int(time.time() * 1000) + 86_400_000
    refused([KafkaError.INVALID_TIMESTAMP], timestamp=tomorrow_ms)
    refused([KafkaError._UNKNOWN_PARTITION], partition=7)
    # The partition works as before, and holds nothing of all that.
    write(bootstrap, "refused", [b"fine"])
    assert [message.value() for message in read(bootstrap, "refused", 1)] == [b"fine"]


def fetch_errors(bootstrap):
    lab.create_topic(bootstrap, "fetched", 1)
    write(bootstrap, "fetched", [b"x"] * 3)

    def first(topic, partition, offset):
        consumer = lab.consumer(bootstrap, topic_metadata_propagation_max_ms=100)
        consumer.assign([TopicPartition(topic, partition, offset)])
        message = consumer.poll(3)
        consumer.close()
        return message

    code = first("fetched", 0, 1000).error().code()
    assert code in [KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE], code
    # The client may keep an unknown partition to itself; it must not invent records, and others go on.
    unknown = [KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_PARTITION, KafkaError._UNKNOWN_TOPIC]
    for topic, partition in [("fetched", 9), ("fetched-unknown", 0)]:
        message = first(topic, partition, 0)
        assert message is None or message.error().code() in unknown, message
    assert len(read(bootstrap, "fetched", 3)) == 3


def auto_create(bootstrap):
    consumer = lab.consumer(bootstrap)
    # A consumer that does not want topics created gets none.
    consumer.assign([TopicPartition("auto-none", 0, OFFSET_BEGINNING)])
    consumer.poll(1)
    consumer.close()
    write(bootstrap, "auto-created", [b"x"])
    assert len(read(bootstrap, "auto-created", 1)) == 1
    known = lab.admin(bootstrap).list_topics(timeout=TIMEOUT_S).topics
    assert "auto-created" in known and "auto-none" not in known, known


def acks(bootstrap):
    lab.create_topic(bootstrap, "acks", 1)
    sent = []
    for level in ["0", "1", "all"]:
        values = [f"{level}-{number}".encode() for number in range(1000)]
        write(bootstrap, "acks", values, acks=level, enable_idempotence=False)
        sent += values
    assert [message.value() for message in read(bootstrap, "acks", len(sent))] == sent


def long_poll(bootstrap):
    lab.create_topic(bootstrap, "long-poll", 1)
    consumer = lab.consumer(bootstrap, fetch_wait_max_ms=10_000)
    consumer.assign([TopicPartition("long-poll", 0, OFFSET_BEGINNING)])
    assert consumer.poll(2) is None, "a record out of nowhere"
    delays_ms = []
    for number in range(5):
        write(bootstrap, "long-poll", [b"%d" % number])
        written = time.monotonic()
        message = consumer.poll(TIMEOUT_S)
        delays_ms.append(round((time.monotonic() - written) * 1000))
        assert message.value() == b"%d" % number
        time.sleep(0.2)
    # It waits in the broker, and is woken by the record, not by the end of the wait.
    assert max(delays_ms) < 1000, delays_ms
    consumer.close()


def unsupported(bootstrap):
    # Ours: access control is not built yet. A clear error, in good time, and the connection goes on.
    begun = time.monotonic()
    anything = AclBindingFilter(
        ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY
    )
    try:
        lab.admin(bootstrap).describe_acls(anything, request_timeout=10).result()
        raise AssertionError("access control is said to work")
    except KafkaException:
        assert time.monotonic() - begun < 15
    lab.create_topic(bootstrap, "supported", 1)
    write(bootstrap, "supported", [b"x"])
    assert len(read(bootstrap, "supported", 1)) == 1


def write(bootstrap, topic, values, timestamp=0, partition=-1, **settings):
    producer = lab.producer(bootstrap, **settings)
    failures = []
    for value in values:
        producer.produce(
            topic,
            value,
            timestamp=timestamp,
            partition=partition,
            on_delivery=lambda error, _: failures.append(error) if error else None,
        )
    assert producer.flush(TIMEOUT_S) == 0, "unanswered"
    assert not failures, failures[0]


def read(bootstrap, topic, count):
    """The first `count` messages; fails when they do not come, or more come right after them."""
    consumer = lab.consumer(bootstrap)
    known = consumer.list_topics(topic, TIMEOUT_S).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in known])
    messages = []
    deadline = time.monotonic() + TIMEOUT_S
    while len(messages) < count and time.monotonic() < deadline:
        messages += consumer.consume(count - len(messages), timeout=0.2)
    messages += consumer.consume(1, timeout=0.2)
    consumer.close()
    for message in messages:
        assert message.error() is None, message.error()
    assert len(messages) == count, f"{len(messages)} messages, not {count}"
    return messages


def error_of(future):
    """The code of the error that a future ends with."""
    try:
        future.result(TIMEOUT_S)
    except KafkaException as raised:
        return raised.args[0].code()
    raise AssertionError("accepted")


CHECKS = [
    topics,
    topic_errors,
    partitions,
    configs,
    cluster,
    list_offsets,
    append_time,
    record_shapes,
    produce_errors,
    fetch_errors,
    auto_create,
    acks,
    long_poll,
    unsupported,
]


def main():
    by_name = {check.__name__.replace("_", "-"): check for check in CHECKS}
    parser = lab.arguments()
    parser.add_argument("name", choices=by_name)
    args = parser.parse_args()
    by_name[args.name](args.bootstrap)


main()

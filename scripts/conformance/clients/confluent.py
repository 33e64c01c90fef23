"""confluent-kafka: librdkafka as of today. See kit.py for how it is called."""

import time

import confluent_kafka
from confluent_kafka import (
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    OFFSET_BEGINNING,
    Consumer,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)

import kit

TIMEOUT_S = 30


def admin(args):
    return AdminClient({"bootstrap.servers": args.bootstrap})


def topic(args, suffix="", partitions=1, **config):
    name = f"{args.prefix}{suffix}"
    settings = {key.replace("_", "."): value for key, value in config.items()}
    client = admin(args)
    client.create_topics([NewTopic(name, partitions, 1, config=settings)])[name].result(TIMEOUT_S)
    return name


def producer(args, **settings):
    named = {key.replace("_", "."): value for key, value in settings.items()}
    return Producer({"bootstrap.servers": args.bootstrap, "linger.ms": 5, **named})


def consumer(args, group=None, **settings):
    named = {key.replace("_", "."): value for key, value in settings.items()}
    return Consumer({
        "bootstrap.servers": args.bootstrap,
        "group.id": group or f"{args.prefix}-unused",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "check.crcs": True,
        **named,
    })


def write(client, name, values, **where):
    errors = []
    for value in values:
        client.produce(name, value, on_delivery=lambda error, _: error and errors.append(error), **where)
        client.poll(0)
    assert client.flush(TIMEOUT_S) == 0 and not errors, errors[:1]


def read_all(args, name, partitions=1, **settings):
    """All of a topic that this client may see now."""
    client = consumer(args, enable_partition_eof=True, **settings)
    client.assign([TopicPartition(name, number, OFFSET_BEGINNING) for number in range(partitions)])
    found, ends = [], 0
    while ends < partitions:
        message = client.poll(TIMEOUT_S)
        assert message is not None, f"nothing came, after {len(found)} messages"
        if message.error() is None:
            found.append(message.value())
        elif message.error().code() == KafkaError._PARTITION_EOF:
            ends += 1
        else:
            raise KafkaException(message.error())
    client.close()
    return found


def take(client, count):
    found = []
    while len(found) < count:
        batch = client.consume(count - len(found), TIMEOUT_S)
        assert batch, f"nothing came, after {len(found)} messages"
        for message in batch:
            assert message.error() is None, message.error()
        found.extend(batch)
    return found


def refused(expected, action, *args, **named):
    try:
        result = action(*args, **named)
        for future in result.values() if isinstance(result, dict) else []:
            future.result(TIMEOUT_S)
    except KafkaException as error:
        code = error.args[0].code()
        assert code == expected, f"{error.args[0]}, {KafkaError(expected).name()} expected"
        return
    raise AssertionError(f"no error, {KafkaError(expected).name()} expected")


def codec(args, name):
    at, values = topic(args), kit.values(1000)
    write(producer(args, compression_type=name), at, values)
    kit.same(read_all(args, at), values)


def resume(args):
    at, values = topic(args), kit.values(100)
    write(producer(args), at, values)
    client = consumer(args, args.prefix)
    client.subscribe([at])
    kit.same([m.value() for m in take(client, 40)], values[:40])
    client.commit(offsets=[TopicPartition(at, 0, 40, metadata="forty")], asynchronous=False)
    client.close()
    client = consumer(args, args.prefix)
    client.subscribe([at])
    kit.same([m.value() for m in take(client, 60)], values[40:])
    committed = client.committed([TopicPartition(at, 0)], TIMEOUT_S)[0]
    assert (committed.offset, committed.metadata) == (40, "forty"), committed
    other = consumer(args, f"{args.prefix}-other")
    other.subscribe([at])
    kit.same([m.value() for m in take(other, 100)], values)
    client.close()
    other.close()


def replay(args):
    at, values, start = topic(args), kit.values(100), 1_700_000_000_000
    client = producer(args)
    for number, value in enumerate(values):
        client.produce(at, value, timestamp=start + number * 1000)
    assert client.flush(TIMEOUT_S) == 0
    reader = consumer(args, args.prefix)
    reader.subscribe([at])
    take(reader, 100)
    reader.commit(asynchronous=False)
    found = reader.offsets_for_times([TopicPartition(at, 0, start + 70_000)], TIMEOUT_S)[0]
    assert found.offset == 70, found
    for offset in [found.offset, 10, OFFSET_BEGINNING]:
        reader.seek(TopicPartition(at, 0, offset))
        expected = values[max(offset, 0):]
        kit.same([m.value() for m in take(reader, len(expected))], expected)
    reader.close()
    # Kafka's way: the group's offsets are altered while it is empty.
    back = ConsumerGroupTopicPartitions(args.prefix, [TopicPartition(at, 0, 25)])
    client = admin(args)
    client.alter_consumer_group_offsets([back])[args.prefix].result(TIMEOUT_S)
    reader = consumer(args, args.prefix)
    reader.subscribe([at])
    kit.same([m.value() for m in take(reader, 75)], values[25:])
    reader.close()


def idempotence(args):
    at, values = topic(args), kit.values(1000)
    client = producer(args, enable_idempotence=True, linger_ms=0, reconnect_backoff_max_ms=100)
    for first in range(0, len(values), 20):
        write(client, at, values[first:first + 20])
    kit.same(read_all(args, at), values)


def transactions(args):
    source, sink, values = topic(args, "-in", 2), topic(args, "-out", 2), kit.values(200)
    write(producer(args), source, values)
    reader = consumer(args, args.prefix, isolation_level="read_committed")
    reader.subscribe([source])
    writer = producer(args, transactional_id=args.prefix)
    writer.init_transactions(TIMEOUT_S)
    done = aborted = rounds = 0
    while done < len(values):
        messages = take(reader, min(20, len(values) - done))
        rounds += 1
        writer.begin_transaction()
        for message in messages:
            writer.produce(sink, message.value())
        writer.send_offsets_to_transaction(
            reader.position(reader.assignment()), reader.consumer_group_metadata(), TIMEOUT_S)
        if rounds % 3 == 0:
            aborted += 1
            # An abort throws away what was not sent yet, and there is to be something that readers do not see.
            writer.flush(TIMEOUT_S)
            writer.abort_transaction(TIMEOUT_S)
            for at in reader.committed(reader.assignment(), TIMEOUT_S):
                reader.seek(TopicPartition(at.topic, at.partition, max(at.offset, 0)))
        else:
            writer.commit_transaction(TIMEOUT_S)
            done += len(messages)
    committed = sum(max(at.offset, 0) for at in reader.committed(reader.assignment(), TIMEOUT_S))
    assert committed == len(values), committed
    reader.close()
    kit.soon_same(lambda: sorted(read_all(args, sink, 2, isolation_level="read_committed")), values)
    assert len(read_all(args, sink, 2, isolation_level="read_uncommitted")) > len(values)
    return f"{rounds} transactions, {aborted} aborted"


def read_committed(args):
    at = topic(args)
    writer = producer(args, transactional_id=args.prefix)
    writer.init_transactions(TIMEOUT_S)
    for value, end in [(b"a", "commit"), (b"b", "abort"), (b"c", "commit"), (b"d", "")]:
        writer.begin_transaction()
        write(writer, at, [value])
        if end:
            getattr(writer, f"{end}_transaction")(TIMEOUT_S)
    write(producer(args), at, [b"e"])
    kit.same(read_all(args, at, isolation_level="read_committed"), [b"a", b"c"])
    kit.same(read_all(args, at, isolation_level="read_uncommitted"), [b"a", b"b", b"c", b"d", b"e"])
    writer.commit_transaction(TIMEOUT_S)
    kit.soon_same(lambda: read_all(args, at, isolation_level="read_committed"), [b"a", b"c", b"d", b"e"])


def fencing(args):
    at = topic(args)
    old, new = (producer(args, transactional_id=args.prefix) for _ in range(2))
    old.init_transactions(TIMEOUT_S)
    old.begin_transaction()
    write(old, at, [b"old"])
    new.init_transactions(TIMEOUT_S)
    refused(KafkaError._FENCED, old.commit_transaction, TIMEOUT_S)
    new.begin_transaction()
    write(new, at, [b"new"])
    new.commit_transaction(TIMEOUT_S)
    kit.soon_same(lambda: read_all(args, at, isolation_level="read_committed"), [b"new"])


def topics(args):
    name, client = topic(args, partitions=2), admin(args)
    client.create_partitions([NewPartitions(name, 4)])[name].result(TIMEOUT_S)
    known = client.list_topics(timeout=TIMEOUT_S).topics
    assert len(known[name].partitions) == 4, known[name].partitions
    write(producer(args), name, [b"a", b"b"], partition=3)
    at = TopicPartition(name, 3)
    ends = client.list_offsets({at: OffsetSpec.latest()})[at].result(TIMEOUT_S)
    assert ends.offset == 2, ends
    client.delete_topics([name])[name].result(TIMEOUT_S)
    assert name not in client.list_topics(timeout=TIMEOUT_S).topics


def configs(args):
    name, client = topic(args, retention_ms="100000"), admin(args)
    node = str(next(iter(client.list_topics(timeout=TIMEOUT_S).brokers)))

    def described(kind, of):
        resource = ConfigResource(kind, of)
        return client.describe_configs([resource])[resource].result(TIMEOUT_S)

    def altered(value, operation):
        entry = ConfigEntry("retention.ms", value, incremental_operation=operation)
        resource = ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=[entry])
        client.incremental_alter_configs([resource])[resource].result(TIMEOUT_S)
        return described(ConfigResource.Type.TOPIC, name)["retention.ms"]

    assert described(ConfigResource.Type.TOPIC, name)["retention.ms"].value == "100000"
    assert described(ConfigResource.Type.BROKER, node)["node.id"].value == node
    assert altered("200000", AlterConfigOpType.SET).value == "200000"
    reset = altered(None, AlterConfigOpType.DELETE)
    assert reset.is_default and reset.value == "604800000", reset


def groups(args):
    at, client = topic(args), admin(args)
    write(producer(args), at, kit.values(10))
    reader = consumer(args, args.prefix)
    reader.subscribe([at])
    take(reader, 10)
    reader.commit(asynchronous=False)
    listed = {group.group_id: group for group in client.list_consumer_groups().result(TIMEOUT_S).valid}
    assert args.prefix in listed, listed
    described = client.describe_consumer_groups([args.prefix])[args.prefix].result(TIMEOUT_S)
    assert described.state == ConsumerGroupState.STABLE, described.state
    assert [p.partition for p in described.members[0].assignment.topic_partitions] == [0]
    refused(KafkaError.NON_EMPTY_GROUP, client.delete_consumer_groups, [args.prefix])
    offsets = client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(args.prefix)])
    assert offsets[args.prefix].result(TIMEOUT_S).topic_partitions[0].offset == 10
    reader.close()
    client.delete_consumer_groups([args.prefix])[args.prefix].result(TIMEOUT_S)
    listed = [group.group_id for group in client.list_consumer_groups().result(TIMEOUT_S).valid]
    assert args.prefix not in listed, listed


def delete_records(args):
    at, client, values = topic(args), admin(args), kit.values(100)
    write(producer(args), at, values)
    before = TopicPartition(at, 0, 60)
    low = client.delete_records([before])[before].result(TIMEOUT_S).low_watermark
    assert low == 60, low
    kit.same(read_all(args, at), values[60:])


def errors(args):
    client, at = admin(args), topic(args, max_message_bytes="10000")
    refused(KafkaError.TOPIC_ALREADY_EXISTS, client.create_topics, [NewTopic(at, 1, 1)])
    refused(KafkaError.TOPIC_EXCEPTION, client.create_topics, [NewTopic("a/b", 1, 1)])
    refused(KafkaError.INVALID_REPLICATION_FACTOR, client.create_topics, [NewTopic(f"{at}-3", 1, 3)])
    refused(KafkaError.UNKNOWN_TOPIC_OR_PART, client.delete_topics, [f"{at}-unknown"])
    seen = []
    writer = producer(args)
    writer.produce(at, b"x" * 20_000, on_delivery=lambda error, _: seen.append(error.code()))
    writer.flush(TIMEOUT_S)
    assert seen == [KafkaError.MSG_SIZE_TOO_LARGE], seen
    reader = consumer(args, auto_offset_reset="error")
    reader.assign([TopicPartition(at, 0, 1000)])
    message = reader.poll(TIMEOUT_S)
    assert message.error().code() == KafkaError._AUTO_OFFSET_RESET, message.error()
    refused(KafkaError.GROUP_ID_NOT_FOUND, client.delete_consumer_groups, [f"{at}-unknown"])
    member = consumer(args, args.prefix)
    member.subscribe([at])
    kit.until(lambda: member.poll(0.2) is None and member.assignment(), what="no assignment")
    stranger = consumer(args, args.prefix)
    offset = TopicPartition(at, 0, 1)
    refused(KafkaError.UNKNOWN_MEMBER_ID, stranger.commit, offsets=[offset], asynchronous=False)
    member.close()
    return "8 kinds"


def member(args):
    settings = {"group_protocol": "consumer"} if args.protocol == "consumer" else {
        "session_timeout_ms": kit.SESSION_MS, "heartbeat_interval_ms": 1000}
    client = consumer(args, args.group, **settings)
    # Nothing has changed when a member is only told what it has.
    told = None
    client.subscribe([args.topic])
    while True:
        batch = client.consume(100, 0.1)
        now = sorted(at.partition for at in client.assignment())
        if now != told:
            kit.note("assigned", *now)
            told = now
        heard(client, [message for message in batch if message.error() is None])


def heard(client, messages):
    spans = {}
    for message in messages:
        first, _ = spans.get(message.partition(), (message.offset(), 0))
        spans[message.partition()] = (first, message.offset() + 1)
    for partition, (first, after) in spans.items():
        kit.note("read", partition, first, after)
    try:
        if messages:
            client.commit(asynchronous=False)
            for partition, (_, after) in spans.items():
                kit.note("committed", partition, after)
    except KafkaException:
        # The partition was taken away meanwhile: whoever has it reads these again.
        time.sleep(0.01)


FEATURES = {
    "version": lambda args: f"{confluent_kafka.__version__}, librdkafka {confluent_kafka.libversion()[0]}",
    "codec": codec,
    "group": kit.is_a_member,
    "group-consumer": kit.is_a_member,
    "resume": resume,
    "replay": replay,
    "idempotence": idempotence,
    "transactions": transactions,
    "read-committed": read_committed,
    "fencing": fencing,
    "topics": topics,
    "configs": configs,
    "groups": groups,
    "txn-admin": kit.cannot("no such calls"),
    "delete-records": delete_records,
    "errors": errors,
}

if __name__ == "__main__":
    kit.run(FEATURES, member)

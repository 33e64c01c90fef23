"""kafka-python: a client in nothing but Python. See kit.py for how it is called."""

import logging
import time

import kafka
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka import errors as kafka_errors
from kafka.admin import AlterConfigOp, ConfigResource, OffsetSpec

import kit

TIMEOUT_S = 30
TIMEOUT_MS = TIMEOUT_S * 1000


def admin(args):
    return KafkaAdminClient(bootstrap_servers=args.bootstrap)


def topic(args, suffix="", partitions=1, **config):
    name = f"{args.prefix}{suffix}"
    settings = {key.replace("_", "."): value for key, value in config.items()}
    options = {"num_partitions": partitions, "replication_factor": 1, "configs": settings}
    admin(args).create_topics({name: options}, wait_for_metadata=True)
    return name


def producer(args, **settings):
    return KafkaProducer(bootstrap_servers=args.bootstrap, linger_ms=5, **settings)


def consumer(args, group=None, **settings):
    defaults = {"enable_auto_commit": False, "auto_offset_reset": "earliest", "session_timeout_ms": kit.SESSION_MS}
    return KafkaConsumer(
        bootstrap_servers=args.bootstrap, group_id=group, consumer_timeout_ms=TIMEOUT_MS, **defaults | settings)


def write(client, name, values, **where):
    sent = [client.send(name, value, **where) for value in values]
    client.flush(TIMEOUT_S)
    for future in sent:
        future.get(TIMEOUT_S)


def read_all(args, name, partitions=1, **settings):
    """All of a topic that this client may see now."""
    client = consumer(args, **settings)
    places = [TopicPartition(name, number) for number in range(partitions)]
    client.assign(places)
    client.seek_to_beginning(*places)
    ends, found = client.end_offsets(places), []
    end = time.monotonic() + TIMEOUT_S
    while any(client.position(place) < ends[place] for place in places):
        assert time.monotonic() < end, f"not at {ends} after {len(found)} messages"
        found.extend(message.value for batch in client.poll(200).values() for message in batch)
    client.close()
    return found


def take(client, count):
    found, end = [], time.monotonic() + TIMEOUT_S
    while len(found) < count:
        assert time.monotonic() < end, f"nothing came, after {len(found)} messages"
        found.extend(m for batch in client.poll(200, max_records=count - len(found)).values() for m in batch)
    return found


def took(client, count):
    return [message.value for message in take(client, count)]


def at_offset(offset, metadata=""):
    return OffsetAndMetadata(offset, metadata, -1)


def refused(expected, action, *args, **named):
    try:
        result = action(*args, **named)
    except expected:
        return
    raise AssertionError(f"{result} instead of {expected.__name__}")


def codec(args, name):
    at, values = topic(args), kit.values(1000)
    write(producer(args, compression_type=None if name == "none" else name), at, values)
    kit.same(read_all(args, at), values)


def resume(args):
    at, values = topic(args), kit.values(100)
    write(producer(args), at, values)
    place = TopicPartition(at, 0)
    client = consumer(args, args.prefix)
    client.subscribe([at])
    kit.same(took(client, 40), values[:40])
    client.commit({place: at_offset(40, "forty")})
    client.close(autocommit=False)
    client = consumer(args, args.prefix)
    client.subscribe([at])
    kit.same(took(client, 60), values[40:])
    committed = client.committed(place, metadata=True)
    assert (committed.offset, committed.metadata) == (40, "forty"), committed
    other = consumer(args, f"{args.prefix}-other")
    other.subscribe([at])
    kit.same(took(other, 100), values)
    client.close()
    other.close()


def replay(args):
    at, values, start = topic(args), kit.values(100), 1_700_000_000_000
    client, place = producer(args), TopicPartition(at, 0)
    for number, value in enumerate(values):
        client.send(at, value, timestamp_ms=start + number * 1000)
    client.flush(TIMEOUT_S)
    reader = consumer(args, args.prefix)
    reader.subscribe([at])
    take(reader, 100)
    reader.commit()
    found = reader.offsets_for_times({place: start + 70_000})[place]
    assert found.offset == 70, found
    for offset in [found.offset, 10]:
        reader.seek(place, offset)
        kit.same(took(reader, 100 - offset), values[offset:])
    reader.seek_to_beginning(place)
    kit.same(took(reader, 100), values)
    reader.close()
    # Each partition has an error of its own, while the group is not empty yet.
    client = admin(args)

    def is_reset():
        return client.reset_group_offsets(args.prefix, {place: 25})[place]["error"] is kafka_errors.NoError

    kit.until(is_reset, what="the group does not become empty")
    reader = consumer(args, args.prefix)
    reader.subscribe([at])
    kit.same(took(reader, 75), values[25:])
    reader.close()


def idempotence(args):
    at, values = topic(args), kit.values(1000)
    client = producer(args, enable_idempotence=True)
    for first in range(0, len(values), 20):
        write(client, at, values[first:first + 20])
    kit.same(read_all(args, at), values)


def transactions(args):
    source, sink, values = topic(args, "-in", 2), topic(args, "-out", 2), kit.values(200)
    write(producer(args), source, values)
    reader = consumer(args, args.prefix, isolation_level="read_committed")
    reader.subscribe([source])
    writer = producer(args, transactional_id=args.prefix)
    writer.init_transactions()
    done = aborted = rounds = 0
    while done < len(values):
        messages = take(reader, min(20, len(values) - done))
        rounds += 1
        writer.begin_transaction()
        for message in messages:
            writer.send(sink, message.value)
        positions = {place: at_offset(reader.position(place)) for place in reader.assignment()}
        writer.send_offsets_to_transaction(positions, reader.group_metadata())
        if rounds % 3 == 0:
            aborted += 1
            writer.abort_transaction()
            for place in reader.assignment():
                reader.seek(place, reader.committed(place) or 0)
        else:
            writer.commit_transaction()
            done += len(messages)
    committed = sum(reader.committed(place) or 0 for place in reader.assignment())
    assert committed == len(values), committed
    reader.close()
    kit.soon_same(lambda: sorted(read_all(args, sink, 2, isolation_level="read_committed")), values)
    assert len(read_all(args, sink, 2, isolation_level="read_uncommitted")) > len(values)
    return f"{rounds} transactions, {aborted} aborted"


def read_committed(args):
    at = topic(args)
    writer = producer(args, transactional_id=args.prefix)
    writer.init_transactions()
    for value, end in [(b"a", "commit"), (b"b", "abort"), (b"c", "commit"), (b"d", "")]:
        writer.begin_transaction()
        write(writer, at, [value])
        if end:
            getattr(writer, f"{end}_transaction")()
    write(producer(args), at, [b"e"])
    kit.same(read_all(args, at, isolation_level="read_committed"), [b"a", b"c"])
    kit.same(read_all(args, at, isolation_level="read_uncommitted"), [b"a", b"b", b"c", b"d", b"e"])
    writer.commit_transaction()
    kit.soon_same(lambda: read_all(args, at, isolation_level="read_committed"), [b"a", b"c", b"d", b"e"])


FENCED = (kafka_errors.ProducerFencedError, kafka_errors.InvalidProducerEpochError)


def fencing(args):
    at = topic(args)
    old, new = (producer(args, transactional_id=args.prefix) for _ in range(2))
    old.init_transactions()
    old.begin_transaction()
    write(old, at, [b"old"])
    new.init_transactions()
    try:
        old.commit_transaction()
        raise AssertionError("the older producer commits")
    except kafka_errors.KafkaError as error:
        assert isinstance(error, FENCED) or isinstance(error.__cause__, FENCED), repr(error)
    new.begin_transaction()
    write(new, at, [b"new"])
    new.commit_transaction()
    kit.soon_same(lambda: read_all(args, at, isolation_level="read_committed"), [b"new"])


def topics(args):
    name, client = topic(args, partitions=2), admin(args)
    client.create_partitions({name: 4})
    described = client.describe_topics([name])[0]
    assert len(described["partitions"]) == 4, described
    write(producer(args), name, [b"a", b"b"], partition=3)
    place = TopicPartition(name, 3)
    ends = client.list_partition_offsets({place: OffsetSpec.LATEST})
    assert ends[place].offset == 2, ends
    client.delete_topics([name])
    assert name not in client.list_topics()


def configs(args):
    name, client = topic(args, retention_ms="100000"), admin(args)
    node = str(client.describe_cluster()["brokers"][0]["broker_id"])

    def described(kind, of):
        found = client.describe_configs([ConfigResource(kind, of)], config_filter="all")
        return found[kind][of]

    def altered(operation, value):
        change = ConfigResource("topic", name, {"retention.ms": (operation, value)})
        client.alter_configs([change], incremental=True)
        return described("topic", name)["retention.ms"]["value"]

    assert described("topic", name)["retention.ms"]["value"] == "100000"
    assert described("broker", node)["node.id"]["value"] == node
    assert altered(AlterConfigOp.SET, "200000") == "200000"
    assert altered(AlterConfigOp.DELETE, None) == "604800000"


def groups(args):
    at, client = topic(args), admin(args)
    write(producer(args), at, kit.values(10))
    reader = consumer(args, args.prefix)
    reader.subscribe([at])
    take(reader, 10)
    reader.commit()
    assert args.prefix in [group["group_id"] for group in client.list_groups()]
    described = client.describe_groups([args.prefix])[args.prefix]
    assert described["group_state"] == "Stable" and len(described["members"]) == 1, described
    deleted = client.delete_groups([args.prefix])[args.prefix]
    assert "NonEmptyGroup" in repr(deleted), deleted
    offsets = client.list_group_offsets({args.prefix: None})[args.prefix]
    assert offsets[TopicPartition(at, 0)].offset == 10, offsets
    reader.close()
    client.delete_groups([args.prefix])
    assert args.prefix not in [group["group_id"] for group in client.list_groups()]


def txn_admin(args):
    at, client = topic(args), admin(args)
    writer = producer(args, transactional_id=args.prefix)
    writer.init_transactions()
    writer.begin_transaction()
    write(writer, at, [b"a"])
    listed = [found for each in client.list_transactions().values() for found in each]
    states = {found.transactional_id: found.state.value for found in listed}
    assert states[args.prefix] == "Ongoing", states
    described = client.describe_transactions([args.prefix])[args.prefix]
    assert described.topic_partitions == {TopicPartition(at, 0)}, described
    place = TopicPartition(at, 0)
    active = client.describe_producers([place])[place].active_producers
    assert [found.producer_id for found in active] == [described.producer_id], active
    assert active[0].current_transaction_start_offset == 0, active
    writer.commit_transaction()

    def state():
        return client.describe_transactions([args.prefix])[args.prefix].state.value

    # Its markers are written after the commit was answered.
    kit.until(lambda: state() == "CompleteCommit", what="not committed")


def delete_records(args):
    at, values = topic(args), kit.values(100)
    write(producer(args), at, values)
    place = TopicPartition(at, 0)
    low = admin(args).delete_records({place: 60})[place]
    assert low["low_watermark"] == 60, low
    kit.same(read_all(args, at), values[60:])


def errors(args):
    client, at = admin(args), topic(args, max_message_bytes="10000")
    one = {"num_partitions": 1, "replication_factor": 1}
    refused(kafka_errors.TopicAlreadyExistsError, client.create_topics, {at: one})
    refused(kafka_errors.InvalidTopicError, client.create_topics, {"a/b": one})
    three = {"num_partitions": 1, "replication_factor": 3}
    refused(kafka_errors.InvalidReplicationFactorError, client.create_topics, {f"{at}-3": three})
    refused(kafka_errors.UnknownTopicOrPartitionError, client.delete_topics, [f"{at}-unknown"])
    refused(kafka_errors.MessageSizeTooLargeError, write, producer(args), at, [b"x" * 20_000])
    reader = consumer(args, auto_offset_reset="none")
    reader.assign([TopicPartition(at, 0)])
    reader.seek(TopicPartition(at, 0), 1000)
    refused(kafka_errors.OffsetOutOfRangeError, lambda: [reader.poll(1000) for _ in range(10)])
    unknown = client.delete_groups([f"{at}-unknown"])
    assert "GroupIdNotFound" in repr(unknown), unknown
    member = consumer(args, args.prefix)
    member.subscribe([at])
    kit.until(lambda: member.poll(200) == {} and member.assignment(), what="no assignment")
    stranger = consumer(args, args.prefix)
    stranger.assign([TopicPartition(at, 0)])
    # Kafka's word is UNKNOWN_MEMBER_ID; this client says that its group has moved on.
    refused(kafka_errors.CommitFailedError, stranger.commit, {TopicPartition(at, 0): at_offset(1)})
    member.close()
    return "8 kinds"


def member(args):
    client = consumer(args, args.group, heartbeat_interval_ms=1000)
    client.subscribe([args.topic])
    told = None
    while True:
        batches = client.poll(100)
        now = sorted(place.partition for place in client.assignment())
        if now != told:
            kit.note("assigned", *now)
            told = now
        for place, messages in batches.items():
            kit.note("read", place.partition, messages[0].offset, messages[-1].offset + 1)
        try:
            if batches:
                client.commit()
                for place, messages in batches.items():
                    kit.note("committed", place.partition, messages[-1].offset + 1)
        except kafka_errors.KafkaError:
            # The partition was taken away meanwhile: whoever has it reads these again.
            time.sleep(0.01)


FEATURES = {
    "version": lambda args: kafka.__version__,
    "codec": codec,
    "group": kit.is_a_member,
    "group-consumer": kit.cannot("knows the classic protocol only"),
    "resume": resume,
    "replay": replay,
    "idempotence": idempotence,
    "transactions": transactions,
    "read-committed": read_committed,
    "fencing": fencing,
    "topics": topics,
    "configs": configs,
    "groups": groups,
    "txn-admin": txn_admin,
    "delete-records": delete_records,
    "errors": errors,
}

if __name__ == "__main__":
    # For whoever looks into a failure.
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    kit.run(FEATURES, member)

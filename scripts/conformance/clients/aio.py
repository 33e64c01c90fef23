"""aiokafka: a client for asyncio. See kit.py for how it is called."""

import asyncio
import functools
from contextlib import AsyncExitStack

import aiokafka
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka import errors as kafka_errors
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import OffsetAndMetadata

import kit

TIMEOUT_S = 30
TIMEOUT_MS = TIMEOUT_S * 1000


class Bench:
    """Clients that are stopped at the end, whatever happens."""

    def __init__(self, args, stack):
        self.args, self.stack = args, stack

    async def admin(self):
        client = AIOKafkaAdminClient(bootstrap_servers=self.args.bootstrap)
        await client.start()
        self.stack.push_async_callback(client.close)
        return client

    async def topic(self, suffix="", partitions=1, **config):
        name = f"{self.args.prefix}{suffix}"
        settings = {key.replace("_", "."): value for key, value in config.items()}
        await created(await self.admin(), NewTopic(name, partitions, 1, topic_configs=settings))
        return name

    async def producer(self, **settings):
        client = AIOKafkaProducer(bootstrap_servers=self.args.bootstrap, **{"acks": "all"} | settings)
        await client.start()
        self.stack.push_async_callback(client.stop)
        return client

    async def consumer(self, *topics, group=None, **settings):
        defaults = {"enable_auto_commit": False, "auto_offset_reset": "earliest"}
        client = AIOKafkaConsumer(
            *topics, bootstrap_servers=self.args.bootstrap, group_id=group, **defaults | settings)
        await client.start()
        self.stack.push_async_callback(client.stop)
        return client


def feature(check):
    """An ordinary function of the arguments."""

    @functools.wraps(check)
    def run(args, *more):
        async def with_bench():
            async with AsyncExitStack() as stack:
                return await check(Bench(args, stack), *more)

        return asyncio.run(with_bench())

    return run


async def created(client, topic):
    raise_first(await client.create_topics([topic]))


def raise_first(response):
    errors = getattr(response, "topic_errors", None) or getattr(response, "topic_error_codes", None)
    for _, code, *_ in errors:
        if code:
            raise kafka_errors.for_code(code)()


async def write(client, name, values, **where):
    sent = [await client.send(name, value, **where) for value in values]
    await client.flush()
    await asyncio.gather(*sent)


async def read_all(bench, name, partitions=1, **settings):
    """All of a topic that this client may see now."""
    client = await bench.consumer(**settings)
    places = [TopicPartition(name, number) for number in range(partitions)]
    client.assign(places)
    await client.seek_to_beginning(*places)
    ends, found = await client.end_offsets(places), []
    async with asyncio.timeout(TIMEOUT_S):
        while any([await client.position(place) < ends[place] for place in places]):
            batches = await client.getmany(timeout_ms=200)
            found.extend(message.value for batch in batches.values() for message in batch)
    return found


async def read_committed_of(bench, name, partitions=1):
    return sorted(await read_all(bench, name, partitions, isolation_level="read_committed"))


async def soon(read, count):
    """A commit is answered before its markers are written; what it uncovers is there soon."""
    async with asyncio.timeout(TIMEOUT_S):
        while len(found := await read()) < count:
            await asyncio.sleep(0.1)
    return found


async def take(client, count):
    found = []
    async with asyncio.timeout(TIMEOUT_S):
        while len(found) < count:
            batches = await client.getmany(timeout_ms=200, max_records=count - len(found))
            found.extend(message for batch in batches.values() for message in batch)
    return found


async def took(client, count):
    return [message.value for message in await take(client, count)]


async def refused(expected, awaitable):
    try:
        result = await awaitable
    except expected:
        return
    raise AssertionError(f"{result} instead of {expected}")


@feature
async def codec(bench, name):
    at, values = await bench.topic(), kit.values(1000)
    await write(await bench.producer(compression_type=None if name == "none" else name), at, values)
    kit.same(await read_all(bench, at), values)


@feature
async def resume(bench):
    at, values, group = await bench.topic(), kit.values(100), bench.args.prefix
    await write(await bench.producer(), at, values)
    place = TopicPartition(at, 0)
    client = await bench.consumer(at, group=group)
    kit.same(await took(client, 40), values[:40])
    await client.commit({place: OffsetAndMetadata(40, "forty")})
    await client.stop()
    client = await bench.consumer(at, group=group)
    kit.same(await took(client, 60), values[40:])
    committed = await client.committed(place)
    assert committed == 40, committed
    other = await bench.consumer(at, group=f"{group}-other")
    kit.same(await took(other, 100), values)


@feature
async def replay(bench):
    at, values, start = await bench.topic(), kit.values(100), 1_700_000_000_000
    client, place = await bench.producer(), TopicPartition(at, 0)
    for number, value in enumerate(values):
        await client.send(at, value, timestamp_ms=start + number * 1000)
    await client.flush()
    reader = await bench.consumer(at, group=bench.args.prefix)
    await take(reader, 100)
    await reader.commit()
    found = (await reader.offsets_for_times({place: start + 70_000}))[place]
    assert found.offset == 70, found
    for offset in [found.offset, 10]:
        reader.seek(place, offset)
        kit.same(await took(reader, 100 - offset), values[offset:])
    await reader.seek_to_beginning(place)
    kit.same(await took(reader, 100), values)
    # A member may commit what it wants: the next one begins there.
    await reader.commit({place: 25})
    await reader.stop()
    reader = await bench.consumer(at, group=bench.args.prefix)
    kit.same(await took(reader, 75), values[25:])


@feature
async def idempotence(bench):
    at, values = await bench.topic(), kit.values(1000)
    client = await bench.producer(enable_idempotence=True)
    for first in range(0, len(values), 20):
        await write(client, at, values[first:first + 20])
    kit.same(await read_all(bench, at), values)


@feature
async def transactions(bench):
    source, sink, values = await bench.topic("-in", 2), await bench.topic("-out", 2), kit.values(200)
    group = bench.args.prefix
    await write(await bench.producer(), source, values)
    reader = await bench.consumer(source, group=group, isolation_level="read_committed")
    writer = await bench.producer(transactional_id=group)
    done = aborted = rounds = 0
    while done < len(values):
        messages = await take(reader, min(20, len(values) - done))
        rounds += 1
        await writer.begin_transaction()
        for message in messages:
            await writer.send(sink, message.value)
        positions = {place: await reader.position(place) for place in reader.assignment()}
        await writer.send_offsets_to_transaction(positions, group)
        if rounds % 3 == 0:
            aborted += 1
            await writer.abort_transaction()
            for place in reader.assignment():
                reader.seek(place, await reader.committed(place) or 0)
        else:
            await writer.commit_transaction()
            done += len(messages)
    kit.same(await soon(lambda: read_committed_of(bench, sink, 2), len(values)), values)
    committed = sum([await reader.committed(place) or 0 for place in reader.assignment()])
    assert committed == len(values), committed
    assert len(await read_all(bench, sink, 2, isolation_level="read_uncommitted")) > len(values)
    return f"{rounds} transactions, {aborted} aborted"


@feature
async def read_committed(bench):
    at, writer = await bench.topic(), await bench.producer(transactional_id=bench.args.prefix)
    for value, end in [(b"a", "commit"), (b"b", "abort"), (b"c", "commit"), (b"d", "")]:
        await writer.begin_transaction()
        await write(writer, at, [value])
        if end:
            await getattr(writer, f"{end}_transaction")()
    await write(await bench.producer(), at, [b"e"])
    kit.same(await read_all(bench, at, isolation_level="read_committed"), [b"a", b"c"])
    kit.same(await read_all(bench, at), [b"a", b"b", b"c", b"d", b"e"])
    await writer.commit_transaction()
    kit.same(await soon(lambda: read_committed_of(bench, at), 4), [b"a", b"c", b"d", b"e"])


FENCED = (kafka_errors.ProducerFenced, kafka_errors.InvalidProducerEpoch)


@feature
async def fencing(bench):
    at, old = await bench.topic(), await bench.producer(transactional_id=bench.args.prefix)
    await old.begin_transaction()
    await write(old, at, [b"old"])
    new = await bench.producer(transactional_id=bench.args.prefix)
    await refused(FENCED, old.commit_transaction())
    await new.begin_transaction()
    await write(new, at, [b"new"])
    await new.commit_transaction()
    kit.same(await soon(lambda: read_committed_of(bench, at), 1), [b"new"])


@feature
async def topics(bench):
    name, client = await bench.topic(partitions=2), await bench.admin()
    await client.create_partitions({name: NewPartitions(4)})
    described = (await client.describe_topics([name]))[0]
    assert len(described["partitions"]) == 4, described
    await write(await bench.producer(), name, [b"a", b"b"], partition=3)
    reader, place = await bench.consumer(), TopicPartition(name, 3)
    assert (await reader.end_offsets([place]))[place] == 2
    await client.delete_topics([name])
    assert name not in await client.list_topics()


@feature
async def configs(bench):
    name, client = await bench.topic(retention_ms="100000"), await bench.admin()

    async def retention():
        found = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
        return {entry[0]: entry[1] for entry in found[0].resources[0][4]}["retention.ms"]

    assert await retention() == "100000"
    # The old way: all that is not named goes back to its default.
    change = ConfigResource(ConfigResourceType.TOPIC, name, {"retention.ms": "200000"})
    answer = (await client.alter_configs([change]))[0]
    assert answer.resources[0][0] == 0, answer
    assert await retention() == "200000"


@feature
async def groups(bench):
    at, client, group = await bench.topic(), await bench.admin(), bench.args.prefix
    await write(await bench.producer(), at, kit.values(10))
    reader = await bench.consumer(at, group=group)
    await take(reader, 10)
    await reader.commit()
    assert group in [found[0] for found in await client.list_consumer_groups()]
    described = (await client.describe_consumer_groups([group]))[0].groups[0]
    assert described[2] == "Stable" and len(described[5]) == 1, described
    offsets = await client.list_consumer_group_offsets(group)
    assert offsets[TopicPartition(at, 0)].offset == 10, offsets
    return "deletes no groups"


@feature
async def delete_records(bench):
    at, client, values = await bench.topic(), await bench.admin(), kit.values(100)
    await write(await bench.producer(), at, values)
    place = TopicPartition(at, 0)
    low = (await client.delete_records({place: RecordsToDelete(60)}))[place]
    assert low == 60, low
    kit.same(await read_all(bench, at), values[60:])


@feature
async def errors(bench):
    at, client = await bench.topic(max_message_bytes="10000"), await bench.admin()
    await refused(kafka_errors.TopicAlreadyExistsError, created(client, NewTopic(at, 1, 1)))
    await refused(kafka_errors.InvalidTopicError, created(client, NewTopic("a/b", 1, 1)))
    three = NewTopic(f"{at}-3", 1, 3)
    await refused(kafka_errors.InvalidReplicationFactorError, created(client, three))
    deleted = await client.delete_topics([f"{at}-unknown"])
    assert kafka_errors.UnknownTopicOrPartitionError.errno in [e[1] for e in deleted.topic_error_codes]
    big = write(await bench.producer(), at, [b"x" * 20_000])
    await refused(kafka_errors.MessageSizeTooLargeError, big)
    reader, place = await bench.consumer(auto_offset_reset="none"), TopicPartition(at, 0)
    reader.assign([place])
    reader.seek(place, 1000)
    await refused(kafka_errors.OffsetOutOfRangeError, reader.getone())
    member = await bench.consumer(at, group=bench.args.prefix)
    async with asyncio.timeout(TIMEOUT_S):
        while not member.assignment():
            await member.getmany(timeout_ms=200)
    stranger = await bench.consumer(group=bench.args.prefix)
    stranger.assign([place])
    # Kafka's word is UNKNOWN_MEMBER_ID; this client says that its group has moved on.
    strange = (kafka_errors.CommitFailedError, kafka_errors.UnknownMemberIdError)
    await refused(strange, stranger.commit({place: 1}))
    return "7 kinds"


@feature
async def member(bench):
    args = bench.args
    client = await bench.consumer(
        args.topic, group=args.group, session_timeout_ms=kit.SESSION_MS, heartbeat_interval_ms=1000)
    told = None
    while True:
        batches = await client.getmany(timeout_ms=100)
        now = sorted(place.partition for place in client.assignment())
        if now != told:
            kit.note("assigned", *now)
            told = now
        for place, messages in batches.items():
            kit.note("read", place.partition, messages[0].offset, messages[-1].offset + 1)
        try:
            if batches:
                ends = {place: messages[-1].offset + 1 for place, messages in batches.items()}
                await client.commit(ends)
                for place, end in ends.items():
                    kit.note("committed", place.partition, end)
        except (kafka_errors.KafkaError, ValueError):
            # The partition was taken away meanwhile: whoever has it reads these again.
            await asyncio.sleep(0.01)


FEATURES = {
    "version": lambda args: aiokafka.__version__,
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
    "txn-admin": kit.cannot("no such calls"),
    "delete-records": delete_records,
    "errors": errors,
}

if __name__ == "__main__":
    kit.run(FEATURES, member)

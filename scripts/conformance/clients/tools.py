"""Kafka's own command-line tools: the classes behind kafka-topics.sh and its like. See kit.py for how it is called."""

import datetime
import json
import os
import re
import subprocess
import tempfile

import kit

TIMEOUT_S = 60
JAVA = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
KAFKA = "org.apache.kafka.tools."
CLASSES = {
    "configs": "kafka.admin.ConfigCommand",
    "console-consumer": f"{KAFKA}consumer.ConsoleConsumer",
    "console-producer": f"{KAFKA}ConsoleProducer",
    "consumer-groups": f"{KAFKA}consumer.group.ConsumerGroupCommand",
    "delete-records": f"{KAFKA}DeleteRecordsCommand",
    "get-offsets": f"{KAFKA}GetOffsetShell",
    "log-dirs": f"{KAFKA}LogDirsCommand",
    "topics": f"{KAFKA}TopicCommand",
    "transactions": f"{KAFKA}TransactionsCommand",
    "verifiable-consumer": f"{KAFKA}VerifiableConsumer",
    "verifiable-producer": f"{KAFKA}VerifiableProducer",
}


def command(args, tool, *words):
    classpath = os.path.join(args.jars, "*")
    return [*JAVA, "-cp", classpath, CLASSES[tool], "--bootstrap-server", args.bootstrap, *words]


def kafka(args, tool, *words, text="", fails=False):
    """Runs a tool to its end: what it printed, and if it may fail also what it said about that."""
    run = subprocess.run(
        command(args, tool, *words), input=text, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert fails or run.returncode == 0, f"{tool}: status {run.returncode}: {(run.stdout + run.stderr)[-300:]}"
    return run.stdout + run.stderr if fails else run.stdout


def has(text, *expected):
    for word in expected:
        assert re.search(word, text), f"no `{word}` in {text[-400:]}"


def create(args, suffix="", partitions=1, *words):
    name = f"{args.prefix}{suffix}"
    kafka(args, "topics", "--create", "--topic", name, "--partitions", str(partitions), *words)
    return name


def values(count):
    return [value.decode() for value in kit.values(count)]


def write(args, at, lines, *words):
    kafka(args, "console-producer", "--topic", at, *words, text="".join(f"{line}\n" for line in lines))


def read(args, at, count, *words):
    limits = ["--max-messages", str(count), "--timeout-ms", "15000"]
    return kafka(args, "console-consumer", "--topic", at, *limits, *words).splitlines()


def codec(args, name):
    at = create(args)
    write(args, at, values(1000), "--compression-codec", name)
    kit.same(read(args, at, 1000, "--from-beginning"), values(1000))


def resume(args):
    at = create(args)
    kafka(args, "verifiable-producer", "--topic", at, "--max-messages", "100")
    numbers = [str(number) for number in range(100)]
    first = ["--from-beginning", "--group", at]
    kit.same(read(args, at, 40, *first), numbers[:40])
    kit.same(read(args, at, 60, *first), numbers[40:])
    kit.same(read(args, at, 100, "--from-beginning", "--group", f"{at}-other"), numbers)


def replay(args):
    """kafka-consumer-groups --reset-offsets, by each of its ways."""
    at = create(args)
    write(args, at, values(70))
    kafka(args, "console-consumer", "--topic", at, "--group", at, "--from-beginning", "--max-messages", "70")
    between = datetime.datetime.now(datetime.UTC)
    write(args, at, values(100)[70:])
    stamp = between.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    for way, offset in [
        (["--to-offset", "10"], 10),
        (["--shift-by", "15"], 25),
        (["--to-datetime", stamp], 70),
        (["--by-duration", "PT1H"], 0),
        (["--to-latest"], 100),
        (["--to-earliest"], 0),
    ]:
        said = kafka(args, "consumer-groups", "--reset-offsets", "--group", at, "--topic", at, "--execute", *way)
        has(said, rf"{re.escape(at)}\s+0\s+{offset}\b")
    kit.same(read(args, at, 100, "--group", at), values(100))
    kit.same(read(args, at, 30, "--partition", "0", "--offset", "70"), values(100)[70:])
    has(kafka(args, "get-offsets", "--topic", at, "--time", "latest"), f"{at}:0:100")


def idempotence(args):
    at = create(args)
    # Small batches, so that some answers are lost.
    write(args, at, values(1000), "--command-property", "batch.size=1000", "--command-property", "linger.ms=0")
    kit.same(read(args, at, 1000, "--from-beginning"), values(1000))
    has(kafka(args, "get-offsets", "--topic", at), f"{at}:0:1000")


def transactional(args):
    """The tools write no transactions; a program on another client does."""
    import confluent

    writer = confluent.producer(args, transactional_id=args.prefix)
    writer.init_transactions(TIMEOUT_S)

    def write(value, end):
        writer.begin_transaction()
        confluent.write(writer, args.prefix, [value])
        if end:
            getattr(writer, f"{end}_transaction")(TIMEOUT_S)

    return write


def read_committed(args):
    at = create(args)
    transaction = transactional(args)
    for value, end in [(b"a", "commit"), (b"b", "abort"), (b"c", "commit"), (b"d", "")]:
        transaction(value, end)
    write(args, at, ["e"])
    words = ["--from-beginning", "--isolation-level", "read_committed", "--timeout-ms", "3000"]
    said = kafka(args, "console-consumer", "--topic", at, *words)
    kit.same(said.splitlines(), ["a", "c"])
    kit.same(read(args, at, 5, "--from-beginning"), ["a", "b", "c", "d", "e"])


def topics(args):
    at = create(args, "", 2)
    kafka(args, "topics", "--alter", "--topic", at, "--partitions", "4")
    has(kafka(args, "topics", "--describe", "--topic", at), "PartitionCount: 4", "Leader: ", "Isr: ")
    write(args, at, values(10))
    said = kafka(args, "log-dirs", "--describe", "--topic-list", at)
    found = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    sizes = [part["size"] for dir_ in found["brokers"][0]["logDirs"] for part in dir_["partitions"]]
    assert len(sizes) == 4, said
    kafka(args, "topics", "--delete", "--topic", at)
    assert at not in kafka(args, "topics", "--list").splitlines()


def configs(args):
    at = create(args, "", 1, "--config", "retention.ms=100000")
    topic = ["--entity-type", "topics", "--entity-name", at]
    has(kafka(args, "configs", "--describe", *topic), "retention.ms=100000")
    kafka(args, "configs", "--alter", *topic, "--add-config", "retention.ms=200000,cleanup.policy=[compact,delete]")
    has(kafka(args, "configs", "--describe", *topic), "retention.ms=200000", "cleanup.policy=compact,delete")
    kafka(args, "configs", "--alter", *topic, "--delete-config", "retention.ms")
    assert "retention.ms" not in kafka(args, "configs", "--describe", *topic)
    client = ["--entity-type", "clients", "--entity-name", at]
    kafka(args, "configs", "--alter", *client, "--add-config", "producer_byte_rate=1048576")
    has(kafka(args, "configs", "--describe", *client), "producer_byte_rate=1048576")
    # Quotas are the broker's, not the topic's: those who list them all would find it.
    kafka(args, "configs", "--alter", *client, "--delete-config", "producer_byte_rate")
    assert "producer_byte_rate" not in kafka(args, "configs", "--describe", *client)
    return "topics and quotas"


def groups(args):
    at = create(args)
    write(args, at, values(10))
    read(args, at, 10, "--from-beginning", "--group", at)
    write(args, at, values(5))
    assert at in kafka(args, "consumer-groups", "--list").splitlines()
    words = ["--describe", "--group", at]
    has(kafka(args, "consumer-groups", *words), rf"{re.escape(at)}\s+0\s+10\s+15\s+5\b")
    has(kafka(args, "consumer-groups", *words, "--state"), r"Empty\s+0")
    kafka(args, "consumer-groups", "--delete-offsets", "--group", at, "--topic", at)
    kafka(args, "consumer-groups", "--delete", "--group", at)
    assert at not in kafka(args, "consumer-groups", "--list").splitlines()


def txn_admin(args):
    at = create(args)
    transaction = transactional(args)
    transaction(b"a", "")
    has(kafka(args, "transactions", "list"), rf"{re.escape(at)}\s+\d+\s+\d+\s+Ongoing")
    has(kafka(args, "transactions", "describe", "--transactional-id", at), "Ongoing", rf"{re.escape(at)}-0")
    has(kafka(args, "transactions", "describe-producers", "--topic", at, "--partition", "0"), "CurrentTransactionStartOffset")
    kafka(args, "transactions", "find-hanging", "--broker-id", "1")
    kafka(args, "transactions", "forceTerminateTransaction", "--transactionalId", at)
    has(kafka(args, "transactions", "describe", "--transactional-id", at), "Empty|CompleteAbort")


def delete_records(args):
    at = create(args)
    write(args, at, values(100))
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"version": 1, "partitions": [{"topic": at, "partition": 0, "offset": 60}]}, file)
        file.flush()
        has(kafka(args, "delete-records", "--offset-json-file", file.name), "low_watermark: 60")
    kit.same(read(args, at, 40, "--from-beginning"), values(100)[60:])


def errors(args):
    at = create(args, "", 1, "--config", "max.message.bytes=10000")

    def refused(expected, tool, *words, **named):
        has(kafka(args, tool, *words, fails=True, **named), expected)

    refused("already exists", "topics", "--create", "--topic", at)
    refused("[Rr]eplication factor", "topics", "--create", "--topic", f"{at}-3", "--replication-factor", "3")
    refused("retention.ms", "topics", "--create", "--topic", f"{at}-c", "--config", "retention.ms=-7")
    refused("does not exist", "topics", "--describe", "--topic", f"{at}-unknown")
    refused("GroupIdNotFoundException|does not exist", "consumer-groups", "--delete", "--group", f"{at}-unknown")
    refused("could not be found", "transactions", "describe", "--transactional-id", f"{at}-unknown")
    return "6 kinds"


def member(args):
    """kafka-verifiable-consumer tells what it does, one JSON object a line."""
    words = ["--topic", args.topic, "--group-id", args.group, "--group-protocol", args.protocol]
    if args.protocol == "classic":
        words += ["--session-timeout", str(kit.SESSION_MS)]
    has_now = set()
    tool = command(args, "verifiable-consumer", *words)
    kit.become(tool, lambda line: hear(json.loads(line) if line.startswith(b"{") else {}, has_now))


def hear(event, has_now):
    partitions = event.get("partitions", [])
    name = event.get("name")
    if name == "records_consumed":
        for part in partitions:
            kit.note("read", part["partition"], part["minOffset"], part["maxOffset"] + 1)
    elif name == "offsets_committed" and event["success"]:
        for part in event["offsets"]:
            kit.note("committed", part["partition"], part["offset"])
    elif name == "partitions_assigned":
        has_now.update(part["partition"] for part in partitions)
        kit.note("assigned", *sorted(has_now))
    elif name == "partitions_revoked":
        has_now.difference_update(part["partition"] for part in partitions)
        kit.note("assigned", *sorted(has_now))


FEATURES = {
    "version": lambda args: kafka(args, "topics", "--version").split()[0],
    "codec": codec,
    "group": kit.is_a_member,
    "group-consumer": kit.is_a_member,
    "resume": resume,
    "replay": replay,
    "idempotence": idempotence,
    "transactions": kit.cannot("no tool puts offsets into a transaction"),
    "read-committed": read_committed,
    "fencing": kit.cannot("no tool keeps a transaction open"),
    "topics": topics,
    "configs": configs,
    "groups": groups,
    "txn-admin": txn_admin,
    "delete-records": delete_records,
    "errors": errors,
}

if __name__ == "__main__":
    kit.run(FEATURES, member)

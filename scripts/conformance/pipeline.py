"""One worker of an exactly-once pipeline: counts flights and adds up their delay, for each airport.

    pipeline.py --bootstrap HOST:PORT --source TOPIC --table TOPIC --name NAME

Reads records of `key<TAB>json` from its partitions of the source, and in one transaction writes the new sums of the keys
to the same partitions of the table and moves the group's offsets. It keeps nothing of its own: what it knows of a
partition when it gets it, is what the table says. So it may be killed at any moment, and started again.

It prints `at PARTITION OFFSET` whenever it knows where the group is in a partition: when it gets the partition, and when
a transaction is committed.
"""

import json
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

import lab

GROUP = "airports"
# Records in a transaction, and how long to wait for them.
RECORDS_MAX = 2_000
GATHER_S = 0.05
# Without an answer for so long, something is wrong.
SILENCE_S = 60
# What the client does not repeat by itself.
PASSING = {
    KafkaError._TRANSPORT,
    KafkaError._TIMED_OUT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._WAIT_COORD,
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.UNSTABLE_OFFSET_COMMIT,
}


def main():
    parser = lab.arguments()
    parser.add_argument("--source", required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--name", required=True, help="transactional id, and member of the group, across restarts")
    worker = Worker(parser.parse_args())
    while True:
        worker.transaction()


class Worker:
    def __init__(self, args):
        self.args = args
        # By partition: key to [flights, minutes].
        self.sums = {}
        self.producer = Producer({
            **quick(args),
            "transactional.id": args.name,
            "linger.ms": 0,
        })
        # Ends what a killed predecessor has left open.
        insist(self.producer.init_transactions, SILENCE_S)
        self.consumer = reader(
            args,
            # Whoever starts again under the same name has its partitions at once.
            **{"group.instance.id": args.name, "session.timeout.ms": lab.SESSION_MS},
        )
        self.consumer.subscribe([args.source], on_assign=self.assigned, on_revoke=self.revoked)

    def transaction(self):
        """Takes some records and commits what follows from them, or undoes all of it."""
        messages = [
            message for message in self.consumer.consume(RECORDS_MAX, GATHER_S)
            if is_record(message) and message.partition() in self.sums
        ]
        if not messages:
            return
        nexts = {message.partition(): message.offset() + 1 for message in messages}
        try:
            self.producer.begin_transaction()
            for partition, key in self.add(messages):
                self.put(partition, key)
            offsets = [TopicPartition(self.args.source, partition, at) for partition, at in nexts.items()]
            group = self.consumer.consumer_group_metadata()
            insist(self.producer.send_offsets_to_transaction, offsets, group, SILENCE_S)
            insist(self.producer.commit_transaction, SILENCE_S)
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
            note("abort", error.args[0].name())
            insist(self.producer.abort_transaction, SILENCE_S)
            self.begin_anew(self.consumer.assignment(), self.consumer.seek)
            return
        for partition, at in nexts.items():
            note("at", partition, at)

    def add(self, messages):
        """Takes the records into the sums; which keys have new ones."""
        changed = set()
        for message in messages:
            sums = self.sums[message.partition()].setdefault(message.key(), [0, 0])
            sums[0] += 1
            sums[1] += json.loads(message.value())["delay_min"]
            changed.add((message.partition(), message.key()))
        return sorted(changed)

    def put(self, partition, key):
        flights, delay = self.sums[partition][key]
        value = b'{"flights":%d,"delay_min":%d}' % (flights, delay)
        while True:
            try:
                return self.producer.produce(self.args.table, value, key, partition=partition)
            except BufferError:
                self.producer.poll(0.1)

    def assigned(self, _, partitions):
        placed = []
        self.begin_anew(partitions, placed.append)
        self.consumer.assign(placed)

    def revoked(self, _, partitions):
        # A transaction is never open here: it begins and ends between two looks for records.
        for at in partitions:
            self.sums.pop(at.partition, None)

    def begin_anew(self, partitions, place):
        """Goes to where the group is, with the sums as they are there.

        First the offsets, then the sums: an offset is told only when no transaction that moves it is open, so that
        whatever belongs to it is in the table by then.
        """
        for at in insist(self.consumer.committed, partitions, SILENCE_S):
            offset = max(at.offset, 0)
            self.sums[at.partition] = load(self.args, at.partition)
            place(TopicPartition(at.topic, at.partition, offset))
            note("at", at.partition, offset)


def load(args, partition):
    """The sums in one partition of the table, up to what is its end now, open transactions included."""
    bare = reader(args, **{"isolation.level": "read_uncommitted"})
    _, end = insist(bare.get_watermark_offsets, TopicPartition(args.table, partition), SILENCE_S)
    bare.close()
    sums, table = {}, reader(args, **{"enable.partition.eof": True})
    table.assign([TopicPartition(args.table, partition, OFFSET_BEGINNING)])
    give_up, at = time.monotonic() + SILENCE_S, 0
    while at < end:
        assert time.monotonic() < give_up, f"table partition {partition}: {at} of {end} can be read"
        for message in table.consume(10_000, GATHER_S):
            if is_record(message):
                value = json.loads(message.value())
                sums[message.key()] = [value["flights"], value["delay_min"]]
                at = message.offset() + 1
            elif message.error().code() == KafkaError._PARTITION_EOF:
                # Behind what is not shown: markers, and what was aborted.
                at = message.offset()
    table.close()
    return sums


def reader(args, **settings):
    return Consumer({
        **quick(args),
        "group.id": GROUP,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "check.crcs": True,
        "fetch.wait.max.ms": 50,
        **settings,
    })


def quick(args):
    """A broker that is started again is seen at once."""
    return {
        "bootstrap.servers": args.bootstrap,
        # With the default, 2.16.0 now and then waits for ever for the broker that it gave up when all were gone.
        "metadata.recovery.strategy": "none",
        "reconnect.backoff.ms": 20,
        "reconnect.backoff.max.ms": 200,
        "retry.backoff.ms": 20,
        "log_level": 3,
    }


def is_record(message):
    """Whether it is one; an error that goes away by itself is none."""
    error = message.error()
    if error is None:
        return True
    if error.fatal():
        raise KafkaException(error)
    return False


def insist(call, *args):
    """Calls until there is an answer; a broker that is gone comes back."""
    while True:
        try:
            return call(*args)
        except KafkaException as error:
            if not error.args[0].retriable() and error.args[0].code() not in PASSING:
                raise
            note("again", call.__name__, error.args[0].name())


def note(*words):
    print(*words, flush=True)


if __name__ == "__main__":
    try:
        main()
    except KafkaException as error:
        sys.exit(f"gives up: {error}")

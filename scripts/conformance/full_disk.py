"""Fills the broker's disk: writes are refused with Kafka's error, reads go on, and room is enough to recover.

`full_disk.py --bootstrap HOST:PORT --filler PATH`: the file named by --filler is removed to make room.
"""

import os
import time

from confluent_kafka import OFFSET_BEGINNING, KafkaError, TopicPartition

import lab

VALUE_BYTES = 100_000
# More than the disk holds.
RECORDS_MAX = 10_000
# "Recovers by itself" ends here.
RECOVERY_S = 60


def main():
    parser = lab.arguments()
    parser.add_argument("--filler", required=True)
    args = parser.parse_args()
    lab.create_topic(args.bootstrap, "full", 1, **{"segment.bytes": "16777216"})
    acked = []

    code = fill(args.bootstrap, acked)
    assert code == KafkaError.KAFKA_STORAGE_ERROR, code and KafkaError(code).name()
    filled = len(acked)
    assert filled > 100, filled
    check(read_all(args.bootstrap), acked)

    os.remove(args.filler)
    begun = time.monotonic()
    while write(args.bootstrap, len(acked), acked) is not None:
        assert time.monotonic() - begun < RECOVERY_S, "there is room, and writes are still refused"
        time.sleep(0.5)
    recovered_s = time.monotonic() - begun
    # The record that got through is not a single lucky one.
    for number in range(len(acked), len(acked) + 50):
        code = write(args.bootstrap, number, acked)
        assert code is None, KafkaError(code).name()
    check(read_all(args.bootstrap), acked)
    print(f"{filled} records until it was full, writes again {recovered_s:.1f} s after there was room")


def producer(bootstrap):
    # Without retries, so that the broker's own error is seen.
    return lab.producer(bootstrap, enable_idempotence=False, retries=0, linger_ms=0, message_timeout_ms=20_000)


def write(bootstrap, number, acked):
    """Writes one record; returns the code of its error, or None."""
    codes = []
    client = producer(bootstrap)
    client.produce("full", value(number), on_delivery=lambda error, _: codes.append(error and error.code()))
    client.flush(lab.TIMEOUT_S)
    assert len(codes) == 1, "unanswered"
    if codes[0] is None:
        acked.append(number)
    return codes[0]


def fill(bootstrap, acked):
    """Writes until a record is refused; returns the code."""
    client = producer(bootstrap)
    codes = []

    def report(number):
        def reported(error, _):
            acked.append(number) if error is None else codes.append(error.code())

        return reported

    for number in range(RECORDS_MAX):
        client.produce("full", value(number), on_delivery=report(number))
        if number % 10 == 9:
            client.flush(lab.TIMEOUT_S)
        if codes:
            return codes[0]
    raise AssertionError("the disk does not fill up")


def value(number):
    return b"%d " % number + bytes(VALUE_BYTES)


def read_all(bootstrap):
    consumer = lab.consumer(bootstrap, enable_partition_eof=True)
    consumer.assign([TopicPartition("full", 0, OFFSET_BEGINNING)])
    numbers = []
    while True:
        message = consumer.poll(lab.TIMEOUT_S)
        assert message is not None, "nothing came"
        if message.error():
            assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
            consumer.close()
            return numbers
        numbers.append(int(message.value().split(b" ", 1)[0]))


def check(numbers, acked):
    lost = set(acked) - set(numbers)
    assert not lost, f"{len(lost)} acknowledged records are lost"
    assert len(numbers) == len(set(numbers)), "a record is there twice"


main()

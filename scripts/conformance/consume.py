"""Reads a topic from the beginning to the end, and prints `partition<TAB>offset<TAB>key<TAB>value` lines."""

import sys
import time

from confluent_kafka import OFFSET_BEGINNING, KafkaError, TopicPartition

import lab

# Without a record or an end of partition for so long, something is wrong.
SILENCE_S = 30
# How long to gather messages: the client waits for all it was asked for.
GATHER_S = 0.2


def main():
    parser = lab.arguments()
    parser.add_argument("--topic", required=True)
    args = parser.parse_args()
    consumer = lab.consumer(args.bootstrap, enable_partition_eof=True)
    topic = consumer.list_topics(args.topic, lab.TIMEOUT_S).topics[args.topic]
    if topic.error:
        sys.exit(str(topic.error))
    left = set(topic.partitions)
    consumer.assign([TopicPartition(args.topic, number, OFFSET_BEGINNING) for number in left])
    out = sys.stdout.buffer
    heard = time.monotonic()
    while left:
        messages = consumer.consume(10_000, timeout=GATHER_S)
        if messages:
            heard = time.monotonic()
        elif time.monotonic() - heard > SILENCE_S:
            sys.exit(f"nothing came for {SILENCE_S} s; not at their end: {places(consumer, args.topic, left)}")
        for message in messages:
            error = message.error()
            if error is None:
                out.write(b"%d\t%d\t%b\t%b\n" % (
                    message.partition(), message.offset(), message.key(), message.value(),
                ))
            elif error.code() == KafkaError._PARTITION_EOF:
                left.discard(message.partition())
            else:
                sys.exit(str(error))
    consumer.close()


def places(consumer, topic, left):
    """Where the consumer is in these partitions, and where the broker says that they end."""
    told = []
    for at in consumer.position([TopicPartition(topic, number) for number in sorted(left)]):
        heard = consumer.get_watermark_offsets(at, cached=True)
        stable = consumer.get_watermark_offsets(at, lab.TIMEOUT_S)
        told.append(f"partition {at.partition} at {at.offset}, last heard of {heard}, asked now {stable}")
    return "; ".join(told)


main()

"""Writes one record to each partition of a topic and takes it back: an aborted transaction, which no consumer of
committed records sees. What was the last segment of a partition can be closed then, if it is old enough.
"""

import time

from confluent_kafka import Producer

import lab


def main():
    parser = lab.arguments()
    parser.add_argument("--topic", required=True)
    parser.add_argument("--after-s", type=float, default=0, help="how old a segment must be")
    args = parser.parse_args()
    time.sleep(args.after_s)
    producer = Producer({"bootstrap.servers": args.bootstrap, "transactional.id": f"roll-{args.topic}"})
    producer.init_transactions(lab.TIMEOUT_S)
    producer.begin_transaction()
    for partition in producer.list_topics(args.topic, lab.TIMEOUT_S).topics[args.topic].partitions:
        producer.produce(args.topic, b"taken back", b"nobody", partition=partition)
    producer.flush(lab.TIMEOUT_S)
    producer.abort_transaction(lab.TIMEOUT_S)


main()

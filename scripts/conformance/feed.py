"""Writes records to all partitions of a topic until its input ends; then prints `PARTITION END` for each."""

import sys
import threading

import lab

PAUSE_S = 0.02


def main():
    parser = lab.arguments()
    parser.add_argument("--topic", required=True)
    args = parser.parse_args()
    producer = lab.producer(args.bootstrap)
    partitions = sorted(producer.list_topics(args.topic, lab.TIMEOUT_S).topics[args.topic].partitions)
    ends = dict.fromkeys(partitions, 0)
    failures = []

    def reported(error, message):
        if error is None:
            ends[message.partition()] = max(ends[message.partition()], message.offset() + 1)
        else:
            failures.append(str(error))

    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    number = 0
    while not stop.wait(PAUSE_S):
        for partition in partitions:
            producer.produce(args.topic, b"%d" % number, partition=partition, on_delivery=reported)
            number += 1
        producer.poll(0)
    left = producer.flush(lab.TIMEOUT_S)
    if failures or left:
        sys.exit(f"{len(failures)} failed, {left} unanswered: {failures[:1]}")
    for partition, end in ends.items():
        print(partition, end)


main()

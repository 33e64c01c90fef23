"""What the helper programs share: the address of the broker and clients on it.

They stand for a user's own programs on confluent-kafka, so they use it as its documentation does, and know nothing of
the broker but its address.
"""

import argparse

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

TIMEOUT_S = 30
SESSION_MS = 6_000


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap", required=True, help="host:port of the broker")
    return parser


def admin(bootstrap):
    return AdminClient({"bootstrap.servers": bootstrap})


def producer(bootstrap, **settings):
    named = {name.replace("_", "."): value for name, value in settings.items()}
    return Producer({
        "bootstrap.servers": bootstrap,
        "enable.idempotence": True,
        "message.timeout.ms": 120_000,
        **named,
    })


def consumer(bootstrap, **settings):
    named = {name.replace("_", "."): value for name, value in settings.items()}
    return Consumer({
        "bootstrap.servers": bootstrap,
        # The client wants a name, though partitions are assigned by hand and nothing is committed.
        "group.id": "conformance",
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "check.crcs": True,
        **named,
    })


def create_topic(bootstrap, name, partitions=1, **config):
    topic = NewTopic(name, num_partitions=partitions, replication_factor=1, config=config)
    # The client must outlive the answer.
    client = admin(bootstrap)
    client.create_topics([topic])[name].result(TIMEOUT_S)

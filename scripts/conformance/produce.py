"""Writes a file of `key<TAB>value` lines, keyed and idempotent, and notes which lines were acknowledged.

The number of each acknowledged line is written to the file named by --acked as it is reported, so that whoever kills
the broker meanwhile knows what must be there afterwards. Fails if a record was given up.
"""

import sys

import lab

# Between two looks at what was acknowledged.
LINES_PER_POLL = 500


def main():
    parser = lab.arguments()
    parser.add_argument("--topic", required=True)
    parser.add_argument("--file", required=True)
    parser.add_argument("--acked", required=True)
    parser.add_argument("--compression", default="none")
    args = parser.parse_args()
    producer = lab.producer(args.bootstrap, compression_type=args.compression)
    failures = []

    with open(args.acked, "w") as acked, open(args.file, "rb") as lines:

        def report(number):
            def reported(error, message):
                if error is None:
                    acked.write(f"{number}\n")
                else:
                    failures.append(f"line {number}: {error}")

            return reported

        for number, line in enumerate(lines):
            key, value = line.rstrip(b"\n").split(b"\t", 1)
            while True:
                try:
                    producer.produce(args.topic, value, key, on_delivery=report(number))
                    break
                except BufferError:
                    producer.poll(0.1)
                    acked.flush()
            if number % LINES_PER_POLL == 0:
                producer.poll(0)
                acked.flush()
        left = producer.flush(180)

    if failures or left:
        sys.exit(f"{len(failures)} failed, {left} unanswered: {failures[:1]}")


main()

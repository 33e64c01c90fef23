"""What the programs of Python share: a feature is a function, its result is one line of JSON.

    PROGRAM --bootstrap HOST:PORT --prefix NAME FEATURE

prints `{"result": "pass" | "cannot" | "fail", "detail": "..."}`. `cannot` means that the client has no such thing, and
the detail says why. Every feature creates topics and groups of its own, whose names start with the prefix.

    PROGRAM --bootstrap HOST:PORT --topic NAME --group NAME --protocol classic|consumer member

is a member of a group until it is killed, where the feature `group`, or `group-consumer` for the new protocol, does not
say `cannot`. It prints lines of `TIME assigned [PARTITION...]`, all that it has now, `TIME read PARTITION FIRST NEXT` and,
once the broker has it, `TIME committed PARTITION NEXT`.
"""

import argparse
import json
import os
import sys
import time
import traceback

SESSION_MS = 6_000


class Cannot(Exception):
    """The client has no such thing."""


def run(features, member):
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap", required=True, help="host:port of the broker")
    parser.add_argument("--prefix", default="x")
    parser.add_argument("--topic")
    parser.add_argument("--group")
    parser.add_argument("--protocol", default="classic")
    parser.add_argument("--jars", help="folder of Kafka's own tools")
    parser.add_argument("feature")
    args = parser.parse_args()
    if args.feature == "member":
        member(args)
        return
    try:
        detail = check(features, args)
        tell("pass", detail or "")
    except Cannot as why:
        tell("cannot", str(why))
    except Exception as error:  # Whatever the client says is what went wrong.
        traceback.print_exc()
        where = traceback.extract_tb(error.__traceback__)
        line = next((frame for frame in reversed(where) if "clients" in frame.filename), where[-1])
        tell("fail", f"{type(error).__name__}: {error} ({line.name}: {line.line})")


def check(features, args):
    kind, _, codec = args.feature.partition("-")
    if kind == "codec":
        return features["codec"](args, codec)
    return features[args.feature](args)


def is_a_member(_):
    """For groups: `member` is the program, and who runs it looks at what it says."""


def cannot(why):
    def feature(*_):
        raise Cannot(why)

    return feature


def tell(result, detail):
    print(json.dumps({"result": result, "detail": detail}), flush=True)


def note(*words):
    """A line of a member."""
    print(int(time.time() * 1000), *words, flush=True)


def values(count, text="a value that shrinks when it is compressed, compressed, compressed"):
    return [b"%05d %s" % (number, text.encode()) for number in range(count)]


def same(found, expected, what="values"):
    """Equal, in this order."""
    found, expected = list(found), list(expected)
    assert found == expected, f"{len(found)} {what}, {len(expected)} expected; {shorten(found)} {shorten(expected)}"


def soon_same(read, expected):
    """A commit is answered before its markers are written; what it uncovers is there soon."""
    until(lambda: len(read()) >= len(expected), what="what was committed does not come")
    same(read(), expected)


def shorten(items):
    return str(items[:3])[:160]


def until(condition, seconds=20, what="it does not come true"):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def become(command, hear, errors_too=False):
    """Becomes another program; a process of its own turns what that prints into a member's lines.

    So who kills this one kills the program, and what it had printed until then is still told.
    """
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(writer)
        with os.fdopen(reader, "rb") as lines:
            for line in lines:
                hear(line)
        return
    os.dup2(writer, 1)
    if errors_too:
        os.dup2(writer, 2)
    os.execvp(command[0], command)


def die_with_parent():
    """So that a client that is driven by a program is killed with it."""
    import ctypes
    import signal

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if sys.stdin is None:
        raise SystemExit(1)

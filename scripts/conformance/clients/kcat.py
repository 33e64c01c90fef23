"""kcat: the command-line client on librdkafka, as distributions ship it. See kit.py for how it is called."""

import re
import subprocess
import time

import kit

TIMEOUT_S = 60


def kcat(args, *words, text=b"", fails=False):
    """Runs it to its end: what it printed, and what it said besides."""
    command = ["kcat", "-b", args.bootstrap, *words]
    run = subprocess.run(command, input=text, capture_output=True, timeout=TIMEOUT_S)
    assert fails == (run.returncode != 0), f"status {run.returncode}: {run.stderr[-300:]}"
    return run.stdout, run.stderr.decode()


def write(args, at, values, *words):
    # The topic is created by the first who asks for it.
    kcat(args, "-P", "-E", "-t", at, *words, text=b"".join(value + b"\n" for value in values))


def read(args, at, *words, offset="beginning"):
    out, _ = kcat(args, "-C", "-q", "-e", "-t", at, "-o", offset, "-X", "check.crcs=true", *words)
    return out.splitlines()


def codec(args, name):
    values = kit.values(1000)
    write(args, args.prefix, values, *([] if name == "none" else ["-z", name]))
    kit.same(read(args, args.prefix), values)


def group_read(args, group, at, count):
    words = ["-q", "-X", "auto.offset.reset=earliest", "-c", str(count), "-G", group, at]
    return kcat(args, *words)[0].splitlines()


def resume(args):
    at, values = args.prefix, kit.values(100)
    write(args, at, values)
    kit.same(group_read(args, at, at, 40), values[:40])
    kit.same(group_read(args, at, at, 60), values[40:])
    kit.same(group_read(args, f"{at}-other", at, 100), values)


def replay(args):
    at, values = args.prefix, kit.values(100)
    write(args, at, values[:70])
    time.sleep(0.01)
    between = int(time.time() * 1000)
    time.sleep(0.01)
    write(args, at, values[70:])
    kit.same(read(args, at), values)
    kit.same(read(args, at, offset="10"), values[10:])
    kit.same(read(args, at, offset="-5"), values[95:])
    kit.same(read(args, at, offset=f"s@{between}"), values[70:])
    found, _ = kcat(args, "-Q", "-t", f"{at}:0:{between}")
    assert found.strip().endswith(b"offset 70"), found


def idempotence(args):
    values = kit.values(1000)
    # Small batches, so that some answers are lost.
    words = ["-X", "enable.idempotence=true", "-X", "batch.num.messages=50", "-X", "linger.ms=0"]
    words += ["-X", "reconnect.backoff.ms=10", "-X", "reconnect.backoff.max.ms=100"]
    write(args, args.prefix, values, *words)
    kit.same(read(args, args.prefix), values)


def read_committed(args):
    """kcat aborts nothing; a program on another client does."""
    import confluent

    at = confluent.topic(args)
    writer = confluent.producer(args, transactional_id=args.prefix)
    writer.init_transactions(TIMEOUT_S)
    for value, end in [(b"a", "commit"), (b"b", "abort"), (b"c", "commit"), (b"d", "")]:
        writer.begin_transaction()
        confluent.write(writer, at, [value])
        if end:
            getattr(writer, f"{end}_transaction")(TIMEOUT_S)
    write(args, at, [b"e"])
    committed, all_of_it = "isolation.level=read_committed", "isolation.level=read_uncommitted"
    kit.same(read(args, at, "-X", committed), [b"a", b"c"])
    kit.same(read(args, at, "-X", all_of_it), [b"a", b"b", b"c", b"d", b"e"])
    writer.commit_transaction(TIMEOUT_S)
    kit.soon_same(lambda: read(args, at, "-X", committed), [b"a", b"c", b"d", b"e"])


def fencing(args):
    """All that kcat reads is one transaction; the one who began first must not commit."""
    words = ["-P", "-t", args.prefix, "-X", f"transactional.id={args.prefix}"]
    write(args, args.prefix, [b"plain"])
    old = subprocess.Popen(
        ["kcat", "-b", args.bootstrap, *words], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=kit.die_with_parent)
    # It waits for a block of input before it writes any of it.
    old.stdin.write((b"old" * 300 + b"\n") * 300)
    old.stdin.flush()
    dirty = ["-X", "isolation.level=read_uncommitted"]
    kit.until(lambda: len(read(args, args.prefix, *dirty)) > 1, what="nothing is written")
    kcat(args, *words, text=b"new\n")
    _, said = old.communicate(timeout=TIMEOUT_S)
    assert old.returncode != 0 and "fenced" in said.decode().lower(), f"{old.returncode} {said[-300:]}"
    clean = ["-X", "isolation.level=read_committed"]
    kit.soon_same(lambda: read(args, args.prefix, *clean), [b"plain", b"new"])


def topics(args):
    write(args, args.prefix, [b"a"])
    listed, _ = kcat(args, "-L", "-t", args.prefix)
    assert f'topic "{args.prefix}" with 1 partitions'.encode() in listed, listed
    return "looks at topics; creates one by asking for it"


def errors(args):
    at = args.prefix
    write(args, at, [b"a"])
    _, said = kcat(args, "-C", "-e", "-t", at, "-p", "5", "-o", "beginning", fails=True)
    assert "partition 5 does not exist" in said, said
    reset = ["-X", "topic.auto.offset.reset=error", "-X", "auto.offset.reset=error"]
    _, said = kcat(args, "-C", "-e", "-t", at, "-p", "0", "-o", "1000", *reset, fails=True)
    assert "out of range" in said, said
    _, said = kcat(args, "-P", "-t", "a/b", text=b"x\n", fails=True)
    assert "Invalid topic" in said, said
    big = ["-P", "-t", at, "-X", "message.max.bytes=3000000"]
    _, said = kcat(args, *big, text=b"x" * 2_000_000, fails=True)
    assert "too large" in said, said
    return "4 kinds"


def member(args):
    """kcat commits by itself, now and then."""
    words = ["-u", "-f", "%p %o\\n", "-X", "auto.offset.reset=earliest"]
    words += ["-X", f"session.timeout.ms={kit.SESSION_MS}", "-X", "heartbeat.interval.ms=1000"]
    words += ["-X", "auto.commit.interval.ms=200", "-G", args.group, args.topic]

    def hear(line):
        words = line.decode(errors="replace").split()
        if len(words) == 2 and words[0].isdigit() and words[1].isdigit():
            partition, offset = map(int, words)
            kit.note("read", partition, offset, offset + 1)
        elif "rebalanced" in words:
            found = re.findall(r"\[(\d+)\]", line.decode()) if "assigned:" in words else []
            kit.note("assigned", *sorted(map(int, found)))

    kit.become(["kcat", "-b", args.bootstrap, *words], hear, errors_too=True)


def version(args):
    run = subprocess.run(["kcat", "-V"], capture_output=True, check=True)
    found = re.search(r"Version ([\d.]+).*librdkafka ([\d.]+)", run.stdout.decode())
    return f"{found[1]}, librdkafka {found[2]}" if found else "unknown"


NO_ADMINISTRATION = kit.cannot("administers nothing")

FEATURES = {
    "version": version,
    "codec": codec,
    "group": kit.is_a_member,
    "group-consumer": kit.cannot("its librdkafka knows the classic protocol only"),
    "resume": resume,
    "replay": replay,
    "idempotence": idempotence,
    "transactions": kit.cannot("puts no offsets into its transactions"),
    "read-committed": read_committed,
    "fencing": fencing,
    "topics": topics,
    "configs": NO_ADMINISTRATION,
    "groups": NO_ADMINISTRATION,
    "txn-admin": NO_ADMINISTRATION,
    "delete-records": NO_ADMINISTRATION,
    "errors": errors,
}

if __name__ == "__main__":
    kit.run(FEATURES, member)

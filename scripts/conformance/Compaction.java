// Our cleaner and Kafka's own on the same input: `java -cp JARS Compaction.java OURS KAFKA OUR_DATA KAFKA_DATA SEED`, where the
// first two are HOST:PORT and the others the folders that these brokers keep everything in.
//
// Both are written to by the same clients, in rounds: keys overwritten, tombstones, every compression, producers with and without
// sequence numbers, transactions that commit, abort, and stay open while the rest is cleaned. Behind each round both are cleaned
// exactly once, and then every record for both kinds of readers and every batch in the files have to be the same; but for
// what cannot be: producer ids, which are told apart by the order in which they come, and the time of markers. Prints a
// line at the end, or throws.

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

class Compaction {
    /** Of a topic whose deleted keys may go with the next cleaning after the one that sees them first; elsewhere not today. */
    static final Map<String, String> SOON = Map.of("delete.retention.ms", "0");
    static final Map<String, Map<String, String>> SETTINGS = new TreeMap<>(Map.of("forgets-late", Map.of(), "forgets-soon", SOON,
        "append-time", Map.of("message.timestamp.type", "LogAppendTime")));
    static final List<String> TOPICS = List.copyOf(SETTINGS.keySet());
    static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    static final int ROUNDS = 4;
    static final int BATCHES = 250;
    static final int KEYS = 150;
    static final int SEGMENT_BYTES = 1 << 20;
    /** Of the records: Kafka begins a new segment when the time of one, or of a marker, is a week behind that of the first. */
    static final long BEGIN = System.currentTimeMillis() - Duration.ofHours(6).toMillis();
    /** Longest wait for anything. */
    static final Duration LIMIT = Duration.ofSeconds(60);

    public static void main(String[] args) throws Exception {
        long seed = Long.parseLong(args[4]);
        Side ours = new Side(args[0], new OurMark(Path.of(args[2])), seed);
        Side theirs = new Side(args[1], new KafkaMark(Path.of(args[3])), seed);
        for (int round = 0; round < ROUNDS; round++) {
            for (Side side : List.of(ours, theirs)) {
                side.write(round);
                side.clean();
            }
            for (String topic : TOPICS) {
                String where = "round " + round + ", " + topic + ": ";
                compare(where + "cleaned up to", ours.mark.cleanedUpto(topic), theirs.mark.cleanedUpto(topic));
                compare(where + "batches", ours.batches(topic), theirs.batches(topic));
                for (String isolation : List.of("read_uncommitted", "read_committed")) {
                    compare(where + isolation, ours.read(topic, isolation), theirs.read(topic, isolation));
                }
            }
        }
        System.out.println(theirs.summary());
        System.exit(0);
    }

    static void compare(String what, long ours, long theirs) {
        check(ours == theirs, what + " " + ours + ", Kafka " + theirs);
    }

    static void compare(String what, List<String> ours, List<String> theirs) {
        for (int n = 0; n < Math.max(ours.size(), theirs.size()); n++) {
            String one = n < ours.size() ? ours.get(n) : "nothing";
            String other = n < theirs.size() ? theirs.get(n) : "nothing";
            check(one.equals(other), what + ", number " + n + ":\n" + one + "\nKafka:\n" + other);
        }
    }

    static void check(boolean holds, Object seen) {
        if (!holds) {
            throw new AssertionError(seen);
        }
    }

    /** A broker, and those who write to it. */
    static class Side {
        final String bootstrap;
        final Mark mark;
        final Admin admin;
        final Random random;
        final List<Writer> writers = new ArrayList<>();
        /** When each cleaning began; the last one is not yet. */
        final List<Long> cleanings = new ArrayList<>();
        /** Of each topic, where it ends. */
        final Map<String, Long> ends = new HashMap<>();
        long time = BEGIN;

        Side(String bootstrap, Mark mark, long seed) throws Exception {
            this.bootstrap = bootstrap;
            this.mark = mark;
            this.random = new Random(seed);
            admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
            List<NewTopic> topics = new ArrayList<>();
            SETTINGS.forEach((topic, own) -> {
                Map<String, String> settings = new HashMap<>(own);
                settings.putAll(Map.of("cleanup.policy", "compact", "min.cleanable.dirty.ratio", "1", "segment.bytes", "" + SEGMENT_BYTES));
                topics.add(new NewTopic(topic, 1, (short) 1).configs(settings));
            });
            admin.createTopics(topics).all().get();
            for (String codec : CODECS) {
                writers.add(new Writer(bootstrap, codec, Kind.PLAIN));
                writers.add(new Writer(bootstrap, codec, Kind.IDEMPOTENT));
                writers.add(new Writer(bootstrap, codec, Kind.TRANSACTIONAL));
            }
        }

        void write(int round) throws Exception {
            Writer stays = round == 1 ? writers.get(writers.size() - 1) : null;
            for (int n = 0; n < BATCHES; n++) {
                if (stays != null && n == BATCHES / 2) {
                    roll("middle");
                    for (String topic : TOPICS) {
                        write(stays, batch(topic));
                    }
                }
                Writer writer = writers.get(random.nextInt(writers.size()));
                if (writer == stays) {
                    continue;
                }
                // Some fall silent, so that the last thing they wrote is cleaned away but for their sequence number.
                if (round > 0 && writers.indexOf(writer) < 6) {
                    continue;
                }
                if (writer.isOpen && random.nextInt(3) == 0) {
                    end(writer);
                } else {
                    write(writer, batch(TOPICS.get(random.nextInt(TOPICS.size()))));
                }
            }
            for (Writer writer : writers) {
                if (writer.isOpen && writer != stays) {
                    end(writer);
                }
            }
            roll("round " + round);
        }

        void write(Writer writer, List<ProducerRecord<byte[], byte[]>> batch) throws Exception {
            writer.write(batch);
            ends.merge(batch.get(0).topic(), (long) batch.size(), Long::sum);
        }

        /** And waits for the markers: a transaction is told to have ended before it has in its partitions. */
        void end(Writer writer) throws Exception {
            for (String topic : writer.topics) {
                ends.merge(topic, 1L, Long::sum);
            }
            writer.end(random.nextBoolean());
            await("markers", () -> {
                for (String topic : TOPICS) {
                    TopicPartition partition = new TopicPartition(topic, 0);
                    long end = admin.listOffsets(Map.of(partition, OffsetSpec.latest())).partitionResult(partition).get().offset();
                    if (end < ends.getOrDefault(topic, 0L)) {
                        return false;
                    }
                }
                return true;
            });
        }

        void await(String what, Condition condition) throws Exception {
            long limit = System.nanoTime() + LIMIT.toNanos();
            while (!condition.holds()) {
                check(System.nanoTime() < limit, bootstrap + ": waited in vain: " + what);
                Thread.sleep(2);
            }
        }

        List<ProducerRecord<byte[], byte[]>> batch(String topic) {
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            for (int n = 1 + random.nextInt(12); n > 0; n--) {
                List<Header> headers = new ArrayList<>();
                for (int h = random.nextInt(3); h > 0; h--) {
                    headers.add(new RecordHeader("header-" + h, random.nextBoolean() ? null : bytes(random.nextInt(20))));
                }
                int key = random.nextInt(KEYS);
                time += random.nextInt(2_000) - 500;
                records.add(new ProducerRecord<>(topic, 0, time, key == 0 ? new byte[0] : ("key-" + key).getBytes(),
                    random.nextInt(6) == 0 ? null : bytes(random.nextInt(7_000)), headers));
            }
            return records;
        }

        /** Half of them shrink when they are compressed. */
        byte[] bytes(int length) {
            byte[] bytes = new byte[length];
            random.nextBytes(random.nextBoolean() ? bytes : new byte[length]);
            return bytes;
        }

        /** Two that do not fit into one segment: all before the second can be cleaned. */
        void roll(String when) throws Exception {
            Writer plain = writers.get(0);
            for (String topic : TOPICS) {
                for (int n = 0; n < 2; n++) {
                    byte[] key = (when + ", " + n).getBytes();
                    byte[] value = new byte[700_000];
                    random.nextBytes(value);
                    write(plain, List.of(new ProducerRecord<>(topic, 0, time, key, value)));
                }
            }
        }

        /** Once: what is dirty is worth it only until that is so. */
        void clean() throws Exception {
            Map<String, Long> before = new HashMap<>();
            for (String topic : TOPICS) {
                before.put(topic, mark.cleanedUpto(topic));
            }
            cleanings.add(System.currentTimeMillis());
            dirtyRatio("0");
            for (String topic : TOPICS) {
                await(topic + " is cleaned", () -> mark.cleanedUpto(topic) > before.get(topic));
            }
            dirtyRatio("1");
        }

        void dirtyRatio(String ratio) throws Exception {
            Map<ConfigResource, Collection<AlterConfigOp>> changes = new HashMap<>();
            for (String topic : TOPICS) {
                changes.put(new ConfigResource(ConfigResource.Type.TOPIC, topic), List.of(
                    new AlterConfigOp(new ConfigEntry("min.cleanable.dirty.ratio", ratio), AlterConfigOp.OpType.SET)));
            }
            admin.incrementalAlterConfigs(changes).all().get();
        }

        List<String> read(String topic, String isolation) {
            List<String> records = new ArrayList<>();
            TopicPartition partition = new TopicPartition(topic, 0);
            try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrap, "isolation.level", isolation,
                    "fetch.max.wait.ms", 10), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                consumer.assign(List.of(partition));
                consumer.seekToBeginning(List.of(partition));
                long end = consumer.endOffsets(List.of(partition)).get(partition);
                while (consumer.position(partition) < end) {
                    for (var record : consumer.poll(Duration.ofMillis(50))) {
                        records.add(text(record.offset(), time(record.timestampType(), record.timestamp()), record.key(), record.value(), record.headers().toArray()));
                    }
                }
                records.add("end " + end + ", " + consumer.beginningOffsets(List.of(partition)));
            }
            return records;
        }

        /** Every batch that was cleaned, as it is in the files. */
        List<String> batches(String topic) throws IOException {
            List<String> batches = new ArrayList<>();
            Map<Long, Integer> producers = new HashMap<>();
            for (File file : mark.segments(topic)) {
                try (FileRecords records = FileRecords.open(file, false)) {
                    for (RecordBatch batch : records.batches()) {
                        batch.ensureValid();
                        batches.add(told(batch, topic, producers));
                    }
                }
            }
            return batches;
        }

        String told(RecordBatch batch, String topic, Map<Long, Integer> producers) {
            StringBuilder text = new StringBuilder();
            text.append("batch ").append(batch.baseOffset()).append(" to ").append(batch.lastOffset());
            text.append(", ").append(batch.compressionType().name).append(", ").append(batch.countOrNull()).append(" records");
            int producer = batch.hasProducerId() ? producers.computeIfAbsent(batch.producerId(), id -> producers.size()) : -1;
            text.append(", producer ").append(producer).append(" epoch ").append(batch.producerEpoch());
            text.append(" sequence ").append(batch.baseSequence()).append(" to ").append(batch.lastSequence());
            text.append(batch.isTransactional() ? ", transactional" : "").append(batch.isControlBatch() ? ", control" : "");
            batch.deleteHorizonMs().ifPresent(horizon -> text.append(", horizon ").append(cleaningOf(horizon, topic)));
            text.append(batch.isControlBatch() ? "" : ", newest " + time(batch.timestampType(), batch.maxTimestamp()));
            for (Record record : batch) {
                text.append("\n  ").append(batch.isControlBatch()
                    ? record.offset() + " " + ControlRecordType.parse(record.key())
                    : text(record.offset(), time(batch.timestampType(), record.timestamp()), array(record.key()), array(record.value()), record.headers()));
            }
            return text.toString();
        }

        /** Which cleaning has set it. */
        long cleaningOf(long horizon, String topic) {
            long at = horizon - (SETTINGS.get(topic) == SOON ? 0 : Duration.ofDays(1).toMillis());
            return cleanings.stream().filter(begun -> begun <= at).count();
        }

        String summary() throws IOException {
            int batches = 0, empty = 0, horizons = 0, markers = 0;
            for (String topic : TOPICS) {
                for (String batch : batches(topic)) {
                    batches++;
                    empty += batch.contains(", 0 records") ? 1 : 0;
                    horizons += batch.contains(", horizon") ? 1 : 0;
                    markers += batch.contains(", control") ? 1 : 0;
                }
            }
            long written = writers.stream().mapToLong(writer -> writer.written).sum();
            int kept = 0;
            for (String topic : TOPICS) {
                kept += read(topic, "read_uncommitted").size() - 1;
            }
            check(empty > 0 && horizons > 0 && markers > 0 && kept < written / 2, "too little to compare");
            return ROUNDS + " rounds, " + written + " records written, " + kept + " left; " + batches + " cleaned batches, of which "
                + empty + " empty, " + markers + " markers, " + horizons + " with a delete horizon";
        }
    }

    /** Ours and theirs did not take it in at the same time. */
    static String time(TimestampType type, long timestamp) {
        return type == TimestampType.LOG_APPEND_TIME ? "its append" : type + " " + timestamp;
    }

    static String text(long offset, String time, byte[] key, byte[] value, Header[] headers) {
        StringBuilder text = new StringBuilder().append(offset).append(" at ").append(time);
        text.append(" key ").append(new String(key)).append(" value ").append(text(value));
        for (Header header : headers) {
            text.append(" ").append(header.key()).append("=").append(text(header.value()));
        }
        return text.toString();
    }

    static String text(byte[] value) {
        return value == null ? "null" : value.length + " bytes " + Integer.toHexString(Arrays.hashCode(value));
    }

    static byte[] array(ByteBuffer buffer) {
        if (buffer == null) {
            return null;
        }
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    interface Condition {
        boolean holds() throws Exception;
    }

    enum Kind { PLAIN, IDEMPOTENT, TRANSACTIONAL }

    /** A producer whose batches are what it was told: none is sent before it is asked for. */
    static class Writer {
        final String codec;
        final Kind kind;
        final KafkaProducer<byte[], byte[]> producer;
        /** That the transaction has written to. */
        final Set<String> topics = new HashSet<>();
        boolean isOpen;
        long written;

        Writer(String bootstrap, String codec, Kind kind) {
            this.codec = codec;
            this.kind = kind;
            Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "compression.type", codec,
                "enable.idempotence", kind != Kind.PLAIN, "linger.ms", 60_000, "batch.size", SEGMENT_BYTES));
            if (kind == Kind.TRANSACTIONAL) {
                settings.put("transactional.id", "writer-" + codec);
            }
            producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
            if (kind == Kind.TRANSACTIONAL) {
                producer.initTransactions();
            }
        }

        void write(List<ProducerRecord<byte[], byte[]>> batch) throws Exception {
            if (kind == Kind.TRANSACTIONAL && !isOpen) {
                producer.beginTransaction();
                isOpen = true;
            }
            var sent = batch.stream().map(producer::send).toList();
            producer.flush();
            for (var one : sent) {
                one.get();
            }
            written += batch.size();
            topics.add(batch.get(0).topic());
        }

        void end(boolean commits) {
            if (commits) {
                producer.commitTransaction();
            } else {
                producer.abortTransaction();
            }
            isOpen = false;
            topics.clear();
        }
    }

    /** What a broker notes of its cleaning, and where its segments are. */
    abstract static class Mark {
        final Path data;

        Mark(Path data) {
            this.data = data;
        }

        abstract long cleanedUpto(String topic) throws IOException;

        Path folder(String topic) {
            return data.resolve(topic + "-0");
        }

        List<File> segments(String topic) throws IOException {
            long end = cleanedUpto(topic);
            try (var paths = Files.list(folder(topic))) {
                return paths.filter(path -> path.toString().endsWith(".log")).map(Path::toFile)
                    .filter(file -> Long.parseLong(file.getName().replace(".log", "")) < end).sorted().toList();
            }
        }
    }

    static class OurMark extends Mark {
        static final Pattern FIRST_DIRTY = Pattern.compile("\"first_dirty\": ?(\\d+)");

        OurMark(Path data) {
            super(data);
        }

        long cleanedUpto(String topic) throws IOException {
            Path note = folder(topic).resolve("cleaned");
            if (!Files.exists(note)) {
                return 0;
            }
            var found = FIRST_DIRTY.matcher(new String(Files.readAllBytes(note), StandardCharsets.ISO_8859_1));
            check(found.find(), "a note without an offset: " + note);
            return Long.parseLong(found.group(1));
        }
    }

    static class KafkaMark extends Mark {
        KafkaMark(Path data) {
            super(data);
        }

        long cleanedUpto(String topic) throws IOException {
            return Files.readAllLines(data.resolve("cleaner-offset-checkpoint")).stream()
                .filter(line -> line.startsWith(topic + " 0 ")).mapToLong(line -> Long.parseLong(line.split(" ")[2]))
                .findFirst().orElse(0);
        }
    }
}

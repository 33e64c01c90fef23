// What Kafka's Java consumer does by itself, and few programs ask for: `java -cp JARS Consumers.java HOST:PORT write`, then, with
// a broker that was started again in between, `... check`.
//
// A position is compared with the leader epochs of the log (OffsetForLeaderEpoch), and a pattern of topics is looked up by the
// broker (KIP-848). What is expected is what Kafka does. Prints a line at the end, or throws.

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

class Consumers {
    static final String EPOCHS = "consumers-epochs";
    static final int RECORDS = 10;
    static final Duration LIMIT = Duration.ofSeconds(30);
    static String bootstrap;
    static Admin admin;

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
        if (args[1].equals("write")) {
            create(EPOCHS);
            write(EPOCHS, RECORDS);
        } else {
            write(EPOCHS, RECORDS);
            epochs();
            patterns();
            System.out.println("positions of an earlier epoch, patterns of topics");
        }
        System.exit(0);
    }

    /** Half of the records are of an earlier epoch, and a position of that one can only be among them. */
    static void epochs() {
        TopicPartition partition = new TopicPartition(EPOCHS, 0);
        try (var consumer = consumer(Map.of("auto.offset.reset", "none"))) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            List<ConsumerRecord<String, String>> records = read(consumer, 2 * RECORDS);
            int earlier = records.get(0).leaderEpoch().get();
            check(records.get(RECORDS - 1).leaderEpoch().get() == earlier, "an epoch within a run");
            check(records.get(RECORDS).leaderEpoch().get() > earlier, "an epoch of each start");
            consumer.seek(partition, new OffsetAndMetadata(RECORDS - 1, Optional.of(earlier), ""));
            check(read(consumer, RECORDS + 1).get(0).offset() == RECORDS - 1, "a position that is right");
            consumer.seek(partition, new OffsetAndMetadata(RECORDS + 5, Optional.of(earlier), ""));
            try {
                read(consumer, 1);
                check(false, "a position that no log with this history has");
            } catch (LogTruncationException e) {
                var end = e.divergentOffsets().get(partition);
                check(end.offset() == RECORDS && end.leaderEpoch().get() == earlier, e);
            }
        }
    }

    static void patterns() throws Exception {
        Set<String> expected = new TreeSet<>(Set.of("consumers-pattern-1", "consumers-pattern-2"));
        for (String topic : expected) {
            create(topic);
        }
        create("consumers-other-pattern-1");
        Map<String, Object> group = Map.of("group.id", "consumers", "group.protocol", "consumer", "auto.offset.reset", "earliest",
            "metadata.max.age.ms", 500);
        try (var consumer = consumer(group)) {
            consumer.subscribe(new SubscriptionPattern("consumers-pattern-[0-9]"));
            assigned(consumer, expected);
            expected.add("consumers-pattern-3");
            create("consumers-pattern-3");
            assigned(consumer, expected);
            for (String topic : expected) {
                write(topic, RECORDS);
            }
            read(consumer, expected.size() * RECORDS);
            expected.remove("consumers-pattern-1");
            consumer.subscribe(new SubscriptionPattern("(consumers)-pattern-[^1]"));
            assigned(consumer, expected);
            consumer.subscribe(new SubscriptionPattern("consumers-[pattern"));
            read(consumer, 1);
            check(false, "a pattern that is none");
        } catch (InvalidRegularExpression e) {
            check(!e.getMessage().isEmpty(), "a reason");
        }
    }

    static void assigned(KafkaConsumer<String, String> consumer, Set<String> topics) {
        long limit = System.nanoTime() + LIMIT.toNanos();
        Set<String> found = Set.of();
        while (!found.equals(topics)) {
            check(System.nanoTime() < limit, "assigned " + found + ", not " + topics);
            consumer.poll(Duration.ofMillis(50));
            found = new TreeSet<>(consumer.assignment().stream().map(TopicPartition::topic).toList());
        }
    }

    static List<ConsumerRecord<String, String>> read(KafkaConsumer<String, String> consumer, int count) {
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        long limit = System.nanoTime() + LIMIT.toNanos();
        while (records.size() < count) {
            check(System.nanoTime() < limit, records.size() + " records, not " + count);
            consumer.poll(Duration.ofMillis(100)).forEach(records::add);
        }
        check(records.size() == count, records.size() + " records, not " + count);
        return records;
    }

    static void write(String topic, int count) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (int n = 0; n < count; n++) {
                producer.send(new ProducerRecord<>(topic, "" + n)).get();
            }
        }
    }

    static void create(String topic) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
    }

    static KafkaConsumer<String, String> consumer(Map<String, Object> own) {
        Map<String, Object> settings = new HashMap<>(own);
        settings.put("bootstrap.servers", bootstrap);
        return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    }

    static void check(boolean holds, Object seen) {
        if (!holds) {
            throw new AssertionError(seen);
        }
    }
}

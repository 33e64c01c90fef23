import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** What every check uses: clients of one broker, and what is done with them again and again. */
final class Bench {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    final String bootstrap;
    final String prefix;
    final Admin admin;

    Bench(String bootstrap, String prefix) {
        this.bootstrap = bootstrap;
        this.prefix = prefix;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    /** With its own defaults: idempotent, acks=all. */
    KafkaProducer<String, String> producer(Map<String, ?> settings) {
        Map<String, Object> all = new HashMap<>(settings);
        all.put("bootstrap.servers", bootstrap);
        return new KafkaProducer<>(all, new StringSerializer(), new StringSerializer());
    }

    KafkaProducer<String, String> transactional() {
        return producer(Map.of("transactional.id", prefix));
    }

    KafkaConsumer<String, String> consumer(Map<String, ?> settings) {
        Map<String, Object> all = new HashMap<>();
        all.put("auto.offset.reset", "earliest");
        all.put("enable.auto.commit", "false");
        all.put("bootstrap.servers", bootstrap);
        all.putAll(settings);
        return new KafkaConsumer<>(all, new StringDeserializer(), new StringDeserializer());
    }

    KafkaConsumer<String, String> member(String group, String topic) {
        KafkaConsumer<String, String> consumer = consumer(Map.of("group.id", group, "max.poll.records", 20));
        consumer.subscribe(List.of(topic));
        return consumer;
    }

    String topic(String suffix, int partitions, Map<String, String> config) throws Exception {
        String name = prefix + suffix;
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1).configs(config))).all().get();
        return name;
    }

    String topic() throws Exception {
        return topic("", 1, Map.of());
    }

    static List<String> values(int count) {
        String text = "%05d a value that shrinks when it is compressed, compressed, compressed";
        return IntStream.range(0, count).mapToObj(number -> String.format(text, number)).toList();
    }

    void write(KafkaProducer<String, String> producer, String topic, List<String> values) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (String value : values) {
            sent.add(producer.send(new ProducerRecord<>(topic, value)));
        }
        producer.flush();
        for (Future<RecordMetadata> each : sent) {
            each.get();
        }
    }

    void write(String topic, List<String> values) throws Exception {
        try (KafkaProducer<String, String> producer = producer(Map.of())) {
            write(producer, topic, values);
        }
    }

    /** All of a topic that this client may see now. */
    List<String> readAll(String topic, String isolation) {
        List<String> found = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = consumer(Map.of("isolation.level", isolation))) {
            List<TopicPartition> places = consumer.partitionsFor(topic).stream()
                .map(part -> new TopicPartition(topic, part.partition())).toList();
            consumer.assign(places);
            consumer.seekToBeginning(places);
            Map<TopicPartition, Long> ends = consumer.endOffsets(places);
            long limit = System.nanoTime() + LIMIT.toNanos();
            while (places.stream().anyMatch(place -> consumer.position(place) < ends.get(place))) {
                check(System.nanoTime() < limit, "not at " + ends + " after " + found.size());
                consumer.poll(Duration.ofMillis(200)).forEach(record -> found.add(record.value()));
            }
        }
        return found;
    }

    /** At least so many records; no more than a poll gives. */
    static List<ConsumerRecord<String, String>> take(KafkaConsumer<String, String> consumer, int count) {
        List<ConsumerRecord<String, String>> found = new ArrayList<>();
        long limit = System.nanoTime() + LIMIT.toNanos();
        while (found.size() < count) {
            check(System.nanoTime() < limit, found.size() + " of " + count + " came");
            consumer.poll(Duration.ofMillis(200)).forEach(found::add);
        }
        return found;
    }

    static List<String> valuesOf(List<ConsumerRecord<String, String>> records) {
        return records.stream().map(ConsumerRecord::value).toList();
    }

    static void check(boolean isSo, String what) {
        if (!isSo) {
            throw new AssertionError(what);
        }
    }

    static void same(Object found, Object expected) {
        check(found.equals(expected), String.format("%.100s instead of %.100s", found, expected));
    }

    interface Action {
        void run() throws Exception;
    }

    static void refused(Class<? extends Exception> expected, Action action) {
        try {
            action.run();
        } catch (ExecutionException error) {
            check(expected.isInstance(error.getCause()), error.getCause() + " instead of " + expected);
            return;
        } catch (Exception error) {
            check(expected.isInstance(error), error + " instead of " + expected);
            return;
        }
        throw new AssertionError("no " + expected);
    }

    static void refused(Class<? extends Exception> expected, KafkaFuture<?> future) {
        refused(expected, () -> future.get());
    }

    static void until(java.util.concurrent.Callable<Boolean> isSo, String what) throws Exception {
        long limit = System.nanoTime() + LIMIT.toNanos();
        while (!isSo.call()) {
            check(System.nanoTime() < limit, what);
            Thread.sleep(50);
        }
    }
}

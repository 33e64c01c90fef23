import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/** A member of a group, until it is killed. */
final class Member {
    private final KafkaConsumer<String, String> consumer;
    private Set<Integer> told;

    Member(Bench bench, String group, String topic, String protocol) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("group.id", group);
        settings.put("group.protocol", protocol);
        if (protocol.equals("classic")) {
            settings.put("session.timeout.ms", 6000);
            settings.put("heartbeat.interval.ms", 1000);
        }
        consumer = bench.consumer(settings);
        consumer.subscribe(List.of(topic));
    }

    void work() {
        while (true) {
            ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
            Set<Integer> now = new TreeSet<>();
            consumer.assignment().forEach(place -> now.add(place.partition()));
            if (!now.equals(told)) {
                note("assigned " + now.stream().map(String::valueOf).collect(Collectors.joining(" ")));
                told = now;
            }
            hear(records);
        }
    }

    private void hear(ConsumerRecords<String, String> records) {
        Map<TopicPartition, Long> ends = new HashMap<>();
        for (TopicPartition place : records.partitions()) {
            List<ConsumerRecord<String, String>> list = records.records(place);
            ends.put(place, list.get(list.size() - 1).offset() + 1);
            note("read " + place.partition() + " " + list.get(0).offset() + " " + ends.get(place));
        }
        try {
            if (!ends.isEmpty()) {
                consumer.commitSync();
                ends.forEach((place, end) -> note("committed " + place.partition() + " " + end));
            }
        } catch (KafkaException lost) {
            // The partition was taken away meanwhile: whoever has it reads these again.
            told = null;
        }
    }

    private static void note(String words) {
        System.out.println(System.currentTimeMillis() + " " + words);
    }
}

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** One method for each feature. */
final class Features {
    private static final String COMMITTED = "read_committed";
    private static final String UNCOMMITTED = "read_uncommitted";

    private final Bench bench;
    private final Admin admin;

    Features(Bench bench) {
        this.bench = bench;
        this.admin = bench.admin;
    }

    /** What there is to tell; an exception if something is not as it should be. */
    String run(String feature) throws Exception {
        return switch (feature) {
            case "version" -> org.apache.kafka.common.utils.AppInfoParser.getVersion();
            case "group", "group-consumer" -> "";
            case "resume" -> resume();
            case "replay" -> replay();
            case "idempotence" -> idempotence();
            case "transactions" -> transactions();
            case "read-committed" -> readCommitted();
            case "fencing" -> fencing();
            case "topics" -> topics();
            case "configs" -> configs();
            case "groups" -> groups();
            case "txn-admin" -> transactionAdministration();
            case "delete-records" -> deleteRecords();
            case "errors" -> errors();
            default -> codec(feature.replace("codec-", ""));
        };
    }

    private String codec(String name) throws Exception {
        String at = bench.topic();
        Map<String, ?> settings = Map.of("compression.type", name, "enable.idempotence", "false", "linger.ms", 5);
        bench.write(bench.producer(settings), at, Bench.values(1000));
        Bench.same(bench.readAll(at, UNCOMMITTED), Bench.values(1000));
        return "";
    }

    private String resume() throws Exception {
        String at = bench.topic();
        bench.write(at, Bench.values(100));
        TopicPartition place = new TopicPartition(at, 0);
        try (KafkaConsumer<String, String> member = bench.member(at, at)) {
            Bench.same(Bench.valuesOf(Bench.take(member, 40)), Bench.values(40));
            member.commitSync(Map.of(place, new OffsetAndMetadata(40, "forty")));
        }
        try (KafkaConsumer<String, String> member = bench.member(at, at)) {
            Bench.same(Bench.valuesOf(Bench.take(member, 60)), Bench.values(100).subList(40, 100));
            Bench.same(member.committed(Set.of(place)).get(place), new OffsetAndMetadata(40, "forty"));
        }
        try (KafkaConsumer<String, String> other = bench.member(at + "-other", at)) {
            Bench.same(Bench.valuesOf(Bench.take(other, 100)), Bench.values(100));
        }
        return "";
    }

    private String replay() throws Exception {
        String at = bench.topic();
        TopicPartition place = new TopicPartition(at, 0);
        long start = 1_700_000_000_000L;
        List<String> all = Bench.values(100);
        try (KafkaProducer<String, String> producer = bench.producer(Map.of())) {
            for (int number = 0; number < 100; number++) {
                producer.send(new ProducerRecord<>(at, null, start + number * 1000, null, all.get(number)));
            }
        }
        try (KafkaConsumer<String, String> member = bench.member(at, at)) {
            Bench.take(member, 100);
            member.commitSync();
            long found = member.offsetsForTimes(Map.of(place, start + 70_000)).get(place).offset();
            Bench.same(found, 70L);
            for (long offset : new long[] {found, 10, 0}) {
                member.seek(place, offset);
                int left = 100 - (int) offset;
                Bench.same(Bench.valuesOf(Bench.take(member, left)), all.subList((int) offset, 100));
            }
        }
        admin.alterConsumerGroupOffsets(at, Map.of(place, new OffsetAndMetadata(25))).all().get();
        try (KafkaConsumer<String, String> member = bench.member(at, at)) {
            Bench.same(Bench.valuesOf(Bench.take(member, 75)), all.subList(25, 100));
        }
        return "";
    }

    private String idempotence() throws Exception {
        String at = bench.topic();
        KafkaProducer<String, String> producer = bench.producer(Map.of("linger.ms", 0));
        for (int first = 0; first < 1000; first += 20) {
            bench.write(producer, at, Bench.values(1000).subList(first, first + 20));
        }
        Bench.same(bench.readAll(at, UNCOMMITTED), Bench.values(1000));
        return "";
    }

    private String transactions() throws Exception {
        String source = bench.topic("-in", 2, Map.of());
        String sink = bench.topic("-out", 2, Map.of());
        List<String> all = Bench.values(200);
        bench.write(source, all);
        KafkaProducer<String, String> writer = bench.transactional();
        writer.initTransactions();
        int rounds = 0;
        int aborted = 0;
        int done = 0;
        try (KafkaConsumer<String, String> member = bench.member(bench.prefix, source)) {
            while (done < all.size()) {
                List<ConsumerRecord<String, String>> records = Bench.take(member, 1);
                rounds++;
                writer.beginTransaction();
                records.forEach(record -> writer.send(new ProducerRecord<>(sink, record.value())));
                Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
                member.assignment().forEach(place -> offsets.put(place, new OffsetAndMetadata(member.position(place))));
                writer.sendOffsetsToTransaction(offsets, member.groupMetadata());
                if (rounds % 3 == 0) {
                    aborted++;
                    writer.abortTransaction();
                    member.committed(member.assignment()).forEach((place, committed) ->
                        member.seek(place, committed == null ? 0 : committed.offset()));
                } else {
                    writer.commitTransaction();
                    done += records.size();
                }
            }
            long committed = member.committed(member.assignment()).values().stream()
                .mapToLong(offset -> offset == null ? 0 : offset.offset()).sum();
            Bench.same(committed, (long) all.size());
        }
        List<String> found = new ArrayList<>(bench.readAll(sink, COMMITTED));
        Collections.sort(found);
        Bench.same(found, all);
        Bench.check(bench.readAll(sink, UNCOMMITTED).size() > all.size(), "nothing of what was aborted is there");
        return rounds + " transactions, " + aborted + " aborted";
    }

    private String readCommitted() throws Exception {
        String at = bench.topic();
        KafkaProducer<String, String> writer = bench.transactional();
        writer.initTransactions();
        for (String value : List.of("a", "b", "c", "d")) {
            writer.beginTransaction();
            bench.write(writer, at, List.of(value));
            if (value.equals("b")) {
                writer.abortTransaction();
            } else if (!value.equals("d")) {
                writer.commitTransaction();
            }
        }
        bench.write(at, List.of("e"));
        Bench.same(bench.readAll(at, COMMITTED), List.of("a", "c"));
        Bench.same(bench.readAll(at, UNCOMMITTED), List.of("a", "b", "c", "d", "e"));
        writer.commitTransaction();
        Bench.until(() -> bench.readAll(at, COMMITTED).size() == 4, "not committed");
        Bench.same(bench.readAll(at, COMMITTED), List.of("a", "c", "d", "e"));
        return "";
    }

    private String fencing() throws Exception {
        String at = bench.topic();
        KafkaProducer<String, String> old = bench.transactional();
        KafkaProducer<String, String> young = bench.transactional();
        old.initTransactions();
        old.beginTransaction();
        bench.write(old, at, List.of("old"));
        young.initTransactions();
        try {
            old.commitTransaction();
            throw new AssertionError("the older producer commits");
        } catch (ProducerFencedException | InvalidProducerEpochException expected) {
            young.beginTransaction();
        }
        bench.write(young, at, List.of("new"));
        young.commitTransaction();
        Bench.until(() -> !bench.readAll(at, COMMITTED).isEmpty(), "not committed");
        Bench.same(bench.readAll(at, COMMITTED), List.of("new"));
        return "";
    }

    private String topics() throws Exception {
        String at = bench.topic("", 2, Map.of());
        admin.createPartitions(Map.of(at, NewPartitions.increaseTo(4))).all().get();
        Bench.same(admin.describeTopics(List.of(at)).allTopicNames().get().get(at).partitions().size(), 4);
        try (KafkaProducer<String, String> producer = bench.producer(Map.of())) {
            producer.send(new ProducerRecord<>(at, 3, null, "a")).get();
        }
        TopicPartition place = new TopicPartition(at, 3);
        ListOffsetsResult ends = admin.listOffsets(Map.of(place, OffsetSpec.latest()));
        Bench.same(ends.partitionResult(place).get().offset(), 1L);
        int node = admin.describeCluster().nodes().get().iterator().next().id();
        var logDirs = admin.describeLogDirs(List.of(node)).allDescriptions().get().get(node);
        Bench.check(logDirs.values().stream().anyMatch(dir -> dir.replicaInfos().containsKey(place)), "no such log");
        admin.deleteTopics(List.of(at)).all().get();
        Bench.check(!admin.listTopics().names().get().contains(at), "it is still there");
        return "";
    }

    private String configs() throws Exception {
        String at = bench.topic("", 1, Map.of("retention.ms", "100000"));
        Bench.same(retention(at).value(), "100000");
        alter(at, "200000", AlterConfigOp.OpType.SET);
        Bench.same(retention(at).value(), "200000");
        alter(at, null, AlterConfigOp.OpType.DELETE);
        Bench.same(retention(at).value(), "604800000");
        Bench.check(retention(at).isDefault(), "not its default");
        return "";
    }

    private ConfigEntry retention(String topic) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        return admin.describeConfigs(List.of(resource)).all().get().get(resource).get("retention.ms");
    }

    private void alter(String topic, String value, AlterConfigOp.OpType how) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        AlterConfigOp change = new AlterConfigOp(new ConfigEntry("retention.ms", value), how);
        admin.incrementalAlterConfigs(Map.of(resource, List.of(change))).all().get();
    }

    private String groups() throws Exception {
        String at = bench.topic();
        bench.write(at, Bench.values(10));
        try (KafkaConsumer<String, String> member = bench.member(at, at)) {
            Bench.take(member, 10);
            member.commitSync();
            Bench.check(admin.listGroups().all().get().stream().anyMatch(group -> group.groupId().equals(at)), "not listed");
            var described = admin.describeConsumerGroups(List.of(at)).all().get().get(at);
            Bench.same(described.groupState(), GroupState.STABLE);
            Bench.same(described.members().size(), 1);
            Bench.refused(GroupNotEmptyException.class, admin.deleteConsumerGroups(List.of(at)).all());
        }
        var offsets = admin.listConsumerGroupOffsets(at).partitionsToOffsetAndMetadata().get();
        Bench.same(offsets.get(new TopicPartition(at, 0)).offset(), 10L);
        admin.deleteConsumerGroups(List.of(at)).all().get();
        Bench.check(admin.listGroups().all().get().stream().noneMatch(group -> group.groupId().equals(at)), "still listed");
        return "";
    }

    private String transactionAdministration() throws Exception {
        String at = bench.topic();
        TopicPartition place = new TopicPartition(at, 0);
        KafkaProducer<String, String> writer = bench.transactional();
        writer.initTransactions();
        writer.beginTransaction();
        bench.write(writer, at, List.of("a"));
        Bench.check(admin.listTransactions().all().get().stream().anyMatch(found ->
            found.transactionalId().equals(bench.prefix) && found.state() == TransactionState.ONGOING), "not listed");
        TransactionDescription described = describe();
        Bench.same(described.topicPartitions(), Set.of(place));
        List<ProducerState> producers =
            admin.describeProducers(List.of(place)).all().get().get(place).activeProducers();
        Bench.same(producers.get(0).producerId(), described.producerId());
        Bench.same(producers.get(0).currentTransactionStartOffset().getAsLong(), 0L);
        writer.commitTransaction();
        // Its markers are written after the commit was answered.
        Bench.until(() -> describe().state() == TransactionState.COMPLETE_COMMIT, "not committed");
        return "";
    }

    private TransactionDescription describe() throws Exception {
        return admin.describeTransactions(List.of(bench.prefix)).all().get().get(bench.prefix);
    }

    private String deleteRecords() throws Exception {
        String at = bench.topic();
        bench.write(at, Bench.values(100));
        TopicPartition place = new TopicPartition(at, 0);
        var deleted = admin.deleteRecords(Map.of(place, RecordsToDelete.beforeOffset(60)));
        Bench.same(deleted.lowWatermarks().get(place).get().lowWatermark(), 60L);
        Bench.same(bench.readAll(at, UNCOMMITTED), Bench.values(100).subList(60, 100));
        return "";
    }

    private String errors() throws Exception {
        String at = bench.topic("", 1, Map.of("max.message.bytes", "10000"));
        Bench.refused(TopicExistsException.class, create(at, 1));
        Bench.refused(InvalidTopicException.class, create("a/b", 1));
        Bench.refused(InvalidReplicationFactorException.class, create(at + "-3", 3));
        Bench.refused(UnknownTopicOrPartitionException.class, admin.deleteTopics(List.of(at + "-unknown")).all());
        Bench.refused(RecordTooLargeException.class, () -> bench.write(at, List.of("x".repeat(20_000))));
        TopicPartition place = new TopicPartition(at, 0);
        try (KafkaConsumer<String, String> reader = bench.consumer(Map.of("auto.offset.reset", "none"))) {
            reader.assign(List.of(place));
            reader.seek(place, 1000);
            Bench.refused(OffsetOutOfRangeException.class, () -> Bench.take(reader, 1));
        }
        Bench.refused(GroupIdNotFoundException.class, admin.deleteConsumerGroups(List.of(at + "-unknown")).all());
        bench.write(at, List.of("a"));
        try (KafkaConsumer<String, String> member = bench.member(at, at)) {
            Bench.take(member, 1);
            Map<TopicPartition, OffsetAndMetadata> offset = Map.of(place, new OffsetAndMetadata(1));
            Bench.refused(UnknownMemberIdException.class, admin.alterConsumerGroupOffsets(at, offset).all());
        }
        return "8 kinds";
    }

    private org.apache.kafka.common.KafkaFuture<Void> create(String name, int replicas) {
        return admin.createTopics(List.of(new NewTopic(name, 1, (short) replicas))).all();
    }
}

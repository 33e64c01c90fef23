// Checks of administration with Kafka's own admin client: `java -cp JARS Administration.java HOST:PORT`.
//
// Every method of it that a broker of one node can answer, for good and for bad questions. What is expected is what Kafka
// does. Prints a line at the end, or throws.

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.*;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.quota.ClientQuotaFilterComponent;
import org.apache.kafka.common.serialization.ByteArraySerializer;

class Administration {
    static final String NAME = "administration";
    static final ConfigResource TOPIC = new ConfigResource(ConfigResource.Type.TOPIC, NAME);
    static Admin admin;
    static String bootstrap;
    static int node;

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
        node = admin.describeCluster().nodes().get().iterator().next().id();
        admin.createTopics(List.of(new NewTopic(NAME, 3, (short) 1))).all().get();
        topicSettings();
        brokerSettings();
        places();
        quotas();
        internalTopics();
        admin.deleteTopics(List.of(NAME)).all().get();
        System.out.println("settings, places, quotas, internal topics");
        System.exit(0);
    }

    static void topicSettings() throws Exception {
        alter(TOPIC, "retention.ms", "86400000", OpType.SET);
        alter(TOPIC, "cleanup.policy", "compact", OpType.APPEND);
        expect("86400000", ConfigSource.DYNAMIC_TOPIC_CONFIG, entry(TOPIC, "retention.ms"));
        expect("delete,compact", ConfigSource.DYNAMIC_TOPIC_CONFIG, entry(TOPIC, "cleanup.policy"));
        alter(TOPIC, "cleanup.policy", "delete", OpType.SUBTRACT);
        expect("compact", ConfigSource.DYNAMIC_TOPIC_CONFIG, entry(TOPIC, "cleanup.policy"));
        alter(TOPIC, "retention.ms", "", OpType.DELETE);
        alter(TOPIC, "cleanup.policy", "", OpType.DELETE);
        expect("604800000", ConfigSource.DEFAULT_CONFIG, entry(TOPIC, "retention.ms"));
        refused(InvalidConfigurationException.class, () -> alter(TOPIC, "retention.ms", "soon", OpType.SET));
        refused(InvalidConfigurationException.class, () -> alter(TOPIC, "no.such", "1", OpType.SET));
        refused(InvalidConfigurationException.class, () -> alter(TOPIC, "retention.ms", "1", OpType.APPEND));
        ConfigResource nowhere = new ConfigResource(ConfigResource.Type.TOPIC, "nowhere");
        refused(UnknownTopicOrPartitionException.class, () -> alter(nowhere, "retention.ms", "1", OpType.SET));
        Set<String> topics = admin.listConfigResources(Set.of(ConfigResource.Type.TOPIC), new ListConfigResourcesOptions())
            .all().get().stream().map(ConfigResource::name).collect(Collectors.toSet());
        check(topics.contains(NAME), topics);
    }

    static void brokerSettings() throws Exception {
        ConfigResource own = new ConfigResource(ConfigResource.Type.BROKER, "" + node);
        ConfigResource all = new ConfigResource(ConfigResource.Type.BROKER, "");
        alter(all, "log.retention.ms", "7200000", OpType.SET);
        expect("7200000", ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG, entry(TOPIC, "retention.ms"));
        expect("7200000", ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG, entry(all, "log.retention.ms"));
        alter(own, "log.retention.ms", "3600000", OpType.SET);
        expect("3600000", ConfigSource.DYNAMIC_BROKER_CONFIG, entry(own, "log.retention.ms"));
        check(entry(own, "node.id").isReadOnly() && !entry(own, "log.retention.ms").isReadOnly(), "read only");
        alter(own, "log.retention.ms", "", OpType.DELETE);
        alter(all, "log.retention.ms", "", OpType.DELETE);
        refused(InvalidRequestException.class, () -> alter(own, "node.id", "9", OpType.SET));
    }

    static void places() throws Exception {
        Map<String, String> settings = Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        try (var producer = new KafkaProducer<>(Map.copyOf(settings), new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(NAME, 1, null, new byte[10_000])).get();
        }
        LogDirDescription dir = admin.describeLogDirs(List.of(node)).allDescriptions().get().get(node).values().iterator().next();
        long size = dir.replicaInfos().get(new TopicPartition(NAME, 1)).size();
        check(size > 10_000 && size < 20_000, size);
        check(dir.usableBytes().getAsLong() <= dir.totalBytes().getAsLong(), dir);
        TopicDescription topic = admin.describeTopics(List.of(NAME)).allTopicNames().get().get(NAME);
        check(topic.partitions().size() == 3 && topic.partitions().get(2).leader().id() == node, topic);

        TopicPartition partition = new TopicPartition(NAME, 0);
        var elected = admin.electLeaders(ElectionType.PREFERRED, Set.of(partition)).partitions().get();
        check(elected.get(partition).get() instanceof ElectionNotNeededException, elected);
        check(admin.electLeaders(ElectionType.PREFERRED, null).partitions().get().isEmpty(), "elected");
        admin.alterPartitionReassignments(move(partition, List.of(node))).all().get();
        refused(InvalidReplicaAssignmentException.class,
            () -> admin.alterPartitionReassignments(move(partition, List.of(node, node + 1))).all().get());
        refused(NoReassignmentInProgressException.class,
            () -> admin.alterPartitionReassignments(Map.of(partition, Optional.empty())).all().get());
        check(admin.listPartitionReassignments().reassignments().get().isEmpty(), "on the way");
        admin.createPartitions(Map.of(NAME, NewPartitions.increaseTo(4))).all().get();
    }

    static void quotas() throws Exception {
        ClientQuotaEntity loader = new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, "loader"));
        Map<String, String> anyone = new TreeMap<>();
        anyone.put(ClientQuotaEntity.USER, null);
        ClientQuotaEntity users = new ClientQuotaEntity(anyone);
        quota(loader, "producer_byte_rate", 20_000.0);
        quota(users, "consumer_byte_rate", 1e6);
        quota(users, "request_percentage", 50.0);
        var all = admin.describeClientQuotas(ClientQuotaFilter.all()).entities().get();
        check(all.equals(Map.of(loader, Map.of("producer_byte_rate", 20_000.0),
            users, Map.of("consumer_byte_rate", 1e6, "request_percentage", 50.0))), all);
        var filter = ClientQuotaFilter.containsOnly(List.of(ClientQuotaFilterComponent.ofEntity("client-id", "loader")));
        check(admin.describeClientQuotas(filter).entities().get().keySet().equals(Set.of(loader)), "filtered");
        refused(InvalidRequestException.class, () -> quota(loader, "producer_byte_rate", -1.0));
        refused(InvalidRequestException.class, () -> quota(loader, "patience", 1.0));

        // A full bucket is ten seconds' worth: this takes two seconds more.
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "client.id", "loader", "batch.size", 0);
        long begun = System.nanoTime();
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int n = 0; n < 24; n++) {
                producer.send(new ProducerRecord<>(NAME, 0, null, new byte[10_000])).get();
            }
            double throttled = producer.metrics().entrySet().stream()
                .filter(metric -> metric.getKey().name().equals("produce-throttle-time-max"))
                .mapToDouble(metric -> (double) metric.getValue().metricValue()).max().getAsDouble();
            check(throttled > 0, "never throttled");
        }
        double seconds = (System.nanoTime() - begun) / 1e9;
        check(seconds > 1, "240,000 bytes took " + seconds + " s at 20,000 bytes/s");
        quota(loader, "producer_byte_rate", null);
        quota(users, "consumer_byte_rate", null);
        quota(users, "request_percentage", null);
        check(admin.describeClientQuotas(ClientQuotaFilter.all()).entities().get().isEmpty(), "quotas are left");
    }

    static void internalTopics() throws Exception {
        String offsets = "__consumer_offsets";
        refused(InvalidTopicException.class, () -> admin.createTopics(List.of(new NewTopic(offsets, 1, (short) 1))).all().get());
        if (admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get().contains(offsets)) {
            refused(InvalidTopicException.class, () -> admin.deleteTopics(List.of(offsets)).all().get());
        }
    }

    static Map<TopicPartition, Optional<NewPartitionReassignment>> move(TopicPartition partition, List<Integer> nodes) {
        return Map.of(partition, Optional.of(new NewPartitionReassignment(nodes)));
    }

    static void alter(ConfigResource resource, String name, String value, OpType type) throws Exception {
        AlterConfigOp op = new AlterConfigOp(new ConfigEntry(name, value), type);
        admin.incrementalAlterConfigs(Map.of(resource, List.of(op))).all().get();
    }

    static ConfigEntry entry(ConfigResource resource, String name) throws Exception {
        return admin.describeConfigs(List.of(resource)).all().get().get(resource).get(name);
    }

    static void quota(ClientQuotaEntity entity, String key, Double value) throws Exception {
        var alteration = new ClientQuotaAlteration(entity, List.of(new ClientQuotaAlteration.Op(key, value)));
        admin.alterClientQuotas(List.of(alteration)).all().get();
    }

    static void expect(String value, ConfigSource source, ConfigEntry entry) {
        check(value.equals(entry.value()) && source == entry.source(), entry);
    }

    interface Attempt {
        void run() throws Exception;
    }

    static void refused(Class<? extends Exception> expected, Attempt attempt) throws Exception {
        try {
            attempt.run();
        } catch (ExecutionException e) {
            check(expected.isInstance(e.getCause()), "expected " + expected + ", got " + e.getCause());
            return;
        }
        throw new AssertionError("not refused with " + expected);
    }

    static void check(boolean holds, Object seen) {
        if (!holds) {
            throw new AssertionError(seen);
        }
    }
}

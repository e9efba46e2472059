import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.internals.AppInfoParser;

/**
 * Kafka's own Java client, put to one use after another. Prints what it saw on standard output, and leaves the log of
 * the client to standard error. Arguments: host:port, command, topic. Exit code 1 for an error that the client reports.
 */
public class StubClient {
    /** A producer waits no longer for metadata or an acknowledgement: tests wait for it to give up. */
    private static final int LIMIT_MS = 5_000;
    /** A call of the admin client or the consumer. No test waits for it: a busy machine needs seconds to connect. */
    private static final int API_MS = 30_000;
    /** One request; with the linger time it must fit into the limit. */
    private static final int REQUEST_MS = 4_000;
    private static final List<String> VALUES = List.of("one", "two", "three");

    public static void main(String[] args) throws Exception {
        String servers = args[0];
        String command = args[1];
        String topic = args.length > 2 ? args[2] : "greetings";
        System.out.println("kafka-clients " + AppInfoParser.getVersion());
        try {
            switch (command) {
                case "admin" -> admin(servers);
                case "create-topic" -> createTopic(servers, topic);
                case "produce" -> produce(servers, topic, false);
                case "produce-idempotent" -> produce(servers, topic, true);
                case "consume" -> consume(servers, topic);
                default -> throw new IllegalArgumentException("unknown command " + command);
            }
        } catch (ExecutionException failure) {
            fail(failure.getCause());
        } catch (RuntimeException failure) {
            fail(failure);
        }
    }

    private static void fail(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            System.out.println("error: " + cause.getClass().getSimpleName() + ": " + cause.getMessage());
        }
        System.exit(1);
    }

    private static Properties properties(String servers, String clientId) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", servers);
        properties.put("client.id", clientId);
        properties.put("request.timeout.ms", REQUEST_MS);
        properties.put("default.api.timeout.ms", API_MS);
        properties.put("enable.metrics.push", "false");
        return properties;
    }

    private static void admin(String servers) throws Exception {
        try (Admin admin = Admin.create(properties(servers, "java-admin"))) {
            DescribeClusterResult cluster = admin.describeCluster();
            System.out.println("cluster id: " + cluster.clusterId().get());
            System.out.println("controller: " + cluster.controller().get());
            System.out.println("nodes: " + cluster.nodes().get());
            System.out.println("topics: " + admin.listTopics().names().get());
            System.out.println("features: " + admin.describeFeatures().featureMetadata().get());
        }
    }

    private static void createTopic(String servers, String topic) throws Exception {
        try (Admin admin = Admin.create(properties(servers, "java-admin"))) {
            var created = admin.createTopics(List.of(new NewTopic(topic, 3, (short) 1)));
            created.all().get();
            System.out.println("created: " + topic + ", partitions " + created.numPartitions(topic).get());
        }
    }

    private static void produce(String servers, String topic, boolean idempotent) throws Exception {
        Properties properties = properties(servers, "java-producer");
        properties.put("key.serializer", StringSerializer.class.getName());
        properties.put("value.serializer", StringSerializer.class.getName());
        // Left alone, it is true: what a user gets who sets nothing.
        if (!idempotent) properties.put("enable.idempotence", "false");
        properties.put("max.block.ms", LIMIT_MS);
        properties.put("delivery.timeout.ms", LIMIT_MS);
        Map<String, Future<RecordMetadata>> sent = new HashMap<>();
        try (Producer<String, String> producer = new KafkaProducer<>(properties)) {
            for (String value : VALUES) {
                Future<RecordMetadata> result = producer.send(new ProducerRecord<>(topic, "key", value));
                // Failed before it was sent: the next would wait for the same.
                if (result.isDone()) result.get();
                sent.put(value, result);
            }
            producer.flush();
            for (String value : VALUES) {
                RecordMetadata stored = sent.get(value).get();
                System.out.println("sent: " + value + " to " + stored);
            }
        }
    }

    private static void consume(String servers, String topic) {
        Properties properties = properties(servers, "java-consumer");
        properties.put("key.deserializer", StringDeserializer.class.getName());
        properties.put("value.deserializer", StringDeserializer.class.getName());
        properties.put("enable.auto.commit", "false");
        TopicPartition partition = new TopicPartition(topic, 0);
        try (Consumer<String, String> consumer = new KafkaConsumer<>(properties)) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            System.out.println("position: " + consumer.position(partition));
            for (int poll = 1; poll <= 3; poll++) {
                System.out.println("poll " + poll + ": " + consumer.poll(Duration.ofMillis(200)).count() + " records");
            }
            System.out.println("end: " + consumer.endOffsets(List.of(partition)));
        }
    }
}

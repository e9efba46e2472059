import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.internals.AppInfoParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Kafka's own Java client, told what to do by the runner: see matrix/driver-protocol.ts. Argument: host:port. */
public class Driver {
    private static final ObjectMapper JSON = new JsonMapper(JsonFactory.builder()
        .streamReadConstraints(StreamReadConstraints.builder().maxStringLength(100_000_000).build()).build());
    private static String servers;
    private static Admin admin;
    private static Member member;

    public static void main(String[] args) throws Exception {
        servers = args[0];
        admin = Admin.create(properties());
        ObjectNode hello = JSON.createObjectNode();
        print(hello.put("version", AppInfoParser.getVersion() + " (Java " + System.getProperty("java.version") + ")"));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ObjectNode answer = JSON.createObjectNode();
            try {
                answer.set("ok", run(JSON.readTree(line)));
            } catch (ExecutionException failure) {
                answer.put("error", String.valueOf(failure.getCause()));
            } catch (Exception failure) {
                answer.put("error", String.valueOf(failure));
            }
            print(answer);
        }
        System.exit(0);
    }

    private static void print(ObjectNode value) {
        System.out.println(value);
        System.out.flush();
    }

    private static ObjectNode run(JsonNode in) throws Exception {
        ObjectNode out = JSON.createObjectNode();
        String topic = in.path("topic").asText();
        TopicPartition partition = new TopicPartition(topic, in.path("partition").asInt());
        switch (in.get("op").asText()) {
            case "connect" -> {
                ArrayNode brokers = out.putArray("brokers");
                for (Node node : admin.describeCluster().nodes().get()) brokers.add(node.id());
            }
            case "create" ->
                admin.createTopics(List.of(new NewTopic(topic, in.get("partitions").asInt(), (short) 1))).all().get();
            case "describe" -> out.put("partitions",
                admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size());
            case "produce" -> produce(in, partition);
            case "consume" -> consume(in, partition, out.putArray("records"));
            case "join" -> {
                member = new Member(in.get("group").asText(), topic, in.path("assignor").asText());
                member.start();
            }
            case "state" -> {
                synchronized (member) {
                    ArrayNode partitions = out.putArray("partitions");
                    member.partitions.forEach(partitions::add);
                    ArrayNode values = out.putArray("values");
                    member.values.forEach(values::add);
                }
            }
            case "leave" -> {
                member.leaving = true;
                member.join();
            }
            case "readGroup" -> readGroup(in, topic, out.putArray("records"));
            case "deleteRecords" -> {
                RecordsToDelete before = RecordsToDelete.beforeOffset(in.get("offset").asLong());
                admin.deleteRecords(Map.of(partition, before)).all().get();
            }
            case "flood" -> flood(in, topic, out.putArray("failed"));
            case "drain" -> drain(in, topic, out.putArray("read"));
            case "deleteTopic" -> admin.deleteTopics(List.of(topic)).all().get();
            default -> throw new IllegalArgumentException(in.get("op").asText());
        }
        return out;
    }

    private static Properties properties() {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", servers);
        properties.put("default.api.timeout.ms", 20_000);
        properties.put("request.timeout.ms", 10_000);
        return properties;
    }

    private static void produce(JsonNode in, TopicPartition partition) throws Exception {
        Properties properties = properties();
        properties.put("key.serializer", ByteArraySerializer.class.getName());
        properties.put("value.serializer", ByteArraySerializer.class.getName());
        properties.put("compression.type", in.get("compression").asText());
        properties.put("enable.idempotence", in.get("idempotent").asBoolean());
        properties.put("acks", "all");
        properties.put("max.request.size", 16_000_000);
        properties.put("linger.ms", 50);
        List<Future<?>> sent = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties)) {
            for (JsonNode record : in.get("records")) {
                ProducerRecord<byte[], byte[]> made = new ProducerRecord<>(partition.topic(), partition.partition(),
                    record.get("timestamp").asLong(), bytes(record.get("key")), bytes(record.get("value")));
                for (JsonNode header : record.get("headers")) {
                    made.headers().add(header.get(0).asText(), bytes(header.get(1)));
                }
                sent.add(producer.send(made));
            }
            producer.flush();
            for (Future<?> one : sent) one.get();
        }
    }

    private static void consume(JsonNode in, TopicPartition partition, ArrayNode out) {
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(consumerProperties(null))) {
            consumer.assign(List.of(partition));
            if (in.has("timestamp")) {
                long time = in.get("timestamp").asLong();
                consumer.seek(partition, consumer.offsetsForTimes(Map.of(partition, time)).get(partition).offset());
            } else if (in.get("offset").asLong() < 0) {
                consumer.seekToBeginning(List.of(partition));
            } else {
                consumer.seek(partition, in.get("offset").asLong());
            }
            collect(consumer, in.get("count").asInt(), out);
        }
    }

    private static long collect(KafkaConsumer<byte[], byte[]> consumer, int count, ArrayNode out) {
        long next = 0;
        long deadline = System.currentTimeMillis() + 60_000;
        while (out.size() < count && System.currentTimeMillis() < deadline) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                if (out.size() == count) break;
                next = record.offset() + 1;
                ObjectNode read = out.addObject();
                read.put("offset", record.offset()).put("timestamp", record.timestamp());
                read.put("key", base64(record.key())).put("value", base64(record.value()));
                ArrayNode headers = read.putArray("headers");
                for (Header header : record.headers()) {
                    headers.addArray().add(header.key()).add(base64(header.value()));
                }
            }
        }
        return next;
    }

    private static Properties consumerProperties(String group) {
        Properties properties = properties();
        properties.put("key.deserializer", ByteArrayDeserializer.class.getName());
        properties.put("value.deserializer", ByteArrayDeserializer.class.getName());
        properties.put("enable.auto.commit", "false");
        properties.put("auto.offset.reset", "earliest");
        if (group != null) {
            properties.put("group.id", group);
            properties.put("session.timeout.ms", 6000);
            properties.put("heartbeat.interval.ms", 500);
        }
        return properties;
    }

    private static void readGroup(JsonNode in, String topic, ArrayNode out) {
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(consumerProperties(in.get("group").asText()))) {
            consumer.subscribe(List.of(topic));
            long next = collect(consumer, in.get("count").asInt(), out);
            consumer.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(next)));
        }
    }

    private static Properties quick(Properties properties) {
        for (String name : List.of("retry.backoff.ms", "reconnect.backoff.ms")) properties.put(name, 10);
        for (String name : List.of("retry.backoff.max.ms", "reconnect.backoff.max.ms")) properties.put(name, 100);
        return properties;
    }

    private static void flood(JsonNode in, String topic, ArrayNode failed) {
        Properties properties = quick(properties());
        properties.put("key.serializer", ByteArraySerializer.class.getName());
        properties.put("value.serializer", ByteArraySerializer.class.getName());
        boolean idempotent = in.get("idempotent").asBoolean();
        properties.put("enable.idempotence", idempotent);
        properties.put("max.in.flight.requests.per.connection", idempotent ? 5 : 1);
        properties.put("acks", "all");
        properties.put("batch.size", 8000);
        byte[] value = in.get("value").asText().getBytes(StandardCharsets.UTF_8);
        int partitions = in.get("partitions").asInt();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties)) {
            for (int number = 0; number < in.get("count").asInt(); number++) {
                int mine = number;
                byte[] key = String.valueOf(number).getBytes(StandardCharsets.UTF_8);
                producer.send(new ProducerRecord<>(topic, number % partitions, key, value), (metadata, failure) -> {
                    if (failure == null) return;
                    synchronized (failed) {
                        failed.add(mine);
                    }
                });
            }
            producer.flush();
        }
    }

    private static void drain(JsonNode in, String topic, ArrayNode read) {
        List<TopicPartition> partitions = new ArrayList<>();
        int left = 0;
        for (JsonNode count : in.get("counts")) {
            read.addArray();
            partitions.add(new TopicPartition(topic, partitions.size()));
            left += count.asInt();
        }
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(quick(consumerProperties(null)))) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long deadline = System.currentTimeMillis() + 50_000;
            while (left > 0 && System.currentTimeMillis() < deadline) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    ((ArrayNode) read.get(record.partition())).add(Integer.parseInt(new String(record.key(), StandardCharsets.UTF_8)));
                    left--;
                }
            }
        }
    }

    /** A member of a group on a thread of its own. */
    private static class Member extends Thread {
        final TreeSet<Integer> partitions = new TreeSet<>();
        final List<String> values = new ArrayList<>();
        volatile boolean leaving;
        private final KafkaConsumer<byte[], byte[]> consumer;
        private final String topic;

        Member(String group, String topic, String assignor) {
            Properties properties = consumerProperties(group);
            if (!assignor.isEmpty()) properties.put("partition.assignment.strategy", (assignor.equals("cooperative")
                ? CooperativeStickyAssignor.class : RangeAssignor.class).getName());
            consumer = new KafkaConsumer<>(properties);
            this.topic = topic;
        }

        @Override
        public void run() {
            consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> gone) {
                    synchronized (Member.this) {
                        for (TopicPartition one : gone) partitions.remove(one.partition());
                    }
                }

                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> come) {
                    synchronized (Member.this) {
                        for (TopicPartition one : come) partitions.add(one.partition());
                    }
                }
            });
            while (!leaving) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    synchronized (this) {
                        values.add(new String(record.value(), StandardCharsets.UTF_8));
                    }
                }
            }
            consumer.close();
        }
    }

    private static byte[] bytes(JsonNode text) {
        return text.isNull() ? null : Base64.getDecoder().decode(text.asText());
    }

    private static String base64(byte[] bytes) {
        return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
    }
}

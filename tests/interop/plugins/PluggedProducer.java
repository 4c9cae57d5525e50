import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Idempotent producers, one for each topic with plug-ins, while somebody kills the broker; then a consumer that reads everything, and a
 * comparison with what the producers were told.
 *
 * <p>A folder is where both sides speak: {@code acknowledged} has the count of acknowledged records; {@code stop} ends the sending,
 * which {@code stopped} tells; {@code read} begins the reading.
 */
public final class PluggedProducer {
    private static final int PARTITIONS = 4;
    private static final int KEYS = 24;
    /** Records of a topic without an answer. */
    private static final int WINDOW = 300;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final AtomicLong ACKNOWLEDGED = new AtomicLong();

    private PluggedProducer() {
    }

    /** Address of the broker, the folder, and how often the broker is killed. */
    public static void main(String[] args) throws Exception {
        Path told = Path.of(args[1]);
        List<Topic> topics = List.of(
            new Topic(args[0], "filtered", "none", true, false, false), new Topic(args[0], "serialized", "gzip", false, true, false),
            new Topic(args[0], "partitioned", "lz4", false, false, true), new Topic(args[0], "all", "zstd", true, true, true));
        List<Thread> threads = topics.stream().map(topic -> new Thread(() -> topic.sendUntil(told.resolve("stop")))).toList();
        threads.forEach(Thread::start);
        while (threads.stream().anyMatch(Thread::isAlive)) {
            Path count = Files.writeString(told.resolve("count"), Long.toString(ACKNOWLEDGED.get()));
            Files.move(count, told.resolve("acknowledged"), StandardCopyOption.ATOMIC_MOVE);
            Thread.sleep(20);
        }
        Files.createFile(told.resolve("stopped"));
        while (!Files.exists(told.resolve("read"))) {
            Thread.sleep(20);
        }
        List<String> violations = new ArrayList<>();
        Figures figures = new Figures();
        for (Topic topic : topics) {
            topic.check(violations, figures);
        }
        violations.stream().limit(20).forEach(System.out::println);
        if (violations.isEmpty() && (figures.elsewhere == 0 || figures.quarantined == 0)) {
            violations.add("the plug-ins had nothing to do");
        }
        System.out.printf("Java producer with plug-ins: %,d records, %s kills, %,d in quarantine, %,d in other partitions than they were sent to: %s%n",
            figures.acknowledged, args[2], figures.quarantined, figures.elsewhere, violations.isEmpty() ? "ok" : violations.size() + " broken promises");
        System.exit(violations.isEmpty() ? 0 : 1);
    }

    /** How much there was. */
    private static final class Figures {
        private long acknowledged;
        private long quarantined;
        private long elsewhere;
    }

    /** A record, as a function of its number: an order in JSON, now and then a poison pill or a tombstone. */
    private record Order(int number) {
        private static final String[] REGIONS = {"eu", "us", "asia", "mars"};
        private static final String TEXT = "pack my box with five dozen liquor jugs; ".repeat(16);

        private boolean isTombstone() {
            return number % 101 == 100;
        }

        /** Alone, and in rows: whole batches of it. */
        private boolean isPoison() {
            return !isTombstone() && (mixed(7) % 11 == 3 || number / 64 % 9 == 5);
        }

        private String key() {
            return "key-" + mixed(3) % KEYS;
        }

        /** The partition that the table of by-region has for it, or -1. */
        private int region() {
            return isPoison() || isTombstone() ? -1 : mixed(5) % REGIONS.length;
        }

        private String value(String card) {
            String text = TEXT.substring(0, mixed(11) % 600);
            if (isTombstone()) {
                return null;
            }
            // As of a producer that stopped in the middle.
            return isPoison() ? "{\"id\":" + number + ",\"text\":\"" + text
                : "{\"id\":" + number + ",\"region\":\"" + REGIONS[region()] + "\",\"card\":{\"number\":\"" + card + "\"},\"text\":\"" + text + "\"}";
        }

        private String sent() {
            return value("4111-" + number);
        }

        private int mixed(int salt) {
            long mixed = (number + 1L) * 0x9e3779b97f4a7c15L * salt;
            return (int) (mixed >>> 33);
        }
    }

    /** Where a record is. */
    private record Place(int partition, long offset) {
    }

    /** A topic, its producer, and what the producer was told. */
    private static final class Topic {
        private final String address;
        private final String name;
        private final String codec;
        private final boolean filter;
        private final boolean serializer;
        private final boolean partitioner;
        private final Map<Integer, Place> told = new HashMap<>();
        private final List<String> failures = new ArrayList<>();
        private int sent;

        private Topic(String address, String name, String codec, boolean filter, boolean serializer, boolean partitioner) {
            this.address = address;
            this.name = name;
            this.codec = codec;
            this.filter = filter;
            this.serializer = serializer;
            this.partitioner = partitioner;
        }

        private void sendUntil(Path stop) {
            Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", address, "enable.idempotence", true, "acks", "all",
                "retries", Integer.MAX_VALUE, "delivery.timeout.ms", 300_000, "request.timeout.ms", 60_000, "compression.type", codec,
                "linger.ms", 2, "batch.size", 4096));
            settings.putAll(Map.of("reconnect.backoff.ms", 10, "reconnect.backoff.max.ms", 100, "retry.backoff.ms", 20, "retry.backoff.max.ms", 100,
                "max.block.ms", 300_000));
            Semaphore room = new Semaphore(WINDOW);
            try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
                while (!Files.exists(stop)) {
                    if (!room.tryAcquire(50, TimeUnit.MILLISECONDS)) {
                        continue;
                    }
                    Order order = new Order(sent++);
                    var record = new ProducerRecord<>(name, null, order.key(), order.sent());
                    record.headers().add("number", Integer.toString(order.number()).getBytes(StandardCharsets.UTF_8));
                    producer.send(record, (metadata, exception) -> {
                        room.release();
                        answered(order, metadata, exception);
                    });
                }
                producer.flush();
            } catch (InterruptedException e) {
                failures.add(name + ": " + e);
            }
        }

        private synchronized void answered(Order order, RecordMetadata metadata, Exception exception) {
            if (exception != null) {
                failures.add(name + ": record " + order.number() + " was not taken: " + exception);
                return;
            }
            if (told.put(order.number(), new Place(metadata.partition(), metadata.offset())) != null) {
                failures.add(name + ": record " + order.number() + " was acknowledged twice");
            }
            ACKNOWLEDGED.incrementAndGet();
        }

        private boolean quarantines(Order order) {
            return order.isPoison() && (filter || serializer);
        }

        private void check(List<String> violations, Figures figures) {
            violations.addAll(failures);
            Map<Place, Integer> whose = new HashMap<>();
            told.forEach((number, place) -> {
                if (whose.put(place, number) != null) {
                    violations.add(name + ": two records were acknowledged at " + place);
                }
            });
            Map<Integer, Place> found = new HashMap<>();
            Map<String, Integer> newest = new HashMap<>();
            for (var record : readAll(IntStream.range(0, PARTITIONS).mapToObj(index -> new TopicPartition(name, index)).toList())) {
                checkStored(record, whose, violations);
                order(record, newest, violations);
                if (found.put(number(record), new Place(record.partition(), record.offset())) != null) {
                    violations.add("duplicate: " + described(record));
                }
            }
            if (filter || serializer) {
                for (var letter : readAll(List.of(new TopicPartition(name + ".dlq", 0)))) {
                    checkLetter(letter, violations);
                    order(letter, newest, violations);
                    figures.quarantined++;
                    if (found.put(number(letter), new Place(-1, letter.offset())) != null) {
                        violations.add("duplicate: " + described(letter));
                    }
                }
            }
            told.forEach((number, place) -> {
                Place at = found.get(number);
                if (at == null) {
                    violations.add("lost: record " + number + " of " + name + " was acknowledged at " + place);
                } else if (at.partition() >= 0 && at.partition() != place.partition()) {
                    figures.elsewhere++;
                }
            });
            if (told.size() != sent) {
                violations.add(name + ": " + sent + " records were sent and " + told.size() + " acknowledged");
            }
            figures.acknowledged += told.size();
        }

        /** A record of the topic: its bytes, its partition, its offset. */
        private void checkStored(ConsumerRecord<String, String> record, Map<Place, Integer> whose, List<String> violations) {
            Order order = new Order(number(record));
            Place at = new Place(record.partition(), record.offset());
            if (quarantines(order)) {
                violations.add("poison: " + described(record));
            }
            String value = serializer ? order.value("***") : order.sent();
            if (!order.key().equals(record.key()) || !Objects.equals(value, record.value())) {
                violations.add("changed: " + described(record));
            }
            Place acknowledged = told.get(order.number());
            if (acknowledged == null) {
                violations.add("never acknowledged: " + described(record));
                return;
            }
            int right = partitioner && order.region() >= 0 ? order.region() : acknowledged.partition();
            if (right != at.partition()) {
                violations.add("wrong partition: " + described(record) + " belongs in " + right);
            } else if (right == acknowledged.partition() && !at.equals(acknowledged)) {
                violations.add("displaced: " + described(record) + " was acknowledged at " + acknowledged);
            }
            if (whose.getOrDefault(at, order.number()) != order.number()) {
                violations.add("taken: " + described(record) + " is where another was acknowledged: " + whose.get(at));
            }
        }

        /** A record of the quarantine: the bytes that were sent, and the reason. */
        private void checkLetter(ConsumerRecord<String, String> letter, List<String> violations) {
            Order order = new Order(number(letter));
            if (!quarantines(order)) {
                violations.add("quarantined: " + described(letter));
            }
            if (!order.key().equals(letter.key()) || !order.sent().equals(letter.value())) {
                violations.add("changed: " + described(letter));
            }
            Place acknowledged = told.get(order.number());
            if (acknowledged == null) {
                violations.add("never acknowledged: " + described(letter));
                return;
            }
            Map<String, String> expected = Map.of("topic", name, "partition", Integer.toString(acknowledged.partition()),
                "plugin", filter ? "json-guard" : "redact", "version", "1.0.0", "timestamp", Long.toString(letter.timestamp()));
            expected.forEach((key, value) -> {
                if (!value.equals(header(letter, "klamm.dlq." + key))) {
                    violations.add("untold: " + key + " of " + described(letter) + " is " + header(letter, "klamm.dlq." + key));
                }
            });
            // A letter of a try that broke off has the offset that was next then.
            long offset = Long.parseLong(header(letter, "klamm.dlq.offset"));
            if (offset < 0 || offset > acknowledged.offset() || !header(letter, "klamm.dlq.reason").startsWith("not JSON: ")) {
                violations.add("untold: offset " + offset + " or reason of " + described(letter) + ", acknowledged at " + acknowledged);
            }
        }

        private static void order(ConsumerRecord<String, String> record, Map<String, Integer> newest, List<String> violations) {
            Integer before = newest.put(record.topic() + record.partition() + "/" + record.key(), number(record));
            if (before != null && before > number(record)) {
                violations.add("reordered: " + described(record) + " after " + before);
            }
        }

        private List<ConsumerRecord<String, String>> readAll(Collection<TopicPartition> partitions) {
            Map<String, Object> settings = Map.of("bootstrap.servers", address, "enable.auto.commit", false, "auto.offset.reset", "none");
            List<ConsumerRecord<String, String>> records = new ArrayList<>();
            try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
                consumer.assign(partitions);
                partitions.forEach(partition -> consumer.seek(partition, 0));
                Map<TopicPartition, Long> ends = consumer.endOffsets(partitions, PATIENCE);
                long deadline = System.nanoTime() + PATIENCE.toNanos();
                while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                    if (System.nanoTime() > deadline) {
                        throw new IllegalStateException(name + " can't be read to its end: " + Arrays.toString(partitions.toArray()));
                    }
                    consumer.poll(Duration.ofMillis(100)).forEach(records::add);
                }
            }
            return records;
        }
    }

    private static int number(ConsumerRecord<String, String> record) {
        return Integer.parseInt(header(record, "number"));
    }

    private static String header(ConsumerRecord<String, String> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    private static String described(ConsumerRecord<String, String> record) {
        return "record " + header(record, "number") + " at " + record.topic() + "-" + record.partition() + "@" + record.offset();
    }
}

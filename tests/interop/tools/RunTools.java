import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs a script of calls of Kafka's tools against one broker, all in this process: a JVM for each would cost more than all the tools do.
 * What each call says goes to a file with the call's name: what it printed, what it said of errors, how it ended.
 *
 * <p>A line of the script is one of
 * <pre>
 *   name: Tool argument ...        a call; {at} is the option with the broker's address, {files} the script's folder, {data} the broker's
 *   name: !Tool argument ...       the same in a JVM of its own, for a tool that says what it has done when its JVM ends
 *   &lt; text                         a line of standard input for the call above it
 *   &lt;* 5000 text %d                 so many lines of it, numbered
 *   +member id group topic protocol    a consumer that stays in a group until it is told to leave
 *   -member id                         tells it
 *   +record topic partition timestamp value
 * </pre>
 */
public final class RunTools {
    private static final List<String> PACKAGES = List.of("org.apache.kafka.tools.", "org.apache.kafka.tools.consumer.",
        "org.apache.kafka.tools.consumer.group.", "org.apache.kafka.tools.reassign.", "kafka.admin.");
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final String address;
    private final Map<String, String> places;
    private final Path answers;
    private final Map<String, Member> members = new HashMap<>();

    private RunTools(String address, Map<String, String> places, Path answers) {
        this.address = address;
        this.places = places;
        this.answers = answers;
    }

    /** Address of the broker, script, folder of the answers, the broker's data directory. */
    public static void main(String[] args) throws Exception {
        Path script = Path.of(args[1]);
        Map<String, String> places = Map.of(
            "{at}", "--bootstrap-server " + args[0], "{files}", script.toAbsolutePath().getParent().toString(), "{data}", args[3]);
        new RunTools(args[0], places, Path.of(args[2])).run(Files.readAllLines(script));
        // A tool may leave threads behind.
        System.exit(0);
    }

    private void run(List<String> lines) throws Exception {
        for (int at = 0; at < lines.size(); at++) {
            String line = lines.get(at).strip();
            if (line.isEmpty() || line.startsWith("#") || line.startsWith("<")) {
                continue;
            }
            String[] words = line.split(" +");
            switch (words[0]) {
                case "+member" -> members.put(words[1], Member.join(address, words[1], words[2], words[3], words[4]));
                case "-member" -> members.remove(words[1]).leave();
                case "+record" -> produce(words[1], Integer.parseInt(words[2]), Long.parseLong(words[3]), words[4]);
                default -> call(line, input(lines, at + 1));
            }
        }
    }

    /** The lines of standard input that begin at this line of the script. */
    private static byte[] input(List<String> lines, int from) {
        StringBuilder input = new StringBuilder();
        for (int at = from; at < lines.size() && lines.get(at).startsWith("<"); at++) {
            String line = lines.get(at);
            if (line.startsWith("<* ")) {
                String[] words = line.split(" +", 3);
                for (int number = 1; number <= Integer.parseInt(words[1]); number++) {
                    input.append(String.format(words[2], number)).append('\n');
                }
            } else {
                input.append(line.substring(2).replace("\\t", "\t")).append('\n');
            }
        }
        return input.toString().getBytes(StandardCharsets.UTF_8);
    }

    private void call(String line, byte[] input) throws Exception {
        int colon = line.indexOf(':');
        String command = line.substring(colon + 1).strip();
        for (Map.Entry<String, String> place : places.entrySet()) {
            command = command.replace(place.getKey(), place.getValue());
        }
        String[] words = command.split(" +");
        long begun = System.nanoTime();
        String[] arguments = Arrays.copyOfRange(words, 1, words.length);
        String answer = words[0].startsWith("!") ? inItsOwnJvm(words[0].substring(1), arguments) : new Call(words[0], arguments).answer(input);
        Files.writeString(answers.resolve(line.substring(0, colon)), answer);
        System.err.printf("%5d ms %s%n", (System.nanoTime() - begun) / 1_000_000, line);
    }

    private static String inItsOwnJvm(String tool, String[] arguments) throws Exception {
        String classes = System.getProperty("java.class.path");
        List<String> command = new ArrayList<>(List.of("java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classes));
        command.add(tool(tool).getName());
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        byte[] out = process.getInputStream().readAllBytes();
        return "exit: " + process.waitFor() + "\n" + section("out", new String(out, StandardCharsets.UTF_8));
    }

    private static String section(String name, String text) {
        StringBuilder section = new StringBuilder();
        text.lines().forEach(line -> section.append(name).append(": ").append(line).append('\n'));
        return section.toString();
    }

    private void produce(String topic, int partition, long timestamp, String value) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", address);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(topic, partition, timestamp, null, value)).get();
        }
    }

    /** The class of a tool, whichever of Kafka's packages it is in. */
    private static Class<?> tool(String name) throws ClassNotFoundException {
        for (String in : PACKAGES) {
            try {
                return Class.forName(in + name);
            } catch (ClassNotFoundException e) {
                continue;
            }
        }
        throw new ClassNotFoundException(name);
    }

    /** A tool ended itself. */
    private static final class Exited extends RuntimeException {
        private final int code;
        private final String message;

        private Exited(int code, String message) {
            super(null, null, false, false);
            this.code = code;
            this.message = message;
        }
    }

    /** One call of a tool in a thread of its own, with its own standard streams. */
    private static final class Call {
        private final String name;
        private final String[] arguments;
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private final ByteArrayOutputStream err = new ByteArrayOutputStream();
        private final List<Runnable> atExit = new ArrayList<>();
        private volatile String end = "0";

        private Call(String name, String[] arguments) {
            this.name = name;
            this.arguments = arguments;
        }

        private String answer(byte[] input) throws Exception {
            PrintStream formerOut = System.out;
            PrintStream formerErr = System.err;
            System.setOut(new PrintStream(out, true));
            System.setErr(new PrintStream(err, true));
            System.setIn(new ByteArrayInputStream(input));
            Exit.setExitProcedure((code, message) -> {
                throw new Exited(code, message);
            });
            Exit.setShutdownHookAdder((hook, runnable) -> atExit.add(runnable));
            try {
                bounded("tool", this::tool);
                for (Runnable hook : atExit) {
                    bounded("hook", hook);
                }
            } finally {
                System.setOut(formerOut);
                System.setErr(formerErr);
            }
            return "exit: " + end + "\n" + section("out", out.toString(StandardCharsets.UTF_8)) + section("err", err.toString(StandardCharsets.UTF_8));
        }

        private void bounded(String what, Runnable work) throws InterruptedException {
            Thread thread = new Thread(work, what + " " + name);
            thread.setDaemon(true);
            thread.start();
            thread.join(PATIENCE.toMillis());
            if (thread.isAlive()) {
                end = "did not end in " + PATIENCE.toSeconds() + " s";
                thread.interrupt();
            }
        }

        private void tool() {
            try {
                RunTools.tool(name).getMethod("main", String[].class).invoke(null, (Object) arguments);
            } catch (InvocationTargetException e) {
                ended(e.getCause());
            } catch (ReflectiveOperationException e) {
                ended(e);
            }
        }

        private void ended(Throwable why) {
            if (why instanceof Exited exited) {
                end = Integer.toString(exited.code);
                if (exited.message != null) {
                    System.err.println(exited.message);
                }
            } else {
                end = why.toString();
            }
        }
    }

    /** A consumer in a group, which polls until it is told to leave. */
    private static final class Member {
        private final KafkaConsumer<String, String> consumer;
        private final CountDownLatch assigned = new CountDownLatch(1);
        private final Thread polling = new Thread(this::poll);
        private volatile boolean leaving;

        private Member(KafkaConsumer<String, String> consumer, String topic) {
            this.consumer = consumer;
            consumer.subscribe(List.of(topic));
            polling.setDaemon(true);
        }

        private static Member join(String address, String id, String group, String topic, String protocol) throws Exception {
            Map<String, Object> settings = Map.of("bootstrap.servers", address, "client.id", id, "group.id", group,
                "group.protocol", protocol, "auto.offset.reset", "earliest");
            Member member = new Member(new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer()), topic);
            member.polling.start();
            if (!member.assigned.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException(id + " was assigned nothing in " + PATIENCE);
            }
            return member;
        }

        private void poll() {
            try (consumer) {
                while (!leaving) {
                    boolean read = !consumer.poll(Duration.ofMillis(100)).isEmpty();
                    if (read) {
                        consumer.commitSync();
                    } else if (!consumer.assignment().isEmpty()) {
                        assigned.countDown();
                    }
                }
            } catch (WakeupException e) {
                assert leaving;
            }
        }

        private void leave() throws InterruptedException {
            leaving = true;
            polling.join();
        }
    }
}

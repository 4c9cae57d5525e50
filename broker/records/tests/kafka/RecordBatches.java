// Kafka's own classes as a judge of record batches: writes batches, reads ours, and says what its broker would.
//
//   java -cp 'LIB/*' RecordBatches.java write COUNT DIRECTORY    one file a codec
//   java -cp 'LIB/*' RecordBatches.java read FILE                a line a record
//   java -cp 'LIB/*' RecordBatches.java judge FILE               a verdict a batch; each has its length (4 bytes) in front

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.PrimitiveRef;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogValidator;
import org.apache.kafka.storage.internals.log.RecordValidationException;

public class RecordBatches {
    static final short PRODUCE_VERSION = 9;

    public static void main(String[] arguments) throws IOException {
        switch (arguments[0]) {
            case "write" -> write(Integer.parseInt(arguments[1]), Path.of(arguments[2]));
            case "read" -> read(Path.of(arguments[1]));
            case "judge" -> judge(Path.of(arguments[1]));
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    static void write(int count, Path directory) throws IOException {
        Map<String, Compression> codecs = new TreeMap<>(Map.of(
            "none", Compression.NONE,
            "gzip", Compression.gzip().build(),
            "snappy", Compression.snappy().build(),
            "lz4", Compression.lz4().build(),
            "zstd", Compression.zstd().build()));
        for (Map.Entry<String, Compression> codec : codecs.entrySet()) {
            MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1024), RecordBatch.CURRENT_MAGIC_VALUE,
                codec.getValue(), TimestampType.CREATE_TIME, 0L, RecordBatch.NO_TIMESTAMP, 42L, (short) 3, 7, false, 5);
            for (int n = 0; n < count; n++) {
                builder.append(1_700_000_000_000L + n * 37 % 100, key(n), value(n), headers(n));
            }
            ByteBuffer bytes = builder.build().buffer();
            byte[] array = new byte[bytes.remaining()];
            bytes.get(array);
            Files.write(directory.resolve(codec.getKey() + ".batch"), array);
        }
    }

    static byte[] key(int n) {
        return n % 5 == 0 ? null : bytes("key-" + n);
    }

    static byte[] value(int n) {
        return n % 7 == 0 ? null : bytes(("value-" + n + " ").repeat(n % 11));
    }

    static Header[] headers(int n) {
        Header[] headers = new Header[n % 3];
        for (int index = 0; index < headers.length; index++) {
            headers[index] = new RecordHeader("h" + index, n % 2 == 0 ? null : bytes("" + n));
        }
        return headers;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static void read(Path file) throws IOException {
        MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(Files.readAllBytes(file)));
        StringBuilder out = new StringBuilder();
        for (MutableRecordBatch batch : records.batches()) {
            batch.ensureValid();
            for (Record record : batch) {
                out.append(record.offset()).append(' ').append(record.timestamp());
                out.append(' ').append(hex(record.key())).append(' ').append(hex(record.value()));
                for (Header header : record.headers()) {
                    byte[] value = header.value();
                    out.append(' ').append(header.key()).append('=').append(hex(value == null ? null : ByteBuffer.wrap(value)));
                }
                out.append('\n');
            }
        }
        System.out.print(out);
    }

    static String hex(ByteBuffer bytes) {
        if (bytes == null) {
            return "null";
        }
        byte[] array = new byte[bytes.remaining()];
        bytes.get(array);
        return "x" + HexFormat.of().formatHex(array);
    }

    static void judge(Path file) throws IOException {
        StringBuilder out = new StringBuilder();
        try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
            while (in.available() > 0) {
                out.append(verdict(in.readNBytes(in.readInt()))).append('\n');
            }
        }
        System.out.print(out);
    }

    /** The checks of a broker between the request and the log, in its order. */
    static String verdict(byte[] bytes) {
        try {
            MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(bytes));
            ProduceRequest.validateRecords(PRODUCE_VERSION, records);
            RecordBatch batch = records.batches().iterator().next();
            // UnifiedLog.analyzeAndValidateRecords, which is private.
            if (batch.baseOffset() != 0) {
                return Errors.INVALID_RECORD.name();
            }
            batch.ensureValid();
            CompressionType codec = batch.compressionType();
            LogValidator validator = new LogValidator(records, new TopicPartition("judged", 0), Time.SYSTEM, codec,
                Compression.of(codec).build(), false, RecordBatch.CURRENT_MAGIC_VALUE, TimestampType.CREATE_TIME,
                Long.MAX_VALUE, Long.MAX_VALUE, 0, AppendOrigin.CLIENT);
            validator.validateMessagesAndAssignOffsets(PrimitiveRef.ofLong(0), new NoMetrics(), BufferSupplier.NO_CACHING);
            return Errors.NONE.name();
        } catch (RecordValidationException error) {
            return Errors.forException(error.invalidException()).name();
        } catch (Throwable error) {
            return Errors.forException(error).name();
        }
    }

    static class NoMetrics implements LogValidator.MetricsRecorder {
        public void recordInvalidMagic() { }
        public void recordInvalidOffset() { }
        public void recordInvalidSequence() { }
        public void recordInvalidChecksums() { }
        public void recordNoKeyCompactedTopic() { }
    }
}

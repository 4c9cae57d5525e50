"""kafka-python against a broker: every codec, keys, headers, idempotence, offsets by time, topics and settings.

usage: roundtrip.py HOST:PORT
"""

import sys
import uuid

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.errors import TopicAlreadyExistsError

RECORDS = 300


def value(n):
    return f"value {n} ".encode() * (n % 70)


def produce(bootstrap, topic, codec):
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, compression_type=codec, acks="all", enable_idempotence=True, linger_ms=10
    )
    futures = [
        producer.send(
            topic,
            key=b"k%d" % n if n % 3 else None,
            value=value(n),
            headers=[("n", b"%d" % n)],
            timestamp_ms=1_700_000_000_000 + n * 1000,
            partition=0,
        )
        for n in range(RECORDS)
    ]
    producer.flush()
    offsets = [future.get(timeout=30).offset for future in futures]
    assert offsets == list(range(RECORDS)), offsets
    producer.close()


def consume(bootstrap, topic):
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, consumer_timeout_ms=20_000)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    for n in range(RECORDS):
        record = next(consumer)
        assert record.offset == n
        assert record.key == (b"k%d" % n if n % 3 else None), record
        assert record.value == value(n), record
        assert list(record.headers) == [("n", b"%d" % n)], record
        assert record.timestamp == 1_700_000_000_000 + n * 1000, record
    found = consumer.offsets_for_times({partition: 1_700_000_000_000 + 41_500})
    assert found[partition].offset == 42, found
    assert consumer.end_offsets([partition]) == {partition: RECORDS}
    assert consumer.beginning_offsets([partition]) == {partition: 0}
    consumer.close()


def administer(bootstrap):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    topic = f"python-admin-{uuid.uuid4()}"
    admin.create_topics([NewTopic(topic, 2, 1, topic_configs={"retention.ms": "60000"})])
    try:
        admin.create_topics([NewTopic(topic, 2, 1)])
        raise AssertionError("a topic can be made twice")
    except TopicAlreadyExistsError:
        pass
    admin.create_partitions({topic: NewPartitions(4)})
    described = admin.describe_topics([topic])
    assert len(described[0]["partitions"]) == 4, described
    settings = str(admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)]))
    assert "retention.ms" in settings and "60000" in settings, settings
    admin.delete_topics([topic])
    assert topic not in admin.list_topics()
    admin.close()


def main():
    bootstrap = sys.argv[1]
    for codec in [None, "gzip", "snappy", "lz4", "zstd"]:
        topic = f"python-{codec}-{uuid.uuid4()}"
        produce(bootstrap, topic, codec)
        consume(bootstrap, topic)
        print(f"kafka-python: {codec or 'none'}: ok")
    administer(bootstrap)
    print("kafka-python: administration: ok")


main()

"""kafka-python against a broker: every codec, keys, headers, idempotence, offsets by time, topics and settings.

usage: roundtrip.py HOST:PORT
"""

import sys
import time
import uuid

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.errors import TopicAlreadyExistsError
from kafka.structs import OffsetAndMetadata

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


def member(bootstrap, topic, group):
    return KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        heartbeat_interval_ms=300,
        enable_auto_commit=False,
    )


def poll_until(members, holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, [consumer.assignment() for consumer in members]
        for consumer in members:
            consumer.poll(timeout_ms=100)


def group(bootstrap):
    """One, two, three members on two partitions; what was committed is there for who comes next."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    topic = f"python-group-{uuid.uuid4()}"
    admin.create_topics([NewTopic(topic, 2, 1)])
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for n in range(RECORDS):
        producer.send(topic, value(n), partition=n % 2)
    producer.flush()
    producer.close()
    members = []
    for shares in [[2], [1, 1], [0, 1, 1]]:
        members.append(member(bootstrap, topic, topic))
        poll_until(members, lambda: sorted(len(consumer.assignment()) for consumer in members) == shares)
    for consumer in members:
        if consumer.assignment():
            consumer.seek_to_end()
        ends = {partition: consumer.position(partition) for partition in consumer.assignment()}
        consumer.commit({partition: OffsetAndMetadata(end, "as it was", -1) for partition, end in ends.items()})
        consumer.close()
    committed = admin.list_consumer_group_offsets(topic)
    assert {partition.partition: offset.offset for partition, offset in committed.items()} == {0: 150, 1: 150}
    assert all(offset.metadata == "as it was" for offset in committed.values()), committed
    assert (topic, "consumer") in [tuple(listed)[:2] for listed in admin.list_consumer_groups()]
    admin.delete_consumer_groups([topic])
    admin.delete_topics([topic])
    admin.close()


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
    group(bootstrap)
    print("kafka-python: groups: ok")
    administer(bootstrap)
    print("kafka-python: administration: ok")


main()

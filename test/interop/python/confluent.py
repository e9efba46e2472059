"""confluent-kafka, which is librdkafka, told what to do by the runner. Argument: host:port."""

import sys
import threading
import time

import confluent_kafka
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from serve import b64, serve, unb64

servers = {"bootstrap.servers": sys.argv[1]}
admin = AdminClient(servers)


def connect():
    return {"brokers": list(admin.list_topics(timeout=10).brokers)}


def create(topic, partitions):
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result()


def describe(topic):
    return {"partitions": len(admin.list_topics(topic, timeout=10).topics[topic].partitions)}


def produce(topic, partition, compression, idempotent, records):
    producer = Producer(
        servers
        | {
            "compression.type": compression,
            "enable.idempotence": idempotent,
            "linger.ms": 50,
            "message.max.bytes": 16000000,
        }
    )
    errors = []

    def delivered(error, _message):
        if error is not None:
            errors.append(error)

    for record in records:
        producer.produce(
            topic,
            partition=partition,
            key=unb64(record["key"]),
            value=unb64(record["value"]),
            headers=[(name, unb64(value)) for name, value in record["headers"]],
            timestamp=record["timestamp"],
            on_delivery=delivered,
        )
    left = producer.flush(30)
    if errors or left:
        raise RuntimeError(f"{left} left, {errors}")


def consumer_of(group, settings={}):
    return Consumer(
        servers
        | settings
        | {
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
        }
    )


def read(message):
    return {
        "offset": message.offset(),
        "timestamp": message.timestamp()[1],
        "key": b64(message.key()),
        "value": b64(message.value()),
        "headers": [[name, b64(value)] for name, value in message.headers() or []],
    }


def collect(consumer, count):
    records = []
    end = time.monotonic() + 60
    while len(records) < count and time.monotonic() < end:
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        records.append(read(message))
    return records


def consume(topic, partition, count, offset=None, timestamp=None):
    consumer = consumer_of("unused")
    if timestamp is not None:
        [found] = consumer.offsets_for_times([TopicPartition(topic, partition, timestamp)], timeout=10)
        offset = found.offset
    consumer.assign([TopicPartition(topic, partition, offset)])
    try:
        return {"records": collect(consumer, count)}
    finally:
        consumer.close()


class Member(threading.Thread):
    def __init__(self, group, topic, assignor):
        super().__init__(daemon=True)
        strategy = {"eager": "range", "cooperative": "cooperative-sticky"}
        self.consumer = consumer_of(group, {"partition.assignment.strategy": strategy[assignor]} if assignor else {})
        self.topic = topic
        self.partitions = []
        self.values = []
        self.leaving = False

    def run(self):
        def assigned(_consumer, partitions):
            self.partitions = self.partitions + [one.partition for one in partitions]

        def revoked(_consumer, partitions):
            gone = [one.partition for one in partitions]
            self.partitions = [one for one in self.partitions if one not in gone]

        self.consumer.subscribe([self.topic], on_assign=assigned, on_revoke=revoked)
        while not self.leaving:
            message = self.consumer.poll(0.1)
            if message is not None and not message.error():
                self.values.append(message.value().decode())
        self.consumer.close()


member = None


def join(group, topic, assignor=None):
    global member
    member = Member(group, topic, assignor)
    member.start()


def state():
    return {"partitions": member.partitions, "values": member.values}


def leave():
    member.leaving = True
    member.join()


def read_group(group, topic, count):
    consumer = consumer_of(group)
    consumer.subscribe([topic])
    records = collect(consumer, count)
    consumer.commit(offsets=[TopicPartition(topic, 0, records[-1]["offset"] + 1)], asynchronous=False)
    consumer.close()
    return {"records": records}


def delete_records(topic, partition, offset):
    for future in admin.delete_records([TopicPartition(topic, partition, offset)]).values():
        future.result()


def delete_topic(topic):
    admin.delete_topics([topic])[topic].result()


QUICK = {"retry.backoff.ms": 10, "reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 100}


def flood(topic, partitions, count, value, idempotent):
    producer = Producer(
        servers
        | QUICK
        | {
            "enable.idempotence": idempotent,
            "max.in.flight": 5 if idempotent else 1,
            "batch.num.messages": 200,
            "queue.buffering.max.messages": count,
        }
    )
    failed = []

    def delivered(error, message):
        if error is not None:
            failed.append(int(message.key()))

    for number in range(count):
        producer.produce(topic, value, str(number), number % partitions, on_delivery=delivered)
    if producer.flush(50):
        raise RuntimeError("not all is settled")
    return {"failed": failed}


def drain(topic, counts):
    consumer = Consumer(servers | QUICK | {"group.id": "unused", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(len(counts))])
    read = [[] for _ in counts]
    left = sum(counts)
    end = time.monotonic() + 50
    while left > 0 and time.monotonic() < end:
        for message in consumer.consume(1000, 0.2):
            if message.error() is None:
                read[message.partition()].append(int(message.key()))
                left -= 1
    consumer.close()
    return {"read": read}


serve(
    f"{confluent_kafka.__version__}, librdkafka {confluent_kafka.libversion()[0]}",
    {
        "connect": connect,
        "create": create,
        "describe": describe,
        "produce": produce,
        "consume": consume,
        "join": join,
        "state": state,
        "leave": leave,
        "readGroup": read_group,
        "deleteRecords": delete_records,
        "deleteTopic": delete_topic,
        "flood": flood,
        "drain": drain,
    },
)

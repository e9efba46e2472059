"""kafka-python, told what to do by the runner. Argument: host:port."""

import sys
import threading
import time

import kafka
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import NewTopic
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from serve import Unsupported, b64, serve, unb64

servers = sys.argv[1]
admin = KafkaAdminClient(bootstrap_servers=servers)


def connect():
    return {"brokers": [broker["broker_id"] for broker in admin.describe_cluster()["brokers"]]}


def create(topic, partitions):
    admin.create_topics([NewTopic(topic, partitions, 1)])


def describe(topic):
    [found] = admin.describe_topics([topic])
    return {"partitions": len(found["partitions"])}


def produce(topic, partition, compression, idempotent, records):
    if any(value is None for record in records for _name, value in record["headers"]):
        raise Unsupported("its producer takes bytes only as the value of a header")
    producer = KafkaProducer(
        bootstrap_servers=servers,
        compression_type=None if compression == "none" else compression,
        enable_idempotence=idempotent,
        acks="all",
        linger_ms=50,
        max_request_size=16000000,
    )
    sent = [
        producer.send(
            topic,
            partition=partition,
            key=unb64(record["key"]),
            value=unb64(record["value"]),
            headers=[(name, unb64(value)) for name, value in record["headers"]],
            timestamp_ms=record["timestamp"],
        )
        for record in records
    ]
    producer.flush(30)
    for one in sent:
        one.get(1)
    producer.close()


def consumer_of(group=None, **settings):
    return KafkaConsumer(
        bootstrap_servers=servers,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6000,
        heartbeat_interval_ms=500,
        **settings,
    )


def read(message):
    return {
        "offset": message.offset,
        "timestamp": message.timestamp,
        "key": b64(message.key),
        "value": b64(message.value),
        "headers": [[name, b64(value)] for name, value in message.headers],
    }


def collect(consumer, count):
    records = []
    end = time.monotonic() + 60
    while len(records) < count and time.monotonic() < end:
        for messages in consumer.poll(200, max_records=count - len(records)).values():
            records += [read(message) for message in messages]
    return records


def consume(topic, partition, count, offset=None, timestamp=None):
    consumer = consumer_of()
    of = TopicPartition(topic, partition)
    consumer.assign([of])
    if timestamp is not None:
        consumer.seek(of, consumer.offsets_for_times({of: timestamp})[of].offset)
    elif offset < 0:
        consumer.seek_to_beginning(of)
    else:
        consumer.seek(of, offset)
    try:
        return {"records": collect(consumer, count)}
    finally:
        consumer.close()


class Member(threading.Thread):
    def __init__(self, group, topic, assignor):
        super().__init__(daemon=True)
        strategy = {"eager": RangePartitionAssignor, "cooperative": CooperativeStickyAssignor}
        self.consumer = consumer_of(group, **({"partition_assignment_strategy": [strategy[assignor]]} if assignor else {}))
        self.consumer.subscribe([topic])
        self.partitions = []
        self.values = []
        self.leaving = False

    def run(self):
        while not self.leaving:
            for messages in self.consumer.poll(100).values():
                self.values += [message.value.decode() for message in messages]
            self.partitions = [one.partition for one in self.consumer.assignment()]
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
    consumer.commit({TopicPartition(topic, 0): OffsetAndMetadata(records[-1]["offset"] + 1, "", -1)})
    consumer.close()
    return {"records": records}


def delete_records(topic, partition, offset):
    admin.delete_records({TopicPartition(topic, partition): offset})


def delete_topic(topic):
    admin.delete_topics([topic])


QUICK = {"retry_backoff_ms": 10, "reconnect_backoff_ms": 10, "reconnect_backoff_max_ms": 100}


def flood(topic, partitions, count, value, idempotent):
    producer = KafkaProducer(
        bootstrap_servers=servers,
        enable_idempotence=idempotent,
        max_in_flight_requests_per_connection=5 if idempotent else 1,
        acks="all",
        batch_size=8000,
        retries=1000000,
        **QUICK,
    )
    sent = [
        producer.send(topic, value.encode(), str(number).encode(), partition=number % partitions) for number in range(count)
    ]
    producer.flush(50)
    failed = [number for number, one in enumerate(sent) if not one.succeeded()]
    producer.close()
    return {"failed": failed}


def drain(topic, counts):
    consumer = KafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest", enable_auto_commit=False, **QUICK)
    consumer.assign([TopicPartition(topic, partition) for partition in range(len(counts))])
    read = [[] for _ in counts]
    left = sum(counts)
    end = time.monotonic() + 50
    while left > 0 and time.monotonic() < end:
        for of, messages in consumer.poll(200, max_records=1000).items():
            read[of.partition] += [int(message.key) for message in messages]
            left -= len(messages)
    consumer.close()
    return {"read": read}


serve(
    kafka.__version__,
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

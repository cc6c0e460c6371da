"""A checker of the exactly-once promise. It reads Kafka itself, blocks by docs/formats/block-v1.md, and knows nothing of
the gate's code."""

import collections
import hashlib
import pathlib
import sys
from collections.abc import Callable

import confluent_kafka

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance" / "formats"))
import block_v1  # noqa: E402

OUTPUTS = ("allowed", "quarantined", "blocked", "dead-letter")
ROUTE_FIELD = 11
OFFSET_FIELD = 80


def scan_topic(
    address: str, topic: str, take: Callable[[confluent_kafka.Message], None]
) -> list[int]:
    """Gives `take` all committed records up to the ends of now, in order per partition; the partitions."""
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": address,
            "group.id": "checker",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
        }
    )
    try:
        partitions = sorted(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
        beginning = confluent_kafka.OFFSET_BEGINNING
        consumer.assign([confluent_kafka.TopicPartition(topic, p, beginning) for p in partitions])
        at_end: set[int] = set()
        while len(at_end) < len(partitions):
            for message in consumer.consume(10000, timeout=1):
                error = message.error()
                if error is None:
                    take(message)
                    at_end.discard(message.partition())
                elif error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
                    at_end.add(message.partition())
                else:
                    raise confluent_kafka.KafkaException(error)
    finally:
        consumer.close()
    return partitions


def read_topic(address: str, topic: str) -> dict[int, list[confluent_kafka.Message]]:
    """All committed records per partition, up to the ends of now."""
    found: dict[int, list[confluent_kafka.Message]] = collections.defaultdict(list)
    partitions = scan_topic(address, topic, lambda each: found[each.partition()].append(each))
    return {partition: found[partition] for partition in partitions}


def committed(address: str, topic: str, partitions: int, group: str = "") -> list[int]:
    """The offsets of the group, which is named as the topic if not told; 0 where there is none."""
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": address, "group.id": group or topic, "enable.auto.commit": False}
    )
    try:
        wanted = [confluent_kafka.TopicPartition(topic, p) for p in range(partitions)]
        return [max(each.offset, 0) for each in consumer.committed(wanted, timeout=30)]
    except confluent_kafka.KafkaException:
        # A broker that moves its coordinator or is slow: the caller asks again.
        return [0] * partitions
    finally:
        consumer.close()


class Check:
    """What is broken, in words; and the counts."""

    def __init__(self, address: str, topic: str) -> None:
        self.errors: list[str] = []
        self.counts: collections.Counter[str] = collections.Counter()
        self.source = {
            partition: {message.offset(): message for message in messages}
            for partition, messages in read_topic(address, topic).items()
        }
        self.topic = topic
        # (partition, offset) -> route of its row.
        self.rows: dict[tuple[int, int], int] = {}
        self.digest = hashlib.sha256()
        self.read_blocks(address)
        self.read_outputs(address)

    def wrong(self, message: str) -> None:
        self.errors.append(message)

    def read_blocks(self, address: str) -> None:
        next_of: dict[int, int] = {partition: 0 for partition in self.source}
        digests: dict[int, list[bytes]] = {partition: [] for partition in self.source}
        for messages in read_topic(address, "lineward.decisions").values():
            for message in messages:
                block = block_v1.read_block(message.value())
                if block.header["topic"] != self.topic:
                    continue
                partition = int(block.header["partition"])
                first, after = int(block.header["first"]), int(block.header["next"])
                name = f"block {self.topic}-{partition} {first}..{after}"
                self.counts["blocks"] += 1
                if message.key() != f"{self.topic}-{partition}".encode():
                    self.wrong(f"{name}: key {message.key()!r}")
                if block.root() != block_v1.header_root(block):
                    self.wrong(f"{name}: the root does not match")
                if first != next_of[partition]:
                    self.wrong(f"{name}: does not follow {next_of[partition]}")
                next_of[partition] = after
                self.take_rows(block, partition, first, after, name)
                digests[partition] += block.leaves()
        for partition, records in self.source.items():
            end = max(records, default=-1) + 1
            if next_of[partition] != end:
                self.wrong(
                    f"{self.topic}-{partition}: blocks end at {next_of[partition]}, source at {end}"
                )
            for leaf in digests[partition]:
                self.digest.update(leaf)

    def take_rows(
        self, block: block_v1.Block, partition: int, first: int, after: int, name: str
    ) -> None:
        inside = set()
        for row in block.rows:
            fields = dict(block_v1.fields(row[1:]))
            offset = block_v1.Reader(fields[OFFSET_FIELD]).uv()
            place = (partition, offset)
            if place in self.rows:
                self.wrong(f"{self.topic}-{partition}-{offset}: two rows")
            if offset not in self.source[partition]:
                self.wrong(f"{self.topic}-{partition}-{offset}: a row without a record")
            self.rows[place] = fields[ROUTE_FIELD][0]
            inside.add(offset)
        self.counts["rows"] += len(block.rows)
        for offset in range(first, after):
            if offset not in inside and offset in self.source[partition]:
                self.wrong(f"{name}: record {offset} lies in a gap")

    def read_outputs(self, address: str) -> None:
        seen: collections.Counter[tuple[int, int]] = collections.Counter()
        for route, suffix in enumerate(OUTPUTS, 1):
            for partition, messages in read_topic(address, f"{self.topic}.{suffix}").items():
                last = -1
                for message in messages:
                    self.counts[suffix] += 1
                    last = self.take_output(message, partition, route, last, seen)
        for partition, records in self.source.items():
            for offset in records:
                if seen[partition, offset] != 1:
                    self.wrong(
                        f"{self.topic}-{partition}-{offset}: {seen[partition, offset]} outputs"
                    )
                if (partition, offset) not in self.rows:
                    self.wrong(f"{self.topic}-{partition}-{offset}: no row")
        self.counts["source"] = sum(len(records) for records in self.source.values())

    def take_output(
        self,
        message: confluent_kafka.Message,
        partition: int,
        route: int,
        last: int,
        seen: collections.Counter[tuple[int, int]],
    ) -> int:
        headers = message.headers() or []
        ids = [value for name, value in headers if name == "lineward-id"]
        prefix = f"{self.topic}-{partition}-".encode()
        if len(ids) != 1 or not ids[0].startswith(prefix):
            self.wrong(f"{message.topic()}-{partition}-{message.offset()}: id {ids}")
            return last
        offset = int(ids[0][len(prefix) :])
        seen[partition, offset] += 1
        name = f"{self.topic}-{partition}-{offset}"
        source = self.source[partition].get(offset)
        if source is None:
            self.wrong(f"{name}: an output without a record")
            return last
        if offset <= last:
            self.wrong(f"{name}: output behind that of {last}")
        if self.rows.get((partition, offset)) != route:
            self.wrong(
                f"{name}: row says route {self.rows.get((partition, offset))}, output {route}"
            )
        if (message.key(), message.value()) != (source.key(), source.value()):
            self.wrong(f"{name}: key or value changed")
        if message.timestamp() != source.timestamp():
            self.wrong(f"{name}: timestamp changed")
        incoming = source.headers() or []
        if headers[: len(incoming)] != incoming:
            self.wrong(f"{name}: incoming headers changed")
        return offset

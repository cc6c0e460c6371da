"""What goes out of the gate is what came in, byte for byte: key, value, headers, timestamp of promotions in all
framings; headers that only Lineward may write are removed wherever they came in. The gate is `lineward serve` on a real
Kafka; the checker reads Kafka itself and knows the rules from the documents alone.

LINEWARD_BYTES_EVENTS (20,000) scales it; one promotion of 100 carries one to three forged headers."""

import collections
import hashlib
import os
import pathlib
import random
import re
import subprocess
import sys
import time
import urllib.request

import confluent_kafka
import pytest
from node import BINARY, Node

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.integration import exactly_once  # noqa: E402
from tests.support import promotions  # noqa: E402

pytestmark = pytest.mark.kafka

EVENTS = int(os.environ.get("LINEWARD_BYTES_EVENTS", "20000"))
PARTITIONS = 4
PATIENCE_S = 60 + EVENTS / 1000
Headers = list[tuple[str, bytes | None]]

FORGED = (
    "lineward-id",
    "Lineward-Decision",
    "LINEWARD-MODE",
    "lineward-obligations",
    "lineward-truncated",
    "lineward-replay-of",
    "Lineward-Replay-Of",
    "lineward-of-my-own",
    "lineward-",
)
# These look like ours and are not.
ALIKE = ("lineward", "lineward_id", "x-lineward-id", "ce_lineward-id")
MARK = b"forged: "
OURS = ("lineward-", "__connect.errors.")


def mixed_headers(draw: random.Random, topic: str) -> Headers:
    """What a recommender may send along."""
    return draw.choice(
        [
            [],
            [("user", None), ("user", b""), ("user", b"again")],
            [("", b"no name"), ("all-bytes", bytes(range(256)))],
            [(draw.choice(ALIKE), b"kept")],
            [("lineward-replay-of", f"{topic}-0-7".encode())],
            [("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")],
        ]
    )


def kept_of(headers: Headers, topic: str) -> Headers:
    """What must go on: all that is not ours to write, and one claim of a replay of this topic."""
    claims = [value or b"" for name, value in headers if name == "lineward-replay-of"]
    is_claim = len(claims) == 1 and re.fullmatch(rf"{topic}-\d+-\d+".encode(), claims[0])
    return [
        (name, value)
        for name, value in headers
        if not name.lower().startswith("lineward-") or (is_claim and name == "lineward-replay-of")
    ]


def forged_in(headers: Headers) -> int:
    return sum((value or b"").startswith(MARK) for _, value in headers)


def digest_of(message: confluent_kafka.Message, headers: Headers) -> bytes:
    whole = hashlib.blake2b(digest_size=16)
    for part in (message.key(), message.value(), *[each for pair in headers for each in pair]):
        data = part.encode() if isinstance(part, str) else part
        whole.update(b"\x00" if data is None else b"\x01" + len(data).to_bytes(4, "big") + data)
    whole.update(repr(message.timestamp()).encode())
    return whole.digest()


class Story:
    """A topic of its own with its gate."""

    def __init__(self, folder: pathlib.Path, address: str, env: dict[str, str]) -> None:
        self.address = address
        self.topic = f"promotions-{os.getpid()}-{time.time_ns() % 10**9}"
        world = [BINARY.parent / "gate_process", "world", address, self.topic, str(PARTITIONS)]
        subprocess.run(world, check=True)
        (folder / "lineward.yaml").write_text(f"gate: {{sources: [{{topic: {self.topic}}}]}}\n")
        settings = {"transport": "kafka", "kafka.brokers": address, "roles": "gate"}
        settings |= {"kafka.require_durable": "false", "instance_id": self.topic}
        self.node = Node(folder, settings, env)
        self.forged = 0
        self.kinds: collections.Counter[str] = collections.Counter()

    def send(self, count: int, seed: int) -> None:
        producer = confluent_kafka.Producer(
            {"bootstrap.servers": self.address, "linger.ms": 20, "enable.idempotence": True}
        )
        generator = promotions.Generator(seed)
        draw = random.Random(seed)
        now_ms = int(time.time() * 1000)
        for number in range(count):
            made = generator.make(number)
            self.kinds[made.kind] += 1
            headers: Headers = [*made.headers, *mixed_headers(draw, self.topic)]
            if number % 100 == 0:
                for _ in range(1 + number // 100 % 3):
                    forged = (draw.choice(FORGED), MARK + str(self.forged).encode())
                    headers.insert(draw.randrange(len(headers) + 1), forged)
                    self.forged += 1
            while True:
                try:
                    producer.produce(
                        self.topic,
                        made.value,
                        draw.choice([made.key, None, b""]),
                        number % PARTITIONS,
                        headers=headers,
                        timestamp=now_ms - draw.randrange(86_400_000),
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
        assert producer.flush(120) == 0

    def run(self, count: int) -> None:
        with self.node as node:
            deadline = time.monotonic() + PATIENCE_S
            while (
                sum(exactly_once.committed(self.address, self.topic, PARTITIONS, "lineward.gate"))
                < count
            ):
                assert time.monotonic() < deadline
            with urllib.request.urlopen(node.admin + "/metrics", timeout=30) as answer:
                self.metrics = answer.read().decode()
            assert node.stop() == 0

    def removed(self) -> int:
        """How many headers the gate says that it removed."""
        lines = self.metrics.splitlines()
        counts = [
            line.split() for line in lines if line.startswith("lineward_gate_headers_removed")
        ]
        return sum(int(float(count)) for _, count in counts)


class Check:
    """Compares the outputs with the source: what is broken, by kind, and the counts."""

    def __init__(self, story: Story) -> None:
        self.errors: collections.Counter[str] = collections.Counter()
        self.counts: collections.Counter[str] = collections.Counter()
        self.topic = story.topic
        self.source: dict[tuple[int, int], bytes] = {}
        self.forged = self.removed = 0
        exactly_once.scan_topic(story.address, story.topic, self.take_source)
        self.unseen = set(self.source)
        for suffix in exactly_once.OUTPUTS:
            topic = f"{story.topic}.{suffix}"
            exactly_once.scan_topic(story.address, topic, self.take_output)
        self.errors["without output"] += len(self.unseen)

    def take_source(self, message: confluent_kafka.Message) -> None:
        headers: Headers = message.headers() or []
        kept = kept_of(headers, self.topic)
        self.forged += forged_in(headers)
        self.removed += len(headers) - len(kept)
        self.source[message.partition(), message.offset()] = digest_of(message, kept)

    def take_output(self, message: confluent_kafka.Message) -> None:
        self.counts[message.topic().removeprefix(self.topic + ".")] += 1
        headers: Headers = message.headers() or []
        names = [name for name, _ in headers]
        at = names.index("lineward-id") if "lineward-id" in names else len(names)
        self.errors["forged header survived"] += forged_in(headers)
        self.errors["headers behind ours"] += any(not each.startswith(OURS) for each in names[at:])
        if names.count("lineward-id") != 1:
            self.errors["lineward-id not once"] += 1
            return
        topic, partition, offset = str(headers[at][1], "ascii").rsplit("-", 2)
        place = (int(partition), int(offset))
        if topic != self.topic or place[0] != message.partition() or place not in self.unseen:
            self.errors["lineward-id of no promotion, or again"] += 1
            return
        self.unseen.remove(place)
        self.errors["changed"] += digest_of(message, headers[:at]) != self.source[place]

    def found(self) -> dict[str, int]:
        return {what: count for what, count in self.errors.items() if count}


@pytest.fixture(autouse=True)
def needs_binaries() -> None:
    for program in (BINARY, BINARY.parent / "gate_process"):
        if not program.exists():
            pytest.skip(f"{program} is not built")


def test_what_goes_out_is_what_came_in(tmp_path: pathlib.Path, address: str) -> None:
    story = Story(tmp_path, address, {})
    story.send(EVENTS, seed=5)
    story.run(EVENTS)
    check = Check(story)
    assert check.found() == {}
    assert len(check.source) == EVENTS == sum(check.counts.values())
    assert check.forged == story.forged >= EVENTS // 100
    assert check.removed == story.removed() >= story.forged
    assert check.counts["allowed"] == story.kinds["good"] > 0
    assert check.counts["dead-letter"] == story.kinds["malformed"] > 0
    print(dict(check.counts), f"{story.forged} forged headers, 0 survived")


def test_control_a_payload_that_is_written_anew_is_found(
    tmp_path: pathlib.Path, address: str
) -> None:
    """A gate that loses the fields it does not know: the same checker must be red, for each of them."""
    story = Story(tmp_path, address, {"LINEWARD_SABOTAGE": "payload_reserialised"})
    story.send(2000, seed=6)
    story.run(2000)
    check = Check(story)
    assert check.found() == {"changed": story.kinds["good"] + story.kinds["unknown"]}

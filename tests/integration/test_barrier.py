"""No promotion is decided by control topics that were read in part: starts of `lineward serve` on a real Kafka whose
policies topic is slow, with a permitting set at its beginning and a forbidding one at its end; and nothing is allowed
from the first transaction after the policy head is deleted.

LINEWARD_BARRIER_STARTS (5) scales it."""

import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable

import confluent_kafka
import pytest
from node import BINARY, Node

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "conformance" / "formats"))
sys.path.insert(0, str(ROOT))
import block_v1  # noqa: E402

from tests.integration import exactly_once  # noqa: E402
from tests.support import promotions  # noqa: E402

pytestmark = pytest.mark.kafka

STARTS = int(os.environ.get("LINEWARD_BARRIER_STARTS", "5"))
PARTITIONS = 2
PER_START = 40
FILLERS = 6000
PATIENCE_S = 90
POLICIES = "lineward.policies"
GROUP = "lineward.gate"
CONTROL_FIELD = 1
OUTCOME_FIELD = 10
ALLOW = 1


def wait_until(is_true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < deadline, f"not in {PATIENCE_S} s: {what}"
        time.sleep(0.02)


class Story:
    """A topic of its own, the policies topic of the cluster, and gates one after the other."""

    def __init__(self, folder: pathlib.Path, address: str) -> None:
        self.folder = folder
        self.address = address
        self.topic = f"promotions-{os.getpid()}-{time.time_ns() % 10**9}"
        self.process("world", address, self.topic, str(PARTITIONS))
        self.producer = confluent_kafka.Producer({"bootstrap.servers": address, "linger.ms": 5})
        self.generator = promotions.Generator(3, malformed=0, unknown=0)
        self.sent = 0
        # A short queue: the other control topics are read beside the slow one, not behind it.
        (folder / "lineward.yaml").write_text(
            f"gate: {{sources: [{{topic: {self.topic}}}]}}\n"
            'kafka: {librdkafka: {queued.min.messages: "1000"}}\n'
        )

    def process(self, *arguments: str) -> None:
        subprocess.run([BINARY.parent / "gate_process", *arguments], check=True)

    def publish(self, effect: str) -> None:
        """A set with one rule; its epoch is the next."""
        heads = [m for m in self.policies() if m.key() == self.head_key()]
        self.process("policies", self.address, effect, str(len(heads) + 1))

    def policies(self) -> list[confluent_kafka.Message]:
        return exactly_once.read_topic(self.address, POLICIES)[0]

    def head_key(self) -> bytes:
        return b"head"

    def end(self) -> int:
        return self.policies()[-1].offset() + 1

    def delete_head(self) -> int:
        """The offset of the deletion."""
        self.producer.produce(POLICIES, None, self.head_key(), 0)
        assert self.producer.flush(30) == 0
        return self.policies()[-1].offset()

    def fill(self) -> None:
        """Many records that change nothing: a chunk of a set, again."""
        chunk = next(m for m in self.policies() if m.key() != self.head_key())
        for _ in range(FILLERS):
            self.producer.produce(POLICIES, chunk.value(), chunk.key(), 0)
        assert self.producer.flush(60) == 0

    def send(self, count: int) -> None:
        for _ in range(count):
            made = self.generator.make(self.sent)
            at = self.sent % PARTITIONS
            self.producer.produce(self.topic, made.value, made.key, at, headers=made.headers)
            self.sent += 1
        assert self.producer.flush(30) == 0

    def committed(self) -> int:
        return sum(exactly_once.committed(self.address, self.topic, PARTITIONS, GROUP))

    def node(self, **env: str) -> Node:
        settings = {"transport": "kafka", "kafka.brokers": self.address, "roles": "gate"}
        settings |= {"kafka.require_durable": "false", "instance_id": self.topic}
        return Node(self.folder, settings, env)

    def rows(self) -> list[tuple[int, int]]:
        """Next offset of policies, and outcome, of each decision."""
        rows = []
        for messages in exactly_once.read_topic(self.address, "lineward.decisions").values():
            for message in messages:
                block = block_v1.read_block(message.value())
                if block.header["topic"] != self.topic:
                    continue
                for row in block.rows:
                    fields = dict(block_v1.fields(row[1:]))
                    control = block_v1.Reader(fields[CONTROL_FIELD])
                    control.uv()  # registry
                    rows.append((control.uv(), fields[OUTCOME_FIELD][0]))
        return rows


@pytest.fixture
def story(tmp_path: pathlib.Path, address: str) -> Story:
    for program in (BINARY, BINARY.parent / "gate_process"):
        if not program.exists():
            pytest.skip(f"{program} is not built")
    made = Story(tmp_path, address)
    made.publish("permit")
    return made


def start_behind_slow_topic(story: Story) -> int:
    """One start with promotions that wait, the follower pausing after each step (1,024 records at most); how often the
    gate was seen behind the barrier."""
    before = story.committed()
    story.send(PER_START)
    seen = 0
    with story.node(LINEWARD_FAULT="control.after_apply:*:sleep=200") as node:
        deadline = time.monotonic() + PATIENCE_S
        while node.causes()["gate"] != "":
            assert time.monotonic() < deadline, node.causes()["gate"]
            committed = story.committed()
            if node.causes()["gate"].startswith("control barrier: lineward."):
                assert committed == before
                seen += 1
        wait_until(lambda: story.committed() >= story.sent, "the gate decides all")
        assert node.stop() == 0
    return seen


def test_nothing_is_consumed_before_the_barrier(story: Story) -> None:
    story.fill()
    story.publish("forbid")
    end = story.end()
    seen = [start_behind_slow_topic(story) for _ in range(STARTS)]
    assert all(seen), seen
    rows = story.rows()
    assert len(rows) == story.sent == STARTS * PER_START
    assert [row for row in rows if row[0] < end or row[1] == ALLOW] == []
    print(f"{STARTS} starts, seen {sum(seen)} times behind the barrier, {len(rows)} rows, 0 ALLOW")


def test_control_without_the_barrier_promotions_are_allowed(story: Story) -> None:
    story.fill()
    story.publish("forbid")
    end = story.end()
    slow = "control.after_apply:*:sleep=1000"
    with story.node(LINEWARD_FAULT=slow, LINEWARD_SABOTAGE="no_barrier"):
        rows: list[tuple[int, int]] = []
        deadline = time.monotonic() + PATIENCE_S
        while all(known < end for known, _ in rows):
            assert time.monotonic() < deadline, rows
            story.send(PER_START)
            rows = story.rows()
    assert [row for row in rows if row[0] < end and row[1] == ALLOW] != []


def test_nothing_is_allowed_after_the_head_was_deleted(story: Story) -> None:
    with story.node() as node:
        story.send(PER_START)
        wait_until(lambda: story.committed() >= story.sent, "the gate decides")
        deleted = story.delete_head()
        while max(row[0] for row in story.rows()) <= deleted:
            story.send(PER_START)
            wait_until(lambda: story.committed() >= story.sent, "the gate decides on")
        story.send(PER_START)
        wait_until(lambda: story.committed() >= story.sent, "the gate decides on")
        assert node.stop() == 0
    rows = story.rows()
    assert len(rows) == story.sent
    assert {outcome for known, outcome in rows if known <= deleted} == {ALLOW}
    assert ALLOW not in {outcome for known, outcome in rows if known > deleted}
    # A start after it reads the older heads, then the deletion.
    story.send(PER_START)
    with story.node() as node:
        wait_until(lambda: story.committed() >= story.sent, "the gate refuses")
        assert node.stop() == 0
    rows = story.rows()
    assert len(rows) == story.sent
    assert ALLOW not in {outcome for known, outcome in rows if known > deleted}

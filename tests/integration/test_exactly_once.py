"""Promotions of all framings through a gate that is killed at random moments, on a real Kafka: each source offset has
exactly one row and one output. The gate is a process; the checker is `exactly_once.py`.

LINEWARD_STORY_EVENTS (20,000) and LINEWARD_STORY_KILLS (10) scale it. LINEWARD_BINARY_DIR is where
`gate_process` lies."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import confluent_kafka
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.integration import exactly_once  # noqa: E402
from tests.support import promotions  # noqa: E402

pytestmark = pytest.mark.kafka

BINARY = (
    pathlib.Path(os.environ.get("LINEWARD_BINARY_DIR", ROOT / "build" / "dev" / "bin"))
    / "gate_process"
)
EVENTS = int(os.environ.get("LINEWARD_STORY_EVENTS", "20000"))
KILLS = int(os.environ.get("LINEWARD_STORY_KILLS", "10"))
PARTITIONS = 4
PATIENCE_S = 240


class Story:
    """The world, the recommender and the gate's process."""

    def __init__(self, address: str, environment: dict[str, str]) -> None:
        self.address = address
        self.environment = os.environ | environment
        self.topic = f"promotions-{os.getpid()}-{time.time_ns() % 10**9}"
        subprocess.run([BINARY, "world", address, self.topic, str(PARTITIONS)], check=True)
        self.gate: subprocess.Popen[bytes] | None = None

    def send(self, count: int, seed: int) -> dict[str, int]:
        """Sends promotions in transactions, one of ten aborted: the source has offsets that nobody can read."""
        producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": self.address,
                "transactional.id": f"recommender-{self.topic}",
                "linger.ms": 20,
            }
        )
        producer.init_transactions(30)
        generator = promotions.Generator(seed)
        kinds = {"good": 0, "malformed": 0, "unknown": 0}
        number = 0
        while number < count:
            producer.begin_transaction()
            is_aborted = random.Random(number + seed).random() < 0.1
            for _ in range(min(500, count - number)):
                made = generator.make(number)
                producer.produce(
                    self.topic, made.value, made.key, number % PARTITIONS, headers=made.headers
                )
                if not is_aborted:
                    kinds[made.kind] += 1
                number += 1
            producer.flush(30)
            if is_aborted:
                producer.abort_transaction(30)
            else:
                producer.commit_transaction(30)
        # The last record of each partition is one that can be read.
        producer.begin_transaction()
        for partition in range(PARTITIONS):
            made = promotions.Generator(seed, 0, 0).make(number + partition)
            producer.produce(self.topic, made.value, made.key, partition, headers=made.headers)
            kinds["good"] += 1
        producer.commit_transaction(30)
        return kinds

    def start(self) -> None:
        self.gate = subprocess.Popen(
            [BINARY, "gate", self.address, self.topic],
            env=self.environment,
            stdout=subprocess.PIPE,
        )

    def kill(self) -> None:
        assert self.gate is not None
        self.gate.send_signal(signal.SIGKILL)
        self.gate.wait()

    def stop(self) -> int:
        assert self.gate is not None and self.gate.stdout is not None
        assert self.gate.stdout.readline() == b"takes signals\n"
        self.gate.send_signal(signal.SIGTERM)
        return self.gate.wait(timeout=60)

    def ends(self) -> list[int]:
        records = exactly_once.read_topic(self.address, self.topic)
        return [max(m.offset() for m in records[p]) + 1 for p in range(PARTITIONS)]

    def wait_done(self, ends: list[int]) -> bool:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            at = exactly_once.committed(self.address, self.topic, PARTITIONS)
            if all(a >= e for a, e in zip(at, ends, strict=True)):
                return True
            assert self.gate is not None
            if self.gate.poll() is not None:
                self.start()
        return False

    def close(self) -> None:
        if self.gate is not None and self.gate.poll() is None:
            self.gate.kill()
            self.gate.wait()


@pytest.fixture
def make_story(address: str) -> Iterator[Callable[..., Story]]:
    if not BINARY.exists():
        pytest.skip(f"{BINARY} is not built")
    stories: list[Story] = []

    def make(**environment: str) -> Story:
        stories.append(Story(address, environment))
        return stories[-1]

    yield make
    for story in stories:
        story.close()


def test_each_promotion_has_one_row_and_one_output_however_often_the_gate_is_killed(
    make_story: Callable[..., Story],
) -> None:
    story = make_story()
    kinds = story.send(EVENTS, seed=1)
    ends = story.ends()
    moments = random.Random(7)
    for _ in range(KILLS):
        story.start()
        time.sleep(moments.uniform(0.2, 2.5))
        story.kill()
    story.start()
    assert story.wait_done(ends)
    assert story.stop() == 0
    check = exactly_once.Check(story.address, story.topic)
    assert check.errors[:10] == []
    assert check.counts["dead-letter"] == kinds["malformed"]
    assert check.counts["quarantined"] + check.counts["blocked"] == kinds["unknown"]
    assert check.counts["allowed"] == kinds["good"]
    print(dict(check.counts), check.digest.hexdigest())


def test_control_offsets_outside_the_transaction_are_found(
    make_story: Callable[..., Story],
) -> None:
    """A gate that commits its offsets apart, killed between the two: the same checker must be red."""
    story = make_story(
        LINEWARD_SABOTAGE="offsets_outside_transaction", LINEWARD_FAULT="txn.before_commit:2:kill"
    )
    story.send(2000, seed=2)
    ends = story.ends()
    story.start()
    assert story.gate is not None
    assert story.gate.wait(timeout=PATIENCE_S) == -signal.SIGKILL
    del story.environment["LINEWARD_FAULT"]
    story.start()
    assert story.wait_done(ends)
    story.stop()
    assert exactly_once.Check(story.address, story.topic).errors != []

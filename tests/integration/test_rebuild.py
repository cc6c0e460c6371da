"""Gate and ledger as processes of their own on a real Kafka, both killed at random moments while
promotions come in; then the ledger is wiped and rebuilt. The checker is `exactly_once.py`, which
knows nothing of Lineward's code.

LINEWARD_STORY_EVENTS (20,000), LINEWARD_STORY_KILLS (5, of the gate) and
LINEWARD_STORY_LEDGER_KILLS (4) scale it. The broker is always its own: the ledger must hold the
decisions of this story and no others."""

import collections
import dataclasses
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator

import confluent_kafka
import pytest
from node import BINARY, Node
from test_story import SHOP

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.integration import exactly_once  # noqa: E402
from tests.support import promotions  # noqa: E402

pytestmark = pytest.mark.kafka

EVENTS = int(os.environ.get("LINEWARD_STORY_EVENTS", "20000"))
GATE_KILLS = int(os.environ.get("LINEWARD_STORY_KILLS", "5"))
LEDGER_KILLS = int(os.environ.get("LINEWARD_STORY_LEDGER_KILLS", "4"))
PARTITIONS = 4
TOPIC = "promotions"
PAGE_ROWS = 1000
# For what the pipeline does after the last kill, at a rate far below any that was seen.
PATIENCE_S = 120 + EVENTS / 1000


class Recommender(threading.Thread):
    """Sends promotions in transactions, one of ten aborted, share by share."""

    def __init__(self, address: str, shares: int) -> None:
        super().__init__(daemon=True)
        self.address = address
        self.shares = shares
        self.wanted = threading.Semaphore(0)
        self.kinds: collections.Counter[str] = collections.Counter()
        self.failure: BaseException | None = None
        self.random = random.Random(11)
        self.generator = promotions.Generator(12)

    def run(self) -> None:
        try:
            producer = confluent_kafka.Producer(
                {"bootstrap.servers": self.address, "transactional.id": "recommender"}
            )
            producer.init_transactions(30)
            sent = 0
            for share in range(1, self.shares + 1):
                self.wanted.acquire()
                until = EVENTS * share // self.shares
                while sent < until:
                    count = min(500, until - sent)
                    self.send(producer, range(sent, sent + count), self.random.random() < 0.1)
                    sent += count
            # The last record of each partition is one that can be read.
            self.generator = promotions.Generator(13, malformed=0, unknown=0)
            last = range(sent, sent + PARTITIONS)
            self.send(producer, last, is_aborted=False)
        except BaseException as failure:  # told by `finish`
            self.failure = failure

    def send(self, producer: confluent_kafka.Producer, numbers: range, is_aborted: bool) -> None:
        producer.begin_transaction()
        for number in numbers:
            made = self.generator.make(number)
            producer.produce(TOPIC, made.value, made.key, number % PARTITIONS, headers=made.headers)
            if not is_aborted:
                self.kinds[made.kind] += 1
        producer.flush(30)
        if is_aborted:
            producer.abort_transaction(30)
        else:
            producer.commit_transaction(30)

    def finish(self) -> None:
        self.join(PATIENCE_S)
        assert not self.is_alive() and self.failure is None, self.failure


class World:
    """Gate, ledger and registry as three processes, each with its own state."""

    def __init__(self, folder: pathlib.Path, address: str) -> None:
        self.folder = folder
        self.address = address
        self.nodes: dict[str, Node] = {}
        key = folder / "tenant-key"
        key.write_bytes(b"k" * 32)
        key.chmod(0o400)
        for role in ("registry", "gate", "ledger"):
            (folder / role).mkdir()
            (folder / role / "lineward.yaml").write_text(f"keys: {{tenant: {{file: {key}}}}}\n")

    def start(self, role: str) -> Node:
        settings = {
            "roles": role,
            "instance_id": role,
            "transport": "kafka",
            "kafka.brokers": self.address,
            "kafka.create_topics": "true",
            "kafka.require_durable": "false",
            "topics.partitions": str(PARTITIONS),
            "ledger.segment_rows": "1024",
        }
        self.nodes[role] = Node(self.folder / role, settings).start()
        return self.nodes[role]

    def stop(self, role: str, number: int = signal.SIGTERM) -> None:
        code = self.nodes.pop(role).stop(number)
        assert code == (0 if number == signal.SIGTERM else -number)

    def close(self) -> None:
        for role, node in self.nodes.items():
            node.__exit__()
            for line in [*node.log, *list(node.lines.queue)][-20:]:
                print(role, json.dumps(line))  # shown by pytest if the story failed

    def committed(self) -> list[int]:
        return exactly_once.committed(self.address, TOPIC, PARTITIONS, "lineward.gate")

    def publish(self) -> None:
        """The shop of the other stories for the surface and the purpose of these promotions, which
        name no region."""
        policies = self.folder / "policies"
        policies.mkdir()
        for file in (SHOP / "policies").iterdir():
            text = file.read_text().replace("dpv:ProvideProductRecommendations", "x-t:News")
            (policies / file.name).write_text(text.replace("home_feed", "home"))
        registry = self.start("registry")
        published = registry.cli("policy", "publish", str(policies), "--retries", "8")
        assert published.returncode == 0, published.stderr
        items = self.folder / "registry.jsonl"
        items.write_text((SHOP / "registry.jsonl").read_text().replace(', "regions": ["EU"]', ""))
        imported = registry.cli("import", str(items))
        assert imported.returncode == 0, imported.stderr
        self.stop("registry")


@pytest.fixture
def world(tmp_path: pathlib.Path, address: str) -> Iterator[World]:
    if not BINARY.exists():
        pytest.skip(f"{BINARY} is not built")
    made = World(tmp_path, address)
    yield made
    made.close()


def wait_until(is_true: Callable[[], bool], what: str, patience: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience
    while not is_true():
        assert time.monotonic() < deadline, f"not in {patience:.0f} s: {what}"
        time.sleep(0.05)


def ask(node: Node, path: str, **parameters: object) -> dict:
    url = f"{node.http}/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


@dataclasses.dataclass
class Rows:
    """All rows of a ledger, in the order of its pages."""

    ids: list[str]
    lines: list[bytes]
    outcomes: dict[str, int]

    def digest(self) -> str:
        whole = hashlib.sha256()
        for line in self.lines:
            whole.update(line + b"\n")
        return whole.hexdigest()


def read_rows(ledger: Node) -> Rows:
    rows = Rows([], [], {})
    outcomes: collections.Counter[str] = collections.Counter()
    token = ""
    while True:
        more = {"page_token": token} if token else {}
        page = ask(ledger, "decisions", page_size=PAGE_ROWS, require_complete="true", **more)
        for row in page["decisions"]:
            rows.ids.append(row["id"])
            rows.lines.append(json.dumps(row, sort_keys=True).encode())
            outcomes[row["outcome"]] += 1
        token = page["next_page_token"]
        if not token:
            rows.outcomes = dict(outcomes)
            return rows


def count(ledger: Node, facet: str = "outcome") -> dict[str, int]:
    counted = ask(ledger, "decisions:count", by=facet)
    assert counted["at_least"] is False
    return {line[facet]: int(line["count"]) for line in counted["counts"]}


def wait_for_rows(ledger: Node, wanted: int) -> None:
    def holds_all() -> bool:
        try:
            return sum(count(ledger).values()) >= wanted
        except urllib.error.HTTPError as error:
            assert error.code == 503, error.read()  # it starts
            return False

    wait_until(holds_all, f"the ledger holds {wanted} rows")


def test_the_ledger_is_the_same_after_kills_and_after_a_rebuild(world: World) -> None:
    world.publish()
    kills = ["gate"] * GATE_KILLS + ["ledger"] * LEDGER_KILLS
    moments = random.Random(7)
    moments.shuffle(kills)
    recommender = Recommender(world.address, len(kills) + 1)
    world.start("ledger")
    world.start("gate")
    recommender.start()
    in_work = 0
    for role in kills:
        before = sum(world.committed())
        recommender.wanted.release()
        if moments.random() < 0.7:  # while it works; else at any moment, its start included
            wait_until(lambda before=before: sum(world.committed()) > before, "the gate goes on")
            in_work += 1
        time.sleep(moments.uniform(0, 1.5))
        world.stop(role, signal.SIGKILL)
        world.start(role)
    recommender.wanted.release()
    recommender.finish()

    records = exactly_once.read_topic(world.address, TOPIC)
    wanted = {f"{TOPIC}-{p}-{m.offset()}" for p, found in records.items() for m in found}
    ends = [records[partition][-1].offset() + 1 for partition in range(PARTITIONS)]

    def is_decided() -> bool:
        return all(a >= e for a, e in zip(world.committed(), ends, strict=True))

    wait_until(is_decided, "the gate decides the rest")
    wait_for_rows(world.nodes["ledger"], len(wanted))
    world.stop("gate")

    check = exactly_once.Check(world.address, TOPIC)
    assert check.errors[:10] == []
    assert check.counts["source"] == len(wanted)
    assert check.counts["dead-letter"] == recommender.kinds["malformed"]
    unknown = check.counts["quarantined"] + check.counts["blocked"]
    assert unknown == recommender.kinds["unknown"], count(world.nodes["ledger"], "reason")
    assert check.counts["allowed"] == recommender.kinds["good"]

    before = read_rows(world.nodes["ledger"])
    assert len(before.ids) == len(wanted)
    assert set(before.ids) == wanted
    assert count(world.nodes["ledger"]) == before.outcomes
    world.stop("ledger")

    data = world.folder / "ledger" / "state" / "ledger"
    assert any(data.iterdir())
    shutil.rmtree(data)
    started = time.monotonic()
    wait_for_rows(world.start("ledger"), len(wanted))
    rebuilt_s = time.monotonic() - started
    after = read_rows(world.nodes["ledger"])
    assert after.digest() == before.digest()
    assert count(world.nodes["ledger"]) == before.outcomes
    world.stop("ledger")

    # Control: one row less is seen.
    dropped = before.lines.pop(moments.randrange(len(before.lines)))
    assert dropped in after.lines
    assert after.digest() != before.digest()
    told = f"{len(kills)} kills ({in_work} in work), rebuilt in {rebuilt_s:.1f} s"
    print(dict(check.counts), dict(recommender.kinds), told, after.digest())

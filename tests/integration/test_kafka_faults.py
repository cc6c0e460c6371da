"""What goes wrong around `lineward serve` on a real Kafka: topics that do not fit, a second process on a seat, a broker
that dies and comes back."""

import collections
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions
from node import BINARY, Node

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.integration import exactly_once  # noqa: E402
from tests.support import promotions  # noqa: E402

pytestmark = pytest.mark.kafka

BROKER = ROOT / "tests" / "support" / "kafka" / "broker.py"
PARTITIONS = 2
PATIENCE_S = 90
ROLES = ("gate", "ledger", "registry")


def wait_until(is_true: Callable[[], bool], what: str, patience: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience
    while not is_true():
        assert time.monotonic() < deadline, f"not in {patience:.0f} s: {what}"
        time.sleep(0.05)


@pytest.fixture(autouse=True)
def needs_binaries() -> None:
    for program in (BINARY, BINARY.parent / "gate_process"):
        if not program.exists():
            pytest.skip(f"{program} is not built")


def make_world(address: str) -> str:
    topic = f"promotions-{time.time_ns() % 10**12}"
    world = [BINARY.parent / "gate_process", "world", address, topic, str(PARTITIONS)]
    subprocess.run(world, check=True)
    return topic


def gate_node(folder: pathlib.Path, address: str, topic: str, **settings: str) -> Node:
    (folder / "lineward.yaml").write_text(f"gate: {{sources: [{{topic: {topic}}}]}}\n")
    kafka = {"transport": "kafka", "kafka.brokers": address, "roles": "gate"}
    return Node(folder, kafka | {"kafka.require_durable": "false"} | settings)


def end_of(node: Node) -> tuple[int, str]:
    assert node.process is not None and node.process.stderr is not None
    return node.wait(), node.process.stderr.read()


# --- Topics that do not fit.


def is_changed(admin: AdminClient, topic: str, key: str, value: str) -> bool:
    if key == "partitions":
        return len(admin.list_topics(topic, 10).topics[topic].partitions) == int(value)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    return admin.describe_configs([resource])[resource].result(30)[key].value == value


def change_topic(address: str, topic: str, key: str, value: str) -> None:
    """Changes it and waits until the broker shows it: the controller answers before."""
    admin = AdminClient({"bootstrap.servers": address})
    if key == "partitions":
        wanted = admin.create_partitions([NewPartitions(topic, int(value))])
    else:
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config={key: value})
        wanted = admin.alter_configs([resource])
    for future in wanted.values():
        future.result(30)
    wait_until(lambda: is_changed(admin, topic, key, value), f"{topic}: {key} = {value}")


@pytest.mark.parametrize(
    ("suffix", "key", "value", "message"),
    [
        (".allowed", "cleanup.policy", "compact", "found compact, wanted delete"),
        (".blocked", "partitions", "3", "found 3, wanted 2"),
        (".allowed", "max.message.bytes", "100000", "found 100000, wanted at least 278528"),
        (
            ".dead-letter",
            "message.timestamp.type",
            "LogAppendTime",
            "found LogAppendTime, wanted CreateTime",
        ),
    ],
)
def test_an_output_that_does_not_fit_is_named(
    tmp_path: pathlib.Path, address: str, suffix: str, key: str, value: str, message: str
) -> None:
    topic = make_world(address)
    change_topic(address, topic + suffix, key, value)
    with gate_node(tmp_path, address, topic) as node:
        code, told = end_of(node)
    assert code == 2
    assert f"topic `{topic}{suffix}`: {key}: {message}" in told


def test_topics_that_are_not_durable_are_refused_where_that_is_wanted(
    tmp_path: pathlib.Path, address: str
) -> None:
    topic = make_world(address)
    settings = {"kafka.require_durable": "true"}
    with gate_node(tmp_path, address, topic, **settings) as node:
        code, told = end_of(node)
    assert code == 2
    assert f"topic `{topic}.allowed`: min.insync.replicas: found 1, wanted at least 2" in told


def test_control_topics_as_they_were_made_fit(tmp_path: pathlib.Path, address: str) -> None:
    topic = make_world(address)
    with gate_node(tmp_path, address, topic) as node:
        node.wait_ready()
        assert node.stop() == 0


# --- Two processes on one seat.


def test_the_older_of_two_on_a_seat_ends_and_names_it(tmp_path: pathlib.Path, address: str) -> None:
    topic = make_world(address)
    folders = [tmp_path / name for name in ("older", "younger")]
    for folder in folders:
        folder.mkdir()
    source = Source(address, topic)
    with gate_node(folders[0], address, topic, instance_id="twin") as older:
        older.wait_ready()
        source.send(100)
        wait_until(lambda: source.committed() >= source.sent, "the older decides")
        with gate_node(folders[1], address, topic, instance_id="twin") as younger:
            code, told = end_of(older)
            assert code == 2
            assert "gate: seat `lineward.gate.twin.0`: " in told
            assert "[SEAT_TAKEN]" in told
            younger.wait_ready()
            source.send(100)
            wait_until(lambda: source.committed() >= source.sent, "the younger decides")
            assert younger.stop() == 0
    assert exactly_once.Check(address, topic).errors == []


def test_control_two_on_seats_of_their_own_live_together(
    tmp_path: pathlib.Path, address: str
) -> None:
    topic = make_world(address)
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    source = Source(address, topic)
    with (
        gate_node(folders[0], address, topic, instance_id="one") as one,
        gate_node(folders[1], address, topic, instance_id="two") as two,
    ):
        one.wait_ready()
        two.wait_ready()
        source.send(200)
        wait_until(lambda: source.committed() >= source.sent, "both decide")
        assert one.stop() == 0
        assert two.stop() == 0
    assert exactly_once.Check(address, topic).errors == []


# --- A broker that dies and comes back.


class Source:
    """Promotions for a topic, acknowledged or not."""

    def __init__(self, address: str, topic: str) -> None:
        self.address = address
        self.topic = topic
        self.generator = promotions.Generator(4)
        self.producer = confluent_kafka.Producer(
            {"bootstrap.servers": address, "enable.idempotence": True, "linger.ms": 5}
        )
        self.number = 0
        self.acknowledged: collections.Counter[int] = collections.Counter()

    @property
    def sent(self) -> int:
        return self.acknowledged.total()

    def note(self, error: object, message: confluent_kafka.Message) -> None:
        assert error is None, error
        self.acknowledged[message.partition()] += 1

    def send(self, count: int) -> None:
        for _ in range(count):
            made = self.generator.make(self.number)
            self.producer.produce(
                self.topic,
                made.value,
                made.key,
                self.number % PARTITIONS,
                headers=made.headers,
                on_delivery=self.note,
            )
            self.number += 1
        assert self.producer.flush(PATIENCE_S) == 0

    def committed(self) -> int:
        found = exactly_once.committed(self.address, self.topic, PARTITIONS, "lineward.gate")
        return sum(found)


class Broker:
    """A broker that a test may kill."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder

    def do(self, *arguments: str) -> str:
        command = [sys.executable, str(BROKER), *arguments, "--dir", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 3:
            pytest.skip("no Kafka broker can be started here")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def broker(tmp_path: pathlib.Path) -> Iterator[Broker]:
    made = Broker(tmp_path / "broker")
    yield made
    made.do("down", "--kill")


def test_a_broker_that_dies_is_waited_for(tmp_path: pathlib.Path, broker: Broker) -> None:
    address = broker.do("up")
    topic = make_world(address)
    source = Source(address, topic)
    settings = {"roles": ",".join(ROLES), "kafka.create_topics": "true"}
    seats = {"gate.loops": str(PARTITIONS + 1)}  # one of them has no partition
    with gate_node(tmp_path, address, topic, **settings, **seats) as node:
        node.wait_ready()
        for _ in range(2):
            source.send(300)
            broker.do("down", "--kill")  # while it decides
            wait_until(lambda: all(node.causes()[role] for role in ROLES), "not ready")
            assert node.process is not None and node.process.poll() is None
            assert broker.do("up") == address
            source.send(300)
            wait_until(lambda: source.committed() >= source.sent, "the gate goes on")
            wait_until(lambda: not any(node.causes().values()), "ready again")
        rows = source.sent

        def folded() -> int:
            counts = node.json("decision", "count", "--by", "outcome")["counts"]
            return sum(int(line["count"]) for line in counts)

        wait_until(lambda: folded() >= rows, "the ledger has all")
        assert folded() == rows
        assert node.stop() == 0
    check = exactly_once.Check(address, topic)
    assert check.errors == []
    assert check.counts["rows"] == rows

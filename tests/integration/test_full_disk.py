"""A disk that is really full, under the embedded log, the ledger's store and the state folder: `lineward serve` ends with
1 and says what could not be written; once there is room again a restart goes on, and nothing is lost or doubled."""

import collections
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from node import PATIENCE, Node
from test_story import SHOP, promotion, send

DISK = "64m"
# Promotions of some size, so that few of them fill what is left; a field of the user's own.
PAD = "x" * 20_000
BATCH = 10
BATCHES_MAX = 60


class Disk:
    """A small file system of its own."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.ballast = folder / "ballast"

    def fill(self, room: int) -> None:
        """Leaves `room` bytes free."""
        with self.ballast.open("ab", buffering=0) as file:
            while (left := self.free() - room) > 0:
                file.write(b"\0" * min(left, 1 << 20))

    def free(self) -> int:
        stat = os.statvfs(self.folder)
        return stat.f_bavail * stat.f_bsize

    def empty(self) -> None:
        self.ballast.unlink()


@pytest.fixture
def disk(tmp_path: pathlib.Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    try:
        made = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    if made.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", str(folder)], check=True)


def publish_shop(node: Node) -> None:
    assert node.cli("policy", "publish", str(SHOP / "policies")).returncode == 0
    assert node.cli("import", str(SHOP / "registry.jsonl")).returncode == 0
    node.wait_ready()


class Recommender:
    """Sends promotions and remembers those that were acknowledged."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.number = 0

    def send(self, node: Node) -> None:
        self.number += BATCH
        batch = range(self.number - BATCH, self.number)
        lines = [promotion(n, model_version=str(1 + n % 2), note=PAD) for n in batch]
        self.sent += send(node, *lines)

    def send_until_it_ends(self, node: Node) -> None:
        assert node.process is not None
        for _ in range(BATCHES_MAX):
            if node.process.poll() is not None:
                return
            try:
                self.send(node)
            except AssertionError:  # refused: neither row nor output is promised
                pass


def end_of(node: Node) -> tuple[int, str]:
    """Exit code and message of a node that ends by itself, also at its start."""
    assert node.process is not None and node.process.stderr is not None
    return node.wait(), node.process.stderr.read()


def refused_start(node: Node) -> tuple[int, str]:
    """The same of one that must not come up, before or after it listens."""
    try:
        node.start()
        return end_of(node)
    except AssertionError as ended:
        return node.wait(), str(ended)
    finally:
        node.__exit__()


def inspect(node: Node, topic: str) -> list[dict]:
    return node.json("topic", "inspect", topic, "--limit", "1000")["records"]


def id_of(record: dict) -> str:
    return next(each["value"] for each in record["headers"] if each["name"] == "lineward-id")


def wait_until(is_true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < deadline, f"not in {PATIENCE:.0f} s: {what}"
        time.sleep(0.02)


def check_all(node: Node, sent: list[str]) -> None:
    """Each acknowledged promotion stands on the source; each of the source has one row and one output."""
    source = {f"promotions-{r['partition']}-{r['offset']}" for r in inspect(node, "promotions")}
    assert set(sent) <= source, f"{len(set(sent) - source)} of {len(sent)} acknowledged are lost"

    def rows() -> list[str]:
        return [row["id"] for row in node.json("decision", "list", "--all")["decisions"]]

    wait_until(lambda: set(rows()) >= source, "all is decided and visible")
    assert collections.Counter(rows()) == dict.fromkeys(source, 1)
    routes = ("allowed", "quarantined", "blocked", "dead-letter")
    out = [record for route in routes for record in inspect(node, f"promotions.{route}")]
    assert collections.Counter(map(id_of, out)) == dict.fromkeys(source, 1)


def log_settings(folder: pathlib.Path, disk: Disk) -> dict[str, str]:
    """The embedded log on the small disk, the ledger's store elsewhere."""
    state = {"state_dir": str(disk.folder / "state"), "ledger.data_dir": str(folder / "ledger")}
    return state | {"embedded.sync": "commit"}


def ledger_settings(folder: pathlib.Path, disk: Disk) -> dict[str, str]:
    """The ledger's store on the small disk, sealed each second; the embedded log elsewhere."""
    return {"ledger.data_dir": str(disk.folder / "ledger"), "ledger.segment_max_age": "1s"}


@pytest.mark.parametrize(
    ("settings_of", "thing", "room"),
    [(log_settings, "state/log", 100_000), (ledger_settings, "ledger", 0)],
)
def test_a_full_disk_ends_the_node_and_loses_nothing(
    tmp_path: pathlib.Path,
    disk: Disk,
    settings_of: Callable[..., dict[str, str]],
    thing: str,
    room: int,
) -> None:
    settings = settings_of(tmp_path, disk)
    recommender = Recommender()
    with Node(tmp_path, settings) as node:
        publish_shop(node)
        recommender.send(node)
        check_all(node, recommender.sent)
        disk.fill(room)
        recommender.send_until_it_ends(node)
        code, told = end_of(node)
        assert code == 1, told
        assert str(disk.folder / thing) in told
        assert "No space left on device" in told
        assert "[STORE_FULL]" in told
    # A start while the disk is still full says so as well, and is worth another try (1, not 2 or 9).
    disk.fill(room=0)
    code, told = refused_start(Node(tmp_path, settings))
    assert code == 1, told
    assert str(disk.folder / thing) in told
    disk.empty()
    with Node(tmp_path, settings) as node:
        node.wait_ready()
        recommender.send(node)
        check_all(node, recommender.sent)
        assert node.stop() == 0


@pytest.mark.parametrize("settings_of", [log_settings, ledger_settings])
def test_control_with_room_on_the_disk_nothing_ends(
    tmp_path: pathlib.Path, disk: Disk, settings_of: Callable[..., dict[str, str]]
) -> None:
    settings = settings_of(tmp_path, disk)
    recommender = Recommender()
    with Node(tmp_path, settings) as node:
        publish_shop(node)
        for _ in range(20):
            recommender.send(node)
        check_all(node, recommender.sent)
        assert node.stop() == 0


def test_control_a_log_that_ignores_failed_writes_is_found(
    tmp_path: pathlib.Path, disk: Disk
) -> None:
    settings = log_settings(tmp_path, disk)
    recommender = Recommender()
    sabotage = {"LINEWARD_SABOTAGE": "write_error_ignored"}
    with Node(tmp_path, settings, sabotage) as node:
        publish_shop(node)
        disk.fill(room=100_000)
        for _ in range(20):
            recommender.send(node)
        node.stop(signal.SIGKILL)
    disk.empty()
    with Node(tmp_path, settings) as node:
        node.wait_ready()
        with pytest.raises(AssertionError, match="acknowledged are lost"):
            check_all(node, recommender.sent)


def test_a_ledger_below_its_reserve_pauses_and_goes_on(tmp_path: pathlib.Path, disk: Disk) -> None:
    settings = {"ledger.data_dir": str(disk.folder / "ledger"), "ledger.min_free": "16MiB"}
    recommender = Recommender()
    with Node(tmp_path, settings) as node:
        publish_shop(node)
        disk.fill(room=12 << 20)

        def cause() -> str:
            return node.causes()["ledger"]

        wait_until(lambda: "B free, wanted 16777216 B" in cause(), "the ledger pauses")
        assert str(disk.folder / "ledger") in cause()
        # The gate does not wait for the ledger.
        recommender.send(node)
        wait_until(lambda: len(inspect(node, "promotions.allowed")) == BATCH / 2, "released")
        disk.empty()
        wait_until(lambda: cause() == "", "the ledger goes on")
        check_all(node, recommender.sent)
        assert node.stop() == 0


def test_a_first_start_on_a_full_disk_leaves_nothing_in_the_way(
    tmp_path: pathlib.Path, disk: Disk
) -> None:
    settings = {"state_dir": str(disk.folder / "state")}
    disk.fill(room=0)
    code, told = refused_start(Node(tmp_path, settings))
    assert code == 1, told
    disk.empty()
    with Node(tmp_path, settings) as node:
        publish_shop(node)
        assert node.stop() == 0

"""A loop that is stuck makes /livez red and is named there; one that waits for work does not."""

import json
import pathlib
import time

import pytest
from node import Node
from test_life import get
from test_story import SHOP, decided, promotion, send

LOOPS = [
    "loop/control",
    "loop/gate-0",
    "loop/history",
    "loop/ledger",
    "loop/ledger-seal",
    "loop/node",
    "loop/registry",
]
# Longer than the limit, and short enough to see the loop come back.
STUCK = 4.0
LIMIT = {"health.loop_timeout": "1s"}


def live(node: Node) -> tuple[int, dict[str, str]]:
    """The status, and the cause of each check that fails."""
    status, text = get(node.admin + "/livez?verbose")
    checks = json.loads(text)["checks"]
    return status, {check["name"]: check["cause"] for check in checks if not check["ok"]}


def wait_live(node: Node, wanted: int) -> dict[str, str]:
    deadline = time.monotonic() + 30
    while True:
        status, failing = live(node)
        if status == wanted:
            return failing
        assert time.monotonic() < deadline, (status, failing)
        time.sleep(0.02)


def open_shop(node: Node) -> None:
    published = node.cli("policy", "publish", str(SHOP / "policies"))
    assert published.returncode == 0, published.stderr
    imported = node.cli("import", str(SHOP / "registry.jsonl"))
    assert imported.returncode == 0, imported.stderr
    node.wait_ready()


@pytest.mark.parametrize(
    ("point", "loop"),
    [
        ("control.after_apply:1", "loop/control"),
        ("registry.after_join:50", "loop/registry"),
        ("gate.after_poll:1", "loop/gate-0"),
        ("ledger.fold.parsed:1", "loop/ledger"),
    ],
)
def test_a_stuck_loop_is_named_and_forgotten_when_it_turns_again(
    tmp_path: pathlib.Path, point: str, loop: str
) -> None:
    fault = {"LINEWARD_FAULT": f"{point}:sleep={STUCK * 1000:.0f}"}
    with Node(tmp_path, LIMIT, env=fault) as node:
        needs_work = loop in ("loop/gate-0", "loop/ledger")
        if needs_work:
            open_shop(node)
            send(node, promotion(1))
        failing = wait_live(node, 503)
        assert list(failing) == [loop]
        assert failing[loop].startswith("no tick for ")
        wait_live(node, 200)


def test_loops_that_turn_are_green_idle_and_at_work(tmp_path: pathlib.Path) -> None:
    with Node(tmp_path, LIMIT) as node:
        open_shop(node)
        _, text = get(node.admin + "/livez?verbose")
        assert [check["name"] for check in json.loads(text)["checks"]] == LOOPS
        seen = set()
        until = time.monotonic() + STUCK
        number = 0
        while time.monotonic() < until:
            number += 1
            (decision,) = send(node, promotion(number))
            assert decided(node, decision)["outcome"] == "ALLOW"
            seen.add(live(node)[0])
        assert seen == {200}

"""Two instances of the registry on one Kafka: writes go to the writer, whoever is asked, and
survive it."""

import concurrent.futures
import json
import pathlib
import threading
import time
import urllib.error
import urllib.request

import pytest
from node import PATIENCE, Node
from test_story import SHOP

pytestmark = pytest.mark.kafka

WRITES = 40


def post(node: Node, path: str, body: object, **headers: str) -> tuple[int, dict, bytes]:
    request = urllib.request.Request(
        node.http + path, json.dumps(body).encode(), {"Content-Type": "application/json"} | headers
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, dict(refused.headers), refused.read()


def get(node: Node, path: str) -> tuple[int, dict]:
    try:
        with urllib.request.urlopen(node.http + path, timeout=PATIENCE) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def is_writer(node: Node) -> bool:
    with urllib.request.urlopen(node.admin + "/metrics", timeout=PATIENCE) as answer:
        return b"\nlineward_registry_writer 1\n" in answer.read()


def write(node: Node, number: int) -> tuple[int, dict, bytes]:
    """One write, tried again with the same request id for as long as there is no writer."""
    body = {"name": f"d-{number}", "request_id": f"write-{number}"}
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            answer = post(node, "/v1/datasets:register", body)
        except OSError:
            answer = (503, {}, b"")
        if answer[0] not in (429, 503, 504) or time.monotonic() > deadline:
            return answer
        threading.Event().wait(0.2)  # a client's back-off


def test_a_write_is_neither_lost_nor_doubled(tmp_path: pathlib.Path, address: str) -> None:
    def instance(name: str) -> Node:
        settings = {
            "transport": "kafka",
            "kafka.brokers": address,
            "kafka.create_topics": "true",
            "kafka.require_durable": "false",
            "instance_id": name,
            "roles": "registry",
        }
        folder = tmp_path / name
        folder.mkdir()
        return Node(folder, settings)

    with instance("a") as first:
        first.wait_event("registry_writing")
        published = first.cli("policy", "publish", str(SHOP / "policies"), "--retries", "8")
        assert published.returncode == 0, published.stderr
        with instance("b") as second:
            second.wait_ready()
            # The group gives the seat out anew when a member joins, the first of them by name.
            first.wait_event("registry_following")
            first.wait_event("registry_writing")
            writer, follower = first, second
            assert is_writer(writer)
            assert not is_writer(follower)

            before = int(get(writer, "/v1/datasets")[1]["meta"]["registry_seq"])

            # In one hop, and no further.
            status, _, answered = write(follower, 0)
            assert status == 201, answered
            status, _, refused = post(
                follower, "/v1/datasets:register", {"name": "x"}, **{"Lineward-Forwarded": "1"}
            )
            assert (status, json.loads(refused)["reason"]) == (503, "NO_WRITER")
            # What the writer refuses comes back as it is.
            status, _, refused = post(follower, "/v1/datasets:register", {"nome": "x"})
            assert (status, json.loads(refused)["reason"]) == (400, "INVALID_FIELD")
            # Everybody reads their own writes, here too.
            seq = json.loads(answered)["registry_seq"]
            assert get(follower, f"/v1/datasets/default/d-0?min_seq={seq}")[0] == 200
            late = get(follower, "/v1/datasets?min_seq=1000000&wait_ms=10")
            assert (late[0], late[1]["reason"]) == (504, "NOT_YET_VISIBLE")

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                writes = [pool.submit(write, follower, n) for n in range(WRITES)]
                next(concurrent.futures.as_completed(writes[1:]))
                assert writer.process is not None
                writer.process.kill()
                answers = [each.result() for each in writes]
            assert all(status in (200, 201) for status, _, _ in answers), answers
            assert is_writer(follower)
            listed = get(follower, "/v1/datasets?page_size=1000")[1]
            names = sorted(each["name"] for each in listed["datasets"])
            assert names == sorted(f"d-{n}" for n in range(WRITES))
            # A dataset and an answer each: nothing was written twice.
            assert int(listed["meta"]["registry_seq"]) == before + 2 * WRITES
            for number, (_, _, answered) in enumerate(answers):
                _, headers, again = write(follower, number)
                assert again == answered
                assert headers.get("Lineward-Replayed") == "true"

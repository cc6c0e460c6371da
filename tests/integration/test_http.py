"""What the HTTP surface promises beside the routes' own answers."""

import gzip
import json
import pathlib
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from node import ROOT, Node
from test_story import SHOP, decided, promotion, send


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> dict:
        return json.loads(self.body)


def ask(
    url: str,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return Answer(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, dict(error.headers), error.read())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with Node(tmp_path_factory.mktemp("http")) as node:
        published = node.cli("policy", "publish", str(SHOP / "policies"))
        assert published.returncode == 0, published.stderr
        imported = node.cli("import", str(SHOP / "registry.jsonl"))
        assert imported.returncode == 0, imported.stderr
        node.wait_ready()
        yield node


def register(node: Node, kind: str, item: dict) -> dict:
    headers = {"Content-Type": "application/json"}
    answer = ask(f"{node.http}/v1/{kind}:register", headers, json.dumps(item).encode())
    assert answer.status in (200, 201), answer.body
    return answer.json()


def test_a_revision_is_sent_once(shop: Node) -> None:
    dataset = {"namespace": "default", "name": "tagged"}
    register(shop, "datasets", dataset)
    url = shop.http + "/v1/datasets/default/tagged"
    first = ask(url)
    assert first.headers["ETag"] == first.json()["etag"]
    held = {"If-None-Match": first.headers["ETag"]}
    again = ask(url, held)
    assert (again.status, again.body) == (304, b"")
    grants = [{"purposes": ["dpv:ServiceUsageAnalytics"], "basis": "CONTRACT"}]
    register(shop, "datasets", dataset | {"declaration": {"grants": grants}})
    changed = ask(url, held)
    assert changed.status == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_a_read_sees_what_was_written_or_says_that_it_does_not_yet(shop: Node) -> None:
    seq = int(register(shop, "models", {"name": "seen"})["registry_seq"])
    for path in ("/v1/models/seen", "/v1/models", "/v1/datasets/default/clicks"):
        assert ask(f"{shop.http}{path}?min_seq={seq}").status == 200
        begin = time.monotonic()
        late = ask(f"{shop.http}{path}?min_seq={seq + 1000}&wait_ms=300")
        assert time.monotonic() - begin >= 0.3
        assert (late.status, late.json()["reason"]) == (504, "NOT_YET_VISIBLE")
    assert ask(f"{shop.http}/v1/models/seen?min_seq=-1").status == 400
    assert ask(f"{shop.http}/v1/models/seen?wait_ms=10001").status == 400


def test_a_problem_leads_to_its_section(shop: Node) -> None:
    problem = ask(shop.http + "/v1/models/nobody").json()
    path, _, anchor = problem["docs"].partition("#")
    page = ask(shop.http + path, {"Accept": "text/html"})
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    anchors = re.findall(r'<h2 id="([^"]+)">', page.body.decode())
    assert anchor in anchors
    document = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert anchors == re.findall(r"^## (\S+)$", document, flags=re.MULTILINE)
    assert ask(shop.http + path, {"If-None-Match": page.headers["ETag"]}).status == 304


def test_a_body_may_be_gzip(shop: Node) -> None:
    body = gzip.compress(json.dumps({"name": "zipped"}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert ask(shop.http + "/v1/models:register", headers, body).status == 201
    assert ask(shop.http + "/v1/models/zipped").status == 200
    bomb = gzip.compress(b" " * (1 << 20))
    assert len(bomb) < 2_000
    refused = ask(shop.http + "/v1/models:register", headers, bomb)
    assert (refused.status, refused.json()["reason"]) == (413, "BODY_TOO_LARGE")


def test_metrics_are_gzip_where_that_is_offered(shop: Node) -> None:
    plain = ask(shop.admin + "/metrics")
    assert "Content-Encoding" not in plain.headers
    zipped = ask(shop.admin + "/metrics", {"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    names = re.findall(r"^# TYPE (\S+)", plain.body.decode(), flags=re.MULTILINE)
    assert names == re.findall(
        r"^# TYPE (\S+)", gzip.decompress(zipped.body).decode(), flags=re.MULTILINE
    )


def pipeline(node: Node) -> dict:
    answer = ask(node.http + "/v1/pipeline")
    assert answer.status == 200
    return answer.json()


def test_the_pipeline_tells_the_lag_of_each_partition(shop: Node) -> None:
    for decision in send(shop, *[promotion(n) for n in range(10)]):
        decided(shop, decision)
    deadline = time.monotonic() + 30
    while True:
        told = pipeline(shop)
        ends = [int(each["end"]) for each in told["partitions"]]
        if sum(ends) == 10:
            break
        assert time.monotonic() < deadline, told
        time.sleep(0.1)
    assert [(each["topic"], each["partition"]) for each in told["partitions"]] == [
        ("promotions", 0),
        ("promotions", 1),
    ]
    for each in told["partitions"]:
        assert each["next"] == each["end"]
        assert (each["lag_records"], each["lag_seconds"]) == ("0", 0)


def test_a_gate_that_may_not_decide_lags(tmp_path: pathlib.Path) -> None:
    with Node(tmp_path, {"topics.partitions": "1"}) as node:
        # No policy set: nothing is decided.
        deadline = time.monotonic() + 30
        while node.cli("event", "send", "-", stdin=json.dumps(promotion(1))).returncode != 0:
            assert time.monotonic() < deadline
        while True:
            told = pipeline(node)
            if told.get("partitions") and told["partitions"][0]["lag_records"] == "1":
                break
            assert time.monotonic() < deadline, told
            time.sleep(0.1)
        assert told["partitions"][0]["lag_seconds"] >= 0
        assert told["partitions"][0]["next"] == "0"

"""The main job on the embedded transport: a promotion in, its decision and its explanation out."""

import json
import pathlib
import shutil
import signal
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest
from node import Node

SHOP = pathlib.Path(__file__).resolve().parent / "shop"


def promotion(number: int, **fields: object) -> dict:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "event_id": f"e-{number}",
        "event_time": now,
        "surface": "home_feed",
        "item_id": f"sku-{number}",
        "model_name": "ranker",
        "model_version": "1",
        "purpose": "dpv:ProvideProductRecommendations",
        "jurisdiction": "DE",
        "processing_region": "DE",
    } | fields


def register(node: Node) -> None:
    """The shop's policies and registry, known to the gate."""
    published = node.cli("policy", "publish", str(SHOP / "policies"))
    assert published.returncode == 0, published.stderr
    imported = node.cli("import", str(SHOP / "registry.jsonl"))
    assert imported.returncode == 0, imported.stderr
    node.wait_ready().wait_gate()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with Node(tmp_path_factory.mktemp("shop")) as node:
        register(node)
        yield node


def send(node: Node, *promotions: object, topic: str = "promotions") -> list[str]:
    lines = "".join(json.dumps(each) + "\n" for each in promotions)
    sent = node.json("event", "send", "-", "--topic", topic, stdin=lines)
    return [each["decision"] for each in sent["records"]]


def decided(node: Node, decision: str) -> dict:
    return node.json("decision", "get", decision, "--wait-ms", "10000")


def test_a_promotion_of_a_clean_model_is_allowed(shop: Node) -> None:
    (decision,) = send(shop, promotion(1))
    got = decided(shop, decision)
    assert got["outcome"] == "ALLOW", got
    assert got["rules"] == ["recs@1/recs-ok"]
    assert (got["model"], got["model_version"]) == ("ranker", "1")
    assert got["id"] == decision


def test_a_model_that_learned_from_other_data_is_blocked_and_says_why(shop: Node) -> None:
    (decision,) = send(shop, promotion(2, model_version="2"))
    got = decided(shop, decision)
    assert (got["outcome"], got["reason"]) == ("BLOCK", "PURPOSE_NOT_ALLOWED")
    explained = shop.json("decision", "explain", decision)
    assert explained["replay_equal"] is True
    assert "default/support-chats" in json.dumps(explained)
    failed = shop.cli("decision", "explain", decision, "--fail-on", "block")
    assert failed.returncode == 3
    assert "✗ BLOCK" in failed.stdout


def test_an_unknown_model_is_quarantined(shop: Node) -> None:
    (decision,) = send(shop, promotion(3, model_name="nobody"))
    got = decided(shop, decision)
    assert (got["outcome"], got["reason"]) == ("QUARANTINE", "MODEL_UNKNOWN")


def test_a_malformed_event_has_a_row_and_the_next_is_decided(shop: Node) -> None:
    bad, good = send(shop, {"event_id": "x"}, promotion(4))
    got = decided(shop, bad)
    assert (got["outcome"], got["reason"], got["malformed"]) == (
        "QUARANTINE",
        "MALFORMED",
        "missing_field",
    )
    assert decided(shop, good)["outcome"] == "ALLOW"
    dead = shop.json("topic", "inspect", "promotions.dead-letter")["records"]
    assert any(record.get("json") == {"event_id": "x"} for record in dead)


def test_what_goes_out_is_what_came_in(shop: Node) -> None:
    sent = promotion(5, surface="home_feed", score=0.5)
    (decision,) = send(shop, sent)
    assert decided(shop, decision)["outcome"] == "ALLOW"
    out = shop.json("topic", "inspect", "promotions.allowed", "--limit", "1000")["records"]
    assert sent in [record.get("json") for record in out]


def test_counts_and_lists_agree(shop: Node) -> None:
    sent = send(shop, *[promotion(100 + n) for n in range(25)])
    for decision in sent:
        decided(shop, decision)
    counted = shop.json("decision", "count", "--by", "outcome")
    listed = shop.json("decision", "list", "--all")["decisions"]
    assert counted["at_least"] is False
    totals: dict[str, int] = {}
    for row in listed:
        totals[row["outcome"]] = totals.get(row["outcome"], 0) + 1
    assert totals == {line["outcome"]: int(line["count"]) for line in counted["counts"]}
    assert len({row["id"] for row in listed}) == len(listed)


def test_pages_are_one_scan(shop: Node) -> None:
    whole = [row["id"] for row in shop.json("decision", "list", "--all")["decisions"]]
    ids: list[str] = []
    token = ""
    while True:
        query = urllib.parse.urlencode({"page_size": 3} | ({"page_token": token} if token else {}))
        with urllib.request.urlopen(f"{shop.http}/v1/decisions?{query}") as answer:
            page = json.load(answer)
        ids += [row["id"] for row in page["decisions"]]
        token = page["next_page_token"]
        if not token:
            break
    assert ids == whole


def test_an_absent_decision_says_why(shop: Node) -> None:
    future = shop.cli("decision", "get", "promotions-0-99999999")
    assert future.returncode == 5
    assert "[DECISION_NOT_YET_VISIBLE]" in future.stderr
    assert future.stdout == ""
    unknown = shop.cli("decision", "get", "nothing-0-1")
    assert unknown.returncode == 5
    assert "[DECISION_NOT_FOUND]" in unknown.stderr
    wrong = shop.cli("decision", "get", "nonsense")
    assert wrong.returncode == 2
    assert "[DECISION_ID_INVALID]" in wrong.stderr


def test_a_wrong_filter_names_the_place(shop: Node) -> None:
    done = shop.cli("decision", "list", "--filter", "outcom = BLOCK")
    assert done.returncode == 2
    assert "[FILTER_INVALID]" in done.stderr
    assert "outcome" in done.stderr


def test_every_format_tells_the_same(shop: Node) -> None:
    as_json = shop.json("decision", "list", "--limit", "5")["decisions"]
    lines = shop.cli("decision", "list", "--limit", "5", "-o", "jsonl").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [row["id"] for row in as_json]
    csv = shop.cli("decision", "list", "--limit", "5", "-o", "csv", "--fields", "id,outcome")
    assert csv.stdout.splitlines()[0] == "id,outcome"
    assert [line.split(",")[0] for line in csv.stdout.splitlines()[1:]] == [
        row["id"] for row in as_json
    ]
    table = shop.cli("decision", "list", "--limit", "5")
    assert "\x1b" not in table.stdout
    assert "complete" in table.stderr


def test_watch_shows_what_comes(shop: Node) -> None:
    (decision,) = send(shop, promotion(7))
    decided(shop, decision)
    watched = shop.cli(
        "decision",
        "watch",
        "--limit",
        "1",
        "--since",
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 600)),
    )
    assert watched.returncode == 0, watched.stderr
    assert json.loads(watched.stdout)["outcome"] in ("ALLOW", "BLOCK", "QUARANTINE")


def test_search_finds_by_place(shop: Node) -> None:
    (decision,) = send(shop, promotion(8))
    decided(shop, decision)
    hits = shop.json("decision", "search", decision)["hits"]
    assert [hit["name"] for hit in hits] == [decision]


def test_the_registry_shows_what_was_imported(shop: Node) -> None:
    datasets = shop.json("dataset", "list")["datasets"]
    assert len(datasets) == 2
    assert shop.cli("dataset", "get", "default/clicks").returncode == 0
    assert shop.cli("dataset", "get", "default/none").returncode == 5
    assert shop.cli("model", "get", "ranker@1").returncode == 0
    assert shop.cli("model", "get", "none").returncode == 5
    purposes = [each["id"] for each in shop.json("purpose", "list")["purposes"]]
    assert "dpv:ServicePersonalisation" in purposes
    again = shop.json("import", str(SHOP / "registry.jsonl"))
    assert all(item["created"] is False for item in again["items"])


def test_a_wrong_item_is_named(shop: Node, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "wrong.jsonl"
    file.write_text(
        '{"kind": "DATASET", "namespace": "default", "name": "x", "type": "TABLE", "declaration": '
        '{"grants": [{"purposes": ["dpv:ServicePersonalization"], "processing": ["TRAIN"], '
        '"basis": "CONTRACT"}]}}\n'
    )
    done = shop.cli("import", str(file))
    assert done.returncode == 11
    assert "dpv:ServicePersonalization" in done.stderr
    assert "nearest: `dpv:ServicePersonalisation`" in done.stderr


def test_consent_is_recorded(shop: Node) -> None:
    items = [
        {
            "subject": "u-1",
            "purpose": "dpv:ServicePersonalisation",
            "state": "GRANTED",
            "effective_at": "2026-01-01T00:00:00Z",
        },
        {"subject": "u-1", "purpose": "dpv:Nonsense", "state": "GRANTED"},
    ]
    lines = "".join(json.dumps(item) + "\n" for item in items)
    done = shop.cli("consent", "record", "-", "-o", "json", stdin=lines)
    assert done.returncode == 11, done.stderr
    answer = json.loads(done.stdout)
    assert answer["accepted"] == 1
    assert [refused["index"] for refused in answer["refused"]] == [1]
    assert "u-1" not in done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_decided_is_there_after_a_restart(tmp_path: pathlib.Path, number: int) -> None:
    with Node(tmp_path, {"embedded.sync": "commit"}) as node:
        register(node)
        sent = send(node, *[promotion(n, model_version=str(1 + n % 2)) for n in range(20)])
        before = {each: decided(node, each)["outcome"] for each in sent}
        node.stop(number)
    with Node(tmp_path, {"embedded.sync": "commit"}) as again:
        again.wait_ready()
        after = {each: decided(again, each)["outcome"] for each in sent}
        assert after == before
        counted = again.json("decision", "count", "--by", "outcome")
        assert sum(int(line["count"]) for line in counted["counts"]) == len(sent)


def test_an_old_decision_is_explained_after_a_restart(tmp_path: pathlib.Path) -> None:
    with Node(tmp_path) as node:
        register(node)
        (blocked,) = send(node, promotion(1, model_version="2"))
        assert decided(node, blocked)["outcome"] == "BLOCK"
        before = node.json("decision", "explain", blocked)
        assert before["replay_equal"] is True
        # Registry and policies move on: neither is that of the decision any more.
        changed = tmp_path / "policies"
        shutil.copytree(SHOP / "policies", changed)
        policy = changed / "policy.yaml"
        policy.write_text(policy.read_text().replace("owner: shop", "owner: other"))
        assert node.cli("policy", "publish", str(changed)).returncode == 0
        more = json.dumps({"kind": "DATASET", "name": "more"}) + "\n"
        assert node.cli("import", "-", stdin=more).returncode == 0
        node.wait_gate()
        (later,) = send(node, promotion(2))
        assert decided(node, later)["policy_set"] != decided(node, blocked)["policy_set"]
        assert node.stop() == 0
    with Node(tmp_path) as again:
        again.wait_ready()
        assert again.json("decision", "explain", later)["replay_equal"] is True
        after = again.json("decision", "explain", blocked)
        assert after["replay_equal"] is True
        for told in ("steps", "rules", "lineage_path", "nearest_edit"):
            assert after[told] == before[told]

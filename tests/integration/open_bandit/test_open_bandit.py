"""40,000 real recommendation decisions (Open Bandit) through gate and ledger of the real binary:
what the ledger counts is what `open_bandit_counts.py` counts in the CSV files, and what goes out is
what came in.

The story is told in `open_bandit_counts.py`. The rows lie in `../shared/data` beside the repository
or in the folder that LINEWARD_DATA names; without them the tests are skipped."""

import base64
import csv
import datetime
import json
import os
import pathlib
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable

import open_bandit_counts
import pytest
from node import ROOT, Node

HERE = pathlib.Path(__file__).resolve().parent
DATA = pathlib.Path(os.environ.get("LINEWARD_DATA", ROOT.parent / "shared" / "data"))
CORPUS = DATA / "open-bandit"
# The most that one call of the API takes.
CHUNK = 1000
FOLD_PATIENCE_S = 40.0
KAFKA_FOLD_PATIENCE_S = 120.0
SEND_PATIENCE_S = 60.0

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(),
    reason="no Open Bandit rows in LINEWARD_DATA or ../shared/data",
)


def promotion(file: str, number: int, line: dict[str, str], moment: datetime.datetime) -> bytes:
    """One CSV row as the recommender would have sent it."""
    policy, campaign = file.split("-")
    version = "3" if number % 100 == 0 else {"random": "1", "bts": "2"}[policy]
    features = "".join(line[f"user_feature_{n}"][:8] for n in range(4))
    recommends = campaign == "men"
    event = {
        "event_id": f"{file}-{number}",
        "event_time": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "surface": f"fashion-{campaign}",
        "subject_id": f"u-{features}",
        "item_id": f"{campaign}-{line['item_id']}",
        "model_name": "slate",
        "model_version": version,
        "purpose": "dpv:ProvideProductRecommendations" if recommends else "dpv:Advertising",
        "jurisdiction": "JP",
        "processing_region": "US" if line["position"] == "3" else "JP",
        "position": int(line["position"]),
        "slate_size": 3,
        "propensity": float(line["propensity_score"]),
    }
    value = json.dumps(event).encode()
    return value[: len(value) // 2] if number % 250 == 0 else value


def promotions() -> list[bytes]:
    """All rows in the order of their time, shifted so that the last is of now."""
    rows = []
    for file in open_bandit_counts.FILES:
        with (CORPUS / f"{file}.csv").open(newline="") as lines:
            for number, line in enumerate(csv.DictReader(lines), start=1):
                moment = datetime.datetime.fromisoformat(line["timestamp"])
                rows.append((moment, file, number, line))
    rows.sort(key=lambda row: row[:3])
    shift = datetime.datetime.now(datetime.UTC) - rows[-1][0]
    return [promotion(file, number, line, at + shift) for at, file, number, line in rows]


def ask(url: str, body: object = None) -> dict:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def as_record(value: bytes) -> dict:
    # Only what was cut has to travel as bytes; the others are sent as people would.
    try:
        return {"json": json.loads(value)}
    except json.JSONDecodeError:
        return {"value": base64.b64encode(value).decode()}


def send_by_api(node: Node, values: list[bytes]) -> None:
    for first in range(0, len(values), CHUNK):
        records = [as_record(value) for value in values[first : first + CHUNK]]
        sent = ask(f"{node.http}/v1/topics/promotions/records", {"records": records})
        assert len(sent["records"]) == len(records)


def wait_folded(node: Node, rows: int, patience: float) -> None:
    """Until the ledger shows the last record of each partition; then it holds so many rows."""
    deadline = time.monotonic() + patience
    for partition in ask(f"{node.http}/v1/topics/promotions")["partitions"]:
        last = int(partition["end"]) - 1
        decision = f"promotions-{partition['partition']}-{last}"
        while last >= 0 and not is_visible(node, decision):
            assert time.monotonic() < deadline, f"`{decision}` not visible after {patience} s"
    assert int(ask(f"{node.http}/v1/decisions:count?by=outcome")["rows"]) == rows


def is_visible(node: Node, decision: str) -> bool:
    """Asks for a decision, for which the server waits a while."""
    try:
        return ask(f"{node.http}/v1/decisions/{decision}?wait_ms=5000")["id"] == decision
    except urllib.error.HTTPError as refused:
        assert refused.code == 404, refused.read()
        return False


def counted(node: Node) -> open_bandit_counts.Counts:
    """The ledger's answers to the questions that the CSV files were asked."""
    counts: open_bandit_counts.Counts = {}
    for facet in open_bandit_counts.FACETS:
        query = urllib.parse.urlencode({"by": facet})
        answer = ask(f"{node.http}/v1/decisions:count?{query}")
        assert answer["at_least"] is False
        assert answer["meta"]["complete"] is True
        lines = {
            ",".join(line[name] for name in facet.split(",")): int(line["count"])
            for line in answer["counts"]
        }
        counts[facet] = dict(sorted(lines.items()))
    return counts


def shown(values: list[dict]) -> open_bandit_counts.Outputs:
    outputs = {each["event_id"]: (each["position"], each["propensity"]) for each in values}
    assert len(outputs) == len(values), "a row was put out twice"
    return outputs


def outputs_by_api(node: Node) -> list[dict]:
    topic = f"{node.http}/v1/topics/promotions.allowed"
    found = []
    for partition in ask(topic)["partitions"]:
        offset, end = int(partition["start"]), int(partition["end"])
        while offset < end:
            place = {"partition": partition["partition"], "offset": offset, "limit": CHUNK}
            page = ask(f"{topic}/records?{urllib.parse.urlencode(place)}")["records"]
            # The last offsets of a partition may hold marks of transactions only.
            if not page:
                break
            found += [record["json"] for record in page]
            offset = int(page[-1]["offset"]) + 1
    return found


def prepare(node: Node, *flags: str) -> None:
    published = node.cli("policy", "publish", str(HERE / "policies"), *flags)
    assert published.returncode == 0, published.stderr
    imported = node.cli("import", str(HERE / "registry.jsonl"))
    assert imported.returncode == 0, imported.stderr
    node.wait_ready()


def compare(
    node: Node, send: Callable[[list[bytes]], None], patience: float
) -> open_bandit_counts.Outputs:
    """Sends all rows but one, which the comparison must see, then that one; then all is equal."""
    values = promotions()
    expected, outputs = open_bandit_counts.expected(CORPUS)
    assert len(values) == 40_000
    started = time.monotonic()
    send(values[:-1])
    sent = time.monotonic()
    wait_folded(node, len(values) - 1, patience)
    folded = time.monotonic()
    control = counted(node)
    for facet in open_bandit_counts.FACETS:
        assert control[facet] != expected[facet], f"a row less was not seen by `{facet}`"
    send(values[-1:])
    wait_folded(node, len(values), patience)
    assert counted(node) == expected
    per_second = (len(values) - 1) / (folded - started)
    print(
        f"{len(values)} rows: sent in {sent - started:.2f} s, decided and folded after "
        f"{folded - started:.2f} s ({per_second:.0f}/s): {json.dumps(expected)}"
    )
    return outputs


def test_all_outcomes_and_reasons_of_the_story_occur() -> None:
    expected, outputs = open_bandit_counts.expected(CORPUS)
    assert set(expected["outcome"]) == {"ALLOW", "QUARANTINE", "BLOCK"}
    assert len(expected["reason"]) == 5
    assert all(sum(lines.values()) == 40_000 for lines in expected.values())
    assert len(outputs) == expected["outcome"]["ALLOW"]


def test_the_ledger_counts_what_the_files_hold(tmp_path: pathlib.Path) -> None:
    with Node(tmp_path) as node:
        prepare(node)
        outputs = compare(node, lambda values: send_by_api(node, values), FOLD_PATIENCE_S)
        assert shown(outputs_by_api(node)) == outputs


def send_to_kafka(address: str, values: list[bytes]) -> None:
    import confluent_kafka

    settings = {"bootstrap.servers": address, "linger.ms": 5, "enable.idempotence": True}
    producer = confluent_kafka.Producer(settings)
    failed = []
    for value in values:
        producer.produce(
            "promotions",
            value,
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        producer.poll(0)
    assert producer.flush(SEND_PATIENCE_S) == 0
    assert failed == []


def outputs_of_kafka(address: str, rows: int) -> list[dict]:
    """What a consumer of committed records gets, to the end of each partition."""
    import confluent_kafka

    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": address,
            "group.id": "what-is-shown",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    try:
        topic = "promotions.allowed"
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        consumer.assign([confluent_kafka.TopicPartition(topic, each, 0) for each in partitions])
        found, ended = [], set()
        deadline = time.monotonic() + SEND_PATIENCE_S
        while len(ended) < len(partitions):
            assert time.monotonic() < deadline, f"{len(found)} of {rows} outputs"
            for message in consumer.consume(CHUNK, timeout=1):
                if message.error() is None:
                    found.append(json.loads(message.value()))
                else:
                    assert message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF
                    ended.add(message.partition())
        return found
    finally:
        consumer.close()


@pytest.mark.kafka
def test_the_ledger_counts_what_the_files_hold_on_kafka(
    tmp_path: pathlib.Path, address: str
) -> None:
    settings = {
        "transport": "kafka",
        "kafka.brokers": address,
        "kafka.create_topics": "true",
        "kafka.require_durable": "false",
    }
    with Node(tmp_path, settings) as node:
        prepare(node, "--retries", "8")
        outputs = compare(
            node, lambda values: send_to_kafka(address, values), KAFKA_FOLD_PATIENCE_S
        )
        assert shown(outputs_of_kafka(address, len(outputs))) == outputs

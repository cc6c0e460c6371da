"""The main job on a real Apache Kafka, through the real binary."""

import pathlib

import pytest
from node import Node
from test_story import SHOP, decided, promotion, send

pytestmark = pytest.mark.kafka


def test_topics_are_wanted_then_made_and_the_job_runs(tmp_path: pathlib.Path, address: str) -> None:
    kafka = {"transport": "kafka", "kafka.brokers": address}
    source = "[{topic: shop-story}]"
    (tmp_path / "lineward.yaml").write_text(f"gate: {{sources: {source}}}\n")
    with Node(tmp_path, kafka) as refused:
        assert refused.wait() == 2
        assert refused.process is not None and refused.process.stderr is not None
        told = refused.process.stderr.read()
        assert "topic `shop-story`: existence: found no topic, wanted a topic" in told
    made = {"kafka.create_topics": "true", "kafka.require_durable": "false"}
    with Node(tmp_path, kafka | made) as node:
        published = node.cli("policy", "publish", str(SHOP / "policies"), "--retries", "8")
        assert published.returncode == 0, published.stderr
        assert node.cli("import", str(SHOP / "registry.jsonl")).returncode == 0
        node.wait_ready().wait_gate()
        lines = [promotion(1), promotion(2, model_version="2"), {"event_id": "x"}]
        sent = send(node, *lines, topic="shop-story")
        outcomes = [decided(node, each)["outcome"] for each in sent]
        assert outcomes == ["ALLOW", "BLOCK", "QUARANTINE"]
        assert node.json("decision", "explain", sent[1])["replay_equal"] is True
        assert node.stop() == 0

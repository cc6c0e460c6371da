"""/metrics of a running node: each documented family has a sample once a promotion went through."""

import json
import pathlib
import re
import shutil
import time
import urllib.request

from node import PATIENCE, ROOT, Node
from test_story import SHOP, promotion

# Children appear with an event that a quiet node never meets.
ONLY_AFTER_TROUBLE = {"lineward_metrics_label_overflow_total", "lineward_http_rejected_total"}


def documented() -> dict[str, str]:
    """Family to kind, of docs/TELEMETRY.md."""
    text = (ROOT / "docs" / "TELEMETRY.md").read_text()
    return dict(re.findall(r"^\| `(\w+)` \| (counter|gauge|histogram) \|", text, re.MULTILINE))


def samples(node: Node) -> dict[str, float]:
    with urllib.request.urlopen(f"{node.admin}/metrics", timeout=PATIENCE) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def names(found: dict[str, float]) -> set[str]:
    return {sample.split("{")[0] for sample in found}


def missing(found: dict[str, float]) -> set[str]:
    there = names(found)
    wanted = {n + "_count" if kind == "histogram" else n for n, kind in documented().items()}
    return {n for n in wanted if n not in there} - ONLY_AFTER_TROUBLE


def total(found: dict[str, float], family: str, **labels: str) -> float:
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return sum(
        value
        for sample, value in found.items()
        if sample.split("{")[0] == family and all(each in sample for each in wanted)
    )


def test_each_documented_family_has_a_sample_after_a_promotion(tmp_path: pathlib.Path) -> None:
    with Node(tmp_path) as node:
        # The control: before anything happened families are missing.
        before = missing(samples(node))
        assert {"lineward_policy_info", "lineward_gate_rule_matches_total"} <= before

        published = node.cli("policy", "publish", str(SHOP / "policies"))
        assert published.returncode == 0, published.stderr
        imported = node.cli("import", str(SHOP / "registry.jsonl"))
        assert imported.returncode == 0, imported.stderr
        node.wait_ready()
        promotions = [promotion(1), promotion(2, model_version="2"), {"event_id": "broken"}]
        lines = "".join(json.dumps(each) + "\n" for each in promotions)
        sent = node.json("event", "send", "-", "--topic", "promotions", stdin=lines)["records"]
        for record in sent:
            node.json("decision", "get", record["decision"], "--wait-ms", "10000")

        # What is told once a second comes in its time.
        deadline = time.monotonic() + PATIENCE
        found = samples(node)
        while missing(found) and time.monotonic() < deadline:
            found = samples(node)
        assert missing(found) == set()

        assert total(found, "lineward_ledger_visible_age_seconds_count") == len(sent)
        assert total(found, "lineward_ledger_rows_folded_total") == len(sent)
        produced = "lineward_stream_records_produced_total"
        assert total(found, produced, topic="promotions.allowed") == 1
        assert total(found, produced, topic="promotions.blocked") == 1
        assert total(found, produced, topic="promotions.dead-letter") == 1
        blocks = total(found, "lineward_gate_blocks_sealed_total")
        assert total(found, produced, topic="lineward.decisions") == blocks
        slots = "lineward_gate_slot_decisions_total"
        assert total(found, slots, slot="current", outcome="allow") == 1
        assert total(found, slots, slot="current", outcome="block") == 1
        assert total(found, slots, slot="current", outcome="quarantine") == 1
        assert total(found, slots, slot="shadow") == 0
        assert total(found, "lineward_policy_shadow_differences_total") == 0
        assert total(found, "lineward_policy_rule_errors_total") == 0
        assert total(found, "lineward_stream_consumer_lag_records") == 0
        assert total(found, "lineward_role_active") == 3
        (info,) = [each for each in found if each.startswith("lineward_policy_info")]
        assert re.search(r'set="ps-[0-9a-f]{12}"', info) and 'slot="current"' in info
        # Each of both logs has its genesis, and the blocks of three promotions stand in them.
        logs = total(found, "lineward_audit_log_size")
        assert logs > total(found, "lineward_ledger_blocks_folded_total") >= 1


def test_a_rule_that_fails_is_recorded_explained_and_counted(tmp_path: pathlib.Path) -> None:
    policies = tmp_path / "policies"
    shutil.copytree(SHOP / "policies", policies)
    with (policies / "policy.yaml").open("a") as policy:
        # `home_feed` has nine characters.
        policy.write(
            "  - id: fails\n    effect: forbid\n    severity: quarantine\n"
            "    when: 10 / (size(event.surface) - 9) == 1\n"
        )
    folder = tmp_path / "node"
    folder.mkdir()
    with Node(folder) as node:
        assert node.cli("policy", "publish", str(policies)).returncode == 0
        assert node.cli("import", str(SHOP / "registry.jsonl")).returncode == 0
        node.wait_ready().wait_gate()
        line = json.dumps(promotion(1)) + "\n"
        sent = node.json("event", "send", "-", "--topic", "promotions", stdin=line)["records"]
        row = node.json("decision", "get", sent[0]["decision"], "--wait-ms", "10000")
        assert row["outcome"] == "QUARANTINE", row
        (failing,) = row["rule_errors"]
        assert failing.endswith("/fails")
        explained = node.json("decision", "explain", sent[0]["decision"])
        assert explained["replay_equal"] is True
        assert "when: division by zero at 1:4" in json.dumps(explained)
        deadline = time.monotonic() + PATIENCE
        errors = "lineward_policy_rule_errors_total"
        while total(samples(node), errors) == 0 and time.monotonic() < deadline:
            pass
        found = samples(node)
        assert total(found, errors, effect="forbid") == 1
        assert total(found, errors, effect="permit") == 0

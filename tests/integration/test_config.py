"""What is written down about options is what the binary says."""

import json
import pathlib

from node import ROOT, lineward


def test_the_committed_documents_are_those_of_the_binary() -> None:
    assert lineward("config", "docs").stdout == (ROOT / "docs" / "CONFIG.md").read_text()
    default = (ROOT / "config" / "lineward.yaml").read_text()
    assert lineward("config", "docs", "--file").stdout == default


def test_the_default_file_is_valid_and_changes_nothing(tmp_path: pathlib.Path) -> None:
    dev = "environment: dev\ntransport: embedded\nauth: {mode: none}\n"
    (tmp_path / "with.yaml").write_text(dev + lineward("config", "docs", "--file").stdout)
    (tmp_path / "without.yaml").write_text(dev)
    printed = [
        lineward("config", "print", "--config", str(tmp_path / name)).stdout
        for name in ("with.yaml", "without.yaml")
    ]
    assert printed[0] == printed[1] != ""


def test_the_schema_knows_every_top_level_key() -> None:
    schema = json.loads(lineward("config", "schema").stdout)
    for key in ("environment", "transport", "kafka", "gate", "ledger", "registry", "http", "auth"):
        assert key in schema["properties"]

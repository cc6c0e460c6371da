"""format.py bites: one badly formatted file per language is found, and mended by --fix."""

import pathlib

import format as format_check
import pytest
from conftest import Write

BAD = [
    ("libs/base/src/bad.cc", "int  F( ){return 1 ;}\n", "not formatted"),
    ("tools/bad.py", "x = [1,\n  2]\n", "not formatted"),
    ("tools/unused.py", "import os\n", "F401"),
    ("tools/bad.sh", '#!/usr/bin/env bash\nrm $1"\n', "bad.sh"),
]


@pytest.fixture
def tree_with_rules(good: pathlib.Path, root: pathlib.Path, write: Write) -> pathlib.Path:
    for name in (".clang-format", ".ruff.toml"):
        write(name, (root / name).read_text())
    for file in good.rglob("*.cc"):
        file.write_text("")
    return good


def test_a_good_tree_has_no_findings(tree_with_rules: pathlib.Path) -> None:
    assert format_check.findings(tree_with_rules) == []


@pytest.mark.parametrize(("file", "text", "says"), BAD)
def test_a_badly_formatted_file_is_found(
    tree_with_rules: pathlib.Path, write: Write, file: str, text: str, says: str
) -> None:
    write(file, text)
    found = format_check.findings(tree_with_rules)
    assert any(file in line and says in line for line in found)


def test_fix_mends_what_a_formatter_can_mend(tree_with_rules: pathlib.Path, write: Write) -> None:
    for file, text, _ in BAD[:3]:
        write(file, text)
    format_check.fix(tree_with_rules)
    assert format_check.findings(tree_with_rules) == []


def test_a_proto_against_the_standard_rules_is_found(
    tree_with_rules: pathlib.Path, write: Write
) -> None:
    write("proto/buf.yaml", "version: v2\nlint:\n  use: [STANDARD]\n")
    text = 'syntax = "proto3";\npackage lineward.event.v1;\nmessage promotion {}\n'
    write("proto/lineward/event/v1/promotion.proto", text)
    assert any("promotion" in line for line in format_check.findings(tree_with_rules))
    fixed = text.replace("message promotion", "message Promotion")
    write("proto/lineward/event/v1/promotion.proto", fixed)
    assert format_check.findings(tree_with_rules) == []


def test_a_missing_tool_is_a_finding(
    tree_with_rules: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(format_check, "CLANG_FORMAT", "clang-format-of-nobody")
    assert any("not installed" in line for line in format_check.findings(tree_with_rules))

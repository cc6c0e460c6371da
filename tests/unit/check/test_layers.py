"""layers.py bites: each forbidden include or row is found, with what is allowed instead."""

import json
import pathlib

import layers
import pytest
from conftest import Write


def test_a_good_tree_has_no_findings(good: pathlib.Path) -> None:
    assert layers.findings(good) == []


FORBIDDEN = [
    ("libs/base/src/base.cc", '"lineward/policy/policy.h"', "`base` may include base"),
    ("libs/base/src/base.cc", "<re2/re2.h>", "`re2` is allowed in policy/src"),
    ("libs/policy/include/lineward/policy/policy.h", "<re2/re2.h>", "`re2` is allowed in"),
    ("libs/base/src/base.cc", "<boost/asio.hpp>", "`boost` is allowed in no place"),
    ("libs/base/src/base.cc", "<gtest/gtest.h>", "`test libraries` is allowed in no place"),
    ("libs/base/src/base.cc", "<curl/curl.h>", "unknown outside header"),
    ("libs/policy/src/policy.cc", '"base/src/inner.h"', "private: allowed in libs/base/src"),
    ("libs/policy/include/lineward/policy/policy.h", '"policy/src/lexer.h"', "public headers"),
    ("libs/policy/src/policy.cc", '"lexer.h"', "write the full name"),
    ("libs/policy/src/policy.cc", '"../src/lexer.h"', "write the full name"),
    ("libs/policy/src/policy.cc", '"lineward/base/nothing.h"', "resolves to nothing"),
    ("libs/policy/src/policy.cc", '"tests/unit/policy/policy_test.cc"', "by tests only"),
    ("libs/policy/src/policy.cc", '"tools/check/layers.json"', "libs include libs only"),
    ("tests/unit/policy/policy_test.cc", '"base/src/inner.h"', "private"),
    ("libs/policy/src/policy.cc", '"lineward/policy/v1/x.pb.h"', "resolves to nothing"),
]


@pytest.mark.parametrize(("file", "include", "says"), FORBIDDEN)
def test_a_forbidden_include_is_found(
    good: pathlib.Path, file: str, include: str, says: str
) -> None:
    path = good / file
    path.write_text(path.read_text() + f"#include {include}\n")
    line = len(path.read_text().splitlines())
    found = layers.findings(good)
    assert len(found) == 1
    assert found[0].startswith(f"{file}:{line}: include `{include[1:-1]}`: ")
    assert says in found[0]


def test_a_test_of_base_may_not_include_policy(good: pathlib.Path, write: Write) -> None:
    write("tests/unit/base/base_test.cc", '#include "lineward/policy/policy.h"\n')
    assert "`base` may include base" in layers.findings(good)[0]


def rewrite_table(good: pathlib.Path, **libs: list[str]) -> None:
    path = good / "tools/check/layers.json"
    table = json.loads(path.read_text())
    table["libs"].update(libs)
    path.write_text(json.dumps(table))


def test_a_lib_without_a_row_is_found(good: pathlib.Path, write: Write) -> None:
    write("libs/gate/CMakeLists.txt", "")
    assert layers.findings(good) == [
        "libs/gate: lib without a row: add it to tools/check/layers.json"
    ]


def test_a_row_without_a_lib_is_found(good: pathlib.Path) -> None:
    rewrite_table(good, gate=[])
    assert layers.findings(good) == ["tools/check/layers.json: row `gate` has no folder libs/gate"]


def test_a_cycle_in_the_table_is_found(good: pathlib.Path) -> None:
    rewrite_table(good, base=["policy"])
    assert any("cycle: base -> policy -> base" in line for line in layers.findings(good))


def test_deps_that_differ_from_the_row_are_found(good: pathlib.Path) -> None:
    path = good / "libs/policy/CMakeLists.txt"
    path.write_text(path.read_text().replace("  DEPS base\n", ""))
    assert "DEPS are [], the row in layers.json is ['base']" in layers.findings(good)[0]


def test_a_row_beyond_the_architecture_is_found(good: pathlib.Path) -> None:
    rewrite_table(good, base=["policy"])
    assert any("allows no lib" in line for line in layers.findings(good))


def test_a_unit_test_may_include_what_its_lib_may_ever_include(good: pathlib.Path) -> None:
    rewrite_table(good, policy=[])
    header = good / "libs/policy/include/lineward/policy/policy.h"
    header.write_text("#pragma once\n")
    build = good / "libs/policy/CMakeLists.txt"
    build.write_text(build.read_text().replace("  DEPS base\n", ""))
    test = good / "tests/unit/policy/policy_test.cc"
    test.write_text(test.read_text() + '#include "lineward/base/base.h"\n')
    assert layers.findings(good) == []

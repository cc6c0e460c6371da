"""Tiny trees for the negative controls: each test plants one fault and shows that the check bites."""

import json
import pathlib
import sys
from collections.abc import Callable

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools" / "check"))

Write = Callable[[str, str], None]


@pytest.fixture
def root() -> pathlib.Path:
    return ROOT


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Write:
    def write_file(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return write_file


README = """# x

A tree.

<!-- folders -->

| folder | what it is |
|---|---|
| [`libs/base`](libs/base) | The ground |
| [`libs/policy`](libs/policy) | The rules |
| [`docs`](docs) | documents |
| [`tests`](tests) | tests |
| [`tools`](tools) | tools |

<!-- /folders -->
"""


def lib_readme(name: str, sentence: str) -> str:
    header = f"include/lineward/{name}/{name}.h"
    return f"# {name}\n\n{sentence}. More.\n\nStart here: `{header}`.\n\nNot here: more.\n"


@pytest.fixture
def good(tmp_path: pathlib.Path, write: Write) -> pathlib.Path:
    """Two libs, `policy` on `base`, with tests, documents and one reason: nothing to find."""
    table = {
        "architecture": {"base": [], "policy": ["base"], "gate": []},
        "libs": {"base": [], "policy": ["base"]},
        "external": {"re2": ["policy/src"]},
    }
    write("tools/check/layers.json", json.dumps(table))
    write("libs/base/CMakeLists.txt", "lineward_library(\n  NAME base\n  SOURCES src/base.cc)\n")
    write("libs/base/include/lineward/base/base.h", "#pragma once\n#include <string>\n")
    write("libs/base/src/base.cc", '#include "lineward/base/base.h"\n')
    write("libs/base/src/inner.h", "#pragma once\n")
    write("libs/base/README.md", lib_readme("base", "The ground"))
    build = (
        "lineward_library(\n  NAME policy\n  SOURCES src/policy.cc\n  DEPS base\n  EXTERNAL re2)\n"
    )
    write("libs/policy/CMakeLists.txt", build)
    include = '#pragma once\n#include "lineward/base/base.h"\n'
    write("libs/policy/include/lineward/policy/policy.h", include)
    reasons = '#pragma once\ninline constexpr char kReason[] = "PURPOSE_UNKNOWN";\n'
    write("libs/policy/include/lineward/policy/reasons.h", reasons)
    write(
        "libs/policy/src/policy.cc", '#include "lineward/policy/policy.h"\n#include <re2/re2.h>\n'
    )
    write("libs/policy/README.md", lib_readme("policy", "The rules"))
    test = '#include <gtest/gtest.h>\n#include "policy/src/lexer.h"\n'
    write("libs/policy/src/lexer.h", "#pragma once\n")
    write("tests/unit/policy/policy_test.cc", test)
    section = "**Cause.** c\n\n**Example.** e\n\n**What to do.** w\n"
    write("docs/errors.md", f"# Errors\n\n## PURPOSE_UNKNOWN\n\n{section}")
    write("README.md", README)
    return tmp_path

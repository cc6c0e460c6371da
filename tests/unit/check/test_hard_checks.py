"""The hard checks as commands: a broken tree exits 1 and names the place, repaired it exits 0."""

import pathlib
import subprocess
import sys

import pytest
from conftest import Write

BROKEN = [
    (
        "layers",
        "libs/base/src/base.cc",
        '#include "lineward/policy/policy.h"\n',
        "may include base",
    ),
    ("format", "libs/base/src/base.cc", "int  F( ){return 1 ;}\n", "not formatted"),
    ("docs", "libs/base/README.md", "", "no line `Start here"),
]


def run(
    root: pathlib.Path, check: str, tree: pathlib.Path, *arguments: str
) -> subprocess.CompletedProcess:
    command = [sys.executable, str(root / "tools/check" / f"{check}.py"), "--root", str(tree)]
    return subprocess.run([*command, *arguments], capture_output=True, text=True)


@pytest.fixture
def formatted(good: pathlib.Path, root: pathlib.Path, write: Write) -> pathlib.Path:
    for name in (".clang-format", ".ruff.toml"):
        write(name, (root / name).read_text())
    assert run(root, "format", good, "--fix").returncode == 0
    return good


@pytest.mark.parametrize(("check", "file", "broken", "says"), BROKEN)
def test_a_broken_tree_exits_1_and_repaired_0(
    formatted: pathlib.Path, root: pathlib.Path, check: str, file: str, broken: str, says: str
) -> None:
    path = formatted / file
    sound = path.read_text()
    path.write_text(broken)
    found = run(root, check, formatted)
    assert found.returncode == 1
    assert f"{file}:" in found.stdout
    assert says in found.stdout
    path.write_text(sound)
    found = run(root, check, formatted)
    assert (found.returncode, found.stdout) == (0, "")


def test_a_stale_row_of_the_folder_table_exits_1_and_repaired_0(
    formatted: pathlib.Path, root: pathlib.Path
) -> None:
    readme = formatted / "README.md"
    readme.write_text(readme.read_text().replace("| The rules |", "| Other rules |"))
    found = run(root, "docs", formatted)
    assert found.returncode == 1
    assert "stale row" in found.stdout
    assert run(root, "docs", formatted, "--fix").returncode == 0
    assert run(root, "docs", formatted).returncode == 0

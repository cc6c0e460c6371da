"""The reports name what they find and never fail the build."""

import pathlib
import subprocess
import sys

import pytest
from conftest import Write

REPORTS = [
    ("pairing", "tests/unit/policy/orphan_test.cc", "", "orphan_test.cc: mirrors no source"),
    ("pairing", "libs/policy/src/lonely.cc", "", "no tests/unit/policy/lonely_test.cc"),
    ("text", "libs/base/src/base.cc", "// TODO: later\n", "`TODO`"),
    ("text", "libs/base/src/base.cc", 'Log("Error: failed!");\n', "Error: failed!"),
    ("text", "libs/base/src/base.cc", 'base::NotFound(kGone, "Gone");\n', "capital letter"),
    ("text", "tests/unit/base/x_test.cc", "std::this_thread::sleep_for(x);\n", "sleep_for"),
    ("sizes", "libs/base/src/base.cc", "void F() {\n" + "  G();\n" * 80 + "}\n", "function of 82"),
]


@pytest.mark.parametrize(("report", "file", "text", "says"), REPORTS)
def test_a_planted_fault_is_named_and_the_exit_is_0(
    good: pathlib.Path,
    root: pathlib.Path,
    write: Write,
    report: str,
    file: str,
    text: str,
    says: str,
) -> None:
    write("tools/check/pairing.json", "{}")
    command = [sys.executable, str(root / "tools/check" / f"{report}.py"), "--root", str(good)]
    before = subprocess.run(command, capture_output=True, text=True)
    assert (before.returncode, says in before.stdout) == (0, False)
    write(file, text)
    after = subprocess.run(command, capture_output=True, text=True)
    assert (after.returncode, says in after.stdout) == (0, True), after.stderr


def test_the_prefix_of_a_message_is_no_message(
    good: pathlib.Path, root: pathlib.Path, write: Write
) -> None:
    write("libs/base/src/base.cc", 'Print("error: {}  [{}]", message, reason);\n')
    command = [sys.executable, str(root / "tools/check/text.py"), "--root", str(good)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, "base.cc" in done.stdout) == (0, False), done.stdout

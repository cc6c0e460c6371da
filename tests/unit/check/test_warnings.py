"""Warnings bite: planted faults do not compile or are reported with the flags of the presets."""

import json
import pathlib
import re
import subprocess

import pytest

INCLUDES = ["-Ilibs/base/include"]
DISCARDS = """
#include "lineward/base/status.h"
absl::Status Work();
void Call() { CALL; }
"""
UNLOCKED = """
#include "lineward/base/mutex.h"
class Counter {
 public:
  int Get() const { LOCK return count_; }
 private:
  mutable lineward::base::Mutex mu_;
  int count_ LW_GUARDED_BY(mu_) = 0;
};
int Use() { return Counter().Get(); }
"""


def common_flags(root: pathlib.Path, compiler: str) -> list[str]:
    text = (root / "tools/cmake/lineward.cmake").read_text()
    call = re.search(r"add_compile_options\(\s*(-Wall[^)]*)\)", text)
    assert call is not None
    flags = [word for word in call[1].split() if word.startswith("-W")]
    return [compiler, "-std=c++20", *flags, *INCLUDES]


def preset(root: pathlib.Path, name: str) -> dict:
    presets = json.loads((root / "CMakePresets.json").read_text())
    return next(each for each in presets["configurePresets"] if each["name"] == name)


def preset_flags(root: pathlib.Path, name: str) -> list[str]:
    return preset(root, name)["cacheVariables"]["CMAKE_CXX_FLAGS"].split()


def preset_compiler(name: str) -> str:
    return "clang++-19" if name in ("tsan", "fuzz") else "g++-12"


def compiles(
    root: pathlib.Path, folder: pathlib.Path, command: list[str], text: str
) -> tuple[bool, str]:
    source = folder / "planted.cc"
    source.write_text(text)
    done = subprocess.run(
        [*command, "-fsyntax-only", str(source)], cwd=root, capture_output=True, text=True
    )
    return done.returncode == 0, done.stderr


@pytest.mark.parametrize("compiler", ["g++-12", "clang++-19"])
def test_a_discarded_status_does_not_compile(
    root: pathlib.Path, tmp_path: pathlib.Path, compiler: str
) -> None:
    command = common_flags(root, compiler)
    good, output = compiles(
        root, tmp_path, command, DISCARDS.replace("CALL", "Work().IgnoreError()")
    )
    assert good, output
    good, output = compiles(root, tmp_path, command, DISCARDS.replace("CALL", "Work()"))
    assert not good
    assert "unused" in output


def test_an_unlocked_read_of_a_guarded_member_does_not_compile(
    root: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    command = [*common_flags(root, preset_compiler("tsan")), *preset_flags(root, "tsan")]
    locked = UNLOCKED.replace("LOCK", "lineward::base::MutexLock lock(&mu_);")
    good, output = compiles(root, tmp_path, command, locked)
    assert good, output
    good, output = compiles(root, tmp_path, command, UNLOCKED.replace("LOCK", ""))
    assert not good
    assert "thread-safety" in output


# A fault, the same program without it, and what the sanitizer of the preset says of the fault.
PLANTED = [
    (
        "asan",
        "int* p = new int[2]; int i = argc + 1; p[i] = 1; int n = p[i]; delete[] p; return n;",
        "int* p = new int[3]; int i = argc + 1; p[i] = 0; int n = p[i]; delete[] p; return n;",
        "heap-buffer-overflow",
    ),
    (
        "asan",
        "int big = 2147483647; return (big + argc) > 0;",
        "int big = 2147483646; return (big + argc) < 0;",
        "signed integer overflow",
    ),
    (
        "tsan",
        "int n = 0; std::jthread t([&] { n = 1; }); n = 2; return 0;",
        "int n = 0; { std::jthread t([&] { n = 1; }); } n = 2; return 0;",
        "data race",
    ),
]
PROGRAM = "#include <thread>\nint main(int argc, char**) { static_cast<void>(argc); BODY }\n"


def run_planted(
    root: pathlib.Path, folder: pathlib.Path, name: str, body: str
) -> subprocess.CompletedProcess:
    compiler = preset_compiler(name)
    source, program = folder / "planted.cc", folder / "planted"
    source.write_text(PROGRAM.replace("BODY", body))
    flags = preset_flags(root, name)
    # At -O1 the compiler may drop a store that nobody reads, and the fault with it.
    command = [compiler, "-std=c++20", *flags, "-O0", "-pthread", str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    presets = json.loads((root / "CMakePresets.json").read_text())["testPresets"]
    options = next(each for each in presets if each["name"] == name).get("environment", {})
    return subprocess.run([str(program)], env=options, capture_output=True, text=True)


@pytest.mark.parametrize(("name", "fault", "sound", "says"), PLANTED)
def test_a_planted_fault_is_reported_under_its_sanitizer(
    root: pathlib.Path, tmp_path: pathlib.Path, name: str, fault: str, sound: str, says: str
) -> None:
    done = run_planted(root, tmp_path, name, fault)
    assert done.returncode != 0
    assert says in done.stderr
    done = run_planted(root, tmp_path, name, sound)
    assert (done.returncode, done.stderr) == (0, "")

"""The build functions bite: a tiny library built by them fails where the house's rules say so."""

import pathlib
import subprocess

import pytest

LISTS = """cmake_minimum_required(VERSION 3.25)
project(tiny LANGUAGES CXX)
include({root}/tools/cmake/lineward.cmake)
lineward_library(NAME tiny SOURCES src/row.cc HEADERS include/lineward/tiny/row.h)
"""
HEADER = "#pragma once\nINCLUDE\n[[nodiscard]] int Count();\nstruct Row { std::string name; };\n"
SOURCE = (
    "#include <string>\n"
    '#include "lineward/tiny/row.h"\n'
    "int Count() { return 1; }\n"
    "void Call() { USE; }\n"
)


class Tiny:
    """One library of one header and one source, configured as the house does."""

    def __init__(self, root: pathlib.Path, folder: pathlib.Path) -> None:
        self.root = root
        self.folder = folder
        (folder / "include/lineward/tiny").mkdir(parents=True)
        (folder / "src").mkdir()

    def write(self, include: str, use: str) -> None:
        (self.folder / "CMakeLists.txt").write_text(LISTS.format(root=self.root))
        header = self.folder / "include/lineward/tiny/row.h"
        header.write_text(HEADER.replace("INCLUDE", include))
        (self.folder / "src/row.cc").write_text(SOURCE.replace("USE", use))

    def build(self, *targets: str) -> tuple[bool, str]:
        out = self.folder / "build"
        configure = ["cmake", "-G", "Ninja", "-DCMAKE_CXX_COMPILER=g++-12"]
        command = [*configure, "-S", str(self.folder), "-B", str(out)]
        subprocess.run(command, check=True, capture_output=True)
        built = subprocess.run(
            ["cmake", "--build", str(out), "--target", *targets], capture_output=True, text=True
        )
        return built.returncode == 0, built.stdout


@pytest.fixture
def tiny(root: pathlib.Path, tmp_path: pathlib.Path) -> Tiny:
    return Tiny(root, tmp_path)


def test_a_header_without_its_own_include_fails_the_header_target_alone(tiny: Tiny) -> None:
    tiny.write(include="", use="std::string(Row().name, Count())")
    good, output = tiny.build("all")
    assert good, output
    good, output = tiny.build("all_verify_interface_header_sets")
    assert not good
    assert "std::string" in output or "string" in output
    tiny.write(include="#include <string>", use="std::string(Row().name, Count())")
    good, output = tiny.build("all", "all_verify_interface_header_sets")
    assert good, output


def test_a_discarded_result_fails_the_build_of_a_library(tiny: Tiny) -> None:
    tiny.write(include="#include <string>", use="Count()")
    good, output = tiny.build("all")
    assert not good
    assert "-Werror=unused-result" in output
    tiny.write(include="#include <string>", use="static_cast<void>(Count())")
    good, output = tiny.build("all")
    assert good, output

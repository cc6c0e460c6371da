"""Hard check: clang-format-19, ruff, shellcheck and `buf lint` have nothing to say (`--fix` mends)."""

import pathlib
import shutil
import subprocess
import sys

import tree

RUFF = "ruff"
BUF = pathlib.Path(__file__).resolve().parents[2] / ".cache" / "buf" / "buf"
CLANG_FORMAT = "clang-format-19"


def python_files(root: pathlib.Path) -> list[str]:
    scripts = [root / "tools" / "dev"] if (root / "tools" / "dev").exists() else []
    return [str(path.relative_to(root)) for path in [*tree.files(root, ".py"), *scripts]]


def shell_files(root: pathlib.Path) -> list[str]:
    return [
        str(path.relative_to(root))
        for path in tree.files(root, "", ".sh", ".bash")
        if path.read_bytes()[:40].startswith((b"#!/usr/bin/env bash", b"#!/bin/bash"))
    ]


def cpp_files(root: pathlib.Path) -> list[str]:
    return [str(path.relative_to(root)) for path in tree.files(root, ".h", ".cc")]


def run(root: pathlib.Path, command: list[str]) -> list[str]:
    """The lines of a tool that is not content."""
    program = shutil.which(command[0])
    if program is None:
        return [f"{command[0]}: not installed: run `tools/dev setup`"]
    done = subprocess.run(
        [program, *command[1:]],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode == 0:
        return []
    return [line for line in done.stdout.splitlines() if line.strip()] or [f"{command[0]} failed"]


def clang_format(root: pathlib.Path) -> list[str]:
    files = cpp_files(root)
    if not files:
        return []
    lines = run(root, [CLANG_FORMAT, "--dry-run", "-Werror", "--ferror-limit=1", *files])
    return [
        line.replace("error: code should be clang-formatted", "not formatted: run `tools/dev fix`")
        for line in lines
        if "error" in line or "not installed" in line
    ]


def ruff(root: pathlib.Path) -> list[str]:
    files = python_files(root)
    if not files:
        return []
    lines = run(root, [RUFF, "check", "--quiet", "--output-format", "concise", *files])
    unformatted = run(root, [RUFF, "format", "--check", *files])
    for line in unformatted:
        if line.startswith("Would reformat: "):
            lines.append(f"{line[16:]}:1: not formatted: run `tools/dev fix`")
        elif "would be" not in line and "already formatted" not in line:
            lines.append(line)
    return lines


def shellcheck(root: pathlib.Path) -> list[str]:
    files = shell_files(root)
    return run(root, ["shellcheck", "-f", "gcc", *files]) if files else []


def buf(root: pathlib.Path) -> list[str]:
    if not tree.files(root / "proto", ".proto"):
        return []
    lines = run(root / "proto", [str(BUF), "lint"])
    return [line if "not installed" in line else f"proto/{line}" for line in lines]


def fix(root: pathlib.Path) -> None:
    if cpp_files(root):
        run(root, [CLANG_FORMAT, "-i", *cpp_files(root)])
    if python_files(root):
        run(root, [RUFF, "check", "--fix", "--quiet", *python_files(root)])
        run(root, [RUFF, "format", "--quiet", *python_files(root)])


def findings(root: pathlib.Path) -> list[str]:
    return [*clang_format(root), *ruff(root), *shellcheck(root), *buf(root)]


if __name__ == "__main__":
    sys.exit(tree.main(findings))

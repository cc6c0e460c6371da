"""Report: how long headers, sources and functions are, and how much of them is comment."""

import pathlib
import re
import sys

import tree

LOOK_TWICE_LINES = 500
FUNCTION_LINES_SMELL = 70


def percentile(values: list[int], share: float) -> int:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


def function_lengths(file: pathlib.Path) -> list[tuple[int, int]]:
    """(first line, lines) of each function at namespace level, found by its unindented braces."""
    found, begin = [], 0
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if begin and line.startswith("}"):
            found.append((begin, number - begin + 1))
            begin = 0
        elif line.endswith("{") and not re.match(r"\s|namespace|class|struct|enum|extern|\}", line):
            begin = number
    return found


def comment_share(file: pathlib.Path) -> tuple[int, int]:
    lines = [line.strip() for line in file.read_text().splitlines() if line.strip()]
    return sum(line.startswith("//") for line in lines), len(lines)


def describe(name: str, lengths: list[int], shares: list[tuple[int, int]]) -> str:
    comments, total = (sum(column) for column in zip(*shares, strict=True)) if shares else (0, 1)
    return (
        f"sizes: {len(lengths)} {name}: median {percentile(lengths, 0.5)} lines, "
        f"p90 {percentile(lengths, 0.9)}, longest {max(lengths, default=0)}, "
        f"comments {comments / total:.0%}"
    )


def findings(root: pathlib.Path) -> list[str]:
    lines: list[str] = []
    ours = [path for path in tree.files(root, ".h", ".cc") if path.is_relative_to(root / "libs")]
    headers = [path for path in ours if path.suffix == ".h"]
    sources = [path for path in ours if path.suffix == ".cc"]
    functions = []
    for file in ours:
        length = len(file.read_text().splitlines())
        if length > LOOK_TWICE_LINES:
            lines.append(f"{file.relative_to(root)}:1: {length} lines: look twice above 500")
        for begin, count in function_lengths(file):
            functions.append(count)
            if count > FUNCTION_LINES_SMELL:
                lines.append(f"{file.relative_to(root)}:{begin}: function of {count} lines")
    for name, files in (("headers", headers), ("sources", sources)):
        lengths = [len(path.read_text().splitlines()) for path in files]
        lines.append(describe(name, lengths, [comment_share(path) for path in files]))
    lines.append(
        f"sizes: {len(functions)} functions: median {percentile(functions, 0.5)} lines, "
        f"p90 {percentile(functions, 0.9)}, longest {max(functions, default=0)}"
    )
    production = sum(
        len(path.read_text().splitlines())
        for path in tree.files(root, ".h", ".cc")
        if path.relative_to(root).parts[0] != "tests"
    )
    tests = sum(
        len(path.read_text(errors="replace").splitlines())
        for path in tree.files(root / "tests", ".h", ".cc", ".py")
    )
    share = tests / production if production else 0
    lines.append(f"sizes: {production} production lines, {tests} test lines (1 : {share:.2f})")
    return lines


if __name__ == "__main__":
    sys.exit(tree.main(findings, hard=False))

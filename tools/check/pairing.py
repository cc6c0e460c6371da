"""Report: every source of a lib has its unit test, every unit test its source (pairing.json: excuses).

The test of `src/cel/lexer.cc` is `cel_lexer_test.cc`.
"""

import json
import pathlib
import re
import sys

import tree

EXCUSED_SHARE_MAX = 0.10
CODE = re.compile(r"\breturn\b|\bfor \(|\bif \(")


def nouns(root: pathlib.Path) -> dict[str, set[str]]:
    """Per lib the stems that want a test: its sources, and its headers with code and no source."""
    found: dict[str, set[str]] = {}
    for lib in sorted((root / "libs").glob("*")):
        sources = {path.stem for path in lib.glob("src/*.cc")}
        sources |= {f"{path.parent.name}_{path.stem}" for path in lib.glob("src/*/*.cc")}
        headers = {
            path.stem
            for path in lib.glob("include/lineward/*/*.h")
            if CODE.search(re.sub(r"//.*", "", path.read_text()))
        }
        found[lib.name] = sources | headers
    return found


def findings(root: pathlib.Path) -> list[str]:
    excuses: dict[str, str] = json.loads((root / "tools/check/pairing.json").read_text())
    lines: list[str] = []
    wanted = paired = excused = 0
    for lib, stems in nouns(root).items():
        folder = root / "tests" / "unit" / lib
        tests = {path.stem.removesuffix("_test") for path in folder.glob("*_test.cc")}
        for stem in sorted(stems):
            wanted += 1
            name = f"{lib}/{stem}"
            if any(test == stem or test.startswith(f"{stem}_") for test in tests):
                paired += 1
            elif name in excuses:
                excused += 1
            else:
                lines.append(f"libs/{name}: no tests/unit/{lib}/{stem}_test.cc")
        every = stems | {path.stem for path in (root / "libs" / lib).glob("include/lineward/*/*.h")}
        for test in sorted(tests):
            if f"{lib}/{test}" in excuses:
                continue
            if not any(test == stem or test.startswith(f"{stem}_") for stem in every):
                lines.append(f"tests/unit/{lib}/{test}_test.cc: mirrors no source of libs/{lib}")
    for name in sorted(excuses):
        if not (root / "libs" / name.split("/")[0]).exists():
            lines.append(f"tools/check/pairing.json: `{name}` excuses nothing")
    share = excused / wanted if wanted else 0
    over = "" if share <= EXCUSED_SHARE_MAX else f", above {EXCUSED_SHARE_MAX:.0%}"
    lines.append(
        f"pairing: {paired} of {wanted} sources paired, {excused} excused ({share:.0%}{over})"
    )
    return lines


if __name__ == "__main__":
    sys.exit(tree.main(findings, hard=False))

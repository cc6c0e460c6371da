"""What the checks share: the files of the tree under check, and how findings are told."""

import argparse
import pathlib
import subprocess
import sys
from collections.abc import Callable

IGNORED = {"build", ".git", ".cache", ".venv", "node_modules", "__pycache__", "demo-state"}


def files(root: pathlib.Path, *suffixes: str) -> list[pathlib.Path]:
    """The files of `root` that git knows or would add, sorted; outside git all but build output."""
    command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True)
    if listed.returncode == 0 and (root / ".git").exists():
        found = [root / line for line in listed.stdout.splitlines()]
    else:
        found = [
            path
            for path in root.rglob("*")
            if not IGNORED.intersection(path.relative_to(root).parts)
        ]
    return sorted(
        path for path in found if path.is_file() and (not suffixes or path.suffix in suffixes)
    )


def main(findings: Callable[[pathlib.Path], list[str]], hard: bool = True) -> int:
    """Prints what `findings` says of `--root`. A hard check with findings exits 1, a report 0."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2]
    )
    parser.add_argument("--fix", action="store_true", help="mend what can be mended, then check")
    options = parser.parse_args()
    fix = getattr(sys.modules[findings.__module__], "fix", None)
    if options.fix and fix:
        fix(options.root.resolve())
    lines = findings(options.root.resolve())
    for line in lines:
        print(line)
    return 1 if lines and hard else 0

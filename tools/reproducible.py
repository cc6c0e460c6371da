#!/usr/bin/env python3
"""Two release builds of the binary in folders of different names: one SHA-256, or exit 1.

The committed tree is laid out twice in new folders and `lineward` is built in both; the second build
goes without the compiler cache, so it compiles everything. Then the control: the sources of `base`
are compiled once more in both folders without the prefix map, and the binaries must differ. Takes
two whole release builds; not part of CI.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDERS = ("one", "a-folder-of-another-name/and-depth")
CONTROL = "libs/base/src/"


def lay_out(folder: pathlib.Path) -> None:
    folder.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", "HEAD"], check=True, capture_output=True
    )
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)


def build(folder: pathlib.Path, target: str, env: dict[str, str]) -> str:
    """Configures and builds what is not up to date; the digest of the binary."""
    out = folder / "build" / "release"
    quiet = {"check": True, "cwd": folder, "env": os.environ | env, "stdout": subprocess.DEVNULL}
    if not (out / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release"], **quiet)
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", target], **quiet)
    return hashlib.sha256((out / "bin" / target).read_bytes()).hexdigest()


def compile_without_map(folder: pathlib.Path) -> None:
    entries = json.loads((folder / "build/release/compile_commands.json").read_text())
    chosen = [each for each in entries if f"/{CONTROL}" in each["file"]]
    assert chosen, f"no source below {CONTROL}"
    for entry in chosen:
        words = shlex.split(entry["command"])
        command = [word for word in words if not word.startswith("-ffile-prefix-map")]
        assert len(command) == len(words) - 1, "no prefix map to leave out"
        subprocess.run(command, check=True, cwd=entry["directory"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=pathlib.Path, help="an empty folder to build in, and keep")
    parser.add_argument("--target", default="lineward", help="another binary, to be done sooner")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folders = [(options.keep or pathlib.Path(scratch)) / name for name in FOLDERS]
        digests = []
        for folder, env in zip(
            folders, ({"CCACHE_BASEDIR": ""}, {"CCACHE_DISABLE": "1"}), strict=True
        ):
            lay_out(folder)
            begin = time.monotonic()
            digests.append(build(folder, options.target, env))
            print(f"{digests[-1]}  {folder.name}  {time.monotonic() - begin:.0f} s", flush=True)
        for folder in folders:
            compile_without_map(folder)
        control = [build(folder, options.target, {}) for folder in folders]
        print(f"control without the prefix map: {' '.join(digest[:16] for digest in control)}")
    if digests[0] != digests[1]:
        print("the two binaries differ")
        return 1
    if control[0] == control[1]:
        print("the control does not differ: nothing was compared")
        return 1
    print("reproducible: one digest; without the prefix map two")
    return 0


if __name__ == "__main__":
    sys.exit(main())

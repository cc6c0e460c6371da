"""Writes tests/fuzz/corpus/block: small random blocks of the C++ generator, one file each.

Usage: make_block_corpus.py build/dev/bin/make_random_blocks
"""

import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).parent / "corpus" / "block"
BYTES_MAX = 4096


def main() -> None:
    made = subprocess.run([sys.argv[1], "200", "7"], check=True, capture_output=True).stdout
    FOLDER.mkdir(parents=True, exist_ok=True)
    at = 0
    count = 0
    while at < len(made) and count < 40:
        size = int.from_bytes(made[at : at + 4], "big")
        message = made[at + 4 : at + 4 + size]
        at += 4 + size
        if size <= BYTES_MAX:
            (FOLDER / f"random_{count}").write_bytes(b"\x02" + message)
            count += 1


if __name__ == "__main__":
    main()

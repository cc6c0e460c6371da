#!/usr/bin/env python3
"""Prints one table: clauses C1-C17 of the transport contract on the four implementations.

    table.py BIN_DIR        BIN_DIR holds the transport_*_test binaries

Exit: 0 if every clause is green where it must be and red where it must be; else 1. An implementation that cannot be
tried here (no Java) is shown as absent.
"""

import pathlib
import subprocess
import sys

SUBJECTS = ["memory", "disk", "kafka", "mock"]


class Column:
    """What one binary said."""

    def __init__(self, text: str) -> None:
        self.name = "?"
        self.absent = ""
        self.must_be_red: set[str] = set()
        self.results: dict[str, tuple[str, str]] = {}
        for line in text.splitlines():
            word, _, rest = line.partition(" ")
            if word == "name":
                self.name = rest
            elif word == "absent":
                self.absent = rest
            elif word == "must_be_red":
                self.must_be_red.add(rest)
            else:
                colour, _, seen = rest.partition(" ")
                self.results[word] = (colour, seen)

    def is_as_wanted(self, clause: str) -> bool:
        """A mock may be red elsewhere too; only the named clauses must be."""
        colour = self.results[clause][0]
        if clause in self.must_be_red:
            return colour == "red"
        return colour == "green" or bool(self.must_be_red)


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    columns = []
    for subject in SUBJECTS:
        done = subprocess.run(
            [folder / f"transport_{subject}_test", "--table"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        columns.append(Column(done.stdout))
    clauses = sorted({c for column in columns for c in column.results}, key=lambda c: int(c[1:]))
    width = max(len(column.name) for column in columns) + 2
    print("clause".ljust(8) + "".join(column.name.ljust(width) for column in columns))
    bad = []
    for clause in clauses:
        cells = []
        for column in columns:
            if column.absent:
                cells.append("absent")
                continue
            colour, seen = column.results[clause]
            wanted = column.is_as_wanted(clause)
            cells.append(colour if wanted else f"{colour} !")
            if not wanted:
                bad.append(f"{column.name}: {clause}: {seen or 'must be red'}")
        print(clause.ljust(8) + "".join(cell.ljust(width) for cell in cells).rstrip())
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

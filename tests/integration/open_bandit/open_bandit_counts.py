#!/usr/bin/env python3
"""What the ledger must count over the Open Bandit rows, from the CSV files alone.

    open_bandit_counts.py FOLDER      prints the counts as JSON

It knows the story in words and nothing of Lineward's code or configuration:

* Two campaigns, men and women, each on its own surface. The men's surface recommends products, the
  women's advertises.
* One model in two versions. `random` is version 1 and learned from the catalogue, which may be
  used for recommending and advertising. `bts` is version 2 and learned from clicks as well, which
  may be used for recommending only. So all that version 2 puts on the women's surface is blocked.
* All this data must stay in Asia. What is shown at position 3 is served from the United States: it
  is blocked. Where the purpose is refused too, the purpose is the reason named first.
* Rows are numbered from 1 in each file. Each 250th row is cut in half on its way: malformed,
  quarantined, and nothing is known of its model and surface. Of the others each 100th row names
  version 3, which nobody registered: quarantined, and nothing else is judged.
* Everything else is allowed, and goes out with the position and propensity that came in.
"""

import collections
import csv
import json
import pathlib
import sys

FILES = ("random-men", "random-women", "bts-men", "bts-women")
# How the counts are grouped, by the names that a question to the ledger uses.
FACETS = (
    "outcome",
    "reason",
    "model_version",
    "surface",
    "model_version,reason",
    "surface,outcome",
)
Counts = dict[str, dict[str, int]]
# Position and propensity of what was put out, by the file and number of its row.
Outputs = dict[str, tuple[int, float]]


def judge(file: str, number: int, position: int) -> dict[str, str]:
    policy, campaign = file.split("-")
    if number % 250 == 0:
        return {"outcome": "QUARANTINE", "reason": "MALFORMED", "model_version": "", "surface": ""}
    row = {
        "surface": f"fashion-{campaign}",
        "model_version": {"random": "slate@1", "bts": "slate@2"}[policy],
    }
    if number % 100 == 0:
        unknown = {"outcome": "QUARANTINE", "reason": "MODEL_UNKNOWN", "model_version": "slate@3"}
        return row | unknown
    if policy == "bts" and campaign == "women":
        return row | {"outcome": "BLOCK", "reason": "PURPOSE_NOT_ALLOWED"}
    if position == 3:
        return row | {"outcome": "BLOCK", "reason": "TRANSFER_FORBIDDEN"}
    return row | {"outcome": "ALLOW", "reason": "PERMITTED"}


def expected(folder: pathlib.Path) -> tuple[Counts, Outputs]:
    """The counts by each facet, and what must be put out."""
    counts: dict[str, collections.Counter[str]] = {facet: collections.Counter() for facet in FACETS}
    outputs: Outputs = {}
    for file in FILES:
        with (folder / f"{file}.csv").open(newline="") as lines:
            for number, line in enumerate(csv.DictReader(lines), start=1):
                row = judge(file, number, int(line["position"]))
                for facet in FACETS:
                    counts[facet][",".join(row[name] for name in facet.split(","))] += 1
                if row["outcome"] == "ALLOW":
                    shown = int(line["position"]), float(line["propensity_score"])
                    outputs[f"{file}-{number}"] = shown
    return {facet: dict(sorted(each.items())) for facet, each in counts.items()}, outputs


def main() -> None:
    counts, outputs = expected(pathlib.Path(sys.argv[1]))
    print(json.dumps({"counts": counts, "outputs": len(outputs)}, indent=2))


if __name__ == "__main__":
    main()
